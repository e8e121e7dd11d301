"""Ids of sync records: reserved in blocks, so that most reservations cost no transaction. Gaps do no harm."""

from __future__ import annotations

import threading

from sqlalchemy import Connection, select, update

from desktop_sync.ledger.database import Database
from desktop_sync.ledger.tables import sequence

BLOCK = 10_000
MOST = 16 * BLOCK
"""Whoever goes on asking gets blocks of twice the size each time, up to this."""


class IdBlock:
    """Ids that this process may give out."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._next = 0
        self._end = 0
        self._size = BLOCK

    def reserve(self, count: int) -> int:
        """The first of `count` ids that nobody has or will get."""
        if count < 1:
            raise ValueError("at least one id is reserved")
        with self._lock:
            if self._end - self._next < count:
                self._refill(count)
            first = self._next
            self._next += count
            return first

    def _refill(self, count: int) -> None:
        size = max(self._size, count)
        with self._database.writing("reserve_ids") as connection:
            first = connection.execute(select(sequence.c.next).where(sequence.c.name == "record")).scalar_one()
            _set_next(connection, first + size)
        self._next, self._end = first, first + size
        self._size = min(2 * self._size, MOST)


def keep_ahead(connection: Connection, used_id: int) -> None:
    """Ids up to `used_id` will not be given out by later blocks."""
    statement = update(sequence).where(sequence.c.name == "record", sequence.c.next <= used_id)
    connection.execute(statement.values(next=used_id + 1))


def _set_next(connection: Connection, value: int) -> None:
    connection.execute(update(sequence).where(sequence.c.name == "record").values(next=value))
