"""SPEC §5, §6: prepare and process are independent of each other; single records are synchronized by themselves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from desktop_sync.bootstrap import build_application
from desktop_sync.core.configuration import (
    Direction,
    Entity,
    FieldMapping,
    GuardLimits,
    PerSide,
    PipelineStep,
    StepKind,
)
from desktop_sync.core.decision import Action
from desktop_sync.core.finding import Level
from desktop_sync.core.plan import Mode
from desktop_sync.core.run import Outcome, RunResult, Trigger
from desktop_sync.core.status import Event, Status
from tests.support.ledger_home import HandClock
from tests.support.worlds import World, WorldMaker

CHECKED = "id INTEGER PRIMARY KEY, email TEXT CHECK (length(email) < 20), city TEXT, remark, changed, gone"


def filled(world: WorldMaker, **options: object) -> World:
    """Three people in sync."""
    w = world(b_is_table=True, b={"people": CHECKED}, **options)
    for number, email in enumerate(("ann@x.org", "bob@x.org", "cid@x.org"), 1):
        w.put("a", Id=number, Email=email, City="Wien")
    w.run()
    return w


def process(w: World, **options: object) -> RunResult:
    return w.app.synchronization.process("Sync", **options)  # type: ignore[arg-type]


def run_records(w: World, *a_ids: object, entity: str = "") -> RunResult:
    return w.app.synchronization.run_records("Sync", [w.of(a_id, entity=entity).id for a_id in a_ids])


def test_the_queue_is_worked_also_when_the_plan_is_stale_gone_or_made_for_another_version(world: WorldMaker) -> None:
    w = filled(world)
    w.edit("a", 1, City="Graz")
    w.put("a", Id=4, Email="dan@x.org", City="Linz")
    w.app.synchronization.prepare("Sync")
    w.save(replace(w.configuration.entities[0], max_failed_attempts=9))  # the kept plan is for the version before
    w.edit("a", 2, City="Rom")  # not queued
    result = process(w)
    assert w.actions(result) == {Action.UPDATE_B: 1, Action.CREATE_B: 1}
    assert w.rows("b", "email", "city") == [
        ("ann@x.org", "Graz"),
        ("bob@x.org", "Wien"),
        ("cid@x.org", "Wien"),
        ("dan@x.org", "Linz"),
    ]
    assert set(w.statuses()) == {Status.PROCESSED}
    assert process(w).notes == ("Nothing is prepared.",)

    w.app.synchronization.prepare("Sync")  # queues 2
    assert w.of(2).status is Status.PREPARED
    w.edit("a", 3, City="Bonn")
    run_records(w, 3)  # another run in between: the plan is stale
    w.app.close()
    w.app = build_application(w.folder / "home")  # and the program was started again
    assert w.actions(process(w)) == {Action.UPDATE_B: 1}
    assert ("bob@x.org", "Rom") in w.rows("b", "email", "city")
    w.assert_quiet()


def test_a_queued_record_that_is_new_on_both_sides_is_linked_and_not_created_twice(world: WorldMaker) -> None:
    w = filled(world)
    w.put("a", Id=4, Email="dan@x.org", City="Linz")
    w.app.synchronization.prepare("Sync")
    w.save(replace(w.configuration.entities[0], max_failed_attempts=9))
    w.put("b", id=77, email="dan@x.org", city="Linz")
    w.put("b", id=78, email="eve@x.org", city="Linz")  # nobody queued this one
    assert w.actions(process(w)) == {Action.LINK: 1}
    assert w.of(4).b_id == "77"
    assert len(w.rows("a")) == 4
    w.run()
    assert len(w.rows("a")) == 5
    w.assert_quiet()


def test_records_that_a_person_queued_are_worked_beside_the_kept_plan(world: WorldMaker) -> None:
    w = filled(world)
    w.edit("a", 1, City="Graz")
    w.app.synchronization.prepare("Sync")
    w.edit("a", 2, City="Rom")
    w.edit("a", 3, City="Bonn")
    w.set_status(Event.SET_PREPARED_BY_USER, 2)
    assert w.actions(process(w)) == {Action.UPDATE_B: 2}
    assert w.rows("b", "city") == [("Graz",), ("Rom",), ("Wien",)]


def test_a_scheduled_process_tries_a_failed_record_when_its_time_has_come(world: WorldMaker) -> None:
    clock = HandClock()
    w = filled(world, clock=clock, max_failed_attempts=3)
    w.edit("a", 1, Email="a-very-long-address@example.org")
    w.run()
    assert (w.of(1).status, w.of(1).attempts) == (Status.FAILED, 1)
    process(w, trigger=Trigger.SCHEDULE)
    assert w.of(1).attempts == 1
    clock.move(minutes=2)
    process(w, trigger=Trigger.SCHEDULE)
    assert w.of(1).attempts == 2
    process(w)  # a person does not wait
    assert (w.of(1).status, w.of(1).attempts) == (Status.ABORTED, 3)
    assert w.of(1).last_error
    assert process(w).notes == ("Nothing is prepared.",)
    w.edit("a", 1, Email="ann2@x.org")
    w.set_status(Event.SET_PREPARED_BY_USER, 1)
    assert process(w).outcome is Outcome.DONE
    assert (w.of(1).status, w.of(1).attempts) == (Status.PROCESSED, 0)


@pytest.mark.scenario("F3")
def test_a_record_that_is_edited_while_its_retry_waits_is_written_as_it_is_then(world: WorldMaker) -> None:
    clock = HandClock()
    w = filled(world, clock=clock)
    w.edit("a", 1, Email="a-very-long-address@example.org")
    w.run()
    intents = w.ledger_rows("batch")
    w.edit("a", 1, Email="short@x.org", City="Graz")
    clock.move(minutes=2)
    result = process(w, trigger=Trigger.SCHEDULE)
    assert w.actions(result) == {Action.UPDATE_B: 1}
    assert ("short@x.org", "Graz") in w.rows("b", "email", "city")
    assert len(w.ledger_rows("batch")) == len(intents) + 1  # an intent of its own, the refused one is closed
    assert w.ledger_rows("batch")[-1][0] != intents[-1][0]
    w.assert_quiet()


@pytest.mark.scenario("F4")
def test_a_poison_record_fails_alone_is_given_up_and_can_be_tried_again(world: WorldMaker) -> None:
    w = filled(world, max_failed_attempts=2)
    w.edit("a", 2, Email="a-very-long-address@example.org")
    for number in (1, 3):
        w.edit("a", number, City="Graz")
    result = w.run()
    assert (w.actions(result), result.entities[0].failed) == ({Action.UPDATE_B: 2}, 1)
    w.run()
    assert (w.of(2).status, w.of(2).attempts) == (Status.ABORTED, 2)
    w.edit("a", 1, City="Linz")
    assert w.run().outcome is Outcome.DONE
    w.edit("a", 2, Email="bob2@x.org")
    assert w.actions(run_records(w, 2)) == {Action.UPDATE_B: 1}  # asking for it takes it up again
    assert w.of(2).status is Status.PROCESSED
    w.assert_quiet()


def test_a_single_record_is_synchronized_and_nothing_else(world: WorldMaker) -> None:
    w = filled(world)
    for number in (1, 2, 3):
        w.edit("a", number, City="Graz")
    w.put("a", Id=4, Email="dan@x.org", City="Linz")
    w.delete("b", w.of(3).b_id)
    before = _how_far_read(w)
    assert w.actions(run_records(w, 2)) == {Action.UPDATE_B: 1}
    assert w.rows("b", "city") == [("Graz",), ("Wien",)]
    assert _how_far_read(w) == before
    assert w.actions(run_records(w, 2)) == {}
    w.set_status(Event.SKIPPED_BY_USER, 1)
    assert w.actions(run_records(w, 1)) == {Action.UPDATE_B: 1}
    w.run()
    w.assert_quiet()


def _how_far_read(w: World) -> list[tuple[object, ...]]:
    """The watermarks without what a side had counted when it was last written: a copy from before is an older state."""
    counted = 7
    return [row[:counted] + row[counted + 1 :] for row in w.ledger_rows("watermark")]


def test_a_deletion_is_carried_out_for_the_chosen_record_only(world: WorldMaker) -> None:
    w = filled(world)
    w.delete("a", 1)
    w.delete("a", 2)
    assert w.actions(run_records(w, 1)) == {Action.DELETE_B: 1}
    assert w.rows("b", "email") == [("bob@x.org",), ("cid@x.org",)]


def family(world: WorldMaker) -> World:
    parent = Entity(
        "owners",
        PerSide("Owner", "owners"),
        (FieldMapping("Name", "name", identifying=True),),
        key=PerSide(("Id",), ("id",)),
    )
    child = Entity(
        "pets",
        PerSide("Pet", "pets"),
        (FieldMapping("Name", "name", identifying=True), FieldMapping("OwnerId", "owner_id", lookup="owners")),
        key=PerSide(("Id",), ("id",)),
    )
    columns = {
        "Owner": "Id INTEGER PRIMARY KEY, Name TEXT",
        "Pet": "Id INTEGER PRIMARY KEY, Name TEXT, OwnerId INTEGER",
    }
    other = {
        "owners": "id INTEGER PRIMARY KEY, name TEXT",
        "pets": "id INTEGER PRIMARY KEY, name TEXT, owner_id INTEGER",
    }
    w = world(child, parent, a=columns, b=other, b_is_table=True)
    for number in (1, 2):
        w.put("a", entity="owners", Id=10 + number, Name=f"owner {number}")
        w.put("a", entity="pets", Id=number, Name=f"pet {number}", OwnerId=10 + number)
    return w


def test_the_prerequisites_of_a_single_record_go_first(world: WorldMaker) -> None:
    w = family(world)
    w.app.synchronization.prepare("Sync")
    result = run_records(w, 1, entity="pets")
    assert {one.entity: dict(one.actions) for one in result.entities} == {
        "owners": {Action.CREATE_B: 1},
        "pets": {Action.CREATE_B: 1},
    }
    assert w.rows("b", "name", entity="owners") == [("owner 1",)]
    owner = w.of(11, entity="owners").b_id
    assert [(name, str(of)) for name, of in w.rows("b", "name", "owner_id", entity="pets")] == [("pet 1", owner)]
    process(w)
    assert len(w.rows("b", entity="pets")) == 2
    w.assert_quiet()


def test_without_the_step_prerequisites_first_the_reference_follows_when_its_record_is_there(world: WorldMaker) -> None:
    w = family(world)
    w.save(steps=(PipelineStep(StepKind.PREREQUISITES, enabled=False),))
    w.run()  # pets stand first in the configuration: they are created, and linked afterwards
    owners = {w.of(10 + n, entity="owners").b_id for n in (1, 2)}
    assert {str(of) for (of,) in w.rows("b", "owner_id", entity="pets")} == owners
    w.assert_quiet()


def test_an_incremental_run_measures_its_changes_by_all_peers(world: WorldMaker) -> None:
    w = world(modified=PerSide("Changed", "changed"), b_is_table=True, b={"people": CHECKED}, guards=GuardLimits())
    for number in range(1, 61):
        w.put("a", Id=number, Email=f"p{number}@x.org", City="Wien", Changed="2026-01-01 10:00:00")
    w.run()
    w.a.execute("UPDATE Person SET City = 'Graz', Changed = '2026-01-02 10:00:00' WHERE Id <= 25")
    result = w.run(mode=Mode.INCREMENTAL)
    assert (result.outcome, w.actions(result)) == (Outcome.DONE, {Action.UPDATE_B: 25})


def at_step(name: str, act: Callable[[], None]) -> tuple[Callable[[str], None], list[str]]:
    """Steps that do `act` once, the first time the run comes to the step of that name; empty until armed."""
    armed: list[str] = []

    def steps(reached: str) -> None:
        if armed and reached == name:
            armed.clear()
            act()

    return steps, armed


@pytest.mark.scenario("K10")
def test_a_run_goes_by_the_version_that_it_began_with_and_the_next_one_by_the_new_one(world: WorldMaker) -> None:
    worlds: list[World] = []

    def edit() -> None:
        w = worlds[0]
        city = replace(w.configuration.entities[0].fields[1], to_b="upper(City)")
        w.save(replace(w.configuration.entities[0], fields=(w.configuration.entities[0].fields[0], city)))

    steps, armed = at_step("process.intent_is_durable", edit)
    w = filled(world, steps=steps)
    worlds.append(w)
    w.edit("a", 1, City="Graz")
    armed.append("now")
    began = w.configuration.version
    w.run()
    assert w.configuration.version == began + 1
    assert w.app.records.runs("Sync")[0].configuration_version == began
    assert ("ann@x.org", "Graz") in w.rows("b", "email", "city")
    w.run()
    assert w.app.records.runs("Sync")[0].configuration_version == began + 1
    assert ("ann@x.org", "GRAZ") in w.rows("b", "email", "city")
    w.assert_quiet()


@pytest.mark.scenario("K11")
@pytest.mark.parametrize("place", ["process.intent_is_durable", "process.written"])
def test_a_record_that_is_marked_again_while_it_is_written_is_prepared_once_more_and_ends_with_the_latest(
    world: WorldMaker, place: str
) -> None:
    worlds: list[World] = []

    def push() -> None:
        worlds[0].edit("a", 1, City="Linz")
        worlds[0].set_status(Event.SET_PREPARED_BY_USER, 1)
        worlds[0].set_status(Event.SET_PREPARED_BY_USER, 1)  # and the push is repeated

    steps, armed = at_step(place, push)
    w = filled(world, steps=steps)
    worlds.append(w)
    for number in (1, 2):
        w.edit("a", number, City="Graz")
    w.app.synchronization.prepare("Sync")
    armed.append("now")
    process(w)
    assert w.rows("b", "city") == [("Graz",), ("Graz",), ("Wien",)]
    assert [one.status for one in w.records()] == [Status.PREPARED, Status.PROCESSED, Status.PROCESSED]
    assert w.actions(process(w)) == {Action.UPDATE_B: 1}
    assert ("ann@x.org", "Linz") in w.rows("b", "email", "city")
    assert process(w).notes == ("Nothing is prepared.",)
    w.assert_quiet()


@pytest.mark.scenario("K11")
@pytest.mark.parametrize("event", [Event.SKIPPED_BY_USER, Event.SET_DELETED_BY_USER, Event.SET_PREPARED_BY_USER])
def test_what_a_person_does_to_a_record_that_is_being_settled_takes_nothing_of_that_back(
    world: WorldMaker, event: Event
) -> None:
    worlds: list[World] = []
    people: list[threading.Thread] = []

    def act() -> None:
        # The settlement is not to be seen yet, and nobody else can write: the person's turn comes right after it.
        record = worlds[0].of(4).id
        people.append(threading.Thread(target=worlds[0].app.records.set_status, args=([record], event)))
        people[0].start()
        people[0].join(0.3)

    steps, armed = at_step("ledger.close_batch.before_commit", act)
    w = filled(world, steps=steps)
    worlds.append(w)
    w.put("a", Id=4, Email="dan@x.org", City="Linz")
    w.app.synchronization.prepare("Sync")
    armed.append("now")
    process(w)
    people[0].join()
    record = w.of(4)
    assert record.b_id == "4"
    assert w.app.ledger.baseline(record.id)["b:city"] == "Linz"
    w.set_status(Event.SET_PREPARED_BY_USER, 4)
    w.run()
    assert len(w.rows("b", "email")) == 4
    assert w.statuses() == [Status.PROCESSED] * 4


def test_many_records_are_skipped_in_few_transactions(world: WorldMaker) -> None:
    told: list[str] = []
    w = world(b_is_table=True, b={"people": CHECKED}, steps=told.append)
    for number in range(1, 31):
        w.put("a", Id=number, Email=f"p{number}@x.org", City="Wien")
    w.app.synchronization.prepare("Sync")
    told.clear()
    ids = [one.id for one in w.records()]
    assert w.app.records.set_status([*ids, ids[0], 99_999], Event.SKIPPED_BY_USER) == 30
    assert told.count("ledger.revise.after_commit") == len([one for one in told if one.endswith("after_commit")]) == 1
    assert w.statuses() == [Status.SKIPPED] * 30
    assert w.app.records.set_status(ids, Event.SET_PROCESSED_BY_USER) == 0  # which needs both ids


def test_a_check_says_which_step_cannot_work_on_the_real_structures(world: WorldMaker) -> None:
    w = world()
    step = PipelineStep(StepKind.FILTER, "leave", "people", Direction.A_TO_B, condition="Citty = 'Wien'")
    w.save(steps=(step,))
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    found = [one.message for one in w.app.configurations.check_live(w.configuration) if one.level is Level.ERROR]
    assert any("Citty" in message for message in found), found
    assert any('"leave" (filter)' in said for said in w.app.configurations.sentences(w.configuration))
