"""RELIABILITY 4.6: what lets a deletion pass, what makes it wait, and what asks a person."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_sync.core.configuration import (
    ConflictRule,
    DeleteRule,
    Direction,
    Entity,
    FieldMapping,
    GuardLimits,
    PerSide,
    Side,
)
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.errors import MissingError
from desktop_sync.core.guard import Guard
from desktop_sync.core.plan import Mode
from desktop_sync.core.ports import CancelToken
from desktop_sync.core.push import News
from desktop_sync.core.run import Outcome, RunKind
from desktop_sync.core.status import Event, Status
from tests.support.forgetful_provider import ForgetfulRegistry
from tests.support.ledger_home import HandClock
from tests.support.worlds import CITY, EMAIL, NAME, NO_GUARDS, PERSON, World, WorldMaker, person_entity

GUARDS = GuardLimits()
NOTE = FieldMapping("Note", "remark")


def filled(world: WorldMaker, count: int, **options: object) -> World:
    """`count` persons of A, synchronized."""
    w = world(**{"guards": GUARDS} | options)
    for number in range(1, count + 1):
        w.put("a", Id=number, Email=f"p{number}@x.org", City="Wien")
    w.run()
    assert len(w.rows("b")) == count
    return w


# Edited configurations.


@pytest.mark.scenario("C9")
@pytest.mark.parametrize(
    "edited",
    [
        person_entity(EMAIL, CITY, filter=PerSide("Email <> 'p3@x.org'", "")),
        person_entity(EMAIL, CITY, NOTE),
        person_entity(EMAIL, replace(CITY, normal_form=("trim",))),
    ],
    ids=["filter", "mapping", "normal form"],
)
def test_after_an_edit_the_first_run_deletes_nothing_and_says_so_and_the_next_one_does(
    world: WorldMaker, edited: object
) -> None:
    w = filled(world, 3)
    w.delete("a", 1)
    w.save(edited)
    first = w.run()
    assert first.outcome is Outcome.DONE
    assert Action.DELETE_B not in w.actions(first)
    assert first.entities[0].notes == (
        "people: 1 deletion waits for the next run: the configuration was edited, and the first run after that deletes "
        "nothing.",
    )
    assert len(w.rows("b")) == 3
    assert w.of(1).status is Status.PREPARED
    assert w.run().entities[0].actions[Action.DELETE_B] == 1
    assert w.rows("b", "email") == [("p2@x.org",), ("p3@x.org",)]
    w.assert_quiet()


@pytest.mark.scenario("C9")
def test_deletions_that_wait_after_an_edit_are_carried_out_by_an_incremental_run_too(world: WorldMaker) -> None:
    w = filled(world, 3, modified=PerSide("Changed", ""))
    w.delete("a", 1)
    w.save(person_entity(EMAIL, CITY, NOTE, modified=PerSide("Changed", "")))
    w.app.synchronization.prepare("Sync")
    assert w.of(1).status is Status.PREPARED
    assert w.run(mode=Mode.INCREMENTAL).entities[0].actions[Action.DELETE_B] == 1
    assert len(w.rows("b")) == 2


@pytest.mark.scenario("C9")
def test_a_preview_shows_the_deletions_that_wait_and_a_person_may_take_them_in(world: WorldMaker) -> None:
    w = filled(world, 3)
    w.delete("a", 1)
    w.save(person_entity(EMAIL, CITY, NOTE))
    preview = w.app.synchronization.preview("Sync")
    [row] = preview.rows(actions=(Action.DELETE_B,))
    assert row.is_excluded
    assert row.detail.startswith("it waits for the next run: the configuration was edited")
    assert preview.plan.entities[0].count(Action.DELETE_B) == 0
    preview.exclude("people", [row.number], False)
    assert w.run(preview=preview).entities[0].actions[Action.DELETE_B] == 1


def test_an_edit_of_rules_limits_or_the_schedule_makes_no_deletion_wait(world: WorldMaker) -> None:
    w = filled(world, 3)
    w.delete("a", 1)
    w.save(person_entity(EMAIL, CITY, conflict=ConflictRule.A, max_failed_attempts=2))
    assert w.run().entities[0].actions == {Action.DELETE_B: 1}


def test_a_first_run_that_was_cut_off_deletes_nothing_when_it_is_finished(world: WorldMaker) -> None:
    token = CancelToken()
    cars = Entity("cars", PerSide("Car", "cars"), (FieldMapping("Plate", "plate", identifying=True),))
    w = world(
        person_entity(EMAIL, CITY),
        replace(cars, key=PerSide(("Id",), ("id",))),
        a={"Person": PERSON, "Car": "Id INTEGER PRIMARY KEY, Plate TEXT"},
        b={"people": "id, email, city", "cars": "id, plate"},
        steps=lambda name: token.cancel() if name == "process.settled" else None,
        guards=GUARDS,
    )
    for number in (1, 2):
        w.put("a", Id=number, Email=f"p{number}@x.org", City="Wien")
    w.put("a", entity="cars", Id=1, Plate="W 1")
    assert w.run(cancel=token).outcome is Outcome.CANCELLED
    assert (len(w.rows("b")), len(w.rows("b", entity="cars"))) == (2, 0)
    w.delete("a", 1)
    result = w.run()
    assert result.entities[0].notes == ("people: 1 deletion waits for the next run: a first run deletes nothing.",)
    assert (len(w.rows("b")), len(w.rows("b", entity="cars"))) == (2, 1)
    assert w.run().entities[0].actions == {Action.DELETE_B: 1}


# Another endpoint, or an older state of it.


@pytest.mark.scenario("C5")
def test_another_folder_in_the_place_of_the_one_that_there_was_stops_the_run(world: WorldMaker) -> None:
    w = filled(world, 3)
    folder = w.folder / "b"
    folder.rename(w.folder / "old")
    shutil.copytree(w.folder / "old", folder)
    result = w.run()
    assert result.outcome is Outcome.GUARD
    assert [(f.guard, f.side) for f in result.findings] == [(Guard.IDENTITY, Side.B)]


@pytest.mark.scenario("C5")
def test_another_file_with_another_header_stops_the_run_and_an_added_column_does_not(world: WorldMaker) -> None:
    w = filled(world, 3)
    file = w.folder / "b" / "people.csv"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([lines[0] + ",extra", *(line + "," for line in lines[1:])]) + "\n")
    assert w.run().outcome is Outcome.DONE
    file.write_text("id,email,city,n1,n2,n3,n4\n1,p1@x.org,Wien,,,,\n2,p2@x.org,Wien,,,,\n3,p3@x.org,Wien,,,,\n")
    result = w.run()
    assert [(f.guard, f.side) for f in result.findings] == [(Guard.IDENTITY, Side.B)]


def put_back(w: World, side: str, kept: Path) -> None:
    """The side is what it was when `kept` was copied: in the same file, with its old time."""
    place = w.folder / "a.sqlite" if side == "a" else w.folder / "b" / "people.csv"
    place.write_bytes(kept.read_bytes())
    os.utime(place, ns=(kept.stat().st_atime_ns, kept.stat().st_mtime_ns))


def copied(w: World, side: str) -> Path:
    place = w.folder / "a.sqlite" if side == "a" else w.folder / "b" / "people.csv"
    kept = w.folder / f"kept-{side}"
    shutil.copy2(place, kept)
    return kept


@pytest.mark.scenario("C7")
@pytest.mark.parametrize("side", ["a", "b"])
def test_a_side_put_back_from_a_backup_neither_deletes_nor_rolls_back_the_other(world: WorldMaker, side: str) -> None:
    other = "b" if side == "a" else "a"
    w = filled(world, 4, conflict=ConflictRule.A if side == "a" else ConflictRule.B)
    kept = copied(w, side)
    w.edit("a", 1, City="Graz")
    w.edit("b", w.of(2).b_id, city="Linz")
    w.put("a", Id=5, Email="p5@x.org", City="Wien")
    w.delete("a", 3)
    w.run()
    w.edit(other, w.of(4).b_id if other == "b" else 4, **{"city" if other == "b" else "City": "Rom"})
    put_back(w, side, kept)
    before = w.rows(other)
    result = w.run()
    assert result.outcome is Outcome.PROBLEMS
    name = "CRM" if side == "a" else "Shop"
    assert result.entities[0].notes[0].startswith(f"{name}, people: an older state was put back there.")
    assert w.rows(other) == before
    waiting = {conflict.record_id: conflict for conflict in w.app.records.conflicts("Sync")}
    # Two roll-backs, a record that was made since and is gone, and one that was deleted since and is back.
    wanted = {w.of(1).id, w.of(2).id, w.of(5).id}
    assert wanted <= set(waiting)
    assert {conflict.rule for conflict in waiting.values()} == {Rule.OLDER_STATE}
    assert len(w.run().entities[0].actions) >= 1  # a second run changes nothing of it
    assert w.rows(other) == before
    w.app.records.resolve(waiting[w.of(1).id].id, Side.A if other == "a" else Side.B)
    w.app.records.resolve(waiting[w.of(5).id].id, Side.A if other == "a" else Side.B)
    w.run()
    assert w.rows(other) == before
    restored = {row[0]: row[1] for row in w.rows(side, *(("Email", "City") if side == "a" else ("email", "city")))}
    assert restored["p1@x.org"] == "Graz"
    assert "p5@x.org" in restored


@pytest.mark.scenario("C7")
@pytest.mark.parametrize("side", ["a", "b"])
def test_a_copy_from_just_before_a_run_is_an_older_state_after_what_the_run_wrote(world: WorldMaker, side: str) -> None:
    other = "b" if side == "a" else "a"
    w = filled(world, 3, conflict=ConflictRule.A if side == "a" else ConflictRule.B)
    w.edit(other, w.of(1).b_id if other == "b" else 1, **{"city" if other == "b" else "City": "Rom"})
    kept = copied(w, side)
    assert w.actions(w.run()) == {Action.UPDATE_A if side == "a" else Action.UPDATE_B: 1}
    put_back(w, side, kept)
    before = w.rows(other)
    assert w.run().outcome is Outcome.PROBLEMS
    assert w.rows(other) == before
    assert [conflict.rule for conflict in w.app.records.conflicts("Sync")] == [Rule.OLDER_STATE]


@pytest.mark.scenario("C7")
def test_an_older_state_that_a_guard_stopped_still_waits_when_people_went_on_working_there(world: WorldMaker) -> None:
    w = world(guards=replace(GUARDS, empty_side=True))
    kept = copied(w, "a")
    for number in (1, 2):
        w.put("a", Id=number, Email=f"p{number}@x.org", City="Wien")
    w.run()
    put_back(w, "a", kept)
    assert w.run().outcome is Outcome.GUARD
    w.put("a", Id=9, Email="p9@x.org", City="Linz")  # neither the guard nor the file's time tells of it now
    w.run()
    assert sorted(row[0] for row in w.rows("b", "email")) == ["p1@x.org", "p2@x.org", "p9@x.org"]
    assert [conflict.rule for conflict in w.app.records.conflicts("Sync")] == [Rule.OLDER_STATE] * 2


@pytest.mark.scenario("C7")
def test_another_record_under_an_id_that_a_system_which_was_put_back_gave_again_is_told_and_nothing_is_overwritten(
    world: WorldMaker,
) -> None:
    w = filled(world, 4)
    kept = copied(w, "a")
    w.put("a", Id=5, Email="ann@x.org", City="Wien")
    w.edit("a", 1, City="Graz")
    w.run()
    b_id, before = w.of(5).b_id, w.rows("b")
    put_back(w, "a", kept)
    w.put("a", Id=5, Email="bob@x.org", City="Rom")
    os.utime(w.folder / "a.sqlite", ns=(kept.stat().st_atime_ns, kept.stat().st_mtime_ns))
    assert w.run().outcome is Outcome.PROBLEMS
    assert w.rows("b") == before
    assert w.of(5).last_error == (
        "CRM was put back to an older state, and may have given the id to another record: unlink the two if they are "
        "not the same, or decide which one stays"
    )
    assert w.of(1).last_error == "CRM was put back to an older state: decide which record stays"
    w.app.records.unlink(w.of(5).id)
    w.set_status(Event.SET_PREPARED_BY_USER, 5)
    w.set_status(Event.SET_PREPARED_BY_USER, b_id=b_id)
    w.run()
    assert {row[0] for row in w.rows("b", "email")} >= {"ann@x.org", "bob@x.org"}
    assert {row[0] for row in w.rows("a", "Email")} >= {"ann@x.org", "bob@x.org"}
    assert [conflict.record_id for conflict in w.app.records.conflicts("Sync")] == [w.of(1).id]


@pytest.mark.scenario("C7")
def test_stamps_that_went_back_tell_of_an_older_state_where_the_files_time_does_not(world: WorldMaker) -> None:
    w = filled(world, 0, modified=PerSide("Changed", ""))
    for number in (1, 2, 3):
        w.put("a", Id=number, Email=f"p{number}@x.org", City="Wien", Changed=f"2026-03-0{number} 10:00:00")
    w.run()
    kept = copied(w, "a")
    w.edit("a", 1, City="Graz", Changed="2026-03-05 10:00:00")
    w.run()
    assert w.record("b", w.of(1).b_id)["city"] == "Graz"  # type: ignore[index]
    (w.folder / "a.sqlite").write_bytes(kept.read_bytes())  # its time is new
    assert w.run().outcome is Outcome.PROBLEMS
    assert w.record("b", w.of(1).b_id)["city"] == "Graz"  # type: ignore[index]
    assert w.of(1).status is Status.CONFLICT


def test_deleting_the_newest_record_is_no_older_state(world: WorldMaker) -> None:
    w = filled(world, 0, modified=PerSide("Changed", ""))
    for number in (1, 2, 3):
        w.put("a", Id=number, Email=f"p{number}@x.org", City="Wien", Changed=f"2026-03-0{number} 10:00:00")
    w.run()
    w.delete("a", 3)
    assert w.run().entities[0].actions == {Action.DELETE_B: 1}
    w.edit("a", 1, City="Graz", Changed="2026-03-05 10:00:00")
    assert w.run().entities[0].actions == {Action.UPDATE_B: 1}


# Records that must be there, and records that reads overlook.


@pytest.mark.scenario("C6")
@pytest.mark.parametrize("mode", [Mode.FULL, Mode.INCREMENTAL])
def test_a_missing_sentinel_record_stops_the_run(world: WorldMaker, mode: Mode) -> None:
    w = filled(world, 4, sentinel=PerSide("1", ""), modified=PerSide("Changed", ""))
    w.edit("a", 2, City="Graz", Changed="2026-03-05 10:00:00")
    assert w.run(mode=mode).outcome is Outcome.DONE
    w.edit("a", 2, City="Linz", Changed="2026-03-06 10:00:00")
    w.delete("a", 1)
    before = w.fingerprints(), w.ledger_rows()
    result = w.run(mode=mode)
    assert result.outcome is Outcome.GUARD
    assert [(f.guard, f.side) for f in result.findings] == [(Guard.SENTINEL, Side.A)]
    assert (w.fingerprints(), w.ledger_rows()) == before


@pytest.mark.scenario("C12")
@pytest.mark.parametrize("rule", [DeleteRule.DELETE, DeleteRule.RESTORE, DeleteRule.UNLINK, DeleteRule.IGNORE])
def test_a_record_that_one_read_misses_is_gone_only_when_a_later_one_misses_it_too(
    world: WorldMaker, rule: DeleteRule
) -> None:
    clock, registry = HandClock(), ForgetfulRegistry("csv")
    w = filled(world, 3, clock=clock, registry=registry, delete=PerSide(DeleteRule.DELETE, rule))
    registry.forgetful.overlooked.add("2")
    before = w.fingerprints()
    result = w.run()
    assert result.entities[0].notes == (
        "Shop, people: 1 record waits until a second read confirms that the record is gone.",
    )
    assert w.fingerprints() == before
    w.run()  # too soon: the endpoint may still be settling
    assert w.fingerprints() == before
    registry.forgetful.overlooked.clear()
    clock.move(minutes=5)
    w.run()
    assert w.fingerprints() == before
    assert w.statuses() == [Status.PROCESSED] * 3
    registry.forgetful.overlooked.add("2")
    clock.move(minutes=5)
    w.run()  # what was missed before it was seen again does not count
    assert w.fingerprints() == before
    clock.move(minutes=5)
    if rule is DeleteRule.DELETE:
        assert w.run().entities[0].actions == {Action.DELETE_A: 1}
        assert len(w.rows("a")) == 2


@pytest.mark.scenario("C12")
def test_an_endpoint_whose_reads_are_complete_needs_one(world: WorldMaker) -> None:
    w = filled(world, 3)
    w.delete("b", w.of(2).b_id)
    assert w.run().entities[0].actions == {Action.DELETE_A: 1}


@pytest.mark.scenario("C13")
def test_a_lost_cursor_makes_the_read_complete_and_deletes_and_creates_nothing_by_mistake(world: WorldMaker) -> None:
    registry = ForgetfulRegistry("sql")
    registry.forgetful.completeness = type(registry.forgetful.completeness).COMPLETE
    columns = PERSON.lower().replace("note", "remark")
    stamped = PerSide("Changed", "changed")
    w = filled(world, 4, registry=registry, modified=stamped, b_is_table=True, b={"people": columns})
    w.edit("a", 2, City="Graz", Changed="2026-03-05 10:00:00")
    w.delete("a", 3)
    registry.forgetful.has_lost_cursor = True
    reads = registry.forgetful.complete_reads
    result = w.run(mode=Mode.INCREMENTAL)
    assert result.entities[0].actions == {Action.UPDATE_B: 1, Action.DELETE_B: 1}
    assert registry.forgetful.complete_reads == reads + 2
    w.assert_quiet(mode=Mode.INCREMENTAL)


# Counting.


@pytest.mark.scenario("C4")
def test_a_change_of_more_than_half_of_the_records_stops_the_run(world: WorldMaker) -> None:
    w = filled(world, 50)
    w.a.execute("UPDATE Person SET City = 'Graz' WHERE Id <= 25")
    assert w.run().outcome is Outcome.DONE
    w.a.execute("UPDATE Person SET City = 'Linz' WHERE Id <= 26")
    before = w.fingerprints()
    result = w.run()
    assert [(f.guard, f.count, f.limit) for f in result.findings] == [(Guard.UPDATES, 26, 25)]
    assert w.fingerprints() == before


@pytest.mark.parametrize("is_allowed", [False, True])
def test_deletions_of_records_that_are_planned_anew_count_with_those_of_the_run(
    world: WorldMaker, is_allowed: bool
) -> None:
    limits = replace(NO_GUARDS, deletes_number=2)
    table = {"people": "id INTEGER PRIMARY KEY, email TEXT, city TEXT"}
    w = filled(world, 6, guards=limits, b_is_table=True, b=table, conflict=ConflictRule.A)
    w.delete("a", 1)
    w.delete("a", 2)
    w.edit("a", 3, City="Graz")
    w.edit("b", w.of(3).b_id, city="Bonn")
    preview = w.app.synchronization.preview("Sync")
    assert preview.plan.findings == ()
    # After the plan was made, the record that is to be updated is deleted in A, and its edit in B is taken back.
    w.delete("a", 3)
    w.edit("b", w.of(3).b_id, city="Wien")
    result = w.run(preview=preview, allow=frozenset({Guard.DELETES} if is_allowed else ()))
    if is_allowed:
        assert result.entities[0].actions[Action.DELETE_B] == 3
        return
    assert result.entities[0].actions[Action.DELETE_B] == 2
    assert result.entities[0].notes == (
        "Shop, people: 1 deletion waits for the next run: 2 records were deleted already and 2 are allowed.",
    )
    assert w.of(3).status is Status.PREPARED
    assert w.run().entities[0].actions == {Action.DELETE_B: 1}


# Mounts.


@pytest.mark.scenario("C18")
@pytest.mark.parametrize("is_there", [True, False], ids=["an empty mount point", "no mount point"])
def test_a_share_that_is_not_mounted_deletes_nothing(world: WorldMaker, is_there: bool) -> None:
    w = filled(world, 3)
    (w.folder / "b").rename(w.folder / "unmounted")
    if is_there:
        (w.folder / "b").mkdir()
    with pytest.raises(MissingError):
        w.run()
    assert len(w.rows("a")) == 3
    if is_there:
        assert list((w.folder / "b").iterdir()) == []
        (w.folder / "b").rmdir()
    (w.folder / "unmounted").rename(w.folder / "b")
    w.assert_quiet()


# Letting a guard pass.


@pytest.mark.scenario("C3")
def test_a_guard_that_was_not_shown_is_not_let_pass(world: WorldMaker) -> None:
    w = filled(world, 60)
    w.a.execute("DELETE FROM Person WHERE Id > 35")
    assert w.run(allow=frozenset(Guard)).outcome is Outcome.GUARD
    assert w.run(allow=frozenset(Guard)).outcome is Outcome.DONE  # it is shown now
    assert len(w.rows("b")) == 35


@pytest.mark.scenario("C3")
def test_letting_a_guard_pass_holds_for_what_was_shown_and_for_less(world: WorldMaker) -> None:
    w = filled(world, 80)
    w.a.execute("DELETE FROM Person WHERE Id > 50")
    assert w.run().outcome is Outcome.GUARD
    w.a.execute("DELETE FROM Person WHERE Id = 1")
    result = w.run(allow=frozenset({Guard.DELETES}))
    assert result.outcome is Outcome.GUARD  # one more than was shown
    assert [f.count for f in result.findings] == [31]
    w.put("a", Id=1, Email="p1@x.org", City="Wien")
    w.edit("a", 2, City="Graz")  # what the guard is not about may change
    passed = w.run(allow=frozenset({Guard.DELETES}))
    assert passed.outcome is Outcome.DONE
    assert passed.entities[0].actions == {Action.DELETE_B: 30, Action.UPDATE_B: 1}


@pytest.mark.scenario("C3")
def test_as_many_deletions_of_other_records_are_not_what_was_shown(world: WorldMaker) -> None:
    w = filled(world, 80)
    w.a.execute("DELETE FROM Person WHERE Id > 50")
    assert w.run().outcome is Outcome.GUARD
    w.put("a", Id=80, Email="p80@x.org", City="Wien")
    w.a.execute("DELETE FROM Person WHERE Id = 1")
    assert w.run(allow=frozenset({Guard.DELETES})).outcome is Outcome.GUARD
    assert len(w.rows("b")) == 80


def test_the_digest_of_a_plan_covers_its_rows(world: WorldMaker) -> None:
    w = filled(world, 4)
    w.edit("a", 1, City="Graz")
    first = w.app.synchronization.preview("Sync").plan
    again = w.app.synchronization.preview("Sync").plan
    w.edit("a", 1, City="Wien")
    w.edit("a", 2, City="Graz")
    other = w.app.synchronization.preview("Sync").plan
    assert first.digest == again.digest
    assert (first.entities, first.id) != (other.entities, other.id)
    assert first.digest != other.digest


@pytest.mark.scenario("C9")
def test_a_deletion_after_pushes_and_an_edit_of_the_mapping_is_carried_out_once_it_may(world: WorldMaker) -> None:
    w = world(direction=Direction.A_TO_B, guards=GUARDS)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("a", Id=2, Email="bob@x.org", City="Graz")
    news = {"people": News(PerSide(frozenset({"1", "2"}), frozenset()))}
    w.app.synchronization.run_pushed(NAME, news, kind=RunKind.RUN)
    assert len(w.rows("b")) == 2
    w.save(person_entity(EMAIL, direction=Direction.A_TO_B))
    w.delete("a", 1)
    w.run()
    assert len(w.rows("b")) == 2  # a first run deletes nothing
    w.run()
    assert w.rows("b", "email") == [("bob@x.org",)]
    w.assert_quiet()
