"""What the cases share: processes that measure, and states that one case leaves for the next."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.performance.worker import CHANGED_OF
from tests.performance.workspace import Workspace

CHECKOUT = Path(__file__).resolve().parents[2]
SMALL, LARGE, HUGE = 100_000, 1_000_000, 4_000_000
_PATIENCE_S = 3600
_KEYRING = {"PYTHON_KEYRING_BACKEND": "tests.support.keyring_fake.MemoryKeyring"}


class MeasurementFailedError(Exception):
    """A process that measures ended without a number; it said why on standard error."""


@dataclass(slots=True)
class Series:
    """The repetitions of one measurement."""

    seconds: list[float] = field(default_factory=list)
    peak_mb: float = 0.0

    def add(self, other: Series) -> None:
        self.seconds += other.seconds
        self.peak_mb = max(self.peak_mb, other.peak_mb)

    @property
    def best(self) -> float:
        return min(self.seconds)


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
            work("generate", workspace, records)
        return workspace

    def synchronized(self, records: int) -> Workspace:
        """With B, and the home, after a first synchronization."""
        workspace = self.workspace(records)
        if records not in self.turns:
            self.first_synchronization(workspace, records)
        return workspace

    def first_synchronization(self, workspace: Workspace, records: int) -> Series:
        say(f"first synchronization of {records:,} records")
        workspace.begin_anew()
        self.turns.pop(records, None)
        measured = work("first", workspace, records)
        self.peaks[records] = max(self.peaks.get(records, 0.0), measured.peak_mb)
        self.turns[records] = 0
        return measured

    def change(self, workspace: Workspace, records: int) -> int:
        """Other records than before are changed on both sides; how many on each."""
        self.turns[records] += 1
        work("change", workspace, self.turns[records])
        return records // CHANGED_OF


def work(what: str, workspace: Workspace, number: int = 0) -> Series:
    """One worker's measurement. Raises MeasurementFailedError."""
    command = [sys.executable, "-m", "tests.performance.worker", what, str(workspace.folder), str(number)]
    return _measured(command, what)


def window(what: str, workspace: Workspace) -> tuple[Series, float]:
    """A window's measurement and the floor that it found itself. Raises MeasurementFailedError."""
    begun = time.monotonic()
    command = [sys.executable, "-m", "tests.performance.window", what, str(workspace.folder), repr(begun)]
    found = _run(command, what)
    return Series(_numbers(found, "seconds"), _numbers(found, "peak_mb")[0]), _numbers(found, "floor_seconds")[0]


def _measured(command: list[str], what: str) -> Series:
    found = _run(command, what)
    return Series(_numbers(found, "seconds"), _numbers(found, "peak_mb")[0])


def _run(command: list[str], what: str) -> dict[str, list[float]]:
    ended = subprocess.run(
        command, stdout=subprocess.PIPE, cwd=CHECKOUT, env=os.environ | _KEYRING, timeout=_PATIENCE_S, check=False
    )
    if ended.returncode or not ended.stdout.strip():
        raise MeasurementFailedError(f"{what} ended with code {ended.returncode}")
    found = json.loads(ended.stdout.splitlines()[-1])
    return {name: value if isinstance(value, list) else [value] for name, value in found.items()}


def _numbers(found: dict[str, list[float]], name: str) -> list[float]:
    return [float(value) for value in found[name]]


def with_display(arguments: list[str]) -> list[str] | None:
    """The command that runs the benchmark under a virtual display; None where there is a display already, or no such
    program (then Qt draws into memory)."""
    program = shutil.which("xvfb-run")
    if program is None or os.environ.get("DISPLAY") or os.environ.get("QT_QPA_PLATFORM"):
        return None
    return [program, "-a", "-s", "-screen 0 1366x768x24", sys.executable, "-m", "tests.performance", *arguments]


def say(text: str) -> None:
    """For whoever waits; standard output holds only findings."""
    print(f"… {text}", file=sys.stderr, flush=True)
