"""How sync records stand after a batch of an undo: its own rows say it, also to whoever settles it after a crash."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from desktop_sync.core.hold_text import hold_text
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import EntityKey, Hold
from desktop_sync.core.status import Status
from desktop_sync.engine.outcome_query import SETTLEMENT_SCHEMA
from desktop_sync.services.settlement.standing import standing

AFTER = "status_after"
BEFORE = "status_before"


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


def undo_held(ledger: Ledger, key: EntityKey, rows: pa.Table, held: Mapping[int, Hold]) -> pa.Table:
    """Settlements of the rows of an undo that are held: their sync records keep all that is known of them, and are in
    Review with the reason."""
    numbers = rows["record_id"].to_pylist()
    known = standing(ledger, key, [numbers[row] for row in held])
    settled = [
        known[numbers[row]] | {"status": int(Status.REVIEW), "last_error": hold_text(hold, is_undone=True)}
        for row, hold in held.items()
        if numbers[row] in known
    ]
    return pa.Table.from_pylist(settled, schema=SETTLEMENT_SCHEMA)


def as_before(ledger: Ledger, key: EntityKey, rows: pa.Table) -> pa.Table:
    """Settlements of held rows of an undo that were not written: their sync records stand as they did before it."""
    if BEFORE not in rows.column_names:
        return SETTLEMENT_SCHEMA.empty_table()
    before = dict(zip(rows["record_id"].to_pylist(), rows[BEFORE].to_pylist(), strict=True))
    settled = [
        row | {"status": before[number], "last_error": ""}
        for number, row in standing(ledger, key, list(before)).items()
        if before[number] is not None and row["status"] == Status.REVIEW
    ]
    return pa.Table.from_pylist(settled, schema=SETTLEMENT_SCHEMA)
