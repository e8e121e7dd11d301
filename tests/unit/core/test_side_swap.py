"""A configuration whose sides are exchanged is the same synchronization."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import replace

from desktop_sync.core.configuration import (
    ConflictRule,
    DeleteRule,
    Direction,
    Entity,
    FieldMapping,
    FirstContactRule,
    Mark,
    PerSide,
    PipelineStep,
    Side,
    StepKind,
    SyncConfiguration,
)
from desktop_sync.core.side_swap import swapped

FIELD = FieldMapping(
    "Email", "email", Direction.A_TO_B, True, "lower(Email)", "email", value_map=(("NEW", "n"), ("DONE", "d"))
)
ENTITY = Entity(
    "customers",
    PerSide("Customer", "customers"),
    (FIELD,),
    Direction.B_TO_A,
    Side.A,
    ConflictRule.A,
    FirstContactRule.B,
    PerSide(DeleteRule.DELETE, DeleteRule.MARK),
    PerSide(Mark("gone", "1"), Mark("Deleted", "yes")),
    modified=PerSide("UpdatedAt", "updated_at"),
    key=PerSide(("Id",), ("id",)),
    filter=PerSide("Active = 1", ""),
    sentinel=PerSide("17", "x"),
)
STEP = PipelineStep(
    StepKind.TRANSFORM, "shorten", "customers", Direction.A_TO_B, field="city", expression="left(City, 3)"
)
FULL = SyncConfiguration("Customers", "CRM", "Shop", (ENTITY,), steps=(STEP,))


def test_every_part_that_is_about_a_side_changes_over() -> None:
    other = swapped(FULL)
    assert (other.name, other.a, other.b) == ("Customers", "Shop", "CRM")
    [entity] = other.entities
    assert entity == replace(
        ENTITY,
        structures=PerSide("customers", "Customer"),
        fields=(replace(FIELD, a="email", b="Email", direction=Direction.B_TO_A, to_a="lower(Email)", to_b="email",
                        value_map=(("n", "NEW"), ("d", "DONE"))),),
        direction=Direction.A_TO_B,
        primary=Side.B,
        conflict=ConflictRule.B,
        first_contact=FirstContactRule.A,
        delete=PerSide(DeleteRule.MARK, DeleteRule.DELETE),
        mark=PerSide(Mark("Deleted", "yes"), Mark("gone", "1")),
        modified=PerSide("updated_at", "UpdatedAt"),
        key=PerSide(("id",), ("Id",)),
        filter=PerSide("", "Active = 1"),
        sentinel=PerSide("x", "17"),
    )  # fmt: skip
    assert other.steps == (replace(STEP, direction=Direction.B_TO_A),)


def test_no_part_that_names_a_side_is_forgotten() -> None:
    """A setting that is added later and is about a side fails here until it changes over too."""
    pairs = ((FULL, swapped(FULL)), (ENTITY, swapped(FULL).entities[0]), (FIELD, swapped(FULL).entities[0].fields[0]))
    for before, after in (*pairs, (STEP, swapped(FULL).steps[0])):
        for part in dataclasses.fields(before):
            if re.search(r"\b(PerSide|Side|Direction|ConflictRule|FirstContactRule)\b", str(part.type)):
                assert getattr(before, part.name) != getattr(after, part.name), part.name


def test_what_is_about_no_side_stays_and_twice_is_as_before() -> None:
    even = replace(
        ENTITY, direction=Direction.BOTH, conflict=ConflictRule.ASK, first_contact=FirstContactRule.FILL_EMPTY
    )
    [entity] = swapped(replace(FULL, entities=(even,))).entities
    assert (entity.direction, entity.conflict) == (Direction.BOTH, ConflictRule.ASK)
    assert entity.first_contact is FirstContactRule.FILL_EMPTY
    assert swapped(swapped(FULL)) == FULL
