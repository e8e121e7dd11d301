"""Two systems in memory, the real program between them, and a real ledger file: made in milliseconds, crashed anywhere.

A crash is an exception that nothing of the program catches. Everything that was in memory is then let go as a dead
process would, and a new program opens the same ledger file; the systems stand outside and keep what they have.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from desktop_sync.core.configuration import Endpoint, Entity, FieldMapping, GuardLimits, PerSide, SyncConfiguration
from desktop_sync.core.errors import DesktopSyncError
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.run import Outcome, RunResult
from desktop_sync.ledger import open_ledger
from desktop_sync.ledger.batch_content import unpack
from desktop_sync.ledger.sql_ledger import SqlLedger
from desktop_sync.services.application import Application
from desktop_sync.services.session.conditions import KEPT
from tests.support.chaos_provider import ChaosProvider
from tests.support.chaos_system import ChaosSystem, Profile, Values
from tests.support.memory_provider import MemoryRegistry, MemorySecrets

NAME = "Sync"
LATE_S = 10.0
FIELDS = ("id", "email", "name", "note")
NO_GUARDS = GuardLimits(None, None, False, None, None, None, False, False)
OF_EVERY_RUN = ("run", "watermark", "sequence", "sqlite_sequence", "fact", "binding", "clock_sample")
"""Tables that a run without work may write: the run itself, how far it read, ids that it set aside, fences, clocks."""


class Crash(BaseException):
    """The process is dead from here on."""


@dataclass
class ChaosClock:
    """Stands still but for `sleep`, which moves it and lets happen what is due by then. `ahead`: by how much somebody
    set the clock that people see."""

    at: datetime = field(default_factory=lambda: datetime(2026, 3, 2, 12, 0, tzinfo=UTC))
    listeners: list[Callable[[datetime], object]] = field(default_factory=list)
    slept_s: float = 0.0
    ahead: timedelta = timedelta(0)
    started_s: float = 0.0

    def now(self) -> datetime:
        return self.at + self.ahead

    def monotonic_s(self) -> float:
        return self.at.timestamp()

    def boottime_s(self) -> float:
        return self.at.timestamp() - self.started_s

    def sleep(self, seconds: float) -> None:
        self.slept_s += seconds
        self.move(seconds)

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        for tell in self.listeners:
            tell(self.at)


class CountedIds:
    """Unique in a world, and the same in every repetition of it."""

    def __init__(self) -> None:
        self.number = 0

    def new_id(self) -> str:
        self.number += 1
        return f"00000000-0000-7000-8000-{self.number:012d}"


@dataclass
class Stepper:
    """Counts steps; at some of them something happens: a crash, or what a person does in that very moment."""

    names: list[str] = field(default_factory=list)
    at: dict[int, Callable[[], object]] = field(default_factory=dict)
    is_dead: bool = False
    watch: Callable[[str], object] | None = None

    def __call__(self, name: str) -> None:
        if self.is_dead:  # threads of a dead process do nothing any more
            raise Crash
        self.names.append(name)
        if self.watch is not None:
            self.watch(name)
        happen = self.at.get(len(self.names))
        if happen is not None:
            happen()

    def crash_at(self, number: int) -> None:
        def die() -> None:
            self.is_dead = True
            raise Crash

        self.at[number] = die


def entity(**rules: object) -> Entity:
    """People of two systems, by e-mail address."""
    fields = (FieldMapping("email", "email", identifying=True), FieldMapping("name", "name"))
    plain = Entity("people", PerSide("people", "people"), fields, key=PerSide(("id",), ("id",)))
    return replace(plain, **rules)  # type: ignore[arg-type]


def configuration(**rules: object) -> SyncConfiguration:
    return SyncConfiguration(NAME, "Left", "Right", (entity(**rules),), guards=NO_GUARDS)


class Template:
    """An empty ledger at the current revision with the definitions in it, copied for each world."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: dict[str, Path] = {}

    def home(self, wanted: SyncConfiguration) -> Path:
        key = repr(wanted)
        if key not in self._made:
            home = self.folder / f"template {len(self._made)}"
            ledger = open_ledger(home, ChaosClock(), CountedIds())
            for name, system in (("Left", "left"), ("Right", "right")):
                ledger.save_endpoint(Endpoint(name, "chaos", {"system": system}))
                ledger.keep_probed(f"chaos:{system}", KEPT)  # the trial would be one request more
            ledger.save_configuration(wanted)
            ledger.close()
            self._made[key] = home
        return self._made[key]


