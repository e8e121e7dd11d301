"""Typed columns in the plain text form that files and untyped databases hold."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.structure import LEAST_DECIMALS


def plain_text(column: pa.Array) -> pa.Array:
    """Digits with a point, `true` and `false`, ISO 8601 with a space before the time; binary as hexadecimal digits.

    Floats have the shortest digits that give the same double.
    """
    kind = column.type
    if pa.types.is_string(kind):
        return column
    if pa.types.is_decimal(kind):
        return decimal_texts(column)
    if pa.types.is_binary(kind):
        return pa.array([None if value is None else value.hex() for value in column.to_pylist()], pa.string())
    if pa.types.is_temporal(kind):
        return time_texts(column)
    return column.cast(pa.string())


def decimal_texts(column: pa.Array) -> pa.Array:
    """Decimals with all digits of their scale and no exponent."""
    return without_exponents(column.cast(pa.string()))


def without_exponents(digits: pa.Array) -> pa.Array:
    """Texts of numbers, those with an exponent written out."""
    has_exponent = pc.fill_null(pc.match_substring(digits, "e", ignore_case=True), False)
    if not pc.any(has_exponent).as_py():
        return digits
    plain = [format(Decimal(text), "f") for text in digits.filter(has_exponent).to_pylist()]
    return pc.replace_with_mask(digits, has_exponent, pa.array(plain, pa.string()))


def decimals_of(doubles: pa.Array, digits: pa.Array, scale: int) -> pa.Array:
    """The digits of doubles that a column of decimals holds: `digits`, which give the same double, but rounded where
    they are more after the point than decimals have room for. What was computed has such digits (0.1 + 0.2 gives
    0.30000000000000004). A column that declares no `scale` (0) keeps those whose first 15 digits that would change."""
    room = max(LEAST_DECIMALS, scale)
    longest = pc.max(pc.binary_length(digits)).as_py()
    if longest is None or longest < len("0.") + room + 1:
        return digits
    is_long = pc.fill_null(pc.match_substring_regex(digits, rf"\.\d{{{room + 1},}}$"), False)
    if not pc.any(is_long).as_py():
        return digits
    rounded = []
    for double, text in zip(doubles.filter(is_long).to_pylist(), digits.filter(is_long).to_pylist(), strict=True):
        number = round(Decimal(text), room) + 0  # -0 is 0
        is_near = scale > 0 or f"{float(number):.15g}" == f"{double:.15g}"
        rounded.append(format(number, "f").rstrip("0").rstrip(".") if is_near else text)
    return pc.replace_with_mask(digits, is_long, pa.array(rounded, pa.string()))


def time_texts(column: pa.Array) -> pa.Array:
    """Dates, times and timestamps as text, without a fraction of zero."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        try:
            return column.cast(pa.timestamp("s", kind.tz)).cast(pa.string())  # most have whole seconds
        except pa.ArrowInvalid:
            column = column.cast(pa.timestamp("us", kind.tz))
    elif pa.types.is_time(kind):
        column = column.cast(pa.time64("us"))
    else:
        return column.cast(pa.string())  # a date has no fraction
    return pc.replace_substring_regex(column.cast(pa.string()), r"\.000000", "")
