"""SPEC §8, §9: what a preview says, what its run counts, what the history lists and what was done are the same."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, replace

import pytest

from desktop_sync.core.configuration import ConflictRule, FieldMapping, FirstContactRule, PerSide, Resolution, Side
from desktop_sync.core.decision import Action
from desktop_sync.core.guard import Guard
from desktop_sync.core.plan import PlanRow
from desktop_sync.core.run import Outcome, RunResult
from desktop_sync.core.status import Status
from desktop_sync.core.sync_record import HistoryRow
from tests.integration.test_semantics_cycles import enforced, keyed
from tests.support.worlds import CITY, EMAIL, NO_GUARDS, PERSON, World, WorldMaker


def test_a_create_that_was_refused_has_no_id_of_the_system_where_nothing_was_made(world: WorldMaker) -> None:
    w = world(a={"Person": PERSON.replace("City TEXT", "City TEXT CHECK (City <> 'bad')")})
    w.put("b", id="77", email="ann@x.org", city="bad")
    w.put("b", id="78", email="eve@x.org", city="Wien")
    result = w.run()
    assert (result.outcome, w.rows("a", "Email")) == (Outcome.PROBLEMS, [("eve@x.org",)])
    assert result.run_id is not None
    [made] = w.rows("a", "Id")
    found = {(row.action, row.result, row.a_id, row.b_id) for row in w.app.records.history(result.run_id)}
    assert found == {
        (Action.CREATE_A, "not done", None, "77"),
        (Action.CREATE_A, "done", str(made[0]), "78"),
    }
    [told] = w.app.records.record_history(w.of(b_id=77).id)
    assert told.a_id is None


@pytest.mark.scenario("C3")
def test_guards_count_what_is_made_again_as_created_and_not_as_deleted(world: WorldMaker) -> None:
    references = {"land": "", "town": "land"}
    entities = [keyed(name, other) for name, other in references.items()]
    tables = {"land": "Id INTEGER PRIMARY KEY, Name TEXT", "town": enforced("town", "land")}
    limits = replace(NO_GUARDS, deletes_number=1, creates_share=0.5)
    w = world(*entities, a=tables, b=tables, b_is_table=True, guards=limits)
    for number in range(1, 31):
        w.put("a", entity="land", Id=number, Name=f"land {number}")
    w.run()
    for number in range(1, 31):
        w.delete("a", number, entity="land")
        if number <= 28:
            w.put("b", entity="town", Id=number, Name=f"town {number}", Ref=number)
    with closing(w.app.synchronization.preview("Sync")) as preview:
        assert dict(preview.plan.entities[0].counts) == {Action.CREATE_A: 28, Action.DELETE_B: 2}
        found = [(one.guard, one.side, one.count, one.limit) for one in preview.plan.findings]
    assert found == [(Guard.CREATES, Side.A, 28, 15), (Guard.DELETES, Side.B, 2, 1)]
    before = w.fingerprints()
    result = w.run()
    assert (result.outcome, result.findings, w.fingerprints()) == (Outcome.GUARD, preview.plan.findings, before)


def told(w: World) -> tuple[Shown, RunResult, list[HistoryRow]]:
    """The numbers of a preview, the result of the run that follows, and its history."""
    with closing(w.app.synchronization.preview("Sync")) as preview:
        [entity] = preview.plan.entities
        shown = Shown(dict(entity.counts), entity.records, tuple(preview.rows()))
        assert preview.count() == len(shown.rows) == entity.records
        for action, number in entity.counts.items():
            assert preview.count(actions=(action,)) == number
    result = w.run()
    assert result.run_id is not None
    return shown, result, w.app.records.history(result.run_id)


@dataclass(frozen=True)
class Shown:
    counts: dict[Action, int]
    records: int
    rows: tuple[PlanRow, ...]


def done_of_each(history: list[HistoryRow]) -> Counter[Action]:
    assert {row.result for row in history} == {"done"}
    return Counter(row.action for row in history)


@pytest.mark.parametrize("rule", [ConflictRule.MOST_RECENT, ConflictRule.A])
def test_a_merged_record_counts_as_an_update_of_each_system(world: WorldMaker, rule: ConflictRule) -> None:
    note = FieldMapping("Note", "remark")
    modified = PerSide("Changed", "changed")
    w = world(fields=(EMAIL, CITY, note), resolution=Resolution.FIELD, conflict=rule, modified=modified)
    w.put("a", Id=1, Email="ann@x.org", City="Wien", Note="old", Changed="2026-01-01 10:00:00")
    w.put("a", Id=2, Email="eve@x.org", City="Wien", Note="old", Changed="2026-01-01 10:00:00")
    w.run()
    w.edit("a", 1, City="Graz", Changed="2026-01-02 10:00:00")
    w.edit("b", w.of(1).b_id, remark="new", changed="2026-01-02 11:00:00")
    shown, result, history = told(w)
    if rule is ConflictRule.MOST_RECENT:  # A's other field is as old as the record
        assert w.record("a", 1)["Note"] == "new"  # type: ignore[index]
    assert shown.counts == w.actions(result) == done_of_each(history) == {Action.UPDATE_A: 1, Action.UPDATE_B: 1}
    assert (shown.records, shown.rows[0].writes_both) == (1, True)
    changes = {one.label: (one.a, one.b, one.then, one.after, one.differs) for one in shown.rows[0].fields}
    assert changes == {
        "Email": ("ann@x.org", "ann@x.org", "ann@x.org", "ann@x.org", False),
        "City": ("Graz", "Wien", "Graz", "Graz", True),
        "Note": ("old", "new", "new", "new", True),
    }
    w.assert_quiet()


def test_records_that_are_filled_on_both_sides_count_as_an_update_of_each_system(world: WorldMaker) -> None:
    fields = (EMAIL, CITY, FieldMapping("Note", "remark"), FieldMapping("Gone", "gone"))
    w = world(first_contact=FirstContactRule.FILL_EMPTY, fields=fields)
    for key, note in ((1, None), (2, "from a")):
        w.put("a", Id=key, Email=f"p{key}@x.org", City="Wien", Note=note, Gone="from a")
        w.put("b", id=f"7{key}", email=f"p{key}@x.org", city="Graz", remark="from b", gone=None)
    shown, result, history = told(w)
    assert shown.counts == w.actions(result) == done_of_each(history) == {Action.UPDATE_A: 1, Action.UPDATE_B: 2}
    assert (shown.records, w.statuses()) == (2, [Status.PROCESSED, Status.PROCESSED])
    found = {row.a_id: {one.label: (one.after, one.then) for one in row.fields if one.differs} for row in shown.rows}
    assert found == {"1": {"Note": ("from b", "from b"), "Gone": ("from a", "from a")}, "2": {"Gone": ("from a", None)}}
    assert w.rows("a", "City", "Note", "Gone") == [("Wien", "from a", "from a"), ("Wien", "from b", "from a")]
    assert w.rows("b", "city", "remark", "gone") == [("Graz", "from b", "from a"), ("Graz", "from b", "from a")]
    w.assert_quiet()


def test_a_merge_that_a_person_turns_around_writes_to_one_system(world: WorldMaker) -> None:
    w = world(
        resolution=Resolution.FIELD, conflict=ConflictRule.A, fields=(EMAIL, CITY, FieldMapping("Note", "remark"))
    )
    w.put("a", Id=1, Email="ann@x.org", City="Wien", Note="old")
    w.run()
    w.edit("a", 1, City="Graz")
    w.edit("b", w.of(1).b_id, remark="new")
    preview = w.app.synchronization.preview("Sync")
    assert preview.turn_around("people", [row.number for row in preview.rows()], Side.B) == 1
    assert preview.taking_part() == {"people": {Action.UPDATE_A: 1}}
    assert (preview.count_written(), preview.count(actions=(Action.UPDATE_B,))) == (1, 0)
    assert w.actions(w.run(preview=preview)) == {Action.UPDATE_A: 1}
    assert w.rows("a", "City", "Note") == [("Wien", "new")]
    w.assert_quiet()


def test_the_guard_for_updates_looks_at_both_systems_of_merged_records(world: WorldMaker) -> None:
    limits = replace(NO_GUARDS, updates_share=0.5)
    fields = (EMAIL, CITY, FieldMapping("Note", "remark"))
    w = world(resolution=Resolution.FIELD, conflict=ConflictRule.A, fields=fields, guards=limits)
    for key in range(1, 31):
        w.put("a", Id=key, Email=f"p{key}@x.org", City="Wien", Note="old")
    w.run()
    for one in w.records():
        w.edit("a", one.a_id, City="Graz")
        w.edit("b", one.b_id, remark="new")
    stopped = w.run()
    assert [(one.guard, one.side, one.count) for one in stopped.findings] == [
        (Guard.UPDATES, Side.A, 30),
        (Guard.UPDATES, Side.B, 30),
    ]
    again = w.run(allow=frozenset((Guard.UPDATES,)))
    assert (again.outcome, w.actions(again)) == (Outcome.DONE, {Action.UPDATE_A: 30, Action.UPDATE_B: 30})
    w.assert_quiet()


def test_a_merge_whose_reference_cannot_follow_is_not_written_on_one_side_only(world: WorldMaker) -> None:
    fields = (FieldMapping("Name", "Name", identifying=True), FieldMapping("Ref", "Ref", lookup="land"))
    town = replace(keyed("town", "land"), fields=(*fields, FieldMapping("Note", "Note")))
    town = replace(town, resolution=Resolution.FIELD, conflict=ConflictRule.A)
    tables = {"land": "Id INTEGER PRIMARY KEY, Name TEXT", "town": "Id INTEGER PRIMARY KEY, Name, Ref, Note"}
    w = world(keyed("land", ""), town, a=tables, b=tables, b_is_table=True)
    w.put("a", entity="land", Id=1, Name="Austria")
    w.put("a", entity="town", Id=1, Name="Graz", Ref=1, Note="old")
    w.run()
    w.put("b", entity="land", Id=8, Name=None)  # it cannot be synchronized
    w.edit("a", 1, entity="town", Note="new")
    w.edit("b", w.of(1, entity="town").b_id, entity="town", Ref=8)
    before = w.fingerprints()
    with closing(w.app.synchronization.preview("Sync")) as preview:
        said = dict(preview.plan.entities[1].counts)
    result = w.run()
    assert said == w.actions(result, 1) == {Action.INVALID: 1}
    assert w.fingerprints() == before
    w.b.execute("UPDATE land SET Name = 'Italy' WHERE Id = 8")
    assert w.actions(w.run(), 1) == {Action.UPDATE_A: 1, Action.UPDATE_B: 1}
    assert w.rows("a", "Name", "Note", entity="town") == w.rows("b", "Name", "Note", entity="town") == [("Graz", "new")]
    w.assert_quiet()


def test_a_merge_goes_on_to_the_other_system_also_where_the_first_one_stores_it_otherwise(world: WorldMaker) -> None:
    fields = (EMAIL, CITY, FieldMapping("Note", "remark"))
    w = world(resolution=Resolution.FIELD, conflict=ConflictRule.A, fields=fields)
    w.put("a", Id=1, Email="ann@x.org", City="Wien", Note="old")
    w.run()
    w.edit("a", 1, Note="")  # a file has no empty text
    w.edit("b", w.of(1).b_id, city="Graz")
    shown, result, history = told(w)
    assert shown.counts == w.actions(result) == done_of_each(history) == {Action.UPDATE_A: 1, Action.UPDATE_B: 1}
    assert w.rows("a", "City") == w.rows("b", "city") == [("Graz",)]
    w.assert_quiet()
