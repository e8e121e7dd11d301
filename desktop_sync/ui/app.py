"""Starts the window: first the paint, then everything that takes time."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from desktop_sync.core.errors import DesktopSyncError
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.bridge.stop_signals import StopSignals
from desktop_sync.ui.main_window import MainWindow
from desktop_sync.ui.memory import WindowMemory
from desktop_sync.ui.preferences import read_preferences
from desktop_sync.ui.single_instance import SingleInstance, raise_first_window
from desktop_sync.ui.theme import Theme

DRAIN_S = 5.0


class WindowStart(QObject):
    """From the first paint to a window that works."""

    attached = Signal()

    def __init__(
        self, window: MainWindow, jobs: JobRunner, build_application: Callable[[], Application], *, sample: bool
    ) -> None:
        super().__init__(window)
        self._window = window
        self._jobs = jobs
        self._build = build_application
        self._sample = sample
        self.application: Application | None = None

    def begin(self) -> None:
        """The application is built in a worker once the window has been painted."""
        QTimer.singleShot(0, self, self._start)

    @Slot()
    def _start(self) -> None:
        job = self._jobs.start(self._build, title="open")
        job.finished.connect(self._attach)
        job.failed.connect(self._window.show_opening_error)
        job.failed.connect(self._window.bring_up)  # it may have started in the tray

    @Slot(object)
    def _attach(self, application: Application) -> None:
        self.application = application
        try:
            self._window.attach(application)
        except DesktopSyncError as error:
            self._window.show_opening_error(error)
            return
        if self._sample:
            self._window.open_sample()
        self.attached.emit()


def run_window(build_application: Callable[[], Application], *, home: Path, sample: bool = False) -> int:
    """The window ran and is closed; the exit code.

    `build_application` is called once, in a worker, after the first paint. A second start with the same home raises
    the first window and returns 0. Running work is asked to stop at the end and gets five seconds.
    """
    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    qt = QApplication(sys.argv[:1])
    qt.setApplicationName("Desktop Sync")
    qt.setDesktopFileName("desktop-sync")
    qt.setQuitOnLastWindowClosed(False)
    if raise_first_window(home):
        return 0
    memory = WindowMemory(home)
    preferences = read_preferences(memory)
    theme = Theme(qt, preferences.theme)
    theme.pack(preferences.is_compact)
    jobs = JobRunner()
    window = MainWindow(jobs, theme, memory)
    instance = SingleInstance(home, window)
    instance.raise_wanted.connect(window.bring_up)
    if not (preferences.starts_in_tray and QSystemTrayIcon.isSystemTrayAvailable()):
        window.show()
    start = WindowStart(window, jobs, build_application, sample=sample)
    start.begin()
    stop_signals = StopSignals(window)
    stop_signals.wanted.connect(window.quit)
    qt.commitDataRequest.connect(window.end_session)
    sys.excepthook = partial(_report, window)
    try:
        return _run_loop(qt, window, jobs, start)
    finally:
        sys.excepthook = sys.__excepthook__
        stop_signals.close()
        instance.close()
        window.hide()
        jobs.close()
        theme.close()


def _run_loop(qt: QApplication, window: MainWindow, jobs: JobRunner, start: WindowStart) -> int:
    from qasync import QEventLoop

    loop = QEventLoop(qt)
    asyncio.set_event_loop(loop)
    with loop:
        code: int = loop.run_until_complete(_until_quit(window, jobs, start))
    return code


async def _until_quit(window: MainWindow, jobs: JobRunner, start: WindowStart) -> int:
    """Waits for the wish to quit, lets running work come to its next safe point, and closes the application."""
    over = Ending(window)
    await over.wanted.wait()
    window.hide()
    drained = await jobs.drain(DRAIN_S)
    if start.application is not None and drained:
        closing = jobs.start(start.application.close, title="close")
        await jobs.drain(DRAIN_S)
        return 0 if closing.is_ended else 1
    return 0


class Ending(QObject):
    """Turns the window's wish to quit into something a coroutine can wait for."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.wanted = asyncio.Event()
        window.quit_wanted.connect(self._set)

    @Slot()
    def _set(self) -> None:
        self.wanted.set()


def _report(window: MainWindow, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What nobody caught is printed for whoever looks, and said in the window."""
    sys.__excepthook__(kind, error, trace)
    if not isinstance(error, KeyboardInterrupt):
        window.say_error(error)
    else:
        window.ask_quit()
