"""Whether two sides that meet for the first time look like the right ones."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.core.decision import Action
from desktop_sync.core.first_contact import first_contact_doubts, strangers
from desktop_sync.core.plan import EntityPlan, Mode, Plan


def part(read_a: int, read_b: int, *, first_run: bool = True, create_a: int = 0, create_b: int = 0) -> EntityPlan:
    counts = {Action.CREATE_A: create_a, Action.CREATE_B: create_b}
    return EntityPlan("customers", read_a, read_b, counts=counts, first_run=first_run)


@pytest.mark.parametrize(
    ("planned", "matched"),
    [
        (part(100, 100, create_a=95, create_b=95), 5),
        (part(100, 100, create_a=100, create_b=100), 0),
        (part(100, 100, create_b=95), 5),  # records go one way
        (part(100, 100, create_a=51, create_b=51), 49),
        (part(100, 100, create_a=50, create_b=50), None),
        (part(1000, 30, create_a=5, create_b=975), None),  # the smaller one is in the larger one
        (part(1000, 30, create_a=29, create_b=999), 1),
        (part(100, 0, create_b=100), None),  # one side is filled for the first time
        (part(19, 19, create_a=19, create_b=19), None),  # too few to tell
        (part(100, 100), None),  # all of them met
        (part(100, 100, first_run=False, create_a=95, create_b=95), None),
    ],
)
def test_sides_are_strangers_where_most_of_the_smaller_one_has_no_counterpart(
    planned: EntityPlan, matched: int | None
) -> None:
    assert strangers(planned) == matched


def test_the_sentence_names_entity_sides_and_numbers() -> None:
    configuration = SyncConfiguration("Customers", "CRM", "Shop", ())
    parts = (part(100, 80, create_a=79, create_b=99), part(100, 100))
    plan = Plan("1", "Customers", 1, Mode.FULL, datetime(2026, 5, 1, tzinfo=UTC), parts)
    (said,) = first_contact_doubts(plan, configuration)
    assert said.startswith(
        "customers: the two sides are significantly different. Of 100 records in CRM and 80 in Shop, only 1 belongs "
        "together."
    )
