"""What the journal costs: creates, then updates of every record, between two SQLite databases in batches of 50, with
the ledger as it is, and with one that writes nothing down before a write and keeps history and baselines after it. The
two take turns; the best of each counts.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from desktop_sync.bootstrap import SystemClock, TimeOrderedIds
from desktop_sync.core.configuration import (
    ConflictRule,
    Endpoint,
    Entity,
    FieldMapping,
    GuardLimits,
    PerSide,
    Side,
    SyncConfiguration,
)
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import EntityKey, Request
from desktop_sync.core.provider_port import ArrowStream, Capabilities, EndpointSession, OpenContext, Provider
from desktop_sync.core.run import Outcome
from desktop_sync.ledger import open_ledger
from desktop_sync.providers.sql.provider import SqlProvider
from desktop_sync.secrets.choice import choose_secrets
from desktop_sync.services.application import Application
from tests.reliability.size import Size

BATCH = 50
FIELDS = ("name", "street", "city", "phone", "note")


class SmallBatches:
    """The provider, whose endpoints take 50 records at a time."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self.name = provider.name
        self.label = provider.label
        self.settings = provider.settings
        self.capabilities = replace(provider.capabilities, batch_size=BATCH)

    def open(self, context: OpenContext) -> EndpointSession:
        return _SmallSession(self._provider.open(context))  # type: ignore[return-value]

    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def get(self, _: str) -> Provider:
        return self


class _SmallSession:
    def __init__(self, session: EndpointSession) -> None:
        self._session = session

    def __getattr__(self, name: str) -> object:
        return getattr(self._session, name)

    @property
    def capabilities(self) -> Capabilities:
        return replace(self._session.capabilities, batch_size=BATCH)


class CountingJournal:
    """The ledger, which counts its intents."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.intents = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)

    def open_batch(self, *arguments: object, **named: object) -> int:
        self.intents += 1
        return self._ledger.open_batch(*arguments, **named)  # type: ignore[arg-type]


class NoJournal:
    """The ledger without its journal: a batch is kept once it was written, in one transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._opened: list[tuple[EntityKey, int, ArrowStream]] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)

    def open_batch(
        self,
        key: EntityKey,
        run_id: int,
        side: Side,
        structure: str,
        operation: int,
        rows: ArrowStream,
        request: Request | None = None,
        identity: str = "",
    ) -> int:
        self._opened.append((key, run_id, rows))
        return len(self._opened) - 1

    def close_batch(
        self,
        batch_id: int,
        settlements: ArrowStream,
        *,
        done_rows: Sequence[int],
        stored: ArrowStream | None = None,
        held: Mapping[int, object] | None = None,
    ) -> None:
        assert not held, "nothing can be in doubt here"
        key, run_id, rows = self._opened[batch_id]
        self._ledger.keep_batch(key, run_id, stored or rows, settlements)


@dataclass
class Timed:
    seconds: float
    records: int
    intents: int


def _synchronize(folder: Path, records: int, wrap: Callable[[Ledger], object]) -> Timed:
    """Creates and updates of so many records, in a folder of their own."""
    folder.mkdir(parents=True)
    columns = f"(id INTEGER PRIMARY KEY, code TEXT UNIQUE, {', '.join(f'{name} TEXT' for name in FIELDS)})"
    for name in ("a", "b"):
        with closing(sqlite3.connect(folder / f"{name}.sqlite")) as connection, connection:
            connection.execute(f"CREATE TABLE people {columns}")
    a = folder / "a.sqlite"
    with closing(sqlite3.connect(a)) as connection, connection:
        values = [(f"c{n}", *(f"{field} of {n}" for field in FIELDS)) for n in range(records)]
        marks = ", ".join("?" * (len(FIELDS) + 1))
        connection.executemany(f"INSERT INTO people (code, {', '.join(FIELDS)}) VALUES ({marks})", values)
    clock, ids = SystemClock(), TimeOrderedIds()
    ledgers: list[object] = []

    def opened() -> Ledger:
        ledgers.append(wrap(open_ledger(folder / "home", clock, ids)))
        return ledgers[-1]  # type: ignore[return-value]

    registry = SmallBatches(SqlProvider())
    app = Application(folder / "home", clock, ids, registry, opened, lambda: choose_secrets(folder / "home", None))
    for name in ("a", "b"):
        app.endpoints.save(Endpoint(name, "sql", {"file": str(folder / f"{name}.sqlite")}))
    fields = (FieldMapping("code", "code", identifying=True), *(FieldMapping(name, name) for name in FIELDS))
    entity = Entity(
        "people", PerSide("people", "people"), fields, key=PerSide(("id",), ("id",)), conflict=ConflictRule.A
    )
    guards = GuardLimits(None, None, False, None, None, None, False, False)
    app.configurations.save(SyncConfiguration("Sync", "a", "b", (entity,), guards=guards))
    began = time.perf_counter()
    first = app.synchronization.run("Sync")
    with closing(sqlite3.connect(a)) as connection, connection:
        connection.execute("UPDATE people SET name = name || ' again'")
    second = app.synchronization.run("Sync")
    seconds = time.perf_counter() - began
    assert first.outcome is second.outcome is Outcome.DONE, (first, second)
    app.close()
    with closing(sqlite3.connect(folder / "b.sqlite")) as connection:
        done = connection.execute("SELECT count(*) FROM people WHERE name LIKE '% again'").fetchone()[0]
    assert done == records
    return Timed(seconds, 2 * records, getattr(ledgers[0], "intents", 0))


def measure(size: Size, folder: Path) -> dict[str, float]:
    """`overhead` is the share of a run's time that goes away with the journal."""
    records, turns = size.of(300, 3000, 20_000), size.of(1, 5, 3)
    _synchronize(folder / "warm", BATCH, CountingJournal)
    timed: dict[str, list[Timed]] = {"on": [], "off": []}
    for turn in range(turns):
        timed["on"].append(_synchronize(folder / f"on {turn}", records, CountingJournal))
        timed["off"].append(_synchronize(folder / f"off {turn}", records, NoJournal))
    on, off = (min(timed[kind], key=lambda one: one.seconds) for kind in ("on", "off"))
    return {
        "records": on.records,
        "intents": on.intents,
        "records_per_intent": on.records / on.intents,
        "overhead": round(1 - off.seconds / on.seconds, 3),
        "records_per_s": round(on.records / on.seconds),
    }
