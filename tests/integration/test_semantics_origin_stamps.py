"""What origin stamps do in a group: ties, clocks, freezing before a write, crashes, and judging field by field."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from desktop_sync.core.configuration import ConflictRule, Resolution, Side
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.sync_record import Conflict
from tests.support.sync_groups import GroupWorld, at, make_group_world, written

HUB_AND_TWO = {"A": "sql", "B": "csv", "Local": "sql"}
FIELD = Resolution.FIELD


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def hub(stack: ExitStack, folder: Path, *fields: str, **options: object) -> GroupWorld:
    """The hub `Local` and the spokes A and B, which hold one record, the same everywhere."""
    world = make_group_world(folder, HUB_AND_TWO, fields or ("x",), **options)  # type: ignore[arg-type]
    stack.callback(world.app.close)
    return world


def begin(world: GroupWorld, *order: str) -> None:
    world.put("Local", "1", at(9), **dict.fromkeys(world.systems["Local"].fields, "old"))
    world.settle(order)


def conflicts(world: GroupWorld, name: str) -> list[Conflict]:
    return world.app.records.conflicts(name, only_open=False)


@pytest.mark.scenario("G4")
@pytest.mark.parametrize("order", [("Local-A", "Local-B"), ("Local-B", "Local-A")], ids=["A first", "B first"])
def test_changes_of_one_instant_are_a_tie_that_the_preferred_system_wins(
    tmp_path: Path, stack: ExitStack, order: tuple[str, ...]
) -> None:
    world = hub(stack, tmp_path)
    world.connect("Local", "A", "x", primary=Side.B)
    world.connect("Local", "B", "x", primary=Side.B)
    begin(world, *order)
    world.edit("A", "1", at(14), x="p")
    world.edit("B", "1", at(14), x="q")
    world.run(*order, when=at(16))
    world.settle(order)
    # Each is primary where it takes part, so nobody is preferred to the other, and the name decides.
    assert set(world.values("x").values()) == {"p"}
    rules = {conflict.rule for name in order for conflict in conflicts(world, name)}
    assert rules == {Rule.MOST_RECENT_TIE}


@pytest.mark.scenario("G5")
def test_a_preferred_system_wins_also_when_its_clock_is_wrong(tmp_path: Path, stack: ExitStack) -> None:
    world = hub(stack, tmp_path, shifts={"A": -86_400.0 * 365})
    world.connect("Local", "A", "x", conflict=ConflictRule.B)
    world.connect("Local", "B", "x")
    begin(world, "Local-A", "Local-B")
    world.edit("A", "1", at(13), x="p")
    world.edit("Local", "1", at(15), x="r")
    world.run("Local-A", "Local-B", when=at(16))
    assert set(world.values("x").values()) == {"p"}
    (kept,) = conflicts(world, "Local-A")
    assert (kept.rule, kept.winner) == (Rule.SIDE_WINS, Side.B)
    assert "r" in {field.a for field in kept.fields}


@pytest.mark.scenario("G6")
def test_equal_values_are_agreed_silently_and_count_as_said_last(tmp_path: Path, stack: ExitStack) -> None:
    world = hub(stack, tmp_path)
    world.connect("Local", "A", "x")
    world.connect("Local", "B", "x")
    begin(world, "Local-A", "Local-B")
    world.edit("Local", "1", at(13), x="p")
    world.edit("A", "1", at(15), x="p")
    world.edit("B", "1", at(14), x="q")
    (first,) = world.run("Local-A", when=at(16))
    assert written(first) == 0
    assert dict(first.entities[0].actions) == {Action.ADOPT: 1}
    world.settle(["Local-B", "Local-A"])
    assert set(world.values("x").values()) == {"p"}  # said at three in A, later than q


@pytest.mark.scenario("F9")
def test_a_clock_that_is_a_year_ahead_does_not_win_for_ever(tmp_path: Path, stack: ExitStack) -> None:
    world = hub(stack, tmp_path, shifts={"A": 86_400.0 * 365})
    world.connect("Local", "A", "x")
    world.connect("Local", "B", "x")
    begin(world, "Local-A", "Local-B")
    world.edit("A", "1", at(13), x="p")
    world.run("Local-A", when=at(14))
    world.edit("B", "1", at(15), x="q")
    world.run("Local-B", "Local-A", when=at(16))
    assert set(world.values("x").values()) == {"q"}


@pytest.mark.scenario("G3")
def test_the_time_of_fields_that_another_configuration_maps_is_kept_before_the_record_is_written(
    tmp_path: Path, stack: ExitStack
) -> None:
    world = hub(stack, tmp_path, "x", "y")
    world.connect("Local", "A", "x")
    world.connect("Local", "B", "y")
    begin(world, "Local-A", "Local-B")
    world.edit("Local", "1", at(14), y="r")
    world.edit("B", "1", at(15), y="q")
    world.edit("A", "1", at(13), x="p")
    world.run("Local-A", when=at(16))  # writes x, so the record in Local counts as changed at four
    assert world.systems["Local"].side.rows("people")[0]["changed"] == "2026-03-02 16:01:00.000000"
    world.run("Local-B")
    assert world.values("y") == {"A": None, "B": "q", "Local": "q"}


@pytest.mark.scenario("G1", "A5")
@pytest.mark.parametrize("step", ["process.intent_is_durable", "process.written", "ledger.close_batch.after_commit"])
def test_the_stamp_of_a_written_value_survives_a_crash_around_the_write(
    tmp_path: Path, stack: ExitStack, step: str
) -> None:
    armed: list[str] = []

    def crash(name: str) -> None:
        if name in armed:
            armed.clear()
            raise InterruptedError(name)

    world = hub(stack, tmp_path, steps=crash)
    world.connect("Local", "A", "x")
    world.connect("Local", "B", "x")
    begin(world, "Local-A", "Local-B")
    world.edit("A", "1", at(15), x="p")
    world.edit("B", "1", at(14), x="q")
    armed.append(step)
    with pytest.raises(InterruptedError):
        world.run("Local-B", when=at(16))
    world.settle(["Local-B", "Local-A"])
    assert set(world.values("x").values()) == {"p"}


@pytest.mark.scenario("G7")
def test_changes_of_different_fields_are_both_kept_where_fields_are_judged_one_by_one(
    tmp_path: Path, stack: ExitStack
) -> None:
    world = hub(stack, tmp_path, "x", "y", "z")
    world.connect("Local", "A", "x", "y", "z", resolution=FIELD)
    world.put("Local", "1", at(9), x="old", y="old", z="old")
    world.run("Local-A")
    world.edit("A", "1", at(13), x="p", z="lost")
    world.edit("Local", "1", at(14), y="r", z="kept")
    preview = world.app.synchronization.preview("Local-A")
    try:
        (row,) = preview.rows()
        assert (row.action, row.rule) == (Action.UPDATE_B, Rule.MERGED)
        assert {field.label: field.after for field in row.fields if field.label != "key"} == {
            "x": "p",
            "y": "r",
            "z": "kept",
        }
    finally:
        preview.close()
    world.clock.at = at(15)
    world.app.synchronization.prepare("Local-A")
    result = world.app.synchronization.process("Local-A")
    assert dict(result.entities[0].actions) == {Action.UPDATE_B: 1, Action.UPDATE_A: 1}
    for name, value in (("x", "p"), ("y", "r"), ("z", "kept")):
        assert {system: held for system, held in world.values(name).items() if system != "B"} == {
            "A": value,
            "Local": value,
        }
    (kept,) = conflicts(world, "Local-A")
    assert kept.rule is Rule.MERGED
    assert {(field.label, field.a, field.b) for field in kept.fields} >= {("z", "kept", "lost"), ("x", "old", "p")}
    (quiet,) = world.run("Local-A")
    assert (written(quiet), dict(quiet.entities[0].actions)) == (0, {})


@pytest.mark.scenario("G8", "D9")
def test_a_ring_of_three_configurations_converges_with_few_writes(tmp_path: Path, stack: ExitStack) -> None:
    world = make_group_world(tmp_path, {"A": "sql", "B": "sql", "C": "csv"}, ("x", "y"))
    stack.callback(world.app.close)
    ring = [world.connect(a, b, "x", "y") for a, b in (("A", "B"), ("B", "C"), ("C", "A"))]
    for number, system in enumerate(("A", "B", "C")):
        world.put(system, str(number), at(9), x=f"made in {system}", y="")
    result = world.app.groups.run(ring[0])
    assert result.is_settled
    assert all(len(records) == 3 for records in world.contents().values())
    for system, hour in (("A", 13), ("B", 15), ("C", 14)):
        world.edit(system, "0", at(hour), x=f"said by {system}")
    world.clock.at = at(16)
    again = world.app.groups.run(ring[0])
    assert again.is_settled
    assert set(world.values("x", "0").values()) == {"said by B"}
    assert sum(map(written, again.results)) <= len(ring) * 3
    quiet = world.app.groups.run(ring[0])
    assert (quiet.passes, sum(map(written, quiet.results))) == (1, 0)
