"""SPEC §5, §6 and §8: statuses, prepare and process as two commands, guards, failures and retries."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import ConflictRule, GuardLimits, PerSide, Side
from desktop_sync.core.decision import Action
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.guard import Guard
from desktop_sync.core.ports import NoProgress
from desktop_sync.core.run import Outcome, Trigger
from desktop_sync.core.status import Event, Status
from tests.support.ledger_home import HandClock
from tests.support.worlds import CITY, EMAIL, World, WorldMaker, person_entity

DEFAULT_GUARDS = GuardLimits()


def fill(w: World, count: int, first: int = 1) -> None:
    for number in range(first, first + count):
        w.a.execute("INSERT INTO Person (Id, Email, City) VALUES (?, ?, 'Wien')", (number, f"p{number}@x.org"))


def test_a_prepare_queues_and_writes_nothing_and_the_process_carries_exactly_that_out(world: WorldMaker) -> None:
    w = world()
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    before = w.fingerprints()
    w.app.synchronization.prepare("Sync")
    assert w.fingerprints() == before
    assert w.statuses() == [Status.PREPARED]
    w.put("a", Id=2, Email="bob@x.org", City="Graz")  # after the prepare: not in its plan
    result = w.app.synchronization.process("Sync")
    assert w.actions(result) == {Action.CREATE_B: 1}
    assert w.rows("b", "email") == [("ann@x.org",)]
    assert w.statuses() == [Status.PROCESSED]
    again = w.app.synchronization.process("Sync")
    assert (again.outcome, again.notes) == (Outcome.DONE, ("Nothing is prepared.",))
    w.run()
    assert len(w.rows("b")) == 2
    w.assert_quiet()


def test_a_prepare_may_be_repeated_without_changing_the_queue(world: WorldMaker) -> None:
    w = world()
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("a", Id=2, Email=None, City="Wien")
    w.app.synchronization.prepare("Sync")
    before = w.ledger_rows()
    w.app.synchronization.prepare("Sync")
    assert w.ledger_rows() == before
    w.app.synchronization.process("Sync")
    assert sorted(w.statuses()) == [Status.PROCESSED, Status.INVALID]
    w.assert_quiet()


def test_a_record_edited_between_prepare_and_process_is_planned_anew(world: WorldMaker) -> None:
    w = world(conflict=ConflictRule.B)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.run()
    w.edit("a", 1, City="Graz")
    w.app.synchronization.prepare("Sync")
    w.edit("b", 1, city="Linz")
    w.app.synchronization.process("Sync")
    assert w.rows("a", "City") == w.rows("b", "city") == [("Linz",)]
    [conflict] = w.app.records.conflicts("Sync", only_open=False)
    assert {(f.a, f.b, f.base) for f in conflict.fields if f.label == "City"} == {("Graz", "Linz", "Wien")}
    w.assert_quiet()


def test_a_record_skipped_between_prepare_and_process_is_left_alone(world: WorldMaker) -> None:
    w = world()
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("a", Id=2, Email="bob@x.org", City="Wien")
    w.app.synchronization.prepare("Sync")
    assert w.set_status(Event.SKIPPED_BY_USER, 1) == 1
    w.app.synchronization.process("Sync")
    assert w.rows("b", "email") == [("bob@x.org",)]
    assert w.of(1).status is Status.SKIPPED
    w.assert_quiet()
    w.set_status(Event.SET_PREPARED_BY_USER, 1)
    w.run()
    assert w.rows("b", "email") == [("ann@x.org",), ("bob@x.org",)]


def test_a_record_linked_between_prepare_and_process_is_not_created_a_second_time(world: WorldMaker) -> None:
    w = world()
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("b", id="71", email="anna@x.org", city="Wien")
    w.app.synchronization.prepare("Sync")
    w.app.records.link("Sync", "people", "1", "71")
    w.app.synchronization.process("Sync")
    w.run()
    assert len(w.rows("a")) == len(w.rows("b")) == 1
    assert [(one.a_id, one.b_id) for one in w.records()] == [("1", "71")]


def test_a_conflict_that_a_rule_settles_is_kept_once_also_by_prepare_and_process(world: WorldMaker) -> None:
    w = world(conflict=ConflictRule.A)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.run()
    w.edit("a", 1, City="Graz")
    w.edit("b", 1, city="Linz")
    w.app.synchronization.prepare("Sync")
    w.app.synchronization.process("Sync")
    assert len(w.app.records.conflicts("Sync", only_open=False)) == 1
    assert w.rows("b", "city") == [("Graz",)]


def test_a_skipped_record_stays_as_it_is_until_it_is_prepared_again(world: WorldMaker) -> None:
    w = world()
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.run()
    w.set_status(Event.SKIPPED_BY_USER, 1)
    w.edit("a", 1, City="Graz")
    w.assert_quiet()
    assert w.rows("b", "city") == [("Wien",)]
    w.set_status(Event.SET_PREPARED_BY_USER, 1)
    w.run()
    assert w.rows("b", "city") == [("Graz",)]
    assert w.statuses() == [Status.PROCESSED]


def test_set_as_processed_needs_both_ids_and_takes_both_sides_as_they_are(world: WorldMaker) -> None:
    w = world(conflict=ConflictRule.ASK)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("a", Id=2, Email=None, City="Wien")
    w.run()
    assert w.set_status(Event.SET_PROCESSED_BY_USER, 2) == 0
    assert w.of(2).status is Status.INVALID
    w.edit("a", 1, City="Graz")
    w.edit("b", 1, city="Linz")
    w.run()
    assert w.of(1).status is Status.CONFLICT
    assert w.set_status(Event.SET_PROCESSED_BY_USER, 1) == 1
    w.run()
    assert w.of(1).status is Status.PROCESSED
    assert w.rows("b", "city") == [("Linz",)]
    assert w.record("a", 1) is not None
    assert w.record("a", 1)["City"] == "Graz"  # type: ignore[index]
    assert w.app.records.conflicts("Sync") == []
    w.assert_quiet()
    w.edit("a", 1, City="Rom")
    w.run()
    assert w.rows("b", "city") == [("Rom",)]


def unique_world(world: WorldMaker, **options: object) -> World:
    """B is a table that refuses two people in one city, and a long e-mail address."""
    columns = "id INTEGER PRIMARY KEY, email TEXT CHECK (length(email) < 20), city TEXT UNIQUE, remark, changed, gone"
    return world(b_is_table=True, b={"people": columns}, **options)


@pytest.mark.scenario("F4")
def test_bad_records_never_stop_the_others_and_say_what_is_wrong(world: WorldMaker) -> None:
    w = unique_world(world)
    for number in range(1, 30):
        w.put("a", Id=number, Email=f"p{number}@x.org", City=f"city {number}")
    w.edit("a", 7, City="city 8")
    w.edit("a", 9, Email="a-very-long-address@example.org")
    result = w.run()
    assert result.outcome is Outcome.PROBLEMS
    assert result.entities[0].failed == 2
    assert len(w.rows("b")) == 27
    failed = [one for one in w.records() if one.status is Status.FAILED]
    assert {one.a_id for one in failed} & {"7", "8"}
    assert "9" in {one.a_id for one in failed}
    assert all(one.last_error and one.attempts == 1 for one in failed)
    w.edit("a", 7, City="city 7")
    w.edit("a", 9, Email="p9@x.org")
    w.run()  # the one that waited for the other's city may have to wait until that one has moved on
    w.run()
    assert len(w.rows("b")) == 29
    assert set(w.statuses()) == {Status.PROCESSED}
    w.assert_quiet()


@pytest.mark.scenario("F4")
def test_a_bad_update_fails_alone_and_keeps_its_baseline(world: WorldMaker) -> None:
    w = unique_world(world)
    for number in (1, 2, 3):
        w.put("a", Id=number, Email=f"p{number}@x.org", City=f"city {number}")
    w.run()
    w.edit("a", 1, City="city 2")
    w.edit("a", 3, City="city 33")
    w.run()
    assert (w.of(1).status, w.of(3).status) == (Status.FAILED, Status.PROCESSED)
    assert w.rows("b", "city") == [("city 1",), ("city 2",), ("city 33",)]
    w.edit("b", w.of(1).b_id, email="q1@x.org")  # now both sides changed
    w.edit("a", 1, City="city 1")  # and A is as it was
    w.run()
    assert w.of(1).status is Status.PROCESSED
    assert ("q1@x.org",) in w.rows("a", "Email")
    w.assert_quiet()


@pytest.mark.scenario("F4")
def test_a_record_that_keeps_failing_is_given_up_after_the_entitys_limit(world: WorldMaker) -> None:
    w = unique_world(world, max_failed_attempts=2)
    w.put("a", Id=1, Email="a-very-long-address@example.org", City="Wien")
    w.run()
    assert (w.of(1).status, w.of(1).attempts) == (Status.FAILED, 1)
    w.run()
    assert (w.of(1).status, w.of(1).attempts) == (Status.ABORTED, 2)
    error = w.of(1).last_error
    assert error
    w.assert_quiet()
    w.edit("a", 1, Email="ann@x.org")
    w.set_status(Event.SET_PREPARED_BY_USER, 1)
    w.run()
    assert (w.of(1).status, w.of(1).attempts, w.of(1).last_error) == (Status.PROCESSED, 0, "")


def test_a_scheduled_run_waits_with_a_failed_record_and_a_person_does_not(world: WorldMaker) -> None:
    clock = HandClock()
    w = unique_world(world, clock=clock)
    w.put("a", Id=1, Email="a-very-long-address@example.org", City="Wien")
    w.put("a", Id=2, Email="bob@x.org", City="Graz")
    w.run()
    w.edit("a", 2, Email="a-very-long-address@example.com")
    w.run(trigger=Trigger.SCHEDULE)  # the new failure is tried, the old one waits
    assert [(one.status, one.attempts) for one in w.records()] == [(Status.FAILED, 1)] * 2
    w.run(trigger=Trigger.SCHEDULE)
    assert [one.attempts for one in w.records()] == [1, 1]
    clock.move(minutes=3)
    w.run(trigger=Trigger.SCHEDULE)
    assert [one.attempts for one in w.records()] == [2, 2]
    w.run(trigger=Trigger.HAND)
    assert [one.attempts for one in w.records()] == [3, 3]


# Guards.


def test_a_guard_writes_nothing_keeps_the_plan_and_lets_it_pass_once(world: WorldMaker) -> None:
    w = world(guards=DEFAULT_GUARDS)
    fill(w, 40)
    w.run()
    assert len(w.rows("b")) == 40
    w.a.execute("DELETE FROM Person WHERE Id > 15")
    before = w.fingerprints(), w.ledger_rows()
    result = w.run()
    assert result.outcome is Outcome.GUARD
    assert {(f.guard, f.side, f.count, f.total) for f in result.findings} >= {(Guard.DELETES, Side.B, 25, 40)}
    assert (w.fingerprints(), w.ledger_rows()) == before
    waiting = w.app.synchronization.waiting_plan("Sync")
    assert waiting is not None
    assert waiting.plan.count(Action.DELETE_B) == 25
    assert len(waiting.rows(actions=(Action.DELETE_B,))) == 25
    guards = frozenset(f.guard for f in result.findings)
    passed = w.run(preview=waiting, allow=guards)
    assert passed.outcome is Outcome.DONE
    assert len(w.rows("b")) == 15
    w.a.execute("DELETE FROM Person WHERE Id > 1")
    assert w.run().outcome is Outcome.DONE  # 14 of 15 is below the smallest number that a share stops
    w.assert_quiet()


def test_process_lets_the_plan_that_a_guard_stopped_pass(world: WorldMaker) -> None:
    w = world(guards=DEFAULT_GUARDS)
    fill(w, 30)
    w.run()
    w.a.execute("DELETE FROM Person")
    assert w.run().outcome is Outcome.GUARD
    assert w.app.synchronization.process("Sync").outcome is Outcome.GUARD
    assert len(w.rows("b")) == 30
    w.app.synchronization.process("Sync", allow=frozenset(Guard))
    assert w.rows("b") == []
    w.assert_quiet(allow=frozenset(Guard))


def test_deletes_that_a_person_excluded_do_not_trip_the_guard(world: WorldMaker) -> None:
    w = world(guards=DEFAULT_GUARDS)
    fill(w, 40)
    w.run()
    w.a.execute("DELETE FROM Person WHERE Id > 19")
    w.put("a", Id=100, Email="new@x.org", City="Wien")
    preview = w.app.synchronization.preview("Sync")
    assert {f.guard for f in preview.plan.findings} == {Guard.DELETES, Guard.SHRUNK} or {
        f.guard for f in preview.plan.findings
    } == {Guard.DELETES}
    numbers = [row.number for row in preview.rows(actions=(Action.DELETE_B,))]
    preview.exclude("people", numbers, True)
    result = w.run(preview=preview, allow=frozenset({Guard.SHRUNK}))
    assert result.outcome is Outcome.DONE
    assert len(w.rows("b")) == 41


@pytest.mark.scenario("C2")
@pytest.mark.parametrize("side", list(Side))
def test_a_side_that_reads_empty_though_peers_exist_stops_the_run(world: WorldMaker, side: Side) -> None:
    w = world(guards=DEFAULT_GUARDS)
    fill(w, 3)
    w.run()
    for key in [row[0] for row in w.rows(side.value)]:
        w.delete(side.value, key)
    result = w.run()
    assert result.outcome is Outcome.GUARD
    assert [f.guard for f in result.findings] == [Guard.EMPTY_SIDE]
    assert len(w.rows(side.other.value)) == 3


@pytest.mark.scenario("C5")
def test_another_database_behind_the_same_endpoint_stops_the_run(world: WorldMaker) -> None:
    w = world(guards=DEFAULT_GUARDS)
    fill(w, 3)
    w.run()
    (w.folder / "a.sqlite").rename(w.folder / "old.sqlite")
    w.a.create("Person", "Id INTEGER PRIMARY KEY, Email TEXT, City TEXT, Note TEXT, Changed TEXT, Gone TEXT")
    fill(w, 3)
    result = w.run()
    assert result.outcome is Outcome.GUARD
    assert Guard.IDENTITY in {f.guard for f in result.findings}


def test_a_first_run_deletes_nothing_and_no_guard_of_changes_stops_it(world: WorldMaker) -> None:
    w = world(guards=DEFAULT_GUARDS)
    fill(w, 60)
    for number in range(200, 260):
        w.put("b", id=number, email=f"q{number}@x.org", city="Graz")
    preview = w.app.synchronization.preview("Sync")
    assert preview.plan.count(Action.DELETE_A, Action.DELETE_B) == 0
    preview.close()
    assert w.run().outcome is Outcome.DONE
    assert len(w.rows("a")) == len(w.rows("b")) == 120


def test_every_status_can_be_reached(world: WorldMaker) -> None:
    columns = "id INTEGER PRIMARY KEY, email TEXT CHECK (length(email) < 20), city TEXT, remark, changed, gone"
    entity = person_entity(
        EMAIL, replace(CITY, normal_form=("trim",)), conflict=ConflictRule.ASK, filter=PerSide("Note IS NULL", "")
    )
    w = world(entity, b_is_table=True, b={"people": columns})
    for number, email in enumerate(("ok", "fails", "aborted", "skipped", "deleted", None, "filtered", "conflict"), 1):
        w.put("a", Id=number, Email=email, City="Wien")
    for number in (9, 10):
        w.put("a", Id=number, Email="twice", City="Wien")
    w.run()
    w.edit("a", 2, Email="this is much too long to be kept")
    w.edit("a", 3, Email="this is also much too long to be kept")
    w.set_status(Event.SKIPPED_BY_USER, 4)
    w.delete("a", 5)
    w.edit("a", 7, Note="out")
    w.edit("a", 8, City="Graz")
    w.edit("b", w.of(8).b_id, city="Linz")
    w.run()
    w.save(replace(entity, max_failed_attempts=2))
    w.app.records.set_status([w.of(2).id], Event.SKIPPED_BY_USER)
    w.run()
    w.app.records.set_status([w.of(2).id], Event.SET_PREPARED_BY_USER)
    w.run()
    assert (w.of(2).status, w.of(2).attempts) == (Status.FAILED, 1)
    w.put("a", Id=11, Email="new", City="Wien")
    w.app.synchronization.prepare("Sync")
    found = {one.a_id or f"b{one.b_id}": one.status for one in w.records()}
    expected = {
        "1": Status.PROCESSED,
        "3": Status.ABORTED,
        "4": Status.SKIPPED,
        "5": Status.DELETED,
        "6": Status.INVALID,
        "7": Status.FILTERED,
        "8": Status.CONFLICT,
        "9": Status.REVIEW,
        "10": Status.REVIEW,
        "11": Status.PREPARED,
    }
    assert {key: found[key] for key in expected} == expected


def test_a_number_that_may_mean_two_records_is_asked_back(world: WorldMaker) -> None:
    w = world()
    w.put("a", Id=2, Email="ann@x.org", City="Wien")
    w.put("b", id=2, email="ann@x.org", city="Wien")
    w.put("a", Id=7, Email="bob@x.org", City="Graz")
    w.put("b", id=7, email="bob@x.org", city="Graz")
    w.run()
    first, second = sorted(w.records(), key=lambda record: record.id)
    assert (first.id, first.a_id, second.id) == (1, "2", 2), "ann's id is bob's number, or nothing is proved"
    records = w.app.records
    with pytest.raises(ConfigurationError) as unclear:
        records.find("Sync", "2")
    assert "say #1" in unclear.value.problem
    assert "or #2" in unclear.value.problem
    assert records.find("Sync", "#2").id == 2
    assert records.find("Sync", "id:2").id == 1
    assert records.find("Sync", "7").id == 2
    with pytest.raises(ConfigurationError):
        records.find("Sync", "#7")


class Failures(NoProgress):
    """What is told while records are written."""

    def __init__(self) -> None:
        self.failed = 0

    def fail(self, records: int) -> None:
        self.failed += records


def test_records_that_cannot_be_written_are_counted_while_the_run_goes_on(world: WorldMaker) -> None:
    table = "id INTEGER PRIMARY KEY, email TEXT, city TEXT CHECK (city <> 'bad'), remark TEXT, changed TEXT, gone TEXT"
    w = world(b_is_table=True, b={"people": table})
    fill(w, 4)
    w.a.execute("UPDATE Person SET City = 'bad' WHERE Id IN (2, 3)")
    told = Failures()
    result = w.run(progress=told)
    assert (told.failed, result.entities[0].failed) == (2, 2)
