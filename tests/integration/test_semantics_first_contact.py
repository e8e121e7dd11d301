"""SPEC §4 and §6: records that meet for the first time are linked, never duplicated, and the chosen side wins."""

from __future__ import annotations

import pytest

from desktop_sync.core.configuration import Direction, FieldMapping, FirstContactRule, Side
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Status
from tests.support.worlds import CITY, EMAIL, WorldMaker


def test_records_that_people_made_on_both_sides_are_linked_and_not_duplicated(world: WorldMaker) -> None:
    w = world()
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("b", id="77", email="ann@x.org", city="Wien")
    assert w.actions(w.run()) == {Action.LINK: 1}
    assert (w.of(1).b_id, w.of(1).status) == ("77", Status.PROCESSED)
    assert len(w.rows("a")) == len(w.rows("b")) == 1
    w.assert_quiet()


@pytest.mark.scenario("E7")
@pytest.mark.parametrize(
    ("rule", "a_at", "b_at", "kept"),
    [
        (FirstContactRule.A, "2026-01-01", "2026-02-01", "Wien"),
        (FirstContactRule.B, "2026-02-01", "2026-01-01", "Graz"),
        (FirstContactRule.MOST_RECENT, "2026-01-01 10:00:00", "2026-01-01 09:59:59", "Wien"),
        (FirstContactRule.MOST_RECENT, "2026-01-01 10:00:00", "2026-01-01 10:00:01", "Graz"),
        (FirstContactRule.MOST_RECENT, "2026-01-01 10:00:00", "2026-01-01 10:00:00", "Graz"),  # a tie: the primary
        (FirstContactRule.MOST_RECENT, None, None, "Graz"),
    ],
)
def test_the_side_that_the_rule_of_first_contact_names_is_kept_and_the_loser_too(
    world: WorldMaker, rule: FirstContactRule, a_at: str | None, b_at: str | None, kept: str
) -> None:
    from desktop_sync.core.configuration import PerSide

    w = world(first_contact=rule, modified=PerSide("Changed", "changed"), primary=Side.B)
    w.put("a", Id=1, Email="ann@x.org", City="Wien", Changed=a_at)
    w.put("b", id="77", email="ann@x.org", city="Graz", changed=b_at)
    w.run()
    assert w.rows("a", "City") == w.rows("b", "city") == [(kept,)]
    [conflict] = w.app.records.conflicts("Sync", only_open=False)
    assert conflict.winner is (Side.A if kept == "Wien" else Side.B)
    assert {(f.label, f.a, f.b) for f in conflict.fields} == {
        ("Email", "ann@x.org", "ann@x.org"),
        ("City", "Wien", "Graz"),
    }
    assert w.app.records.conflicts("Sync") == []
    w.assert_quiet()


def test_fill_empty_fills_the_empty_fields_of_both_sides_and_overwrites_none(world: WorldMaker) -> None:
    note = FieldMapping("Note", "remark")
    gone = FieldMapping("Gone", "gone")
    w = world(first_contact=FirstContactRule.FILL_EMPTY, fields=(EMAIL, CITY, note, gone))
    w.put("a", Id=1, Email="ann@x.org", City="Wien", Note=None, Gone="from a")
    w.put("b", id="77", email="ann@x.org", city="Graz", remark="from b", gone=None)
    result = w.run()
    assert result.outcome is Outcome.DONE
    assert w.rows("a", "City", "Note", "Gone") == [("Wien", "from b", "from a")]
    assert w.rows("b", "city", "remark", "gone") == [("Graz", "from b", "from a")]
    assert w.statuses() == [Status.PROCESSED]
    w.assert_quiet()


def test_fill_empty_does_not_take_an_empty_text_for_a_value(world: WorldMaker) -> None:
    w = world(first_contact=FirstContactRule.FILL_EMPTY)
    w.put("a", Id=1, Email="ann@x.org", City="")
    w.put("b", id="77", email="ann@x.org", city=None)
    assert w.actions(w.run()) == {Action.LINK: 1}
    assert w.rows("a", "City") == [("",)]
    w.assert_quiet()


def test_fill_empty_leaves_later_changes_to_the_ordinary_rules(world: WorldMaker) -> None:
    w = world(first_contact=FirstContactRule.FILL_EMPTY)
    w.put("a", Id=1, Email="ann@x.org", City=None)
    w.put("b", id="77", email="ann@x.org", city="Graz")
    w.run()
    assert w.rows("a", "City") == [("Graz",)]
    w.edit("b", 77, city="Linz")
    assert w.actions(w.run()) == {Action.UPDATE_A: 1}
    assert w.rows("a", "City") == [("Linz",)]


@pytest.mark.scenario("E7")
@pytest.mark.parametrize("winner", list(Side))
def test_a_first_contact_that_asks_waits_and_is_settled_as_decided(world: WorldMaker, winner: Side) -> None:
    w = world(first_contact=FirstContactRule.ASK)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("b", id="77", email="ann@x.org", city="Graz")
    assert w.run().outcome is Outcome.PROBLEMS
    assert w.statuses() == [Status.CONFLICT]
    assert w.rows("a", "City") + w.rows("b", "city") == [("Wien",), ("Graz",)]
    w.assert_quiet()
    [conflict] = w.app.records.conflicts("Sync")
    assert conflict.rule is Rule.ASK
    w.app.records.resolve(conflict.id, winner)
    assert w.statuses() == [Status.PREPARED]
    assert w.run().outcome is Outcome.DONE
    kept = "Wien" if winner is Side.A else "Graz"
    assert w.rows("a", "City") == w.rows("b", "city") == [(kept,)]
    assert w.statuses() == [Status.PROCESSED]
    [settled] = w.app.records.conflicts("Sync", only_open=False)
    assert (settled.winner, settled.rule) == (winner, Rule.DECIDED)
    w.assert_quiet()


def test_a_one_way_entity_links_what_it_may_not_write(world: WorldMaker) -> None:
    w = world(first_contact=FirstContactRule.B, direction=Direction.A_TO_B)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("b", id="77", email="ann@x.org", city="Graz")
    w.put("b", id="78", email="bob@x.org", city="Linz")
    assert w.actions(w.run()) == {Action.LINK: 1}
    assert w.rows("a", "City") == [("Wien",)]
    assert len(w.records()) == 1
    w.assert_quiet()
