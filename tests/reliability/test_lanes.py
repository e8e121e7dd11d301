"""Every lane works, with a few cases each; whether the goals are met is what the command says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reliability.lanes import kills_executed, kills_forked, mass_deletes, round_trips
from tests.reliability.size import Size


@pytest.mark.scenario("A1", "A2")
def test_forked_runs_that_are_killed_at_random_moments_lose_and_duplicate_nothing(tmp_path: Path) -> None:
    counts = kills_forked.measure(Size.SMALL, tmp_path)
    assert counts["landed"] >= 6
    assert counts["bad_checks"] == 0
    assert counts["quiet_checks"] >= 2


@pytest.mark.scenario("A1")
def test_commands_that_are_killed_at_random_moments_lose_and_duplicate_nothing(tmp_path: Path) -> None:
    counts = kills_executed.measure(Size.SMALL, tmp_path)
    assert counts["landed"] >= 2
    assert counts["bad_checks"] == 0


@pytest.mark.scenario("C1", "C12")
def test_a_failing_or_lying_listing_deletes_nothing(tmp_path: Path) -> None:
    counts = mass_deletes.measure(Size.SMALL, tmp_path)
    assert counts["cells"] >= 36
    bad = ("deletes", "changed_sides", "wrong_errors", "not_recovered")
    assert {name: counts[name] for name in bad} == dict.fromkeys(bad, 0)


@pytest.mark.scenario("E1", "E2", "E3", "E4", "E10", "E13")
def test_generated_values_arrive_as_they_were_or_are_refused_by_name(tmp_path: Path) -> None:
    counts = round_trips.measure(Size.SMALL, tmp_path)
    assert counts["values"] > 9000
    assert counts["lossy_undeclared"] == counts["writes_of_second_run"] == 0
