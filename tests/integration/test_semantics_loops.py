"""SPEC §14: writes that go back and forth are stopped, both systems named; values stored otherwise are told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import FieldMapping, Side
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.finding import Level
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Status
from tests.support.worlds import CITY, EMAIL, World, WorldMaker, person_entity

TABLE = {"people": "id INTEGER PRIMARY KEY, email TEXT, city TEXT"}


def paired(world: WorldMaker, **options: object) -> World:
    w = world(b_is_table=True, b=TABLE, **options)
    for number in (1, 2):
        w.put("a", Id=number, Email=f"p{number}@x.org", City="start")
    w.run()
    return w


def oscillate(w: World, times: int) -> None:
    """A program in A writes p and another one in B writes q, in turn, each before a run."""
    for turn in range(times):
        if turn % 2 == 0:
            w.edit("a", 1, City="p")
        else:
            w.edit("b", w.of(1).b_id, city="q")
        w.run()


@pytest.mark.scenario("D9")
def test_two_programs_that_overwrite_each_other_are_stopped_and_both_systems_are_named(world: WorldMaker) -> None:
    w = paired(world, guards=replace(world().configuration.guards, write_loop=True))
    oscillate(w, 3)
    assert w.rows("a", "City") == w.rows("b", "city") == [("p",), ("start",)]
    w.edit("b", w.of(1).b_id, city="q")
    before = w.fingerprints()
    result = w.run()
    assert w.fingerprints() == before
    assert result.outcome is Outcome.PROBLEMS
    assert result.entities[0].notes == (
        "CRM and Shop, people: 1 record waits for your decision, because its value goes back and forth between two: "
        "one program writes it in CRM, another one in Shop.",
    )
    assert w.of(1).status is Status.CONFLICT
    assert w.of(1).last_error == "CRM and Shop overwrite each other's value: decide which one stays"
    [conflict] = w.app.records.conflicts("Sync")
    assert conflict.rule is Rule.WRITE_LOOP
    assert [(f.a, f.b) for f in conflict.fields if f.label == "City"] == [("p", "q")]


@pytest.mark.scenario("D9")
def test_a_stopped_record_waits_on_until_a_person_decides_while_others_go_on(world: WorldMaker) -> None:
    w = paired(world, guards=replace(world().configuration.guards, write_loop=True))
    oscillate(w, 4)
    w.edit("a", 2, City="Wien")
    assert w.actions(w.run()) == {Action.UPDATE_B: 1, Action.CONFLICT: 1}
    w.edit("b", w.of(1).b_id, city="r")
    w.run()
    assert w.of(1).status is Status.CONFLICT
    assert w.record("a", 1)["City"] == "p"  # type: ignore[index]
    [conflict] = w.app.records.conflicts("Sync")
    w.app.records.resolve(conflict.id, Side.A)
    w.run()
    assert w.record("b", w.of(1).b_id)["city"] == "p"  # type: ignore[index]
    assert w.of(1).status is Status.PROCESSED
    w.assert_quiet()


def test_a_stopped_record_is_in_order_again_when_both_sides_agree(world: WorldMaker) -> None:
    w = paired(world, guards=replace(world().configuration.guards, write_loop=True))
    oscillate(w, 4)
    w.edit("b", w.of(1).b_id, city="p")
    w.run()
    assert w.of(1).status is Status.PROCESSED
    assert w.app.records.conflicts("Sync") == []


def test_a_person_who_changes_a_value_back_and_forth_is_no_loop(world: WorldMaker) -> None:
    w = paired(world, guards=replace(world().configuration.guards, write_loop=True))
    for value in ("p", "q", "p", "q"):
        w.edit("a", 1, City=value)
        assert w.actions(w.run()) == {Action.UPDATE_B: 1}


@pytest.mark.scenario("D9")
@pytest.mark.parametrize(
    ("one", "two"),
    [
        (CITY, FieldMapping("City", "city", value_map=(("Wien", "Graz"), ("Graz", "Wien")))),
        (
            CITY,
            FieldMapping(
                "City",
                "city",
                to_b="CASE WHEN City = upper(City) THEN lower(City) ELSE upper(City) END",
                to_a="CASE WHEN city = upper(city) THEN lower(city) ELSE upper(city) END",
            ),
        ),
    ],
    ids=["choices", "case"],
)
def test_two_configurations_whose_mappings_contradict_each_other_are_stopped_and_both_are_named(
    world: WorldMaker, one: FieldMapping, two: FieldMapping
) -> None:
    w = world(
        b_is_table=True, b=TABLE, fields=(EMAIL, one), guards=replace(world().configuration.guards, write_loop=True)
    )
    w.app.configurations.save(replace(w.configuration, identity="", name="Two", entities=(person_entity(EMAIL, two),)))
    w.put("a", Id=1, Email="p1@x.org", City="Wien")
    notes: list[str] = []
    for _ in range(7):
        for name in ("Sync", "Two"):
            notes += w.app.synchronization.run(name).entities[0].notes
    before = w.fingerprints()
    for name in ("Sync", "Two"):
        w.app.synchronization.run(name)
    assert w.fingerprints() == before
    assert notes == [
        "CRM and Shop, people: 1 record waits for your decision, because its value goes back and forth between two: "
        '"Two" and "Sync" overwrite it in turn, for their mappings contradict each other.'
    ]
    [conflict] = w.app.records.conflicts("Two")
    assert conflict.rule is Rule.WRITE_LOOP


@pytest.mark.scenario("D9")
def test_opposite_expressions_that_say_the_same_of_each_others_values_come_to_rest(world: WorldMaker) -> None:
    up, low = (
        FieldMapping("City", "city", to_b=f"{one}(City)", to_a=f"{two}(city)")
        for one, two in (("upper", "lower"), ("lower", "upper"))
    )
    w = world(b_is_table=True, b=TABLE, fields=(EMAIL, up))
    w.app.configurations.save(replace(w.configuration, identity="", name="Two", entities=(person_entity(EMAIL, low),)))
    w.put("a", Id=1, Email="p1@x.org", City="Wien")
    for _ in range(2):
        for name in ("Sync", "Two"):
            w.app.synchronization.run(name)
    before = w.fingerprints()
    for name in ("Sync", "Two"):
        w.app.synchronization.run(name)
    assert w.fingerprints() == before


def test_the_detector_can_be_switched_off(world: WorldMaker) -> None:
    w = paired(world, guards=replace(world().configuration.guards, write_loop=False))
    oscillate(w, 6)
    assert w.rows("a", "City") == [("q",), ("start",)]


# Values that are stored otherwise than they were sent.


def normalising(world: WorldMaker, **options: object) -> World:
    w = world(b_is_table=True, b=TABLE, **options)
    for event in ("INSERT", "UPDATE OF city"):
        w.b.execute(  # type: ignore[union-attr]
            f"CREATE TRIGGER upper_{event.split()[0].lower()} AFTER {event} ON people "
            "BEGIN UPDATE people SET city = upper(trim(city)) WHERE id = new.id AND city <> upper(trim(city)); END"
        )
    w.put("a", Id=1, Email="p1@x.org", City="Wien ")
    return w


SAID = (
    'Shop, people: the field "city" is stored otherwise than it was sent: "Wien " became "WIEN". The mapping is lossy; '
    "a normal form makes both count as the same."
)


@pytest.mark.scenario("D8")
def test_a_target_that_normalises_is_written_once_and_the_mapping_is_told_to_be_lossy_with_an_example(
    world: WorldMaker,
) -> None:
    w = normalising(world)
    first = w.run()
    assert w.actions(first) == {Action.CREATE_B: 1}
    assert first.entities[0].notes == (SAID,)
    assert w.rows("b", "city") == [("WIEN",)]
    assert w.rows("a", "City") == [("Wien ",)]
    assert w.assert_quiet().entities[0].notes == ()
    findings = w.app.configurations.check_live(w.configuration)
    assert [(f.level, f.message, f.field_index) for f in findings if f.path == "field.lossy"] == [
        (Level.WARNING, SAID, 1)
    ]


@pytest.mark.scenario("D8")
def test_what_a_normal_form_evens_out_is_not_lossy_and_clears_what_was_told(world: WorldMaker) -> None:
    w = normalising(world)
    w.run()
    w.save(person_entity(EMAIL, replace(CITY, normal_form=("trim", "upper"))))
    w.edit("a", 1, City="Graz")
    result = w.run()
    assert w.actions(result) == {Action.UPDATE_B: 1}
    assert result.entities[0].notes == ()
    assert [f for f in w.app.configurations.check_live(w.configuration) if f.path == "field.lossy"] == []
    w.assert_quiet()


def test_a_masked_field_is_told_without_its_values(world: WorldMaker) -> None:
    w = normalising(world, fields=(EMAIL, FieldMapping("City", "city", masked=True)))
    [said] = w.run().entities[0].notes
    assert "Wien" not in said
    assert '"city"' in said
