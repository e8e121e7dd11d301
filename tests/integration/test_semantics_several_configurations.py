"""Several configurations on the same records (SPEC §7)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import time
from pathlib import Path

import pytest

from desktop_sync.core.run import Outcome
from desktop_sync.core.schedule import Schedule, ScheduleKind
from tests.support.sync_groups import GroupWorld, at, make_group_world

KINDS = {
    "databases": {"A": "sql", "B": "sql", "Local": "sql"},
    "files": {"A": "csv", "B": "csv", "Local": "csv"},
}


@pytest.fixture
def open_worlds() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def hub_world(stack: ExitStack, folder: Path, kinds: str, *fields: str) -> GroupWorld:
    world = make_group_world(folder, KINDS[kinds], fields or ("x",))
    stack.callback(world.app.close)
    return world


@pytest.mark.scenario("G1")
@pytest.mark.parametrize("order", [("Local-A", "Local-B"), ("Local-B", "Local-A")], ids=["A first", "B first"])
@pytest.mark.parametrize("kinds", KINDS)
def test_the_newest_value_wins_everywhere_at_first_contact_whichever_configuration_runs_first(
    tmp_path: Path, open_worlds: ExitStack, kinds: str, order: tuple[str, ...]
) -> None:
    world = hub_world(open_worlds, tmp_path, kinds)
    world.connect("Local", "A", "x")
    world.connect("Local", "B", "x")
    world.put("A", "1", at(15), x="p")
    world.put("B", "1", at(14), x="q")
    world.put("Local", "1", at(13), x="r")
    world.run(*order, when=at(16))
    world.settle(order)
    assert world.values("x") == {"A": "p", "B": "p", "Local": "p"}


@pytest.mark.scenario("G1")
@pytest.mark.parametrize("order", [("Local-A", "Local-B"), ("Local-B", "Local-A")], ids=["A first", "B first"])
@pytest.mark.parametrize("kinds", KINDS)
def test_the_newest_value_wins_everywhere_after_edits_whichever_configuration_runs_first(
    tmp_path: Path, open_worlds: ExitStack, kinds: str, order: tuple[str, ...]
) -> None:
    world = hub_world(open_worlds, tmp_path, kinds)
    world.connect("Local", "A", "x")
    world.connect("Local", "B", "x")
    world.put("A", "1", at(9), x="old")
    world.settle(order)
    assert world.values("x") == {"A": "old", "B": "old", "Local": "old"}
    world.edit("Local", "1", at(13), x="r")
    world.edit("B", "1", at(14), x="q")
    world.edit("A", "1", at(15), x="p")
    world.run(*order, when=at(16))
    world.settle(order)
    assert world.values("x") == {"A": "p", "B": "p", "Local": "p"}
    kept = {
        value
        for name in order
        for conflict in world.app.records.conflicts(name, only_open=False)
        for one in conflict.fields
        for value in (one.a, one.b)
    }
    assert {"q", "r"} <= kept


def test_a_configuration_that_stands_alone_keeps_no_origin_stamps(tmp_path: Path, open_worlds: ExitStack) -> None:
    world = hub_world(open_worlds, tmp_path, "databases")
    world.connect("Local", "A", "x")
    world.put("A", "1", at(9), x="p")
    world.run("Local-A")
    world.edit("A", "1", at(13), x="q")
    world.edit("Local", "1", at(14), x="r")
    world.run("Local-A", when=at(15))
    assert world.values("x") == {"A": "r", "B": None, "Local": "r"}
    assert ledger_rows(world, "origin_field") == ledger_rows(world, "origin_stamp") == []


def ledger_rows(world: GroupWorld, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(world.app.home / "ledger.sqlite")) as connection:
        return connection.execute(f"SELECT * FROM {table}").fetchall()


@pytest.mark.scenario("G1", "D9")
@pytest.mark.parametrize("member", ["Local-A", "Local-B"])
def test_running_the_group_repeats_its_members_until_nothing_changes(
    tmp_path: Path, open_worlds: ExitStack, member: str
) -> None:
    world = hub_world(open_worlds, tmp_path, "databases")
    world.connect("Local", "B", "x", name="Local-B")
    world.connect("Local", "A", "x", name="Local-A")
    world.put("A", "1", at(9), x="p")
    result = world.app.groups.run(member)
    assert result.is_settled
    assert result.group.members == ("Local-A", "Local-B")
    assert result.passes <= result.group.most_passes
    assert world.values("x") == {"A": "p", "B": "p", "Local": "p"}
    assert world.app.groups.follow_ups() == {}
    again = world.app.groups.run(member)
    assert (again.passes, [one.outcome for one in again.results]) == (1, [Outcome.DONE, Outcome.DONE])


@pytest.mark.scenario("G1")
def test_after_a_run_that_wrote_to_a_shared_structure_its_siblings_are_to_follow(
    tmp_path: Path, open_worlds: ExitStack
) -> None:
    world = hub_world(open_worlds, tmp_path, "databases")
    world.connect("Local", "A", "x")
    world.connect("Local", "B", "x")
    every_day = Schedule(ScheduleKind.DAILY, times=(time(3),))
    world.app.configurations.save(replace(world.configurations["Local-B"], schedule=every_day))
    world.put("A", "1", at(9), x="p")
    world.run("Local-B", "Local-A")
    assert {name: one.because for name, one in world.app.groups.follow_ups().items()} == {"Local-B": "Local-A"}
    state = {one.name: one for one in world.app.configurations.states()}
    assert (state["Local-B"].follows, state["Local-A"].follows) == ("Local-A", "")
    assert [due.configuration for due in world.app.schedules.due(world.clock.now())] == ["Local-B"]
    world.run("Local-B")
    assert world.app.groups.follow_ups() == {}
    assert world.app.schedules.due(world.clock.now()) == ()
    # What it wrote went to its own structure alone: nobody is to follow.
    assert world.values("x") == {"A": "p", "B": "p", "Local": "p"}
