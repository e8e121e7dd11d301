"""Everything that can be said about a configuration without touching its endpoints.

`check` gives findings in the order of the configuration: name, schedule, guards, then entity by entity. Expressions are
compiled by `services.configuration_setup.configurations`, which also looks at the real structures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from desktop_sync.core.configuration import Entity, GuardLimits, StepKind, SyncConfiguration
from desktop_sync.core.entity_check import check_entity, mapping_title
from desktop_sync.core.finding import Finding, Level
from desktop_sync.core.pipeline import is_enabled
from desktop_sync.core.pipeline_check import check_steps
from desktop_sync.core.schedule import MOST_DAYS, Schedule, ScheduleKind
from desktop_sync.core.trigger_check import check_real_time

MAX_NAME = 100


def check(configuration: SyncConfiguration) -> tuple[Finding, ...]:
    """What is wrong or worth knowing; no ERROR among them means that it can be saved and run as far as is seen here."""
    findings = [
        *_check_head(configuration),
        *check_schedule(configuration.schedule),
        *_check_process_schedule(configuration),
        *check_guards(configuration.guards),
    ]
    if not configuration.entities:
        findings.append(Finding(Level.ERROR, "Choose at least one pair of structures to synchronize.", path="entities"))
    seen: set[str] = set()
    for entity in configuration.entities:
        if entity.name in seen:
            message = f'Two entities have the name "{entity.name}"; give one of them another name.'
            findings.append(Finding(Level.ERROR, message, entity.name, path="entity.name"))
        seen.add(entity.name)
        findings += check_entity(configuration, entity)
    findings += _check_cycles(configuration.entities)
    findings += _check_identifying_references(configuration)
    findings += check_steps(configuration)
    findings += check_real_time(configuration)
    return tuple(findings)


def name_problem(name: str) -> str:
    """Why a configuration, endpoint or entity cannot have the name, as a sentence; empty when it can."""
    if not name.strip():
        return "Give it a name."
    if name != name.strip():
        return "The name begins or ends with a space."
    if len(name) > MAX_NAME:
        return f"The name is longer than {MAX_NAME} characters."
    if any(not character.isprintable() for character in name):
        return "The name holds a character that cannot be shown."
    return ""


def _check_head(configuration: SyncConfiguration) -> Iterator[Finding]:
    problem = name_problem(configuration.name)
    if problem:
        yield Finding(Level.ERROR, problem, path="name")
    if not configuration.a:
        yield Finding(Level.ERROR, "Choose the first endpoint.", path="a")
    if not configuration.b:
        yield Finding(Level.ERROR, "Choose the second endpoint.", path="b")


def check_schedule(schedule: Schedule) -> Iterator[Finding]:
    """What is wrong with a schedule; a cron expression is only counted here."""
    problem, path = "", "schedule"
    match schedule.kind:
        case ScheduleKind.INTERVAL if schedule.interval_minutes < 1:
            problem, path = "Every how many minutes should it run? At least 1.", "schedule.interval"
        case ScheduleKind.DAILY | ScheduleKind.WEEKLY if not schedule.times:
            problem, path = "At what time should it run?", "schedule.times"
        case ScheduleKind.WEEKLY if not schedule.weekdays or not set(schedule.weekdays) <= set(range(7)):
            problem, path = "On which days of the week should it run?", "schedule.weekdays"
        case ScheduleKind.CRON if len(schedule.cron.split()) != 5:
            problem, path = "A cron expression has five fields: minute hour day month weekday.", "schedule.cron"
    if problem:
        yield Finding(Level.ERROR, problem, path=path)
    if schedule.kind is ScheduleKind.INTERVAL and 0 < schedule.longest_idle_minutes < schedule.interval_minutes:
        problem = "While nothing changes it may wait longer than usual, not shorter."
        yield Finding(Level.ERROR, problem, path="schedule.longest_idle")
    if not 1 <= schedule.full_every_days <= MOST_DAYS:
        problem = f"Everything is compared at least once in 1 to {MOST_DAYS} days."
        yield Finding(Level.ERROR, problem, path="schedule.full_every_days")


def _check_process_schedule(configuration: SyncConfiguration) -> Iterator[Finding]:
    """The same of the schedule of processing, at paths of its own."""
    if configuration.process_schedule is not None:
        for finding in check_schedule(configuration.process_schedule):
            yield replace(finding, path=f"process_{finding.path}")
        is_prepared = configuration.schedule.kind is not ScheduleKind.MANUAL or configuration.is_in_real_time
        if configuration.process_schedule.kind is not ScheduleKind.MANUAL and not is_prepared:
            message = "It processes by itself, but nothing prepares by itself: its queue is filled by hand only."
            yield Finding(Level.NOTE, message, path="process_schedule")


def check_guards(guards: GuardLimits) -> Iterator[Finding]:
    """Limits that cannot be, and a missing limit for deletes."""
    shares = {
        "deletes_share": guards.deletes_share,
        "shrunk_share": guards.shrunk_share,
        "creates_share": guards.creates_share,
        "updates_share": guards.updates_share,
    }
    for name, share in shares.items():
        if share is not None and not 0 <= share <= 1:
            yield Finding(Level.ERROR, "A share lies between 0 and 100 %.", path=f"guards.{name}")
    if guards.deletes_number is not None and guards.deletes_number < 0:
        yield Finding(Level.ERROR, "A number of records cannot be negative.", path="guards.deletes_number")
    if guards.deletes_share is None and guards.deletes_number is None:
        message = "No guard limits deletes: a run may delete any number of records."
        yield Finding(Level.WARNING, message, path="guards.deletes_share")


def _check_cycles(entities: tuple[Entity, ...]) -> Iterator[Finding]:
    for cycle in prerequisite_cycles(entities):
        path = " → ".join((*cycle, cycle[0]))
        message = (
            f"The entities refer to each other in a circle ({path}). "
            "New records are created first and linked to each other afterwards."
        )
        yield Finding(Level.NOTE, message, cycle[0], path="entity.lookup")


def _check_identifying_references(configuration: SyncConfiguration) -> Iterator[Finding]:
    """A reference that identifies records is compared through peers, which must be known before the records are."""
    entities = configuration.entities
    circles = [set(cycle) for cycle in prerequisite_cycles(entities)]
    places = {entity.name: place for place, entity in enumerate(entities)}
    is_ordered = is_enabled(configuration, StepKind.PREREQUISITES)
    for place, entity in enumerate(entities):
        for index, mapping in enumerate(entity.fields):
            if not (mapping.identifying and mapping.lookup in places):
                continue
            is_round = any({entity.name, mapping.lookup} <= circle for circle in circles)
            is_later = is_round or (places[mapping.lookup] > place and not is_ordered)
            if mapping.lookup == entity.name or is_later:
                message = (
                    f'{mapping_title(mapping)} cannot identify records: it refers to "{mapping.lookup}", whose records '
                    "are not paired before those that refer to them."
                )
                yield Finding(Level.ERROR, message, entity.name, index, "field.identifying")


def prerequisite_cycles(entities: tuple[Entity, ...]) -> tuple[tuple[str, ...], ...]:
    """Circles of lookups between different entities, each once, beginning with the entity that stands first."""
    order = {entity.name: place for place, entity in enumerate(entities)}
    needs = {
        entity.name: [name for name in entity.prerequisites if name in order and name != entity.name]
        for entity in entities
    }
    found: dict[frozenset[str], tuple[str, ...]] = {}
    for start in order:
        # Shortest way back to the start: breadth first, so that one circle is reported and not every walk around it.
        paths: list[tuple[str, ...]] = [(start,)]
        reached: set[str] = set()
        while paths:
            path = paths.pop(0)
            for name in needs[path[-1]]:
                if name == start:
                    found.setdefault(frozenset(path), path)
                    paths.clear()
                    break
                if name not in reached:
                    reached.add(name)
                    paths.append((*path, name))
    return tuple(found.values())
