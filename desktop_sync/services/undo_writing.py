"""Carry an undo out: intent, write, read back, settle, batch by batch, as any run does (RELIABILITY 4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, Rule, create, delete, update
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import Hold, HoldReason
from desktop_sync.core.ports import CancelToken, Phase, Progress, Steps
from desktop_sync.core.provider_port import CreateClass, Operation, WriteBatch, Writer, WriteResult, WriteStatus
from desktop_sync.core.status import DeletedIn, Status
from desktop_sync.engine import undo_plan
from desktop_sync.engine.outcome_query import SETTLEMENT_SCHEMA
from desktop_sync.engine.undo_input import UndoInput, adopted_ids
from desktop_sync.engine.undo_write import UndoQuery, adopted_rows, undo_query
from desktop_sync.services import record_problems
from desktop_sync.services.process import BATCHES_PER_COMMIT, Carried, whole_result
from desktop_sync.services.records_there import look
from desktop_sync.services.side_stream import read_ahead
from desktop_sync.services.sync_session import SyncSession
from desktop_sync.services.undo_settling import AFTER, undone_settlements

NO_ANSWER = "there was no answer, so it is not known whether it was written; the next run finds out"
MEANWHILE = "it changed while the undo was on its way to it; nothing was written to it"


@dataclass(frozen=True, slots=True)
class _Staged:
    """A batch whose intent is durable."""

    batch_id: int
    rows: pa.Table
    content: pa.Table


@dataclass(frozen=True, slots=True)
class UndoWriting:
    """Carries out the plans of one undo. One thread."""

    session: SyncSession
    ledger: Ledger
    run_id: int
    progress: Progress
    cancel: CancelToken
    steps: Steps

    def carry_out(self, undos: Sequence[UndoInput]) -> dict[int, Carried]:
        """All of it: creates and updates, prerequisites first, then deletes the other way round. By layout number."""
        carried = {undo.layout.number: Carried() for undo in undos}
        for undo in undos:
            self._restore_baselines(undo, carried[undo.layout.number])
            for side in Side:
                self._write_side(undo, side, (create(side), update(side)), carried[undo.layout.number])
        for undo in reversed(undos):
            for side in Side:
                self._write_side(undo, side, (delete(side),), carried[undo.layout.number])
        return carried

    def _write_side(self, undo: UndoInput, side: Side, actions: Sequence[Action], carried: Carried) -> None:
        counted = undo_plan.counts(self.session.bench, undo)
        wanted = [action for action in actions if counted.get(action)]
        if not wanted:
            return
        endpoint, own = self.session.endpoints[side], undo.layout.of(side)
        capabilities = endpoint.capabilities
        self.progress.phase(undo.layout.entity.name, Phase.WRITING, sum(counted[action] for action in wanted))
        with endpoint.writer(own.structure) as writer:
            staged: list[tuple[UndoQuery, _Staged]] = []
            for action in wanted:
                query = undo_query(self.session.bench, undo, side, action)
                for batch in read_ahead(self.session.bench.stream(query.sql, capabilities.batch_size)):
                    if self.cancel.is_cancelled:
                        self._abandon(staged)
                        self.cancel.check()
                    rows = pa.Table.from_batches([batch])
                    staged.append((query, self._stage(undo, query, rows, writer)))
                    if capabilities.commits_each_batch and len(staged) >= BATCHES_PER_COMMIT:
                        self._commit(undo, writer, staged, carried)
            if staged:
                self._commit(undo, writer, staged, carried)

    def _abandon(self, staged: Sequence[tuple[UndoQuery, _Staged]]) -> None:
        """Intents whose write was never committed are closed; the endpoint is as it was."""
        for _, one in staged:
            self.ledger.close_batch(one.batch_id, SETTLEMENT_SCHEMA.empty_table(), done_rows=())

    def _stage(self, undo: UndoInput, query: UndoQuery, rows: pa.Table, writer: Writer) -> _Staged:
        self.session.check_lease()
        own, mine = undo.layout.of(query.side), f"x_{query.side.value}_id"
        chooses_ids = self.session.endpoints[query.side].capabilities.creates is CreateClass.CLIENT_ID
        if query.operation is Operation.CREATE and not chooses_ids:
            rows = rows.set_column(rows.schema.get_field_index(mine), mine, pa.nulls(rows.num_rows, pa.string()))
        content = self._content(undo, query, rows)
        batch_id = self.ledger.open_batch(
            self.session.key(undo.layout), self.run_id, query.side, own.structure.name, int(query.operation), content
        )
        self.steps("undo.intent_is_durable")
        writer.stage(
            WriteBatch(
                query.operation,
                rows[mine].to_pylist(),
                query.values,
                rows.select([f"x_v{i}" for i in range(len(query.values))]).rename_columns(list(query.values)),
                query.expected,
                rows.select([f"x_e{i}" for i in range(len(query.expected))]).rename_columns(list(query.expected)),
            )
        )
        return _Staged(batch_id, rows, content)

    @staticmethod
    def _content(undo: UndoInput, query: UndoQuery, rows: pa.Table) -> pa.Table:
        """The batch rows for the ledger, with how the sync records stand afterwards."""
        side, number = query.side, rows.num_rows
        is_half = rows["x_is_half"]
        ids = {one: rows[f"x_{one.value}_id"] for one in Side}
        ids[side.other] = _unless(is_half, ids[side.other])
        base = {one: rows[f"x_base_{one.value}"] for one in Side}
        if query.operation is not Operation.DELETE and not undo.travels:
            base[side] = rows["x_digest"]
        columns: dict[str, pa.ChunkedArray | pa.Array] = {
            "record_id": rows["x_record_id"],
            "action": rows["x_action"],
            "rule": pa.repeat(pa.scalar(int(Rule.UNDONE), pa.int8()), number),
            "a_id": ids[Side.A],
            "b_id": ids[Side.B],
            f"{side.value}_digest": rows["x_digest"],
            f"{side.other.value}_digest": rows["x_other_digest"],
            AFTER: rows["x_status_after"],
            "deleted_in_after": rows["x_deleted_in_after"],
            "base_a": _unless(is_half, base[Side.A]),
            "base_b": _unless(is_half, base[Side.B]),
        }
        return pa.table(columns | {label: rows[name] for label, name in query.history})

    def _commit(
        self, undo: UndoInput, writer: Writer, staged: list[tuple[UndoQuery, _Staged]], carried: Carried
    ) -> None:
        self.session.check_lease()
        results = writer.commit()
        self.steps("undo.written")
        for (query, one), result in zip(staged, results, strict=True):
            self._settle(undo, query, one, whole_result(result, one.rows), carried)
            self.progress.advance(one.rows.num_rows)
        staged.clear()

    def _settle(self, undo: UndoInput, query: UndoQuery, one: _Staged, result: WriteResult, carried: Carried) -> None:
        written = pc.equal(pa.array(result.statuses, pa.int8()), int(WriteStatus.WRITTEN))
        content = one.content
        if query.operation is not Operation.DELETE:
            mine = f"{query.side.value}_id"
            ids = pa.chunked_array([pa.array(result.ids, pa.string())])
            content = _replaced(content, mine, pc.coalesce(ids, content[mine]))
            content = self._with_stored(undo, query, content, result, written)
        self._note_failures(undo, query, content, result, carried)
        done = pc.indices_nonzero(written).to_pylist()
        unknown = [row for row, status in enumerate(result.statuses) if status == WriteStatus.UNKNOWN]
        self.ledger.close_batch(
            one.batch_id,
            undone_settlements(content.filter(written)),
            done_rows=done,
            stored=None if content.equals(one.content) else content,
            held=dict.fromkeys(unknown, Hold(HoldReason.NO_ANSWER)),
        )
        self.steps("undo.settled")
        carried.count(query.action, len(done))

    def _with_stored(
        self, undo: UndoInput, query: UndoQuery, content: pa.Table, result: WriteResult, written: pa.Array
    ) -> pa.Table:
        """The batch rows with what the endpoint really stored, where that may differ from what was sent."""
        doubtful = pc.and_(written, pc.invert(pa.array(result.stored_as_sent, pa.bool_())))
        if not pc.any(doubtful).as_py():
            return content
        me = query.side.value
        found = look(self.session, undo.layout, query.side, content[f"{me}_id"].filter(doubtful).to_pylist())
        places = pc.index_in(content[f"{me}_id"], value_set=found["rid"].combine_chunks())
        known = pc.and_(doubtful, pc.is_valid(places))
        places = pc.fill_null(places, 0).combine_chunks()
        fresh = found["digest"].combine_chunks().take(places) if len(found) else pa.nulls(len(places), pa.binary())
        names = [f"{me}_digest"] if undo.travels else [f"{me}_digest", f"base_{me}"]
        for name in names:
            content = _replaced(content, name, pc.if_else(known, fresh, content[name].combine_chunks()))
        return content

    def _note_failures(
        self, undo: UndoInput, query: UndoQuery, content: pa.Table, result: WriteResult, carried: Carried
    ) -> None:
        """Records that were refused or changed meanwhile stay as they are, in the endpoint and in the ledger."""
        ids = zip(content["a_id"].to_pylist(), content["b_id"].to_pylist(), strict=True)
        for status, message, (a_id, b_id) in zip(result.statuses, result.messages, ids, strict=True):
            if status == WriteStatus.WRITTEN:
                continue
            carried.failed += 1
            said = message or (NO_ANSWER if status == WriteStatus.UNKNOWN else MEANWHILE)
            ids_of = {Side.A: a_id, Side.B: b_id}
            carried.problems.append(record_problems.rejected(undo.layout, query.side, query.operation, ids_of, said))

    def _restore_baselines(self, undo: UndoInput, carried: Carried) -> None:
        """What was adopted has the baseline again that it had before; the next run looks at it."""
        bench = self.session.bench
        wanted = bench.table(adopted_rows(undo))
        if not wanted.num_rows or undo.quiet_batch is None:
            return
        key, numbers = self.session.key(undo.layout), wanted["record_id"].combine_chunks()
        for batch in self.ledger.batches_before(undo.quiet_batch, adopted_ids(bench, undo.layout)):
            rows = pa.RecordBatchReader.from_stream(batch.rows).read_all()
            rows = rows.filter(pc.is_in(rows["record_id"], value_set=numbers))
            if not rows.num_rows:
                continue
            kept = [name for name in rows.column_names if not name.startswith("before:")]
            rows = _replaced(rows.select(kept), "action", _same(int(Action.ADOPT), rows.num_rows))
            rows = _replaced(rows, "rule", _same(int(Rule.UNDONE), rows.num_rows))
            settled = rows.select(["record_id", "a_id", "b_id", "a_digest", "b_digest"])
            settled = settled.rename_columns(["record_id", "a_id", "b_id", "base_a", "base_b"])
            settled = settled.append_column(AFTER, _same(int(Status.PREPARED), rows.num_rows))
            settled = settled.append_column("deleted_in_after", _same(int(DeletedIn.NOWHERE), rows.num_rows))
            self.ledger.keep_batch(key, self.run_id, rows, undone_settlements(settled))
            carried.count(Action.ADOPT, rows.num_rows)


def _replaced(table: pa.Table, name: str, column: pa.ChunkedArray | pa.Array) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, column)


def _same(value: int, number: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.int8()), number)


def _unless(condition: pa.ChunkedArray, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values, null where the condition holds."""
    return pc.if_else(condition, pa.scalar(None, values.type), values)
