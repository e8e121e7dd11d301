"""What a person chose in a list stays chosen when other rows come and go: nothing is decided about another record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_sync.core.configuration import Side
from desktop_sync.core.status import Event, Status
from desktop_sync.core.sync_record import Conflict, SyncRecord
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from tests.gui.fake_application import FakeApplication

Settle = Callable[[], None]


@pytest.fixture
def chosen(page: ConfigurationPage, settle: Settle) -> Conflict:
    """The third conflict of the list is shown."""
    page.open_tab("conflicts")
    settle()
    page.conflicts.area.view.selectRow(2)
    shown = page.conflicts.area.chosen
    assert isinstance(shown, Conflict)
    return shown


def put_on_top(application: FakeApplication) -> None:
    """As the ledger lists them: the newest first."""
    first = next(iter(application.records.open.values()))
    application.records.open = {99: replace(first, id=99), **application.records.open}


def test_a_conflict_that_comes_on_top_takes_no_decision_of_another(
    qtbot: QtBot, page: ConfigurationPage, settle: Settle, application: FakeApplication, chosen: Conflict
) -> None:
    put_on_top(application)
    page.refresh()
    settle()
    assert page.conflicts.area.chosen == chosen
    assert page.conflicts.area.view.current_row() == 3
    qtbot.mouseClick(page.conflicts.keep_a, Qt.MouseButton.LeftButton)
    settle()
    assert application.records.resolved == [(chosen.id, Side.A)]


def test_a_conflict_stays_chosen_when_those_before_it_go(
    page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    page.open_tab("conflicts")
    settle()
    area = page.conflicts.area
    area.view.selectRow(area.model.rowCount() - 1)
    last = area.chosen
    for number in list(application.records.open)[:3]:
        del application.records.open[number]
    page.refresh()
    settle()
    assert area.chosen == last
    assert area.view.current_row() == area.model.rowCount() - 1


def test_where_the_chosen_conflict_is_gone_none_is_shown_instead(
    page: ConfigurationPage, settle: Settle, application: FakeApplication, chosen: Conflict
) -> None:
    del application.records.open[chosen.id]
    page.refresh()
    settle()
    assert page.conflicts.area.chosen is None
    assert not page.conflicts.keep_a.isVisible()
    assert page.conflicts.area.message.text == "The list changed meanwhile. Choose the record again."
    page.conflicts.area.view.selectRow(0)
    assert page.conflicts.keep_a.isVisible()
    assert not page.conflicts.area.message.text


def test_a_decision_leads_to_the_next_conflict(
    qtbot: QtBot, page: ConfigurationPage, settle: Settle, application: FakeApplication, chosen: Conflict
) -> None:
    qtbot.mouseClick(page.conflicts.keep_b, Qt.MouseButton.LeftButton)
    settle()
    assert application.records.resolved == [(chosen.id, Side.B)]
    assert page.conflicts.area.view.current_row() == 0
    assert not page.conflicts.area.message.text


def test_a_record_in_review_stays_chosen(
    qtbot: QtBot, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    page.open_tab("review")
    settle()
    page.review.area.view.selectRow(1)
    first = application.records.cases[0]
    application.records.cases.insert(0, replace(first, record_id=900, a_id="9000"))
    page.refresh()
    settle()
    page.review.detail.candidate_view.selectRow(0)
    qtbot.mouseClick(page.review.detail.link_button, Qt.MouseButton.LeftButton)
    settle()
    assert [link[1] for link in application.records.linked] == ["1035"]


def test_what_is_done_to_records_of_the_queue_is_done_to_those_that_were_seen(
    page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    page.open_tab("queue")
    page.queue.show_status(Status.FAILED)
    settle()
    page.queue.area.view.selectRow(1)
    seen = page.queue.area.chosen
    assert isinstance(seen, SyncRecord)
    first = page.queue.area.model.row(0)
    assert isinstance(first, SyncRecord)
    application.records.small[first.id] = replace(first, status=Status.PROCESSED)  # by a run, and not read yet
    page.queue._do(Event.SKIPPED_BY_USER)
    settle()
    assert application.records.small[seen.id].status is Status.SKIPPED
