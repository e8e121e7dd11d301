"""How batches are written, by a run and by an undo alike: intent, request, answer (RELIABILITY 4.2, 4.3).

Whoever plans makes the rows and says what an answer means for its sync records; what must hold around a write is here,
once: the lease is looked at, the intent with its keys, deadline and class is durable before anything is sent, creates
of the class "none" go one at a time, a cancel leaves no intent open, and an answer without an item for each record is
none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Protocol, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.configuration import Side
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ports import CancelToken, Progress, Steps
from desktop_sync.core.provider_port import Capabilities, Operation, WriteBatch, Writer, WriteResult, WriteStatus
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.outcome_query import SETTLEMENT_SCHEMA
from desktop_sync.services.session.side_stream import read_ahead
from desktop_sync.services.session.sync_session import SyncSession
from desktop_sync.services.settlement.intents import Intents, Sent

BATCHES_PER_COMMIT = 3
"""A commit waits for the disk: that many batches, each with its durable intent, share one."""

ENOUGH_UPDATES = 5_000
"""So many of them take far longer than a commit: they get one of their own, and are settled while the next are
written."""

AHEAD = 1
"""Batches that wait to be written, besides the one that is being made: each takes megabytes."""


class Written(Sent, Protocol):
    """A query of writes: `sql` streams the rows, with x_a_id, x_b_id and x_e… of the `expected` fields."""

    @property
    def sql(self) -> str: ...
    @property
    def expected(self) -> tuple[str, ...]: ...


Query = TypeVar("Query", bound=Written)
Answered = list[tuple[Query, "Staged", WriteResult]]
"""Batches that an answer came to, and that are not settled yet."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A batch whose intent is durable. `rows` are those of its query, `content` what the ledger keeps of them."""

    batch_id: int
    rows: pa.Table
    content: pa.Table
    has_keys: bool

    def ids(self, side: Side) -> list[str | None]:
        """The record ids of a side, as far as they are known."""
        found: list[str | None] = self.rows[f"x_{side.value}_id"].to_pylist()
        return found


