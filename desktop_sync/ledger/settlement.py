"""Writing sync records in bulk: the rows of an Arrow table go into the driver's executemany without objects between.

New records are inserted, known ones updated; which is which is told by the largest id of the entity, and by a look-up
only for ids below it. An update leaves the indexed ids alone unless they change.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from desktop_sync.core.errors import BugError
from desktop_sync.core.status import DeletedIn, Status
from desktop_sync.ledger.id_block import keep_ahead
from desktop_sync.ledger.strung_insert import strung_select

CHUNK = 10_000
COLUMNS = (
    "record_id",
    "a_id",
    "b_id",
    "status",
    "deleted_in",
    "a_digest",
    "b_digest",
    "attempts",
    "not_before",
    "last_error",
)
_SETTLED = (int(Status.PROCESSED), int(Status.DELETED))

_INSERT = (
    "INSERT INTO sync_record (entity_id, id, a_id, b_id, status, deleted_in, a_digest, b_digest, attempts, not_before,"
    " last_error, batch_id, run_id, updated_at)"
)
_ALIKE = ("status", "deleted_in", "attempts", "not_before", "last_error", "batch_id")
"""What is the same in all new records of a settlement, nearly always."""
_UPDATE_STATE = (
    "UPDATE sync_record SET status = ?, deleted_in = ?, a_digest = ?, b_digest = ?, attempts = ?, not_before = ?,"
    " last_error = ?, batch_id = coalesce(?, batch_id), run_id = ?, updated_at = ? WHERE entity_id = ? AND id = ?"
)
_UPDATE_IDS = "UPDATE sync_record SET a_id = ?, b_id = ? WHERE entity_id = ? AND id = ?"
_LOOK_UP = "SELECT id, a_id, b_id FROM sync_record WHERE entity_id = ? AND id IN (SELECT value FROM json_each(?))"

_Row = tuple[object, ...]
_HeldIds = dict[int, tuple[str | None, str | None]]


class Settlement:
    """Settlements of one entity in the caller's transaction."""

    def __init__(self, connection: Connection, entity: int, run_id: int, now_us: int) -> None:
        self._connection = connection
        self._entity = entity
        self._run_id = run_id
        self._now_us = now_us

    def carry_out(self, rows: pa.Table, batch_id: int | None = None, done: Collection[int] = ()) -> None:
        """The sync records are as the rows say; those in `done` have `batch_id` as their baseline."""
        missing = [name for name in COLUMNS if name not in rows.column_names]
        if missing:
            raise BugError(f"settlements lack the column {missing[0]!r}")
        rows = rows.select(COLUMNS)
        texts = rows.column("last_error").cast(pa.string()).fill_null("")
        rows = rows.set_column(COLUMNS.index("last_error"), "last_error", texts)
        known = self._known(rows)
        self._free_ids(rows, known)
        self._free_ids_of_deleted(rows)
        last_known = self._last_id()
        inserted = 0
        for start in range(0, rows.num_rows, CHUNK):
            part = rows.slice(start, CHUNK)
            records: list[int] = part.column("record_id").to_pylist()
            batches = [batch_id if record in done else None for record in records]
            if min(records) > last_known:
                inserted += self._insert(part, records, batches)
            else:
                inserted += self._write([_values(column) for column in part.columns], batches, known)
        self._count(inserted, rows)
        self._point_to_batch(rows, batch_id, done)
        self._settle_conflicts(rows)

    def _known(self, rows: pa.Table) -> _HeldIds:
        last_known = self._last_id()
        asked = [record for record in rows.column("record_id").to_pylist() if record <= last_known]
        known: _HeldIds = {}
        for chunk in chunks(asked):
            found = self._connection.exec_driver_sql(_LOOK_UP, (self._entity, json.dumps(chunk)))
            known.update((row[0], (row[1], row[2])) for row in found)
        return known

    def _last_id(self) -> int:
        newest = "SELECT max(id) FROM sync_record WHERE entity_id = ?"
        return self._connection.exec_driver_sql(newest, (self._entity,)).scalar() or 0

    def _free_ids(self, rows: pa.Table, known: _HeldIds) -> None:
        """Ids that change hands within the settlement are let go first, else the indexes would see them twice."""
        if not known:
            return
        columns = zip(*(rows.column(name).to_pylist() for name in ("record_id", "a_id", "b_id")), strict=True)
        leaving_a: list[_Row] = []
        leaving_b: list[_Row] = []
        for record, a_id, b_id in columns:
            held_a, held_b = known.get(record, (None, None))
            if held_a is not None and held_a != a_id:
                leaving_a.append((self._entity, record))
            if held_b is not None and held_b != b_id:
                leaving_b.append((self._entity, record))
        self._many("UPDATE sync_record SET a_id = NULL WHERE entity_id = ? AND id = ?", leaving_a)
        self._many("UPDATE sync_record SET b_id = NULL WHERE entity_id = ? AND id = ?", leaving_b)

    def _free_ids_of_deleted(self, rows: pa.Table) -> None:
        """An endpoint may give the id of a record that was deleted to a new one: the Deleted sync record lets it go.

        What is left of it counts as never processed, so that a record under its other id would be a new one; unless
        its record had stayed there when this one was deleted.
        """
        # Both conditions: SQLite uses the partial index on the status only where "status <> 2" is said.
        deleted = f"status = {int(Status.DELETED)} AND status <> {int(Status.PROCESSED)}"
        some = f"SELECT 1 FROM sync_record WHERE entity_id = ? AND {deleted} LIMIT 1"
        if self._connection.exec_driver_sql(some, (self._entity,)).first() is None:
            return
        records: list[int] = rows.column("record_id").to_pylist()
        for name, gone in (("a_id", DeletedIn.A), ("b_id", DeletedIn.B)):
            ids = dict(zip(rows.column(name).to_pylist(), records, strict=True))
            ids.pop(None, None)
            for chunk in _parts(list(ids)):
                holders = self._connection.exec_driver_sql(
                    f"SELECT id, {name} FROM sync_record WHERE entity_id = ? AND {deleted}"
                    f" AND {name} IN (SELECT value FROM json_each(?))",
                    (self._entity, json.dumps(chunk)),
                ).fetchall()
                freed: list[_Row] = [(self._entity, row[0]) for row in holders if ids[row[1]] != row[0]]
                self._many(
                    f"UPDATE sync_record SET {name} = NULL, deleted_in = CASE WHEN deleted_in = {int(gone)}"
                    f" THEN deleted_in ELSE {int(DeletedIn.BY_HAND)} END WHERE entity_id = ? AND id = ?",
                    freed,
                )

    def _insert(self, rows: pa.Table, records: list[int], batches: list[int | None]) -> int:
        # Most columns of a chunk hold one value in all rows, which is told once instead of bound in each row.
        told = {name: _literal(rows.column(name)) for name in COLUMNS[1:]}
        if batches.count(batches[0]) == len(batches):
            told["batch_id"] = "NULL" if batches[0] is None else str(batches[0])
        strung = strung_select(rows, records) if all(told.get(name) for name in _ALIKE) else None
        if strung is not None:
            values, source, parameters = strung
            select = ", ".join(self._values_sql(told | values))
            self._connection.exec_driver_sql(f"{_INSERT} SELECT {select} FROM {source}", parameters)
            return len(records)
        # The record ids differ, and a row needs something to bind.
        given: dict[str, Sequence[object]] = {"record_id": records}
        given |= {name: _values(rows.column(name)) for name in COLUMNS[1:] if told[name] is None}
        given |= {} if "batch_id" in told else {"batch_id": batches}
        marks = ", ".join(self._values_sql(told | dict.fromkeys(given, "?")))
        self._many(f"{_INSERT} VALUES ({marks})", list(zip(*given.values(), strict=True)))
        return len(records)

    def _values_sql(self, values: Mapping[str, str | None]) -> list[str]:
        """What is inserted, in the order of `_INSERT`."""
        columns = [values[name] or "?" for name in (*COLUMNS, "batch_id")]
        return [str(self._entity), *columns, str(self._run_id), str(self._now_us)]

    def _write(self, columns: Sequence[Sequence[object]], batches: list[int | None], known: _HeldIds) -> int:
        new: list[_Row] = []
        states: list[_Row] = []
        ids: list[_Row] = []
        entity, run_id, now_us = self._entity, self._run_id, self._now_us
        for row, batch_id in zip(zip(*columns, strict=True), batches, strict=True):
            record, a_id, b_id = row[0], row[1], row[2]
            held = known.get(record) if isinstance(record, int) else None
            if held is None:
                new.append((entity, *row, batch_id, run_id, now_us))
                continue
            states.append((*row[3:], batch_id, run_id, now_us, entity, record))
            if held != (a_id, b_id):
                ids.append((a_id, b_id, entity, record))
        self._many(_UPDATE_IDS, ids)
        self._many(_UPDATE_STATE, states)
        self._many(f"{_INSERT} VALUES ({', '.join('?' * 14)})", new)
        return len(new)

    def _count(self, inserted: int, rows: pa.Table) -> None:
        if not inserted:
            return
        more = "UPDATE entity SET record_count = record_count + ? WHERE id = ?"
        self._connection.exec_driver_sql(more, (inserted, self._entity))
        keep_ahead(self._connection, max(rows.column("record_id").to_pylist()))

    def _point_to_batch(self, rows: pa.Table, batch_id: int | None, done: Collection[int]) -> None:
        rest = set(done).difference(rows.column("record_id").to_pylist()) if done else set()
        point = "UPDATE sync_record SET batch_id = ? WHERE entity_id = ? AND id = ?"
        self._many(point, [(batch_id, self._entity, record) for record in sorted(rest)])

    def _settle_conflicts(self, rows: pa.Table) -> None:
        """A record that is in order again has no conflict any more, decided or not."""
        asked = "SELECT record_id FROM conflict WHERE entity_id = ? AND settled_at IS NULL"
        open_ones = {row[0] for row in self._connection.exec_driver_sql(asked, (self._entity,))}
        if not open_ones:
            return
        pairs = zip(rows.column("record_id").to_pylist(), rows.column("status").to_pylist(), strict=True)
        over = [(self._now_us, self._entity, record) for record, status in pairs if status in _SETTLED]
        settle = "UPDATE conflict SET settled_at = ? WHERE entity_id = ? AND record_id = ? AND settled_at IS NULL"
        self._many(settle, [row for row in over if row[2] in open_ones])

    def _many(self, statement: str, rows: Sequence[_Row]) -> None:
        if rows:
            self._connection.exec_driver_sql(statement, list(rows))