@dataclass
class ChaosWorld:
    """`left` is A and `right` is B. `app` is the program as it runs now; `restart` begins a new process."""

    folder: Path
    clock: ChaosClock
    ids: CountedIds
    left: ChaosSystem
    right: ChaosSystem
    stepper: Stepper
    app: Application | None = None

    @property
    def ledger(self) -> Ledger:
        return self.application.ledger

    @property
    def application(self) -> Application:
        if self.app is None:
            provider = ChaosProvider(self.left, self.right)
            stepper = self.stepper

            def opened() -> Ledger:
                ledger = open_ledger(self.folder, self.clock, self.ids, stepper)
                ledger.start_upkeep = _no_backup  # type: ignore[method-assign]
                return ledger

            self.app = Application(
                self.folder,
                self.clock,
                self.ids,
                MemoryRegistry(provider),
                opened,
                MemorySecrets,
                stepper,
                self.clock.sleep,
            )
        return self.app

    def run(self, **options: object) -> RunResult:
        return self.application.synchronization.run(NAME, **options)  # type: ignore[arg-type]

    def undo(self, run_id: int) -> RunResult:
        return self.application.undo.undo(run_id)

    def try_run(self) -> RunResult | DesktopSyncError | None:
        """The result, the error of a run that failed, or None where the process died."""
        return self._tried(self.run)

    def try_undo(self, run_id: int) -> RunResult | DesktopSyncError | None:
        """The same for the undo of a run."""
        return self._tried(lambda: self.undo(run_id))

    def _tried(self, act: Callable[[], RunResult]) -> RunResult | DesktopSyncError | None:
        try:
            return act()
        except DesktopSyncError as error:
            return error
        except Crash:
            self.abandon()
            return None

    def abandon(self) -> None:
        """What the process had in memory is gone; nothing was flushed or committed by that, and its mark stays."""
        dead, self.app = self.app, None
        self.stepper = Stepper()
        for system in (self.left, self.right):
            system.steps = self.stepper
            system.lose_answer()
        if dead is not None and isinstance(dead._ledger, SqlLedger):
            dead._ledger._database.close()
            dead._ledger._marker.release()

    def close(self) -> None:
        if self.app is not None:
            self.app.close()
            self.app = None

    def people(self, system: ChaosSystem) -> dict[str, str | None]:
        """E-mail address → name. Each identity is there once."""
        rows = system.records("people").values()
        counted = Counter(row["email"] for row in rows)
        twice = [email for email, count in counted.items() if count > 1]
        assert not twice, f"{system.name} has {twice} twice"
        return {str(row["email"]): row["name"] for row in rows}

    def ledger_rows(self) -> dict[str, list[str]]:
        """Every row of every table that a run without work leaves as it is."""
        with closing(sqlite3.connect(self.folder / "ledger.sqlite")) as connection:
            names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {
                name: sorted(repr(row) for row in connection.execute(f'SELECT * FROM "{name}"'))
                for name in names
                if name not in OF_EVERY_RUN
            }

    def kept_values(self) -> set[str]:
        """Every value that history or a conflict holds."""
        with closing(sqlite3.connect(self.folder / "ledger.sqlite")) as connection:
            values = {
                str(value)
                for (blob,) in connection.execute("SELECT rows FROM batch_content")
                for column in unpack(blob).select([n for n in unpack(blob).column_names if ":" in n]).columns
                for value in column.to_pylist()
                if value is not None
            }
            for (document,) in connection.execute("SELECT field_values FROM conflict"):
                values.add(document)
        return values


def make_chaos_world(
    template: Template,
    folder: Path,
    left: Profile | None = None,
    right: Profile | None = None,
    records: Mapping[str, Values] | None = None,
    **rules: object,
) -> ChaosWorld:
    """Both systems with the structure `people`; nothing is synchronized yet. `rules` are those of the entity."""
    clock = ChaosClock()
    systems = [ChaosSystem(name, profile or Profile(), clock) for name, profile in (("left", left), ("right", right))]
    for system in systems:
        system.make("people", FIELDS)
        for record in (records or {}).values():
            system.put("people", **record)
    shutil.copytree(template.home(configuration(**rules)), folder)
    return assembled(folder, clock, CountedIds(), systems[0], systems[1])


def assembled(folder: Path, clock: ChaosClock, ids: CountedIds, left: ChaosSystem, right: ChaosSystem) -> ChaosWorld:
    """The world of these parts, with a new process."""
    stepper = Stepper()
    left.steps = right.steps = stepper
    clock.listeners = [left.apply_late, right.apply_late]
    return ChaosWorld(folder, clock, ids, left, right, stepper)


def _no_backup() -> None:
    """Backups have tests of their own."""


@dataclass(frozen=True)
class Moment:
    """A world as a process that dies now leaves it: the bytes of its files, and both systems. `step` is where."""

    step: str
    files: Mapping[str, bytes]
    left: Mapping[str, object]
    right: Mapping[str, object]
    profiles: tuple[Profile, Profile]
    at: datetime
    ids: int


_NOT_LEFT = ("-shm", ".lock")
"""Files of a dead process that its successor does not find as they were: shared memory, and locks."""


def take_moment(world: ChaosWorld, step: str = "") -> Moment:
    files = {
        str(path.relative_to(world.folder)): path.read_bytes()
        for path in world.folder.rglob("*")
        if path.is_file()
        and not path.name.endswith(_NOT_LEFT)
        and "work" not in path.parts
        and "locks" not in path.parts
    }
    left, right = world.left, world.right
    profiles = (left.profile, right.profile)
    return Moment(step, files, left.snapshot(), right.snapshot(), profiles, world.clock.at, world.ids.number)


def world_at(moment: Moment, folder: Path, *, answer_is_late: bool = False) -> ChaosWorld:
    """A new process finds the world as it was at that moment. A request that was being sent never arrived, or is late
    and arrives in ten seconds."""
    for name, content in moment.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    folder.chmod(0o700)
    clock, ids = ChaosClock(moment.at), CountedIds()
    ids.number = moment.ids
    systems = []
    for name, profile, kept in zip(("left", "right"), moment.profiles, (moment.left, moment.right), strict=True):
        system = ChaosSystem(name, profile, clock)
        system.restore(kept)
        system.faults.clear()
        if answer_is_late:
            system.late_after_s = LATE_S
            system.lose_answer()
        system.in_flight = None
        systems.append(system)
    return assembled(folder, clock, ids, systems[0], systems[1])


def assert_done(result: RunResult | DesktopSyncError | None) -> RunResult:
    assert isinstance(result, RunResult), result
    assert result.outcome is Outcome.DONE, result
    return result
