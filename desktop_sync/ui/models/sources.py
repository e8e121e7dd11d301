"""The row sources of the window's tables: immutable questions to the record service and to a preview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from desktop_sync.core.decision import Action
from desktop_sync.core.held_case import HeldCase
from desktop_sync.core.ledger_values import RecordQuery
from desktop_sync.core.plan import PlanRow
from desktop_sync.core.run import Run
from desktop_sync.core.sync_record import Conflict, HistoryRow, SyncRecord
from desktop_sync.core.undo import UndoRow
from desktop_sync.services.views import ReviewCase
from desktop_sync.ui.application_port import RecordDesk
from desktop_sync.ui.bridge.open_preview import OpenPreview
from desktop_sync.ui.bridge.open_undo import OpenUndo

UNCOUNTED_STEP = 1000


@dataclass(frozen=True, slots=True)
class QueueSource:
    records: RecordDesk
    query: RecordQuery

    def count(self) -> int:
        return self.records.count(self.query)

    def page(self, offset: int, limit: int) -> Sequence[SyncRecord]:
        return self.records.records(replace(self.query, offset=offset, limit=limit))


@dataclass(frozen=True, slots=True)
class PlanSource:
    preview: OpenPreview
    entity: str = ""
    actions: tuple[Action, ...] = ()
    text: str = ""
    sort: str = "number"
    descending: bool = False

    def count(self) -> int:
        return self.preview.count(entity=self.entity, actions=self.actions, text=self.text)

    def page(self, offset: int, limit: int) -> Sequence[PlanRow]:
        return self.preview.rows(
            entity=self.entity,
            actions=self.actions,
            text=self.text,
            sort=self.sort,
            descending=self.descending,
            offset=offset,
            limit=limit,
        )


@dataclass(frozen=True, slots=True)
class RunSource:
    records: RecordDesk
    configuration: str

    def count(self) -> int:
        count = 0
        while page := self.records.runs(self.configuration, limit=UNCOUNTED_STEP, offset=count):
            count += len(page)
            if len(page) < UNCOUNTED_STEP:
                break
        return count

    def page(self, offset: int, limit: int) -> Sequence[Run]:
        return self.records.runs(self.configuration, limit=limit, offset=offset)


@dataclass(frozen=True, slots=True)
class HistorySource:
    records: RecordDesk
    run: Run

    def count(self) -> int:
        return _count_by_search(self)

    def page(self, offset: int, limit: int) -> Sequence[HistoryRow]:
        return self.records.history(self.run.id, limit=limit, offset=offset)


@dataclass(frozen=True, slots=True)
class ConflictSource:
    """With `only_open` those that wait for a decision; else also those that are settled."""

    records: RecordDesk
    configuration: str
    only_open: bool = True

    def count(self) -> int:
        return _count_by_search(self)

    def page(self, offset: int, limit: int) -> Sequence[Conflict]:
        return self.records.conflicts(self.configuration, only_open=self.only_open, limit=limit, offset=offset)


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A record in Review; `held` where nobody knows whether it was written."""

    case: ReviewCase
    held: HeldCase | None = None

    @property
    def pairs(self) -> tuple[tuple[str | None, str | None, str], ...]:
        """(a_id, b_id, why) of what it may be."""
        if self.held is None:
            return self.case.candidates
        return tuple((a_id, b_id, "") for a_id, b_id in self.held.may_be)


@dataclass(frozen=True, slots=True)
class ReviewSource:
    records: RecordDesk
    configuration: str

    def count(self) -> int:
        return _count_by_search(self)

    def page(self, offset: int, limit: int) -> Sequence[ReviewRow]:
        held = {one.record_id: one for one in self.records.held(self.configuration)}
        cases = self.records.reviews(self.configuration, limit=limit, offset=offset)
        return [ReviewRow(case, held.get(case.record_id)) for case in cases]


@dataclass(frozen=True, slots=True)
class UndoSource:
    """`listed`: the records that stay as they are; else those that are undone."""

    undo: OpenUndo
    listed: bool

    def count(self) -> int:
        return self.undo.count(listed=self.listed)

    def page(self, offset: int, limit: int) -> Sequence[UndoRow]:
        return self.undo.rows(listed=self.listed, offset=offset, limit=limit)


def _count_by_search(source: HistorySource | ConflictSource | ReviewSource) -> int:
    """How many rows there are where the service does not count: one-row reads, doubling, then halving the gap."""
    if not source.page(0, 1):
        return 0
    low, high = 0, 1
    while source.page(high, 1):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if source.page(middle, 1):
            low = middle
        else:
            high = middle
    return low + 1
