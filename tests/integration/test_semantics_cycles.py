"""RELIABILITY E12: references that go round are broken by create-then-link; a missing prerequisite is waited for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest

from desktop_sync.core.configuration import Entity, FieldMapping, PerSide
from desktop_sync.core.decision import Action
from desktop_sync.core.finding import Level
from desktop_sync.core.plan import Mode
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Status
from tests.support.worlds import World, WorldMaker

NAMES = ("x", "y", "z")


def ring(world: WorldMaker, *, b_is_table: bool, columns: str = "id INTEGER PRIMARY KEY, name, ref") -> World:
    """Three entities of which each refers to the next, and the last to the first; both sides give ids of their own."""
    entities = [
        Entity(
            name,
            PerSide(f"A{name}", f"b{name}"),
            (FieldMapping("Name", "name", identifying=True), FieldMapping("Ref", "ref", lookup=NAMES[(place + 1) % 3])),
            key=PerSide(("Id",), ("id",)),
            modified=PerSide("Changed", ""),
        )
        for place, name in enumerate(NAMES)
    ]
    b = {f"b{name}": columns if b_is_table else "id, name, ref" for name in NAMES}
    a = {f"A{name}": "Id INTEGER PRIMARY KEY, Name TEXT, Ref INTEGER, Changed TEXT" for name in NAMES}
    return world(*entities, a=a, b=b, b_is_table=b_is_table)


def put(w: World, entity: str, key: int, ref: int | None, changed: str = "2026-01-01 10:00:00") -> None:
    w.put("a", entity=entity, Id=key, Name=f"{entity}{key}", Ref=ref, Changed=changed)


def links(w: World, entity: str) -> dict[object, object]:
    """Name → name of what it refers to, on side B."""
    nexts = NAMES[(NAMES.index(entity) + 1) % 3]
    names = {str(key): name for key, name in w.rows("b", "id", "name", entity=nexts)}
    return {name: None if ref is None else names[str(ref)] for name, ref in w.rows("b", "name", "ref", entity=entity)}


@pytest.mark.scenario("E12")
@pytest.mark.parametrize("b_is_table", [True, False])
def test_a_ring_of_three_entities_is_said_created_and_linked_in_one_run(world: WorldMaker, b_is_table: bool) -> None:
    w = ring(world, b_is_table=b_is_table)
    findings = [f for f in w.app.configurations.check(w.configuration) if "in a circle" in f.message]
    assert [(f.level, "x → y → z → x" in f.message) for f in findings] == [(Level.NOTE, True)]
    for entity in NAMES:  # two rings, and one that stands alone
        put(w, entity, 1, 2)
        put(w, entity, 2, 1)
        put(w, entity, 3, None)
    w.run()
    for place, entity in enumerate(NAMES):
        following = NAMES[(place + 1) % 3]
        assert links(w, entity) == {
            f"{entity}1": f"{following}2",
            f"{entity}2": f"{following}1",
            f"{entity}3": None,
        }
        assert set(w.statuses(entity)) == {Status.PROCESSED}
    w.assert_quiet()
    w.edit("a", 1, entity="z", Ref=3)
    w.run()
    assert links(w, "z")["z1"] == "x3"
    w.assert_quiet()


@pytest.mark.scenario("E12")
@pytest.mark.parametrize("way", ["incremental", "process"])
def test_a_missing_prerequisite_in_a_ring_is_waited_for_with_its_reason(world: WorldMaker, way: str) -> None:
    w = ring(world, b_is_table=True)
    put(w, "x", 1, 7)  # there is no such record in y
    put(w, "z", 1, 1)
    w.run()
    assert w.of(1, entity="x").status in (Status.INVALID, Status.FAILED)
    assert "the record it refers to" in w.of(1, entity="x").last_error
    assert links(w, "z") == {"z1": "x1"}  # what refers to it goes on
    w.run()
    assert w.of(1, entity="x").status in (Status.INVALID, Status.FAILED)
    put(w, "y", 7, None, "2026-01-02 10:00:00")
    if way == "process":
        w.app.synchronization.prepare("Sync", mode=Mode.INCREMENTAL)
        w.app.synchronization.process("Sync")
    else:
        w.run(mode=Mode.INCREMENTAL if way == "incremental" else None)
    assert links(w, "x") == {"x1": "y7"}
    assert w.of(1, entity="x").status is Status.PROCESSED
    w.assert_quiet()


@pytest.mark.scenario("E12")
def test_a_ring_that_the_other_side_does_not_allow_to_be_broken_fails_with_a_sentence_and_leaves_the_others(
    world: WorldMaker,
) -> None:
    w = ring(world, b_is_table=True, columns="id INTEGER PRIMARY KEY, name TEXT, ref INTEGER NOT NULL")
    for entity in NAMES:
        put(w, entity, 1, 1)
    result = w.run()
    assert sum(one.failed for one in result.entities) >= 1
    failed = [one for entity in NAMES for one in w.records(entity) if one.status is Status.FAILED]
    assert failed
    assert all(one.last_error for one in failed)
    w.run()
    assert all(len(w.rows("b", entity=entity)) <= 1 for entity in NAMES)


def keyed(name: str, reference: str) -> Entity:
    """Records of A's table and B's table of that name, with a reference to those of another."""
    mapped = (FieldMapping("Name", "Name", identifying=True), FieldMapping("Ref", "Ref", lookup=reference))
    return Entity(name, PerSide(name, name), mapped if reference else mapped[:1], key=PerSide(("Id",), ("Id",)))


def enforced(name: str, reference: str, needs: str = "") -> str:
    return f"Id INTEGER PRIMARY KEY, Name TEXT, Ref INTEGER {needs} REFERENCES {reference}(Id)"


@pytest.mark.scenario("E12")
def test_a_ring_does_not_disturb_the_order_of_the_entities_that_are_in_none(world: WorldMaker) -> None:
    tables = {
        "child": enforced("child", "parent", "NOT NULL"),
        "parent": "Id INTEGER PRIMARY KEY, Name TEXT",
        "team": enforced("team", "boss"),
        "boss": enforced("boss", "team", "NOT NULL"),
    }
    references = {"child": "parent", "parent": "", "boss": "team", "team": "boss"}
    entities = [keyed(name, reference) for name, reference in references.items()]
    w = world(*entities, a=tables, b=tables, b_is_table=True)
    w.put("b", entity="parent", Id=8, Name="another")  # so that ids differ
    w.put("a", entity="parent", Id=1, Name="ann")
    w.put("a", entity="child", Id=1, Name="bob", Ref=1)
    w.put("a", entity="team", Id=1, Name="reds", Ref=1)
    w.put("a", entity="boss", Id=1, Name="cyd", Ref=1)
    assert w.run().outcome is Outcome.DONE
    assert w.rows("b", "Name", "Ref", entity="child") == [("bob", 9)]
    assert w.rows("b", "Name", "Ref", entity="boss") == w.rows("a", "Name", "Ref", entity="boss")
    assert w.rows("b", "Name", "Ref", entity="team") == w.rows("a", "Name", "Ref", entity="team")
    w.assert_quiet()
    w.delete("a", 1, entity="child")
    w.delete("a", 1, entity="parent")
    assert w.run().outcome is Outcome.DONE
    assert w.rows("b", "Name", entity="child") == []
    assert w.rows("b", "Name", entity="parent") == [("another",)]


# Records that go round are deleted, and an undo takes them back or brings them back.


def enforced_circle(world: WorldMaker, needs: str = "", **options: object) -> World:
    """Two entities that refer to each other, one pair of records that does, and systems that look after that."""
    tables = {"team": enforced("team", "boss"), "boss": enforced("boss", "team", needs)}
    w = world(keyed("team", "boss"), keyed("boss", "team"), a=tables, b=tables, b_is_table=True, **options)
    w.put("b", entity="team", Id=8, Name="another")  # so that ids differ
    w.put("a", entity="team", Id=1, Name="reds", Ref=1)
    w.put("a", entity="boss", Id=1, Name="cyd", Ref=1)
    return w


def enforced_tree(world: WorldMaker) -> World:
    """One entity whose records refer to each other, two of them in a circle and one to itself."""
    table = {"team": enforced("team", "team")}
    w = world(keyed("team", "team"), a=table, b=table, b_is_table=True)
    w.put("b", Id=8, Name="another")
    for key, ref in ((1, 2), (2, 1), (3, 3), (4, 3)):
        w.put("a", Id=key, Name=f"n{key}", Ref=ref)
    return w


def both(w: World) -> list[list[tuple[object, ...]]]:
    names = [entity.name for entity in w.configuration.entities]
    return [w.rows(side, entity=name) for name in names for side in ("a", "b")]


@pytest.mark.scenario("E12")
@pytest.mark.parametrize("needs", ["", "NOT NULL"])
def test_records_that_refer_to_each_other_are_deleted_in_one_run(world: WorldMaker, needs: str) -> None:
    w = enforced_circle(world, needs)
    w.run()
    for entity in ("boss", "team"):
        w.a.execute(f"DELETE FROM {entity} WHERE Id = 1")
    with closing(w.app.synchronization.preview("Sync")) as preview:
        shown = {row.entity: row.detail for row in preview.rows()}
    result = w.run()
    assert shown["team"] == "first the reference in Ref is emptied, for what it refers to is deleted too"
    assert shown["boss"] == ""
    assert result.outcome is Outcome.DONE
    assert [w.actions(result, place) for place in (0, 1)] == [{Action.DELETE_B: 1}] * 2
    assert w.rows("b", "Name", entity="team") == [("another",)]
    assert w.rows("b", entity="boss") == []
    w.assert_quiet()


@pytest.mark.scenario("E12")
def test_records_of_one_entity_that_refer_to_each_other_are_deleted_in_one_run_and_brought_back(
    world: WorldMaker,
) -> None:
    w = enforced_tree(world)
    w.run()
    before = w.rows("b")
    w.a.execute("DELETE FROM team WHERE Id < 5")
    result = w.run()
    assert result.outcome is Outcome.DONE
    assert w.actions(result) == {Action.DELETE_B: 4}
    assert w.rows("b", "Name") == [("another",)]
    undone = w.app.undo.undo(result.run_id)
    assert undone.outcome is Outcome.DONE
    assert w.actions(undone) == {Action.CREATE_B: 4}
    assert w.rows("b") == before
    w.assert_quiet()


@pytest.mark.scenario("E12")
@pytest.mark.parametrize("needs", ["", "NOT NULL"])
def test_the_undo_of_what_was_created_in_a_circle_deletes_it_and_can_be_undone(world: WorldMaker, needs: str) -> None:
    w = enforced_circle(world, needs)
    before = both(w)
    run = w.run()
    after = both(w)
    undone = w.app.undo.undo(run.run_id)
    assert undone.outcome is Outcome.DONE
    assert w.actions(undone) == {Action.DELETE_A: 1, Action.DELETE_B: 1}
    assert both(w) == before
    w.assert_quiet()
    redone = w.app.undo.undo(undone.run_id)
    assert redone.outcome is Outcome.DONE
    assert both(w) == after
    w.assert_quiet()


@pytest.mark.scenario("E12")
def test_one_that_was_changed_meanwhile_stays_and_keeps_the_one_it_refers_to(world: WorldMaker) -> None:
    w = enforced_circle(world)
    run = w.run()
    w.edit("b", 9, entity="team", Name="greens")
    undone = w.app.undo.undo(run.run_id)
    assert undone.outcome is Outcome.PROBLEMS
    assert w.record("b", 9, entity="team") == {"Id": 9, "Name": "greens", "Ref": 1}
    assert w.record("b", 1, entity="boss") == {"Id": 1, "Name": "cyd", "Ref": 9}


@pytest.mark.scenario("E12")
def test_a_delete_that_is_refused_after_its_reference_was_emptied_is_tried_again_and_brings_nothing_back(
    world: WorldMaker,
) -> None:
    w = enforced_circle(world)
    w.run()
    w.b.execute("CREATE TABLE other (team REFERENCES team(Id))")  # type: ignore[union-attr]
    w.b.execute("INSERT INTO other VALUES (9)")  # type: ignore[union-attr]
    for entity in ("boss", "team"):
        w.a.execute(f"DELETE FROM {entity} WHERE Id = 1")
    assert w.run().outcome is Outcome.PROBLEMS
    assert w.of(1, entity="team").status is Status.FAILED
    assert w.rows("a", entity="boss") == []
    w.b.execute("DELETE FROM other")  # type: ignore[union-attr]
    assert w.run().outcome is Outcome.DONE
    assert w.rows("b", "Name", entity="team") == [("another",)]
    assert w.rows("b", entity="boss") == w.rows("a", entity="boss") == []


@pytest.mark.scenario("E12")
def test_the_preview_of_records_that_refer_to_each_other_has_the_numbers_of_the_run(world: WorldMaker) -> None:
    w = enforced_tree(world)
    with closing(w.app.synchronization.preview("Sync")) as preview:
        shown = dict(preview.plan.entities[0].counts)
    assert w.actions(w.run()) == shown == {Action.CREATE_A: 1, Action.CREATE_B: 4}
    w.assert_quiet()
    w.edit("a", 4, Ref=1)
    assert w.actions(w.run()) == {Action.UPDATE_B: 1}  # a reference that is changed is an action of its own


EMPTYING = 5
"""So many steps come until the references are empty and the first delete begins."""


class Died(BaseException):
    """The program died here."""


class Steps:
    """Counts the steps from when it is set to 0, and dies at one of them."""

    def __init__(self) -> None:
        self.count, self.deadly = 0, 0

    def __call__(self, name: str) -> None:
        self.count += 1
        if self.count == self.deadly:
            raise Died(name)


@pytest.mark.scenario("A1", "E12")
@pytest.mark.parametrize("is_undo", [False, True])
def test_the_program_may_die_at_any_step_of_emptying_the_references_of_what_is_deleted(
    world: WorldMaker, is_undo: bool
) -> None:
    def begin() -> tuple[World, Steps, Callable[[], object]]:
        steps = Steps()
        w = enforced_circle(world, steps=steps)
        run_id = w.run().run_id
        assert run_id is not None
        if not is_undo:
            for entity in ("boss", "team"):
                w.a.execute(f"DELETE FROM {entity} WHERE Id = 1")
        steps.count = 0
        return w, steps, (lambda: w.app.undo.undo(run_id)) if is_undo else w.run

    w, steps, act = begin()
    act()
    expected = both(w)
    assert steps.count > EMPTYING
    for deadly in range(1, EMPTYING + 1):
        w, steps, act = begin()
        steps.deadly = deadly
        with pytest.raises(Died):
            act()
        act()
        w.run()
        assert both(w) == expected, deadly
        w.assert_quiet()
