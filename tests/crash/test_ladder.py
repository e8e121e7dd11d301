"""What becomes of writes that nobody acknowledged, in every class of the capability ladder (RELIABILITY 4.2, 4.3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import ConflictRule
from desktop_sync.core.ledger_values import HoldReason, RecordQuery
from desktop_sync.core.provider_port import ConditionalWrite
from desktop_sync.core.run import Outcome, RunResult
from desktop_sync.core.status import Event, Status
from desktop_sync.services.settlement.ladder import Ladder
from tests.support.chaos_faults import FaultKind
from tests.support.chaos_fixtures import Make, agreed, assert_quiet, die_at
from tests.support.chaos_system import CLASSES
from tests.support.chaos_world import NAME, ChaosWorld, assert_done

UNKEYED = ("external-id-not-unique", "natural-key", "none")
"""Classes that can only look at what is there, and so must wait before they do."""
KEYED = tuple(name for name in CLASSES if name not in UNKEYED)


# a create that was not acknowledged


@pytest.mark.scenario("A3")
@pytest.mark.parametrize("class_name", CLASSES)
def test_a_create_that_was_carried_out_before_the_program_died_is_adopted(make: Make, class_name: str) -> None:
    world = make(class_name)
    world.left.put("people", email="n1", name="new")
    die_at(world, "endpoint.right.create.after")
    (orphan,) = world.right.records("people")
    assert_done(world.run())
    assert list(world.right.records("people")) == [orphan]
    assert world.people(world.left) == world.people(world.right) == {"n1": "new"}
    assert not world.right.violations
    assert_quiet(world)


@pytest.mark.scenario("A3")
@pytest.mark.parametrize("class_name", ["marker", "idempotency-key", "none"])
def test_a_create_that_never_arrived_is_made_once(make: Make, class_name: str) -> None:
    world = make(class_name)
    world.left.put("people", email="n1", name="new")
    die_at(world, "endpoint.right.create.before")
    world.right.late.clear()
    assert_done(world.run())
    assert world.people(world.right) == {"n1": "new"}
    assert_quiet(world)


@pytest.mark.scenario("A4")
@pytest.mark.parametrize(
    ("class_name", "field"),
    [*((name, "name") for name in CLASSES), *((name, "email") for name in ("client-id", "natural-key", "none"))],
)
def test_an_edit_of_a_record_that_was_just_created_makes_no_second_one(make: Make, class_name: str, field: str) -> None:
    world = make(class_name)
    world.left.put("people", email="n1", name="new")
    die_at(world, "endpoint.right.create.after")
    (orphan,) = world.right.records("people")
    world.right.edit("people", orphan, **{field: "edited"})
    world.run()
    world.run()
    assert list(world.right.records("people")) == [orphan]
    assert len(world.left.records("people")) == 1
    (held,) = world.ledger.held_records(NAME) or (None,)
    if held is None:
        assert world.people(world.left) == world.people(world.right)
        assert "edited" in str(world.people(world.left))
    else:
        assert class_name in UNKEYED
        assert held.reason is HoldReason.AMBIGUOUS
    assert_quiet(world)


@pytest.mark.scenario("A5")
@pytest.mark.parametrize("class_name", CLASSES)
def test_a_created_record_that_a_person_deletes_at_once_comes_to_one_end(make: Make, class_name: str) -> None:
    world = agreed(make(class_name))
    world.left.put("people", email="n1", name="new")
    die_at(world, "endpoint.right.create.after")
    (orphan,) = world.right.find_by("people", "email", "n1")
    world.right.delete("people", orphan)
    world.run()
    ends = (world.people(world.left), world.people(world.right))
    both, none = {"c1": "old", "n1": "new"}, {"c1": "old"}
    assert ends in ((both, both), (none, none))
    for _ in range(2):
        assert_quiet(world)
        assert (world.people(world.left), world.people(world.right)) == ends


@pytest.mark.scenario("A8", "F5")
@pytest.mark.parametrize(
    ("class_name", "is_dead"), [*((name, True) for name in CLASSES), *((name, False) for name in UNKEYED)]
)
def test_a_create_that_arrives_after_the_recovery_looked_is_there_once(
    make: Make, class_name: str, is_dead: bool
) -> None:
    world = make(class_name)
    world.right.late_after_s = 15
    world.left.put("people", email="n1", name="new")
    if is_dead:
        die_at(world, "endpoint.right.create.before")
    else:
        world.right.faults.add("create", FaultKind.LATE)
    assert_done(world.run())
    world.clock.move(100)
    assert not world.right.late
    assert world.people(world.right) == {"n1": "new"}
    assert not world.right.violations
    assert_quiet(world)
    assert (world.clock.slept_s > 0) == (class_name in UNKEYED)


@pytest.mark.scenario("A8")
@pytest.mark.parametrize("class_name", UNKEYED)
def test_without_the_wait_a_late_create_would_be_there_twice(
    make: Make, class_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ladder, "_wait_for", lambda self, deadline: True)
    world = make(class_name)
    world.right.late_after_s = 15
    world.left.put("people", email="n1", name="new")
    die_at(world, "endpoint.right.create.before")
    world.run()
    world.clock.move(100)
    assert len(world.right.find_by("people", "email", "n1")) == 2


@pytest.mark.scenario("F5")
@pytest.mark.parametrize("class_name", CLASSES)
def test_a_create_without_an_answer_is_never_sent_again_under_another_key(make: Make, class_name: str) -> None:
    world = make(class_name)
    world.left.put("people", email="n1", name="new")
    world.right.faults.add("create", FaultKind.TIMEOUT_APPLIED)
    assert_done(world.run())
    sent = [request for request in world.right.log if request.method == "create"]
    assert sum(request.is_applied for request in sent) == 1
    assert len({request.key for request in sent}) == 1
    assert len({request.body for request in sent}) == 1
    assert not world.right.violations
    assert_quiet(world)


@pytest.mark.scenario("A8")
def test_a_key_that_the_endpoint_has_forgotten_is_not_relied_on(make: Make) -> None:
    world = make(replace(CLASSES["idempotency-key"], key_lives_s=3600))
    world.left.put("people", email="n1", name="new")
    die_at(world, "endpoint.right.create.after")
    world.clock.move(4000)
    assert_done(world.run())
    assert world.people(world.right) == {"n1": "new"}


def test_a_run_that_would_have_to_wait_long_holds_the_record_and_goes_on(make: Make) -> None:
    world = make(replace(CLASSES["none"], max_in_flight_s=600))
    world.left.put("people", email="n1", name="first")
    world.left.put("people", email="n2", name="second")
    world.right.faults.add("create", FaultKind.TIMEOUT_APPLIED)
    first = world.run()
    assert first.outcome is Outcome.PROBLEMS
    assert world.clock.slept_s == 0
    (held,) = world.ledger.held_records(NAME)
    assert held.reason is HoldReason.NO_ANSWER
    assert sorted(world.people(world.right)) == ["n1", "n2"]
    world.run()
    assert sorted(world.people(world.left)) == ["n1", "n2"], "what may be the record that is held was copied back"
    assert_quiet(world)
    world.clock.move(1300)
    assert_done(world.run())
    assert not world.ledger.held_records(NAME)
    assert_quiet(world)


# records that are held


def _held(world: ChaosWorld) -> tuple[str, str]:
    """A create is in doubt, and two records may be it; their ids."""
    world.left.put("people", email="n1", name="new")
    die_at(world, "endpoint.right.create.after")
    world.right.put("people", email="n1", name="somebody else's")
    first, second = world.right.records("people")
    return first, second


@pytest.mark.scenario("A3")
def test_held_means_held_on_both_sides_and_holding_again_writes_nothing(make: Make) -> None:
    world = make("natural-key")
    ids = _held(world)
    result = world.run()
    assert result.outcome is Outcome.PROBLEMS
    (held,) = world.ledger.held_records(NAME)
    assert (held.reason, held.since) == (HoldReason.AMBIGUOUS, world.clock.now())
    waiting = world.ledger.records(RecordQuery(NAME, statuses=(Status.REVIEW,)))
    assert sorted(str(record.b_id) for record in waiting if record.a_id is None) == sorted(ids)
    (source,) = (record for record in waiting if record.a_id is not None)
    assert f"({', '.join(sorted(ids))})" in source.last_error
    assert len(world.left.records("people")) == 1
    for _ in range(2):
        assert_quiet(world)
    world.right.put("people", email="n5", name="added since")
    world.run()
    assert sorted(world.people(world.left)) == ["n1", "n5"], "only what the held record may have become waits"
    assert_quiet(world)


def test_a_person_adopts_the_record_that_it_was(make: Make) -> None:
    world = make("natural-key")
    first, second = _held(world)
    world.run()
    world.application.records.link(NAME, "people", "1", first)
    world.right.edit("people", second, email="n2")
    assert_done(world.run())
    assert not world.ledger.held_records(NAME)
    assert world.people(world.left) == world.people(world.right) == {"n1": "new", "n2": "somebody else's"}
    assert_quiet(world)


def test_a_person_has_the_record_created_again(make: Make) -> None:
    world = make("none")
    world.left.put("people", email="n1", name="new")
    die_at(world, "endpoint.right.create.before")
    world.right.late.clear()
    stranger = world.right.put("people", email="n2", name="somebody else")
    world.run()
    assert world.people(world.left) == {"n1": "new"}, "what the held record may have become does not wait"
    (held,) = world.ledger.held_records(NAME)
    world.application.records.set_status([held.record_id], Event.SET_PREPARED_BY_USER)
    assert not world.ledger.held_records(NAME)
    assert_done(world.run())
    assert world.people(world.left) == world.people(world.right) == {"n1": "new", "n2": "somebody else"}
    assert stranger in world.right.records("people")


def test_a_record_is_held_no_longer_once_the_doubt_is_gone(make: Make) -> None:
    world = make("natural-key")
    first, second = _held(world)
    world.run()
    world.right.delete("people", second)
    assert_done(world.run())
    assert list(world.right.records("people")) == [first]
    assert world.people(world.left) == world.people(world.right) == {"n1": "new"}
    assert_quiet(world)


# updates and deletes


@pytest.mark.scenario("A6")
@pytest.mark.parametrize("winner", ["a", "b"])
def test_an_edit_after_an_update_that_nobody_acknowledged_is_a_conflict(make: Make, winner: str) -> None:
    world = agreed(make("none", conflict=ConflictRule(winner)))
    world.left.edit("people", "1", name="ours")
    die_at(world, "endpoint.right.update.after")
    world.right.edit("people", "101", name="third party")
    assert_done(world.run())
    expected = "ours" if winner == "a" else "third party"
    assert world.people(world.left) == world.people(world.right) == {"c1": expected}
    kept = world.kept_values()
    assert all(any(token in value for value in kept) for token in ("ours", "third party"))
    assert_quiet(world)


@pytest.mark.scenario("A7")
@pytest.mark.parametrize("how", ["dead", "no answer"])
def test_a_delete_that_nobody_acknowledged_retires_the_pair(make: Make, how: str) -> None:
    world = agreed(make("none"))
    world.left.delete("people", "1")
    if how == "dead":
        die_at(world, "endpoint.right.delete.after")
    else:
        world.right.faults.add("delete", FaultKind.TIMEOUT_APPLIED)
    assert_done(world.run())
    assert world.people(world.left) == world.people(world.right) == {}
    (record,) = world.ledger.records(RecordQuery(NAME))
    assert record.status is Status.DELETED
    assert_quiet(world)


@pytest.mark.scenario("F5")
@pytest.mark.parametrize("kind", [FaultKind.TIMEOUT_APPLIED, FaultKind.TIMEOUT_NOT_APPLIED, FaultKind.LATE])
@pytest.mark.parametrize("how", [ConditionalWrite.STRONG, ConditionalWrite.VERIFY])
def test_an_update_without_an_answer_is_looked_at_before_anything_else(
    make: Make, how: ConditionalWrite, kind: FaultKind
) -> None:
    world = agreed(make(replace(CLASSES["none"], conditional_write=how)))
    world.right.late_after_s = 15
    world.left.edit("people", "1", name="edited")
    world.right.faults.add("update", kind)
    assert_done(world.run())
    world.clock.move(100)
    assert world.people(world.right) == {"c1": "edited"}
    assert_quiet(world)


def test_deletes_wait_while_a_write_is_in_doubt_and_are_carried_out_afterwards(make: Make) -> None:
    world = agreed(make(replace(CLASSES["none"], max_in_flight_s=600)))
    world.left.put("people", email="n1", name="new")
    world.left.delete("people", "1")
    world.right.faults.add("create", FaultKind.TIMEOUT_NOT_APPLIED)
    world.run()
    assert world.people(world.right) == {"c1": "old"}
    statuses = {record.status for record in world.ledger.records(RecordQuery(NAME))}
    assert statuses == {Status.PREPARED, Status.REVIEW}
    assert_quiet(world)
    world.clock.move(1300)
    assert_done(world.run())
    assert world.people(world.left) == world.people(world.right) == {"n1": "new"}
    assert_quiet(world)


def test_results_are_runs() -> None:
    """What `assert_done` holds against a run is a result, not an error that was swallowed."""
    with pytest.raises(AssertionError):
        assert_done(RunResult(1, NAME, Outcome.PROBLEMS))
