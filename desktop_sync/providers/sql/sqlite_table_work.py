"""Applying batches to a SQLite table inside an open transaction.

A batch goes in with one `executemany`. When a record stops it, the batch is rolled back to its savepoint and split
in halves until the bad record stands alone. Updates and deletes first read the records in the same transaction, in
the very form that `read` gives, and leave out those that are not what was expected: a strong compare-and-set.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.errors import BugError, ConfigurationError, Place
from desktop_sync.core.provider_port import Operation, WriteResult, WriteStatus
from desktop_sync.core.structure import Structure, binary_text, decode_record_id, encode_record_id
from desktop_sync.providers.sql.sqlite_bulk import BulkInsert
from desktop_sync.providers.sql.sqlite_connection import quoted
from desktop_sync.providers.sql.sqlite_forms import RecordForm
from desktop_sync.providers.sql.sqlite_ids import IdReserve
from desktop_sync.providers.sql.sqlite_keys import bound_keys, by_key_sql, key_array, key_texts
from desktop_sync.providers.sql.sqlite_long_cells import LongCells
from desktop_sync.providers.sql.sqlite_reading import ask_rare_ids, columns_of, create_id_table, id_join
from desktop_sync.providers.sql.sqlite_schema import Table, describe_table
from desktop_sync.providers.sql.sqlite_sentences import refusal
from desktop_sync.providers.sql.sqlite_values import StoredColumn, is_same_value, stored_column
from desktop_sync.providers.write_batch import ResultColumns, StagedBatch, rows_of

_REFUSALS = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, OverflowError, UnicodeEncodeError)
Row = tuple[object, ...]


class TableWork:
    """Applies batches to a table inside an open transaction."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        structure: Structure,
        reserve: IdReserve,
        place: Place,
        commits_groups: bool = False,
    ) -> None:
        self._connection = connection
        self._reserve = reserve
        self._place = place
        self._key = structure.key
        self._commits_groups = commits_groups
        self._is_creating = False
        self._has_long_values = False
        self._rare: dict[str | None, object] = {}
        """Of records whose key is not stored as the text that their id is: what it is stored as."""
        self._table: Table = describe_table(connection, structure.name, place)
        self._key_of = columns_of(self._table, self._key, place)
        self._is_key_unique = any(unique <= frozenset(self._key) for unique in self._table.unique_keys)

    def write(self, batch: StagedBatch) -> WriteResult:
        results = ResultColumns(batch)
        self._is_creating = batch.operation is Operation.CREATE
        self._has_long_values = batch.has_long_values
        columns = self._stored_columns(batch, results)
        if batch.operation is Operation.CREATE:
            self._create(batch, columns, results)
        else:
            self._keep_expected(batch, results)
            if batch.operation is Operation.UPDATE:
                self._update(batch, columns, results)
            else:
                self._delete(batch, results)
        return results.result()

    def _stored_columns(self, batch: StagedBatch, results: ResultColumns) -> list[StoredColumn]:
        columns = columns_of(self._table, batch.fields, self._place)
        for column, sent in zip(columns, batch.values, strict=True):
            name, length = column.field.name, column.field.length
            if column.is_computed:
                where = Place(self._place.endpoint, self._place.structure, field=name)
                raise ConfigurationError("the field is computed by the database and cannot be written", where)
            if length is not None and pa.types.is_string(sent.type):
                lengths = pc.utf8_length(sent)
                for row in pc.indices_nonzero(pc.fill_null(pc.greater(lengths, length), False)).to_pylist():
                    found = lengths[row].as_py()
                    results.reject(row, f"the text for {name} has {found} characters, but the field takes {length}")
        return [stored_column(column, sent) for column, sent in zip(columns, batch.values, strict=True)]

    # creating

    def _create(self, batch: StagedBatch, columns: list[StoredColumn], results: ResultColumns) -> None:
        columns = columns + self._key_columns(batch, results)
        rows = list(zip(*(column.values for column in columns), strict=True)) if columns else [()] * len(batch)
        self._name_ids(columns, results)
        if not self._is_key_unique:
            self._settle_existing(results)
        sql = self._insert_sql(columns)
        if None not in results.ids or all(results.ids[row] is not None for row in results.open_rows()):
            self._apply(results, lambda group: self._many(sql, _those(rows, group)))
        else:
            form = RecordForm(columns_of(self._table, self._key, self._place), "")
            returning = f"{sql} RETURNING {form.select_list}"
            self._apply(results, lambda group: self._insert_returning(returning, group, rows, results))
        self._compare_stored(columns, results)

    def _insert_sql(self, columns: Sequence[StoredColumn]) -> str:
        names = ", ".join(quoted(column.column.field.name) for column in columns)
        marks = ", ".join("?" * len(columns))
        content = f"({names}) VALUES ({marks})" if columns else "DEFAULT VALUES"
        return f"INSERT OR ABORT INTO {quoted(self._table.name)} {content}"

    def bulk(self, batch: StagedBatch) -> BulkInsert | None:
        """The batch as one statement over Arrow columns, where all its records are new, have ids that the table keeps
        apart, and surely read back as they are sent. Else None. Writes nothing."""
        has_ids = None not in batch.ids or set(self._key) <= set(batch.fields)
        if batch.operation is not Operation.CREATE or not has_ids:
            return None
        if self._table.has_triggers or not self._is_key_unique:
            return None
        results = ResultColumns(batch)
        columns = self._stored_columns(batch, results)
        columns += self._key_columns(batch, results)
        if not columns or not all(column.is_sure and column.words is None for column in columns):
            return None
        self._name_ids(columns, results)
        if None in results.ids or len(results.open_rows()) != len(batch):
            return None
        results.settle_all(range(len(batch)), WriteStatus.WRITTEN)
        names = [f"v{position}" for position in range(len(columns))]
        values = pa.RecordBatch.from_arrays([column.bound for column in columns], names)
        return BulkInsert(self._insert_sql(columns), values, results.result())

    def _key_columns(self, batch: StagedBatch, results: ResultColumns) -> list[StoredColumn]:
        """Columns for the key fields that the batch does not fill, from its ids; numbers for records without one."""
        missing = [name for name in self._key if name not in batch.fields]
        if not missing:
            return []
        if self._key == (self._table.rowid_column,):
            without = [row for row, record_id in enumerate(results.ids) if record_id is None]
            given = self._reserve.reserve(self._connection, self._table, self._key, len(without), self._place) or []
            for row, record_id in zip(without, given, strict=True):
                results.ids[row] = record_id
        elif all(record_id is None for record_id in results.ids):
            return []
        parts = [self._id_parts(record_id) for record_id in results.ids]
        for row, part in enumerate(parts):
            if part is None and results.is_open(row):
                found_id = results.ids[row]
                sentence = "the record has no id" if found_id is None else f"“{found_id}” is not an id of this table"
                results.reject(row, sentence)
        found = []
        for position, name in enumerate(self._key):
            if name in missing:
                column = self._table.columns[name]
                texts = [None if part is None else part[position] for part in parts]
                stored = stored_column(column, key_array(column, texts))
                found.append(StoredColumn(column, stored.bound, True, stored.words))
        return found

    def _id_parts(self, record_id: str | None) -> tuple[str, ...] | None:
        try:
            return None if record_id is None else decode_record_id(record_id, len(self._key))
        except ValueError:
            return None

    def _name_ids(self, columns: Sequence[StoredColumn], results: ResultColumns) -> None:
        """The ids that the records will have by their values, where these hold the whole key."""
        by_name = {column.column.field.name: column for column in columns}
        if any(name not in by_name for name in self._key):
            return
        texts = [key_texts(by_name[name].column, by_name[name].values) for name in self._key]
        ids = texts[0] if len(texts) == 1 else [_id_of(parts) for parts in zip(*texts, strict=True)]
        open_rows = results.open_rows()
        if len(open_rows) == len(ids):
            results.ids[:] = ids
            return
        for row in open_rows:
            results.ids[row] = ids[row]

    def _settle_existing(self, results: ResultColumns) -> None:
        """EXISTS for records whose id a row has already, or an earlier record of the batch."""
        rows = results.open_rows()
        present = {row for row in self._present([results.ids[row] for row in rows], rows)}
        seen: set[str] = set()
        for row in rows:
            record_id = results.ids[row]
            if row in present or (record_id is not None and record_id in seen):
                results.settle(row, WriteStatus.EXISTS)
            elif record_id is not None:
                seen.add(record_id)

    def _present(self, ids: list[str | None], rows: list[int]) -> list[int]:
        """Those of `rows` whose id a row of the table has."""
        name = create_id_table(self._connection, self._table, self._key, ids, self._place)
        sql = f"SELECT DISTINCT w.n FROM {name} w JOIN {quoted(self._table.name)} t ON {id_join(self._key)}"
        found = self._connection.execute(sql).fetchall()
        if len(found) < len(ids) and ask_rare_ids(self._connection, self._table, self._key, ids):
            found += self._connection.execute(sql).fetchall()
        return [rows[position] for (position,) in found]

    def _insert_returning(self, sql: str, group: Sequence[int], rows: Sequence[Row], results: ResultColumns) -> None:
        form = RecordForm(columns_of(self._table, self._key, self._place))
        for row in group:
            stored = self._connection.execute(sql, rows[row]).fetchall()
            if len(stored) != 1:
                raise sqlite3.IntegrityError("the database kept no record")
            values = form.from_rows(stored, self._place).to_pylist()[0]
            texts = [binary_text(value) if isinstance(value, bytes) else value for value in values.values()]
            for name, text in zip(self._key, texts, strict=True):
                if text is None:
                    # SQLite allows it in a key that is no number; the record could never be told from others.
                    raise sqlite3.IntegrityError(f"NOT NULL constraint failed: {self._table.name}.{name}")
            results.ids[row] = encode_record_id(tuple(texts))

    # updating and deleting

    def _keep_expected(self, batch: StagedBatch, results: ResultColumns) -> None:
        """CHANGED for records that are gone or not what was expected, REJECTED for ids that several records have."""
        names = (*batch.expected_fields, *self._key)
        current = self._current(batch.ids, names)
        expected = batch.expected_rows()
        width = len(batch.expected_fields)
        seen: set[str | None] = set()
        for row in results.open_rows():
            found, record_id = current.get(row, []), batch.ids[row]
            matching = [values for values in found if _named(values[width:]) == record_id]
            if len(matching) > 1:
                results.reject(row, f"several records have the id “{record_id}”")
            elif not matching or record_id in seen or matching[0][:width] != expected[row]:
                results.settle(row, WriteStatus.CHANGED)
            seen.add(record_id)

    def _current(self, ids: Sequence[str | None], names: Sequence[str]) -> dict[int, list[Row]]:
        """The read forms of `names` of the records with these ids, by the position of the id; where values are long,
        the digests of those."""
        columns = columns_of(self._table, names, self._place)
        long = LongCells(self._connection, self._table, columns if self._has_long_values else (), self._key)
        form = RecordForm(columns, without_long=long.names)
        name = create_id_table(self._connection, self._table, self._key, ids, self._place)
        selected = ", ".join(["w.n", form.select_list, *long.expressions])
        sql = f"SELECT {selected} FROM {name} w JOIN {quoted(self._table.name)} t ON {id_join(self._key)}"
        fetched = self._connection.execute(sql).fetchall()
        if len(fetched) < len(ids) and ask_rare_ids(self._connection, self._table, self._key, ids):
            fetched += self._connection.execute(sql).fetchall()
            asked = f"SELECT w.n, w.k0 FROM {name} w JOIN {quoted(self._table.name)} t ON {id_join(self._key)}"
            self._rare |= {ids[position]: value for position, value in self._connection.execute(asked)}
        end = -len(long.names) or None
        records = form.from_rows([values[1:end] for values in fetched], self._place, self._key)
        found: dict[int, list[Row]] = {}
        for values, record in zip(fetched, rows_of(records.columns, records.num_rows), strict=True):
            found.setdefault(values[0], []).append(long.filled(record, values[end:]) if end else record)
        return found

    def _update(self, batch: StagedBatch, columns: list[StoredColumn], results: ResultColumns) -> None:
        if not columns:
            for row in results.open_rows():
                results.settle(row, WriteStatus.WRITTEN)
            return
        assignments = ", ".join(f"{quoted(column.column.field.name)} = ?" for column in columns)
        sql = f"UPDATE OR ABORT {quoted(self._table.name)} SET {assignments} WHERE {by_key_sql(self._key_of)}"
        values = list(zip(*(column.values for column in columns), strict=True))
        keys = self._bound_keys(batch.ids)
        self._apply(results, lambda group: self._many(sql, [(*values[row], *keys[row]) for row in group]))
        self._rename(columns, results)
        self._compare_stored(columns, results)

    def _bound_keys(self, ids: Sequence[str | None]) -> list[Row]:
        keys = bound_keys(self._key_of, ids)
        if not self._rare:
            return keys
        return [(self._rare[one],) if one in self._rare else key for one, key in zip(ids, keys, strict=True)]

    def _rename(self, columns: Sequence[StoredColumn], results: ResultColumns) -> None:
        """New ids for records whose key was written."""
        by_name = {column.column.field.name: column for column in columns}
        changed = [
            (i, key_texts(by_name[name].column, by_name[name].values))
            for i, name in enumerate(self._key)
            if name in by_name
        ]
        if not changed:
            return
        written = int(WriteStatus.WRITTEN)
        for row, status in enumerate(results.statuses):
            record_id = results.ids[row]
            if status != written or record_id is None:
                continue
            if len(self._key) == 1:
                results.ids[row] = changed[0][1][row]
                continue
            parts: list[str | None] = list(decode_record_id(record_id, len(self._key)))
            for position, texts in changed:
                parts[position] = texts[row]
            results.ids[row] = _id_of(tuple(parts))

    def _delete(self, batch: StagedBatch, results: ResultColumns) -> None:
        sql = f"DELETE FROM {quoted(self._table.name)} WHERE {by_key_sql(self._key_of)}"
        keys = self._bound_keys(batch.ids)
        self._apply(results, lambda group: self._many(sql, [keys[row] for row in group]))

    # all

    def _many(self, sql: str, rows: Sequence[Row]) -> None:
        cursor = self._connection.executemany(sql, rows)
        if cursor.rowcount != len(rows):
            raise sqlite3.IntegrityError("the database kept another number of records than were sent")

    def _apply(self, results: ResultColumns, write: Callable[[Sequence[int]], None]) -> None:
        """`write` all open rows; when a record stops it, split until the bad record stands alone."""
        groups = [results.open_rows()]
        while groups:
            group = groups.pop()
            if not group:
                continue
            refused = self._try(group, write)
            if refused is None:
                results.settle_all(group, WriteStatus.WRITTEN)
            elif len(group) == 1:
                self._settle_refused(group[0], refused, results)
            else:
                middle = len(group) // 2
                groups += [group[middle:], group[:middle]]

    def _try(self, group: Sequence[int], write: Callable[[Sequence[int]], None]) -> Exception | None:
        """None when the group was written, else why not; then nothing of it was."""
        connection = self._connection
        connection.execute("SAVEPOINT desktop_sync")
        try:
            write(group)
            if self._commits_groups:
                connection.execute("COMMIT")
                connection.execute("BEGIN IMMEDIATE")
            else:
                connection.execute("RELEASE desktop_sync")
        except _REFUSALS as error:
            if not connection.in_transaction:
                raise BugError("a trigger ended the transaction") from error
            connection.execute("ROLLBACK TO desktop_sync")
            connection.execute("RELEASE desktop_sync")
            return error
        return None

    def _settle_refused(self, row: int, error: Exception, results: ResultColumns) -> None:
        record_id = results.ids[row]
        if self._is_creating and self._names_key(record_id, error) and self._present([record_id], [row]):
            results.settle(row, WriteStatus.EXISTS)
        else:
            results.reject(row, refusal(error, self._table.name))

    def _names_key(self, record_id: str | None, error: Exception) -> bool:
        """Whether the refusal is that of the key: then, in a create, the id may be taken."""
        if record_id is None or not isinstance(error, sqlite3.IntegrityError):
            return False
        named = str(error).rpartition(": ")[2].split(", ")
        return {name.rpartition(".")[2] for name in named} == set(self._key)

    def _compare_stored(self, columns: Sequence[StoredColumn], results: ResultColumns) -> None:
        """`stored_as_sent` becomes False where the read form of a value is not what was bound."""
        unsure = [column for column in columns if not column.is_sure or self._table.has_triggers]
        if not unsure:
            return
        written = [row for row, status in enumerate(results.statuses) if status == WriteStatus.WRITTEN]
        if not written:
            return
        names = [column.column.field.name for column in unsure]
        current = self._current([results.ids[row] for row in written], names)
        for position, row in enumerate(written):
            found = current.get(position, [])
            results.stored_as_sent[row] = len(found) == 1 and all(
                is_same_value(column.values[row], value) for column, value in zip(unsure, found[0], strict=True)
            )


def _those(rows: Sequence[Row], group: Sequence[int]) -> Sequence[Row]:
    """The rows at these different places."""
    return rows if len(group) == len(rows) else [rows[row] for row in group]


def _named(parts: Row) -> str | None:
    """`_id_of`, quickly for the usual key of one text."""
    first = parts[0]
    return first if len(parts) == 1 and isinstance(first, str) else _id_of(parts)


def _id_of(parts: Row) -> str | None:
    texts = tuple(binary_text(bytes(part)) if isinstance(part, bytes | memoryview) else part for part in parts)
    return None if None in texts else encode_record_id(tuple(str(text) for text in texts))
