"""What is done behind after clean runs: backups, then what is too old of the history goes."""

from __future__ import annotations

import logging
import threading

from desktop_sync.core.errors import LedgerError
from desktop_sync.ledger.backup import SqlBackup
from desktop_sync.ledger.retention import SqlRetention

_LOG = logging.getLogger("desktop_sync.ledger")


class SqlUpkeep(SqlRetention, SqlBackup):
    """A thread of its own for both, one after the other: a purge comes after the backup that could bring it back."""

    _behind: threading.Thread | None = None

    def start_upkeep(self) -> None:
        """What is due is done in a thread of its own; what fails is a line in the log."""
        if self._behind is not None and self._behind.is_alive():
            return
        if self.is_backup_due() or self.is_purge_due():
            self._behind = threading.Thread(target=self._keep_up, name="ledger upkeep", daemon=True)
            self._behind.start()

    def finish_upkeep(self) -> None:
        """What was started is done. May be repeated."""
        if self._behind is not None:
            self._behind.join()

    def _keep_up(self) -> None:
        try:
            self.backup_if_due()
        except LedgerError:
            _LOG.warning("The backup of the ledger could not be made.", exc_info=True)
            return  # nothing goes that no backup holds
        try:
            self.purge_if_due()
        except LedgerError:
            _LOG.warning("Old history could not be purged.", exc_info=True)
