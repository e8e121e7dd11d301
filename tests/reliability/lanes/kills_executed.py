"""SIGKILL of the real command line, started as a process of its own and killed once it says, by its lock, that it runs.

Checked like the forked lane. A kill counts when it ended the program.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

from tests.reliability.size import Size
from tests.support.crash_command_line import finish, start
from tests.support.crash_trial import CrashServer
from tests.support.crash_world import CONFIGURATION, FLOWS, World
from tests.support.random_work import RandomWork

SEED = 20_260_302
RECORDS = 25


def measure(size: Size, folder: Path) -> dict[str, float]:
    """Kills until enough have landed; gives up after three times as many attempts."""
    wanted = size.of(2, 42, 810)
    chance = random.Random(SEED)
    landed = attempts = bad = number = 0
    with CrashServer() as server:
        while landed < wanted and attempts < wanted * 3:
            (folder / str(number)).mkdir()
            world = FLOWS[list(FLOWS)[number % len(FLOWS)]](folder / str(number))
            number += 1
            world.furnish(RECORDS)
            server.ask(world, 1, definitions=str(world.definitions))
            work = RandomWork(world, chance)
            work.begin()
            work.work()
            usual_s = _complete(world)
            for _ in range(6):
                work.work()
                for _ in range(chance.choice((1, 2, 3, 3))):
                    attempts += 1
                    landed += _kill(world, chance.uniform(0, 1.1 * usual_s))
                try:
                    server.converge(world, work.expected, tuple(work.losers))
                except AssertionError:
                    traceback.print_exc(file=sys.stderr)
                    bad += 1
                    break
                if landed >= wanted:
                    break
    return {"attempts": attempts, "landed": landed, "bad_checks": bad}


def _complete(world: World) -> float:
    """Seconds from the handshake to the end of a run that nobody kills."""
    before = _holder(world)
    process = start(world, "run", CONFIGURATION)
    _wait_until_it_runs(process, world, before)
    began = time.monotonic()
    answer = finish(process)
    assert answer.code == 0, answer
    return time.monotonic() - began


def _kill(world: World, after_s: float) -> bool:
    before = _holder(world)
    process = start(world, "run", CONFIGURATION)
    _wait_until_it_runs(process, world, before)
    _let_pass(process, after_s)
    process.kill()
    return finish(process).code == -signal.SIGKILL


def _wait_until_it_runs(process: subprocess.Popen[str], world: World, before: bytes) -> None:
    """Its lock names another process than before. Ends with the process at the latest."""
    while process.poll() is None and _holder(world) == before:
        _let_pass(process, 0.002)


def _holder(world: World) -> bytes:
    return b"".join(path.read_bytes() for path in sorted((world.home / "locks").glob("*.run")))


def _let_pass(process: subprocess.Popen[str], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        pass  # it goes on, as it should
