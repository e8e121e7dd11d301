"""An opened SQLite file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

from desktop_sync.core.binding import Lease
from desktop_sync.core.errors import ConfigurationError, EndpointError, NotPermittedError, Place
from desktop_sync.core.provider_port import (
    ArrowStream,
    Capabilities,
    EndpointReport,
    EndpointTime,
    HighMarks,
    ReadRequest,
    StructureSummary,
    Writer,
)
from desktop_sync.core.structure import Structure
from desktop_sync.providers.sql import sqlite_lease
from desktop_sync.providers.sql.sqlite_connection import SqliteFile, connected
from desktop_sync.providers.sql.sqlite_ids import IdReserve, last_given_number
from desktop_sync.providers.sql.sqlite_schema import create_table_sql, describe_table, list_structures


class SqliteSession:
    """An endpoint session that opens the file for each call and holds nothing between calls."""

    def __init__(self, file: SqliteFile, capabilities: Capabilities) -> None:
        self._file = file
        self._capabilities = capabilities
        self._reserve = IdReserve()
        self._is_closed = False

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def test(self) -> EndpointReport:
        self._check_open()
        with connected(self._file) as connection:
            structures = tuple(list_structures(connection))
        can_write = os.access(self._file.path, os.W_OK) and os.access(os.path.dirname(self._file.path), os.W_OK)
        notes = () if can_write else ("The file or its folder may not be written by this user.",)
        return EndpointReport(True, structures, can_write, notes=notes)

    def identity(self) -> str:
        """A digest of the real path, the file system, the file's number in it and SQLite's application id.

        It stays the same whatever is written into the database, also over VACUUM and changes of tables. It changes
        when another file takes its place, even one of the same name and content.
        """
        self._check_open()
        with connected(self._file) as connection:
            application = connection.execute("PRAGMA application_id").fetchone()[0]
        path = os.path.realpath(self._file.path)
        status = os.stat(path)
        parts = (path, file_system_of(path), str(status.st_ino), str(application))
        return "sqlite:" + hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]

    def high_marks(self, structure: Structure) -> HighMarks:
        """When the database was written last, and the largest number that the table gave so far, where it never gives
        one twice."""
        self._check_open()
        written_us = os.stat(self._file.path).st_mtime_ns // 1000
        with connected(self._file) as connection:
            return HighMarks(written_us, last_given_number(connection, structure.name))

    def time(self) -> EndpointTime | None:
        """Files have this machine's clock."""
        return None

    def structures(self) -> tuple[StructureSummary, ...]:
        self._check_open()
        with connected(self._file) as connection:
            return tuple(list_structures(connection))

    def describe(self, name: str) -> Structure:
        self._check_open()
        place = Place(self._file.endpoint, name)
        with connected(self._file, place=place) as connection:
            return describe_table(connection, name, place).structure

    def read(self, request: ReadRequest) -> ArrowStream:
        """See `EndpointSession.read`: every column is text in its type's plain form, binary for BLOB columns."""
        from desktop_sync.providers.sql import sqlite_reading

        self._check_open()
        return sqlite_reading.read(self._file, request)

    def reserve_ids(self, structure: Structure, count: int) -> list[str] | None:
        self._check_open()
        place = Place(self._file.endpoint, structure.name)
        with connected(self._file, place=place) as connection:
            table = describe_table(connection, structure.name, place)
            return self._reserve.reserve(connection, table, structure.key, count, place)

    def find_created(self, structure: Structure, keys: Sequence[str]) -> list[list[str]]:
        """Creates carry no keys here: their ids are known beforehand."""
        return [[] for _ in keys]

    def create_structure(self, structure: Structure) -> None:
        self._check_open()
        place = Place(self._file.endpoint, structure.name)
        statement = create_table_sql(structure, place)
        with connected(self._file, "rw", place) as connection:
            connection.execute("BEGIN IMMEDIATE")
            taken = connection.execute(
                "SELECT count(*) FROM sqlite_master WHERE lower(name) = lower(?)", (structure.name,)
            ).fetchone()[0]
            if taken:
                raise ConfigurationError("a table or view of this name exists already", place)
            connection.execute(statement)
            connection.execute("COMMIT")

    def writer(self, structure: Structure) -> Writer:
        from desktop_sync.providers.sql.sqlite_writing import SqliteWriter

        self._check_open()
        place = Place(self._file.endpoint, structure.name)
        with connected(self._file, place=place) as connection:
            table = describe_table(connection, structure.name, place)
        if table.is_view:
            raise EndpointError("a view can be read but not written", place)
        if not structure.key:
            raise EndpointError(
                "the table has no key, so its records cannot be told apart; name the fields that identify a record",
                place,
            )
        if not os.access(self._file.path, os.W_OK):
            raise NotPermittedError(f"the file {self._file.path} may not be written by this user", place)
        return SqliteWriter(self._file, structure, self._reserve)

    def read_lease(self, configuration: str) -> Lease | None:
        self._check_open()
        return sqlite_lease.read_lease(self._file, configuration)

    def write_lease(self, lease: Lease, expected: Lease | None) -> bool:
        self._check_open()
        return sqlite_lease.write_lease(self._file, lease, expected)

    def close(self) -> None:
        self._is_closed = True

    def _check_open(self) -> None:
        if self._is_closed:
            raise EndpointError("the session is closed", self._file.place)


def file_system_of(path: str) -> str:
    """A text for the file system that holds `path`: its own id where there is one, which survives restarts."""
    if hasattr(os, "statvfs") and (number := os.statvfs(path).f_fsid):
        return f"fs{number}"
    return f"dev{os.stat(path).st_dev}"
