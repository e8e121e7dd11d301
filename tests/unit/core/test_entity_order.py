from __future__ import annotations

import itertools

import pytest

from desktop_sync.core.configuration import Entity, FieldMapping, PerSide
from desktop_sync.core.entity_order import order_entities


def entity(name: str, *references: str) -> Entity:
    fields = (FieldMapping("Name", "name", identifying=True), *(FieldMapping(r, r, lookup=r) for r in references))
    return Entity(name, PerSide(name, name), fields)


def names(entities: tuple[Entity, ...]) -> list[str]:
    return [one.name for one in entities]


ORDERS = list(itertools.permutations([entity("orders", "people"), entity("people", "towns"), entity("towns")]))


@pytest.mark.parametrize("given", ORDERS)
def test_what_others_refer_to_comes_first_however_they_are_given(given: tuple[Entity, ...]) -> None:
    ordered, circle = order_entities(given)
    assert (names(ordered), circle) == (["towns", "people", "orders"], ())


@pytest.mark.parametrize(
    "given",
    list(
        itertools.permutations(
            [
                entity("orders", "people"),
                entity("people", "teams"),
                entity("teams", "people"),
                entity("towns"),
                entity("notes", "towns"),
            ]
        )
    )[::7],
)
def test_a_circle_does_not_disturb_the_order_of_what_is_in_none(given: tuple[Entity, ...]) -> None:
    ordered, circle = order_entities(given)
    place = {name: number for number, name in enumerate(names(ordered))}
    assert set(circle) == {"people", "teams"}
    assert place["towns"] < place["notes"]
    assert place["people"] < place["orders"]


@pytest.mark.parametrize("given", [("boss", "team"), ("team", "boss")])
def test_a_circle_is_broken_at_the_reference_that_may_be_empty(given: tuple[str, str]) -> None:
    entities = {"boss": entity("boss", "team"), "team": entity("team", "boss")}
    ordered, _ = order_entities(
        tuple(entities[name] for name in given), lambda one, name: (one.name, name) == ("boss", "team")
    )
    assert names(ordered) == ["team", "boss"]


def test_a_circle_of_references_that_may_all_be_empty_is_broken_where_it_begins() -> None:
    ordered, _ = order_entities((entity("x", "y"), entity("y", "z"), entity("z", "x")))
    assert names(ordered)[0] == "x"


def test_a_reference_of_an_entity_to_itself_is_no_circle() -> None:
    assert order_entities((entity("staff", "staff"),))[1] == ()
