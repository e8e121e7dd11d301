"""Backups of the ledger, made by SQLite's backup interface while the ledger is in use."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from desktop_sync.ledger.database import driver_connection
from desktop_sync.ledger.file_lock import FileLock
from desktop_sync.ledger.home_folder import OWNER_FILE
from desktop_sync.ledger.ledger_faults import ledger_faults
from desktop_sync.ledger.store import Store

KEPT = 5
INTERVAL = timedelta(hours=1)
_FORM = "ledger-%Y%m%dT%H%M%SZ.sqlite"


class SqlBackup(Store):
    """Backups under home/backups, named by their time."""

    def backup(self) -> Path:
        """A whole, sound copy of the ledger as it is now; the newest five are kept. Raises LedgerError, and then
        the earlier backups are as they were."""
        with self._alone():
            return self._make()

    def backup_if_due(self) -> Path | None:
        """A backup, unless the newest is younger than an hour."""
        with self._alone():
            return self._make() if self.is_backup_due() else None

    def is_backup_due(self) -> bool:
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
