"""The cases: what is measured, how often, beside which floor, and the goal."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.performance.benchmark import HUGE, LARGE, SMALL, Benchmark, Series, say, window, work
from tests.performance.report import Finding, against_floor

FIRST_GOAL, COMPARE_GOAL, GROWTH_GOAL = 3.0, 2.0, 1.5
INCREMENTAL_GOAL_S, START_GOAL_S, STALL_GOAL_S, MEMORY_GOAL_MB = 0.2, 1.5, 0.1, 700.0
_QUIET_TIMES = 3
_STARTS = 3


def first(benchmark: Benchmark) -> Iterator[Finding]:
    for records in benchmark.sizes(SMALL, LARGE):
        workspace = benchmark.workspace(records)
        runs, floors = Series(), Series()
        for _ in range(benchmark.attempts(records)):
            runs.add(benchmark.first_synchronization(workspace, records))
            floors.add(work("first-floor", workspace))
        yield against_floor("first", records, runs, floors, FIRST_GOAL)


def compare(benchmark: Benchmark) -> Iterator[Finding]:
    for records in benchmark.sizes(LARGE):
        workspace = benchmark.synchronized(records)
        unremembered, previews, runs, floors = Series(), Series(), Series(), Series()
        for _ in range(benchmark.attempts(records)):
            changed = benchmark.change(workspace, records)
            say(f"comparing {records:,} records, {changed:,} changed on each side")
            workspace.forget()
            unremembered.add(work("preview", workspace, changed))
            previews.add(work("preview", workspace, changed))
            floors.add(work("compare-floor", workspace))
            runs.add(work("compare", workspace, changed))
        yield against_floor("compare-preview-unremembered", records, unremembered, floors, COMPARE_GOAL)
        yield against_floor("compare-preview", records, previews, floors, COMPARE_GOAL)
        yield against_floor("compare-run", records, runs, floors, COMPARE_GOAL)


def incremental(benchmark: Benchmark) -> Iterator[Finding]:
    found: list[Series] = []
    for records in benchmark.sizes(SMALL, LARGE):
        workspace = benchmark.synchronized(records)
        say(f"incremental runs over {records:,} records")
        work("incremental", workspace, 1)  # the first one after a full run still learns B's stamps
        runs, floors = Series(), Series()
        for _ in range(benchmark.attempts(records)):
            runs.add(work("incremental", workspace, _QUIET_TIMES))
            floors.add(work("incremental-floor", workspace, _QUIET_TIMES))
        found.append(runs)
        yield within("incremental", records, runs, floors.best, INCREMENTAL_GOAL_S)
    if len(found) > 1:
        small, large = found
        growth = large.best / small.best
        goal = f"ratio to {SMALL:,} records <= {GROWTH_GOAL:g}"
        met = growth <= GROWTH_GOAL
        yield Finding("incremental-growth", LARGE, large.best, small.best, growth, goal, met, large.peak_mb)


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
        goal = f"ratio to the peak of {records:,} records < {GROWTH_GOAL:g}"
        yield Finding("memory-growth", more, None, None, growth, goal, growth < GROWTH_GOAL, benchmark.peaks[more])


def start(benchmark: Benchmark) -> Iterator[Finding]:
    (records,) = benchmark.sizes(LARGE)
    workspace = benchmark.synchronized(records)
    say(f"starting the window over {records:,} records")
    window("start", workspace)  # brings everything into the system's file cache
    starts, floors = Series(), Series()
    for _ in range(_STARTS):
        starts.add(window("start", workspace)[0])
        floors.add(window("bare", workspace)[0])
    yield within("start", records, starts, floors.best, START_GOAL_S)


def stall(benchmark: Benchmark) -> Iterator[Finding]:
    (records,) = benchmark.sizes(LARGE)
    workspace = benchmark.synchronized(records)
    benchmark.change(workspace, records)
    say(f"watching the window while {records:,} records are compared")
    run, idle_s = window("stall", workspace)
    yield within("stall-compare", records, run, idle_s, STALL_GOAL_S)
    say(f"watching the window while {records:,} records are created")
    del benchmark.turns[records]
    workspace.begin_anew()
    work("import", workspace)
    run, idle_s = window("stall", workspace)
    yield within("stall-first", records, run, idle_s, STALL_GOAL_S)


def within(case: str, records: int, measured: Series, floor_s: float, most_s: float) -> Finding:
    """The goal is a time; the floor stands beside it to be looked at."""
    best = measured.best
    goal = f"seconds < {most_s:g}"
    return Finding(case, records, best, floor_s, best / floor_s, goal, best < most_s, measured.peak_mb)


CASES: dict[str, Callable[[Benchmark], Iterator[Finding]]] = {
    "first": first,
    "compare": compare,
    "incremental": incremental,
    "memory": memory,
    "start": start,
    "stall": stall,
}
