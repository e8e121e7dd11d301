"""Keeping the ledger small: history that nothing needs any more is dropped, sparsely needed batches are thinned."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from desktop_sync.core.count_text import count
from desktop_sync.core.errors import AlreadyRunningError, LedgerError
from desktop_sync.core.history_retention import DEFAULT_DAYS, FOR_EVER, Purged, due_limit, is_look_due
from desktop_sync.core.run import Outcome
from desktop_sync.ledger import tables
from desktop_sync.ledger.database import size_on_disk
from desktop_sync.ledger.home_mark import fact, put_fact
from desktop_sync.ledger.instants import from_us, to_us
from desktop_sync.ledger.purging import purge_history
from desktop_sync.ledger.value_references import tokens_in_use
from desktop_sync.ledger.value_store import SqlValueStore

_DAYS, _LOOKED_AT, _UNTIL = "history days", "history looked at", "history purged until"
_LOG = logging.getLogger("desktop_sync.ledger")


class SqlRetention(SqlValueStore):
    """The `RetentionStore`, and `check` of the `Ledger`."""

    def history_days(self) -> int:
        with self._database.reading() as connection:
            kept = fact(connection, _DAYS)
        return int(kept) if kept is not None and kept.isdecimal() else DEFAULT_DAYS

    def keep_history_days(self, days: int) -> None:
        with self._database.writing("keep_history_days") as connection:
            put_fact(connection, _DAYS, str(days))

    def purged_until(self) -> datetime | None:
        with self._database.reading() as connection:
            kept = fact(connection, _UNTIL)
        return from_us(int(kept)) if kept is not None else None

    def look_at_purge(self, before: datetime) -> Purged:
        """The very purge, taken back: what it says cannot differ from what it does."""
        with self._database.trying() as connection:
            found, in_use = self._purge(connection, before)
        count, size = self.old_values(self._values_before(before), in_use)
        return replace(found, values=count, content_bytes=found.content_bytes + size)

    def purge(self, before: datetime) -> Purged:
        files = (self._database.path, self._values_path)
        size = sum(size_on_disk(each) for each in files)
        with self._database.writing("purge") as connection:
            self._refuse_while_running(connection)
            found, in_use = self._purge(connection, before)
            if not found.is_empty:
                put_fact(connection, _UNTIL, str(max(to_us(before), int(fact(connection, _UNTIL) or 0))))
        count, content = self.old_values(self._values_before(before), in_use)
        if count:
            self.purge_values(self._values_before(before), in_use)
        self._database.compact()
        given_back = max(0, size - sum(size_on_disk(each) for each in files))
        return replace(found, values=count, content_bytes=found.content_bytes + content, given_back=given_back)

    def is_purge_due(self) -> bool:
        """Whether `purge_if_due` has anything to look at. Costs a few reads, and writes nothing."""
        days = self.history_days()
        if days == FOR_EVER:
            return False
        limit = to_us(self._parts.clock.now() - timedelta(days=days))
        old = select(tables.run.c.id).where(tables.run.c.started_at < limit).limit(1)
        with self._database.reading() as connection:
            return (
                is_look_due(self._parts.clock.now(), _looked_at(connection))
                and connection.execute(old).first() is not None
            )

    def purge_if_due(self) -> Purged | None:
        """Once a day what is too old by the setting is gone; None where nothing was done, also while a run goes on."""
        if not self.is_purge_due():
            return None
        now, days = self._parts.clock.now(), self.history_days()
        with self._database.writing("look_at_history") as connection:
            limit = due_limit(now, _looked_at(connection), days)
            if self._running(connection):
                return None
            put_fact(connection, _LOOKED_AT, str(to_us(now)))
        if limit is None:
            return None
        try:
            return self.purge(limit)
        except AlreadyRunningError:
            return None  # the next look is early enough
        except LedgerError:
            _LOG.warning("Old history could not be purged.", exc_info=True)
            return None

    def _purge(self, connection: Connection, before: datetime) -> tuple[Purged, frozenset[bytes]]:
        """In the transaction of the caller; with the tokens of the long values that are needed afterwards."""
        found = purge_history(connection, before)
        has_old, _size = self.old_values(self._values_before(before), ())
        return found, tokens_in_use(connection) if has_old else frozenset()

    def _values_before(self, before: datetime) -> datetime:
        """A plan that waits may hold values that nothing else does: what was read for it is as old as its folder."""
        plans = [folder.stat().st_mtime for folder in self._parts.home.plans.glob("*/*") if folder.is_dir()]
        return min([before, *(from_us(int(at * 1_000_000)) for at in plans)])

    def _refuse_while_running(self, connection: Connection) -> None:
        for name in self._running(connection):
            raise AlreadyRunningError(name, self._parts.locks.holder(name))

    def _running(self, connection: Connection) -> list[str]:
        """Configurations of which a run goes on, here or in another process; those that were cut off do not."""
        going = (
            select(tables.configuration.c.name)
            .join(tables.run, tables.run.c.configuration_id == tables.configuration.c.id)
            .where(tables.run.c.outcome == Outcome.RUNNING.value)
        )
        return [name for name in connection.execute(going).scalars() if self._parts.locks.is_held(name)]

    def check(self) -> list[str]:
        """Sentences about damage found; empty when the store is sound. Reads everything."""
        found: list[str] = []
        try:
            with self._database.reading() as connection:
                for (line,) in connection.exec_driver_sql("PRAGMA integrity_check").all():
                    if line != "ok":
                        found.append(f"The file is damaged: {line}.")
                if not found:
                    found.extend(_contradictions(connection))
        except LedgerError as error:
            found.append(f"The ledger cannot be read: {error.problem}.")
        return found


def _looked_at(connection: Connection) -> datetime | None:
    kept = fact(connection, _LOOKED_AT)
    return from_us(int(kept)) if kept is not None else None


def _contradictions(connection: Connection) -> list[str]:
    found: list[str] = []
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        found.append(f"{count(len(broken), 'row')} with a pointer to nowhere, the first in the table {broken[0][0]}.")
    miscounted = connection.exec_driver_sql(
        "SELECT count(*) FROM entity e WHERE record_count <> (SELECT count(*) FROM sync_record WHERE entity_id = e.id)"
    ).scalar_one()
    if miscounted:
        found.append(f"The number of sync records is wrong for {count(miscounted, 'entity')}.")
    lost = connection.exec_driver_sql(
        "SELECT count(*) FROM sync_record WHERE batch_id IS NOT NULL"
        " AND batch_id NOT IN (SELECT batch_id FROM batch_content)"
    ).scalar_one()
    if lost:
        found.append(f"The baseline of {count(lost, 'sync record')} is not there.")
    return found
