"""SQL for values: strict casts, plain text, the canonical form behind digests, and record ids.

The canonical form is our own and explicit; its version is `CANONICAL_VERSION`. It never depends on what a cast
prints, so that digests in the ledger stay valid when DuckDB changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from desktop_sync.core.structure import LEAST_DECIMALS, FieldType

CANONICAL_VERSION = 1


@dataclass(frozen=True, slots=True)
class ValueType:
    """The type of a column of values. For DECIMAL: `scale` digits after the point are kept, and as text at least the
    declared `digits` are shown (2.50)."""

    type: FieldType
    scale: int = LEAST_DECIMALS
    digits: int = 0

    @property
    def sql(self) -> str:
        """The DuckDB type."""
        if self.type is FieldType.DECIMAL:
            return f"DECIMAL(38,{self.scale})"
        return _SQL_TYPES[self.type]


TEXT = ValueType(FieldType.TEXT)

_SQL_TYPES = {
    FieldType.TEXT: "VARCHAR",
    FieldType.INTEGER: "BIGINT",
    FieldType.FLOAT: "DOUBLE",
    FieldType.BOOLEAN: "BOOLEAN",
    FieldType.DATE: "DATE",
    FieldType.TIME: "TIME",
    FieldType.TIMESTAMP: "TIMESTAMP",
    FieldType.INSTANT: "TIMESTAMPTZ",
    FieldType.BINARY: "BLOB",
}


def value_type(kind: FieldType, scale: int | None) -> ValueType:
    if kind is not FieldType.DECIMAL:
        return ValueType(kind)
    return ValueType(kind, min(30, max(LEAST_DECIMALS, scale or 0)), min(30, scale or 0))


def quote(name: str) -> str:
    """A quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A quoted text literal."""
    return "'" + text.replace("'", "''") + "'"


# As literals: to bind a call of chr() for each of them takes as long as to bind all else of a digest.
SEPARATOR, _NULL, _ESCAPE = (literal(chr(code)) for code in (31, 30, 29))


def typed_sql(raw: str, kind: ValueType) -> str:
    """The typed value of a text; null where the text does not fit the type without loss. An empty text is empty
    TEXT, no bytes of BINARY, and null for all other types."""
    return raw if kind.type is FieldType.TEXT else parsed_sql(raw, kind)


def _holds(text: str, characters: str) -> str:
    return " OR ".join(f"contains({text}, '{character}')" for character in characters)


def parsed_sql(text: str, kind: ValueType) -> str:
    """The same, for a type other than text. `text` had better be a plain column: it is named several times."""
    match kind.type:
        case FieldType.INTEGER:
            wide = f"TRY_CAST({text} AS DECIMAL(38,9))"
            return (
                f"CASE WHEN NOT ({_holds(text, '.eE')}) THEN TRY_CAST({text} AS BIGINT) "
                f"WHEN {wide} = trunc({wide}) THEN TRY_CAST(trunc({wide}) AS BIGINT) END"
            )
        case FieldType.DECIMAL:
            cast = f"TRY_CAST({text} AS {kind.sql})"
            return (
                f"CASE WHEN {_holds(text, 'eE')} "
                f"THEN CASE WHEN CAST({cast} AS DOUBLE) = TRY_CAST({text} AS DOUBLE) THEN {cast} END "
                f"WHEN strpos({text}, '.') = 0 OR strlen({text}) - strpos({text}, '.') <= {kind.scale} "
                f"OR strlen(rtrim({text}, '0 ')) - strpos({text}, '.') <= {kind.scale} THEN {cast} END"
            )
        case FieldType.FLOAT:
            cast = f"TRY_CAST({text} AS DOUBLE)"
            return f"CASE WHEN isfinite({cast}) THEN {cast} END"
        case FieldType.DATE:
            stamp = f"TRY_CAST({text} AS TIMESTAMP)"
            return (
                f"CASE WHEN strlen({text}) <= 10 THEN TRY_CAST({text} AS DATE) "
                f"WHEN {stamp} = date_trunc('day', {stamp}) THEN CAST({stamp} AS DATE) END"
            )
        case FieldType.TIMESTAMP:
            cast = utc_sql(text)
            return f"CASE WHEN isfinite({cast}) THEN {cast} END"
        case FieldType.INSTANT:
            cast = f"TRY_CAST({text} AS {kind.sql})"
            return f"CASE WHEN isfinite({cast}) THEN {cast} END"
        case FieldType.BINARY:
            return f"TRY(from_hex({text}))"
        case _:
            return f"TRY_CAST({text} AS {kind.sql})"


def utc_sql(text: str) -> str:
    """The TIMESTAMP in UTC that a text says, null for other texts; one that names no time zone is UTC."""
    # A cast to TIMESTAMP passes over the offset; one by way of TIMESTAMPTZ takes longer, and few texts have any.
    has_offset = f"strpos({text}, '+') > 0 OR strpos(substr({text}, 12), '-') > 0"
    shifted = f"CAST(TRY_CAST({text} AS TIMESTAMPTZ) AS TIMESTAMP)"
    return f"CASE WHEN {has_offset} THEN {shifted} ELSE TRY_CAST({text} AS TIMESTAMP) END"


def plain_text_sql(value: str, kind: ValueType, *, is_for_few: bool = False) -> str:
    """The value as text for people and for endpoints that store text: ISO 8601, digits with a point, `true`.
    `is_for_few`: shorter SQL, which costs less to bind and more for each value."""
    match kind.type:
        case FieldType.TEXT:
            return value
        case FieldType.DECIMAL:
            return _wide_decimal_text(value, kind.digits) if is_for_few else _decimal_text(value, kind.digits)
        case FieldType.BOOLEAN:
            return f"CASE {value} WHEN true THEN 'true' WHEN false THEN 'false' END"
        case FieldType.TIMESTAMP:
            return _stamp_text(value)
        case FieldType.INSTANT:
            return f"({_stamp_text(f'CAST({value} AS TIMESTAMP)')} || 'Z')"
        case FieldType.BINARY:
            return f"hex({value})"
        case _:
            return f"CAST({value} AS VARCHAR)"


def convert_sql(value: str, kind: ValueType, target: ValueType, *, exact: bool = False) -> str:
    """The value in another type, null where that would lose something. `exact`: the source's SQL type may vary."""
    if kind == target and not (exact and kind.type is FieldType.DECIMAL):
        return value
    if kind.type is FieldType.TEXT:
        return typed_sql(value, target)
    if kind.type is FieldType.DECIMAL and target.type is FieldType.DECIMAL:
        rounded = f"TRY_CAST({value} AS {target.sql})"
        return f"CASE WHEN {rounded} = {value} THEN {rounded} END"
    if kind.type is FieldType.FLOAT and target.type is FieldType.DECIMAL:
        return _decimal_of_double(value, target)
    text = plain_text_sql(value, kind)
    return text if target.type is FieldType.TEXT else typed_sql(f"({text})", target)


