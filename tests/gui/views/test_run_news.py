"""What a page offers once a run has ended."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Status
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from tests.gui.fake_application import FakeApplication, past_runs

Settle = Callable[[], None]


def end_with_failures(page: ConfigurationPage) -> None:
    """A run of the page's configuration ends, in which some records failed."""
    run = next(run for run in past_runs("Customers") if run.outcome is Outcome.PROBLEMS)
    assert run.result is not None
    page.message.tell(run.result)


def test_what_failed_can_be_tried_again_at_once_and_nothing_else_is(
    qtbot: QtBot, page: ConfigurationPage, settle: Settle, application: FakeApplication
) -> None:
    end_with_failures(page)
    assert "could not be synchronized" in page.message.text
    qtbot.mouseClick(page.message.again_button, Qt.MouseButton.LeftButton)
    settle()
    failed = {number for number, record in application.records.small.items() if record.status is Status.FAILED}
    assert failed
    assert set(application.synchronization.started[-1][3]) == failed  # type: ignore[call-overload]
    assert page.message.text == "Done. The chosen records are synchronized."


def test_where_nothing_failed_there_is_nothing_to_try_again(page: ConfigurationPage) -> None:
    end_with_failures(page)
    page.message.say("Something else")
    assert page.message.again_button.isHidden()
