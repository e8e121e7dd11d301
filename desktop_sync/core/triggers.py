"""What starts a configuration besides its schedules: the run of another one, and a file that arrives (SPEC §8)."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LONGEST_SETTLE_S = 3600


class AfterOutcome(enum.Enum):
    """Which end of the other run counts."""

    CARRIED_OUT = "carried-out"
    """It did its work; single records may have failed or wait for a decision."""
    DONE = "done"
    FAILED = "failed"
    """It failed, or a guard stopped it."""
    ANY = "any"


@dataclass(frozen=True, slots=True)
class AfterRun:
    """A run is due when a run of the configuration of that name ended in that way."""

    configuration: str
    outcome: AfterOutcome = AfterOutcome.CARRIED_OUT


@dataclass(frozen=True, slots=True)
class FileArrival:
    """A run is due when a file whose path fits the pattern is there, complete.

    `pattern` is an absolute path whose last parts may hold `*`, `?` and `[…]`. A file is complete when its size and
    time stood still for `settle_s` seconds. One that is changed later arrives again.
    """

    pattern: str
    settle_s: int = 5


Starts = Mapping[str, Iterable[str]]
"""Name of a configuration → names of those that its runs start."""


def trigger_cycle(start: str, starts: Starts) -> tuple[str, ...]:
    """The shortest way on which a run of `start` would start `start` again, beginning with it; empty where none is."""
    paths: list[tuple[str, ...]] = [(start,)]
    reached: set[str] = set()
    while paths:
        path = paths.pop(0)
        for name in starts.get(path[-1], ()):
            if name == start:
                return path
            if name not in reached:
                reached.add(name)
                paths.append((*path, name))
    return ()
