"""SPEC §10: of a conflict those fields are marked that differ, not those that are only written in another way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import ConflictRule, FieldMapping
from desktop_sync.core.decision import Action
from desktop_sync.core.plan import FieldChange
from tests.support.worlds import CITY, EMAIL, World, WorldMaker, person_entity

MAIL = replace(EMAIL, normal_form=("trim", "lower"))
STATE = FieldMapping("Note", "remark", value_map=(("NEW", "n"), ("DONE", "d")))
STAMP = FieldMapping("Changed", "changed", only_new=True)


@pytest.fixture
def conflicting(world: WorldMaker) -> World:
    w = world(person_entity(MAIL, CITY, STATE, STAMP, conflict=ConflictRule.ASK))
    w.put("a", Id=1, Email="ann@x.org", City="Wien", Note="NEW", Changed="1")
    w.put("b", id="71", email=" Ann@X.org", city="Wien", remark="n", changed="2")
    w.run()
    w.edit("a", 1, City="Graz")
    w.edit("b", 71, city="Linz")
    return w


def differing(fields: tuple[FieldChange, ...]) -> list[str]:
    return [one.label for one in fields if one.differs]


def test_a_preview_marks_what_differs_after_the_mapping(conflicting: World) -> None:
    preview = conflicting.app.synchronization.preview("Sync")
    (row,) = preview.rows()
    preview.close()
    assert row.action is Action.CONFLICT
    assert differing(row.fields) == ["City"]


def test_the_kept_conflict_marks_the_same_and_is_kept_once(conflicting: World) -> None:
    conflicting.run()
    (conflict,) = conflicting.app.records.conflicts("Sync")
    assert differing(conflict.fields) == ["City"]
    conflicting.run()
    (again,) = conflicting.app.records.conflicts("Sync")
    assert again == conflict


def test_a_conflict_that_is_settled_by_rule_marks_the_same(conflicting: World) -> None:
    entity = replace(conflicting.configuration.entities[0], conflict=ConflictRule.A)
    conflicting.save(entity)
    conflicting.run()
    (conflict,) = conflicting.app.records.conflicts("Sync", only_open=False)
    assert differing(conflict.fields) == ["City"]


def test_where_one_side_is_deleted_all_that_stood_there_is_marked(conflicting: World) -> None:
    entity = conflicting.configuration.entities[0]
    conflicting.save(replace(entity, edit_against_delete=type(entity.edit_against_delete).ASK))
    conflicting.delete("b", 71)
    preview = conflicting.app.synchronization.preview("Sync")
    rows = [row for row in preview.rows() if row.action is Action.CONFLICT]
    preview.close()
    assert all("City" in differing(row.fields) for row in rows)
    assert rows
