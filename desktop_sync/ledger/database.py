"""The SQLite file behind the ledger: its connections, and transactions that read or write.

Readers never wait. Writers take turns: by a lock in this process, by BEGIN IMMEDIATE among processes. Every pooled
connection writes ahead with full synchronisation and checks foreign keys (RELIABILITY A15).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from desktop_sync.core.errors import LedgerError
from desktop_sync.core.ports import Steps
from desktop_sync.core.text_order import text_key
from desktop_sync.ledger.ledger_faults import ledger_faults

BUSY_TIMEOUT_S = 30
_PAGE_BYTES = 8192
_CHECKPOINT_PAGES = 2000
_LOG_LIMIT_BYTES = 64 * 1024 * 1024
_INCREMENTAL = 2
_PAGES_AT_ONCE = 2000
_MOST_REWRITTEN_BYTES = 256 * 1024 * 1024


class Database:
    """One file, many threads. `steps` is told before and after each commit. `saw_damage`: it is not whole."""

    def __init__(self, path: Path, steps: Steps) -> None:
        self.path = path
        self._steps = steps
        self._writer = threading.Lock()
        self.saw_damage = False
        self._is_closed = False
        self.engine = _engine(path)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent state for all that is read inside."""
        with self._faults(), self._connected() as connection:
            driver_connection(connection).execute("BEGIN")  # the pool ends it when it takes the connection back
            yield connection

    @contextmanager
    def writing(self, step: str) -> Iterator[Connection]:
        """One transaction, durable afterwards; an error inside leaves the ledger as it was. Not to be nested."""
        with self._faults(), self._writer, self._connected() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            self._steps(f"ledger.{step}.before_commit")
            connection.commit()
        self._steps(f"ledger.{step}.after_commit")

    @contextmanager
    def trying(self) -> Iterator[Connection]:
        """One transaction whose changes are seen inside and are taken back afterwards. Not to be nested."""
        with self._faults(), self._writer, self._connected() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.rollback()

    def compact(self) -> None:
        """Pages that nothing uses are given back to the disk, some at a time so that other writers get their turn. A
        file of an earlier version, which cannot do so, is written anew where it is small enough for that to happen in
        memory; else its free pages wait for what comes."""
        with self._faults(), self._connected() as connection:
            if _pragma(connection, "auto_vacuum") != _INCREMENTAL:
                self._rewrite(connection)
            while (left := _pragma(connection, "freelist_count")) > 0 and _pragma(connection, "auto_vacuum"):
                with self._writer:
                    # A page for each step: `execute` makes one alone.
                    driver_connection(connection).executescript(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})")
                if _pragma(connection, "freelist_count") >= left:
                    break  # somebody reads an older state
            with self._writer:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()

    def _rewrite(self, connection: Connection) -> None:
        free, pages = _pragma(connection, "freelist_count"), _pragma(connection, "page_count")
        if free * 4 < pages or (pages - free) * _pragma(connection, "page_size") > _MOST_REWRITTEN_BYTES:
            return
        with self._writer:
            connection.exec_driver_sql(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
            connection.exec_driver_sql("VACUUM")

    def open_reading(self) -> Connection:
        """A connection in a read transaction that the caller gives back."""
        with self._faults():
            connection = self.engine.connect()
            try:
                connection.exec_driver_sql("BEGIN")
            except BaseException:
                self.give_back(connection)
                raise
            return connection

    def give_back(self, connection: Connection) -> None:
        """Others may use the connection; where all is closed already, it is, too. May be repeated."""
        connection.close()
        if self._is_closed:  # looked at last: else `close` finds the connection idle
            self.engine.pool.dispose()

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        connection = self.engine.connect()
        try:
            yield connection
        finally:
            self.give_back(connection)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            with ledger_faults(self.path):
                yield
        except LedgerError as error:
            self.saw_damage = self.saw_damage or error.is_damage
            raise

    def close(self) -> None:
        """All idle connections are closed, and each other one when it is given back; the last one folds the log into
        the file. May be repeated."""
        self._is_closed = True
        with self._faults():
            self.engine.pool.dispose()  # `Engine.dispose` would leave those in use to a pool that nobody closes


def size_on_disk(path: Path) -> int:
    """Bytes of the file and of the log beside it."""
    return sum(each.stat().st_size for each in (path, path.with_name(f"{path.name}-wal")) if each.exists())


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())


def driver_connection(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection, for bulk reading without a row object in between."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError(f"a SQLite connection was expected, not {type(driver).__name__}")
    return driver


def _engine(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=-1,
        # The driver opens no transactions by itself: BEGIN and BEGIN IMMEDIATE are said where they are meant.
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": BUSY_TIMEOUT_S},
    )

    def prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()  # the pool does not know of it yet
            raise

    event.listen(engine, "connect", prepare)
    return engine


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.create_function("text_key", 1, text_key, deterministic=True)
    if path.exists() and path.stat().st_size == 0:
        connection.execute(f"PRAGMA auto_vacuum={_INCREMENTAL}")  # of a new file alone: it writes to others
    for pragma in (
        f"page_size={_PAGE_BYTES}",  # of a new file; ignored later
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"wal_autocheckpoint={_CHECKPOINT_PAGES}",
        f"journal_size_limit={_LOG_LIMIT_BYTES}",
        "temp_store=MEMORY",  # ids of records must not land in a temporary folder
        "cache_size=-32768",
        "trusted_schema=OFF",
    ):
        connection.execute(f"PRAGMA {pragma}")
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    for name, value in expected.items():
        found = connection.execute(f"PRAGMA {name}").fetchone()[0]
        if found != value:
            raise LedgerError(f"the folder does not allow safe writing ({name} is {found})", str(path))
