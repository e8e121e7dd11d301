"""The sync group in the window: who shares records, who is to follow, and running all of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_sync.core.run import Outcome, RunResult
from desktop_sync.core.sync_group import GroupResult, SyncGroup
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from tests.gui.fake_application import FakeApplication

MEMBERS = ("Customers", "Orders archive")


@pytest.fixture
def grouped(
    page: ConfigurationPage, application: FakeApplication, window: MainWindow, settle: Callable[[], None]
) -> ConfigurationPage:
    """`Customers` shares records with `Orders archive`, which wrote to them."""
    application.groups.members = MEMBERS
    application.groups.follows = {"Customers": "Orders archive"}
    page.refresh()
    window.refresh_states()
    settle()
    return page


def test_a_configuration_that_shares_nothing_has_no_button_for_a_group(page: ConfigurationPage) -> None:
    assert page.header.group_button.isHidden()


@pytest.mark.scenario("G1")
def test_a_follow_up_is_shown_in_the_list_and_above_the_page(grouped: ConfigurationPage, window: MainWindow) -> None:
    assert "Follow-up due after Orders archive" in grouped.header.subtitle
    said = str(window.sidebar.model.index(0).data(Qt.ItemDataRole.AccessibleTextRole))
    assert "Orders archive wrote to records of it; the next run follows" in said


def test_the_group_runs_and_says_that_it_came_to_rest(
    grouped: ConfigurationPage, application: FakeApplication, qtbot: QtBot, settle: Callable[[], None]
) -> None:
    assert not grouped.header.group_button.isHidden()
    assert "Orders archive" in grouped.header.group_button.toolTip()
    qtbot.mouseClick(grouped.header.group_button, Qt.MouseButton.LeftButton)
    settle()
    assert application.groups.started == ["Customers"]
    assert grouped.message.text == "Done. The 2 synchronizations of the group came to rest after 2 passes."
    assert grouped.header.group_button.isEnabled()
    assert "Follow-up due" not in grouped.header.subtitle


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (
            GroupResult(SyncGroup(MEMBERS, ()), (), 3, left=("Customers",)),
            "did not come to rest in 3 passes. Customers",
        ),
        (
            GroupResult(SyncGroup(MEMBERS, ()), (RunResult(1, "Customers", Outcome.GUARD),), 1),
            "Customers ended the run of the group: Stopped by a guard",
        ),
        (
            GroupResult(
                SyncGroup(MEMBERS, ()), (RunResult(1, "Customers", Outcome.FAILED, error="CRM: it is not there."),), 1
            ),
            "Customers could not run; the others of the group did.\nCRM: it is not there.",
        ),
        (
            GroupResult(SyncGroup(MEMBERS, ()), (RunResult(1, "Customers", Outcome.DONE),), 1, skipped=(MEMBERS[1],)),
            "Left out, being switched off: Orders archive.",
        ),
    ],
    ids=["not settled", "guard", "failed", "left out"],
)
def test_what_the_group_came_to_is_said(
    grouped: ConfigurationPage,
    application: FakeApplication,
    qtbot: QtBot,
    settle: Callable[[], None],
    result: GroupResult,
    said: str,
) -> None:
    application.groups.result = result
    qtbot.mouseClick(grouped.header.group_button, Qt.MouseButton.LeftButton)
    settle()
    assert said in grouped.message.text


def test_a_member_that_never_ran_shows_its_preview_first(
    page: ConfigurationPage, application: FakeApplication, qtbot: QtBot, settle: Callable[[], None]
) -> None:
    application.groups.members = ("Customers", "Price list")
    page.refresh()
    settle()
    qtbot.mouseClick(page.header.group_button, Qt.MouseButton.LeftButton)
    settle()
    assert application.groups.started == []
    assert page.message.text.startswith("First run Price list by itself once")
