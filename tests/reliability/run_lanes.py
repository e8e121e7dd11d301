"""Runs lanes two at a time, each in a process of its own, the longest first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tests.reliability.goals import Counts
from tests.reliability.lanes import Lane
from tests.reliability.size import Size

CHECKOUT = Path(__file__).resolve().parents[2]
AT_A_TIME = 2
PATIENCE_S = {Size.SMALL: 300, Size.CI: 900, Size.NIGHTLY: 8 * 3600}
QUIET = {
    "PYTHON_KEYRING_BACKEND": "tests.support.keyring_fake.MemoryKeyring",
    "QT_QPA_PLATFORM": "offscreen",
    "PYTHONWARNINGS": "error",
}
KEEPING = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=2000:glibc.malloc.mxfast=0:glibc.malloc.hugetlb=1"}
"""A thread keeps what it gave back of memory for its next request, where it would keep seven pieces of each size, and
memory comes in large pages. Ten thousands of short runs in one process spend a tenth of their time less."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a lane counted, or why it counted nothing."""

    counts: Counts
    seconds: float
    reason: str = ""
    core_seconds: float = 0.0


def run_lanes(
    lanes: Mapping[str, Lane], size: Size, folder: Path, tell: Callable[[dict[str, Measured]], None]
) -> dict[str, Measured]:
    """Every lane has run. `tell` gets all that is measured so far each time that one has ended."""
    done: dict[str, Measured] = {}
    in_order = sorted(lanes, key=lambda name: -lanes[name].minutes)
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        running = {pool.submit(_measure, lanes[name], size, folder / name): name for name in in_order}
        for ended in as_completed(running):
            done[running[ended]] = ended.result()
            tell(done)
    return done


def _measure(lane: Lane, size: Size, folder: Path) -> Measured:
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "tests.reliability.lane_process", lane.module, size.value, str(folder)]
    path = os.pathsep.join(filter(None, [str(CHECKOUT), os.environ.get("PYTHONPATH")]))
    quiet = QUIET if lane.is_measured else {**QUIET, **KEEPING}
    environment = {**os.environ, **quiet, "PYTHONPATH": path, "DESKTOP_SYNC_HOME": str(folder / "home")}
    began = time.monotonic()
    try:
        ended = subprocess.run(
            command, stdout=subprocess.PIPE, cwd=CHECKOUT, env=environment, timeout=PATIENCE_S[size], check=False
        )
    except subprocess.TimeoutExpired:
        return Measured({}, time.monotonic() - began, f"not done within {PATIENCE_S[size]} s")
    seconds = time.monotonic() - began
    lines = ended.stdout.splitlines()
    if ended.returncode or not lines:
        return Measured({}, seconds, f"the lane ended with code {ended.returncode}")
    told = json.loads(lines[-1])
    return Measured(told["counts"], seconds, core_seconds=told["core_seconds"])


def added(measured: Iterable[Measured]) -> Measured:
    """The counts of several lanes as one; without any where one of them failed."""
    counts: dict[str, float] = {}
    seconds, core_seconds, reasons = 0.0, 0.0, []
    for each in measured:
        seconds += each.seconds
        core_seconds += each.core_seconds
        reasons += [each.reason] if each.reason else []
        for name, value in each.counts.items():
            counts[name] = counts.get(name, 0) + value
    return Measured(counts if not reasons else {}, seconds, "; ".join(reasons), core_seconds)
