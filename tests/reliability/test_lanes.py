"""Every lane works, with a few cases each; whether the goals are met is what the command says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reliability.lanes import (
    branch_coverage,
    disk_faults,
    hostile_input,
    journal_cost,
    kills_executed,
    kills_forked,
    ladder,
    ladder_beyond,
    mass_deletes,
    provenance,
    recovery,
    round_trips,
    soak,
    state_machine,
)
from tests.reliability.size import Size


@pytest.mark.scenario("A1", "A3", "A7", "A8")
def test_a_program_that_dies_at_a_step_loses_and_duplicates_nothing_in_any_class(tmp_path: Path) -> None:
    counts = ladder.measure(Size.SMALL, tmp_path)
    assert counts["crash_runs"] >= 25
    assert counts["capability_classes"] == 6
    bad = ("lost", "duplicated", "losers_missing", "noisy_checks")
    assert {name: counts[name] for name in bad} == dict.fromkeys(bad, 0)


@pytest.mark.scenario("A1", "A3", "A8")
def test_an_undo_or_a_run_towards_a_system_that_cannot_be_read_dies_without_a_loss(tmp_path: Path) -> None:
    counts = ladder_beyond.measure(Size.SMALL, tmp_path)
    assert counts["undo_crash_runs"] >= 20
    assert counts["write_only_crash_runs"] >= 20
    bad = ("lost", "duplicated", "losers_missing", "noisy_checks")
    assert {name: counts[name] for name in bad} == dict.fromkeys(bad, 0)


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


@pytest.mark.scenario("A9", "A10")
def test_torn_logs_and_failing_disks_lose_nothing_and_nothing_is_written_without_an_intent(tmp_path: Path) -> None:
    counts = disk_faults.measure(Size.SMALL, tmp_path)
    assert counts["cases"] == 23
    assert counts["writes"] >= 2
    assert counts["not_opened"] == counts["writes_without_intent"] == 0


@pytest.mark.scenario("A13")
def test_a_program_that_was_killed_with_many_rows_open_goes_on_soon_and_loses_none(tmp_path: Path) -> None:
    counts = recovery.measure(Size.SMALL, tmp_path)
    assert counts["open_rows"] == 200
    assert counts["lost"] == 0


@pytest.mark.scenario("A1", "A3", "A8", "C7", "C8", "C9", "D5", "D7", "E11", "G7", "K1", "K4", "K7")
def test_random_work_and_faults_lose_double_and_bring_back_nothing(tmp_path: Path) -> None:
    counts = state_machine.measure(Size.SMALL, tmp_path)
    assert counts["machines"] >= 3
    bad = ("failures", "noisy_checks", "echo_writes", "different_hashes")
    assert {name: counts[name] for name in bad} == dict.fromkeys(bad, 0)
    assert counts["most_reads_per_own_write"] <= 1


def test_the_journal_is_measured_in_batches_of_fifty(tmp_path: Path) -> None:
    counts = journal_cost.measure(Size.SMALL, tmp_path)
    assert counts["records_per_intent"] == 50
    assert counts["records"] == 600


@pytest.mark.scenario("X1", "X2", "X3", "X4", "X5", "X6", "X7", "X8", "X17", "X20")
def test_hostile_input_gets_nowhere_and_planted_secrets_are_nowhere(tmp_path: Path) -> None:
    counts = hostile_input.measure(Size.SMALL, tmp_path)
    assert counts["cases"] > 5000
    assert counts["escapes"] == counts["secrets_found"] == 0


def test_a_schedule_of_virtual_time_misses_and_doubles_nothing(tmp_path: Path) -> None:
    counts = soak.measure(Size.SMALL, tmp_path)
    assert counts["runs"] == 24
    assert {name: counts[name] for name in ("missed", "doubled", "failed")} == {"missed": 0, "doubled": 0, "failed": 0}


@pytest.mark.scenario("G2", "G3")
def test_histories_come_to_the_same_in_every_order_of_the_configurations(tmp_path: Path) -> None:
    counts = provenance.measure(Size.SMALL, tmp_path)
    assert (counts["histories"], counts["engine_histories"], counts["differences"]) == (200, 4, 0)


def test_branches_are_counted_by_running_tests(tmp_path: Path) -> None:
    counts = branch_coverage.measure(Size.SMALL, tmp_path)
    assert counts["branches_measured"] > 1000
    assert 0 < counts["branches"] < 1
