"""Runs and previews that the window started: one per configuration, each a job, all of them told here."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from desktop_sync.core.errors import AlreadyRunningError
from desktop_sync.core.guard import Guard
from desktop_sync.core.run import RunKind, RunResult, Trigger
from desktop_sync.core.unattended import Due
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.bridge.control import JobControl, ProgressState
from desktop_sync.ui.bridge.job_runner import Job, JobRunner
from desktop_sync.ui.bridge.open_preview import OpenPreview


class Work(enum.Enum):
    PREVIEW = "preview"
    RUN = "run"
    PREPARE = "prepare"
    VERIFY = "verify"
    GROUP = "group"


class WhenDone(enum.Enum):
    """What a person wishes of work that goes on, for its end."""

    NOTHING = "nothing"
    TELL = "tell"
    QUIT = "quit"


class ActiveWork(QObject):
    """What is under way for one configuration."""

    def __init__(self, name: str, work: Work, job: Job, trigger: Trigger, board: RunBoard) -> None:
        super().__init__(board)
        self.name = name
        self.work = work
        self.job = job
        self.trigger = trigger
        self.progress = ProgressState()
        self.when_done = WhenDone.NOTHING
        self._board = board
        job.progressed.connect(self._progressed)
        job.finished.connect(self._finished)
        job.failed.connect(self._failed)
        job.cancelled.connect(self._cancelled)

    @property
    def is_stopping(self) -> bool:
        return self.job.is_cancel_requested

    @property
    def can_pause(self) -> bool:
        """Whether it writes, so that there is something between whose batches it can rest."""
        return self.work in (Work.RUN, Work.GROUP)

    @property
    def is_pausing(self) -> bool:
        """Whether it rests, or will at its next safe point."""
        return self.job.control.cancel.is_paused

    @Slot(object)
    def _progressed(self, state: ProgressState) -> None:
        self.progress = state
        self._board.progressed.emit(self.name, state)

    @Slot(object)
    def _finished(self, result: object) -> None:
        self._board.take(self, result)

    @Slot(object)
    def _failed(self, error: object) -> None:
        self._board.refuse(self, error)

    @Slot()
    def _cancelled(self) -> None:
        self._board.give_up(self)


class RunBoard(QObject):
    """Every signal's first value is the configuration's name. `changed` comes when something starts or ends."""

    started = Signal(str)
    records_started = Signal(str)
    progressed = Signal(str, object)
    preview_ready = Signal(str, object)
    run_ended = Signal(str, object, object)
    group_ended = Signal(str, object)
    verified = Signal(str, object)
    failed = Signal(str, object)
    cancelled = Signal(str)
    wish_due = Signal(str, object, object)
    """Work has ended for which a person wished something: (name, WhenDone, its result or error)."""
    changed = Signal()

    def __init__(self, application: Application, jobs: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._application = application
        self._jobs = jobs
        self._active: dict[str, ActiveWork] = {}
        self._wanted: dict[str, None] = {}  # in the order of wishing
        self._wanted_records: dict[str, dict[int, None]] = {}

    @property
    def active(self) -> tuple[ActiveWork, ...]:
        return tuple(self._active.values())

    def work_of(self, name: str) -> ActiveWork | None:
        return self._active.get(name)

    def preview(self, name: str) -> bool:
        """A preview is being computed; False where something is under way for the configuration already."""
        control = JobControl()
        ask = partial(_open_preview, self._application, name, control)
        return self._begin(name, Work.PREVIEW, ask, control)

    def waiting_plan(self, name: str) -> bool:
        """The plan that a guard stopped is being fetched; it comes as a preview."""
        return self._begin(name, Work.PREVIEW, partial(_open_waiting, self._application, name), JobControl())

    def run(
        self,
        name: str,
        *,
        allow: frozenset[Guard] = frozenset(),
        preview: OpenPreview | None = None,
    ) -> bool:
        """A run is under way, of exactly the preview's plan where one is given; the preview is closed after it.

        False where something is under way for the configuration already: then one run follows it, however often it was
        asked for meanwhile.
        """
        control = JobControl()
        run = partial(_run_and_close, self._application, name, allow, preview, control)
        is_begun = self._begin(name, Work.RUN, run, control)
        if is_begun:
            self._wanted.pop(name, None)
        elif preview is None:
            self._wanted.setdefault(name)
        return is_begun

    def carry_out(self, due: Due) -> bool:
        """What is due without a person is under way; False where something is for the configuration already.

        It need not be remembered then: it is due until it has begun.
        """
        control = JobControl()
        work = Work.PREPARE if due.kind is RunKind.PREPARE else Work.RUN
        ask = self._application.unattended.carry_out
        run = partial(ask, due, progress=control.progress, cancel=control.cancel)
        return self._begin(due.configuration, work, run, control, due.trigger)

    def start_wanted(self) -> None:
        """Runs that were asked for while something else was under way begin, where nothing is any more: first those of
        single records, which a person waits for."""
        for name in tuple(self._wanted_records):
            if name not in self._active:
                self.run_records(name, partial(tuple, self._wanted_records.pop(name)))
        for name in tuple(self._wanted):
            if name not in self._active:
                self.run(name)

    def run_records(self, name: str, record_ids: Callable[[], Sequence[int]]) -> bool:
        """Just these sync records are being synchronized; their numbers are asked for in the job."""
        control = JobControl()
        run = partial(_run_records, self._application, name, record_ids, control)
        is_begun = self._begin(name, Work.RUN, run, control)
        if is_begun:
            self.records_started.emit(name)
        return is_begun

    def run_records_after(self, name: str, record_ids: Sequence[int]) -> None:
        """Just these are synchronized as soon as nothing else is under way for the configuration, however often it was
        asked for; a stop forgets them."""
        if not record_ids:
            return
        self._wanted_records.setdefault(name, {}).update(dict.fromkeys(record_ids))
        self.start_wanted()

    def prepare(self, name: str) -> bool:
        """What is out of sync is being queued; nothing is written."""
        control = JobControl()
        ask = self._application.synchronization.prepare
        return self._begin(
            name, Work.PREPARE, partial(ask, name, progress=control.progress, cancel=control.cancel), control
        )

    def process(self, name: str) -> bool:
        """The queue is being worked."""
        control = JobControl()
        ask = self._application.synchronization.process
        return self._begin(
            name, Work.RUN, partial(ask, name, progress=control.progress, cancel=control.cancel), control
        )

    def run_group(self, name: str) -> bool:
        """The sync group of the configuration is being run; shown as the work of this one."""
        control = JobControl()
        run = partial(self._application.groups.run, name, progress=control.progress, cancel=control.cancel)
        return self._begin(name, Work.GROUP, run, control)

    def verify(self, name: str) -> bool:
        control = JobControl()
        ask = partial(self._application.verification.verify, name, progress=control.progress, cancel=control.cancel)
        return self._begin(name, Work.VERIFY, ask, control)

    def stop(self, name: str) -> None:
        """The work is asked to stop at its next safe point."""
        active = self._active.get(name)
        if active is not None:
            self._wanted.pop(name, None)
            self._wanted_records.pop(name, None)
            active.job.cancel()
            self.changed.emit()

    def pause(self, name: str, wanted: bool) -> None:
        """The work rests between two batches of writing, or goes on."""
        active = self._active.get(name)
        if active is None or not active.can_pause:
            return
        token = active.job.control.cancel
        if wanted:
            token.pause()
        else:
            token.go_on()
        self.changed.emit()

    def wish(self, name: str, when_done: WhenDone) -> None:
        """That is to be done when what is under way for the configuration has ended by itself; a stop forgets it."""
        active = self._active.get(name)
        if active is not None:
            active.when_done = when_done
            self.changed.emit()

    def stop_all(self) -> None:
        self._wanted.clear()
        self._wanted_records.clear()
        for active in self.active:
            active.job.cancel()
        self.changed.emit()

    def _begin(
        self,
        name: str,
        work: Work,
        function: Callable[[], object],
        control: JobControl,
        trigger: Trigger = Trigger.HAND,
    ) -> bool:
        if name in self._active:
            return False
        job = self._jobs.start(function, title=f"{work.value} {name}", control=control)
        self._active[name] = ActiveWork(name, work, job, trigger, self)
        self.started.emit(name)
        self.changed.emit()
        return True

    # What the active works say

    def take(self, active: ActiveWork, result: object) -> None:
        self._remove(active)
        if active.work is Work.PREVIEW:
            self.preview_ready.emit(active.name, result)
        elif active.work is Work.VERIFY:
            self.verified.emit(active.name, result)
        elif active.work is Work.GROUP:
            self.group_ended.emit(active.name, result)
        elif isinstance(result, RunResult):
            self.run_ended.emit(active.name, result, active.trigger)
        self.changed.emit()
        # While a person looks at a preview, or has just stopped something, what is wanted waits for the next tick.
        if active.work is not Work.PREVIEW and not active.is_stopping:
            self.start_wanted()
        self._grant(active, result)

    def refuse(self, active: ActiveWork, error: object) -> None:
        self._remove(active)
        # Another program runs it: what was due without a person stays due, and nobody need be told.
        if not (isinstance(error, AlreadyRunningError) and active.trigger.is_unattended):
            self.failed.emit(active.name, error)
        self.changed.emit()
        self._grant(active, error)

    def give_up(self, active: ActiveWork) -> None:
        self._remove(active)
        self.cancelled.emit(active.name)
        self.changed.emit()

    def _grant(self, active: ActiveWork, outcome: object) -> None:
        follower = self._active.get(active.name)
        if active.when_done is WhenDone.NOTHING or active.is_stopping:
            return
        if follower is not None:
            self.wish(active.name, active.when_done)
        else:
            self.wish_due.emit(active.name, active.when_done, outcome)

    def _remove(self, active: ActiveWork) -> None:
        self._active.pop(active.name, None)
        active.deleteLater()


def _open_preview(application: Application, name: str, control: JobControl) -> OpenPreview:
    return OpenPreview(application.synchronization.preview(name, progress=control.progress, cancel=control.cancel))


def _open_waiting(application: Application, name: str) -> OpenPreview:
    """The kept plan; made anew where it does not fit any more."""
    kept = application.synchronization.waiting_plan(name)
    return OpenPreview(kept if kept is not None else application.synchronization.preview(name))


def _run_records(
    application: Application, name: str, record_ids: Callable[[], Sequence[int]], control: JobControl
) -> RunResult:
    return application.synchronization.run_records(name, record_ids(), progress=control.progress, cancel=control.cancel)


def _run_and_close(
    application: Application,
    name: str,
    allow: frozenset[Guard],
    preview: OpenPreview | None,
    control: JobControl,
) -> RunResult:
    try:
        return application.synchronization.run(
            name,
            trigger=Trigger.HAND,
            allow=allow,
            preview=preview.preview if preview is not None else None,
            progress=control.progress,
            cancel=control.cancel,
        )
    finally:
        if preview is not None:
            preview.close()
