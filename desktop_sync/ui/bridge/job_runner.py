"""Every background job goes through this door.

A job's function runs in a plain thread that holds no Qt object. When it ends, its outcome is put into a queue and one
byte wakes the window's thread through a socket pair; there the job, a QObject, says what came of it. Progress is state
that a timer reads ten times a second.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import socket
import threading
import traceback
from collections.abc import Callable

from PySide6.QtCore import QObject, QSocketNotifier, QTimer, Signal, Slot

from desktop_sync.core.errors import BugError, CancelledError, DesktopSyncError
from desktop_sync.ui.bridge.control import JobControl

PROGRESS_INTERVAL_MS = 100
_log = logging.getLogger(__name__)

_Outcome = tuple[int, object, BaseException | None]


class Job(QObject):
    """One background job, living in the window's thread. Exactly one of finished, failed, cancelled comes, then ended.

    Connect the signals to bound methods of QObjects. `progressed` carries a `ProgressState`.
    """

    finished = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    progressed = Signal(object)
    ended = Signal()

    def __init__(self, number: int, title: str, control: JobControl, parent: QObject) -> None:
        super().__init__(parent)
        self.number = number
        self.title = title
        self.control = control
        self.is_ended = False
        self._shown: object = None

    def cancel(self) -> None:
        """The function is asked to stop at its next safe point; it ends as cancelled, or finished if it was done."""
        self.control.cancel.cancel()

    @property
    def is_cancel_requested(self) -> bool:
        return self.control.cancel.is_cancelled

    def show_progress(self) -> None:
        """Says the progress if there is any; called by the runner's timer."""
        state = self.control.progress.state()
        if state is not None and state != self._shown:
            self._shown = state
            self.progressed.emit(state)

    def end(self, result: object, error: BaseException | None) -> None:
        """Says what came of the job; called once, by the runner."""
        self.is_ended = True
        if error is None:
            self.finished.emit(result)
        elif isinstance(error, CancelledError):
            self.cancelled.emit()
        else:
            if not isinstance(error, (DesktopSyncError, OSError)) or isinstance(error, BugError):
                # Where, but not the error's own text: it may hold a record's values.
                _log.error("unexpected %s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
            self.failed.emit(error)
        self.ended.emit()


class JobRunner(QObject):
    """Starts jobs and knows those under way. `became_idle` comes when the last one has ended."""

    became_idle = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs: dict[int, Job] = {}
        self._next_number = 1
        self._outcomes: queue.SimpleQueue[_Outcome] = queue.SimpleQueue()
        self._bell, self._striker = socket.socketpair()
        self._bell.setblocking(False)
        self._striker.setblocking(False)
        self._notifier = QSocketNotifier(self._bell.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._deliver)
        self._timer = QTimer(self)
        self._timer.setInterval(PROGRESS_INTERVAL_MS)
        self._timer.timeout.connect(self._show_progress)

    def start(self, function: Callable[[], object], *, title: str = "", control: JobControl | None = None) -> Job:
        """The function runs in a thread of its own; the job says what came of it. Window's thread only.

        `control` is given where the function reports progress or can be stopped.
        """
        job = Job(self._next_number, title, control or JobControl(), self)
        self._next_number += 1
        self._jobs[job.number] = job
        if control is not None:
            self._timer.start()
        worker = _Worker(job.number, function, self._outcomes, self._striker)
        threading.Thread(target=worker.run, name=f"job {job.number} {title}".strip(), daemon=True).start()
        return job

    @property
    def active(self) -> tuple[Job, ...]:
        """Jobs that have not ended, oldest first."""
        return tuple(self._jobs.values())

    def cancel_all(self) -> None:
        for job in self._jobs.values():
            job.cancel()

    async def drain(self, timeout_s: float) -> bool:
        """All jobs have ended, or the time is over; tells which. Jobs that may be stopped are asked to."""
        self.cancel_all()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while self._jobs and loop.time() < deadline:
            await asyncio.sleep(0.02)
        return not self._jobs

    def close(self) -> None:
        """No outcome is delivered any more; threads that still run end unheard."""
        self._notifier.setEnabled(False)
        self._timer.stop()
        self._bell.close()
        self._striker.close()

    @Slot()
    def _deliver(self) -> None:
        try:
            self._bell.recv(4096)
        except (BlockingIOError, OSError):  # rung already, or closing
            pass
        while True:
            try:
                number, result, error = self._outcomes.get_nowait()
            except queue.Empty:
                return
            job = self._jobs.pop(number)
            job.show_progress()
            job.end(result, error)
            job.deleteLater()
            if not self._jobs:
                self._timer.stop()
                self.became_idle.emit()

    @Slot()
    def _show_progress(self) -> None:
        for job in tuple(self._jobs.values()):
            job.show_progress()


class _Worker:
    """What the thread holds: the function, a queue and a socket, and nothing of Qt."""

    def __init__(
        self,
        number: int,
        function: Callable[[], object],
        outcomes: queue.SimpleQueue[_Outcome],
        striker: socket.socket,
    ) -> None:
        self._number = number
        self._function = function
        self._outcomes = outcomes
        self._striker = striker

    def run(self) -> None:
        result: object = None
        error: BaseException | None = None
        try:
            result = self._function()
        except BaseException as caught:  # whatever it is, the window must hear of it; nobody else would
            error = caught
        self._outcomes.put((self._number, result, error))
        try:
            self._striker.send(b"!")
        except OSError:  # full: the bell rings anyway; closed: nobody listens any more
            pass