def chunks(values: list[int]) -> Iterable[list[int]]:
    """Lists of at most CHUNK values."""
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


def _literal(column: pa.ChunkedArray) -> str | None:
    """The SQL of the one value that all rows hold: a number, NULL or empty text. None where they differ."""
    if column.null_count:
        return "NULL" if column.null_count == len(column) else None
    first = column[0].as_py()
    if not (first == "" or type(first) is int) or not pc.all(pc.equal(column, column[0])).as_py():
        return None
    return "''" if first == "" else str(first)


def _parts(values: list[str]) -> Iterable[list[str]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


def _values(column: pa.ChunkedArray) -> list[object]:
    """The column as the driver takes it: times as microseconds."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64())
    values: list[object] = column.to_pylist()
    return values


def marked_since(connection: Connection, entity: int, batch_id: int, records: Collection[int]) -> list[int]:
    """Those of the records that somebody set to Prepared after the batch's intent was kept (RELIABILITY K11)."""
    if not records:
        return []
    first, last = min(records), max(records)
    # Records that lie close together are quickest looked through, others looked up. The plus keeps SQLite on the
    # primary key: a long queue is not walked through for every batch.
    is_dense = last - first < 2 * len(records)
    chosen = "id BETWEEN ? AND ?" if is_dense else "id IN (SELECT value FROM json_each(?))"
    found = connection.exec_driver_sql(
        f"SELECT id FROM sync_record WHERE entity_id = ? AND {chosen} AND +status = ? AND updated_at >"
        " (SELECT opened_at FROM batch WHERE id = ?)",
        (entity, *((first, last) if is_dense else (json.dumps(list(records)),)), int(Status.PREPARED), batch_id),
    )
    return [row[0] for row in found if row[0] in records]


def mark_again(connection: Connection, entity: int, records: Sequence[int]) -> None:
    """Of these records, those that were just processed are Prepared: what they were marked for may have come later
    than what was written."""
    for chunk in chunks(list(records)):
        connection.exec_driver_sql(
            "UPDATE sync_record SET status = ? WHERE entity_id = ? AND status = ?"
            " AND id IN (SELECT value FROM json_each(?))",
            (int(Status.PREPARED), entity, int(Status.PROCESSED), json.dumps(chunk)),
        )
