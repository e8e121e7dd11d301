"""Explanations for tests of the command line and the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.explanation import ComparedField, ExplainedEvent, Explanation, Part
from desktop_sync.core.plan import FieldChange
from desktop_sync.core.ports import CancelToken, NoProgress, Progress
from desktop_sync.core.status import Status
from desktop_sync.core.sync_record import SyncRecord

AT = datetime(2024, 5, 31, 7, 30, tzinfo=UTC)
NOBODY = NoProgress()
EXPLAINED = Explanation(
    "Customers",
    "customers",
    "17",
    "1017",
    SyncRecord(17, "Customers", "customers", "17", "1017", Status.FAILED, 2, "the phone is too long", AT),
    (
        ExplainedEvent(Part.MATCHED, "Run 3: paired, equal: Email", AT, 3),
        ExplainedEvent(Part.DECIDED, "Run 3: the identifying fields agree", AT, 3),
        ExplainedEvent(
            Part.WRITTEN,
            "Run 3: updated in Shop (CRM 17 = Shop 1017)",
            AT,
            3,
            (FieldChange("city", before="Bonn", after="Köln", differs=True),),
        ),
        ExplainedEvent(Part.STATUS, "Status: Failed, after 2 failed attempts. the phone is too long", AT),
    ),
    (
        ExplainedEvent(Part.READ, "CRM, Customer: record 17 was read; CRM changed since the last synchronization"),
        ExplainedEvent(Part.READ, "Shop, customers: record 1017 was read; Shop is as it was"),
        ExplainedEvent(Part.COMPARED, "the sides differ in Phone = phone"),
        ExplainedEvent(Part.DECIDED, "with the next run it would be updated in Shop, because it changed on one side"),
    ),
    (
        ComparedField(
            "Email = email", "Ada@x.org", "ada@x.org", "Ada@x.org", "ada@x.org", "ada@x.org", "ada@x.org", False
        ),
        ComparedField("Phone = phone", "0221 123456", None, None, None, "0221 123456", None, True),
    ),
    Action.UPDATE_B,
    Rule.CHANGED_ONE_SIDE,
    ("The last attempt failed: the phone is too long. The next run tries again.",),
)


@dataclass
class FakeExplanations:
    """`asked` are (name, record, entity)."""

    answer: Explanation = EXPLAINED
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    answers: dict[str, Explanation] = field(default_factory=dict)
    """By the record that is asked for; `answer` for all others."""
    called: dict[int, str] = field(default_factory=dict)
    asked_names: list[tuple[int, ...]] = field(default_factory=list)
    name_error: Exception | None = None

    def names(self, name: str, record_ids: Sequence[int]) -> dict[int, str]:
        self.asked_names.append(tuple(record_ids))
        if self.name_error is not None:
            raise self.name_error
        return {one: self.called[one] for one in record_ids if one in self.called}

    def explain(
        self,
        name: str,
        record: str,
        entity: str = "",
        *,
        progress: Progress = NOBODY,
        cancel: CancelToken | None = None,
    ) -> Explanation:
        self.asked.append((name, record, entity))
        return self.answers.get(record, self.answer)
