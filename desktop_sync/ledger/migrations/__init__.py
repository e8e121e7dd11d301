"""Revisions of the ledger's tables, run by `desktop_sync.ledger.schema`."""
