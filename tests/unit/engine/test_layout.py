"""An entity whose definition does not fit its structures is refused by name, and what may not be sent is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from desktop_sync.core.configuration import Direction, Entity, FieldMapping, PerSide, Side
from desktop_sync.core.decision import Action
from desktop_sync.core.errors import ConfigurationError, SchemaDriftError
from desktop_sync.core.structure import Field, Structure
from desktop_sync.engine.layout import Layout, make_layout
from desktop_sync.engine.plan_input import PlanInput
from desktop_sync.engine.sides import SideRead
from desktop_sync.engine.staging import Staging
from desktop_sync.engine.write_query import write_query

NAMES = ("id", "email", "name", "part")
EMAIL = FieldMapping("email", "email", identifying=True)


def structure(*names: str, key: tuple[str, ...] = ("id",)) -> Structure:
    return Structure("people", tuple(Field(name) for name in names or NAMES), key)


def layout(*fields: FieldMapping, a: Structure | None = None, b: Structure | None = None, **rules: Any) -> Layout:
    entity = replace(Entity("people", PerSide("people", "people"), fields), **rules)
    return make_layout(entity, 0, (a or structure(), b or structure()), ("Left", "Right"))


def test_an_entity_without_an_identifying_field_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no field is marked as identifying"):
        layout(FieldMapping("name", "name"))


def test_a_structure_without_a_key_needs_one_said_or_identifying_fields() -> None:
    bare = structure(key=())
    assert [column.name for column in layout(EMAIL, a=bare).a.key] == ["email"]
    assert [column.name for column in layout(EMAIL, a=bare, key=PerSide(("id", "part"), ())).a.key] == ["id", "part"]
    computed = FieldMapping("", "email", Direction.A_TO_B, identifying=True, to_b="upper(email)")
    with pytest.raises(ConfigurationError, match="no field says which record is which"):
        layout(computed, a=bare)


@pytest.mark.parametrize("side", list(Side))
def test_a_mapped_field_that_is_not_there_is_named(side: Side) -> None:
    short = structure("id", "email")
    with pytest.raises(SchemaDriftError) as caught:
        layout(EMAIL, FieldMapping("name", "name"), **{side.value: short})
    assert caught.value.place.field == "name"


def test_a_mapping_that_sends_nothing_is_no_comparison() -> None:
    made = layout(EMAIL, FieldMapping("name", "name", only_new=True), FieldMapping("", "part"))
    assert [comparison.index for comparison in made.comparisons] == [0]
    assert made.a.sending(2) is None
    assert made.b.sending(2) is None


def test_an_action_that_writes_nothing_has_no_query() -> None:
    made = layout(EMAIL)
    read = {side: SideRead(Staging(made, made.of(side), frozenset()), True, 0, 0, "") for side in Side}
    given = PlanInput(made, read[Side.A], read[Side.B], {}, {})
    assert write_query(given, Action.UPDATE_B).target is Side.B
    for action in (one for one in Action if one.target is None):
        with pytest.raises(ValueError, match="writes nothing"):
            write_query(given, action)
