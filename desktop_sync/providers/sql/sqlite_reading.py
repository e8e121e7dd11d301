"""Reading records of a SQLite table: small reads through `sqlite3`, whole tables through ADBC."""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from desktop_sync.core.errors import BugError, EndpointError, Place, SchemaDriftError
from desktop_sync.core.provider_port import ReadRequest
from desktop_sync.core.structure import decode_record_id
from desktop_sync.providers.record_stream import RecordStream, stream_of
from desktop_sync.providers.sql.sqlite_connection import SqliteFile, adbc_error, connected, quoted
from desktop_sync.providers.sql.sqlite_forms import RecordForm
from desktop_sync.providers.sql.sqlite_keys import has_rare_forms, has_two_forms, key_forms, rare_forms
from desktop_sync.providers.sql.sqlite_rooms import Room, room_of
from desktop_sync.providers.sql.sqlite_schema import Column, Table, describe_table
from desktop_sync.providers.sql.sqlite_stamps import stamp_condition

if TYPE_CHECKING:
    from adbc_driver_manager import dbapi

SMALL_READ = 20_000
"""Records up to which a read by stamp goes through `sqlite3`, which needs no import of ADBC."""

ROWS_PER_BATCH = 16_384

BYTES_PER_BATCH = 16 * 1024 * 1024
"""So much at most of long binary values is read at once, unless one record has more."""

_IDS = "desktop_sync_ids"


def columns_of(table: Table, names: Sequence[str], place: Place) -> list[Column]:
    """The columns of those names. Raises SchemaDriftError naming the first that is not there."""
    for name in names:
        if name not in table.columns:
            raise SchemaDriftError(
                "the field is not in the table any more", Place(place.endpoint, place.structure, field=name)
            )
    return [table.columns[name] for name in names]


def read(file: SqliteFile, request: ReadRequest) -> RecordStream:
    """The requested records; see `EndpointSession.read`."""
    place = Place(file.endpoint, request.structure.name)
    key = request.structure.key
    with connected(file, place=place) as connection:
        table = describe_table(connection, request.structure.name, place)
        form = RecordForm(columns_of(table, request.fields, place))
        where, parameters = _stamp_condition(request, table, place)
        if request.ids is not None:
            columns_of(table, key, place)
            create_id_table(connection, table, key, request.ids, place)
            rows = connection.execute(_by_id_sql(form, table, key, where, request), parameters).fetchall()
            if len(rows) < len(request.ids) and ask_rare_ids(connection, table, key, request.ids):
                rows += connection.execute(_by_id_sql(form, table, key, where, request), parameters).fetchall()
            return stream_of(pa.Table.from_batches([form.from_rows(rows, place, key)]))
        sql = f"SELECT {form.select_list} FROM {quoted(table.name)} t{where}"
        if request.limit is not None or parameters:
            cursor = connection.execute(sql + _limit(request), parameters)
            rows = cursor.fetchmany(SMALL_READ + 1) if request.limit is None else cursor.fetchall()
            if request.limit is not None or len(rows) <= SMALL_READ:
                return stream_of(pa.Table.from_batches([form.from_rows(rows, place, key)]))
        rows_per_batch = _rows_per_batch(connection, table, form)
    source = AdbcSource(file, form, f"{form.first_row} UNION ALL {sql}", parameters, place, key, rows_per_batch)
    return RecordStream(form.schema, source)


