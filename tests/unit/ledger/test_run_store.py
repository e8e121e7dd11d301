"""Runs and the run lock, also between processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action
from desktop_sync.core.errors import AlreadyRunningError, BugError
from desktop_sync.core.guard import Guard, GuardFinding
from desktop_sync.core.run import EntityResult, Outcome, RunKind, RunResult, Trigger
from desktop_sync.ledger import SqlLedger, open_ledger
from desktop_sync.ledger.file_lock import FileLock
from tests.support.ledger_home import CountedIds, HandClock, configuration

HOLDER = """
import sys
from pathlib import Path
from desktop_sync.core.run import RunKind, Trigger
from desktop_sync.ledger import open_ledger
from tests.support.ledger_home import CountedIds, HandClock, configuration
ledger = open_ledger(Path(sys.argv[1]), HandClock(), CountedIds())
with ledger.hold("Customers"):
    print(ledger.open_run(configuration(), RunKind.RUN, Trigger.SCHEDULE), flush=True)
    sys.stdin.read()
ledger.close()
"""


def start_holder(home: Path) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def end(process: subprocess.Popen[str]) -> None:
    process.communicate()


def result(run_id: int) -> RunResult:
    counts = {Action.CREATE_B: 5, Action.LINK: 2}
    entity = EntityResult("customers", 10, 11, counts, failed=1, seconds=0.5, problems=("too long",))
    finding = GuardFinding(Guard.DELETES, "customers", Side.B, 11, 100, 10)
    return RunResult(run_id, "Customers", Outcome.PROBLEMS, (entity,), (finding,), plan_id="p1")


def test_a_run_is_kept_with_its_whole_result(ledger: SqlLedger, clock: HandClock) -> None:
    started = clock.now()
    run_id = ledger.open_run(configuration(version=3), RunKind.PROCESS, Trigger.COMMAND_LINE)
    going = ledger.run(run_id)
    assert going is not None
    assert (going.outcome, going.ended_at, going.result) == (Outcome.RUNNING, None, None)
    clock.move(minutes=2)
    ledger.finish_run(run_id, result(run_id))
    over = ledger.run(run_id)
    assert over is not None
    assert (over.started_at, over.ended_at, over.configuration_version) == (started, clock.now(), 3)
    assert (over.kind, over.trigger, over.outcome) == (RunKind.PROCESS, Trigger.COMMAND_LINE, Outcome.PROBLEMS)
    assert over.result == result(run_id)


def test_runs_come_newest_first_in_pages(ledger: SqlLedger) -> None:
    ids = [ledger.open_run(configuration(name), RunKind.RUN, Trigger.HAND) for name in ("x", "y", "x")]
    assert [run.id for run in ledger.runs()] == ids[::-1]
    assert [run.id for run in ledger.runs("x", limit=1, offset=1)] == [ids[0]]
    assert ledger.run(999) is None


def test_finishing_an_unknown_run_is_a_bug(ledger: SqlLedger) -> None:
    with pytest.raises(BugError, match="no run 5"):
        ledger.finish_run(5, result(5))


def test_a_configuration_runs_once_at_a_time_among_threads(ledger: SqlLedger) -> None:
    refused: list[AlreadyRunningError] = []

    def try_to_run() -> None:
        try:
            with ledger.hold("Customers"):
                pass
        except AlreadyRunningError as error:
            refused.append(error)

    with ledger.hold("Customers"):
        assert ledger.is_held("Customers")
        thread = threading.Thread(target=try_to_run)
        thread.start()
        thread.join()
        with ledger.hold("Another"):
            pass
    assert f"process {os.getpid()} on " in refused[0].holder
    assert not ledger.is_held("Customers")
    try_to_run()
    assert len(refused) == 1


def test_asking_who_runs_never_disturbs_one_that_begins(ledger: SqlLedger) -> None:
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            ledger.is_held("Customers")

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        for _ in range(300):
            with ledger.hold("Customers"):
                pass
    finally:
        over.set()
        thread.join()


def test_a_run_of_another_process_is_left_alone_and_named(home: Path, ledger: SqlLedger) -> None:
    process, run_id = start_holder(home)
    with pytest.raises(AlreadyRunningError) as refusal, ledger.hold("Customers"):
        pass
    assert f"process {process.pid} on " in refusal.value.holder
    ledger.open_run(configuration("Another"), RunKind.RUN, Trigger.HAND)
    going = ledger.run(run_id)
    assert going is not None
    assert going.outcome is Outcome.RUNNING
    end(process)
    with ledger.hold("Customers"):
        pass


@pytest.mark.scenario("K8")
def test_a_run_whose_process_was_killed_is_shown_as_cut_off(home: Path, clock: HandClock) -> None:
    process, run_id = start_holder(home)
    process.send_signal(signal.SIGKILL)
    end(process)
    ledger = open_ledger(home, clock, CountedIds())
    run = ledger.run(run_id)
    assert run is not None
    assert (run.outcome, run.ended_at) == (Outcome.FAILED, None)
    assert run.result is not None
    assert "ended before the run" in run.result.error
    with ledger.hold("Customers"):  # the lock of the dead is free at once
        pass
    ledger.close()


def test_a_run_left_open_is_closed_by_the_next_one_of_the_configuration(ledger: SqlLedger) -> None:
    with ledger.hold("Customers"):
        left = ledger.open_run(configuration(), RunKind.RUN, Trigger.HAND)
    with ledger.hold("Customers"):
        ledger.open_run(configuration(), RunKind.RUN, Trigger.HAND)
    assert [run.outcome for run in ledger.runs()] == [Outcome.RUNNING, Outcome.FAILED]
    assert ledger.runs()[1].id == left


@pytest.mark.scenario("K8")
def test_a_lock_file_of_the_dead_is_no_lock_whatever_it_says(home: Path, ledger: SqlLedger) -> None:
    with ledger.hold("Customers"):
        pass
    (lock,) = (home / "locks").glob("*.run")
    lock.write_bytes(b"\xff\x00 not readable")
    assert not ledger.is_held("Customers")
    taken = FileLock.take(lock)
    assert taken is not None
    with pytest.raises(AlreadyRunningError, match="another process"), ledger.hold("Customers"):
        pass
    taken.release()


def test_marks_tell_whether_a_run_began_or_ended(ledger: SqlLedger) -> None:
    seen = [ledger.run_marks()]
    first = ledger.open_run(configuration("x"), RunKind.RUN, Trigger.HAND)
    seen.append(ledger.run_marks())
    ledger.finish_run(first, result(first))
    seen.append(ledger.run_marks())
    second = ledger.open_run(configuration("y"), RunKind.RUN, Trigger.HAND)
    ledger.finish_run(second, result(second))
    seen.append(ledger.run_marks())
    assert len(set(seen)) == len(seen)
    assert ledger.run_marks() == seen[-1]


def test_runs_can_be_asked_for_by_kind_and_without_those_of_a_trigger(ledger: SqlLedger) -> None:
    made = {}
    for kind, trigger in (
        (RunKind.RUN, Trigger.HAND),
        (RunKind.PREPARE, Trigger.SCHEDULE),
        (RunKind.RUN, Trigger.PUSH),
        (RunKind.PROCESS, Trigger.PUSH),
    ):
        made[kind, trigger] = ledger.open_run(configuration("x"), kind, trigger)
    both = (RunKind.RUN, RunKind.PROCESS)
    assert [run.trigger for run in ledger.runs("x", kinds=both)] == [Trigger.PUSH, Trigger.PUSH, Trigger.HAND]
    assert [run.id for run in ledger.runs("x", 1, kinds=both, without=(Trigger.PUSH,))] == [
        made[RunKind.RUN, Trigger.HAND]
    ]
