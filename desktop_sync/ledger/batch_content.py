"""The content of write batches: Arrow streams in a blob, large ones compressed where the library can."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from desktop_sync.core.errors import BugError
from desktop_sync.core.provider_port import ArrowStream

COMPRESSED_FROM = 64 * 1024
"""Bytes from which on compressing is worth its time: of a small batch it would take longer than storing it."""

FIXED_COLUMNS = ("record_id", "action", "rule", "a_id", "b_id", "a_digest", "b_digest")
A_PREFIX, B_PREFIX, BEFORE_PREFIX = "a:", "b:", "before:"


def read_stream(stream: ArrowStream) -> pa.Table:
    """All of a stream, as one table."""
    return pa.RecordBatchReader.from_stream(stream).read_all()


def read_rows(stream: ArrowStream) -> pa.Table:
    """All of a stream of batch rows. Raises BugError where it lacks a fixed column."""
    table = read_stream(stream)
    missing = [name for name in FIXED_COLUMNS if name not in table.column_names]
    if missing:
        raise BugError(f"batch rows lack the column {missing[0]!r}")
    return table


def pack(rows: pa.Table) -> bytes:
    """The blob."""
    is_large = rows.nbytes >= COMPRESSED_FROM
    codec = "zstd" if is_large and pa.Codec.is_available("zstd") else None
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as writer:
        writer.write_table(rows.combine_chunks())
    content: bytes = sink.getvalue().to_pybytes()
    return content


def unpack(blob: bytes) -> pa.Table:
    """The rows of a blob."""
    with pa.ipc.open_stream(blob) as reader:
        return reader.read_all()


def unpack_record_ids(blob: bytes) -> pa.ChunkedArray:
    """The column record_id alone; nothing else is decompressed."""
    with pa.ipc.open_stream(blob) as reader:
        position = reader.schema.get_field_index("record_id")
    options = pa.ipc.IpcReadOptions(included_fields=[position])
    with pa.ipc.open_stream(blob, options=options) as reader:
        return reader.read_all().column(0)


def pack_rows_done(done: Sequence[int], row_count: int) -> bytes | None:
    """A bit for each row, or None where all rows are done."""
    if len(done) == row_count:
        return None
    bits = bytearray((row_count + 7) // 8)
    for row in done:
        bits[row >> 3] |= 1 << (row & 7)
    return bytes(bits)


def is_row_done(bits: bytes | None, row: int) -> bool:
    return bits is None or bool(bits[row >> 3] >> (row & 7) & 1)
