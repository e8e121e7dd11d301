"""Runs: one execution of prepare, process or both, and what came of it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from desktop_sync.core.decision import Action
from desktop_sync.core.guard import GuardFinding


class RunKind(enum.Enum):
    PREPARE = "prepare"
    PROCESS = "process"
    RUN = "run"
    UNDO = "undo"
    SETTLE = "settle"  # open intents of a crash, settled at a start


class Outcome(enum.Enum):
    """The value is the word of `run --json` (SPEC §11)."""

    RUNNING = "running"
    DONE = "done"
    PROBLEMS = "problems"
    GUARD = "guard"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Trigger(enum.Enum):
    """Why a run was started."""

    HAND = "by hand"
    SCHEDULE = "by schedule"
    COMMAND_LINE = "on the command line"
    PUSH = "by push"
    AFTER_RUN = "after another run"
    FILE = "on a file's arrival"
    HTTP = "over HTTP"

    @property
    def is_unattended(self) -> bool:
        """Whether no person asked for the run."""
        return self not in (Trigger.HAND, Trigger.COMMAND_LINE)


@dataclass(frozen=True, slots=True)
class EntityResult:
    """Counts of one entity in a run. `actions` were carried out; `seconds` is the time spent on the entity."""

    entity: str
    read_a: int = 0
    read_b: int = 0
    actions: Mapping[Action, int] = field(default_factory=dict)
    failed: int = 0
    seconds: float = 0.0
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """Sentences about what is worth knowing and is no failure: what waits and why, values stored differently."""

    @property
    def records_per_s(self) -> float:
        return (self.read_a + self.read_b) / self.seconds if self.seconds > 0 else 0.0


_NO_CHANGE = (Action.NONE, Action.CONFLICT, Action.REVIEW, Action.INVALID, Action.FILTERED)
"""Actions that may be found again in every run without anything new."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to. `run_id` is None for a preview; `error` is a sentence for people, or empty; `notes` are
    sentences that nothing need be done about; `undoes` is the run that it undid, if it is an undo.
    `only_matched`: it ran in match-only mode. `plan_digest` is empty where there was no plan. `is_partial`: it was
    about some records or entities only."""

    run_id: int | None
    configuration: str
    outcome: Outcome
    entities: tuple[EntityResult, ...] = ()
    findings: tuple[GuardFinding, ...] = ()
    plan_id: str = ""
    error: str = ""
    notes: tuple[str, ...] = ()
    undoes: int | None = None
    only_matched: bool = False
    plan_digest: str = ""
    is_partial: bool = False

    @property
    def found_nothing(self) -> bool:
        """It ended well, and nothing had changed: no record was written, linked, or put into the queue."""
        if self.outcome is not Outcome.DONE or self.only_matched:
            return False
        return not any(
            count and action not in _NO_CHANGE for entity in self.entities for action, count in entity.actions.items()
        )

    @property
    def sentences(self) -> tuple[str, ...]:
        """Everything that the run has to tell besides its counts, the most urgent first."""
        problems = [said for entity in self.entities for said in entity.problems]
        notes = [said for entity in self.entities for said in entity.notes]
        return tuple(dict.fromkeys(said for said in (self.error, *problems, *notes, *self.notes) if said))


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the ledger keeps it. Times are aware UTC; `ended_at` is None while it goes on or if it was cut off."""

    id: int
    configuration: str
    configuration_version: int
    kind: RunKind
    trigger: Trigger
    started_at: datetime
    ended_at: datetime | None
    outcome: Outcome
    result: RunResult | None = None
