"""RELIABILITY E11: a field that is dropped, renamed or retyped stops its entity with a sentence; the others go on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import Entity, FieldMapping, PerSide
from desktop_sync.core.decision import Action
from desktop_sync.core.errors import SchemaDriftError
from desktop_sync.core.run import Outcome
from tests.support.worlds import CITY, EMAIL, PERSON, World, WorldMaker, person_entity

CARS = Entity(
    "cars",
    PerSide("Car", "cars"),
    (FieldMapping("Plate", "plate", identifying=True), FieldMapping("Colour", "colour")),
    key=PerSide(("Id",), ("id",)),
)


def two_entities(world: WorldMaker, cars: Entity = CARS) -> World:
    w = world(
        person_entity(EMAIL, CITY),
        cars,
        a={"Person": PERSON, "Car": "Id INTEGER PRIMARY KEY, Plate TEXT, Colour TEXT, OwnerId INTEGER"},
        b={"people": "id, email, city, remark, changed, gone", "cars": "id, plate, colour, owner"},
    )
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("a", entity="cars", Id=1, Plate="W 1", Colour="red")
    w.run()
    w.edit("a", 1, City="Graz")
    w.edit("a", 1, entity="cars", Colour="blue")
    return w


DRIFTS = pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("ALTER TABLE Person DROP COLUMN City", "CRM, Person, field City: the mapping uses this field, but it is not"),
        ("ALTER TABLE Person RENAME COLUMN City TO Town", "CRM, Person, field City: the mapping uses this field, but"),
    ],
    ids=["dropped", "renamed"],
)


@pytest.mark.scenario("E11")
@DRIFTS
def test_an_entity_whose_field_is_gone_stops_and_writes_no_nulls_while_the_others_go_on(
    world: WorldMaker, sql: str, said: str
) -> None:
    w = two_entities(world)
    w.a.execute(sql)
    before = w.rows("b")
    result = w.run()
    assert result.outcome is Outcome.PROBLEMS
    by_name = {entity.entity: entity for entity in result.entities}
    assert by_name["cars"].actions == {Action.UPDATE_B: 1}
    assert by_name["people"].actions == {}
    [problem] = by_name["people"].problems
    assert problem.startswith(said)
    assert "nothing of it is written" in problem
    assert w.rows("b") == before
    assert w.rows("b", "colour", entity="cars") == [("blue",)]
    preview = w.app.synchronization.preview("Sync")
    assert {entity.entity: bool(entity.notes) for entity in preview.plan.entities} == {"cars": False, "people": True}
    preview.close()


@pytest.mark.scenario("E11")
def test_the_entity_goes_on_where_it_stopped_when_the_field_is_back(world: WorldMaker) -> None:
    w = two_entities(world)
    w.a.execute("ALTER TABLE Person RENAME COLUMN City TO Town")
    w.run()
    w.a.execute("ALTER TABLE Person RENAME COLUMN Town TO City")
    assert w.run().outcome is Outcome.DONE
    assert w.rows("b", "city") == [("Graz",)]
    w.assert_quiet()


@pytest.mark.scenario("E11")
def test_a_column_that_is_missing_in_a_file_stops_just_its_entity(world: WorldMaker) -> None:
    w = two_entities(world)
    file = w.folder / "b" / "cars.csv"
    file.write_text("id,plate,owner\n1,W 1,\n")
    result = w.run()
    assert [(entity.entity, bool(entity.problems)) for entity in result.entities] == [("people", False), ("cars", True)]
    assert file.read_text() == "id,plate,owner\n1,W 1,\n"
    assert w.rows("b", "city") == [("Graz",)]


def retype(w: World, declared: str) -> None:
    w.a.execute("ALTER TABLE Person RENAME COLUMN City TO Old")
    w.a.execute(f"ALTER TABLE Person ADD COLUMN City {declared}")
    w.a.execute("UPDATE Person SET City = Old")


@pytest.mark.scenario("E11")
def test_an_entity_whose_field_has_another_type_stops_until_a_person_saves_the_configuration(world: WorldMaker) -> None:
    w = two_entities(world)
    w.edit("a", 1, City="7")
    w.run()
    retype(w, "INTEGER")
    w.edit("a", 1, City=8)
    before = w.rows("b")
    for _ in range(2):
        result = w.run()
        by_name = {entity.entity: entity for entity in result.entities}
        assert by_name["people"].problems[0].startswith("CRM, Person, field City: it was text and is integer now")
        assert w.rows("b") == before
    w.app.configurations.save(w.configuration)
    assert w.run().outcome is Outcome.DONE
    assert w.rows("b", "city") == [("8",)]
    w.assert_quiet()


@pytest.mark.scenario("E11")
def test_another_length_of_the_same_type_or_a_field_that_is_not_mapped_stops_nothing(world: WorldMaker) -> None:
    w = two_entities(world)
    retype(w, "VARCHAR(40)")
    w.a.execute("ALTER TABLE Person DROP COLUMN Note")
    assert w.run().outcome is Outcome.DONE
    assert w.rows("b", "city") == [("Graz",)]


@pytest.mark.scenario("E11")
def test_an_entity_that_refers_to_one_that_stopped_waits_for_it(world: WorldMaker) -> None:
    cars = replace(CARS, fields=(*CARS.fields, FieldMapping("OwnerId", "owner", lookup="people")))
    w = two_entities(world, cars)
    w.a.execute("ALTER TABLE Person DROP COLUMN City")
    with pytest.raises(SchemaDriftError):
        w.run()
    assert w.rows("b", "colour", entity="cars") == [("red",)]


@pytest.mark.scenario("E11")
def test_a_configuration_of_one_entity_that_drifted_fails(world: WorldMaker) -> None:
    w = world()
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.run()
    w.a.execute("ALTER TABLE Person DROP COLUMN City")
    with pytest.raises(SchemaDriftError, match="City"):
        w.run()
    assert w.rows("b", "city") == [("Wien",)]
