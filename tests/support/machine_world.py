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
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from desktop_sync.core.configuration import Endpoint, PerSide, SecretReference, SyncConfiguration
from desktop_sync.core.guard import Guard
from desktop_sync.core.ledger_values import EntityKey, RecordQuery
from desktop_sync.core.plan import Mode
from desktop_sync.core.ports import CancelToken
from desktop_sync.core.push import News
from desktop_sync.core.run import Outcome, RunKind, RunResult
from desktop_sync.core.sync_record import SyncRecord
from desktop_sync.ledger import open_ledger
from desktop_sync.ledger.sql_ledger import SqlLedger
from desktop_sync.services.application import Application
from tests.support.chaos_provider import ChaosProvider
from tests.support.chaos_system import ChaosSystem
from tests.support.chaos_world import OF_EVERY_RUN, CountedIds, Crash
from tests.support.machine_definitions import PEOPLE
from tests.support.memory_provider import MemoryRegistry, MemorySecrets
from tests.support.remembering import always_remembering

NOTED = frozenset(OF_EVERY_RUN) | {"alembic_version", "origin_field", "clock_sample"}
"""Tables in which a run notes that it was there, and when it looked, even when it has nothing to do."""
PASSWORD = "correct-horse-7391-battery"
"""What opens every endpoint of a machine; it must not be found anywhere."""
BETWEEN_RUNS_S = 0.001


@dataclass(frozen=True, slots=True)
class LedgerBackup:
    """The file as it was; `took_part` are the configurations that had run, `ended` how many runs had ended."""

    content: bytes
    took_part: frozenset[str]
    ended: int