@dataclass(frozen=True, slots=True)
class WriteProtocol:
    """For one run. One thread. `name` is what its steps are called after."""

    session: SyncSession
    ledger: Ledger
    run_id: int
    progress: Progress
    cancel: CancelToken
    steps: Steps
    intents: Intents
    name: str

    def write_side(
        self,
        layout: Layout,
        side: Side,
        queries: Iterable[Query],
        stage: Callable[[Query, pa.Table, Writer], Staged | None],
        settle: Callable[[Query, Staged, WriteResult], None],
        is_settled_here: Callable[[Query], bool] = lambda _query: False,
        left: Answered[Query] | None = None,
    ) -> None:
        """All rows of the queries are written to the side through one writer, in their order.

        `stage` is given the rows of a batch and calls `intend`, unless nothing is left of them; `settle` is given the
        answer, with an item for each record. A cancel leaves no intent open. Raises LeaseLostError when another run
        took this one's place. `is_settled_here`: whether what was written as it was sent is settled in the ledger
        alone; then it may be settled while the next batches are being written. `left`: what of the other side is still
        to be settled, which is done while this one is being written; such batches of this side are in it afterwards.
        """
        endpoint = self.session.endpoints[side]
        # The readings are closed here: an error may be held to the end of the program, and its frame with it.
        with self.session.writer(layout, side) as writer, ExitStack() as readings:
            staged: list[tuple[Query, Staged]] = []
            answered: Answered[Query] = [] if left is None else left
            for query in queries:
                size = self.intents.batch_size(side, query.operation)
                at_once = self.intents.batches_per_commit(side, query.operation, BATCHES_PER_COMMIT)
                batches = readings.enter_context(closing(read_ahead(self.session.bench.stream(query.sql, size), AHEAD)))
                for batch in (part for whole in batches for part in self.session.parts(layout, whole)):
                    if self.cancel.is_paused:
                        self._rest(writer, staged, answered, settle, commits=endpoint.capabilities.commits_each_batch)
                    if self.cancel.is_cancelled:
                        self.settle(answered, settle)
                        self._abandon(layout, staged)
                        self.cancel.check()
                    one = stage(query, pa.Table.from_batches([batch]), writer)
                    if one is not None:
                        staged.append((query, one))
                        is_enough = _is_enough(staged, at_once) or self.session.are_enough(layout, one.rows)
                        if endpoint.capabilities.commits_each_batch and is_enough:
                            self._commit(writer, staged, answered, settle)
                            if at_once == 1 or not self._may_wait(endpoint.capabilities, answered, is_settled_here):
                                self.settle(answered, settle)
            if staged:
                self._commit(writer, staged, answered, settle)
            if left is None or not self._may_wait(endpoint.capabilities, answered, is_settled_here):
                self.settle(answered, settle)

    def intend(
        self,
        layout: Layout,
        query: Written,
        rows: pa.Table,
        content: pa.Table,
        values: pa.Table,
        writer: Writer,
        keep_pending: Callable[[], None] | None = None,
    ) -> Staged:
        """The intent of these rows is durable, and the writer has taken them. `keep_pending` makes durable what else
        must be before anything is sent."""
        mine = f"x_{query.target.value}_id"
        structure = layout.of(query.target).structure.name
        sent = self.intents.sending(layout, query, rows.num_rows, has_ids=not rows[mine].null_count)
        batch_id = self.ledger.open_batch(
            self.session.key(layout),
            self.run_id,
            query.target,
            structure,
            int(query.operation),
            content,
            sent.request,
            self.session.identity_of(query.target),
        )
        if keep_pending is not None:
            keep_pending()
        self.steps(f"{self.name}.intent_is_durable")
        writer.stage(
            WriteBatch(
                query.operation,
                rows[mine].to_pylist(),
                query.values,
                values,
                query.expected,
                rows.select([f"x_e{i}" for i in range(len(query.expected))]).rename_columns(list(query.expected)),
                sent.keys,
                sent.send_before,
            )
        )
        return Staged(batch_id, rows, content, bool(sent.keys))

    def _rest(
        self,
        writer: Writer,
        staged: list[tuple[Query, Staged]],
        answered: Answered[Query],
        settle: Callable[[Query, Staged, WriteResult], None],
        *,
        commits: bool,
    ) -> None:
        """A person paused the run: what is intended is written and settled, then it waits, the lease kept. A file,
        which is written as a whole at the end, is as it was, and its intents stay open meanwhile: who closes the
        program has them closed, and after a crash they are settled like any others."""
        if staged and commits:
            self._commit(writer, staged, answered, settle)
        self.settle(answered, settle)
        lease = self.session.lease
        self.cancel.rest(lease.keep if lease is not None else lambda: None)

    def _abandon(self, layout: Layout, staged: Sequence[tuple[Query, Staged]]) -> None:
        """Intents whose write was never committed are closed; the endpoint is as it was."""
        for query, one in staged:
            self.ledger.close_batch(one.batch_id, SETTLEMENT_SCHEMA.empty_table(), done_rows=())
            if self.session.provenance is not None:
                self.session.provenance.settle_ids(layout, query.target, (), one.ids(query.target))

    def _commit(
        self,
        writer: Writer,
        staged: list[tuple[Query, Staged]],
        answered: Answered[Query],
        settle: Callable[[Query, Staged, WriteResult], None],
    ) -> None:
        """What is staged was written, and is what is answered now. What was answered before is settled meanwhile."""
        self.session.check_lease()
        if answered:
            with ThreadPoolExecutor(1, "write") as writing:  # waits for the write, whatever becomes of the settling
                under_way = writing.submit(writer.commit)
                self.settle(answered, settle)
                results = under_way.result()
        else:
            results = writer.commit()
        self.steps(f"{self.name}.written")
        for (query, one), result in zip(staged, results, strict=True):
            answered.append((query, one, whole_result(result, one.rows)))
        staged.clear()

    def settle(
        self,
        answered: Answered[Query],
        settle: Callable[[Query, Staged, WriteResult], None],
    ) -> None:
        """Nothing that was answered is left to be settled."""
        while answered:
            query, one, result = answered.pop(0)
            settle(query, one, result)
            self.progress.advance(one.rows.num_rows)

    @staticmethod
    def _may_wait(
        capabilities: Capabilities,
        answered: Sequence[tuple[Query, Staged, WriteResult]],
        is_settled_here: Callable[[Query], bool],
    ) -> bool:
        """Whether settling these batches asks nothing of the endpoint, so that it may be written to meanwhile. Only
        where an answer says all: of what may still be under way, as little as possible is to be open."""
        written = int(WriteStatus.WRITTEN)
        return capabilities.max_in_flight_s == 0 and all(
            is_settled_here(query)
            and all(status == written for status in result.statuses)
            and all(result.stored_as_sent)
            for query, _, result in answered
        )


def _is_enough(staged: Sequence[tuple[Written, Staged]], at_once: int) -> bool:
    """Whether what is staged is worth a commit."""
    updates = sum(one.rows.num_rows for query, one in staged if query.operation is Operation.UPDATE)
    return len(staged) >= at_once or updates >= ENOUGH_UPDATES


def whole_result(result: WriteResult, rows: pa.Table) -> WriteResult:
    """The result; where it does not have an item for each record, nobody knows what became of any of them."""
    number = rows.num_rows
    parts = (result.statuses, result.ids, result.messages, result.stored_as_sent)
    if all(len(part) == number for part in parts):
        return result
    return WriteResult([int(WriteStatus.UNKNOWN)] * number, [None] * number, [""] * number, [True] * number)


def in_doubt(one: Staged, result: WriteResult) -> pa.Array:
    """Whether it must be found out what became of each record. A key that is there already is that of this record."""
    statuses = pa.array(result.statuses, pa.int8())
    unknown = pc.equal(statuses, _status(WriteStatus.UNKNOWN))
    return pc.or_(unknown, pc.equal(statuses, _status(WriteStatus.EXISTS))) if one.has_keys else unknown


def was_written(result: WriteResult) -> pa.Array:
    """Whether each record was written."""
    return pc.equal(pa.array(result.statuses, pa.int8()), _status(WriteStatus.WRITTEN))


def _status(status: WriteStatus) -> pa.Scalar:
    """Of the type that statuses have, so that Arrow need not look for it."""
    return pa.scalar(status, pa.int8())
