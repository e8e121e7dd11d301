"""SPEC §6: a person decides a conflict for the values that were shown, and for no others."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from desktop_sync.core.configuration import ConflictRule, Direction, PerSide, Side
from desktop_sync.core.decision import Action
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Status
from tests.support.worlds import CITY, EMAIL, World, WorldMaker


def a_conflict(world: WorldMaker) -> World:
    w = world(conflict=ConflictRule.ASK)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.run()
    w.edit("a", 1, City="Linz")
    w.edit("b", w.of(1).b_id, city="Graz")
    w.run()
    assert w.statuses() == [Status.CONFLICT]
    return w


def test_an_open_conflict_shows_the_newest_values(world: WorldMaker) -> None:
    w = a_conflict(world)
    w.edit("b", w.of(1).b_id, city="Bonn")
    w.run()
    shown = w.app.records.conflicts("Sync")
    assert [(field.a, field.b, field.base) for field in shown[0].fields if field.label == "City"] == [
        ("Linz", "Bonn", "Wien")
    ]
    w.assert_quiet()


def test_a_decision_is_asked_for_again_when_a_side_was_edited_after_it(world: WorldMaker) -> None:
    w = a_conflict(world)
    w.app.records.resolve(w.app.records.conflicts("Sync")[0].id, Side.A)
    w.edit("b", w.of(1).b_id, city="Bonn")
    with closing(w.app.synchronization.preview("Sync")) as preview:
        assert dict(preview.plan.entities[0].counts) == {Action.CONFLICT: 1}, "a preview knows of it"
    result = w.run()
    assert (result.outcome, w.actions(result)) == (Outcome.PROBLEMS, {Action.CONFLICT: 1})
    assert w.rows("b", "city") == [("Bonn",)], "an edit that the person never saw is not overwritten"
    assert w.statuses() == [Status.CONFLICT]
    shown = w.app.records.conflicts("Sync")
    assert [field.b for field in shown[0].fields if field.label == "City"] == ["Bonn"]
    w.app.records.resolve(shown[0].id, Side.B)
    w.run()
    assert w.rows("a", "City") == [("Bonn",)]
    w.assert_quiet()


@pytest.mark.parametrize("gone", [True, False])
def test_nobody_is_asked_again_where_both_agree_by_now_or_both_are_gone(world: WorldMaker, gone: bool) -> None:
    w = a_conflict(world)
    w.app.records.resolve(w.app.records.conflicts("Sync")[0].id, Side.A)
    if gone:
        w.delete("b", w.of(1).b_id)
        w.delete("a", 1)
    else:
        w.edit("b", w.of(1).b_id, city="Linz")
    with closing(w.app.synchronization.preview("Sync")) as preview:
        said = dict(preview.plan.entities[0].counts)
    result = w.run()
    assert (result.outcome, w.actions(result)) == (Outcome.DONE, said)
    assert said == {Action.CLOSE if gone else Action.ADOPT: 1}
    assert w.statuses() == [Status.DELETED if gone else Status.PROCESSED]
    [kept] = w.app.records.conflicts("Sync", only_open=False)
    assert kept.settled_at is not None
    w.assert_quiet()


def test_a_decision_is_carried_out_when_nothing_changed_since(world: WorldMaker) -> None:
    w = a_conflict(world)
    w.app.records.resolve(w.app.records.conflicts("Sync")[0].id, Side.A)
    w.run()
    assert w.rows("b", "city") == [("Linz",)]
    assert w.app.records.conflicts("Sync") == []
    w.assert_quiet()


def test_a_conflict_whose_record_left_the_filter_waits_for_nobody_until_it_is_back(world: WorldMaker) -> None:
    w = a_conflict(world)
    entity = w.configuration.entities[0]
    w.save(replace(entity, filter=PerSide("City <> 'Linz'", "")))
    w.run()
    assert w.statuses() == [Status.FILTERED]
    assert w.app.records.conflicts("Sync") == [], "nobody could decide it now"
    w.save(entity)
    w.run()
    (conflict,) = w.app.records.conflicts("Sync")
    w.app.records.resolve(conflict.id, Side.B)
    w.run()
    assert w.rows("a", "City") == [("Graz",)]


def test_a_record_of_which_no_field_goes_to_the_other_side_is_not_created_there_empty(world: WorldMaker) -> None:
    one_way = [replace(field, direction=Direction.A_TO_B) for field in (EMAIL, CITY)]
    w = world(fields=one_way)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("b", id=7, email="bob@x.org", city="Graz")
    assert w.run().outcome is Outcome.DONE
    assert w.rows("a", "Email") == [("ann@x.org",)]
    assert w.rows("b", "email") == [("ann@x.org",), ("bob@x.org",)]
    w.put("a", Id=2, Email="bob@x.org", City="Linz")
    w.run()
    assert w.rows("b", "email", "city") == [("ann@x.org", "Wien"), ("bob@x.org", "Linz")]
    w.assert_quiet()
