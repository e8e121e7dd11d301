"""Record ids of a SQLite table as values of its key columns, and the other way round.

A record's id says the read form of its key (`sqlite_forms`); values that read alike need not be equal in SQLite.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import TypeGuard

import pyarrow as pa

from desktop_sync.core.structure import FieldType, binary_of, binary_text, decode_record_id
from desktop_sync.providers.sql.sqlite_connection import quoted
from desktop_sync.providers.sql.sqlite_schema import Affinity, Column
from desktop_sync.providers.sql.sqlite_values import WORDS

_LONGEST_NUMBER, _WHOLE = 32, 2**63
_MOST_DIGITS = 18
"""Of a number that is written out to be compared with what a column of numbers reads as."""


def key_texts(column: Column, values: Sequence[object]) -> list[str | None]:
    """`key_text` of each value."""
    if column.affinity is Affinity.TEXT and column.field.type is FieldType.TEXT:
        return [value if isinstance(value, str) else key_text(column, value) for value in values]
    if column.affinity is Affinity.INTEGER and column.field.type is FieldType.INTEGER:
        return [
            str(value) if type(value) is int else value if _is_canonical(value) else key_text(column, value)
            for value in values
        ]
    return [key_text(column, value) for value in values]


def _is_canonical(value: object) -> TypeGuard[str]:
    """Whether a value is the text of a positive number, as the database prints it."""
    return isinstance(value, str) and value.isascii() and value.isdigit() and value[0] != "0" and len(value) < 19


def key_text(column: Column, value: object) -> str | None:
    """The read form of a value that is bound to a key column; None for an empty one."""
    if value is None:
        return None
    if isinstance(value, float):
        return key_text_of(value)
    if column.field.type is FieldType.BINARY:
        return binary_text(value.encode() if isinstance(value, str) else bytes(value))  # type: ignore[call-overload]
    text = bytes(value).decode(errors="replace") if isinstance(value, bytes | memoryview) else str(value)
    if column.field.type is FieldType.BOOLEAN:
        return {"1": "true", "0": "false"}.get(text, text)
    if column.affinity in (Affinity.INTEGER, Affinity.NUMERIC) and column.field.type in (
        FieldType.INTEGER,
        FieldType.DECIMAL,
    ):
        try:
            number = Decimal(text)
        except InvalidOperation:
            return text
        if number.is_finite() and len(number.as_tuple().digits) <= _MOST_DIGITS:
            plain = format(number, "f")
            return (plain.rstrip("0").rstrip(".") if "." in plain else plain) or "0"
    return text


def has_two_forms(column: Column) -> bool:
    """Whether SQLite tells values of a key column apart that read alike."""
    kind = column.field.type
    return kind is FieldType.BINARY or (kind is FieldType.BOOLEAN and column.affinity is not Affinity.TEXT)


def key_forms(column: Column, text: str | None) -> tuple[object, ...]:
    """The values that read as this text, as they are bound: one, or two where `has_two_forms`; the second is that which
    is hardly ever stored. Raises ValueError where none does."""
    if text is None or not has_two_forms(column):
        return (text,)
    if column.field.type is FieldType.BOOLEAN:
        return (WORDS[text], text) if text in WORDS else (text,)
    value = binary_of(text)
    try:
        return (value, value.decode())
    except UnicodeDecodeError:
        return (value,)


def has_rare_forms(columns: Sequence[Column]) -> bool:
    """Whether records may have ids that `rare_forms` finds: those of one key column of text, or of no type."""
    return len(columns) == 1 and columns[0].field.type is FieldType.TEXT


def rare_forms(column: Column, text: str) -> list[object]:
    """What else than this text reads as it in a column of text, or of no type: bytes, and numbers where SQLite does not
    make text of them. None of it equals the text in SQLite."""
    found: list[object] = [text.encode()]
    number = _number_of(text) if column.affinity is Affinity.BLOB else None
    return found if number is None else [*found, number]


def _number_of(text: str) -> int | float | None:
    """The number whose read form it is."""
    if len(text) > _LONGEST_NUMBER or not text.isascii():
        return None
    try:
        whole = int(text)
        return whole if str(whole) == text and -_WHOLE <= whole < _WHOLE else None
    except ValueError:
        pass
    try:
        real = float(text)
    except ValueError:
        return None
    return real if key_text_of(real) == text else None


def key_text_of(real: float) -> str:
    """A real number by its shortest digits, as it is read."""
    return str(pa.array([real]).cast(pa.string())[0].as_py())


def by_key_sql(columns: Sequence[Column]) -> str:
    """The condition on the key, with the marks for what `bound_keys` gives."""
    marks = ("IN (?, ?)" if has_two_forms(column) else "= ?" for column in columns)
    return " AND ".join(f"{quoted(one.field.name)} {mark}" for one, mark in zip(columns, marks, strict=True))


def bound_keys(columns: Sequence[Column], ids: Sequence[str | None]) -> list[tuple[object, ...]]:
    """What `by_key_sql` is asked with for each id. An id of another form names no record."""
    if len(columns) == 1 and not has_two_forms(columns[0]):
        return [(record_id,) for record_id in ids]
    return [_bound(columns, record_id) for record_id in ids]


def _bound(columns: Sequence[Column], record_id: str | None) -> tuple[object, ...]:
    values: list[object] = []
    try:
        parts = (None,) * len(columns) if record_id is None else decode_record_id(record_id, len(columns))
        for column, part in zip(columns, parts, strict=True):
            forms = key_forms(column, part)
            values += (forms[0], forms[-1]) if has_two_forms(column) else forms
    except ValueError:
        return (None,) * sum(1 + has_two_forms(column) for column in columns)
    return tuple(values)


def key_array(column: Column, texts: Sequence[str | None]) -> pa.Array:
    """The parts of ids that belong to a key column, as values that are sent to it. Null where no value reads so."""
    if column.field.type is not FieldType.BINARY:
        return pa.array(texts, pa.string())
    return pa.array([_bound([column], text)[0] for text in texts], pa.binary())
