"""The endpoints page: an endpoint's clock and its stamps, asked for and shown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.theme import Theme
from desktop_sync.ui.views.endpoints import EndpointsPage
from desktop_sync.ui.widgets.clock_panel import ClockPanel
from tests.gui.fake_application import CLOCK


@pytest.fixture
def page(qtbot: QtBot, context: WindowContext, jobs: JobRunner) -> EndpointsPage:
    made = EndpointsPage(context)
    qtbot.addWidget(made)
    made.resize(1100, 640)
    made.show()
    made.refresh()
    qtbot.waitUntil(lambda: not jobs.active and bool(made.rows.rows))
    return made


def test_the_clock_and_the_stamps_of_the_chosen_endpoint_are_shown_until_another_is_chosen(
    qtbot: QtBot, page: EndpointsPage, jobs: JobRunner
) -> None:
    assert page.clock.isHidden()
    page.view.selectRow(0)
    qtbot.mouseClick(page.clock_button, Qt.MouseButton.LeftButton)
    assert not page.test_button.isEnabled()
    qtbot.waitUntil(lambda: not jobs.active and page.clock.isVisible())
    assert page.clock.message.text.startswith("The clock of CRM is 3 min 20 s ahead")
    assert "the last 12 measurements" in page.clock.message.text
    said = [page.clock.stamps.index(row, 2).data() for row in range(2)]
    assert said == ["Can be told", "Cannot be trusted"]
    page.view.selectRow(1)
    assert page.clock.isHidden()
    assert page.test_button.isEnabled()


def test_a_clock_that_jumped_is_said_first_and_an_endpoint_without_stamps_says_so(qtbot: QtBot, theme: Theme) -> None:
    panel = ClockPanel(theme)
    qtbot.addWidget(panel)
    panel.show_report(replace(CLOCK, alarm="The clock of CRM jumped.", stamps=(), measured=0))
    assert panel.message.text.startswith("The clock of CRM jumped. The clock of CRM is")
    assert panel.view.isHidden()
    assert not panel._none.isHidden()