class WorldClock:
    """The clocks of the machine that the program runs on. They stand still until somebody waits or a test moves them;
    what is under way arrives before time goes on. `at` is the true time, which the systems have."""

    def __init__(self, at: datetime = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)) -> None:
        self.at = at
        self.ahead = timedelta(0)
        self.asleep_s = 0.0
        self.before_move: list[Callable[[], object]] = []

    def now(self) -> datetime:
        return self.at + self.ahead

    def monotonic_s(self) -> float:
        return self.at.timestamp() - self.asleep_s

    def boottime_s(self) -> float:
        return self.at.timestamp()

    def jump(self, seconds: float) -> None:
        """Somebody sets the clock of the machine; no time goes by."""
        self.ahead += timedelta(seconds=seconds)

    def suspend(self, seconds: float) -> None:
        """The lid is closed for so long: one of the clocks stands still meanwhile."""
        self.sleep(seconds)
        self.asleep_s += seconds

    def tick(self, seconds: float) -> None:
        """Too short a time for anything to arrive."""
        self.at += timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        for arrive in self.before_move:
            arrive()
        self.at += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class TrueClock:
    """What the systems have: nobody sets it."""

    world: WorldClock

    def now(self) -> datetime:
        return self.world.at

    def monotonic_s(self) -> float:
        return self.world.at.timestamp()

    def boottime_s(self) -> float:
        return self.world.at.timestamp()


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
            system.client_clock = clock
        self._ids = CountedIds()
        self._folder = Path(tempfile.mkdtemp(prefix="world-", dir=memory_folder()))
        self.home = self._folder / "home"
        shutil.copytree(_fresh_home(), self.home)
        self.app = self._start()
        for name in self.systems:
            settings = {"system": name, "password": SecretReference("password")}
            self.app.ledger.save_endpoint(Endpoint(name, "chaos", settings))
        for configuration in configurations:
            self.app.ledger.save_configuration(configuration)
        self.configurations = tuple(one.name for one in configurations)
        self.ends = {one.name: (one.a, one.b) for one in configurations}
        self.arrived = 0
        """How many requests arrived late."""
        self.remembers = False
        """Whether complete reads use memos, as they do of many records."""
        self.is_midway = False
        """Whether a run is going on."""
        self.is_cut_off = False
        """Whether a run died and none has ended since."""
        self.ended = 0
        """How many runs came to their end."""
        self.finished: set[str] = set()
        """Configurations whose last run kept how far it had read."""
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
            self._open,
            _secrets,
            self.steps,
            self.clock.sleep,
        )

    def _open(self) -> SqlLedger:
        ledger = open_ledger(self.home, self.clock, self._ids, self.steps)
        ledger.start_upkeep = _no_backup  # type: ignore[method-assign]
        return ledger

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
        return self._watched(name, lambda: self.app.synchronization.run(name, mode=mode, allow=allow, cancel=cancel))

    def run_pushed(self, name: str, system: str, record_id: str) -> RunResult:
        """The system told that something is new about a record."""
        kept = name in self.finished  # a run of single records does not say how far everything was read
        told = frozenset((record_id,))
        is_a = self.ends[name][0] == system
        news = {PEOPLE: News(PerSide(told, frozenset()) if is_a else PerSide(frozenset(), told))}
        result = self._watched(name, lambda: self.app.synchronization.run_pushed(name, news, kind=RunKind.RUN))
        if not kept:
            self.finished.discard(name)
        return result

    def _watched(self, name: str, run: Callable[[], RunResult]) -> RunResult:
        self.is_midway = True
        self.finished.discard(name)
        self.clock.tick(BETWEEN_RUNS_S)
        try:
            with always_remembering() if self.remembers else contextlib.nullcontext():
                result = run()
        except Crash:
            self.is_cut_off = True
            raise
        finally:
            self.is_midway = False
        self.is_cut_off = False
        self.ended += 1
        if result.outcome in (Outcome.DONE, Outcome.PROBLEMS) and not result.only_matched:
            self.finished.add(name)
        return result

    def records_of(self, name: str, system: str, record_id: str) -> list[SyncRecord]:
        """Sync records of a configuration that a record of a system belongs to."""
        found = self.app.ledger.records(RecordQuery(name, text=record_id, limit=1000))
        return [one for one in found if (system, record_id) in zip(self.ends[name], (one.a_id, one.b_id), strict=True)]

    def configuration(self, name: str) -> SyncConfiguration:
        return next(one for one in self.app.ledger.configurations() if one.name == name)

    def back_up_ledger(self) -> LedgerBackup:
        with contextlib.closing(sqlite3.connect(self.home / "ledger.sqlite")) as connection:
            took_part = frozenset(row[0] for row in connection.execute(_TOOK_PART))
            return LedgerBackup(connection.serialize(), took_part, self.ended)

    def put_ledger_back(self, backup: LedgerBackup) -> None:
        """Somebody put the ledger's file back from that backup, and nothing else, while the program was not running."""
        self.app.close()
        for path in self.home.glob("ledger.sqlite*"):
            path.unlink()
        (self.home / "ledger.sqlite").write_bytes(backup.content)
        (self.home / "ledger.sqlite").chmod(0o600)
        self.restart()

    def only_matches(self, name: str) -> bool:
        """Whether the configuration waits for a person to confirm what it matched."""
        return self.app.ledger.binding(name).match_only is not None

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
        if not any(system.late for system in self.systems.values()):
            return 0
        self.clock.tick(BETWEEN_RUNS_S)
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

    def is_settled(self, name: str) -> bool:
        """Whether it is known of all requests what became of them."""
        return not (self.app.ledger.open_batches(name) or self.app.ledger.held_records(name))

    def deletes(self) -> int:
        """How many requests deleted a record in any system."""
        return sum(one.is_applied and one.method == "delete" for system in self.systems.values() for one in system.log)

    def has_peers(self, name: str) -> bool:
        return any(self.app.ledger.count_peers(EntityKey(name, one.name)) for one in self.configuration(name).entities)

    def ledger_content(self) -> dict[str, list[str]]:
        """Every row of every table that a run without work leaves as it is."""
        with contextlib.closing(sqlite3.connect(self.home / "ledger.sqlite")) as connection:
            names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {
                name: sorted(repr(row) for row in connection.execute(f'SELECT * FROM "{name}"'))
                for name in names
                if name not in NOTED
            }


_TOOK_PART = (
    "SELECT name FROM configuration c WHERE c.deleted_at IS NULL"
    " AND EXISTS (SELECT 1 FROM run r WHERE r.configuration_id = c.id)"
)


def _no_backup() -> None:
    """Backups have tests of their own."""


def _secrets() -> MemorySecrets:
    secrets = MemorySecrets()
    secrets.write("password", PASSWORD)
    return secrets
