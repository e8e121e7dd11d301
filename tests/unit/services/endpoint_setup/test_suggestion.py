"""Suggested pairs: by name, type and values, with reasons; nothing unsure, nothing twice, nothing foreign."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from desktop_sync.core.configuration import Direction
from desktop_sync.core.field_names import canonical_tokens, is_stamp_name, likeness, tokens
from desktop_sync.core.structure import Field, FieldType, Structure
from desktop_sync.services.endpoint_setup.structure_reading import Look
from desktop_sync.services.endpoint_setup.suggestion import overlap, suggest_entities, suggest_mapping
from tests.support.shop_and_crm import CUSTOMER, CUSTOMERS_CSV, crm_rows, shop_rows


def look(structure: Structure, rows: list[tuple[object, ...]]) -> Look:
    texts = [[None if value is None else str(value) for value in row] for row in rows]
    columns = {name: tuple(row[place] for row in texts) for place, name in enumerate(structure.field_names)}
    return Look(structure, columns)


CRM, SHOP = look(CUSTOMER, crm_rows()), look(CUSTOMERS_CSV, shop_rows())


@pytest.mark.parametrize("name", ["CustomerID", "customer_id", "Customer-Id", "customer id", "customerId"])
def test_habits_of_writing_do_not_matter(name: str) -> None:
    assert tokens(name) == ("customer", "id")


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("EMail", "mail"),
        ("e-mail", "EmailAddress"),
        ("tel", "PhoneNumber"),
        ("zip", "PostalCode"),
        ("ZIP code", "postcode"),
        ("Vorname", "first_name"),
        ("Größe", "grosse"),
        ("no", "id"),
        ("updated_at", "LastModified"),
    ],
)
def test_names_that_mean_the_same_are_alike(a: str, b: str) -> None:
    assert likeness(a, b)[0] >= 0.7


def test_the_name_of_the_structure_in_front_does_not_matter() -> None:
    assert canonical_tokens("customer_name", "Customers") == ("name",)
    assert likeness("CustomerName", "name", "Customer", "customers")[0] >= 0.85


@pytest.mark.parametrize(("a", "b"), [("Email", "Phone"), ("order_id", "customer_id"), ("id", "order_id"), ("a", "b")])
def test_different_names_are_not_alike(a: str, b: str) -> None:
    assert likeness(a, b)[0] < 0.45


def test_stamp_names_are_known() -> None:
    assert is_stamp_name("UpdatedAt")
    assert is_stamp_name("last_modified")
    assert not is_stamp_name("created_at")


def test_every_pair_of_the_two_systems_is_found_once_with_reasons() -> None:
    found = {(s.mapping.a, s.mapping.b): s for s in suggest_mapping(CRM, SHOP)}
    assert set(found) == {
        ("Credit", "credit"), ("Email", "e-mail"), ("FirstName", "given_name"), ("PostalCode", "zip"), ("Phone", "tel"),
    }  # fmt: skip
    assert all(0.45 <= suggested.score <= 1 and suggested.reasons for suggested in found.values())
    assert "100 % of values in common" in found["Email", "e-mail"].reasons


def test_the_best_unique_field_with_common_values_is_proposed_as_identifying() -> None:
    assert [s.mapping.a for s in suggest_mapping(CRM, SHOP) if s.mapping.identifying] == ["Email"]


def test_a_field_with_repeated_values_is_not_proposed_as_identifying() -> None:
    rows = [(*row[:2], "same@example.org", *row[3:]) for row in shop_rows()]
    identifying = [s.mapping.a for s in suggest_mapping(CRM, look(CUSTOMERS_CSV, rows)) if s.mapping.identifying]
    assert identifying != ["Email"]


def test_an_empty_side_is_paired_by_name() -> None:
    found = suggest_mapping(CRM, look(CUSTOMERS_CSV, []))
    assert {"Email", "Phone", "FirstName"} <= {s.mapping.a for s in found}
    assert [s.mapping.a for s in found if s.mapping.identifying] == ["Email"]


def test_stamps_and_numbers_of_two_systems_are_not_paired_as_data() -> None:
    pairs = {(s.mapping.a, s.mapping.b) for s in suggest_mapping(CRM, SHOP)}
    assert ("UpdatedAt", "updated_at") not in pairs
    assert ("CustomerId", "no") not in pairs


def test_the_order_of_fields_and_records_does_not_matter() -> None:
    chance = random.Random(7)
    expected = suggest_mapping(CRM, SHOP)
    for _ in range(5):
        fields, rows = list(CUSTOMER.fields), crm_rows()
        places = list(range(len(fields)))
        chance.shuffle(places)
        chance.shuffle(rows)
        shuffled = replace(CUSTOMER, fields=tuple(fields[place] for place in places))
        again = suggest_mapping(look(shuffled, [tuple(row[place] for place in places) for row in rows]), SHOP)
        assert again == expected


def test_a_generated_number_flows_out_of_its_system_only() -> None:
    numbers = Structure("t", (Field("id", FieldType.INTEGER, is_generated=True),))
    copy = Structure("t", (Field("id", FieldType.INTEGER),))
    (suggested,) = suggest_mapping(look(numbers, []), look(copy, []))
    assert suggested.mapping.direction is Direction.A_TO_B
    assert suggest_mapping(look(numbers, []), look(numbers, [])) == ()


def test_common_values_find_a_pair_whose_names_say_nothing() -> None:
    a = look(Structure("t", (Field("col_a"),)), [(f"isbn-{n}",) for n in range(20)])
    b = look(Structure("u", (Field("zzz"),)), [(f"ISBN-{n} ",) for n in range(20)])
    (suggested,) = suggest_mapping(a, b)
    assert suggested.score < 0.8


def test_few_common_values_say_little() -> None:
    a = look(Structure("t", (Field("alpha"),)), [("yes",), ("no",)])
    b = look(Structure("u", (Field("zulu"),)), [("yes",), ("no",)])
    assert suggest_mapping(a, b) == ()


def test_overlap_is_the_share_of_the_smaller_side() -> None:
    assert overlap(("a", "b", None, ""), (" A", "c", "d")) == (0.5, 2)
    assert overlap(("1.50",), ("1.5",)) == (1.0, 1)
    assert overlap((), ("a",)) == (0.0, 0)


def test_structures_are_paired_by_name_and_fields() -> None:
    orders = Structure("Orders", (Field("id"), Field("total")))
    a = [Look(CUSTOMER, {}), Look(orders, {})]
    b = [Look(replace(CUSTOMERS_CSV, name="shop.clients.csv"), {}), Look(replace(orders, name="purchases"), {})]
    expected = {("Orders", "purchases"), ("Customer", "shop.clients.csv")}
    assert {(x, y) for x, y, _ in suggest_entities(a, b)} == expected


@pytest.mark.parametrize(
    ("one", "many"), [("person", "people"), ("company", "companies"), ("Address", "addresses"), ("box", "boxes")]
)
def test_a_structure_is_paired_with_its_plural(one: str, many: str) -> None:
    a, b = (replace(CUSTOMERS_CSV, name=name) for name in (one, many))
    fields = (Field("colour", FieldType.TEXT), Field("size", FieldType.TEXT))
    other = Look(replace(CUSTOMERS_CSV, name="parcels", fields=fields, key=()), {})
    found = suggest_entities((Look(a, {}),), (other, Look(b, {})))
    assert [pair[:2] for pair in found] == [(one, many)]


def test_no_structure_is_paired_with_itself() -> None:
    orders = replace(CUSTOMER, name="Orders")
    looks = (Look(CUSTOMER, {}), Look(replace(CUSTOMER, name="Customers"), {}), Look(orders, {}))
    pairs = [pair[:2] for pair in suggest_entities(looks, looks, is_one_endpoint=True)]
    assert all(a != b for a, b in pairs)
    assert ("Customer", "Customers") in pairs
