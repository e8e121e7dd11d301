"""Values that differ only in a space or a line break look different wherever they are compared, and are copied as
they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import QAbstractItemModel, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from pytestqt.qtbot import QtBot

from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.plan import FieldChange, PlanRow
from desktop_sync.ui.text.words import SideNames
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from desktop_sync.ui.views.field_columns import history_columns
from desktop_sync.ui.views.plan_model import plan_columns
from desktop_sync.ui.widgets.list_view import ListView
from tests.gui.fake_application import FakeApplication

Settle = Callable[[], None]
NAMES = SideNames("CRM", "Shop")
CITY = FieldChange("City", "Bonn", "Bonn ", "Bonn\u00a0", "Bonn", "Bonn\n", differs=True)


def row_of(model: QAbstractItemModel, row: int) -> list[str]:
    return [str(model.index(row, column).data()) for column in range(model.columnCount())]


@pytest.fixture
def conflict_page(page: ConfigurationPage, application: FakeApplication, settle: Settle) -> ConfigurationPage:
    """The first conflict is about a space."""
    first = application.records.open[1]
    application.records.open[1] = replace(first, a_id="1 ", fields=(CITY, *first.fields[1:]))
    page.open_tab("conflicts")
    settle()
    return page


def test_a_conflict_shows_the_space_that_it_is_about(conflict_page: ConfigurationPage) -> None:
    assert row_of(conflict_page.conflicts.fields, 0) == ["City", "Bonn", "Bonn␣", "Bonn⍽"]
    assert row_of(conflict_page.conflicts.area.model, 0)[1] == "1␣"


def test_its_value_is_copied_without_the_sign(qtbot: QtBot, conflict_page: ConfigurationPage) -> None:
    views = conflict_page.conflicts.findChildren(ListView)
    view = next(one for one in views if one.model() is conflict_page.conflicts.fields)
    view.setCurrentIndex(view.model().index(0, 2))
    view.copy_value_action.trigger()
    assert QGuiApplication.clipboard().text() == "Bonn "
    view.setFocus()
    qtbot.keySequence(view, QKeySequence(QKeySequence.StandardKey.Copy))
    assert QGuiApplication.clipboard().text() == "City\tBonn\tBonn \tBonn\u00a0"


def test_a_tooltip_shows_it_too(conflict_page: ConfigurationPage) -> None:
    tip = conflict_page.conflicts.fields.index(0, 2).data(Qt.ItemDataRole.ToolTipRole)
    assert "Bonn␣" in tip


def test_a_preview_shows_it_and_copies_it_as_it_is() -> None:
    row = PlanRow(1, "customers", Action.UPDATE_B, Rule.NEW, None, "1", "2 ", "Ann ", "", False, None, (CITY,))
    columns = {column.key: column for column in plan_columns(NAMES)}
    assert [columns[key].cell(row) for key in ("title", "a", "b", "b_id")] == [
        "Ann␣",
        "City: Bonn",
        "City: Bonn␣",
        "2␣",
    ]
    assert [columns[key].text(row) for key in ("title", "b", "b_id")] == ["Ann ", "City: Bonn ", "2 "]


def test_the_history_shows_it() -> None:
    _, before, after = history_columns(NAMES, Action.UPDATE_B)
    assert (before.cell(CITY), after.cell(CITY)) == ("Bonn", "Bonn↵")
    assert after.text(CITY) == "Bonn\n"
