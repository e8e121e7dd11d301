"""Starts what is due, also while the window is closed to the tray."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop_sync.core.run import Trigger
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.bridge.run_board import RunBoard
from desktop_sync.ui.context import WindowContext

TICK_MS = 15_000


def due_names(application: Application) -> tuple[str, ...]:
    """What is due now; nothing while it is paused. In a worker.

    A configuration that never ran waits: its first run shows its preview to a person (SPEC §8).
    """
    if application.schedules.is_paused:
        return ()
    known = {state.name for state in application.configurations.states() if state.last_run_at is not None}
    return tuple(name for name in application.schedules.due(application.clock.now()) if name in known)


class Scheduler(QObject):
    """Looks every 15 seconds. After a sleep the next tick finds everything missed, once: the service coalesces it.

    `failed` carries an error of looking; `ticked` comes after each look.
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
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.tick)

    def start(self) -> None:
        """Looks now, and from now on."""
        self._timer.start()
        self.tick()

    def stop(self) -> None:
        self._timer.stop()
        self._read.forget()

    @Slot()
    def tick(self) -> None:
        if not self._read.is_waiting:
            self._read.ask(partial(due_names, self._context.application))

    @Slot(object)
    def _start(self, names: tuple[str, ...]) -> None:
        for name in names:
            self._board.run(name, Trigger.SCHEDULE)
        self._board.start_wanted()
        self.ticked.emit()
