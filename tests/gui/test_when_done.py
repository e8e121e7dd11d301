"""What a person wishes for the end of a run that goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop_sync.core.run import Outcome
from desktop_sync.ui.bridge.run_board import WhenDone
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from tests.gui.fake_application import FakeApplication

Settle = Callable[[], None]


@pytest.fixture
def running(window: MainWindow, page: ConfigurationPage, application: FakeApplication) -> MainWindow:
    """The window while `Customers` runs."""
    assert not window.menus.done_menu.isEnabled()
    application.synchronization.gate.clear()
    window.board.run(page.name)
    assert window.menus.done_menu.isEnabled()
    assert window.menus.wishes[WhenDone.NOTHING].isChecked()
    return window


def finish(application: FakeApplication, settle: Settle) -> None:
    application.synchronization.gate.set()
    settle()


def test_a_person_who_asked_is_called_once(
    running: MainWindow, settle: Settle, application: FakeApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    monkeypatch.setattr(QApplication, "beep", lambda: called.append("beep"))
    running.menus.wishes[WhenDone.TELL].trigger()
    finish(application, settle)
    assert called == ["beep"]
    assert running.statusBar().currentMessage().startswith("Customers: ")
    assert not running.menus.done_menu.isEnabled()
    assert running.menus.wishes[WhenDone.NOTHING].isChecked(), "the next run begins without a wish"
    running.board.run("Customers")
    settle()
    assert called == ["beep"]


def test_it_quits_after_a_run_where_all_went_well(
    qtbot: QtBot, running: MainWindow, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    application.synchronization.next_outcome = Outcome.DONE
    running.menus.wishes[WhenDone.QUIT].trigger()
    assert "Desktop Sync quits after it" in page.progress._title.text()
    with qtbot.waitSignal(running.quit_wanted):
        finish(application, settle)


@pytest.mark.parametrize("outcome", [Outcome.PROBLEMS, Outcome.GUARD, Outcome.FAILED, Outcome.CANCELLED])
def test_it_stays_where_a_person_is_needed(
    qtbot: QtBot, running: MainWindow, settle: Settle, application: FakeApplication, outcome: Outcome
) -> None:
    application.synchronization.next_outcome = outcome
    running.menus.wishes[WhenDone.QUIT].trigger()
    with qtbot.assertNotEmitted(running.quit_wanted):
        finish(application, settle)


def test_a_stop_forgets_the_wish(
    qtbot: QtBot, running: MainWindow, settle: Settle, application: FakeApplication
) -> None:
    application.synchronization.next_outcome = Outcome.DONE
    running.menus.wishes[WhenDone.QUIT].trigger()
    running.work.stop()
    with qtbot.assertNotEmitted(running.quit_wanted):
        finish(application, settle)


def test_a_run_that_follows_takes_the_wish_over(
    qtbot: QtBot, running: MainWindow, settle: Settle, application: FakeApplication
) -> None:
    running.board.run("Customers")  # one more, asked for meanwhile
    running.menus.wishes[WhenDone.QUIT].trigger()
    with qtbot.waitSignal(running.quit_wanted):
        finish(application, settle)
    assert len(application.synchronization.started) == 2
