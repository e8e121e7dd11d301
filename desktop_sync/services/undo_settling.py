"""How sync records stand after a batch of an undo: its own rows say it, also to whoever settles it after a crash."""

from __future__ import annotations

import pyarrow as pa

from desktop_sync.engine.outcome_query import SETTLEMENT_SCHEMA

AFTER = "status_after"


def is_undo(rows: pa.Table) -> bool:
    """Whether these are the rows of a batch of an undo."""
    return AFTER in rows.column_names


def undone_settlements(rows: pa.Table) -> pa.Table:
    """Settlements of batch rows of an undo."""
    number = rows.num_rows
    return pa.table(
        {
            "record_id": rows["record_id"],
            "a_id": rows["a_id"],
            "b_id": rows["b_id"],
            "status": rows[AFTER],
            "deleted_in": rows["deleted_in_after"],
            "a_digest": rows["base_a"],
            "b_digest": rows["base_b"],
            "attempts": pa.repeat(pa.scalar(0, pa.int32()), number),
            "not_before": pa.nulls(number, pa.timestamp("us", "UTC")),
            "last_error": pa.repeat(pa.scalar("", pa.string()), number),
        }
    ).cast(SETTLEMENT_SCHEMA)
