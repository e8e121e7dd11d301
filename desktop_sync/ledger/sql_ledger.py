"""The ledger as one object, and how it is opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from desktop_sync.core.errors import LedgerError
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ports import Clock, Ids, Steps, no_steps
from desktop_sync.ledger.backup import SqlBackup
from desktop_sync.ledger.binding_store import SqlBindingStore
from desktop_sync.ledger.conflict_store import SqlConflictStore
from desktop_sync.ledger.database import Database
from desktop_sync.ledger.definition_store import SqlDefinitionStore
from desktop_sync.ledger.file_lock import FileLock
from desktop_sync.ledger.held_store import SqlHeldStore
from desktop_sync.ledger.history import SqlHistory
from desktop_sync.ledger.home_folder import HomeFolder
from desktop_sync.ledger.home_mark import HomeMark
from desktop_sync.ledger.id_block import IdBlock
from desktop_sync.ledger.instants import to_us
from desktop_sync.ledger.journal import SqlJournal
from desktop_sync.ledger.ledger_faults import ledger_faults
from desktop_sync.ledger.origin_store import SqlOriginStore
from desktop_sync.ledger.record_store import SqlRecordStore
from desktop_sync.ledger.retention import SqlRetention
from desktop_sync.ledger.run_lock import RunLocks
from desktop_sync.ledger.run_store import SqlRunStore
from desktop_sync.ledger.schema import upgrade
from desktop_sync.ledger.store import LedgerParts


class SqlLedger(
    SqlDefinitionStore,
    SqlBindingStore,
    SqlRunStore,
    SqlHistory,
    SqlRecordStore,
    SqlConflictStore,
    SqlJournal,
    SqlHeldStore,
    SqlOriginStore,
    SqlRetention,
    SqlBackup,
):
    """The whole `Ledger` over one SQLite file. One object serves all threads; several processes may have the file
    open. Made by `open_ledger`."""

    def __init__(self, parts: LedgerParts, marker: FileLock) -> None:
        super().__init__(parts)
        self._marker = marker

    def close(self) -> None:
        """Streams that are still being read go on; nothing else may be called. May be repeated."""
        self._database.close()
        with self._parts.home.faults():
            self._marker.path.unlink(missing_ok=True)
        self._marker.release()


def open_ledger(home: Path, clock: Clock, ids: Ids, steps: Steps = no_steps) -> SqlLedger:
    """The ledger of a home folder, made where there is none and brought to this program's revision.

    After a program died with it open, the whole file is checked first. Raises LedgerError, saying what to do, when the
    folder or the file cannot be used; then nothing was changed.
    """
    folder = HomeFolder(home)
    folder.make_ready()
    folder.check_header()
    stale = folder.stale_markers()
    if stale:
        _check_whole(folder)
    _refuse_foreign(folder)
    folder.make_file()
    marker = folder.set_marker(ids.new_id())
    database = Database(folder.ledger, steps)
    try:
        upgrade(database)
        mark = HomeMark(folder, database)
        mark.recognise(ids, to_us(clock.now()), was_damaged=False)
        parts = LedgerParts(folder, database, clock, ids, IdBlock(database), RunLocks(folder, clock), mark)
        ledger = SqlLedger(parts, marker)
        ledger.close_cut_off_runs()
        with folder.faults():
            for each in stale:
                each.unlink(missing_ok=True)
    except BaseException:
        database.close()
        marker.path.unlink(missing_ok=True)
        marker.release()
        raise
    return ledger


def as_port(ledger: SqlLedger) -> Ledger:
    """The same object; here the type checker sees that it keeps the whole contract."""
    return ledger


def _refuse_foreign(folder: HomeFolder) -> None:
    """A file without this program's mark that holds tables is another program's; even its journal mode stays."""
    if folder.has_mark() or not folder.ledger.exists() or folder.ledger.stat().st_size == 0:
        return
    with ledger_faults(folder.ledger):
        connection = sqlite3.connect(f"{folder.ledger.resolve().as_uri()}?mode=ro", uri=True)
        try:
            names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        finally:
            connection.close()
    if names and "alembic_version" not in names:
        raise LedgerError("the file is a database of another program; nothing was changed", str(folder.ledger))


def _check_whole(folder: HomeFolder) -> None:
    """The file is sound, with what its log adds. Opened for reading only, so that a damaged one stays as it is."""
    if not folder.ledger.exists() or folder.ledger.stat().st_size == 0:
        return
    with ledger_faults(folder.ledger):
        connection = sqlite3.connect(f"{folder.ledger.resolve().as_uri()}?mode=ro", uri=True)
        try:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            connection.close()
    if found is None or found[0] != "ok":
        raise folder.damaged("the ledger is damaged")
