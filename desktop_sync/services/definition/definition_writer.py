"""Writes endpoints and configurations as TOML that a person can read, edit and import again (SPEC §11)."""

from __future__ import annotations

from collections.abc import Mapping

import tomlkit
from tomlkit.items import InlineTable, Table

from desktop_sync.core.configuration import (
    NO_MARK,
    Definitions,
    Endpoint,
    Entity,
    FieldMapping,
    GuardLimits,
    Mark,
    PerSide,
    RealTime,
    Resolution,
    SecretReference,
    SyncConfiguration,
)
from desktop_sync.core.guard import Guard
from desktop_sync.services.definition.definition_reader import A_TO_B, B_TO_A, FORMAT
from desktop_sync.services.definition.definition_running import running_values
from desktop_sync.services.definition.definition_steps import step_values


def write_definitions(definitions: Definitions) -> str:
    """TOML text; reading it gives equal definitions (a configuration's version is the ledger's and is not written)."""
    document = tomlkit.document()
    document.add("format", tomlkit.item(FORMAT))
    if definitions.endpoints:
        endpoints = tomlkit.aot()
        for endpoint in definitions.endpoints:
            endpoints.append(_endpoint(endpoint))
        document.add("endpoint", endpoints)
    if definitions.configurations:
        configurations = tomlkit.aot()
        for configuration in definitions.configurations:
            configurations.append(_configuration(configuration))
        document.add("configuration", configurations)
    return tomlkit.dumps(document)


def _endpoint(endpoint: Endpoint) -> Table:
    table = tomlkit.table()
    table.add("name", endpoint.name)
    table.add("provider", endpoint.provider)
    settings: dict[str, object] = {
        key: _inline({"secret": value.name}) if isinstance(value, SecretReference) else value
        for key, value in endpoint.settings.items()
    }
    table.add("settings", _inline(settings))
    if endpoint.webhook is not None:
        hook = endpoint.webhook
        places = {key: value for key, value in (("structure", hook.structure), ("record", hook.record)) if value}
        table.add("webhook", _inline({"key": _inline({"secret": hook.key.name}), **places}))
    return table


def _configuration(configuration: SyncConfiguration) -> Table:
    table = tomlkit.table()
    table.add("name", configuration.name)
    if configuration.identity:
        table.add("id", configuration.identity)
    table.add("a", configuration.a)
    table.add("b", configuration.b)
    table.add("enabled", configuration.enabled)
    for key, value in running_values(configuration).items():
        table.add(key, tomlkit.item(value))
    table.add("guards", _guards(configuration.guards))
    if configuration.entities:
        entities = tomlkit.aot()
        for entity in configuration.entities:
            entities.append(_entity(entity))
        table.add("entity", entities)
    if configuration.steps:
        steps = tomlkit.aot()
        for step in configuration.steps:
            written = tomlkit.table()
            for key, value in step_values(step).items():
                written.add(key, tomlkit.item(value))
            steps.append(written)
        table.add("step", steps)
    return table


def _guards(limits: GuardLimits) -> Table:
    table = tomlkit.table()
    if limits.deletes_share is None and limits.deletes_number is None:
        table.add(Guard.DELETES.value, False)
    else:
        deletes = {"share": _or_false(limits.deletes_share), "number": _or_false(limits.deletes_number)}
        table.add(Guard.DELETES.value, _inline(deletes))
    table.add(Guard.EMPTY_SIDE.value, limits.empty_side)
    table.add(Guard.SHRUNK.value, _or_false(limits.shrunk_share))
    table.add(Guard.CREATES.value, _or_false(limits.creates_share))
    table.add(Guard.UPDATES.value, _or_false(limits.updates_share))
    table.add(Guard.ALL_CHANGED.value, limits.all_changed)
    table.add(Guard.IDENTITY.value, limits.identity)
    table.add("edited", limits.edited)
    table.add("older-state", limits.older_state)
    table.add("write-loop", limits.write_loop)
    return table


def _or_false(limit: float | int | None) -> float | int | bool:
    return False if limit is None else limit


def _entity(entity: Entity) -> Table:
    table = tomlkit.table()
    table.add("name", entity.name)
    table.add("a", entity.structures.a)
    table.add("b", entity.structures.b)
    table.add("direction", entity.direction.value)
    table.add("primary", entity.primary.value)
    table.add("conflict", entity.conflict.value)
    if entity.resolution is not Resolution.RECORD:
        table.add("resolution", entity.resolution.value)
    table.add("first_contact", entity.first_contact.value)
    table.add("delete", _inline({A_TO_B: entity.delete.a.value, B_TO_A: entity.delete.b.value}))
    marks = {way: _mark(mark) for way, mark in ((A_TO_B, entity.mark.a), (B_TO_A, entity.mark.b)) if mark != NO_MARK}
    if marks:
        table.add("mark", _inline(marks))
    table.add("edit_against_delete", entity.edit_against_delete.value)
    table.add("match", entity.match.value)
    _add_per_side(table, "modified", entity.modified)
    if entity.key.a or entity.key.b:
        table.add("key", _inline({side: list(key) for side, key in (("a", entity.key.a), ("b", entity.key.b)) if key}))
    _add_per_side(table, "filter", entity.filter)
    table.add("max_failed_attempts", entity.max_failed_attempts)
    _add_per_side(table, "sentinel", entity.sentinel)
    if entity.real_time is not RealTime.OFF:
        table.add("real_time", entity.real_time.value)
    if entity.fields:
        fields = tomlkit.aot()
        for mapping in entity.fields:
            fields.append(_field(mapping))
        table.add("field", fields)
    return table


def _mark(mark: Mark) -> InlineTable:
    return _inline({"field": mark.field, "value": mark.value})


def _add_per_side(table: Table, key: str, sides: PerSide[str]) -> None:
    given = {side: text for side, text in (("a", sides.a), ("b", sides.b)) if text}
    if given:
        table.add(key, _inline(given))


def _field(mapping: FieldMapping) -> Table:
    """Only what differs from the defaults: a mapping is mostly two names."""
    table = tomlkit.table()
    defaults = FieldMapping()
    values: list[tuple[str, object, bool]] = [
        ("a", mapping.a, bool(mapping.a)),
        ("b", mapping.b, bool(mapping.b)),
        ("direction", mapping.direction.value, mapping.direction is not defaults.direction),
        ("identifying", mapping.identifying, mapping.identifying),
        ("to_b", mapping.to_b, bool(mapping.to_b)),
        ("to_a", mapping.to_a, bool(mapping.to_a)),
        ("normal_form", list(mapping.normal_form), bool(mapping.normal_form)),
        ("null", mapping.null.value, mapping.null is not defaults.null),
        ("default", mapping.default, mapping.default is not None),
        ("value_map", [list(row) for row in mapping.value_map], bool(mapping.value_map)),
        ("unknown_choice", mapping.unknown_choice.value, mapping.unknown_choice is not defaults.unknown_choice),
        ("lookup", mapping.lookup, bool(mapping.lookup)),
        ("only_new", mapping.only_new, mapping.only_new),
        ("masked", mapping.masked, mapping.masked),
    ]
    for key, value, is_given in values:
        if is_given:
            table.add(key, tomlkit.item(value))
    return table


def _inline(values: Mapping[str, object]) -> InlineTable:
    table = tomlkit.inline_table()
    for key, value in values.items():
        table.append(key, value)
    return table
