"""When a configuration runs by itself, and when it is due next (SPEC §8)."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo


class ScheduleKind(enum.Enum):
    MANUAL = "manual"
    INTERVAL = "interval"
    DAILY = "daily"
    WEEKLY = "weekly"
    CRON = "cron"


@dataclass(frozen=True, slots=True)
class Schedule:
    """`interval_minutes` is for INTERVAL; `times` (local wall-clock) for DAILY and WEEKLY; `weekdays` 0 = Monday;
    `cron` five fields. `is_incremental`: its runs look at what was modified since the last one; where that reads less
    than everything, everything is compared once in `full_every_days`. `longest_idle_minutes` is for INTERVAL: where
    nothing is to be done, its runs come less and less often, down to that; 0: as often as ever."""

    kind: ScheduleKind = ScheduleKind.MANUAL
    interval_minutes: int = 0
    times: tuple[time, ...] = ()
    weekdays: tuple[int, ...] = ()
    cron: str = ""
    is_incremental: bool = False
    full_every_days: int = 7
    longest_idle_minutes: int = 0


MANUAL = Schedule()

MOST_DAYS = 366
"""How long a schedule may go on without a complete comparison."""

IDLE_RUNS = 3
"""From so many runs in a row on that found nothing to do, an INTERVAL may wait longer."""

NextCron = Callable[[str, datetime], datetime]
"""Next time after an aware local time at which a cron expression fires; the adapter lives outside core."""


def interval_of(schedule: Schedule, idle_runs: int = 0) -> timedelta:
    """The step of an INTERVAL after so many runs in a row that found nothing to do: twice as long with each from the
    third on, up to the schedule's longest."""
    step = timedelta(minutes=max(1, schedule.interval_minutes))
    longest = timedelta(minutes=schedule.longest_idle_minutes)
    if idle_runs < IDLE_RUNS or longest <= step:
        return step
    return min(longest, step * (1 << min(idle_runs - IDLE_RUNS + 1, 20)))


def next_due_at(
    schedule: Schedule,
    last_run_at: datetime | None,
    now: datetime,
    zone: tzinfo,
    next_cron: NextCron,
    idle_runs: int = 0,
) -> datetime | None:
    """The next time at which the schedule wants a run, in UTC; None for MANUAL. All times given are aware.

    A time at or before `now` means that a run is due; several missed runs are one (SPEC §8: missed runs run once).
    Without a last run an INTERVAL is due at once, the others at their next time after `now`. A wall-clock time that
    daylight saving skips is due when the clocks have moved on; one that comes twice is due once, the first time.
    `idle_runs`: how many of the last runs in a row found nothing to do.
    """
    if schedule.kind is ScheduleKind.MANUAL:
        return None
    if schedule.kind is ScheduleKind.INTERVAL:
        if last_run_at is None or last_run_at > now:  # a clock that was set back must not silence the schedule
            return now
        return last_run_at + interval_of(schedule, idle_runs)
    after = now if last_run_at is None or last_run_at > now else last_run_at
    if schedule.kind is ScheduleKind.CRON:
        return next_cron(schedule.cron, after.astimezone(zone)).astimezone(UTC)
    return _next_wall_clock(schedule, after, zone)


def _next_wall_clock(schedule: Schedule, after: datetime, zone: tzinfo) -> datetime | None:
    weekdays = schedule.weekdays if schedule.kind is ScheduleKind.WEEKLY else tuple(range(7))
    start = after.astimezone(zone).date()
    for offset in range(9):
        day = start + timedelta(days=offset)
        if day.weekday() not in weekdays:
            continue
        for at in sorted(schedule.times):
            due = datetime.combine(day, at.replace(tzinfo=None, fold=0), zone).astimezone(UTC)
            if due > after:
                return due
    return None
