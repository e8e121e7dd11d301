"""What is due when: missed runs, pauses, back-off, edits, and a restart in between."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.run import Outcome, RunKind, Trigger
from desktop_sync.core.schedule import Schedule, ScheduleKind
from desktop_sync.services.unattended.local_zone import LocalZone
from desktop_sync.services.unattended.scheduling import back_off, next_cron
from tests.support.schedule_desk import DAILY_SIX, EVERY_10, NOON, VIENNA, Desk
from tests.support.shop_and_crm import customers


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


# Prepare and process with schedules of their own

SCHEDULED = Trigger.SCHEDULE
PREPARE_OFTEN = {"schedule": EVERY_10, "process_schedule": Schedule(ScheduleKind.DAILY, times=(time(18, 0),))}
SIX_PM = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)


def test_prepare_and_process_come_each_at_their_own_times(interval: Desk) -> None:
    interval.set(**PREPARE_OFTEN)  # type: ignore[arg-type]
    assert interval.wants(NOON) == [("Customers", RunKind.PREPARE, SCHEDULED)]
    interval.ran(NOON, kind=RunKind.PREPARE)
    assert interval.wants(NOON + timedelta(minutes=9)) == []
    outlook = interval.service.outlook("Customers")
    assert (outlook.at, outlook.process_at) == (NOON + timedelta(minutes=10), SIX_PM)
    interval.ran(SIX_PM - timedelta(minutes=1), kind=RunKind.PREPARE)
    assert interval.wants(SIX_PM) == [("Customers", RunKind.PROCESS, SCHEDULED)]
    interval.ran(SIX_PM, kind=RunKind.PROCESS)
    assert interval.wants(SIX_PM + timedelta(minutes=1)) == []


@pytest.mark.scenario("F8")
def test_after_a_sleep_it_prepares_once_and_then_processes_once(interval: Desk) -> None:
    interval.set(**PREPARE_OFTEN)  # type: ignore[arg-type]
    interval.wants(NOON)
    interval.ran(NOON, kind=RunKind.PREPARE)
    awake = NOON + timedelta(days=3)
    assert interval.wants(awake) == [("Customers", RunKind.PREPARE, SCHEDULED)]
    interval.ran(awake, kind=RunKind.PREPARE)
    assert interval.wants(awake) == [("Customers", RunKind.PROCESS, SCHEDULED)]
    interval.ran(awake, kind=RunKind.PROCESS)
    assert interval.wants(awake) == []


def test_many_runs_of_one_kind_do_not_hide_the_last_one_of_the_other(daily: Desk) -> None:
    daily.set(DAILY_SIX, process_schedule=EVERY_10)
    daily.wants(NOON)
    six = datetime(2026, 3, 3, 5, 0, tzinfo=UTC)
    daily.ran(six, kind=RunKind.PREPARE)
    for number in range(60):
        daily.ran(six + timedelta(minutes=10 * number), kind=RunKind.PROCESS)
    assert daily.wants(six + timedelta(minutes=599)) == []


def test_processing_by_hand_only_is_never_due(interval: Desk) -> None:
    interval.set(EVERY_10, process_schedule=Schedule())
    interval.ran(NOON, kind=RunKind.PREPARE)
    assert interval.wants(NOON + timedelta(minutes=5)) == []
    assert interval.service.outlook("Customers").process_at is None


def test_a_complete_run_counts_for_both_and_a_push_for_neither(interval: Desk) -> None:
    interval.set(**PREPARE_OFTEN)  # type: ignore[arg-type]
    interval.wants(NOON)
    interval.ran(SIX_PM, trigger=Trigger.HAND)
    assert interval.wants(SIX_PM + timedelta(minutes=1)) == []
    interval.set(EVERY_10)
    for number in range(40):
        interval.ran(SIX_PM + timedelta(seconds=number), trigger=Trigger.PUSH)
    assert interval.wants(SIX_PM + timedelta(minutes=9)) == []
    assert interval.wants(SIX_PM + timedelta(minutes=10)) == [("Customers", RunKind.RUN, SCHEDULED)]


def test_a_run_of_chosen_records_does_not_stand_for_the_scheduled_one(daily: Desk) -> None:
    daily.at(NOON)
    six = datetime(2026, 3, 3, 5, 0, tzinfo=UTC)
    daily.ran(six + timedelta(seconds=1), trigger=Trigger.HAND, is_partial=True)
    assert daily.at(six + timedelta(seconds=2)) == ("Customers",)
    daily.ran(six + timedelta(seconds=3))
    daily.ran(six + timedelta(seconds=4), trigger=Trigger.HAND, is_partial=True)
    assert daily.at(six + timedelta(seconds=5)) == ()


# Idle back-off

LAZY = replace(EVERY_10, longest_idle_minutes=60)


def test_an_idle_interval_waits_longer_up_to_its_bound_and_the_first_change_ends_that(interval: Desk) -> None:
    interval.set(LAZY)
    at, steps = NOON, []
    for _ in range(7):
        interval.ran(at, updated=0)
        interval.clock.at = at
        due = interval.service.next_run_at("Customers")
        assert due is not None
        steps.append(int((due - at).total_seconds()) // 60)
        at = due
    assert steps == [10, 10, 20, 40, 60, 60, 60]
    interval.clock.at = at - timedelta(minutes=1)
    assert interval.service.outlook("Customers").idle_runs == 7
    interval.ran(at)
    interval.clock.at = at
    assert interval.service.outlook("Customers").idle_runs == 0
    assert interval.service.next_run_at("Customers") == at + timedelta(minutes=10)


def test_without_a_bound_an_idle_interval_keeps_its_step(interval: Desk) -> None:
    for number in range(30):
        interval.ran(NOON + timedelta(minutes=10 * number), updated=0)
    interval.clock.at = NOON + timedelta(minutes=291)
    assert interval.service.next_run_at("Customers") == NOON + timedelta(minutes=300)
    assert interval.service.outlook("Customers").idle_runs == 0


# What must be there first


def test_what_lacks_its_drive_or_the_network_waits_with_a_sentence_and_is_due_at_once_afterwards(
    interval: Desk,
) -> None:
    interval.lacking.sentence = "It waits for Shop: /media/stick is not there (is its drive connected?)."
    assert interval.at(NOON) == ()
    assert interval.service.outlook("Customers").waits_for == interval.lacking.sentence
    interval.ran(NOON)
    assert interval.service.outlook("Customers").waits_for == ""  # not before it is due
    assert interval.at(NOON + timedelta(minutes=30)) == ()
    interval.lacking.sentence = ""
    assert interval.at(NOON + timedelta(minutes=31)) == ("Customers",)


# Clocks


@pytest.mark.scenario("F9")
@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=3653)])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("schedule", [EVERY_10, DAILY_SIX], ids=["interval", "daily"])
def test_a_jump_of_the_clock_makes_one_run_at_most_and_silences_nothing(
    interval: Desk, schedule: Schedule, sign: int, jump: timedelta
) -> None:
    interval.set(schedule)
    interval.wants(NOON)
    interval.ran(NOON)
    there = NOON + sign * jump
    runs = 0
    for _ in range(5):
        for _due in interval.wants(there):
            runs += 1
            interval.ran(there)
        there += timedelta(seconds=30)
    assert runs <= 1
    later = there + timedelta(days=1)
    assert len(interval.wants(later)) == 1
    interval.ran(later)
    assert interval.wants(later) == []
