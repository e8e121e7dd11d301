"""The workbench: a DuckDB session for one plan, with a memory limit, that spills into a folder of its own.

Nothing durable lives in it. It reaches no file but its spill folder, no network and no extension.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count

import duckdb
import pyarrow as pa

from desktop_sync.core.provider_port import ArrowStream
from desktop_sync.engine.expression import SESSION_SETTINGS

MEMORY_LIMIT = "256MB"
BATCH_ROWS = 10_000


class Workbench:
    """One DuckDB database in a temporary folder. One thread at a time; close it, or use it as a context manager."""

    def __init__(self, folder: str | None = None, *, in_memory: bool = False) -> None:
        """`in_memory` starts faster and suits few records; else pages lie in a file and are let go without being
        written again."""
        self._folder = tempfile.mkdtemp(prefix="work-", dir=folder)  # mkdtemp makes it owner-only
        self._connection = duckdb.connect(
            ":memory:" if in_memory else os.path.join(self._folder, "bench.duckdb"),
            config={
                "memory_limit": MEMORY_LIMIT,
                "threads": "2",
                "temp_directory": self._folder,
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            },
        )
        for statement in (*SESSION_SETTINGS, "SET enable_external_access = false", "SET lock_configuration = true"):
            self._connection.execute(statement)
        self._names = count()

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """The session is gone and its spill folder is removed. May be repeated."""
        self._connection.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        self._connection.execute(sql, parameters)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """A small result as tuples: counts, pages for a screen. Never a whole table."""
        return list(self._connection.execute(sql, parameters).fetchall())

    def number(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """The single number that the statement gives; 0 for null."""
        # Fetched to the end: a result that is not keeps the connection from taking the next Arrow stream.
        rows = self._connection.execute(sql, parameters).fetchall()
        return int(rows[0][0]) if rows and rows[0][0] is not None else 0

    def table(self, sql: str) -> pa.Table:
        return self._connection.sql(sql).to_arrow_table()

    def stream(self, sql: str, batch_rows: int = BATCH_ROWS) -> pa.RecordBatchReader:
        """The result in batches. It has a cursor of its own: other statements may run while it is being read."""
        return self._connection.cursor().sql(sql).to_arrow_reader(batch_rows)

    @contextmanager
    def source(self, stream: ArrowStream) -> Iterator[tuple[str, pa.Schema]]:
        """The name of a view over an Arrow stream, which can be read once, and its schema."""
        reader = pa.RecordBatchReader.from_stream(stream)
        name = f"source_{next(self._names)}"
        self._connection.register(name, reader)
        try:
            yield name, reader.schema
        finally:
            self._connection.unregister(name)
            reader.close()
