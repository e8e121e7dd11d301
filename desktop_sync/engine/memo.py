"""What a complete read found, so that the next one need not measure again what is the same still.

What a row sends, its problem, whether it is in the filter and its match key follow from its raw columns alone. A memo
has the raw columns of all rows of a read, in its order, and its facts say of a row: of which sync record it is, which
baseline that had, and whether the row had the digest of that baseline, no problem, and was in the filter. It counts
only under the same `memo_key`, for a row with the very same values, and only while the baseline is still that one. So
a memo of another time, or of another ledger, says nothing wrong: at worst it is of no use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Protocol

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.configuration import Side
from desktop_sync.core.status import Status
from desktop_sync.engine.canonical import CANONICAL_VERSION
from desktop_sync.engine.expression import SESSION_SETTINGS
from desktop_sync.engine.staging import Staging
from desktop_sync.engine.weave import Weave, can_be_compared
from desktop_sync.engine.workbench import Workbench

MEMO_VERSION = 2
FACTS_SCHEMA = pa.schema(
    [
        pa.field("place", pa.int64(), nullable=False),
        pa.field("record_id", pa.int64(), nullable=False),
        pa.field("baseline", pa.uint64(), nullable=False),
        pa.field("was_unchanged", pa.bool_(), nullable=False),
        pa.field("match_low", pa.uint64()),
        pa.field("match_high", pa.uint64()),
    ]
)
"""Ordered by `place`, the number of a row from 0. `baseline`: a hash of the peer's id and digest. Rows without a sync
record have no facts."""
PLACE = "place"
"""The column of a side table with the number of the row in the read, as long as a memo is being made."""

_STALE_SHARE = 200
"""From so many-th part of the peers in sync of which a memo knows nothing on, it is made anew."""
_MOST_SPARSE = 4
_HALF = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Kept:
    """A memo as it was kept. `rows` can be gone through once; `row_count` of them. `is_old`: it holds what was read so
    long ago that records may be in it of which nothing is to be kept any more."""

    rows: Iterator[pa.RecordBatch]
    row_count: int
    facts: pa.Table
    is_old: bool = False


class Spool(Protocol):
    """A memo that is being made. Never raises: what cannot be kept is not."""

    def add(self, rows: pa.RecordBatch) -> None:
        """The next rows of the read, of the columns that it has."""

    def keep(self, facts: pa.RecordBatchReader) -> None:
        """All rows, with these facts in the columns of FACTS_SCHEMA, take the place of what was kept."""

    def close(self) -> None:
        """What was not kept is gone."""


class Memo(Protocol):
    """What is remembered of one side of one entity. Never raises: what cannot be had or kept is not remembered."""

    def recall(self, key: str, schema: pa.Schema) -> AbstractContextManager[Kept | None]:
        """Just what was kept under this key, of columns of these types; None where there is nothing sound."""

    def spool(self, key: str, schema: pa.Schema) -> Spool:
        """The next memo, empty still."""

    def forget(self) -> None:
        """Nothing is kept any more."""


@dataclass(slots=True)
class Recall:
    """What a read may use of a memo, and what it is to leave there.

    `weave`: None where nothing is known. `spool`: None where what is kept is good enough. After `release`, what is kept
    is not being read any more: some systems replace no file that is. `is_old`: it is to be replaced in any case.
    """

    memo: Memo
    weave: Weave | None
    spool: Spool | None
    release: Callable[[], None]
    is_old: bool = False

    def added(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The batches, with the columns r0, r1 … and, where a memo is being made, PLACE; their rows are in it."""
        place = 0
        for batch in batches:
            columns, names = list(batch.columns), [f"r{number}" for number in range(batch.num_columns)]
            if self.spool is not None:
                self.spool.add(batch)
                columns.append(pa.arange(place, place + batch.num_rows))
                names.append(PLACE)
            place += batch.num_rows
            yield pa.RecordBatch.from_arrays(columns, names)

    def schema(self, read: pa.Schema) -> pa.Schema:
        """That of `added`."""
        fields = [pa.field(f"r{place}", kind) for place, kind in enumerate(read.types)]
        return pa.schema(fields if self.spool is None else [*fields, pa.field(PLACE, pa.int64())])

    @property
    def more(self) -> tuple[str, ...]:
        """Columns that the side table has besides."""
        return () if self.spool is None else (PLACE,)


@contextmanager
def recalled(
    bench: Workbench, peers: str, side: Side, memo: Memo | None, staging: Staging, schema: pa.Schema
) -> Iterator[Recall | None]:
    """The memo made ready for a read with that schema; None where there can be none. `peers`: the table of all
    peers."""
    if memo is None or not all(map(can_be_compared, schema.types)):
        yield None
        return
    key = memo_key(staging, schema)
    with ExitStack() as opened:
        kept = opened.enter_context(memo.recall(key, schema))
        weave, is_good = (None, False) if kept is None else _woven(bench, peers, side, staging, kept)
        is_old = kept is not None and kept.is_old
        del kept  # its facts, of which the weave has what holds, are let go while the rows are read
        spool = None if is_good and not is_old else memo.spool(key, schema)
        try:
            yield Recall(memo, weave, spool, opened.close, is_old)
        finally:
            if spool is not None:
                spool.close()


