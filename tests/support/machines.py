"""Several machines that reach the same endpoints, each with a home of its own or with one ledger for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from desktop_sync.bootstrap import TimeOrderedIds, build_application
from desktop_sync.core.configuration import Endpoint
from desktop_sync.core.ports import Steps, no_steps
from desktop_sync.ledger import SqlLedger, open_ledger
from desktop_sync.ledger.home_folder import HomeFolder
from desktop_sync.ledger.run_lock import RunLocks
from desktop_sync.services.application import Application
from tests.support.worlds import World


@dataclass
class MachineClock:
    """Stands still until it is moved. `sleep` is the lid closed: the monotonic clock stands still, the others go on."""

    at: datetime = field(default_factory=lambda: datetime(2026, 3, 2, 12, 0, tzinfo=UTC))
    monotonic: float = 1000.0
    boottime: float = 5000.0

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return self.monotonic

    def boottime_s(self) -> float:
        return self.boottime

    def go_on(self, by: timedelta) -> None:
        self.monotonic += by.total_seconds()
        self.sleep(by)

    def sleep(self, by: timedelta) -> None:
        self.at += by
        self.boottime += by.total_seconds()


@dataclass
class AtStep:
    """Does something once, the `nth` time that a step of this name comes."""

    name: str
    act: Callable[[], None]
    nth: int = 1

    def __call__(self, name: str) -> None:
        if name == self.name:
            self.nth -= 1
            if self.nth == 0:
                self.act()


def allow_leases(world: World, *names: str) -> None:
    """The endpoints with these names, or both, keep leases."""
    for endpoint in world.app.endpoints.list():
        if not names or endpoint.name in names:
            world.app.endpoints.save(replace(endpoint, settings={**endpoint.settings, "keeps_lease": True}))


@contextmanager
def copied(world: World, home: Path, clock: MachineClock, steps: Steps = no_steps) -> Iterator[Application]:
    """Another machine with a copy of the configuration and a ledger of its own."""
    app = build_application(home, steps=steps, clock=clock)
    for endpoint in world.app.endpoints.list():
        app.endpoints.save(Endpoint(endpoint.name, endpoint.provider, endpoint.settings))
    app.configurations.save(world.configuration)
    yield app
    app.close()


@contextmanager
def sharing(world: World, locks: Path, clock: MachineClock, steps: Steps = no_steps) -> Iterator[Application]:
    """Another machine that works on the same ledger, where the run lock of the first is not seen."""
    folder = HomeFolder(locks)
    folder.make_ready()

    def ledger() -> SqlLedger:
        opened = open_ledger(world.app.home, clock, TimeOrderedIds(), steps)
        opened._parts = replace(opened._parts, locks=RunLocks(folder, clock))
        return opened

    app = build_application(world.app.home, steps=steps, clock=clock)
    app._open_ledger = ledger
    yield app
    app.close()
