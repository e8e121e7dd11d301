"""The window's own waits, cancelled at each of them: what runs comes to its end, and no exception is left unheard."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop_sync.core.errors import CancelledError
from desktop_sync.ui import app
from desktop_sync.ui.bridge.control import JobControl
from desktop_sync.ui.bridge.job_runner import JobRunner


class StubWindow(QObject):
    quit_wanted = Signal()

    def hide(self) -> None:
        return None


class StubApplication:
    def __init__(self, gate: threading.Event) -> None:
        self.gate = gate
        self.closed = 0

    def close(self) -> None:
        self.gate.wait(5)
        self.closed += 1


class StubStart:
    def __init__(self, application: StubApplication) -> None:
        self.application = application


class Waits:
    """One ending of the program, cancelled at the wait of this number, counted as a person would see them."""

    def __init__(self, jobs: JobRunner) -> None:
        self.jobs = jobs
        self.gate = threading.Event()
        self.application = StubApplication(self.gate)
        self.unheard: list[object] = []

    def run(self, cancel_when: Callable[[], bool]) -> None:
        loop = asyncio.new_event_loop()
        loop.set_exception_handler(lambda _loop, context: self.unheard.append(context))
        try:
            loop.run_until_complete(self._end(cancel_when))
        finally:
            loop.close()
            gc.collect()

    async def _end(self, cancel_when: Callable[[], bool]) -> None:
        window = StubWindow()
        task = asyncio.ensure_future(app._until_quit(window, self.jobs, StubStart(self.application)))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        for _ in range(2000):
            if cancel_when():
                break
            window.quit_wanted.emit()
            QApplication.processEvents()
            await asyncio.sleep(0.002)
        assert cancel_when()
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.scenario("A17")
@pytest.mark.parametrize("wait", ["for the wish", "for the run", "for the closing"])
def test_a_task_that_is_cancelled_at_a_wait_leaves_no_work_without_an_owner(
    qtbot: QtBot, jobs: JobRunner, wait: str
) -> None:
    waits = Waits(jobs)
    control, ends = JobControl(), []

    def work() -> None:
        waits.gate.wait(5)
        control.cancel.check()

    if wait == "for the run":
        job = jobs.start(work, control=control)
        job.cancelled.connect(lambda: ends.append(CancelledError))
    reached = {
        "for the wish": lambda: True,
        "for the run": lambda: control.cancel.is_cancelled,
        "for the closing": lambda: any(job.title == "close" for job in jobs.active),
    }
    waits.run(reached[wait])
    waits.gate.set()
    qtbot.waitUntil(lambda: not jobs.active, timeout=5000)
    assert waits.unheard == []
    assert ends == ([CancelledError] if wait == "for the run" else [])
    assert waits.application.closed == (1 if wait == "for the closing" else 0)


@pytest.mark.scenario("A16")
def test_work_that_does_not_stop_holds_the_end_up_for_a_while_only(qtbot: QtBot, jobs: JobRunner) -> None:
    gate = threading.Event()
    jobs.start(lambda: gate.wait(20), control=JobControl())

    async def drain() -> tuple[bool, float]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        return await jobs.drain(0.2), loop.time() - began

    drained, seconds = asyncio.run(drain())
    gate.set()
    assert not drained
    assert seconds < 2
    assert app.DRAIN_S <= 5
