"""What a run left open is not settled in another system than the one that it was for, nor in one that came empty."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import GuardLimits
from desktop_sync.core.guard import Guard
from desktop_sync.core.ledger_values import EntityKey, HoldReason
from desktop_sync.core.run import Outcome, RunResult
from desktop_sync.core.structure import Field
from tests.support.chaos_faults import FaultKind
from tests.support.chaos_fixtures import Make, agreed, assert_quiet, die_at
from tests.support.chaos_fixtures import make as make
from tests.support.chaos_fixtures import template as template
from tests.support.chaos_system import CLASSES, ChaosSystem
from tests.support.chaos_world import FIELDS, NAME, ChaosWorld, assert_done

GUARDED = GuardLimits(None, None, True, None, None, None, False, True)


def guarded(world: ChaosWorld) -> ChaosWorld:
    """Another system in the place of one, and one that comes empty, stop a run."""
    (configuration,) = world.ledger.configurations()
    world.ledger.save_configuration(replace(configuration, guards=GUARDED))
    return world


def another(world: ChaosWorld) -> ChaosSystem:
    """Another system stands where the right one was, which is given back. It holds the same people under other ids."""
    right = world.right
    system = ChaosSystem("right", right.profile, world.clock, world.stepper)
    system.identity = "another"
    system.make("people", FIELDS)
    for number, row in enumerate(right.records("people").values()):
        system.put("people", **(row | {"id": f"{500 + number}"}))
    put_in_place(world, system)
    return right


def put_in_place(world: ChaosWorld, system: ChaosSystem) -> None:
    world.close()
    system.steps = world.stepper
    world.right = system
    world.clock.listeners = [world.left.apply_late, system.apply_late]


def stopped_by(result: RunResult, guard: Guard) -> None:
    assert result.outcome is Outcome.GUARD, result
    assert {finding.guard for finding in result.findings} == {guard}


@pytest.mark.scenario("C5")
@pytest.mark.parametrize("has_arrived", [False, True])
@pytest.mark.parametrize("is_first", [False, True])
@pytest.mark.parametrize("class_name", CLASSES)
def test_an_open_create_waits_until_the_system_that_it_was_for_is_back(
    make: Make, class_name: str, is_first: bool, has_arrived: bool
) -> None:
    world = guarded(make(class_name))
    if not is_first:
        agreed(world)
    world.left.put("people", email="n1", name="new")
    die_at(world, f"endpoint.right.create.{'after' if has_arrived else 'before'}")
    world.right.late.clear()
    there = world.people(world.right)
    right = another(world)
    held = world.right.records("people")
    stopped_by(world.run(), Guard.IDENTITY)
    assert world.right.records("people") == held
    assert not world.right.writes()
    assert world.ledger.open_batches(NAME)
    put_in_place(world, right)
    assert world.people(right) == there
    world.clock.move(100)
    assert_done(world.run())
    assert world.people(world.left) == world.people(world.right)
    assert not world.right.violations
    assert not world.ledger.open_batches(NAME)
    assert not world.ledger.held_records(NAME)
    assert_quiet(world)


@pytest.mark.scenario("C5")
@pytest.mark.parametrize("class_name", CLASSES)
def test_a_person_may_have_it_settled_where_it_is_now(make: Make, class_name: str) -> None:
    world = agreed(guarded(make(class_name)))
    world.left.put("people", email="n1", name="new")
    die_at(world, "endpoint.right.create.after")
    another(world)
    stopped_by(world.run(allow=frozenset({Guard.IDENTITY})), Guard.IDENTITY)  # nobody saw anything yet
    assert not world.right.writes()
    world.clock.move(100)
    result = world.run(allow=frozenset({Guard.IDENTITY}))
    assert result.outcome is not Outcome.GUARD, result
    world.run()
    assert world.people(world.left) == world.people(world.right)
    assert not world.ledger.open_batches(NAME)


@pytest.mark.scenario("C5")
@pytest.mark.parametrize("class_name", ["marker", "idempotency-key", "external-id"])
def test_a_create_is_held_while_a_request_may_arrive_where_another_system_stands_now(
    make: Make, class_name: str
) -> None:
    slow = replace(CLASSES[class_name], max_in_flight_s=100)
    world = agreed(make(slow))  # nothing guards against another system
    world.left.put("people", email="n1", name="new")
    die_at(world, "endpoint.right.create.before")
    (under_way,) = world.right.late
    another(world)
    world.run()
    (held,) = world.ledger.held_records(NAME)
    assert held.reason is HoldReason.NO_ANSWER
    assert not world.right.writes()
    world.right.late.append(under_way)  # it was the same system under another name
    world.right.apply_late()
    world.clock.move(300)
    assert_done(world.run())
    assert world.people(world.left) == world.people(world.right) == {"c1": "old", "n1": "new"}
    assert not world.ledger.held_records(NAME)
    assert_quiet(world)


@pytest.mark.scenario("C5")
def test_an_open_delete_does_not_look_done_because_another_system_lacks_the_record(make: Make) -> None:
    world = agreed(guarded(make("marker")), "c1", "c2")
    world.left.delete("people", "1")
    die_at(world, "endpoint.right.delete.before")
    world.right.late.clear()
    right = another(world)
    stopped_by(world.run(), Guard.IDENTITY)
    put_in_place(world, right)
    assert_done(world.run())
    assert world.people(world.left) == world.people(world.right) == {"c2": "old"}


@pytest.mark.scenario("C5")
def test_a_record_in_doubt_is_not_looked_for_in_another_system(make: Make) -> None:
    world = agreed(guarded(make("idempotency-key")))
    world.left.put("people", email="n1", name="new")
    world.right.faults.add("create", FaultKind.TIMEOUT_NOT_APPLIED, times=2)
    world.run()
    assert world.ledger.held_records(NAME)
    right = another(world)
    stopped_by(world.run(), Guard.IDENTITY)
    assert not world.right.writes()
    put_in_place(world, right)
    right.faults.clear()
    assert_done(world.run())
    assert world.people(world.left) == world.people(world.right) == {"c1": "old", "n1": "new"}


@pytest.mark.scenario("C5")
def test_a_preview_tells_of_the_guard_and_an_undo_does_not_begin(make: Make) -> None:
    world = guarded(make("marker"))
    world.left.put("people", email="n1", name="new")
    die_at(world, "endpoint.right.create.after")
    another(world)
    preview = world.application.synchronization.preview(NAME)
    assert [finding.guard for finding in preview.findings()] == [Guard.IDENTITY]
    preview.close()
    (run,) = world.ledger.runs(NAME)
    undone = world.try_undo(run.id)
    assert "not the database, folder, service or structure that it was" in str(undone)
    assert not world.right.writes()


@pytest.mark.scenario("C5")
def test_a_prepare_does_not_make_another_system_the_known_one(make: Make) -> None:
    world = agreed(guarded(make("marker")))
    another(world)
    world.left.put("people", email="n1", name="new")
    for _ in range(2):
        world.application.synchronization.prepare(NAME)
        stopped_by(world.run(), Guard.IDENTITY)
    assert not world.right.writes()


@pytest.mark.scenario("C2")
@pytest.mark.parametrize("class_name", ["marker", "client-id", "idempotency-key", "external-id"])
def test_a_create_that_is_sent_again_does_not_hide_that_the_system_came_empty(make: Make, class_name: str) -> None:
    world = agreed(guarded(make(class_name)), "c1", "c2", "c3")
    world.left.put("people", email="n1", name="new")
    die_at(world, "endpoint.right.create.before")
    world.right.late.clear()
    full = world.right.backup()
    world.right.tables["people"].rows.clear()
    writes = world.right.writes()
    stopped_by(world.run(), Guard.EMPTY_SIDE)
    assert not world.right.records("people")
    assert world.right.writes() == writes
    assert len(world.people(world.left)) == 4
    world.right.put_back(full)
    assert_done(world.run())
    assert world.people(world.left) == world.people(world.right)
    assert len(world.people(world.left)) == 4
    assert world.ledger.count_peers(EntityKey(NAME, "people")) == 4


@pytest.mark.scenario("E11")
def test_an_open_create_of_an_entity_that_drifted_waits_until_its_field_is_back(make: Make) -> None:
    world = make("none")
    (before,) = world.ledger.configurations()
    (people,) = before.entities
    other = replace(people, name="others", structures=replace(people.structures, a="others", b="others"))
    for system in (world.left, world.right):
        system.make("others", FIELDS)
    world.ledger.save_configuration(replace(before, entities=(people, other)))
    agreed(world)
    world.left.put("people", email="n1", name="new")
    die_at(world, "endpoint.right.create.after")
    (orphan,) = set(world.right.records("people")) - {"101"}
    world.right.edit("people", orphan, email="n1b", name="all of it is another")
    whole = world.right.tables["people"].structure
    world.right.tables["people"].structure = replace(
        whole, fields=tuple(field for field in whole.fields if field.name != "name")
    )
    world.run()
    assert world.ledger.open_batches(NAME)
    world.right.tables["people"].structure = whole
    world.clock.move(100)
    world.run()
    assert [one.record_id for one in world.ledger.held_records(NAME)]
    assert len(world.right.records("people")) == 2


@pytest.mark.scenario("C5")
def test_an_open_create_waits_while_another_table_stands_in_the_place_of_its_own(make: Make) -> None:
    world = guarded(make("marker"))
    table = world.right.tables["people"]
    few = table.structure
    whole = replace(few, fields=(*few.fields, *(Field(f"more_{number}") for number in range(6))))
    table.structure = whole
    agreed(world)
    world.left.put("people", email="n1", name="new")
    die_at(world, "endpoint.right.create.before")
    table.structure = few
    writes = world.right.writes()
    stopped_by(world.run(), Guard.IDENTITY)
    assert world.right.writes() == writes
    assert world.ledger.open_batches(NAME)
    table.structure = whole
    assert_done(world.run())
    assert world.people(world.left) == world.people(world.right) == {"c1": "old", "n1": "new"}
