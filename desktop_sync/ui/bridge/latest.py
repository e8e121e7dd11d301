"""Reads whose newest answer counts: an older one that comes late is dropped."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from desktop_sync.ui.bridge.job_runner import Job, JobRunner


class Latest(QObject):
    """One question after another; only the newest one's answer arrives. `settled` follows every answer or error."""

    arrived = Signal(object)
    failed = Signal(object)
    settled = Signal()

    def __init__(self, jobs: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._job: Job | None = None

    @property
    def is_waiting(self) -> bool:
        return self._job is not None

    def ask(self, function: Callable[[], object]) -> None:
        """The function runs in a job; what an earlier question answers is not heard any more."""
        self.forget()
        job = self._jobs.start(function)
        self._job = job
        job.finished.connect(self._take)
        job.failed.connect(self._refuse)

    def forget(self) -> None:
        """Nothing that is under way is heard any more."""
        if self._job is not None and not self._job.is_ended:
            self._job.finished.disconnect(self._take)
            self._job.failed.disconnect(self._refuse)
        self._job = None

    @Slot(object)
    def _take(self, result: object) -> None:
        self._job = None
        self.arrived.emit(result)
        self.settled.emit()

    @Slot(object)
    def _refuse(self, error: object) -> None:
        self._job = None
        self.failed.emit(error)
        self.settled.emit()
