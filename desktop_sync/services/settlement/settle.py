"""What a cut-off run left open, and records of which no answer came: settled by what is there (RELIABILITY 4.3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action
from desktop_sync.core.guard import Guard
from desktop_sync.core.hold_text import hold_text
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import HoldReason, OpenBatch
from desktop_sync.core.ports import CancelToken, Clock, Phase, Progress, Sleep, Steps
from desktop_sync.core.provider_port import Operation
from desktop_sync.core.status import DeletedIn, Status
from desktop_sync.engine.held import Held
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.outcome_query import SETTLEMENT_SCHEMA
from desktop_sync.services.session.sync_session import SyncSession
from desktop_sync.services.settlement.ladder import Ladder, Verdict
from desktop_sync.services.settlement.settling_guard import unsettled
from desktop_sync.services.settlement.standing import as_prepared, looked_at_again
from desktop_sync.services.settlement.undo_settling import as_before, is_undo, undo_held, undone_settlements


@dataclass(slots=True)
class Resolved:
    """What became known of held records, by entity: how many were written, the pairs that they made, and the ids of
    those that were not written and are to be planned anew."""

    intents: int = 0
    actions: dict[str, Counter[Action]] = field(default_factory=dict)
    pairs: dict[str, list[pa.Table]] = field(default_factory=dict)
    free: dict[str, dict[Side, list[str]]] = field(default_factory=dict)
    outcomes: list[tuple[OpenBatch, pa.Table, pa.Table]] = field(default_factory=list)
    """Of each intent the rows that were written, and those that were not."""

    def note(self, batch: OpenBatch, done: pa.Table, free: pa.Table) -> None:
        self.intents += 1
        self.outcomes.append((batch, done, free))
        entity = batch.key.entity
        counted = Counter(Action(number) for number in done["action"].to_pylist())
        self.actions.setdefault(entity, Counter()).update(counted)
        self.pairs.setdefault(entity, []).append(done.select(["record_id", "a_id", "b_id"]))
        ids = self.free.setdefault(entity, {side: [] for side in Side})
        for side in Side:
            ids[side] += [i for i in free[f"{side.value}_id"].to_pylist() if i is not None]


@dataclass(frozen=True, slots=True)
class Settling:
    """Settles the intents of one session. One thread; may be repeated, also after a crash in the middle."""

    session: SyncSession
    ledger: Ledger
    clock: Clock
    sleep: Sleep
    steps: Steps
    progress: Progress
    cancel: CancelToken

    def settle_all(self, allowed: frozenset[Guard] = frozenset()) -> int:
        """No intent of the configuration is open, and what is held is held for good reason; how many were settled.

        Where a guard that is not `allowed` will stop the run anyway (`SyncSession.unsettled`), all stay as they are: in
        another system than the one that they were for nothing is looked for, and nothing sent. So do those of an entity
        that drifted.

        What was written is recorded with the intent's content as baseline, so that an edit made since counts as a
        change; what was not is left to the next plan, which finds it again; what cannot be known is held.
        """
        name = self.session.configuration.name
        open_batches, held_batches = self.ledger.open_batches(name), self.ledger.held_batches(name)
        if open_batches or held_batches:
            self.progress.phase("", Phase.SETTLING)
            self.session.unsettled = unsettled(self.session, self.ledger, [*open_batches, *held_batches], allowed)
        due = [batch for batch in open_batches if self._is_due(batch)]
        for batch in due:
            self._settle_open(batch)
            self.steps("settle.settled")
        held = [batch for batch in held_batches if self._is_due(batch)]
        return len(due) + self._settle_batches(held, is_of_earlier_run=True).intents

    def _is_due(self, batch: OpenBatch) -> bool:
        return batch.key.entity not in self.session.drifted and not self.session.unsettled

    def settle_held(self) -> Resolved:
        """Held records of which more is known now are held no longer. Those that are still in doubt stay as they are:
        nothing is written for them."""
        held = self.ledger.held_batches(self.session.configuration.name)
        return self._settle_batches(held, is_of_earlier_run=False)

    def _settle_batches(self, batches: Sequence[OpenBatch], *, is_of_earlier_run: bool) -> Resolved:
        """Runs in between have passed over what people changed in records that were held, and have read further since:
        these are Prepared, so that the next plan looks at them whatever it reads (RELIABILITY D3)."""
        resolved = Resolved()
        for batch in batches:
            before = resolved.intents
            self._settle_held(batch, resolved, is_of_earlier_run=is_of_earlier_run)
            if resolved.intents > before:
                self.steps("settle.held_settled")
        return resolved

    def _layout(self, batch: OpenBatch) -> Layout | None:
        """None where the configuration does not synchronize that structure any more."""
        for layout in self.session.layouts:
            if layout.entity.name == batch.key.entity and layout.of(batch.side).structure.name == batch.structure:
                return layout
        return None

    def _settle_open(self, batch: OpenBatch) -> None:
        layout = self._layout(batch)
        if layout is None:
            self.ledger.close_batch(batch.id, SETTLEMENT_SCHEMA.empty_table(), done_rows=())
            return
        rows = pa.RecordBatchReader.from_stream(batch.rows).read_all()
        verdict = self._judge(layout, batch, rows)
        done = sorted(verdict.done)
        settlements = [_settlements(batch, _taken(verdict.rows, done))]
        settlements += self._held_settlements(layout, batch, verdict) if verdict.held else []
        self.ledger.close_batch(
            batch.id,
            pa.concat_tables(settlements),
            done_rows=done,
            stored=None if verdict.rows.equals(rows) else verdict.rows,
            held=verdict.held,
        )
        self._settle_origins(layout, batch, verdict)

    def _settle_origins(self, layout: Layout, batch: OpenBatch, verdict: Verdict) -> None:
        """Origin stamps of what was written hold; those of what was not are dropped."""
        if self.session.provenance is not None:
            ids = verdict.rows[f"{batch.side.value}_id"].to_pylist()
            done = [ids[row] for row in sorted(verdict.done)]
            free = [one for row, one in enumerate(ids) if row not in verdict.done and row not in verdict.held]
            self.session.provenance.settle_ids(layout, batch.side, done, free)

    def _settle_held(self, batch: OpenBatch, resolved: Resolved, *, is_of_earlier_run: bool) -> None:
        layout = self._layout(batch)
        rows = pa.RecordBatchReader.from_stream(batch.rows).read_all()
        if layout is None:
            nothing = SETTLEMENT_SCHEMA.empty_table()
            self.ledger.resolve_held(batch.id, nothing, done_rows=(), free_rows=batch.places)
            resolved.note(batch, rows.slice(0, 0), rows)
            return
        verdict = self._judge(layout, batch, rows)
        if len(verdict.held) == rows.num_rows:
            self._note_ambiguity(layout, batch, verdict)
            return
        done = sorted(verdict.done)
        free = [row for row in range(rows.num_rows) if row not in verdict.done and row not in verdict.held]
        settled = _settlements(batch, _taken(verdict.rows, done))
        left = as_before if is_undo(rows) else as_prepared
        self.ledger.resolve_held(
            batch.id,
            pa.concat_tables(
                [
                    looked_at_again(settled) if is_of_earlier_run else settled,
                    left(self.ledger, batch.key, _taken(verdict.rows, free)),
                ]
            ),
            done_rows=[batch.places[row] for row in done],
            free_rows=[batch.places[row] for row in free],
            stored=None if verdict.rows.equals(rows) or not done else _taken(verdict.rows, done),
        )
        self._settle_origins(layout, batch, verdict)
        resolved.note(batch, _taken(verdict.rows, done), _taken(verdict.rows, free))

    def _note_ambiguity(self, layout: Layout, batch: OpenBatch, verdict: Verdict) -> None:
        """What waited for an answer and is ambiguous now says so, once."""
        turned = {
            row: hold
            for row, hold in verdict.held.items()
            if hold.reason is HoldReason.AMBIGUOUS and batch.holds[row].reason is HoldReason.NO_ANSWER
        }
        if turned:
            verdict.held = turned
            settlements = pa.concat_tables(self._held_settlements(layout, batch, verdict))
            self.ledger.hold_again(batch.id, settlements, {batch.places[row]: hold for row, hold in turned.items()})

    def _judge(self, layout: Layout, batch: OpenBatch, rows: pa.Table) -> Verdict:
        """The verdict, but for records that a person has paired otherwise since: these stand as the person wants."""
        ladder = Ladder(self.session, self.ledger, self.clock, self.sleep, self.cancel)
        verdict = ladder.judge(layout, batch, rows)
        ids = {side: [i for i in verdict.rows[f"{side.value}_id"].to_pylist() if i is not None] for side in Side}
        peers = self.ledger.peers(self.session.key(layout), a_ids=ids[Side.A], b_ids=ids[Side.B])
        others = pa.RecordBatchReader.from_stream(peers).read_all().to_pylist()
        holders = {(side, other[f"{side.value}_id"]): other for other in others for side in Side}
        spare: set[int] = set()
        for row, said in enumerate(verdict.rows.to_pylist()):
            if row not in verdict.done:
                continue
            for side in Side:
                other = holders.get((side, said[f"{side.value}_id"]))
                if other is None or other["record_id"] == said["record_id"] or other["status"] == Status.DELETED:
                    continue
                if other["a_id"] is not None and other["b_id"] is not None:
                    verdict.done.discard(row)
                else:
                    spare.add(other["record_id"])
        if spare:
            # What waited as a new record of its own is the one that was created.
            self.ledger.remove(self.session.key(layout), sorted(spare))
        return verdict

    def _held_settlements(self, layout: Layout, batch: OpenBatch, verdict: Verdict) -> list[pa.Table]:
        """The held records are in Review and say why, with the records that they may have become."""
        if is_undo(verdict.rows):
            return [undo_held(self.ledger, batch.key, verdict.rows, verdict.held)]
        source, mine = f"{batch.side.other.value}_id", f"{batch.side.value}_id"
        rows = verdict.rows.to_pylist()
        sources = [rows[row][source] for row in verdict.held if rows[row][source] is not None]
        a_ids, b_ids = (sources, []) if batch.side is Side.B else ([], sources)
        peers = self.ledger.peers(self.session.key(layout), a_ids=a_ids, b_ids=b_ids)
        known = {row["record_id"]: row for row in pa.RecordBatchReader.from_stream(peers).read_all().to_pylist()}
        settled = []
        for row, hold in verdict.held.items():
            said = rows[row]
            if batch.operation != Operation.CREATE:
                fresh = {"a_id": said["a_id"], "b_id": said["b_id"]}
            else:
                fresh = {source: said[source], mine: None}
            empty = {name: None for name in SETTLEMENT_SCHEMA.names} | {"attempts": 0, "deleted_in": 0}
            standing = known.get(said["record_id"], empty | fresh)
            told = {"record_id": said["record_id"], "status": int(Status.REVIEW), "last_error": hold_text(hold)}
            settled.append(standing | told)
        return [pa.Table.from_pylist(settled, schema=SETTLEMENT_SCHEMA)]


def held_of(ledger: Ledger, session: SyncSession, layout: Layout) -> Held:
    """What stays out of the entity's plan."""
    key = session.key(layout)
    mine = [one for one in ledger.held_records(key.configuration) if one.key == key]
    known: dict[Side, frozenset[str] | None] = {}
    suspects: dict[Side, frozenset[str]] = {}
    for one in mine:
        if one.operation != Operation.CREATE:
            continue
        if one.reason is HoldReason.AMBIGUOUS:
            suspects[one.side] = suspects.get(one.side, frozenset()) | frozenset(one.hold.candidates)
            continue
        ids = ledger.known_ids(key, one.run_id, one.side)
        before = known.get(one.side, ids)
        known[one.side] = None if ids is None or before is None else before & ids
    return Held(frozenset(one.record_id for one in mine), known, suspects)


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


def _taken(rows: pa.Table, wanted: Sequence[int]) -> pa.Table:
    return rows.take(pa.array(wanted, pa.int64()))
