"""What stands in the cells, labels and charts of the pages, and where they end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLabel, QWidget
from pytestqt.qtbot import QtBot

from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.plan import FieldChange, PlanRow
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.models.list_table import ListTableModel
from desktop_sync.ui.models.source import Column
from desktop_sync.ui.text.difference_words import difference_text
from desktop_sync.ui.text.sentences import PART
from desktop_sync.ui.text.words import SideNames
from desktop_sync.ui.theme import Theme
from desktop_sync.ui.views.configuration_list import whole_part
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from desktop_sync.ui.views.field_columns import plan_columns as field_columns
from desktop_sync.ui.views.plan_model import plan_columns
from desktop_sync.ui.widgets.bar_chart import rounded_up
from desktop_sync.ui.widgets.field_row import FieldRow
from desktop_sync.ui.widgets.list_view import ListView
from desktop_sync.ui.widgets.page_scroll import BAR_ROOM, PageScroll
from tests.gui.fake_application import FakeApplication

Settle = Callable[[], None]
NAMES = SideNames("CRM", "Shop")
ANN = (
    FieldChange("email", a="ann@example.org", differs=True),
    FieldChange("first_name", a="Ann", differs=True),
    FieldChange("company", a=None, differs=False),
    FieldChange("city", a="Oslo", differs=True),
)


def plan_row(action: Action, *fields: FieldChange, a_id: str | None = "1", b_id: str | None = "2") -> PlanRow:
    return PlanRow(1, "customers", action, Rule.NEW, None, a_id, b_id, "ann@example.org", "", False, None, fields)


def cell(row: PlanRow, key: str) -> str:
    return next(column.text(row) for column in plan_columns(NAMES) if column.key == key)


def test_a_new_record_is_told_by_its_values_and_not_twice_by_its_name() -> None:
    assert cell(plan_row(Action.CREATE_B, *ANN, b_id=None), "a") == "Ann  ·  Oslo"


def test_of_records_that_differ_the_fields_are_named() -> None:
    changed = FieldChange("city", a="Oslo", b="Bergen", differs=True)
    row = plan_row(Action.UPDATE_B, FieldChange("first_name", a="Ann", b="Ann"), changed)
    assert (cell(row, "a"), cell(row, "b")) == ("city: Oslo", "city: Bergen")


def test_of_a_record_that_is_written_on_both_sides_a_person_sees_how_both_will_be() -> None:
    kept = FieldChange("state", a="NEW", b="d", before="d", after="d", then="DONE", differs=True)
    columns = field_columns(NAMES, Action.UPDATE_B, writes_both=True)
    assert [(column.title, column.text(kept)) for column in columns] == [
        ("Field", "state"),
        ("CRM", "NEW"),
        ("Shop", "d"),
        ("CRM afterwards", "DONE"),
        ("Shop afterwards", "d"),
    ]


def test_a_record_whose_name_is_all_there_is_still_shows_it() -> None:
    assert cell(plan_row(Action.CREATE_B, ANN[0], b_id=None), "a") == "ann@example.org"


def test_a_record_of_a_pair_that_is_gone_does_not_differ_in_all_its_fields() -> None:
    assert difference_text(plan_row(Action.UNLINK, *ANN), NAMES) == "Gone from Shop"
    here = tuple(replace(field, a=None, b=field.a) for field in ANN)
    assert difference_text(plan_row(Action.UNLINK, *here), NAMES) == "Gone from CRM"
    assert cell(plan_row(Action.UNLINK, *here), "b") == "Ann  ·  Oslo"


@pytest.mark.parametrize(
    ("value", "top"), [(0, 0), (1, 2), (2, 2), (3, 4), (9, 10), (10, 10), (11, 20), (85, 100), (1001, 2000)]
)
def test_a_chart_ends_at_a_round_number_with_a_whole_half(value: int, top: int) -> None:
    assert rounded_up(value) == top
    assert top % 2 == 0


def test_a_line_without_room_shows_its_first_part_whole(qapp: QApplication) -> None:
    metrics = QFontMetrics(QFont())
    line = f"Needs attention{PART}Today 03:00"
    whole, first = metrics.horizontalAdvance(line), metrics.horizontalAdvance("Needs attention")
    assert whole_part(line, metrics, whole) == line
    assert whole_part(line, metrics, whole - 1) == "Needs attention"
    assert whole_part(line, metrics, first - 1) == "Needs attention", "the painter cuts what is left"


def test_a_check_box_has_no_empty_caption_above_it(qtbot: QtBot) -> None:
    row = FieldRow("", QCheckBox("Say there who synchronizes it"), "Help")
    qtbot.addWidget(row)
    row.show()
    assert [shown.text() for shown in row.findChildren(QLabel) if shown.isVisible()] == ["Help"]
    row.retitle("Shop: city is", "")
    assert "Shop: city is" in [shown.text() for shown in row.findChildren(QLabel) if shown.isVisible()]


def test_a_page_is_as_wide_with_its_scroll_bar_as_without(qtbot: QtBot, theme: Theme) -> None:
    area, page = PageScroll(), QWidget()
    area.setWidget(page)
    qtbot.addWidget(area)
    area.resize(400, 300)
    page.setMinimumHeight(100)
    area.show()
    bar = area.verticalScrollBar()
    assert bar.maximum() == 0
    assert page.width() == 400 - BAR_ROOM
    alone = bar.grab().toImage()
    assert {alone.pixelColor(5, y).name() for y in range(alone.height())} == {alone.pixelColor(0, 0).name()}
    page.setMinimumHeight(900)
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    assert page.width() == 400 - BAR_ROOM
    seen = bar.grab().toImage()
    assert len({seen.pixelColor(5, y).name() for y in range(seen.height())}) > 1, "now its handle is painted"


def test_the_cards_of_a_page_end_where_its_buttons_do(
    window: MainWindow, page: ConfigurationPage, settle: Settle
) -> None:
    def right_end(widget: QWidget) -> int:
        return widget.mapTo(page, widget.rect().topRight()).x()

    for key, part in (
        ("overview", page.overview.widget()),
        ("queue", page.queue.area),
        ("schedule", page.schedule.widget()),
        ("settings", page.settings.widget()),
    ):
        page.open_tab(key)
        settle()
        assert right_end(part) == right_end(page.header), key


def test_numbers_stand_together_at_the_right_and_the_name_has_what_is_left(qtbot: QtBot, theme: Theme) -> None:
    right = Qt.AlignmentFlag.AlignRight
    columns = (
        Column[str]("entity", "Entity", lambda row: row, 110),
        Column[str]("updated", "Updated", lambda row: "6", 84, align=right),
        Column[str]("failed", "Failed", lambda row: "3", 70, align=right),
    )
    model = ListTableModel[str](columns)
    view = ListView(model, theme, "What the last run did")
    qtbot.addWidget(view)
    view.resize(1000, 200)
    view.show()
    model.show(("customers",))
    widths = [view.horizontalHeader().sectionSize(number) for number in range(3)]
    assert sum(widths) == view.viewport().width()
    assert max(widths[1:]) < 150


def test_the_choice_of_entities_is_not_cut_on_the_lowest_screen(
    window: MainWindow, page: ConfigurationPage, settle: Settle
) -> None:
    window.resize(911, 482)
    page.open_tab("queue")
    settle()
    box: QComboBox = page.queue.entity
    assert box.isVisible()
    assert box.width() >= min(box.sizeHint().width(), box.maximumWidth())


def test_whether_an_action_was_done_is_seen_before_why(
    window: MainWindow, page: ConfigurationPage, settle: Settle
) -> None:
    window.resize(1000, 700)
    page.open_tab("runs")
    settle()
    table = page.runs.done
    places = {column.key: place for place, column in enumerate(table.model.columns)}
    assert not table.view.isColumnHidden(places["result"])
    assert table.view.isColumnHidden(places["rule"])


def test_what_was_not_written_has_no_empty_table_but_a_word(page: ConfigurationPage, settle: Settle) -> None:
    page.open_tab("runs")
    settle()
    action = page.runs.done.chosen
    assert action is not None
    page.runs._show_action(replace(action, fields=()))
    assert page.runs._fields_view.isHidden()
    assert not page.runs._no_fields.isHidden()
    page.runs._show_action(action)
    assert not page.runs._fields_view.isHidden()
    assert page.runs._no_fields.isHidden()


def test_an_empty_queue_does_not_promise_records_after_a_preview(
    page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    page.open_tab("queue")
    settle()
    page.queue.search.setText("")
    assert "preview" not in page.queue.area.empty.accessibleDescription() + " ".join(
        said.text() for said in page.queue.area.empty.findChildren(QLabel)
    )


def test_a_record_in_review_without_any_candidate_shows_its_values(
    qtbot: QtBot, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    application.records.cases = [replace(application.records.cases[0], a_id="17", b_id=None, candidates=())]
    page.open_tab("review")
    settle()
    detail = page.review.detail
    qtbot.waitUntil(lambda: detail.values_view.isVisible())
    assert [column.title for column in detail.values.columns] == ["Field", "CRM 17"]
    assert [column.text(detail.values.rows[0]) for column in detail.values.columns] == ["Email = email", "Ada@x.org"]
    assert not any(row.differs for row in detail.values.rows)
    assert detail._values_title.text() == "As it stands now"
