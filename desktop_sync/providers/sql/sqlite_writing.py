"""Writing records to a SQLite table: each commit is one BEGIN IMMEDIATE transaction.

Foreign keys are enforced. Conflict clauses of the table (ON CONFLICT REPLACE …) are overridden by ABORT. Many new
records go in through ADBC first; where that does not do, and for all else, `sqlite_table_work` looks at every record.
"""

from __future__ import annotations

import sqlite3

from desktop_sync.core.errors import Place
from desktop_sync.core.provider_port import Operation, WriteBatch, Writer, WriteResult
from desktop_sync.core.structure import Structure
from desktop_sync.providers.sql.sqlite_bulk import BulkInsert, insert_all
from desktop_sync.providers.sql.sqlite_connection import FOR_LONG_VALUES, WRITING_SETTINGS, SqliteFile, connected
from desktop_sync.providers.sql.sqlite_ids import IdReserve
from desktop_sync.providers.sql.sqlite_table_work import TableWork
from desktop_sync.providers.write_batch import StagedBatch

BULK_FROM = 1_000
"""New records in a commit from which on loading ADBC is worth its time."""


class DeferredRefusal(Exception):
    """COMMIT was refused because of a constraint that is checked only there."""


class SqliteWriter:
    """See `core.provider_port.Writer`. What was staged is forgotten when a commit fails."""

    def __init__(self, file: SqliteFile, structure: Structure, reserve: IdReserve) -> None:
        self._file = file
        self._structure = structure
        self._reserve = reserve
        self._staged: list[StagedBatch] = []

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *exc: object) -> None:
        self._staged.clear()

    def stage(self, batch: WriteBatch) -> None:
        self._staged.append(StagedBatch(batch))

    def commit(self) -> list[WriteResult]:
        batches, self._staged = self._staged, []
        if not batches:
            return []
        place = Place(self._file.endpoint, self._structure.name)
        inserts = self._bulk(batches, place)
        if inserts and insert_all(self._file, inserts, place):
            return [insert.result for insert in inserts]
        with connected(self._file, "rw", place) as connection:
            for setting in WRITING_SETTINGS:
                connection.execute(setting)
            if any(batch.has_long_values for batch in batches):
                connection.execute(FOR_LONG_VALUES)
            try:
                return self._together(connection, batches, place)
            except DeferredRefusal:
                return self._one_by_one(connection, batches, place)

    def _bulk(self, batches: list[StagedBatch], place: Place) -> list[BulkInsert]:
        """The batches as inserts of whole columns; nothing where they are few, or not all can be written so."""
        is_new = all(batch.operation is Operation.CREATE for batch in batches)
        if not is_new or sum(len(batch) for batch in batches) < BULK_FROM:
            return []
        with connected(self._file, place=place) as connection:
            work = TableWork(connection, self._structure, self._reserve, place)
            found = [work.bulk(batch) for batch in batches]
        inserts = [insert for insert in found if insert is not None]
        return inserts if len(inserts) == len(batches) else []

    def _together(self, connection: sqlite3.Connection, batches: list[StagedBatch], place: Place) -> list[WriteResult]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            work = TableWork(connection, self._structure, self._reserve, place)
            results = [work.write(batch) for batch in batches]
            _commit(connection)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        return results

    def _one_by_one(
        self, connection: sqlite3.Connection, batches: list[StagedBatch], place: Place
    ) -> list[WriteResult]:
        """Every group of records in a transaction of its own, for constraints that are checked at COMMIT."""
        connection.execute("BEGIN IMMEDIATE")
        work = TableWork(connection, self._structure, self._reserve, place, commits_groups=True)
        try:
            return [work.write(batch) for batch in batches]
        finally:
            if connection.in_transaction:
                connection.execute("COMMIT")


def _commit(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("COMMIT")
    except sqlite3.IntegrityError as error:
        raise DeferredRefusal from error
