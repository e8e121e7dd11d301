"""The table of scenarios is complete and says what the markers of the tests say."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.reliability import scenarios

SOURCE = """
import pytest
pytestmark = [pytest.mark.serial, pytest.mark.scenario("A1")]

def test_plain(): ...

@pytest.mark.scenario("C8", "D2")
def test_marked(): ...

@pytest.mark.parametrize("x", [1, pytest.param(2, marks=pytest.mark.scenario("E1"))])
def test_in_a_parameter(x): ...

@pytest.mark.scenario("G6")
class TestGroup:
    def test_within(self): ...
"""


def test_there_are_110_scenarios_in_eight_groups() -> None:
    count = Counter(id[0] for id in scenarios.SCENARIOS)
    assert count == {"A": 17, "K": 11, "C": 18, "D": 9, "E": 13, "F": 10, "G": 8, "X": 24}
    assert set(count) == set(scenarios.GROUPS)


def test_markers_of_modules_classes_functions_and_parameters_are_found() -> None:
    assert dict(scenarios.markers(SOURCE)) == {
        "test_plain": {"A1"},
        "test_marked": {"A1", "C8", "D2"},
        "test_in_a_parameter": {"A1", "E1"},
        "test_within": {"A1", "G6"},
    }


def test_a_mark_on_what_is_no_test_is_refused() -> None:
    with pytest.raises(SystemExit, match="no test"):
        list(scenarios.markers('@pytest.mark.scenario("A1")\ndef world(): ...\n'))


def test_the_table_says_what_the_markers_say() -> None:
    made = scenarios.table()
    assert scenarios.TABLE.read_text(encoding="utf-8") == made, "run python -m tests.reliability.scenarios"
