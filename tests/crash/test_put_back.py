"""A system that several configurations share is put back to an older state: all of them know it, whoever runs first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Rule
from desktop_sync.core.run import Outcome
from tests.support.chaos_system import CLASSES
from tests.support.machine_definitions import FIELDS, PEOPLE, CalmSystem, Definition, Policy
from tests.support.machine_moments import another_in_place
from tests.support.machine_world import MachineWorld, TrueClock, WorldClock

PROFILE = replace(CLASSES["marker"], counts_changes=True, stamp_field="changed")


@pytest.fixture
def hub() -> Iterator[MachineWorld]:
    """Three systems and two configurations that share the one in the middle, with the same two people everywhere."""
    clock = WorldClock()
    systems = [CalmSystem(name, PROFILE, TrueClock(clock)) for name in "abc"]
    for system in systems:
        system.make(PEOPLE, FIELDS)
    with MachineWorld(clock, systems, *Definition((Policy(), Policy())).configurations()) as world:
        for key in ("k1", "k2"):
            systems[0].put(PEOPLE, key=key, name="old")
        everybody_runs(world)
        yield world


def everybody_runs(world: MachineWorld) -> None:
    for name in ("one", "two", "one"):
        world.clock.sleep(60)
        world.run(name)


def names(world: MachineWorld, system: str) -> dict[str | None, str | None]:
    return {row["key"]: row["name"] for row in world.systems[system].records(PEOPLE).values()}


@pytest.mark.scenario("C7")
@pytest.mark.parametrize("written", [0, 1, 5])
def test_what_one_configuration_writes_does_not_hide_from_the_other_that_the_shared_system_was_put_back(
    hub: MachineWorld, written: int
) -> None:
    a, b, c = (hub.systems[name] for name in "abc")
    backup = b.backup()
    (k1,) = a.find_by(PEOPLE, "key", "k1")
    a.edit(PEOPLE, k1, name="new")
    everybody_runs(hub)
    assert names(hub, "c") == {"k1": "new", "k2": "old"}
    b.put_back(backup)
    hub.clock.sleep(60)
    more = {f"m{number}": "more" for number in range(written)}
    for key, name in more.items():
        a.put(PEOPLE, key=key, name=name)
    everybody_runs(hub)
    assert names(hub, "a") == names(hub, "c") == {"k1": "new", "k2": "old"} | more
    assert names(hub, "b") == {"k1": "old", "k2": "old"} | more
    for name in ("one", "two"):
        assert {one.rule for one in hub.app.ledger.conflicts(name)} == {Rule.OLDER_STATE}
        for conflict in hub.app.ledger.conflicts(name):
            hub.app.records.resolve(conflict.id, Side.A if name == "one" else Side.B)
    everybody_runs(hub)
    for system in "abc":
        assert names(hub, system) == {"k1": "new", "k2": "old"} | more
    writes = hub.writes()
    everybody_runs(hub)
    assert hub.writes() == writes
    assert not hub.app.ledger.conflicts("one")
    assert not hub.app.ledger.conflicts("two")
    assert len(c.records(PEOPLE)) == 2 + written


@pytest.mark.scenario("C7")
def test_configurations_do_not_go_on_telling_each_other(hub: MachineWorld) -> None:
    a, b, c = (hub.systems[name] for name in "abc")
    backup = b.backup()
    (k1,) = a.find_by(PEOPLE, "key", "k1")
    a.edit(PEOPLE, k1, name="new")
    everybody_runs(hub)
    b.put_back(backup)
    for _ in range(2):
        everybody_runs(hub)
        for name in ("one", "two"):
            for conflict in hub.app.ledger.conflicts(name):
                hub.app.records.resolve(conflict.id, Side.A if name == "one" else Side.B)
    everybody_runs(hub)
    for turn in range(3):
        hub.clock.sleep(60)
        (k2,) = (a if turn % 2 else c).find_by(PEOPLE, "key", "k2")
        (a if turn % 2 else c).edit(PEOPLE, k2, name=f"edit {turn}")
        everybody_runs(hub)
        assert not hub.app.ledger.conflicts("one")
        assert not hub.app.ledger.conflicts("two")
        assert all(names(hub, system) == {"k1": "new", "k2": f"edit {turn}"} for system in "abc")


@pytest.mark.scenario("C7")
def test_the_other_one_knows_it_also_where_a_person_decided_before_it_ran(hub: MachineWorld) -> None:
    a, b = hub.systems["a"], hub.systems["b"]
    backup = b.backup()
    (k1,) = a.find_by(PEOPLE, "key", "k1")
    a.edit(PEOPLE, k1, name="new")
    a.put(PEOPLE, key="k3", name="new")
    everybody_runs(hub)
    b.put_back(backup)
    for _ in range(2):
        hub.clock.sleep(60)
        hub.run("one")
        for conflict in hub.app.ledger.conflicts("one"):
            hub.app.records.resolve(conflict.id, Side.A)
    everybody_runs(hub)
    for system in "ac":
        assert names(hub, system) == {"k1": "new", "k2": "old", "k3": "new"}


@pytest.mark.scenario("C7")
def test_a_guard_stops_also_where_a_sync_record_would_get_the_id_of_another_one(hub: MachineWorld) -> None:
    """Nothing of the plan is settled then but that a person must decide: the other one still has its id."""
    a, c = hub.systems["a"], hub.systems["c"]
    first = a.put(PEOPLE, key="k3", name="first")
    backup = a.backup()
    a.edit(PEOPLE, first, key=None)  # Invalid: it waits under a sync record of its own
    a.put(PEOPLE, key="k3", name="second")
    everybody_runs(hub)
    assert [row["name"] for row in c.records(PEOPLE).values() if row["key"] == "k3"] == ["second"]
    a.put_back(backup)
    hub.clock.sleep(60)
    writes = hub.writes()
    with another_in_place(a):
        result = hub.run("one")
    assert result is not None
    assert result.outcome is Outcome.GUARD
    assert hub.writes() == writes
    assert {one.rule for one in hub.app.ledger.conflicts("one")} == {Rule.OLDER_STATE}
