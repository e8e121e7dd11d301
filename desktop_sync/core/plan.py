"""The plan: the immutable list of actions that a prepare computed. Preview and process use the same one (SPEC §9).

The head is here, as a value. The rows are a table (`engine.plan_store`); `digest` covers both, so that what runs
is what
was seen.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.guard import GuardFinding
from desktop_sync.core.long_value import is_token_text, shown
from desktop_sync.core.status import Status


class Mode(enum.Enum):
    FULL = "full"
    INCREMENTAL = "incremental"
    BY_DATE = "by-date"


@dataclass(frozen=True, slots=True)
class Range:
    """Stamps from `start` to `end`, both included, both aware. None is open."""

    start: datetime | None = None
    end: datetime | None = None


ALL_TIME = Range()


@dataclass(frozen=True, slots=True)
class EntityPlan:
    """The plan of one entity. `counts` has every action that occurs, `read` and `complete` are for A and B. Of
    `both_sides` records both sides are updated: each is an update of A and one of B."""

    entity: str
    read_a: int = 0
    read_b: int = 0
    complete_a: bool = False
    complete_b: bool = False
    counts: Mapping[Action, int] = field(default_factory=dict)
    first_run: bool = False
    notes: tuple[str, ...] = ()
    """Sentences for people: what waits although nothing is wrong with it, and why."""
    both_sides: int = 0

    def count(self, *actions: Action) -> int:
        return sum(self.counts.get(action, 0) for action in actions)

    @property
    def records(self) -> int:
        """Records that the plan has a row of; those that wait do not count."""
        return sum(self.counts.values()) - self.both_sides


@dataclass(frozen=True, slots=True)
class Plan:
    """Head of a plan. `id` is unique; `created_at` is aware UTC."""

    id: str
    configuration: str
    configuration_version: int
    mode: Mode
    created_at: datetime
    entities: tuple[EntityPlan, ...]
    findings: tuple[GuardFinding, ...] = ()
    digest: str = ""

    def count(self, *actions: Action) -> int:
        return sum(entity.count(*actions) for entity in self.entities)

    @property
    def writes(self) -> int:
        """Writes to an endpoint that processing the plan comes to."""
        return self.count(*(action for action in Action if action.target is not None))


@dataclass(frozen=True, slots=True)
class FieldVerdict:
    """Of a field that both sides changed differently: whose value was kept, by which rule, and when each side changed
    it (aware UTC; None where nobody knows). The other side's value lost."""

    winner: Side
    rule: Rule
    a_changed_at: datetime | None = None
    b_changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field in a preview, a conflict or a history row, as text for people. None is an empty (null) value.

    `a` and `b` are what stands there now, `base` the baseline, `after` what is written, `then` what is written to the
    other side afterwards. Parts that do not apply
    are None. Of a long binary value, the length is shown. `verdict`: where the fields of a conflict were judged one by
    one, of those that both sides changed.
    """

    label: str
    a: str | None = None
    b: str | None = None
    base: str | None = None
    before: str | None = None
    after: str | None = None
    differs: bool = False
    then: str | None = None
    verdict: FieldVerdict | None = None

    def __post_init__(self) -> None:
        for name in ("a", "b", "base", "before", "after", "then"):
            text = getattr(self, name)
            if text is not None and is_token_text(text):
                object.__setattr__(self, name, shown(text))


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One row of a plan, for the screen. `number` identifies it within its entity's plan."""

    number: int
    entity: str
    action: Action
    rule: Rule
    record_id: int | None
    a_id: str | None
    b_id: str | None
    title: str
    detail: str
    is_excluded: bool
    status: Status | None
    fields: tuple[FieldChange, ...] = ()
    writes_both: bool = False
    """Once this was written, the other side's record follows: `then` of its fields is what that one holds then."""
