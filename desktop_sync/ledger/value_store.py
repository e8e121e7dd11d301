"""The contents of long binary values, in a file of their own beside the ledger (`core.long_value`)."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from desktop_sync.core.long_value import Content
from desktop_sync.ledger.home_folder import OWNER_FILE
from desktop_sync.ledger.instants import to_us
from desktop_sync.ledger.ledger_faults import ledger_faults
from desktop_sync.ledger.store import Store

FILE_NAME = "values.sqlite"
_TABLE = "CREATE TABLE IF NOT EXISTS value (token BLOB PRIMARY KEY, used_at INTEGER NOT NULL, content BLOB NOT NULL)"
_DAY_US = 24 * 3600 * 1_000_000
_AT_ONCE = 500
_IN_PARTS_BYTES = 1024 * 1024
"""Longer contents pass in parts of this size: SQLite would copy what it is given at once."""
_INSERT = "INSERT INTO value (token, used_at, content) VALUES (?, ?, ?)"
_MARK = f"UPDATE value SET used_at = ?1 WHERE token = ?2 AND (?1 - used_at > {_DAY_US} OR ?1 < used_at)"
_OLD = "used_at < ? AND token NOT IN (SELECT token FROM temp.in_use)"


class SqlValueStore(Store):
    """The `ValueStore` of a ledger. Any thread; the file is made when the first value is kept."""

    @property
    def _values_path(self) -> Path:
        return self._parts.home.path / FILE_NAME

    def keep_values(self, contents: Mapping[bytes, Content]) -> None:
        now = self._now_us()
        with self._values() as connection:
            connection.execute(_TABLE)
            connection.execute("BEGIN IMMEDIATE")
            known = _known(connection, list(contents))
            connection.executemany(_MARK, ((now, token) for token in known))
            new = {token: content for token, content in contents.items() if token not in known}
            short = ((token, now, one) for token, one in new.items() if len(one) <= _IN_PARTS_BYTES)
            connection.executemany(_INSERT, short)
            for token, content in new.items():
                if len(content) > _IN_PARTS_BYTES:
                    _insert_in_parts(connection, token, now, content)
            connection.execute("COMMIT")

    def values(self, tokens: Collection[bytes]) -> dict[bytes, Content]:
        if not self._values_path.exists():
            return {}
        found: dict[bytes, Content] = {}
        long: list[tuple[bytes, int]] = []
        with self._values() as connection:
            for some in _portions(list(tokens)):
                which = f"FROM value WHERE token IN ({', '.join('?' * len(some))}) AND length(content)"
                found.update(connection.execute(f"SELECT token, content {which} <= {_IN_PARTS_BYTES}", some).fetchall())
                long += connection.execute(f"SELECT token, rowid {which} > {_IN_PARTS_BYTES}", some).fetchall()
            for token, row in long:
                found[token] = _read_in_parts(connection, row)
        return found

    def old_values(self, before: datetime, in_use: Collection[bytes]) -> tuple[int, int]:
        """How many values `purge_values` would take away, and how many bytes they have."""
        if not self._values_path.exists():
            return 0, 0
        with self._values() as connection:
            connection.execute(_TABLE)
            _mark_used(connection, in_use)
            row = connection.execute(f"SELECT count(*), total(length(content)) FROM value WHERE {_OLD}", _limit(before))
            count, size = row.fetchone()
            return int(count), int(size)

    def purge_values(self, before: datetime, in_use: Collection[bytes] = ()) -> int:
        """Those that were not kept again since then and are not in use are gone; how many."""
        if not self._values_path.exists():
            return 0
        with self._values() as connection:
            connection.execute(_TABLE)
            _mark_used(connection, in_use)
            gone = connection.execute(f"DELETE FROM value WHERE {_OLD}", _limit(before)).rowcount
            connection.executescript("PRAGMA incremental_vacuum")  # a page for each step: `execute` makes one alone
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            return gone

    @contextmanager
    def _values(self) -> Iterator[sqlite3.Connection]:
        path = self._values_path
        with self._parts.home.faults(), ledger_faults(path):
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, OWNER_FILE))
            with closing(sqlite3.connect(path, isolation_level=None, timeout=30.0)) as connection:
                if path.stat().st_size == 0:
                    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
                for pragma in ("journal_mode = WAL", "synchronous = FULL"):
                    connection.execute(f"PRAGMA {pragma}").fetchall()
                yield connection


def _portions(tokens: list[bytes]) -> Iterator[list[bytes]]:
    return (tokens[start : start + _AT_ONCE] for start in range(0, len(tokens), _AT_ONCE))


def _known(connection: sqlite3.Connection, tokens: list[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    for some in _portions(tokens):
        sql = f"SELECT token FROM value WHERE token IN ({', '.join('?' * len(some))})"
        found.update(token for (token,) in connection.execute(sql, some))
    return found


def _insert_in_parts(connection: sqlite3.Connection, token: bytes, now: int, content: Content) -> None:
    size = len(content)
    row = connection.execute(_INSERT.replace("(?, ?, ?)", "(?, ?, zeroblob(?))"), (token, now, size)).lastrowid
    with connection.blobopen("value", "content", row or 0) as blob:
        for start in range(0, size, _IN_PARTS_BYTES):
            blob.write(content[start : start + _IN_PARTS_BYTES])


def _read_in_parts(connection: sqlite3.Connection, row: int) -> bytearray:
    with connection.blobopen("value", "content", row, readonly=True) as blob:
        content = bytearray(len(blob))
        for start in range(0, len(blob), _IN_PARTS_BYTES):
            content[start : start + _IN_PARTS_BYTES] = blob.read(_IN_PARTS_BYTES)
    return content


def _limit(before: datetime) -> tuple[int]:
    """A day more: so long a value that is kept again may go unmarked."""
    return (to_us(before) - _DAY_US,)


def _mark_used(connection: sqlite3.Connection, in_use: Collection[bytes]) -> None:
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("CREATE TEMP TABLE in_use (token BLOB PRIMARY KEY) WITHOUT ROWID")
    connection.executemany("INSERT OR IGNORE INTO temp.in_use VALUES (?)", ((token,) for token in in_use))
