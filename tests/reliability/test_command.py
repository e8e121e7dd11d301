"""The command itself works; the lanes have tests of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.reliability import __main__ as command
from tests.reliability.goals import GOALS, Goal, Threshold
from tests.reliability.lanes import LANES, Lane
from tests.reliability.run_lanes import Measured
from tests.reliability.size import Size

KEYS = ["goal", "title", "value", "threshold", "pass", "seconds", "core_seconds"]
GOAL = Goal("N3", "kills", ("kills",), (Threshold("landed", ">=", 10, 100), Threshold("bad", "==", 0)))


def line(counts: dict[str, float], size: Size = Size.CI, reason: str = "") -> dict[str, object]:
    return command.judged(GOAL, {"kills": Measured(counts, 1.0, reason)}, size)


def test_there_is_a_goal_for_each_number_and_every_lane_belongs_to_one() -> None:
    assert [goal.id for goal in GOALS] == [f"N{number}" for number in range(1, 18)]
    assert set(LANES) <= {lane for goal in GOALS for lane in goal.lanes}


def test_a_goal_that_is_met_says_what_was_counted_and_what_was_asked_for() -> None:
    met = line({"landed": 11, "bad": 0})
    assert list(met) == KEYS
    assert met["value"] == {"landed": 11, "bad": 0}
    assert met["threshold"] == {"landed": ">= 10", "bad": "== 0"}
    assert met["pass"] is True


@pytest.mark.parametrize("counts", [{"landed": 9, "bad": 0}, {"landed": 11, "bad": 1}, {"landed": 11}, {"bad": 0}])
def test_too_small_a_population_a_bad_case_and_a_missing_count_fail(counts: dict[str, float]) -> None:
    failed = line(counts)
    assert failed["pass"] is False
    assert str(failed["reason"]).startswith("falls short")


def test_a_night_asks_for_more() -> None:
    assert line({"landed": 99, "bad": 0}, Size.NIGHTLY)["pass"] is False
    assert line({"landed": 100, "bad": 0}, Size.NIGHTLY)["pass"] is True


def test_a_lane_that_broke_and_a_lane_that_is_not_there_fail() -> None:
    assert line({"landed": 11, "bad": 0}, reason="the lane ended with code 1")["pass"] is False
    missing = command.judged(GOAL, {}, Size.CI)
    assert missing["pass"] is False
    assert missing["reason"] == "no lane"


def test_counts_of_several_lanes_are_added() -> None:
    goal = Goal("N6", "quiet", ("one", "two"), (Threshold("checks", ">=", 10),))
    both = {"one": Measured({"checks": 4}, 1.0), "two": Measured({"checks": 6}, 2.0)}
    judged = command.judged(goal, both, Size.CI)
    assert judged["value"] == {"checks": 10}
    assert judged["pass"] is True
    assert command.judged(goal, {"one": both["one"]}, Size.CI)["pass"] is False


def test_lanes_run_in_processes_and_every_goal_prints_one_line(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "lane_that_counts.py").write_text("def measure(size, folder):\n    return {'landed': 10, 'bad': 0}\n")
    (tmp_path / "lane_that_breaks.py").write_text("def measure(size, folder):\n    raise SystemExit(3)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    broken = Goal("N4", "broken", ("broken",), GOAL.thresholds)
    goals = (GOAL, broken, Goal("N5", "none", ("nowhere",), GOAL.thresholds))
    monkeypatch.setattr(command, "GOALS", goals)
    lanes = {"kills": Lane("lane_that_counts", 1), "broken": Lane("lane_that_breaks", 2)}
    monkeypatch.setattr(command, "LANES", lanes)
    assert command.main(["--only", "N3,N4,N5", "--folder", str(tmp_path)]) == 1
    lines = {found["goal"]: found for found in map(json.loads, capfd.readouterr().out.splitlines())}
    assert {goal: found["pass"] for goal, found in lines.items()} == {"N3": True, "N4": False, "N5": False}
    assert lines["N4"]["reason"] == "the lane ended with code 3"
    assert lines["N5"]["reason"] == "no lane"
    assert command.main(["--only", "N3", "--folder", str(tmp_path)]) == 0


def test_a_goal_that_is_not_there_is_refused() -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main(["--only", "N99"])
