"""Undo where several configurations synchronize the same records: what was taken back does not come back (SPEC §7, §9).

The value p is said in A and travels to the hub; the run that wrote it there is undone. Other members of the group may
hold p already, from A or from the hub, and may run before or after the undo, in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path

import pytest

from desktop_sync.core.configuration import Resolution
from desktop_sync.core.run import RunResult
from tests.support.sync_groups import GroupWorld, at, make_group_world

Made = Callable[..., GroupWorld]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    worlds: list[GroupWorld] = []

    def make(*systems: str, kind: str = "sql", fields: tuple[str, ...] = ("x",)) -> GroupWorld:
        worlds.append(make_group_world(tmp_path / f"{len(worlds)}", dict.fromkeys(systems, kind), fields))
        return worlds[-1]

    yield make
    for world in worlds:
        world.app.close()


def undo(world: GroupWorld, run: RunResult) -> RunResult:
    assert run.run_id is not None
    world.clock.move(minutes=1)
    for system in world.systems.values():
        system.tell_time(world._told(system, world.clock.at))
    done = world.app.undo.undo(run.run_id)
    for system in world.systems.values():
        system.note_changes(world._told(system, world.clock.at))
    return done


def agreed(world: GroupWorld, *pairs: tuple[str, str], **rules: object) -> list[str]:
    """Configurations between these systems, all of which hold the record 1 with the value "old"."""
    names = [world.connect(a, b, *next(iter(world.systems.values())).fields, **rules) for a, b in pairs]
    first = next(iter(world.systems))
    world.put(first, "1", at(9), **dict.fromkeys(world.systems[first].fields, "old"))
    world.settle(names)
    return names


ORDERS_OF_TWO = list(permutations(("Hub-A", "Hub-B")))


@pytest.mark.parametrize("kind", ["sql", "csv"])
@pytest.mark.parametrize("order", ORDERS_OF_TWO, ids="-then-".join)
@pytest.mark.parametrize("has_followed", [True, False], ids=["B has it", "B has it not"])
def test_a_value_that_was_taken_back_stays_away_in_either_order_of_two_configurations(
    made: Made, kind: str, order: tuple[str, str], has_followed: bool
) -> None:
    world = made("Hub", "A", "B", kind=kind)
    agreed(world, ("Hub", "A"), ("Hub", "B"))
    world.edit("A", "1", at(15), x="p")
    (run,) = world.run("Hub-A")
    if has_followed:
        world.run("Hub-B")
        assert world.values("x") == {"Hub": "p", "A": "p", "B": "p"}
    undo(world, run)
    assert world.values("x")["Hub"] == "old"
    world.settle(order)
    assert world.values("x") == {"Hub": "old", "A": "p", "B": "old"}, "A said p itself: only a person changes it there"


@pytest.mark.parametrize("order", ORDERS_OF_TWO, ids="-then-".join)
def test_a_value_that_was_taken_back_loses_to_an_edit_made_after_the_undo_and_wins_over_one_before_it(
    made: Made, order: tuple[str, str]
) -> None:
    for edited, expected in ((at(16, 30), "old"), (at(18), "newer")):
        world = made("Hub", "A", "B")
        agreed(world, ("Hub", "A"), ("Hub", "B"))
        world.edit("A", "1", at(15), x="p")
        (run,) = world.run("Hub-A", when=at(16))
        world.run("Hub-B")
        if edited < at(17):
            world.edit("B", "1", edited, x="newer")
        world.clock.at = at(17)
        undo(world, run)
        if edited > at(17):
            world.edit("B", "1", edited, x="newer")
        world.settle(order)
        assert {world.values("x")[name] for name in ("Hub", "B")} == {expected}


RING = (("A", "B"), ("B", "C"), ("C", "A"))


@pytest.mark.scenario("G8")
@pytest.mark.parametrize("resolution", Resolution)
@pytest.mark.parametrize("order", list(permutations(("A-B", "B-C", "C-A"))), ids="-then-".join)
def test_in_a_ring_of_three_the_value_that_was_brought_back_reaches_all_in_any_order(
    made: Made, order: tuple[str, ...], resolution: Resolution
) -> None:
    """C has the value that was taken back from A, with its own stamp: it must not prevail in B."""
    world = made("A", "B", "C")
    agreed(world, *RING, resolution=resolution)
    world.edit("A", "1", at(15), x="p")
    world.run("C-A", when=at(15, 30))
    (run,) = world.run("A-B", when=at(16))
    assert world.values("x") == {"A": "p", "B": "p", "C": "p"}
    undo(world, run)
    assert world.values("x")["B"] == "old"
    world.settle(order, most=6)
    assert world.values("x") == {"A": "old", "B": "old", "C": "old"}


def test_a_value_that_the_undo_left_alone_keeps_its_stamp(made: Made) -> None:
    """A person said y in B at two, and another said it anew in C at four: C is right, though the undo, which takes y of
    another record back, writes y of this one as it is."""
    world = made("A", "B", "C", fields=("x", "y"))
    world.put("A", "2", at(9), x="old", y="old")
    agreed(world, ("A", "B"), ("B", "C"), resolution=Resolution.FIELD)
    world.edit("B", "1", at(14), y="said in B")
    world.edit("A", "1", at(15), x="p")
    world.edit("A", "2", at(15), y="p")
    (run,) = world.run("A-B", when=at(15, 30))
    world.edit("C", "1", at(16, 30), y="said in C")
    world.clock.at = at(17)
    undo(world, run)
    world.settle(["B-C", "A-B"], most=6)
    assert world.values("x")["B"] == world.values("x")["C"] == "old"
    assert world.values("y")["B"] == world.values("y")["C"] == "said in C"
    assert world.values("y", "2")["B"] == world.values("y", "2")["C"] == "old"


@pytest.mark.parametrize("order", [("A-B", "B-C"), ("B-C", "A-B")], ids="-then-".join)
def test_a_record_that_was_brought_back_is_not_deleted_again_by_a_sibling(made: Made, order: tuple[str, str]) -> None:
    world = made("A", "B", "C")
    agreed(world, ("A", "B"), ("B", "C"))
    world.systems["A"].side.delete("people", "key", "1")
    (run,) = world.run("A-B", when=at(15))
    assert world.systems["B"].records() == {}
    undo(world, run)
    world.settle(order, most=6)
    assert world.systems["B"].records() == world.systems["C"].records() == {"1": {"x": "old"}}


def test_the_undo_of_a_record_that_was_merged_leaves_each_side_its_own_and_writes_nothing_more(made: Made) -> None:
    world = made("A", "B", fields=("x", "y"))
    agreed(world, ("A", "B"), resolution=Resolution.FIELD)
    world.edit("B", "1", at(14), y="said in B")
    world.edit("A", "1", at(15), x="said in A")
    (run,) = world.run("A-B", when=at(15, 30))
    assert world.values("x") == {"A": "said in A", "B": "said in A"}
    assert world.values("y") == {"A": "said in B", "B": "said in B"}
    undo(world, run)
    world.settle(["A-B"], most=1)
    assert world.values("x") == {"A": "said in A", "B": "old"}
    assert world.values("y") == {"A": "old", "B": "said in B"}
