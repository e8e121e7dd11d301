"""The contents of long binary values, in a file of their own beside the ledger (`core.long_value`)."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from desktop_sync.ledger.home_folder import OWNER_FILE
from desktop_sync.ledger.instants import to_us
from desktop_sync.ledger.ledger_faults import ledger_faults
from desktop_sync.ledger.store import Store

FILE_NAME = "values.sqlite"
_TABLE = "CREATE TABLE IF NOT EXISTS value (token BLOB PRIMARY KEY, used_at INTEGER NOT NULL, content BLOB NOT NULL)"
_DAY_US = 24 * 3600 * 1_000_000
_AT_ONCE = 500
_INSERT = (
    "INSERT INTO value (token, used_at, content) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET used_at = excluded.used_at "
    f"WHERE excluded.used_at - used_at > {_DAY_US} OR excluded.used_at < used_at"
)


class SqlValueStore(Store):
    """The `ValueStore` of a ledger. Any thread; the file is made when the first value is kept."""

    @property
    def _values_path(self) -> Path:
        return self._parts.home.path / FILE_NAME

    def keep_values(self, contents: Mapping[bytes, bytes]) -> None:
        now = self._now_us()
        with self._values() as connection:
            connection.execute(_TABLE)
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_INSERT, ((token, now, content) for token, content in contents.items()))
            connection.execute("COMMIT")

    def values(self, tokens: Collection[bytes]) -> dict[bytes, bytes]:
        if not self._values_path.exists():
            return {}
        found: dict[bytes, bytes] = {}
        wanted = list(tokens)
        with self._values() as connection:
            for start in range(0, len(wanted), _AT_ONCE):
                some = wanted[start : start + _AT_ONCE]
                sql = f"SELECT token, content FROM value WHERE token IN ({', '.join('?' * len(some))})"
                found.update(connection.execute(sql, some).fetchall())
        return found

    def purge_values(self, before: datetime) -> int:
        if not self._values_path.exists():
            return 0
        with self._values() as connection:
            # A day more: so long a value that is kept again may go unmarked.
            gone = connection.execute("DELETE FROM value WHERE used_at < ?", (to_us(before) - _DAY_US,)).rowcount
            connection.execute("PRAGMA incremental_vacuum")
            return gone

    @contextmanager
    def _values(self) -> Iterator[sqlite3.Connection]:
        path = self._values_path
        with self._parts.home.faults(), ledger_faults(path):
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, OWNER_FILE))
            with closing(sqlite3.connect(path, isolation_level=None, timeout=30.0)) as connection:
                for pragma in ("auto_vacuum = INCREMENTAL", "journal_mode = WAL", "synchronous = FULL"):
                    connection.execute(f"PRAGMA {pragma}").fetchall()
                yield connection
