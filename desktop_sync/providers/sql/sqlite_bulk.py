"""Creating many records at once through ADBC, which binds Arrow columns without a Python object for each value.

Only for what surely goes in as it is sent: as soon as a record is refused nothing of it holds, and the slow way finds
out which record it was, and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from desktop_sync.core.errors import Place
from desktop_sync.core.provider_port import WriteResult
from desktop_sync.providers.sql.sqlite_connection import WRITING_SETTINGS, SqliteFile, adbc_error
from desktop_sync.providers.sql.sqlite_rooms import room_alone

if TYPE_CHECKING:
    from adbc_driver_manager import dbapi


@dataclass(frozen=True, slots=True)
class BulkInsert:
    """`sql` inserts a row of `values`; `result` is the batch's when all rows went in."""

    sql: str
    values: pa.RecordBatch
    result: WriteResult


def insert_all(file: SqliteFile, inserts: Sequence[BulkInsert], place: Place) -> bool:
    """All rows are in the database, in one durable transaction; or False and nothing is, because something was refused.

    The calling thread has no connection to the file. Raises EndpointError where the database did not say whether the
    transaction holds, RetriableError where another part of this program does not let go of the file.
    """
    from adbc_driver_manager import Error, IntegrityError
    from adbc_driver_sqlite import dbapi

    with room_alone(file.path, file.busy_timeout_s, place):
        try:
            with (
                closing(dbapi.connect(file.uri("rw"), autocommit=True)) as connection,
                closing(connection.cursor()) as cursor,
            ):
                cursor.execute(f"PRAGMA busy_timeout = {int(file.busy_timeout_s * 1000)}")
                cursor.fetchall()
                for setting in WRITING_SETTINGS:
                    cursor.execute(setting)
                if not _inserted(cursor, inserts):
                    return False
                try:
                    cursor.execute("COMMIT")
                except IntegrityError:  # a constraint that is checked only here
                    cursor.execute("ROLLBACK")
                    return False
        except (Error, OSError) as error:
            raise adbc_error(error, "writing", place) from error
    return True


def _inserted(cursor: dbapi.Cursor, inserts: Sequence[BulkInsert]) -> bool:
    """Whether all rows are in the open transaction; where they are not, it is over."""
    from adbc_driver_manager import Error

    try:
        cursor.execute("BEGIN IMMEDIATE")
        for insert in inserts:
            statement = cursor.adbc_statement
            statement.set_sql_query(insert.sql)
            statement.prepare()
            statement.bind_stream(pa.RecordBatchReader.from_batches(insert.values.schema, [insert.values]))
            statement.execute_update()
        cursor.execute("SELECT total_changes()")
        row = cursor.fetchone()
        if row is not None and row[0] == sum(insert.values.num_rows for insert in inserts):
            return True
    except (Error, OSError):
        pass  # whoever tries again one by one is told what it was
    with suppress(Error):  # a disk that is full, for one, ended the transaction already
        cursor.execute("ROLLBACK")
    return False
