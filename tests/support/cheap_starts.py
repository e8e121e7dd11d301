"""Programs that start a thousand times in one process, and share what is the same for all of them.

Nothing of a run's behaviour is shared: a workbench has a database of its own inside one DuckDB instance, with the
settings of every workbench; an engine has connections of its own, but the SQL that one of them compiled is not compiled
again by the next. Both live and die with a process, so a crash that is only pretended leaves nothing in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

import duckdb
from sqlalchemy import Engine

from desktop_sync.engine import workbench
from desktop_sync.engine.workbench import Workbench
from desktop_sync.ledger import database
from desktop_sync.services.session import room

STATEMENTS = 2_048
"""How many parsed statements are remembered: those of many configurations, where a program has those of a few."""


@contextmanager
def cheap_starts(*, for_few_only: bool = False) -> Iterator[None]:
    """Inside, workbenches and ledgers are made in a tenth of the time. `for_few_only`: workbenches that are made for
    many records, or for nobody knows how many, are as ever."""
    made, instance, remembered = room.Workbench, _Instance(), workbench._REMEMBERED

    def bench(folder: str | None = None, *, in_memory: bool = False, is_for_few: bool = False) -> Workbench:
        if for_few_only and not is_for_few:
            return made(folder, in_memory=in_memory)
        return _SharedBench(instance)

    room.Workbench = bench  # type: ignore[assignment,misc]
    workbench._REMEMBERED = STATEMENTS
    try:
        with shared_compilation():
            yield
    finally:
        room.Workbench = made  # type: ignore[misc]
        workbench._REMEMBERED = remembered
        instance.close()


@contextmanager
def shared_compilation() -> Iterator[None]:
    """Inside, no ledger compiles SQL that another one compiled."""
    made = database.create_engine
    first: list[Engine] = []

    def engine(*arguments: Any, **options: Any) -> Engine:
        another = made(*arguments, **options)
        if first:
            another.dialect = another.pool._dialect = first[0].dialect
            another._compiled_cache = first[0]._compiled_cache
        else:
            first.append(another)
        return another

    database.create_engine = engine  # type: ignore[assignment]
    try:
        yield
    finally:
        database.create_engine = made


class _Instance:
    """One DuckDB in memory, with the settings that a workbench has."""

    def __init__(self) -> None:
        self._bench = Workbench(in_memory=True, is_for_few=True)
        self._numbers = count()

    def connection(self) -> tuple[duckdb.DuckDBPyConnection, str]:
        """A connection whose statements are about a new empty database, and its name."""
        name = f"bench_{next(self._numbers)}"
        connection = self._bench._connection.cursor()
        connection.execute(f"ATTACH ':memory:' AS {name}")
        connection.execute(f"USE {name}")
        return connection, name

    def close(self) -> None:
        self._bench.close()


class _SharedBench(Workbench):
    """A workbench in a database of its own of a shared instance."""

    def __init__(self, instance: _Instance) -> None:
        self._connection, self._database = instance.connection()
        self._is_in_memory = self._is_for_few = True
        self._know_nothing()

    def close(self) -> None:
        with self._lock, suppress(duckdb.Error):  # it was closed before
            self._connection.execute("USE memory")
            self._connection.execute(f"DETACH {self._database}")
            self._connection.close()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        cursor = super()._cursor()
        cursor.execute(f"USE {self._database}")
        return cursor
