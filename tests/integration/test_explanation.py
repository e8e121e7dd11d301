"""Every record is explained: what was done to it and why, how it stands now, and why not when it is not synchronized
(SPEC §9). Nothing is written by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from desktop_sync.core.configuration import (
    ConflictRule,
    DeleteRule,
    Direction,
    FirstContactRule,
    MatchRule,
    PerSide,
    Side,
)
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.explanation import Explanation, Part
from desktop_sync.core.run import Trigger
from desktop_sync.core.status import Event
from tests.support.worlds import CITY, EMAIL, World, WorldMaker

TABLE = {"people": "id INTEGER PRIMARY KEY, email TEXT, city TEXT, remark TEXT, changed TEXT, gone TEXT"}


def tables(world: WorldMaker, **options: object) -> World:
    return world(**{"b_is_table": True, "b": TABLE, **options})


def pair(one: World, city: str = "Bonn") -> None:
    one.put("a", Id=1, Email="p1", City=city)
    one.put("b", id=101, email="p1", city="Bonn")


def explain(one: World, record: str = "1", entity: str = "") -> Explanation:
    """The explanation; proven to change nothing, neither an endpoint nor the ledger."""
    before = one.fingerprints(), one.ledger_dump()
    found = one.app.explanation.explain("Sync", record, entity)
    assert (one.fingerprints(), one.ledger_dump()) == before
    return found


def parts(found: Explanation) -> list[Part]:
    return [event.part for event in found.past]


def texts(found: Explanation) -> str:
    return "\n".join(event.text for event in (*found.past, *found.present))


def test_the_past_says_by_what_it_was_paired_by_which_rule_and_what_each_run_wrote(world: WorldMaker) -> None:
    one = tables(world, first_contact=FirstContactRule.A, fields=(replace(EMAIL, normal_form=("trim", "lower")), CITY))
    pair(one, "Köln")
    first = one.run()
    one.edit("a", 1, City="Wien")
    second = one.run()
    found = explain(one, str(one.of(a_id=1).id))
    paired = [Part.MATCHED, Part.DECIDED, Part.WRITTEN]
    assert [part for part in parts(found) if part is not Part.CONFLICT] == [*paired, *paired[1:], Part.STATUS]
    assert parts(found).count(Part.CONFLICT) == 1
    assert f"Run {first.run_id}: paired, equal: Email" in texts(found)
    assert "met for the first time" in texts(found)
    written = [event for event in found.past if event.part is Part.WRITTEN]
    assert [event.run_id for event in written] == [first.run_id, second.run_id]
    (city,) = written[1].fields
    assert (city.label, city.before, city.after) == ("city", "Köln", "Wien")
    assert all(event.at is not None for event in found.past)
    assert found.why_not == ()
    assert found.action is None


def test_the_present_compares_both_sides_in_normal_form_with_the_baseline(world: WorldMaker) -> None:
    one = tables(world, fields=(replace(EMAIL, normal_form=("trim", "lower")), CITY))
    pair(one)
    one.run()
    one.edit("a", 1, Email=" P1 ", City="Wien")
    found = explain(one)
    email, city = found.fields
    assert (email.label, email.a, email.b, email.normal_a, email.normal_b, email.differs) == (
        "Email = email",
        " P1 ",
        "p1",
        "p1",
        "p1",
        False,
    )
    assert (city.a, city.b, city.base_a, city.base_b, city.differs) == ("Wien", "Bonn", "Bonn", "Bonn", True)
    assert (found.action, found.rule) == (Action.UPDATE_B, Rule.CHANGED_ONE_SIDE)
    said = texts(found)
    assert "CRM changed since the last synchronization" in said
    assert "Shop is as it was after the last synchronization" in said
    assert "the sides differ in City = city" in said
    assert "with the next run it would be updated in Shop, because it changed on one side only" in said
    assert found.why_not == ()


def test_masked_values_stay_masked_everywhere(world: WorldMaker) -> None:
    one = tables(world, conflict=ConflictRule.A, fields=(EMAIL, replace(CITY, masked=True)))
    pair(one)
    one.run()
    one.edit("a", 1, City="secret A")
    one.edit("b", 101, city="secret B")
    one.run()
    one.edit("a", 1, City="secret C")
    found = repr(explain(one))
    records, run = one.app.records, one.app.records.runs("Sync")[0].id
    preview = one.app.undo.preview(run)
    told = [found, repr(records.record_history(one.of(a_id=1).id)), repr(records.conflicts("Sync", only_open=False))]
    told += [repr(records.history(run)), repr(preview.rows())]
    preview.close()
    for text in told:
        assert "secret" not in text
        assert "Bonn" not in text
        assert "•••" in text


def _skipped(one: World) -> None:
    one.set_status(Event.SKIPPED_BY_USER, a_id=1)


def _in_conflict(one: World) -> None:
    one.edit("a", 1, City="A")
    one.edit("b", 101, city="B")
    one.run()


def _deleted(one: World) -> None:
    one.delete("b", 101)
    one.run()


def _one_way(one: World) -> None:
    one.save(replace(one.configuration.entities[0], direction=Direction.A_TO_B))
    one.edit("b", 101, city="changed where it does not flow from")


def _filtered(one: World) -> None:
    one.save(replace(one.configuration.entities[0], filter=PerSide("City = 'Bonn'", "")))
    one.edit("a", 1, City="Wien")
    one.run()


def _disabled(one: World) -> None:
    one.save(enabled=False)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_skipped, "A person skipped it"),
        (_in_conflict, "it waits until you decide"),
        (_deleted, "It was deleted in Shop. It is synchronized again when its record in CRM is modified."),
        (_one_way, "It changed, but this entity is synchronized only from CRM to Shop."),
        (_filtered, "it does not meet the filter: City = 'Bonn'."),
        (_disabled, "The configuration is disabled"),
    ],
)
def test_why_a_pair_is_not_synchronized_is_said(world: WorldMaker, make: Callable[[World], None], reason: str) -> None:
    one = tables(world, conflict=ConflictRule.ASK)
    one.save(replace(one.configuration.entities[0], delete=PerSide(DeleteRule.DELETE, DeleteRule.IGNORE)))
    pair(one)
    one.run()
    make(one)
    assert any(reason in sentence for sentence in explain(one).why_not), explain(one).why_not


@pytest.mark.parametrize(("side", "key"), [("a", 1), ("b", 101)])
def test_why_the_counterpart_of_a_filtered_record_that_was_deleted_stays_is_said(
    world: WorldMaker, side: str, key: int
) -> None:
    one = tables(world)
    pair(one)
    one.run()
    _filtered(one)
    one.delete(side, key)
    why = "it was outside the filter when a record of it was deleted"
    assert f"It takes no part: {why}" in " ".join(explain(one).why_not)
    one.run()
    assert f"Nothing more was done: {why}" in " ".join(explain(one).why_not)


def test_a_failed_record_says_what_was_refused_and_when_it_is_tried_again(world: WorldMaker) -> None:
    one = tables(world, b={"people": TABLE["people"].replace("city TEXT", "city TEXT CHECK (city <> 'bad')")})
    one.put("a", Id=1, Email="p1", City="bad")
    one.run(trigger=Trigger.SCHEDULE)
    found = explain(one)
    (why,) = found.why_not
    assert why.startswith("The last attempt failed: ")
    assert ". A scheduled run" in why
    assert "tries again after" in why
    assert found.record is not None
    assert found.record.attempts == 1


@pytest.mark.scenario("E6")
def test_a_record_whose_counterpart_is_not_certain_says_why(world: WorldMaker) -> None:
    one = tables(world)
    one.put("a", Id=1, Email="p1", City="x")
    one.put("b", id=101, email="p1", city="y")
    one.put("b", id=102, email="p1", city="z")
    one.run()
    (why,) = explain(one, str(one.of(a_id=1).id)).why_not
    assert "Its counterpart is not certain" in why
    assert "several records of the other side have the same Email" in why


@pytest.mark.parametrize("match", list(MatchRule))
def test_a_new_record_whose_only_counterpart_is_outside_the_filter_says_so(world: WorldMaker, match: MatchRule) -> None:
    one = tables(world, match=match)
    one.save(replace(one.configuration.entities[0], filter=PerSide("", "city = 'Bonn'")))
    one.put("a", Id=1, Email="p1", City="x")
    one.put("b", id=101, email="p1", city="y")
    one.put("a", Id=2, Email="p2", City="x")
    one.run()
    assert len(one.rows("b")) == 2
    said = (
        "Its counterpart in Shop, record 101, does not meet the filter, so the two are not linked; and no second one "
    )
    assert explain(one, "id:1").why_not == (said + "is created.",)
    (filtered,) = [text for text in explain(one, "id:101").why_not]
    assert "it does not meet the filter" in filtered


def test_a_value_that_cannot_be_used_is_named(world: WorldMaker) -> None:
    one = tables(world, b={"people": TABLE["people"].replace("city TEXT", "city INTEGER")})
    one.put("a", Id=1, Email="p1", City="not a number")
    one.run()
    (why,) = explain(one).why_not
    assert "is not a whole number" in why


def test_a_record_that_no_run_has_seen_is_found_by_its_id_and_says_what_comes(world: WorldMaker) -> None:
    one = tables(world)
    one.put("a", Id=7, Email="p7", City="x")
    found = explain(one, "7")
    assert (found.record, found.a_id, found.past) == (None, "7", ())
    assert found.action is Action.CREATE_B
    assert "with the next run it would be created in Shop" in texts(found)
    one.save(replace(one.configuration.entities[0], direction=Direction.B_TO_A, primary=Side.B))
    (why,) = explain(one, "7").why_not
    assert why == "It has no counterpart, and records of CRM are not created in Shop."


def test_an_id_that_nobody_has_is_an_error_that_says_where_was_looked(world: WorldMaker) -> None:
    one = tables(world)
    with pytest.raises(ConfigurationError, match='no record has the id "99", neither in CRM and Shop'):
        explain(one, "99")
    with pytest.raises(ConfigurationError, match='has no entity "nothing"'):
        explain(one, "1", "nothing")


def test_an_undo_is_in_the_timeline_with_the_run_that_it_undid(world: WorldMaker) -> None:
    one = tables(world)
    pair(one)
    one.run()
    one.edit("a", 1, City="Wien")
    run = one.run()
    undone = one.app.undo.undo(run.run_id or 0)
    assert f"Undo {undone.run_id} of run {run.run_id}: updated in Shop" in texts(explain(one))


def test_a_link_by_hand_is_told_as_such(world: WorldMaker) -> None:
    one = tables(world, first_contact=FirstContactRule.A)
    one.put("a", Id=1, Email="p1", City="x")
    one.put("b", id=101, email="other", city="x")
    one.app.records.link("Sync", "people", "1", "101")
    one.run()
    assert "By hand: paired, by hand" in texts(explain(one))
    assert all(event.at is not None and event.at <= datetime.now(UTC) for event in explain(one).past)
