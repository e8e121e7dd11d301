"""SPEC §4: which record of A is which record of B; ambiguity is never settled by guessing."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from desktop_sync.core.configuration import FieldMapping, MatchRule, PerSide
from desktop_sync.core.decision import Action
from desktop_sync.core.error_text import sentence
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Status
from tests.support.worlds import CITY, EMAIL, World, WorldMaker, person_entity

NOTE = FieldMapping("Note", "remark", identifying=True)
CITY_TOO = replace(CITY, identifying=True)
THREE = (EMAIL, CITY_TOO, NOTE)


def pairs(w: World) -> set[tuple[str | None, str | None]]:
    return {(one.a_id, one.b_id) for one in w.records()}


def test_strict_match_compares_in_normal_form(world: WorldMaker) -> None:
    w = world(fields=(replace(EMAIL, normal_form=("trim", "lower")), CITY))
    w.put("a", Id=1, Email=" Ann@X.org ", City="Wien")
    w.put("b", id="77", email="ann@x.org", city="Wien")
    assert w.actions(w.run()) == {Action.LINK: 1}
    assert w.rows("a", "Email") + w.rows("b", "email") == [(" Ann@X.org ",), ("ann@x.org",)]
    w.assert_quiet()


def test_strict_match_needs_every_identifying_field_to_agree(world: WorldMaker) -> None:
    w = world(fields=(EMAIL, CITY_TOO))
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("b", id="77", email="ann@x.org", city="Graz")
    assert w.actions(w.run()) == {Action.CREATE_A: 1, Action.CREATE_B: 1}
    w.assert_quiet()


@pytest.mark.scenario("E6")
@pytest.mark.parametrize("doubled", ["a", "b"])
def test_duplicates_of_either_side_go_to_review_and_nothing_is_written_for_them(
    world: WorldMaker, doubled: str
) -> None:
    w = world()
    for number in (1, 2) if doubled == "a" else (1,):
        w.put("a", Id=number, Email="ann@x.org", City=f"Wien {number}")
    for number in (71, 72) if doubled == "b" else (71,):
        w.put("b", id=number, email="ann@x.org", city=f"Graz {number}")
    w.put("a", Id=9, Email="bob@x.org", City="Linz")
    before = w.rows("a")
    result = w.run()
    assert result.outcome is Outcome.PROBLEMS
    assert w.rows("a") == before
    assert w.statuses().count(Status.REVIEW) == 3
    assert w.of(9).status is Status.PROCESSED
    reviews = w.app.records.reviews("Sync")
    assert len(reviews) == 3
    assert all("same Email" in review.reason for review in reviews)
    w.assert_quiet()


@pytest.mark.scenario("E6")
def test_a_review_is_over_when_the_duplicate_is_gone(world: WorldMaker) -> None:
    w = world()
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("a", Id=2, Email="ann@x.org", City="Wien")
    w.run()
    assert w.statuses() == [Status.REVIEW] * 2
    w.edit("a", 2, Email="eve@x.org")
    w.run()
    assert w.statuses() == [Status.PROCESSED] * 2
    assert w.rows("b", "email") == [("ann@x.org",), ("eve@x.org",)]
    w.assert_quiet()


@pytest.mark.parametrize("match", list(MatchRule))
def test_two_records_that_both_waited_for_review_become_one_pair(world: WorldMaker, match: MatchRule) -> None:
    w = world(match=match)
    for number in (1, 2):
        w.put("a", Id=number, Email="ann@x.org", City="Wien")
    w.put("b", id="71", email="ann@x.org", city="Wien")
    w.run()
    assert w.statuses() == [Status.REVIEW] * 3
    w.delete("a", 2)
    result = w.run()
    assert ("1", "71") in pairs(w)
    assert w.of(1).status is Status.PROCESSED
    assert w.actions(result)[Action.LINK] == 1
    w.assert_quiet()


@pytest.mark.scenario("E6")
def test_a_duplicate_of_a_paired_record_goes_to_review_and_the_pair_goes_on(world: WorldMaker) -> None:
    w = world()
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.run()
    w.put("b", id="99", email="ann@x.org", city="Rom")
    w.edit("a", 1, City="Linz")
    w.run()
    assert w.of(b_id=99).status is Status.REVIEW
    assert w.of(1).status is Status.PROCESSED
    assert sorted(w.rows("b", "city")) == [("Linz",), ("Rom",)]
    assert len(w.rows("a")) == 1
    w.assert_quiet()


@pytest.mark.parametrize("empty", [None, ""])
def test_a_record_without_its_identifying_value_is_invalid_with_a_sentence(
    world: WorldMaker, empty: str | None
) -> None:
    w = world()
    w.put("a", Id=1, Email=empty, City="Wien")
    w.put("a", Id=2, Email="bob@x.org", City="Linz")
    w.run()
    assert w.of(1).status is Status.INVALID
    assert "identifying field is empty: Email" in w.of(1).last_error
    assert w.rows("b", "email") == [("bob@x.org",)]
    w.assert_quiet()
    w.edit("a", 1, Email="ann@x.org")
    w.run()
    assert w.of(1).status is Status.PROCESSED
    assert w.of(1).last_error == ""


def test_best_match_links_on_fewer_fields_where_the_rest_is_empty(world: WorldMaker) -> None:
    w = world(fields=THREE, match=MatchRule.BEST)
    w.put("a", Id=1, Email="ann@x.org", City="Wien", Note="n")
    w.put("b", id="71", email="ann@x.org", city="Wien", remark=None)
    w.put("a", Id=2, Email=None, City="Graz", Note="m")
    w.put("b", id="72", email="bob@x.org", city=None, remark="m")
    w.run()
    assert pairs(w) == {("1", "71"), ("2", "72")}
    w.assert_quiet()


def test_best_match_prefers_more_agreeing_fields_to_fewer(world: WorldMaker) -> None:
    w = world(fields=THREE, match=MatchRule.BEST)
    w.put("a", Id=1, Email="ann@x.org", City="Wien", Note="n")
    w.put("b", id="71", email="ann@x.org", city=None, remark=None)
    w.put("b", id="72", email="ann@x.org", city="Wien", remark="n")
    w.run()
    assert ("1", "72") in pairs(w)


def test_best_match_sends_a_contradiction_to_review_with_the_evidence(world: WorldMaker) -> None:
    w = world(fields=THREE, match=MatchRule.BEST)
    w.put("a", Id=1, Email="ann@x.org", City="Wien", Note="n")
    w.put("b", id="71", email="ann@x.org", city="Wien", remark="another")
    w.run()
    assert w.statuses() == [Status.REVIEW] * 2
    [review] = [one for one in w.app.records.reviews("Sync") if one.a_id == "1"]
    assert "equal: Email, City" in review.reason
    assert [candidate[:2] for candidate in review.candidates] == [("1", "71")]
    assert w.rows("a", "Note") + w.rows("b", "remark") == [("n",), ("another",)]
    w.assert_quiet()


@pytest.mark.scenario("E6")
def test_best_match_sends_a_tie_to_review_and_names_all_candidates(world: WorldMaker) -> None:
    w = world(fields=THREE, match=MatchRule.BEST)
    w.put("a", Id=1, Email="ann@x.org", City="Wien", Note=None)
    w.put("b", id="71", email="ann@x.org", city="Wien", remark=None)
    w.put("b", id="72", email="ann@x.org", city="Wien", remark=None)
    w.run()
    assert w.statuses() == [Status.REVIEW] * 3
    [review] = [one for one in w.app.records.reviews("Sync") if one.a_id == "1"]
    assert {candidate[1] for candidate in review.candidates} == {"71", "72"}
    w.assert_quiet()


@pytest.mark.parametrize("match", list(MatchRule))
def test_the_pairs_do_not_depend_on_the_order_of_reading(world: WorldMaker, match: MatchRule) -> None:
    rng = random.Random(4)
    people = [
        (f"p{n % 7}@x.org" if n % 3 else None, f"city {n % 4}" if n % 2 else None, f"note {n % 5}") for n in range(14)
    ]
    others = [(email, city if n % 2 else None, note) for n, (email, city, note) in enumerate(people[:10])]
    found = set()
    for _ in range(3):
        w = world(fields=THREE, match=match)
        a_order, b_order = list(enumerate(people)), list(enumerate(others))
        rng.shuffle(a_order)
        rng.shuffle(b_order)
        for n, (email, city, note) in a_order:
            w.put("a", Id=n + 1, Email=email, City=city, Note=note)
        for n, (email, city, note) in b_order:
            w.put("b", id=n + 50, email=email, city=city, remark=note)
        with w.app.synchronization.preview("Sync").session as session:
            rows = session.bench.rows(
                "SELECT action, rule, a_id, b_id, detail FROM plan_0 WHERE a_id IS NOT NULL OR b_id IS NOT NULL"
            )
        found.add(tuple(sorted(map(str, rows))))
    assert len(found) == 1


def test_a_link_by_hand_makes_peers_of_records_that_do_not_match(world: WorldMaker) -> None:
    w = world()
    w.put("a", Id=1, Email=None, City="Wien")
    w.put("b", id="71", email=None, city="Graz")
    w.run()
    assert w.statuses() == [Status.INVALID] * 2
    w.app.records.link("Sync", "people", "1", "71")
    assert [(one.a_id, one.b_id, one.status) for one in w.records()] == [("1", "71", Status.PREPARED)]
    w.run()
    assert w.statuses() == [Status.PROCESSED]
    assert w.rows("b", "city") == [("Wien",)]  # no stamps: the primary's record
    w.assert_quiet()


def test_linking_a_paired_record_is_refused_and_linking_it_again_to_its_own_peer_does_nothing(
    world: WorldMaker,
) -> None:
    w = world()
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("b", id="71", email="ann@x.org", city="Wien")
    w.put("b", id="72", email="bob@x.org", city="Wien")
    w.run()
    with pytest.raises(ConfigurationError, match="unlink it first"):
        w.app.records.link("Sync", "people", "1", "72")
    before = w.ledger_rows()
    w.app.records.link("Sync", "people", "1", "71")
    assert w.ledger_rows() == before


@pytest.mark.parametrize(
    ("a_id", "b_id", "said"),
    [
        ("1", "999", "Shop, people, record 999: there is no record with this id"),
        ("9", "71", "CRM, Person, record 9: there is no record with this id"),
        ("no number", "71", "CRM, Person, record no number: there is no record with this id"),
        ("", "71", "CRM, Person"),
    ],
)
def test_a_link_to_a_record_that_is_not_there_is_refused(world: WorldMaker, a_id: str, b_id: str, said: str) -> None:
    w = world()
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("b", id="71", email="bob@x.org", city="Wien")
    with pytest.raises(ConfigurationError) as caught:
        w.app.records.link("Sync", "people", a_id, b_id)
    assert said in sentence(caught.value)
    assert w.records() == []


@pytest.mark.parametrize(("a_id", "is_there"), [("1,x", True), ("1", False), ("1,y", False), ("1,x,2", False)])
def test_a_link_by_an_id_of_several_key_fields_is_looked_up_whole(world: WorldMaker, a_id: str, is_there: bool) -> None:
    w = world(person_entity(key=PerSide(("Id", "Note"), ("id",))))
    w.put("a", Id=1, Email="ann@x.org", City="Wien", Note="x")
    w.put("b", id="71", email="bob@x.org", city="Wien")
    if is_there:
        w.app.records.link("Sync", "people", a_id, "71")
    else:
        with pytest.raises(ConfigurationError, match="there is no record with this id"):
            w.app.records.link("Sync", "people", a_id, "71")
    assert [(one.a_id, one.b_id) for one in w.records()] == ([("1,x", "71")] if is_there else [])


def test_unlinked_records_wait_as_skipped_and_can_be_linked_to_others(world: WorldMaker) -> None:
    w = world()
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("b", id="71", email="ann@x.org", city="Wien")
    w.run()
    w.app.records.unlink(w.of(1).id)
    assert {(one.a_id, one.b_id, one.status) for one in w.records()} == {
        ("1", None, Status.SKIPPED),
        (None, "71", Status.SKIPPED),
    }
    w.edit("a", 1, City="Linz")
    w.put("b", id="72", email="anna@x.org", city="Rom")
    before = w.rows("b")
    w.app.records.link("Sync", "people", "1", "72")
    w.run()
    assert pairs(w) == {("1", "72"), (None, "71")}
    assert w.rows("b", "id", "email", "city") == [("71", "ann@x.org", "Wien"), ("72", "ann@x.org", "Linz")]
    assert len(w.rows("b")) == len(before)
    w.assert_quiet()


@pytest.mark.scenario("C16")
@pytest.mark.parametrize("side", ["a", "b"])
def test_a_record_under_a_new_id_is_still_the_peer_of_its_record(world: WorldMaker, side: str) -> None:
    w = world()
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("b", id="71", email="ann@x.org", city="Wien")
    w.run()
    if side == "a":
        w.edit("a", 1, Id=5)
    else:
        w.edit("b", 71, id="5")
    result = w.run()
    assert pairs(w) == {("5", "71") if side == "a" else ("1", "5")}, result
    assert w.statuses() == [Status.PROCESSED]
    assert len(w.rows("a")) == len(w.rows("b")) == 1
    w.assert_quiet()
    w.edit("a", 5 if side == "a" else 1, City="Linz")
    w.run()
    assert w.rows("b", "city") == [("Linz",)]
    w.assert_quiet()


@pytest.mark.scenario("C16")
def test_a_record_under_a_new_id_that_was_edited_too_carries_its_edit(world: WorldMaker) -> None:
    w = world()
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("b", id="71", email="ann@x.org", city="Wien")
    w.run()
    w.edit("a", 1, Id=5, City="Linz")
    w.run()
    assert pairs(w) == {("5", "71")}
    assert w.rows("b", "id", "city") == [("71", "Linz")]
    w.assert_quiet()


def test_peers_survive_edits_of_the_configuration(world: WorldMaker) -> None:
    w = world()
    w.put("a", Id=1, Email="ann@x.org", City="Wien", Note="n")
    w.put("b", id="71", email="ann@x.org", city="Wien", remark="n")
    w.run()
    record = w.of(1)
    # Another identifying field, one more mapping: the same peers, nothing to write.
    w.save(
        person_entity(
            replace(EMAIL, identifying=False), replace(CITY, identifying=True), FieldMapping("Note", "remark")
        )
    )
    w.edit("a", 1, City="Graz")
    w.run()
    assert (w.of(1).id, w.of(1).b_id) == (record.id, "71")
    assert w.rows("b", "city") == [("Graz",)]
    assert len(w.rows("a")) == len(w.rows("b")) == 1
    w.assert_quiet()


def test_a_composite_key_is_one_id(world: WorldMaker) -> None:
    entity = replace(
        person_entity(FieldMapping("Email", "email", identifying=True), CITY), key=PerSide(("Email", "City"), ("id",))
    )
    w = world(entity, a={"Person": "Email TEXT, City TEXT, PRIMARY KEY (Email, City)"})
    w.put("a", Email="a,b", City="c\\d")
    w.run()
    assert w.records()[0].a_id == "a\\,b,c\\\\d"
    assert w.rows("b", "email", "city") == [("a,b", "c\\d")]
    w.assert_quiet()


@pytest.mark.parametrize("side", ["a", "b"])
def test_a_record_by_itself_is_not_linked_where_others_of_its_side_are_like_it(world: WorldMaker, side: str) -> None:
    """Not by a run of just that record, and its explanation says the same as any run."""
    w = world()
    twins, single = ("a", "b") if side == "a" else ("b", "a")
    ids = {"a": ("Id", "Email", "City"), "b": ("id", "email", "city")}
    for number in (1, 2):
        w.put(twins, **dict(zip(ids[twins], (number, "ann@x.org", f"City {number}"), strict=True)))
    w.put(single, **dict(zip(ids[single], (71, "ann@x.org", "Wien"), strict=True)))
    w.run()
    before = w.fingerprints()
    waiting = {one.id: one for one in w.records()}
    assert {one.status for one in waiting.values()} == {Status.REVIEW}
    for number in waiting:
        w.app.synchronization.run_records("Sync", [number])
        assert w.app.explanation.explain("Sync", f"#{number}").action is Action.REVIEW
    assert w.fingerprints() == before
    assert {one.id: (one.a_id, one.b_id, one.status) for one in w.records()} == {
        number: (one.a_id, one.b_id, one.status) for number, one in waiting.items()
    }
