"""What a person prefers: chosen in one dialog, seen at once, remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QLabel, QMenu, QPushButton, QSystemTrayIcon
from pytestqt.qtbot import QtBot

from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.ports import ListenAddress
from desktop_sync.core.run import Outcome, Trigger
from desktop_sync.ui.dialogs.ask import AskDialog
from desktop_sync.ui.dialogs.preferences import PreferencesDialog
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.memory import WindowMemory
from desktop_sync.ui.preferences import Closing, Preferences, keep_preferences, read_preferences
from desktop_sync.ui.snooze import Snooze
from desktop_sync.ui.theme import ThemeChoice
from desktop_sync.ui.views.configuration_list import LINE_ROLE, STALE_ROLE
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from tests.gui.fake_application import NOW, FakeApplication, past_runs
from tests.gui.test_accessibility import nameless

Settle = Callable[[], None]
ALL_OTHER = Preferences(ThemeChoice.DARK, True, Closing.QUIT, True, False, 30, True, 9000)


def pick(box: Any, value: object) -> None:
    box.choose(value)
    box.activated.emit(box.currentIndex())


@pytest.fixture
def dialog(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> PreferencesDialog:
    with monkeypatch.context() as tray:
        tray.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: True)
        window.extras.show_preferences()
    found = window.findChild(PreferencesDialog)
    assert found is not None
    return found


def test_what_is_preferred_is_remembered(memory: WindowMemory) -> None:
    assert read_preferences(memory) == Preferences()
    keep_preferences(memory, ALL_OTHER)
    assert read_preferences(memory) == ALL_OTHER


def test_what_cannot_be_read_is_as_in_the_beginning(memory: WindowMemory) -> None:
    for key in (
        "window/theme",
        "window/rows",
        "questions/closing",
        "tray/start",
        "tray/notify",
        "window/stale-days",
        "listener/port",
    ):
        memory.set_text(key, "purple")
    assert read_preferences(memory) == Preferences()


def test_each_choice_holds_at_once_and_stays(
    dialog: PreferencesDialog, window: MainWindow, memory: WindowMemory, page: ConfigurationPage, settle: Settle
) -> None:
    assert nameless(dialog) == []
    page.open_tab("queue")
    settle()
    view = page.queue.area.view
    comfortable = view.rowHeight(0)
    pick(dialog.rows, True)
    assert view.rowHeight(0) < comfortable
    pick(dialog.theme, ThemeChoice.DARK)
    assert page.queue.area.view._context.theme.colours.is_dark
    assert window.menus.themes[ThemeChoice.DARK].isChecked()
    pick(dialog.closing, Closing.QUIT)
    dialog.start.click()
    dialog.notify.click()
    dialog.stale_days.setValue(30)
    dialog.listen_port.setValue(9000)
    dialog.listens.click()
    assert read_preferences(memory) == ALL_OTHER
    pick(dialog.rows, False)
    assert view.rowHeight(0) == comfortable


def days_ago(application: FakeApplication, name: str, days: int) -> None:
    """Its last run was all right, and that long ago."""
    newest = application.records.kept_runs[name][0]
    began = NOW - timedelta(days=days)
    application.records.kept_runs[name] = [
        replace(newest, started_at=began, ended_at=began, outcome=Outcome.DONE, result=None)
    ]


def line_of(window: MainWindow, name: str) -> tuple[object, object]:
    index = window.sidebar.model.index(window.sidebar.model.row_of(name))
    return index.data(LINE_ROLE), index.data(STALE_ROLE)


def test_what_did_not_run_for_long_and_will_not_by_itself_is_highlighted(
    dialog: PreferencesDialog, window: MainWindow, application: FakeApplication, settle: Settle
) -> None:
    days_ago(application, "Orders archive", 12)
    days_ago(application, "Customers", 12)  # its schedule runs it in a few minutes
    window.refresh()
    settle()
    assert line_of(window, "Orders archive") == ("Not run for 12 days", True)
    assert "Not run for 12 days" in window.sidebar.model.index(1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert line_of(window, "Customers")[1] is False
    dialog.stale_days.setValue(13)
    assert line_of(window, "Orders archive")[1] is False
    dialog.stale_days.setValue(2)
    dialog.stale.click()
    assert line_of(window, "Orders archive")[1] is False


def test_asking_again_is_a_choice_too(dialog: PreferencesDialog, memory: WindowMemory) -> None:
    pick(dialog.closing, Closing.BACKGROUND)
    pick(dialog.closing, Closing.ASK)
    assert read_preferences(memory).closing is Closing.ASK


def test_without_a_tray_nothing_about_it_can_be_chosen(qtbot: QtBot) -> None:
    dialog = PreferencesDialog(Preferences(), has_tray=False)
    qtbot.addWidget(dialog)
    assert not any(control.isEnabled() for control in (dialog.closing, dialog.start, dialog.notify))
    assert dialog.theme.isEnabled()


def test_menu_key_and_tray_lead_to_the_preferences(window: MainWindow) -> None:
    entries = [action for menu in window.menuBar().actions() for action in menu.menu().actions()]
    (entry,) = [action for action in entries if action.text() == "&Preferences…"]
    assert entry.shortcut() == QKeySequence("Ctrl+,")
    entry.trigger()
    assert len(window.findChildren(PreferencesDialog)) == 1
    window.hide()
    window.tray.preferences_action.trigger()
    assert window.isVisible()
    assert len(window.findChildren(PreferencesDialog)) == 2


class Told:
    """An icon that notes what it shows, and shows nothing else."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def setIcon(self, _icon: object) -> None: ...

    def setToolTip(self, _text: str) -> None: ...

    def showMessage(self, title: str, _text: str) -> None:
        self.shown.append(title)


