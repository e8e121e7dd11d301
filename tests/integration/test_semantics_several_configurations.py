"""Several configurations on the same records (SPEC §7)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import time
from pathlib import Path

import pytest

from desktop_sync.core.configuration import Endpoint
from desktop_sync.core.run import Outcome
from desktop_sync.core.schedule import Schedule, ScheduleKind
from tests.support.sync_groups import GroupWorld, at, make_group_world
from tests.support.worlds import NO_GUARDS, TableSide

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


@pytest.mark.parametrize("away", ["A", "B"])
def test_a_member_whose_system_is_away_does_not_keep_the_others_of_its_group_from_running(
    tmp_path: Path, open_worlds: ExitStack, away: str
) -> None:
    world = make_group_world(tmp_path, {name: "sql" for name in ("A", "B", "C", "Local")})
    open_worlds.callback(world.app.close)
    for spoke in "ABC":
        world.connect("Local", spoke, "x")
    world.put("Local", "1", at(9), x="old")
    world.app.groups.run("Local-A")
    world.edit("C", "1", at(15), x="p")
    (tmp_path / f"{away}.sqlite").rename(tmp_path / "away")
    result = world.app.groups.run("Local-A")
    assert (result.outcome, result.is_settled, result.left) == (Outcome.FAILED, False, (f"Local-{away}",))
    (failed,) = [one for one in result.results if one.outcome is Outcome.FAILED]
    assert failed.configuration == f"Local-{away}"
    assert f"{away}: the database file" in failed.error
    (tmp_path / "away").rename(tmp_path / f"{away}.sqlite")
    here = {name: values for name, values in world.values("x").items() if name != away}
    assert set(here.values()) == {"p"}
    assert world.app.groups.run("Local-A").is_settled
    assert set(world.values("x").values()) == {"p"}


@pytest.mark.scenario("C7")
def test_what_a_sibling_writes_where_no_time_is_noted_is_no_older_state_once_the_newest_record_is_deleted(
    tmp_path: Path, open_worlds: ExitStack
) -> None:
    world = hub_world(open_worlds, tmp_path, "databases")
    for spoke in "AB":
        name = world.connect("Local", spoke, "x")
        made = replace(world.configurations[name], guards=replace(NO_GUARDS, older_state=True))
        world.app.configurations.save(made)
    shared = world.systems["Local"].side
    assert isinstance(shared, TableSide)
    shared.execute("DROP TRIGGER noted")
    world.put("Local", "1", at(9), x="old")
    world.put("Local", "2", at(11), x="newest")
    world.run("Local-A", "Local-B")
    world.edit("A", "1", at(13), x="new")
    shared.delete("people", "key", "2")
    world.run("Local-A", when=at(14))
    (result,) = world.run("Local-B")
    assert (result.outcome, result.entities[0].notes) == (Outcome.DONE, ())
    assert world.values("x") == {"A": "new", "B": "new", "Local": "new"}
    assert world.values("x", "2") == {"A": None, "B": None, "Local": None}


# Two endpoints that are one system


def aliased(world: GroupWorld, kind: str, folder: Path) -> str:
    """Another endpoint, under another spelling, for the system "Local"; its name."""
    (folder / "other way").symlink_to(folder, target_is_directory=True)
    place = folder / "other way" / ("Local.sqlite" if kind == "databases" else "Local")
    settings = {"file": str(place)} if kind == "databases" else {"folder": str(place)}
    world.app.endpoints.save(Endpoint("Also local", KINDS[kind]["Local"], settings))
    return "Also local"


@pytest.mark.scenario("G1")
@pytest.mark.parametrize("order", [("first", "second"), ("second", "first")], ids=["first", "second"])
@pytest.mark.parametrize("kind", KINDS)
def test_endpoints_that_are_one_system_make_one_group_and_the_newest_value_wins_everywhere(
    tmp_path: Path, open_worlds: ExitStack, kind: str, order: tuple[str, ...]
) -> None:
    world = hub_world(open_worlds, tmp_path, kind)
    also = aliased(world, kind, tmp_path)
    world.connect("Local", "A", "x", name="first")
    world.connect(also, "B", "x", name="second")
    assert world.app.groups.list() == ()  # nobody has seen yet that they are one
    for system in ("A", "B", "Local"):
        world.put(system, "1", at(9), x="old")
    world.settle(order)
    (group,) = world.app.groups.list()
    assert group.members == ("first", "second")
    world.settle(order)
    world.edit("A", "1", at(15), x="p")
    world.edit("B", "1", at(14), x="q")
    world.edit("Local", "1", at(13), x="r")
    world.run(*order, when=at(16))
    world.settle(order)
    assert world.values("x") == {"A": "p", "B": "p", "Local": "p"}


@pytest.mark.scenario("G1")
def test_a_sibling_by_another_endpoint_of_the_same_system_is_to_follow(tmp_path: Path, open_worlds: ExitStack) -> None:
    world = hub_world(open_worlds, tmp_path, "databases")
    also = aliased(world, "databases", tmp_path)
    world.connect("Local", "A", "x", name="first")
    world.connect(also, "B", "x", name="second")
    world.run("first", "second")
    world.put("A", "1", at(9), x="p")
    world.run("first")
    assert {name: one.because for name, one in world.app.groups.follow_ups().items()} == {"second": "first"}
    assert world.app.groups.run("second").is_settled
    assert world.values("x") == {"A": "p", "B": "p", "Local": "p"}
    state = {one.name: one for one in world.app.configurations.states()}
    assert state["first"].group == ("first", "second")


def test_an_endpoint_that_is_edited_is_no_longer_taken_for_the_same_system(
    tmp_path: Path, open_worlds: ExitStack
) -> None:
    world = hub_world(open_worlds, tmp_path, "databases")
    also = aliased(world, "databases", tmp_path)
    world.connect("Local", "A", "x", name="first")
    world.connect(also, "B", "x", name="second")
    world.run("first", "second")
    assert world.app.ledger.systems() == {"Local": "Local", also: "Local"}
    world.app.endpoints.save(Endpoint(also, "sql", {"file": str(tmp_path / "B.sqlite")}))
    assert world.app.ledger.systems() == {}
    assert world.app.groups.list() == ()
