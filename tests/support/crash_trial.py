"""Trials of the crash tests: run, die at a step, restart, and look at what is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from tests.support.crash_world import AGREED, CONFIGURATION, LOSERS, Pair, World, values_of

Answer = dict[str, Any]


class CrashServer:
    """The warm process. Use as a context manager."""

    def __enter__(self) -> CrashServer:
        # Libraries that start threads when they are loaded would make forking unsafe.
        quiet = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "error"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.crash_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **quiet},
        )
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.communicate()
        assert self._process.returncode == 0

    def ask(self, world: World, runs: int = 1, **request: object) -> Answer:
        """One child's life. `kill_at`: the step it dies at, 0 for never. `undo`: the first run undoes that one."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps({"home": str(world.home), "name": CONFIGURATION, "runs": runs, **request}) + "\n")
        stdin.flush()
        answer: Answer = json.loads(stdout.readline())
        assert "bug" not in answer, answer
        return answer

    def begin(self, world: World, edit: Callable[[World], None] = World.edit) -> list[str]:
        """Both systems are synchronized, then edited; the names of the steps of the run that is to come."""
        world.furnish()
        first = self.ask(world, 2, definitions=str(world.definitions))
        assert [run["outcome"] for run in first["runs"]] == ["done", "done"], first
        edit(world)
        world.take_snapshot()
        return self.dry_run(world)

    def dry_run(self, world: World) -> list[str]:
        """The names of the steps of the next run when nothing goes wrong; the world is as before."""
        names: list[str] = self.ask(world)["names"]
        world.restore()
        return names

    def kill(self, world: World, at: int | str, **request: object) -> str:
        """A run that dies at this step, or at the first of this name; the step's name."""
        step = {"kill_name": at} if isinstance(at, str) else {"kill_at": at}
        answer = self.ask(world, 1, **step, **request)
        assert answer["was_killed"], f"the run ended before step {at}: {answer}"
        killed: str = answer["killed"]
        return killed

    def recover(self, world: World, agreed: Mapping[str, Pair] = AGREED, losers: tuple[str, ...] = LOSERS) -> Answer:
        """Restarted: after two runs all is as if nothing had happened, and a third writes nothing."""
        answer = self.ask(world, 3, report=True, quiet_last=[str(store.path) for store in (world.a, world.b)])
        check_runs(answer)
        assert not any(answer["runs"][2]["actions"].values()), f"the third run still did something: {answer['runs']}"
        assert answer["changes"] == [], f"the third run changed {answer['changes']}"
        check_values(world, agreed)
        check_report(answer["report"], losers)
        return answer

    def converge(self, world: World, agreed: Mapping[str, Pair], losers: tuple[str, ...]) -> float:
        """As `recover`, but done as soon as a run had nothing to do. Seconds of the first run."""
        files = [str(store.path) for store in (world.a, world.b)]
        answer = self.ask(world, 3, report=True, report_runs=5, quiet_last=files, until_quiet=True)
        check_runs(answer)
        assert not any(answer["runs"][-1]["actions"].values()), f"the last run still did something: {answer['runs']}"
        assert answer["changes"] == [], f"the last run changed {answer['changes']}"
        check_values(world, agreed)
        check_report(answer["report"], losers)
        return float(answer["seconds"])


def check_runs(answer: Answer) -> None:
    for run in answer["runs"]:
        assert run["outcome"] == "done", run
        assert run["failed"] == 0, run


def check_values(world: World, agreed: Mapping[str, Pair]) -> None:
    for store in (world.a, world.b):
        assert values_of(store) == agreed


def check_report(report: Mapping[str, Any], losers: tuple[str, ...]) -> None:
    assert report["open"] == 0, "an intent is still open"
    assert report["damage"] == []
    assert "running" not in report["runs"]
    for loser in losers:
        kept = [values for values in (*report["conflicts"], *report["history"]) if loser in values]
        assert kept, f"“{loser}” is neither in the history nor among the conflicts"
