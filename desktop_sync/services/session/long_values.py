"""Where tokens take the place of long binary values, and where the values come back (`core.long_value`).

Between a read of an endpoint and a write to one, everything works with tokens: the workbench, plans, batches in the
ledger, undo. So memory and ledger do not follow the size of pictures and documents.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.errors import EndpointError, Place
from desktop_sync.core.long_value import (
    LONG_BYTES,
    PREFIX,
    TEXT_PREFIX,
    TOKEN_BYTES,
    Content,
    ValueStore,
    is_long,
    length_of,
    token_of,
)
from desktop_sync.core.provider_port import ArrowStream, WriteBatch, Writer, WriteResult
from desktop_sync.engine.cell_view import cell_view

MOST_BYTES = 16 * 1024 * 1024
"""So much at most of long values is written at once, unless a single record has more."""


def shortened(batch: pa.RecordBatch, names: Iterable[str], store: ValueStore) -> pa.RecordBatch:
    """The batch with tokens in place of the long values of these fields, whose contents are kept from now on."""
    contents: dict[bytes, Content] = {}
    for name in names:
        place = batch.schema.get_field_index(name)
        if place >= 0:
            short = _shortened(batch.column(place), contents)
            if short is not None:
                batch = batch.set_column(place, batch.schema.field(place), short)
    if contents:
        store.keep_values(contents)
    return batch


def _shortened(column: pa.Array, contents: dict[bytes, Content]) -> pa.Array | None:
    """None where nothing in it is long. Long values are few, or few fit into a batch: a loop over them costs nothing
    beside their digests."""
    is_text = pa.types.is_string(column.type)
    if not (is_text or pa.types.is_binary(column.type)):
        return None
    limit = 2 * LONG_BYTES if is_text else LONG_BYTES
    may_be = pc.or_(
        pc.greater(pc.binary_length(column), limit), pc.starts_with(column, TEXT_PREFIX if is_text else PREFIX)
    )
    places = pc.indices_nonzero(pc.fill_null(may_be, False)).to_pylist()
    if not places:
        return None
    tokens: dict[int, str | bytes] = {}
    for place in places:
        value = cell_view(column, place)
        try:
            content: Content = binascii.unhexlify(value) if is_text else value
        except (binascii.Error, ValueError):
            continue  # no digits of a binary value: the staging says so
        if is_long(content):
            token = token_of(content)
            contents[token] = content
            tokens[place] = token.hex().upper() if is_text else token
    mask = pa.array([place in tokens for place in range(len(column))])
    return pc.replace_with_mask(column, mask, pa.array([tokens[one] for one in sorted(tokens)], column.type))


@dataclass(frozen=True, slots=True)
class LongValueWriter:
    """A writer that is staged tokens for values of these fields, and stages the values with the endpoint's own."""

    writer: Writer
    names: frozenset[str]
    store: ValueStore
    place: Place

    def __enter__(self) -> LongValueWriter:
        self.writer.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.writer.__exit__(*exc)

    def stage(self, batch: WriteBatch) -> None:
        values = self._whole(batch.values, batch.fields)
        expected = self._whole(batch.expected, batch.expected_fields)
        self.writer.stage(replace(batch, values=values, expected=expected))

    def commit(self) -> list[WriteResult]:
        return self.writer.commit()

    def _whole(self, stream: ArrowStream | None, fields: Sequence[str]) -> ArrowStream | None:
        places = [place for place, name in enumerate(fields) if name in self.names]
        return stream if stream is None or not places else self._with_contents(stream, places)

    def _with_contents(self, stream: ArrowStream, places: Sequence[int]) -> pa.Table:
        table = pa.RecordBatchReader.from_stream(stream).read_all()
        found = {place: _tokens(table.column(place)) for place in places}
        wanted = {token for tokens in found.values() for token in tokens.values()}
        if not wanted:
            return table
        contents = self.store.values(wanted)
        for index, tokens in found.items():
            if tokens:
                table = table.set_column(index, table.schema.field(index), self._column(table, index, tokens, contents))
        return table

    def _column(
        self, table: pa.Table, index: int, tokens: dict[int, bytes], contents: dict[bytes, Content]
    ) -> pa.ChunkedArray:
        column = table.column(index)
        values = column.to_pylist()
        for place, token in tokens.items():
            if token not in contents:
                problem = "a long value is to be written whose content is not kept any more"
                raise EndpointError(problem, replace(self.place, field=table.schema.names[index]))
            values[place] = contents[token] if isinstance(values[place], bytes) else contents[token].hex().upper()
        alone = _alone(values[0], column.type) if len(values) == 1 else None
        return pa.chunked_array([pa.array(values, column.type) if alone is None else alone])


def _alone(value: object, kind: pa.DataType) -> pa.Array | None:
    """The long value of a record that is written alone, where it stands: a copy of it is what memory is short of."""
    if not isinstance(value, bytearray):
        return None
    offsets = struct.pack("=qq" if pa.types.is_large_binary(kind) else "=ii", 0, len(value))
    return pa.Array.from_buffers(kind, 1, [None, pa.py_buffer(offsets), pa.py_buffer(value)])


def _tokens(column: pa.ChunkedArray) -> dict[int, bytes]:
    """The tokens in a column, by their places."""
    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    if not (is_text or pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)):
        return {}
    prefix, length = (TEXT_PREFIX, 2 * TOKEN_BYTES) if is_text else (PREFIX, TOKEN_BYTES)
    has_one = pc.and_(pc.starts_with(column, prefix), pc.equal(pc.binary_length(column), length))
    places = pc.indices_nonzero(pc.fill_null(has_one, False)).to_pylist()
    return {one: bytes.fromhex(column[one].as_py()) if is_text else column[one].as_py() for one in places}


def parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch, in parts whose long values have together `MOST_BYTES` at most, or are those of one record."""
    weights = _weights(pa.Table.from_batches([batch]))
    if sum(weights) <= MOST_BYTES:
        yield batch
        return
    yield from _cut(batch, weights)


def are_enough(rows: pa.Table) -> bool:
    """Whether these rows have so many bytes of long values that no others are to be held besides: a long record."""
    return sum(_weights(rows)) > MOST_BYTES


def _weights(rows: pa.Table) -> list[int]:
    """How many bytes the long values of each row have."""
    weights = [0] * rows.num_rows
    for column in rows.columns:
        for place, token in _tokens(column).items():
            weights[place] += length_of(token)
    return weights


def _cut(batch: pa.RecordBatch, weights: Sequence[int]) -> Iterator[pa.RecordBatch]:
    start, weight = 0, 0
    for place, one in enumerate(weights):
        if weight + one > MOST_BYTES and place > start:
            yield batch.slice(start, place - start)
            start, weight = place, 0
        weight += one
    yield batch.slice(start)
