"""Values that services give to the window and the command line."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from desktop_sync.core.binding import Binding, Lease, MatchOnly
from desktop_sync.core.configuration import FieldMapping, Side
from desktop_sync.core.finding import Finding, Level
from desktop_sync.core.pipeline import PipelineRow
from desktop_sync.core.plan import FieldChange
from desktop_sync.core.provider_port import Capabilities, Setting
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Status

__all__ = [
    "BindingReport",
    "ConfigurationState",
    "EntityVerification",
    "Finding",
    "ImportReport",
    "Level",
    "MappingSample",
    "MappingSuggestion",
    "ProviderInfo",
    "RecordTrace",
    "ReportFiles",
    "ReviewCase",
    "SampleTable",
    "StepOutcome",
    "StepTrace",
    "VerificationReport",
]


@dataclass(frozen=True, slots=True)
class ProviderInfo:
    """A provider as the endpoint wizard shows it. `limits` are sentences about what it cannot do, `explanation` is one
    about what its endpoints are, or empty."""

    name: str
    label: str
    settings: tuple[Setting, ...]
    capabilities: Capabilities
    limits: tuple[str, ...] = ()
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class SampleTable:
    """A few records of a structure, as text; None is an empty (null) value."""

    fields: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True, slots=True)
class MappingSuggestion:
    """A proposed pair of fields. `score` 0 to 1; `reasons` are short phrases ("same name")."""

    mapping: FieldMapping
    score: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MappingSample:
    """One real record through a field mapping: the source values as text, the result, or what went wrong."""

    record_id: str
    source: str | None
    result: str | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ConfigurationState:
    """What the list of configurations shows. Times are aware UTC.

    `match_only`: why it only matches, if it does; `can_confirm`: a run has matched since, so that a person can look.
    `follows` names the configuration whose writes to a shared structure this one is still to follow, or is empty;
    `group` all members of its sync group. `waits_for`: a sentence about what must be there before it runs by itself.
    """

    name: str
    a: str
    b: str
    is_enabled: bool
    is_running: bool
    last_outcome: Outcome | None
    last_run_at: datetime | None
    next_run_at: datetime | None
    counts: Mapping[Status, int] = field(default_factory=dict)
    open_conflicts: int = 0
    match_only: MatchOnly | None = None
    can_confirm: bool = False
    follows: str = ""
    group: tuple[str, ...] = ()
    waits_for: str = ""


@dataclass(frozen=True, slots=True)
class EntityVerification:
    """SPEC §9, Verify. `digest` is the same for two verifications exactly when they saw the same agreement."""

    entity: str
    in_sync: int = 0
    different: int = 0
    missing_a: int = 0
    missing_b: int = 0
    unverified: int = 0
    digest: str = ""


@dataclass(frozen=True, slots=True)
class VerificationReport:
    configuration: str
    entities: tuple[EntityVerification, ...]

    @property
    def is_in_sync(self) -> bool:
        return all(not (e.different or e.missing_a or e.missing_b or e.unverified) for e in self.entities)


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Where the reports of a verification go; None is not wanted."""

    html: Path | None = None
    csv: Path | None = None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Names of what an imported file added or replaced. `needs_secrets` are names that the password store lacks.

    `switched_off`: configurations that run by themselves once a person enables them; `steps_off`: (configuration, step)
    for each step that runs a command, calls a URL or uses a plugin and waits for the same.
    """

    endpoints: tuple[str, ...]
    configurations: tuple[str, ...]
    needs_secrets: tuple[str, ...] = ()
    switched_off: tuple[str, ...] = ()
    steps_off: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewCase:
    """A record that waits for a person because its match is not certain. Candidates are (a_id, b_id, why)."""

    record_id: int
    entity: str
    a_id: str | None
    b_id: str | None
    reason: str
    candidates: tuple[tuple[str | None, str | None, str], ...] = ()


@dataclass(frozen=True, slots=True)
class BindingReport:
    """`leases`: by endpoint, what it keeps, for those that keep a lease. `mode`: why a run or look only matches."""

    configuration: str
    binding: Binding
    mode: MatchOnly | None
    leases: Mapping[str, Lease | None]


class StepOutcome(enum.Enum):
    """What a step did to a record. The value is the word for JSON."""

    APPLIED = "applied"  # it did something, see `changes` or `detail`
    PASSED = "passed"  # it let the record through as it was
    STOPPED = "stopped"  # the record's way ended here, `detail` says why
    NOT_REACHED = "not reached"
    SWITCHED_OFF = "switched off"
    ELSEWHERE = "elsewhere"  # it is about another direction, or has its turn around the run


@dataclass(frozen=True, slots=True)
class StepTrace:
    """One step and one record. `changes` have `before` and `after` the step, as text; masked values are not shown."""

    row: PipelineRow
    outcome: StepOutcome
    detail: str = ""
    changes: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordTrace:
    """The way of a record from `source` to the other side, step by step in order. Empty: the record is not there."""

    entity: str
    source: Side
    record_id: str
    steps: tuple[StepTrace, ...] = ()

    @property
    def stopped_by(self) -> StepTrace | None:
        return next((step for step in self.steps if step.outcome is StepOutcome.STOPPED), None)
