"""The benchmark: every case beside its floor, one line of JSON each. Exit code 1 when a goal is not met."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.performance.cases import CASES, Benchmark


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.performance", description=__doc__)
    parser.add_argument("--case", action="append", choices=tuple(CASES), help="only this case; may be repeated")
    parser.add_argument("--records", type=int, help="so many records instead of each case's own numbers")
    parser.add_argument("--quick", action="store_true", help="100,000 records, each measured once")
    parser.add_argument("--full", action="store_true", help="memory with four million records too")
    parser.add_argument("--folder", type=Path, help="where the data is made, in a folder that is removed at the end")
    chosen = parser.parse_args(arguments)
    met = True
    with tempfile.TemporaryDirectory(prefix="performance-", dir=chosen.folder) as folder:
        benchmark = Benchmark(Path(folder), chosen.records, chosen.quick, chosen.full)
        for case in chosen.case or CASES:
            for finding in CASES[case](benchmark):
                print(finding.line(), flush=True)
                met = met and finding.met
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
