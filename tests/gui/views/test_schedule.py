"""The schedule form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_sync.core.schedule import Schedule, ScheduleKind
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from desktop_sync.ui.views.schedule import NoTimeOfDayError, SchedulePage, parse_times
from tests.gui.fake_application import FakeApplication

Settle = Callable[[], None]


@pytest.fixture
def form(page: ConfigurationPage, settle: Settle) -> SchedulePage:
    page.open_tab("schedule")
    settle()
    return page.schedule


def test_the_form_shows_what_is_saved_and_when_it_runs_next(form: SchedulePage) -> None:
    assert form.kinds[ScheduleKind.INTERVAL].isChecked()
    assert form.minutes.value() == 15
    assert form.next.text() == "Today 14:17"
    assert not form.save_button.isEnabled()


def test_a_change_can_be_saved(qtbot: QtBot, form: SchedulePage, settle: Settle, application: FakeApplication) -> None:
    form.kinds[ScheduleKind.WEEKLY].setChecked(True)
    form.days[0].setChecked(True)
    form.days[4].setChecked(True)
    qtbot.keyClicks(form.weekly_times, "18:30, 9:00")
    qtbot.mouseClick(form.save_button, Qt.MouseButton.LeftButton)
    settle()
    saved = application.configurations.get("Customers").schedule
    assert saved == Schedule(ScheduleKind.WEEKLY, times=(time(9), time(18, 30)), weekdays=(0, 4))
    assert form.message.text == "The schedule is saved."
    assert not form.save_button.isEnabled()


def test_what_is_wrong_stands_beside_the_field_and_cannot_be_saved(qtbot: QtBot, form: SchedulePage) -> None:
    form.kinds[ScheduleKind.DAILY].setChecked(True)
    qtbot.keyClicks(form.times, "25:00")
    assert form.problem.text() == "Write times of day like 09:00, 18:30."
    assert form.times.property("problem") == "true"
    assert not form.save_button.isEnabled()
    form.kinds[ScheduleKind.WEEKLY].setChecked(True)
    qtbot.keyClicks(form.weekly_times, "9:00")
    assert form.problem.text() == "Choose at least one day."
    form.kinds[ScheduleKind.CRON].setChecked(True)
    qtbot.keyClicks(form.cron, "* *")
    assert form.problem.text() == "A cron expression has five fields."


def test_what_the_service_refuses_is_said(qtbot: QtBot, form: SchedulePage, settle: Settle) -> None:
    form.kinds[ScheduleKind.CRON].setChecked(True)
    form.cron.setText("99 99 * * *")
    form.save()
    settle()
    assert "never fires" in form.message.text
    assert form.save_button.isEnabled()


def test_a_refresh_does_not_take_away_what_a_person_is_typing(
    form: SchedulePage, page: ConfigurationPage, settle: Settle
) -> None:
    form.kinds[ScheduleKind.DAILY].setChecked(True)
    form.times.setText("07:1")
    page.refresh()
    settle()
    assert form.times.text() == "07:1"
    assert form.kinds[ScheduleKind.DAILY].isChecked()


def test_a_configuration_that_never_ran_waits_for_its_first_run(window: MainWindow, settle: Settle) -> None:
    window.sidebar.choose("Price list")
    settle()
    page = window.current_page
    assert page is not None
    page.open_tab("schedule")
    settle()
    assert page.schedule.next.text() == "After the first run, which you start by hand"


@pytest.mark.parametrize("text", ["", " ", "9", "24:00", "9:60", "noon", "9:00, x"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(NoTimeOfDayError):
        parse_times(text)


def test_times_are_sorted_and_said_once() -> None:
    assert parse_times("18:00; 9:00  18:00") == (time(9), time(18))


def test_runs_can_look_at_what_was_modified_only_and_at_everything_within_days(
    qtbot: QtBot, form: SchedulePage, settle: Settle, application: FakeApplication
) -> None:
    assert form.incremental.isEnabled()
    assert not form.full_days.isEnabled()
    form.incremental.setChecked(True)
    form.full_days.setValue(3)
    assert form.save_button.isEnabled()
    qtbot.mouseClick(form.save_button, Qt.MouseButton.LeftButton)
    settle()
    kept = application.configurations.all["Customers"].schedule
    assert (kept.interval_minutes, kept.is_incremental, kept.full_every_days) == (15, True, 3)
    assert form.incremental.isChecked()
    form.kinds[ScheduleKind.MANUAL].setChecked(True)
    assert not form.incremental.isEnabled()
