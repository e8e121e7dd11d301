"""A record that a step of the user's own keeps back leads to that step, wherever it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_sync.core.configuration import Direction, PipelineStep, StepKind
from desktop_sync.core.run import Outcome, RunResult, Trigger
from desktop_sync.core.status import Status
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from desktop_sync.ui.views.explanation import ExplanationDialog
from desktop_sync.ui.views.step_dialog import StepDialog
from tests.gui.fake_application import FakeApplication
from tests.support.fake_explanation import EXPLAINED

Settle = Callable[[], None]
SHOUT = PipelineStep(StepKind.TRANSFORM, "shout", "customers", Direction.A_TO_B, field="city", expression="upper(City)")
SAID = 'city: the step "shout" cannot be computed for this record'


@pytest.fixture
def blamed(page: ConfigurationPage, settle: Settle, application: FakeApplication) -> ConfigurationPage:
    """The first record is Invalid because of the step."""
    known = application.configurations.all
    known["Customers"] = replace(known["Customers"], steps=(SHOUT,))
    small = application.records.small
    for number, record in small.items():
        small[number] = replace(record, last_error="", status=Status.PROCESSED)
    first = min(number for number, record in small.items() if record.entity == "customers")
    small[first] = replace(small[first], status=Status.INVALID, last_error=SAID)
    page.refresh()
    settle()
    return page


def opened(page: ConfigurationPage) -> str:
    """The step whose dialog is open on the steps page."""
    assert page.tabs.currentWidget() is page.steps
    assert page.currentIndex() == 0
    (dialog,) = [one for one in page.steps.findChildren(StepDialog) if one.isVisible()]
    return dialog.form.name.text()


def test_from_the_queue(blamed: ConfigurationPage, settle: Settle) -> None:
    blamed.open_tab("queue")
    blamed.queue.show_status(Status.INVALID)
    settle()
    queue = blamed.queue
    queue.area.view.selectRow(0)
    queue._prepare_menu()
    assert queue.step_action.isVisible()
    assert queue.step_action.text() == "Open the step “shout”…"
    queue.step_action.trigger()
    assert opened(blamed) == "shout"


def test_a_record_that_no_step_keeps_back_offers_none(blamed: ConfigurationPage, settle: Settle) -> None:
    blamed.open_tab("queue")
    blamed.queue.show_status(Status.PROCESSED)
    settle()
    blamed.queue.area.view.selectRow(0)
    blamed.queue._prepare_menu()
    assert not blamed.queue.step_action.isVisible()


def test_from_a_preview_which_is_closed(
    qtbot: QtBot, blamed: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    application.synchronization.next_details = {0: SAID}
    blamed.start_preview()
    settle()
    preview = blamed.preview_page
    assert preview is not None
    preview.area.view.selectRow(1)
    assert preview.detail.step_button.isHidden()
    preview.area.view.selectRow(0)
    qtbot.mouseClick(preview.detail.step_button, Qt.MouseButton.LeftButton)
    settle()
    assert opened(blamed) == "shout"
    assert application.synchronization.previews[-1].is_closed


def test_from_an_explanation(
    qtbot: QtBot, window: MainWindow, blamed: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    application.explanation.answer = replace(EXPLAINED, why_not=(SAID,))
    blamed.open_tab("queue")
    blamed.queue.show_status(Status.INVALID)
    settle()
    blamed.queue.area.view.selectRow(0)
    blamed.queue.explain()
    settle()
    (dialog,) = window.findChildren(ExplanationDialog)
    qtbot.mouseClick(dialog.step_button, Qt.MouseButton.LeftButton)
    assert opened(blamed) == "shout"


def test_from_the_news_of_a_run_that_a_step_stopped(
    qtbot: QtBot, blamed: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    error = 'The step "shout" failed before the run, so nothing was read or written: it is gone.'
    blamed._board.run_ended.emit("Customers", RunResult(1, "Customers", Outcome.FAILED, (), error=error), Trigger.HAND)
    settle()
    qtbot.mouseClick(blamed.message.step_button, Qt.MouseButton.LeftButton)
    assert opened(blamed) == "shout"
