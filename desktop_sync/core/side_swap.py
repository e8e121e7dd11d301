"""The same synchronization with its sides exchanged."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from desktop_sync.core.configuration import (
    ConflictRule,
    Direction,
    Entity,
    FieldMapping,
    FirstContactRule,
    PerSide,
    SyncConfiguration,
)

T = TypeVar("T")

_WAYS = {Direction.A_TO_B: Direction.B_TO_A, Direction.B_TO_A: Direction.A_TO_B}
_CONFLICTS = {ConflictRule.A: ConflictRule.B, ConflictRule.B: ConflictRule.A}
_CONTACTS = {FirstContactRule.A: FirstContactRule.B, FirstContactRule.B: FirstContactRule.A}


def swapped(configuration: SyncConfiguration) -> SyncConfiguration:
    """A is what was B and the reverse. What is carried over, which way, and who wins are the same systems as before;
    swapped twice it is what it was."""
    steps = tuple(replace(step, direction=_way(step.direction)) for step in configuration.steps)
    return replace(
        configuration,
        a=configuration.b,
        b=configuration.a,
        entities=tuple(_entity(entity) for entity in configuration.entities),
        steps=steps,
    )


def _entity(entity: Entity) -> Entity:
    return replace(
        entity,
        structures=_pair(entity.structures),
        fields=tuple(_mapping(mapping) for mapping in entity.fields),
        direction=_way(entity.direction),
        primary=entity.primary.other,
        conflict=_CONFLICTS.get(entity.conflict, entity.conflict),
        first_contact=_CONTACTS.get(entity.first_contact, entity.first_contact),
        delete=_pair(entity.delete),
        mark=_pair(entity.mark),
        modified=_pair(entity.modified),
        key=_pair(entity.key),
        filter=_pair(entity.filter),
        sentinel=_pair(entity.sentinel),
    )


def _mapping(mapping: FieldMapping) -> FieldMapping:
    return replace(
        mapping,
        a=mapping.b,
        b=mapping.a,
        direction=_way(mapping.direction),
        to_a=mapping.to_b,
        to_b=mapping.to_a,
        value_map=tuple((right, left) for left, right in mapping.value_map),
    )


def _way(direction: Direction) -> Direction:
    return _WAYS.get(direction, direction)


def _pair(pair: PerSide[T]) -> PerSide[T]:
    return PerSide(pair.b, pair.a)
