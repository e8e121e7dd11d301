"""Runs are undone, losers of conflicts brought back, records explained and reports saved from the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Rule
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.plan import FieldVerdict
from desktop_sync.core.run import RunKind
from desktop_sync.ui.dialogs.verification import VerificationDialog
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from desktop_sync.ui.views.explanation import ExplanationDialog
from desktop_sync.ui.views.undo import UndoDialog
from tests.gui.fake_application import FakeApplication
from tests.gui.test_accessibility import nameless
from tests.support.fake_explanation import EXPLAINED

Settle = Callable[[], None]
Dialog = TypeVar("Dialog", bound=QDialog)


def only(window: MainWindow, kind: type[Dialog]) -> Dialog:
    (dialog,) = window.findChildren(kind)
    return dialog


@pytest.fixture
def undo(qtbot: QtBot, window: MainWindow, page: ConfigurationPage, settle: Settle) -> UndoDialog:
    """The dialog over the newest run."""
    page.open_tab("runs")
    settle()
    qtbot.mouseClick(page.runs.undo_button, Qt.MouseButton.LeftButton)
    settle()
    return only(window, UndoDialog)


def test_a_run_is_looked_at_before_it_is_undone(undo: UndoDialog, application: FakeApplication) -> None:
    assert [method for method, _ in application.undo.calls] == ["preview"]
    assert undo.undo_button.text() == "&Undo 8 records"
    assert [(text, count) for _, text, count in undo.chips.shown] == [("Will be as before", 8), ("Stay as they are", 2)]
    assert undo.area.model.rowCount() == 8
    assert "Shop" in undo.notes.text
    assert "3 pairs" in undo.notes.text
    assert undo.fields.rowCount() == 2
    assert nameless(undo) == []


def test_the_undo_is_in_reach_on_the_lowest_screen(undo: UndoDialog, settle: Settle) -> None:
    told = (
        "orders: 10 pairs stay linked that the run linked and wrote to, with the values of then; unlink what is wrong."
    )
    undo.notes.say("\n".join([told] * 3))
    undo.resize(865, 471)  # what 1366×768 leaves a dialog at 150 %
    undo.show()
    settle()
    assert undo.fields_view.isVisible()
    assert undo.height() == 471
    assert undo.undo_button.mapTo(undo, undo.undo_button.rect().bottomLeft()).y() < 471
    assert undo.area.view.visibleRegion().boundingRect().height() > 100


def test_what_stays_is_listed_with_its_reason(undo: UndoDialog, settle: Settle) -> None:
    undo.chips.choose("stays")
    undo._ask()
    settle()
    assert undo.area.model.rowCount() == 2
    assert undo.area.model.index(0, 0).data() == "Stays as it is"
    assert undo.area.model.index(0, 4).data() == "it was changed since: city"
    assert not undo.exclude_button.isEnabled()


def test_the_undo_is_carried_out_and_the_list_of_runs_is_read_again(
    qtbot: QtBot, undo: UndoDialog, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    with qtbot.waitSignal(page.runs.changed, timeout=5000):
        qtbot.mouseClick(undo.undo_button, Qt.MouseButton.LeftButton)
    settle()
    assert [method for method, _ in application.undo.calls] == ["preview", "undo"]
    assert "8 records are as they were before" in undo.message.text
    assert "2 records stay as they are" in undo.message.text
    assert not undo.undo_button.isEnabled()
    assert undo.close_button.text() == "&Close"


def test_a_record_can_be_left_out(qtbot: QtBot, undo: UndoDialog, settle: Settle, application: FakeApplication) -> None:
    qtbot.mouseClick(undo.exclude_button, Qt.MouseButton.LeftButton)
    settle()
    assert undo.undo_button.text() == "&Undo 7 records"
    assert undo.exclude_button.text() == "Take &in again"
    qtbot.mouseClick(undo.undo_button, Qt.MouseButton.LeftButton)
    settle()
    assert "7 records are as they were before" in undo.message.text


def test_the_preview_is_closed_with_the_dialog(undo: UndoDialog, settle: Settle, application: FakeApplication) -> None:
    undo.close()
    settle()
    assert [preview.is_closed for preview in application.undo.previews] == [True]


def test_a_run_that_cannot_be_looked_at_says_why(
    qtbot: QtBot, window: MainWindow, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    application.undo.next_error = ConfigurationError('"Customers" only matches until you confirm', path="undo")
    page.open_tab("runs")
    settle()
    qtbot.mouseClick(page.runs.undo_button, Qt.MouseButton.LeftButton)
    settle()
    dialog = only(window, UndoDialog)
    assert "only matches until you confirm" in dialog.message.text
    assert not dialog.undo_button.isEnabled()


def test_a_run_that_wrote_nothing_offers_no_undo(
    page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    newest, *older = application.records.kept_runs["Customers"]
    application.records.kept_runs["Customers"] = [replace(newest, kind=RunKind.PREPARE), *older]
    page.open_tab("runs")
    settle()
    assert not page.runs.undo_button.isEnabled()


def test_the_loser_of_a_settled_conflict_is_brought_back(
    qtbot: QtBot, window: MainWindow, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    first = application.records.open[1]
    application.records.settled = [replace(first, winner=Side.A, rule=Rule.SIDE_WINS, settled_at=first.found_at)]
    page.open_tab("conflicts")
    settle()
    assert not page.conflicts.back_button.isVisible()
    application.records.open.clear()
    page.conflicts.chips.choose("all")
    page.conflicts._ask()
    settle()
    conflicts = page.conflicts
    assert conflicts.back_button.isVisible()
    assert conflicts.back_button.text() == "&Bring the Shop values back…"
    assert not conflicts.keep_a.isVisible()
    qtbot.mouseClick(conflicts.back_button, Qt.MouseButton.LeftButton)
    settle()
    dialog = only(window, UndoDialog)
    assert dialog.windowTitle() == "Bring the Shop values back"
    qtbot.mouseClick(dialog.undo_button, Qt.MouseButton.LeftButton)
    settle()
    assert application.undo.calls == [("preview_bring_back", first.id), ("bring_back", first.id)]


def test_of_fields_that_were_judged_by_themselves_the_values_that_lost_are_told_and_brought_back(
    window: MainWindow, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    first = application.records.open[1]
    lost, *others = first.fields
    verdict = FieldVerdict(Side.A, Rule.SIDE_WINS)
    merged = replace(first, winner=Side.A, rule=Rule.MERGED, settled_at=first.found_at)
    application.records.open.clear()
    for fields, is_offered in (((replace(lost, verdict=verdict), *others), True), (first.fields, False)):
        application.records.settled = [replace(merged, fields=fields)]
        page.open_tab("conflicts")
        page.conflicts.chips.choose("all")
        page.conflicts._ask()
        settle()
        conflicts = page.conflicts
        assert conflicts.back_button.isVisibleTo(conflicts) is is_offered
        if is_offered:
            assert conflicts.back_button.text() == "&Bring the values that lost back…"
            assert f"{lost.label}: " in conflicts._hint.text()
        else:
            assert conflicts._hint.text() == "No value lost: each side had changed other fields."


@pytest.mark.parametrize("tab", ["queue", "runs", "conflicts", "review"])
def test_a_record_is_explained_from_every_list_by_its_number(
    window: MainWindow, page: ConfigurationPage, settle: Settle, application: FakeApplication, tab: str
) -> None:
    page.open_tab(tab)
    settle()
    if tab == "queue":
        page.queue.area.view.selectRow(0)
    getattr(page, tab).explain()
    settle()
    dialog = only(window, ExplanationDialog)
    name, record, _ = application.explanation.asked[0]
    assert name == "Customers"
    assert record.startswith("#")
    assert record[1:].isdigit()
    assert dialog.message.text == EXPLAINED.why_not[0]
    assert dialog.events.rowCount() == 8
    assert dialog.fields.index(1, 3).data() == "0221 123456 ≠ ∅"
    assert nameless(dialog) == []


def test_a_record_of_a_preview_is_explained_by_its_own_id(
    page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    page.start_preview()
    settle()
    assert page.preview_page is not None
    page.preview_page.explain()
    settle()
    assert application.explanation.asked == [("Customers", "id:1000", "customers")]


def test_what_a_line_of_the_timeline_wrote_is_shown_beside_it(
    window: MainWindow, page: ConfigurationPage, settle: Settle
) -> None:
    page.open_tab("runs")
    settle()
    page.runs.explain()
    settle()
    dialog = only(window, ExplanationDialog)
    assert not dialog.changes_view.isVisible()
    dialog.events_view.selectRow(2)
    assert dialog.changes_view.isVisible()
    assert [dialog.changes.index(0, column).data() for column in range(3)] == ["city", "Bonn", "Köln"]


def test_the_report_of_a_verification_is_saved_as_its_ending_says(
    window: MainWindow, page: ConfigurationPage, settle: Settle, application: FakeApplication, tmp_path: Path
) -> None:
    window.board.verify("Customers")
    settle()
    dialog = only(window, VerificationDialog)
    dialog.save_to(str(tmp_path / "report.html"))
    settle()
    assert "The report is saved" in dialog.saved.text
    dialog.save_to(str(tmp_path / "report.csv"))
    settle()
    assert [(files.html, files.csv) for files in application.verification.files] == [
        (tmp_path / "report.html", None),
        (None, tmp_path / "report.csv"),
    ]
    application.verification.error = PermissionError(13, "Permission denied", str(tmp_path / "x.csv"))
    dialog.save_to(str(tmp_path / "x.csv"))
    settle()
    assert "x.csv: Permission denied" in dialog.saved.text
