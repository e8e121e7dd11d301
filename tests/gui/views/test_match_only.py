"""A configuration that only matches, or belongs to another ledger, in the window."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from desktop_sync.core.binding import MatchOnly
from desktop_sync.core.errors import AlreadyRunningError, BoundElsewhereError
from desktop_sync.ui.dialogs.ask import AskDialog
from desktop_sync.ui.views.configuration_list import ConfigurationListModel
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from tests.gui.fake_application import FakeApplication

Settle = Callable[[], None]
NAME = "Customers"


def answer(page: ConfigurationPage, key: str, qtbot: QtBot) -> None:
    (dialog,) = page.findChildren(AskDialog)
    button = dialog.findChild(QPushButton, key)
    assert isinstance(button, QPushButton)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def restored(application: FakeApplication, page: ConfigurationPage, settle: Settle, *, matched: bool) -> None:
    application.bindings.modes[NAME] = MatchOnly.RESTORED
    if matched:
        application.bindings.matched.add(NAME)
    page.refresh()
    settle()


def test_there_is_no_banner_in_the_ordinary_mode(page: ConfigurationPage) -> None:
    assert page.match_only.isHidden()


@pytest.mark.scenario("K7")
def test_the_banner_says_why_and_offers_to_match_first(
    qtbot: QtBot, application: FakeApplication, page: ConfigurationPage, settle: Settle
) -> None:
    restored(application, page, settle, matched=False)
    assert "restored from a copy" in page.match_only.bar.text
    assert "Nothing is created, updated or deleted" in page.match_only.bar.text
    assert page.match_only.match_button.isVisible()
    assert not page.match_only.confirm_button.isVisible()
    with qtbot.waitSignal(page._board.run_ended):
        qtbot.mouseClick(page.match_only.match_button, Qt.MouseButton.LeftButton)


@pytest.mark.scenario("K7")
def test_confirming_asks_once_and_takes_the_banner_away(
    qtbot: QtBot, application: FakeApplication, page: ConfigurationPage, settle: Settle
) -> None:
    restored(application, page, settle, matched=True)
    assert not page.match_only.match_button.isVisible()
    qtbot.mouseClick(page.match_only.confirm_button, Qt.MouseButton.LeftButton)
    answer(page, "stay", qtbot)
    settle()
    assert NAME in application.bindings.modes
    qtbot.mouseClick(page.match_only.confirm_button, Qt.MouseButton.LeftButton)
    answer(page, "confirm", qtbot)
    settle()
    assert NAME not in application.bindings.modes
    assert page.match_only.isHidden()


def test_a_refusal_is_said_and_the_banner_stays(
    qtbot: QtBot, application: FakeApplication, page: ConfigurationPage, settle: Settle
) -> None:
    restored(application, page, settle, matched=True)
    application.bindings.error = AlreadyRunningError(NAME, "process 4711 on desk")
    qtbot.mouseClick(page.match_only.confirm_button, Qt.MouseButton.LeftButton)
    answer(page, "confirm", qtbot)
    settle()
    assert "process 4711 on desk" in page.message.text
    assert page.match_only.confirm_button.isEnabled()


@pytest.mark.scenario("K6")
def test_a_configuration_of_another_ledger_can_be_taken_over(
    qtbot: QtBot, application: FakeApplication, page: ConfigurationPage, settle: Settle
) -> None:
    page._board.failed.emit(NAME, BoundElsewhereError(NAME, "Shop", "process 12 on laptop"))
    assert "process 12 on laptop" in page.match_only.bar.text
    qtbot.mouseClick(page.match_only.take_over_button, Qt.MouseButton.LeftButton)
    answer(page, "take", qtbot)
    settle()
    assert application.bindings.modes[NAME] is MatchOnly.TAKEN_OVER
    assert "taken over" in page.match_only.bar.text
    assert page.match_only.match_button.isVisible()


@pytest.mark.parametrize(("why", "can_run"), [(MatchOnly.RESTORED, True), (MatchOnly.FOREIGN, False)])
def test_a_preview_that_only_matches_says_so_and_turns_nothing_around(
    application: FakeApplication, page: ConfigurationPage, settle: Settle, why: MatchOnly, can_run: bool
) -> None:
    application.synchronization.match_only = why
    page.start_preview()
    settle()
    shown = page.preview_page
    assert shown is not None
    assert shown.match_only.text
    assert shown.run_button.text() == "Match &now"
    assert shown.run_button.isEnabled() is can_run
    assert not shown.detail.to_a_button.isVisible()


def test_the_list_of_configurations_says_it(application: FakeApplication, page: ConfigurationPage) -> None:
    application.bindings.modes[NAME] = MatchOnly.RESTORED
    model = ConfigurationListModel()
    model.show(application.configurations.states())
    row = next(row for row in range(model.rowCount()) if NAME in model.index(row).data())
    assert "restored from a copy" in model.index(row).data(Qt.ItemDataRole.ToolTipRole)
