"""What the overview says of the last run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from desktop_sync.core.decision import Action
from desktop_sync.core.run import EntityResult, Outcome, RunResult
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.text.words import SideNames
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from desktop_sync.ui.views.overview import entity_columns
from tests.gui.fake_application import FakeApplication

NAMES = SideNames("CRM", "Shop")


def test_only_what_the_run_did_has_a_column() -> None:
    done = (
        EntityResult("customers", 9, 9, {Action.CREATE_B: 2, Action.LINK: 5, Action.NONE: 2}),
        EntityResult("invoices", 9, 9, {Action.MARK_A: 3, Action.DELETE_B: 1}, failed=4),
    )
    columns = entity_columns(NAMES, done)
    assert [column.title for column in columns] == [
        "Entity",
        "Created\nin Shop",
        "Updated\nin CRM",
        "Deleted\nin Shop",
        "Linked",
        "Failed",
    ]
    assert [column.text(done[0]) for column in columns] == ["customers", "2", "·", "·", "5", "·"]
    assert [column.text(done[1]) for column in columns] == ["invoices", "·", "3", "1", "·", "4"]


def test_a_run_that_wrote_nothing_says_so() -> None:
    (_, said) = entity_columns(NAMES, (EntityResult("customers", 9, 9, {Action.NONE: 9}),))
    assert said.text(EntityResult("customers")) == "Nothing was written"


@pytest.mark.parametrize(("outcome", "kind"), [(Outcome.FAILED, "problem"), (Outcome.GUARD, "secondary")])
def test_what_a_guard_stopped_does_not_look_like_a_failure(
    page: ConfigurationPage, application: FakeApplication, settle: Callable[[], None], outcome: Outcome, kind: str
) -> None:
    runs = application.records.kept_runs["Customers"]
    runs[0] = replace(runs[0], outcome=outcome, result=RunResult(99, "Customers", outcome, error="So it was."))
    page.refresh()
    settle()
    assert page.overview._error.text() == "So it was."
    assert page.overview._error.property("kind") == kind


def test_a_chart_of_nothing_is_not_drawn(
    page: ConfigurationPage, application: FakeApplication, settle: Callable[[], None]
) -> None:
    assert not page.overview._chart_card.isHidden()
    runs = application.records.kept_runs["Customers"]
    runs[:] = [replace(runs[0], outcome=Outcome.CANCELLED, result=None)]
    page.refresh()
    settle()
    assert page.overview._chart_card.isHidden()


def test_while_the_first_run_goes_on_the_overview_says_so(
    window: MainWindow, application: FakeApplication, settle: Callable[[], None], qtbot: QtBot
) -> None:
    window.sidebar.choose("Price list")
    settle()
    page = window.current_page
    assert page is not None
    hint, way = page.overview._first_hint, page.overview._first_button
    assert hint.text().startswith("Nothing has been synchronized yet.")
    assert way.isVisible()
    assert way.isEnabled()
    application.synchronization.gate.clear()
    window.board.preview("Price list")
    assert hint.text().startswith("Nothing has been synchronized yet.")
    assert way.isVisible()
    assert not way.isEnabled()
    window.board.stop("Price list")
    settle()
    assert way.isEnabled()
    window.board.run("Price list")
    assert hint.text() == "The first run is going on. What it did stands here when it has ended."
    assert not way.isVisible()
    page.refresh()  # what is read meanwhile says nothing else
    qtbot.waitUntil(lambda: not page._read.is_waiting, timeout=5000)
    assert hint.text().startswith("The first run is going on.")
    assert hint.isVisible()
    assert not way.isVisible()
    application.synchronization.gate.set()
    settle()
    assert not hint.isVisible()
    assert not way.isVisible()
    assert page.overview._facts["written"].text() != "—"


def test_a_run_that_goes_on_elsewhere_has_counted_nothing_yet(
    page: ConfigurationPage, application: FakeApplication, settle: Callable[[], None]
) -> None:
    runs = application.records.kept_runs["Customers"]
    runs[0] = replace(runs[0], outcome=Outcome.RUNNING, ended_at=None, result=None)
    page.refresh()
    settle()
    assert page.overview._outcome.text() == "Running"
    assert [page.overview._facts[key].text() for key in ("took", "read", "written")] == ["—", "—", "—"]
