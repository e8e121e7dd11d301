"""Process: carry a plan out. Intent, write, read back, settle, batch by batch (RELIABILITY 4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, create
from desktop_sync.core.errors import EndpointError
from desktop_sync.core.hold_text import hold_text
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import Hold, HoldReason
from desktop_sync.core.ports import CancelToken, Clock, Phase, Progress, Steps
from desktop_sync.core.provider_port import Operation, Writer, WriteResult, WriteStatus
from desktop_sync.core.status import Status
from desktop_sync.engine import outcome_query
from desktop_sync.engine.emptied_references import emptying_query, find_emptied, keep_emptied
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.plan_input import PlanInput, pair_table
from desktop_sync.engine.read_back import measure
from desktop_sync.engine.workbench import within_memory
from desktop_sync.engine.write_columns import WriteQuery
from desktop_sync.services.processing import record_problems
from desktop_sync.services.processing.batch_rows import (
    batch_rows,
    doubtful_settlements,
    has_text,
    is_unfinished,
    rejected_settlements,
    those,
    with_new_ids,
    written_settlements,
)
from desktop_sync.services.processing.carried import Carried
from desktop_sync.services.processing.plan_queries import PlanQueries
from desktop_sync.services.processing.run_steps import RunSteps
from desktop_sync.services.processing.whole_records import with_whole_records
from desktop_sync.services.processing.write_protocol import Answered, Staged, WriteProtocol, in_doubt, was_written
from desktop_sync.services.session.conditions import Conditions
from desktop_sync.services.session.side_stream import reading
from desktop_sync.services.session.sync_session import SyncSession, full_request
from desktop_sync.services.settlement.intents import Intents

CREATES_AND_UPDATES = (
    Action.CREATE_A,
    Action.CREATE_B,
    Action.UPDATE_A,
    Action.UPDATE_B,
    Action.MARK_A,
    Action.MARK_B,
)
DELETES = (Action.DELETE_A, Action.DELETE_B)


@dataclass(frozen=True, slots=True)
class Processing:
    """Carries out the plans of one run. One thread."""

    session: SyncSession
    ledger: Ledger
    run_id: int
    clock: Clock
    progress: Progress
    cancel: CancelToken
    steps: Steps
    intents: Intents
    conditions: Conditions
    around: RunSteps | None = None

    def write(self, given: PlanInput, actions: Sequence[Action], carried: Carried) -> None:
        """The plan's rows with these actions are written, in this order, each side through one writer.

        Nothing is in match-only mode. Raises LeaseLostError when another run took this one's place.
        """
        if self.session.match_only is not None:
            return
        counted = outcome_query.row_counts(self.session.bench, given.layout)
        wanted = {
            side: [action for action in actions if action.target is side and counted.get(action)] for side in Side
        }
        total = sum(counted[action] for of_side in wanted.values() for action in of_side)
        if not total:
            return
        self.progress.phase(given.layout.entity.name, Phase.WRITING, total)
        left: Answered[WriteQuery] = []
        try:
            for side in (one for one in Side if wanted[one]):
                with within_memory(given.layout.of(side).place):
                    self._write_side(given, side, wanted[side], carried, left)
        except EndpointError:
            self._settle_left(given, left, carried)  # trouble on one side leaves nothing open of the other
            raise
        self._settle_left(given, left, carried)

    def empty_references(self, given: PlanInput, carried: Carried) -> None:
        """References that would keep the plan's deletes from being carried out are empty; a record that has one which
        could not be emptied is not deleted. It is part of the delete, and no action of its own."""
        bench, layout = self.session.bench, given.layout
        for side in Side:
            if not self.session.looks_after_references(side) or not find_emptied(bench, given, side):
                continue
            written: list[pa.Table] = []

            def settle(query: WriteQuery, one: Staged, result: WriteResult, written: list[pa.Table] = written) -> None:
                self._settle(given, query, one, result, carried, is_counted=False)
                written.append(one.rows.filter(was_written(result)))

            self.conditions.ensure(layout, side)
            with within_memory(layout.of(side).place):
                self._protocol().write_side(
                    layout,
                    side,
                    (emptying_query(given, side),),
                    lambda query, rows, writer: self._stage(given, query, rows, writer, carried),
                    settle,
                )
            keep_emptied(bench, layout, side, written)
            carried.emptied.add(side)

    def _settle_left(self, given: PlanInput, left: Answered[WriteQuery], carried: Carried) -> None:
        self._protocol().settle(left, lambda query, one, result: self._settle(given, query, one, result, carried))

    def _write_side(
        self,
        given: PlanInput,
        side: Side,
        actions: Sequence[Action],
        carried: Carried,
        left: Answered[WriteQuery],
    ) -> None:
        if any(action is not create(side) for action in actions):
            note = self.conditions.ensure(given.layout, side)
            carried.notes += (note,) if note else ()
        queries = PlanQueries(self.session.bench, self.ledger)
        self._protocol().write_side(
            given.layout,
            side,
            (query for action in actions for query in queries.of(given, side, action, carried)),
            lambda query, rows, writer: self._stage(given, query, rows, writer, carried),
            lambda query, one, result: self._settle(given, query, one, result, carried),
            is_settled_here=lambda query: not query.must_read_back,
            left=left if self._are_both_here() else None,
        )

    def _are_both_here(self) -> bool:
        """Whether neither side lets a batch of the other wait long to be settled."""
        declared = [endpoint.capabilities for endpoint in self.session.endpoints.values()]
        return all(one.max_in_flight_s == 0 and one.commits_each_batch for one in declared)

    def _protocol(self) -> WriteProtocol:
        return WriteProtocol(
            self.session,
            self.ledger,
            self.run_id,
            self.progress,
            self.cancel,
            self.steps,
            self.intents,
            "process",
        )

    def _numbered(self, rows: pa.Table) -> pa.Table:
        """Rows that had no sync record get the next numbers, in their order."""
        numbers = rows["x_record_id"]
        if not numbers.null_count:
            return rows
        first = self.ledger.reserve_record_ids(numbers.null_count)
        fresh = pa.array(range(first, first + numbers.null_count), pa.int64())
        filled = pc.replace_with_mask(numbers.combine_chunks(), pc.is_null(numbers).combine_chunks(), fresh)
        return rows.set_column(rows.schema.get_field_index("x_record_id"), "x_record_id", filled)

    def _without_unresolved(self, given: PlanInput, query: WriteQuery, rows: pa.Table, carried: Carried) -> pa.Table:
        """Rows whose references all have a counterpart; the others fail, each with a sentence.

        Where the counterpart may still be created in this run, an update waits until then, and a create goes ahead.
        """
        if query.operation is not Operation.CREATE:
            later = has_text(rows["x_deferred"])
            if pc.any(later).as_py():
                self._look_again(rows.filter(later), carried)
                rows = rows.filter(pc.invert(later))
        bad = has_text(rows["x_unresolved"])
        if not pc.any(bad).as_py():
            return rows
        failed = rows.filter(bad)
        messages = [
            f"{name}: the record it refers to is not synchronized" for name in failed["x_unresolved"].to_pylist()
        ]
        self.ledger.settle(
            self.session.key(given.layout), self.run_id, self._rejections(given, query, failed, messages, carried)
        )
        return rows.filter(pc.invert(bad))

    def _stage(
        self, given: PlanInput, query: WriteQuery, rows: pa.Table, writer: Writer, carried: Carried
    ) -> Staged | None:
        rows = self._without_unresolved(given, query, self._numbered(rows), carried)
        if not rows.num_rows:
            return None
        self.session.check_lease()
        target = query.target
        mine = f"x_{target.value}_id"
        if query.operation is Operation.CREATE:
            ids = rows["x_target_id"]
            if ids.null_count:
                reserved = self._reserve_ids(given, target, rows.num_rows)
                given_ids: list[str | None] = list(reserved) if reserved else [None] * rows.num_rows
                ids = pa.chunked_array([pa.array(given_ids, pa.string())])
            rows = rows.set_column(rows.schema.get_field_index(mine), mine, ids)
        content = batch_rows(query, rows)
        if query.operation is Operation.DELETE:
            content = with_whole_records(self.session, given.layout, target, content)
        values = rows.select([f"x_v{i}" for i in range(len(query.values))]).rename_columns(list(query.values))

        def keep_pending() -> None:
            if self.session.provenance is not None:
                self.session.provenance.keep_pending(given.layout, query, rows)

        return self._protocol().intend(given.layout, query, rows, content, values, writer, keep_pending)

    def _reserve_ids(self, given: PlanInput, side: Side, count: int) -> list[str] | None:
        """Ids for new records that no record has, nor the ledger for one whose deletion is still to be carried out."""
        endpoint, structure = self.session.endpoints[side], given.layout.of(side).structure
        key, mine = self.session.key(given.layout), f"{side.value}_id"
        free: list[str] = []
        asked = count
        while len(free) < count:
            reserved = endpoint.reserve_ids(structure, asked)
            if not reserved:
                return None
            a_ids, b_ids = (reserved, []) if side is Side.A else ([], reserved)
            peers = self.ledger.peers(key, a_ids=a_ids, b_ids=b_ids)
            held = pa.RecordBatchReader.from_stream(peers).read_all()
            held = held.filter(pc.not_equal(held["status"], int(Status.DELETED)))
            taken = set(held[mine].to_pylist())
            free += [one for one in reserved if one not in taken]
            asked *= 2  # a long row of ids that are taken is passed quickly
        return free[:count]

    def _settle(
        self,
        given: PlanInput,
        query: WriteQuery,
        one: Staged,
        result: WriteResult,
        carried: Carried,
        *,
        is_counted: bool = True,
    ) -> None:
        written = was_written(result)
        rows = with_new_ids(query, one.rows, result.ids)
        content, changed_content = one.content, False
        stored: pa.Table | None = None
        if query.operation is not Operation.DELETE:
            content = batch_rows(query, rows)
            changed_content = not content.equals(one.content)
            sent = content
            content, stored = self._with_stored(given, query, rows, content, result, written)
            changed_content = changed_content or stored is not None
            if stored is not None:
                carried.losses.look(given.layout, query, those(sent, written), those(content, written))
        parts = [written_settlements(query, those(rows, written), those(content, written))]
        self._look_again(rows.filter(pc.and_(written, is_unfinished(rows))), carried)
        doubtful = in_doubt(one, result)
        held = pc.indices_nonzero(doubtful).to_pylist()
        if held:
            carried.in_doubt += len(held)
            parts.append(doubtful_settlements(query, one.rows.filter(doubtful), hold_text(Hold(HoldReason.NO_ANSWER))))
        refused = pc.invert(pc.or_(written, doubtful))
        if pc.any(refused).as_py():
            parts.append(self._setbacks(given, query, rows, result, refused, carried))
        done = pc.indices_nonzero(written).to_pylist()
        self.ledger.close_batch(
            one.batch_id,
            pa.concat_tables(parts),
            done_rows=done,
            stored=content if changed_content else None,
            held=dict.fromkeys(held, Hold(HoldReason.NO_ANSWER)),
        )
        if self.session.provenance is not None:
            self.session.provenance.settle(given.layout, query, one.rows, rows, result, stored)
        self.steps("process.settled")
        if is_counted:
            carried.count(query.action, self._count_actions(query, those(rows, written), carried))
        self._remember_pairs(given, query, those(rows, written))
        if self.around is not None:
            self.around.written(self.session.bench, given.layout, query.action, those(content, written))

    @staticmethod
    def _count_actions(query: WriteQuery, rows: pa.Table, carried: Carried) -> int:
        """How many of the plan's actions these written rows are: the reference of a record that was created without it
        is written as part of that."""
        if query.operation is Operation.CREATE:
            carried.unlinked.update(rows["x_record_id"].filter(has_text(rows["x_deferred"])).to_pylist())
        if query.operation is not Operation.UPDATE or not carried.unlinked:
            return int(rows.num_rows)
        linked = carried.unlinked.intersection(rows["x_record_id"].to_pylist())
        carried.unlinked -= linked
        return int(rows.num_rows) - len(linked)

    def _with_stored(
        self,
        given: PlanInput,
        query: WriteQuery,
        rows: pa.Table,
        content: pa.Table,
        result: WriteResult,
        written: pa.Array,
    ) -> tuple[pa.Table, pa.Table | None]:
        """The batch rows with what the endpoint really stored, and what had to be read for that."""
        as_sent = pa.array(result.stored_as_sent, pa.bool_())
        doubtful = pc.and_(written, pc.invert(as_sent))
        if query.must_read_back:
            doubtful = written
        if not self.session.can_read(query.target):
            return content, None
        if not pc.any(doubtful).as_py():
            return content, None
        side = query.target
        mine = f"{side.value}_id"
        ids = content[mine].filter(doubtful).to_pylist()
        own = given.layout.of(side)
        request = replace(full_request(own), ids=ids)
        with reading(self.session.read(given.layout, side, request)) as stream:
            stored = measure(self.session.bench, given, side, stream)
        places = pc.index_in(content[mine], value_set=stored["rid"].combine_chunks())
        known = pc.and_(doubtful, pc.is_valid(places))
        # What is to follow on the other side is no baseline yet, however it was stored.
        is_first = pc.or_(rows["x_is_fill"], rows["x_is_merge"]).combine_chunks()
        for name, source in [(f"{side.value}_digest", "digest")] + [
            (label, label) for label in content.column_names if label.startswith(f"{side.value}:")
        ]:
            fresh = stored[source].combine_chunks().take(pc.fill_null(places, 0).combine_chunks())
            is_known = pc.and_(known, pc.invert(is_first)) if source == "digest" else known
            merged = pc.if_else(is_known, fresh, content[name].combine_chunks())
            content = content.set_column(content.schema.get_field_index(name), name, merged)
        return content, stored

    def _setbacks(
        self,
        given: PlanInput,
        query: WriteQuery,
        rows: pa.Table,
        result: WriteResult,
        not_done: pa.Array,
        carried: Carried,
    ) -> pa.Table:
        """Settlements of records that were refused; those that changed meanwhile are noted to be planned anew."""
        statuses = pa.array(result.statuses, pa.int8())
        changed = pc.equal(statuses, int(WriteStatus.CHANGED))
        self._look_again(rows.filter(changed), carried)
        refused = pc.and_(not_done, pc.invert(changed))
        messages = [
            message or "a record with this id appeared there meanwhile; the next run looks at it again"
            for message, is_refused in zip(result.messages, refused.to_pylist(), strict=True)
            if is_refused
        ]
        return self._rejections(given, query, rows.filter(refused), messages, carried)

    @staticmethod
    def _look_again(rows: pa.Table, carried: Carried) -> None:
        for side in Side:
            carried.stale[side] += [value for value in rows[f"x_{side.value}_id"].to_pylist() if value is not None]

    def _rejections(
        self, given: PlanInput, query: WriteQuery, rows: pa.Table, messages: Sequence[str], carried: Carried
    ) -> pa.Table:
        """Settlements of records that could not be written: Failed, with a time to try again, or Aborted after the
        last."""
        for a_id, b_id, message in zip(rows["x_a_id"].to_pylist(), rows["x_b_id"].to_pylist(), messages, strict=True):
            named = {Side.A: a_id, Side.B: b_id}
            problem = record_problems.rejected(given.layout, query.target, query.operation, named, message)
            carried.problems.append(problem)
        carried.failed += rows.num_rows
        if rows.num_rows:
            self.progress.fail(rows.num_rows)
        limit = given.layout.entity.max_failed_attempts
        return rejected_settlements(query, rows, messages, limit, self.clock.now())

    def _remember_pairs(self, given: PlanInput, query: WriteQuery, rows: pa.Table) -> None:
        if query.operation is Operation.CREATE:
            self.remember_pairs(given.layout, rows.select(["x_record_id", "x_a_id", "x_b_id"]))

    def remember_pairs(self, layout: Layout, table: pa.Table) -> None:
        """New pairs (x_record_id, x_a_id, x_b_id) can be referred to by the entities that come after."""
        if not self.session.is_lookup(layout):
            return
        bench, pairs = self.session.bench, pair_table(layout)
        with bench.source(table) as (source, _):
            bench.execute(f"CREATE OR REPLACE TABLE made AS SELECT x_record_id, x_a_id, x_b_id FROM {source}")
        # A record that was created again has a new id: its old pair must not translate a reference a second time.
        bench.execute(f"DELETE FROM {pairs} WHERE record_id IN (SELECT x_record_id FROM made)")
        bench.execute(f"INSERT INTO {pairs} SELECT x_record_id, x_a_id, x_b_id FROM made")
