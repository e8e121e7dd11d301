"""Which branches of engine, ledger, guards and recovery the tests take, by a chosen part of the tests that runs in this
process: what they start as processes of their own is not seen.

`branches` is the share over all four, `recovery_branches` that of the modules that settle what a killed run left.
Branches that are not taken are named on standard error.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from tests.reliability.size import Size

CHECKOUT = Path(__file__).resolve().parents[3]
MEASURED = (
    "desktop_sync/engine/*.py",
    "desktop_sync/engine/expression/*.py",
    "desktop_sync/ledger/*.py",
    "desktop_sync/core/guard.py",
    "desktop_sync/services/care.py",
)
RECOVERY = (
    "desktop_sync/services/settle.py",
    "desktop_sync/services/intents.py",
    "desktop_sync/services/ladder.py",
    "desktop_sync/services/unanswered.py",
    "desktop_sync/ledger/held_store.py",
)
TESTS = (
    "tests/unit/ledger",
    "tests/unit/engine",
    "tests/unit/core/test_guard.py",
    "tests/integration",
)
LANES = ("ladder", "state_machine")
"""Lanes that crash the program in process; a few of their cases count too."""
LEFT_OUT = (
    "tests/integration/test_command_line_process.py",
    "tests/integration/test_two_copies.py",
    "tests/integration/test_bad_input_full_disk.py",
)
"""Work in processes of their own, or fill a disk."""
FEW = ("tests/unit/ledger/test_journal.py",)


def measure(size: Size, folder: Path) -> dict[str, float]:
    """One run of the tests under the tracer."""
    settings = folder / "coverage.ini"
    settings.write_text(f"[run]\nbranch = true\nsource = desktop_sync\ndata_file = {folder / 'data'}\ncore = ctrace\n")
    tests = FEW if size is Size.SMALL else TESTS
    chosen = [*(f"--ignore={path}" for path in LEFT_OUT), *tests]
    pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={folder / 'tests'}"]
    _run("run", f"--rcfile={settings}", *pytest, *chosen)
    for lane in LANES if size is not Size.SMALL else ():
        (folder / lane).mkdir()
        words = ["tests.reliability.lane_process", f"tests.reliability.lanes.{lane}", Size.SMALL.value]
        _run("run", "--append", f"--rcfile={settings}", "-m", *words, str(folder / lane))
    report = folder / "report.json"
    _run("json", f"--rcfile={settings}", "-q", "-o", str(report))
    files = json.loads(report.read_text())["files"]
    taken, there, missing = _branches(files, (*MEASURED, *RECOVERY))
    recovered, recovery, missing_there = _branches(files, RECOVERY)
    for line in (*missing_there, *missing):
        print(line, file=sys.stderr)
    return {
        "branches": round(taken / there, 4),
        "recovery_branches": round(recovered / recovery, 4),
        "branches_measured": there,
    }


def _run(*words: str) -> None:
    """Raises CalledProcessError where a test fails."""
    subprocess.run([sys.executable, "-m", "coverage", *words], cwd=CHECKOUT, stdout=sys.stderr, check=True)


def _branches(files: dict[str, dict[str, object]], patterns: Iterable[str]) -> tuple[int, int, list[str]]:
    """Branches taken, branches that there are, and those not taken by module."""
    taken = there = 0
    missing = []
    for name, found in sorted(files.items()):
        if not any(PurePosixPath(name).match(pattern) for pattern in patterns):
            continue
        summary = found["summary"]
        assert isinstance(summary, dict)
        taken += summary["covered_branches"]
        there += summary["num_branches"]
        if found["missing_branches"]:
            missing.append(f"{name}: {found['missing_branches']}")
    return taken, there, missing
