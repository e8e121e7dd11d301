"""How sync records stand now, and how they stand when they are held no longer: settlements."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import EntityKey
from desktop_sync.core.status import Status
from desktop_sync.engine.outcome_query import SETTLEMENT_SCHEMA


def standing(ledger: Ledger, key: EntityKey, record_ids: Sequence[int]) -> dict[int, dict[str, object]]:
    """The sync records as they are now, by number."""
    known = [record for record in map(ledger.record, record_ids) if record is not None]
    a_ids = [one.a_id for one in known if one.a_id is not None]
    b_ids = [one.b_id for one in known if one.b_id is not None]
    rows = pa.RecordBatchReader.from_stream(ledger.peers(key, a_ids=a_ids, b_ids=b_ids)).read_all().to_pylist()
    wanted = set(record_ids)
    return {row["record_id"]: row for row in rows if row["record_id"] in wanted}


def as_prepared(ledger: Ledger, key: EntityKey, rows: pa.Table) -> pa.Table:
    """Settlements of held rows that were not written: their sync records wait to be planned anew."""
    settled = [
        row | {"status": int(Status.PREPARED), "last_error": ""}
        for row in standing(ledger, key, rows["record_id"].to_pylist()).values()
        if row["status"] == Status.REVIEW
    ]
    return pa.Table.from_pylist(settled, schema=SETTLEMENT_SCHEMA)


def looked_at_again(settled: pa.Table) -> pa.Table:
    """The same settlements; what would be Processed is Prepared. A plan that finds it in sync makes it Processed."""
    place = settled.schema.get_field_index("status")
    is_processed = pc.equal(settled["status"], int(Status.PROCESSED))
    statuses = pc.if_else(is_processed, pa.scalar(int(Status.PREPARED), pa.int8()), settled["status"])
    return settled.set_column(place, settled.schema.field(place), statuses)