def _rows_per_batch(connection: sqlite3.Connection, table: Table, form: RecordForm) -> int:
    """Fewer where a record may be long. SQLite knows the length of a binary value without reading it."""
    names = [quoted(one.name) for one in form.columns if one.arrow_type == pa.binary()]
    if not names:
        return ROWS_PER_BATCH
    sql = " + ".join(f"ifnull(length({name}), 0)" for name in names)
    (longest,) = connection.execute(f"SELECT max({sql}) FROM {quoted(table.name)}").fetchone()
    return max(1, min(ROWS_PER_BATCH, BYTES_PER_BATCH // max(1, int(longest or 0))))


def _stamp_condition(request: ReadRequest, table: Table, place: Place) -> tuple[str, list[str]]:
    """WHERE for the range of the request. Raises SchemaDriftError where its field is not in the table any more."""
    if not request.modified_field:
        return "", []
    columns_of(table, [request.modified_field], place)
    return stamp_condition(request, f"t.{quoted(request.modified_field)}")


def _limit(request: ReadRequest) -> str:
    return "" if request.limit is None else f" LIMIT {int(request.limit)}"


def _by_id_sql(form: RecordForm, table: Table, key: tuple[str, ...], where: str, request: ReadRequest) -> str:
    return (
        f"SELECT {form.select_list} FROM temp.{_IDS} w JOIN {quoted(table.name)} t ON {id_join(key)}"
        f"{where} ORDER BY w.n{_limit(request)}"
    )


def id_join(key: Sequence[str]) -> str:
    """The condition that joins table `t` to the id table `w`."""
    return " AND ".join(f"t.{quoted(name)} = w.k{i}" for i, name in enumerate(key))


def create_id_table(
    connection: sqlite3.Connection, table: Table, key: tuple[str, ...], ids: Sequence[str | None], place: Place
) -> str:
    """A temporary table of ids, `n` their position and `k0`… their key values with the affinity of the key's columns; a
    row for each value that reads as the id says.

    Ids that are None or do not have the form of a key are left out. Returns its name; it replaces an earlier one.
    """
    if not key:
        raise EndpointError("the table has no key, so its records cannot be found by id", place)
    connection.execute("PRAGMA temp_store = MEMORY")
    declared = ", ".join(f"k{i} {_declared(table.columns[name])}" for i, name in enumerate(key))
    columns = [table.columns[name] for name in key]
    is_plain = not any(map(has_two_forms, columns))
    rows: list[tuple[object, ...]] = []
    for position, record_id in enumerate(ids):
        if record_id is None:
            continue
        try:
            parts = decode_record_id(record_id, len(key))
            if is_plain:
                rows.append((position, *parts))
            else:
                forms = map(key_forms, columns, parts)
                rows += [(position, *values) for values in itertools.product(*forms)]
        except ValueError:
            continue  # an id of another form: no record has it
    _fill_ids(connection, f"n INTEGER {'PRIMARY KEY' if is_plain else ''}, {declared}", rows)
    return f"temp.{_IDS}"


def ask_rare_ids(connection: sqlite3.Connection, table: Table, key: tuple[str, ...], ids: Sequence[str | None]) -> bool:
    """The table of these ids holds those that no record has, as the other values that read so. False, and it is as it
    was, where there are none: nearly always."""
    columns = [table.columns[name] for name in key]
    if not has_rare_forms(columns):
        return False
    # A join, for which SQLite makes an index where the key has none: it would not for a look at each id.
    present = f"SELECT w.n FROM temp.{_IDS} w JOIN {quoted(table.name)} t ON {id_join(key)}"
    missing = connection.execute(f"SELECT n FROM temp.{_IDS} WHERE n NOT IN ({present})").fetchall()
    rows = [(position, form) for (position,) in missing for form in rare_forms(columns[0], ids[position] or "")]
    if not rows:
        return False
    _fill_ids(connection, "n INTEGER, k0", rows)
    return True


def _fill_ids(connection: sqlite3.Connection, declared: str, rows: Sequence[tuple[object, ...]]) -> None:
    connection.execute(f"DROP TABLE IF EXISTS temp.{_IDS}")
    connection.execute(f"CREATE TEMP TABLE {_IDS} ({declared})")
    marks = ", ".join("?" * (declared.count(",") + 1))
    with_transaction = not connection.in_transaction
    if with_transaction:
        connection.execute("BEGIN")
    connection.executemany(f"INSERT INTO temp.{_IDS} VALUES ({marks})", rows)
    if with_transaction:
        connection.execute("COMMIT")


def _declared(column: Column) -> str:
    return column.affinity.value


class AdbcSource:
    """A running SELECT of ADBC. It holds one snapshot until its end, until it gives way, or until it is closed."""

    def __init__(
        self,
        file: SqliteFile,
        form: RecordForm,
        sql: str,
        parameters: Sequence[str],
        place: Place,
        key: tuple[str, ...],
        rows_per_batch: int,
    ) -> None:
        self._rows_per_batch = rows_per_batch
        self._form = form
        self._place = place
        self._key = key
        self._lock = threading.Lock()
        self._ready: deque[pa.RecordBatch] = deque()
        self._failure: EndpointError | None = None
        self._connection: dbapi.Connection | None = None
        self._cursor: dbapi.Cursor | None = None
        self._reader: pa.RecordBatchReader | None = None
        self._rows_before = 0
        self._room: Room = room_of(file.path)
        with self._lock:  # who asks to give way waits until there is something to give way with
            self._room.enter_reader(self, file.busy_timeout_s, place)
            try:
                self._start(file, sql, parameters)
            except BaseException:
                self._release()
                raise

    def _start(self, file: SqliteFile, sql: str, parameters: Sequence[str]) -> None:
        from adbc_driver_manager import Error
        from adbc_driver_sqlite import dbapi

        try:
            self._connection = dbapi.connect(file.uri("ro"), autocommit=True)
            self._cursor = self._connection.cursor()
            self._cursor.execute(f"PRAGMA busy_timeout = {int(file.busy_timeout_s * 1000)}")
            self._cursor.fetchall()
            self._cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(self._rows_per_batch)})
            self._cursor.execute(sql, list(parameters) or None)
            self._reader = self._cursor.fetch_record_batch()
            first = self._reader.read_next_batch()
        except (Error, OSError) as error:
            raise adbc_error(error, "reading", self._place) from error
        if not self._form.is_first_row(first):
            raise BugError("the row that fixes the types did not come first")
        self._ready.append(self._records(first.slice(1)))

    def _records(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        records = self._form.records(batch.columns, self._place, self._rows_before, self._key)
        self._rows_before += batch.num_rows
        return records

    def _fetch(self) -> pa.RecordBatch | None:
        """The next batch from the database; None at its end, after which nothing is held."""
        from adbc_driver_manager import Error

        if self._reader is None:
            return None
        try:
            return self._records(self._reader.read_next_batch())
        except StopIteration:
            self._release()
            return None
        except (Error, OSError, pa.ArrowException) as error:
            self._release()
            raise adbc_error(error, "reading", self._place) from error
        except BaseException:
            self._release()
            raise

    def next_batch(self) -> pa.RecordBatch | None:
        with self._lock:
            while self._ready:
                batch = self._ready.popleft()
                if batch.num_rows:
                    return batch
            if self._failure is not None:
                raise self._failure
            return self._fetch()

    def give_way(self) -> None:
        with self._lock:
            try:
                while (batch := self._fetch()) is not None:
                    self._ready.append(batch)
            except EndpointError as error:
                self._failure = error  # told to the one who reads, when he gets there
            finally:
                self._release()

    def close(self) -> None:
        with self._lock:
            self._ready.clear()
            self._release()

    def _release(self) -> None:
        self._reader = None
        resources = [thing for thing in (self._cursor, self._connection) if thing is not None]
        self._cursor = self._connection = None
        try:
            for resource in resources:
                resource.close()
        finally:
            self._room.leave_reader(self)
