"""SPEC §5 and §6: what a deletion does, when a Deleted record comes back, and edits against deletions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import (
    DeleteRule,
    Direction,
    EditAgainstDelete,
    FieldMapping,
    Mark,
    PerSide,
    Side,
)
from desktop_sync.core.decision import Action
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Event, Status
from tests.support.worlds import CITY, EMAIL, World, WorldMaker, person_entity


def paired(world: WorldMaker, **rules: object) -> World:
    """Ann is A's 1 and B's 71, and in sync."""
    w = world(**rules)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("b", id="71", email="ann@x.org", city="Wien")
    w.run()
    assert w.statuses() == [Status.PROCESSED]
    return w


def rule(side: str, chosen: DeleteRule) -> PerSide[DeleteRule]:
    other = DeleteRule.DELETE
    return PerSide(chosen, other) if side == "a" else PerSide(other, chosen)


ID = {"a": 1, "b": 71}
SIDES = pytest.mark.parametrize("gone", ["a", "b"])


def other(side: str) -> str:
    return "b" if side == "a" else "a"


@SIDES
def test_by_the_rule_delete_the_counterpart_goes_too_and_the_record_is_deleted(world: WorldMaker, gone: str) -> None:
    w = paired(world)
    w.delete(gone, ID[gone])
    assert w.actions(w.run()) == {Action.DELETE_B if gone == "a" else Action.DELETE_A: 1}
    assert w.rows("a") == w.rows("b") == []
    assert w.statuses() == [Status.DELETED]
    w.assert_quiet()


@SIDES
def test_by_the_rule_mark_the_counterpart_is_marked_and_kept(world: WorldMaker, gone: str) -> None:
    w = paired(world, delete=rule(gone, DeleteRule.MARK), mark=PerSide(Mark("gone", "yes"), Mark("Gone", "yes")))
    # The mark of a direction is a field of the side that it goes to.
    w.delete(gone, ID[gone])
    w.run()
    assert w.rows(other(gone), "gone" if gone == "a" else "Gone") == [("yes",)]
    assert w.statuses() == [Status.DELETED]
    w.assert_quiet()


@SIDES
def test_by_the_rule_unlink_the_counterpart_stays_and_is_no_peer_any_more(world: WorldMaker, gone: str) -> None:
    w = paired(world, delete=rule(gone, DeleteRule.UNLINK))
    w.delete(gone, ID[gone])
    assert w.actions(w.run()) == {Action.UNLINK: 1}
    [record] = w.records()
    assert (record.a_id, record.b_id) == ((None, "71") if gone == "a" else ("1", None))
    assert len(w.rows(other(gone))) == 1
    w.assert_quiet()


@SIDES
def test_by_the_rule_restore_the_deleted_record_is_made_again(world: WorldMaker, gone: str) -> None:
    w = paired(world, delete=rule(gone, DeleteRule.RESTORE))
    w.delete(gone, ID[gone])
    assert w.actions(w.run()) == {Action.CREATE_A if gone == "a" else Action.CREATE_B: 1}
    assert len(w.rows("a")) == len(w.rows("b")) == 1
    assert w.statuses() == [Status.PROCESSED]
    w.assert_quiet()


@SIDES
def test_by_the_rule_ignore_the_counterpart_stays_and_the_record_is_deleted(world: WorldMaker, gone: str) -> None:
    w = paired(world, delete=rule(gone, DeleteRule.IGNORE))
    w.delete(gone, ID[gone])
    assert w.actions(w.run()) == {Action.CLOSE: 1}
    assert len(w.rows(other(gone))) == 1
    assert w.statuses() == [Status.DELETED]
    w.assert_quiet()


def test_a_deletion_does_not_travel_against_the_direction(world: WorldMaker) -> None:
    w = paired(world, direction=Direction.A_TO_B)
    w.delete("b", 71)
    w.run()
    assert len(w.rows("a")) == 1
    assert w.statuses() == [Status.DELETED]
    w.assert_quiet()


@pytest.mark.scenario("C15")
def test_a_record_that_both_sides_deleted_is_deleted_without_a_write(world: WorldMaker) -> None:
    w = paired(world)
    w.delete("a", 1)
    w.delete("b", 71)
    assert w.actions(w.run()) == {Action.CLOSE: 1}
    assert w.statuses() == [Status.DELETED]
    w.assert_quiet()


# Rule (a): deleted in the primary system, or in both, and restored in the primary.


@pytest.mark.scenario("C15")
@pytest.mark.parametrize("primary", list(Side))
def test_a_record_deleted_in_both_comes_back_when_it_is_restored_in_the_primary(
    world: WorldMaker, primary: Side
) -> None:
    w = paired(world, primary=primary)
    w.delete("a", 1)
    w.run()
    assert w.statuses() == [Status.DELETED]
    if primary is Side.A:
        w.put("a", Id=1, Email="ann@x.org", City="Linz")
    else:
        w.put("b", id="71", email="ann@x.org", city="Linz")
    w.run()
    assert w.rows("a", "Email", "City") == w.rows("b", "email", "city") == [("ann@x.org", "Linz")]
    assert w.statuses() == [Status.PROCESSED]
    w.assert_quiet()


@pytest.mark.scenario("C15")
def test_a_record_deleted_in_the_primary_only_comes_back_when_it_is_restored_there(world: WorldMaker) -> None:
    w = paired(world, delete=rule("a", DeleteRule.IGNORE))
    w.delete("a", 1)
    w.run()
    assert w.statuses() == [Status.DELETED]
    w.edit("b", 71, city="Rom")
    w.assert_quiet()  # an edit of the counterpart does not bring it back
    w.put("a", Id=1, Email="ann@x.org", City="Linz")
    w.run()
    assert w.rows("b", "id", "city") == [("71", "Linz")]
    assert w.statuses() == [Status.PROCESSED]
    w.assert_quiet()


# Rule (b): deleted only in the secondary system and then modified in the primary.


@pytest.mark.scenario("C15")
@pytest.mark.parametrize("primary", list(Side))
def test_a_record_deleted_in_the_secondary_comes_back_when_the_primary_modifies_it(
    world: WorldMaker, primary: Side
) -> None:
    gone = primary.other.value
    w = paired(world, primary=primary, delete=rule(gone, DeleteRule.IGNORE))
    w.delete(gone, ID[gone])
    w.run()
    assert w.statuses() == [Status.DELETED]
    w.assert_quiet()  # nothing was modified yet
    if primary is Side.A:
        w.edit("a", 1, City="Linz")
    else:
        w.edit("b", 71, city="Linz")
    w.run()
    assert w.rows("a", "City") == w.rows("b", "city") == [("Linz",)]
    assert w.statuses() == [Status.PROCESSED]
    w.assert_quiet()


@pytest.mark.scenario("C15")
def test_a_record_restored_in_the_secondary_as_it_was_stays_deleted(world: WorldMaker) -> None:
    w = paired(world)
    w.delete("a", 1)
    w.run()
    w.put("b", id="71", email="ann@x.org", city="Wien")
    w.assert_quiet()
    assert w.statuses() == [Status.DELETED]
    assert w.rows("a") == []


@pytest.mark.scenario("C15")
def test_another_record_that_takes_a_deleted_records_id_in_the_secondary_is_a_new_one(world: WorldMaker) -> None:
    w = paired(world)
    w.delete("a", 1)
    w.run()
    w.put("b", id="71", email="bob@x.org", city="Graz")
    w.run()
    assert w.rows("a", "Email", "City") == [("bob@x.org", "Graz")]
    assert w.rows("b", "email", "city") == [("bob@x.org", "Graz")]
    w.assert_quiet()


# Rule (c): never processed, and set to Deleted by hand.


@pytest.mark.scenario("C15")
def test_a_record_never_processed_and_set_to_deleted_by_hand_is_prepared_again_regardless(world: WorldMaker) -> None:
    w = world()
    w.put("a", Id=1, Email=None, City="Wien")
    w.run()
    assert w.statuses() == [Status.INVALID]
    assert w.set_status(Event.SET_DELETED_BY_USER, 1) == 1
    assert w.statuses() == [Status.DELETED]
    w.edit("a", 1, Email="ann@x.org")
    w.app.synchronization.prepare("Sync")
    assert w.statuses() == [Status.PREPARED]
    w.app.synchronization.process("Sync")
    assert w.statuses() == [Status.PROCESSED]
    assert w.rows("b", "email") == [("ann@x.org",)]
    w.assert_quiet()


@pytest.mark.scenario("C15")
def test_a_pair_never_processed_and_set_to_deleted_by_hand_is_prepared_again(world: WorldMaker) -> None:
    w = world()
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("b", id="71", email="anna@x.org", city="Graz")
    w.app.records.link("Sync", "people", "1", "71")
    assert w.set_status(Event.SET_DELETED_BY_USER, 1) == 1
    w.run()
    assert [(one.a_id, one.b_id, one.status) for one in w.records()] == [("1", "71", Status.PROCESSED)]
    assert w.rows("b", "email", "city") == [("ann@x.org", "Wien")]
    w.assert_quiet()


@pytest.mark.scenario("C15")
def test_a_processed_record_set_to_deleted_by_hand_stays_so_until_the_primary_modifies_it(world: WorldMaker) -> None:
    w = paired(world)
    w.set_status(Event.SET_DELETED_BY_USER, 1)
    w.edit("b", 71, city="Graz")
    w.assert_quiet()
    assert w.statuses() == [Status.DELETED]
    w.edit("a", 1, City="Linz")
    w.run()
    assert w.statuses() == [Status.PROCESSED]
    assert w.rows("b", "city") == [("Linz",)]


# Edits against deletions.


@pytest.mark.scenario("C14")
@SIDES
def test_an_edit_beats_a_deletion_by_default_and_the_conflict_is_kept(world: WorldMaker, gone: str) -> None:
    w = paired(world)
    w.delete(gone, ID[gone])
    w.edit(other(gone), ID[other(gone)], **{"city" if gone == "a" else "City": "Linz"})
    w.run()
    assert w.rows("a", "City") == w.rows("b", "city") == [("Linz",)]
    assert w.statuses() == [Status.PROCESSED]
    [conflict] = w.app.records.conflicts("Sync", only_open=False)
    assert conflict.winner is (Side.B if gone == "a" else Side.A)
    w.assert_quiet()


@pytest.mark.scenario("C14")
@SIDES
def test_a_deletion_beats_an_edit_where_the_rule_says_so_and_the_edit_is_kept(world: WorldMaker, gone: str) -> None:
    w = paired(world, edit_against_delete=EditAgainstDelete.DELETE)
    w.delete(gone, ID[gone])
    w.edit(other(gone), ID[other(gone)], **{"city" if gone == "a" else "City": "Linz"})
    w.run()
    assert w.rows("a") == w.rows("b") == []
    [conflict] = w.app.records.conflicts("Sync", only_open=False)
    assert conflict.winner is (Side.A if gone == "a" else Side.B)
    assert "Linz" in {(f.b if gone == "a" else f.a) for f in conflict.fields}
    w.assert_quiet()


@pytest.mark.scenario("C14")
@SIDES
@pytest.mark.parametrize("edit_wins", [True, False])
def test_an_edit_against_a_deletion_that_asks_is_settled_as_decided(
    world: WorldMaker, gone: str, edit_wins: bool
) -> None:
    w = paired(world, edit_against_delete=EditAgainstDelete.ASK)
    w.delete(gone, ID[gone])
    w.edit(other(gone), ID[other(gone)], **{"city" if gone == "a" else "City": "Linz"})
    assert w.run().outcome is Outcome.PROBLEMS
    assert w.statuses() == [Status.CONFLICT]
    w.assert_quiet()
    [conflict] = w.app.records.conflicts("Sync")
    w.app.records.resolve(conflict.id, Side(other(gone) if edit_wins else gone))
    w.run()
    expected = [("Linz",)] if edit_wins else []
    assert w.rows("a", "City") == w.rows("b", "city") == expected
    assert w.statuses() == [Status.PROCESSED if edit_wins else Status.DELETED]
    w.assert_quiet()


# Filters.


@pytest.mark.scenario("C8")
def test_a_record_that_leaves_the_filter_is_filtered_and_never_deleted_and_comes_back_to_its_peer(
    world: WorldMaker,
) -> None:
    w = paired(world, filter=PerSide("City = 'Wien' OR City = 'Linz'", ""))
    w.edit("a", 1, City="Rom")
    w.run()
    assert w.statuses() == [Status.FILTERED]
    assert w.rows("b", "city") == [("Wien",)]
    w.edit("b", 71, city="Graz")
    w.assert_quiet()
    w.edit("a", 1, City="Linz")
    w.run()
    assert w.statuses() == [Status.PROCESSED]
    assert (w.of(1).b_id, len(w.rows("a")), len(w.rows("b"))) == ("71", 1, 1)
    assert w.rows("b", "city") == [("Linz",)]
    w.assert_quiet()


@pytest.mark.scenario("C8")
def test_a_record_outside_the_filter_from_the_start_takes_no_part(world: WorldMaker) -> None:
    w = world(filter=PerSide("", "city = 'Wien'"))
    w.put("b", id="71", email="ann@x.org", city="Graz")
    w.put("b", id="72", email="bob@x.org", city=None)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.run()
    assert w.rows("a", "Email") == [("ann@x.org",)]
    assert len(w.rows("b")) == 2
    w.assert_quiet()


def test_changing_the_filter_deletes_nothing(world: WorldMaker) -> None:
    w = paired(world)
    w.save(person_entity(EMAIL, CITY, filter=PerSide("City = 'Rom'", "city = 'Rom'")))
    w.run()
    assert len(w.rows("a")) == len(w.rows("b")) == 1
    assert w.statuses() == [Status.FILTERED]
    w.save(person_entity(EMAIL, CITY))
    w.run()
    assert w.statuses() == [Status.PROCESSED]
    w.assert_quiet()


def test_a_new_mapping_does_not_turn_an_old_difference_into_a_deletion_or_a_duplicate(world: WorldMaker) -> None:
    w = paired(world)
    w.edit("a", 1, Note="from a")
    w.save(person_entity(EMAIL, CITY, FieldMapping("Note", "remark")))
    w.run()
    assert len(w.rows("a")) == len(w.rows("b")) == 1
    assert w.rows("a", "Note") == w.rows("b", "remark") == [("from a",)]
    w.assert_quiet()


def test_a_mark_may_be_set_up_for_one_direction_only(world: WorldMaker) -> None:
    entity = replace(
        person_entity(EMAIL, CITY, delete=PerSide(DeleteRule.MARK, DeleteRule.DELETE)),
        mark=PerSide(Mark("gone", "1"), Mark()),
    )
    w = world(entity)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.run()
    w.delete("a", 1)
    w.run()
    assert w.rows("b", "email", "gone") == [("ann@x.org", "1")]
    w.assert_quiet()


@pytest.mark.parametrize("gone", ["a", "b"])
def test_an_id_that_a_deleted_record_had_can_be_given_to_a_new_one(world: WorldMaker, gone: str) -> None:
    w = world()
    for round_number in range(4):
        email = f"p{round_number}@x.org"
        if gone == "a":
            w.put("a", Id=round_number + 1, Email=email, City="Wien")
        else:
            w.put("b", id=round_number + 1, email=email, city="Wien")
        w.run()
        assert w.rows("a", "Email") == w.rows("b", "email") == [(email,)]
        w.delete(gone, round_number + 1)
        w.run()
        assert w.rows("a") == w.rows("b") == []
    w.assert_quiet()


def test_a_new_record_does_not_get_the_id_of_one_whose_deletion_is_still_to_be_carried_out(world: WorldMaker) -> None:
    w = world()
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.run()
    b_id = w.of(1).b_id
    w.delete("b", b_id)  # so that this id looks free to the endpoint
    w.put("a", Id=2, Email="bob@x.org", City="Graz")
    w.run()
    assert w.rows("a", "Email") == w.rows("b", "email") == [("bob@x.org",)]
    assert (w.of(1).status, w.of(2).status) == (Status.DELETED, Status.PROCESSED)
    w.assert_quiet()


@pytest.mark.scenario("C8")
def test_a_record_that_cannot_be_synchronized_and_leaves_the_filter_is_filtered(world: WorldMaker) -> None:
    w = world(
        fields=(EMAIL, FieldMapping("Size", "size")),
        a={"Person": "Id INTEGER PRIMARY KEY, Email TEXT, Size INTEGER, Note TEXT"},
        b={"people": "id, email, size"},
        filter=PerSide("Note IS NULL", ""),
    )
    w.put("a", Id=1, Email="ann@x.org", Size=7)
    w.run()
    w.edit("a", 1, Size="large")
    w.run()
    assert w.statuses() == [Status.INVALID]
    w.edit("a", 1, Note="away")
    w.run()
    assert w.statuses() == [Status.FILTERED]
    w.assert_quiet()
    w.edit("a", 1, Note=None)
    w.run()
    assert w.statuses() == [Status.INVALID]
    w.edit("a", 1, Size=8)
    w.run()
    assert (w.statuses(), w.rows("b", "size")) == ([Status.PROCESSED], [("8",)])


@SIDES
@pytest.mark.scenario("C8")
def test_a_filtered_record_that_is_deleted_takes_nothing_with_it(world: WorldMaker, gone: str) -> None:
    """Whether it is the record that left the filter that goes, or the counterpart that stayed."""
    w = paired(world, filter=PerSide("City = 'Wien'", ""))
    w.edit("a", 1, City="Rom")
    w.run()
    assert w.statuses() == [Status.FILTERED]
    w.delete(gone, ID[gone])
    assert w.actions(w.run()) == {Action.CLOSE: 1}
    assert len(w.rows(other(gone))) == 1
    assert w.statuses() == [Status.DELETED]
    w.assert_quiet()


@SIDES
def test_a_record_that_left_the_filter_and_lost_its_counterpart_between_runs_is_closed(
    world: WorldMaker, gone: str
) -> None:
    w = paired(world, filter=PerSide("City = 'Wien'", "city = 'Wien'"))
    if other(gone) == "a":
        w.edit("a", 1, City="Rom")
    else:
        w.edit("b", 71, city="Rom")
    w.delete(gone, ID[gone])
    assert w.actions(w.run()) == {Action.CLOSE: 1}
    assert len(w.rows(other(gone))) == 1
    w.assert_quiet()


@pytest.mark.parametrize("against", [EditAgainstDelete.EDIT, EditAgainstDelete.DELETE])
def test_a_counterpart_that_went_while_the_record_was_filtered_deletes_nothing_when_it_is_back(
    world: WorldMaker, against: EditAgainstDelete
) -> None:
    w = paired(world, filter=PerSide("Note IS NULL", ""), edit_against_delete=against)
    w.edit("a", 1, Note="away")
    w.run()
    w.delete("b", 71)
    w.edit("a", 1, Note=None)
    w.run()
    assert w.rows("a", "City") == [("Wien",)]
    assert w.statuses() == [Status.DELETED]
    w.edit("a", 1, City="Graz")  # deleted in the secondary system only, and modified in the primary one
    w.run()
    assert w.rows("b", "city") == [("Graz",)]
    w.assert_quiet()


def test_a_filtered_record_that_was_deleted_and_is_restored_comes_back_to_its_peer(world: WorldMaker) -> None:
    w = paired(world, filter=PerSide("City <> 'Rom'", ""))
    w.edit("a", 1, City="Rom")
    w.run()
    w.delete("a", 1)
    w.run()
    w.put("a", Id=1, Email="ann@x.org", City="Linz")
    w.run()
    assert w.rows("b", "id", "city") == [("71", "Linz")]
    assert w.statuses() == [Status.PROCESSED]
    w.assert_quiet()
