"""Connections to a SQLite file through Python's `sqlite3`, short-lived, with errors in the words of `core.errors`."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from desktop_sync.core.errors import (
    DamagedError,
    EndpointError,
    MissingError,
    NoRoomError,
    NotPermittedError,
    Place,
    RetriableError,
)
from desktop_sync.providers.sql.sqlite_rooms import connection_room

_CACHE_KIB = 49_152
"""Room for the index pages of a batch: a cache that spills in a transaction syncs the journal every time."""
WRITING_SETTINGS = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = FULL",
    f"PRAGMA cache_size = -{_CACHE_KIB}",
)
"""Of every connection that writes records."""
FOR_LONG_VALUES = "PRAGMA cache_size = -2048"
"""Besides, where long values are written: the cache would keep another copy of each until the commit."""


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """A database file of an endpoint. `busy_timeout_s`: how long a lock of another program is waited for."""

    endpoint: str
    path: str
    busy_timeout_s: float = 5.0

    @property
    def place(self) -> Place:
        return Place(self.endpoint)

    def uri(self, mode: str) -> str:
        """The file as a SQLite URI; `mode` is "ro" or "rw", so that opening never makes a file."""
        return f"file:{quote(self.path)}?mode={mode}"


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def endpoint_error(error: sqlite3.Error, file: SqliteFile, place: Place) -> EndpointError:
    """What an error of SQLite means for the user. `place` says where it happened."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return RetriableError(
            f"the database is locked by another program (waited {file.busy_timeout_s:g} seconds)", place
        )
    if code == sqlite3.SQLITE_FULL:
        return NoRoomError("the disk is full, nothing was written", place)
    if code == sqlite3.SQLITE_NOTADB:
        return DamagedError(f"the file {file.path} is not a SQLite database, or is damaged or encrypted", place)
    if code == sqlite3.SQLITE_CORRUPT:
        return DamagedError(f"the file {file.path} is not a sound SQLite database ({error})", place)
    if code in (sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_READONLY):
        return NotPermittedError(f"the file {file.path} may not be written by this user ({error})", place)
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM):
        return RetriableError(f"the file {file.path} could not be read or written ({error})", place)
    return EndpointError(f"the database refused: {error}", place)


def adbc_error(error: Exception, doing: str, place: Place) -> EndpointError:
    """The same for an error of ADBC, which has no code. `doing` is a verb ("reading")."""
    text = str(error)
    if "locked" in text or "busy" in text:
        return RetriableError("the database is locked by another program", place)
    if "disk is full" in text:
        return NoRoomError("the disk is full, nothing was written", place)
    return EndpointError(f"{doing} the database failed: {text}", place)


def check_file(file: SqliteFile) -> None:
    """The file is there. Raises MissingError, NotPermittedError."""
    if os.path.isdir(file.path):
        raise MissingError(f"{file.path} is a folder; choose the database file in it", file.place)
    if not os.path.isfile(file.path):
        raise MissingError(f"the database file {file.path} is not there", file.place)
    if os.path.getsize(file.path) and not os.access(file.path, os.R_OK):
        raise NotPermittedError(f"the database file {file.path} may not be read by this user", file.place)


@contextmanager
def connected(file: SqliteFile, mode: str = "ro", place: Place | None = None) -> Iterator[sqlite3.Connection]:
    """A connection in autocommit mode, closed at the end; text comes as UTF-8 bytes. SQLite's errors become ours."""
    where = place or file.place
    check_file(file)
    with connection_room(file.path, file.busy_timeout_s, where):
        connection: sqlite3.Connection | None = None
        try:
            connection = _open(file, mode)
            yield connection
        except sqlite3.Error as error:
            raise endpoint_error(error, file, where) from error
        finally:
            if connection is not None:
                connection.close()


def _open(file: SqliteFile, mode: str) -> sqlite3.Connection:
    connection = _connect(file, mode)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        if mode == "rw" or (error.sqlite_errorcode & 0xFF) not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            raise
        # A killed writer left a journal: only a connection that may write can bring back the last whole state.
        recovering = _connect(file, "rw")
        try:
            recovering.execute("SELECT count(*) FROM sqlite_master").fetchone()
        finally:
            recovering.close()
        connection = _connect(file, mode)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(file: SqliteFile, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        file.uri(mode), uri=True, timeout=file.busy_timeout_s, isolation_level=None, check_same_thread=False
    )
    connection.text_factory = bytes
    return connection
