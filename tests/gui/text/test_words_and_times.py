"""Words, times and sentences."""

from __future__ import annotations

import enum
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from pytestqt.qtbot import QtBot

from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.ports import Phase
from desktop_sync.core.run import Outcome, RunKind, Trigger
from desktop_sync.core.schedule import Schedule, ScheduleKind
from desktop_sync.core.status import Status
from desktop_sync.ui.bridge.control import ProgressState
from desktop_sync.ui.palette import Tone
from desktop_sync.ui.text import plain, sentences, times, words

NOW = datetime(2026, 11, 20, 14, 5).astimezone()
NAMES = words.SideNames("CRM", "Shop")


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (Status, words.status_word),
        (Outcome, words.outcome_word),
        (Trigger, words.trigger_word),
        (RunKind, words.kind_word),
        (Action, words.action_verb),
        (Action, NAMES.action_phrase),
        (Rule, lambda rule: words.rule_sentence(rule, NAMES)),
        (Phase, sentences.phase_word),
    ],
)
def test_every_value_has_a_word_of_its_own(
    qtbot: QtBot, kind: type[enum.Enum], word: Callable[[enum.Enum], str]
) -> None:
    for member in kind:
        text = word(member)
        assert text
        assert text == text.strip()
        assert "{" not in text


def test_every_status_and_outcome_has_a_tone() -> None:
    assert set(words.STATUS_TONES) == set(Status)
    assert set(words.OUTCOME_TONES) == set(Outcome)
    assert words.STATUS_TONES[Status.FAILED] is Tone.BAD


def test_sides_are_named_by_their_endpoints() -> None:
    assert NAMES.action_phrase(Action.CREATE_B) == "Create in Shop"
    assert NAMES.action_phrase(Action.DELETE_A) == "Delete in CRM"


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        (timedelta(), "Today 14:05"),
        (timedelta(days=1), "Yesterday 14:05"),
        (timedelta(days=-1), "Tomorrow 14:05"),
        (timedelta(days=3), "Tue 14:05"),
        (timedelta(days=40), "11 Oct 2026"),
    ],
)
def test_days_are_said_as_people_say_them(ago: timedelta, expected: str) -> None:
    assert times.day_and_time(NOW - ago, NOW) == expected


def test_a_day_is_a_local_day_whatever_zone_the_time_is_in() -> None:
    assert times.day_and_time(NOW.astimezone(UTC), NOW.astimezone(UTC)) == "Today 14:05"


def test_no_time_is_never() -> None:
    assert times.day_and_time(None, NOW) == "Never"
    assert times.full_time(None, NOW) == "—"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.42, "0.4 s"), (12.4, "12 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (3900, "1 h 5 min")],
)
def test_durations_have_two_units_at_most(seconds: float, expected: str) -> None:
    assert times.duration(seconds) == expected


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Schedule(), "By hand"),
        (Schedule(ScheduleKind.INTERVAL, interval_minutes=15), "Every 15 minutes"),
        (Schedule(ScheduleKind.INTERVAL, interval_minutes=1), "Every minute"),
        (Schedule(ScheduleKind.INTERVAL, interval_minutes=120), "Every 2 hours"),
        (Schedule(ScheduleKind.INTERVAL, interval_minutes=90), "Every 90 minutes"),
        (Schedule(ScheduleKind.INTERVAL, interval_minutes=24 * 60), "Every day"),
        (Schedule(ScheduleKind.INTERVAL, interval_minutes=3 * 24 * 60), "Every 3 days"),
        (Schedule(ScheduleKind.INTERVAL, interval_minutes=14 * 24 * 60), "Every 2 weeks"),
        (Schedule(ScheduleKind.DAILY, times=(time(18), time(9))), "Daily at 09:00 and 18:00"),
        (Schedule(ScheduleKind.WEEKLY, times=(time(9),), weekdays=(4, 0)), "Mon, Fri at 09:00"),
        (Schedule(ScheduleKind.CRON, cron="0 6 * * 1-5"), "Cron: 0 6 * * 1-5"),
    ],
)
def test_schedules_are_sentences(schedule: Schedule, expected: str) -> None:
    assert sentences.schedule_sentence(schedule) == expected


def test_progress_says_what_is_known_and_nothing_else() -> None:
    known = ProgressState("customers", Phase.READING, 1200, 5000, 2.0)
    assert sentences.progress_figures(known) == "1,200 of 5,000  ·  600 records/s  ·  6.3 s left"
    some_failed = ProgressState("customers", Phase.WRITING, 1200, 5000, 2.0, failed=1300)
    assert sentences.progress_figures(some_failed).startswith("1,200 of 5,000  ·  1,300 failed  ·  600 records/s")
    resting = ProgressState("customers", Phase.WRITING, 1200, 5000, 2.0, is_resting=True, failed=3)
    assert sentences.progress_figures(resting) == "1,200 of 5,000  ·  3 failed"
    unknown = ProgressState("customers", Phase.READING, 0, None, 0.0)
    assert sentences.progress_figures(unknown) == ""
    assert sentences.progress_headline(unknown) == "Reading customers"


@pytest.mark.scenario("X23")
def test_markup_in_data_stays_text() -> None:
    assert "<b>" not in plain.tooltip("<b>bold</b>").replace('<p style="white-space: pre-wrap">', "")
    assert plain.tooltip("") == ""


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1"])
def test_what_a_spreadsheet_would_calculate_is_marked_as_text(text: str) -> None:
    assert plain.csv_cell(text) == "'" + text
    assert plain.csv_cell("x" + text) == "x" + text