def _woven(bench: Workbench, peers: str, side: Side, staging: Staging, kept: Kept) -> tuple[Weave, bool]:
    """What still holds of a memo, and whether that is of nearly all peers that are in sync."""
    now = bench.table(
        f"SELECT record_id, {_baseline('p', side.value)} AS baseline FROM {peers} p "
        f"WHERE p.status = {Status.PROCESSED:d}"
    ).combine_chunks()
    facts = kept.facts
    ids, peer_ids = facts.column("record_id"), now.column("record_id")
    baseline = now.column("baseline")
    if not ids.equals(peer_ids):
        baseline = baseline.take(_places(ids, peer_ids))
    holds = pc.equal(baseline, facts.column("baseline")).fill_null(False)
    unknown = now.num_rows - int(pc.sum(holds).as_py() or 0)
    told = pc.and_(holds, facts.column("was_unchanged")).combine_chunks()
    places = facts.column(PLACE)
    if not places.equals(pa.chunked_array([pa.arange(0, kept.row_count)])):
        at = _places(pa.arange(0, kept.row_count), places)
        facts, told = facts.take(at), told.take(at)
    ids = pc.if_else(told.fill_null(False), facts.column("record_id"), None)
    columns = {"record_id": ids, "match_low": facts.column("match_low"), "match_high": facts.column("match_high")}
    every = pa.RecordBatch.from_pydict({name: column.combine_chunks() for name, column in columns.items()})
    keys = [column.place for column in staging.side.key]
    return Weave(kept.rows, every, keys), unknown * _STALE_SHARE <= now.num_rows


def _places(wanted: pa.Array | pa.ChunkedArray, there: pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Where each wanted number is in `there`, which has each once; null where it is not."""
    if not len(there):
        return pa.nulls(len(wanted), pa.int64())
    least, most = (int(end.as_py()) for end in pc.min_max(there).values())
    if most - least > _MOST_SPARSE * len(there):
        return pc.index_in(wanted, value_set=there)
    # Numbers of records lie close together: a table of all of them takes a third of the time of one by hashes.
    table = pc.inverse_permutation(pc.subtract(there, least).combine_chunks(), max_index=most - least)
    is_inside = pc.and_(pc.greater_equal(wanted, least), pc.less_equal(wanted, most))
    return table.take(pc.if_else(is_inside, pc.subtract(wanted, least), None))


def keep(bench: Workbench, peers: str, side: Side, table: str, used: Recall, known: int) -> None:
    """The memo says of the rows of the side table what they are, unless it said so of nearly all unchanged ones:
    `known` of them."""
    used.release()
    unchanged = bench.number(f"SELECT count(*) FROM {table} WHERE NOT is_kept")
    is_poor = (unchanged - known) * _STALE_SHARE > unchanged
    if used.spool is None:
        if is_poor:  # the rows came in another order, for one
            used.memo.forget()
        return
    if is_poor or used.is_old:
        rows = (
            f"SELECT s.{PLACE}, s.record_id, {_baseline('p', side.value)} AS baseline, NOT s.is_kept AS was_unchanged, "
            f"{_low('s.match_key')} AS match_low, {_high('s.match_key')} AS match_high FROM {table} s "
            f"JOIN {peers} p ON p.record_id = s.record_id WHERE s.{PLACE} IS NOT NULL ORDER BY s.{PLACE}"
        )
        with bench.stream(rows) as batches:
            used.spool.keep(batches)


def memo_key(staging: Staging, schema: pa.Schema) -> str:
    """Another one whenever the same raw columns may come to another digest, problem, filter or match key."""
    parts = (
        MEMO_VERSION,
        CANONICAL_VERSION,
        duckdb.__version__,
        SESSION_SETTINGS,
        [str(kind) for kind in schema.types],
        staging.measure("raw"),
    )
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()


def match_key_sql() -> str:
    """The match key of facts."""
    return "((CAST(match_high AS UHUGEINT) << 64) | match_low)"


def _baseline(peer: str, side: str) -> str:
    return f"hash({peer}.{side}_id, {peer}.{side}_digest)"


def _low(number: str) -> str:
    return f"CAST(CAST({number} AS UHUGEINT) & {_HALF} AS UBIGINT)"


def _high(number: str) -> str:
    return f"CAST(CAST({number} AS UHUGEINT) >> 64 AS UBIGINT)"
