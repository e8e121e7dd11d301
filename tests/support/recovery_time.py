"""How long a program that was killed with many rows open needs to its first new work, and how much memory (N13).

`python -m tests.support.recovery_time HOME STEP NTH`: a run that kills itself the NTH time that this step comes, or,
with NTH 0, one that starts anew, goes on to the end, and prints one line of JSON.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from desktop_sync.bootstrap import build_application
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Status
from desktop_sync.providers.csv.provider import CAPABILITIES
from tests.support.crash_world import CONFIGURATION, OLD, World, sqlite_to_csv

INTENDED, WRITTEN = "process.intent_is_durable", "process.written"


def measure(folder: Path, rows: int) -> dict[str, float]:
    """Killed with all intents durable and nothing written, and with everything written and nothing settled.

    `open_rows` at the kill, the smaller number of both; `seconds_to_first_work` from the start of the services to the
    first new intent, or to the end of a run that has no more to write; `peak_mb` that the process grew by from there to
    the end; `lost`: records that are not Processed in the end, or not in both systems.
    """
    found = []
    for step, nth in ((INTENDED, math.ceil(rows / CAPABILITIES.batch_size)), (WRITTEN, 1)):
        place = folder / step
        place.mkdir()
        found.append(_recovery(sqlite_to_csv(place), rows, step, nth))
    return {
        "open_rows": min(one["open_rows"] for one in found),
        "seconds_to_first_work": max(one["seconds_to_first_work"] for one in found),
        "peak_mb": max(one["peak_mb"] for one in found),
        "lost": sum(one["lost"] for one in found),
    }


def _recovery(world: World, rows: int, step: str, nth: int) -> dict[str, float]:
    world.furnish(0)
    with contextlib.closing(sqlite3.connect(world.a.path)) as connection, connection:
        connection.executemany(
            "INSERT INTO customers (id, email, name, phone, note, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
            ((n, f"c{n}", f"name {n}", f"phone {n}", f"note {n}", OLD) for n in range(1, rows + 1)),
        )
    application = build_application(world.home)
    application.definitions.import_file(world.definitions)
    application.close()
    killed = _process(world, step, nth)
    assert killed.returncode == -signal.SIGKILL, killed
    with contextlib.closing(sqlite3.connect(world.home / "ledger.sqlite")) as connection:
        open_rows = connection.execute("SELECT total(row_count) FROM batch WHERE state = 0").fetchone()[0]
    measured: dict[str, float] = json.loads(_process(world, INTENDED, 0).stdout)
    measured["lost"] += rows - world.b.count()
    return {"open_rows": open_rows, **measured}


def _process(world: World, step: str, nth: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.support.recovery_time", str(world.home), step, str(nth)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)


class Watch:
    """Knows when the step first came; kills the process the `nth` time."""

    def __init__(self, step: str, nth: int) -> None:
        self.began_s = time.monotonic()
        self.first_s = 0.0
        self._step = step
        self._nth = nth

    def __call__(self, name: str) -> None:
        if name != self._step:
            return
        self.first_s = self.first_s or self.passed_s()
        self._nth -= 1
        if self._nth == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def passed_s(self) -> float:
        return time.monotonic() - self.began_s


def _resident_mb() -> float:
    """What the process holds now."""
    with open("/proc/self/status", encoding="ascii") as file:
        values = dict(line.split(":", 1) for line in file)
    return int(values["VmRSS"].split()[0]) / 1024


def _peak_mb() -> float:
    with open("/proc/self/status", encoding="ascii") as file:
        values = dict(line.split(":", 1) for line in file)
    return int(values["VmHWM"].split()[0]) / 1024


def main(home: Path, step: str, nth: int) -> None:
    from tests.support import crash_server  # the libraries are loaded, so that they do not count as growth

    assert crash_server.WARM
    resident, watch = _resident_mb(), Watch(step, nth)
    application = build_application(home, steps=watch)
    result = application.synchronization.run(CONFIGURATION)
    seconds, counts = watch.first_s or watch.passed_s(), application.records.counts(CONFIGURATION)
    application.close()
    assert result.outcome is Outcome.DONE, result
    lost = sum(counts.values()) - counts.get(Status.PROCESSED, 0)
    print(json.dumps({"seconds_to_first_work": seconds, "peak_mb": _peak_mb() - resident, "lost": lost}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
