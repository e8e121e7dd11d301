"""Backups of the ledger, made by SQLite's backup interface while the ledger is in use."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from desktop_sync.core.errors import LedgerError
from desktop_sync.ledger.database import driver_connection
from desktop_sync.ledger.file_lock import FileLock
from desktop_sync.ledger.home_folder import OWNER_FILE
from desktop_sync.ledger.ledger_faults import ledger_faults
from desktop_sync.ledger.store import Store

KEPT = 5
INTERVAL = timedelta(hours=1)
_FORM = "ledger-%Y%m%dT%H%M%SZ.sqlite"
_LOG = logging.getLogger("desktop_sync.ledger")


class SqlBackup(Store):
    """Backups under home/backups, named by their time."""

    _behind: threading.Thread | None = None

    def start_backup(self) -> None:
        """A backup is made in a thread of its own if one is due; one that fails is a line in the log."""
        if self._is_due() and (self._behind is None or not self._behind.is_alive()):
            self._behind = threading.Thread(target=self._back_up_behind, name="ledger backup", daemon=True)
            self._behind.start()

    def finish_backup(self) -> None:
        """The backup that was started is made. May be repeated."""
        if self._behind is not None:
            self._behind.join()

    def _back_up_behind(self) -> None:
        try:
            self.backup_if_due()
        except LedgerError:
            _LOG.warning("The backup of the ledger could not be made.", exc_info=True)

    def backup(self) -> Path:
        """A whole, sound copy of the ledger as it is now; the newest five are kept. Raises LedgerError, and then
        the earlier backups are as they were."""
        with self._alone():
            return self._make()

    def backup_if_due(self) -> Path | None:
        """A backup, unless the newest is younger than an hour."""
        with self._alone():
            return self._make() if self._is_due() else None

    def _is_due(self) -> bool:
        newest = next(iter(self.backups()), None)
        if newest is None:
            return True
        made_at = datetime.strptime(newest.name, _FORM).replace(tzinfo=UTC)
        return not timedelta(0) <= self._parts.clock.now() - made_at < INTERVAL

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else makes a backup, in this process or in another."""
        with self._parts.home.faults():
            lock = FileLock.take(self._parts.home.locks / "backup", wait=True)
        try:
            yield
        finally:
            if lock is not None:
                lock.release()

    def _make(self) -> Path:
        home = self._parts.home
        target = home.backups / self._parts.clock.now().astimezone(UTC).strftime(_FORM)
        unfinished = target.with_suffix(".new")
        with home.faults():
            for left in home.backups.glob("*.new"):  # a program died while it made one
                left.unlink(missing_ok=True)
            os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_FILE))
            try:
                self._copy(unfinished)
                unfinished.replace(target)
            finally:
                unfinished.unlink(missing_ok=True)
            for old in self.backups()[KEPT:]:
                old.unlink()
        return target

    def backups(self) -> list[Path]:
        """Newest first."""
        return sorted(self._parts.home.backups.glob("ledger-*.sqlite"), reverse=True)

    def _copy(self, path: Path) -> None:
        with self._database.engine.connect() as connection, ledger_faults(path):
            copy = sqlite3.connect(path, isolation_level=None)
            try:
                # All pages in one read transaction: a write meanwhile would make a copy in parts begin anew.
                driver_connection(connection).backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
            finally:
                copy.close()
        handle = os.open(path, os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
