"""Records of which nobody knows whether they were written, and the values of candidates side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_sync.core.configuration import Side
from desktop_sync.core.errors import EndpointError, Place
from desktop_sync.core.explanation import ComparedField
from desktop_sync.core.held_case import HeldCase
from desktop_sync.core.ledger_values import HoldReason
from desktop_sync.core.provider_port import Operation
from desktop_sync.core.status import Status
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from tests.gui.fake_application import NOW, FakeApplication
from tests.gui.test_accessibility import nameless
from tests.support.fake_explanation import EXPLAINED

Settle = Callable[[], None]
RECORD = 4
HELD = HeldCase(
    RECORD,
    "customers",
    "1003",
    None,
    Side.B,
    "Shop",
    Operation.CREATE,
    12,
    NOW - timedelta(days=3),
    timedelta(days=3),
    HoldReason.AMBIGUOUS,
    (("1003", "700"), ("1003", "800")),
)


def city(a: str | None, b: str | None) -> ComparedField:
    return ComparedField("city", a, b, None, None, a and a.lower(), b and b.lower(), a != b)


@pytest.fixture
def hold(application: FakeApplication, page: ConfigurationPage, settle: Settle) -> Callable[[HeldCase], None]:
    """Shows the tab with that record held."""

    def held(case: HeldCase) -> None:
        application.records.held_cases = [case]
        application.explanation.answer = replace(
            EXPLAINED, entity="customers", a_id="1003", b_id=None, fields=(city("Köln", None),)
        )
        for other, where in (("700", "KÖLN"), ("800", "Bonn")):
            application.explanation.answers[f"id:{other}"] = replace(
                EXPLAINED, entity="customers", a_id=None, b_id=other, fields=(city(None, where),)
            )
        page.open_tab("review")
        settle()

    return held


def test_a_held_record_says_since_when_why_what_it_may_be_and_what_to_do(
    hold: Callable[[HeldCase], None], page: ConfigurationPage
) -> None:
    hold(HELD)
    table, detail = page.review.area.model, page.review.detail
    assert [table.index(row, 1).data() for row in range(table.rowCount())] == ["No answer", *["Not certain"] * 3]
    assert table.index(0, 5).data() == "3 days"
    assert "(3 days): nobody knows whether it was written." in detail.held.text
    assert HELD.why in detail.held.text
    assert detail._reason.text() == HELD.advice
    assert [row[:2] for row in detail.candidates.rows] == list(HELD.may_be)
    shown = [button.text().replace("&", "") for button in page.review.findChildren(type(detail.link_button))]
    assert {"Link to this one", "Create again", "Leave for now"} <= set(shown)
    assert detail.by_hand_button.isHidden()
    assert nameless(page.review) == []


def test_values_stand_side_by_side_and_differ_as_they_are_compared(
    qtbot: QtBot, hold: Callable[[HeldCase], None], page: ConfigurationPage
) -> None:
    hold(HELD)
    values = page.review.detail.values
    qtbot.waitUntil(lambda: values.columnCount() == 4)
    titles = [values.headerData(column, Qt.Orientation.Horizontal) for column in range(4)]
    assert titles == ["Field", "CRM 1003", "Shop 700", "Shop 800"]
    assert [values.index(0, column).data() for column in range(4)] == ["city", "Köln", "KÖLN", "Bonn"]
    assert values.rows[0].differs


def test_a_candidate_that_agrees_in_what_is_compared_is_not_marked(
    qtbot: QtBot, hold: Callable[[HeldCase], None], page: ConfigurationPage
) -> None:
    hold(replace(HELD, may_be=HELD.may_be[:1]))
    values = page.review.detail.values
    qtbot.waitUntil(lambda: values.columnCount() == 3)
    assert not values.rows[0].differs


def test_a_candidate_whose_id_means_another_record_is_not_shown(
    qtbot: QtBot, hold: Callable[[HeldCase], None], page: ConfigurationPage, application: FakeApplication
) -> None:
    other = replace(EXPLAINED, entity="customers", a_id="800", b_id=None, fields=(city("Bonn", None),))
    hold(HELD)
    application.explanation.answers["id:800"] = other
    values = page.review.detail.values
    qtbot.waitUntil(lambda: values.columnCount() == 3)
    assert values.headerData(2, Qt.Orientation.Horizontal) == "Shop 700"


def test_linking_to_the_one_that_it_is(
    qtbot: QtBot,
    hold: Callable[[HeldCase], None],
    page: ConfigurationPage,
    settle: Settle,
    application: FakeApplication,
) -> None:
    hold(HELD)
    page.review.detail.candidate_view.selectRow(1)
    qtbot.mouseClick(page.review.detail.link_button, Qt.MouseButton.LeftButton)
    settle()
    assert application.records.linked == [("customers", "1003", "800")]


def test_creating_it_again_sets_it_as_prepared(
    qtbot: QtBot,
    hold: Callable[[HeldCase], None],
    page: ConfigurationPage,
    settle: Settle,
    application: FakeApplication,
) -> None:
    hold(HELD)
    qtbot.mouseClick(page.review.detail.again_button, Qt.MouseButton.LeftButton)
    settle()
    assert application.records.small[RECORD].status is Status.PREPARED
    assert "The next run looks at both sides anew" in page.review.message.text


def test_what_an_undo_left_can_be_set_as_deleted_and_nothing_else_is_offered(
    qtbot: QtBot,
    hold: Callable[[HeldCase], None],
    page: ConfigurationPage,
    settle: Settle,
    application: FakeApplication,
) -> None:
    hold(replace(HELD, is_undone=True, may_be=()))
    detail = page.review.detail
    assert all(one.isHidden() for one in (detail.link_button, detail.again_button, detail.by_hand_button))
    assert "Set it as deleted" in detail._reason.text()
    qtbot.mouseClick(detail.deleted_button, Qt.MouseButton.LeftButton)
    settle()
    assert application.records.small[RECORD].status is Status.DELETED
    assert "stays as it is" in page.review.message.text


def test_what_no_undo_left_is_not_offered_to_be_set_as_deleted(
    hold: Callable[[HeldCase], None], page: ConfigurationPage
) -> None:
    hold(HELD)
    assert page.review.detail.deleted_button.isHidden()


def test_a_record_in_a_system_that_cannot_be_looked_at_is_linked_with_the_id_that_a_person_found_there(
    hold: Callable[[HeldCase], None], page: ConfigurationPage
) -> None:
    hold(replace(HELD, may_be=()))
    detail = page.review.detail
    assert "link it with its id" in detail._reason.text()
    assert not detail.by_hand_button.isHidden()
    assert detail.link_button.isHidden()
    assert not detail.again_button.isHidden()


def test_leaving_it_changes_nothing_and_shows_the_next(
    qtbot: QtBot,
    hold: Callable[[HeldCase], None],
    page: ConfigurationPage,
    settle: Settle,
    application: FakeApplication,
) -> None:
    hold(HELD)
    qtbot.mouseClick(page.review.detail.leave_button, Qt.MouseButton.LeftButton)
    settle()
    assert page.review.area.view.current_row() == 1
    assert application.records.small[RECORD].status is Status.REVIEW
    assert "stays held" in page.review.message.text
    assert page.review.detail.held.isHidden()


def test_while_an_answer_may_still_come_there_is_nothing_to_link(
    hold: Callable[[HeldCase], None], page: ConfigurationPage
) -> None:
    hold(replace(HELD, reason=HoldReason.NO_ANSWER, may_be=(), operation=Operation.UPDATE, b_id="9"))
    detail = page.review.detail
    assert detail.link_button.isHidden()
    assert detail.candidate_view.isHidden()
    assert detail.again_button.text().replace("&", "") == "Compare again"
    assert "the next run looks again" in detail._reason.text()


def test_values_that_cannot_be_read_are_said(
    qtbot: QtBot, hold: Callable[[HeldCase], None], page: ConfigurationPage, application: FakeApplication
) -> None:
    hold(HELD)

    def refuse(*_: object, **__: object) -> None:
        raise EndpointError("the folder is not there", Place("Shop"))

    application.explanation.explain = refuse
    qtbot.waitUntil(lambda: "cannot be read" in page.review.detail._values_title.text())
    assert "the folder is not there" in page.review.detail._values_title.text()
