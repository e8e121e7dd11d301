"""The part of an undo that writes to no endpoint: adoptions go back, links are undone, and what an undo unlinked is
linked again. Each in one transaction, with a history that can be undone."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.status import DeletedIn, Status
from desktop_sync.engine.outcome_query import SETTLEMENT_SCHEMA
from desktop_sync.engine.undo_input import UndoInput, adopted_ids
from desktop_sync.engine.undo_write import adopted_rows, unlinked_rows
from desktop_sync.services.processing.carried import Carried
from desktop_sync.services.session.sync_session import SyncSession
from desktop_sync.services.settlement.undo_settling import AFTER, undone_settlements


@dataclass(frozen=True, slots=True)
class QuietUndo:
    """For one undo. One thread."""

    session: SyncSession
    ledger: Ledger
    run_id: int

    def carry_out(self, undo: UndoInput, carried: Carried) -> None:
        """The pairs stand as the plan of the undo says."""
        for action in (Action.ADOPT, Action.LINK):
            self._back_to_earlier(undo, action, carried)
        self._unlink(undo, carried)

    def _back_to_earlier(self, undo: UndoInput, action: Action, carried: Carried) -> None:
        """The pairs have the baseline again that they had before; the next run looks at them."""
        bench = self.session.bench
        wanted = bench.table(adopted_rows(undo, action))
        if not wanted.num_rows or undo.quiet_batch is None:
            return
        key, numbers = self.session.key(undo.layout), wanted["record_id"].combine_chunks()
        halves = dict(zip(wanted["record_id"].to_pylist(), wanted["half"].to_pylist(), strict=True))
        for batch in self.ledger.batches_before(undo.quiet_batch, adopted_ids(bench, undo.layout)):
            rows = pa.RecordBatchReader.from_stream(batch.rows).read_all()
            rows = rows.filter(pc.is_in(rows["record_id"], value_set=numbers))
            if not rows.num_rows:
                continue
            kept = [name for name in rows.column_names if not name.startswith("before:")]
            rows = _replaced(rows.select(kept), "action", _same(int(action), rows.num_rows))
            rows = _replaced(rows, "rule", _same(int(Rule.UNDONE), rows.num_rows))
            settled = rows.select(["record_id", "a_id", "b_id", "a_digest", "b_digest"])
            settled = settled.rename_columns(["record_id", "a_id", "b_id", "base_a", "base_b"])
            settled = settled.append_column(AFTER, _same(int(Status.PREPARED), rows.num_rows))
            settled = settled.append_column("deleted_in_after", _same(int(DeletedIn.NOWHERE), rows.num_rows))
            spare = [half for one in rows["record_id"].to_pylist() if (half := halves[one]) is not None]
            spare = spare if action is Action.LINK else []
            self.ledger.keep_batch(
                key, self.run_id, rows, pa.concat_tables([undone_settlements(settled), _empty(spare)])
            )
            if spare:
                self.ledger.remove(key, spare)
            carried.count(action, rows.num_rows)

    def _unlink(self, undo: UndoInput, carried: Carried) -> None:
        """Both halves of each pair are sync records of their own, Skipped."""
        pairs = self.session.bench.table(unlinked_rows(undo))
        number = pairs.num_rows
        if not number:
            return
        rows = pairs.append_column("action", _same(int(Action.UNLINK), number))
        rows = rows.append_column("rule", _same(int(Rule.UNDONE), number))
        first = self.ledger.reserve_record_ids(number)
        halves = {
            Side.A: pairs["record_id"],
            Side.B: pa.chunked_array([pa.array(range(first, first + number), pa.int64())]),
        }
        parts = []
        for side, numbers in halves.items():
            ids = {one: pairs[f"{one.value}_id"] if one is side else pa.nulls(number, pa.string()) for one in Side}
            parts.append(_skipped(numbers, ids[Side.A], ids[Side.B]))
        self.ledger.keep_batch(self.session.key(undo.layout), self.run_id, rows, pa.concat_tables(parts))
        carried.count(Action.UNLINK, number)


def _skipped(numbers: pa.ChunkedArray, a_ids: pa.ChunkedArray, b_ids: pa.ChunkedArray) -> pa.Table:
    number = len(numbers)
    columns = {
        name: pa.nulls(number, kind)
        for name, kind in zip(SETTLEMENT_SCHEMA.names, SETTLEMENT_SCHEMA.types, strict=True)
    }
    columns |= {"record_id": numbers, "a_id": a_ids, "b_id": b_ids, "status": _same(int(Status.SKIPPED), number)}
    columns |= {"deleted_in": _same(0, number), "attempts": pa.repeat(pa.scalar(0, pa.int32()), number)}
    return pa.table(columns | {"last_error": pa.repeat(pa.scalar(""), number)}).cast(SETTLEMENT_SCHEMA)


def _empty(record_ids: list[int]) -> pa.Table:
    """Settlements of sync records that let their ids go and are removed then."""
    told = {"a_id": None, "b_id": None, "status": int(Status.DELETED), "deleted_in": int(DeletedIn.BY_HAND)}
    empty = {name: None for name in SETTLEMENT_SCHEMA.names} | told | {"attempts": 0, "last_error": ""}
    return pa.Table.from_pylist([empty | {"record_id": one} for one in record_ids], schema=SETTLEMENT_SCHEMA)


def _replaced(table: pa.Table, name: str, column: pa.ChunkedArray | pa.Array) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, column)


def _same(value: int, number: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.int8()), number)
