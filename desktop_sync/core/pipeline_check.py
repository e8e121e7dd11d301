"""What is wrong with the steps of a configuration, as far as it can be said without touching the endpoints."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from desktop_sync.core.configuration import (
    Direction,
    Entity,
    PipelineStep,
    Side,
    StepKind,
    SyncConfiguration,
    UnknownChoice,
)
from desktop_sync.core.field_flow import flows_to
from desktop_sync.core.finding import Finding, Level
from desktop_sync.core.pipeline import (
    KINDS,
    LONGEST_TIME_LIMIT_S,
    SHORTEST_TIME_LIMIT_S,
    STANDARD,
    STANDARD_KINDS,
    moment_of,
)

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
KEYS: tuple[str, ...] = (
    "condition",
    "message",
    "field",
    "expression",
    "choices",
    "otherwise",
    "default",
    "lookup",
    "command",
    "url",
    "plugin",
    "fields",
    "time_limit_s",
)
"""The keys that belong to kinds; `KindRule` says to which."""


def check_steps(configuration: SyncConfiguration) -> tuple[Finding, ...]:
    """Findings about the steps in order. `path` is `step.<place>.<key>`."""
    findings: list[Finding] = []
    names = Counter(step.name for step in configuration.steps if step.kind in KINDS)
    for place, step in enumerate(configuration.steps):
        problems = _standard(step) if step.kind in STANDARD_KINDS else _own(configuration, step, names)
        title = f'Step "{step.name}": ' if step.name.strip() else f"Step {place + 1}: "
        for level, key, problem in problems:
            findings.append(Finding(level, title + problem, step.entity, None, f"step.{place}.{key}"))
    return tuple(findings)


_Problem = tuple[Level, str, str]


def _standard(step: PipelineStep) -> Iterator[_Problem]:
    standard = next(each for each in STANDARD if each.kind is step.kind)
    if not step.enabled and standard.locked:
        yield Level.ERROR, "enabled", f'"{standard.title}" cannot be switched off: {standard.locked}.'
    if step != PipelineStep(step.kind, enabled=step.enabled):
        yield Level.ERROR, "kind", f'"{standard.title}" is a standard step; it can only be switched on or off.'


def _own(configuration: SyncConfiguration, step: PipelineStep, names: Counter[str]) -> Iterator[_Problem]:
    rule, plain = KINDS[step.kind], PipelineStep(step.kind)
    if not step.name.strip() or step.name != step.name.strip() or not step.name.isprintable():
        yield Level.ERROR, "name", "give it a name of its own, without spaces at its ends."
    elif names[step.name] > 1:
        yield Level.ERROR, "name", "another step has this name."
    if step.moment is not None and step.moment not in rule.moments:
        allowed = ", ".join(f'"{moment.value}"' for moment in rule.moments)
        yield Level.ERROR, "moment", f'it cannot have its turn "{moment_of(step).value}"; possible: {allowed}.'
    for key in KEYS:
        given = getattr(step, key)
        if key in rule.needs and not (given.strip() if isinstance(given, str) else given):
            yield Level.ERROR, key, f"{_WORDS.get(key, key)} is missing."
        elif key not in (*rule.needs, *rule.may) and given != getattr(plain, key):
            yield Level.ERROR, key, f'"{key}" does not belong to a step of this kind.'
    entity = configuration.entity(step.entity)
    if step.entity and entity is None:
        yield Level.ERROR, "entity", f'there is no entity "{step.entity}".'
    elif rule.is_about_records or step.condition:
        if entity is None:
            yield Level.ERROR, "entity", "choose the entity whose records it is about."
        elif step.direction is Direction.BOTH:
            yield Level.ERROR, "direction", "choose one direction: the two sides have fields of their own."
        elif not entity.direction.flows_from(_source(step)):
            yield Level.WARNING, "direction", "it never has its turn: nothing flows that way."
        else:
            yield from _fields(configuration, entity, step)
    yield from _outside(step)


_WORDS = {
    "condition": "the condition",
    "message": "the message",
    "field": "the field",
    "expression": "the expression",
    "command": "the program",
    "url": "the address",
    "plugin": "the name of the plugin",
    "fields": "the fields that the plugin fills",
}


def _source(step: PipelineStep) -> Side:
    return Side.A if step.direction is Direction.A_TO_B else Side.B


def _fields(configuration: SyncConfiguration, entity: Entity, step: PipelineStep) -> Iterator[_Problem]:
    target = _source(step).other
    name = configuration.endpoint_of(target)
    key = "fields" if step.fields else "field"
    for field in step.fields or ((step.field,) if step.field else ()):
        mappings = [m for m in entity.fields if m.field_of(target) == field and flows_to(entity, m, target)]
        if not mappings:
            yield Level.ERROR, key, f'the mapping sends nothing to "{field}" of "{name}"; map it first.'
        elif mappings[0].lookup and step.kind is not StepKind.LOOK_UP:
            yield Level.ERROR, key, f'"{field}" of "{name}" is a reference; a step cannot change it.'
        elif step.lookup and (mappings[0].direction is Direction.BOTH and entity.direction is Direction.BOTH):
            yield Level.ERROR, key, f'"{field}" of "{name}" flows both ways; a look-up by an entity goes one way only.'
    if step.kind is StepKind.LOOK_UP:
        yield from _look_up(configuration, step)


def _look_up(configuration: SyncConfiguration, step: PipelineStep) -> Iterator[_Problem]:
    if bool(step.choices) == bool(step.lookup):
        yield Level.ERROR, "choices", "give either a list of values or the entity whose records are looked up."
    if step.lookup and configuration.entity(step.lookup) is None:
        yield Level.ERROR, "lookup", f'there is no entity "{step.lookup}".'
    repeated = [key for key, count in Counter(key for key, _ in step.choices).items() if count > 1]
    if repeated:
        yield Level.ERROR, "choices", f'"{repeated[0]}" stands twice in the list.'
    if step.otherwise is UnknownChoice.DEFAULT and not step.default:
        yield Level.ERROR, "default", "give the value for a key that is not in the list."


def _outside(step: PipelineStep) -> Iterator[_Problem]:
    if step.kind is StepKind.COMMAND and step.command and not step.command[0].strip():
        yield Level.ERROR, "command", "the program is missing."
    if any("\0" in word for word in step.command):
        yield Level.ERROR, "command", "it holds a NUL character, which no program can be given."
    if not SHORTEST_TIME_LIMIT_S <= step.time_limit_s <= LONGEST_TIME_LIMIT_S:
        limits = f"{SHORTEST_TIME_LIMIT_S} to {LONGEST_TIME_LIMIT_S}"
        yield Level.ERROR, "time_limit_s", f"the time limit lies between {limits} seconds."
    if step.kind is StepKind.URL and step.url.strip():
        yield from _url(step.url)


_ADDRESS = re.compile(r"(https?)://([^/?#\s]*)\S*", re.ASCII)
_SERVER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?", re.ASCII)
_LARGEST_PORT = 65535


def _url(url: str) -> Iterator[_Problem]:
    parts = _ADDRESS.fullmatch(url)
    if parts is not None and "@" in parts[2]:
        yield Level.ERROR, "url", "a name or password stands in the address; take it out."
        return
    server = _SERVER.fullmatch(parts[2]) if parts is not None else None
    if parts is None or server is None or int(server[2] or 0) > _LARGEST_PORT:
        yield Level.ERROR, "url", "the address is none; it begins with https:// and names a server."
    elif parts[1] == "http" and server[1].strip("[]") not in LOOPBACK:
        yield Level.WARNING, "url", "the records travel unencrypted: the address begins with http://."
