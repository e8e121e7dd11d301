"""What is due when: missed runs, pauses, back-off, edits, and a restart in between."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.run import Outcome, Run, RunKind, Trigger
from desktop_sync.core.schedule import Schedule, ScheduleKind
from desktop_sync.services.local_zone import LocalZone
from desktop_sync.services.scheduling import ScheduleService, back_off, next_cron
from tests.support.memory_provider import MemoryStore, SetClock
from tests.support.shop_and_crm import customers

VIENNA = ZoneInfo("Europe/Vienna")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EVERY_10 = Schedule(ScheduleKind.INTERVAL, interval_minutes=10)
DAILY_SIX = Schedule(ScheduleKind.DAILY, times=(time(6, 0),))


class Desk:
    def __init__(self, home: Path, schedule: Schedule) -> None:
        self.home = home
        self.store = MemoryStore()
        self.clock = SetClock(NOON)
        self.set(schedule)
        self.open()

    def open(self) -> None:
        self.service = ScheduleService(self.store, self.clock, self.home, VIENNA)  # type: ignore[arg-type]

    def set(self, schedule: Schedule, enabled: bool = True) -> None:
        self.store.save_configuration(replace(customers(), schedule=schedule, enabled=enabled))

    def at(self, when: datetime) -> tuple[str, ...]:
        self.clock.at = when
        return self.service.due(when)

    def ran(self, when: datetime, outcome: Outcome = Outcome.DONE, kind: RunKind = RunKind.RUN) -> None:
        number = len(self.store.kept_runs) + 1
        run = Run(number, "Customers", 1, kind, Trigger.SCHEDULE, when, when + timedelta(seconds=5), outcome)
        self.store.kept_runs.append(run)


@pytest.fixture
def interval(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "home", EVERY_10)


@pytest.fixture
def daily(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "home", DAILY_SIX)


def test_an_interval_is_due_at_once_then_after_its_step(interval: Desk) -> None:
    assert interval.at(NOON) == ("Customers",)
    interval.ran(NOON)
    assert interval.at(NOON + timedelta(minutes=9)) == ()
    assert interval.service.next_run_at("Customers") == NOON + timedelta(minutes=10)
    assert interval.at(NOON + timedelta(minutes=10)) == ("Customers",)


@pytest.mark.scenario("F8")
def test_what_was_missed_while_asleep_is_due_once(daily: Desk) -> None:
    assert daily.at(NOON) == ()
    four_days_later = NOON + timedelta(days=4)
    assert daily.at(four_days_later) == ("Customers",)
    daily.ran(four_days_later)
    assert daily.at(four_days_later + timedelta(minutes=1)) == ()


def test_a_daily_run_comes_at_its_time_though_it_never_ran_before(daily: Desk) -> None:
    daily.at(NOON)
    six = datetime(2026, 3, 3, 5, 0, tzinfo=UTC)
    assert daily.at(six - timedelta(seconds=1)) == ()
    assert daily.at(six + timedelta(seconds=30)) == ("Customers",)


def test_the_time_of_a_program_that_was_closed_is_made_up_for_after_the_start(daily: Desk) -> None:
    daily.at(NOON)
    daily.open()
    assert daily.at(NOON + timedelta(days=1)) == ("Customers",)


def test_a_schedule_that_was_just_edited_does_not_make_up_for_the_past(daily: Desk) -> None:
    daily.ran(NOON - timedelta(days=2))
    daily.set(Schedule(ScheduleKind.DAILY, times=(time(8, 0),)))
    assert daily.at(NOON) == ()
    assert daily.service.next_run_at("Customers") == datetime(2026, 3, 3, 7, 0, tzinfo=UTC)


def test_switched_off_is_never_due_and_switching_on_counts_from_then(daily: Desk) -> None:
    daily.at(NOON)
    daily.set(DAILY_SIX, enabled=False)
    assert daily.at(NOON + timedelta(days=2)) == ()
    assert daily.service.next_run_at("Customers") is None
    daily.set(DAILY_SIX)
    assert daily.at(NOON + timedelta(days=2, minutes=1)) == ()


@pytest.mark.scenario("K9")
def test_one_that_is_running_is_not_due(interval: Desk) -> None:
    interval.store.held.add("Customers")
    assert interval.at(NOON) == ()


def test_failing_runs_wait_longer_and_longer_up_to_an_hour_and_one_success_ends_it(interval: Desk) -> None:
    interval.clock.at = NOON + timedelta(minutes=3)
    interval.ran(NOON, Outcome.FAILED)
    first = interval.service.next_run_at("Customers")
    interval.ran(NOON + timedelta(minutes=1), Outcome.FAILED)
    second = interval.service.next_run_at("Customers")
    assert first is not None
    assert second is not None
    assert first - NOON > timedelta(minutes=10)
    assert second - NOON > first - NOON + timedelta(minutes=10)
    interval.ran(NOON + timedelta(minutes=2))
    assert interval.service.next_run_at("Customers") == NOON + timedelta(minutes=12)


def test_back_off_never_exceeds_an_hour_or_the_step() -> None:
    assert back_off(EVERY_10, 50) == timedelta(hours=1)
    assert back_off(DAILY_SIX, 1) == timedelta(minutes=2)
    assert back_off(replace(EVERY_10, interval_minutes=600), 3) == timedelta(hours=10)


def test_a_guard_that_waits_for_a_decision_is_not_hammered(interval: Desk) -> None:
    interval.ran(NOON, Outcome.GUARD)
    assert interval.at(NOON + timedelta(minutes=10)) == ()


def test_undoing_and_settling_do_not_count_as_runs(interval: Desk) -> None:
    interval.ran(NOON, kind=RunKind.UNDO)
    assert interval.at(NOON + timedelta(minutes=1)) == ("Customers",)


def test_a_pause_ends_by_itself_and_survives_a_restart(interval: Desk) -> None:
    until = NOON + timedelta(hours=1)
    interval.service.pause(until)
    interval.open()
    assert interval.at(NOON) == ()
    assert interval.service.is_paused
    assert interval.service.paused_until == until
    assert interval.service.next_run_at("Customers") == until
    assert interval.at(until) == ("Customers",)
    assert not interval.service.is_paused


def test_a_pause_without_an_end_lasts_until_it_is_resumed(interval: Desk) -> None:
    interval.service.pause(None)
    assert interval.at(NOON + timedelta(days=900)) == ()
    assert interval.service.next_run_at("Customers") is None
    interval.service.resume()
    assert interval.at(NOON + timedelta(days=900)) == ("Customers",)


def test_only_the_owner_may_read_the_file(interval: Desk) -> None:
    interval.service.pause(None)
    (file,) = [path for path in interval.home.iterdir() if path.is_file()]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_damaged_file_is_as_if_nothing_was_remembered(interval: Desk) -> None:
    interval.service.pause(None)
    (interval.home / "schedule.json").write_text('{"is_paused": tru', encoding="utf-8")
    assert interval.at(NOON) == ("Customers",)


def test_cron_fires_in_local_time_on_both_sides_of_the_clock_change() -> None:
    winter = datetime(2026, 3, 27, 12, 0, tzinfo=VIENNA)
    assert next_cron("30 6 * * 1-5", winter).astimezone(UTC) == datetime(2026, 3, 30, 4, 30, tzinfo=UTC)
    autumn = datetime(2026, 10, 24, 12, 0, tzinfo=VIENNA)
    assert next_cron("30 6 * * *", autumn).astimezone(UTC) == datetime(2026, 10, 25, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize("expression", ["", "* * * *", "61 * * * *", "* * * * * *", "0 0 31 2 *", "a b c d e"])
def test_what_is_no_cron_expression_is_refused(expression: str) -> None:
    with pytest.raises(ConfigurationError, match="no cron expression"):
        next_cron(expression, NOON)


def test_one_unusable_schedule_does_not_stop_the_others(interval: Desk) -> None:
    bad = replace(customers(), name="Bad", schedule=Schedule(ScheduleKind.CRON, cron="nonsense"))
    interval.store.save_configuration(bad)
    assert interval.at(NOON) == ("Customers",)


def test_the_local_zone_knows_summer_and_winter(monkeypatch: pytest.MonkeyPatch) -> None:
    import time as clock

    monkeypatch.setenv("TZ", "Europe/Vienna")
    clock.tzset()
    try:
        zone = LocalZone()
        assert datetime(2026, 7, 1, 6, 0, tzinfo=zone).astimezone(UTC).hour == 4
        assert datetime(2026, 1, 1, 6, 0, tzinfo=zone).astimezone(UTC).hour == 5
        assert datetime(2026, 7, 1, 4, 0, tzinfo=UTC).astimezone(zone).hour == 6
        fires = next_cron("0 6 * * *", datetime(2026, 3, 28, 12, 0, tzinfo=zone))
        assert fires.astimezone(UTC) == datetime(2026, 3, 29, 4, 0, tzinfo=UTC)
    finally:
        monkeypatch.undo()
        clock.tzset()
