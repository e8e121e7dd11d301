"""What a home folder remembers beside its ledger: whose ledger it holds and how far that had come.

Restoring the ledger alone does not roll the mark back, so a ledger from last week's backup, and an empty new one in the
place of one that was lost, are recognised when it is opened (RELIABILITY 4.9, K7).
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, bindparam, select

from desktop_sync.core.binding import MatchOnly
from desktop_sync.core.ports import Ids
from desktop_sync.ledger import tables
from desktop_sync.ledger.database import Database
from desktop_sync.ledger.home_folder import OWNER_FILE, HomeFolder

LEDGER, LOST = "ledger", "lost"
"""Names of facts: the ledger's id, and the configurations of a ledger that was here before, as JSON."""
_NAME = "ledger.mark"
_FACT = select(tables.fact.c.value).where(tables.fact.c.name == bindparam("name"))
_TOOK_PART = (
    "c.deleted_at IS NULL AND (EXISTS (SELECT 1 FROM run r WHERE r.configuration_id = c.id)"
    " OR EXISTS (SELECT 1 FROM entity e WHERE e.configuration_id = c.id))"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """`epoch` is the sum of all hand-overs, `batch` the number of the last intent."""

    ledger: str
    fence: int = 0
    batch: int = 0
    epoch: int = 0
    configurations: tuple[str, ...] = ()

    def is_ahead_of(self, other: Mark) -> bool:
        """Whether the mark saw what the ledger does not know."""
        seen, known = ((each.fence, each.batch, each.epoch) for each in (self, other))
        return any(mine > its for mine, its in zip(seen, known, strict=True))


class HomeMark:
    """The mark of one home folder. Any thread, several processes."""

    def __init__(self, home: HomeFolder, database: Database) -> None:
        self._home = home
        self._database = database
        self._written: Mark | None = None

    def keep(self) -> None:
        """The mark says what the ledger knows, durably. Costs next to nothing where it does already."""
        with self._database.reading() as connection:
            now = of_ledger(connection)
        if now == self._written:
            return
        with self._home.gate():
            kept = self._read()
            # Two processes: the one that read the ledger earlier must not turn the mark back.
            if kept != now and not (kept is not None and kept.ledger == now.ledger and kept.is_ahead_of(now)):
                self._write(now)

    def recognise(self, ids: Ids, at_us: int, *, was_damaged: bool) -> None:
        """The ledger has an id. One that was restored, damaged or put in the place of another says so for each of its
        configurations, and its fence goes on where that of the mark stopped."""
        with self._home.gate():
            kept = self._read()
        with self._database.reading() as connection:
            is_known = fact(connection, LEDGER) is not None
            now = of_ledger(connection) if is_known else None
        is_mine = now is not None and kept is not None and kept.ledger == now.ledger and not kept.is_ahead_of(now)
        if is_mine and not was_damaged:
            return
        with self._database.writing("recognise") as connection:
            if fact(connection, LEDGER) is None:
                put_fact(connection, LEDGER, ids.new_id())
            now = of_ledger(connection)
            if kept is not None and kept.ledger != now.ledger:
                put_fact(connection, LOST, json.dumps(sorted({*lost(connection), *kept.configurations})))
                _mark_all(connection, MatchOnly.LOST, at_us)
            elif was_damaged:
                _mark_all(connection, MatchOnly.DAMAGED, at_us)
            elif kept is not None and kept.is_ahead_of(now):
                _mark_all(connection, MatchOnly.RESTORED, at_us)
            if kept is not None:
                raise_to(connection, kept.fence)
        with self._database.reading() as connection:
            now = of_ledger(connection)
        with self._home.gate():
            self._write(now)

    def _read(self) -> Mark | None:
        try:
            kept = json.loads((self._home.path / _NAME).read_text(encoding="utf-8"))
            names = tuple(str(name) for name in kept["configurations"])
            return Mark(str(kept["ledger"]), int(kept["fence"]), int(kept["batch"]), int(kept["epoch"]), names)
        except (OSError, ValueError, KeyError, TypeError):
            return None  # a home of before, or one whose mark somebody took away

    def _write(self, mark: Mark) -> None:
        path = self._home.path / _NAME
        temporary = path.with_suffix(".new")
        with self._home.faults():
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
            with os.fdopen(os.open(temporary, flags, OWNER_FILE), "w", encoding="utf-8") as file:
                json.dump(asdict(mark), file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)  # a mark that lags behind after a power failure does no harm
        self._written = mark


def of_ledger(connection: Connection) -> Mark:
    """What the ledger knows, as a mark."""
    batches = "SELECT seq FROM sqlite_sequence WHERE name = 'batch'"
    named = f"SELECT name FROM configuration c WHERE {_TOOK_PART} ORDER BY name"
    return Mark(
        fact(connection, LEDGER) or "",
        last_fence(connection),
        connection.exec_driver_sql(batches).scalar() or 0,
        connection.exec_driver_sql("SELECT total(epoch) FROM binding").scalar() or 0,
        tuple(row[0] for row in connection.exec_driver_sql(named)),
    )


def fact(connection: Connection, name: str) -> str | None:
    return connection.execute(_FACT, {"name": name}).scalar()


def put_fact(connection: Connection, name: str, value: str) -> None:
    put = "INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    connection.exec_driver_sql(put, (name, value))


def lost(connection: Connection) -> frozenset[str]:
    """Names of configurations of a ledger that was in this home before."""
    return frozenset(str(name) for name in json.loads(fact(connection, LOST) or "[]"))


def last_fence(connection: Connection) -> int:
    """The greatest fence number that a run has."""
    return connection.exec_driver_sql("SELECT next FROM sequence WHERE name = 'fence'").scalar() or 0


def raise_to(connection: Connection, fence: int) -> None:
    """Fence numbers to come are greater."""
    put = "INSERT INTO sequence (name, next) VALUES ('fence', ?) ON CONFLICT (name) DO UPDATE SET next = max(next, ?)"
    connection.exec_driver_sql(put, (fence, fence))


def next_fence(connection: Connection) -> int:
    """A fence number greater than all before."""
    raise_to(connection, last_fence(connection) + 1)
    return last_fence(connection)


def _mark_all(connection: Connection, why: MatchOnly, at_us: int) -> None:
    """Every configuration that took part in anything only matches from now on."""
    for (configuration,) in connection.exec_driver_sql(f"SELECT id FROM configuration c WHERE {_TOOK_PART}").all():
        begin_match_only(connection, configuration, why, at_us)


def begin_match_only(connection: Connection, configuration: int, why: MatchOnly, at_us: int) -> None:
    """The configuration only matches, for this reason; one that does already keeps its reason."""
    put = (
        "INSERT INTO binding (configuration_id, epoch, match_only, since) VALUES (?, 0, ?, ?)"
        " ON CONFLICT (configuration_id) DO UPDATE SET match_only = excluded.match_only, since = excluded.since,"
        " matched_run = NULL WHERE binding.match_only IS NULL"
    )
    connection.exec_driver_sql(put, (configuration, why.value, at_us))
