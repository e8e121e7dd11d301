"""SPEC §5: a pair that left the filter, lost a record meanwhile, and comes back."""

from __future__ import annotations

import pytest

from desktop_sync.core.configuration import FieldMapping, PerSide, Side
from desktop_sync.core.decision import Action
from desktop_sync.core.status import Status
from tests.support.worlds import World, WorldMaker

WIEN = PerSide("City = 'Wien'", "")


def closed(world: WorldMaker, **options: object) -> World:
    """Ann left the filter in CRM, and Shop deleted her since."""
    w = world(**options)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.run()
    w.edit("a", 1, City="Graz")
    w.run()
    assert w.statuses() == [Status.FILTERED]
    w.delete("b", w.of(1).b_id)
    w.run()
    w.assert_quiet()
    assert w.statuses() == [Status.DELETED]
    assert w.rows("b") == []
    return w


@pytest.mark.scenario("C8")
@pytest.mark.parametrize("is_mapped", [True, False])
def test_a_record_that_is_in_the_filter_again_gets_a_counterpart_again(world: WorldMaker, is_mapped: bool) -> None:
    fields = (FieldMapping("Email", "email", identifying=True), *((FieldMapping("City", "city"),) if is_mapped else ()))
    w = closed(world, fields=fields, filter=WIEN)
    w.edit("a", 1, City="Wien")
    assert w.actions(w.run()) == {Action.CREATE_B: 1}
    assert w.rows("b", "email") == [("ann@x.org",)]
    assert w.statuses() == [Status.PROCESSED]
    w.assert_quiet()


@pytest.mark.scenario("C8")
def test_another_edit_outside_the_filter_brings_nothing_back(world: WorldMaker) -> None:
    w = closed(world, filter=WIEN)
    w.edit("a", 1, City="Linz")
    w.run()
    assert w.rows("b") == []
    assert w.statuses() == [Status.DELETED]


@pytest.mark.scenario("C8")
def test_a_secondary_record_that_left_its_filter_and_was_deleted_stays_deleted(world: WorldMaker) -> None:
    w = world(filter=PerSide("", "city = 'Wien'"), primary=Side.A)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.run()
    b_id = w.of(1).b_id
    w.edit("b", b_id, city="Graz")
    w.run()
    assert w.statuses() == [Status.FILTERED]
    w.delete("b", b_id)
    w.run()
    w.assert_quiet()
    assert w.rows("b") == []
    assert w.rows("a", "City") == [("Wien",)]
