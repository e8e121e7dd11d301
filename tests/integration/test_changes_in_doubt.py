"""What becomes of updates, deletes and undos that nobody acknowledged, and what waits meanwhile (RELIABILITY 4.3)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from desktop_sync.core.configuration import DeleteRule, Direction, Entity, FieldMapping, Mark, PerSide
from desktop_sync.core.ledger_values import HoldReason, RecordQuery
from desktop_sync.core.ports import UNWATCHED, CancelToken, no_steps
from desktop_sync.core.provider_port import ConditionalWrite, CreateClass
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Status
from desktop_sync.services.session.sync_session import open_session
from desktop_sync.services.settlement.settle import Settling
from tests.support.chaos_faults import FaultKind
from tests.support.chaos_fixtures import Make, agreed, assert_quiet, created_unheard, die_at
from tests.support.chaos_system import CLASSES, WRITE_ONLY, Profile
from tests.support.chaos_world import NAME, ChaosWorld, assert_done, configuration

SLOW = 600.0
"""Seconds that a request may be under way: more than a run waits."""


def test_an_update_of_a_side_that_sends_nothing_back_is_known_by_all_its_values(make: Make) -> None:
    world = agreed(make("none", direction=Direction.A_TO_B))
    world.left.edit("people", "1", name="edited")
    die_at(world, "endpoint.right.update.after")
    assert_done(world.run())
    assert world.people(world.right) == {"c1": "edited"}
    assert [request.method for request in world.right.log].count("update") == 1
    assert_quiet(world)


@pytest.mark.parametrize("method", ["update", "delete"])
def test_a_change_that_may_still_arrive_is_held_until_it_cannot(make: Make, method: str) -> None:
    profile = replace(CLASSES["none"], conditional_write=ConditionalWrite.VERIFY, max_in_flight_s=SLOW)
    world = agreed(make(profile), "c1", "c2")
    if method == "update":
        world.left.edit("people", "1", name="edited")
    else:
        world.left.delete("people", "1")
    world.right.faults.add(method, FaultKind.LATE)
    assert world.run().outcome is Outcome.PROBLEMS
    (held,) = world.ledger.held_records(NAME)
    assert held.reason is HoldReason.NO_ANSWER
    assert_quiet(world)
    world.right.apply_late()
    world.clock.move(2 * SLOW + 1)
    assert_done(world.run())
    assert world.ledger.held_records(NAME) == []
    assert world.people(world.right) == {"c1": "edited", "c2": "old"} if method == "update" else {"c2": "old"}
    assert_quiet(world)


def test_a_change_that_was_under_way_when_the_program_died_is_held_on_both_sides(make: Make) -> None:
    profile = replace(CLASSES["none"], conditional_write=ConditionalWrite.VERIFY, max_in_flight_s=SLOW)
    world = agreed(make(profile))
    world.left.edit("people", "1", name="edited")
    die_at(world, "endpoint.right.update.before")
    assert world.run().outcome is Outcome.PROBLEMS
    (record,) = world.ledger.records(RecordQuery(NAME, statuses=(Status.REVIEW,)))
    assert (record.a_id, record.b_id) == ("1", "101"), "the pair stays a pair"
    world.right.late.clear()
    world.clock.move(2 * SLOW + 1)
    assert_done(world.run())
    assert world.people(world.right) == {"c1": "edited"}


# what only flows one way, and marks


def test_an_update_of_a_side_that_no_field_flows_from_is_known_by_all_that_was_sent(make: Make) -> None:
    one_way = {"direction": Direction.A_TO_B}
    fields = (FieldMapping("email", "email", identifying=True, **one_way), FieldMapping("name", "name", **one_way))
    world = agreed(make("none", fields=fields))
    world.left.edit("people", "1", name="edited")
    die_at(world, "endpoint.right.update.before")
    world.right.late.clear()
    assert_done(world.run())
    assert world.people(world.right) == {"c1": "edited"}
    assert_quiet(world)


def test_a_field_that_only_flows_one_way_is_looked_at_too_before_an_update_counts_as_done(make: Make) -> None:
    fields = (
        FieldMapping("email", "email", identifying=True),
        FieldMapping("name", "name", Direction.A_TO_B),
    )
    world = agreed(make("none", fields=fields))
    world.left.edit("people", "1", name="edited")
    die_at(world, "endpoint.right.update.before")
    world.right.late.clear()
    assert_done(world.run())
    assert world.people(world.right) == {"c1": "edited"}
    assert_quiet(world)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_mark_that_nobody_acknowledged_is_set_once_and_the_pair_counts_as_deleted(make: Make, moment: str) -> None:
    marking = {
        "delete": PerSide(DeleteRule.MARK, DeleteRule.MARK),
        "mark": PerSide(Mark("note", "gone"), Mark("note", "gone")),
    }
    world = agreed(make("none", **marking), "c1", "c2")
    world.left.delete("people", "1")
    die_at(world, f"endpoint.right.update.{moment}")
    world.right.late.clear()
    assert_done(world.run())
    assert world.right.records("people")["101"]["note"] == "gone"
    (deleted,) = world.ledger.records(RecordQuery(NAME, statuses=(Status.DELETED,)))
    assert deleted.b_id == "101"
    assert [request.is_applied for request in world.right.log if request.method == "update"] == [True]
    assert_quiet(world)


# what waits meanwhile


def test_deletes_of_an_entity_wait_while_one_of_its_creates_is_in_doubt_and_those_of_others_do_not(make: Make) -> None:
    world = make(replace(CLASSES["none"], max_in_flight_s=SLOW))
    fields = (FieldMapping("email", "email", identifying=True), FieldMapping("name", "name"))
    for system in (world.left, world.right):
        system.make("pets", ("id", "email", "name"))
    pets = Entity("pets", PerSide("pets", "pets"), fields, key=PerSide(("id",), ("id",)))
    people = configuration().entities[0]
    world.ledger.save_configuration(replace(configuration(), entities=(pets, people)))
    for structure in ("people", "pets"):
        for number, system in enumerate((world.left, world.right)):
            system.put(structure, id=f"{number}01", email="c1", name="old")
    assert_done(world.run())
    world.left.put("people", email="n1", name="new")
    world.left.delete("people", "001")
    world.left.delete("pets", "001")
    world.right.faults.add("create", FaultKind.TIMEOUT_NOT_APPLIED)
    result = world.run()
    assert result.outcome is Outcome.PROBLEMS
    assert world.right.records("pets") == {}
    assert world.people(world.right) == {"c1": "old"}
    (waiting,) = world.ledger.records(RecordQuery(NAME, statuses=(Status.PREPARED,)))
    assert waiting.b_id == "101"
    assert_quiet(world)
    world.clock.move(2 * SLOW + 1)
    assert_done(world.run())
    assert world.people(world.left) == world.people(world.right) == {"n1": "new"}


def test_after_a_write_the_reads_of_a_system_whose_replicas_lag_are_waited_for(make: Make) -> None:
    world = make(replace(CLASSES["marker"], read_lag_s=30))
    assert_done(world.run())
    assert world.clock.slept_s == 0, "nothing was ever written"
    world.left.put("people", email="n1", name="new")
    assert_done(world.run())
    world.clock.slept_s = 0
    assert_done(world.run())
    assert world.clock.slept_s == pytest.approx(30)
    world.clock.slept_s = 0
    assert_done(world.run())
    assert world.clock.slept_s == 0


def test_a_person_can_stop_a_run_that_waits(make: Make) -> None:
    world = make("natural-key")
    created_unheard(world)
    cancel = CancelToken()
    world.clock.listeners.append(lambda at: cancel.cancel())
    assert world.run(cancel=cancel).outcome is Outcome.CANCELLED
    assert world.clock.slept_s <= 1
    assert len(world.ledger.open_batches(NAME)) == 1
    assert_done(world.run())
    assert world.people(world.right) == {"n1": "new"}


def test_a_create_that_nobody_can_look_at_waits_for_its_time_and_then_for_a_person(make: Make) -> None:
    world = make(replace(WRITE_ONLY, max_in_flight_s=SLOW), direction=Direction.A_TO_B)
    created_unheard(world)
    for reason in (HoldReason.NO_ANSWER, HoldReason.AMBIGUOUS):
        assert world.run().outcome is Outcome.PROBLEMS
        (held,) = world.ledger.held_records(NAME)
        assert (held.reason, held.hold.candidates) == (reason, ())
        assert_quiet(world)
        world.clock.move(2 * SLOW + 1)
    assert [request.method for request in world.right.log] == ["create"]


@pytest.mark.parametrize("method", ["update", "delete"])
def test_a_change_that_nobody_can_look_at_is_sent_again(make: Make, method: str) -> None:
    world = make(WRITE_ONLY, direction=Direction.A_TO_B)
    world.left.put("people", id="1", email="c1", name="old")
    assert_done(world.run())
    if method == "update":
        world.left.edit("people", "1", name="edited")
    else:
        world.left.delete("people", "1")
    die_at(world, f"endpoint.right.{method}.before")
    world.right.late.clear()
    assert_done(world.run())
    assert world.people(world.right) == ({"c1": "edited"} if method == "update" else {})
    assert_quiet(world)


def test_a_key_that_was_forgotten_where_nobody_can_look_is_not_used_again(make: Make) -> None:
    profile = replace(WRITE_ONLY, creates=CreateClass.IDEMPOTENCY_KEY, key_lives_s=3600)
    world = make(profile, direction=Direction.A_TO_B)
    created_unheard(world)
    world.clock.move(4000)
    assert world.run().outcome is Outcome.PROBLEMS
    (held,) = world.ledger.held_records(NAME)
    assert (held.reason, held.hold.candidates) == (HoldReason.AMBIGUOUS, ())
    assert [request.method for request in world.right.log] == ["create"]
    assert_quiet(world)


# undoing


def undone_run(make: Make, profile: str | Profile = "none") -> tuple[ChaosWorld, int]:
    """Two records that the run with that number created in the right system and updated there."""
    world = agreed(make(profile))
    world.left.put("people", email="n1", name="new")
    world.left.edit("people", "1", name="edited")
    return world, assert_done(world.run()).run_id or 0


@pytest.mark.parametrize("method", ["update", "delete"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_undo_that_died_is_settled_and_comes_to_its_end(make: Make, method: str, moment: str) -> None:
    world, run = undone_run(make)
    numbers: list[int] = []

    def look(name: str) -> None:
        if name == f"endpoint.right.{method}.{moment}" and not numbers:
            numbers.append(len(world.stepper.names))
            world.stepper.crash_at(numbers[0])

    world.stepper.watch = look
    assert world.try_undo(run) is None
    world.right.late.clear()
    world.try_undo(run)
    assert world.people(world.right) == {"c1": "old"}
    assert world.ledger.open_batches(NAME) == []
    assert world.ledger.held_records(NAME) == []


@pytest.mark.parametrize("kind", [FaultKind.TIMEOUT_APPLIED, FaultKind.TIMEOUT_NOT_APPLIED])
@pytest.mark.parametrize("method", ["update", "delete"])
def test_an_undo_whose_answer_is_outstanding_is_held_and_stands_as_before_if_it_never_was_carried_out(
    make: Make, method: str, kind: FaultKind
) -> None:
    world, run = undone_run(make, replace(CLASSES["none"], max_in_flight_s=SLOW))
    world.right.faults.add(method, kind)
    assert world.undo(run).outcome is Outcome.PROBLEMS
    (held,) = world.ledger.held_records(NAME)
    (record,) = (one for one in world.ledger.records(RecordQuery(NAME)) if one.id == held.record_id)
    assert record.status is Status.REVIEW
    assert record.last_error
    assert record.a_id is not None
    assert record.b_id is not None
    world.clock.move(2 * SLOW + 1)
    world.run()
    assert world.ledger.held_records(NAME) == []
    is_applied = kind is FaultKind.TIMEOUT_APPLIED
    if method == "update":
        assert world.people(world.right) == {"c1": "old" if is_applied else "edited", "n1": "new"}
    else:
        assert world.people(world.right) == {"c1": "old"} | ({} if is_applied else {"n1": "new"})
    stands = world.ledger.record(held.record_id)
    assert stands is not None
    assert stands.status is (Status.DELETED if is_applied and method == "delete" else Status.PROCESSED)
    assert stands.last_error == ""


def test_an_undo_that_died_is_held_with_all_that_is_known_while_its_write_may_still_arrive(make: Make) -> None:
    world, run = undone_run(make, replace(CLASSES["none"], max_in_flight_s=SLOW))
    numbers: list[int] = []

    def look(name: str) -> None:
        if name == "endpoint.right.update.before" and not numbers:
            numbers.append(len(world.stepper.names))
            world.stepper.crash_at(numbers[0])

    world.stepper.watch = look
    assert world.try_undo(run) is None
    assert world.run().outcome is Outcome.PROBLEMS
    (held,) = world.ledger.held_records(NAME)
    record = world.ledger.record(held.record_id)
    assert record is not None
    assert (record.a_id, record.b_id, record.status) == ("1", "101", Status.REVIEW)
    assert_quiet(world)
    world.right.apply_late()
    world.clock.move(2 * SLOW + 1)
    world.run()
    assert world.ledger.held_records(NAME) == []
    assert world.people(world.right) == {"c1": "old", "n1": "new"}


def test_a_session_that_keeps_no_origin_stamps_settles_as_well(make: Make, tmp_path: Path) -> None:
    world = make("marker")
    orphan = created_unheard(world)
    opened = world.application.endpoints.open
    with open_session(configuration(), opened, world.ledger, str(tmp_path)) as session:
        assert session.provenance is None
        settling = Settling(session, world.ledger, world.clock, world.clock.sleep, no_steps, UNWATCHED, CancelToken())
        assert settling.settle_all() == 1
    (record,) = world.ledger.records(RecordQuery(NAME))
    assert (record.a_id, record.b_id, record.status) == ("1", orphan, Status.PROCESSED)
    assert_quiet(world)


# what cannot be undone any more


def test_what_a_run_wrote_to_a_structure_that_is_no_longer_mapped_is_told_by_its_undo(make: Make) -> None:
    world, run = undone_run(make)
    for system in (world.left, world.right):
        system.make("folks", ("id", "email", "name"))
    people = configuration().entities[0]
    elsewhere = replace(people, structures=PerSide("folks", "folks"))
    world.ledger.save_configuration(replace(configuration(), entities=(elsewhere,)))
    result = world.undo(run)
    assert result.outcome is Outcome.PROBLEMS
    assert result.sentences == (
        "people: 2 records stay in people as the run wrote, for the configuration does not synchronize it any more.",
    )
    assert world.people(world.right) == {"c1": "edited", "n1": "new"}


def test_a_deleted_record_is_not_brought_back_without_a_field_that_it_had(make: Make) -> None:
    world = agreed(make("marker"))
    world.right.edit("people", "101", note="remark")
    world.left.delete("people", "1")
    run = assert_done(world.run()).run_id or 0
    table = world.right.tables["people"]
    kept = tuple(field for field in table.structure.fields if field.name != "note")
    table.structure = replace(table.structure, fields=kept)
    result = world.undo(run)
    assert result.outcome is Outcome.PROBLEMS
    assert any("it has no note any more" in sentence for sentence in result.sentences)
    assert world.right.records("people") == {}
