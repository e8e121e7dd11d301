from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import Entity, FieldMapping, PerSide, Resolution, Side, SyncConfiguration
from desktop_sync.core.sync_group import (
    StructureName,
    SyncGroup,
    group_with,
    order_doubts,
    origin_scope,
    preference_of,
    siblings_of,
    sync_groups,
)

KEY = FieldMapping("key", "key", identifying=True)


def no_expressions(text: str) -> tuple[str, ...]:
    return ()


def configuration(
    name: str,
    a: str,
    b: str,
    *fields: str,
    structures: tuple[str, str] = ("hub", "spoke"),
    primary: Side = Side.A,
    resolution: Resolution = Resolution.RECORD,
) -> SyncConfiguration:
    mapped = (KEY, *(FieldMapping(field, field) for field in fields or ("x",)))
    entity = Entity("people", PerSide(*structures), mapped, primary=primary, resolution=resolution)
    return SyncConfiguration(name, a, b, (entity,))


TO_A = configuration("To A", "Local", "A")
TO_B = configuration("To B", "Local", "B")
ALONE = configuration("Alone", "X", "Y")
HUB = StructureName("Local", "hub")


def test_configurations_that_share_a_structure_form_a_group() -> None:
    assert sync_groups([TO_B, ALONE, TO_A]) == (SyncGroup(("To A", "To B"), (HUB,)),)
    assert group_with("To B", [TO_A, TO_B, ALONE]) == SyncGroup(("To A", "To B"), (HUB,))
    assert group_with("Alone", [TO_A, TO_B, ALONE]) is None


def test_the_same_name_in_another_endpoint_is_another_structure() -> None:
    assert sync_groups([TO_A, configuration("Other", "Elsewhere", "A", structures=("hub", "others"))]) == ()


def test_a_chain_and_a_ring_are_one_group_each() -> None:
    ring = [
        configuration("AB", "A", "B", structures=("t", "t")),
        configuration("BC", "B", "C", structures=("t", "t")),
        configuration("CA", "C", "A", structures=("t", "t")),
    ]
    (group,) = sync_groups([*ring, TO_B, configuration("To C", "Local", "D")])[:1]
    assert group.members == ("AB", "BC", "CA")
    assert group.most_passes == 4
    assert [one.members for one in sync_groups([*ring[:2], TO_A, TO_B])] == [("AB", "BC"), ("To A", "To B")]


def test_siblings_are_those_that_have_the_written_structure() -> None:
    assert siblings_of("To A", [TO_A, TO_B, ALONE], [HUB]) == ("To B",)
    assert siblings_of("To A", [TO_A, TO_B, ALONE], [StructureName("A", "spoke")]) == ()


def test_a_group_prefers_the_endpoint_that_is_primary_most_often_and_then_the_first_name() -> None:
    group = SyncGroup(("To A", "To B"), (HUB,))
    assert preference_of(group, [TO_A, TO_B]) == ("Local", "A", "B")
    turned = [configuration("To A", "Local", "A", primary=Side.B), configuration("To B", "Local", "B", primary=Side.B)]
    assert preference_of(group, turned) == ("A", "B", "Local")


def test_a_configuration_that_stands_alone_keeps_no_origin_stamps() -> None:
    assert origin_scope(ALONE, ALONE.entities[0], [ALONE, TO_A, TO_B], no_expressions) is None
    assert origin_scope(TO_A, TO_A.entities[0], [TO_A], no_expressions) is None


def test_the_fields_that_only_a_sibling_maps_are_known_too() -> None:
    wide = configuration("To B", "Local", "B", "x", "y")
    scope = origin_scope(TO_A, TO_A.entities[0], [TO_A, wide], no_expressions)
    assert scope is not None
    assert scope.fields == PerSide(("key", "x", "y"), ("key", "x"))
    assert scope.preference == ("Local", "A", "B")


def test_a_configuration_that_is_judged_field_by_field_keeps_stamps_of_its_own_fields() -> None:
    alone = configuration("Alone", "X", "Y", resolution=Resolution.FIELD, primary=Side.B)
    scope = origin_scope(alone, alone.entities[0], [alone], no_expressions)
    assert scope is not None
    assert scope.fields == PerSide(("key", "x"), ("key", "x"))
    assert scope.preference == ("Y", "X")


def test_the_fields_of_an_expression_are_known() -> None:
    mapped = FieldMapping("", "name", to_b="First || Last")
    entity = replace(TO_A.entities[0], fields=(KEY, mapped))
    changed = replace(TO_A, entities=(entity,))
    scope = origin_scope(changed, entity, [changed, TO_B], lambda text: ("First", "Last"))
    assert scope is not None
    assert scope.fields.a == ("key", "First", "Last", "x")


@pytest.mark.scenario("G3")
def test_whole_records_of_different_fields_depend_on_the_order() -> None:
    one = configuration("One", "Local", "A", "x", "y")
    two = configuration("Two", "Local", "B", "y", "z")
    (doubt,) = order_doubts(one, one.entities[0], [one, two])
    assert (doubt.structure, doubt.other, doubt.mine, doubt.theirs) == (HUB, "Two", ("x",), ("z",))


@pytest.mark.scenario("G3")
@pytest.mark.parametrize(
    "other",
    [
        configuration("Two", "Local", "B", "x", "y"),
        configuration("Two", "Local", "B", "z"),
        configuration("Two", "Elsewhere", "B", "y", "z"),
    ],
    ids=["the same fields", "no field in common", "another structure"],
)
def test_nothing_depends_on_the_order_with(other: SyncConfiguration) -> None:
    one = configuration("One", "Local", "A", "x", "y")
    assert order_doubts(one, one.entities[0], [one, other]) == ()


@pytest.mark.scenario("G3")
def test_a_configuration_that_is_judged_field_by_field_raises_no_doubt() -> None:
    one = configuration("One", "Local", "A", "x", "y", resolution=Resolution.FIELD)
    two = configuration("Two", "Local", "B", "y", "z")
    assert order_doubts(one, one.entities[0], [one, two]) == ()
    assert [doubt.other for doubt in order_doubts(two, two.entities[0], [one, two])] == ["One"]
