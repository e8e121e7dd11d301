"""SPEC §4 and §5: records of Deleted peers that are there again, and others that were given their ids."""

from __future__ import annotations

from contextlib import closing

import pytest

from desktop_sync.core.configuration import NO_MARK, DeleteRule, Mark, PerSide, Side
from desktop_sync.core.decision import Action
from desktop_sync.core.plan import Mode
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Status
from tests.support.worlds import PERSON, World, WorldMaker

IGNORING = PerSide(DeleteRule.IGNORE, DeleteRule.IGNORE)
STAMPED = PerSide("Changed", "changed")
LONG_AGO = "2024-05-01 10:00:00"
COLUMNS = PERSON.lower().replace("note", "remark")
GONE = pytest.mark.parametrize("gone", ["a", "b", "both"])
ONE_GONE = pytest.mark.parametrize("gone", ["a", "b"])


def pairs(world: WorldMaker, **rules: object) -> World:
    """Ann and Bob in both systems, with ids of their own, in sync; Bob has the greatest id on both sides."""
    w = world(b_is_table=True, b={"people": COLUMNS}, modified=STAMPED, **rules)
    for number, name in ((1, "ann"), (2, "bob")):
        w.put("a", Id=number, Email=f"{name}@x.org", City="Wien", Changed=LONG_AGO)
        w.put("b", id=70 + number, email=f"{name}@x.org", city="Wien", changed=LONG_AGO)
    w.run()
    assert w.statuses() == [Status.PROCESSED] * 2
    return w


def bob_is_deleted(w: World, gone: str) -> None:
    for side, number in (("a", 2), ("b", 72)):
        if gone in (side, "both"):
            w.delete(side, number)
    w.run()
    assert w.of(2).status is Status.DELETED


def add(w: World, side: str, name: str, city: str, changed: str = "2024-06-01 10:00:00") -> None:
    """Somebody is added, and gets the id that Bob had."""
    if side == "a":
        w.put("a", Id=2, Email=f"{name}@x.org", City=city, Changed=changed)
    else:
        w.put("b", id=72, email=f"{name}@x.org", city=city, changed=changed)


def people(w: World) -> list[tuple[object, ...]]:
    """What both sides hold, which is the same."""
    assert w.rows("a", "Email", "City") == w.rows("b", "email", "city")
    return w.rows("a", "Email", "City")


ANN = ("ann@x.org", "Wien")


@GONE
@pytest.mark.parametrize("mode", [Mode.FULL, Mode.INCREMENTAL])
@pytest.mark.scenario("C15")
def test_a_person_added_in_both_systems_under_ids_of_a_deleted_pair_is_paired_not_duplicated(
    world: WorldMaker, gone: str, mode: Mode
) -> None:
    w = pairs(world)
    bob_is_deleted(w, gone)
    add(w, "a", "cyd", "Graz")
    add(w, "b", "cyd", "Graz")
    assert w.actions(w.run(mode=mode)) == {Action.LINK: 1}
    assert people(w) == [ANN, ("cyd@x.org", "Graz")]
    assert [(one.a_id, one.b_id, one.status) for one in w.records()] == [
        ("1", "71", Status.PROCESSED),
        ("2", "72", Status.PROCESSED),
    ]
    w.assert_quiet()


@GONE
def test_a_pair_that_was_deleted_and_is_restored_in_both_with_other_values_goes_by_the_rule_of_first_contact(
    world: WorldMaker, gone: str
) -> None:
    w = pairs(world)
    bob_is_deleted(w, gone)
    add(w, "a", "bob", "Graz", "2024-06-01 10:00:00")
    add(w, "b", "bob", "Linz", "2024-06-01 11:00:00")
    assert w.actions(w.run()) == {Action.UPDATE_A: 1}
    assert people(w) == [ANN, ("bob@x.org", "Linz")]
    w.assert_quiet()


@GONE
@pytest.mark.parametrize("is_queued", [False, True])
def test_two_persons_who_got_the_ids_of_a_deleted_pair_are_two_persons(
    world: WorldMaker, gone: str, is_queued: bool
) -> None:
    w = pairs(world)
    bob_is_deleted(w, gone)
    add(w, "a", "cyd", "Graz")
    add(w, "b", "dan", "Linz")
    if is_queued:
        w.app.synchronization.prepare("Sync")
        w.app.synchronization.process("Sync")
    else:
        assert w.actions(w.run()) == {Action.CREATE_A: 1, Action.CREATE_B: 1}
    assert people(w) == [ANN, ("cyd@x.org", "Graz"), ("dan@x.org", "Linz")]
    w.assert_quiet()


