"""By which fields, or by whom, two records were paired is kept with what was done to them (SPEC §4)."""

from __future__ import annotations

from dataclasses import replace

from desktop_sync.core.configuration import FirstContactRule, MatchRule
from desktop_sync.core.decision import Action
from tests.support.worlds import CITY, EMAIL, World, WorldMaker


def evidence(one: World, a_id: int) -> dict[Action, str]:
    return {row.action: row.evidence for row in one.app.records.record_history(one.of(a_id=a_id).id)}


def test_a_strict_match_names_the_identifying_fields_of_links_and_first_updates(world: WorldMaker) -> None:
    one = world(first_contact=FirstContactRule.A)
    for n, city in ((1, "same"), (2, "other")):
        one.put("a", Id=n, Email=f"p{n}", City=city)
        one.put("b", id=str(100 + n), email=f"p{n}", city="same")
    one.put("a", Id=3, Email="p3", City="alone")
    one.run()
    assert evidence(one, 1) == {Action.LINK: "equal: Email"}
    assert evidence(one, 2) == {Action.UPDATE_B: "equal: Email"}
    assert evidence(one, 3) == {Action.CREATE_B: ""}
    one.edit("a", 2, City="later")
    one.run()
    newest = one.app.records.record_history(one.of(a_id=2).id)[0]
    assert (newest.action, newest.evidence) == (Action.UPDATE_B, "")


def test_a_best_match_names_the_fields_that_agreed(world: WorldMaker) -> None:
    city = replace(CITY, identifying=True)
    one = world(fields=(EMAIL, city), match=MatchRule.BEST, first_contact=FirstContactRule.A)
    one.put("a", Id=1, Email="p1", City="Köln")
    one.put("b", id="101", email="p1", city="Köln")
    one.put("a", Id=2, Email="p2", City="")
    one.put("b", id="102", email="p2", city="Bonn")
    one.run()
    assert evidence(one, 1) == {Action.LINK: "equal: Email, City"}
    assert set(evidence(one, 2).values()) == {"equal: Email"}


def test_what_a_person_linked_or_unlinked_says_so(world: WorldMaker) -> None:
    one = world(first_contact=FirstContactRule.A)
    one.put("a", Id=1, Email="p1", City="x")
    one.put("b", id="101", email="other", city="x")
    one.app.records.link("Sync", "people", "1", "101")
    one.run()
    history = one.app.records.record_history(one.of(a_id=1).id)
    assert [(row.action, row.evidence) for row in history] == [(Action.UPDATE_B, ""), (Action.LINK, "by hand")]
    assert all(row.at is not None for row in history)
    one.app.records.unlink(one.of(a_id=1).id)
    newest = one.app.records.record_history(one.of(a_id=1).id)[0]
    assert (newest.action, newest.evidence, newest.run_id) == (Action.UNLINK, "by hand", 0)
