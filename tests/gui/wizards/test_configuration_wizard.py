"""Setting up a synchronization by hand, page by page, and changing one that is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import time
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from desktop_sync.core.configuration import (
    ConflictRule,
    DeleteRule,
    Direction,
    FieldMapping,
    FirstContactRule,
    GuardLimits,
    PerSide,
    Side,
    SyncConfiguration,
)
from desktop_sync.core.mapping_rows import RowKind
from desktop_sync.core.schedule import Schedule, ScheduleKind
from desktop_sync.core.setup_flow import Page
from desktop_sync.core.structure import Field, Structure
from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.widgets.choice_box import ChoiceBox
from desktop_sync.ui.wizards import open_configuration_wizard
from desktop_sync.ui.wizards.configuration.dialog import ConfigurationWizard
from desktop_sync.ui.wizards.configuration.mapping_table import IDENTIFIES
from tests.support.shop_and_crm import Scene, customers, customers_entity

Settle = Callable[[ConfigurationWizard], None]
Open = Callable[..., ConfigurationWizard]


@pytest.fixture
def open_wizard(qtbot: QtBot, application: Any, jobs: JobRunner, settle: Settle) -> Open:
    def opened(configuration: SyncConfiguration | None = None, page: Page = Page.ENDPOINTS) -> ConfigurationWizard:
        wizard = open_configuration_wizard(None, application, jobs, configuration)
        wizard.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        qtbot.addWidget(wizard)
        settle(wizard)
        while wizard.setup.page is not page:
            click(qtbot, wizard.next_button)
            settle(wizard)
        return wizard

    return opened


def click(qtbot: QtBot, button: Any) -> None:
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def pick(box: ChoiceBox[Any], value: object) -> None:
    """What a person does: opens the box and takes an item."""
    box.setCurrentIndex(box._values.index(value))
    box.activated.emit(box.currentIndex())


def row_of(wizard: ConfigurationWizard, name: str) -> int:
    rows = [line.row.mapping for line in wizard.mapping_page.model.lines]
    return next(place for place, mapping in enumerate(rows) if name in (mapping.a, mapping.b))


def test_a_synchronization_is_set_up_from_nothing_to_saved(
    qtbot: QtBot, scene: Scene, open_wizard: Open, settle: Settle
) -> None:
    wizard = open_wizard()
    assert wizard.endpoints_page.name_edit.text() == "CRM and Shop"
    wizard.endpoints_page.name_edit.selectAll()
    qtbot.keyClicks(wizard.endpoints_page.name_edit, "Clients")
    click(qtbot, wizard.next_button)
    settle(wizard)
    click(qtbot, wizard.entities_page.suggestion_lines[0].action_button)
    click(qtbot, wizard.next_button)
    settle(wizard)
    assert wizard.setup.configuration.entities[0].fields == ()
    click(qtbot, wizard.mapping_page.accept_all_button)
    settle(wizard)
    for page in (Page.RULES, Page.RUNNING, Page.SUMMARY):
        click(qtbot, wizard.next_button)
        settle(wizard)
        assert wizard.setup.page is page
    assert 'A record deleted in "CRM" is deleted in "Shop" too.' in wizard.summary_page.text
    with qtbot.waitSignals([wizard.saved, wizard.preview_wanted]):
        click(qtbot, wizard.preview_button)
    kept = scene.configurations.get("Clients")
    entity = kept.entities[0]
    assert [mapping.a for mapping in entity.identifying] == ["Email"]
    assert entity.modified == PerSide("UpdatedAt", "updated_at")
    assert {(m.a, m.b) for m in entity.fields} >= {("Email", "e-mail"), ("FirstName", "given_name"), ("Phone", "tel")}


def test_next_says_what_is_missing_instead_of_going_on(qtbot: QtBot, open_wizard: Open) -> None:
    wizard = open_wizard(page=Page.ENTITIES)
    click(qtbot, wizard.next_button)
    assert wizard.setup.page is Page.ENTITIES
    assert any("at least one pair" in text for text in wizard.entities_page.findings.texts)


def test_a_pair_that_is_chosen_counts_without_the_button_beside_it(
    qtbot: QtBot, open_wizard: Open, settle: Settle
) -> None:
    wizard = open_wizard(page=Page.ENTITIES)
    pick(wizard.entities_page.box_a, "Customer")
    pick(wizard.entities_page.box_b, "customers")
    click(qtbot, wizard.next_button)
    settle(wizard)
    assert wizard.setup.page is Page.MAPPING
    click(qtbot, wizard.back_button)
    click(qtbot, wizard.next_button)
    assert [entity.structures for entity in wizard.setup.configuration.entities] == [PerSide("Customer", "customers")]


def test_required_fields_that_are_not_mapped_keep_one_on_the_page(
    qtbot: QtBot, open_wizard: Open, settle: Settle
) -> None:
    fields = customers_entity().fields[:1]
    wizard = open_wizard(replace(customers(), entities=(replace(customers_entity(), fields=fields),)), Page.MAPPING)
    click(qtbot, wizard.next_button)
    assert wizard.setup.page is Page.MAPPING
    assert '"FirstName"' in wizard.mapping_page.summary.text
    line = wizard.mapping_page.model.lines[row_of(wizard, "FirstName")]
    assert line.required_in == "CRM"


def test_suggestions_are_shown_with_their_score_and_accepted_one_by_one(
    qtbot: QtBot, open_wizard: Open, settle: Settle
) -> None:
    wizard = open_wizard(replace(customers(), entities=(replace(customers_entity(), fields=()),)), Page.MAPPING)
    page = wizard.mapping_page
    row = row_of(wizard, "Phone")
    assert page.model.lines[row].row.kind is RowKind.SUGGESTED
    assert "90 %" in page.model._note(page.model.lines[row])
    page.table.choose(row)
    qtbot.keyClick(page.table, Qt.Key.Key_Return)
    assert [mapping.a for mapping in wizard.setup.configuration.entities[0].fields] == ["Phone"]
    page.table.choose(row_of(wizard, "Phone"))
    qtbot.keyClick(page.table, Qt.Key.Key_Delete)
    settle(wizard)
    assert wizard.setup.configuration.entities[0].fields == ()
    assert page.model.lines[row_of(wizard, "Phone")].row.kind is RowKind.SUGGESTED


def test_samples_follow_the_typing_and_a_mistake_is_said_beside_the_field(
    qtbot: QtBot, open_wizard: Open, settle: Settle
) -> None:
    wizard = open_wizard(customers(), Page.MAPPING)
    page = wizard.mapping_page
    page.table.choose(row_of(wizard, "FirstName"))
    settle(wizard)
    assert page.samples.table.item(0, 1).text() == "Ada"
    qtbot.keyClicks(page.detail.expressions[Side.B], "upper(FirstName)")
    settle(wizard)
    assert page.samples.table.item(0, 1).text() == "ADA"
    qtbot.keyClicks(page.detail.expressions[Side.B], " || Nme")
    settle(wizard)
    assert "Nme" in page.detail.expression_rows[Side.B].problem
    assert page.summary.text.startswith("FirstName: "), "above the table it says which field it is about"
    assert not wizard.setup.is_complete(Page.MAPPING)
    assert page.samples.table.rowCount() == 0


def test_typing_fast_asks_for_the_last_text_only(
    qtbot: QtBot, scene: Scene, application: Any, open_wizard: Open, settle: Settle
) -> None:
    wizard = open_wizard(customers(), Page.MAPPING)
    wizard.mapping_page.table.choose(row_of(wizard, "Phone"))
    settle(wizard)
    asked: list[str] = []
    original = scene.configurations.sample_mapping

    def counting(*arguments: Any, **more: Any) -> Any:
        asked.append(arguments[4].to_b)
        return original(*arguments, **more)

    application.configurations.sample_mapping = counting
    qtbot.keyClicks(wizard.mapping_page.detail.expressions[Side.B], "lower(Phone)")
    settle(wizard)
    assert asked[-1] == "lower(Phone)"
    assert len(asked) < len("lower(Phone)")


def test_the_identifying_box_turns_by_click_and_by_space(qtbot: QtBot, open_wizard: Open) -> None:
    wizard = open_wizard(customers(), Page.MAPPING)
    table = wizard.mapping_page.table
    row = row_of(wizard, "FirstName")
    where = table.visualRect(wizard.mapping_page.model.index(row, IDENTIFIES)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert wizard.setup.configuration.entities[0].fields[row].identifying
    table.choose(row)
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert not wizard.setup.configuration.entities[0].fields[row].identifying


def test_a_skipped_field_becomes_a_pair_by_choosing_its_counterpart(
    qtbot: QtBot, open_wizard: Open, settle: Settle
) -> None:
    wizard = open_wizard(customers(), Page.MAPPING)
    page = wizard.mapping_page
    page.table.choose(row_of(wizard, "CustomerId"))
    pick(page.detail.fields[Side.B], "no")
    made = wizard.setup.configuration.entities[0].fields[-1]
    assert (made.a, made.b, made.direction) == ("CustomerId", "no", Direction.A_TO_B)
    assert page.current is not None
    assert page.current.mapping == made


def test_choices_comparison_and_empties_reach_the_mapping(qtbot: QtBot, open_wizard: Open, settle: Settle) -> None:
    wizard = open_wizard(customers(), Page.MAPPING)
    page = wizard.mapping_page
    page.table.choose(row_of(wizard, "FirstName"))
    detail = page.detail
    detail.tabs.setCurrentIndex(1)
    detail.comparison.boxes[next(kind for kind in detail.comparison.boxes if kind.value == "lower")].click()
    detail.tabs.setCurrentIndex(2)
    click(qtbot, detail.choices.add_button)
    detail.choices.table.item(0, 0).setText("Ada")
    detail.choices.table.item(0, 1).setText("A")
    detail.only_new.click()
    mapping = wizard.setup.configuration.entities[0].fields[1]
    assert mapping.normal_form == ("lower",)
    assert mapping.value_map == (("Ada", "A"),)
    assert mapping.only_new


def test_values_of_a_masked_field_are_not_shown(qtbot: QtBot, open_wizard: Open, settle: Settle) -> None:
    masked = replace(
        customers_entity(),
        fields=(*customers_entity().fields[:1], FieldMapping("FirstName", "given_name", masked=True)),
    )
    wizard = open_wizard(replace(customers(), entities=(masked,)), Page.MAPPING)
    wizard.mapping_page.table.choose(row_of(wizard, "FirstName"))
    settle(wizard)
    assert wizard.mapping_page.samples.table.item(0, 0).text() == "•••"
    assert "Ada" not in wizard.mapping_page.samples.table.item(0, 0).toolTip()


def test_a_missing_counterpart_is_made_in_the_other_endpoint(
    qtbot: QtBot, scene: Scene, open_wizard: Open, settle: Settle
) -> None:
    scene.provider.add("CRM", Structure("Invoice", (Field("Nr"), Field("Total"))), [("1", "5")])
    wizard = open_wizard(page=Page.ENTITIES)
    page = wizard.entities_page
    pick(page.box_a, "Invoice")
    pick(page.box_b, "")
    qtbot.keyClicks(page.new_name, "invoices")
    click(qtbot, page.create_button)
    settle(wizard)
    assert scene.endpoints.describe("Shop", "invoices").field_names == ("Nr", "Total")
    assert [entity.structures for entity in wizard.setup.configuration.entities] == [PerSide("Invoice", "invoices")]
    click(qtbot, page.chosen_lines[0].action_button)
    assert wizard.setup.configuration.entities == ()


def test_an_endpoint_can_be_made_on_the_way(qtbot: QtBot, scene: Scene, open_wizard: Open, settle: Settle) -> None:
    wizard = open_wizard()
    click(qtbot, wizard.endpoints_page.new_buttons[Side.B])
    inner = wizard.endpoint_wizard
    qtbot.waitUntil(lambda: inner.next_button.isEnabled())
    click(qtbot, inner.next_button)
    qtbot.keyClicks(inner.settings_page.inputs["folder"].focus_target(), "/new")
    with qtbot.waitSignal(inner.saved):
        click(qtbot, inner.next_button)
    settle(wizard)
    assert wizard.setup.configuration.b == "Memory"
    assert wizard.endpoints_page.boxes[Side.B].value == "Memory"


def test_rules_are_kept_and_said_with_the_endpoints_names(qtbot: QtBot, open_wizard: Open, settle: Settle) -> None:
    wizard = open_wizard(customers(), Page.RULES)
    page = wizard.rules_page
    assert "Create it in Shop again" in [page.deletes[Side.B].itemText(n) for n in range(page.deletes[Side.B].count())]
    pick(page.deletes[Side.A], DeleteRule.MARK)
    assert any("marks a record" in text for text in page.findings.texts)
    click(qtbot, wizard.next_button)
    assert wizard.setup.page is Page.RULES
    pick(page.mark_fields[Side.A], "tel")
    qtbot.keyClicks(page.mark_values[Side.A], "gone")
    entity = wizard.setup.configuration.entities[0]
    assert (entity.delete.a, entity.mark.a.field, entity.mark.a.value) == (DeleteRule.MARK, "tel", "gone")
    qtbot.keyClicks(page.filters[Side.A].edit, "Credit > 6")
    settle(wizard)
    assert "4 of 8 records" in page.filters[Side.A].row._help.text()


def test_a_broken_filter_is_said_beside_it_and_keeps_one_on_the_page(
    qtbot: QtBot, open_wizard: Open, settle: Settle
) -> None:
    wizard = open_wizard(customers(), Page.RULES)
    qtbot.keyClicks(wizard.rules_page.filters[Side.B].edit, "tel =")
    settle(wizard)
    assert wizard.rules_page.filters[Side.B].row.problem
    click(qtbot, wizard.next_button)
    assert wizard.setup.page is Page.RULES


def test_most_recent_is_not_offered_without_stamps(qtbot: QtBot, open_wizard: Open, settle: Settle) -> None:
    rules = {"conflict": ConflictRule.A, "first_contact": FirstContactRule.A, "modified": PerSide("UpdatedAt", "")}
    wizard = open_wizard(replace(customers(), entities=(replace(customers_entity(), **rules),)), Page.RULES)
    page = wizard.rules_page
    assert ConflictRule.MOST_RECENT not in page.conflict._values
    assert FirstContactRule.MOST_RECENT not in page.first_contact._values
    pick(page.stamps[Side.B], "updated_at")
    settle(wizard)
    assert ConflictRule.MOST_RECENT in page.conflict._values
    pick(page.conflict, ConflictRule.MOST_RECENT)
    assert wizard.setup.configuration.entities[0].conflict is ConflictRule.MOST_RECENT


def test_the_id_of_a_record_is_chosen_where_the_system_does_not_declare_one(open_wizard: Open, settle: Settle) -> None:
    wizard = open_wizard(customers(), Page.RULES)
    settle(wizard)
    keys = wizard.rules_page.keys
    assert keys.isVisibleTo(wizard.rules_page)
    assert not keys.rows[Side.A].isVisibleTo(keys), "the database declares its own"
    assert keys.boxes[Side.B].accessibleName() == "Id of a record in Shop"
    assert keys.boxes[Side.B].currentText() == "(as found: no)"
    pick(keys.boxes[Side.B], ("e-mail",))
    assert wizard.setup.configuration.entities[0].key == PerSide((), ("e-mail",))
    pick(keys.boxes[Side.B], ())
    assert wizard.setup.configuration.entities[0].key == PerSide((), ())


def test_an_id_of_several_fields_is_kept_and_another_id_of_what_was_saved_is_warned_of(
    scene: Scene, open_wizard: Open, settle: Settle
) -> None:
    both = replace(customers_entity(), key=PerSide((), ("e-mail", "tel")))
    saved = scene.configurations.save(replace(customers(), entities=(both,)))
    wizard = open_wizard(saved, Page.RULES)
    settle(wizard)
    keys = wizard.rules_page.keys
    assert keys.boxes[Side.B].currentText() == "e-mail, tel"
    assert keys.changed_note.text == ""
    pick(keys.boxes[Side.B], ("no",))
    assert "Match them anew after saving" in keys.changed_note.text
    pick(keys.boxes[Side.B], ("e-mail", "tel"))
    assert wizard.setup.configuration.entities[0].key == both.key
    assert keys.changed_note.text == ""


@pytest.mark.parametrize("name", ["edited", "older_state", "write_loop"])
def test_guards_that_let_single_records_wait_are_switched_by_hand(qtbot: QtBot, open_wizard: Open, name: str) -> None:
    wizard = open_wizard(customers(), Page.RUNNING)
    box = getattr(wizard.running_page.guards, name)
    assert box.isChecked()
    box.click()
    assert wizard.setup.configuration.guards == replace(GuardLimits(), **{name: False})
    box.click()
    assert wizard.setup.configuration.guards == GuardLimits()


def test_a_record_that_is_always_there_is_named_by_its_id(qtbot: QtBot, open_wizard: Open) -> None:
    wizard = open_wizard(customers(), Page.RULES)
    page = wizard.rules_page
    qtbot.keyClicks(page.sentinels[Side.B], " 17")
    assert wizard.setup.configuration.entities[0].sentinel == PerSide("", "17")
    assert page.sentinels[Side.B].accessibleName() == "Id of a record that is always in Shop"


def test_schedules_are_set_by_hand(qtbot: QtBot, open_wizard: Open) -> None:
    wizard = open_wizard(customers(), Page.RUNNING)
    box = wizard.running_page.schedule
    pick(box.kind, ScheduleKind.INTERVAL)
    box.every.number.setValue(2)
    pick(box.every.unit, 60)
    assert wizard.setup.configuration.schedule == Schedule(ScheduleKind.INTERVAL, interval_minutes=120)
    pick(box.kind, ScheduleKind.WEEKLY)
    box.times.selectAll()
    qtbot.keyClicks(box.times, "07:15, 18:00")
    box.days[0].click()
    schedule = wizard.setup.configuration.schedule
    assert (schedule.times, schedule.weekdays) == ((time(7, 15), time(18)), (1, 2, 3, 4))
    box.times.selectAll()
    qtbot.keyClicks(box.times, "25:99")
    assert "25:99" in box.times_row.problem
    click(qtbot, wizard.next_button)
    assert wizard.setup.page is Page.RUNNING


def test_guards_can_be_changed_and_switched_off_one_by_one(qtbot: QtBot, open_wizard: Open) -> None:
    wizard = open_wizard(customers(), Page.RUNNING)
    guards = wizard.running_page.guards
    guards.deletes_share.number.setValue(25)
    guards.deletes_number.box.click()
    guards.identity.click()
    limits = wizard.setup.configuration.guards
    assert (limits.deletes_share, limits.deletes_number, limits.identity) == (0.25, None, False)
    guards.deletes_share.box.click()
    assert any("any number of records" in text for text in wizard.running_page.findings.texts)


def test_an_opened_configuration_is_saved_as_it_was(
    qtbot: QtBot, scene: Scene, open_wizard: Open, settle: Settle
) -> None:
    """Paging through the wizard changes nothing: what a file can say and the form does not show stays."""
    fields = (
        *customers_entity().fields,
        FieldMapping("Credit", "credit", Direction.A_TO_B, normal_form=("scale:2",), only_new=True, masked=True),
        FieldMapping(b="no", to_b="'S' || CustomerId", direction=Direction.A_TO_B),
    )
    entity = replace(customers_entity(), fields=fields, key=PerSide((), ("no",)), filter=PerSide("Credit > 0", ""))
    kept = scene.configurations.save(replace(customers(), entities=(entity,)))
    wizard = open_wizard(kept, Page.MAPPING)
    for place in range(len(wizard.mapping_page.model.lines)):
        wizard.mapping_page.table.choose(place)
    while wizard.setup.page is not Page.SUMMARY:
        click(qtbot, wizard.next_button)
        settle(wizard)
    assert wizard.setup.configuration == kept
    with qtbot.waitSignal(wizard.saved):
        click(qtbot, wizard.next_button)
    assert scene.configurations.get("Customers") == kept


def test_a_new_name_renames_so_that_peers_go_along(
    qtbot: QtBot, scene: Scene, open_wizard: Open, settle: Settle
) -> None:
    kept = scene.configurations.save(customers())
    wizard = open_wizard(kept)
    wizard.endpoints_page.name_edit.selectAll()
    qtbot.keyClicks(wizard.endpoints_page.name_edit, "Clients")
    while wizard.setup.page is not Page.SUMMARY:
        click(qtbot, wizard.next_button)
        settle(wizard)
    with qtbot.waitSignals([wizard.renamed, wizard.saved], order="strict"):
        click(qtbot, wizard.next_button)
    assert [item.name for item in scene.configurations.list()] == ["Clients"]


def test_an_endpoint_that_cannot_be_reached_is_said_and_can_be_left(
    qtbot: QtBot, scene: Scene, open_wizard: Open, settle: Settle
) -> None:
    scene.provider.password = "needed"
    wizard = open_wizard(page=Page.ENTITIES)
    assert "the password is wrong" in wizard.entities_page.notice.text
    click(qtbot, wizard.back_button)
    assert wizard.setup.page is Page.ENDPOINTS


def test_the_table_of_pairs_is_a_sound_model(qtbot: QtBot, open_wizard: Open, settle: Settle) -> None:
    wizard = open_wizard(customers(), Page.MAPPING)
    model = wizard.mapping_page.model
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    wizard.mapping_page.table.choose(0)
    qtbot.keyClick(wizard.mapping_page.table, Qt.Key.Key_Delete)
    settle(wizard)
    assert tester.model() is model


@pytest.mark.scenario("X23")
def test_names_with_markup_are_shown_as_they_are(qtbot: QtBot, scene: Scene, open_wizard: Open, settle: Settle) -> None:
    hostile = Structure("<b>bold</b>", (Field("<img src=x>"), Field("a & b")))
    scene.provider.add("CRM", hostile, [("<i>1</i>", "x")])
    wizard = open_wizard(page=Page.ENTITIES)
    pick(wizard.entities_page.box_a, "<b>bold</b>")
    pick(wizard.entities_page.box_b, "customers")
    click(qtbot, wizard.entities_page.add_button)
    click(qtbot, wizard.next_button)
    settle(wizard)
    model = wizard.mapping_page.model
    place = row_of(wizard, "<img src=x>")
    assert model.index(place, 0).data() == "<img src=x>"
    assert "&lt;img" in model.index(place, 0).data(Qt.ItemDataRole.ToolTipRole)


def test_closing_asks_before_what_was_entered_is_lost(qtbot: QtBot, open_wizard: Open) -> None:
    wizard = open_wizard()
    qtbot.keyClicks(wizard.endpoints_page.name_edit, " x")
    qtbot.keyClick(wizard, Qt.Key.Key_Escape)
    assert wizard.isVisible()
    buttons = {made.objectName(): made for made in wizard.question.findChildren(QPushButton)}
    click(qtbot, buttons["stay"])
    assert wizard.isVisible()
    wizard.close()
    buttons = {made.objectName(): made for made in wizard.question.findChildren(QPushButton)}
    click(qtbot, buttons["discard"])
    assert not wizard.isVisible()
    assert wizard.setup.configuration.name


def test_the_wheel_over_a_choice_changes_nothing(qtbot: QtBot, open_wizard: Open) -> None:
    wizard = open_wizard(customers(), Page.RULES)
    box = wizard.rules_page.conflict
    before = box.value
    down = QPoint(0, -120)
    middle = QPointF(box.rect().center())
    event = QWheelEvent(
        middle, box.mapToGlobal(middle), down, down, Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(box, event)
    assert box.value is before


def test_the_summary_says_about_each_pair_of_structures_what_will_happen(
    qtbot: QtBot, open_wizard: Open, settle: Settle
) -> None:
    wizard = open_wizard(customers(), Page.SUMMARY)
    lines = wizard.summary_page.text.splitlines()
    assert lines[0] == "customers"
    assert "are kept the same in both directions" in lines[1]
    assert lines.index("All of it") < lines.index(
        "The first run deletes nothing and shows what it will do before it writes."
    )


def test_the_summary_says_what_an_edit_means_for_what_was_synchronized(
    scene: Scene, open_wizard: Open, settle: Settle
) -> None:
    wizard = open_wizard(scene.configurations.save(customers()), Page.RULES)
    note = wizard.summary_page.change_note
    assert note.text == ""
    holder = wizard.rules_page._holder
    holder.put_entity(replace(holder.entity, max_failed_attempts=9))
    assert note.text == "Linked records stay linked."
    holder.put_entity(replace(holder.entity, filter=PerSide("Credit > 6", "")))
    assert note.text == (
        "Linked records stay linked. The next run compares all records of customers again. "
        "That run deletes nothing; the one after it does."
    )
    holder.put_entity(replace(holder.entity, filter=PerSide("", "")))
    assert note.text == "Linked records stay linked."
