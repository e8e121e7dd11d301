"""The explanation of a record (SPEC §9): what was done to it and why, how it stands, and why not, when it was not."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.plan import FieldChange
from desktop_sync.core.sync_record import SyncRecord


class Part(enum.Enum):
    """What a line of the timeline is about. The value is the word for JSON."""

    READ = "read"
    FILTERED = "filtered"
    STEPS = "steps"
    MATCHED = "matched"
    COMPARED = "compared"
    DECIDED = "decided"
    CONFLICT = "conflict"
    WRITTEN = "written"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class ExplainedEvent:
    """A line of the timeline. `at` is aware UTC; None, like `run_id`, where it is about now. `fields` have `before` and
    `after`, or of a conflict `a`, `b` and `base`; masked values are not shown."""

    part: Part
    text: str
    at: datetime | None = None
    run_id: int | None = None
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class ComparedField:
    """One field mapping of a record as it stands: both values, those of the baseline, and both in the form in which
    they are compared. None is an empty value, or one that is not there."""

    label: str
    a: str | None
    b: str | None
    base_a: str | None
    base_b: str | None
    normal_a: str | None
    normal_b: str | None
    differs: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """All about one record. `record` is None where no run has seen it. `past` is oldest first. `present` says what was
    read just now and what a run would do with it: `action` and `rule`, or None where it would do nothing. `why_not` are
    sentences about why it is not synchronized; empty where it is in sync or will be with the next run."""

    configuration: str
    entity: str
    a_id: str | None
    b_id: str | None
    record: SyncRecord | None
    past: tuple[ExplainedEvent, ...]
    present: tuple[ExplainedEvent, ...]
    fields: tuple[ComparedField, ...]
    action: Action | None
    rule: Rule | None
    why_not: tuple[str, ...]
