"""A window over a fake application, driven as a person would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.memory import WindowMemory
from desktop_sync.ui.theme import Theme, ThemeChoice
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from tests.gui.fake_application import FakeApplication

QUICK_MS = 5000


@pytest.fixture
def jobs(qtbot: QtBot) -> Iterator[JobRunner]:
    """Every job has ended when the test ends."""
    runner = JobRunner()
    yield runner
    runner.cancel_all()
    qtbot.waitUntil(lambda: not runner.active, timeout=QUICK_MS)
    runner.close()


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme(qapp, ThemeChoice.LIGHT)
    yield made
    made.close()


@pytest.fixture
def memory(tmp_path: Path) -> WindowMemory:
    return WindowMemory(tmp_path / "home")


@pytest.fixture
def application(tmp_path: Path) -> FakeApplication:
    """Three configurations that ran or did not, with records, conflicts and runs."""
    made = FakeApplication(tmp_path / "home")
    made.fill()
    return made


@pytest.fixture
def context(application: FakeApplication, jobs: JobRunner, theme: Theme, memory: WindowMemory) -> WindowContext:
    return WindowContext(application, jobs, theme, memory)


@pytest.fixture
def open_window(
    qtbot: QtBot, jobs: JobRunner, theme: Theme, memory: WindowMemory
) -> Iterator[Callable[[FakeApplication], MainWindow]]:
    """Opens a window that has read its list; all are closed at the end."""
    opened: list[MainWindow] = []

    def open_one(application: FakeApplication) -> MainWindow:
        window = MainWindow(jobs, theme, memory)
        opened.append(window)
        window.resize(1366, 730)
        window.show()
        window.attach(application)
        qtbot.waitUntil(lambda: not jobs.active, timeout=QUICK_MS)
        return window

    yield open_one
    for window in opened:
        window.quit()
        window.close()
        for dialog in window.findChildren(QDialog):
            dialog.close()
        for page in window.right.pages.values():
            page.dispose()
        jobs.cancel_all()
        qtbot.waitUntil(lambda: not jobs.active, timeout=QUICK_MS)
        window.deleteLater()


@pytest.fixture
def window(open_window: Callable[[FakeApplication], MainWindow], application: FakeApplication) -> MainWindow:
    return open_window(application)


@pytest.fixture
def settle(qtbot: QtBot, jobs: JobRunner) -> Callable[[], None]:
    """Waits until nothing is read any more."""

    def wait() -> None:
        qtbot.wait(1)  # one turn of the event loop, so that what was asked for is under way
        qtbot.waitUntil(lambda: not jobs.active, timeout=QUICK_MS)
        qtbot.wait(1)
        qtbot.waitUntil(lambda: not jobs.active, timeout=QUICK_MS)

    return wait


@pytest.fixture
def page(window: MainWindow, settle: Callable[[], None]) -> ConfigurationPage:
    """The page of `Customers`."""
    window.sidebar.choose("Customers")
    settle()
    shown = window.current_page
    assert shown is not None
    return shown
