"""Reads endpoints and configurations from TOML tables, strictly: what is not understood is refused (SPEC §11)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Protocol

from desktop_sync.core.configuration import (
    ConflictRule,
    Definitions,
    DeleteRule,
    Direction,
    EditAgainstDelete,
    Endpoint,
    Entity,
    FieldMapping,
    FirstContactRule,
    GuardLimits,
    Mark,
    MatchRule,
    NullPolicy,
    PerSide,
    RealTime,
    Resolution,
    SecretReference,
    SettingValue,
    Side,
    SyncConfiguration,
    UnknownChoice,
    Webhook,
)
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.guard import Guard
from desktop_sync.core.normal_form import parse_normal_form
from desktop_sync.core.provider_port import Setting, SettingKind
from desktop_sync.services.definition.definition_running import (
    read_after_runs,
    read_file_arrivals,
    read_process_schedule,
    read_schedule,
)
from desktop_sync.services.definition.definition_steps import read_steps
from desktop_sync.services.definition.definition_table import DefinitionTable, described, quoted, suggestion

FORMAT = 1
A_TO_B, B_TO_A = Direction.A_TO_B.value, Direction.B_TO_A.value

_URL_PASSWORD = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/@:\s]*:[^/@\s]+@")


class DeclaredProvider(Protocol):
    """What reading a file needs to know of a provider."""

    @property
    def name(self) -> str: ...
    @property
    def settings(self) -> tuple[Setting, ...]: ...


class DeclaredProviders(Protocol):
    """The providers that this installation has."""

    def names(self) -> tuple[str, ...]:
        """Sorted."""

    def get(self, name: str) -> DeclaredProvider:
        """Raises ConfigurationError when there is no provider of that name."""


def read_definitions(
    content: Mapping[str, object],
    source: str,
    providers: DeclaredProviders,
    known_endpoints: Iterable[str] = (),
) -> Definitions:
    """The definitions in a file's top table. `known_endpoints` may be referred to besides those of the file.

    Raises ConfigurationError naming file, table and key.
    """
    table = DefinitionTable(content, source)
    if not table.has("format"):
        raise table.refuse("format", f"this key is missing; a configuration file begins with format = {FORMAT}")
    number = table.value("format")
    if type(number) is not int or number != FORMAT:
        raise table.refuse("format", f"this version of Desktop Sync reads format {FORMAT} only")
    endpoints = tuple(read_endpoint(each, providers) for each in table.tables("endpoint", "endpoint"))
    _refuse_duplicates(table, "endpoint", [endpoint.name for endpoint in endpoints])
    names = [*(endpoint.name for endpoint in endpoints), *known_endpoints]
    configurations = tuple(read_configuration(each, names) for each in table.tables("configuration", "configuration"))
    _refuse_duplicates(table, "configuration", [configuration.name for configuration in configurations])
    table.finish()
    return Definitions(endpoints, configurations)


def read_endpoint(table: DefinitionTable, providers: DeclaredProviders) -> Endpoint:
    name, provider = table.name("name"), table.text("provider")
    known = providers.names()
    if provider not in known:
        problem = f'there is no provider "{provider}"; the providers are {quoted(known)}{suggestion(provider, known)}'
        raise table.refuse("provider", problem)
    settings = _read_settings(table, providers.get(provider))
    webhook = _read_webhook(table.table("webhook")) if table.has("webhook") else None
    table.finish()
    return Endpoint(name, provider, settings, webhook)


def _read_webhook(table: DefinitionTable) -> Webhook:
    key = _secret(table, "key")
    webhook = Webhook(key, table.text("structure", ""), table.text("record", ""))
    table.finish()
    return webhook


def _read_settings(endpoint: DefinitionTable, provider: DeclaredProvider) -> dict[str, SettingValue]:
    table = endpoint.table("settings")
    settings: dict[str, SettingValue] = {}
    for setting in provider.settings:
        if table.has(setting.key):
            settings[setting.key] = _setting_value(table, setting)
        elif setting.is_required:
            raise table.refuse(setting.key, f"this setting is missing ({setting.label})")
    table.finish()
    return settings


def _secret(table: DefinitionTable, key: str) -> SecretReference:
    if not isinstance(table.value(key), dict):
        problem = (
            'a secret does not stand in a file; write { secret = "name" } and store it with '
            "desktop-sync secret set name"
        )
        raise table.refuse(key, problem)
    reference = table.table(key)
    name = reference.name("secret")
    reference.finish()
    return SecretReference(name)


def _setting_value(table: DefinitionTable, setting: Setting) -> SettingValue:
    value = table.value(setting.key)
    if setting.kind is SettingKind.SECRET:
        return _secret(table, setting.key)
    if setting.kind is SettingKind.FLAG:
        return table.flag(setting.key, False)
    if setting.kind is SettingKind.NUMBER:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return value
        raise table.refuse(setting.key, f"a number is expected, not {described(value)}")
    text = table.text(setting.key)
    choices = [choice for choice, _ in setting.choices]
    if setting.kind is SettingKind.CHOICE and text not in choices:
        raise table.refuse(setting.key, f'"{text}" is not one of {quoted(choices)}{suggestion(text, choices)}')
    if _URL_PASSWORD.match(text):
        raise table.refuse(setting.key, "a password stands in this address; take it out and use a secret instead")
    return text


def read_configuration(table: DefinitionTable, endpoints: Iterable[str]) -> SyncConfiguration:
    name = table.name("name")
    sides = PerSide(table.text("a"), table.text("b"))
    known = list(dict.fromkeys(endpoints))
    for key, endpoint in (("a", sides.a), ("b", sides.b)):
        if endpoint not in known:
            raise table.refuse(key, f'there is no endpoint "{endpoint}"{suggestion(endpoint, known)}')
    entities = tuple(read_entity(each) for each in table.tables("entity", "entity"))
    _refuse_duplicates(table, "entity", [entity.name for entity in entities])
    _check_lookups(table, entities)
    configuration = SyncConfiguration(
        name,
        sides.a,
        sides.b,
        entities,
        enabled=table.flag("enabled", True),
        schedule=read_schedule(table),
        process_schedule=read_process_schedule(table),
        after_runs=read_after_runs(table),
        file_arrivals=read_file_arrivals(table),
        guards=read_guards(table.table("guards")),
        steps=read_steps(table),
        identity=table.name("id") if table.has("id") else "",
    )
    table.finish()
    return configuration


def _check_lookups(table: DefinitionTable, entities: tuple[Entity, ...]) -> None:
    names = [entity.name for entity in entities]
    for entity in entities:
        for number, mapping in enumerate(entity.fields, start=1):
            if mapping.lookup and mapping.lookup not in names:
                where = DefinitionTable({}, f'{table.where}, entity "{entity.name}", field {number}')
                problem = f'there is no entity "{mapping.lookup}" in this configuration'
                raise where.refuse("lookup", problem + suggestion(mapping.lookup, names))


def read_entity(table: DefinitionTable) -> Entity:
    defaults = Entity("", PerSide("", ""), ())
    entity = Entity(
        name=table.name("name"),
        structures=PerSide(table.name("a"), table.name("b")),
        fields=tuple(read_field(each) for each in table.tables("field", "field", name_key="")),
        direction=table.choice("direction", Direction, defaults.direction),
        primary=table.choice("primary", Side, defaults.primary),
        conflict=table.choice("conflict", ConflictRule, defaults.conflict),
        resolution=table.choice("resolution", Resolution, defaults.resolution),
        first_contact=table.choice("first_contact", FirstContactRule, defaults.first_contact),
        delete=_read_delete(table.table("delete"), defaults.delete),
        mark=_read_marks(table.table("mark")),
        edit_against_delete=table.choice("edit_against_delete", EditAgainstDelete, defaults.edit_against_delete),
        match=table.choice("match", MatchRule, defaults.match),
        modified=table.per_side("modified"),
        key=_read_key(table.table("key")),
        filter=table.per_side("filter"),
        max_failed_attempts=table.whole_number("max_failed_attempts", defaults.max_failed_attempts, 1, 1000),
        sentinel=table.per_side("sentinel"),
        real_time=table.choice("real_time", RealTime, defaults.real_time),
    )
    for way, rule, mark in ((A_TO_B, entity.delete.a, entity.mark.a), (B_TO_A, entity.delete.b, entity.mark.b)):
        if rule is DeleteRule.MARK and not mark.field:
            problem = f'the delete rule of {way} is "mark", so {way} = {{ field = …, value = … }} is needed'
            raise table.refuse("mark", problem)
    table.finish()
    return entity


def _read_delete(table: DefinitionTable, defaults: PerSide[DeleteRule]) -> PerSide[DeleteRule]:
    rules = PerSide(table.choice(A_TO_B, DeleteRule, defaults.a), table.choice(B_TO_A, DeleteRule, defaults.b))
    table.finish()
    return rules


def _read_marks(table: DefinitionTable) -> PerSide[Mark]:
    marks = PerSide(_read_mark(table, A_TO_B), _read_mark(table, B_TO_A))
    table.finish()
    return marks


def _read_mark(table: DefinitionTable, key: str) -> Mark:
    if not table.has(key):
        return Mark()
    mark = table.table(key)
    read = Mark(mark.name("field"), mark.text("value"))
    mark.finish()
    return read


def _read_key(table: DefinitionTable) -> PerSide[tuple[str, ...]]:
    key = PerSide(table.texts("a"), table.texts("b"))
    table.finish()
    return key


def read_field(table: DefinitionTable) -> FieldMapping:
    defaults = FieldMapping()
    mapping = FieldMapping(
        a=table.text("a", ""),
        b=table.text("b", ""),
        direction=table.choice("direction", Direction, defaults.direction),
        identifying=table.flag("identifying", defaults.identifying),
        to_b=table.text("to_b", ""),
        to_a=table.text("to_a", ""),
        normal_form=_read_normal_form(table),
        null=table.choice("null", NullPolicy, defaults.null),
        default=table.text("default") if table.has("default") else None,
        value_map=_read_value_map(table),
        unknown_choice=table.choice("unknown_choice", UnknownChoice, defaults.unknown_choice),
        lookup=table.text("lookup", ""),
        only_new=table.flag("only_new", defaults.only_new),
        masked=table.flag("masked", defaults.masked),
    )
    if not mapping.a and not mapping.b:
        raise table.refuse("", 'a field needs "a", "b" or both')
    if mapping.to_b and not mapping.b:
        raise table.refuse("to_b", 'the expression computes a field of B, but "b" is missing')
    if mapping.to_a and not mapping.a:
        raise table.refuse("to_a", 'the expression computes a field of A, but "a" is missing')
    table.finish()
    return mapping


def _read_normal_form(table: DefinitionTable) -> tuple[str, ...]:
    names = table.texts("normal_form")
    try:
        parse_normal_form(names)
    except ConfigurationError as error:
        raise table.refuse("normal_form", error.problem) from None
    return names


def _read_value_map(table: DefinitionTable) -> tuple[tuple[str, str], ...]:
    rows: list[tuple[str, str]] = []
    for row in table.items("value_map"):
        if not isinstance(row, list) or len(row) != 2 or not all(isinstance(choice, str) for choice in row):
            raise table.refuse("value_map", 'pairs of texts are expected: [["choice of A", "choice of B"], …]')
        rows.append((row[0], row[1]))
    return tuple(rows)


def read_guards(table: DefinitionTable) -> GuardLimits:
    """`[configuration.guards]`: names of guards with a share, numbers, true or false; the rest is default."""
    defaults = GuardLimits()
    share, number = _read_deletes(table, defaults)
    limits = GuardLimits(
        deletes_share=share,
        deletes_number=number,
        empty_side=table.flag(Guard.EMPTY_SIDE.value, defaults.empty_side),
        shrunk_share=_read_share(table, Guard.SHRUNK.value, defaults.shrunk_share),
        creates_share=_read_share(table, Guard.CREATES.value, defaults.creates_share),
        updates_share=_read_share(table, Guard.UPDATES.value, defaults.updates_share),
        all_changed=table.flag(Guard.ALL_CHANGED.value, defaults.all_changed),
        identity=table.flag(Guard.IDENTITY.value, defaults.identity),
        edited=table.flag("edited", defaults.edited),
        older_state=table.flag("older-state", defaults.older_state),
        write_loop=table.flag("write-loop", defaults.write_loop),
    )
    table.finish()
    return limits


def _read_deletes(guards: DefinitionTable, defaults: GuardLimits) -> tuple[float | None, int | None]:
    key = Guard.DELETES.value
    if guards.value(key) is False:
        return None, None
    table = guards.table(key)
    share = _read_share(table, "share", defaults.deletes_share)
    number = None if table.value("number") is False else table.whole_number("number", defaults.deletes_number)
    table.finish()
    return share, number


def _read_share(table: DefinitionTable, key: str, default: float | None) -> float | None:
    value = table.value(key)
    if value is None:
        return default
    if value is False:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise table.refuse(key, "a share from 0 to 1 is expected, or false to switch the guard off")
    return float(value)


def _refuse_duplicates(table: DefinitionTable, key: str, names: list[str]) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            raise ConfigurationError(f'the name "{name}" is used twice', path=f"{table.where}, [[{key}]]")
