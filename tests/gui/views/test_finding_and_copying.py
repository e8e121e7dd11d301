"""Going from hit to hit in a table, counting what is shown, and copying from small tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from desktop_sync.core.decision import Action
from desktop_sync.ui.views.configuration_page import ConfigurationPage

Settle = Callable[[], None]


def test_f3_goes_from_hit_to_hit_and_back(qtbot: QtBot, page: ConfigurationPage, settle: Settle) -> None:
    page.open_tab("conflicts")
    settle()
    area = page.conflicts.area
    page.window().activateWindow()
    area.view.setFocus()
    qtbot.waitUntil(area.view.hasFocus, timeout=5000)
    wanted = area.model.index(2, 1).data()  # an id: keys of other letters cannot be clicked
    qtbot.keyClick(area.view, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert area.find_bar.isVisible()
    qtbot.keyClicks(area.find_bar.field, wanted)
    qtbot.keyClick(area.find_bar.field, Qt.Key.Key_Return)
    settle()
    assert area.view.current_row() == 2
    qtbot.keyClick(area.find_bar.field, Qt.Key.Key_F3)
    settle()
    assert area.view.current_row() == 2
    assert "other end" in area.find_bar.said.text()
    qtbot.keyClick(area.find_bar.field, Qt.Key.Key_F3, Qt.KeyboardModifier.ShiftModifier)
    settle()
    assert area.view.current_row() == 2


def test_a_text_that_is_nowhere_is_said_and_esc_closes_only_the_search(
    qtbot: QtBot, page: ConfigurationPage, settle: Settle
) -> None:
    page.start_preview()
    settle()
    preview = page.preview_page
    assert preview is not None
    preview.area.find_bar.open_bar()
    qtbot.keyClicks(preview.area.find_bar.field, "nowhere at all")
    preview.area.find_bar.find_previous()
    settle()
    assert preview.area.find_bar.said.text() == "Nothing found"
    qtbot.keyClick(preview.area.find_bar.field, Qt.Key.Key_Escape)
    assert not preview.area.find_bar.isVisible()
    assert page.preview_page is preview


def test_fewer_rows_are_counted_against_all(qtbot: QtBot, page: ConfigurationPage, settle: Settle) -> None:
    page.start_preview()
    settle()
    preview = page.preview_page
    assert preview is not None
    assert preview.area.count_text == "120 rows"
    qtbot.mouseClick(preview.chips.chip(Action.CONFLICT.name), Qt.MouseButton.LeftButton)
    settle()
    assert preview.area.count_text == "15 of 120 rows"


def test_a_field_is_copied_with_its_values(qtbot: QtBot, page: ConfigurationPage, settle: Settle) -> None:
    page.start_preview()
    settle()
    preview = page.preview_page
    assert preview is not None
    view = preview.detail.fields_view
    page.window().activateWindow()
    view.setFocus()
    view.selectRow(0)
    qtbot.waitUntil(view.hasFocus, timeout=5000)
    qtbot.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    model = preview.detail.fields
    cells = [str(model.index(0, column).data()) for column in range(model.columnCount())]
    assert QGuiApplication.clipboard().text() == "\t".join(cells)


@pytest.mark.parametrize(("tab", "rows"), [("conflicts", 9), ("review", 4), ("runs", 14)])
def test_every_table_offers_to_be_found_in_copied_and_exported(
    page: ConfigurationPage, settle: Settle, tmp_path: Path, tab: str, rows: int
) -> None:
    page.open_tab(tab)
    settle()
    area = page.runs.runs if tab == "runs" else getattr(page, tab).area
    assert area.view.contextMenuPolicy() is Qt.ContextMenuPolicy.ActionsContextMenu
    offered = [action.text().replace("&", "") for action in area.view.actions()]
    assert offered == ["Copy", "Find…", "Export CSV…"]
    area.exporter.export_to(str(tmp_path / "table.csv"))
    settle()
    lines = (tmp_path / "table.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == rows + 1
    assert area.message.text == f"{rows} rows exported."
