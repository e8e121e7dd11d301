"""SPEC §4: a new record finds the counterpart that is there, whatever became of that one; nothing is made twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import DeleteRule, FieldMapping, Mark, MatchRule, PerSide
from desktop_sync.core.decision import Action
from desktop_sync.core.plan import Mode
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Event, Status
from tests.support.worlds import CITY, EMAIL, World, WorldMaker

BOTH_RULES = pytest.mark.parametrize("match", list(MatchRule))
LEFT_ALONE = "a record that is skipped or given up has the same "


def people(world: WorldMaker, match: MatchRule, **rules: object) -> World:
    """Strictly by e-mail address, or best by that and the city."""
    city = replace(CITY, identifying=match is MatchRule.BEST)
    w = world(fields=(EMAIL, city), match=match, **rules)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    return w


def anew(w: World, side: str) -> None:
    """Somebody creates the record again, under another id."""
    if side == "a":
        w.put("a", Id=9, Email="ann@x.org", City="Wien")
    else:
        w.put("b", id="99", email="ann@x.org", city="Wien")


@BOTH_RULES
@pytest.mark.parametrize("rule", [DeleteRule.IGNORE, DeleteRule.MARK])
@pytest.mark.parametrize("side", ["a", "b"])
@pytest.mark.parametrize("mode", [Mode.FULL, Mode.INCREMENTAL])
@pytest.mark.scenario("C15")
def test_a_record_that_is_created_again_finds_the_one_that_stayed(
    world: WorldMaker, match: MatchRule, rule: DeleteRule, side: str, mode: Mode
) -> None:
    marks = PerSide(Mark("gone", "yes"), Mark("Gone", "yes"))
    w = people(world, match, delete=PerSide(rule, rule), mark=marks, modified=PerSide("Changed", "changed"))
    w.run()
    peer = w.of(1)
    assert peer.b_id is not None
    w.delete(side, peer.a_id if side == "a" else peer.b_id)
    w.run()
    assert w.statuses() == [Status.DELETED]
    w.assert_quiet()
    anew(w, side)
    assert w.actions(w.run(mode=mode)) == {Action.LINK: 1}
    assert [(one.a_id, one.b_id, one.status) for one in w.records()] == [
        ("9", peer.b_id, Status.PROCESSED) if side == "a" else (peer.a_id, "99", Status.PROCESSED)
    ]
    assert len(w.rows("a")) == len(w.rows("b")) == 1
    w.assert_quiet()
    w.edit("a", 9 if side == "a" else 1, City="Graz", Changed="2030-01-01 00:00:00")
    w.run()
    assert w.rows("b", "city") == [("Graz",)]


@BOTH_RULES
def test_what_stayed_is_not_created_on_the_other_side(world: WorldMaker, match: MatchRule) -> None:
    w = people(world, match, delete=PerSide(DeleteRule.IGNORE, DeleteRule.IGNORE))
    w.run()
    w.delete("a", 1)
    w.run()
    w.put("a", Id=5, Email="bob@x.org", City="Graz")  # somebody else
    assert w.actions(w.run()) == {Action.CREATE_B: 1}
    assert w.rows("a", "Email") == [("bob@x.org",)]
    w.assert_quiet()


def test_a_record_that_changed_while_its_counterpart_is_created_again_is_one_pair(world: WorldMaker) -> None:
    w = people(world, MatchRule.STRICT, delete=PerSide(DeleteRule.IGNORE, DeleteRule.IGNORE))
    w.run()
    w.delete("b", w.of(1).b_id)
    w.run()
    w.edit("a", 1, City="Graz")
    anew(w, "b")
    w.run()
    assert (w.rows("a", "City"), w.rows("b", "id", "city")) == ([("Graz",)], [("99", "Graz")])
    assert w.statuses() == [Status.PROCESSED]
    w.assert_quiet()


@BOTH_RULES
@pytest.mark.parametrize("event", [Event.SKIPPED_BY_USER, None])
def test_a_counterpart_of_what_is_to_be_left_alone_goes_to_review(
    world: WorldMaker, match: MatchRule, event: Event | None
) -> None:
    w = people(world, match)
    if event is None:  # unlinked by hand, and then the record of A is replaced by another one
        w.run()
        w.app.records.unlink(w.of(1).id)
        w.delete("a", 1)
        anew(w, "a")
    else:
        w.app.synchronization.prepare("Sync")
        w.set_status(event, 1)
        anew(w, "b")
    before = w.fingerprints()
    assert w.run().outcome is Outcome.PROBLEMS
    assert w.fingerprints() == before
    waits = w.of(9) if event is None else w.of(b_id=99)
    assert waits.status is Status.REVIEW
    assert waits.last_error.startswith(LEFT_ALONE + ("Email" if match is MatchRule.STRICT else "Email, City"))
    w.assert_quiet()
    # A person says that it is to be created all the same.
    assert w.app.records.set_status([waits.id], Event.SET_PREPARED_BY_USER) == 1
    w.run()
    assert len(w.rows("b" if event is None else "a")) == 2


@BOTH_RULES
def test_records_outside_the_filter_do_not_make_a_match_uncertain(world: WorldMaker, match: MatchRule) -> None:
    w = people(world, match, filter=PerSide("Note = 'active'", ""))
    w.edit("a", 1, Note="gone")
    w.put("a", Id=2, Email="ann@x.org", City="Wien", Note="active")
    w.put("b", id="71", email="ann@x.org", city="Wien")
    assert w.run().outcome is Outcome.DONE
    assert [(one.a_id, one.b_id) for one in w.records()] == [("2", "71")]
    w.assert_quiet()


@BOTH_RULES
def test_several_in_the_filter_are_uncertain_as_ever(world: WorldMaker, match: MatchRule) -> None:
    w = people(world, match, filter=PerSide("Note = 'active'", ""))
    w.edit("a", 1, Note="gone")
    for key in (2, 3):
        w.put("a", Id=key, Email="ann@x.org", City="Wien", Note="active")
    w.put("b", id="71", email="ann@x.org", city="Wien")
    assert w.run().outcome is Outcome.PROBLEMS
    assert sorted((one.a_id or "", one.b_id or "", one.status) for one in w.records()) == [
        ("", "71", Status.REVIEW),
        ("2", "", Status.REVIEW),
        ("3", "", Status.REVIEW),
    ]


@pytest.mark.scenario("C16")
@pytest.mark.parametrize("side", ["a", "b"])
def test_by_best_match_a_record_under_a_new_id_is_still_the_peer_of_its_record(world: WorldMaker, side: str) -> None:
    w = people(world, MatchRule.BEST)
    w.run()
    peer = w.of(1)
    w.delete(side, peer.a_id if side == "a" else peer.b_id)
    anew(w, side)
    before = w.fingerprints()
    w.run()
    assert w.fingerprints() == before
    assert (w.of(9).b_id if side == "a" else w.of(1).b_id) == (peer.b_id if side == "a" else "99")
    assert len(w.records()) == 1
    w.assert_quiet()


def test_by_best_match_nobody_is_taken_for_the_one_that_is_gone_where_two_might_be(world: WorldMaker) -> None:
    name = FieldMapping("Note", "remark")
    w = world(fields=(EMAIL, replace(CITY, identifying=True), name), match=MatchRule.BEST)
    w.put("a", Id=1, Email="ann@x.org", City="Wien", Note="first")
    w.run()
    w.delete("a", 1)
    for key in (8, 9):
        w.put("a", Id=key, Email="ann@x.org", City="Wien", Note=f"new {key}")
    w.run()
    assert w.rows("b", "remark") == [("new 8",), ("new 9",)]


@BOTH_RULES
@pytest.mark.parametrize("side", ["a", "b"])
@pytest.mark.scenario("E6")
def test_the_like_of_a_paired_record_goes_to_review_and_is_not_made_a_second_time(
    world: WorldMaker, match: MatchRule, side: str
) -> None:
    w = people(world, match)
    w.run()
    anew(w, side)
    assert w.actions(w.run()) == {Action.REVIEW: 1}
    assert len(w.rows("b" if side == "a" else "a")) == 1
    w.assert_quiet()


def test_by_best_match_a_person_may_have_the_like_of_a_paired_record_made(world: WorldMaker) -> None:
    w = people(world, MatchRule.BEST)
    w.run()
    anew(w, "a")
    w.run()
    assert w.set_status(Event.SET_PREPARED_BY_USER, 9) == 1
    assert w.actions(w.run()) == {Action.CREATE_B: 1}
    w.assert_quiet()
