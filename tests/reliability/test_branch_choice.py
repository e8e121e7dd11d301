"""Of the slow tests only those are kept that bring something, the cheapest first."""

from __future__ import annotations

from pathlib import Path

from tests.reliability.branch_choice import Branch, left_out
from tests.reliability.lanes import branch_coverage


def branches(*lines: int) -> set[Branch]:
    return {("module.py", line, line + 1) for line in lines}


def test_a_slow_test_stays_only_where_no_quick_and_no_cheaper_one_takes_its_branches() -> None:
    taken = {
        "quick": branches(1, 2),
        "slow but brings nothing": branches(1, 2),
        "cheap": branches(3, 4),
        "dear": branches(3, 4),
        "alone": branches(4, 5),
        "": branches(6),
    }
    seconds = {"quick": 0.1, "slow but brings nothing": 2.0, "cheap": 1.0, "dear": 9.0, "alone": 30.0}
    seconds["takes none of them"] = 3.0
    assert left_out(taken, seconds) == ["dear", "slow but brings nothing", "takes none of them"]
    assert left_out({}, {}) == []


def test_every_test_that_is_left_out_names_a_module_that_is_there() -> None:
    names = branch_coverage.slow()
    assert names
    assert {name for name in names if not (branch_coverage.CHECKOUT / name.split("::")[0]).is_file()} == set()


def test_every_pattern_of_the_measured_modules_fits_some() -> None:
    measured = branch_coverage.measured()
    rooms = {"preparation", "processing", "running", "session", "settlement"}
    assert {Path(name).parent.name for name in measured} == {"engine", "expression", "ledger", "core"} | rooms
    assert measured >= set(branch_coverage.RECOVERY)
