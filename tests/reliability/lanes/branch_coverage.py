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
    "desktop_sync/services/settlement/intents.py",
    "desktop_sync/services/settlement/ladder.py",
    "desktop_sync/services/settlement/records_there.py",
    "desktop_sync/services/settlement/settle.py",
    "desktop_sync/services/settlement/settling_guard.py",
    "desktop_sync/services/settlement/standing.py",
    "desktop_sync/services/processing/unanswered.py",
    "desktop_sync/services/settlement/undo_settling.py",
    "desktop_sync/services/session/waiting.py",
)
MEASURED = (
    "desktop_sync/engine/*.py",
    "desktop_sync/engine/expression/*.py",
    "desktop_sync/ledger/*.py",
    "desktop_sync/core/guard.py",
    "desktop_sync/core/care.py",
    "desktop_sync/services/preparation/care.py",
    "desktop_sync/services/running/permission.py",
    *RECOVERY,
)
TESTS = (
    "tests/unit/ledger",
    "tests/unit/engine",
    "tests/unit/core/test_guard.py",
    "tests/unit/core/test_care.py",
    "tests/unit/services/settlement/test_undo_settling.py",
    "tests/integration",
    "tests/crash/test_another_system.py",
    "tests/crash/test_clocks.py",
    "tests/crash/test_held_edits.py",
    "tests/crash/test_held_records.py",
    "tests/crash/test_write_only.py",
)
LEFT_OUT = (
    "tests/integration/test_command_line_process.py",
    "tests/integration/test_two_copies.py",
    "tests/integration/test_bad_input_full_disk.py",
    "tests/integration/test_watching.py",
    "tests/integration/test_more_records_than_expected.py",
)
"""Work in processes of their own, fill a disk, wait for what the system tells of files, or are about the workbench that
a session makes, where those of the lane share one."""
ROOM = "tests/integration/test_long_values.py::"
NO_ROOM = (
    f"{ROOM}test_a_table_of_pictures_larger_than_the_memory_of_the_workbench_is_synchronized",
    f"{ROOM}test_long_texts_that_have_no_room_end_the_run_with_a_sentence",
)
"""About a workbench with a memory of its own, which sessions that share one instance have not."""
SLOW = Path(__file__).with_name("branch_coverage_left_out.txt")
FEW = ("tests/unit/ledger/test_journal.py",)


def measure(size: Size, folder: Path) -> dict[str, float]:
    """One run of the tests under the tracer."""
    chosen = settings(folder)
    run_tests(chosen, folder, FEW if size is Size.SMALL else TESTS, *(f"--deselect={name}" for name in slow()))
    report = folder / "report.json"
    _run("json", f"--rcfile={chosen}", "-q", "-o", str(report))
    files = json.loads(report.read_text())["files"]
    taken, there, missing = _branches(files, MEASURED)
    recovered, recovery, missing_there = _branches(files, RECOVERY)
    for line in (*missing_there, *missing):
        print(line, file=sys.stderr)
    return {
        "branches": round(taken / there, 4),
        "recovery_branches": round(recovered / recovery, 4),
        "branches_measured": there,
        "recovery_branches_measured": recovery,
    }


def settings(folder: Path, more: str = "") -> Path:
    """The tracer's settings, in a file of the folder. Nothing but the measured modules is traced, which saves time."""
    traced = measured()
    every = (path.relative_to(CHECKOUT).as_posix() for path in (CHECKOUT / "desktop_sync").rglob("*.py"))
    omitted = "".join(f"\n    {name}" for name in sorted(every) if name not in traced)
    made = folder / "coverage.ini"
    made.write_text(
        f"[run]\nbranch = true\nsource = desktop_sync\nomit ={omitted}\ndata_file = {folder / 'data'}\ncore = ctrace\n"
        + more,
        encoding="utf-8",
    )
    return made


def run_tests(settings: Path, folder: Path, tests: Iterable[str], *options: str) -> None:
    """These tests under the tracer. Raises CalledProcessError where one fails."""
    pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.reliability.cheap_session"]
    ignored = [f"--ignore={path}" for path in LEFT_OUT] + [f"--deselect={name}" for name in NO_ROOM]
    _run("run", f"--rcfile={settings}", *pytest, f"--basetemp={folder / 'tests'}", *ignored, *options, *tests)


def measured() -> set[str]:
    """The modules by their paths in the checkout. Raises ValueError where a pattern fits none any more."""
    found: set[str] = set()
    for pattern in MEASURED:
        paths = [path.relative_to(CHECKOUT).as_posix() for path in CHECKOUT.glob(pattern)]
        if not paths:
            raise ValueError(f"no module is named {pattern}")
        found |= set(paths)
    return found


def slow() -> list[str]:
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
