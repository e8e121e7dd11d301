"""A system that takes records and shows none: each is there once at most, and what may be missing is seen (class W)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_sync.core.configuration import Direction
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.held_case import HeldAction
from desktop_sync.core.ledger_values import HoldReason, RecordQuery
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Status
from tests.crash.write_only_enumeration import (
    FAULTS,
    WRITE_ONLY_SCENARIOS,
    WriteOnlyEnumeration,
    doubtful,
    look_there,
)
from tests.support.chaos_faults import FaultKind
from tests.support.chaos_fixtures import Make, assert_quiet
from tests.support.chaos_system import WRITE_ONLY
from tests.support.chaos_world import NAME, ChaosWorld, assert_done
from tests.support.cheap_starts import cheap_starts

TOWARDS = {"direction": Direction.A_TO_B}


@pytest.fixture
def world(make: Make) -> ChaosWorld:
    """The right system cannot be read; it has c1, from the left one."""
    made = make(WRITE_ONLY, **TOWARDS)
    made.left.put("people", id="1", email="c1", name="old")
    assert_done(made.run())
    assert made.people(made.right) == {"c1": "old"}
    return made


def test_what_was_written_last_is_the_baseline_and_a_second_run_writes_nothing(world: ChaosWorld) -> None:
    assert_quiet(world)
    world.left.edit("people", "1", name="edited")
    assert_done(world.run())
    assert world.people(world.right) == {"c1": "edited"}
    assert_quiet(world)


def test_no_deletion_is_inferred_and_a_deletion_travels(world: ChaosWorld) -> None:
    (record_id,) = world.right.records("people")
    world.right.delete("people", record_id)
    assert_quiet(world)
    assert world.people(world.left) == {"c1": "old"}
    world.left.delete("people", "1")
    assert_done(world.run())
    (record,) = world.ledger.records(RecordQuery(NAME))
    assert record.status is Status.DELETED
    assert_quiet(world)


def test_an_edit_there_is_not_seen_and_is_overwritten_by_the_next_change(world: ChaosWorld) -> None:
    (record_id,) = world.right.records("people")
    world.right.edit("people", record_id, name="edited there")
    assert_quiet(world)
    world.left.edit("people", "1", name="edited")
    assert_done(world.run())
    assert world.people(world.right) == {"c1": "edited"}


@pytest.mark.scenario("A3")
@pytest.mark.parametrize("kind", [FaultKind.TIMEOUT_APPLIED, FaultKind.TIMEOUT_NOT_APPLIED, FaultKind.LATE])
def test_a_create_without_an_answer_waits_for_a_person_and_is_never_sent_again_by_itself(
    world: ChaosWorld, kind: FaultKind
) -> None:
    world.right.late_after_s = 15
    world.left.put("people", email="n1", name="new")
    world.right.faults.add("create", kind)
    assert world.run().outcome is Outcome.PROBLEMS
    world.clock.move(100)
    for _ in range(2):
        (held,) = world.ledger.held_records(NAME)
        assert held.reason is HoldReason.AMBIGUOUS
        assert doubtful(world) == {"n1"}
        assert_quiet(world)
    assert sum(request.method == "create" for request in world.right.log) <= 2
    (case,) = world.application.records.held(NAME)
    assert case.why.endswith("It may be there: Right cannot be looked at.")
    assert case.actions == (HeldAction.LINK, HeldAction.SET_PREPARED)
    assert case.advice.startswith("Look there: if it is there, link it with its id. If it is not in Right, set it as")
    look_there(world)
    assert_done(world.run())
    assert world.people(world.right) == {"c1": "old", "n1": "new"}
    assert_quiet(world)


def test_other_records_go_on_while_one_waits_also_deletes(world: ChaosWorld) -> None:
    world.left.put("people", email="n1", name="new")
    world.right.faults.add("create", FaultKind.TIMEOUT_NOT_APPLIED)
    world.run()
    world.left.delete("people", "1")
    world.left.put("people", email="n2", name="another")
    world.run()
    assert world.people(world.right) == {"n2": "another"}


def test_a_run_towards_such_a_system_is_undone(world: ChaosWorld) -> None:
    world.left.edit("people", "1", name="edited")
    world.left.put("people", email="n1", name="new")
    run = assert_done(world.run())
    assert run.run_id is not None
    assert_done(world.undo(run.run_id))
    assert world.people(world.right) == {"c1": "old"}
    assert_quiet(world)


def test_its_records_are_unverified(world: ChaosWorld) -> None:
    (found,) = world.application.verification.verify(NAME).entities
    assert (found.in_sync, found.different, found.missing_b, found.unverified) == (0, 0, 0, 1)


@pytest.mark.parametrize("direction", [Direction.BOTH, Direction.B_TO_A])
def test_no_value_can_come_from_it(make: Make, direction: Direction) -> None:
    world = make(WRITE_ONLY, direction=direction)
    with pytest.raises(ConfigurationError, match='"Right" cannot be read, only written'):
        world.run()


@pytest.fixture
def work() -> Iterator[WriteOnlyEnumeration]:
    shared = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory(prefix="write-only-", dir=shared if shared.is_dir() else None) as folder,
        cheap_starts(),
    ):
        yield WriteOnlyEnumeration(Path(folder))


@pytest.mark.scenario("A1", "A3", "A8")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("way", FAULTS)
def test_whenever_the_program_dies_each_record_is_there_once_at_most_and_what_may_be_missing_is_seen(
    work: WriteOnlyEnumeration, way: str, is_full: bool
) -> None:
    step = 1 if is_full else 7
    for number, scenario in enumerate(WRITE_ONLY_SCENARIOS):
        work.singles(replace(scenario, faults=FAULTS[way]), "none", step=step, first=number % step)
    assert work.counts.crash_runs >= 6
    assert not work.counts.failures
    counts = work.counts
    assert counts.lost + counts.duplicated + counts.losers_missing + counts.unsettled + counts.noisy_checks == 0
