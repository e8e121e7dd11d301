"""SPEC §9: what was seen is what runs, or it is planned anew; nothing is created twice because a plan waited."""

from __future__ import annotations

from desktop_sync.core.decision import Action
from tests.support.worlds import WorldMaker


def test_a_record_that_appeared_since_the_preview_is_linked_later_instead_of_created_twice(world: WorldMaker) -> None:
    w = world(b_is_table=True, b={"people": "id INTEGER PRIMARY KEY, email TEXT, city TEXT"})
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("a", Id=2, Email="bob@x.org", City="Graz")
    preview = w.app.synchronization.preview("Sync")
    assert preview.plan.count(Action.CREATE_B) == 2
    w.put("b", id=77, email="ann@x.org", city="Wien")
    first = w.run(preview=preview)
    assert w.actions(first) == {Action.CREATE_B: 1}
    second = w.run()
    assert w.actions(second) == {Action.LINK: 1}
    assert w.rows("b", "email") == [("ann@x.org",), ("bob@x.org",)]
    w.assert_quiet()


def test_a_record_that_was_edited_since_the_preview_is_planned_anew(world: WorldMaker) -> None:
    w = world(b_is_table=True, b={"people": "id INTEGER PRIMARY KEY, email TEXT, city TEXT"})
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.run()
    w.edit("a", 1, City="Linz")
    preview = w.app.synchronization.preview("Sync")
    w.edit("b", w.of(1).b_id, city="Bonn")
    w.run(preview=preview)
    assert w.rows("a", "City") == [("Linz",)]  # both changed meanwhile: a tie goes to the primary system
    assert w.rows("b", "city") == [("Linz",)]
    conflicts = w.app.records.conflicts("Sync", only_open=False)
    assert [(c.fields[1].a, c.fields[1].b) for c in conflicts] == [("Linz", "Bonn")]
