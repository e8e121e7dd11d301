"""The window over the real services, on the sample project: from the empty home to a second run that writes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from desktop_sync.bootstrap import build_application
from desktop_sync.core.configuration import RealTime
from desktop_sync.core.run import Outcome, Trigger
from desktop_sync.core.status import Status
from desktop_sync.services.application import Application
from desktop_sync.ui.dialogs.ask import AskDialog
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.models.paged_table import DIFFERS_ROLE
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from desktop_sync.ui.views.overview import written

LONG_MS = 60_000


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Application]:
    application = build_application(tmp_path / "home")
    yield application
    application.close()


@pytest.fixture
def window(real: Application, open_window: Callable[[Application], MainWindow], qtbot: QtBot) -> MainWindow:
    return open_window(real)


def wait(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.wait(1)
    qtbot.waitUntil(lambda: not window._jobs.active, timeout=LONG_MS)
    qtbot.wait(1)
    qtbot.waitUntil(lambda: not window._jobs.active, timeout=LONG_MS)


def open_sample(qtbot: QtBot, window: MainWindow) -> ConfigurationPage:
    assert window.right.currentWidget() is window.right.empty
    sample = next(
        button for button in window.right.empty.findChildren(QPushButton) if "sample" in button.accessibleName()
    )
    qtbot.mouseClick(sample, Qt.MouseButton.LeftButton)
    wait(qtbot, window)
    page = window.current_page
    assert page is not None
    return page


def test_the_sample_is_previewed_run_and_then_agrees(qtbot: QtBot, window: MainWindow, real: Application) -> None:
    page = open_sample(qtbot, window)
    qtbot.mouseClick(page.header.run_button, Qt.MouseButton.LeftButton)
    wait(qtbot, window)
    preview = page.preview_page
    assert preview is not None, "the first run shows its preview"
    planned = preview._tally
    assert preview.table_model.rowCount() > 20
    qtbot.mouseClick(preview.run_button, Qt.MouseButton.LeftButton)
    wait(qtbot, window)
    runs = real.records.runs(page.name)
    assert [run.outcome for run in runs] == [Outcome.DONE]
    carried_out = sum(written(run) for run in runs)
    assert carried_out > 0
    assert carried_out <= sum(sum(by_action.values()) for by_action in planned.counts.values())

    page.start_run()
    wait(qtbot, window)
    assert page.message.text == "Done. Both sides are the same."
    assert written(real.records.runs(page.name)[0]) == 0


def test_records_that_are_matched_anew_are_paired_again_and_none_is_deleted(
    qtbot: QtBot, window: MainWindow, real: Application
) -> None:
    name = open_sample(qtbot, window).name
    real.synchronization.run(name)
    known = real.records.counts(name)
    assert known[Status.PROCESSED] > 20
    for entity in real.configurations.get(name).entities:
        assert window.current_page is not None
        window.current_page.settings.reset_wanted.emit(entity.name)
        dialog = next(one for one in window.findChildren(AskDialog) if one.isVisible())
        reset = next(one for one in dialog.findChildren(QPushButton) if one.objectName() == "reset")
        qtbot.mouseClick(reset, Qt.MouseButton.LeftButton)
        wait(qtbot, window)
    assert not any(real.records.counts(name).values())
    result = real.synchronization.run(name)
    writes = sum(count for one in result.entities for action, count in one.actions.items() if action.target)
    assert (writes, result.outcome) == (0, Outcome.DONE), result
    assert real.records.counts(name)[Status.PROCESSED] >= known[Status.PROCESSED]


def test_a_row_that_is_left_out_is_not_written(qtbot: QtBot, window: MainWindow, real: Application) -> None:
    page = open_sample(qtbot, window)
    page.start_preview()
    wait(qtbot, window)
    preview = page.preview_page
    assert preview is not None
    preview.chips.choose("CREATE_B")
    wait(qtbot, window)
    preview.area.view.selectAll()
    expected = preview.table_model.rowCount()
    preview.menu.exclude_action.trigger()
    wait(qtbot, window)
    assert preview._tally.left_out == expected
    preview.run_button.click()
    wait(qtbot, window)
    result = real.records.runs(page.name)[0].result
    assert result is not None
    from desktop_sync.core.decision import Action

    assert sum(entity.actions.get(Action.CREATE_B, 0) for entity in result.entities) == 0
    assert sum(entity.actions.get(Action.CREATE_A, 0) for entity in result.entities) > 0


def test_the_queue_and_the_history_show_what_was_done(qtbot: QtBot, window: MainWindow, real: Application) -> None:
    page = open_sample(qtbot, window)
    window.board.run(page.name)
    wait(qtbot, window)
    page.open_tab("queue")
    wait(qtbot, window)
    assert page.queue.area.model.rowCount() == sum(real.records.counts(page.name).values()) > 20
    page.open_tab("runs")
    wait(qtbot, window)
    assert page.runs.done.model.rowCount() > 20
    fields = page.runs.fields
    assert fields.rowCount() > 3
    assert fields.index(0, 0).data(DIFFERS_ROLE) is not None


def test_every_tab_opens_without_an_error(qtbot: QtBot, window: MainWindow) -> None:
    page = open_sample(qtbot, window)
    for key in page.pages:
        page.open_tab(key)
        wait(qtbot, window)
    assert page.message.text == ""
    assert page.settings.message.text == ""
    qtbot.mouseClick(window.sidebar.endpoints_button, Qt.MouseButton.LeftButton)
    wait(qtbot, window)
    window.right.endpoints.test()
    wait(qtbot, window)
    assert "answers" in window.right.endpoints.message.text


def test_a_schedule_set_in_the_window_is_kept(qtbot: QtBot, window: MainWindow, real: Application) -> None:
    from desktop_sync.core.schedule import ScheduleKind

    page = open_sample(qtbot, window)
    page.open_tab("schedule")
    wait(qtbot, window)
    page.schedule.times.kinds[ScheduleKind.DAILY].setChecked(True)
    page.schedule.times.times.setText("9:00, 18:30")
    assert page.schedule.save_button.isEnabled()
    page.schedule.save_button.click()
    wait(qtbot, window)
    kept = real.configurations.get(page.name).schedule
    assert (kept.kind, [f"{at:%H:%M}" for at in kept.times]) == (ScheduleKind.DAILY, ["09:00", "18:30"])


def test_an_entity_in_real_time_follows_its_file_while_the_window_is_open(
    qtbot: QtBot, window: MainWindow, real: Application
) -> None:
    page = open_sample(qtbot, window)
    page.start_run()
    wait(qtbot, window)
    assert page.preview_page is not None
    page.preview_page.run_button.click()
    wait(qtbot, window)
    page.open_tab("schedule")
    wait(qtbot, window)
    for choice in page.schedule.real_time.choices.values():
        choice.choose(RealTime.PREPARE_AND_PROCESS)
        choice.activated.emit(choice.currentIndex())
    page.schedule.save()
    wait(qtbot, window)
    real.configurations.set_enabled(page.name, True)
    file = real.home / "sample" / "shop" / "customers.csv"
    before = len(real.records.runs(page.name))
    qtbot.waitUntil(lambda: len(real.records.runs(page.name)) > before, timeout=LONG_MS)  # the first look
    wait(qtbot, window)
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    number, city = next((n, cell) for n, cell in _cells(lines) if cell.isalpha() and len(cell) > 4)
    file.write_text("".join([*lines[:number], lines[number].replace(city, "Neustadt"), *lines[number + 1 :]]), "utf-8")

    def has_arrived() -> bool:
        with closing(sqlite3.connect(real.home / "sample" / "crm.sqlite")) as crm:
            return any("Neustadt" in text for text in crm.iterdump())

    qtbot.waitUntil(has_arrived, timeout=LONG_MS)
    wait(qtbot, window)
    assert real.records.runs(page.name)[-1].trigger is Trigger.HAND
    assert Trigger.PUSH in {run.trigger for run in real.records.runs(page.name)}


def _cells(lines: list[str]) -> list[tuple[int, str]]:
    """Line number and city of each record of the shop's customers."""
    names = lines[0].strip().split(",")
    place = names.index("city")
    return [(number, line.split(",")[place]) for number, line in enumerate(lines) if number]
