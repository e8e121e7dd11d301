"""Runs that nobody asks for: what is due, why, and what is said of the next one (SPEC §8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from desktop_sync.core.run import Outcome, RunKind, Trigger
from desktop_sync.core.triggers import AfterOutcome

OUTCOMES: Mapping[AfterOutcome, frozenset[Outcome]] = {
    AfterOutcome.CARRIED_OUT: frozenset({Outcome.DONE, Outcome.PROBLEMS}),
    AfterOutcome.DONE: frozenset({Outcome.DONE}),
    AfterOutcome.FAILED: frozenset({Outcome.FAILED, Outcome.GUARD}),
    AfterOutcome.ANY: frozenset({Outcome.DONE, Outcome.PROBLEMS, Outcome.FAILED, Outcome.GUARD, Outcome.CANCELLED}),
}
"""The ends of a run that each condition lets count."""


@dataclass(frozen=True, slots=True)
class Due:
    """A run that something wants. `kind` is RUN, PREPARE or PROCESS; `at` is since when it is wanted, or from when on
    (aware UTC). A PUSH is about the records and structures that changed, any other about all."""

    configuration: str
    kind: RunKind
    trigger: Trigger
    at: datetime


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a configuration will do by itself next.

    `next` is the nearest one, `process_at` the next time of a schedule of its own for processing. `waits_for` is a
    sentence about what must be there first, empty where nothing is missing. `idle_runs`: so many runs in a row found
    nothing to do, and the next one waits longer for it; 0 where none does.
    """

    next: Due | None = None
    process_at: datetime | None = None
    waits_for: str = ""
    idle_runs: int = 0

    @property
    def at(self) -> datetime | None:
        return None if self.next is None else self.next.at


NOTHING_AHEAD = Outlook()
