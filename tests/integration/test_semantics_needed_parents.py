"""SPEC §6, RELIABILITY E12: a record is deleted on one side while the other side has something new that needs it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from desktop_sync.core.configuration import DeleteRule, EditAgainstDelete, PerSide, Side
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.plan import Mode
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Status
from tests.integration.test_semantics_cycles import enforced, keyed
from tests.support.worlds import World, WorldMaker

TABLES = {
    "land": "Id INTEGER PRIMARY KEY, Name TEXT",
    "town": enforced("town", "land"),
    "street": enforced("street", "town", "NOT NULL"),
}
FILES = {"land": "Id, Name", "town": "Id, Name, Ref", "street": "Id, Name, Ref"}


def places(world: WorldMaker, *, b_is_table: bool = True, **rules: object) -> World:
    """Streets in towns in lands; one land with one town on both sides, with ids of its own on each side."""
    references = {"land": "", "town": "land", "street": "town"}
    entities = [replace(keyed(name, other), **rules) for name, other in references.items()]  # type: ignore[arg-type]
    w = world(*entities, a=TABLES, b=TABLES if b_is_table else FILES, b_is_table=b_is_table)
    for entity in ("land", "town"):
        w.put("b", entity=entity, Id=8, Name=f"other {entity}")
    w.put("a", entity="land", Id=1, Name="Austria")
    w.put("a", entity="town", Id=1, Name="Graz", Ref=1)
    w.run()
    return w


def leave_and_need(w: World) -> None:
    """A has neither the town nor its land any more; B has a new street in the town."""
    w.delete("a", 1, entity="town")
    w.delete("a", 1, entity="land")
    w.put("b", entity="street", Id=5, Name="Ring", Ref=9)


def names(w: World, side: str, entity: str) -> list[object]:
    return [row[0] for row in w.rows(side, "Name", entity=entity)]


@pytest.mark.scenario("E12", "C14")
@pytest.mark.parametrize("b_is_table", [True, False])
def test_a_change_wins_so_what_a_new_record_refers_to_is_made_again(world: WorldMaker, b_is_table: bool) -> None:
    w = places(world, b_is_table=b_is_table)
    leave_and_need(w)
    with closing(w.app.synchronization.preview("Sync")) as preview:
        shown = [dict(one.counts) for one in preview.plan.entities]
        details = {row.entity: row.detail for row in preview.rows()}
    result = w.run()
    assert result.outcome is Outcome.DONE
    assert [w.actions(result, place) for place in range(3)] == shown == [{Action.CREATE_A: 1}] * 3
    assert details["town"] == "Shop, street, record 5 refers to it"
    assert details["land"] == "Shop, town, record 9 refers to it"
    for entity in ("land", "town", "street"):
        assert names(w, "a", entity) == names(w, "b", entity)
    assert w.a.execute(
        "SELECT l.Name FROM street s JOIN town t ON s.Ref = t.Id JOIN land l ON t.Ref = l.Id WHERE s.Name = 'Ring'"
    ) == [("Austria",)]
    kept = w.app.records.conflicts("Sync", only_open=False)
    assert {(one.entity, one.rule, one.winner) for one in kept} == {
        ("land", Rule.EDIT_WINS, Side.B),
        ("town", Rule.EDIT_WINS, Side.B),
    }
    w.assert_quiet()


@pytest.mark.scenario("E12", "C14")
@pytest.mark.parametrize("repair", ["restore", "let go"])
@pytest.mark.parametrize("b_is_table", [True, False])
def test_where_the_deletion_wins_both_wait_name_each_other_and_go_on_when_one_is_put_right(
    world: WorldMaker, b_is_table: bool, repair: str
) -> None:
    w = places(world, b_is_table=b_is_table, edit_against_delete=EditAgainstDelete.DELETE)
    leave_and_need(w)
    before = w.fingerprints()
    for _ in range(2):
        assert w.run().outcome is Outcome.PROBLEMS
        assert names(w, "b", "town") == ["Graz", "other town"]
        assert w.of(b_id=9, entity="town").status is Status.PREPARED
        assert w.of(b_id=5, entity="street").status is Status.INVALID
        assert w.of(b_id=5, entity="street").last_error == (
            "Ref: Shop, town, record 9, to which it refers, was deleted in CRM; restore that record in CRM, or change "
            "the reference in Shop"
        )
    assert w.fingerprints()[0] == before[0]
    if repair == "restore":
        w.put("a", entity="land", Id=1, Name="Austria")
        w.put("a", entity="town", Id=1, Name="Graz", Ref=1)
    else:
        w.delete("b", 5, entity="street")
    assert w.run().outcome is Outcome.DONE
    for entity in ("land", "town", "street"):
        assert names(w, "a", entity) == names(w, "b", entity)
    assert ("Graz" in names(w, "b", "town")) == (repair == "restore")
    w.assert_quiet()


@pytest.mark.scenario("E12", "C14")
@pytest.mark.parametrize("kept", [Side.A, Side.B])
def test_a_person_who_is_asked_decides_for_the_record_and_what_refers_to_it_follows(
    world: WorldMaker, kept: Side
) -> None:
    w = places(world, edit_against_delete=EditAgainstDelete.ASK)
    w.a.execute("UPDATE town SET Ref = NULL")
    w.run()
    w.delete("a", 1, entity="town")
    w.put("b", entity="street", Id=5, Name="Ring", Ref=9)
    w.run()
    assert w.of(b_id=9, entity="town").status is Status.CONFLICT
    assert w.of(b_id=9, entity="town").last_error == "Shop, street, record 5 refers to it"
    [conflict] = w.app.records.conflicts("Sync")
    w.app.records.resolve(conflict.id, kept)
    w.run()
    if kept is Side.A:  # the deletion, which cannot be while something refers to it
        assert names(w, "b", "town") == ["Graz", "other town"]
        assert w.of(b_id=5, entity="street").status is Status.INVALID
        w.delete("b", 5, entity="street")
        w.run()
        assert names(w, "a", "town") == names(w, "b", "town") == ["other town"]
    else:
        assert names(w, "a", "town") == ["Graz", "other town"]
        assert names(w, "a", "street") == ["Ring"]
    w.assert_quiet()


@pytest.mark.scenario("E12", "C14")
def test_an_edit_of_what_refers_to_it_needs_it_too(world: WorldMaker) -> None:
    w = places(world)
    w.put("a", entity="street", Id=1, Name="Ring", Ref=1)
    w.run()
    w.a.execute("DELETE FROM street")
    w.delete("a", 1, entity="town")
    w.edit("b", w.of(1, entity="street").b_id, entity="street", Name="Wall")
    assert w.run().outcome is Outcome.DONE
    assert names(w, "a", "street") == names(w, "b", "street") == ["Wall"]
    assert names(w, "a", "town") == names(w, "b", "town") == ["Graz", "other town"]
    w.assert_quiet()


@pytest.mark.scenario("E12", "C14")
def test_a_record_that_is_made_again_gets_what_refers_to_it_within_its_own_entity(world: WorldMaker) -> None:
    table = {"team": enforced("team", "team")}
    w = world(keyed("team", "team"), a=table, b=table, b_is_table=True)
    w.put("b", Id=8, Name="another")
    w.put("a", Id=1, Name="chief")
    w.run()
    w.delete("a", 1)
    w.put("b", Id=20, Name="new", Ref=w.of(1).b_id)
    assert w.run().outcome is Outcome.DONE
    assert w.a.execute("SELECT c.Name FROM team t JOIN team c ON t.Ref = c.Id WHERE t.Name = 'new'") == [("chief",)]
    w.assert_quiet()


@pytest.mark.scenario("E12", "C14")
@pytest.mark.parametrize("wins", [EditAgainstDelete.EDIT, EditAgainstDelete.DELETE])
def test_a_long_row_of_records_that_refer_to_each_other_is_made_again_or_waits_as_a_whole(
    world: WorldMaker, wins: EditAgainstDelete
) -> None:
    table = {"team": enforced("team", "team")}
    w = world(replace(keyed("team", "team"), edit_against_delete=wins), a=table, b=table, b_is_table=True)
    w.put("b", Id=50, Name="another")
    for number in range(1, 14):
        w.put("a", Id=number, Name=f"n{number}", Ref=number - 1 or None)
    w.run()
    last = w.of(13).b_id
    w.a.execute("DELETE FROM team WHERE Id < 14")
    w.put("b", Id=80, Name="new", Ref=last)
    before = w.rows("b")
    result = w.run()
    expected = 14 if wins is EditAgainstDelete.EDIT else 0
    assert len(w.rows("a")) == 1 + expected
    assert w.rows("b") == before
    assert (result.outcome is Outcome.DONE) == (wins is EditAgainstDelete.EDIT)
    if expected:
        w.assert_quiet()


@pytest.mark.scenario("E12", "C14")
def test_records_that_are_processed_by_themselves_bring_what_they_need(world: WorldMaker) -> None:
    w = places(world)
    leave_and_need(w)
    w.app.synchronization.prepare("Sync", mode=Mode.FULL)
    w.app.synchronization.process("Sync")
    assert names(w, "a", "town") == ["Graz", "other town"]
    assert names(w, "a", "street") == ["Ring"]
    w.assert_quiet()


@pytest.mark.scenario("E12", "C14")
def test_a_record_that_nothing_new_refers_to_is_deleted_with_what_referred_to_it(world: WorldMaker) -> None:
    w = places(world)
    w.delete("a", 1, entity="town")
    w.delete("a", 1, entity="land")
    assert w.run().outcome is Outcome.DONE
    assert names(w, "b", "town") == ["other town"]
    assert names(w, "b", "land") == ["other land"]


@pytest.mark.parametrize("b_is_table", [True, False])
def test_what_refers_to_a_record_that_is_made_again_under_another_id_says_so_before_it_runs(
    world: WorldMaker, b_is_table: bool
) -> None:
    w = places(world, b_is_table=b_is_table, delete=PerSide(DeleteRule.RESTORE, DeleteRule.RESTORE))
    town = w.of(1, entity="town")
    w.put("b", entity="street", Id=5, Name="Ring", Ref=town.b_id)
    w.delete("b", town.b_id, entity="town")
    with closing(w.app.synchronization.preview("Sync")) as preview:
        shown = [dict(one.counts) for one in preview.plan.entities]
        [row] = preview.rows(entity="street")
    result = w.run()
    assert [w.actions(result, place) for place in range(3)] == shown
    assert shown == [{}, {Action.CREATE_B: 1}, {Action.INVALID: 1}]
    assert row.detail == (
        f"Ref: Shop, town, record {town.b_id}, to which it refers, was deleted there and is made again under another "
        "id; change the reference"
    )
    assert w.rows("a", "Name", entity="street") == []
    w.edit("b", 5, entity="street", Ref=w.of(1, entity="town").b_id)
    assert w.actions(w.run(), 2) == {Action.CREATE_A: 1}
    w.assert_quiet()
