"""A look at one long value of an Arrow column, where it stands: a scalar of the column would be a copy of it."""

from __future__ import annotations

import struct

import pyarrow as pa

_OFFSETS = {pa.binary(): "=ii", pa.string(): "=ii", pa.large_binary(): "=qq", pa.large_string(): "=qq"}


def cell_view(column: pa.Array, place: int) -> memoryview:
    """The bytes of the value in this place, which is not null; they stay as long as the view does. The column is one of
    text or of binary values."""
    _, offsets, data = column.buffers()
    form = _OFFSETS[column.type]
    start, end = struct.unpack_from(form, offsets, (column.offset + place) * (struct.calcsize(form) // 2))
    return memoryview(data if data is not None else b"")[start:end].cast("B")
