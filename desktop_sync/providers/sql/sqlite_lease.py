"""The lease table in a user's SQLite file: who synchronizes it with which configuration (RELIABILITY 4.9)."""

from __future__ import annotations

from datetime import datetime

from desktop_sync.core.binding import Lease
from desktop_sync.providers.sql.sqlite_connection import SqliteFile, connected

TABLE = "desktop_sync_lease"
_COLUMNS = "configuration, ledger, epoch, fence, holder, home, expires_at"
_MAKE = (
    f"CREATE TABLE IF NOT EXISTS {TABLE} (configuration TEXT NOT NULL PRIMARY KEY, ledger TEXT NOT NULL,"
    " epoch INTEGER NOT NULL, fence INTEGER NOT NULL, holder TEXT NOT NULL, home TEXT NOT NULL, expires_at TEXT)"
)
_Row = tuple[str | int | None, ...]


def read_lease(file: SqliteFile, configuration: str) -> Lease | None:
    """What is kept for the configuration; reading makes no table."""
    with connected(file) as connection:
        made = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (TABLE,)).fetchone()
        if made is None:
            return None
        wanted = f"SELECT {_COLUMNS} FROM {TABLE} WHERE configuration = ?"
        row = connection.execute(wanted, (configuration,)).fetchone()
    return None if row is None else _lease([value.decode() if isinstance(value, bytes) else value for value in row])


def write_lease(file: SqliteFile, lease: Lease, expected: Lease | None) -> bool:
    """`lease` is kept, if `expected` was until now; one transaction. The table is made where it is not there."""
    values = _row(lease)
    with connected(file, "rw") as connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_MAKE)
        if expected is None:
            put = f"INSERT INTO {TABLE} ({_COLUMNS}) VALUES ({', '.join('?' * len(values))}) ON CONFLICT DO NOTHING"
            changed = connection.execute(put, values).rowcount
        else:
            names = _COLUMNS.split(", ")
            sets = ", ".join(f"{name} = ?" for name in names)
            same = " AND ".join(f"{name} IS ?" for name in names)
            put = f"UPDATE {TABLE} SET {sets} WHERE {same}"
            changed = connection.execute(put, (*values, *_row(expected))).rowcount
        connection.execute("COMMIT")
    return changed == 1


def _row(lease: Lease) -> _Row:
    expires_at = None if lease.expires_at is None else lease.expires_at.isoformat()
    return (lease.configuration, lease.ledger, lease.epoch, lease.fence, lease.holder, lease.home, expires_at)


def _lease(row: list[str | int | None]) -> Lease:
    configuration, ledger, epoch, fence, holder, home, expires_at = row
    until = None if expires_at is None else datetime.fromisoformat(str(expires_at))
    return Lease(str(configuration), str(ledger), int(str(epoch)), int(str(fence)), str(holder), str(home), until)
