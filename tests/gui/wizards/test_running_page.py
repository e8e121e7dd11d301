"""When a configuration runs, in the wizard: schedules, real time, and what else starts it, shown, changed and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_sync.core.configuration import GuardLimits, RealTime, SyncConfiguration
from desktop_sync.core.schedule import MANUAL, Schedule, ScheduleKind
from desktop_sync.core.setup_flow import Page
from desktop_sync.core.triggers import AfterOutcome, AfterRun, FileArrival
from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.wizards import open_configuration_wizard
from desktop_sync.ui.wizards.configuration.dialog import ConfigurationWizard
from tests.gui.test_accessibility import nameless
from tests.gui.wizards.test_configuration_wizard import click, pick
from tests.support.shop_and_crm import Scene, customers, customers_entity

Settle = Callable[[ConfigurationWizard], None]
Open = Callable[[SyncConfiguration], ConfigurationWizard]


@pytest.fixture
def full(scene: Scene, tmp_path: Path) -> SyncConfiguration:
    """It says of its running all that a file can say, beside another configuration."""
    scene.configurations.save(replace(customers(), name="Prices"))
    made = replace(
        customers(),
        schedule=Schedule(ScheduleKind.INTERVAL, 30, is_incremental=True, full_every_days=3, longest_idle_minutes=240),
        process_schedule=Schedule(ScheduleKind.DAILY, times=(time(6), time(18, 30))),
        entities=(replace(customers_entity(), real_time=RealTime.PREPARE),),
        after_runs=(AfterRun("Prices", AfterOutcome.DONE),),
        file_arrivals=(FileArrival(str(tmp_path / "orders-*.csv"), 9),),
        guards=GuardLimits(deletes_share=0.125),
    )
    return scene.configurations.save(made)


@pytest.fixture
def open_running(qtbot: QtBot, application: Any, jobs: JobRunner, settle: Settle) -> Open:
    def opened(configuration: SyncConfiguration) -> ConfigurationWizard:
        wizard = open_configuration_wizard(None, application, jobs, configuration)
        wizard.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        qtbot.addWidget(wizard)
        settle(wizard)
        while wizard.setup.page is not Page.RUNNING:
            click(qtbot, wizard.next_button)
            settle(wizard)
        return wizard

    return opened


def test_all_that_a_file_says_of_running_is_shown_and_kept(
    qtbot: QtBot, scene: Scene, full: SyncConfiguration, open_running: Open, settle: Settle
) -> None:
    wizard = open_running(full)
    page = wizard.running_page
    assert page.splits.isChecked()
    assert (page.process_schedule.kind.value, page.process_schedule.times.text()) == (
        ScheduleKind.DAILY,
        "06:00, 18:30",
    )
    assert page.real_time.choices["customers"].value is RealTime.PREPARE
    assert page.triggers.after_lines[0].entered() == full.after_runs[0]
    assert page.triggers.file_lines[0].entered() == full.file_arrivals[0]
    assert "once in 3 days" in page.schedule.kept.text()
    assert "up to 4 hours" in page.schedule.kept.text()
    assert nameless(page) == []
    page.guards.identity.click()
    page.guards.identity.click()
    assert wizard.setup.configuration == full
    click(qtbot, wizard.next_button)
    settle(wizard)
    with qtbot.waitSignal(wizard.saved):
        click(qtbot, wizard.next_button)
    assert scene.configurations.get(full.name) == full


def test_processing_gets_times_of_its_own_and_loses_them(
    scene: Scene, full: SyncConfiguration, open_running: Open
) -> None:
    wizard = open_running(replace(full, process_schedule=None))
    page = wizard.running_page
    assert page.process_schedule.isHidden() or not page.process_schedule.isVisibleTo(page)
    page.splits.click()
    assert wizard.setup.configuration.process_schedule == MANUAL
    pick(page.process_schedule.kind, ScheduleKind.INTERVAL)
    page.process_schedule.every.number.setValue(45)
    assert wizard.setup.configuration.process_schedule == Schedule(ScheduleKind.INTERVAL, interval_minutes=45)
    page.splits.click()
    assert wizard.setup.configuration.process_schedule is None
    assert wizard.setup.configuration.schedule == full.schedule


def test_a_time_of_processing_that_cannot_be_read_keeps_one_on_the_page(
    qtbot: QtBot, full: SyncConfiguration, open_running: Open
) -> None:
    wizard = open_running(full)
    box = wizard.running_page.process_schedule
    box.times.selectAll()
    qtbot.keyClicks(box.times, "25:99")
    assert "25:99" in box.times_row.problem
    assert wizard.running_page.schedule.times_row.problem == ""
    click(qtbot, wizard.next_button)
    assert wizard.setup.page is Page.RUNNING


def test_real_time_and_triggers_are_changed_by_hand(
    qtbot: QtBot, scene: Scene, full: SyncConfiguration, open_running: Open
) -> None:
    wizard = open_running(full)
    page = wizard.running_page
    pick(page.real_time.choices["customers"], RealTime.PREPARE_AND_PROCESS)
    pick(page.triggers.after_lines[0].outcome, AfterOutcome.FAILED)
    click(qtbot, page.triggers.add_file)
    assert "Which file is waited for?" in page.trigger_problem.text()
    click(qtbot, wizard.next_button)
    assert wizard.setup.page is Page.RUNNING
    line = page.triggers.file_lines[1]
    qtbot.keyClicks(line.pattern, "orders.csv")
    assert "begins in no folder" in page.trigger_problem.text()
    assert page.triggers.file_lines[1] is line  # it is not made anew under the person's hands
    line.pattern.clear()
    qtbot.keyClicks(line.pattern, "/in/new.csv")
    assert page.trigger_problem.isHidden()
    made = wizard.setup.configuration
    assert made.entities[0].real_time is RealTime.PREPARE_AND_PROCESS
    assert made.after_runs == (AfterRun("Prices", AfterOutcome.FAILED),)
    assert made.file_arrivals == (*full.file_arrivals, FileArrival("/in/new.csv"))


def test_runs_that_would_start_each_other_for_ever_are_said_on_the_page(
    qtbot: QtBot, scene: Scene, full: SyncConfiguration, open_running: Open
) -> None:
    kept = scene.configurations.save(replace(full, after_runs=()))
    prices = scene.configurations.get("Prices")
    scene.configurations.save(replace(prices, after_runs=(AfterRun(kept.name),)))
    wizard = open_running(kept)
    click(qtbot, wizard.running_page.triggers.add_after)
    assert "start each other for ever" in wizard.running_page.trigger_problem.text()
    click(qtbot, wizard.next_button)
    assert wizard.setup.page is Page.RUNNING
