"""When a configuration runs, in sentences: schedules, real time, and what starts it besides (SPEC §8)."""

from __future__ import annotations

from collections.abc import Iterator

from desktop_sync.core.configuration import RealTime, SyncConfiguration
from desktop_sync.core.count_text import count, minutes_text
from desktop_sync.core.schedule import Schedule, ScheduleKind
from desktop_sync.core.triggers import AfterOutcome, AfterRun, FileArrival

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_ENDS = {
    AfterOutcome.CARRIED_OUT: "was carried out",
    AfterOutcome.DONE: "ended without any problem",
    AfterOutcome.FAILED: "failed or was stopped by a guard",
    AfterOutcome.ANY: "ended, however it ended",
}


def running_sentences(configuration: SyncConfiguration) -> Iterator[str]:
    """When it runs, and why."""
    enabled = configuration.enabled
    if configuration.process_schedule is None:
        yield schedule_sentence(configuration.schedule, enabled)
    else:
        yield schedule_sentence(configuration.schedule, enabled, "looks for changes")
        yield schedule_sentence(configuration.process_schedule, enabled, "writes what it found")
    for entity in configuration.entities:
        if entity.real_time is RealTime.PREPARE:
            yield f'Changes of "{entity.name}" are put into the queue as soon as they are seen.'
        elif entity.real_time is RealTime.PREPARE_AND_PROCESS:
            yield f'Changes of "{entity.name}" are carried over as soon as they are seen.'
    yield from (after_sentence(after) for after in configuration.after_runs)
    yield from (arrival_sentence(arrival) for arrival in configuration.file_arrivals)


def schedule_sentence(schedule: Schedule, enabled: bool = True, does: str = "runs") -> str:
    """`does`: what it does then, said of "it"."""
    times = " and ".join(f"{at:%H:%M}" for at in sorted(schedule.times))
    match schedule.kind:
        case ScheduleKind.INTERVAL:
            when = f"It {does} by itself every {_step(schedule.interval_minutes)}"
            if schedule.longest_idle_minutes > schedule.interval_minutes:
                longest = _step(schedule.longest_idle_minutes)
                when += f", less often while nothing changes: at least every {longest}"
        case ScheduleKind.DAILY:
            when = f"It {does} by itself every day at {times}"
        case ScheduleKind.WEEKLY:
            days = ", ".join(_DAYS[day] for day in sorted(schedule.weekdays) if 0 <= day < 7)
            when = f"It {does} by itself every {days} at {times}"
        case ScheduleKind.CRON:
            when = f"It {does} by itself at the times of the cron expression {schedule.cron}"
        case ScheduleKind.MANUAL:
            return f"It {does} when you start it."
    what = ""
    if schedule.is_incremental:
        days = count(schedule.full_every_days, "day")
        what = f" It then looks at what was modified since the last run, and once in {days} at everything."
    return f"{when}.{what}" if enabled else f"{when}, once it is switched on.{what}"


def _step(minutes: int) -> str:
    """What stands behind "every": "15 minutes", "hour", "2 days"."""
    return minutes_text(minutes).removeprefix("1 ")


def after_sentence(after: AfterRun) -> str:
    return f'It runs after each run of "{after.configuration}" that {_ENDS[after.outcome]}.'


def arrival_sentence(arrival: FileArrival) -> str:
    still = "" if not arrival.settle_s else f" and stood still for {count(arrival.settle_s, 'second')}"
    return f"It runs when a file {arrival.pattern} is there{still}."
