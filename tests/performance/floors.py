"""What the same work costs at the least, measured in a process of its own beside the product. Says what it does."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from tests.performance.data import FIELDS, STRUCTURE, make_table
from tests.performance.workspace import CONFIGURATION, ENTITY, Workspace

LEDGER_BATCH = 10_000
_LEDGER_PRAGMAS = (  # the ledger's own
    "page_size = 8192",
    "journal_mode = WAL",
    "synchronous = FULL",
    "wal_autocheckpoint = 2000",
    "cache_size = -32768",
)
_OVERLAP = timedelta(seconds=60)


def first(workspace: Workspace) -> list[float]:
    """Seconds of the bare copy: one INSERT … SELECT through ATTACH into the same empty table in one transaction, then
    the ledger's rows into a table with the same columns and indexes, by executemany, durable every 10,000 rows.
    Reading the ledger's rows is not counted. The synchronization must have been done."""
    copy, ledger = workspace.folder / "floor-b.sqlite", workspace.folder / "floor-ledger.sqlite"
    try:
        return [_copy_records(workspace.a, copy) + _copy_ledger(workspace.ledger, ledger)]
    finally:
        for path in (copy, ledger):
            for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
                path.with_name(name).unlink(missing_ok=True)


def _copy_records(source: Path, target: Path) -> float:
    make_table(target)
    with closing(sqlite3.connect(target, isolation_level=None)) as connection:
        connection.execute("ATTACH ? AS source", (str(source),))
        start = time.perf_counter()
        connection.execute(f"INSERT INTO main.{STRUCTURE} SELECT * FROM source.{STRUCTURE}")
        return time.perf_counter() - start


def _copy_ledger(source: Path, target: Path) -> float:
    seconds = 0.0
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target, isolation_level=None)) as new:
        for pragma in _LEDGER_PRAGMAS:
            new.execute(f"PRAGMA {pragma}")
        declared = old.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name = 'sync_record' AND sql IS NOT NULL ORDER BY type = 'index'"
        )
        for (sql,) in declared.fetchall():
            new.execute(sql)
        rows = old.execute("SELECT * FROM sync_record ORDER BY entity_id, id")
        insert = f"INSERT INTO sync_record VALUES ({', '.join('?' * len(rows.description))})"
        while chunk := rows.fetchmany(LEDGER_BATCH):
            start = time.perf_counter()
            new.execute("BEGIN")
            new.executemany(insert, chunk)
            new.execute("COMMIT")
            seconds += time.perf_counter() - start
    return seconds


def compare(workspace: Workspace) -> list[float]:
    """Seconds to read all ten columns of A, then of B, as they are stored, through ADBC into Arrow tables, and then
    all peers by the ledger's own `peers`. One after the other, nothing compared."""
    from adbc_driver_sqlite import dbapi

    from desktop_sync.core.ledger_values import EntityKey
    from tests.performance.product import application_of, warm_up

    warm_up()
    with application_of(workspace) as application:
        ledger = application.ledger
        start = time.perf_counter()
        for path in (workspace.a, workspace.b):
            with dbapi.connect(f"file:{path}?mode=ro") as connection, connection.cursor() as cursor:
                cursor.execute(f"SELECT {', '.join(FIELDS)} FROM {STRUCTURE}")
                cursor.fetch_arrow_table()
        import pyarrow as pa

        pa.RecordBatchReader.from_stream(ledger.peers(EntityKey(CONFIGURATION, ENTITY))).read_all()
        return [time.perf_counter() - start]


def incremental(workspace: Workspace, times: int) -> list[float]:
    """Seconds, each time, to open both databases, read what is stamped in the last minute by the index, and commit
    twice durably (that a run began, and that it ended)."""
    journal = workspace.folder / "floor-runs.sqlite"
    try:
        with closing(sqlite3.connect(journal, isolation_level=None)) as runs:
            for pragma in _LEDGER_PRAGMAS:
                runs.execute(f"PRAGMA {pragma}")
            runs.execute("CREATE TABLE run (id INTEGER PRIMARY KEY, outcome TEXT)")
            return [_look(workspace, runs) for _ in range(times)]
    finally:
        for name in (journal.name, f"{journal.name}-wal", f"{journal.name}-shm"):
            journal.with_name(name).unlink(missing_ok=True)


def _look(workspace: Workspace, runs: sqlite3.Connection) -> float:
    start = time.perf_counter()
    run_id = runs.execute("INSERT INTO run (outcome) VALUES ('running')").lastrowid
    for path in (workspace.a, workspace.b):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as side:
            (last,) = side.execute(f"SELECT max(updated_at) FROM {STRUCTURE}").fetchone()
            since = str(datetime.fromisoformat(last) - _OVERLAP)
            side.execute(f"SELECT {', '.join(FIELDS)} FROM {STRUCTURE} WHERE updated_at >= ?", (since,)).fetchall()
    runs.execute("UPDATE run SET outcome = 'done' WHERE id = ?", (run_id,))
    return time.perf_counter() - start
