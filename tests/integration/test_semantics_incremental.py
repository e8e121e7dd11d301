"""SPEC §5: incremental and by-date prepares read what was modified, and lose nothing at the boundary."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from desktop_sync.core.configuration import Entity, FieldMapping, MatchRule, PerSide
from desktop_sync.core.decision import Action
from desktop_sync.core.plan import Mode, Range
from desktop_sync.core.run import Outcome, RunResult
from desktop_sync.core.status import Event, Status
from desktop_sync.services.session import room
from tests.support.worlds import CITY, EMAIL, PERSON, World, WorldMaker, person_entity
from tests.support.worlds import PEOPLE as PEOPLE_COLUMNS

STAMPED = PerSide("Changed", "changed")


def stamped(world: WorldMaker, *, b_is_table: bool = True, **rules: object) -> World:
    columns = PERSON.lower() if b_is_table else PEOPLE_COLUMNS
    columns = columns.replace("note", "remark") if b_is_table else columns
    return world(b_is_table=b_is_table, b={"people": columns}, modified=STAMPED, **rules)


def at(w: World, number: int, stamp: str | None, city: str = "Wien") -> None:
    w.put("a", Id=number, Email=f"p{number}@x.org", City=city, Changed=stamp)


def incremental(w: World) -> RunResult:
    return w.run(mode=Mode.INCREMENTAL)


def test_an_incremental_run_reads_what_was_modified_since_the_last(world: WorldMaker) -> None:
    w = stamped(world)
    for number in range(1, 6):
        at(w, number, f"2026-03-0{number} 10:00:00")
    w.run()
    w.edit("a", 2, City="Graz", Changed="2026-03-06 09:00:00")
    w.edit("a", 3, City="Linz")  # its stamp stays: only a full prepare finds it
    result = incremental(w)
    assert w.actions(result) == {Action.UPDATE_B: 1}
    assert result.entities[0].read_a == 2  # the modified one, and the one at the watermark
    assert w.record("b", w.of(2).b_id)["city"] == "Graz"  # type: ignore[index]
    w.assert_quiet(mode=Mode.INCREMENTAL)
    assert w.actions(w.run()) == {Action.UPDATE_B: 1}
    assert w.record("b", w.of(3).b_id)["city"] == "Linz"  # type: ignore[index]


def test_a_run_that_reads_nothing_new_opens_no_workbench(world: WorldMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    w = stamped(world)
    at(w, 1, "2026-03-01 10:00:00")
    w.run()
    w.edit("b", w.of(1).b_id, changed="2026-03-01 10:00:01")
    incremental(w)
    incremental(w)
    opened: list[object] = []
    monkeypatch.setattr(room, "Workbench", lambda *_, **__: opened.append(1) or pytest.fail("a workbench was opened"))
    w.assert_quiet(mode=Mode.INCREMENTAL)
    assert opened == []


@pytest.mark.scenario("D2")
def test_records_that_share_the_stamp_of_the_watermark_or_came_a_little_late_are_not_lost(world: WorldMaker) -> None:
    w = stamped(world)
    at(w, 1, "2026-03-01 10:00:00")
    w.run()
    at(w, 2, "2026-03-01 10:00:00")
    at(w, 3, "2026-03-01 09:59:30")  # stamped before, committed after the last read
    assert w.actions(incremental(w)) == {Action.CREATE_B: 2}
    assert len(w.rows("b")) == 3
    w.assert_quiet(mode=Mode.INCREMENTAL)


@pytest.mark.scenario("D3")
def test_stamps_of_another_form_or_time_zone_in_the_same_column_are_not_passed_over(world: WorldMaker) -> None:
    w = stamped(world)
    at(w, 1, "2026-03-05T10:00:00+02:00")
    at(w, 2, "2026-03-05T08:30:00")
    w.run()
    w.edit("a", 1, City="Graz", Changed="2026-03-05 09:00:00")  # as the default of the table writes it
    w.edit("a", 2, City="Linz", Changed="2026-03-05T04:30:00-05:00")
    assert w.actions(incremental(w)) == {Action.UPDATE_B: 2}
    w.assert_quiet(mode=Mode.INCREMENTAL)


def test_a_range_with_a_time_zone_is_the_time_that_it_says_and_a_day_ends_with_its_last_microsecond(
    world: WorldMaker,
) -> None:
    w = stamped(world)
    for number, stamp in enumerate(("T07:59:59", "T08:00:00", " 23:59:59.9", "T23:59:59.999999+02:00"), start=1):
        at(w, number, f"2026-03-07{stamp}")
    vienna = timezone(timedelta(hours=1))
    until_night = Range(datetime(2026, 3, 7, 9, tzinfo=vienna), datetime(2026, 3, 7, 23, 59, 59, 999999, tzinfo=UTC))
    assert w.actions(w.run(mode=Mode.BY_DATE, range=until_night)) == {Action.CREATE_B: 3}
    assert [w.of(number).status for number in (2, 3, 4)] == [Status.PROCESSED] * 3


def test_a_new_record_finds_its_counterpart_among_all_records_of_the_other_side(world: WorldMaker) -> None:
    w = stamped(world)
    w.put("b", id=50, email="p9@x.org", city="Graz", changed="2020-01-01 00:00:00")
    w.save(person_entity(EMAIL, CITY, modified=STAMPED, filter=PerSide("", "city <> 'Graz'")))
    at(w, 1, "2026-03-01 10:00:00")
    w.run()
    w.save(person_entity(EMAIL, CITY, modified=STAMPED))
    at(w, 9, "2026-03-02 10:00:00", city="Graz")
    assert w.actions(incremental(w)) == {Action.LINK: 1}
    assert w.of(9).b_id == "50"


def test_an_incremental_run_takes_the_absence_of_what_it_did_not_read_for_nothing(world: WorldMaker) -> None:
    w = stamped(world)
    for number in (1, 2, 3):
        at(w, number, f"2026-03-0{number} 10:00:00")
    w.run()
    w.delete("a", 1)
    w.edit("a", 3, City="Graz", Changed="2026-03-09 10:00:00")
    assert w.actions(incremental(w)) == {Action.UPDATE_B: 1}
    assert len(w.rows("b")) == 3
    assert w.actions(w.run()) == {Action.DELETE_B: 1}


def test_an_edit_of_a_record_whose_counterpart_was_deleted_is_seen_as_that(world: WorldMaker) -> None:
    w = stamped(world)
    at(w, 1, "2026-03-01 10:00:00")
    w.run()
    w.delete("b", w.of(1).b_id)
    w.edit("a", 1, City="Graz", Changed="2026-03-09 10:00:00")
    assert w.actions(incremental(w)) == {Action.CREATE_B: 1}
    assert w.rows("b", "city") == [("Graz",)]
    w.assert_quiet()


def test_a_side_without_a_stamp_is_compared_completely(world: WorldMaker) -> None:
    w = stamped(world, b_is_table=False)
    w.save(person_entity(EMAIL, CITY, modified=PerSide("Changed", "")))
    at(w, 1, "2026-03-01 10:00:00")
    at(w, 2, "2026-03-01 10:00:00")
    w.run()
    w.edit("b", w.of(1).b_id, city="Graz")
    w.delete("b", w.of(2).b_id)
    assert w.actions(incremental(w)) == {Action.UPDATE_A: 1, Action.DELETE_A: 1}
    assert w.rows("a", "City") == [("Graz",)]
    w.assert_quiet(mode=Mode.INCREMENTAL)


def test_what_sync_itself_wrote_does_not_come_back_as_a_change(world: WorldMaker) -> None:
    w = stamped(world)
    w.a.execute(
        "CREATE TRIGGER touch AFTER UPDATE OF City ON Person BEGIN "
        "UPDATE Person SET Changed = '2026-05-01 00:00:00' WHERE Id = new.Id; END"
    )
    at(w, 1, "2026-03-01 10:00:00")
    w.run()
    w.edit("b", w.of(1).b_id, city="Graz", changed="2026-04-01 00:00:00")
    assert w.actions(incremental(w)) == {Action.UPDATE_A: 1}
    w.assert_quiet(mode=Mode.INCREMENTAL)
    w.assert_quiet()


def test_a_failed_record_is_tried_again_by_an_incremental_run_that_reads_nothing_new(world: WorldMaker) -> None:
    w = stamped(world)
    w.b.execute("CREATE UNIQUE INDEX one_city ON people (city)")  # type: ignore[union-attr]
    w.put("b", id=70, email="q@x.org", city="Rom", changed="2020-01-01 00:00:00")
    w.save(person_entity(EMAIL, CITY, modified=STAMPED, filter=PerSide("", "city <> 'Rom'")))
    at(w, 1, "2026-03-01 10:00:00", city="Rom")
    at(w, 2, "2026-03-05 10:00:00")
    w.run()
    assert w.of(1).status is Status.FAILED
    w.edit("b", 70, city="Bari")
    incremental(w)
    assert w.of(1).status is Status.PROCESSED
    assert ("p1@x.org", "Rom") in w.rows("b", "email", "city")


def test_a_skipped_new_record_that_is_prepared_again_is_taken_up_by_an_incremental_run(world: WorldMaker) -> None:
    w = stamped(world)
    at(w, 1, "2026-03-01 10:00:00")
    at(w, 2, "2026-03-05 10:00:00")
    w.app.synchronization.prepare("Sync")
    w.set_status(Event.SKIPPED_BY_USER, 1)
    w.app.synchronization.process("Sync")
    w.set_status(Event.SET_PREPARED_BY_USER, 1)
    incremental(w)
    assert w.of(1).status is Status.PROCESSED
    assert len(w.rows("b")) == 2
    w.assert_quiet()


def test_a_child_follows_its_late_parent_also_by_incremental_runs(world: WorldMaker) -> None:
    owners = replace(person_entity(EMAIL, modified=STAMPED), name="owners")
    cars = Entity(
        "cars",
        PerSide("Car", "cars"),
        (FieldMapping("Plate", "plate", identifying=True), FieldMapping("OwnerId", "owner", lookup="owners")),
        key=PerSide(("Id",), ("id",)),
        modified=PerSide("Changed", "changed"),
    )
    w = world(
        owners,
        cars,
        a={"Person": PERSON, "Car": "Id INTEGER PRIMARY KEY, Plate TEXT, OwnerId INTEGER, Changed TEXT"},
        b={"people": "id, email, city, remark, changed, gone", "cars": "id, plate, owner, changed"},
    )
    w.put("a", entity="cars", Id=1, Plate="W 1", OwnerId=7, Changed="2026-03-01 10:00:00")
    w.put("a", entity="cars", Id=2, Plate="W 2", OwnerId=None, Changed="2026-03-03 10:00:00")
    w.run()
    assert w.of(1, entity="cars").status is Status.INVALID
    incremental(w)
    w.put("a", entity="owners", Id=7, Email="ann@x.org", Changed="2026-03-04 10:00:00")
    incremental(w)
    assert w.of(1, entity="cars").status is Status.PROCESSED
    assert set(w.rows("b", "plate", "owner", entity="cars")) == {("W 1", "1"), ("W 2", None)}
    w.assert_quiet(mode=Mode.INCREMENTAL)


def test_a_prepare_by_date_looks_at_the_range_with_both_ends(world: WorldMaker) -> None:
    w = stamped(world)
    for number in range(1, 6):
        at(w, number, f"2026-03-0{number} 10:00:00")
    wanted = Range(datetime(2026, 3, 2, 10, tzinfo=UTC), datetime(2026, 3, 4, 10, tzinfo=UTC))
    result = w.run(mode=Mode.BY_DATE, range=wanted)
    assert w.actions(result) == {Action.CREATE_B: 3}
    assert w.rows("b", "email") == [("p2@x.org",), ("p3@x.org",), ("p4@x.org",)]
    # What was found outside the range before stays out, and the next incremental prepare does not pass over it.
    w.run(mode=Mode.INCREMENTAL)
    assert len(w.rows("b")) == 5


def test_a_full_prepare_can_be_limited_to_a_range_too(world: WorldMaker) -> None:
    w = stamped(world)
    for number in range(1, 4):
        at(w, number, f"2026-03-0{number} 10:00:00")
    w.run()
    for number in range(1, 4):
        w.edit("a", number, City="Graz")
    w.run(mode=Mode.FULL, range=Range(start=datetime(2026, 3, 2, tzinfo=UTC), end=datetime(2026, 3, 2, 23, tzinfo=UTC)))
    assert sorted(w.rows("b", "city")) == [("Graz",), ("Wien",), ("Wien",)]


SECOND = Range(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 2, 23, tzinfo=UTC))


@pytest.mark.parametrize("edited", ["a", "b"])
def test_only_a_full_prepare_compares_what_is_in_the_range_with_counterparts_edited_without_a_stamp(
    world: WorldMaker, edited: str
) -> None:
    w = stamped(world)
    for number in range(1, 4):
        at(w, number, f"2026-03-0{number} 10:00:00")
    w.run()
    stamped_side, field = ("a", "Changed") if edited == "b" else ("b", "changed")
    for number in range(1, 4):
        keys = {"a": number, "b": w.of(number).b_id}
        w.edit(stamped_side, keys[stamped_side], **{field: f"2026-03-0{number} 10:00:00"})
        other = {"City": "Graz", "Changed": None} if edited == "a" else {"city": "Graz", "changed": None}
        w.edit(edited, keys[edited], **other)
    for _ in range(2):
        assert w.actions(w.run(mode=Mode.BY_DATE, range=SECOND)) == {}
    result = w.run(mode=Mode.FULL, range=SECOND)
    assert w.actions(result) == {Action.UPDATE_B if edited == "a" else Action.UPDATE_A: 1}
    cities = {"a": w.rows("a", "City"), "b": w.rows("b", "city")}
    assert sorted(cities[stamped_side]) == [("Graz",), ("Wien",), ("Wien",)]
    w.assert_quiet(mode=Mode.FULL, range=SECOND)


def test_a_full_prepare_of_a_range_finds_that_a_counterpart_in_it_is_gone(world: WorldMaker) -> None:
    w = stamped(world)
    for number in range(1, 4):
        at(w, number, f"2026-03-0{number} 10:00:00")
    w.run()
    for number in range(1, 4):
        w.edit("b", w.of(number).b_id, changed=None)
    for number in (2, 3):
        w.delete("b", w.of(number).b_id)
    w.run(mode=Mode.BY_DATE, range=SECOND)
    assert len(w.rows("a")) == 3
    assert w.actions(w.run(mode=Mode.FULL, range=SECOND)) == {Action.DELETE_A: 1}
    assert w.rows("a", "Id") == [(1,), (3,)]


def test_a_record_excluded_from_a_preview_is_found_again_by_an_incremental_run(world: WorldMaker) -> None:
    w = stamped(world)
    at(w, 1, "2026-03-01 10:00:00")
    at(w, 2, "2026-03-01 10:00:00")
    w.run()
    w.edit("a", 1, City="Graz", Changed="2026-03-02 10:00:00")
    w.edit("a", 2, City="Linz", Changed="2026-03-09 10:00:00")
    preview = w.app.synchronization.preview("Sync")
    [row] = [row for row in preview.rows() if row.a_id == "1"]
    preview.exclude("people", [row.number], True)
    w.run(preview=preview)
    assert sorted(w.rows("b", "city")) == [("Linz",), ("Wien",)]
    incremental(w)
    assert sorted(w.rows("b", "city")) == [("Graz",), ("Linz",)]


def test_new_records_excluded_from_a_preview_are_found_again_by_an_incremental_run(world: WorldMaker) -> None:
    w = stamped(world)
    at(w, 1, "2026-03-01 10:00:00")
    w.run()
    at(w, 2, "2026-03-02 10:00:00")
    at(w, 3, "2026-03-09 10:00:00")
    preview = w.app.synchronization.preview("Sync")
    [row] = [row for row in preview.rows() if row.a_id == "2"]
    preview.exclude("people", [row.number], True)
    w.run(preview=preview)
    assert sorted(w.rows("b", "email")) == [("p1@x.org",), ("p3@x.org",)]
    incremental(w)
    assert sorted(w.rows("b", "email")) == [("p1@x.org",), ("p2@x.org",), ("p3@x.org",)]


def test_after_a_pilot_run_an_incremental_run_does_the_rest(world: WorldMaker) -> None:
    w = stamped(world)
    for number in range(1, 6):
        at(w, number, f"2026-03-0{number} 10:00:00")
    result = w.run(pilot=2)
    assert (result.outcome, result.is_partial) == (Outcome.DONE, True)
    assert result.notes == ("3 records were left out; they wait in the queue.",)
    assert sorted(w.rows("b", "email")) == [("p1@x.org",), ("p2@x.org",)]
    w.edit("a", 1, City="Graz", Changed="2026-03-08 10:00:00")
    assert w.actions(incremental(w)) == {Action.UPDATE_B: 1, Action.CREATE_B: 3}
    w.assert_quiet()


def test_a_half_whose_record_is_gone_waits_no_more_and_comes_back_with_it(world: WorldMaker) -> None:
    w = stamped(world)
    w.put("a", Id=1, Email=None, City="Wien")
    w.run()
    assert w.statuses() == [Status.INVALID]
    w.delete("a", 1)
    w.run()
    assert w.statuses() == [Status.DELETED]
    w.assert_quiet()
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.run()
    assert w.statuses() == [Status.PROCESSED]
    assert w.rows("b", "email") == [("ann@x.org",)]


def test_a_run_that_reads_just_what_the_last_one_read_plans_nothing(world: WorldMaker) -> None:
    w = stamped(world)
    at(w, 1, "2026-03-01 10:00:00")
    w.run()
    w.edit("b", w.of(1).b_id, changed="2026-03-01 10:00:00")
    incremental(w)
    incremental(w)
    result = w.assert_quiet(mode=Mode.INCREMENTAL)
    assert result.entities[0].read_a == result.entities[0].read_b == 0, "the record at the watermark was compared again"
    w.edit("a", 1, City="Graz")  # within the overlap, under the stamp that it had
    assert w.actions(incremental(w)) == {Action.UPDATE_B: 1}
    w.edit("b", w.of(1).b_id, city="Linz")
    assert w.actions(incremental(w)) == {Action.UPDATE_A: 1}


def test_what_the_last_run_read_is_compared_again_once_anything_else_happened(world: WorldMaker) -> None:
    w = stamped(world)
    at(w, 1, "2026-03-01 10:00:00")
    w.run()
    w.edit("b", w.of(1).b_id, changed="2026-03-01 10:00:00")

    def settled() -> None:
        for _ in range(3):
            last = incremental(w)
        assert last.entities[0].read_a == 0

    settled()
    w.app.synchronization.prepare("Sync")
    assert incremental(w).entities[0].read_a == 1, "another run came between"
    settled()
    w.save(person_entity(EMAIL, CITY, FieldMapping("Note", "remark"), modified=STAMPED))
    assert incremental(w).entities[0].read_a == 1, "the configuration was edited"
    settled()
    w.set_status(Event.SKIPPED_BY_USER, 1)
    w.set_status(Event.SET_PREPARED_BY_USER, 1)
    assert incremental(w).entities[0].read_a == 1, "a record waits"


@pytest.mark.scenario("E6")
@pytest.mark.parametrize("match", list(MatchRule))
def test_a_duplicate_of_a_record_that_was_not_read_goes_to_review_and_does_not_take_its_place(
    world: WorldMaker, match: MatchRule
) -> None:
    w = stamped(world, match=match)
    for number in range(1, 4):
        at(w, number, f"2026-03-0{number} 10:00:00")
    w.run()
    before = w.of(1)
    w.put("a", Id=9, Email="p1@x.org", City="Graz", Changed="2026-03-09 10:00:00")
    assert w.actions(incremental(w)) == {Action.REVIEW: 1}
    assert w.of(1) == before
    assert w.record("b", before.b_id)["city"] == "Wien"  # type: ignore[index]
    assert len(w.rows("b")) == 3
    w.assert_quiet(mode=Mode.INCREMENTAL)


@pytest.mark.scenario("C16")
def test_a_record_that_an_incremental_run_finds_under_another_id_keeps_its_counterpart(world: WorldMaker) -> None:
    w = stamped(world)
    for number in range(1, 4):
        at(w, number, f"2026-03-0{number} 10:00:00")
    w.run()
    peer = w.of(1)
    w.delete("a", 1)
    w.put("a", Id=9, Email="p1@x.org", City="Graz", Changed="2026-03-09 10:00:00")
    incremental(w)
    assert (w.of(9).b_id, w.of(9).status) == (peer.b_id, Status.PROCESSED)
    assert w.record("b", peer.b_id)["city"] == "Graz"  # type: ignore[index]
    assert len(w.rows("b")) == 3
    w.assert_quiet()
