"""Systems that answer wrongly, late or not at all, whose listings lie, and that others edit in the same moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from desktop_sync.core.configuration import ConflictRule
from desktop_sync.core.errors import EndpointError
from desktop_sync.core.ledger_values import RecordQuery
from desktop_sync.core.provider_port import ConditionalWrite
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Event, Status
from tests.support.chaos_faults import FaultKind
from tests.support.chaos_fixtures import Make, agreed, assert_quiet
from tests.support.chaos_system import CLASSES
from tests.support.chaos_world import NAME, ChaosWorld, assert_done

BATCHED = {name: replace(profile, is_batched=True) for name, profile in CLASSES.items() if name != "none"}
OFFSETS = replace(CLASSES["client-id"], page_size=2, pages_by_offset=True)


def _applied(world: ChaosWorld, method: str) -> int:
    return sum(request.is_applied for request in world.right.log if request.method == method)


# batches


@pytest.mark.scenario("F1")
@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.SHORT_REPLY,
        FaultKind.SHUFFLED_REPLY,
        FaultKind.DOUBLED_REPLY,
        FaultKind.PARTIAL,
        FaultKind.TIMEOUT_APPLIED,
        FaultKind.TIMEOUT_NOT_APPLIED,
        FaultKind.LATE,
    ],
)
@pytest.mark.parametrize("class_name", ["idempotency-key", "natural-key"])
def test_every_item_of_a_batch_is_created_once_whatever_the_answer_says(
    make: Make, class_name: str, kind: FaultKind
) -> None:
    world = make(BATCHED[class_name])
    world.right.late_after_s = 15
    people = {f"n{number}": f"name {number}" for number in range(4)}
    for email, name in people.items():
        world.left.put("people", email=email, name=name)
    fault = world.right.faults.add("batch", kind)
    assert_done(world.run())
    world.clock.move(100)
    assert fault.hits == 1
    assert world.people(world.right) == people
    assert _applied(world, "create") == len(people), "what was accepted was sent again"
    assert not world.right.violations
    assert_quiet(world)


@pytest.mark.scenario("F1", "F4")
def test_items_that_are_rejected_and_items_without_an_answer_do_not_touch_each_other(make: Make) -> None:
    world = make(BATCHED["natural-key"])
    for number in range(4):
        world.left.put("people", email=f"n{number}", name=f"name {number}")
    rejected = world.right.faults.add(
        "create", FaultKind.REJECT, times=0, when=lambda record: record.get("email") == "n1"
    )
    world.right.faults.add("create", FaultKind.TIMEOUT_APPLIED, when=lambda record: record.get("email") == "n2")
    result = world.run()
    assert result.outcome is Outcome.PROBLEMS
    assert sorted(world.people(world.right)) == ["n0", "n2", "n3"]
    (failed,) = world.ledger.records(RecordQuery(NAME, statuses=(Status.FAILED,)))
    assert "does not like" in failed.last_error
    assert rejected.hits == 1
    assert not world.ledger.held_records(NAME)


@pytest.mark.scenario("F4")
def test_a_record_that_is_refused_again_and_again_is_given_up_and_can_be_tried_again(make: Make) -> None:
    world = agreed(make("natural-key", max_failed_attempts=3), "c1", "c2")
    world.left.edit("people", "1", name="poison")
    refusal = world.right.faults.add("update", FaultKind.REJECT, times=0, when=lambda record: record["id"] == "101")
    statuses = []
    for number in range(4):
        world.left.edit("people", "2", name=f"good {number}")
        world.run()
        (record,) = (one for one in world.ledger.records(RecordQuery(NAME)) if one.a_id == "1")
        statuses.append(record.status)
        assert world.people(world.right)["c2"] == f"good {number}"
    assert statuses == [Status.FAILED, Status.FAILED, Status.ABORTED, Status.ABORTED]
    assert refusal.hits == 3
    world.right.faults.clear()
    world.application.records.set_status([record.id], Event.SET_PREPARED_BY_USER)
    assert_done(world.run())
    assert world.people(world.right)["c1"] == "poison"


@pytest.mark.scenario("F3")
def test_a_record_that_is_edited_while_it_waits_is_sent_under_another_key_once_the_first_is_settled(
    make: Make,
) -> None:
    world = make("idempotency-key")
    world.left.put("people", id="1", email="n1", name="first")
    fault = world.right.faults.add("create", FaultKind.TIMEOUT_NOT_APPLIED, times=2)
    world.run()
    assert fault.hits == 2, "asked once, and once more with the same key"
    world.left.edit("people", "1", name="second")
    assert_done(world.run())
    assert world.people(world.right) == {"n1": "second"}
    creates = [request for request in world.right.log if request.method == "create"]
    assert len({request.key for request in creates}) == len({request.body for request in creates}) == 1
    assert not world.right.violations
    world.left.put("people", email="n2", name="another")
    assert_done(world.run())
    assert len({request.key for request in world.right.log if request.method == "create"}) == 2
    assert_quiet(world)


# others who edit in the same moment


@pytest.mark.scenario("K1")
@pytest.mark.parametrize(
    ("how", "rule"), [(ConditionalWrite.STRONG, ConflictRule.A), (ConditionalWrite.VERIFY, ConflictRule.B)]
)
def test_an_edit_in_any_moment_of_a_run_is_in_a_system_or_in_the_history(
    make: Make, how: ConditionalWrite, rule: ConflictRule
) -> None:
    profile = replace(CLASSES["client-id"], conditional_write=how)
    world = agreed(make(profile, conflict=rule), *(f"c{number}" for number in range(1, 6)))
    world.left.edit("people", "1", name="ours 0")
    world.run()
    steps = len(world.stepper.names)
    assert steps > 10
    tokens = set()
    first = 1 if how is ConditionalWrite.STRONG else 2  # both cases together come by every moment
    for number in range(first, steps + 1, 2):
        ours, theirs = f"ours {number}", f"theirs {number}"
        world.left.edit("people", "1", name=ours)
        world.stepper.names.clear()
        in_window = []

        def meanwhile(theirs: str = theirs, in_window: list[str] = in_window) -> None:
            name = world.stepper.names[-1]
            is_window = name in ("endpoint.right.verified", "endpoint.right.update.before")
            if how is ConditionalWrite.VERIFY and is_window:
                in_window.append(name)  # the one round trip that this class states as its limit
            else:
                world.right.edit("people", "101", name=theirs)

        world.stepper.at = {number: meanwhile}
        world.run()
        world.stepper.at = {}
        tokens |= {ours} | (set() if in_window or number > len(world.stepper.names) else {theirs})
        world.run()
        assert world.people(world.left) == world.people(world.right)
    kept = world.kept_values() | {str(name) for name in world.people(world.right).values()}
    missing = [token for token in tokens if not any(token == value or f'"{token}"' in value for value in kept)]
    assert not missing
    assert_quiet(world)


@pytest.mark.scenario("K1")
def test_a_record_that_is_edited_before_it_is_deleted_stays(make: Make) -> None:
    world = agreed(make("client-id"))
    world.left.delete("people", "1")
    world.stepper.watch = lambda name: (
        world.right.edit("people", "101", name="edited") if name == "endpoint.right.delete.before" else None
    )
    world.run()
    world.stepper.watch = None
    world.run()
    assert world.people(world.left) == world.people(world.right) == {"c1": "edited"}


@pytest.mark.scenario("K2")
def test_a_system_that_ignores_conditions_is_found_out_and_its_records_are_read_before_they_are_written(
    make: Make,
) -> None:
    world = agreed(make("client-id"), "c1", "c2", "c3")
    world.ledger.keep_probed("chaos:right", "")
    world.right.faults.add("update", FaultKind.CAS_LIE, times=0)
    world.right.faults.add("delete", FaultKind.CAS_LIE, times=0)
    world.left.edit("people", "2", name="ours")
    world.left.delete("people", "3")
    edits = {"ledger.open_batch.after_commit": ("102", "theirs"), "never": ("103", "edited against the delete")}

    def meanwhile(step: str) -> None:
        if step in edits:
            record, name = edits.pop(step)
            world.right.edit("people", record, name=name)
            edits["ledger.open_batch.after_commit"] = edits.pop("never", ("103", "edited against the delete"))

    world.stepper.watch = meanwhile
    first = world.run()
    world.stepper.watch = None
    assert any("ignores it" in note for entity in first.entities for note in entity.notes)
    kept = world.kept_values() | {str(name) for name in world.people(world.right).values()}
    assert all(any(token in value for value in kept) for token in ("ours", "theirs", "edited against the delete"))
    assert "c3" in world.people(world.right)
    world.run()
    assert world.people(world.left) == world.people(world.right)
    asked = sum(request.method == "update" for request in world.right.log)
    world.left.edit("people", "1", name="once more")
    assert any("ignores it" in note for entity in world.run().entities for note in entity.notes)
    assert sum(request.method == "update" for request in world.right.log) == asked + 1, "it was tried a second time"


@pytest.mark.scenario("K2")
def test_trying_whether_conditions_are_kept_changes_nothing_and_is_done_once(make: Make) -> None:
    world = agreed(make("client-id"), "c1")
    world.ledger.keep_probed("chaos:right", "")
    world.left.edit("people", "1", name="new")
    result = world.run()
    assert not any(entity.notes for entity in result.entities)
    assert [request.is_applied for request in world.right.log if request.method == "update"] == [False, True]
    world.left.edit("people", "1", name="newer")
    world.run()
    assert [request.is_applied for request in world.right.log if request.method == "update"] == [False, True, True]


@pytest.mark.scenario("K2")
def test_a_system_that_begins_to_ignore_conditions_is_found_out_within_a_day(make: Make) -> None:
    world = agreed(make("client-id"), "c1", "c2")
    world.ledger.keep_probed("chaos:right", "")
    world.left.edit("people", "1", name="first")
    assert not any(entity.notes for entity in world.run().entities)
    world.right.profile = replace(world.right.profile, ignores_conditions=True)
    world.clock.move(timedelta(days=1).total_seconds())
    world.left.edit("people", "1", name="ours")

    def meanwhile(step: str) -> None:
        if step == "ledger.open_batch.after_commit":
            world.stepper.watch = None
            world.right.edit("people", "101", name="theirs")

    world.stepper.watch = meanwhile
    result = world.run()
    assert world.stepper.watch is None
    assert any("ignores it" in note for entity in result.entities for note in entity.notes)
    world.run()
    held = world.people(world.left)
    assert held == world.people(world.right)
    assert any("theirs" in value for value in world.kept_values() | {str(name) for name in held.values()})


@pytest.mark.scenario("K2")
@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(days=-3650)])
def test_what_was_tried_is_believed_for_a_day_and_not_when_the_clock_was_set_back(make: Make, ahead: timedelta) -> None:
    world = agreed(make("client-id"), "c1")
    world.ledger.keep_probed("chaos:right", "")
    world.left.edit("people", "1", name="new")
    world.run()
    world.clock.ahead = ahead
    world.left.edit("people", "1", name="newer")
    world.run()
    tried = [request.is_applied for request in world.right.log if request.method == "update"].count(False)
    assert tried == (1 if ahead > timedelta(0) else 2)


# listings


def _failed(world: ChaosWorld) -> EndpointError:
    with pytest.raises(EndpointError) as caught:
        world.run()
    return caught.value


@pytest.mark.scenario("C11")
@pytest.mark.parametrize("kind", [FaultKind.LOOP, FaultKind.REPEATED_PAGE])
@pytest.mark.parametrize("by_offset", [True, False])
def test_pages_that_come_again_stop_the_run_after_a_bounded_number_of_requests(
    make: Make, kind: FaultKind, by_offset: bool
) -> None:
    world = agreed(make(replace(OFFSETS, pages_by_offset=by_offset)), *(f"c{number}" for number in range(5)))
    world.right.faults.add("page", kind, nth=2, times=0)
    before = world.people(world.left), world.people(world.right)
    world.right.calls.clear()
    _failed(world)
    assert world.right.calls["page"] <= 30
    assert (world.people(world.left), world.people(world.right)) == before


@pytest.mark.scenario("C10", "C11")
@pytest.mark.parametrize("kind", [FaultKind.SHORT_PAGE, FaultKind.EMPTY_PAGE])
def test_a_listing_that_is_short_once_is_read_again_and_deletes_nothing(make: Make, kind: FaultKind) -> None:
    world = agreed(make(OFFSETS), *(f"c{number}" for number in range(5)))
    fault = world.right.faults.add("page", kind, nth=2)
    assert_done(world.run())
    assert fault.hits == 1
    assert len(world.people(world.left)) == len(world.people(world.right)) == 5


@pytest.mark.scenario("C10")
@pytest.mark.parametrize("what", ["insert before", "delete before"])
def test_others_who_insert_or_delete_between_pages_make_nothing_vanish(make: Make, what: str) -> None:
    world = agreed(make(OFFSETS), *(f"c{number}" for number in range(6)))
    pages = world.right.page
    seen: list[str | None] = []

    def page(structure: str, cursor: str | None) -> object:
        found = pages(structure, cursor)
        seen.append(cursor)
        if len(seen) == 2:  # all that follow move by one place
            if what == "insert before":
                world.right.put("people", id="1", email="n1", name="new")
            else:
                world.right.delete("people", "101")
        return found

    world.right.page = page  # type: ignore[method-assign,assignment]
    assert_done(world.run())
    assert_done(world.run())
    expected = {f"c{number}" for number in range(6)}
    expected = expected | {"n1"} if what == "insert before" else expected - {"c0"}
    assert set(world.people(world.left)) == set(world.people(world.right)) == expected
    assert_quiet(world)


@pytest.mark.scenario("C12")
def test_a_record_that_a_listing_misses_once_is_asked_for_before_it_counts_as_deleted(make: Make) -> None:
    world = agreed(make(replace(CLASSES["client-id"], says_total=False)), "c1", "c2")
    world.right.faults.add("listed", FaultKind.MISSED, when=lambda record: record["email"] == "c2")
    assert_done(world.run())
    assert world.right.faults.all_hit()
    assert sorted(world.people(world.left)) == ["c1", "c2"]
    assert_quiet(world)


@pytest.mark.scenario("F10")
def test_a_replica_that_lags_behind_is_not_taken_for_somebody_who_turned_the_write_back(make: Make) -> None:
    world = agreed(make(replace(CLASSES["client-id"], read_lag_s=5)), "c1", "c2")
    lags = [world.right.faults.add(method, FaultKind.STALE, times=0) for method in ("page", "get")]
    world.left.edit("people", "1", name="new")
    world.run()
    assert world.right.records("people")["101"]["name"] == "new"
    assert dict(world.right.get("people", ["101"]))["101"]["name"] == "old", "the replica does not lag"
    slept = world.clock.slept_s
    assert_done(world.run())
    assert world.clock.slept_s - slept == 5
    assert world.people(world.left) == world.people(world.right) == {"c1": "new", "c2": "old"}
    assert any(lag.hits for lag in lags)
    assert_quiet(world)


def test_a_system_that_lies_about_a_create_is_found_out_by_the_next_run(make: Make) -> None:
    world = make("natural-key")
    world.left.put("people", email="n1", name="new")
    world.right.faults.add("create", FaultKind.WRONG_REPLY)
    world.run()
    world.run()
    world.run()
    left, right = world.people(world.left), world.people(world.right)
    assert left == right
