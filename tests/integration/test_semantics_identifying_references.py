"""SPEC §3 and §4: references identify records through the peers of what they point to: ids differ on both sides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import (
    Entity,
    FieldMapping,
    FirstContactRule,
    MatchRule,
    PerSide,
    PipelineStep,
    StepKind,
    SyncConfiguration,
)
from desktop_sync.core.configuration_check import check
from desktop_sync.core.finding import Finding, Level
from desktop_sync.core.plan import Mode
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Status
from tests.support.worlds import World, WorldMaker

CUSTOMERS = Entity("customers", PerSide("Customer", "customers"), (FieldMapping("Email", "email", identifying=True),))
LINES = Entity(
    "lines",
    PerSide("Line", "lines"),
    (
        FieldMapping("CustomerId", "customer", lookup="customers", identifying=True),
        FieldMapping("Place", "place", identifying=True),
        FieldMapping("Text", "text"),
    ),
    first_contact=FirstContactRule.A,
    key=PerSide(("Id",), ("id",)),
)
CUSTOMER = replace(CUSTOMERS, key=PerSide(("Id",), ("id",)))
A = {
    "Customer": "Id INTEGER PRIMARY KEY, Email TEXT",
    "Line": "Id INTEGER PRIMARY KEY, CustomerId INTEGER, Place INTEGER, Text TEXT",
}
B = {"customers": "id, email", "lines": "id, customer, place, text"}


def crossed(world: WorldMaker, match: MatchRule) -> World:
    """Two customers whose ids are each other's on the other side."""
    w = world(replace(LINES, match=match), CUSTOMER, a=A, b=B)
    for a_id, b_id, email in ((1, 2, "ann@x.org"), (2, 1, "bob@x.org")):
        w.put("a", entity="customers", Id=a_id, Email=email)
        w.put("b", entity="customers", id=b_id, email=email)
    return w


@pytest.mark.parametrize("match", list(MatchRule))
def test_lines_are_paired_by_the_customer_that_they_belong_to_and_not_by_its_id(
    world: WorldMaker, match: MatchRule
) -> None:
    w = crossed(world, match)
    for key, customer, text in ((10, 1, "ann's"), (20, 2, "bob's")):
        w.put("a", entity="lines", Id=key, CustomerId=customer, Place=1, Text=text)
    for key, customer in ((81, 2), (82, 1)):
        w.put("b", entity="lines", id=key, customer=customer, place=1, text="old")
    assert w.run().outcome is Outcome.DONE
    assert [(one.a_id, one.b_id) for one in w.records("lines")] == [("10", "81"), ("20", "82")]
    assert w.rows("b", "id", "customer", "text", entity="lines") == [("81", "2", "ann's"), ("82", "1", "bob's")]
    w.assert_quiet()


@pytest.mark.parametrize("match", list(MatchRule))
@pytest.mark.parametrize("mode", [Mode.FULL, Mode.INCREMENTAL])
def test_lines_that_were_added_later_find_each_other_too(world: WorldMaker, match: MatchRule, mode: Mode) -> None:
    w = crossed(world, match)
    w.run()
    w.put("a", entity="lines", Id=10, CustomerId=1, Place=1, Text="ann's")
    w.put("b", entity="lines", id=81, customer=2, place=1, text="old")
    w.put("b", entity="lines", id=82, customer=1, place=1, text="bob's")
    assert w.run(mode=mode).outcome is Outcome.DONE
    assert {(one.a_id, one.b_id) for one in w.records("lines")} == {("10", "81"), ("11", "82")}
    assert w.rows("a", "CustomerId", "Text", entity="lines") == [(1, "ann's"), (2, "bob's")]
    w.assert_quiet()


def test_a_queue_of_lines_is_processed_by_the_peers_of_their_customers(world: WorldMaker) -> None:
    w = crossed(world, MatchRule.STRICT)
    w.put("a", entity="lines", Id=10, CustomerId=1, Place=1, Text="ann's")
    w.app.synchronization.prepare("Sync")
    w.put("b", entity="lines", id=81, customer=2, place=1, text="old")  # the same line, added meanwhile
    w.app.synchronization.process("Sync")
    w.run()
    assert [(one.a_id, one.b_id) for one in w.records("lines")] == [("10", "81")]
    w.assert_quiet()


def test_lines_of_a_customer_without_a_counterpart_are_created_with_it(world: WorldMaker) -> None:
    w = crossed(world, MatchRule.STRICT)
    w.put("a", entity="customers", Id=3, Email="eve@x.org")
    w.put("b", entity="customers", id=7, email="joe@x.org")
    w.put("a", entity="lines", Id=10, CustomerId=3, Place=1, Text="eve's")
    w.put("b", entity="lines", id=81, customer=7, place=1, text="joe's")
    assert w.run().outcome is Outcome.DONE
    joe = dict(w.rows("a", "Email", "Id", entity="customers"))["joe@x.org"]
    eve = dict(w.rows("b", "email", "id", entity="customers"))["eve@x.org"]
    assert set(w.rows("a", "CustomerId", "Text", entity="lines")) == {(3, "eve's"), (joe, "joe's")}
    assert set(w.rows("b", "customer", "text", entity="lines")) == {(eve, "eve's"), ("7", "joe's")}
    w.assert_quiet()


def test_a_line_without_a_customer_says_which_identifying_field_is_empty(world: WorldMaker) -> None:
    w = crossed(world, MatchRule.STRICT)
    w.put("a", entity="lines", Id=10, CustomerId=None, Place=1, Text="whose?")
    w.run()
    line = w.of(10, entity="lines")
    assert (line.status, line.last_error) == (Status.INVALID, "an identifying field is empty: CustomerId, Place")


def errors(*entities: Entity, steps: tuple[PipelineStep, ...] = ()) -> list[Finding]:
    configuration = SyncConfiguration("Sync", "CRM", "Shop", entities, steps=steps)
    return [one for one in check(configuration) if one.level is Level.ERROR]


def test_a_reference_to_what_is_not_paired_before_cannot_identify_records() -> None:
    assert errors(LINES, CUSTOMER) == []
    own = replace(LINES, fields=(replace(LINES.fields[0], lookup="lines"), LINES.fields[1]))
    round_about = replace(CUSTOMER, fields=(*CUSTOMER.fields, FieldMapping("LineId", "line", lookup="lines")))
    unordered = (PipelineStep(StepKind.PREREQUISITES, enabled=False),)
    assert errors(CUSTOMER, LINES, steps=unordered) == []
    for found in (errors(own), errors(LINES, round_about), errors(LINES, CUSTOMER, steps=unordered)):
        assert [(one.entity, one.field_index, one.path) for one in found] == [("lines", 0, "field.identifying")]
        assert '"CustomerId" and "customer" cannot identify records' in found[0].message
