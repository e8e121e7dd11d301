"""Remakes the list of tests that the lane `branch_coverage` leaves out: `python -m tests.reliability.branch_choice`.

Every test of the lane's folders runs once, and it is kept which branches each of them takes and how long it needs. Of
the slow ones only those stay that take a branch which no quick one and no cheaper one takes. About twenty minutes.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

from coverage import CoverageData

from tests.reliability.lanes import branch_coverage

SLOW_S = 0.15
"""A test function whose cases take less than this together is not worth a line in the list."""
HEAD = (
    "# Slow tests that take no branch of engine, ledger, guards and recovery that no other test takes: the lane\n"
    "# branch_coverage leaves them out, and runs every other test of its folders. A renamed test runs again.\n"
)
Branch = tuple[str, int, int]


def left_out(taken: Mapping[str, set[Branch]], seconds: Mapping[str, float]) -> list[str]:
    """The slow test functions that bring nothing, by the branches that each function takes and how long it needs."""
    missing = set().union(*taken.values()) if taken else set()
    for name, branches in taken.items():
        if seconds.get(name, 0.0) < SLOW_S:
            missing -= branches
    slow = {name for name, needed in seconds.items() if needed >= SLOW_S}
    while missing:
        best = max(sorted(slow), key=lambda name: len(taken.get(name, set()) & missing) / seconds[name])
        gained = taken.get(best, set()) & missing
        if not gained:
            break
        slow.discard(best)
        missing -= gained
    return sorted(slow)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="branches-") as folder:
        taken, seconds = _measured(Path(folder))
    names = left_out(taken, seconds)
    branch_coverage.SLOW.write_text(HEAD + "".join(f"{name}\n" for name in names), encoding="utf-8")
    print(f"{len(names)} functions, {sum(seconds[name] for name in names):.0f} of {sum(seconds.values()):.0f} s")


def _measured(folder: Path) -> tuple[dict[str, set[Branch]], dict[str, float]]:
    settings = branch_coverage.settings(folder, "dynamic_context = test_function\n")
    times = folder / "times.xml"
    branch_coverage.run_tests(settings, folder, branch_coverage.TESTS, f"--junitxml={times}")
    report = folder / "report.json"
    coverage = [sys.executable, "-m", "coverage", "json", f"--rcfile={settings}", "-q", "-o", str(report)]
    subprocess.run(coverage, cwd=branch_coverage.CHECKOUT, check=True)
    data = CoverageData(str(folder / "data"))
    data.read()
    return _branches(data, json.loads(report.read_text(encoding="utf-8"))["files"]), _seconds(times)


def _branches(data: CoverageData, files: Mapping[str, Mapping[str, list[list[int]]]]) -> dict[str, set[Branch]]:
    """By test function, as pytest names it."""
    real = {
        str(branch_coverage.CHECKOUT / name): {(a, b) for a, b in found["executed_branches"]}
        for name, found in files.items()
    }
    taken: dict[str, set[Branch]] = defaultdict(set)
    for context in data.measured_contexts():
        data.set_query_context(context)
        name = _function(context)
        for file, branches in real.items():
            taken[name] |= {(file, a, b) for a, b in (data.arcs(file) or ()) if (a, b) in branches}
    return taken


def _function(context: str) -> str:
    """tests.unit.core.test_guard.test_it → tests/unit/core/test_guard.py::test_it; what belongs to no test stays."""
    module, _, name = context.rpartition(".")
    return f"{module.replace('.', '/')}.py::{name}" if module.startswith("tests.") else context


def _seconds(times: Path) -> Counter[str]:
    found: Counter[str] = Counter()
    for case in ElementTree.parse(times).iter("testcase"):
        name = re.sub(r"\[.*", "", str(case.get("name")), flags=re.DOTALL)
        found[_function(f"{case.get('classname')}.{name}")] += float(case.get("time") or 0)
    return found


if __name__ == "__main__":
    main()
