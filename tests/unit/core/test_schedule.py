"""When a schedule wants a run next: missed runs, clocks that are set, and the two odd hours of daylight saving."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from desktop_sync.core.schedule import MANUAL, Schedule, ScheduleKind, next_due_at

VIENNA = ZoneInfo("Europe/Vienna")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAILY_SIX = Schedule(ScheduleKind.DAILY, times=(time(6, 0),))


def never(expression: str, after: datetime) -> datetime:
    raise AssertionError("no cron expression is used here")


def due(schedule: Schedule, last: datetime | None, now: datetime) -> datetime | None:
    return next_due_at(schedule, last, now, VIENNA, never)


def test_a_manual_configuration_is_never_due() -> None:
    assert due(MANUAL, None, NOON) is None


def test_an_interval_counts_from_the_last_run_and_begins_at_once() -> None:
    every = Schedule(ScheduleKind.INTERVAL, interval_minutes=15)
    assert due(every, None, NOON) == NOON
    assert due(every, NOON - timedelta(minutes=5), NOON) == NOON + timedelta(minutes=10)


def test_many_missed_intervals_are_one_run() -> None:
    every = Schedule(ScheduleKind.INTERVAL, interval_minutes=15)
    first = due(every, NOON - timedelta(days=3), NOON)
    assert first is not None
    assert first <= NOON
    assert due(every, NOON, NOON) == NOON + timedelta(minutes=15)


def test_a_clock_that_was_set_back_does_not_silence_the_schedule() -> None:
    every = Schedule(ScheduleKind.INTERVAL, interval_minutes=15)
    assert due(every, NOON + timedelta(days=400), NOON) == NOON
    later = due(DAILY_SIX, NOON + timedelta(days=400), NOON)
    assert later == datetime(2026, 3, 3, 5, 0, tzinfo=UTC)


def test_daily_times_are_local_wall_clock() -> None:
    assert due(DAILY_SIX, NOON, NOON) == datetime(2026, 3, 3, 5, 0, tzinfo=UTC)  # winter: one hour ahead of UTC
    summer = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    assert due(DAILY_SIX, summer, summer) == datetime(2026, 7, 2, 4, 0, tzinfo=UTC)


def test_a_time_that_the_spring_skips_is_due_when_the_clocks_have_moved_on() -> None:
    half_past_two = Schedule(ScheduleKind.DAILY, times=(time(2, 30),))
    evening_before = datetime(2026, 3, 28, 20, 0, tzinfo=UTC)
    assert due(half_past_two, evening_before, evening_before) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_time_that_comes_twice_in_autumn_is_due_once() -> None:
    half_past_two = Schedule(ScheduleKind.DAILY, times=(time(2, 30),))
    before = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)
    first = due(half_past_two, before, before)
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert due(half_past_two, first, first) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_weekly_runs_fall_on_their_days_only() -> None:
    weekly = Schedule(ScheduleKind.WEEKLY, times=(time(6, 0), time(18, 0)), weekdays=(2, 4))  # 2 March 2026 is a Monday
    assert due(weekly, NOON, NOON) == datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
    wednesday = datetime(2026, 3, 4, 6, 0, tzinfo=UTC)
    assert due(weekly, wednesday, wednesday) == datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
