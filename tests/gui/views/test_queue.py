"""The queue, used as a person does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from desktop_sync.core.status import Status
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from desktop_sync.ui.views.queue import QueuePage
from desktop_sync.ui.views.record_history import RecordHistoryDialog
from tests.gui.fake_application import MILLION, FakeApplication

Settle = Callable[[], None]


def open_queue(page: ConfigurationPage, settle: Settle) -> QueuePage:
    page.open_tab("queue")
    settle()
    return page.queue


def column_texts(queue: QueuePage, column: int, rows: int) -> list[str]:
    return [queue.area.model.index(row, column).data() for row in range(rows)]


def test_all_records_are_there_with_their_number(page: ConfigurationPage, settle: Settle) -> None:
    queue = open_queue(page, settle)
    assert queue.area.model.rowCount() == 640
    assert queue.area.count_text == "640 rows"


def test_a_status_chip_filters(qtbot: QtBot, page: ConfigurationPage, settle: Settle) -> None:
    queue = open_queue(page, settle)
    chip = queue.chips.chip(Status.FAILED.name)
    assert chip.text() == "Failed  20"
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    settle()
    assert queue.area.model.rowCount() == 20
    assert set(column_texts(queue, 0, 20)) == {"Failed"}
    assert queue.chips.chosen == (Status.FAILED.name,)


def test_a_search_finds_ids_and_errors_after_a_pause_in_typing(
    qtbot: QtBot, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    queue = open_queue(page, settle)
    application.records.asked.clear()
    qtbot.keyClicks(queue.search, "1234")
    qtbot.waitUntil(lambda: queue.area.model.rowCount() == 1, timeout=5000)
    assert column_texts(queue, 2, 1) == ["1234"]
    assert [query.text for query in application.records.asked if query.text] == ["1234"]


def test_a_search_without_a_hit_says_so(qtbot: QtBot, page: ConfigurationPage, settle: Settle) -> None:
    queue = open_queue(page, settle)
    queue.search.setText("no such thing")
    qtbot.waitUntil(lambda: queue.area.is_empty, timeout=5000)
    assert queue.area.model.rowCount() == 0


def test_a_click_on_a_title_sorts_in_the_service(
    qtbot: QtBot, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    queue = open_queue(page, settle)
    header = queue.area.view.horizontalHeader()
    at = header.sectionViewportPosition(2) + 20
    for _ in range(2):
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=header.rect().center().__class__(at, 8))
    settle()
    assert application.records.asked[-1].sort == "a_id"
    ids = column_texts(queue, 2, 5)
    assert ids in (sorted(ids), sorted(ids, reverse=True))


def entry(queue: QueuePage, text: str) -> QAction:
    return next(action for action in queue._menu.actions() if action.text().replace("&", "") == text)


def test_skipping_changes_the_selected_records_only(
    page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    queue = open_queue(page, settle)
    queue.show_status(Status.FAILED)
    settle()
    before = {key: record.status for key, record in application.records.small.items()}
    queue.area.view.selectRow(0)
    chosen = queue.area.model.row(0)
    assert chosen is not None
    entry(queue, "Skip").trigger()
    settle()
    after = {key: record.status for key, record in application.records.small.items()}
    assert {key for key in after if after[key] is not before[key]} == {chosen.id}
    assert after[chosen.id] is Status.SKIPPED
    assert queue.message.text == "1 record changed."


def test_what_the_table_of_transitions_forbids_is_said(page: ConfigurationPage, settle: Settle) -> None:
    queue = open_queue(page, settle)
    queue.show_status(Status.PREPARED)
    settle()
    queue.area.view.selectRow(0)
    entry(queue, "Set as prepared").trigger()  # set as prepared: it is already
    settle()
    assert queue.message.text == "None of the selected records can get that status."


def test_unlinking_takes_the_record_away(page: ConfigurationPage, settle: Settle, application: FakeApplication) -> None:
    queue = open_queue(page, settle)
    queue.area.view.selectRow(0)
    chosen = queue.area.model.row(0)
    assert chosen is not None
    queue._unlink_action.trigger()
    settle()
    assert chosen.id not in application.records.small
    assert queue.area.model.rowCount() == 639


def test_a_double_click_shows_the_history_field_by_field(page: ConfigurationPage, settle: Settle) -> None:
    queue = open_queue(page, settle)
    queue.area.view.selectRow(3)
    queue.show_history()
    settle()
    dialog = next(dialog for dialog in queue.findChildren(QDialog) if isinstance(dialog, RecordHistoryDialog))
    assert dialog.rows.rowCount() == 3
    assert dialog.fields.rowCount() == 4
    assert [dialog.rows.index(row, 0).data() for row in range(3)] == ["#11", "#7", "By hand"]
    dialog.close()


def test_copying_puts_the_selected_rows_on_the_clipboard(qtbot: QtBot, page: ConfigurationPage, settle: Settle) -> None:
    queue = open_queue(page, settle)
    queue.area.view.selectRow(1)
    with qtbot.waitSignal(queue.area.view.copied, timeout=5000) as copied:
        queue.area.view.copy()
    assert copied.args == [1]
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].startswith("Status\tEntity\tCRM record")
    assert len(lines) == 2


def test_an_export_writes_what_is_filtered(page: ConfigurationPage, settle: Settle, tmp_path: Path) -> None:
    queue = open_queue(page, settle)
    queue.show_status(Status.INVALID)
    settle()
    queue.area.exporter.export_to(str(tmp_path / "records.csv"))
    settle()
    assert len((tmp_path / "records.csv").read_text(encoding="utf-8-sig").splitlines()) == 21
    assert queue.area.message.text == "20 rows exported."


def test_an_export_that_fails_says_why_beside_the_table(
    page: ConfigurationPage, settle: Settle, tmp_path: Path
) -> None:
    queue = open_queue(page, settle)
    queue.area.exporter.export_to(str(tmp_path / "not there" / "records.csv"))
    settle()
    assert queue.area.message.text != ""


def test_a_million_records_can_be_scrolled_to_the_end(qtbot: QtBot, window: MainWindow, settle: Settle) -> None:
    window.sidebar.choose("Orders archive")
    settle()
    page = window.current_page
    assert page is not None
    queue = open_queue(page, settle)
    model, view = queue.area.model, queue.area.view
    assert model.rowCount() == MILLION
    view.scrollToBottom()
    qtbot.waitUntil(lambda: model.index(MILLION - 1, 2).data() == f"ORD-{MILLION - 1:07d}", timeout=5000)
    view.selectAll()
    assert queue.area.count_text.endswith("1,000,000 selected")


def test_a_remembered_order_is_that_of_the_rows_and_not_only_of_the_arrow(
    qtbot: QtBot, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    queue = open_queue(page, settle)
    queue.area.view.sortByColumn(5, Qt.SortOrder.DescendingOrder)
    settle()
    queue.area.view._save_layout()
    again = QueuePage(page._context, page.names)
    qtbot.addWidget(again)
    assert page._content is not None
    again.show_content(page._content)
    settle()
    asked = application.records.asked[-1]
    assert (asked.sort, asked.descending) == ("updated_at", True)
    again.area.view.reset_layout()
    settle()
    asked = application.records.asked[-1]
    assert (asked.sort, asked.descending) == ("id", False)


def test_column_widths_are_remembered_and_reset(
    qtbot: QtBot, page: ConfigurationPage, settle: Settle, window: MainWindow
) -> None:
    queue = open_queue(page, settle)
    view = queue.area.view
    view.setColumnWidth(2, 333)
    view._save_layout()
    again = QueuePage(page._context, page.names)
    qtbot.addWidget(again)
    assert again.area.view.columnWidth(2) == 333
    again.area.view.reset_layout()
    fresh = QueuePage(page._context, page.names)
    qtbot.addWidget(fresh)
    assert fresh.area.view.columnWidth(2) != 333


def test_enter_synchronizes_the_chosen_records(
    qtbot: QtBot, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    queue = open_queue(page, settle)
    view = queue.area.view
    queue.window().activateWindow()
    view.setFocus()
    view.clearSelection()
    queue._menu.aboutToShow.emit()  # with nothing chosen its entries are off, and the key works again after it
    assert not queue._sync_action.isEnabled()
    queue._menu.aboutToHide.emit()
    view.selectRow(1)
    qtbot.waitUntil(view.hasFocus, timeout=5000)
    with qtbot.waitSignal(queue.sync_wanted) as wanted:
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert wanted.args is not None
    record = queue.area.model.row(1)
    assert record is not None
    assert wanted.args[0]() == [record.id]


def test_records_chosen_while_a_run_goes_on_follow_it(
    page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    queue = open_queue(page, settle)
    application.synchronization.gate.clear()
    page._board.run("Customers")
    queue.area.view.clearSelection()
    queue.area.view.selectRow(1)
    record = queue.area.model.row(1)
    assert record is not None
    queue._menu.aboutToShow.emit()
    assert queue._sync_action.isEnabled()
    assert queue._sync_action.text() == "S&ync after this run"
    queue._sync_action.trigger()
    wanted = queue.message.text
    for _ in range(200):
        if wanted:
            break
        QTest.qWait(5)
        wanted = queue.message.text
    assert wanted == "1 record will be synchronized when what is under way has ended."
    application.synchronization.gate.set()
    settle()
    settle()
    assert application.synchronization.started[-1][3] == (record.id,)
    assert queue.message.text == ""
    assert page.message.text == "Done. The chosen records are synchronized."
