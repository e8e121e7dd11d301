"""Peers as an Arrow stream, straight from the driver's cursor.

Not through ADBC: that brings a second copy of SQLite into the process, and when one copy closes its file, POSIX drops
the locks of the other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain

import pyarrow as pa
from sqlalchemy import Connection

from desktop_sync.core.provider_port import ArrowStream
from desktop_sync.core.status import Status
from desktop_sync.ledger.database import Database, driver_connection
from desktop_sync.ledger.ledger_faults import ledger_faults
from desktop_sync.ledger.peer_chunks import PEER_COLUMNS, PEER_SCHEMA, all_peers, batch_of

CHUNK = 5_000  # converting a chunk holds the interpreter, and the window waits for it
_SELECT = f"SELECT {PEER_COLUMNS} FROM sync_record WHERE entity_id = ?"
_BY_IDS = "SELECT id FROM sync_record WHERE entity_id = ? AND {side} IN (SELECT id FROM temp.wanted_{side})"
_BY_STATUS = "SELECT id FROM sync_record WHERE entity_id = ? AND status = {status}"
_UNSETTLED = f" AND status <> {int(Status.PROCESSED)}"
"""Said too where it is implied: SQLite does not see that it may use the partial index otherwise."""


def no_peers() -> ArrowStream:
    """The stream of an entity for which nothing was kept."""
    empty: ArrowStream = pa.RecordBatchReader.from_batches(PEER_SCHEMA, [])
    return empty


def stream_peers(
    database: Database,
    connection: Connection,
    entity: int,
    a_ids: Sequence[str] | None,
    b_ids: Sequence[str] | None,
    statuses: Sequence[Status] | None,
) -> ArrowStream:
    """The peers as they are now. The connection is given back when the stream is read to its end or let go."""
    cursor = driver_connection(connection).cursor()
    try:
        with ledger_faults(database.path):
            conditions = _conditions(cursor, a_ids, b_ids, statuses)
            if conditions is not None:
                narrowed = f"{_SELECT} AND id IN ({' UNION '.join(conditions)}) ORDER BY id"
                cursor.execute(narrowed, (entity,) * (1 + len(conditions)))
        made = all_peers(cursor, entity) if conditions is None else _fetched(cursor)
        batches = _guarded(made, connection, cursor, database)
        # Begun at once: only a generator that has begun gives the connection back when it is let go.
        first = next(batches)
    except BaseException:
        database.give_back(connection)
        raise
    reader: ArrowStream = pa.RecordBatchReader.from_batches(PEER_SCHEMA, chain([first], batches))
    return reader


def _conditions(
    cursor: sqlite3.Cursor,
    a_ids: Sequence[str] | None,
    b_ids: Sequence[str] | None,
    statuses: Sequence[Status] | None,
) -> list[str] | None:
    """Selects of record ids, each with the entity as its one parameter; None where all are wanted."""
    if a_ids is None and b_ids is None and statuses is None:
        return None
    conditions: list[str] = []
    for side, ids in (("a_id", a_ids), ("b_id", b_ids)):
        # Emptied before use too: the connection may have served a stream that was let go halfway.
        cursor.execute(f"CREATE TEMP TABLE IF NOT EXISTS wanted_{side} (id TEXT PRIMARY KEY) WITHOUT ROWID")
        cursor.execute(f"DELETE FROM temp.wanted_{side}")
        if ids:
            cursor.executemany(f"INSERT OR IGNORE INTO temp.wanted_{side} VALUES (?)", ((each,) for each in ids))
            conditions.append(_BY_IDS.format(side=side))
    # One equality each: the partial index on the status is used only where the status is told.
    conditions.extend(
        _BY_STATUS.format(status=int(status)) + (_UNSETTLED if status is not Status.PROCESSED else "")
        for status in dict.fromkeys(statuses or ())
    )
    return conditions or ["SELECT id FROM sync_record WHERE entity_id = ? AND 0"]


def _fetched(cursor: sqlite3.Cursor) -> Iterator[pa.RecordBatch]:
    """What the cursor selects, at least one batch, perhaps empty."""
    rows = cursor.fetchmany(CHUNK)
    yield batch_of(rows)
    while len(rows) == CHUNK and (rows := cursor.fetchmany(CHUNK)):
        yield batch_of(rows)


def _guarded(
    made: Iterator[pa.RecordBatch], connection: Connection, cursor: sqlite3.Cursor, database: Database
) -> Iterator[pa.RecordBatch]:
    """The batches; the connection is given back afterwards."""
    try:
        while True:
            with ledger_faults(database.path):
                batch = next(made, None)
            if batch is None:
                return
            yield batch
    finally:
        cursor.close()
        database.give_back(connection)
