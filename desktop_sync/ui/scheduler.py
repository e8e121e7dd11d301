"""Starts what is due, also while the window is closed to the tray."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop_sync.core.unattended import Due
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.bridge.run_board import RunBoard
from desktop_sync.ui.context import WindowContext

TICK_MS = 15_000
NEWS_TICK_MS = 500
"""How often it is asked whether something in real time was told. Asking costs nothing."""


def due_runs(application: Application, with_schedules: bool) -> tuple[Due, ...]:
    """What is due now; nothing while it is paused. In a worker.

    A configuration that never ran waits: its first run shows its preview to a person (SPEC §8).
    """
    if application.schedules.is_paused:
        return ()
    found = application.unattended.due(application.clock.now(), with_schedules=with_schedules)
    if not found:
        return ()
    known = {state.name for state in application.configurations.states() if state.last_run_at is not None}
    return tuple(due for due in found if due.configuration in known)


def start_watching(application: Application) -> None:
    """In a worker: the service may first have to be made."""
    application.unattended.start()


class Scheduler(QObject):
    """Looks at schedules and triggers every 15 seconds, and at what is in real time as soon as something was told.

    After a sleep the next tick finds everything missed, once: the service coalesces it. `failed` carries an error of
    looking; `ticked` comes after each look at the schedules.
    """

    failed = Signal(object)
    ticked = Signal()

    def __init__(self, context: WindowContext, board: RunBoard, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._board = board
        self._read = Latest(context.jobs, self)
        self._read.arrived.connect(self._start)
        self._read.failed.connect(self.failed)
        self._news = Latest(context.jobs, self)
        self._news.arrived.connect(self._start_pushed)
        self._news.failed.connect(self.failed)
        self._begun = Latest(context.jobs, self)
        self._begun.arrived.connect(self._watch)
        self._begun.failed.connect(self.failed)
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.tick)
        self._news_timer = QTimer(self)
        self._news_timer.setInterval(NEWS_TICK_MS)
        self._news_timer.timeout.connect(self.look_for_news)

    def start(self) -> None:
        """Looks now, and from now on; entities in real time are watched."""
        self._begun.ask(partial(start_watching, self._context.application))
        self._timer.start()
        self.tick()

    def stop(self) -> None:
        self._timer.stop()
        self._news_timer.stop()
        for asked in (self._read, self._news, self._begun):
            asked.forget()

    @Slot()
    def tick(self) -> None:
        if not self._read.is_waiting:
            self._read.ask(partial(due_runs, self._context.application, True))

    @Slot(object)
    def _watch(self, _nothing: object) -> None:
        self._news_timer.start()

    @Slot()
    def look_for_news(self) -> None:
        if self._context.application.unattended.has_news and not self._news.is_waiting:
            self._news.ask(partial(due_runs, self._context.application, False))

    @Slot(object)
    def _start(self, found: tuple[Due, ...]) -> None:
        self._start_pushed(found)
        self._board.start_wanted()
        self.ticked.emit()

    @Slot(object)
    def _start_pushed(self, found: tuple[Due, ...]) -> None:
        for due in found:
            self._board.carry_out(due)
