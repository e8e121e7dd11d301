"""The rows of a read beside those of an earlier one: which are the same still.

Both come in the order of the endpoint, which hardly ever changes, so that nearly always a batch lies beside the rows
that it was compared with last. Where records were added or removed in between, the keys say how far it slipped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

LOOK_AHEAD = 65_536
"""So many rows may be gone between two that came one after the other; behind a larger gap nothing is found again."""
_MOST_BYTES = 64 << 20
"""So much at most of longer rows is looked through."""


def can_be_compared(kind: pa.DataType) -> bool:
    """Whether Arrow tells any two values of the type apart."""
    types = pa.types
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_binary(kind)
        or types.is_integer(kind)
        or types.is_boolean(kind)
        or types.is_float64(kind)
        or types.is_decimal128(kind)
        or types.is_date32(kind)
        or types.is_timestamp(kind)
        or types.is_time64(kind)
    )


@dataclass(frozen=True, slots=True)
class Same:
    """`known`: of each row of a batch, whether it is the same. `facts`: what is known of those that are, in order."""

    known: pa.BooleanArray
    facts: pa.RecordBatch


class Weave:
    """Takes the batches of a read in order, once."""

    def __init__(self, rows: Iterator[pa.RecordBatch], facts: pa.RecordBatch, keys: Sequence[int]) -> None:
        """`rows` of the earlier read, in order. `facts`: a row for each of these; where the first column is null,
        nothing is known of it. `keys`: the places of the columns that name a record."""
        self._rows = _Rows(rows)
        self._facts = facts
        self._keys = keys

    def same(self, batch: pa.RecordBatch) -> Same:
        """Rows of which something is known and which have the very same value in every column."""
        count, start = batch.num_rows, self._rows.position
        beside = self._rows.peek(count)
        if not beside.num_rows:
            return Same(pa.repeat(pa.scalar(False), count), self._facts.slice(0, 0))
        if beside.num_rows == count and all(batch.column(key).equals(beside.column(key)) for key in self._keys):
            facts = self._facts.slice(start, count)
            self._rows.skip(count)
            return _told(_equal_rows(batch, beside), facts)
        beside = self._rows.peek(count + LOOK_AHEAD)
        at = pc.index_in(_names(batch, self._keys), value_set=_names(beside, self._keys))
        self._rows.skip(_passed(at))
        facts = self._facts.slice(start, beside.num_rows).take(at)
        return _told(pc.and_(_equal_rows(batch, beside.take(at)), at.is_valid()), facts)


class _Rows:
    """Batches as one sequence of rows that can be looked at before they are passed."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._held: deque[pa.RecordBatch] = deque()
        self.position = 0

    def peek(self, count: int) -> pa.RecordBatch:
        """The next `count` rows; fewer at the end."""
        there = sum(batch.num_rows for batch in self._held)
        while self._wants(count, there) and (batch := next(self._batches, None)) is not None:
            self._held.append(batch)
            there += batch.num_rows
        if not self._held:
            return pa.record_batch([])
        if self._held[0].num_rows < count and len(self._held) > 1:
            self._held = deque([pa.concat_batches(list(self._held))])
        return self._held[0].slice(0, count)

    def _wants(self, count: int, there: int) -> bool:
        if there >= count:
            return False
        return count <= LOOK_AHEAD or not there or sum(batch.nbytes for batch in self._held) < _MOST_BYTES

    def skip(self, count: int) -> None:
        """The next `count` rows, which were looked at, are passed."""
        self.position += min(count, sum(batch.num_rows for batch in self._held))
        while count and self._held:
            first = self._held.popleft()
            if first.num_rows > count:
                self._held.appendleft(first.slice(count))
                return
            count -= first.num_rows


def _told(equal: pa.BooleanArray, facts: pa.RecordBatch) -> Same:
    known = pc.and_(equal, facts.column(0).is_valid())
    return Same(known, facts.filter(known))


def _equal_rows(batch: pa.RecordBatch, other: pa.RecordBatch) -> pa.BooleanArray:
    """Of each row whether all columns hold the same; null is the same as null."""
    found = pa.repeat(pa.scalar(True), batch.num_rows)
    for one, two in zip(map(_bits, batch.columns), map(_bits, other.columns), strict=True):
        if one.equals(two):
            continue
        equal = pc.equal(one, two)
        if equal.null_count:
            both = pc.and_(one.is_null(), two.is_null())
            equal = pc.or_(equal.fill_null(False), both)
        found = pc.and_(found, equal)
    return found


def _bits(values: pa.Array) -> pa.Array:
    """Zero and minus zero are not the same, and what is no number is the same as itself."""
    return values.view(pa.int64()) if pa.types.is_float64(values.type) else values


def _names(batch: pa.RecordBatch, keys: Sequence[int]) -> pa.Array:
    """What tells most rows apart; that it is the right one is seen by all columns."""
    columns = [batch.column(key) for key in keys]
    if len(columns) == 1 or any(pa.types.is_binary(column.type) for column in columns):
        return columns[0]
    return pc.binary_join_element_wise(*(column.cast(pa.string()) for column in columns), "\x1f")


def _passed(at: pa.Int32Array) -> int:
    """How many rows lie before those that the next batch is beside. `at`: where each row of a batch was found."""
    rows = pa.arange(0, len(at)).filter(at.is_valid())
    if not len(rows):
        return 0
    slips = pc.subtract(at.drop_null().cast(pa.int64()), rows)
    # By most of the last ones: a single record may have come from elsewhere.
    slip = pc.quantile(slips[-max(1, len(slips) // 4) :], 0.5, interpolation="nearest")[0].as_py()
    return max(0, int(rows[-1].as_py()) + 1 + int(slip))
