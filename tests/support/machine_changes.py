"""What people change about a synchronization and about its systems while it is in use: filter, mapping, schema."""

from __future__ import annotations

import enum
from dataclasses import replace

from desktop_sync.core.structure import Field, FieldType
from tests.support.machine_definitions import FIELDS, KEYS, LEFT_OUT, PEOPLE, Definition
from tests.support.machine_people import People
from tests.support.machine_world import MachineWorld

DRIFTING = "name"


class Change(enum.Enum):
    FILTER = "filter"
    MAPPING = "mapping"


class Drift(enum.Enum):
    """What became of a mapped field."""

    DROPPED = "gone"
    RENAMED = "another name"
    RETYPED = "another type"


def changed(world: MachineWorld, people: People, definition: Definition, change: Change) -> Definition:
    """Every configuration has a filter, or maps one field more, or has it no longer. The new definition."""
    if change is Change.FILTER:
        now = replace(definition, has_filter=not definition.has_filter)
        if not now.has_filter:
            people.note(LEFT_OUT, "let in")
    else:
        now = replace(definition, has_phone=not definition.has_phone)
        for key in KEYS:
            people.note(key, "mapping")
    for number, name in enumerate(world.configurations):
        before = world.configuration(name)
        world.app.ledger.save_configuration(replace(before, entities=(now.entity(number),)))
    return now


def drifted(world: MachineWorld, system: str, drift: Drift | None) -> None:
    """The field is what `drift` says, or as it always was. The values that it holds stay."""
    table = world.systems[system].tables[PEOPLE]
    fields = tuple(field for name in FIELDS for field in _field(name, drift if name == DRIFTING else None))
    table.structure = replace(table.structure, fields=fields)


def _field(name: str, drift: Drift | None) -> tuple[Field, ...]:
    if drift is Drift.DROPPED:
        return ()
    if drift is Drift.RENAMED:
        return (Field(f"{name}_number"),)
    return (Field(name, FieldType.INTEGER),) if drift is Drift.RETYPED else (Field(name),)
