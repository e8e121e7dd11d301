"""Plans that another version kept, that are turned against their direction, and of values that only one side types."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from desktop_sync.core.configuration import (
    Direction,
    Entity,
    FieldMapping,
    FirstContactRule,
    MatchRule,
    PerSide,
    PipelineStep,
    Resolution,
    Side,
    StepKind,
)
from desktop_sync.core.guard import Guard
from desktop_sync.core.ledger_values import RecordQuery
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Status
from desktop_sync.core.structure import Field, FieldType
from tests.support.chaos_fixtures import Make, agreed, assert_quiet, die_at
from tests.support.chaos_world import NAME, NO_GUARDS, ChaosWorld, assert_done, configuration

Document = dict[str, Any]


def other_version(document: Document) -> None:
    document["version"] = 0


def other_entity(document: Document) -> None:
    document["reads"]["pets"] = document["reads"].pop("people")


def other_fields(document: Document) -> None:
    document["reads"]["people"]["a"]["fields"] = ["email"]


@pytest.mark.parametrize("alter", [other_version, other_entity, other_fields])
def test_a_kept_plan_that_does_not_fit_is_not_carried_out_and_the_records_are_planned_anew(
    make: Make, alter: Callable[[Document], None]
) -> None:
    world = agreed(make("marker"))
    world.left.edit("people", "1", name="edited")
    synchronization = world.application.synchronization
    synchronization.prepare(NAME)
    waiting = synchronization.waiting_plan(NAME)
    assert waiting is not None
    waiting.close()
    (file,) = (world.folder / "plans").rglob("plan.json")
    document = json.loads(file.read_text(encoding="utf-8"))
    alter(document)
    file.write_text(json.dumps(document), encoding="utf-8")
    assert synchronization.waiting_plan(NAME) is None
    assert_done(synchronization.process(NAME))
    assert world.people(world.right) == {"c1": "edited"}


def test_a_row_is_not_turned_against_the_direction_of_its_entity(make: Make) -> None:
    for direction, turned in ((Direction.A_TO_B, 0), (Direction.BOTH, 1)):
        world = agreed(make("marker", direction=direction))
        world.left.edit("people", "1", name="edited")
        preview = world.application.synchronization.preview(NAME)
        (row,) = preview.rows()
        assert preview.turn_around("people", [row.number], Side.B) == turned
        assert_done(world.run(preview=preview))
        assert world.people(world.right) == {"c1": "old" if turned else "edited"}


def test_empty_fields_are_filled_in_the_direction_of_the_entity_only(make: Make) -> None:
    world = make("marker", direction=Direction.A_TO_B, first_contact=FirstContactRule.FILL_EMPTY)
    world.left.put("people", id="1", email="c1", name="known here")
    world.right.put("people", id="101", email="c1")
    world.left.put("people", id="2", email="c2")
    world.right.put("people", id="102", email="c2", name="known there")
    assert_done(world.run())
    assert world.people(world.right) == {"c1": "known here", "c2": "known there"}
    assert world.people(world.left) == {"c1": "known here", "c2": None}
    assert_quiet(world)


def test_a_record_that_may_not_travel_is_no_difference(make: Make) -> None:
    world = agreed(make("marker", direction=Direction.A_TO_B))
    world.right.put("people", email="n2", name="only there")
    report = world.application.verification.verify(NAME)
    assert report.is_in_sync
    world.left.put("people", email="n1", name="only here")
    (found,) = world.application.verification.verify(NAME).entities
    assert (found.missing_a, found.missing_b) == (0, 1)


def typed(world: ChaosWorld, name: str, kind: FieldType) -> ChaosWorld:
    """The left system declares the field with that type, the right one stores text only."""
    for system, declared in ((world.left, Field(name, kind)), (world.right, Field(name, is_typed=False))):
        table = system.tables["people"]
        fields = tuple(declared if field.name == name else field for field in table.structure.fields)
        table.structure = replace(table.structure, fields=fields)
    return world


def test_a_create_is_sent_again_with_the_text_that_was_sent_first(make: Make) -> None:
    world = typed(make("marker"), "name", FieldType.DECIMAL)
    world.left.put("people", email="n1", name="1.50")
    die_at(world, "endpoint.right.create.before")
    ((_, first, _, _),) = [request.arguments for request in world.right.late]
    world.right.late.clear()
    assert_done(world.run())
    (made,) = world.right.records("people").values()
    assert first == {"email": "n1", "name": "1.5"}
    assert made["name"] == "1.5"
    assert_quiet(world)


def test_records_are_matched_by_a_number_however_it_is_written(make: Make) -> None:
    fields = (FieldMapping("name", "name", identifying=True), FieldMapping("note", "note"))
    world = typed(make("marker", fields=fields), "name", FieldType.INTEGER)
    world.left.put("people", id="1", email="l", name="7", note="seven")
    world.left.put("people", id="2", email="l", name="-8", note="minus eight")
    world.right.put("people", id="101", email="r", name="007", note="seven")
    world.right.put("people", id="102", email="r", name="-8.0", note="minus eight")
    assert_done(world.run())
    assert len(world.left.records("people")) == len(world.right.records("people")) == 2
    assert_quiet(world)


def test_a_best_match_needs_some_of_many_fields_and_never_looks_at_every_subset(make: Make) -> None:
    names = ("email", "name", *(f"f{number}" for number in range(6)))
    fields = tuple(FieldMapping(name, name, identifying=True) for name in names)
    world = make("marker", fields=fields, match=MatchRule.BEST)
    for system in (world.left, world.right):
        system.make("people", ("id", *names))
    same = {name: f"the same {name}" for name in names}
    world.left.put("people", id="1", **same)
    world.right.put("people", id="101", **same | {"f5": None})
    world.left.put("people", id="2", **{name: f"left {name}" for name in names})
    world.right.put("people", id="102", **{name: None for name in names} | {"f5": "left f5"})
    world.run()
    pairs = {(one.a_id, one.b_id) for one in world.application.records.records(RecordQuery(NAME))}
    assert ("1", "101") in pairs
    assert ("2", "102") not in pairs, "one field of eight is not enough"


def test_a_guard_of_one_entity_is_let_pass_for_the_plan_that_was_shown_of_it(make: Make) -> None:
    world = make("marker")
    fields = (FieldMapping("email", "email", identifying=True), FieldMapping("name", "name"))
    for system in (world.left, world.right):
        system.make("pets", ("id", "email", "name"))
    pets = Entity("pets", PerSide("pets", "pets"), fields, key=PerSide(("id",), ("id",)))
    people = configuration().entities[0]
    limits = replace(NO_GUARDS, deletes_number=1)
    world.ledger.save_configuration(replace(configuration(), entities=(pets, people), guards=limits))
    for number in range(30):
        for place, system in enumerate((world.left, world.right)):
            system.put("people", id=f"{place}{number:02d}", email=f"c{number}", name="old")
    assert_done(world.run())
    for number in range(25):
        world.left.delete("people", f"0{number:02d}")
    stopped = world.run()
    assert stopped.outcome is Outcome.GUARD
    assert [(one.guard, one.entity) for one in stopped.findings] == [(Guard.DELETES, "people")]
    assert len(world.right.records("people")) == 30
    assert_done(world.run(allow=frozenset({Guard.DELETES})))
    assert len(world.right.records("people")) == 5


def test_a_step_whose_text_is_no_number_refuses_that_record_and_no_other(make: Make) -> None:
    world = typed(make("marker"), "name", FieldType.INTEGER)
    step = PipelineStep(StepKind.TRANSFORM, "Count", field="name", expression="note")
    world.ledger.save_configuration(replace(configuration(), steps=(replace(step, direction=Direction.A_TO_B),)))
    world.left.put("people", email="n1", name="1", note="17")
    world.left.put("people", email="n2", name="2", note="many")
    world.left.put("people", email="n3", name="3", note=None)
    result = world.run()
    assert result.outcome is Outcome.PROBLEMS
    assert {row["email"]: row["name"] for row in world.right.records("people").values()} == {"n1": "17", "n3": None}
    invalid = world.ledger.records(RecordQuery(NAME, statuses=(Status.INVALID,)))
    assert ["gives a value that does not fit the field" in one.last_error for one in invalid] == [True]


def test_fields_that_are_judged_one_by_one_need_no_stamps_and_may_be_computed(make: Make) -> None:
    fields = (
        FieldMapping("email", "email", identifying=True),
        FieldMapping("name", "name", Direction.A_TO_B, to_b="upper(name) || coalesce(email, '')"),
        FieldMapping("note", "note"),
    )
    world = make("marker", fields=fields, resolution=Resolution.FIELD)
    world.left.put("people", email="n1", name="abc", note="first")
    assert_done(world.run())
    (made,) = world.right.records("people")
    (mine,) = world.left.records("people")
    world.left.edit("people", mine, name="def")
    assert_done(world.run())
    world.clock.move(60)
    world.right.edit("people", made, note="second")
    assert_done(world.run())
    assert world.right.records("people")[made] == {"id": made, "email": "n1", "name": "DEFn1", "note": "second"}
    assert world.left.records("people")[mine] == {"id": mine, "email": "n1", "name": "def", "note": "second"}
    assert_quiet(world)


def test_a_note_about_what_was_written_counts_no_deletion_when_it_asks_for_values(make: Make) -> None:
    world = agreed(make("marker"), "c1", "c2")
    told = PipelineStep(StepKind.NOTIFY, "Tell", condition="name = 'edited'", message="{count} were edited")
    world.ledger.save_configuration(replace(configuration(), steps=(told,)))
    world.left.delete("people", "1")
    assert assert_done(world.run()).notes == ()
    world.left.edit("people", "2", name="edited")
    assert assert_done(world.run()).notes == ("1 were edited",)
