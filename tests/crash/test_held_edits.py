"""What people change while a record is held travels as soon as that is settled, also where runs read only what is new
(RELIABILITY 4.3, D3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import PerSide
from desktop_sync.core.plan import Mode
from desktop_sync.core.provider_port import ConditionalWrite
from desktop_sync.core.push import News
from desktop_sync.core.run import RunKind, RunResult
from desktop_sync.core.status import Status
from tests.support.chaos_faults import FaultKind
from tests.support.chaos_fixtures import Make, assert_quiet
from tests.support.chaos_system import CLASSES, ChaosSystem
from tests.support.chaos_world import NAME, ChaosWorld, assert_done

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
APPLIED, NOT_APPLIED = FaultKind.TIMEOUT_APPLIED, FaultKind.TIMEOUT_NOT_APPLIED


def stamped(make: Make, class_name: str) -> ChaosWorld:
    """Both systems stamp their records; a request to the right one may be under way for hours."""
    slow = replace(
        CLASSES[class_name],
        max_in_flight_s=6 * HOUR_S,
        conditional_write=ConditionalWrite.VERIFY,
        reads_modified_since=True,
        stamp_field="note",
    )
    world = make(slow, modified=PerSide("note", "note"))
    world.left.profile = replace(world.left.profile, reads_modified_since=True, stamp_field="note")
    for email in ("c1", "c2"):
        world.left.put("people", email=email, name="old")
    assert_done(world.run())
    world.clock.move(HOUR_S)
    return world


def incremental(world: ChaosWorld) -> RunResult:
    return world.run(mode=Mode.INCREMENTAL)


def edit(world: ChaosWorld, system: ChaosSystem, email: str, name: str) -> None:
    world.clock.move(HOUR_S)
    (record_id,) = system.find_by("people", "email", email)
    system.edit("people", record_id, name=name)


def hold(world: ChaosWorld, kind: FaultKind, method: str = "create") -> None:
    if method == "create":
        world.left.put("people", email="n1", name="new")
    else:
        edit(world, world.left, "c1", "new")
    world.right.faults.add(method, kind)
    incremental(world)
    assert world.ledger.held_records(NAME)


def is_passed_over(world: ChaosWorld) -> None:
    """Runs read what people changed, can do nothing about it as long as a record is held, and have read further."""
    incremental(world)
    for system in (world.left, world.right):
        edit(world, system, "c2", f"of the {system.name} one")
        incremental(world)
    assert world.ledger.held_records(NAME)
    world.clock.move(DAY_S)


def is_all(world: ChaosWorld, **people: str) -> None:
    incremental(world)
    assert not world.ledger.held_records(NAME)
    held = {"c1": "old", "c2": "of the right one"} | people
    assert world.people(world.left) == held
    assert world.people(world.right) == held
    assert not world.ledger.count_by_status(NAME).get(Status.REVIEW)
    assert not world.ledger.count_by_status(NAME).get(Status.PREPARED)
    assert_quiet(world)


@pytest.mark.scenario("A4", "D3")
@pytest.mark.parametrize("kind", [APPLIED, NOT_APPLIED])
@pytest.mark.parametrize("class_name", ["natural-key", "external-id-not-unique", "none"])
def test_an_edit_of_a_record_that_is_being_created_travels(make: Make, class_name: str, kind: FaultKind) -> None:
    world = stamped(make, class_name)
    hold(world, kind)
    edit(world, world.left, "n1", "edited")
    is_passed_over(world)
    is_all(world, n1="edited")


@pytest.mark.scenario("A4", "D3")
@pytest.mark.parametrize("class_name", ["natural-key", "external-id-not-unique"])
def test_an_edit_of_the_record_that_it_has_become_travels(make: Make, class_name: str) -> None:
    world = stamped(make, class_name)
    hold(world, APPLIED)
    edit(world, world.right, "n1", "edited there")
    is_passed_over(world)
    is_all(world, n1="edited there")


@pytest.mark.scenario("A3", "D3")
@pytest.mark.parametrize("class_name", ["natural-key", "external-id-not-unique", "none"])
def test_what_was_not_created_is_created_though_nobody_touched_it(make: Make, class_name: str) -> None:
    world = stamped(make, class_name)
    hold(world, NOT_APPLIED)
    is_passed_over(world)
    is_all(world, n1="new")


@pytest.mark.scenario("A3", "D3")
@pytest.mark.parametrize("kind", [APPLIED, NOT_APPLIED])
def test_new_records_that_it_might_have_become_travel(make: Make, kind: FaultKind) -> None:
    world = stamped(make, "natural-key")
    hold(world, kind)
    world.right.put("people", email="n2", name="somebody else")
    is_passed_over(world)
    assert "n2" not in world.people(world.left)
    is_all(world, n1="new", n2="somebody else")


@pytest.mark.scenario("A6", "D3")
@pytest.mark.parametrize("kind", [APPLIED, NOT_APPLIED])
@pytest.mark.parametrize("edited", ["left", "right"])
def test_an_edit_of_a_record_that_is_being_updated_travels(make: Make, edited: str, kind: FaultKind) -> None:
    world = stamped(make, "natural-key")
    hold(world, kind, "update")
    edit(world, world.left if edited == "left" else world.right, "c1", "edited")
    is_passed_over(world)
    is_all(world, c1="edited")


@pytest.mark.scenario("A4", "D3")
@pytest.mark.parametrize("kind", [APPLIED, NOT_APPLIED])
def test_nothing_is_forgotten_where_a_run_about_another_record_settles_it(make: Make, kind: FaultKind) -> None:
    world = stamped(make, "natural-key")
    hold(world, kind)
    edit(world, world.left, "n1", "edited")
    world.right.put("people", email="n2", name="somebody else")
    is_passed_over(world)
    told = frozenset(world.left.find_by("people", "email", "c1"))
    news = {"people": News(PerSide(told, frozenset()))}
    world.application.synchronization.run_pushed(NAME, news, kind=RunKind.RUN)
    assert not world.ledger.held_records(NAME)
    is_all(world, n1="edited", n2="somebody else")


@pytest.mark.scenario("A4", "D3")
@pytest.mark.parametrize("kind", [APPLIED, NOT_APPLIED])
def test_nothing_is_forgotten_where_the_queue_is_worked(make: Make, kind: FaultKind) -> None:
    world = stamped(make, "natural-key")
    hold(world, kind)
    edit(world, world.left, "n1", "edited")
    is_passed_over(world)
    world.application.synchronization.prepare(NAME, mode=Mode.INCREMENTAL)
    world.application.synchronization.process(NAME)
    is_all(world, n1="edited")