@pytest.fixture
def told(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """A tray that shows notifications, of a window that nobody looks at."""
    made = Told()
    monkeypatch.setattr(window, "isActiveWindow", lambda: False)
    window.tray.icon = made  # type: ignore[assignment]
    yield made
    window.tray.icon = None


def fail_by_schedule(window: MainWindow) -> None:
    run = next(run for run in past_runs("Customers") if run.outcome is Outcome.FAILED)
    assert run.result is not None
    window.news.tell_run("Customers", run.result, Trigger.SCHEDULE)


@pytest.mark.parametrize("notifies", [True, False])
def test_whoever_wants_no_notifications_gets_none(
    window: MainWindow, told: Told, memory: WindowMemory, notifies: bool
) -> None:
    window.extras.prefer(Preferences(notifies=notifies))
    fail_by_schedule(window)
    assert told.shown == (["Customers"] if notifies else [])
    assert window.tray.snooze.menu_action.isVisible() is notifies


def test_notifications_are_snoozed_for_a_while(
    window: MainWindow, told: Told, application: FakeApplication, memory: WindowMemory
) -> None:
    snooze = window.tray.snooze
    snooze.menu.actions()[1].trigger()
    fail_by_schedule(window)
    assert told.shown == []
    assert snooze.wake_action.text() == "&Notify again (quiet until Today 15:05)"
    assert (snooze.wake_action.isVisible(), snooze.menu_action.isVisible()) == (True, False)
    assert Snooze(memory, application.clock, QMenu(window)).until == NOW + timedelta(hours=1)
    application.clock.at = NOW + timedelta(minutes=61)
    fail_by_schedule(window)
    assert told.shown == ["Customers"]
    snooze.refresh()
    assert (snooze.wake_action.isVisible(), snooze.menu_action.isVisible()) == (False, True)


def test_notifications_come_again_when_a_person_wants_them(window: MainWindow, told: Told) -> None:
    window.tray.snooze.menu.actions()[2].trigger()
    window.tray.snooze.wake_action.trigger()
    fail_by_schedule(window)
    assert told.shown == ["Customers"]


def test_a_clock_that_was_set_back_ends_the_quiet(window: MainWindow, application: FakeApplication) -> None:
    window.tray.snooze.menu.actions()[0].trigger()
    application.clock.at = NOW - timedelta(days=3)
    assert window.tray.snooze.lets_notify


def test_other_programs_are_listened_to_as_long_as_a_person_wants(
    dialog: PreferencesDialog, application: FakeApplication, memory: WindowMemory, settle: Settle
) -> None:
    settle()
    assert application.listening.address is None
    assert not dialog.listening.isVisibleTo(dialog)
    dialog.listen_port.setValue(9876)
    dialog.listens.setChecked(True)
    settle()
    assert application.listening.address == ListenAddress(port=9876)
    assert "Listening on http://127.0.0.1:9876" in dialog.listening.text()
    assert str(application.listening.token_path) in dialog.listening.text()
    assert not dialog.listen_port.isEnabled()
    assert (read_preferences(memory).listens, read_preferences(memory).listen_port) == (True, 9876)
    dialog.listens.setChecked(False)
    settle()
    assert application.listening.address is None
    assert dialog.listening.text() == ""


def test_a_port_that_is_taken_is_said_and_can_be_tried_again(
    dialog: PreferencesDialog, application: FakeApplication, settle: Settle
) -> None:
    application.listening.error = ConfigurationError("nothing can listen on 127.0.0.1, port 8765: it is in use")
    dialog.listens.setChecked(True)
    settle()
    assert "port 8765" in dialog.listening.text()
    application.listening.error = None
    dialog.listens.setChecked(False)
    dialog.listens.setChecked(True)
    settle()
    assert application.listening.address == ListenAddress(port=8765)


def test_what_was_preferred_is_listened_to_from_the_start(
    memory: WindowMemory,
    open_window: Callable[[FakeApplication], MainWindow],
    application: FakeApplication,
    settle: Settle,
) -> None:
    keep_preferences(memory, Preferences(listens=True, listen_port=9100))
    open_window(application)
    settle()
    assert application.listening.address == ListenAddress(port=9100)


def test_how_long_history_is_kept_is_chosen_in_the_preferences(
    dialog: PreferencesDialog, application: FakeApplication, settle: Settle
) -> None:
    settle()
    card = dialog.history
    assert card.isEnabled()
    assert (card.goes.isChecked(), card.days.value()) == (True, 90)
    card.days.setValue(30)
    card.choose()
    settle()
    assert application.history_retention.days == 30
    card.goes.click()
    card.choose()
    settle()
    assert application.history_retention.days == 0
    assert not card.purge.isEnabled()


def test_what_is_too_old_is_removed_after_a_person_saw_what_it_is(
    window: MainWindow, dialog: PreferencesDialog, application: FakeApplication, settle: Settle
) -> None:
    settle()
    dialog.history.purge.click()
    settle()
    question = window.findChild(AskDialog)
    assert question is not None
    text = " ".join(one.text() for one in question.findChildren(QLabel))
    assert "12 runs, 3,400 actions and 1 settled conflict" in text
    assert "12.3 MB" in text
    assert application.history_retention.purged == []
    button = question.findChild(QPushButton, "remove")
    assert isinstance(button, QPushButton)
    button.click()
    settle()
    assert application.history_retention.purged == [0]
    assert "The files are 9.0 MB smaller." in dialog.history.said.text()
    dialog.history.purge.click()
    settle()
    assert "no history" in dialog.history.said.text()
