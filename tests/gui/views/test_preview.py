"""A plan before it runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QPushButton
from pytestqt.qtbot import QtBot

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action
from desktop_sync.core.errors import VersionMismatchError
from desktop_sync.core.guard import Guard, GuardFinding
from desktop_sync.core.run import Trigger
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from desktop_sync.ui.views.preview import PreviewPage
from desktop_sync.ui.widgets.elided_label import ElidedLabel
from tests.gui.fake_application import FakeApplication, FakePreview

Settle = Callable[[], None]
MANY_DELETES = GuardFinding(Guard.DELETES, "customers", Side.B, 240, 1279, 100)


@pytest.fixture
def preview(qtbot: QtBot, page: ConfigurationPage, settle: Settle) -> PreviewPage:
    qtbot.mouseClick(page.header.preview_button, Qt.MouseButton.LeftButton)
    settle()
    assert page.preview_page is not None
    return page.preview_page


def fake(application: FakeApplication) -> FakePreview:
    return application.synchronization.previews[-1]


def row_of(preview: PreviewPage, action: Action) -> int:
    for row in range(preview.table_model.rowCount()):
        found = preview.table_model.row(row)
        if found is not None and found.action is action:
            return row
    raise AssertionError(action)


def test_the_preview_names_both_systems_and_every_category(preview: PreviewPage) -> None:
    texts = [text for _, text, _ in preview.chips.shown]
    assert texts == [
        "Conflict",
        "Create in CRM",
        "Create in Shop",
        "Update in CRM",
        "Update in Shop",
        "Delete in Shop",
        "Link",
    ]
    titles = [column.title for column in preview.table_model.columns]
    assert titles == ["Record", "CRM record", "CRM", "What happens", "Shop record", "Shop", "Why"]


def test_sides_that_hardly_have_a_record_in_common_are_told_before_they_first_meet(
    page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    application.synchronization.first_run = True
    application.synchronization.next_read = (25, 25)
    page.start_preview()
    settle()
    assert page.preview_page is not None
    created = fake(application).plan.count(Action.CREATE_B)
    assert 2 * created > 25
    assert "customers: the two sides are significantly different." in page.preview_page.notes.text
    application.synchronization.next_read = (1284, 1279)
    page.start_preview()
    settle()
    assert page.preview_page.notes.isHidden()


def test_chips_narrow_the_table_and_several_add_up(preview: PreviewPage, qtbot: QtBot, settle: Settle) -> None:
    qtbot.mouseClick(preview.chips.chip(Action.DELETE_B.name), Qt.MouseButton.LeftButton)
    settle()
    assert preview.table_model.rowCount() == 15
    qtbot.mouseClick(preview.chips.chip(Action.CONFLICT.name), Qt.MouseButton.LeftButton)
    settle()
    assert preview.table_model.rowCount() == 30


def test_the_fields_of_the_chosen_row_show_what_will_stand_there(preview: PreviewPage, settle: Settle) -> None:
    preview.area.view.selectRow(row_of(preview, Action.UPDATE_B))
    last = preview.detail.fields.columnCount() - 1
    assert preview.detail.fields.headerData(last, Qt.Orientation.Horizontal) == "Shop afterwards"
    city = [preview.detail.fields.index(row, 0).data() for row in range(4)].index("City")
    assert preview.detail.fields.index(city, last).data() == preview.detail.fields.index(city, 1).data()


def test_space_leaves_a_row_out_and_takes_it_in_again(
    preview: PreviewPage, qtbot: QtBot, settle: Settle, application: FakeApplication
) -> None:
    preview.window().activateWindow()
    preview.area.view.setFocus()
    preview.area.view.selectRow(0)
    qtbot.waitUntil(preview.area.view.hasFocus, timeout=5000)
    qtbot.keyClick(preview.area.view, Qt.Key.Key_Space)
    settle()
    assert [row.number for row in fake(application).all if row.is_excluded] == [0]
    assert preview.table_model.index(0, 3).data() == "Left out"
    assert "1 left out" in preview.summary.text()
    qtbot.keyClick(preview.area.view, Qt.Key.Key_Space)
    settle()
    assert not any(row.is_excluded for row in fake(application).all)


def test_alt_and_down_leaves_rows_out_and_never_takes_one_in(
    preview: PreviewPage, qtbot: QtBot, settle: Settle, application: FakeApplication
) -> None:
    view = preview.area.view
    preview.window().activateWindow()
    view.setFocus()
    view.selectRow(1)
    qtbot.waitUntil(view.hasFocus, timeout=5000)
    for _ in range(2):
        qtbot.keyClick(view, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
        settle()
        assert [row.number for row in fake(application).all if row.is_excluded] == [1]


def test_a_conflict_can_be_turned_to_either_side(
    preview: PreviewPage, qtbot: QtBot, settle: Settle, application: FakeApplication
) -> None:
    row = row_of(preview, Action.CONFLICT)
    view = preview.area.view
    preview.window().activateWindow()
    view.setFocus()
    view.selectRow(row)
    qtbot.waitUntil(view.hasFocus, timeout=5000)
    qtbot.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    settle()
    assert fake(application).all[row].action is Action.UPDATE_B
    qtbot.keyClick(view, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    settle()
    assert fake(application).all[row].action is Action.UPDATE_A
    counts = {key: count for key, _, count in preview.chips.shown}
    assert counts[Action.CONFLICT.name] == 14


def test_all_rows_to_which_the_same_happens_are_left_out_at_once(
    preview: PreviewPage, settle: Settle, application: FakeApplication
) -> None:
    preview.area.view.selectRow(row_of(preview, Action.DELETE_B))
    preview.menu.name_actions()
    assert preview.menu.alike_action.text() == "Leave out &all of customers: Delete in Shop"
    preview.menu.alike_action.trigger()
    settle()
    rows = fake(application).all
    assert all(row.is_excluded is (row.action is Action.DELETE_B) for row in rows)
    assert "15 left out" in preview.summary.text()
    assert "to delete" not in preview.summary.text()
    assert {key: count for key, _, count in preview.chips.shown}[Action.DELETE_B.name] == 15  # they can still be seen
    preview.menu.name_actions()
    assert preview.menu.alike_action.text() == "Take in &all again of customers: Delete in Shop"
    preview.menu.alike_action.trigger()
    settle()
    assert not any(row.is_excluded for row in fake(application).all)


def test_a_guard_does_not_stop_what_is_left_out(
    page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    application.synchronization.next_findings = (MANY_DELETES,)
    page.start_preview()
    settle()
    preview = page.preview_page
    assert preview is not None
    assert not preview.run_button.isEnabled()
    preview.area.view.selectRow(row_of(preview, Action.DELETE_B))
    preview.menu.alike_action.trigger()
    settle()
    assert preview.run_button.isEnabled()
    assert "no guard stops this run" in preview.guards.text
    preview.menu.alike_action.trigger()
    settle()
    assert not preview.run_button.isEnabled()


def answer(preview: PreviewPage, key: str) -> None:
    next(button for button in preview.part.question.findChildren(QPushButton) if button.objectName() == key).click()


def test_enter_synchronizes_only_the_chosen_rows_after_asking(
    preview: PreviewPage, page: ConfigurationPage, qtbot: QtBot, settle: Settle, application: FakeApplication
) -> None:
    view = preview.area.view
    preview.window().activateWindow()
    view.setFocus()
    view.selectRow(3)
    qtbot.waitUntil(view.hasFocus, timeout=5000)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert preview.part.question.windowTitle() == "Synchronize only 1 record?"
    answer(preview, "back")
    settle()
    assert application.synchronization.started == []
    assert not any(row.is_excluded for row in fake(application).all)
    preview.menu.only_action.trigger()
    answer(preview, "run")
    settle()
    assert [row.number for row in fake(application).all if not row.is_excluded] == [3]
    assert application.synchronization.started[-1][3] is fake(application)
    assert page.preview_page is None


def test_a_pilot_run_asks_how_many_and_writes_to_just_these(
    preview: PreviewPage, page: ConfigurationPage, qtbot: QtBot, settle: Settle, application: FakeApplication
) -> None:
    writing = [row.number for row in fake(application).all if row.action.target is not None]
    assert not preview.pilot_button.isHidden()
    qtbot.mouseClick(preview.pilot_button, Qt.MouseButton.LeftButton)
    preview.part.pilot.reject()
    settle()
    assert application.synchronization.started == []
    preview.ask_pilot()
    pilot = preview.part.pilot
    assert (pilot.count.value(), pilot.count.maximum()) == (10, len(writing) - 1)
    pilot.count.setValue(3)
    qtbot.mouseClick(pilot.run_button, Qt.MouseButton.LeftButton)
    settle()
    left = [row.number for row in fake(application).all if row.action.target is not None and not row.is_excluded]
    assert left == writing[:3]
    assert application.synchronization.started[-1][3] is fake(application)
    assert page.preview_page is None


def test_a_pilot_run_of_a_plan_that_a_guard_stops_is_not_stopped_where_its_few_records_are_fine(
    page: ConfigurationPage, qtbot: QtBot, settle: Settle, application: FakeApplication
) -> None:
    application.synchronization.next_findings = (MANY_DELETES,)
    page.start_preview()
    settle()
    preview = page.preview_page
    assert preview is not None
    assert not preview.run_button.isEnabled()
    preview.ask_pilot()
    preview.part.pilot.count.setValue(2)
    qtbot.mouseClick(preview.part.pilot.run_button, Qt.MouseButton.LeftButton)
    settle()
    assert [row.action for row in fake(application).all if row.action is Action.DELETE_B and not row.is_excluded] == []
    assert application.synchronization.started[-1][3] is fake(application)


def test_while_a_guard_stops_the_plan_no_part_of_it_is_run(
    page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    application.synchronization.next_findings = (MANY_DELETES,)
    page.start_preview()
    settle()
    preview = page.preview_page
    assert preview is not None
    preview.menu.name_actions()
    assert not preview.menu.only_action.isEnabled()
    preview.ask_only()
    settle()
    assert application.synchronization.started == []


def test_only_updates_and_conflicts_can_be_turned(
    preview: PreviewPage, settle: Settle, application: FakeApplication
) -> None:
    row = row_of(preview, Action.DELETE_B)
    preview.area.view.selectRow(row)
    assert preview.detail.to_a_button.isHidden()
    preview.menu.to_a_action.trigger()
    settle()
    assert fake(application).all[row].action is Action.DELETE_B


def test_the_shortcuts_are_the_ones_people_know(preview: PreviewPage) -> None:
    assert preview.menu.exclude_action.shortcut().toString() == "Space"
    assert preview.menu.to_a_action.shortcut().toString() == "Alt+Left"
    assert preview.menu.to_b_action.shortcut().toString() == "Alt+Right"


def test_sync_now_executes_exactly_this_plan_and_closes_it(
    preview: PreviewPage, page: ConfigurationPage, qtbot: QtBot, settle: Settle, application: FakeApplication
) -> None:
    qtbot.mouseClick(preview.run_button, Qt.MouseButton.LeftButton)
    settle()
    name, trigger, allow, given = application.synchronization.started[-1]
    assert (name, trigger, allow) == ("Customers", Trigger.HAND, frozenset())
    assert given is fake(application)
    assert fake(application).is_closed
    assert page.preview_page is None


def test_going_back_runs_nothing_and_closes_the_plan(
    preview: PreviewPage, page: ConfigurationPage, qtbot: QtBot, settle: Settle, application: FakeApplication
) -> None:
    qtbot.mouseClick(preview.back_button, Qt.MouseButton.LeftButton)
    settle()
    assert application.synchronization.started == []
    assert fake(application).is_closed
    assert page.currentIndex() == 0


def test_a_guard_stands_on_top_with_its_numbers_and_blocks_until_it_is_let_pass(
    page: ConfigurationPage, qtbot: QtBot, settle: Settle, application: FakeApplication
) -> None:
    application.synchronization.next_findings = (MANY_DELETES,)
    page.start_preview()
    settle()
    preview = page.preview_page
    assert preview is not None
    assert "240 of 1,279" in preview.guards.text
    assert not preview.run_button.isEnabled()
    closes = [one for one in preview.guards.findChildren(QAbstractButton) if "Close" in one.accessibleName()]
    assert not any(one.isVisible() for one in closes), "without its message nothing would lead past the guard"
    qtbot.mouseClick(preview.pass_button, Qt.MouseButton.LeftButton)
    assert preview.run_button.isEnabled()
    qtbot.mouseClick(preview.run_button, Qt.MouseButton.LeftButton)
    settle()
    assert application.synchronization.started[-1][2] == frozenset({Guard.DELETES})


def test_an_empty_plan_says_that_both_sides_agree(
    page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    application.synchronization.preview_rows = 0
    page.start_preview()
    settle()
    assert page.preview_page is not None
    assert page.preview_page.area.is_empty
    assert page.preview_page.area.empty._title.text() == "Nothing to synchronize"


def test_a_plan_that_became_stale_is_said_on_the_page(
    preview: PreviewPage, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    application.synchronization.next_error = VersionMismatchError("the plan", "1", "2")
    preview.run_button.click()
    settle()
    assert page.message.text != ""
    assert fake(application).is_closed


def test_the_window_closes_a_preview_that_is_left_open(
    preview: PreviewPage, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    page.dispose()
    settle()
    assert fake(application).is_closed


def test_a_system_without_the_record_has_no_values_and_no_differences(preview: PreviewPage, settle: Settle) -> None:
    row = row_of(preview, Action.CREATE_B)
    preview.area.view.selectRow(row)
    settle()
    titles = [preview.detail.fields.headerData(column, Qt.Orientation.Horizontal) for column in range(4)]
    assert titles == ["Field", "CRM", "Shop", "Shop afterwards"]
    assert {preview.detail.fields.index(field, 2).data() for field in range(preview.detail.fields.rowCount())} == {""}


def test_records_that_do_not_fit_are_counted_in_the_summary(
    page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    application.synchronization.next_details = {0: "country: too long", 1: "country: too long"}
    page.start_preview()
    settle()
    assert page.preview_page is not None
    assert "2 records cannot be synchronized as they are" in page.preview_page.summary.text()


def test_a_long_name_is_cut_in_the_title_and_whole_in_its_tooltip(qtbot: QtBot) -> None:
    title = ElidedLabel("Customers of all shops in the north and in the south", "title")
    qtbot.addWidget(title)
    title.resize(120, 30)
    title.show()
    title.grab()
    assert "in the south" in title.toolTip()
    assert title.minimumSizeHint().width() <= 120
    title.resize(title.sizeHint())
    title.grab()
    assert title.toolTip() == ""


def test_the_summary_says_per_system_what_would_be_written_and_nothing_else(
    page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    application.synchronization.preview_rows = 1
    application.synchronization.next_details = {0: "country: too long"}
    page.start_preview()
    settle()
    assert page.preview_page is not None
    assert page.preview_page.summary.text().startswith("CRM: nothing to write   ·   Shop: nothing to write")
    application.synchronization.preview_rows = 120
    page.start_preview()
    settle()
    text = page.preview_page.summary.text()
    assert "CRM: 15 to create, 15 to update   ·   Shop: " in text
    assert " 0 to " not in text


def test_one_key_shows_how_records_differ_instead_of_what_happens(preview: PreviewPage, settle: Settle) -> None:
    model = preview.table_model
    place = next(number for number, column in enumerate(model.columns) if column.key == "action")

    def middle() -> list[str]:
        return [str(model.index(row, place).data()) for row in range(min(40, model.rowCount()))]

    def head() -> str:
        return str(model.headerData(place, Qt.Orientation.Horizontal))

    before, chips = middle(), [text for _, text, _ in preview.chips.shown]
    assert head() == "What happens"
    preview.differences.click()
    assert head() == "How they differ"
    changed = middle()
    assert any(text.startswith("Changed in CRM: ") for text in changed)
    assert any(text == "Only in CRM" for text in changed)
    assert any(text.startswith("Both changed") for text in changed)
    assert preview.differences.shortcut().toString() == "F11"
    named = {key: text for key, text, _ in preview.chips.shown}
    assert (named["CREATE_B"], named["DELETE_B"]) == ("Only in CRM", "Gone from CRM")
    assert (named["UPDATE_A"], named["CONFLICT"]) == ("Changed in Shop", "Both changed")
    preview.chips.choose("CREATE_B")
    settle()
    assert set(middle()) == {"Only in CRM"}, "what the category says is what its rows say"
    preview.differences.click()
    preview.chips.choose()
    settle()
    assert middle() == before
    assert [text for _, text, _ in preview.chips.shown] == chips
