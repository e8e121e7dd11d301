"""Backups of systems and of the ledger, and what must hold when one of them is put back (RELIABILITY C7, K7)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from desktop_sync.core.configuration import Side
from desktop_sync.core.ledger_values import EntityKey
from tests.support.chaos_system import Backup
from tests.support.machine_definitions import KEYS, PEOPLE
from tests.support.machine_invariants import kept_values
from tests.support.machine_known import Known
from tests.support.machine_people import People, Row, records_of, values_of
from tests.support.machine_world import LedgerBackup, MachineWorld

KEPT = 6


@dataclass
class Backups:
    """One of every system is made before each run, and one of the ledger before each third."""

    world: MachineWorld
    people: People
    known: Known
    systems: dict[str, list[Backup]] = field(default_factory=dict)
    ledgers: list[LedgerBackup] = field(default_factory=list)
    _runs: int = 0
    _held: dict[str, dict[str, list[Row]]] = field(default_factory=dict)

    def take(self) -> None:
        for name, system in self.world.systems.items():
            self.systems[name] = [*self.systems.get(name, []), system.backup()][-KEPT:]
        if self._runs % 3 == 0:
            self.ledgers = [*self.ledgers, self.world.back_up_ledger()][-KEPT:]
        self._runs += 1

    def put_system_back(self, name: str, age: float) -> bool:
        """Whether there was a backup older than what the last runs saw of the system; then it holds that again."""
        world, people = self.world, self.people
        users = [one for one in map(world.configuration, world.configurations) if name in (one.a, one.b)]
        if self.known.definition.is_one_way:
            return False  # there is nobody to decide which one stays
        seen = [
            world.app.ledger.watermark(EntityKey(one.name, PEOPLE), Side.A if one.a == name else Side.B).high_marks
            for one in users
        ]
        least = min(mark.counter or 0 for mark in seen)
        older = [backup for backup in self.systems.get(name, []) if backup.changes < least]
        # Whoever restores just what a run that was cut off had written is beyond what can be noticed.
        if not older or not {one.name for one in users} <= world.finished:
            return False
        if any(world.only_matches(one) for one in world.configurations) or self.known.put_back - {name}:
            return False
        backup = older[int(age * (len(older) - 1))]
        before = records_of(world, name)
        agreed = _agreed(world)
        people.superseded |= {value for rows in before.values() for row in rows for value in row[1:] if value}
        world.systems[name].put_back(backup)
        self._held = {other: records_of(world, other) for other in world.systems if other != name}
        after = records_of(world, name)
        for key in KEYS:
            # A deletion that was made there is forgotten, even where the record was not there yet.
            if before.get(key) != after.get(key) or name in people.deleted_in.get(key, ()):
                people.note(key, "put back")
        # What was deleted everywhere and is back in a system that is not the primary one stays there alone (SPEC 5).
        self.known.apart |= {key for key in after if key not in before}
        people.safe |= {key: row for key, row in agreed.items() if key not in self.known.definition.left_out}
        self.known.put_back.add(name)
        return True

    def rolled_back(self, name: str) -> list[str]:
        """What the other systems do not hold any more as they did, of what all had agreed on."""
        found = []
        for other, held in self._held.items():
            now = records_of(self.world, other)
            found += [
                f"{key} was {held.get(key)} in {other} and is {now.get(key)} since {name} was put back"
                for key in self.people.safe
                if held.get(key) != now.get(key)
            ]
        return found

    def put_ledger_back(self, age: float) -> frozenset[str] | None:
        """The configurations that must notice it; None where there is no backup."""
        if not self.ledgers or self.known.definition.is_one_way:
            return None  # what one side holds alone could not travel
        world, people = self.world, self.people
        world.arrive()
        backup = self.ledgers[int(age * (len(self.ledgers) - 1))]
        must = backup.took_part if world.ended > backup.ended else frozenset()
        world.put_ledger_back(backup)
        world.finished.clear()
        there = {
            value
            for name in world.systems
            for rows in values_of(world, name).values()
            for row in rows
            for value in row
            if value
        }
        # They were in the history that is gone. A conflict that is open again shows what its sides hold now: that sync
        # itself had replaced what it names is known to nobody any more.
        people.superseded |= people.tokens - there - kept_values(world, with_open=False)
        for key in KEYS:
            people.note(key, "ledger")
        entity = world.configuration(world.configurations[0]).entities[0]  # the definitions are those of then, too
        has_phone, has_filter = len(entity.fields) > 2, bool(entity.filter.a)
        self.known.definition = replace(self.known.definition, has_phone=has_phone, has_filter=has_filter)
        self.known.left_out = frozenset()  # an older ledger may not know what took no part
        people.safe.clear()
        return must


def _agreed(world: MachineWorld) -> dict[str, tuple[str | None, str | None]]:
    """What all systems hold alike, by key."""
    held = [values_of(world, name) for name in world.systems]
    return {
        key: rows[0]
        for key, rows in held[0].items()
        if len(rows) == 1 and all(other.get(key) == rows for other in held[1:])
    }
