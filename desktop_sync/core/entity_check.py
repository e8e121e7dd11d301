"""What can be said about one entity of a configuration without touching its endpoints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from desktop_sync.core.configuration import (
    ConflictRule,
    DeleteRule,
    Entity,
    FieldMapping,
    FirstContactRule,
    MatchRule,
    NullPolicy,
    Side,
    SyncConfiguration,
    UnknownChoice,
)
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.field_flow import flows_to
from desktop_sync.core.finding import Finding, Level
from desktop_sync.core.normal_form import parse_normal_form


def check_entity(configuration: SyncConfiguration, entity: Entity) -> Iterator[Finding]:
    """Findings about the entity, then about each of its mappings in order."""
    yield from _check_structures(configuration, entity)
    yield from _check_identification(entity)
    yield from _check_rules(configuration, entity)
    yield from _check_targets(configuration, entity)
    names = {other.name for other in configuration.entities}
    for index, mapping in enumerate(entity.fields):
        for level, message, part in _check_mapping(configuration, entity, mapping, names):
            yield Finding(level, message, entity.name, index, f"field.{part}")


def mapping_title(mapping: FieldMapping) -> str:
    """How a mapping is called in sentences."""
    if mapping.a and mapping.b:
        return f'"{mapping.a}" and "{mapping.b}"' if mapping.a != mapping.b else f'"{mapping.a}"'
    return f'"{mapping.a or mapping.b}"'


def _check_structures(configuration: SyncConfiguration, entity: Entity) -> Iterator[Finding]:
    if not entity.name.strip():
        yield Finding(Level.ERROR, "Give the entity a name.", entity.name, path="entity.name")
    for side in Side:
        if not entity.structures.of(side):
            message = f'Choose a structure of "{configuration.endpoint_of(side)}".'
            yield Finding(Level.ERROR, message, entity.name, path=f"entity.structures.{side.value}")
        keys = entity.key.of(side)
        if len(set(keys)) < len(keys):
            message = f'A field stands twice in the key of "{configuration.endpoint_of(side)}".'
            yield Finding(Level.ERROR, message, entity.name, path=f"entity.key.{side.value}")
        if entity.filter.of(side) and not entity.filter.of(side).strip():
            message = (
                f'The filter of "{configuration.endpoint_of(side)}" is only spaces; empty it or write a condition.'
            )
            yield Finding(Level.ERROR, message, entity.name, path=f"entity.filter.{side.value}")
    if configuration.a == configuration.b and entity.structures.a and entity.structures.a == entity.structures.b:
        message = "Both sides are the same structure of the same endpoint; choose another one on one side."
        yield Finding(Level.ERROR, message, entity.name, path="entity.structures.b")
    if not entity.fields:
        yield Finding(Level.ERROR, "No fields are mapped.", entity.name, path="entity.fields")


def _check_identification(entity: Entity) -> Iterator[Finding]:
    if entity.fields and not entity.identifying:
        message = (
            "No field identifies the records. Mark one, for example an e-mail address or a number, "
            "so that records of both sides can be paired."
        )
        yield Finding(Level.ERROR, message, entity.name, path="entity.fields")
    if entity.match is MatchRule.BEST and len(entity.identifying) == 1:
        message = "Best match with a single identifying field is the same as strict match."
        yield Finding(Level.NOTE, message, entity.name, path="entity.match")


def _check_rules(configuration: SyncConfiguration, entity: Entity) -> Iterator[Finding]:
    names = {side: configuration.endpoint_of(side) for side in Side}
    for side in Side:
        rule, target = entity.delete.of(side), side.other
        path = f"entity.delete.{side.value}"
        if rule is DeleteRule.MARK and not entity.mark.of(side).field:
            message = f'Choose the field of "{names[target]}" that marks a record as deleted in "{names[side]}".'
            yield Finding(Level.ERROR, message, entity.name, path=f"entity.mark.{side.value}")
        if rule in (DeleteRule.DELETE, DeleteRule.MARK) and not entity.direction.flows_from(side):
            message = f'A record deleted in "{names[side]}" stays in "{names[target]}": nothing flows that way.'
            yield Finding(Level.NOTE, message, entity.name, path=path)
        if rule is DeleteRule.RESTORE and not entity.direction.flows_from(target):
            message = f'A record deleted in "{names[side]}" cannot be restored: nothing flows there.'
            yield Finding(Level.WARNING, message, entity.name, path=path)
    if ConflictRule.MOST_RECENT is entity.conflict or FirstContactRule.MOST_RECENT is entity.first_contact:
        missing = [names[side] for side in Side if not entity.modified.of(side)]
        if missing:
            where = " and ".join(f'"{name}"' for name in missing)
            message = (
                f"Without a field that says when a record was changed in {where}, nobody knows the most recent change: "
                f'"{names[entity.primary]}" then wins, being the primary system.'
            )
            path = "entity.conflict" if entity.conflict is ConflictRule.MOST_RECENT else "entity.first_contact"
            yield Finding(Level.WARNING, message, entity.name, path=path)
    if entity.max_failed_attempts < 1:
        message = "A record is tried at least once."
        yield Finding(Level.ERROR, message, entity.name, path="entity.max_failed_attempts")


def _check_targets(configuration: SyncConfiguration, entity: Entity) -> Iterator[Finding]:
    for side in Side:
        written = Counter(m.field_of(side) for m in entity.fields if flows_to(entity, m, side) and not m.only_new)
        for field, count in written.items():
            if count > 1:
                message = f'{count} mappings write "{field}" of "{configuration.endpoint_of(side)}"; keep one of them.'
                index = max(i for i, m in enumerate(entity.fields) if m.field_of(side) == field)
                yield Finding(Level.ERROR, message, entity.name, index, f"field.{side.value}")


_Problem = tuple[Level, str, str]


def _check_mapping(
    configuration: SyncConfiguration, entity: Entity, mapping: FieldMapping, entities: set[str]
) -> Iterator[_Problem]:
    title = mapping_title(mapping)
    if not mapping.a and not mapping.b:
        yield Level.ERROR, "Choose a field on at least one side.", "a"
        return
    yield from _check_ends(configuration, entity, mapping, title)
    try:
        parse_normal_form(mapping.normal_form)
    except ConfigurationError as error:
        yield Level.ERROR, f"{error.problem}.", "normal_form"
    if mapping.null is NullPolicy.DEFAULT and mapping.default is None:
        yield Level.ERROR, f"{title}: give the default that is written for an empty value.", "default"
    if mapping.lookup and mapping.lookup not in entities:
        yield Level.ERROR, f'{title} refers to the entity "{mapping.lookup}", which does not exist.', "lookup"
    if mapping.lookup and mapping.value_map:
        yield Level.ERROR, f"{title}: a reference to another entity cannot have a table of choices too.", "value_map"
    yield from _check_value_map(configuration, entity, mapping, title)


def _check_ends(
    configuration: SyncConfiguration, entity: Entity, mapping: FieldMapping, title: str
) -> Iterator[_Problem]:
    for side in Side:
        name = configuration.endpoint_of(side)
        expression = mapping.expression_to(side)
        if expression and not mapping.field_of(side):
            yield Level.ERROR, f'{title}: the expression has no field of "{name}" to write to.', f"to_{side.value}"
        if expression and not expression.strip():
            yield Level.ERROR, f"{title}: the expression is only spaces.", f"to_{side.value}"
        if not mapping.field_of(side) and not mapping.expression_to(side.other) and mapping.default is None:
            yield Level.ERROR, f'Choose a field of "{name}" for {title}, or skip it.', side.value
    if not any(flows_to(entity, mapping, side) for side in Side) and not mapping.identifying:
        yield Level.WARNING, f"{title} never moves: its direction is not that of the entity.", "direction"
    if mapping.identifying and mapping.only_new:
        yield Level.ERROR, f"{title}: a field that only new records get cannot identify records.", "identifying"
    if mapping.identifying and not _can_identify(mapping):
        yield Level.ERROR, f"{title}: an identifying field needs a counterpart on both sides.", "identifying"
    one_way = [side for side in Side if mapping.expression_to(side) and not mapping.expression_to(side.other)]
    if one_way and all(flows_to(entity, mapping, side) for side in Side):
        there, back = one_way[0], one_way[0].other
        message = (
            f'{title}: what goes to "{configuration.endpoint_of(there)}" is transformed, and what comes back to '
            f'"{configuration.endpoint_of(back)}" is written as it stands there. Give an expression for the way back '
            "too, or let the field go one way."
        )
        yield Level.WARNING, message, f"to_{back.value}"


def _can_identify(mapping: FieldMapping) -> bool:
    return bool((mapping.a or mapping.to_b) and (mapping.b or mapping.to_a))


def _check_value_map(
    configuration: SyncConfiguration, entity: Entity, mapping: FieldMapping, title: str
) -> Iterator[_Problem]:
    choose: dict[Side, Callable[[tuple[str, str]], str]] = {Side.A: lambda row: row[0], Side.B: lambda row: row[1]}
    for source in Side:
        if not flows_to(entity, mapping, source.other):
            continue
        repeated = [choice for choice, n in Counter(map(choose[source], mapping.value_map)).items() if n > 1]
        if repeated:
            name = configuration.endpoint_of(source)
            message = f'{title}: the choice "{repeated[0]}" of "{name}" stands twice in the table of choices.'
            yield Level.ERROR, message, "value_map"
    if mapping.value_map and mapping.unknown_choice is UnknownChoice.DEFAULT and mapping.default is None:
        yield Level.ERROR, f"{title}: give the default that is written for a choice not in the table.", "default"