@ONE_GONE
@pytest.mark.parametrize("mode", [Mode.FULL, Mode.INCREMENTAL])
def test_another_person_who_gets_the_id_of_a_deleted_one_does_not_overwrite_the_one_that_stayed(
    world: WorldMaker, gone: str, mode: Mode
) -> None:
    w = pairs(world, delete=IGNORING)
    bob_is_deleted(w, gone)
    stayed = "b" if gone == "a" else "a"
    add(w, gone, "cyd", "Graz")
    w.run(mode=mode)
    with_bob = [ANN, ("bob@x.org", "Wien"), ("cyd@x.org", "Graz")]
    assert w.rows(stayed, *(("Email", "City") if stayed == "a" else ("email", "city"))) == with_bob
    assert w.rows(gone, *(("Email", "City") if gone == "a" else ("email", "city"))) == [with_bob[0], with_bob[2]]
    assert [one.status for one in w.records()].count(Status.DELETED) == 1  # Bob stays what he was
    w.assert_quiet()


@ONE_GONE
def test_what_stayed_is_still_found_after_another_record_got_the_id_of_its_counterpart(
    world: WorldMaker, gone: str
) -> None:
    w = pairs(world, delete=IGNORING)
    bob_is_deleted(w, gone)
    add(w, gone, "cyd", "Graz")
    w.run()
    if gone == "a":
        w.put("a", Id=9, Email="bob@x.org", City="Wien")
    else:
        w.put("b", id=99, email="bob@x.org", city="Wien")
    assert w.actions(w.run()) == {Action.LINK: 1}
    assert people(w) == [ANN, ("bob@x.org", "Wien"), ("cyd@x.org", "Graz")]
    w.assert_quiet()


@pytest.mark.parametrize("is_known", [False, True])
@pytest.mark.parametrize("mode", [Mode.FULL, Mode.INCREMENTAL])
def test_a_record_that_the_primary_modifies_after_its_counterparts_id_went_to_another_is_made_again(
    world: WorldMaker, is_known: bool, mode: Mode
) -> None:
    w = pairs(world, delete=IGNORING)
    bob_is_deleted(w, "b")
    add(w, "b", "cyd", "Graz")
    if is_known:
        w.run()
    w.edit("a", 2, City="Rom", Changed="2024-06-02 10:00:00")
    w.run(mode=mode)
    assert people(w) == [ANN, ("bob@x.org", "Rom"), ("cyd@x.org", "Graz")]
    w.assert_quiet()


def test_an_edit_of_the_record_that_stayed_is_no_loser_unseen_when_its_counterpart_is_restored(
    world: WorldMaker,
) -> None:
    w = pairs(world, delete=IGNORING)
    bob_is_deleted(w, "a")
    w.edit("b", 72, city="Rom", changed="2024-06-03 10:00:00")
    add(w, "a", "bob", "Graz", "2024-06-02 10:00:00")
    assert w.actions(w.run()) == {Action.UPDATE_A: 1}
    assert people(w) == [ANN, ("bob@x.org", "Rom")]
    (conflict,) = w.app.records.conflicts("Sync", only_open=False)
    assert [(one.a, one.b) for one in conflict.fields if one.label == "City"] == [("Graz", "Rom")]
    w.assert_quiet()


def test_a_record_that_is_restored_as_it_was_is_adopted_without_a_write(world: WorldMaker) -> None:
    w = pairs(world, delete=IGNORING)
    bob_is_deleted(w, "a")
    before = w.b.fingerprint()
    add(w, "a", "bob", "Wien")
    assert w.actions(w.run()) == {Action.ADOPT: 1}
    assert (w.b.fingerprint(), w.of(2).status) == (before, Status.PROCESSED)
    w.assert_quiet()


def test_an_incremental_run_finds_the_counterpart_that_stayed_of_a_restored_record(world: WorldMaker) -> None:
    w = pairs(world, delete=IGNORING)
    bob_is_deleted(w, "a")
    w.edit("b", 71, city="Bonn", changed="2024-05-20 10:00:00")
    w.run()
    add(w, "a", "bob", "Graz")
    assert w.actions(w.run(mode=Mode.INCREMENTAL)) == {Action.UPDATE_B: 1}
    assert people(w) == [("ann@x.org", "Bonn"), ("bob@x.org", "Graz")]
    w.assert_quiet()


