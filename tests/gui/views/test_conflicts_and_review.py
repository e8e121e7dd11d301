"""Decisions that wait for a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_sync.core.configuration import Side
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.status import Status
from desktop_sync.ui.dialogs.text_entry import TextEntryDialog
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.models.paged_table import DIFFERS_ROLE
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from tests.gui.fake_application import FakeApplication

Settle = Callable[[], None]


def test_the_first_conflict_is_shown_with_both_records_and_the_base(page: ConfigurationPage, settle: Settle) -> None:
    page.open_tab("conflicts")
    settle()
    fields = page.conflicts.fields
    assert [fields.headerData(column, Qt.Orientation.Horizontal) for column in range(4)] == [
        "Field",
        "CRM",
        "Shop",
        "Last synchronized",
    ]
    differs = {fields.index(row, 0).data(): bool(fields.index(row, 0).data(DIFFERS_ROLE)) for row in range(4)}
    assert differs == {"Name": False, "Email": False, "City": True, "Phone": False}


def test_the_buttons_name_the_systems(page: ConfigurationPage, settle: Settle) -> None:
    page.open_tab("conflicts")
    settle()
    assert page.conflicts.keep_a.text() == "Keep the CRM values"
    assert page.conflicts.keep_b.text() == "Keep the Shop values"


def test_keeping_one_side_decides_that_conflict_only(
    qtbot: QtBot, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    page.open_tab("conflicts")
    settle()
    qtbot.mouseClick(page.conflicts.keep_b, Qt.MouseButton.LeftButton)
    settle()
    assert application.records.resolved == [(1, Side.B)]
    assert page.conflicts.area.model.rowCount() == 8
    assert "1 record decided" in page.conflicts.message.text


def test_all_like_this_is_counted_first_and_means_the_same_entity_and_fields(
    qtbot: QtBot, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    page.open_tab("conflicts")
    settle()
    like = page.conflicts.like
    assert "all 6 conflicts" in like.text()
    assert page.conflicts.alike.text() == "All of “customers” where City differs"
    like.setChecked(True)
    assert page.conflicts.keep_a.text() == "Keep the CRM values of all 6"
    assert page.conflicts.keep_b.accessibleName() == "Keep the Shop values of all 6"
    qtbot.mouseClick(page.conflicts.keep_a, Qt.MouseButton.LeftButton)
    settle()
    assert [winner for _, winner in application.records.resolved] == [Side.A] * 6
    assert {conflict.id for conflict in application.records.open.values()} == {3, 6, 9}


def test_one_of_many_that_changed_meanwhile_does_not_keep_the_others_waiting(
    qtbot: QtBot, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    page.open_tab("conflicts")
    settle()
    page.conflicts.like.setChecked(True)
    application.records.refused_decisions = {2}
    qtbot.mouseClick(page.conflicts.keep_a, Qt.MouseButton.LeftButton)
    settle()
    assert [number for number, _ in application.records.resolved] == [1, 4, 5, 7, 8]
    assert page.conflicts.message.text.startswith("5 records decided.")
    assert "1 record still waiting: " in page.conflicts.message.text
    assert page.conflicts.keep_a.text() == "Keep the CRM values"


def test_a_record_that_changed_meanwhile_stops_the_decision_and_says_so(
    qtbot: QtBot, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    page.open_tab("conflicts")
    settle()
    application.records.refuses_decisions = True
    qtbot.mouseClick(page.conflicts.keep_a, Qt.MouseButton.LeftButton)
    settle()
    assert application.records.resolved == []
    assert page.conflicts.message.text != ""
    assert page.conflicts.keep_a.isEnabled()


def test_decisions_are_counted_on_the_tab_and_go_away(
    page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    place = page.tabs.indexOf(page.conflicts)
    assert page.tabs.tabText(place) == "Conflicts  9"
    application.records.open.clear()
    page.refresh()
    settle()
    assert page.tabs.tabText(place) == "Conflicts"
    page.open_tab("conflicts")
    settle()
    assert page.conflicts.area.is_empty


def test_linking_a_candidate_settles_the_case(
    qtbot: QtBot, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    page.open_tab("review")
    settle()
    assert page.review.area.model.rowCount() == 4
    page.review.detail.candidate_view.selectRow(1)
    qtbot.mouseClick(page.review.detail.link_button, Qt.MouseButton.LeftButton)
    settle()
    assert application.records.linked == [("customers", "1003", "800")]
    assert page.review.area.model.rowCount() == 3


def test_linking_by_hand_needs_both_ids(
    qtbot: QtBot, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    page.open_tab("review")
    settle()
    qtbot.mouseClick(page.review.detail.by_hand_button, Qt.MouseButton.LeftButton)
    dialog = page.review.findChild(TextEntryDialog)
    assert dialog is not None
    assert not dialog.accept_button.isEnabled()
    qtbot.keyClicks(dialog.edits[1], "4711")
    assert dialog.accept_button.isEnabled()
    qtbot.mouseClick(dialog.accept_button, Qt.MouseButton.LeftButton)
    settle()
    assert application.records.linked == [("customers", "1003", "4711")]


def test_the_overview_says_what_waits_and_leads_there(
    qtbot: QtBot, page: ConfigurationPage, settle: Settle, window: MainWindow
) -> None:
    overview = page.overview
    assert "9 records changed differently" in overview._waiting.text
    qtbot.mouseClick(overview._waiting_conflicts, Qt.MouseButton.LeftButton)
    assert page.tabs.currentWidget() is page.conflicts


def test_a_status_card_opens_the_queue_of_that_status(qtbot: QtBot, page: ConfigurationPage, settle: Settle) -> None:
    qtbot.mouseClick(page.overview._cards[Status.FAILED], Qt.MouseButton.LeftButton)
    settle()
    assert page.tabs.currentWidget() is page.queue
    assert page.queue.area.model.rowCount() == 20


@pytest.mark.parametrize("tab", ["conflicts", "review"])
def test_what_a_person_decides_with_is_in_reach_on_the_lowest_screen(
    page: ConfigurationPage, settle: Callable[[], None], tab: str
) -> None:
    """1366 x 768 pixels at 150 % are 911 x 512."""
    window = page.window()
    window.resize(911, 470)
    page.open_tab(tab)
    settle()
    shown = page.conflicts.keep_a if tab == "conflicts" else page.review.detail.link_button
    assert shown.isVisible()
    assert shown.visibleRegion().boundingRect().size() == shown.size()
    assert shown.mapTo(window, shown.rect().bottomLeft()).y() < window.height()


def names_in_review(page: ConfigurationPage) -> list[str]:
    model = page.review.area.model
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


def test_records_in_review_are_called_by_their_identifying_values(
    page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    called = application.explanation.called
    del called[36]
    page.open_tab("review")
    settle()
    assert names_in_review(page) == [called[4], "—", called[68], called[100]]
    assert page.review.detail._title.text() == f"{called[4]}\ncustomers: CRM 1003"
    page.review.area.view.selectRow(1)
    assert page.review.detail._title.text() == "customers: CRM 1035"
    called[36] = "Ada "
    page.refresh()
    settle()
    assert names_in_review(page)[1] == "Ada␣", "as it stands now"
    assert page.review.detail._title.text() == "Ada␣\ncustomers: CRM 1035"


def test_a_list_of_reviews_does_not_wait_for_names_that_cannot_be_read(
    page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    application.explanation.name_error = ConfigurationError("the drive is not there")
    page.open_tab("review")
    settle()
    assert names_in_review(page) == ["—"] * 4
    assert not page.review.message.text
    assert not page.review.area.message.text


def test_names_are_read_for_the_rows_that_are_seen(
    page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    first = application.records.cases[0]
    application.records.cases = [replace(first, record_id=number) for number in range(1, 1001)]
    page.open_tab("review")
    settle()
    assert application.explanation.asked_names == [tuple(range(1, 201))]
    page.review.area.view.scrollToBottom()
    page.review.area.view.repaint()
    settle()
    assert application.explanation.asked_names[-1][-1] == 1000
    asked = [number for numbers in application.explanation.asked_names for number in numbers]
    assert len(asked) == len(set(asked)), "no name is read twice"
