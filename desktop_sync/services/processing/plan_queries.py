"""Which queries stream what a plan's action writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, delete, mark, update
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.engine.emptied_references import emptied_delete_query
from desktop_sync.engine.plan_input import PlanInput
from desktop_sync.engine.unmarking import own_mark, returned_records, unmarking_queries
from desktop_sync.engine.workbench import Workbench
from desktop_sync.engine.write_columns import WriteQuery
from desktop_sync.engine.write_query import write_query
from desktop_sync.services.processing.carried import Carried

_NEWEST = 2**62
"""Greater than the number of any batch."""


@dataclass(frozen=True, slots=True)
class PlanQueries:
    """For the plans of one run. One thread."""

    bench: Workbench
    ledger: Ledger

    def of(self, given: PlanInput, side: Side, action: Action, carried: Carried) -> Sequence[WriteQuery]:
        """The queries of the action, which writes to the side."""
        if action is delete(side) and side in carried.emptied:
            return (emptied_delete_query(given, side),)
        if action is update(side):
            earlier = self._before_marks(given, side)
            if earlier:
                return unmarking_queries(self.bench, given, side, earlier)
        return (write_query(given, action),)

    def _before_marks(self, given: PlanInput, side: Side) -> dict[int, str | None]:
        """What the field that marks deleted records held before, of those that are marked and whose counterpart is
        back. Where the history does not tell it any more, the mark stays."""
        records = returned_records(self.bench, given.layout, side)
        label, found = f"before:{own_mark(given.layout, side)}", dict[int, str | None]()
        for batch in self.ledger.batches_before(_NEWEST, records) if records else ():
            rows = pa.RecordBatchReader.from_stream(batch.rows).read_all()
            if label in rows.column_names:
                known = zip(*(rows[name].to_pylist() for name in ("record_id", "action", label)), strict=True)
                found |= {
                    record: None if value is None else str(value)
                    for record, action, value in known
                    if action == mark(side)
                }
        return found
