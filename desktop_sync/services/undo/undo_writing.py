"""Carry an undo out, by the protocol of any run: intent, write, read back, settle, batch by batch (RELIABILITY 4.3).

What is not answered is looked at by the ladder of create classes before anything else is done. What turns out never to
have been written is written once more, what is in doubt stays held, and deletes wait for that (RELIABILITY 4.5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, Rule, create, delete, update
from desktop_sync.core.hold_text import hold_text
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import Hold, HoldReason
from desktop_sync.core.ports import CancelToken, Clock, Ids, Phase, Progress, Steps
from desktop_sync.core.provider_port import CreateClass, Operation, ReadRequest, Writer, WriteResult, WriteStatus
from desktop_sync.engine import undo_circles, undo_input, undo_plan
from desktop_sync.engine.stated import values_as_kept
from desktop_sync.engine.undo_input import UndoInput
from desktop_sync.engine.undo_write import UndoQuery, undo_query
from desktop_sync.services.processing import record_problems
from desktop_sync.services.processing.carried import Carried
from desktop_sync.services.processing.write_protocol import Staged, WriteProtocol, in_doubt, was_written
from desktop_sync.services.session.conditions import Conditions
from desktop_sync.services.session.side_stream import reading
from desktop_sync.services.session.sync_session import SyncSession
from desktop_sync.services.settlement.intents import Intents
from desktop_sync.services.settlement.records_there import look
from desktop_sync.services.settlement.settle import Settling
from desktop_sync.services.settlement.undo_settling import AFTER, BEFORE, undo_held, undone_settlements
from desktop_sync.services.undo.undo_quietly import QuietUndo
from desktop_sync.services.undo.undo_stamps import UndoStamps

MEANWHILE = "it changed while the undo was on its way to it; nothing was written to it"
NOT_CARRIED_OUT = "no answer came when it was written, and it was not carried out"
WAITS = "it waits until it is known what became of a record of which no answer came; undo the run again then"
TRIES = 3
"""How often a record is written in one undo when no answer came and nothing was done."""


@dataclass(frozen=True, slots=True)
class UndoWriting:
    """Carries out the plans of one undo. One thread."""

    session: SyncSession
    ledger: Ledger
    run_id: int
    clock: Clock
    ids: Ids
    progress: Progress
    cancel: CancelToken
    steps: Steps
    settling: Settling
    stamps: UndoStamps
    carried: dict[int, Carried] = field(default_factory=dict)
    deferred: dict[tuple[int, Side], UndoInput] = field(default_factory=dict)
    """Where records are created without references that follow."""

    def carry_out(self, undos: Sequence[UndoInput]) -> dict[int, Carried]:
        """All of it: creates and updates, prerequisites first, then deletes the other way round. By layout number."""
        self.carried.update({undo.layout.number: Carried() for undo in undos})
        intents = Intents(self.session, self.ledger, self.run_id, self.clock, self.ids, is_undo=True)
        protocol = WriteProtocol(
            self.session, self.ledger, self.run_id, self.progress, self.cancel, self.steps, intents, "undo"
        )
        for undo in undos:
            self.stamps.freeze(undo)
        for undo in undos:
            quiet = QuietUndo(self.session, self.ledger, self.run_id)
            quiet.carry_out(undo, self.carried[undo.layout.number])
        for last in range(1, TRIES + 1):
            again = self._write(undos, protocol)
            if not again:
                break
            for undo in undos:
                name = undo.layout.entity.name
                records = {side: again.get((name, side), set()) for side in Side}
                undo_plan.keep_only(self.session.bench, undo, records)
                if last == TRIES:
                    for side, ids in records.items():
                        self._note(undo, side, sorted(ids), NOT_CARRIED_OUT)
        for (_, side), undo in self.deferred.items():
            self._link(undo, side, protocol)
        self._note_held(undos)
        return self.carried

    def _write(self, undos: Sequence[UndoInput], protocol: WriteProtocol) -> dict[tuple[str, Side], set[int]]:
        """The rows that take part are written; of which sync records it turned out that they were not, by entity and
        side."""
        again: dict[tuple[str, Side], set[int]] = {}
        by_name = {undo.layout.entity.name: undo for undo in undos}
        for undo in undos:
            for side in Side:
                if self._may_go_round(undo, side) and undo_circles.find_deferred(
                    self.session.bench, undo, side, by_name
                ):
                    self.deferred[(undo.layout.number, side)] = undo
        for undo in undos:
            for side in Side:
                self._write_side(undo, side, (create(side), update(side)), protocol)
            self._look(undos, again)
        for undo in undos:
            for side in Side:
                self._empty_references(undo, side, by_name, protocol)
                self._look(undos, again)
        for undo in reversed(undos):
            for side in Side:
                if not self._postpone_deletes(undo, side):
                    self._write_side(undo, side, (delete(side),), protocol)
                    self._look(undos, again)
        return again

    def _write_side(self, undo: UndoInput, side: Side, actions: Sequence[Action], protocol: WriteProtocol) -> None:
        counted = undo_plan.counts(self.session.bench, undo)
        wanted = [action for action in actions if counted.get(action)]
        if not wanted:
            return
        self.progress.phase(undo.layout.entity.name, Phase.WRITING, sum(counted[action] for action in wanted))
        Conditions(self.session, self.ledger, self.clock).ensure(undo.layout, side)
        protocol.write_side(
            undo.layout,
            side,
            (self._query(undo, side, action) for action in wanted),
            lambda query, rows, writer: self._stage(undo, query, rows, writer, protocol),
            lambda query, one, result: self._settle(undo, query, one, result),
        )

    def _query(self, undo: UndoInput, side: Side, action: Action) -> UndoQuery:
        bench, at_us = self.session.bench, self.stamps.at_us(undo)
        if action is create(side) and (undo.layout.number, side) in self.deferred:
            return undo_circles.creating_query(bench, undo, side, at_us)
        return undo_query(bench, undo, side, action, at_us)

    def _may_go_round(self, undo: UndoInput, side: Side) -> bool:
        """Whether references may keep records from being deleted or created now."""
        return self.session.looks_after_references(side) and not self._is_in_doubt(undo)

    def _empty_references(
        self, undo: UndoInput, side: Side, undos: Mapping[str, UndoInput], protocol: WriteProtocol
    ) -> None:
        """References that would keep the deletes from being carried out are empty."""
        bench = self.session.bench
        if self._may_go_round(undo, side) and undo_circles.find_emptied(bench, undo, side, undos):
            written = self._write_round(undo, side, undo_circles.emptying_query(bench, undo, side), protocol)
            undo_circles.keep_emptied(bench, undo, side, written)

    def _link(self, undo: UndoInput, side: Side, protocol: WriteProtocol) -> None:
        """The references that records were created without are written. Nothing is to be planned from the now table
        any more."""
        bench, written = self.session.bench, undo.sides[side]
        ids = undo_circles.deferred_ids(bench, undo, side)
        if ids and not self._is_in_doubt(undo):
            request = ReadRequest(written.own.structure, written.read_fields, ids=ids)
            with reading(self.session.read(undo.layout, side, request)) as stream:
                undo_input.load_now(bench, written, side, stream)
            self._write_round(undo, side, undo_circles.linking_query(bench, undo, side), protocol)

    def _write_round(self, undo: UndoInput, side: Side, query: UndoQuery, protocol: WriteProtocol) -> list[int]:
        """The sync records to which the query's updates were written: parts of deletes or creates, and not counted."""
        written: list[int] = []

        def settle(query: UndoQuery, one: Staged, result: WriteResult) -> None:
            self._settle(undo, query, one, result, is_counted=False)
            written.extend(one.rows["x_record_id"].filter(was_written(result)).to_pylist())

        Conditions(self.session, self.ledger, self.clock).ensure(undo.layout, side)
        protocol.write_side(
            undo.layout,
            side,
            (query,),
            lambda query, rows, writer: self._stage(undo, query, rows, writer, protocol),
            settle,
        )
        return written

    def _is_in_doubt(self, undo: UndoInput) -> bool:
        key = self.session.key(undo.layout)
        held = self.ledger.held_records(key.configuration)
        return any(one.key == key and one.reason is HoldReason.NO_ANSWER for one in held)

    def _look(self, undos: Sequence[UndoInput], again: dict[tuple[str, Side], set[int]]) -> None:
        """What was not answered is settled as far as it can be. Costs nothing where all was answered."""
        if not any(one.in_doubt for one in self.carried.values()):
            return
        for one in self.carried.values():
            one.in_doubt = 0
        by_name = {undo.layout.entity.name: self.carried[undo.layout.number] for undo in undos}
        for batch, done, free in self.settling.settle_held().outcomes:
            if batch.run_id == self.run_id:
                for action in done["action"].to_pylist():
                    by_name[batch.key.entity].count(Action(action), 1)
                if free.num_rows:
                    again.setdefault((batch.key.entity, batch.side), set()).update(free["record_id"].to_pylist())

    def _postpone_deletes(self, undo: UndoInput, side: Side) -> bool:
        """Whether the deletes must wait because a write of the entity is in doubt; then each of them is told."""
        if not undo_plan.counts(self.session.bench, undo).get(delete(side)):
            return False
        if not self._is_in_doubt(undo):
            return False
        self._note(undo, side, undo_plan.records_of(self.session.bench, undo, delete(side)), WAITS)
        return True

    def _note_held(self, undos: Sequence[UndoInput]) -> None:
        """What is still in doubt is told."""
        by_name = {undo.layout.entity.name: undo for undo in undos}
        for one in self.ledger.held_records(self.session.configuration.name):
            if one.run_id == self.run_id and one.key.entity in by_name:
                self._note(by_name[one.key.entity], one.side, [one.record_id], hold_text(one.hold, is_undone=True))

    def _note(self, undo: UndoInput, side: Side, record_ids: Sequence[int], why: str) -> None:
        carried = self.carried[undo.layout.number]
        carried.failed += len(record_ids)
        for record in map(self.ledger.record, record_ids[: record_problems.MOST]):
            ids = {Side.A: record.a_id, Side.B: record.b_id} if record is not None else dict.fromkeys(Side)
            carried.problems.append(record_problems.not_undone(undo.layout, ids, why))

    def _stage(
        self, undo: UndoInput, query: UndoQuery, rows: pa.Table, writer: Writer, protocol: WriteProtocol
    ) -> Staged:
        self.session.check_lease()
        mine = f"x_{query.target.value}_id"
        chooses_ids = self.session.endpoints[query.target].capabilities.creates is CreateClass.CLIENT_ID
        if query.operation is Operation.CREATE and not chooses_ids:
            rows = rows.set_column(rows.schema.get_field_index(mine), mine, pa.nulls(rows.num_rows, pa.string()))
        content = self._content(undo, query, rows)
        values = values_as_kept(self.session.bench, undo.layout, query.target, query.values, content)

        def keep_pending() -> None:
            if self.session.provenance is not None:
                self.session.provenance.keep_pending(undo.layout, query, rows)

        return protocol.intend(undo.layout, query, rows, content, values, writer, keep_pending)

    def _as_settled(self, undo: UndoInput, side: Side, rows: pa.Table, base: pa.ChunkedArray) -> pa.ChunkedArray:
        """The baseline of a side that may have been restored a moment ago, in this very undo."""
        both = undo_plan.on_both_sides(self.session.bench, undo)
        is_both = pc.is_in(rows["x_record_id"], value_set=pa.array(both, pa.int64()))
        if undo.travels or not pc.any(is_both).as_py():
            return base
        ids = {one: [i for i in rows[f"x_{one.value}_id"].to_pylist() if i is not None] for one in Side}
        peers = self.ledger.peers(self.session.key(undo.layout), a_ids=ids[Side.A], b_ids=ids[Side.B])
        known = pa.RecordBatchReader.from_stream(peers).read_all()
        places = pc.index_in(rows["x_record_id"], value_set=known["record_id"].combine_chunks())
        now = known[f"{side.value}_digest"].combine_chunks().take(pc.fill_null(places, 0).combine_chunks())
        return pc.if_else(pc.and_(is_both, pc.is_valid(places)), now, base)

    def _content(self, undo: UndoInput, query: UndoQuery, rows: pa.Table) -> pa.Table:
        """The batch rows for the ledger, with how the sync records stand afterwards."""
        side, number = query.target, rows.num_rows
        is_half = rows["x_is_half"]
        ids = {one: rows[f"x_{one.value}_id"] for one in Side}
        ids[side.other] = _unless(is_half, ids[side.other])
        base = {one: rows[f"x_base_{one.value}"] for one in Side}
        if query.operation is not Operation.DELETE and not undo.travels:
            base[side] = rows["x_digest"]
            base[side.other] = self._as_settled(undo, side.other, rows, base[side.other])
        columns: dict[str, pa.ChunkedArray | pa.Array] = {
            "record_id": rows["x_record_id"],
            "action": rows["x_action"],
            "rule": pa.repeat(pa.scalar(int(Rule.UNDONE), pa.int8()), number),
            "a_id": ids[Side.A],
            "b_id": ids[Side.B],
            f"{side.value}_digest": rows["x_digest"],
            f"{side.other.value}_digest": rows["x_other_digest"],
            AFTER: rows["x_status_after"],
            BEFORE: rows["x_status_before"],
            "deleted_in_after": rows["x_deleted_in_after"],
            "base_a": _unless(is_half, base[Side.A]),
            "base_b": _unless(is_half, base[Side.B]),
        }
        return pa.table(columns | {label: rows[name] for label, name in query.history})

    def _settle(
        self, undo: UndoInput, query: UndoQuery, one: Staged, result: WriteResult, *, is_counted: bool = True
    ) -> None:
        written, doubtful, carried = was_written(result), in_doubt(one, result), self.carried[undo.layout.number]
        content, rows, stored = one.content, one.rows, None
        if query.operation is not Operation.DELETE:
            mine = f"{query.target.value}_id"
            ids = pa.chunked_array([pa.array(result.ids, pa.string())])
            known = pc.if_else(doubtful, content[mine], pc.coalesce(ids, content[mine]))
            content, rows = _replaced(content, mine, known), _replaced(rows, f"x_{mine}", known)
            content, stored = self._with_stored(undo, query, content, result, written)
        self._note_failures(undo, query, content, result, doubtful)
        done = pc.indices_nonzero(written).to_pylist()
        held = dict.fromkeys(pc.indices_nonzero(doubtful).to_pylist(), Hold(HoldReason.NO_ANSWER))
        carried.in_doubt += len(held)
        parts = [undone_settlements(content.filter(written))]
        parts += [undo_held(self.ledger, self.session.key(undo.layout), content, held)] if held else []
        self.ledger.close_batch(
            one.batch_id,
            pa.concat_tables(parts),
            done_rows=done,
            stored=None if content.equals(one.content) else content,
            held=held,
        )
        if self.session.provenance is not None:
            side = (query.target,)
            self.session.provenance.settle(undo.layout, query, one.rows, rows, result, stored, gone_from=side)
        self.steps("undo.settled")
        carried.count(query.action, len(done) if is_counted else 0)

    def _with_stored(
        self, undo: UndoInput, query: UndoQuery, content: pa.Table, result: WriteResult, written: pa.Array
    ) -> tuple[pa.Table, pa.Table | None]:
        """The batch rows with what the endpoint really stored, where that may differ from what was sent, and what was
        read for that."""
        doubtful = pc.and_(written, pc.invert(pa.array(result.stored_as_sent, pa.bool_())))
        if not pc.any(doubtful).as_py() or not self.session.can_read(query.target):
            return content, None
        me = query.target.value
        found = look(self.session, undo.layout, query.target, content[f"{me}_id"].filter(doubtful).to_pylist())
        places = pc.index_in(content[f"{me}_id"], value_set=found["rid"].combine_chunks())
        known = pc.and_(doubtful, pc.is_valid(places))
        places = pc.fill_null(places, 0).combine_chunks()
        fresh = found["digest"].combine_chunks().take(places) if len(found) else pa.nulls(len(places), pa.binary())
        names = [f"{me}_digest"] if undo.travels else [f"{me}_digest", f"base_{me}"]
        for name in names:
            content = _replaced(content, name, pc.if_else(known, fresh, content[name].combine_chunks()))
        return content, found

    def _note_failures(
        self, undo: UndoInput, query: UndoQuery, content: pa.Table, result: WriteResult, doubtful: pa.Array
    ) -> None:
        """Records that were refused or changed meanwhile stay as they are, in the endpoint and in the ledger."""
        carried = self.carried[undo.layout.number]
        ids = zip(content["a_id"].to_pylist(), content["b_id"].to_pylist(), strict=True)
        answers = zip(result.statuses, result.messages, doubtful.to_pylist(), ids, strict=True)
        for status, message, is_doubtful, (a_id, b_id) in answers:
            if status == WriteStatus.WRITTEN or is_doubtful:
                continue
            carried.failed += 1
            ids_of = {Side.A: a_id, Side.B: b_id}
            said = message or MEANWHILE
            carried.problems.append(record_problems.rejected(undo.layout, query.target, query.operation, ids_of, said))


def _replaced(table: pa.Table, name: str, column: pa.ChunkedArray | pa.Array) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, column)


def _unless(condition: pa.ChunkedArray, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values, null where the condition holds."""
    return pc.if_else(condition, pa.scalar(None, values.type), values)
