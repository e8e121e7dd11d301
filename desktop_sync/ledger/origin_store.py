"""Origin stamps of the fields of shared structures, and configurations that are to follow (SPEC §7).

A stamp holds for a value: it is kept with the value's digest. A field has one for the value that stands there, and
while sync writes to it a second one, pending, for the value that is about to stand there. Both are durable before the
write, so that a crash in between leaves each of the two values with its own stamp.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

import pyarrow as pa
from sqlalchemy import Connection

from desktop_sync.core.errors import BugError
from desktop_sync.core.ledger_values import FollowUp
from desktop_sync.core.provider_port import ArrowStream
from desktop_sync.core.sync_group import StructureName
from desktop_sync.ledger.batch_content import read_stream
from desktop_sync.ledger.instants import from_us, to_us
from desktop_sync.ledger.store import Store, configuration_id

ORIGIN_SCHEMA = pa.schema(
    [
        ("record_id", pa.string()),
        ("field", pa.string()),
        ("is_pending", pa.bool_()),
        ("digest", pa.binary()),
        ("origin", pa.string()),
        ("at_us", pa.int64()),
        ("error_us", pa.int64()),
        ("told_us", pa.int64()),
    ]
)
CHUNK = 5_000

_FIND = (
    "SELECT s.record_id, f.field, s.is_pending, s.digest, s.origin, s.at_us, s.error_us, s.told_us FROM origin_field f"
    " JOIN origin_stamp s ON s.field_id = f.id AND s.record_id IN (SELECT value FROM json_each(?))"
    " WHERE f.endpoint = ? AND f.structure = ?"
)
_KEEP = (
    "INSERT OR REPLACE INTO origin_stamp (field_id, record_id, is_pending, digest, origin, at_us, error_us, told_us)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_KEEP_WHERE_AS_EXPECTED = (
    "INSERT INTO origin_stamp (field_id, record_id, is_pending, digest, origin, at_us, error_us, told_us)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (field_id, record_id, is_pending) DO UPDATE SET digest ="
    " excluded.digest, origin = excluded.origin, at_us = excluded.at_us, error_us = excluded.error_us,"
    " told_us = excluded.told_us WHERE digest IS ?"
)
_OF_RECORDS = (
    " field_id IN (SELECT id FROM origin_field WHERE endpoint = ? AND structure = ?)"
    " AND record_id IN (SELECT value FROM json_each(?))"
)
_MOVE = (
    "INSERT OR REPLACE INTO origin_stamp (field_id, record_id, is_pending, digest, origin, at_us, error_us, told_us)"
    " SELECT field_id, record_id, 0, digest, origin, at_us, error_us, told_us FROM origin_stamp"
    " WHERE is_pending = 1 AND"
)


class SqlOriginStore(Store):
    """The `OriginStore` of the ledger."""

    def scanned_at(self, structure: StructureName) -> dict[str, int]:
        """When the fields were last looked at completely, in microseconds."""
        with self._database.reading() as connection:
            return _scanned(connection, structure)

    def mark_scanned(self, structure: StructureName, fields: Sequence[str], at_us: int) -> None:
        """Kept; an earlier look than the one known changes nothing."""
        with self._database.writing("mark_scanned") as connection:
            ids = _field_ids(connection, structure, fields)
            later = "UPDATE origin_field SET scanned_at = ? WHERE id = ? AND coalesce(scanned_at, 0) < ?"
            if ids:
                connection.exec_driver_sql(later, [(at_us, each, at_us) for each in ids.values()])

    def origins(self, structure: StructureName, record_ids: Sequence[str]) -> ArrowStream:
        """The stamps of these records, pending ones too. Read in parts, each as it is when it is read."""
        found: ArrowStream = pa.RecordBatchReader.from_batches(ORIGIN_SCHEMA, self._origins(structure, record_ids))
        return found

    def _origins(self, structure: StructureName, record_ids: Sequence[str]) -> Iterator[pa.RecordBatch]:
        if not self._has_any(structure):
            return
        for start in range(0, len(record_ids), CHUNK):
            wanted = json.dumps(list(record_ids[start : start + CHUNK]))
            with self._database.reading() as connection:
                rows = connection.exec_driver_sql(_FIND, (wanted, structure.endpoint, structure.structure)).fetchall()
            if rows:
                columns = [list(column) for column in zip(*rows, strict=True)]
                columns[2] = [bool(value) for value in columns[2]]
                arrays = [pa.array(values, field.type) for values, field in zip(columns, ORIGIN_SCHEMA, strict=True)]
                yield pa.RecordBatch.from_arrays(arrays, schema=ORIGIN_SCHEMA)

    def _has_any(self, structure: StructureName) -> bool:
        some = (
            "SELECT 1 FROM origin_field f JOIN origin_stamp s ON s.field_id = f.id"
            " WHERE f.endpoint = ? AND f.structure = ? LIMIT 1"
        )
        with self._database.reading() as connection:
            return connection.exec_driver_sql(some, (structure.endpoint, structure.structure)).first() is not None

    def keep_origins(self, structure: StructureName, stamps: ArrowStream) -> None:
        """The fields have these stamps. May be repeated.

        With a column `expected`, a stamp is kept only where none is there, or one for a value with that digest: else a
        sibling wrote the field meanwhile, and its stamp is the true one.
        """
        rows = read_stream(stamps)
        if not rows.num_rows:
            return
        missing = [name for name in ORIGIN_SCHEMA.names if name not in rows.column_names]
        if missing:
            raise BugError(f"origin stamps lack the column {missing[0]!r}")
        is_fenced = "expected" in rows.column_names
        names = [*ORIGIN_SCHEMA.names, "expected"] if is_fenced else ORIGIN_SCHEMA.names
        columns = {name: rows.column(name).to_pylist() for name in names}
        with self._database.writing("keep_origins") as connection:
            ids = _field_ids(connection, structure, list(dict.fromkeys(columns["field"])))
            numbers = [ids[name] for name in columns.pop("field")]
            statement = _KEEP_WHERE_AS_EXPECTED if is_fenced else _KEEP
            connection.exec_driver_sql(statement, list(zip(numbers, *columns.values(), strict=True)))

    def settle_origins(self, structure: StructureName, done: Sequence[str], undone: Sequence[str] = ()) -> None:
        """Of records that were written, the pending stamps hold now; of those that were not, they are dropped."""
        with self._database.writing("settle_origins") as connection:
            for ids, is_done in ((done, True), (undone, False)):
                for start in range(0, len(ids), CHUNK):
                    wanted = (
                        structure.endpoint,
                        structure.structure,
                        json.dumps(list(ids[start : start + CHUNK])),
                    )
                    if is_done:
                        connection.exec_driver_sql(_MOVE + _OF_RECORDS, wanted)
                    pending = "DELETE FROM origin_stamp WHERE is_pending = 1 AND"
                    connection.exec_driver_sql(pending + _OF_RECORDS, wanted)

    def forget_origins(self, structure: StructureName, record_ids: Sequence[str]) -> None:
        """Records that were deleted have no stamps; another record may get their id."""
        with self._database.writing("forget_origins") as connection:
            for start in range(0, len(record_ids), CHUNK):
                wanted = json.dumps(list(record_ids[start : start + CHUNK]))
                connection.exec_driver_sql(
                    "DELETE FROM origin_stamp WHERE" + _OF_RECORDS, (structure.endpoint, structure.structure, wanted)
                )

    def keep_structures(self, used: Collection[StructureName]) -> None:
        """Stamps of structures that no configuration synchronizes any more are gone. May be repeated."""
        with self._database.writing("keep_structures") as connection:
            known = connection.exec_driver_sql("SELECT DISTINCT endpoint, structure FROM origin_field").fetchall()
            unused = [(row[0], row[1]) for row in known if StructureName(row[0], row[1]) not in used]
            if unused:
                connection.exec_driver_sql("DELETE FROM origin_field WHERE endpoint = ? AND structure = ?", unused)

    def mark_follow_up(self, configurations: Sequence[str], because: str) -> None:
        """They are to follow the run of `because`, which was now: a run of theirs that looked before is not enough."""
        with self._database.writing("mark_follow_up") as connection:
            put_follow_ups(connection, configurations, because, self._now_us())

    def clear_follow_up(self, configuration: str, until: datetime) -> None:
        """What was due until then is done: the configuration has run since."""
        with self._database.writing("clear_follow_up") as connection:
            connection.exec_driver_sql(
                "DELETE FROM follow_up WHERE due_since <= ? AND configuration_id IN"
                " (SELECT id FROM configuration WHERE name = ? AND deleted_at IS NULL)",
                (to_us(until), configuration),
            )

    def follow_ups(self) -> dict[str, FollowUp]:
        """By the name of the configuration that is to run."""
        with self._database.reading() as connection:
            rows = connection.exec_driver_sql(
                "SELECT c.name, u.because, u.due_since FROM follow_up u JOIN configuration c ON c.id ="
                " u.configuration_id WHERE c.deleted_at IS NULL"
            )
            return {row[0]: FollowUp(row[1], from_us(row[2])) for row in rows}


def put_follow_ups(connection: Connection, configurations: Sequence[str], because: str, now_us: int) -> None:
    """The configurations are to follow what `because` wrote until now."""
    for name in configurations:
        known = configuration_id(connection, name)
        if known is not None:
            connection.exec_driver_sql(
                "INSERT INTO follow_up (configuration_id, because, due_since) VALUES (?, ?, ?)"
                " ON CONFLICT (configuration_id) DO UPDATE SET because = excluded.because,"
                " due_since = max(due_since, excluded.due_since)",
                (known, because, now_us),
            )


def _scanned(connection: Connection, structure: StructureName) -> dict[str, int]:
    rows = connection.exec_driver_sql(
        "SELECT field, scanned_at FROM origin_field WHERE endpoint = ? AND structure = ? AND scanned_at IS NOT NULL",
        (structure.endpoint, structure.structure),
    )
    return {row[0]: row[1] for row in rows}


def _field_ids(connection: Connection, structure: StructureName, fields: Sequence[str]) -> dict[str, int]:
    of_structure = (structure.endpoint, structure.structure)
    new = "INSERT OR IGNORE INTO origin_field (endpoint, structure, field) VALUES (?, ?, ?)"
    if fields:
        connection.exec_driver_sql(new, [(*of_structure, field) for field in fields])
    rows = connection.exec_driver_sql(
        "SELECT field, id FROM origin_field WHERE endpoint = ? AND structure = ?", of_structure
    )
    known = {row[0]: int(row[1]) for row in rows}
    return {field: known[field] for field in fields}
