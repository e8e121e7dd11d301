"""What writers of all providers need: a staged batch with its tables in memory, and results being filled in."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from desktop_sync.core.errors import BugError
from desktop_sync.core.provider_port import ArrowStream, Operation, WriteBatch, WriteResult, WriteStatus
from desktop_sync.engine.cell_view import cell_view
from desktop_sync.providers.value_digest import LONG_VALUE_BYTES, digest_of

LONG_COLUMN_BYTES = 4 * 1024 * 1024
"""Of binary values in a batch: from here on they are not copied."""


class StagedBatch:
    """A batch whose streams were read. `values` holds the batch's columns by position. Of long binary values that are
    expected, nothing but their digests is held."""

    def __init__(self, batch: WriteBatch) -> None:
        self.operation = Operation(batch.operation)
        self.ids = list(batch.ids)
        self.fields = tuple(batch.fields)
        self.expected_fields = tuple(batch.expected_fields)
        self.values = _columns(batch.values, len(self.fields), len(self.ids), "values")
        expected = _columns(batch.expected, len(self.expected_fields), len(self.ids), "expected")
        has_long_expected = any(_is_long(column) for column in expected)
        self.has_long_values = has_long_expected or any(_is_long(column) for column in self.values)
        """Whether its binary values are so long that a copy of them counts."""
        self._expected = [_as_read(column) for column in expected]
        self._compared: list[tuple[object, ...]] | None = None
        if has_long_expected:
            self._compared = [tuple(map(_without_long, row)) for row in rows_of(self._expected, len(self))]
            self._expected = []  # all of them: what came in one batch is held as long as any column of it
        if self.operation is Operation.DELETE and self.fields:
            raise BugError("a batch of deletes has values")
        if self.operation is not Operation.CREATE and None in self.ids:
            raise BugError("an update or a delete has no record id")

    def __len__(self) -> int:
        return len(self.ids)

    def expected_rows(self) -> list[tuple[object, ...]]:
        """The expected records, one tuple each, values as `read` gave them; each long one as its digest."""
        return rows_of(self._expected, len(self)) if self._compared is None else self._compared


def _columns(stream: ArrowStream | None, width: int, length: int, what: str) -> list[pa.Array]:
    if not width:
        return []  # a table without a column may have lost how many rows it has
    if stream is None:
        raise BugError(f"a batch names {width} fields without {what}")
    table = pa.RecordBatchReader.from_stream(stream).read_all()
    if table.num_columns != width or table.num_rows != length:
        raise BugError(f"{what} are {table.num_rows} by {table.num_columns}, not {length} by {width}")
    return [_plain(column) for column in table.columns]


def _plain(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The column without the encodings that only save space."""
    if isinstance(column, pa.ChunkedArray):
        column = _whole(column)
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(column.dictionary_decode())
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind) or pa.types.is_fixed_size_binary(kind):
        return column.cast(pa.binary())
    return column


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """In one piece; what is in one piece is not copied, because a single value may be long."""
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _as_read(column: pa.Array) -> pa.Array:
    """Readers give text and binary; what an engine has made of a column of nulls becomes text again."""
    return column.cast(pa.string()) if pa.types.is_null(column.type) else column


def _without_long(value: object) -> object:
    """The value; in place of a long one its digest."""
    if not isinstance(value, memoryview):
        return value
    return digest_of((value,)) if len(value) > LONG_VALUE_BYTES else bytes(value)


def rows_of(columns: Sequence[pa.Array], length: int) -> list[tuple[object, ...]]:
    """The columns as one tuple of Python values per record."""
    if not columns:
        return [()] * length
    return list(zip(*(objects_of(column) for column in columns), strict=True))


def objects_of(column: pa.Array) -> list[object]:
    """The values as Python objects; very long binary ones as views of the column, equal to what a copy would be."""
    if not _is_long(column):
        found: list[object] = column.to_pylist()
        return found
    return [
        cell_view(column, place) if is_there else None for place, is_there in enumerate(column.is_valid().to_pylist())
    ]


def _is_long(column: pa.Array) -> bool:
    return bool(pa.types.is_binary(column.type)) and column.nbytes >= LONG_COLUMN_BYTES


class ResultColumns:
    """The result of a batch while it is being made; every record starts as UNKNOWN."""

    def __init__(self, batch: StagedBatch) -> None:
        self.statuses = [int(WriteStatus.UNKNOWN)] * len(batch)
        self.ids: list[str | None] = list(batch.ids)
        self.messages = [""] * len(batch)
        self.stored_as_sent = [True] * len(batch)

    def settle(self, row: int, status: WriteStatus, message: str = "") -> None:
        self.statuses[row] = int(status)
        self.messages[row] = message

    def reject(self, row: int, message: str) -> None:
        self.settle(row, WriteStatus.REJECTED, message)

    def is_open(self, row: int) -> bool:
        return self.statuses[row] == WriteStatus.UNKNOWN

    def settle_all(self, rows: Sequence[int], status: WriteStatus) -> None:
        number = int(status)
        if len(rows) == len(self.statuses):  # nearly always: nothing was refused
            self.statuses[:] = [number] * len(rows)
            return
        for row in rows:
            self.statuses[row] = number

    def open_rows(self) -> list[int]:
        """Rows that nothing was decided about yet."""
        unknown = int(WriteStatus.UNKNOWN)
        if self.statuses.count(unknown) == len(self.statuses):
            return list(range(len(self.statuses)))
        return [row for row, status in enumerate(self.statuses) if status == unknown]

    def result(self) -> WriteResult:
        return WriteResult(tuple(self.statuses), tuple(self.ids), tuple(self.messages), tuple(self.stored_as_sent))
