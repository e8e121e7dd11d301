"""One line of JSON for each goal: what was counted, what is asked for, whether it is met. Exit code 1 if one is not."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.reliability.goals import GOALS, Goal
from tests.reliability.lanes import LANES
from tests.reliability.run_lanes import Measured, added, run_lanes
from tests.reliability.size import Size


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    parser.add_argument("--only", type=_goals, default=GOALS, metavar="N3,N7", help="only these goals")
    parser.add_argument("--nightly", action="store_true", help="the numbers of a night instead of those of CI")
    parser.add_argument("--small", action="store_true", help="whether the lanes work at all; most goals are not met")
    parser.add_argument("--folder", type=Path, help="where lanes work, in a folder that is removed at the end")
    chosen = parser.parse_args(arguments)
    size = Size.NIGHTLY if chosen.nightly else Size.SMALL if chosen.small else Size.CI
    report = Report(chosen.only, size)
    with tempfile.TemporaryDirectory(prefix="reliability-", dir=chosen.folder) as folder:
        named = {lane for goal in chosen.only for lane in goal.lanes}
        report.look({})
        run_lanes({name: lane for name, lane in LANES.items() if name in named}, size, Path(folder), report.look)
    return 0 if report.is_met else 1


def _goals(text: str) -> tuple[Goal, ...]:
    """Goals by their ids, in the order of the table."""
    ids = {part.strip() for part in text.split(",")}
    if unknown := ids - {goal.id for goal in GOALS}:
        raise argparse.ArgumentTypeError(f"there is no goal {', '.join(sorted(unknown))}")
    return tuple(goal for goal in GOALS if goal.id in ids)


class Report:
    """Prints each goal once, as soon as all its lanes have ended."""

    def __init__(self, goals: Sequence[Goal], size: Size) -> None:
        self._waiting = list(goals)
        self._size = size
        self.is_met = True

    def look(self, measured: Mapping[str, Measured]) -> None:
        for goal in list(self._waiting):
            if all(lane in measured or lane not in LANES for lane in goal.lanes):
                self._waiting.remove(goal)
                line = judged(goal, measured, self._size)
                self.is_met = self.is_met and bool(line["pass"])
                print(json.dumps(line), flush=True)


def judged(goal: Goal, measured: Mapping[str, Measured], size: Size) -> dict[str, object]:
    """The goal's line. `reason` is there where it is not met: what is missing, or which counts fall short."""
    total = added(measured[lane] for lane in goal.lanes if lane in measured)
    missing = [lane for lane in goal.lanes if lane not in measured]
    short = [each.name for each in goal.thresholds if not each.is_met(total.counts, size)]
    line: dict[str, object] = {
        "goal": goal.id,
        "title": goal.title,
        "value": {each.name: total.counts.get(each.name) for each in goal.thresholds},
        "threshold": {each.name: f"{each.comparison} {each.limit(size):g}" for each in goal.thresholds},
        "pass": not missing and not total.reason and not short,
        "seconds": round(total.seconds, 1),
        "core_seconds": round(total.core_seconds, 1),
    }
    if missing:
        line["reason"] = "no lane"
    elif total.reason or short:
        line["reason"] = total.reason or f"falls short: {', '.join(short)}"
    if further := {name: value for name, value in total.counts.items() if name not in line["value"]}:  # type: ignore[operator]
        line["further"] = further
    return line


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
