"""The workbench: a DuckDB session for one plan, with a memory limit, that spills into a folder of its own.

Nothing durable lives in it. It reaches no file but its spill folder, no network and no extension.
"""

from __future__ import annotations

import atexit
import copy
import os
import re
import shutil
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count

import duckdb
import pyarrow as pa

from desktop_sync.core.errors import MemoryShortError, Place
from desktop_sync.core.provider_port import ArrowStream
from desktop_sync.engine.canonical import literal
from desktop_sync.engine.expression import SESSION_SETTINGS, UNSAFE_OPTIMIZERS

MEMORY_LIMIT = "208MB"
BATCH_ROWS = 10_000
SMALL_ANSWER = 100
"""Rows of an answer that is remembered until one of its tables is changed."""
LONG_STATEMENT = 2_000
"""Characters from which binding a statement costs more than keeping the few rows that it gives."""
# Of few rows the copy that it warns of costs a tenth of binding the statement a second time.
warnings.filterwarnings("ignore", "Arrow output on a DB-API result makes an extra copy", UserWarning)
_REMEMBERED = 256
_LONGEST_REMEMBERED = 8_000
"""How many statements are remembered as they were parsed, and up to how many characters."""

_OWN_SETTINGS = (
    # Tables live for minutes. Finding out how each could be made small takes three times as long as storing it.
    "PRAGMA force_compression = 'uncompressed'",
    "SET checkpoint_threshold = '1TB'",  # nothing here is to survive a crash, so nothing need be brought in order
    "PRAGMA disable_checkpoint_on_shutdown",  # the file is about to be removed
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
# A filter for what a join is going to find takes 12 MB, however few records it is for.
_IN_MEMORY = f"SET disabled_optimizers = '{UNSAFE_OPTIMIZERS},join_filter_pushdown'"
_WORTH_IT = frozenset({"unused_columns", "filter_pushdown", "deliminator", "cte_inlining"})
"""The optimizers without which a statement over many records that nobody expected would not end in good time. Looking
for the best order of joins and the like costs few records more than it saves them."""
_CHANGED_TABLE = re.compile(
    r"(?:CREATE (?:OR REPLACE )?TABLE|DROP TABLE(?: IF EXISTS)?|INSERT INTO|UPDATE|DELETE FROM) ([a-z_0-9]+)\b"
)
_MADE_TABLE = re.compile(r"CREATE (?:OR REPLACE )?TABLE ([a-z_0-9]+)\b")
_PREFIX = "work-"
_FILE = "bench"
"""What the session calls the database that lies in a file."""


def sweep(folder: str) -> None:
    """What killed programs left of their workbenches is gone from the folder; what others work in stays."""
    for entry in os.scandir(folder):
        pid = entry.name.removeprefix(_PREFIX).partition("-")[0]
        if entry.name.startswith(_PREFIX) and pid.isdigit() and not _is_running(int(pid)):
            shutil.rmtree(entry.path, ignore_errors=True)


def _is_running(pid: int) -> bool:
    if os.name == "nt":
        return False  # files that are in use cannot be removed there, so trying harms nobody
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def within_memory(place: Place) -> Iterator[None]:
    """What has no room in the workbench, although that spills to the disk, raises MemoryShortError."""
    try:
        yield
    except Exception as error:
        # An Arrow stream that ends early tells it by its text alone.
        if isinstance(error, duckdb.OutOfMemoryException) or "Out of Memory Error" in str(error):
            raise MemoryShortError("the records are too long to be worked on together", place) from error
        raise


class _Parsed:
    """Statements as they were parsed, by their texts, those that were wanted last. Any connection takes them. Any
    thread."""

    def __init__(self) -> None:
        self._known: dict[str, duckdb.Statement] = {}
        self._lock = threading.Lock()

    def of(self, sql: str, connection: duckdb.DuckDBPyConnection) -> duckdb.Statement | str:
        """The statement, parsed by the connection where nobody did; the text itself where it is not exactly one."""
        with self._lock:
            found = self._known.pop(sql, None)
        if found is None:
            statements = connection.extract_statements(sql)
            if len(statements) != 1:
                return sql
            found = statements[0]
        with self._lock:
            self._known[sql] = found
            if len(self._known) > _REMEMBERED:
                del self._known[next(iter(self._known))]
        return found

    def clear(self) -> None:
        with self._lock:
            self._known.clear()

    def texts(self) -> list[str]:
        """Of all that is known."""
        with self._lock:
            return list(self._known)


_parsed = _Parsed()
# Else the interpreter tears down what they are made of before them, and DuckDB complains on standard error.
atexit.register(_parsed.clear)


class Workbench:
    """One DuckDB database in a temporary folder. Its statements queue, from whatever thread they come; close it."""

    _begin_session: tuple[str, ...] = ()
    """What each connection executes first."""

    def __init__(self, folder: str | None = None, *, in_memory: bool = False, is_for_few: bool = False) -> None:
        """`in_memory` suits few records: it starts faster and works in the caller's thread alone, which costs less than
        handing work over. Else pages lie in a file and are let go without being written again; it has no log, which
        would write all of them a second time and wait for the disk with every statement. `is_for_few`: there are few
        records in all, so that statements are planned with the least effort."""
        self._is_in_memory, self._is_for_few = in_memory, in_memory and is_for_few
        self._folder = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=folder)  # mkdtemp makes it owner-only
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": MEMORY_LIMIT,
                "threads": "1" if in_memory else "2",
                "temp_directory": self._folder,
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            },
        )
        if not in_memory:
            file = literal(os.path.join(self._folder, "bench.duckdb"))
            self._connection.execute(f"ATTACH {file} AS {_FILE} (RECOVERY_MODE no_wal_writes)")
            self._begin_session = (f"USE {_FILE}",)
        optimizing = [self._least_effort()] if is_for_few else [_IN_MEMORY] if in_memory else []
        for statement in (*self._begin_session, *SESSION_SETTINGS, *optimizing, *_OWN_SETTINGS):
            self._connection.execute(statement)
        self._know_nothing()

    @property
    def is_in_memory(self) -> bool:
        return self._is_in_memory

    def _know_nothing(self) -> None:
        """Of the tables that are made with the connection."""
        self._names = count()
        self._answers: dict[str, list[tuple[object, ...]]] = {}
        self._views: dict[str, tuple[str, ...]] = {}
        self._lock = threading.RLock()  # a page of a preview may still be on its way when its plan starts to run

    def _least_effort(self) -> str:
        """The setting that leaves those optimizers alone that are worth it."""
        names = {str(name) for (name,) in self._connection.execute("FROM duckdb_optimizers()").fetchall()}
        return f"SET disabled_optimizers = '{','.join(sorted(names - _WORTH_IT))}'"

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """The session is gone and its spill folder is removed. May be repeated."""
        with self._lock:
            self._connection.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def execute(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> None:
        with self._lock:
            self._forget(sql)
            if self._views:
                self._make_room(sql)
            self._connection.execute(self._known(sql), parameters)

    def view(self, name: str, sql: str, parts: tuple[str, ...]) -> None:
        """What was a table of that name is what the statement gives of the tables `parts`, which had better not be
        changed by another name. A table that is made in its place takes that of the parts too."""
        with self._lock:
            self._forget(f"DROP TABLE {name}")
            if name not in self._views:
                self._connection.execute(f"DROP TABLE IF EXISTS {name}")
            self._connection.execute(f"CREATE OR REPLACE VIEW {name} AS {sql}")
            self._views[name] = parts

    def parts(self, name: str) -> tuple[str, ...]:
        """The tables behind the name: its own, unless that is a view."""
        return self._views.get(name, (name,))

    def fold(self, name: str) -> None:
        """The name is that of a table, with the rows that it had before."""
        with self._lock:
            if name in self._views:
                self._connection.execute(f"CREATE TABLE folded_{name} AS SELECT * FROM {name}")
                self._drop_view(name)
                self._connection.execute(f"ALTER TABLE folded_{name} RENAME TO {name}")
                self._forget(f"DROP TABLE {name}")

    def _make_room(self, sql: str) -> None:
        made = _MADE_TABLE.match(sql)
        if made is not None and made[1] in self._views:
            self._drop_view(made[1])

    def _drop_view(self, name: str) -> None:
        self._connection.execute(f"DROP VIEW {name}")
        for part in self._views.pop(name):
            self._connection.execute(f"DROP TABLE IF EXISTS {part}")

    def _known(self, sql: str) -> duckdb.Statement | str:
        """What of few records takes as long to parse as to carry out: each run has the same statements."""
        if not self._is_in_memory or len(sql) > _LONGEST_REMEMBERED:
            return sql
        return _parsed.of(sql, self._connection)

    def _forget(self, sql: str) -> None:
        """Answers that the statement may change are not known any more: those that name the table it is about."""
        changed = _CHANGED_TABLE.match(sql)
        if changed is None:
            self._answers.clear()
            return
        names = {changed[1], *(view for view, parts in list(self._views.items()) if changed[1] in parts)}
        for asked in [one for one in self._answers if any(name in one for name in names)]:
            del self._answers[asked]

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """A small result as tuples: counts, pages for a screen. Never a whole table. It changes nothing, so that what
        is asked again, before a table of it was changed, has the same answer and costs nothing."""
        with self._lock:
            found = None if parameters else self._answers.get(sql)
            if found is None:
                found = list(self._connection.execute(self._known(sql), parameters).fetchall())
                if not parameters and len(found) <= SMALL_ANSWER:
                    self._answers[sql] = found
            return list(found)

    def number(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """The single number that the statement gives; 0 for null."""
        # Fetched to the end: a result that is not keeps the connection from taking the next Arrow stream.
        rows = self.rows(sql, parameters)
        return int(str(rows[0][0])) if rows and rows[0][0] is not None else 0

    def has_rows(self, table: str, condition: str = "true") -> bool:
        """Whether the table has a row for which the condition holds. Far cheaper than planning a large statement that
        would find nothing."""
        return bool(self.rows(f"SELECT 1 FROM {table} WHERE {condition} LIMIT 1"))

    def table(self, sql: str) -> pa.Table:
        with self._lock:
            if self._is_for_few:
                return self._bound_once(sql)
            if self._is_better_kept(sql):
                return self._kept(sql)
            return self._connection.sql(self._known(sql)).to_arrow_table()

    def stream(self, sql: str, batch_rows: int = BATCH_ROWS) -> pa.RecordBatchReader:
        """The result in batches. It has a cursor of its own: other statements may run while it is being read."""
        with self._lock:
            if self._is_for_few:
                return self._bound_once(sql).to_reader(batch_rows)
            if self._is_better_kept(sql):
                return self._kept(sql).to_reader(batch_rows)
            cursor = self._cursor()
        return cursor.sql(self._known(sql)).to_arrow_reader(batch_rows)

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        cursor = self._connection.cursor()
        for statement in self._begin_session:
            cursor.execute(statement)
        return cursor

    def _bound_once(self, sql: str) -> pa.Table:
        """A relation is bound twice, once for its columns and once for its rows; what was executed is not."""
        return self._connection.execute(self._known(sql)).to_arrow_table()

    def _is_better_kept(self, sql: str) -> bool:
        """A table is made with one binding, too, and may spill. But no columns of a table differ in case alone, as the
        names may that people gave: those stand in quotes."""
        return self._is_in_memory and len(sql) > LONG_STATEMENT and '"' not in sql

    def _kept(self, sql: str) -> pa.Table:
        self._connection.execute(self._known(f"CREATE TEMP TABLE result AS {sql}"))
        try:
            return self._connection.sql("FROM temp.result").to_arrow_table()
        finally:
            self._connection.execute("DROP TABLE temp.result")

    @contextmanager
    def beside(self) -> Iterator[Workbench]:
        """Another session over the same tables, for another thread: statements of both run at the same time. What each
        answered before need not be what the other made of it since; after the end it is."""
        other = copy.copy(self)
        with self._lock:
            other._connection = self._cursor()
        other._lock, other._answers = threading.RLock(), {}
        try:
            yield other
        finally:
            other._connection.close()
            with self._lock:
                self._answers.clear()

    @contextmanager
    def source(self, stream: ArrowStream) -> Iterator[tuple[str, pa.Schema]]:
        """The name of a view over an Arrow stream, which can be read once, and its schema."""
        reader = pa.RecordBatchReader.from_stream(stream)
        name = f"source_{next(self._names)}"
        with self._lock:
            self._connection.register(name, reader)
        try:
            yield name, reader.schema
        finally:
            with self._lock:
                self._connection.unregister(name)
            reader.close()
