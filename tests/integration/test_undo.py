"""Undo of whole runs on real endpoints: both sides are what they were, the next run is quiet, and nothing of what
people did since is lost (SPEC §9)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import (
    ConflictRule,
    DeleteRule,
    EditAgainstDelete,
    Entity,
    FieldMapping,
    GuardLimits,
    Mark,
    PerSide,
    Side,
)
from desktop_sync.core.decision import Action
from desktop_sync.core.errors import ConfigurationError, VersionMismatchError
from desktop_sync.core.guard import Guard
from desktop_sync.core.ports import CancelToken
from desktop_sync.core.run import Outcome, RunKind, RunResult
from desktop_sync.core.status import Event, Status
from tests.support.worlds import EMAIL, World, WorldMaker, person_entity

LATER, EARLIER = "2024-05-02 00:00:00", "2024-05-01 00:00:00"
STAMPS = PerSide("Changed", "changed")


TABLE = {"people": "id INTEGER PRIMARY KEY, email TEXT, city TEXT, remark TEXT, changed TEXT, gone TEXT"}


def tables(world: WorldMaker, *entities: object, **options: object) -> World:
    """A world of two databases."""
    return world(*entities, **{"b_is_table": True, "b": TABLE, **options})


def either(world: WorldMaker, b_is_table: bool, **options: object) -> World:
    """A world of two databases, or of a database and text files."""
    return tables(world, **options) if b_is_table else world(**options)


def people(world: World, number: int = 9) -> None:
    """Both sides hold the same persons p1 …, peers after a first run, each with a value that no mapping names."""
    for n in range(1, number + 1):
        world.put("a", Id=n, Email=f"p{n}", City=f"city {n}", Note=f"note {n}", Changed=EARLIER)
        world.put("b", id=str(100 + n), email=f"p{n}", city=f"city {n}", remark=f"remark {n}", changed=EARLIER)
    assert world.run().outcome is Outcome.DONE


def edit_everything(world: World) -> None:
    """Every kind of change that a run writes; what is deleted stands last, where a text file takes it back."""
    world.edit("a", 1, City="edited in A", Changed=LATER)
    world.edit("b", 102, city="edited in B", changed=LATER)
    world.edit("a", 3, City="conflict A", Changed=LATER)
    world.edit("b", 103, city="conflict B", changed=EARLIER)
    world.edit("a", 4, Note="nobody sees this")
    world.delete("a", 9)
    world.delete("b", 108)
    world.put("a", Id=21, Email="n1", City="new in A", Changed=LATER)
    world.put("b", id="131", email="n2", city="new in B", changed=LATER)


def sides(world: World) -> tuple[object, object]:
    """Both sides as they are: the records of a database, the bytes of files."""
    return world.rows("a"), world.rows("b")


def undo(world: World, run: RunResult, **options: object) -> RunResult:
    assert run.run_id is not None
    return world.app.undo.undo(run.run_id, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("b_is_table", [True, False])
def test_after_the_undo_of_a_run_both_sides_are_what_they_were_before_it(world: WorldMaker, b_is_table: bool) -> None:
    one = either(world, b_is_table, modified=STAMPS)
    people(one)
    edit_everything(one)
    before = sides(one)
    run = one.run()
    assert len(one.actions(run)) >= 6
    assert sides(one) != before
    undone = undo(one, run)
    assert undone.outcome is Outcome.DONE, undone
    assert undone.undoes == run.run_id
    assert sides(one) == before
    kept = one.app.records.run(undone.run_id or 0)
    assert kept is not None
    assert kept.kind is RunKind.UNDO
    assert kept.result == undone


@pytest.mark.parametrize("b_is_table", [True, False])
def test_the_run_after_an_undo_writes_nothing_again(world: WorldMaker, b_is_table: bool) -> None:
    one = either(world, b_is_table, modified=STAMPS)
    people(one)
    edit_everything(one)
    before = sides(one)
    undo(one, one.run())
    after = one.run()
    assert not any(action.target for action in one.actions(after)), after
    assert sides(one) == before
    one.assert_quiet()


def test_files_are_byte_for_byte_what_they_were(world: WorldMaker) -> None:
    one = world(modified=STAMPS)
    people(one)
    one.edit("a", 1, City="edited in A", Changed=LATER)
    one.delete("a", 9)
    one.put("a", Id=21, Email="n1", City="new in A", Changed=LATER)
    before = (one.folder / "b" / "people.csv").read_bytes()
    run = one.run()
    assert one.actions(run) == {Action.CREATE_B: 1, Action.UPDATE_B: 1, Action.DELETE_B: 1}
    assert (one.folder / "b" / "people.csv").read_bytes() != before
    undo(one, run)
    assert (one.folder / "b" / "people.csv").read_bytes() == before


@pytest.mark.parametrize("b_is_table", [True, False])
def test_an_undo_is_undone_like_any_run(world: WorldMaker, b_is_table: bool) -> None:
    one = either(world, b_is_table, modified=STAMPS)
    people(one)
    edit_everything(one)
    before = sides(one)
    run = one.run()
    after = sides(one)
    first = undo(one, run)
    assert sides(one) == before
    second = undo(one, first)
    assert second.outcome is Outcome.DONE, second
    assert sides(one) == after
    assert {record.status for record in one.records()} <= {Status.PROCESSED, Status.DELETED}
    one.run()
    assert sides(one) == after
    third = undo(one, second)
    assert third.outcome is Outcome.DONE, third
    assert sides(one) == before


def test_a_run_that_was_undone_already_is_listed_record_by_record(world: WorldMaker) -> None:
    one = world(modified=STAMPS)
    people(one)
    edit_everything(one)
    run = one.run()
    undo(one, run)
    before = sides(one)
    again = undo(one, run)
    assert again.outcome is Outcome.PROBLEMS
    assert not any(action.target for action in one.actions(again))
    assert sides(one) == before


@pytest.mark.scenario("K1")
def test_what_people_changed_since_stays_and_is_listed_with_the_reason(world: WorldMaker) -> None:
    one = tables(world)
    people(one)
    one.edit("a", 1, City="one")
    one.edit("a", 2, City="two")
    one.edit("a", 3, City="three")
    one.put("a", Id=21, Email="n1", City="new")
    one.put("a", Id=22, Email="n2", City="new")
    one.delete("a", 9)
    one.delete("a", 8)
    run = one.run()
    one.edit("b", 101, city="edited after the run")
    one.delete("b", 102)
    (new,) = one.b.execute("SELECT id FROM people WHERE email = 'n1'")
    one.edit("b", new[0], remark="noted")  # no mapping names it
    (other,) = one.b.execute("SELECT id FROM people WHERE email = 'n2'")
    one.edit("b", other[0], city="moved")
    one.put("b", id=109, email="somebody", city="else")
    undone = undo(one, run)
    assert undone.outcome is Outcome.PROBLEMS
    assert one.actions(undone) == {Action.UPDATE_B: 1, Action.DELETE_B: 1, Action.CREATE_B: 1}
    assert undone.entities[0].failed == 4
    reasons = " ".join(undone.entities[0].problems)
    for reason in ("it was changed since: city", "it was deleted since", "a record with its id is there again"):
        assert reason in reasons
    rows = {row[1]: row[2] for row in one.rows("b", "id", "email", "city")}
    assert rows["p1"] == "edited after the run"
    assert rows["p3"] == "city 3"
    assert rows["p8"] == "city 8"
    assert rows["n2"] == "moved"
    assert rows["somebody"] == "else"
    assert {"p2", "n1"}.isdisjoint(rows)


def test_what_somebody_noted_in_a_record_comes_back_with_it(world: WorldMaker) -> None:
    """A record that is deleted is kept whole, also the fields that no mapping names."""
    one = tables(world)
    people(one)
    one.delete("a", 9)
    run = one.run()
    assert one.record("b", 109) is None
    undo(one, run)
    assert one.record("b", 109) == {
        "id": 109,
        "email": "p9",
        "city": "city 9",
        "remark": "remark 9",
        "changed": EARLIER,
        "gone": None,
    }


@pytest.mark.scenario("C15")
@pytest.mark.parametrize("primary", ["a", "b"])
def test_a_record_that_was_brought_back_is_neither_deleted_again_nor_duplicated(
    world: WorldMaker, primary: str
) -> None:
    one = tables(world, primary=Side(primary))
    people(one)
    one.delete("a", 9)
    undo(one, one.run())
    assert one.of(b_id=109).status is Status.DELETED
    before = sides(one)
    one.assert_quiet()
    assert sides(one) == before
    one.edit("b", 109, city="lives on")
    after = one.run()
    made = {Action.CREATE_A: 1} if primary == "b" else {}
    assert {action: n for action, n in one.actions(after).items() if action.target} == made
    assert len([row for row in one.rows("b", "email") if row == ("p9",)]) == 1


@pytest.mark.scenario("C15")
def test_the_pair_of_an_undone_deletion_is_whole_again_when_the_primary_has_its_record_again(world: WorldMaker) -> None:
    one = tables(world)
    people(one)
    one.delete("a", 9)
    undo(one, one.run())
    one.put("a", Id=9, Email="p9", City="back")
    one.run()
    assert one.of(a_id=9, b_id=109).status is Status.PROCESSED
    found = one.record("b", 109)
    assert found is not None
    assert found["city"] == "back"
    one.assert_quiet()


@pytest.mark.scenario("C15")
def test_an_undone_create_is_deleted_on_that_side_until_the_primary_record_is_modified(world: WorldMaker) -> None:
    one = tables(world)
    people(one, 2)
    one.put("a", Id=21, Email="n1", City="new")
    undo(one, one.run())
    assert one.of(a_id=21).status is Status.DELETED
    one.assert_quiet()
    one.edit("a", 21, City="wanted after all")
    one.run()
    assert ("n1", "wanted after all") in one.rows("b", "email", "city")
    one.assert_quiet()


def test_an_edit_after_an_undo_travels_as_usual(world: WorldMaker) -> None:
    one = tables(world)
    people(one, 3)
    one.edit("a", 1, City="one")
    one.edit("a", 2, City="two")
    undo(one, one.run())
    one.edit("a", 1, City="another")
    one.edit("b", 102, city="from B")
    after = one.run()
    assert one.actions(after) == {Action.UPDATE_B: 1, Action.UPDATE_A: 1}
    assert one.rows("a", "City") == one.rows("b", "city")
    one.assert_quiet()


def test_an_edit_that_waits_on_the_other_side_still_waits_after_the_undo(world: WorldMaker) -> None:
    one = tables(world)
    people(one, 2)
    one.edit("a", 1, City="one")
    run = one.run()
    one.edit("a", 1, City="edited before the undo")
    undo(one, run)
    assert one.of(a_id=1).status is Status.PREPARED
    one.run()
    assert ("p1", "edited before the undo") in one.rows("b", "email", "city")


def test_a_mark_is_taken_off_again(world: WorldMaker) -> None:
    one = tables(
        world, delete=PerSide(DeleteRule.MARK, DeleteRule.MARK), mark=PerSide(Mark("gone", "x"), Mark("Gone", "x"))
    )
    people(one, 3)
    one.delete("a", 3)
    before = sides(one)
    run = one.run()
    assert one.actions(run) == {Action.MARK_B: 1}
    undo(one, run)
    assert sides(one) == before
    one.assert_quiet()


def test_the_preview_shows_what_the_undo_does_and_writes_nothing(world: WorldMaker) -> None:
    one = tables(world, modified=STAMPS)
    people(one)
    edit_everything(one)
    run = one.run()
    one.edit("b", 101, city="edited after the run")
    before, ledger = one.fingerprints(), one.ledger_dump()
    preview = one.app.undo.preview(run.run_id or 0)
    rows = preview.rows()
    listed = preview.rows(listed=True)
    assert (preview.count(), preview.count(listed=True)) == (len(rows), 1)
    assert listed[0].reason == "it was changed since: city"
    (deleted,) = (row for row in rows if row.action is Action.CREATE_A)
    assert {field.label: field.after for field in deleted.fields}["Note"] == "note 8"
    updated = next(row for row in rows if row.action is Action.UPDATE_B and not row.reason)
    (city,) = (field for field in updated.fields if field.differs)
    assert (city.before, city.after) == ("conflict A", "conflict B")
    counted = preview.counts()["people"]
    assert (one.fingerprints(), one.ledger_dump()) == (before, ledger)
    undone = undo(one, run, preview=preview)
    assert one.actions(undone) == counted


def test_a_row_that_is_excluded_stays_as_it_is(world: WorldMaker) -> None:
    one = tables(world)
    people(one, 3)
    one.edit("a", 1, City="one")
    one.edit("a", 2, City="two")
    run = one.run()
    preview = one.app.undo.preview(run.run_id or 0)
    (kept,) = (row for row in preview.rows() if row.b_id == "101")
    preview.exclude("people", [kept.number], True)
    undo(one, run, preview=preview)
    assert sorted(one.rows("b", "city")) == [("city 2",), ("city 3",), ("one",)]


def test_a_preview_is_stale_after_another_run(world: WorldMaker) -> None:
    one = tables(world)
    people(one, 3)
    one.edit("a", 1, City="one")
    run = one.run()
    preview = one.app.undo.preview(run.run_id or 0)
    one.run()
    with pytest.raises(VersionMismatchError):
        undo(one, run, preview=preview)


def test_a_run_that_wrote_to_no_endpoint_cannot_be_undone(world: WorldMaker) -> None:
    one = tables(world)
    prepared = one.app.synchronization.prepare("Sync")
    with pytest.raises(ConfigurationError, match="nothing to undo"):
        one.app.undo.preview(prepared.run_id or 0)
    with pytest.raises(ConfigurationError, match="there is no run 99"):
        one.app.undo.undo(99)


def test_guards_do_not_stop_an_undo_but_their_numbers_are_shown(world: WorldMaker) -> None:
    one = tables(world, guards=GuardLimits())
    for n in range(1, 31):
        one.put("a", Id=n, Email=f"p{n}", City=f"city {n}")
    run = one.run()
    preview = one.app.undo.preview(run.run_id or 0)
    assert [finding.guard for finding in preview.findings()] == [Guard.DELETES]
    undone = undo(one, run, preview=preview)
    assert undone.outcome is Outcome.DONE
    assert [finding.guard for finding in undone.findings] == [Guard.DELETES]
    assert one.rows("b") == []


def test_the_loser_of_a_settled_conflict_is_brought_back_and_travels(world: WorldMaker) -> None:
    one = tables(world, conflict=ConflictRule.A)
    people(one, 3)
    one.edit("a", 1, City="winner")
    one.edit("b", 101, city="loser")
    one.run()
    (conflict,) = one.app.records.conflicts("Sync", only_open=False)
    assert one.rows("b", "city")[-1] == ("winner",)
    back = one.app.undo.bring_back(conflict.id)
    assert one.actions(back) == {Action.UPDATE_B: 1}
    assert one.record("b", 101) is not None
    assert ("p1", "loser") in one.rows("b", "email", "city")
    one.run()
    assert ("p1", "loser") in one.rows("a", "Email", "City")
    one.assert_quiet()


def test_the_loser_of_a_conflict_that_a_person_decided_is_brought_back(world: WorldMaker) -> None:
    one = tables(world, conflict=ConflictRule.ASK)
    people(one, 3)
    one.edit("a", 1, City="from A")
    one.edit("b", 101, city="from B")
    one.run()
    (conflict,) = one.app.records.conflicts("Sync")
    with pytest.raises(ConfigurationError, match="both values still stand"):
        one.app.undo.bring_back(conflict.id)
    one.app.records.resolve(conflict.id, Side.B)
    one.run()
    assert ("p1", "from B") in one.rows("a", "Email", "City")
    one.app.undo.bring_back(conflict.id)
    assert ("p1", "from A") in one.rows("a", "Email", "City")
    one.run()
    assert ("p1", "from A") in one.rows("b", "email", "city")


@pytest.mark.scenario("C14")
@pytest.mark.parametrize("wins", list(EditAgainstDelete)[:2])
def test_an_edit_or_a_deletion_that_lost_is_brought_back_and_travels(
    world: WorldMaker, wins: EditAgainstDelete
) -> None:
    one = tables(world, edit_against_delete=wins)
    people(one, 3)
    one.delete("a", 3)
    one.edit("b", 103, city="edited")
    one.run()
    (conflict,) = one.app.records.conflicts("Sync", only_open=False)
    edit_won = wins is EditAgainstDelete.EDIT
    assert (("p3",) in one.rows("a", "Email")) is edit_won
    one.app.undo.bring_back(conflict.id)
    one.run()
    assert (("p3",) in one.rows("a", "Email")) is not edit_won
    assert (("p3", "edited") in one.rows("b", "email", "city")) is not edit_won
    one.assert_quiet()


def linked(world: WorldMaker) -> tuple[World, RunResult]:
    """Two persons that a run paired without a write."""
    one = tables(world)
    for n in (1, 2):
        one.put("a", Id=n, Email=f"p{n}", City="same")
        one.put("b", id=100 + n, email=f"p{n}", city="same")
    run = one.run()
    assert one.actions(run) == {Action.LINK: 2}
    return one, run


def test_what_a_run_linked_is_unlinked_and_not_linked_again_by_the_next_run(world: WorldMaker) -> None:
    one, run = linked(world)
    before = sides(one)
    undone = undo(one, run)
    assert (undone.outcome, one.actions(undone), undone.notes) == (Outcome.DONE, {Action.UNLINK: 2}, ())
    for _ in range(2):
        assert [(r.a_id, r.b_id, r.status) for r in one.records()] == [
            ("1", None, Status.SKIPPED),
            ("2", None, Status.SKIPPED),
            (None, "101", Status.SKIPPED),
            (None, "102", Status.SKIPPED),
        ]
        one.assert_quiet()
    one.edit("a", 1, City="edited")
    one.assert_quiet()
    assert sides(one) != before
    assert one.rows("b", "city") == [("same",), ("same",)]


def test_the_undo_of_that_links_them_again_as_they_were(world: WorldMaker) -> None:
    one, run = linked(world)
    undone = undo(one, run)
    one.edit("a", 1, City="edited")
    redone = undo(one, undone)
    assert (redone.outcome, one.actions(redone)) == (Outcome.DONE, {Action.LINK: 2})
    assert [(r.a_id, r.b_id) for r in one.records()] == [("1", "101"), ("2", "102")]
    assert one.actions(one.run()) == {Action.UPDATE_B: 1, Action.ADOPT: 1}, "the edit that waited travels"
    one.assert_quiet()
    assert [r.status for r in one.records()] == [Status.PROCESSED, Status.PROCESSED]


def test_a_half_that_a_person_took_up_again_is_not_linked_by_the_undo_of_the_undo(world: WorldMaker) -> None:
    one, run = linked(world)
    undone = undo(one, run)
    one.app.records.set_status([one.of(b_id=101).id], Event.SET_PREPARED_BY_USER)
    redone = undo(one, undone)
    assert one.actions(redone) == {Action.LINK: 1}
    assert "taken up again" in redone.entities[0].problems[0]
    assert one.of(b_id=101).a_id is None


def test_a_link_that_a_person_made_goes_back_to_how_the_run_found_it(world: WorldMaker) -> None:
    one = tables(world)
    one.put("a", Id=1, Email="left", City="same")
    one.put("b", id=101, email="right", city="same")
    one.app.records.link(one.configuration.name, "people", "1", "101")
    one.edit("b", 101, email="left")
    run = one.run()
    assert one.actions(run) == {Action.LINK: 1}
    assert one.actions(undo(one, run)) == {Action.ADOPT: 1}
    assert (one.of(a_id=1).b_id, one.of(a_id=1).status) == ("101", Status.PREPARED)


def test_pairs_that_a_run_linked_and_wrote_to_stay_linked_as_they_stand_and_are_told(world: WorldMaker) -> None:
    one = tables(world)
    one.put("a", Id=1, Email="p1", City="from A")
    one.put("b", id=101, email="p1", city="from B")
    before = sides(one)
    run = one.run()
    undone = undo(one, run)
    assert sides(one) == before
    assert undone.notes == (
        "people: 1 pair stays linked that the run linked and wrote to, with the values of then; unlink what does not "
        "belong together.",
    )
    assert one.of(a_id=1, b_id=101).status is Status.PROCESSED
    one.assert_quiet()


def test_an_adoption_goes_back_to_the_baseline_before_it(world: WorldMaker) -> None:
    """Both sides say what they said: the pair counts as changed again, as before the run."""
    one = tables(world)
    people(one, 2)
    one.edit("a", 1, City="equal")
    one.edit("b", 101, city="equal")
    before = sides(one)
    run = one.run()
    assert one.actions(run) == {Action.ADOPT: 1}
    undone = undo(one, run)
    assert one.actions(undone) == {Action.ADOPT: 1}
    assert one.of(a_id=1).status is Status.PREPARED
    again = one.run()
    assert one.actions(again) == {Action.ADOPT: 1}
    assert sides(one) == before
    one.assert_quiet()


def test_records_that_refer_to_each_other_are_undone_in_order(world: WorldMaker) -> None:
    name, keys = FieldMapping("name", "name", identifying=True), PerSide(("Id",), ("id",))
    owners = Entity("owners", PerSide("Owner", "owners"), (name,), key=keys)
    things = Entity(
        "things",
        PerSide("Thing", "things"),
        (name, FieldMapping("OwnerId", "owner_id", lookup="owners")),
        key=keys,
    )
    plain = "INTEGER PRIMARY KEY, name TEXT"
    one = tables(
        world,
        things,
        owners,
        a={"Owner": f"Id {plain}", "Thing": f"Id {plain}, OwnerId INTEGER REFERENCES Owner(Id)"},
        b={"owners": f"id {plain}", "things": f"id {plain}, owner_id INTEGER REFERENCES owners(id)"},
    )
    one.put("a", entity="owners", Id=7, name="Ada")
    one.put("a", entity="things", Id=5, name="engine", OwnerId=7)
    run = one.run()
    assert len(one.rows("b", entity="things")) == len(one.rows("b", entity="owners")) == 1
    there = one.rows("b", entity="things"), one.rows("b", entity="owners")
    undone = undo(one, run)
    assert undone.outcome is Outcome.DONE, undone
    assert one.rows("b", entity="things") == one.rows("b", entity="owners") == []
    again = undo(one, undone)
    assert again.outcome is Outcome.DONE, again
    assert (one.rows("b", entity="things"), one.rows("b", entity="owners")) == there
    one.assert_quiet()


def test_an_undo_that_is_stopped_says_how_far_it_came(world: WorldMaker) -> None:
    token = CancelToken()
    cars = Entity("cars", PerSide("Car", "cars"), (FieldMapping("Plate", "plate", identifying=True),))
    one = world(
        person_entity(EMAIL),
        replace(cars, key=PerSide(("Id",), ("id",))),
        a={"Person": "Id INTEGER PRIMARY KEY, Email TEXT", "Car": "Id INTEGER PRIMARY KEY, Plate TEXT"},
        b={"people": "id, email", "cars": "id, plate"},
        steps=lambda name: token.cancel() if name == "undo.settled" else None,
    )
    one.put("a", Id=1, Email="p1@x.org")
    one.put("a", entity="cars", Id=1, Plate="W 1")
    run_id = one.run().run_id
    assert run_id is not None
    result = one.app.undo.undo(run_id, cancel=token)
    assert result.outcome is Outcome.CANCELLED
    assert {entity.entity: entity.actions for entity in result.entities} == {
        "people": {},
        "cars": {Action.DELETE_B: 1},
    }
    assert one.app.ledger.runs("Sync", 1)[0].result == result
