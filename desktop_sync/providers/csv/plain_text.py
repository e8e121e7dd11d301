"""Typed columns in the plain text form that stands in text files."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def plain_text(column: pa.Array) -> pa.Array:
    """Digits with a point, `true` and `false`, ISO 8601 with a space before the time; binary as hexadecimal digits.

    Floats have the shortest digits that give the same double.
    """
    kind = column.type
    if pa.types.is_string(kind):
        return column
    if pa.types.is_decimal(kind):
        return pa.array([None if value is None else format(value, "f") for value in column.to_pylist()], pa.string())
    if pa.types.is_binary(kind):
        return pa.array([None if value is None else value.hex() for value in column.to_pylist()], pa.string())
    if pa.types.is_timestamp(kind) or pa.types.is_time(kind):
        kind = pa.timestamp("us", kind.tz) if pa.types.is_timestamp(kind) else pa.time64("us")
        return pc.replace_substring_regex(column.cast(kind).cast(pa.string()), r"\.000000", "")
    return column.cast(pa.string())
