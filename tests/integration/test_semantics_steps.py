"""SPEC §6: the user's own steps in the pipeline; what they do is in the plan, in the record and in its trace."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import (
    ConflictRule,
    Direction,
    Entity,
    FieldMapping,
    Moment,
    PerSide,
    PipelineStep,
    StepKind,
    UnknownChoice,
)
from desktop_sync.core.decision import Action
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.status import Status
from desktop_sync.services.views import RecordTrace, StepOutcome
from tests.support.worlds import CITY, EMAIL, World, WorldMaker

TO_B = Direction.A_TO_B
REMARK = FieldMapping("Note", "remark")


def step(kind: StepKind, name: str = "mine", **keys: object) -> PipelineStep:
    return replace(PipelineStep(kind, name, "people", TO_B), **keys)  # type: ignore[arg-type]


def with_steps(world: WorldMaker, *steps: PipelineStep, **options: object) -> World:
    w = world(fields=(EMAIL, CITY, REMARK), **options)
    w.save(steps=steps)
    return w


def trace(w: World, a_id: object) -> RecordTrace:
    return w.app.traces.trace("Sync", w.of(a_id).id)[0]


def outcomes(found: RecordTrace) -> dict[str, StepOutcome]:
    return {one.row.title: one.outcome for one in found.steps}


def test_a_filter_step_leaves_records_out_and_deletes_none(world: WorldMaker) -> None:
    w = with_steps(world, step(StepKind.FILTER, condition="City <> 'Rom'"))
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("a", Id=2, Email="bob@x.org", City="Rom")
    w.run()
    assert w.rows("b", "email") == [("ann@x.org",)]
    w.edit("a", 1, City="Rom")
    w.run()
    assert w.of(1).status is Status.FILTERED
    assert w.rows("b", "city") == [("Wien",)]
    w.assert_quiet()
    w.edit("a", 1, City="Graz")
    w.run()
    assert w.of(1).status is Status.PROCESSED
    assert w.rows("b", "city") == [("Graz",)]


@pytest.mark.scenario("C8")
def test_a_record_that_leaves_and_enters_a_filter_keeps_its_peer(world: WorldMaker) -> None:
    w = world(filter=PerSide("City <> 'Rom'", ""))
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.run()
    before = w.of(1)
    w.edit("a", 1, City="Rom", Email="other@x.org")
    w.run()
    assert (w.of(1).status, w.of(1).id, w.of(1).b_id) == (Status.FILTERED, before.id, before.b_id)
    assert w.rows("b", "email", "city") == [("ann@x.org", "Wien")]
    w.assert_quiet()
    w.edit("a", 1, City="Graz")
    w.run()
    assert (w.of(1).status, w.of(1).id, w.of(1).b_id) == (Status.PROCESSED, before.id, before.b_id)
    assert w.rows("b", "email", "city") == [("other@x.org", "Graz")]
    w.assert_quiet()


def test_a_transform_step_replaces_what_is_sent_and_the_second_run_is_quiet(world: WorldMaker) -> None:
    w = with_steps(
        world,
        step(StepKind.TRANSFORM, "upper", field="city", expression="upper(new_city)"),
        step(StepKind.TRANSFORM, "mark", field="city", expression="new_city || '!'"),
        direction=TO_B,
    )
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("a", Id=2, Email="bob@x.org", City=None)
    w.run()
    assert w.rows("b", "city") == [(None,), ("WIEN!",)]
    w.assert_quiet()
    w.edit("a", 1, City="wien")  # the same after the steps: nobody would see it on the other side
    w.assert_quiet()
    w.edit("a", 1, City="Graz")
    w.run()
    assert w.rows("b", "city") == [(None,), ("GRAZ!",)]
    shown = {one.row.title: one.changes for one in trace(w, 1).steps}
    assert [(c.before, c.after) for c in shown["upper"]] == [("Graz", "GRAZ")]
    assert [(c.before, c.after) for c in shown["mark"]] == [("GRAZ", "GRAZ!")]


def test_a_transform_of_one_direction_is_quiet_also_where_values_flow_both_ways(world: WorldMaker) -> None:
    back = replace(
        step(StepKind.TRANSFORM, "lower", field="City", expression="lower(city)"), direction=Direction.B_TO_A
    )
    w = with_steps(world, step(StepKind.TRANSFORM, "upper", field="city", expression="upper(City)"), back)
    w.put("a", Id=1, Email="ann@x.org", City="wien")
    w.put("b", id="b7", email="bob@x.org", city="ROM")
    w.run()
    assert w.rows("b", "city") == [("ROM",), ("WIEN",)]
    assert w.rows("a", "City") == [("rom",), ("wien",)]
    w.assert_quiet()
    w.edit("b", "b7", city="GRAZ")
    w.run()
    assert ("graz",) in w.rows("a", "City")
    w.assert_quiet()


def test_a_transform_that_cannot_be_computed_makes_only_its_record_invalid(world: WorldMaker) -> None:
    w = with_steps(
        world, step(StepKind.TRANSFORM, field="remark", expression="CAST(CAST(Note AS INTEGER) + 1 AS VARCHAR)")
    )
    w.put("a", Id=1, Email="ann@x.org", City="Wien", Note="41")
    w.put("a", Id=2, Email="bob@x.org", City="Graz", Note="many")
    w.run()
    assert w.rows("b", "email", "remark") == [("ann@x.org", "42")]
    assert w.of(2).status is Status.INVALID
    assert 'the step "mine" cannot be computed' in w.of(2).last_error


def test_a_validate_step_makes_a_record_invalid_with_its_message(world: WorldMaker) -> None:
    w = with_steps(
        world,
        step(StepKind.VALIDATE, condition="length(new_city) <= 5", message="the city is too long for the shop"),
    )
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("a", Id=2, Email="bob@x.org", City="Innsbruck")
    w.put("a", Id=3, Email="cid@x.org", City=None)
    result = w.run()
    assert result.entities[0].failed == 2
    assert w.rows("b", "email") == [("ann@x.org",)]
    assert w.of(2).status is Status.INVALID
    assert w.of(2).last_error == "the city is too long for the shop"
    assert trace(w, 2).stopped_by is not None
    assert outcomes(trace(w, 2))["mine"] is StepOutcome.STOPPED
    w.edit("a", 2, City="Linz")
    w.run()
    assert w.of(2).status is Status.PROCESSED


SHORT = step(StepKind.VALIDATE, condition="length(new_city) <= 5", message="the city is too long for the shop")


def validated(world: WorldMaker, **rules: object) -> World:
    """One pair in agreement, and a step that lets only short cities go to B."""
    w = with_steps(world, SHORT, **rules)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.run()
    return w


def verified(w: World) -> tuple[int, int, int]:
    """In sync, different, unverified."""
    (found,) = w.app.verification.verify("Sync").entities
    return found.in_sync, found.different, found.unverified


def b_id(w: World) -> object:
    return w.of(1).b_id


def test_a_validate_step_of_one_direction_does_not_hold_back_the_other(world: WorldMaker) -> None:
    w = validated(world)
    w.edit("b", b_id(w), city="Innsbruck")
    assert w.actions(w.run()) == {Action.UPDATE_A: 1}
    assert w.rows("a", "City") == [("Innsbruck",)]
    assert w.of(1).status is Status.PROCESSED
    w.assert_quiet()  # nothing is to be sent to B: that it would be stopped on that way is no matter
    w.edit("b", b_id(w), city="Salzburg")
    assert w.actions(w.run()) == {Action.UPDATE_A: 1}
    assert w.of(1).status is Status.PROCESSED
    assert verified(w) == (1, 0, 0)
    w.edit("a", 1, City="Klagenfurt")
    assert w.run().entities[0].failed == 1
    assert w.of(1).status is Status.INVALID
    assert w.of(1).last_error == "the city is too long for the shop"
    assert w.rows("b", "city") == [("Salzburg",)]
    assert verified(w) == (0, 1, 0)
    w.edit("a", 1, City="Graz")
    assert w.actions(w.run()) == {Action.UPDATE_B: 1}
    assert w.of(1).status is Status.PROCESSED


@pytest.mark.parametrize(("rule", "action"), [(ConflictRule.B, Action.UPDATE_A), (ConflictRule.A, Action.INVALID)])
def test_of_two_changes_the_one_that_its_step_stops_is_held_back_only_where_it_wins(
    world: WorldMaker, rule: ConflictRule, action: Action
) -> None:
    w = validated(world, conflict=rule)
    w.edit("a", 1, City="Innsbruck")
    w.edit("b", b_id(w), city="Linz")
    result = w.run()
    assert w.actions(result) == {action: 1}
    assert w.rows("b", "city") == [("Linz",)]
    assert w.rows("a", "City") == [("Linz",) if rule is ConflictRule.B else ("Innsbruck",)]


def test_a_step_that_stops_a_record_that_is_in_sync_changes_nothing_until_it_is_to_be_sent(world: WorldMaker) -> None:
    w = with_steps(world)
    w.put("a", Id=1, Email="ann@x.org", City="Innsbruck")
    w.run()
    w.save(steps=(SHORT,))
    w.run()
    assert w.of(1).status is Status.PROCESSED
    w.edit("a", 1, Note="new")
    w.run()
    assert w.of(1).status is Status.INVALID
    w.edit("b", b_id(w), city="Linz", remark="newer")
    w.delete("b", b_id(w))
    w.run()
    assert w.of(1).status is Status.INVALID  # to create it again is to send it
    w.edit("a", 1, City="Linz")
    w.run()
    assert w.of(1).status is Status.PROCESSED
    assert w.rows("b", "city") == [("Linz",)]


def test_a_deletion_passes_a_step_that_would_stop_the_record(world: WorldMaker) -> None:
    w = validated(world)
    w.edit("b", b_id(w), city="Innsbruck")
    w.run()
    w.delete("b", b_id(w))
    assert w.actions(w.run()) == {Action.DELETE_A: 1}
    assert w.rows("a") == []


def test_steps_have_their_turn_in_order_and_the_first_that_stops_a_record_speaks(world: WorldMaker) -> None:
    check = step(
        StepKind.VALIDATE,
        "check",
        condition="Note IS NOT NULL",
        message="there is no note",
        moment=Moment.BEFORE_MAPPING,
    )
    leave = step(StepKind.FILTER, "leave", condition="City <> 'Rom'", moment=Moment.BEFORE_MAPPING)
    w = with_steps(world, check, leave)
    w.put("a", Id=1, Email="ann@x.org", City="Rom", Note=None)
    w.run()
    assert w.of(1).status is Status.INVALID
    w.save(steps=(leave, check))
    w.run()
    assert w.of(1).status is Status.FILTERED


def test_a_look_up_step_finds_the_value_in_its_list(world: WorldMaker) -> None:
    found = step(
        StepKind.LOOK_UP,
        field="remark",
        expression="upper(City)",
        choices=(("WIEN", "AT"), ("GRAZ", "AT"), ("ROM", "IT")),
    )
    w = with_steps(world, found, direction=TO_B)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("a", Id=2, Email="bob@x.org", City="rom")
    w.put("a", Id=3, Email="cid@x.org", City="Bonn")
    w.put("a", Id=4, Email="dan@x.org", City=None)
    w.run()
    assert w.rows("b", "email", "remark") == [("ann@x.org", "AT"), ("bob@x.org", "IT"), ("dan@x.org", None)]
    assert w.of(3).status is Status.INVALID
    w.save(steps=(replace(found, otherwise=UnknownChoice.DEFAULT, default="??"),))
    w.run()
    assert ("cid@x.org", "??") in w.rows("b", "email", "remark")
    w.assert_quiet()
    w.save(steps=(replace(found, otherwise=UnknownChoice.KEEP),))
    w.edit("a", 3, Note="kept")
    w.run()
    assert ("cid@x.org", "kept") in w.rows("b", "email", "remark")


def test_a_disabled_step_does_nothing_and_the_trace_says_so(world: WorldMaker) -> None:
    w = with_steps(world, step(StepKind.FILTER, condition="City <> 'Rom'", enabled=False))
    w.put("a", Id=1, Email="ann@x.org", City="Rom")
    assert w.actions(w.run()) == {Action.CREATE_B: 1}
    assert outcomes(trace(w, 1))["mine"] is StepOutcome.SWITCHED_OFF


def test_a_step_that_cannot_work_is_refused_before_anything_is_read(world: WorldMaker) -> None:
    w = with_steps(world, step(StepKind.TRANSFORM, field="city", expression="upper(Nowhere)"))
    with pytest.raises(ConfigurationError, match="Nowhere"):
        w.run()
    with pytest.raises(ConfigurationError, match="sends nothing"):
        w.save(steps=(step(StepKind.TRANSFORM, field="gone", expression="upper(City)"),))
    with pytest.raises(ConfigurationError, match="cannot be switched off"):
        w.save(steps=(PipelineStep(StepKind.SAVE, enabled=False),))
    with pytest.raises(ConfigurationError, match="one direction"):
        w.save(steps=(replace(step(StepKind.FILTER, condition="true"), direction=Direction.BOTH),))


def test_a_preview_shows_the_values_after_the_steps(world: WorldMaker) -> None:
    w = with_steps(world, step(StepKind.TRANSFORM, field="city", expression="upper(new_city)"))
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    with_plan = w.app.synchronization.preview("Sync")
    assert [f.after for f in with_plan.rows()[0].fields if f.label == "City"] == ["WIEN"]
    w.run(preview=with_plan)
    assert w.rows("b", "city") == [("WIEN",)]


def test_a_conflict_is_judged_by_the_values_after_the_steps(world: WorldMaker) -> None:
    w = with_steps(world, step(StepKind.TRANSFORM, field="city", expression="upper(City)"), conflict=ConflictRule.ASK)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.run()
    w.edit("a", 1, City="Graz")
    w.edit("b", w.of(1).b_id, city="GRAZ")
    w.run()
    assert w.of(1).status is Status.PROCESSED
    w.assert_quiet()


def test_a_look_up_by_an_entity_gives_the_other_sides_id_of_the_record_with_that_key(world: WorldMaker) -> None:
    owners = Entity(
        "owners",
        PerSide("Owner", "owners"),
        (FieldMapping("Name", "name", identifying=True),),
        key=PerSide(("Id",), ("id",)),
    )
    pets = Entity(
        "pets",
        PerSide("Pet", "pets"),
        (FieldMapping("Name", "name", identifying=True), FieldMapping("Ref", "owner", direction=TO_B)),
        key=PerSide(("Id",), ("id",)),
    )
    w = world(
        pets,
        owners,
        a={"Owner": "Id INTEGER PRIMARY KEY, Name TEXT", "Pet": "Id INTEGER PRIMARY KEY, Name TEXT, Ref TEXT"},
        b={"owners": "id INTEGER PRIMARY KEY, name TEXT", "pets": "id INTEGER PRIMARY KEY, name TEXT, owner INTEGER"},
        b_is_table=True,
    )
    found = PipelineStep(
        StepKind.LOOK_UP, "owner", "pets", TO_B, field="owner", expression="substr(Ref, 3)", lookup="owners"
    )
    w.save(steps=(found,))
    w.put("b", entity="owners", id=500, name="zoe")
    w.put("a", entity="owners", Id=11, Name="ann")
    w.put("a", entity="pets", Id=1, Name="rex", Ref="O-11")
    w.put("a", entity="pets", Id=2, Name="tom", Ref="O-99")
    w.run()
    ann = w.of(11, entity="owners").b_id
    assert [(name, str(owner)) for name, owner in w.rows("b", "name", "owner", entity="pets")] == [("rex", ann)]
    waiting = w.of(2, entity="pets")
    assert (waiting.status, "99, is not synchronized (owners)" in waiting.last_error) == (Status.INVALID, True)
    w.put("a", entity="owners", Id=99, Name="bob")
    w.run()
    assert w.of(2, entity="pets").status is Status.PROCESSED
    w.assert_quiet()
    both = replace(pets, fields=(pets.fields[0], replace(pets.fields[1], direction=Direction.BOTH)))
    with pytest.raises(ConfigurationError, match="flows both ways"):
        w.save(both, owners)
