"""The cases: what is measured, how often, beside which floor, and the goal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.performance.report import Finding, against_floor
from tests.performance.worker import CHANGED_OF
from tests.performance.workspace import Workspace

CHECKOUT = Path(__file__).resolve().parents[2]
SMALL, LARGE, HUGE = 100_000, 1_000_000, 4_000_000
FIRST_GOAL, COMPARE_GOAL, GROWTH_GOAL = 3.0, 2.0, 1.5
INCREMENTAL_GOAL_S, MEMORY_GOAL_MB = 0.2, 700.0
_QUIET_TIMES = 3


@dataclass(frozen=True, slots=True)
class Measured:
    """What a worker printed."""

    seconds: list[float]
    peak_mb: float


@dataclass(slots=True)
class Benchmark:
    """One run of the benchmark. Data and synchronized states are kept in `folder` for the cases that come after."""

    folder: Path
    records: int | None = None
    is_quick: bool = False
    is_full: bool = False
    peaks: dict[int, float] = field(default_factory=dict)
    turns: dict[int, int] = field(default_factory=dict)

    def sizes(self, *usual: int) -> tuple[int, ...]:
        if self.records is not None:
            return (self.records,)
        return (SMALL,) if self.is_quick else usual

    def attempts(self, records: int) -> int:
        return 1 if self.is_quick else 3 if records <= SMALL else 2

    def workspace(self, records: int) -> Workspace:
        """With A filled."""
        workspace = Workspace(self.folder / f"records-{records}")
        if not workspace.a.exists():
            say(f"generating {records:,} records")
            self.work("generate", workspace, records)
        return workspace

    def synchronized(self, records: int) -> Workspace:
        """With B, and the home, after a first synchronization."""
        workspace = self.workspace(records)
        if records not in self.peaks:
            self.first_synchronization(workspace, records)
        return workspace

    def first_synchronization(self, workspace: Workspace, records: int) -> Measured:
        workspace.begin_anew()
        say(f"first synchronization of {records:,} records")
        measured = self.work("first", workspace, records)
        self.peaks[records] = max(self.peaks.get(records, 0.0), measured.peak_mb)
        self.turns[records] = 0
        return measured

    def change(self, workspace: Workspace, records: int) -> int:
        """Other records than before are changed on both sides; how many on each."""
        self.turns[records] += 1
        self.work("change", workspace, self.turns[records])
        return records // CHANGED_OF

    @staticmethod
    def work(name: str, workspace: Workspace, number: int = 0) -> Measured:
        """One worker's measurement. Raises CalledProcessError; the worker said why on standard error."""
        command = [sys.executable, "-m", "tests.performance.worker", name, str(workspace.folder), str(number)]
        environment = os.environ | {"PYTHON_KEYRING_BACKEND": "tests.support.keyring_fake.MemoryKeyring"}
        ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=CHECKOUT, env=environment)
        printed = json.loads(ended.stdout)
        return Measured([float(each) for each in printed["seconds"]], float(printed["peak_mb"]))


def first(benchmark: Benchmark) -> Iterator[Finding]:
    for records in benchmark.sizes(SMALL, LARGE):
        workspace = benchmark.workspace(records)
        seconds: list[float] = []
        floors: list[float] = []
        for _ in range(benchmark.attempts(records)):
            seconds += benchmark.first_synchronization(workspace, records).seconds
            floors += benchmark.work("first-floor", workspace).seconds
        yield against_floor("first", records, seconds, floors, FIRST_GOAL, benchmark.peaks[records])


def compare(benchmark: Benchmark) -> Iterator[Finding]:
    for records in benchmark.sizes(LARGE):
        workspace = benchmark.synchronized(records)
        previews: list[Measured] = []
        runs: list[Measured] = []
        floors: list[float] = []
        for _ in range(benchmark.attempts(records)):
            changed = benchmark.change(workspace, records)
            say(f"comparing {records:,} records, {changed:,} changed on each side")
            previews.append(benchmark.work("preview", workspace, changed))
            floors += benchmark.work("compare-floor", workspace).seconds
            runs.append(benchmark.work("compare", workspace, changed))
        for case, found in (("compare-preview", previews), ("compare-run", runs)):
            seconds = [each for measured in found for each in measured.seconds]
            peak_mb = max(measured.peak_mb for measured in found)
            yield against_floor(case, records, seconds, floors, COMPARE_GOAL, peak_mb)


def incremental(benchmark: Benchmark) -> Iterator[Finding]:
    found: list[tuple[int, float]] = []
    for records in benchmark.sizes(SMALL, LARGE):
        workspace = benchmark.synchronized(records)
        say(f"incremental runs over {records:,} records")
        benchmark.work("incremental", workspace, 1)  # B's first stamps are learnt here; that is not the quiet state
        seconds: list[float] = []
        floors: list[float] = []
        peak_mb = 0.0
        for _ in range(benchmark.attempts(records)):
            measured = benchmark.work("incremental", workspace, _QUIET_TIMES)
            seconds += measured.seconds
            peak_mb = max(peak_mb, measured.peak_mb)
            floors += benchmark.work("incremental-floor", workspace, _QUIET_TIMES).seconds
        best, floor = min(seconds), min(floors)
        found.append((records, best))
        goal = f"seconds < {INCREMENTAL_GOAL_S:g}"
        yield Finding("incremental", records, best, floor, best / floor, goal, best < INCREMENTAL_GOAL_S, peak_mb)
    if len(found) > 1:
        (_, small), (records, large) = found
        growth = large / small
        goal = f"ratio of the larger table's time to the smaller one's <= {GROWTH_GOAL:g}"
        yield Finding("incremental-growth", records, large, small, growth, goal, growth <= GROWTH_GOAL, None)


def memory(benchmark: Benchmark) -> Iterator[Finding]:
    (records,) = benchmark.sizes(LARGE)
    benchmark.synchronized(records)
    peak_mb = benchmark.peaks[records]
    goal = f"peak_mb < {MEMORY_GOAL_MB:g}"
    yield Finding("memory", records, None, None, None, goal, peak_mb < MEMORY_GOAL_MB, peak_mb)
    if benchmark.is_full:
        more = HUGE // LARGE * records
        benchmark.synchronized(more)
        growth = benchmark.peaks[more] / peak_mb
        goal = f"ratio of its peak to that of a quarter of the records < {GROWTH_GOAL:g}"
        yield Finding("memory-growth", more, None, None, growth, goal, growth < GROWTH_GOAL, benchmark.peaks[more])


CASES: dict[str, Callable[[Benchmark], Iterator[Finding]]] = {
    "first": first,
    "compare": compare,
    "incremental": incremental,
    "memory": memory,
}


def say(text: str) -> None:
    """For whoever waits; standard output holds only findings."""
    print(f"… {text}", file=sys.stderr, flush=True)
