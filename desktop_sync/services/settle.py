"""What a cut-off run left open: for each intent, look at the endpoint and settle what is there (RELIABILITY 4.3)."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action
from desktop_sync.core.ledger_port import Ledger, OpenBatch
from desktop_sync.core.ports import Phase, Progress, Steps
from desktop_sync.core.provider_port import Operation
from desktop_sync.core.status import DeletedIn, Status
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.outcome_query import SETTLEMENT_SCHEMA
from desktop_sync.engine.plan_input import PlanInput
from desktop_sync.engine.read_back import measure
from desktop_sync.engine.sides import SideRead
from desktop_sync.engine.staging import Staging
from desktop_sync.services.side_stream import reading
from desktop_sync.services.sync_session import SyncSession, full_request
from desktop_sync.services.undo_settling import is_undo, undone_settlements


def settle_open_intents(session: SyncSession, ledger: Ledger, steps: Steps, progress: Progress) -> int:
    """No intent of the configuration is open; how many there were. May be repeated, also after a crash in the middle.

    What was written is recorded with the intent's content as baseline, so that an edit made since counts as a change;
    what was not is left to the next plan, which finds it again.
    """
    open_batches = ledger.open_batches(session.configuration.name)
    if open_batches:
        progress.phase("", Phase.SETTLING)
    by_name = {layout.entity.name: layout for layout in session.layouts}
    for batch in open_batches:
        layout = by_name.get(batch.key.entity)
        if layout is None or layout.of(batch.side).structure.name != batch.structure:
            ledger.close_batch(batch.id, SETTLEMENT_SCHEMA.empty_table(), done_rows=())
            continue
        _settle(session, ledger, layout, batch)
        steps("settle.settled")
    return len(open_batches)


def _settle(session: SyncSession, ledger: Ledger, layout: Layout, batch: OpenBatch) -> None:
    rows = pa.RecordBatchReader.from_stream(batch.rows).read_all()
    mine = f"{batch.side.value}_id"
    found = look(session, layout, batch.side, [i for i in rows[mine].to_pylist() if i is not None])
    places = pc.index_in(rows[mine], value_set=found["rid"].combine_chunks())
    is_there = pc.and_(pc.is_valid(places), pc.is_valid(rows[mine]))
    if batch.operation == Operation.DELETE:
        done = pc.and_(pc.invert(is_there), pc.is_valid(rows[mine]))
    else:
        digests = (
            found["digest"].combine_chunks().take(pc.fill_null(places, 0).combine_chunks()) if len(found) else None
        )
        done = _written(layout, batch, rows, found, places, is_there, digests)
    done = pc.fill_null(done, False)
    settled = _settlements(batch, rows.filter(done))
    ledger.close_batch(batch.id, settled, done_rows=pc.indices_nonzero(done).to_pylist())
    if session.provenance is not None:
        undone = rows.filter(pc.invert(done))
        session.provenance.settle_ids(layout, batch.side, rows.filter(done)[mine].to_pylist(), undone[mine].to_pylist())


def look(session: SyncSession, layout: Layout, side: Side, ids: list[str]) -> pa.Table:
    """The records with these ids as they are: rid, digest, problem, and the mapped fields as text (`a:<field>`)."""
    request = replace(full_request(layout.of(side)), ids=ids)
    read = SideRead(Staging(layout, layout.of(side), frozenset()), False, 0, 0, "")
    with reading(session.read(layout, side, request)) as stream:
        return measure(session.bench, PlanInput(layout, read, read, {}, {}), side, stream)


def _written(
    layout: Layout,
    batch: OpenBatch,
    rows: pa.Table,
    found: pa.Table,
    places: pa.ChunkedArray,
    is_there: pa.ChunkedArray,
    digests: pa.Array | None,
) -> pa.ChunkedArray:
    """Whether each record was written: it is what the intent says; a created one may have been edited since.

    A record under a reserved id is ours when its identifying values are those of the intent, or, where a person has
    edited these since, when all its other values are. An id that was free then and is taken now by a record with other
    values was taken by somebody else.
    """
    if digests is None:
        return pc.and_(is_there, False)
    is_same = pc.and_(is_there, pc.equal(digests, rows[f"{batch.side.value}_digest"].combine_chunks()))
    if batch.operation == Operation.UPDATE:
        return pc.fill_null(is_same, False)
    same_identity, same_rest, has_rest = is_there, is_there, pc.and_(is_there, False)
    names = {f"{batch.side.value}:{mapping.field_of(batch.side)}" for mapping in layout.entity.identifying}
    written = [label for label in rows.column_names if label.startswith(f"{batch.side.value}:")]
    for label in (label for label in written if label in found.column_names):
        sent = pc.fill_null(rows[label].combine_chunks(), "")
        now = pc.fill_null(found[label].combine_chunks().take(pc.fill_null(places, 0).combine_chunks()), "")
        if label in names:
            same_identity = pc.and_(same_identity, pc.equal(now, sent))
        else:
            same_rest = pc.and_(same_rest, pc.equal(now, sent))
            has_rest = pc.or_(has_rest, pc.not_equal(sent, ""))
    is_ours = pc.or_(same_identity, pc.and_(same_rest, has_rest))
    return pc.or_(pc.fill_null(is_same, False), pc.and_(is_there, pc.fill_null(is_ours, False)))


def _settlements(batch: OpenBatch, rows: pa.Table) -> pa.Table:
    if is_undo(rows):
        return undone_settlements(rows)
    status, deleted_in = Status.PROCESSED, DeletedIn.NOWHERE
    if batch.operation == Operation.DELETE:
        status, deleted_in = Status.DELETED, DeletedIn.BOTH
    elif rows.num_rows and Action(rows["action"][0].as_py()) in (Action.MARK_A, Action.MARK_B):
        status = Status.DELETED
        deleted_in = DeletedIn.A if batch.side is Side.B else DeletedIn.B
    number = rows.num_rows
    return pa.table(
        {
            "record_id": rows["record_id"],
            "a_id": rows["a_id"],
            "b_id": rows["b_id"],
            "status": pa.repeat(pa.scalar(int(status), pa.int8()), number),
            "deleted_in": pa.repeat(pa.scalar(int(deleted_in), pa.int8()), number),
            "a_digest": rows["a_digest"],
            "b_digest": rows["b_digest"],
            "attempts": pa.repeat(pa.scalar(0, pa.int32()), number),
            "not_before": pa.nulls(number, pa.timestamp("us", "UTC")),
            "last_error": pa.repeat(pa.scalar("", pa.string()), number),
        }
    ).cast(SETTLEMENT_SCHEMA)
