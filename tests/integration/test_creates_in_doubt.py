"""What becomes of creates that nobody acknowledged when the world has moved on: definitions edited, records paired by
hand, ids taken by others, ids that nobody keeps apart, and waits that would be too long (RELIABILITY 4.2, 4.3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.binding import MatchOnly
from desktop_sync.core.configuration import Direction, Entity, FieldMapping, PerSide
from desktop_sync.core.ledger_values import HoldReason, RecordQuery
from desktop_sync.core.push import News
from desktop_sync.core.run import Outcome, RunKind
from desktop_sync.core.status import Status
from tests.support.chaos_faults import FaultKind
from tests.support.chaos_fixtures import Make, assert_quiet, created_unheard, die_at
from tests.support.chaos_system import CLASSES
from tests.support.chaos_world import NAME, ChaosWorld, assert_done, configuration

SLOW = 600.0
"""Seconds that a request may be under way: more than a run waits."""


def records(world: ChaosWorld, *statuses: Status) -> list[tuple[str | None, str | None]]:
    found = world.ledger.records(RecordQuery(NAME, statuses=statuses))
    return sorted(((one.a_id, one.b_id) for one in found), key=str)


def map_pets_instead(world: ChaosWorld) -> None:
    """A person lets the configuration synchronize another structure, and people no longer."""
    for system in (world.left, world.right):
        system.make("pets", ("id", "email", "name"))
    fields = (FieldMapping("email", "email", identifying=True), FieldMapping("name", "name"))
    pets = Entity("pets", PerSide("pets", "pets"), fields, key=PerSide(("id",), ("id",)))
    world.ledger.save_configuration(replace(configuration(), entities=(pets,)))


# the definition was edited meanwhile


def test_an_intent_of_a_structure_that_is_no_longer_synchronized_is_closed_and_nothing_is_written(make: Make) -> None:
    world = make("marker")
    orphan = created_unheard(world)
    map_pets_instead(world)
    assert_done(world.run())
    assert world.ledger.open_batches(NAME) == []
    assert list(world.right.records("people")) == [orphan]
    assert_quiet(world)


def test_what_was_held_of_a_structure_that_is_no_longer_synchronized_is_let_go(make: Make) -> None:
    world = make("natural-key")
    created_unheard(world)
    world.right.put("people", email="n1", name="somebody else's")
    world.run()
    assert len(world.ledger.held_records(NAME)) == 1
    map_pets_instead(world)
    assert_done(world.run())
    assert world.ledger.held_records(NAME) == []
    assert len(world.right.records("people")) == 2
    assert_quiet(world)


@pytest.mark.parametrize("is_heard", [True, False])
def test_a_run_about_one_entity_goes_on_where_a_record_of_another_one_is_held(make: Make, is_heard: bool) -> None:
    world = make("natural-key")
    created_unheard(world)
    world.right.put("people", email="n1", name="somebody else's")
    world.run()
    for system in (world.left, world.right):
        system.make("pets", ("id", "email", "name"))
    fields = (FieldMapping("email", "email", identifying=True),)
    pets = Entity("pets", PerSide("pets", "pets"), fields, key=PerSide(("id",), ("id",)))
    people = configuration().entities[0]
    world.ledger.save_configuration(replace(configuration(), entities=(people, pets)))
    world.run()
    assert len(world.ledger.held_records(NAME)) == 1
    world.left.put("pets", email="rex", name="Rex")
    if not is_heard:
        world.right.faults.add("create", FaultKind.TIMEOUT_APPLIED)
    news = {"pets": News(PerSide(frozenset(), frozenset()), is_whole=True)}
    result = world.application.synchronization.run_pushed(NAME, news, kind=RunKind.RUN)
    assert (result.outcome, [one.entity for one in result.entities]) == (Outcome.DONE, ["pets"])
    assert [one["email"] for one in world.right.records("pets").values()] == ["rex"]


def test_an_intent_is_settled_in_a_configuration_with_an_entity_more(make: Make) -> None:
    world = make("marker")
    orphan = created_unheard(world)
    for system in (world.left, world.right):
        system.make("pets", ("id", "email", "name"))
    fields = (FieldMapping("email", "email", identifying=True),)
    pets = Entity("pets", PerSide("pets", "pets"), fields, key=PerSide(("id",), ("id",)))
    people = configuration().entities[0]
    world.ledger.save_configuration(replace(configuration(), entities=(pets, people)))
    assert_done(world.run())
    assert records(world, Status.PROCESSED) == [("1", orphan)]
    assert list(world.right.records("people")) == [orphan]


# a person paired records meanwhile


def test_a_created_record_that_a_person_paired_with_another_stays_with_that_one(make: Make) -> None:
    world = make("marker")
    orphan = created_unheard(world)
    other = world.left.put("people", email="n2", name="another")
    world.application.records.link(NAME, "people", other, orphan)
    world.run()
    world.run()
    pairs = dict(records(world, Status.PROCESSED))
    assert pairs[other] == orphan
    assert len(world.right.records("people")) == 2, "the new record has a counterpart of its own"
    assert sorted(pairs) == sorted(world.left.records("people"))
    assert_quiet(world)


# what the history knows of it


@pytest.mark.parametrize("class_name", CLASSES)
@pytest.mark.parametrize("is_dead", [True, False])
def test_a_create_whose_answer_was_lost_is_in_the_history_with_its_id_and_can_be_undone(
    make: Make, class_name: str, is_dead: bool
) -> None:
    world = make(class_name)
    if is_dead:
        orphan = created_unheard(world)
        world.run()
    else:
        world.left.put("people", email="n1", name="new")
        world.right.faults.add("create", FaultKind.TIMEOUT_APPLIED)
        assert_done(world.run())
        (orphan,) = world.right.records("people")
    creating = world.ledger.runs(NAME)[1 if is_dead else 0]
    (row,) = world.application.records.history(creating.id)
    assert (row.a_id, row.b_id) == ("1", orphan)
    assert_done(world.application.undo.undo(creating.id))
    assert world.right.records("people") == {}


def test_of_a_batch_in_which_some_answers_were_lost_each_record_has_its_own_values(make: Make) -> None:
    world = make("external-id")
    for number in range(4):
        world.left.put("people", email=f"n{number}", name=f"name {number}")
    world.right.faults.add("create", FaultKind.TIMEOUT_APPLIED, when=lambda record: record["email"] in ("n1", "n2"))
    world.right.faults.planned[0].times = 2
    result = assert_done(world.run())
    rows = world.application.records.history(result.run_id or 0)
    written = {record_id: row["email"] for record_id, row in world.right.records("people").items()}
    said = {row.b_id: next(change.b for change in row.fields if "email" in change.label) for row in rows}
    assert said == written
    assert len(written) == 4


# the same request once more


def test_a_create_that_is_refused_when_it_is_sent_again_is_planned_anew(make: Make) -> None:
    world = make("marker")
    world.left.put("people", email="n1", name="new")
    die_at(world, "endpoint.right.create.before")
    world.right.late.clear()
    world.right.faults.add("create", FaultKind.REJECT)
    assert_done(world.run())
    assert world.people(world.right) == {"n1": "new"}
    assert world.right.faults.all_hit()
    assert_quiet(world)


def test_a_create_that_sends_nothing_of_the_record_is_sent_again_too(make: Make) -> None:
    back = {"direction": Direction.B_TO_A}
    fields = (
        FieldMapping("email", "email", identifying=True, **back),
        FieldMapping("name", "name", **back),
        FieldMapping("", "note", default="made"),
    )
    world = make("marker", fields=fields)
    world.left.put("people", email="n1", name="new")
    die_at(world, "endpoint.right.create.before")
    world.right.late.clear()
    world.run()
    (made,) = world.right.records("people")
    assert records(world, Status.PROCESSED) == [("1", made)]
    assert world.right.records("people")[made]["note"] == "made"


def test_a_create_without_an_answer_again_is_held_and_may_be_any_free_record(make: Make) -> None:
    world = make("marker")
    world.left.put("people", email="n1", name="new")
    world.right.faults.add("create", FaultKind.TIMEOUT_NOT_APPLIED, times=2)
    world.right.put("people", email="n2", name="somebody else")
    first = world.run()
    assert first.outcome is Outcome.PROBLEMS
    (held,) = world.ledger.held_records(NAME)
    assert held.reason is HoldReason.NO_ANSWER
    world.right.faults.add("create", FaultKind.TIMEOUT_NOT_APPLIED)
    world.right.put("people", email="n3", name="added since")
    world.run()
    assert world.people(world.left) == {"n1": "new", "n2": "somebody else"}, "it may be n3 that was created"
    assert_done(world.run())
    assert world.people(world.left) == world.people(world.right)
    assert sorted(world.people(world.right)) == ["n1", "n2", "n3"]
    assert_quiet(world)


def test_a_record_that_took_the_chosen_id_in_that_moment_is_not_taken_for_ours(make: Make) -> None:
    world = make("client-id")
    world.left.put("people", email="n1", name="new")
    die_at(world, "endpoint.right.create.before")
    ((_, _, chosen, _),) = [request.arguments for request in world.right.late]
    world.right.late.clear()

    def take_it(step: str) -> None:
        if step == "endpoint.right.create.before" and chosen not in world.right.records("people"):
            world.right.put("people", id=chosen, email="n9", name="somebody else")

    world.stepper.watch = take_it
    world.run()
    world.stepper.watch = None
    world.run()
    assert world.right.records("people")[chosen]["email"] == "n9"
    assert world.people(world.left) == world.people(world.right) == {"n1": "new", "n9": "somebody else"}
    assert_quiet(world)


def test_our_own_late_create_that_wins_the_race_is_adopted(make: Make) -> None:
    world = make("client-id")
    world.left.put("people", email="n1", name="new")
    die_at(world, "endpoint.right.create.before")
    (late,) = world.right.late

    def let_it_arrive(step: str) -> None:
        if step == "endpoint.right.create.before" and world.right.late:
            world.right.late.clear()
            world.right.carry_out(late)

    world.stepper.watch = let_it_arrive
    assert_done(world.run())
    assert world.people(world.right) == {"n1": "new"}
    assert_quiet(world)


def test_where_only_matching_is_allowed_a_missing_create_is_held_and_not_sent_again(make: Make) -> None:
    world = make("marker")
    world.left.put("people", email="n1", name="new")
    die_at(world, "endpoint.right.create.before")
    world.right.late.clear()
    world.ledger.begin_match_only(NAME, MatchOnly.RESTORED)
    world.run()
    assert world.right.records("people") == {}
    (held,) = world.ledger.held_records(NAME)
    assert held.reason is HoldReason.NO_ANSWER
    world.application.bindings.confirm_match(NAME)
    assert_done(world.run())
    assert world.people(world.right) == {"n1": "new"}
    assert_quiet(world)


# what tells records apart


def test_two_records_under_one_external_id_are_held_for_a_person(make: Make) -> None:
    world = make("external-id-not-unique")
    world.left.put("people", email="n1", name="new")
    world.right.faults.add("create", FaultKind.TWICE)
    die_at(world, "endpoint.right.create.after")
    both = sorted(world.right.records("people"))
    assert len(both) == 2
    assert world.run().outcome is Outcome.PROBLEMS
    (held,) = world.ledger.held_records(NAME)
    assert (held.reason, sorted(held.hold.candidates)) == (HoldReason.AMBIGUOUS, both)
    assert_quiet(world)
    world.right.delete("people", both[1])
    assert_done(world.run())
    assert records(world, Status.PROCESSED) == [("1", both[0])]


def test_a_system_that_gives_no_ids_away_is_asked_for_the_values_that_identify(make: Make) -> None:
    world = make("client-id")
    world.right.new_ids = lambda count: []  # type: ignore[method-assign]
    orphan = created_unheard(world)
    assert_done(world.run())
    assert list(world.right.records("people")) == [orphan]
    assert records(world, Status.PROCESSED) == [("1", orphan)]
    assert_quiet(world)


def test_a_system_without_delay_is_looked_at_at_once(make: Make) -> None:
    world = make(replace(CLASSES["natural-key"], max_in_flight_s=0))
    orphan = created_unheard(world)
    assert_done(world.run())
    assert world.clock.slept_s == 0
    assert list(world.right.records("people")) == [orphan]
    assert_quiet(world)


def test_a_key_that_lives_for_ever_is_relied_on_however_late(make: Make) -> None:
    world = make(replace(CLASSES["idempotency-key"], key_lives_s=None))
    orphan = created_unheard(world)
    world.clock.move(10 * 365 * 86_400)
    assert_done(world.run())
    assert list(world.right.records("people")) == [orphan]
    assert_quiet(world)


def test_a_record_that_holds_nothing_but_what_identified_it_is_not_known_again_once_that_was_edited(make: Make) -> None:
    world = make("natural-key")
    orphan = created_unheard(world, name=None)
    world.right.edit("people", orphan, email="n9")
    assert_done(world.run())
    assert world.people(world.left) == world.people(world.right) == {"n1": None, "n9": None}
    assert_quiet(world)


# waits that would be too long


@pytest.mark.parametrize("class_name", ["external-id-not-unique", "natural-key"])
def test_a_create_that_may_still_arrive_when_the_program_starts_again_is_held(make: Make, class_name: str) -> None:
    world = make(replace(CLASSES[class_name], max_in_flight_s=SLOW))
    orphan = created_unheard(world)
    assert world.run().outcome is Outcome.PROBLEMS
    assert world.clock.slept_s == 0
    (held,) = world.ledger.held_records(NAME)
    assert held.reason is HoldReason.NO_ANSWER
    assert_quiet(world)
    world.clock.move(2 * SLOW + 1)
    assert_done(world.run())
    assert list(world.right.records("people")) == [orphan]
    assert_quiet(world)


def test_a_held_record_that_turns_out_ambiguous_says_so_and_since_when_stays(make: Make) -> None:
    world = make(replace(CLASSES["natural-key"], max_in_flight_s=SLOW))
    orphan = created_unheard(world)
    world.run()
    (held,) = world.ledger.held_records(NAME)
    twin = world.right.put("people", email="n1", name="somebody else's")
    world.clock.move(2 * SLOW + 1)
    assert world.run().outcome is Outcome.PROBLEMS
    (turned,) = world.ledger.held_records(NAME)
    assert (turned.reason, sorted(turned.hold.candidates)) == (HoldReason.AMBIGUOUS, sorted((orphan, twin)))
    assert turned.since == held.since
    (record,) = (one for one in world.ledger.records(RecordQuery(NAME, statuses=(Status.REVIEW,))) if one.a_id)
    assert f"({', '.join(sorted((orphan, twin)))})" in record.last_error
    assert_quiet(world)


def test_a_free_record_that_turns_out_to_be_the_created_one_waits_as_a_record_of_its_own_no_longer(make: Make) -> None:
    world = make(replace(CLASSES["natural-key"], max_in_flight_s=SLOW))
    orphan = created_unheard(world)
    world.run()
    assert records(world, Status.REVIEW) == [("1", None), (None, orphan)]
    world.clock.move(2 * SLOW + 1)
    assert_done(world.run())
    assert records(world) == [("1", orphan)]


def test_two_creates_in_doubt_of_one_side_keep_both_new_records_out_of_the_plan(make: Make) -> None:
    world = make(replace(CLASSES["none"], max_in_flight_s=SLOW))
    world.left.put("people", email="n1", name="first")
    world.right.faults.add("create", FaultKind.TIMEOUT_APPLIED, times=2)
    world.run()
    world.left.put("people", email="n2", name="second")
    world.run()
    assert len(world.ledger.held_records(NAME)) == 2
    assert len(world.right.records("people")) == 2
    world.run()
    assert sorted(world.people(world.left)) == ["n1", "n2"], "what may be one of the two was copied back"
    assert_quiet(world)
    world.clock.move(2 * SLOW + 1)
    assert_done(world.run())
    assert world.people(world.left) == world.people(world.right) == {"n1": "first", "n2": "second"}
    assert_quiet(world)


# the classes that only look


def test_a_key_that_the_endpoint_forgot_is_not_relied_on_and_the_values_are(make: Make) -> None:
    world = make(replace(CLASSES["idempotency-key"], key_lives_s=3600))
    orphan = created_unheard(world)
    world.clock.move(4000)
    assert_done(world.run())
    assert list(world.right.records("people")) == [orphan]
    assert_quiet(world)


@pytest.mark.parametrize("class_name", ["natural-key", "none"])
def test_a_create_that_never_arrived_is_made_once_where_nothing_new_is_there(make: Make, class_name: str) -> None:
    world = make(class_name)
    world.left.put("people", email="n1", name="new")
    die_at(world, "endpoint.right.create.before")
    world.right.late.clear()
    assert_done(world.run())
    assert world.people(world.right) == {"n1": "new"}
    assert_quiet(world)


def test_without_any_key_whatever_is_new_there_may_be_it(make: Make) -> None:
    world = make("none")
    orphan = created_unheard(world)
    world.right.edit("people", orphan, email="n9", name="somebody's edit")
    assert world.run().outcome is Outcome.PROBLEMS
    (held,) = world.ledger.held_records(NAME)
    assert (held.reason, held.hold.candidates) == (HoldReason.AMBIGUOUS, (orphan,))
    stranger = world.right.put("people", email="n5", name="added later")
    world.run()
    (held,) = world.ledger.held_records(NAME)
    assert held.hold.candidates == (orphan,), "what came after the deadline cannot be it"
    assert world.people(world.left) == {"n1": "new", "n5": "added later"}
    assert stranger in world.right.records("people")


def test_a_record_whose_identifying_value_was_corrected_since_is_not_created_a_second_time(make: Make) -> None:
    world = make("natural-key")
    orphan = created_unheard(world)
    world.right.edit("people", orphan, email="n1 corrected")
    assert world.run().outcome is Outcome.PROBLEMS
    (held,) = world.ledger.held_records(NAME)
    assert held.hold.candidates == (orphan,)
    assert list(world.right.records("people")) == [orphan]
    assert_quiet(world)


def test_what_is_there_before_the_creates_is_looked_at_once_for_all_batches_of_a_run(make: Make) -> None:
    world = make(replace(CLASSES["natural-key"], batch_size=2))
    for number in range(5):
        world.left.put("people", email=f"n{number}", name="new")
    assert_done(world.run())
    alone = make("natural-key")
    alone.left.put("people", email="n1", name="new")
    assert_done(alone.run())
    assert world.right.calls["page"] == alone.right.calls["page"]
