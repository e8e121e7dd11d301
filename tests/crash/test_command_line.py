"""The real command line as a process of its own, killed and interrupted while it works (RELIABILITY N4)."""

from __future__ import annotations

import random
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.crash_command_line import end, finish, start
from tests.support.crash_trial import CrashServer
from tests.support.crash_world import CONFIGURATION, CsvStore, World, csv_to_sqlite, sqlite_to_csv, values_of

LANDED = 10
MOST_ROUNDS = 12
RECORDS = 300
SEED = 20_260_101


def _synchronized(world: World, server: CrashServer, number: int) -> None:
    world.furnish(number)
    first = server.ask(world, 1, definitions=str(world.definitions))
    assert [run["outcome"] for run in first["runs"]] == ["done"], first


def _edit(world: World, turn: int, expected: dict[str, tuple[str, str]]) -> None:
    """A round of work in both systems; `expected` is what both hold in the end."""
    stamp = f"2026-03-01 10:{turn:02d}:00"
    rows = [f"c{n}" for n in range(1, RECORDS + 1)]
    for place, email in enumerate(rows[turn * 5 : turn * 5 + 4]):
        name = f"turn {turn} of {email}"
        store = world.a if place % 2 else world.b
        store.change(email, name=name, updated_at=stamp)
        expected[email] = (name, expected[email][1])
    gone = rows[-1 - turn]
    world.a.delete(gone)
    del expected[gone]
    for store, letter, first in ((world.a, "a", 5000), (world.b, "b", 8000)):
        email = f"{letter}{turn}"
        store.insert({"id": str(first + turn * 50), "email": email, "name": email, "phone": "1", "updated_at": stamp})
        expected[email] = (email, "1")


def _wait_until_it_runs(process: subprocess.Popen[str], world: World, before: bytes) -> None:
    """The run has begun: its lock names a process. Ends with the process at the latest."""
    while process.poll() is None and _holder(world) == before:
        _let_pass(process, 0.002)


def _holder(world: World) -> bytes:
    return b"".join(path.read_bytes() for path in sorted((world.home / "locks").glob("*.run")))


def _let_pass(process: subprocess.Popen[str], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        pass  # it goes on, as it should


@pytest.mark.scenario("A1")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("flow", [sqlite_to_csv, csv_to_sqlite])
def test_kills_at_random_moments_lose_and_duplicate_nothing(
    flow: Callable[[Path], World], server: CrashServer, tmp_path: Path
) -> None:
    world = flow(tmp_path)
    chance = random.Random(SEED)
    _synchronized(world, server, RECORDS)
    expected = values_of(world.a)
    landed = 0
    for turn in range(MOST_ROUNDS):
        _edit(world, turn, expected)
        for _ in range(chance.randint(2, 3)):  # also while it recovers
            before = _holder(world)
            process = start(world, "run", CONFIGURATION)
            _wait_until_it_runs(process, world, before)
            _let_pass(process, chance.uniform(0, 0.6))
            process.kill()
            landed += finish(process).code == -signal.SIGKILL
            for store in (world.a, world.b):
                values_of(store)  # whole, and each identity once, also before the restart
        server.recover(world, expected, losers=())
        if landed >= LANDED // 2:
            break
    assert landed >= LANDED // 2, f"only {landed} kills came while it ran"
    if isinstance(world.b, CsvStore):
        assert [path.name for path in world.b.folder.iterdir()] == ["customers.csv"]


@pytest.mark.scenario("A16")
@pytest.mark.timeout(300)
def test_an_interrupt_in_the_middle_ends_with_130_and_the_next_run_completes(
    server: CrashServer, tmp_path: Path
) -> None:
    """The database is filled batch by batch: the interrupt comes when the first batch is in and others are not."""
    world = csv_to_sqlite(tmp_path)
    world.furnish(1)
    template = world.a.records()[0]
    rows = [{**template, "id": str(n), "email": f"m{n}", "name": f"many {n}"} for n in range(2, 60_002)]
    assert isinstance(world.a, CsvStore)
    world.a.append(rows)
    server.ask(world, 0, definitions=str(world.definitions))
    process = start(world, "run", CONFIGURATION)
    try:
        while process.poll() is None and world.b.count() < 2:
            _let_pass(process, 0.002)
        process.send_signal(signal.SIGINT)
        answer = finish(process)
    finally:
        end([process])
    assert answer.code == 130, answer
    assert "It was cancelled. What was written until then is recorded." in answer.out + answer.err
    half = world.b.count()
    assert 2 <= half < 60_001, "the interrupt came too late to prove anything"
    report = server.ask(world, 0, report=True)["report"]
    assert report["open"] == 0
    assert report["runs"][0] == "cancelled"
    completed = server.ask(world, 1)
    assert completed["runs"][0]["outcome"] == "done", "what a cancelled first run did not get to is no accident"
    assert world.b.count() == 60_001
    values_of(world.b)
