"""A disk under the ledger that fails at the n-th write, once or for ever: full, or broken (RELIABILITY A10).

Every case looks, at each write to an endpoint, whether its intent is durable: in the ledger's file as another program
reads it. Then there is room again, and both systems come to what people wrote.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from sqlalchemy import Connection, event

from desktop_sync.bootstrap import build_application
from desktop_sync.core.errors import LedgerError
from desktop_sync.core.ledger_values import BatchState
from desktop_sync.ledger.batch_content import unpack
from desktop_sync.ledger.home_mark import HomeMark, Mark
from desktop_sync.providers.csv.writing import CsvWriter
from desktop_sync.providers.sql.sqlite_writing import SqliteWriter
from desktop_sync.providers.write_batch import StagedBatch
from desktop_sync.services.application import Application
from tests.support.crash_trial import check_values
from tests.support.crash_world import AGREED, CONFIGURATION, FLOWS, World
from tests.support.torn_ledger import converge

FULL, BROKEN = "SQLITE_FULL", "SQLITE_IOERR_WRITE"
_WRITING = ("INSERT", "UPDATE", "DELETE", "REPLACE")


@dataclass
class FailingDisk:
    """Fails at the `at`-th write of the ledger, from then on where `for_ever`; 0 never. Counts all of them."""

    at: int
    kind: str = FULL
    for_ever: bool = False
    count: int = 0
    failed: int = 0

    def write(self) -> None:
        """A statement that writes, a commit, or the mark beside the ledger."""
        self.count += 1
        if self.at and (self.count == self.at or (self.for_ever and self.count > self.at)):
            self.failed += 1
            error = sqlite3.OperationalError("the disk failed")
            error.sqlite_errorname = self.kind
            raise error

    def statement(self, _c: object, _cursor: object, text: str, *_rest: object) -> None:
        if text.lstrip().upper().startswith(_WRITING):
            self.write()

    def commit(self, _connection: Connection) -> None:
        self.write()


@contextlib.contextmanager
def under(application: Application, disk: FailingDisk) -> Iterator[None]:
    """The ledger of the application lies on this disk."""
    database = application.ledger._database  # type: ignore[attr-defined]
    kept = HomeMark._write

    def write_mark(self: HomeMark, mark: Mark) -> None:
        try:
            disk.write()
        except sqlite3.OperationalError as error:
            code = errno.ENOSPC if disk.kind == FULL else errno.EIO
            with self._home.faults():
                raise OSError(code, os.strerror(code)) from error
        kept(self, mark)

    event.listen(database.engine, "before_cursor_execute", disk.statement)
    event.listen(database.engine, "commit", disk.commit)
    try:
        with mock.patch.object(HomeMark, "_write", write_mark):
            yield
    finally:
        event.remove(database.engine, "before_cursor_execute", disk.statement)
        event.remove(database.engine, "commit", disk.commit)


@contextlib.contextmanager
def watched_writes(ledger: Path, counts: Counter[str]) -> Iterator[None]:
    """Counts `writes` to endpoints, and `writes_without_intent` that is durable at that moment."""

    def watching(kept: object) -> object:
        def commit(self: SqliteWriter | CsvWriter) -> object:
            for staged in self._staged:
                counts["writes"] += 1
                counts["writes_without_intent"] += not _is_intended(ledger, staged)
            return kept(self)  # type: ignore[operator]

        return commit

    with (
        mock.patch.object(SqliteWriter, "commit", watching(SqliteWriter.commit)),
        mock.patch.object(CsvWriter, "commit", watching(CsvWriter.commit)),
    ):
        yield


def _is_intended(ledger: Path, staged: StagedBatch) -> bool:
    """Whether an open intent for just these records stands in the file."""
    with contextlib.closing(sqlite3.connect(ledger)) as connection:
        intents = connection.execute(
            "SELECT b.operation, b.side, c.rows FROM batch b JOIN batch_content c ON c.batch_id = b.id"
            " WHERE b.state = ?",
            (int(BatchState.OPEN),),
        ).fetchall()
    wanted = list(staged.ids)
    for operation, side, blob in intents:
        rows = unpack(blob)
        ids = rows.column(f"{side}_id").to_pylist()
        if operation == int(staged.operation) and (ids == wanted or (None in wanted and len(ids) == len(wanted))):
            return True
    return False


def measure(folder: Path, cases: int) -> Counter[str]:
    """`cases` over both kinds, once and for ever, spread evenly over the writes of a run, and the three flows of
    endpoints. `not_stopped`: runs that did not end with an error of the ledger; `not_recovered` after there was room.
    """
    counts: Counter[str] = Counter(
        cases=0, writes=0, writes_without_intent=0, not_stopped=0, not_opened=0, not_recovered=0
    )
    worlds = [_made(make, folder / flow) for flow, make in FLOWS.items()]
    lengths = [_length(world) for world in worlds]
    kinds = [(kind, for_ever) for kind in (FULL, BROKEN) for for_ever in (False, True)]
    for number in range(cases):
        place = number % len(worlds)
        kind, for_ever = kinds[number // len(worlds) % len(kinds)]
        rounds = max(1, cases // (len(worlds) * len(kinds)))
        share = (number // (len(worlds) * len(kinds)) + 0.5) / rounds
        at = max(1, min(lengths[place], round(share * lengths[place])))
        _case(worlds[place], FailingDisk(at, kind, for_ever), counts)
    return counts


def _made(make: object, folder: Path) -> World:
    folder.mkdir()
    world: World = make(folder)  # type: ignore[operator]
    world.furnish()
    application = build_application(world.home)
    application.definitions.import_file(world.definitions)
    for _ in range(2):
        application.synchronization.run(CONFIGURATION)
    application.close()
    world.edit()
    world.take_snapshot()
    return world


def _length(world: World) -> int:
    """How often a run writes to its ledger."""
    disk = FailingDisk(0)
    application = build_application(world.home)
    with under(application, disk):
        application.synchronization.run(CONFIGURATION)
    application.close()
    world.restore()
    return disk.count


def _case(world: World, disk: FailingDisk, counts: Counter[str]) -> None:
    world.restore()
    counts["cases"] += 1
    application = build_application(world.home)
    with watched_writes(world.home / "ledger.sqlite", counts), under(application, disk):
        try:
            application.synchronization.run(CONFIGURATION)
        except LedgerError:
            pass
        else:
            counts["not_stopped"] += 1
    application.close()
    again = build_application(world.home)
    try:
        with watched_writes(world.home / "ledger.sqlite", counts):
            converge(world, again)
        check_values(world, AGREED)
        counts["not_recovered"] += bool(again.ledger.open_batches(CONFIGURATION) or again.ledger.check())
    except LedgerError:
        counts["not_opened"] += 1
    except AssertionError:
        counts["not_recovered"] += 1
    finally:
        again.close()
