"""Trials of the crash tests: run, die at a step, restart, and look at what is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
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
        """One child's life. `kill_at`: the step it dies at, 0 for never."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps({"home": str(world.home), "name": CONFIGURATION, "runs": runs, **request}) + "\n")
        stdin.flush()
        answer: Answer = json.loads(stdout.readline())
        assert "bug" not in answer, answer
        return answer

    def begin(self, world: World, number: int = 11) -> list[str]:
        """Both systems are synchronized, then edited; the names of the steps of the run that is to come."""
        world.furnish(number)
        first = self.ask(world, 2, **{"import": str(world.definitions)})
        assert [run["outcome"] for run in first["runs"]] == ["done", "done"], first
        world.edit()
        world.take_snapshot()
        return self.dry_run(world)

    def dry_run(self, world: World) -> list[str]:
        """The names of the steps of the next run when nothing goes wrong; the world is as before."""
        names: list[str] = self.ask(world)["names"]
        world.restore()
        return names

    def recover(self, world: World, agreed: Mapping[str, Pair] = AGREED, losers: tuple[str, ...] = LOSERS) -> Answer:
        """Restarted: after two runs all is as if nothing had happened, and a third writes nothing."""
        answer = self.ask(world, 2)
        check_runs(answer)
        check_values(world, agreed)
        sides = (world.a.content(), world.b.content())
        last = self.ask(world, 1, report=True, watch_last=True)
        check_runs(last)
        assert not any(last["runs"][0]["actions"].values()), f"the third run still did something: {last['runs']}"
        assert (world.a.content(), world.b.content()) == sides, "the third run wrote to a system"
        assert last["ledger_changes"] == [], f"the third run changed the ledger: {last['ledger_changes']}"
        check_report(last["report"], losers)
        return last


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
