"""What an endpoint holds now of the records that an intent names, and which of them are as the intent says."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.configuration import Side
from desktop_sync.core.ledger_values import OpenBatch
from desktop_sync.core.provider_port import Operation
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.plan_input import PlanInput
from desktop_sync.engine.read_back import measure
from desktop_sync.engine.sides import SideRead
from desktop_sync.engine.staging import Staging
from desktop_sync.services.session.side_stream import reading
from desktop_sync.services.session.sync_session import SyncSession, full_request


def look(session: SyncSession, layout: Layout, side: Side, ids: list[str]) -> pa.Table:
    """The records with these ids as they are now, measured: rid, digest, problem and the mapped fields as text."""
    request = replace(full_request(layout.of(side)), ids=ids)
    read = SideRead(Staging(layout, layout.of(side), frozenset()), False, 0, 0, "")
    with reading(session.read(layout, side, request)) as stream:
        return measure(session.bench, PlanInput(layout, read, read, {}, {}), side, stream)


def was_written(session: SyncSession, layout: Layout, batch: OpenBatch, rows: pa.Table) -> list[int]:
    """Rows whose record is what the intent says, found by its id; one that was to be deleted is gone."""
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
    indices: list[int] = pc.indices_nonzero(pc.fill_null(done, False)).to_pylist()
    return indices


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
        return pc.fill_null(pc.and_(is_same, _holds_undigested(layout, batch, rows, found, places)), False)
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


def _holds_undigested(
    layout: Layout, batch: OpenBatch, rows: pa.Table, found: pa.Table, places: pa.ChunkedArray
) -> pa.Array:
    """Whether each record holds what the intent says in the fields that its digest leaves out: those that the side does
    not send, and a mark. By the digest alone a write of just these would look done before it was."""
    own, me = layout.of(batch.side), batch.side.value
    digested = {sending.column.name for sending in own.sendings if sending.column is not None}
    if not own.sendings:
        digested = {mapping.field_of(batch.side) for mapping in layout.entity.fields}
    same = pa.repeat(pa.scalar(True), rows.num_rows)
    for label in (name for name in rows.column_names if name.startswith(f"{me}:")):
        if label.removeprefix(f"{me}:") not in digested and label in found.column_names:
            sent = pc.fill_null(rows[label].combine_chunks(), "")
            now = found[label].combine_chunks().take(pc.fill_null(places, 0).combine_chunks())
            same = pc.and_(same, pc.equal(pc.fill_null(now, ""), sent))
    return same
