"""Several systems and several configurations on the same records, with a clock that the test moves.

Each system is a table of people: key, then the fields, then when the record was changed. A system writes that down
itself, whoever changes a record: a database by a trigger, the program behind a CSV file when it next sees the file.
So the time of sync's own writes stands there too, as in life.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from desktop_sync.bootstrap import build_application
from desktop_sync.core.configuration import (
    Endpoint,
    Entity,
    FieldMapping,
    PerSide,
    Side,
    SyncConfiguration,
)
from desktop_sync.core.ports import Steps, no_steps
from desktop_sync.core.run import RunResult
from desktop_sync.services.application import Application
from tests.support.ledger_home import HandClock
from tests.support.worlds import NO_GUARDS, FolderSide, TableSide

KEY = FieldMapping("key", "key", identifying=True)
TABLE = "people"


def at(hour: int, minute: int = 0, second: int = 0, *, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, minute, second, tzinfo=UTC)


def stamp_text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M:%S.%f")


@dataclass
class System:
    """One endpoint. `shift_s` is how far its clock is ahead."""

    name: str
    side: TableSide | FolderSide
    fields: tuple[str, ...]
    shift_s: float = 0.0
    seen: dict[str, dict[str, object]] = field(default_factory=dict)

    def make(self) -> None:
        if isinstance(self.side, FolderSide):
            self.side.create(TABLE, ", ".join(["key", *self.fields, "changed"]))
            return
        columns = ", ".join(f"{name} TEXT" for name in (*self.fields, "changed"))
        self.side.create(TABLE, f"key TEXT PRIMARY KEY, {columns}")
        self.side.create("clock", "now TEXT")
        self.side.execute("INSERT INTO clock VALUES ('')")
        now = f"UPDATE {TABLE} SET changed = (SELECT now FROM clock) WHERE key = NEW.key"
        self.side.execute(
            f"CREATE TRIGGER noted AFTER UPDATE ON {TABLE} WHEN NEW.changed IS OLD.changed BEGIN {now}; END"
        )
        self.side.execute(f"CREATE TRIGGER born AFTER INSERT ON {TABLE} WHEN NEW.changed IS NULL BEGIN {now}; END")

    def tell_time(self, now: str) -> None:
        if isinstance(self.side, TableSide):
            self.side.execute("UPDATE clock SET now = ?", [now])

    def note_changes(self, now: str) -> None:
        """The program behind a file writes down what changed since it looked last."""
        if not isinstance(self.side, FolderSide):
            return
        for row in self.side.rows(TABLE):
            key, before = str(row["key"]), self.seen.get(str(row["key"]))
            is_told = row["changed"] is not None if before is None else before["changed"] != row["changed"]
            if before != row and not is_told:
                self.side.edit(TABLE, "key", key, {"changed": now})
        self.seen = {str(row["key"]): dict(row) for row in self.side.rows(TABLE)}

    def records(self) -> dict[str, dict[str, object]]:
        """By key, without the time of change; empty is None."""
        rows = self.side.rows(TABLE)
        return {str(row["key"]): {name: row[name] or None for name in self.fields} for row in rows}


@dataclass
class GroupWorld:
    app: Application
    clock: HandClock
    systems: dict[str, System]
    configurations: dict[str, SyncConfiguration] = field(default_factory=dict)

    def connect(
        self,
        a: str,
        b: str,
        *fields: str,
        name: str = "",
        primary: Side = Side.A,
        **rules: object,
    ) -> str:
        """A configuration between two systems that maps these fields; its name."""
        mapped = (KEY, *(FieldMapping(one, one) for one in fields))
        entity = Entity(
            "people",
            PerSide(TABLE, TABLE),
            mapped,
            primary=primary,
            modified=PerSide("changed", "changed"),
            key=PerSide(("key",), ("key",)),
            **rules,  # type: ignore[arg-type]
        )
        made = SyncConfiguration(name or f"{a}-{b}", a, b, (entity,), guards=NO_GUARDS)
        self.configurations[made.name] = self.app.configurations.save(made)
        return made.name

    def put(self, system: str, key: str, when: datetime, **values: object) -> None:
        one = self.systems[system]
        one.side.put(TABLE, {"key": key, **values, "changed": self._told(one, when)})
        one.note_changes(self._told(one, when))

    def edit(self, system: str, key: str, when: datetime, **values: object) -> None:
        """A person changes fields of a record at that time."""
        self.clock.at = max(self.clock.at, when)
        one = self.systems[system]
        one.tell_time(self._told(one, when))
        one.side.edit(TABLE, "key", key, {**values, "changed": self._told(one, when)})
        one.note_changes(self._told(one, when))

    def run(self, *names: str, when: datetime | None = None) -> list[RunResult]:
        """The configurations run one after another, a minute apart."""
        results = []
        for name in names:
            self.clock.at = max(self.clock.at, when) if when is not None else self.clock.at
            self.clock.move(minutes=1)
            for system in self.systems.values():
                system.tell_time(self._told(system, self.clock.at))
            results.append(self.app.synchronization.run(name))
            for system in self.systems.values():
                system.note_changes(self._told(system, self.clock.at))
        return results

    def settle(self, order: Sequence[str], most: int = 0) -> int:
        """Runs the configurations in this order until a pass writes nothing; how many passes that took."""
        for count in range(1, (most or len(order) + 1) + 1):
            if not any(written(result) for result in self.run(*order)):
                return count
        raise AssertionError(f"not settled after {most or len(order) + 1} passes")

    def values(self, name: str, key: str = "1") -> dict[str, object]:
        """What the systems hold in a field of a record."""
        found = {one.name: one.records().get(key) for one in self.systems.values()}
        return {system: None if record is None else record[name] for system, record in found.items()}

    def contents(self) -> dict[str, dict[str, dict[str, object]]]:
        return {name: system.records() for name, system in self.systems.items()}

    @staticmethod
    def _told(system: System, instant: datetime) -> str:
        return stamp_text(datetime.fromtimestamp(instant.timestamp() + system.shift_s, UTC))


def written(result: RunResult) -> int:
    """How many records a run wrote to an endpoint."""
    return sum(
        count for entity in result.entities for action, count in entity.actions.items() if action.target is not None
    )


def make_group_world(
    folder: Path,
    systems: Mapping[str, str],
    fields: Sequence[str] = ("x",),
    shifts: Mapping[str, float] | None = None,
    steps: Steps = no_steps,
) -> GroupWorld:
    """Systems by name, each `sql` or `csv`, all with these fields. It is noon."""
    folder.mkdir(parents=True, exist_ok=True)
    clock = HandClock(at(12))
    app = build_application(folder / "home", clock=clock, steps=steps)
    made = {}
    for name, provider in systems.items():
        side = TableSide(folder / f"{name}.sqlite") if provider == "sql" else FolderSide(folder / name)
        made[name] = System(name, side, tuple(fields), (shifts or {}).get(name, 0.0))
        made[name].make()
        place = {"file": str(folder / f"{name}.sqlite")} if provider == "sql" else {"folder": str(folder / name)}
        app.endpoints.save(Endpoint(name, provider, place))
    return GroupWorld(app, clock, made)
