"""The ledger on this machine: SQLite, owner-only, the only truth about peers, runs, intents and conflicts."""

from __future__ import annotations

from desktop_sync.ledger.sql_ledger import SqlLedger, open_ledger

__all__ = ["SqlLedger", "open_ledger"]
