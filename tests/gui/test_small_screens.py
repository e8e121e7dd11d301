"""A screen of 1366×768, also at 150 %, leaves the tables the room (GUI.md 47)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QApplication, QTableView
from pytestqt.qtbot import QtBot

from desktop_sync.core.binding import MatchOnly
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.palette import Tone
from desktop_sync.ui.theme import Theme
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from desktop_sync.ui.widgets.column_header import ColumnHeader
from desktop_sync.ui.widgets.message_bar import MessageBar
from tests.gui.fake_application import FakeApplication

Settle = Callable[[], None]
SMALL = (911, 482)
"""What 1366×768 leaves at 150 %, below a title bar."""


@pytest.fixture(autouse=True)
def roomy_again(theme: Theme) -> Iterator[None]:
    yield
    theme.tighten(False)


@pytest.fixture
def small(window: MainWindow, page: ConfigurationPage, settle: Settle) -> ConfigurationPage:
    window.resize(*SMALL)
    settle()
    assert (window.width(), window.height()) == SMALL, "nothing may make the window larger than the screen"
    return page


def seen_rows(view: QTableView) -> int:
    """Rows that can be read whole."""
    height = view.viewport().height()
    rows = [view.visualRect(view.model().index(row, 0)) for row in range(min(40, view.model().rowCount()))]
    return sum(rect.isValid() and rect.top() >= 0 and rect.bottom() < height for rect in rows)


def scrolls_sideways(view: QTableView) -> bool:
    return view.horizontalScrollBar().maximum() > 0


def test_a_preview_shows_many_rows(small: ConfigurationPage, settle: Settle) -> None:
    small.start_preview()
    settle()
    preview = small.preview_page
    assert preview is not None
    assert not preview.detail.fields_view.isVisible()
    assert seen_rows(preview.area.view) >= 6
    assert not scrolls_sideways(preview.area.view)


def test_the_fields_below_a_preview_are_unfolded_with_a_key_and_stay_so(
    qtbot: QtBot, small: ConfigurationPage, settle: Settle
) -> None:
    small.start_preview()
    settle()
    first = small.preview_page
    assert first is not None
    assert first.detail.fold_button.shortcut().toString() == "F8"
    qtbot.mouseClick(first.detail.fold_button, Qt.MouseButton.LeftButton)
    assert first.detail.fields_view.isVisible()
    assert "Fold" in first.detail.fold_button.accessibleName()
    first.back_button.click()
    small.start_preview()
    settle()
    again = small.preview_page
    assert again is not None
    assert again.detail.fields_view.isVisible()


@pytest.mark.parametrize("key", ["conflicts", "review", "queue", "runs"])
@pytest.mark.parametrize("size", [SMALL, (1366, 738)])
def test_no_list_is_scrolled_sideways(
    window: MainWindow, page: ConfigurationPage, settle: Settle, key: str, size: tuple[int, int]
) -> None:
    window.resize(*size)
    page.open_tab(key)
    settle()
    areas = {
        "conflicts": page.conflicts.area,
        "review": page.review.area,
        "queue": page.queue.area,
        "runs": page.runs.runs,
    }
    assert areas[key].model.rowCount() > 0
    assert not scrolls_sideways(areas[key].view)


def test_conflicts_show_many_rows_and_a_few_fields(small: ConfigurationPage, settle: Settle) -> None:
    small.open_tab("conflicts")
    settle()
    view = small.conflicts.area.view
    rows = view.viewport().height() // view.verticalHeader().defaultSectionSize()
    assert rows >= 8


def test_columns_that_were_left_out_come_back_in_a_wide_window(
    window: MainWindow, page: ConfigurationPage, settle: Settle
) -> None:
    page.open_tab("queue")
    settle()
    view = page.queue.area.view
    count = view.model().columnCount()
    window.resize(*SMALL)
    settle()
    assert any(view.isColumnHidden(column) for column in range(count))
    window.resize(1366, 738)
    settle()
    assert not any(view.isColumnHidden(column) for column in range(count))


def test_a_sorted_table_still_fits_its_columns_in_the_next_start(
    window: MainWindow,
    page: ConfigurationPage,
    settle: Settle,
    qtbot: QtBot,
    open_window: Callable[[FakeApplication], MainWindow],
    application: FakeApplication,
) -> None:
    page.open_tab("queue")
    window.resize(*SMALL)
    settle()
    view = page.queue.area.view
    view.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(lambda: window._memory.state("tables/queue") is not None)
    second = open_window(application)
    second.resize(1366, 738)
    second.sidebar.choose("Customers")
    settle()
    assert second.current_page is not None
    second.current_page.open_tab("queue")
    settle()
    again = second.current_page.queue.area.view
    assert again.horizontalHeader().sortIndicatorSection() == 2
    assert not any(again.isColumnHidden(column) for column in range(again.model().columnCount()))


def test_badges_of_steps_are_not_cut(small: ConfigurationPage, settle: Settle) -> None:
    small.open_tab("steps")
    settle()
    view = small.steps.view
    for column in (3, 4):
        for row in range(view.model().rowCount()):
            text = view.model().index(row, column).data()
            assert view.columnWidth(column) >= view.fontMetrics().horizontalAdvance(text) + 38, text


def test_titles_of_columns_are_cut_with_an_ellipsis(small: ConfigurationPage, settle: Settle) -> None:
    small.open_tab("conflicts")
    settle()
    header = small.conflicts.area.view.horizontalHeader()
    assert isinstance(header, ColumnHeader)
    assert header.shown_title(1, 400) == "CRM record"
    assert header.shown_title(1, 50).endswith("…")


def test_the_list_of_synchronizations_is_folded_with_a_key_also_in_the_next_start(
    window: MainWindow,
    small: ConfigurationPage,
    open_window: Callable[[FakeApplication], MainWindow],
    application: FakeApplication,
) -> None:
    before = small.width()
    window.menus.list_action.trigger()
    QApplication.processEvents()
    assert not window.sidebar.isVisible()
    assert small.width() > before + 150
    second = open_window(application)
    assert not second.sidebar.isVisible()
    assert not second.menus.list_action.isChecked()
    second.menus.list_action.trigger()
    assert second.sidebar.isVisible()


def test_endpoints_are_reached_while_the_list_is_folded(window: MainWindow, page: ConfigurationPage) -> None:
    window.menus.list_action.trigger()
    endpoints = next(action for action in window.menus.view_menu.actions() if "Endpoints" in action.text())
    endpoints.trigger()
    assert window.right.currentWidget() is window.right.endpoints


def test_a_first_start_fits_the_screen(window: MainWindow) -> None:
    screen = QApplication.primaryScreen().availableGeometry()
    fresh = MainWindow(window._jobs, window._theme, window._memory)
    assert QRect(screen.topLeft(), screen.size()).contains(QRect(screen.topLeft(), fresh.size()))
    fresh.deleteLater()


def test_rows_are_low_only_where_the_window_is(window: MainWindow, page: ConfigurationPage, theme: Theme) -> None:
    high = theme.row_height
    window.resize(*SMALL)
    QApplication.processEvents()
    assert theme.row_height < high
    window.resize(1366, 738)
    QApplication.processEvents()
    assert theme.row_height == high
    assert page.queue.area.view.verticalHeader().defaultSectionSize() == high


def all_can_be_read(bar: MessageBar) -> bool:
    """Whether the whole text is seen or can be scrolled to."""
    words, text = bar._words, bar._text
    seen = words.viewport().height() + words.verticalScrollBar().maximum()
    return seen >= text.heightForWidth(text.width())


@pytest.mark.parametrize("size", [SMALL, (1280, 690), (1366, 738)])
def test_no_message_is_cut_and_none_takes_the_page_away(
    window: MainWindow, application: FakeApplication, page: ConfigurationPage, settle: Settle, size: tuple[int, int]
) -> None:
    application.bindings.modes["Customers"] = MatchOnly.RESTORED
    application.bindings.matched.add("Customers")
    page.refresh()
    sentences = [
        f"Entity {number}: {'its structure changed and has no such field any more. ' * 3}" for number in range(9)
    ]
    page.message.say("\n".join(sentences), Tone.WARNING)
    window.resize(*size)
    settle()
    for bar in (page.match_only.bar, page.message, page.overview._waiting):
        assert bar.isVisible()
        assert all_can_be_read(bar)
    assert page.overview.viewport().height() >= 100
    words = page.message._words
    assert words.verticalScrollBar().maximum() > 0
    assert words.focusPolicy() is Qt.FocusPolicy.TabFocus
    assert page.overview._waiting._words.verticalScrollBar().maximum() == 0
    page.message.say("Done.", Tone.GOOD)
    settle()
    assert words.verticalScrollBar().maximum() == 0
    assert words.focusPolicy() is Qt.FocusPolicy.NoFocus