def _decimal_of_double(value: str, target: ValueType) -> str:
    """The double's digits, rounded to those that there is room for. A target that does not declare how many it wants
    takes only what keeps its first 15 digits by that: 0.1 + 0.2 is 0.3, a third is not 0.333333333."""
    # Through its digits: 12345678901234.56 itself is a little more than that.
    rounded = f"TRY_CAST(CAST({value} AS VARCHAR) AS {target.sql})"
    if target.digits:
        return rounded
    return f"CASE WHEN printf('%.15g', {value}) = printf('%.15g', CAST({rounded} AS DOUBLE)) THEN {rounded} END"


def _decimal_text(value: str, digits: int = 0) -> str:
    # Most numbers have room in 64 bits, whose digits are written many times quicker; the text is the same.
    narrow = f"TRY_CAST({value} AS DECIMAL(18,{LEAST_DECIMALS}))"
    if digits > LEAST_DECIMALS:
        shown = f"CAST({value} AS DECIMAL(38,{digits}))"
        return f"CASE WHEN {shown} = {value} THEN CAST({shown} AS VARCHAR) ELSE {_decimal_text(value)} END"
    # A number with more digits than are shown has more than fewer, too.
    scales = [digits, *range(digits + 1, 3)] if digits else range(3)
    few = "".join(_with_scale(narrow, scale) for scale in scales)
    narrow_text = f"CASE {few}ELSE regexp_replace(CAST({narrow} AS VARCHAR), '\\.?0*$', '') END"
    return f"CASE WHEN {narrow} = {value} THEN {narrow_text} ELSE {_wide_decimal_text(value, digits)} END"


