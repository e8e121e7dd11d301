"""The schedule form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from desktop_sync.core.configuration import RealTime
from desktop_sync.core.run import RunKind, Trigger
from desktop_sync.core.schedule import Schedule, ScheduleKind
from desktop_sync.core.triggers import AfterRun, FileArrival
from desktop_sync.core.unattended import Due, Outlook
from desktop_sync.ui.dialogs.ask import AskDialog
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from desktop_sync.ui.views.schedule import SchedulePage
from desktop_sync.ui.views.schedule_times import NoTimeOfDayError, parse_times
from desktop_sync.ui.widgets.choice_box import ChoiceBox
from desktop_sync.ui.widgets.interval_box import DAY_MIN, HOUR_MIN, WEEK_MIN, IntervalBox
from tests.gui.fake_application import NOW, FakeApplication

Settle = Callable[[], None]


def pick(box: ChoiceBox[int], value: int) -> None:
    """As a person does."""
    box.choose(value)
    box.activated.emit(box.currentIndex())


@pytest.fixture
def form(page: ConfigurationPage, settle: Settle) -> SchedulePage:
    page.open_tab("schedule")
    settle()
    return page.schedule


def test_the_form_shows_what_is_saved_and_when_it_runs_next(form: SchedulePage) -> None:
    assert form.times.kinds[ScheduleKind.INTERVAL].isChecked()
    assert form.times.every.minutes == 15
    assert form.next.text() == "Today 14:17"
    assert not form.save_button.isEnabled()


def test_a_change_can_be_saved(qtbot: QtBot, form: SchedulePage, settle: Settle, application: FakeApplication) -> None:
    form.times.kinds[ScheduleKind.WEEKLY].setChecked(True)
    form.times.days[0].setChecked(True)
    form.times.days[4].setChecked(True)
    qtbot.keyClicks(form.times.weekly_times, "18:30, 9:00")
    qtbot.mouseClick(form.save_button, Qt.MouseButton.LeftButton)
    settle()
    saved = application.configurations.get("Customers").schedule
    assert saved == Schedule(ScheduleKind.WEEKLY, times=(time(9), time(18, 30)), weekdays=(0, 4))
    assert form.message.text == "The schedule is saved."
    assert not form.save_button.isEnabled()


def test_what_is_wrong_stands_beside_the_field_and_cannot_be_saved(qtbot: QtBot, form: SchedulePage) -> None:
    form.times.kinds[ScheduleKind.DAILY].setChecked(True)
    qtbot.keyClicks(form.times.times, "25:00")
    assert form.times.problem.text() == "Write times of day like 09:00, 18:30."
    assert form.times.times.property("problem") == "true"
    assert not form.save_button.isEnabled()
    form.times.kinds[ScheduleKind.WEEKLY].setChecked(True)
    qtbot.keyClicks(form.times.weekly_times, "9:00")
    assert form.times.problem.text() == "Choose at least one day."
    form.times.kinds[ScheduleKind.CRON].setChecked(True)
    qtbot.keyClicks(form.times.cron, "* *")
    assert form.times.problem.text() == "A cron expression has five fields."


def test_what_the_service_refuses_is_said(qtbot: QtBot, form: SchedulePage, settle: Settle) -> None:
    form.times.kinds[ScheduleKind.CRON].setChecked(True)
    form.times.cron.setText("99 99 * * *")
    form.save()
    settle()
    assert "never fires" in form.message.text
    assert form.save_button.isEnabled()


def test_a_refresh_does_not_take_away_what_a_person_is_typing(
    form: SchedulePage, page: ConfigurationPage, settle: Settle
) -> None:
    form.times.kinds[ScheduleKind.DAILY].setChecked(True)
    form.times.times.setText("07:1")
    page.refresh()
    settle()
    assert form.times.times.text() == "07:1"
    assert form.times.kinds[ScheduleKind.DAILY].isChecked()


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
    form.times.kinds[ScheduleKind.MANUAL].setChecked(True)
    assert not form.incremental.isEnabled()


def test_processing_gets_times_of_its_own(form: SchedulePage, settle: Settle, application: FakeApplication) -> None:
    assert not form.process_times.isVisible()
    form.splits.setChecked(True)
    assert form.process_times.isVisible()
    form.process_times.kinds[ScheduleKind.DAILY].setChecked(True)
    assert not form.save_button.isEnabled()
    form.process_times.times.setText("18:00")
    form.save()
    settle()
    kept = application.configurations.all["Customers"]
    assert kept.schedule.interval_minutes == 15
    assert kept.process_schedule == Schedule(ScheduleKind.DAILY, times=(time(18),))
    form.splits.setChecked(False)
    form.save()
    settle()
    assert application.configurations.all["Customers"].process_schedule is None


def test_an_interval_is_chosen_in_minutes_hours_days_or_weeks(
    form: SchedulePage, settle: Settle, application: FakeApplication
) -> None:
    every = form.times.every
    offered = [every.unit.itemText(place) for place in range(every.unit.count())]
    assert offered == ["minutes", "hours", "days", "weeks"]
    every.number.setValue(2)
    pick(every.unit, WEEK_MIN)
    form.save()
    settle()
    assert application.configurations.all["Customers"].schedule.interval_minutes == 2 * WEEK_MIN
    assert (every.number.value(), every.unit.value) == (2, WEEK_MIN)
    assert not form.save_button.isEnabled()
    assert "Every 2 weeks" in form.sentence.text()


@pytest.mark.parametrize(
    ("minutes", "shown"),
    [(1, (1, 1)), (90, (90, 1)), (120, (2, HOUR_MIN)), (DAY_MIN, (1, DAY_MIN)), (21 * DAY_MIN, (3, WEEK_MIN))],
)
def test_an_interval_is_shown_in_its_largest_unit_and_stays_what_it_was(
    qtbot: QtBot, minutes: int, shown: tuple[int, int]
) -> None:
    box = IntervalBox("Every")
    qtbot.addWidget(box)
    with qtbot.assertNotEmitted(box.changed):
        box.show_minutes(minutes)
    assert (box.number.value(), box.unit.value) == shown
    assert box.minutes == minutes


def test_a_length_that_is_said_already_keeps_the_unit_a_person_chose(qtbot: QtBot) -> None:
    box = IntervalBox("Every")
    qtbot.addWidget(box)
    box.number.setValue(60)
    pick(box.unit, 1)
    box.show_minutes(60)
    assert (box.number.value(), box.unit.value) == (60, 1)


def test_an_interval_may_wait_longer_while_nothing_changes_but_not_shorter(
    form: SchedulePage, settle: Settle, application: FakeApplication
) -> None:
    assert not form.times.longest.isEnabled()
    form.times.idle.setChecked(True)
    pick(form.times.longest.unit, 1)
    form.times.longest.number.setValue(10)
    assert form.times.problem.text() == "While nothing changes it may wait longer than usual, not shorter."
    assert not form.save_button.isEnabled()
    form.times.longest.number.setValue(2)
    pick(form.times.longest.unit, HOUR_MIN)
    form.save()
    settle()
    assert application.configurations.all["Customers"].schedule.longest_idle_minutes == 120


def test_an_entity_is_put_into_real_time(form: SchedulePage, settle: Settle, application: FakeApplication) -> None:
    assert list(form.real_time.choices) == ["customers", "invoices"]
    choice = form.real_time.choices["invoices"]
    choice.choose(RealTime.PREPARE_AND_PROCESS)
    choice.activated.emit(choice.currentIndex())
    assert form.save_button.isEnabled()
    form.save()
    settle()
    kept = application.configurations.all["Customers"]
    assert [entity.real_time for entity in kept.entities] == [RealTime.OFF, RealTime.PREPARE_AND_PROCESS]


def test_runs_and_files_that_start_it_are_added_and_removed(
    qtbot: QtBot, form: SchedulePage, settle: Settle, application: FakeApplication
) -> None:
    qtbot.mouseClick(form.triggers.add_after, Qt.MouseButton.LeftButton)
    [line] = form.triggers.after_lines
    assert line.configuration.value == "Contacts"
    qtbot.mouseClick(form.triggers.add_file, Qt.MouseButton.LeftButton)
    assert form.problem.text() == "Give the path of the files; * stands for anything in a name."
    assert not form.save_button.isEnabled()
    form.triggers.file_lines[0].pattern.setText("/srv/in/*.csv")
    form.save()
    settle()
    kept = application.configurations.all["Customers"]
    assert kept.after_runs == (AfterRun("Contacts"),)
    assert kept.file_arrivals == (FileArrival("/srv/in/*.csv", 5),)
    for removed in form.triggers.findChildren(QPushButton, options=Qt.FindChildOption.FindChildrenRecursively):
        if removed.text() == "Remove":
            removed.click()
    form.save()
    settle()
    kept = application.configurations.all["Customers"]
    assert (kept.after_runs, kept.file_arrivals) == ((), ())


def test_what_it_waits_for_and_why_it_comes_later_is_said(
    form: SchedulePage, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    due = Due("Customers", RunKind.PREPARE, Trigger.SCHEDULE, NOW - timedelta(minutes=1))
    sentence = "It waits for Shop: /media/stick is not there (is its drive connected?)."
    application.schedules.outlooks["Customers"] = Outlook(due, NOW + timedelta(hours=4), sentence)
    page.refresh()
    settle()
    assert form.next.text() == "Prepares: Now   ·   Processes: Today 18:05"
    assert form.waits.text() == sentence
    later = Due("Customers", RunKind.RUN, Trigger.SCHEDULE, NOW + timedelta(hours=1))
    application.schedules.outlooks["Customers"] = Outlook(later, idle_runs=7)
    page.refresh()
    settle()
    assert form.next.text() == "Today 15:05   ·   later than usual: 7 runs in a row found nothing to do"
    assert not form.waits.isVisible()


def test_what_nobody_can_foresee_is_said_so(
    form: SchedulePage, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    application.schedules.outlooks["Customers"] = Outlook()
    known = application.configurations.all
    known["Customers"] = replace(known["Customers"], schedule=Schedule(), after_runs=(AfterRun("Contacts"),))
    page.refresh()
    settle()
    assert form.next.text() == "Only when something happens"
    assert page.header.subtitle.endswith("After Contacts")


def question(window: MainWindow) -> AskDialog:
    [asked] = [dialog for dialog in window.findChildren(AskDialog) if dialog.isVisible()]
    return asked


def answer(window: MainWindow, key: str) -> None:
    next(button for button in question(window).findChildren(QPushButton) if button.objectName() == key).click()


def test_quitting_asks_for_a_schedule_that_was_changed_and_saves_it(
    qtbot: QtBot, window: MainWindow, form: SchedulePage, settle: Settle, application: FakeApplication
) -> None:
    form.times.every.number.setValue(45)
    window.sidebar.choose("Price list")
    settle()
    with qtbot.assertNotEmitted(window.quit_wanted):
        window.ask_quit()
    assert window.sidebar.current == "Customers"
    assert question(window).windowTitle() == "Save the schedule of Customers?"
    answer(window, "back")
    with qtbot.assertNotEmitted(window.quit_wanted):
        settle()
    assert form.times.every.minutes == 45
    window.ask_quit()
    with qtbot.waitSignal(window.quit_wanted):
        answer(window, "save")
    settle()
    assert application.configurations.all["Customers"].schedule.interval_minutes == 45


def test_a_changed_schedule_can_be_given_up_and_what_cannot_be_saved_is_not_offered_to_be(
    qtbot: QtBot, window: MainWindow, form: SchedulePage, settle: Settle, application: FakeApplication
) -> None:
    form.times.kinds[ScheduleKind.DAILY].setChecked(True)
    form.times.times.setText("25:00")
    window.ask_quit()
    keys = [button.objectName() for button in question(window).findChildren(QPushButton)]
    assert sorted(keys) == ["back", "discard"]
    with qtbot.waitSignal(window.quit_wanted):
        answer(window, "discard")
    assert application.configurations.all["Customers"].schedule.interval_minutes == 15
    assert form.times.kinds[ScheduleKind.INTERVAL].isChecked()


def test_a_schedule_that_the_service_refuses_keeps_the_window_open(
    qtbot: QtBot, window: MainWindow, form: SchedulePage, settle: Settle
) -> None:
    form.times.kinds[ScheduleKind.CRON].setChecked(True)
    form.times.cron.setText("99 99 * * *")
    window.ask_quit()
    with qtbot.assertNotEmitted(window.quit_wanted):
        answer(window, "save")
        settle()
    assert "never fires" in form.message.text
    assert form.is_edited
    form.times.cron.setText("0 6 * * *")
    with qtbot.assertNotEmitted(window.quit_wanted):
        form.save()
        settle()
    assert not form.is_edited


def test_what_a_form_cannot_say_is_no_change_of_a_person(
    window: MainWindow, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    before = application.configurations.all["Customers"]
    application.configurations.all["Customers"] = replace(before, schedule=Schedule(is_incremental=True))
    page.refresh()
    settle()
    page.open_tab("schedule")
    settle()
    assert not page.schedule.is_edited


def save_elsewhere(application: FakeApplication, minutes: int) -> None:
    """As the command line does."""
    every = Schedule(ScheduleKind.INTERVAL, interval_minutes=minutes)
    application.configurations.save(replace(application.configurations.get("Customers"), schedule=every))


def test_what_a_person_entered_is_kept_when_another_schedule_is_saved_elsewhere(
    qtbot: QtBot, form: SchedulePage, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    form.times.every.number.setValue(45)
    save_elsewhere(application, 20)
    page.refresh()
    settle()
    assert form.times.every.minutes == 45
    assert form.elsewhere.text.startswith("Another schedule was saved elsewhere meanwhile.")
    assert "20 minutes" in form.sentence.text()
    assert form.is_edited
    qtbot.mouseClick(form.save_button, Qt.MouseButton.LeftButton)
    settle()
    assert application.configurations.get("Customers").schedule.interval_minutes == 45
    assert not form.elsewhere.text
    assert not form.is_edited


def test_what_is_saved_can_be_shown_instead(
    qtbot: QtBot, form: SchedulePage, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    form.times.every.number.setValue(45)
    save_elsewhere(application, 20)
    page.refresh()
    settle()
    qtbot.mouseClick(form.take_saved_button, Qt.MouseButton.LeftButton)
    assert form.times.every.minutes == 20
    assert not form.elsewhere.text
    assert not form.is_edited


def test_a_schedule_that_nobody_changed_here_follows_what_is_saved_elsewhere(
    form: SchedulePage, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    save_elsewhere(application, 20)
    page.refresh()
    settle()
    assert form.times.every.minutes == 20
    assert not form.elsewhere.text


def test_the_same_schedule_saved_elsewhere_is_no_change_any_more(
    form: SchedulePage, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    form.times.every.number.setValue(20)
    save_elsewhere(application, 20)
    page.refresh()
    settle()
    assert not form.elsewhere.text
    assert not form.is_edited
    assert not form.save_button.isEnabled()


def test_saving_does_not_replace_what_was_saved_elsewhere_and_never_shown(
    qtbot: QtBot, form: SchedulePage, settle: Settle, application: FakeApplication
) -> None:
    form.times.every.number.setValue(45)
    save_elsewhere(application, 20)
    with qtbot.waitSignal(form.saved) as told:
        form.save()
    settle()
    assert told.args == [False]
    assert application.configurations.get("Customers").schedule.interval_minutes == 20
    assert form.times.every.minutes == 45
    assert form.elsewhere.text
    form.save()
    settle()
    assert application.configurations.get("Customers").schedule.interval_minutes == 45


def test_what_a_person_entered_outlives_what_other_dialogs_do_to_the_configuration(
    window: MainWindow, form: SchedulePage, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    form.times.every.number.setValue(45)
    application.configurations.save(application.configurations.get("Customers"))
    window.wizards.configuration_saved.emit("Customers")
    settle()
    assert window.current_page is page
    assert page.schedule.times.every.minutes == 45
    window.actions_desk._name = "Customers"
    window.actions_desk._rename(("Clients",))
    settle()
    window.actions_desk._name = "Clients"
    window.actions_desk._swap("swap", False)
    settle()
    later = window.current_page
    assert later is not None
    assert (later.name, later.names.a, later.names.b) == ("Clients", "Shop", "CRM")
    assert later.schedule.is_edited, "also before it is seen, so that quitting asks for it"
    later.open_tab("schedule")
    settle()
    assert later.schedule.times.every.minutes == 45
    assert later.schedule.save_button.isEnabled()
    later.schedule.revert()
    assert later.schedule.times.every.minutes == 15
    assert not later.schedule.is_edited


def test_an_incomplete_schedule_that_cannot_be_kept_is_told(
    window: MainWindow, form: SchedulePage, settle: Settle, application: FakeApplication
) -> None:
    form.times.kinds[ScheduleKind.DAILY].setChecked(True)
    form.times.times.setText("25:00")
    application.configurations.swap_sides("Customers")
    window.refresh()
    settle()
    assert window.statusBar().currentMessage() == (
        "What you entered as the schedule of Customers was not complete, and is not kept"
    )
    later = window.current_page
    assert later is not None
    assert later.names.a == "Shop", "its pages name the sides as they are now"
    assert not later.schedule.is_edited


def test_a_wizard_that_renames_says_so(window: MainWindow, form: SchedulePage, settle: Settle) -> None:
    form.times.every.number.setValue(45)
    assert window.context is not None
    window.context.application.configurations.rename("Customers", "Clients")
    window.wizards.configuration_renamed.emit("Customers", "Clients")
    window.wizards.configuration_saved.emit("Clients")
    settle()
    later = window.current_page
    assert later is not None
    assert later.name == "Clients"
    assert later.schedule.edited is not None
    assert later.schedule.edited.schedule.interval_minutes == 45
