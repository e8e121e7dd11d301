"""What records in Review are called by."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import MatchRule
from desktop_sync.core.errors import ConfigurationError
from tests.support.worlds import CITY, EMAIL, World, WorldMaker


def names(world: World) -> dict[str, str]:
    """By the id in either system; proven to change nothing, neither an endpoint nor the ledger."""
    before = world.fingerprints(), world.ledger_dump()
    cases = world.app.records.reviews("Sync")
    found = world.app.explanation.names("Sync", [case.record_id for case in cases])
    assert (world.fingerprints(), world.ledger_dump()) == before
    return {case.a_id or case.b_id or "": found.get(case.record_id, "") for case in cases}


def doubled(world: World) -> World:
    for number in (1, 2):
        world.put("a", Id=number, Email="ann@x.org", City=f"Wien {number}")
    world.put("b", id="71", email="ann@x.org ", city="Graz")
    world.run()
    return world


def test_they_are_called_by_their_identifying_values_on_the_side_that_has_them(world: WorldMaker) -> None:
    fields = (replace(EMAIL, normal_form=("trim",)), replace(CITY, identifying=True))
    w = world(fields=fields, match=MatchRule.BEST)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("b", id="71", email="ann@x.org ", city="Graz")
    w.run()
    assert names(w) == {"1": "ann@x.org · Wien", "71": "ann@x.org  · Graz"}


def test_they_are_called_as_they_stand_now_and_those_that_are_gone_by_nothing(world: WorldMaker) -> None:
    w = doubled(world(fields=(replace(EMAIL, normal_form=("trim",)), CITY)))
    assert names(w) == {"1": "ann@x.org", "2": "ann@x.org", "71": "ann@x.org "}
    w.edit("a", 2, Email="eve@x.org")
    w.delete("a", 1)
    assert names(w) == {"1": "", "2": "eve@x.org", "71": "ann@x.org "}


def test_a_masked_value_names_nothing(world: WorldMaker) -> None:
    w = doubled(world(fields=(replace(EMAIL, normal_form=("trim",), masked=True), CITY)))
    assert set(names(w).values()) == {""}


def test_numbers_of_other_configurations_and_of_none_are_left_out(world: WorldMaker) -> None:
    w = doubled(world(fields=(replace(EMAIL, normal_form=("trim",)), CITY)))
    assert w.app.explanation.names("Sync", [999]) == {}
    with pytest.raises(ConfigurationError):
        w.app.explanation.names("Nobody", [1])
