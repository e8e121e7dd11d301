"""What goes on while nobody looks: the tray, the schedule, and closing to the background."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from desktop_sync.core.run import Outcome, RunKind, Trigger
from desktop_sync.core.unattended import Due
from desktop_sync.ui.dialogs.ask import AskDialog
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.memory import WindowMemory
from desktop_sync.ui.preferences import CLOSE_CHOICE
from desktop_sync.ui.tray import PauseState, Tray, TrayState, situation
from tests.gui.fake_application import NOW, FakeApplication

Settle = Callable[[], None]


def visible(tray: Tray) -> list[str]:
    return [action.text().replace("&", "") for action in tray.menu.actions() if action.isVisible() and action.text()]


def entry(tray: Tray, text: str) -> QAction:
    return next(action for action in tray.menu.actions() if action.text().replace("&", "") == text)


def test_the_menu_has_pause_and_sync_at_the_top_level(window: MainWindow) -> None:
    assert visible(window.tray) == [
        "Next: Today 14:17",
        "Open Desktop Sync",
        "Sync now",
        "Pause",
        "Decisions waiting (13)",
        "Snooze notifications",
        "Messages…",
        "Preferences…",
        "Quit",
    ]
    assert not window.tray.status.isEnabled()


def test_sync_now_is_a_submenu_only_when_there_are_several(
    window: MainWindow, settle: Settle, application: FakeApplication
) -> None:
    assert window.tray.sync_menu_action.isVisible()
    assert [action.text() for action in window.tray.sync_menu.actions()] == [
        "Customers",
        "Orders archive",
        "Price list",
    ]
    window.tray.sync_menu.actions()[0].trigger()
    settle()
    assert application.synchronization.started[-1][0] == "Customers"
    for name in ("Orders archive", "Contacts", "Price list"):
        application.configurations.delete(name)
    window.refresh()
    settle()
    assert not window.tray.sync_menu_action.isVisible()
    assert window.tray.sync_action.isVisible()


def test_pausing_is_told_to_the_schedule_and_resuming_takes_its_place(
    window: MainWindow, settle: Settle, application: FakeApplication
) -> None:
    window.tray.pause_menu.actions()[1].trigger()
    settle()
    assert application.schedules.paused_until == NOW + timedelta(hours=1)
    assert "Resume" in visible(window.tray)
    assert "Pause" not in visible(window.tray)
    assert visible(window.tray)[0] == "Paused until Today 15:05"
    entry(window.tray, "Resume").trigger()
    settle()
    assert not application.schedules.is_paused
    assert "Pause" in visible(window.tray)


def test_until_resumed_has_no_end(window: MainWindow, settle: Settle, application: FakeApplication) -> None:
    window.tray.pause_menu.actions()[3].trigger()
    settle()
    assert application.schedules.is_paused
    assert application.schedules.paused_until is None


def test_a_running_synchronization_can_be_cancelled_from_the_menu(
    qtbot: QtBot, window: MainWindow, settle: Settle, application: FakeApplication
) -> None:
    application.synchronization.gate.clear()
    window.board.run("Customers")
    assert window.tray.situation.state is TrayState.RUNNING
    qtbot.waitUntil(lambda: "Customers: Reading customers" in window.tray.status.text(), timeout=5000)
    entry(window.tray, "Cancel what is running").trigger()
    settle()
    assert window.tray.situation.state is not TrayState.RUNNING
    assert not window.tray.cancel_action.isVisible()


def test_decisions_lead_to_the_conflicts(window: MainWindow, settle: Settle) -> None:
    window.sidebar.choose("Orders archive")
    settle()
    window.tray.decisions_action.trigger()
    settle()
    page = window.current_page
    assert page is not None
    assert page.name == "Customers"
    assert page.tabs.currentWidget() is page.conflicts


@pytest.mark.parametrize(
    ("outcome", "conflicts", "paused", "running", "expected"),
    [
        (Outcome.DONE, 0, False, False, TrayState.OK),
        (Outcome.DONE, 0, True, False, TrayState.PAUSED),
        (Outcome.DONE, 2, True, False, TrayState.ATTENTION),
        (Outcome.FAILED, 0, False, False, TrayState.ATTENTION),
        (Outcome.FAILED, 0, False, True, TrayState.RUNNING),
        (None, 0, False, False, TrayState.OK),
    ],
)
def test_the_icon_tells_what_matters_most(
    application: FakeApplication,
    outcome: Outcome | None,
    conflicts: int,
    paused: bool,
    running: bool,
    expected: TrayState,
) -> None:
    state = replace(application.configurations.states()[1], last_outcome=outcome, open_conflicts=conflicts, counts={})
    assert situation((state,), PauseState(paused), is_running=running).state is expected


def test_what_is_due_is_started_by_schedule_and_only_once(
    qtbot: QtBot, window: MainWindow, settle: Settle, application: FakeApplication
) -> None:
    application.unattended.want("Customers")
    application.synchronization.gate.clear()
    for _ in range(3):
        with qtbot.waitSignal(window.scheduler.ticked, timeout=5000):
            window.scheduler.tick()
    application.synchronization.gate.set()
    settle()
    assert [(name, trigger) for name, trigger, _, _ in application.synchronization.started] == [
        ("Customers", Trigger.SCHEDULE)
    ]


def test_nothing_is_started_while_it_is_paused(
    window: MainWindow, settle: Settle, application: FakeApplication
) -> None:
    application.schedules.pause(None)
    application.unattended.want("Customers")
    window.scheduler.tick()
    settle()
    assert application.synchronization.started == []


def test_a_schedule_never_does_the_first_run(window: MainWindow, settle: Settle, application: FakeApplication) -> None:
    application.unattended.want("Price list")
    window.scheduler.tick()
    settle()
    assert application.synchronization.started == []


def test_the_schedule_goes_on_while_the_window_is_hidden(
    window: MainWindow, settle: Settle, application: FakeApplication
) -> None:
    window.hide()
    application.unattended.want("Orders archive")
    window.scheduler.tick()
    settle()
    assert [name for name, *_ in application.synchronization.started] == ["Orders archive"]


def test_closing_to_the_tray_asks_once_and_remembers(
    qtbot: QtBot, window: MainWindow, memory: WindowMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tray, "is_there", True)
    with qtbot.assertNotEmitted(window.quit_wanted):
        window.close()
    dialog = window.findChild(AskDialog)
    assert dialog is not None
    dialog._again.setChecked(True)
    keep = next(button for button in dialog.findChildren(QPushButton) if button.objectName() == "background")
    assert keep.isDefault()
    keep.click()
    assert not window.isVisible()
    assert memory.text(CLOSE_CHOICE) == "background"
    window.bring_up()
    window.close()
    assert not window.isVisible()
    window.menus.ask_again_wanted.emit()
    assert memory.text(CLOSE_CHOICE) == ""


def test_escape_in_the_question_keeps_the_window(
    window: MainWindow, memory: WindowMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tray, "is_there", True)
    window.close()
    dialog = window.findChild(AskDialog)
    assert dialog is not None
    dialog.reject()
    assert window.isVisible()
    assert memory.text(CLOSE_CHOICE) == ""


def test_what_is_told_in_real_time_is_started_without_waiting_for_the_schedule(
    window: MainWindow, settle: Settle, application: FakeApplication
) -> None:
    assert application.unattended.is_started
    application.unattended.pushed = (Due("Customers", RunKind.RUN, Trigger.PUSH, NOW),)
    window.scheduler.look_for_news()
    settle()
    assert [(name, trigger) for name, trigger, *_ in application.synchronization.started] == [
        ("Customers", Trigger.PUSH)
    ]
    window.scheduler.look_for_news()
    settle()
    assert len(application.synchronization.started) == 1


def test_nothing_in_real_time_is_started_while_it_is_paused(
    window: MainWindow, settle: Settle, application: FakeApplication
) -> None:
    application.schedules.pause(None)
    application.unattended.pushed = (Due("Customers", RunKind.RUN, Trigger.PUSH, NOW),)
    window.scheduler.look_for_news()
    settle()
    assert application.synchronization.started == []
