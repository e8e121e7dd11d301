"""SPEC §3 and §6: references are translated through the peers of the entity they point to, which comes first."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from desktop_sync.core.configuration import ConflictRule, Entity, FieldMapping, PerSide
from desktop_sync.core.decision import Action
from desktop_sync.core.finding import Level
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Status
from tests.support.worlds import World, WorldMaker

CUSTOMERS = Entity(
    "customers",
    PerSide("Customer", "customers"),
    (FieldMapping("Email", "email", identifying=True), FieldMapping("City", "city")),
    key=PerSide(("Id",), ("id",)),
)
ORDERS = Entity(
    "orders",
    PerSide("Orders", "orders"),
    (
        FieldMapping("Number", "number", identifying=True),
        FieldMapping("CustomerId", "customer", lookup="customers"),
        FieldMapping("Total", "total"),
    ),
    key=PerSide(("Id",), ("id",)),
)
A = {
    "Customer": "Id INTEGER PRIMARY KEY, Email TEXT, City TEXT",
    "Orders": "Id INTEGER PRIMARY KEY, Number TEXT, CustomerId INTEGER, Total NUMERIC",
}
B = {"customers": "id, email, city", "orders": "id, number, customer, total"}


def shop(world: WorldMaker, *entities: Entity) -> World:
    # Orders first: the order of the configuration is not that of the prerequisites.
    return world(*(entities or (ORDERS, CUSTOMERS)), a=A, b=B)


def customer(w: World, side: str, key: object, email: str) -> None:
    if side == "a":
        w.put("a", entity="customers", Id=key, Email=email, City="Wien")
    else:
        w.put("b", entity="customers", id=key, email=email, city="Wien")


def order(w: World, side: str, key: object, number: str, customer_id: object) -> None:
    if side == "a":
        w.put("a", entity="orders", Id=key, Number=number, CustomerId=customer_id, Total=5)
    else:
        w.put("b", entity="orders", id=key, number=number, customer=customer_id, total="5")


@pytest.mark.scenario("E12")
def test_parents_are_created_first_and_their_new_ids_are_used_in_the_same_run(world: WorldMaker) -> None:
    w = shop(world)
    customer(w, "b", "500", "eve@x.org")  # so that the ids of both sides differ
    customer(w, "a", 1, "ann@x.org")
    customer(w, "a", 2, "bob@x.org")
    order(w, "a", 10, "N10", 2)
    order(w, "a", 11, "N11", None)
    order(w, "b", "90", "N90", "500")
    result = w.run()
    assert result.outcome is Outcome.DONE
    b_ids = dict(w.rows("b", "email", "id", entity="customers"))
    a_ids = dict(w.rows("a", "Email", "Id", entity="customers"))
    assert sorted(w.rows("b", "number", "customer", entity="orders"), key=str) == [
        ("N10", b_ids["bob@x.org"]),
        ("N11", None),
        ("N90", "500"),
    ]
    assert ("N90", a_ids["eve@x.org"]) in w.rows("a", "Number", "CustomerId", entity="orders")
    w.assert_quiet()


def test_parents_that_are_matched_in_the_same_run_can_be_referred_to(world: WorldMaker) -> None:
    w = shop(world)
    customer(w, "a", 1, "ann@x.org")
    customer(w, "b", "77", "ann@x.org")
    order(w, "a", 10, "N10", 1)
    order(w, "a", 11, "N11", 1)
    order(w, "b", "88", "N11", "77")
    result = w.run()
    assert result.outcome is Outcome.DONE
    assert w.actions(result, 1) == {Action.CREATE_B: 1, Action.LINK: 1}
    assert set(w.rows("b", "number", "customer", entity="orders")) == {("N10", "77"), ("N11", "77")}
    w.assert_quiet()


def test_a_pilot_run_writes_first_what_others_refer_to_and_links_what_is_there(world: WorldMaker) -> None:
    w = shop(world)
    customer(w, "a", 1, "ann@x.org")
    customer(w, "b", "77", "ann@x.org")  # linked, which needs no write
    customer(w, "a", 2, "bob@x.org")
    order(w, "a", 10, "N10", 1)
    order(w, "a", 11, "N11", 2)
    result = w.run(pilot=2)
    assert result.outcome is Outcome.DONE, result
    assert (w.actions(result), w.actions(result, 1)) == ({Action.LINK: 1, Action.CREATE_B: 1}, {Action.CREATE_B: 1})
    assert w.rows("b", "number", "customer", entity="orders") == [("N10", "77")]
    assert w.actions(w.app.synchronization.process("Sync"), 1) == {Action.CREATE_B: 1}
    w.assert_quiet()


def test_a_changed_reference_travels_and_a_change_of_the_parent_does_not_touch_the_child(world: WorldMaker) -> None:
    w = shop(world)
    customer(w, "a", 1, "ann@x.org")
    customer(w, "b", "77", "ann@x.org")
    customer(w, "a", 2, "bob@x.org")
    order(w, "a", 10, "N10", 1)
    w.run()
    w.edit("a", 1, entity="customers", City="Graz")
    assert w.actions(w.run(), 1) == {}
    w.edit("a", 10, entity="orders", CustomerId=2)
    w.run()
    bob = dict(w.rows("b", "email", "id", entity="customers"))["bob@x.org"]
    assert w.rows("b", "number", "customer", entity="orders") == [("N10", bob)]
    w.assert_quiet()
    w.edit("b", w.of(10, entity="orders").b_id, entity="orders", customer="77")
    w.run()
    assert w.rows("a", "Number", "CustomerId", entity="orders") == [("N10", 1)]
    w.assert_quiet()


@pytest.mark.scenario("E12")
def test_a_child_waits_for_its_missing_parent_and_follows_when_it_comes(world: WorldMaker) -> None:
    w = shop(world)
    order(w, "a", 10, "N10", 1)
    order(w, "a", 11, "N11", None)
    result = w.run()
    assert result.outcome is Outcome.PROBLEMS
    [waiting] = [one for one in w.records("orders") if one.a_id == "10"]
    assert waiting.status is Status.INVALID
    assert waiting.last_error == "CustomerId: the record it refers to, 1, is not synchronized (customers)"
    assert [row[0] for row in w.rows("b", "number", entity="orders")] == ["N11"]
    w.assert_quiet()
    customer(w, "a", 1, "ann@x.org")
    w.run()
    assert ("N10", w.rows("b", "id", entity="customers")[0][0]) in w.rows("b", "number", "customer", entity="orders")
    assert set(w.statuses("orders")) == {Status.PROCESSED}
    w.assert_quiet()


@pytest.mark.scenario("E12")
def test_a_reference_that_is_set_to_nowhere_makes_only_that_record_wait(world: WorldMaker) -> None:
    w = shop(world)
    customer(w, "a", 1, "ann@x.org")
    order(w, "a", 10, "N10", 1)
    order(w, "a", 11, "N11", 1)
    w.run()
    w.edit("a", 10, entity="orders", CustomerId=999)
    w.edit("a", 11, entity="orders", Total=6)
    w.run()
    assert w.of(10, entity="orders").status is Status.INVALID
    assert "999" in w.of(10, entity="orders").last_error
    assert ("N11", "6") in w.rows("b", "number", "total", entity="orders")
    w.edit("a", 10, entity="orders", CustomerId=1)
    w.run()
    assert set(w.statuses("orders")) == {Status.PROCESSED}
    w.assert_quiet()


def test_the_parent_and_its_children_go_together_when_both_are_deleted(world: WorldMaker) -> None:
    w = shop(world)
    customer(w, "a", 1, "ann@x.org")
    order(w, "a", 10, "N10", 1)
    w.run()
    w.delete("a", 10, entity="orders")
    w.delete("a", 1, entity="customers")
    w.run()
    assert w.rows("b", entity="orders") == w.rows("b", entity="customers") == []
    w.assert_quiet()


def test_a_conflict_over_a_reference_is_judged_by_the_translated_ids(world: WorldMaker) -> None:
    w = shop(world, CUSTOMERS, replace(ORDERS, conflict=ConflictRule.ASK))
    for key, email in ((1, "ann@x.org"), (2, "bob@x.org")):
        customer(w, "a", key, email)
        customer(w, "b", f"7{key}", email)
    order(w, "a", 10, "N10", 1)
    w.run()
    child = w.of(10, entity="orders").b_id
    w.edit("a", 10, entity="orders", CustomerId=2)
    w.edit("b", child, entity="orders", customer="72")
    assert w.actions(w.run(), 1) == {Action.ADOPT: 1}
    w.edit("a", 10, entity="orders", CustomerId=1, Total=6)
    w.edit("b", child, entity="orders", customer="71", total="7")
    assert w.actions(w.run(), 1) == {Action.CONFLICT: 1}


EMPLOYEES = Entity(
    "employees",
    PerSide("Employee", "employees"),
    (FieldMapping("Name", "name", identifying=True), FieldMapping("BossId", "boss", lookup="employees")),
    key=PerSide(("Id",), ("id",)),
)


@pytest.mark.scenario("E12")
def test_records_that_refer_to_records_of_their_own_entity_all_arrive(world: WorldMaker) -> None:
    w = world(
        EMPLOYEES,
        a={"Employee": "Id INTEGER PRIMARY KEY, Name TEXT, BossId INTEGER"},
        b={"employees": "id, name, boss"},
    )
    w.put("b", id="40", name="zoe", boss=None)
    for key, name, boss in ((1, "ann", 2), (2, "bob", 3), (3, "eve", None), (4, "joe", 4)):
        w.put("a", Id=key, Name=name, BossId=boss)
    for _ in range(4):
        w.run()
    ids = dict(w.rows("b", "name", "id"))
    assert set(w.rows("b", "name", "boss")) == {
        ("ann", ids["bob"]),
        ("bob", ids["eve"]),
        ("eve", None),
        ("joe", ids["joe"]),
        ("zoe", None),
    }
    assert set(w.statuses()) == {Status.PROCESSED}
    assert len(w.rows("b")) == len(w.rows("a")) == 5
    w.assert_quiet()


TEAMS = Entity(
    "teams",
    PerSide("Team", "teams"),
    (FieldMapping("Name", "name", identifying=True), FieldMapping("LeadId", "lead", lookup="people")),
    key=PerSide(("Id",), ("id",)),
)
MEMBERS = Entity(
    "people",
    PerSide("Member", "members"),
    (FieldMapping("Name", "name", identifying=True), FieldMapping("TeamId", "team", lookup="teams")),
    key=PerSide(("Id",), ("id",)),
)


@pytest.mark.scenario("E12")
def test_entities_that_refer_to_each_other_are_said_to_and_all_records_arrive(world: WorldMaker) -> None:
    w = world(
        TEAMS,
        MEMBERS,
        a={
            "Team": "Id INTEGER PRIMARY KEY, Name TEXT, LeadId INTEGER",
            "Member": "Id INTEGER PRIMARY KEY, Name TEXT, TeamId INTEGER",
        },
        b={"teams": "id, name, lead", "members": "id, name, team"},
    )
    findings = w.app.configurations.check(w.configuration)
    assert any("teams → people → teams" in finding.message for finding in findings)
    assert all(finding.level is not Level.ERROR for finding in findings)
    w.put("b", entity="people", id="50", name="zoe", team=None)
    w.put("a", entity="teams", Id=1, Name="red", LeadId=10)
    w.put("a", entity="people", Id=10, Name="ann", TeamId=1)
    w.put("a", entity="people", Id=11, Name="bob", TeamId=1)
    for _ in range(3):
        w.run()
    [(team, lead)] = w.rows("b", "id", "lead", entity="teams")
    ids = dict(w.rows("b", "name", "id", entity="people"))
    assert lead == ids["ann"]
    assert set(w.rows("b", "name", "team", entity="people")) == {("ann", team), ("bob", team), ("zoe", None)}
    w.assert_quiet()


@pytest.mark.scenario("C16")
def test_what_refers_to_a_record_under_its_new_id_is_written_in_the_same_run(world: WorldMaker) -> None:
    w = shop(world)
    customer(w, "a", 1, "ann@x.org")
    w.run()
    old = w.of(1, entity="customers").b_id
    w.delete("b", old, entity="customers")
    customer(w, "b", 77, "ann@x.org")  # the same one, under another id
    w.put("b", entity="orders", id=5, number="N5", customer=77, total=1)
    with closing(w.app.synchronization.preview("Sync")) as preview:
        shown = [dict(one.counts) for one in preview.plan.entities]
    result = w.run()
    assert result.outcome is Outcome.DONE
    assert [w.actions(result, place) for place in range(2)] == shown == [{Action.ADOPT: 1}, {Action.CREATE_A: 1}]
    assert w.rows("a", "Number", "CustomerId", entity="orders") == [("N5", 1)]
    w.assert_quiet()
