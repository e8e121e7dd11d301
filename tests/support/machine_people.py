"""People who edit records in several systems, and the books kept about what they wrote.

Every value that a person writes is a token of its own. A token may disappear only where a person who saw it replaced
or deleted it; otherwise it must be found in a system or in the history (RELIABILITY I3).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from desktop_sync.core.provider_port import ConditionalWrite
from tests.support.chaos_system import ChaosSystem, Values
from tests.support.machine_definitions import PEOPLE
from tests.support.machine_world import MachineWorld

TICK_S = 0.1


@dataclass
class People:
    """`deeds`: what was done to each key since the last check. `contested`: keys that a person made in a system while
    a create of the same key may have been under way there, or another record may still get that key: nobody can tell
    these apart, so they may be held. `renamed_to`: keys that records were given since the last check. `told`: what the
    systems would push, a record at a time, oldest first. `safe`: what the other systems held of a key when one of them
    was put back to an older state; it must stay. `writers`: the systems that people write to: where values flow one
    way, those that they come from. `deleted_in`: where each key was deleted since the last check."""

    world: MachineWorld
    writers: frozenset[str]
    tokens: set[str] = field(default_factory=set)
    superseded: set[str] = field(default_factory=set)
    contested: set[str] = field(default_factory=set)
    deeds: dict[str, list[str]] = field(default_factory=dict)
    renamed_to: set[str] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)
    told: list[tuple[str, str]] = field(default_factory=list)
    safe: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    deleted_in: dict[str, set[str]] = field(default_factory=dict)
    _number: int = 0

    def token(self) -> str:
        self._number += 1
        made = f"t{self._number}"
        self.tokens.add(made)
        return made

    def find(self, system: str, key: str) -> str | None:
        """The id of the one record with that key.

        A write without a condition that is still under way to it arrives before: it would overwrite whatever is done
        now, which is the stated race window of that class.
        """
        place = self.world.systems[system]
        found = place.find_by(PEOPLE, "key", key)
        if not keeps_conditions(place) and any(
            one.method != "create" and one.arguments[1] in found for one in place.late
        ):
            self.world.arrive()
            found = place.find_by(PEOPLE, "key", key)
        return found[0] if len(found) == 1 else None

    def is_free(self, system: str, key: str) -> bool:
        return not self.world.systems[system].find_by(PEOPLE, "key", key)

    def write(self, system: str, key: str, token: str | None = None) -> None:
        """A new record, or a new name for the one that is there."""
        if system not in self.writers:
            return
        if self.is_free(system, key):
            self._create(system, key, token or self.token())
            return
        self._edit(system, key, name=token or self.token())

    def phone(self, system: str, key: str) -> None:
        if system in self.writers and self.find(system, key) is not None:
            self._edit(system, key, phone=self.token())

    def touch(self, system: str, key: str) -> None:
        """A field that is not mapped."""
        if (record_id := self.find(system, key)) is not None:
            self._begin()
            self._number += 1
            self.world.systems[system].edit(PEOPLE, record_id, note=f"n{self._number}")
            self.told.append((system, record_id))
            self.done["touch"] += 1

    def delete(self, system: str, key: str) -> None:
        if system in self.writers and (record_id := self.find(system, key)) is not None:
            self._begin()
            self._saw(self.world.systems[system].records(PEOPLE)[record_id])
            self.world.systems[system].delete(PEOPLE, record_id)
            self.told.append((system, record_id))
            self.note(key, "delete")
            self.deleted_in.setdefault(key, set()).add(system)

    def rename(self, system: str, key: str, to: str) -> None:
        """The identifying value itself is corrected, to one that nobody has."""
        record_id = self.find(system, key)
        if record_id is None or not all(self.is_free(name, to) for name in self.world.systems):
            return
        if system not in self.writers:
            return
        self._begin()
        self.world.systems[system].edit(PEOPLE, record_id, key=to)
        self.told.append((system, record_id))
        self.note(key, "rename")
        self.note(to, "rename")
        self.renamed_to.add(to)

    def same_everywhere(self, key: str) -> None:
        """The same new value is written in every system that has the record."""
        token = self.token()
        holders = [name for name in self.world.systems if name in self.writers and self.find(name, key) is not None]
        for name in holders:
            self._edit(name, key, name=token)
        if not holders:
            self.tokens.discard(token)

    def _create(self, system: str, key: str, token: str) -> None:
        self._begin()
        if self._is_unsettled(system) or key in self.renamed_to:
            self.contested.add(key)
        self.told.append((system, self.world.systems[system].put(PEOPLE, key=key, name=token)))
        self.note(key, "create")

    def _edit(self, system: str, key: str, **values: str) -> None:
        record_id = self.find(system, key)
        if record_id is None:  # there are two of them: whoever looks for one does not know which to edit
            self.tokens.difference_update(values.values())
            return
        self._begin()
        record = self.world.systems[system].records(PEOPLE)[record_id]
        self._saw({name: record[name] for name in values})
        self.world.systems[system].edit(PEOPLE, record_id, **values)
        self.told.append((system, record_id))
        self.note(key, "edit")

    def _begin(self) -> None:
        self.world.clock.tick(TICK_S)

    def _saw(self, record: Values) -> None:
        self.superseded |= {value for value in record.values() if value in self.tokens}

    def note(self, key: str, deed: str) -> None:
        """Something was done about the key, by people or around them."""
        self.safe.pop(key, None)
        self.deeds.setdefault(key, []).append(deed)
        self.done[deed] += 1

    def _is_unsettled(self, system: str) -> bool:
        return bool(self.world.systems[system].late) or self.world.is_midway or self.world.is_cut_off


def keeps_conditions(system: ChaosSystem) -> bool:
    """Whether a write on a condition does nothing there once somebody has edited the record."""
    return system.profile.conditional_write is ConditionalWrite.STRONG and not system.profile.ignores_conditions


Row = tuple[str, str | None, str | None]


def records_of(world: MachineWorld, system: str) -> dict[str, list[Row]]:
    """id, name and phone of every record, by key."""
    found: dict[str, list[Row]] = {}
    for record_id, record in world.systems[system].tables[PEOPLE].rows.items():
        found.setdefault(str(record["key"]), []).append((record_id, record["name"], record["phone"]))
    return found


def values_of(world: MachineWorld, system: str) -> dict[str, list[tuple[str | None, str | None]]]:
    """name and phone of every record, by key."""
    return {key: [row[1:] for row in rows] for key, rows in records_of(world, system).items()}
