"""The ledger as one object, and how it is opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from desktop_sync.core.errors import LedgerError
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ports import Clock, Ids, Steps, no_steps
from desktop_sync.core.run import Outcome, RunResult
from desktop_sync.ledger.binding_store import SqlBindingStore
from desktop_sync.ledger.clock_store import SqlClockStore
from desktop_sync.ledger.conflict_store import SqlConflictStore
from desktop_sync.ledger.database import Database
from desktop_sync.ledger.digest_store import SqlDigestStore
from desktop_sync.ledger.file_lock import FileLock
from desktop_sync.ledger.guard_store import SqlGuardStore
from desktop_sync.ledger.held_store import SqlHeldStore
from desktop_sync.ledger.history import SqlHistory
from desktop_sync.ledger.home_folder import HomeFolder
from desktop_sync.ledger.home_mark import HomeMark
from desktop_sync.ledger.id_block import IdBlock
from desktop_sync.ledger.instants import to_us
from desktop_sync.ledger.journal import SqlJournal
from desktop_sync.ledger.ledger_faults import ledger_faults
from desktop_sync.ledger.origin_store import SqlOriginStore
from desktop_sync.ledger.plugin_pins import SqlPluginPins
from desktop_sync.ledger.probe_store import SqlProbeStore
from desktop_sync.ledger.record_store import SqlRecordStore
from desktop_sync.ledger.restoring import check_whole, forget_restored, restore, was_restored
from desktop_sync.ledger.run_lock import RunLocks
from desktop_sync.ledger.run_store import SqlRunStore
from desktop_sync.ledger.schema import upgrade
from desktop_sync.ledger.store import LedgerParts
from desktop_sync.ledger.upkeep import SqlUpkeep


class SqlLedger(
    SqlRunStore,
    SqlBindingStore,
    SqlHistory,
    SqlRecordStore,
    SqlConflictStore,
    SqlDigestStore,
    SqlGuardStore,
    SqlClockStore,
    SqlJournal,
    SqlHeldStore,
    SqlProbeStore,
    SqlOriginStore,
    SqlPluginPins,
    SqlUpkeep,
):
    """The whole `Ledger` over one SQLite file. One object serves all threads; several processes may have the file
    open. Made by `open_ledger`."""

    def __init__(self, parts: LedgerParts, marker: FileLock) -> None:
        super().__init__(parts)
        self._marker = marker

    def close(self) -> None:
        """Streams that are still being read go on; nothing else may be called. Upkeep that goes on is waited for.
        May be repeated."""
        self.finish_upkeep()
        self._database.close()
        if not self._database.saw_damage:  # else the mark stays, so that the whole file is checked at the next start
            with self._parts.home.faults():
                self._marker.path.unlink(missing_ok=True)
        self._marker.release()

    def finish_run(self, run_id: int, result: RunResult) -> None:
        """The run is over; after a clean one a backup is made behind, at most every hour (RELIABILITY 4.1), and then
        what is too old of the history goes."""
        super().finish_run(run_id, result)
        if result.outcome in (Outcome.DONE, Outcome.PROBLEMS):
            self.start_upkeep()


def open_ledger(home: Path, clock: Clock, ids: Ids, steps: Steps = no_steps) -> SqlLedger:
    """The ledger of a home folder, made where there is none and brought to this program's revision.

    After a program died with it open, the whole file is checked first; where it is damaged, the newest good backup
    takes its place, and all configurations only match until a person confirms. Raises LedgerError, saying what to do,
    when the folder or the file cannot be used and there is no good backup; then nothing was changed.
    """
    folder = HomeFolder(home)
    folder.make_ready()
    stale = folder.stale_markers()
    try:
        folder.check_header()
        if stale and folder.ledger.exists() and folder.ledger.stat().st_size:
            check_whole(folder.ledger)
    except LedgerError as error:
        # Only after an unclean stop: a file that somebody put there on purpose is not ours to replace.
        if not (error.is_damage and stale) or folder.is_open_elsewhere() or not restore(folder, clock.now()):
            raise
    _refuse_foreign(folder)
    folder.make_file()
    marker = folder.set_marker(ids.new_id())
    database = Database(folder.ledger, steps)
    try:
        upgrade(database)
        mark = HomeMark(folder, database)
        mark.recognise(ids, to_us(clock.now()), was_damaged=was_restored(folder))
        forget_restored(folder)
        parts = LedgerParts(folder, database, clock, ids, IdBlock(database), RunLocks(folder, clock), mark)
        ledger = SqlLedger(parts, marker)
        ledger.close_cut_off_runs()
        with folder.faults():
            for each in stale:
                each.unlink(missing_ok=True)
    except BaseException:
        database.close()
        if not database.saw_damage:
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
