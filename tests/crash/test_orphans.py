"""What people do to a record between the kill and the restart, when the program does not know yet that it wrote it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.crash_trial import CrashServer
from tests.support.crash_world import AGREED, EARLIER, FLOWS, LATER, OLD, Pair, World

NEWEST = "2026-03-01 10:00:00"
SAME = {f"c{n}": (f"name {n}", f"phone {n}") for n in range(1, 12)}
assert SAME["c1"] == AGREED["c1"]


def _create(world: World) -> None:
    world.a.insert({"id": "21", "email": "n1", "name": "new in A", "phone": "21", "updated_at": LATER})


def _update(world: World) -> None:
    world.a.change("c2", name="edited in A", updated_at=LATER)


def _delete(world: World) -> None:
    world.a.delete("c3")


def _killed_after_the_write(server: CrashServer, world: World) -> None:
    """The run dies when the endpoint has the record and the ledger does not know it."""
    assert server.kill(world, "process.written") == "process.written"


@pytest.fixture(scope="module", params=("sqlite-to-csv", "csv-to-sqlite"))
def synchronized(
    request: pytest.FixtureRequest, server: CrashServer, tmp_path_factory: pytest.TempPathFactory
) -> World:
    world = FLOWS[request.param](tmp_path_factory.mktemp(request.param))
    server.begin(world, edit=lambda _: None)
    return world


@pytest.fixture
def world(synchronized: World) -> Iterator[World]:
    """Both sides agree, and nobody has edited anything yet."""
    yield synchronized
    synchronized.restore()


@pytest.mark.scenario("A4")
def test_an_edit_of_a_created_record_travels_back_and_no_second_record_is_made(
    server: CrashServer, world: World
) -> None:
    _create(world)
    _killed_after_the_write(server, world)
    world.b.change("n1", name="edited at once", updated_at=NEWEST)
    expected: dict[str, Pair] = {**SAME, "n1": ("edited at once", "21")}
    server.recover(world, expected, losers=())


@pytest.mark.scenario("A4")
def test_an_edit_of_what_identifies_a_created_record_makes_no_second_record_either(
    server: CrashServer, world: World
) -> None:
    _create(world)
    _killed_after_the_write(server, world)
    world.b.change("n1", email="n1 corrected", updated_at=NEWEST)
    expected: dict[str, Pair] = {**SAME, "n1 corrected": ("new in A", "21")}
    server.recover(world, expected, losers=())


def test_another_record_that_took_the_reserved_id_is_not_taken_for_ours(server: CrashServer, world: World) -> None:
    _create(world)
    server.kill(world, "process.intent_is_durable")
    world.b.insert({"id": "112", "email": "n9", "name": "somebody else", "phone": "9", "updated_at": NEWEST})
    expected: dict[str, Pair] = {**SAME, "n1": ("new in A", "21"), "n9": ("somebody else", "9")}
    server.recover(world, expected, losers=())


@pytest.mark.scenario("A5")
def test_a_created_record_that_is_deleted_at_once_comes_to_the_same_end_however_often_it_runs(
    server: CrashServer, world: World
) -> None:
    _create(world)
    _killed_after_the_write(server, world)
    world.b.delete("n1")
    expected: dict[str, Pair] = {**SAME, "n1": ("new in A", "21")}
    server.recover(world, expected, losers=())
    server.recover(world, expected, losers=())


@pytest.mark.scenario("A6")
def test_what_stood_there_before_an_unacknowledged_update_is_in_the_history(server: CrashServer, world: World) -> None:
    _update(world)
    _killed_after_the_write(server, world)
    server.recover(world, {**SAME, "c2": ("edited in A", "phone 2")}, losers=("name 2",))


@pytest.mark.parametrize(("stamp", "winner"), [(NEWEST, "third party"), (EARLIER, "edited in A")])
def test_an_edit_after_an_unacknowledged_update_is_a_conflict_that_keeps_both_values(
    server: CrashServer, world: World, stamp: str, winner: str
) -> None:
    _update(world)
    _killed_after_the_write(server, world)
    world.b.change("c2", name="third party", updated_at=stamp)
    expected: dict[str, Pair] = {**SAME, "c2": (winner, "phone 2")}
    server.recover(world, expected, losers=("third party", "edited in A"))


@pytest.mark.scenario("A6")
def test_an_edit_of_another_field_after_an_unacknowledged_update_loses_neither(
    server: CrashServer, world: World
) -> None:
    _update(world)
    _killed_after_the_write(server, world)
    world.b.change("c2", phone="third party", updated_at=NEWEST)
    server.recover(world, {**SAME, "c2": ("edited in A", "third party")}, losers=("edited in A", "third party"))


@pytest.mark.scenario("A7")
def test_a_record_whose_deletion_was_not_acknowledged_does_not_come_back(server: CrashServer, world: World) -> None:
    _delete(world)
    _killed_after_the_write(server, world)
    server.recover(world, {email: pair for email, pair in SAME.items() if email != "c3"}, losers=())


@pytest.mark.scenario("A7")
def test_a_record_that_a_person_creates_again_after_its_deletion_is_new(server: CrashServer, world: World) -> None:
    _delete(world)
    _killed_after_the_write(server, world)
    world.b.insert({"id": "900", "email": "c3", "name": "again", "phone": "3", "updated_at": OLD})
    server.recover(world, {**SAME, "c3": ("again", "3")}, losers=())
