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
RECOVERY = (
    "desktop_sync/core/hold_text.py",
    "desktop_sync/engine/held.py",
    "desktop_sync/engine/stated.py",
    "desktop_sync/ledger/held_store.py",
    "desktop_sync/ledger/restoring.py",
    "desktop_sync/services/intents.py",
    "desktop_sync/services/ladder.py",
    "desktop_sync/services/records_there.py",
    "desktop_sync/services/settle.py",
    "desktop_sync/services/unanswered.py",
    "desktop_sync/services/undo_settling.py",
    "desktop_sync/services/waiting.py",
)
MEASURED = (
    "desktop_sync/engine/*.py",
    "desktop_sync/engine/expression/*.py",
    "desktop_sync/ledger/*.py",
    "desktop_sync/core/guard.py",
    "desktop_sync/core/care.py",
    "desktop_sync/services/care.py",
    "desktop_sync/services/permission.py",
    *RECOVERY,
)
TESTS = (
    "tests/unit/ledger",
    "tests/unit/engine",
    "tests/unit/core/test_guard.py",
    "tests/unit/core/test_care.py",
    "tests/integration",
    "tests/crash/test_ladder.py",
    "tests/crash/test_held_records.py",
    "tests/crash/test_undo.py::test_an_undo_without_answers_is_undone_like_any_run",
)
LEFT_OUT = (
    "tests/integration/test_command_line_process.py",
    "tests/integration/test_two_copies.py",
    "tests/integration/test_bad_input_full_disk.py",
)
"""Work in processes of their own, or fill a disk."""
SLOW = Path(__file__).with_name("branch_coverage_left_out.txt")
FEW = ("tests/unit/ledger/test_journal.py",)


def measure(size: Size, folder: Path) -> dict[str, float]:
    """One run of the tests under the tracer."""
    settings = folder / "coverage.ini"
    measured = sorted(_measured())
    traced = "".join(f"\n    {name}" for name in measured)  # nothing else is traced, which saves time
    settings.write_text(
        f"[run]\nbranch = true\nsource =\ninclude ={traced}\ndata_file = {folder / 'data'}\ncore = ctrace\n"
    )
    tests = FEW if size is Size.SMALL else TESTS
    chosen = [*(f"--ignore={path}" for path in LEFT_OUT), *(f"--deselect={name}" for name in _slow()), *tests]
    pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.reliability.cheap_session"]
    _run("run", f"--rcfile={settings}", *pytest, f"--basetemp={folder / 'tests'}", *chosen)
    report = folder / "report.json"
    _run("json", f"--rcfile={settings}", "-q", "-o", str(report))
    files = json.loads(report.read_text())["files"]
    unseen = [name for name in measured if name not in files]
    taken, there, missing = _branches(files, MEASURED)
    recovered, recovery, missing_there = _branches(files, RECOVERY)
    for line in (*missing_there, *missing, *(f"{name}: never imported" for name in unseen)):
        print(line, file=sys.stderr)
    return {
        "branches": 0.0 if unseen else round(taken / there, 4),
        "recovery_branches": round(recovered / recovery, 4),
        "branches_measured": there,
        "recovery_branches_measured": recovery,
    }


def _measured() -> set[str]:
    """The modules by their paths in the checkout. Raises ValueError where a pattern fits none any more."""
    found: set[str] = set()
    for pattern in MEASURED:
        paths = [path.relative_to(CHECKOUT).as_posix() for path in CHECKOUT.glob(pattern)]
        if not paths:
            raise ValueError(f"no module is named {pattern}")
        found |= set(paths)
    return found


def _slow() -> list[str]:
    lines = SLOW.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


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
