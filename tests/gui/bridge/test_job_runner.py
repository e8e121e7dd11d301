"""The one door for background jobs."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from functools import partial

import pytest
from PySide6.QtCore import QObject, QThread, Slot
from pytestqt.qtbot import QtBot

from desktop_sync.core.errors import CancelledError, MissingError
from desktop_sync.core.ports import Phase
from desktop_sync.ui.bridge.control import JobControl, ProgressState, SharedProgress
from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.bridge.latest import Latest

QUICK_MS = 5000


class Listener(QObject):
    """Hears a job and notes in which thread."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[str, object]] = []
        self.threads: set[QThread] = set()

    @Slot(object)
    def finished(self, result: object) -> None:
        self._note("finished", result)

    @Slot(object)
    def failed(self, error: object) -> None:
        self._note("failed", error)

    @Slot()
    def cancelled(self) -> None:
        self._note("cancelled", None)

    @Slot(object)
    def progressed(self, state: object) -> None:
        self._note("progressed", state)

    def _note(self, what: str, value: object) -> None:
        self.heard.append((what, value))
        self.threads.add(QThread.currentThread())


def listen(jobs: JobRunner, function: object, control: JobControl | None = None) -> Listener:
    listener = Listener()
    job = jobs.start(function, control=control)
    job.finished.connect(listener.finished)
    job.failed.connect(listener.failed)
    job.cancelled.connect(listener.cancelled)
    job.progressed.connect(listener.progressed)
    return listener


def test_a_job_runs_in_another_thread_and_is_heard_in_the_windows_thread(qtbot: QtBot, jobs: JobRunner) -> None:
    listener = listen(jobs, threading.get_ident)
    qtbot.waitUntil(lambda: bool(listener.heard), timeout=QUICK_MS)
    what, ident = listener.heard[0]
    assert what == "finished"
    assert ident != threading.get_ident()
    assert listener.threads == {listener.thread()}


def test_an_unforeseen_error_is_logged_with_its_place_but_never_its_text(
    qtbot: QtBot, jobs: JobRunner, expected_log: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    expected_log("unexpected ValueError")
    error = ValueError("swordfish")

    def fail() -> None:
        raise error

    listener = listen(jobs, fail)
    qtbot.waitUntil(lambda: bool(listener.heard), timeout=QUICK_MS)
    assert listener.heard[0][0] == "failed"
    assert "test_job_runner.py" in caplog.text
    assert "swordfish" not in caplog.text


def test_an_error_comes_as_it_was_raised(qtbot: QtBot, jobs: JobRunner) -> None:
    error = MissingError("the file is not there")

    def fail() -> None:
        raise error

    listener = listen(jobs, fail)
    qtbot.waitUntil(lambda: bool(listener.heard), timeout=QUICK_MS)
    assert listener.heard == [("failed", error)]


def test_a_cancelled_job_ends_as_cancelled_and_not_as_an_error(qtbot: QtBot, jobs: JobRunner) -> None:
    control = JobControl()
    stopped = threading.Event()

    def work() -> None:
        stopped.wait(5)
        control.cancel.check()

    listener = listen(jobs, work, control)
    jobs.active[0].cancel()
    assert jobs.active[0].is_cancel_requested
    stopped.set()
    qtbot.waitUntil(lambda: bool(listener.heard), timeout=QUICK_MS)
    assert listener.heard == [("cancelled", None)]


def test_a_cancelled_error_of_the_service_is_a_cancel_too(qtbot: QtBot, jobs: JobRunner) -> None:
    def work() -> None:
        raise CancelledError

    listener = listen(jobs, work)
    qtbot.waitUntil(lambda: bool(listener.heard), timeout=QUICK_MS)
    assert listener.heard == [("cancelled", None)]


def test_thousands_of_steps_are_few_signals_and_the_last_state_is_always_told(qtbot: QtBot, jobs: JobRunner) -> None:
    control = JobControl()

    def work() -> None:
        control.progress.phase("customers", Phase.READING, 50_000)
        for _ in range(50_000):
            control.progress.advance(1)

    listener = listen(jobs, work, control)
    qtbot.waitUntil(lambda: not jobs.active, timeout=QUICK_MS)
    states = [value for what, value in listener.heard if what == "progressed"]
    assert len(states) < 100
    last = states[-1]
    assert isinstance(last, ProgressState)
    assert (last.done, last.total, last.phase) == (50_000, 50_000, Phase.READING)
    assert listener.heard[-1][0] == "finished"


def test_many_jobs_at_once_all_arrive(qtbot: QtBot, jobs: JobRunner) -> None:
    listeners = [listen(jobs, partial(int, number)) for number in range(60)]
    qtbot.waitUntil(lambda: not jobs.active, timeout=QUICK_MS)
    assert [listener.heard for listener in listeners] == [[("finished", number)] for number in range(60)]


def test_idle_is_said_once_when_the_last_job_has_ended(qtbot: QtBot, jobs: JobRunner) -> None:
    with qtbot.waitSignal(jobs.became_idle, timeout=QUICK_MS):
        jobs.start(partial(int, 1))
        jobs.start(partial(int, 2))
    assert not jobs.active


def test_a_job_that_ended_is_not_kept_alive(qtbot: QtBot, jobs: JobRunner) -> None:
    job = weakref.ref(jobs.start(partial(int, 1)))
    qtbot.waitUntil(lambda: not jobs.active, timeout=QUICK_MS)
    qtbot.wait(1)
    gc.collect()
    assert job() is None


def test_only_the_newest_answer_is_heard(qtbot: QtBot, jobs: JobRunner) -> None:
    first_may_go = threading.Event()

    def slow() -> str:
        first_may_go.wait(5)
        return "old"

    latest = Latest(jobs)
    listener = Listener()
    latest.arrived.connect(listener.finished)
    latest.ask(slow)
    latest.ask(partial(str, "new"))
    qtbot.waitUntil(lambda: bool(listener.heard), timeout=QUICK_MS)
    first_may_go.set()
    qtbot.waitUntil(lambda: not jobs.active, timeout=QUICK_MS)
    assert listener.heard == [("finished", "new")]


def test_an_answer_that_nobody_waits_for_any_more_is_dropped(qtbot: QtBot, jobs: JobRunner) -> None:
    latest = Latest(jobs)
    listener = Listener()
    latest.arrived.connect(listener.finished)
    latest.ask(partial(str, "unheard"))
    latest.forget()
    qtbot.waitUntil(lambda: not jobs.active, timeout=QUICK_MS)
    assert listener.heard == []


def test_rate_and_time_left_follow_from_what_was_done() -> None:
    times = iter((10.0, 14.0))
    progress = SharedProgress(lambda: next(times))
    progress.phase("orders", Phase.WRITING, 1000)
    progress.advance(200)
    state = progress.state()
    assert state is not None
    assert state.records_per_s == 50
    assert state.seconds_left == 16


def test_no_time_left_is_claimed_before_there_is_a_total() -> None:
    times = iter((10.0, 14.0))
    progress = SharedProgress(lambda: next(times))
    progress.phase("orders", Phase.READING, None)
    progress.advance(200)
    state = progress.state()
    assert state is not None
    assert state.seconds_left is None


def test_nothing_is_told_before_the_first_phase() -> None:
    progress = SharedProgress()
    progress.advance(5)
    assert progress.state() is None
