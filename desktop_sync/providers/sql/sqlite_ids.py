"""Ids for new records of a SQLite table, chosen before they are created."""

from __future__ import annotations

import re
import sqlite3
import uuid

from desktop_sync.core.errors import EndpointError, Place
from desktop_sync.core.structure import FieldType
from desktop_sync.providers.sql.sqlite_connection import quoted
from desktop_sync.providers.sql.sqlite_schema import Table

_LARGEST = 2**63 - 1
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}")
_UUID_NAME = re.compile(r"uuid|guid", re.IGNORECASE)
_SAMPLE = 20


class IdReserve:
    """Remembers per table the largest number given out, so that one session never gives an id twice."""

    def __init__(self) -> None:
        self._largest: dict[str, int] = {}

    def reserve(
        self, connection: sqlite3.Connection, table: Table, key: tuple[str, ...], count: int, place: Place
    ) -> list[str] | None:
        """Ids that no row has: numbers for an INTEGER PRIMARY KEY, UUIDs for a text key of UUIDs, else None."""
        if len(key) != 1 or key[0] not in table.columns:
            return None
        if key[0] == table.rowid_column:
            return [str(number) for number in self._numbers(connection, table, count, place)]
        style = _uuid_style(connection, table, key[0])
        if style is None:
            return None
        made = [uuid.uuid4() for _ in range(count)]
        texts = [item.hex if "-" not in style else str(item) for item in made]
        return [text.upper() for text in texts] if style.isupper() else texts

    def _numbers(self, connection: sqlite3.Connection, table: Table, count: int, place: Place) -> range:
        largest = connection.execute(
            f"SELECT max({quoted(table.rowid_column or '')}) FROM {quoted(table.name)}"
        ).fetchone()
        given = [largest[0] or 0, self._largest.get(table.name, 0), last_given_number(connection, table.name) or 0]
        first = max(given) + 1
        if first + count - 1 > _LARGEST:
            raise EndpointError("the table has no free record numbers above its largest", place)
        if count:
            self._largest[table.name] = first + count - 1
        return range(first, first + count)


def last_given_number(connection: sqlite3.Connection, table: str) -> int | None:
    """The largest number that an AUTOINCREMENT table gave so far; None for other tables."""
    if not connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_sequence'").fetchone()[0]:
        return None
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    return row[0] if row and isinstance(row[0], int) else None


def _uuid_style(connection: sqlite3.Connection, table: Table, column: str) -> str | None:
    """An example UUID in the style of the column's ids, None where its ids are no UUIDs."""
    if table.columns[column].field.type is not FieldType.TEXT:
        return None
    rows = connection.execute(
        f"SELECT CAST({quoted(column)} AS TEXT) FROM {quoted(table.name)}"
        f" WHERE {quoted(column)} IS NOT NULL LIMIT {_SAMPLE}"
    ).fetchall()
    texts = [row[0].decode(errors="replace") for row in rows]
    if not texts:
        return "a-b" if _UUID_NAME.search(column) else None
    if not all(_UUID.fullmatch(text) for text in texts):
        return None
    return "".join(texts) if all("-" in text for text in texts) else "".join(texts).replace("-", "")
