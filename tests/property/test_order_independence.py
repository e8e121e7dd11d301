"""Every order of several configurations comes to the same; the counted lanes run more of this."""

from __future__ import annotations

import pytest

from desktop_sync.core.configuration import Resolution
from tests.property.order_independence import Disagreement, engine_lane, pure_lane


@pytest.mark.scenario("G2", "G3", "G4")
def test_the_rules_alone_come_to_the_same_in_every_order() -> None:
    assert pure_lane(400) == (400, 0)


@pytest.mark.scenario("G2", "G3")
def test_the_engine_comes_to_the_same_in_every_order() -> None:
    found: list[Disagreement] = []
    assert engine_lane(12, seed=10, per_world=12, found=found) == (12, 0), found


@pytest.mark.scenario("G3")
def test_whole_records_of_different_fields_are_seen_to_depend_on_the_order() -> None:
    assert pure_lane(400, overlapping=Resolution.RECORD)[1] > 10


def test_stamps_that_are_not_kept_before_a_write_are_seen_to_make_the_order_matter() -> None:
    assert pure_lane(400, known_at_once=False)[1] > 10
