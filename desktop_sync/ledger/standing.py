"""Sync records as they stand within a transaction that changes them: looked at, replaced, or gone."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pyarrow as pa
from sqlalchemy import Connection

from desktop_sync.core.errors import VersionMismatchError
from desktop_sync.ledger.peer_chunks import PEER_COLUMNS, PEER_SCHEMA, batch_of
from desktop_sync.ledger.settlement import chunks

_STANDING = (
    f"SELECT {PEER_COLUMNS} FROM sync_record WHERE entity_id = ? AND id IN (SELECT value FROM json_each(?)) ORDER BY id"
)


def standing(connection: Connection, entity: int, record_ids: Sequence[int]) -> pa.Table:
    """Those of the records that are there, by id, with the columns of a peer."""
    rows: list[tuple[object, ...]] = []
    for chunk in chunks(sorted(record_ids)):
        rows += map(tuple, connection.exec_driver_sql(_STANDING, (entity, json.dumps(chunk))))
    return pa.Table.from_batches([batch_of(rows)])


def take_place(connection: Connection, entity: int, expected: pa.Table, kept: Sequence[int]) -> None:
    """The expected records are gone but for those that are kept. Raises VersionMismatchError where one of them does not
    stand as it is expected to."""
    numbers = expected["record_id"].to_pylist()
    known = {one["record_id"]: one for one in standing(connection, entity, numbers).to_pylist()}
    for one in expected.select(PEER_SCHEMA.names).to_pylist():
        if known.get(one["record_id"]) != one:
            raise VersionMismatchError("what was decided", "the record as it stood", "what a run made of it")
    spare = set(numbers).difference(kept)
    if spare:
        remove_records(connection, entity, sorted(spare))


def remove_records(connection: Connection, entity: int, record_ids: Sequence[int]) -> None:
    """The sync records are gone, with their open conflicts."""
    gone = 0
    for chunk in chunks(list(record_ids)):
        wanted = (entity, json.dumps(chunk))
        gone += connection.exec_driver_sql(
            "DELETE FROM sync_record WHERE entity_id = ? AND id IN (SELECT value FROM json_each(?))", wanted
        ).rowcount
        connection.exec_driver_sql(
            "DELETE FROM conflict WHERE settled_at IS NULL AND entity_id = ?"
            " AND record_id IN (SELECT value FROM json_each(?))",
            wanted,
        )
    fewer = "UPDATE entity SET record_count = record_count - ? WHERE id = ?"
    connection.exec_driver_sql(fewer, (gone, entity))
