"""Arrow columns as what SQLite stores, and whether it surely stores it as sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.structure import FieldType
from desktop_sync.providers.plain_text import decimal_texts, time_texts
from desktop_sync.providers.sql.sqlite_schema import Affinity, Column
from desktop_sync.providers.write_batch import objects_of

_EXACT_DIGITS = 15
"""Decimal digits that a double holds surely."""

WORDS = {"true": 1, "false": 0}
"""What is bound for a boolean's text form."""


@dataclass(frozen=True)
class StoredColumn:
    """Values to bind, one per record, as an Arrow column. `is_sure`: each reads back as what was sent, so none must be
    read again. `words`: texts that are bound as numbers."""

    column: Column
    bound: pa.Array
    is_sure: bool
    words: Mapping[str, int] | None = None

    @cached_property
    def values(self) -> Sequence[object]:
        """The same as Python objects."""
        values: Sequence[object] = objects_of(self.bound)
        return values if self.words is None else [self.words.get(str(value), value) for value in values]


def stored_column(column: Column, sent: pa.Array) -> StoredColumn:
    """What to bind for a column of sent values.

    Decimals go as digits (SQLite makes numbers of them where the column wants numbers), booleans as 1 and 0, dates
    and times as ISO 8601 with a space before the time.
    """
    kind, affinity = sent.type, column.affinity
    if pa.types.is_null(kind):
        return StoredColumn(column, sent, True)
    if pa.types.is_boolean(kind):
        return _booleans(column, sent)
    if pa.types.is_integer(kind):
        return StoredColumn(column, sent, affinity is not Affinity.REAL)
    if pa.types.is_floating(kind):
        # SQLite stores NaN as NULL, and turns a real in an INTEGER column into text or an integer.
        is_sure = affinity in (Affinity.REAL, Affinity.NUMERIC) and not pc.any(pc.is_nan(sent)).as_py()
        return StoredColumn(column, sent, is_sure)
    if pa.types.is_decimal(kind):
        texts = decimal_texts(sent)
        if affinity is not Affinity.TEXT:
            # Digits without a point are kept exactly as a 64-bit integer; with one they would become a double.
            # All texts have as many digits after the point as the type.
            texts = pc.replace_substring(texts, "." + "0" * kind.scale, "") if kind.scale > 0 else texts
        return StoredColumn(column, texts, affinity is Affinity.TEXT or _fits_doubles(sent))
    if pa.types.is_binary(kind):
        return StoredColumn(column, sent, column.field.type is FieldType.BINARY)
    if pa.types.is_string(kind):
        return _texts(column, sent)
    return StoredColumn(column, time_texts(sent), affinity in (Affinity.TEXT, Affinity.NUMERIC))


def _booleans(column: Column, sent: pa.Array) -> StoredColumn:
    if column.affinity is Affinity.TEXT:
        return StoredColumn(column, sent.cast(pa.string()), True)
    return StoredColumn(column, sent.cast(pa.int64()), column.affinity is not Affinity.REAL)


def _texts(column: Column, sent: pa.Array) -> StoredColumn:
    if column.field.type is FieldType.BOOLEAN:
        return StoredColumn(column, sent, False, WORDS)
    return StoredColumn(column, sent, column.affinity in (Affinity.TEXT, Affinity.BLOB))


def _fits_doubles(sent: pa.Array) -> bool:
    limit = Decimal(10) ** (_EXACT_DIGITS - sent.type.scale)
    largest = pc.min_max(sent).as_py()
    return all(abs(value) < limit for value in largest.values() if value is not None)


def is_same_value(sent: object, read: object) -> bool:
    """Whether the read form of what is stored is the value that was bound."""
    if sent is None or read is None:
        return sent is read
    if isinstance(sent, bytes | memoryview) or isinstance(read, bytes | memoryview):
        return sent == read or (isinstance(sent, str) and sent.encode() == read)
    if isinstance(sent, str) and sent == read:
        return True
    try:
        if read in ("true", "false"):
            return sent in (1, "1") if read == "true" else sent in (0, "0")
        return Decimal(str(sent)) == Decimal(str(read))
    except InvalidOperation:
        return False