@ONE_GONE
def test_an_id_of_a_record_that_stayed_and_went_later_can_be_given_to_a_new_one(world: WorldMaker, gone: str) -> None:
    w = pairs(world, delete=IGNORING)
    bob_is_deleted(w, gone)
    stayed = "b" if gone == "a" else "a"
    w.delete(stayed, 72 if stayed == "b" else 2)
    w.run()
    w.assert_quiet()
    add(w, stayed, "cyd", "Graz")
    w.run()
    assert people(w) == [ANN, ("cyd@x.org", "Graz")]
    w.assert_quiet()


# What was marked as deleted, and whose counterpart is back.

ACTIVE = "id INTEGER PRIMARY KEY, email TEXT, city TEXT, active INTEGER, gone TEXT"


def marked(world: WorldMaker, field: str, value: str, **rules: object) -> World:
    """Ann is in both systems and was deleted in CRM; Shop has marked her."""
    mark = PerSide(Mark(field, value), NO_MARK)
    delete = PerSide(DeleteRule.MARK, DeleteRule.DELETE)
    w = world(b_is_table=True, b={"people": ACTIVE}, mark=mark, delete=delete, **rules)
    for number, name in ((1, "ann"), (2, "bob")):
        w.put("a", Id=number, Email=f"{name}@x.org", City="Wien")
        w.put("b", id=70 + number, email=f"{name}@x.org", city="Wien", active=number, gone="no")
    w.run()
    w.delete("a", 1)
    assert w.actions(w.run()) == {Action.MARK_B: 1}
    assert str(w.record("b", 71)[field]) == value  # type: ignore[index]
    return w


@pytest.mark.parametrize(("field", "value", "before"), [("active", "0", 1), ("gone", "yes", "no")])
@pytest.mark.parametrize("city", ["Wien", "Graz"])
def test_a_mark_is_taken_back_when_the_record_is_back_and_nothing_else_of_what_is_not_mapped_is_touched(
    world: WorldMaker, field: str, value: str, before: object, city: str
) -> None:
    w = marked(world, field, value)
    w.put("a", Id=1, Email="ann@x.org", City=city)
    w.edit("a", 2, City="Linz")
    w.b.execute("UPDATE people SET gone = 'maybe' WHERE id = 72")  # type: ignore[union-attr]
    with closing(w.app.synchronization.preview("Sync")) as preview:
        told = [row.detail for row in preview.rows() if row.b_id == "71"]
    result = w.run()
    assert told == [f"the mark in {field} is taken back, if it is still there"]
    assert w.actions(result) == {Action.UPDATE_B: 2}
    assert w.record("b", 71) == {"id": 71, "email": "ann@x.org", "city": city, "active": 1, "gone": "no"}
    assert w.record("b", 71)[field] == before  # type: ignore[index]
    assert w.record("b", 72) == {"id": 72, "email": "bob@x.org", "city": "Linz", "active": 2, "gone": "maybe"}
    assert w.statuses() == [Status.PROCESSED] * 2
    w.assert_quiet()
    w.app.undo.undo(result.run_id)
    assert str(w.record("b", 71)[field]) == value  # type: ignore[index]


def test_what_somebody_else_wrote_over_the_mark_stays(world: WorldMaker) -> None:
    w = marked(world, "gone", "yes")
    w.edit("b", 71, gone="on leave")
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.run()
    assert w.record("b", 71)["gone"] == "on leave"  # type: ignore[index]
    w.assert_quiet()


def test_a_record_that_stayed_and_is_matched_with_another_is_not_created_a_second_time(world: WorldMaker) -> None:
    w = world(filter=PerSide("City <> 'Linz'", ""), primary=Side.B)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("a", Id=2, Email="eve@x.org", City="Wien")
    w.run()
    ann, eve = w.of(1).b_id, w.of(2).b_id
    for key in (1, 2):
        w.edit("a", key, City="Linz")
    w.run()
    w.delete("a", 1)
    w.delete("b", eve)
    w.run()
    assert w.statuses() == [Status.DELETED, Status.DELETED]
    w.edit("a", 2, Email="ann@x.org")
    w.edit("b", ann, city="Graz")
    with closing(w.app.synchronization.preview("Sync")) as preview:
        said = dict(preview.plan.entities[0].counts)
    result = w.run()
    assert (result.outcome, w.actions(result)) == (Outcome.DONE, said)
    assert w.rows("a", "Id") == [(2,)]
    assert w.of(b_id=ann).a_id == "2"
    w.assert_quiet()
