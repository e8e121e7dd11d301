"""Runs that are asked for while one goes on: one follows, and none is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pytestqt.qtbot import QtBot

from desktop_sync.core.errors import AlreadyRunningError
from desktop_sync.core.run import RunKind, Trigger
from desktop_sync.core.unattended import Due
from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.bridge.run_board import RunBoard
from tests.gui.fake_application import NOW, FakeApplication

Settle = Callable[[], None]
NAME = "Customers"


@pytest.fixture
def board(application: FakeApplication, jobs: JobRunner) -> Iterator[RunBoard]:
    made = RunBoard(application, jobs)
    yield made
    application.synchronization.gate.set()
    made.stop_all()


def triggers(application: FakeApplication) -> list[Trigger]:
    return [started[1] for started in application.synchronization.started]


def wait_until_started(qtbot: QtBot, application: FakeApplication, count: int) -> None:
    qtbot.waitUntil(lambda: len(application.synchronization.started) == count, timeout=5000)


def due(trigger: Trigger = Trigger.SCHEDULE, name: str = NAME) -> Due:
    return Due(name, RunKind.RUN, trigger, NOW)


@pytest.mark.scenario("K9")
def test_a_schedule_a_person_and_a_burst_of_pushes_during_a_run_come_to_one_run_more(
    qtbot: QtBot, application: FakeApplication, board: RunBoard, settle: Settle
) -> None:
    application.synchronization.gate.clear()
    assert board.carry_out(due())
    wait_until_started(qtbot, application, 1)
    for trigger in (Trigger.SCHEDULE, *[Trigger.PUSH] * 50, Trigger.SCHEDULE):
        assert not board.carry_out(due(trigger))
    assert not board.run(NAME)
    assert not board.run(NAME)
    assert board.carry_out(due(Trigger.PUSH, "Price list"))  # others do not wait
    application.synchronization.gate.set()
    settle()
    assert [name for name, *_ in application.synchronization.started].count(NAME) == 2
    assert triggers(application)[-1] is Trigger.HAND
    assert board.active == ()


@pytest.mark.scenario("K9")
def test_what_a_person_wants_while_a_preview_is_computed_runs_at_the_next_look(
    qtbot: QtBot, application: FakeApplication, board: RunBoard, settle: Settle
) -> None:
    application.synchronization.gate.clear()
    board.preview(NAME)
    assert not board.run(NAME)
    application.synchronization.gate.set()
    settle()
    assert triggers(application) == []
    board.start_wanted()
    settle()
    assert triggers(application) == [Trigger.HAND]
    board.start_wanted()
    settle()
    assert len(triggers(application)) == 1


@pytest.mark.scenario("K9")
def test_a_run_that_another_program_holds_off_is_said_to_a_person_only(
    application: FakeApplication, board: RunBoard, settle: Settle
) -> None:
    said: list[object] = []
    board.failed.connect(lambda _name, error: said.append(error))
    for begin, count in (
        (lambda: board.carry_out(due(Trigger.PUSH)), 0),
        (lambda: board.carry_out(due()), 0),
        (lambda: board.run(NAME), 1),
    ):
        application.synchronization.next_error = AlreadyRunningError(NAME, "process 4711 on desk")
        begin()
        settle()
        assert len(said) == count
    assert board.active == ()


def test_what_waits_is_forgotten_when_everything_is_stopped(
    qtbot: QtBot, application: FakeApplication, board: RunBoard, settle: Settle
) -> None:
    application.synchronization.gate.clear()
    board.run(NAME)
    wait_until_started(qtbot, application, 1)
    board.run(NAME)
    board.stop_all()
    settle()
    board.start_wanted()
    settle()
    assert len(triggers(application)) == 1


def test_records_asked_for_during_a_run_follow_it_once_and_before_the_run_that_was_asked_for(
    qtbot: QtBot, application: FakeApplication, board: RunBoard, settle: Settle
) -> None:
    application.synchronization.gate.clear()
    assert board.run(NAME)
    wait_until_started(qtbot, application, 1)
    board.run(NAME)
    board.run_records_after(NAME, [7, 9])
    board.run_records_after(NAME, [9, 11])
    board.run_records_after(NAME, [])
    application.synchronization.gate.set()
    settle()
    settle()
    ran = [started[3] if isinstance(started[3], tuple) else () for started in application.synchronization.started]
    assert ran == [(), (7, 9, 11), ()]


def test_a_stop_forgets_the_records_that_were_to_follow(
    qtbot: QtBot, application: FakeApplication, board: RunBoard, settle: Settle
) -> None:
    application.synchronization.gate.clear()
    board.run(NAME)
    wait_until_started(qtbot, application, 1)
    board.run_records_after(NAME, [7])
    board.stop(NAME)
    application.synchronization.gate.set()
    settle()
    board.start_wanted()
    settle()
    assert len(application.synchronization.started) == 1
