"""A program that makes digests in another form than the ledger's were made in: the baselines get new ones.

Digests cannot be made anew, but what they were made of stands in the batches that are the baselines. So a record that
nobody changed is still known as unchanged, and one that was edited on one side since the last run as edited on that
side alone. Where a batch does not tell the values, the digest stays, and the record looks changed on both sides: if
they agree they get a new baseline, else they go by the conflict rule.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.care import definition_of
from desktop_sync.core.configuration import Side
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.status import Status
from desktop_sync.engine import canonical
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.sides import peer_table
from desktop_sync.engine.stated import as_if_read, measured_records
from desktop_sync.services.session.sync_session import SyncSession
from desktop_sync.services.settlement.undo_settling import AFTER, is_undo

_SCHEMA = pa.schema([("record_id", pa.int64()), ("a_digest", pa.binary()), ("b_digest", pa.binary())])


def rebase(session: SyncSession, ledger: Ledger) -> None:
    """The digests of all entities that take part are of this program's form, in the ledger. Nothing where they are.

    What was planned with the old ones is dropped.
    """
    for layout in session.layouts:
        anew = digests_anew(session, ledger, layout)
        if anew is not None:
            ledger.drop(session.configuration.name)
            ledger.rebase(session.key(layout), anew, canonical.CANONICAL_VERSION)


def digests_anew(session: SyncSession, ledger: Ledger, layout: Layout) -> pa.Table | None:
    """record_id, a_digest, b_digest in this program's form, of the baselines that can be made anew; None where the
    ledger's are of this form. Writes nothing."""
    key = session.key(layout)
    if ledger.digest_form(key) == canonical.CANONICAL_VERSION:
        return None
    definition = definition_of(session.configuration, layout.entity)
    if any(ledger.watermark(key, side).definition != definition for side in Side):
        # What is synchronized is another thing by now: all is compared anyway, and nothing must look unchanged.
        return _SCHEMA.empty_table()
    found = [_SCHEMA.empty_table()]
    for batch in ledger.baseline_rows(key):
        rows = pa.RecordBatchReader.from_stream(batch.rows).read_all()
        if is_undo(rows):
            # Others have a baseline from before, so that what was brought back, or what waits, counts as changed.
            rows = rows.filter(pc.equal(rows[AFTER], int(Status.PROCESSED)))
        if rows.num_rows and all(_is_told(layout, side, rows) for side in Side):
            digests = [_measured(session, layout, side, rows) for side in Side]
            found.append(pa.table([rows["record_id"], *digests], names=_SCHEMA.names).cast(_SCHEMA))
    return pa.concat_tables(found)


def apply_anew(session: SyncSession, layout: Layout, anew: pa.Table | None) -> None:
    """The peer table of the workbench has these digests: a look that must write nothing sees what a run will."""
    if anew is None or not anew.num_rows:
        return
    with session.bench.source(anew) as (source, _):
        peers = peer_table(layout)
        session.bench.execute(
            f"UPDATE {peers} SET a_digest = CASE WHEN {peers}.a_digest IS NOT NULL THEN n.a_digest END, "
            f"b_digest = CASE WHEN {peers}.b_digest IS NOT NULL THEN n.b_digest END FROM {source} n "
            f"WHERE n.record_id = {peers}.record_id"
        )


def _measured(session: SyncSession, layout: Layout, side: Side, rows: pa.Table) -> pa.ChunkedArray:
    return measured_records(session.bench, layout, side, as_if_read(layout, side, rows))["digest"]


def _is_told(layout: Layout, side: Side, rows: pa.Table) -> bool:
    """Whether the batch rows hold all that the side's digest is made of."""
    own = layout.of(side)
    names = {sending.column.name for sending in own.sendings if sending.column is not None}
    for sending in own.sendings:
        names |= set(sending.expression.fields) if sending.expression is not None else set()
    for step in own.steps:
        names |= set(step.compiled.fields) & set(own.fields) if step.compiled is not None else set()
    if not own.sendings:
        names = {mapping.field_of(own.side) for mapping in layout.entity.fields if mapping.field_of(own.side)}
    return not own.made and all(f"{own.side.value}:{name}" in rows.column_names for name in names)