def _wide_decimal_text(value: str, digits: int = 0) -> str:
    short = f"rtrim(rtrim(CAST({value} AS VARCHAR), '0'), '.')"
    if not digits:
        return short
    shown = f"CAST({value} AS DECIMAL(38,{digits}))"
    return f"CASE WHEN {shown} = {value} THEN CAST({shown} AS VARCHAR) ELSE {short} END"


def _with_scale(narrow: str, scale: int) -> str:
    """A case for a number of 18 digits that has no more than so many after the point: as text, just so many."""
    rounded = f"CAST({narrow} AS DECIMAL(18,{scale}))"
    return f"WHEN {rounded} = {narrow} THEN CAST({rounded} AS VARCHAR) "


def _stamp_text(value: str) -> str:
    whole = f"strftime({value}, '%Y-%m-%d %H:%M:%S')"
    return f"CASE WHEN epoch_us({value}) % 1000000 = 0 THEN {whole} ELSE strftime({value}, '%Y-%m-%d %H:%M:%S.%f') END"


def canonical_sql(value: str, kind: ValueType, *, is_for_few: bool = False) -> str:
    """The canonical text of a value, null for null. `is_for_few`: as in `plain_text_sql`."""
    match kind.type:
        case FieldType.TEXT:
            # Separator and null mark are control characters: a text that holds one is escaped, hardly any does.
            escaped = value
            for mark, stands_for in ((_ESCAPE, "9"), (_NULL, "0"), (SEPARATOR, "1")):
                escaped = f"replace({escaped}, {mark}, {_ESCAPE[:-1]}{stands_for}')"
            holds = " OR ".join(f"contains({value}, {mark})" for mark in (SEPARATOR, _NULL, _ESCAPE))
            return escaped if is_for_few else f"CASE WHEN {holds} THEN {escaped} ELSE {value} END"
        case FieldType.DECIMAL:
            return _wide_decimal_text(value) if is_for_few else _decimal_text(value)
        case FieldType.FLOAT:
            return f"printf('%.17g', {value} + 0.0)"  # adding zero makes -0 and 0 one value
        case FieldType.DATE:
            return f"CAST({value} - DATE '1970-01-01' AS VARCHAR)"
        case FieldType.TIME:
            return f"CAST(epoch_us({value}) AS VARCHAR)"
        case FieldType.TIMESTAMP | FieldType.INSTANT:
            return f"CAST(epoch_us({value}) AS VARCHAR)"
        case _:
            return plain_text_sql(value, kind)


def digest_sql(canonical_values: Sequence[str]) -> str:
    """A 16-byte digest over canonical values in order; equal exactly when all of them are (null differs from empty)."""
    if not canonical_values:
        return "unhex('00000000000000000000000000000000')"
    parts = f", {SEPARATOR}, ".join(f"coalesce({value}, {_NULL})" for value in canonical_values)
    return f"unhex(left(sha256(concat({parts})), 32))"


def record_id_sql(key_columns: Sequence[str]) -> str:
    """The record id from the raw key columns, as `core.structure.encode_record_id` makes it; null if a part is null."""
    texts = [f"nullif(CAST({column} AS VARCHAR), '')" for column in key_columns]
    if len(texts) == 1:
        return texts[0]
    return " || ',' || ".join(f"replace(replace({text}, '\\', '\\\\'), ',', '\\,')" for text in texts)
