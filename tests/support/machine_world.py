"""Systems in memory, a real ledger, and a program that dies at any step and starts again, all in one process.

The ledger lies in a memory file system where there is one: what dies here is this program, not the machine, and the
pragmas that survive a power cut are proved elsewhere.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from desktop_sync.core.configuration import Endpoint, SyncConfiguration
from desktop_sync.core.guard import Guard
from desktop_sync.core.plan import Mode
from desktop_sync.core.ports import CancelToken
from desktop_sync.core.run import RunResult
from desktop_sync.ledger import open_ledger
from desktop_sync.services.application import Application
from tests.support.chaos_provider import ChaosProvider
from tests.support.chaos_system import ChaosSystem
from tests.support.chaos_world import OF_EVERY_RUN, CountedIds, Crash
from tests.support.memory_provider import MemoryRegistry, MemorySecrets

NOTED = frozenset(OF_EVERY_RUN) | {"alembic_version", "origin_field", "clock_sample"}
"""Tables in which a run notes that it was there, and when it looked, even when it has nothing to do."""


class WorldClock:
    """Stands still until somebody waits or a test moves it. What is under way arrives before time goes on."""

    def __init__(self, at: datetime = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)) -> None:
        self.at = at
        self.before_move: list[Callable[[], object]] = []

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return self.at.timestamp()

    def boottime_s(self) -> float:
        return self.at.timestamp()

    def tick(self, seconds: float) -> None:
        """Too short a time for anything to arrive."""
        self.at += timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        for arrive in self.before_move:
            arrive()
        self.at += timedelta(seconds=seconds)


class Steps:
    """Counts the steps of a run; `at` says what happens at which of them."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.at: dict[int, Callable[[str], object]] = {}

    def begin(self) -> None:
        self.names.clear()
        self.at.clear()

    def __call__(self, name: str) -> None:
        self.names.append(name)
        happens = self.at.pop(len(self.names), None)
        if happens is not None:
            happens(name)


def die(name: str) -> None:
    """For `Steps.at`."""
    raise Crash(name)


@cache
def _fresh_home() -> Path:
    """A folder with a ledger that nobody used; it is copied, because making one takes longer than a run."""
    folder = Path(tempfile.mkdtemp(prefix="ledger-", dir=memory_folder()))
    open_ledger(folder / "home", WorldClock(), CountedIds()).close()
    return folder / "home"


def memory_folder() -> str | None:
    """Where files need no disk, or None for the usual place."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


class MachineWorld:
    """`systems` are the endpoints, by their names. Use as a context manager."""

    def __init__(self, clock: WorldClock, systems: Iterable[ChaosSystem], *configurations: SyncConfiguration) -> None:
        self.clock = clock
        self.systems = {system.name: system for system in systems}
        self.steps = Steps()
        for system in self.systems.values():
            system.steps = self.steps
        self._ids = CountedIds()
        self._folder = Path(tempfile.mkdtemp(prefix="world-", dir=memory_folder()))
        self.home = self._folder / "home"
        shutil.copytree(_fresh_home(), self.home)
        self.app = self._start()
        for name in self.systems:
            self.app.ledger.save_endpoint(Endpoint(name, "chaos", {"system": name}))
        for configuration in configurations:
            self.app.ledger.save_configuration(configuration)
        self.configurations = tuple(one.name for one in configurations)
        self.arrived = 0
        """How many requests arrived late."""
        self.is_midway = False
        """Whether a run is going on."""
        self.is_cut_off = False
        """Whether a run died and none has ended since."""
        clock.before_move.append(self.arrive)

    def __enter__(self) -> MachineWorld:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """May be repeated."""
        self.app.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> Application:
        return Application(
            self.home,
            self.clock,
            self._ids,
            MemoryRegistry(ChaosProvider(*self.systems.values())),
            lambda: open_ledger(self.home, self.clock, self._ids, self.steps),
            MemorySecrets,
            self.steps,
            self.clock.sleep,
        )

    def restart(self) -> None:
        """The program is another one, over the same files."""
        self.steps.begin()
        self.app.close()
        self.app = self._start()

    def run(
        self,
        name: str,
        *,
        mode: Mode | None = None,
        allow: frozenset[Guard] = frozenset(),
        cancel: CancelToken | None = None,
    ) -> RunResult:
        """Raises what the service raises, and Crash; after a crash `restart` must follow."""
        self.is_midway = True
        try:
            result = self.app.synchronization.run(name, mode=mode, allow=allow, cancel=cancel)
        except Crash:
            self.is_cut_off = True
            raise
        finally:
            self.is_midway = False
        self.is_cut_off = False
        return result

    def run_besides(self, name: str) -> RunResult:
        """A second program over the same files runs it, now, in the middle of whatever the first one does."""
        with self.unnoticed():
            other = self._start()
            try:
                return other.synchronization.run(name)
            finally:
                other.close()

    def arrive(self) -> int:
        """What was under way in the network arrives; how many requests."""
        with self.unnoticed():
            arrived = sum(system.apply_late() for system in self.systems.values())
        self.arrived += arrived
        return arrived

    @contextlib.contextmanager
    def unnoticed(self) -> Iterator[None]:
        """What happens inside is no step of the program."""
        at, self.steps.at = self.steps.at, {}
        count = len(self.steps.names)
        try:
            yield
        finally:
            del self.steps.names[count:]
            self.steps.at = at

    def writes(self) -> int:
        """How many requests changed something in any system."""
        return sum(system.writes() for system in self.systems.values())

    def ledger_content(self) -> dict[str, list[str]]:
        """Every row of every table that a run without work leaves as it is."""
        with contextlib.closing(sqlite3.connect(self.home / "ledger.sqlite")) as connection:
            names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {
                name: sorted(repr(row) for row in connection.execute(f'SELECT * FROM "{name}"'))
                for name in names
                if name not in NOTED
            }
