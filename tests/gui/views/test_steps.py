"""The steps page: the pipeline in order, steps of one's own, and what they do to a sample record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from desktop_sync.core.configuration import Direction, Moment, PipelineStep, StepKind, UnknownChoice
from desktop_sync.core.errors import ExpressionError
from desktop_sync.core.pipeline import pipeline
from desktop_sync.ui.dialogs.ask import AskDialog
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from desktop_sync.ui.views.step_dialog import StepDialog
from desktop_sync.ui.views.steps import StepsPage
from tests.gui.fake_application import FakeApplication

Settle = Callable[[], None]
A_TO_B = Direction.A_TO_B
FILTER = PipelineStep(StepKind.FILTER, "leave", "customers", A_TO_B, condition="City <> 'Rome'")
SHOUT = PipelineStep(StepKind.TRANSFORM, "shout", "customers", A_TO_B, field="city", expression="upper(City)")
MARK = PipelineStep(StepKind.TRANSFORM, "mark", "customers", A_TO_B, field="city", expression="new_city || '!'")
TELL = PipelineStep(StepKind.COMMAND, "tell", enabled=False, command=("/usr/bin/report", "--all"))


@pytest.fixture
def steps(page: ConfigurationPage, settle: Settle, application: FakeApplication) -> StepsPage:
    keep(application, FILTER, SHOUT, MARK, TELL)
    page.refresh()
    settle()
    page.open_tab("steps")
    settle()
    return page.steps


def keep(application: FakeApplication, *steps: PipelineStep) -> None:
    known = application.configurations.all
    known["Customers"] = replace(known["Customers"], steps=steps)


def kept(application: FakeApplication) -> tuple[PipelineStep, ...]:
    return application.configurations.all["Customers"].steps


def titles(page: StepsPage) -> list[str]:
    return [one.row.title for one in page.steps.rows]


def choose(page: StepsPage, title: str) -> None:
    page.view.selectRow(titles(page).index(title))


def cells(page: StepsPage, title: str) -> list[str]:
    place = titles(page).index(title)
    return [str(page.steps.index(place, column).data()) for column in range(page.steps.columnCount())]


def dialog_of(page: StepsPage, kind: type[QDialog]) -> QDialog:
    (found,) = [one for one in page.findChildren(kind) if one.isVisible()]
    return found


def test_the_steps_stand_in_the_order_of_their_turn_with_what_they_do_to_a_record(
    steps: StepsPage, settle: Settle
) -> None:
    assert titles(steps) == [
        "Pull details",
        "leave",
        "Determine the direction",
        "Prerequisites first",
        "Standard mapping",
        "Configured mapping",
        "shout",
        "mark",
        "Save",
        "Set Processed",
        "tell",
    ]
    assert cells(steps, "shout")[1:] == ["city = upper(City)", "customers, CRM → Shop", "On", "Changed"]
    assert cells(steps, "tell")[3:] == ["Off until you allow it", "Off"]
    choose(steps, "shout")
    assert [(change.before, change.after) for change in steps.fields.rows] == [("Berlin", "BERLIN")]
    steps.next_button.click()
    settle()
    assert cells(steps, "leave")[4] == "Stopped here"
    assert cells(steps, "shout")[4] == "Not reached"
    assert not steps.fields.rows


def test_standard_steps_are_locked_where_they_must_be(
    steps: StepsPage, settle: Settle, application: FakeApplication
) -> None:
    for title in ("Pull details", "Save", "Set Processed", "Standard mapping"):
        choose(steps, title)
        controls = (steps.switch_button, steps.edit_button, steps.remove_button, steps.up_button, steps.down_button)
        assert not any(control.isEnabled() for control in controls)
    choose(steps, "Prerequisites first")
    assert steps.switch_button.isEnabled()
    steps.switch_button.click()
    settle()
    assert kept(application)[-1] == PipelineStep(StepKind.PREREQUISITES, enabled=False)
    assert cells(steps, "Prerequisites first")[3] == "Off"
    assert steps.switch_button.text() == "S&witch on"


def test_own_steps_are_moved_switched_and_removed(
    steps: StepsPage, settle: Settle, application: FakeApplication
) -> None:
    choose(steps, "mark")
    steps.up_button.click()
    settle()
    assert [one.name for one in kept(application)] == ["leave", "mark", "shout", "tell"]
    assert steps.chosen is not None
    assert steps.chosen.row.title == "mark"
    assert not steps.up_button.isEnabled()
    steps.switch_button.click()
    settle()
    assert not kept(application)[1].enabled
    steps.remove_button.click()
    dialog_of(steps, AskDialog).findChild(object, "remove").click()  # type: ignore[attr-defined, call-overload]
    settle()
    assert [one.name for one in kept(application)] == ["leave", "shout", "tell"]


def test_a_step_that_acts_outside_is_switched_on_only_after_a_person_allowed_just_that(
    steps: StepsPage, settle: Settle, application: FakeApplication
) -> None:
    choose(steps, "tell")
    for answer, enabled in (("keep", False), ("allow", True)):
        steps.switch_button.click()
        ask = dialog_of(steps, AskDialog)
        assert any("/usr/bin/report --all" in one.text() for one in ask.findChildren(object) if hasattr(one, "text"))
        ask.findChild(object, answer).click()  # type: ignore[attr-defined, call-overload]
        settle()
        assert kept(application)[-1].enabled is enabled


def test_a_new_step_is_tried_on_real_records_while_it_is_written(
    qtbot: QtBot, steps: StepsPage, settle: Settle, application: FakeApplication
) -> None:
    steps.add(StepKind.VALIDATE)
    dialog = dialog_of(steps, StepDialog)
    assert isinstance(dialog, StepDialog)
    assert not dialog.accept_button.isEnabled()
    qtbot.keyClicks(dialog.form.name, "shout")
    assert dialog.form.rows["name"].problem == "Another step has this name."
    dialog.form.name.clear()
    qtbot.keyClicks(dialog.form.name, "check")
    qtbot.keyClicks(dialog.form.condition, "City IS NOT NULL")
    qtbot.keyClicks(dialog.form.text, "there is no city")
    dialog.form.moment.choose(Moment.BEFORE_MAPPING)
    assert dialog.accept_button.isEnabled()
    qtbot.waitUntil(lambda: len(dialog.samples.rows) == 3)
    assert application.traces.asked[-1].steps[-1].condition == "City IS NOT NULL"
    application.traces.error = ExpressionError("there is no field 'Citty'", "Citty", 0)
    qtbot.keyClicks(dialog.form.condition, " ")
    qtbot.waitUntil(lambda: bool(dialog.form.rows["condition"].problem))
    assert not dialog.accept_button.isEnabled()
    application.traces.error = None
    qtbot.keyClicks(dialog.form.condition, " ")
    qtbot.mouseClick(dialog.accept_button, Qt.MouseButton.LeftButton)
    settle()
    assert kept(application)[-1] == PipelineStep(
        StepKind.VALIDATE,
        "check",
        "customers",
        A_TO_B,
        moment=Moment.BEFORE_MAPPING,
        condition="City IS NOT NULL",
        message="there is no city",
    )


def test_every_kind_can_be_entered_and_read_back(
    qtbot: QtBot, steps: StepsPage, settle: Settle, application: FakeApplication
) -> None:
    everything = (
        FILTER,
        SHOUT,
        PipelineStep(
            StepKind.LOOK_UP,
            "find",
            "customers",
            A_TO_B,
            field="city",
            expression="City",
            choices=(("W", "Wien"), ("G", "Graz")),
            otherwise=UnknownChoice.DEFAULT,
            default="?",
        ),
        PipelineStep(StepKind.PLUGIN, "clean", "customers", A_TO_B, plugin="clean_addresses", fields=("city", "phone")),
        PipelineStep(StepKind.NOTIFY, "note", message="{count} records"),
        PipelineStep(StepKind.COMMAND, "tell", moment=Moment.AFTER_BATCH, command=("/usr/bin/report", "a b")),
        PipelineStep(StepKind.URL, "post", url="https://example.org/hook", time_limit_s=5),
    )
    keep(application, *everything)
    configuration = application.configurations.all["Customers"]
    for step in everything:
        dialog = StepDialog(steps._context, configuration, step, is_new=False, parent=steps)
        dialog.open()
        settle()
        assert dialog.step == step
        assert dialog.accept_button.isEnabled(), {key: row.problem for key, row in dialog.form.rows.items()}
        dialog.reject()


def test_a_plugin_is_allowed_with_its_package_and_digest_and_asked_about_again_when_it_changed(
    steps: StepsPage, settle: Settle, application: FakeApplication
) -> None:
    step = PipelineStep(
        StepKind.PLUGIN, "clean", "customers", A_TO_B, enabled=False, plugin="clean_addresses", fields=("city",)
    )
    keep(application, step)
    configuration = application.configurations.all["Customers"]
    row = next(one for one in pipeline(configuration) if one.step is not None and one.step.name == "clean")
    for digest, is_changed in (("ab" * 32, False), ("cd" * 32, True)):
        application.plugins.digest = digest
        steps._desk.configuration = application.configurations.all["Customers"]
        steps._desk.switch(row)
        settle()
        question = steps.findChildren(AskDialog)[-1]
        text = " ".join(one.text() for one in question.findChildren(QLabel))
        assert "address-tools 2.1" in text
        assert digest in text
        assert ("others than those that you allowed" in text) is is_changed
        allow = question.findChild(QPushButton, "allow")
        assert isinstance(allow, QPushButton)
        allow.click()
        settle()
        assert application.plugins.pins == {"clean_addresses": digest}
        assert application.configurations.all["Customers"].steps[-1].enabled


def test_the_queue_is_prepared_worked_and_single_records_are_synchronized(
    page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    page.open_tab("queue")
    settle()
    page.queue.prepare_button.click()
    settle()
    assert page.message.text == "Prepared. What is out of sync stands in the queue."
    page.queue.process_button.click()
    settle()
    assert page.message.text == "Done. The queue is worked.\n3 large orders"
    page.queue.area.view.selectRow(2)
    page.queue.sync_chosen()
    settle()
    assert page.message.text == "Done. The chosen records are synchronized."
    assert [what for _, _, _, what in application.synchronization.started] == ["prepare", "process", (3,)]
