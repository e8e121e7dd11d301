"""All peers of an entity in chunks, without an object for each value.

Nearly all peers are in order: Processed, with both ids and both digests, and nothing else to tell. SQLite strings the
columns of a whole chunk of these together, and Arrow cuts them up again: a third of the time that rows take, and nearly
none of it holds the interpreter. The other peers of the chunk come as rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.status import DeletedIn, Status

PEER_SCHEMA = pa.schema(
    [
        ("record_id", pa.int64()),
        ("a_id", pa.string()),
        ("b_id", pa.string()),
        ("status", pa.int8()),
        ("deleted_in", pa.int8()),
        ("a_digest", pa.binary()),
        ("b_digest", pa.binary()),
        ("attempts", pa.int32()),
        ("not_before", pa.timestamp("us", "UTC")),
    ]
)
PEER_COLUMNS = "id, a_id, b_id, status, deleted_in, a_digest, b_digest, attempts, not_before"
CHUNK = 8192
_DIGEST_BYTES = 16
_SEPARATOR = "\x1f"
_LARGEST_ID = 2**63 - 1

_IN_ORDER = (
    f"status = {int(Status.PROCESSED)} AND deleted_in = {int(DeletedIn.NOWHERE)} AND attempts = 0"
    " AND not_before IS NULL AND a_id IS NOT NULL AND b_id IS NOT NULL"
    " AND a_digest IS NOT NULL AND b_digest IS NOT NULL"
    f" AND length(a_digest) = {_DIGEST_BYTES} AND length(b_digest) = {_DIGEST_BYTES}"
)
_RANGE = " FROM sync_record WHERE entity_id = ? AND id BETWEEN ? AND ?"
_END = "SELECT id FROM sync_record WHERE entity_id = ? AND id > ? ORDER BY id LIMIT 1 OFFSET ?"
_COUNT = f"SELECT count(*) {_RANGE}"
# As BLOB: the driver would check and copy a text, and digests are none.
_STRUNG = (
    "SELECT count(*), CAST(group_concat(id, ' ') AS BLOB), CAST(group_concat(a_id, char(31)) AS BLOB),"
    " CAST(group_concat(b_id, char(31)) AS BLOB), CAST(group_concat(a_digest, '') AS BLOB),"
    f" CAST(group_concat(b_digest, '') AS BLOB){_RANGE} AND {_IN_ORDER}"
)
_ROWS = f"SELECT {PEER_COLUMNS}{_RANGE} ORDER BY id"
_OTHERS = f"SELECT {PEER_COLUMNS}{_RANGE} AND NOT ({_IN_ORDER}) ORDER BY id"


def all_peers(cursor: sqlite3.Cursor, entity: int) -> Iterator[pa.RecordBatch]:
    """All peers by id, at least one batch, perhaps empty. The cursor is in a read transaction until the end."""
    last, is_end = -1, False
    while not is_end:
        found = cursor.execute(_END, (entity, last, CHUNK - 1)).fetchone()
        is_end = found is None
        end = _LARGEST_ID if found is None else int(found[0])
        yield _chunk(cursor, (entity, last + 1, end), None if is_end else CHUNK)
        last = end


def batch_of(rows: list[tuple[object, ...]]) -> pa.RecordBatch:
    """Rows of PEER_COLUMNS as a batch."""
    columns = zip(*rows, strict=True) if rows else [()] * len(PEER_SCHEMA)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, PEER_SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=PEER_SCHEMA)


def _chunk(cursor: sqlite3.Cursor, span: tuple[int, int, int], count: int | None) -> pa.RecordBatch:
    if count is None:
        count = cursor.execute(_COUNT, span).fetchone()[0]
    strung = cursor.execute(_STRUNG, span).fetchone()
    in_order = _cut(*strung) if strung[0] else None
    if in_order is None:
        return batch_of(cursor.execute(_ROWS, span).fetchall())
    if in_order.num_rows == count:
        return in_order
    others = batch_of(cursor.execute(_OTHERS, span).fetchall())
    both = pa.Table.from_batches([in_order, others]).sort_by("record_id").combine_chunks()
    return both.to_batches()[0]


def _cut(
    count: int, ids: bytes, a_ids: bytes, b_ids: bytes, a_digests: bytes, b_digests: bytes
) -> pa.RecordBatch | None:
    """The batch; None where an id holds the separator."""
    sides = [_texts(a_ids, _SEPARATOR), _texts(b_ids, _SEPARATOR)]
    if any(len(texts) != count for texts in sides):
        return None
    digests = [
        pa.FixedSizeBinaryArray.from_buffers(pa.binary(_DIGEST_BYTES), count, [None, pa.py_buffer(blob)])
        for blob in (a_digests, b_digests)
    ]
    arrays = [
        _texts(ids, " ").cast(pa.int64()),
        *sides,
        pa.repeat(pa.scalar(int(Status.PROCESSED), pa.int8()), count),
        pa.repeat(pa.scalar(int(DeletedIn.NOWHERE), pa.int8()), count),
        *(digest.cast(pa.binary()) for digest in digests),
        pa.repeat(pa.scalar(0, pa.int32()), count),
        pa.nulls(count, pa.timestamp("us", "UTC")),
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=PEER_SCHEMA)


def _texts(blob: bytes, separator: str) -> pa.Array:
    ends = (0).to_bytes(4, "little") + len(blob).to_bytes(4, "little")
    whole = pa.StringArray.from_buffers(1, pa.py_buffer(ends), pa.py_buffer(blob))
    return pc.split_pattern(whole, separator).values
