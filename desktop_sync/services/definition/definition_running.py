"""When a configuration runs, in its file: schedules, and what starts it besides (SPEC §8, §11)."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import time

from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.core.plan import Mode
from desktop_sync.core.schedule import MANUAL, MOST_DAYS, Schedule, ScheduleKind
from desktop_sync.core.triggers import LONGEST_SETTLE_S, AfterOutcome, AfterRun, FileArrival
from desktop_sync.services.definition.definition_table import DefinitionTable, quoted, suggestion

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LONGEST_MINUTES = 60 * 24 * 366
DEFAULT_SETTLE_S = FileArrival("").settle_s

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", re.ASCII)


def read_schedule(configuration: DefinitionTable) -> Schedule:
    """The schedule of a configuration; MANUAL when the key is not there."""
    return _schedule(configuration.table("schedule")) if configuration.has("schedule") else MANUAL


def read_process_schedule(configuration: DefinitionTable) -> Schedule | None:
    """The schedule of processing, where it has one of its own."""
    if not configuration.has("process_schedule"):
        return None
    table = configuration.table("process_schedule")
    if table.flag("by_hand", False):
        table.finish()
        return MANUAL
    schedule = _schedule(table)
    if schedule.is_incremental:
        raise table.refuse("mode", "processing works the queue: only the schedule that prepares has a mode")
    return schedule


def read_after_runs(configuration: DefinitionTable) -> tuple[AfterRun, ...]:
    """`[[configuration.after_run]]`: the other configurations whose runs start this one."""
    found = []
    for table in configuration.tables("after_run", "after_run"):
        found.append(AfterRun(table.name("name"), table.choice("outcome", AfterOutcome, AfterOutcome.CARRIED_OUT)))
        table.finish()
    return tuple(found)


def read_file_arrivals(configuration: DefinitionTable) -> tuple[FileArrival, ...]:
    """`[[configuration.file_arrival]]`: files whose arrival starts it."""
    found = []
    for table in configuration.tables("file_arrival", "file_arrival", name_key="path"):
        settle_s = table.whole_number("settle_s", DEFAULT_SETTLE_S, 0, LONGEST_SETTLE_S)
        path = table.text("path")
        if not path.strip() or not path.isprintable():
            raise table.refuse("path", "the path of the files is expected, in one line")
        found.append(FileArrival(path, settle_s))
        table.finish()
    return tuple(found)


def _schedule(table: DefinitionTable) -> Schedule:
    ways = ("every_minutes", "daily", "weekly", "cron")
    given = [way for way in ways if table.has(way)]
    if len(given) != 1:
        for key in ("at", "mode", "full_every_days", "longest_idle_minutes"):
            table.has(key)
        table.finish()
        raise table.refuse("", f"exactly one of {quoted(ways)} is expected")
    match given[0]:
        case "every_minutes":
            minutes = table.whole_number("every_minutes", None, 1, LONGEST_MINUTES)
            idle = table.whole_number("longest_idle_minutes", 0, 0, LONGEST_MINUTES)
            schedule = Schedule(ScheduleKind.INTERVAL, interval_minutes=minutes, longest_idle_minutes=idle)
        case "daily":
            schedule = Schedule(ScheduleKind.DAILY, times=_read_times(table, "daily"))
        case "weekly":
            schedule = Schedule(ScheduleKind.WEEKLY, times=_read_times(table, "at"), weekdays=_read_weekdays(table))
        case _:
            schedule = Schedule(ScheduleKind.CRON, cron=_read_cron(table))
    mode = table.text("mode", Mode.FULL.value)
    modes = (Mode.FULL.value, Mode.INCREMENTAL.value)
    if mode not in modes:
        raise table.refuse("mode", f'"{mode}" is not one of {quoted(modes)}{suggestion(mode, modes)}')
    days = table.whole_number("full_every_days", MANUAL.full_every_days, 1, MOST_DAYS)
    table.finish()
    return replace(schedule, is_incremental=mode == Mode.INCREMENTAL.value, full_every_days=days)


def _read_times(table: DefinitionTable, key: str) -> tuple[time, ...]:
    times: list[time] = []
    for item in table.items(key):
        parts = _TIME.fullmatch(item) if isinstance(item, str) else None
        if parts is None:
            raise table.refuse(key, 'times of the day are expected, like "07:30"')
        times.append(time(int(parts[1]), int(parts[2]), int(parts[3] or 0)))
    if not times:
        raise table.refuse(key, 'at least one time of the day is expected, like ["07:30"]')
    return tuple(times)


def _read_weekdays(table: DefinitionTable) -> tuple[int, ...]:
    days = table.texts("weekly")
    for day in days:
        if day not in WEEKDAYS:
            raise table.refuse("weekly", f'"{day}" is not one of {quoted(WEEKDAYS)}{suggestion(day, WEEKDAYS)}')
    if not days:
        raise table.refuse("weekly", 'at least one day is expected, like ["monday", "friday"]')
    return tuple(WEEKDAYS.index(day) for day in days)


def _read_cron(table: DefinitionTable) -> str:
    cron = table.text("cron")
    if len(cron.split()) != 5:
        raise table.refuse("cron", "five fields are expected: minute, hour, day of the month, month, day of the week")
    return cron


def running_values(configuration: SyncConfiguration) -> dict[str, object]:
    """When the configuration runs, by key of its table; what is as by default is left out."""
    values: dict[str, object] = {}
    if configuration.schedule.kind is not ScheduleKind.MANUAL:
        values["schedule"] = _values(configuration.schedule)
    if configuration.process_schedule is not None:
        values["process_schedule"] = _values(configuration.process_schedule)
    if configuration.after_runs:
        values["after_run"] = [
            {"name": after.configuration, "outcome": after.outcome.value} for after in configuration.after_runs
        ]
    if configuration.file_arrivals:
        values["file_arrival"] = [
            {"path": arrival.pattern, "settle_s": arrival.settle_s} for arrival in configuration.file_arrivals
        ]
    return values


def _values(schedule: Schedule) -> dict[str, object]:
    values = _due(schedule)
    if schedule.longest_idle_minutes:
        values["longest_idle_minutes"] = schedule.longest_idle_minutes
    if schedule.is_incremental:
        values["mode"] = Mode.INCREMENTAL.value
    if schedule.full_every_days != MANUAL.full_every_days:
        values["full_every_days"] = schedule.full_every_days
    return values


def _due(schedule: Schedule) -> dict[str, object]:
    match schedule.kind:
        case ScheduleKind.MANUAL:
            return {"by_hand": True}
        case ScheduleKind.INTERVAL:
            return {"every_minutes": schedule.interval_minutes}
        case ScheduleKind.DAILY:
            return {"daily": _times(schedule.times)}
        case ScheduleKind.WEEKLY:
            days = [WEEKDAYS[day] for day in schedule.weekdays]
            return {"weekly": days, "at": _times(schedule.times)}
        case ScheduleKind.CRON:
            return {"cron": schedule.cron}


def _times(times: Sequence[time]) -> list[str]:
    return [each.strftime("%H:%M:%S" if each.second else "%H:%M") for each in times]


def placed_arrivals(configuration: SyncConfiguration, base_folder: str) -> SyncConfiguration:
    """The same, with the paths of arriving files made absolute: relative ones start at the folder."""
    arrivals = (
        replace(one, pattern=os.path.join(base_folder, one.pattern)) if base_folder else one
        for one in configuration.file_arrivals
    )
    return replace(configuration, file_arrivals=tuple(arrivals))
