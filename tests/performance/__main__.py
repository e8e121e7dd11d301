"""The benchmark: every case beside its floor, one line of JSON each. Exit code 1 when a goal is not met."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.performance.benchmark import Benchmark, MeasurementFailedError, with_display
from tests.performance.cases import CASES
from tests.performance.report import Finding, failed
from tests.performance.worker import CHANGED_OF


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.performance", description=__doc__)
    parser.add_argument("--case", action="append", choices=tuple(CASES), help="only this case; may be repeated")
    parser.add_argument("--records", type=_records, help="so many records instead of each case's own numbers")
    parser.add_argument("--quick", action="store_true", help="100,000 records, each measured once")
    parser.add_argument("--full", action="store_true", help="memory with four million records too")
    parser.add_argument("--folder", type=Path, help="where the data is made, in a folder that is removed at the end")
    chosen = parser.parse_args(arguments)
    cases = chosen.case or list(CASES)
    if {"start", "stall"} & set(cases) and (command := with_display(list(arguments))):
        return subprocess.run(command, check=False).returncode
    with tempfile.TemporaryDirectory(prefix="performance-", dir=chosen.folder) as folder:
        benchmark = Benchmark(Path(folder), chosen.records, chosen.quick, chosen.full)
        return 0 if all([_measure(case, benchmark) for case in cases]) else 1


def _records(text: str) -> int:
    """Every share that is changed is a whole number of records."""
    number = int(text)
    if number <= 0 or number % CHANGED_OF:
        raise argparse.ArgumentTypeError(f"a multiple of {CHANGED_OF} is needed")
    return number


def _measure(case: str, benchmark: Benchmark) -> bool:
    """Whether every goal of the case is met. A case that fails does not keep the others from being measured."""
    is_met = True
    try:
        for finding in CASES[case](benchmark):
            _show(finding)
            is_met = is_met and finding.met
    except MeasurementFailedError as error:
        _show(failed(case, f"measured at all: {error}"))
        is_met = False
    return is_met


def _show(finding: Finding) -> None:
    print(finding.line(), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
