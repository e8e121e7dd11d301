"""Long binary values of records that are looked at before a write, without a copy of any of them in memory.

SQLite makes one of every value that a SELECT gives, and Python another.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence

from desktop_sync.core.structure import FieldType
from desktop_sync.providers.sql.sqlite_connection import quoted
from desktop_sync.providers.sql.sqlite_forms import is_long
from desktop_sync.providers.sql.sqlite_schema import Column, Table
from desktop_sync.providers.value_digest import LONG_VALUE_BYTES, digest_of

_ROW_NUMBERS = ("rowid", "_rowid_", "oid")


class LongCells:
    """Of the binary columns among these that are not of the key. There are none where SQLite reads no value in parts:
    in a table without row numbers, and in one with computed columns."""

    def __init__(
        self, connection: sqlite3.Connection, table: Table, columns: Sequence[Column], key: Sequence[str]
    ) -> None:
        self._connection = connection
        self._table = table.name
        fields = {column.field.name: place for place, column in enumerate(columns)}
        binary = {name for name in fields if table.columns[name].field.type is FieldType.BINARY and name not in key}
        self._row_number = _row_number(connection, table) if binary else None
        self._places = {name: fields[name] for name in fields if name in binary and self._row_number}

    @property
    def names(self) -> Collection[str]:
        return self._places.keys()

    @property
    def expressions(self) -> list[str]:
        """For each name, SQL for the number of the row where its value is long, else null."""
        return [f"CASE WHEN {is_long(f't.{quoted(name)}')} THEN t.{self._row_number} END" for name in self._places]

    def filled(self, record: tuple[object, ...], rows: Sequence[object]) -> tuple[object, ...]:
        """The record with the digests of its long values; `rows` are what the expressions gave for it."""
        found = list(record)
        for (name, place), row in zip(self._places.items(), rows, strict=True):
            if isinstance(row, int):
                found[place] = digest_of(self._parts(name, row))
        return tuple(found)

    def _parts(self, name: str, row: int) -> Iterator[bytes]:
        with self._connection.blobopen(self._table, name, row, readonly=True) as blob:
            while part := blob.read(LONG_VALUE_BYTES):
                yield part


def _row_number(connection: sqlite3.Connection, table: Table) -> str | None:
    """What the number of a row is called in SQL; None where values are not read in parts."""
    if any(column.is_computed for column in table.columns.values()):
        return None
    taken = {name.lower() for name in table.columns}
    free = next((name for name in _ROW_NUMBERS if name not in taken), None)
    if free is None:
        return None
    try:
        connection.execute(f"SELECT {free} FROM {quoted(table.name)} LIMIT 0")
    except sqlite3.OperationalError:
        return None  # the table was made WITHOUT ROWID
    return free
