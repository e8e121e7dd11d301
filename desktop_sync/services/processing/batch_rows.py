"""Batch rows and settlements of what was written, made from the rows of a write query. Pure: Arrow in, Arrow out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action
from desktop_sync.core.provider_port import Operation
from desktop_sync.core.status import DeletedIn, Status
from desktop_sync.engine.outcome_query import SETTLEMENT_SCHEMA
from desktop_sync.engine.write_columns import WriteQuery

LONGEST_WAIT = timedelta(hours=24)
# Arrow looks for the type of a Python value in modules that it tries to import anew each time.
_FALSE, _EMPTY = pa.scalar(False, pa.bool_()), pa.scalar("", pa.string())


def batch_rows(query: WriteQuery, rows: pa.Table) -> pa.Table:
    """The batch rows for the ledger.

    A record that is to be filled on the other side too has no baseline yet. Nor has the source of a record
    that was created without a reference, so that it counts as changed until the reference was written. Of a merged
    record the side that was written has none: it counts as changed until the other side followed.
    """
    no_baseline = {side: rows["x_is_fill"] for side in Side}
    no_baseline[query.target] = pc.or_(rows["x_is_fill"], rows["x_is_merge"])
    no_baseline[query.target.other] = pc.or_(rows["x_is_fill"], has_text(rows["x_deferred"]))
    digests = {query.target: "x_digest", query.target.other: "x_source_digest"}
    if query.operation is Operation.DELETE:
        # What was deleted stays known, so that another record under the same id is not taken for it.
        digests = {Side.A: "x_base_a", Side.B: "x_base_b"}
    columns: dict[str, pa.ChunkedArray] = {
        "record_id": rows["x_record_id"],
        "action": rows["x_action"],
        "rule": rows["x_rule"],
        "a_id": rows["x_a_id"],
        "b_id": rows["x_b_id"],
        "a_digest": _unless(no_baseline[Side.A], rows[digests[Side.A]]),
        "b_digest": _unless(no_baseline[Side.B], rows[digests[Side.B]]),
    }
    columns |= {label: rows[name] for label, name in query.history}
    return pa.table(columns)


def with_new_ids(query: WriteQuery, rows: pa.Table, ids: Sequence[str | None]) -> pa.Table:
    """The rows with the target's ids as they are after the write; None leaves a row's id as it was."""
    mine = f"x_{query.target.value}_id"
    found = pa.chunked_array([pa.array(ids, pa.string())])
    return rows.set_column(rows.schema.get_field_index(mine), mine, pc.coalesce(found, rows[mine]))


def written_settlements(query: WriteQuery, rows: pa.Table, content: pa.Table) -> pa.Table:
    """Settlements of records that were written; `content` are their batch rows."""
    is_gone = query.operation is Operation.DELETE or query.action in (Action.MARK_A, Action.MARK_B)
    number = rows.num_rows
    status, deleted_in = Status.PROCESSED, DeletedIn.NOWHERE
    if is_gone:
        status, deleted_in = Status.DELETED, DeletedIn.BOTH
        if query.operation is not Operation.DELETE:
            deleted_in = DeletedIn.A if query.target is Side.B else DeletedIn.B
    return pa.table(
        {
            "record_id": content["record_id"],
            "a_id": content["a_id"],
            "b_id": content["b_id"],
            "status": pc.if_else(
                is_unfinished(rows), pa.scalar(int(Status.PREPARED), pa.int8()), pa.scalar(int(status), pa.int8())
            ),
            "deleted_in": same(int(deleted_in), number, pa.int8()),
            "a_digest": content["a_digest"],
            "b_digest": content["b_digest"],
            "attempts": same(0, number, pa.int32()),
            "not_before": pa.nulls(number, pa.timestamp("us", "UTC")),
            "last_error": same("", number, pa.string()),
        }
    ).cast(SETTLEMENT_SCHEMA)


def rejected_settlements(
    query: WriteQuery, rows: pa.Table, messages: Sequence[str], most_attempts: int, now: datetime
) -> pa.Table:
    """Settlements of records that could not be written: Failed, with a time to try again, or Aborted after the last."""
    attempts = [int(value or 0) + 1 for value in rows["x_attempts"].to_pylist()]
    ids = {side: rows[f"x_{side.value}_id"] for side in Side}
    if query.operation is Operation.CREATE:
        # A record that was to be created again keeps the pair's old id, so that its baseline stays findable.
        no_id = pa.nulls(rows.num_rows, pa.string())
        ids[query.target] = pc.if_else(pc.is_valid(rows["x_base_a"]), ids[query.target], no_id)
    return pa.table(
        {
            "record_id": rows["x_record_id"],
            "a_id": ids[Side.A],
            "b_id": ids[Side.B],
            "status": pa.array(
                [int(Status.ABORTED if count >= most_attempts else Status.FAILED) for count in attempts], pa.int8()
            ),
            "deleted_in": pc.coalesce(rows["x_deleted_in"], pa.scalar(0, pa.int8())),
            "a_digest": rows["x_base_a"],
            "b_digest": rows["x_base_b"],
            "attempts": pa.array(attempts, pa.int32()),
            "not_before": pa.array([now + wait(count) for count in attempts], pa.timestamp("us", "UTC")),
            "last_error": pa.array(list(messages), pa.string()),
        }
    ).cast(SETTLEMENT_SCHEMA)


def doubtful_settlements(query: WriteQuery, rows: pa.Table, why: str) -> pa.Table:
    """Settlements of records of which no answer came: in Review, with what was known of them before."""
    number = rows.num_rows
    ids = {side: rows[f"x_{side.value}_id"] for side in Side}
    if query.operation is Operation.CREATE:
        no_id = pa.nulls(number, pa.string())
        ids[query.target] = pc.if_else(pc.is_valid(rows["x_base_a"]), ids[query.target], no_id)
    return pa.table(
        {
            "record_id": rows["x_record_id"],
            "a_id": ids[Side.A],
            "b_id": ids[Side.B],
            "status": same(int(Status.REVIEW), number, pa.int8()),
            "deleted_in": pc.coalesce(rows["x_deleted_in"], pa.scalar(0, pa.int8())),
            "a_digest": rows["x_base_a"],
            "b_digest": rows["x_base_b"],
            "attempts": pc.coalesce(rows["x_attempts"], pa.scalar(0, pa.int32())),
            "not_before": pa.nulls(number, pa.timestamp("us", "UTC")),
            "last_error": same(why, number, pa.string()),
        }
    ).cast(SETTLEMENT_SCHEMA)


def wait(attempts: int) -> timedelta:
    """How long a record that failed so often waits: one minute, doubled each time, a day at most."""
    return min(LONGEST_WAIT, timedelta(minutes=2 ** min(attempts - 1, 12)))


def same(value: int | str, number: int, kind: pa.DataType) -> pa.Array:
    """A column of one value."""
    return pa.repeat(pa.scalar(value, kind), number)


def those(rows: pa.Table, wanted: pa.Array) -> pa.Table:
    """The wanted rows; nothing is copied where all are."""
    return rows if wanted.true_count == len(wanted) else rows.filter(wanted)


def has_text(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    if texts.null_count == len(texts):
        return pa.chunked_array([pa.repeat(_FALSE, len(texts))])
    return pc.fill_null(pc.not_equal(texts, _EMPTY), _FALSE)


def is_unfinished(rows: pa.Table) -> pa.ChunkedArray:
    """Whether each written record must be looked at again before it is in sync."""
    return pc.or_(pc.or_(rows["x_is_fill"], rows["x_is_merge"]), has_text(rows["x_deferred"]))


def _unless(condition: pa.ChunkedArray, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values, null where the condition holds."""
    return pc.if_else(condition, pa.scalar(None, values.type), values)
