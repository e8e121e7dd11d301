"""Each field by itself where both sides changed a record: by the most recent change, by a side, or by asking.

A field that one side alone changed is that side's. For a field that both changed differently there is a rule, and the
value that loses is kept with its side, its time and the rule, and can be brought back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_sync.core.configuration import ConflictRule, Direction, Resolution, Side
from desktop_sync.core.decision import Rule
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.ledger_values import RecordQuery
from desktop_sync.core.run import Outcome
from desktop_sync.core.sync_record import Conflict
from tests.support.sync_groups import GroupWorld, at, make_group_world

Made = Callable[..., GroupWorld]
FIELDS = ("x", "y", "z")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    worlds: list[GroupWorld] = []

    def make(conflict: ConflictRule, kind: str = "sql") -> GroupWorld:
        """Both systems hold the record 1; judged field by field."""
        world = make_group_world(tmp_path / f"{len(worlds)}", {"A": kind, "B": kind}, FIELDS)
        worlds.append(world)
        world.connect("A", "B", *FIELDS, resolution=Resolution.FIELD, conflict=conflict)
        world.put("A", "1", at(9), **dict.fromkeys(FIELDS, "old"))
        world.settle(["A-B"])
        return world

    yield make
    for world in worlds:
        world.app.close()


def record(world: GroupWorld, system: str) -> tuple[object, ...]:
    return tuple(world.systems[system].records()["1"].values())


def edit_both(world: GroupWorld) -> None:
    """x is changed in A alone, y in B alone, and z in both: in B last."""
    world.edit("A", "1", at(13), x="x of A", z="z of A")
    world.edit("B", "1", at(14), y="y of B", z="z of B")


def conflicts(world: GroupWorld, *, only_open: bool = False) -> list[Conflict]:
    return world.app.records.conflicts("A-B", only_open=only_open)


@pytest.mark.scenario("G5")
@pytest.mark.parametrize("kind", ["sql", "csv"])
@pytest.mark.parametrize(
    ("rule", "z", "said"),
    [
        (ConflictRule.MOST_RECENT, "z of B", Rule.MOST_RECENT),
        (ConflictRule.A, "z of A", Rule.SIDE_WINS),
        (ConflictRule.B, "z of B", Rule.SIDE_WINS),
    ],
)
def test_what_one_side_changed_is_kept_and_the_rule_is_for_what_both_changed(
    made: Made, rule: ConflictRule, z: str, said: Rule, kind: str
) -> None:
    world = made(rule, kind)
    edit_both(world)
    world.settle(["A-B"])
    assert record(world, "A") == record(world, "B") == ("x of A", "y of B", z)
    (conflict,) = conflicts(world)
    (field,) = [field for field in conflict.fields if field.verdict is not None]
    assert (field.label, field.a, field.b, field.base) == ("z", "z of A", "z of B", "old")
    assert field.verdict is not None
    assert (field.verdict.winner, field.verdict.rule) == (Side.A if z == "z of A" else Side.B, said)
    assert (field.verdict.a_changed_at, field.verdict.b_changed_at) == (at(13), at(14))


@pytest.mark.scenario("G5")
@pytest.mark.parametrize("rule", [ConflictRule.A, ConflictRule.B])
def test_a_side_that_always_wins_does_so_whatever_the_clocks_say(made: Made, rule: ConflictRule) -> None:
    for hour_a, hour_b in ((13, 14), (14, 13)):
        world = made(rule)
        world.edit("A", "1", at(hour_a), z="z of A")
        world.edit("B", "1", at(hour_b), z="z of B")
        world.settle(["A-B"])
        winner = "z of A" if rule is ConflictRule.A else "z of B"
        assert record(world, "A") == record(world, "B") == ("old", "old", winner)


@pytest.mark.parametrize("rule", [ConflictRule.A, ConflictRule.B, ConflictRule.ASK])
def test_changes_to_different_fields_are_no_conflict_that_a_rule_settles(made: Made, rule: ConflictRule) -> None:
    world = made(rule)
    world.edit("A", "1", at(13), x="x of A")
    world.edit("B", "1", at(14), y="y of B")
    world.settle(["A-B"])
    assert record(world, "A") == record(world, "B") == ("x of A", "y of B", "old")
    assert not conflicts(world, only_open=True)
    assert not [field for one in conflicts(world) for field in one.fields if field.verdict is not None]


@pytest.mark.parametrize("rule", [ConflictRule.A, ConflictRule.ASK])
def test_a_field_that_only_the_losing_side_changed_goes_to_the_other(made: Made, rule: ConflictRule) -> None:
    """Both changed the record, one field to the same value: the other field is B's alone."""
    world = made(rule)
    world.edit("A", "1", at(13), z="the same")
    world.edit("B", "1", at(14), y="y of B", z="the same")
    world.settle(["A-B"])
    assert record(world, "A") == record(world, "B") == ("old", "y of B", "the same")
    assert not conflicts(world)


@pytest.mark.parametrize("use", Side)
def test_where_a_person_is_asked_the_answer_is_for_what_both_changed(made: Made, use: Side) -> None:
    world = made(ConflictRule.ASK)
    edit_both(world)
    (asked,) = world.run("A-B")
    assert asked.outcome is Outcome.PROBLEMS
    assert record(world, "A") == ("x of A", "old", "z of A"), "nothing is written before the decision"
    (conflict,) = conflicts(world, only_open=True)
    world.app.records.resolve(conflict.id, use)
    world.settle(["A-B"])
    expected = ("x of A", "y of B", "z of A" if use is Side.A else "z of B")
    assert record(world, "A") == record(world, "B") == expected
    (settled,) = conflicts(world)
    (field,) = [field for field in settled.fields if field.verdict is not None]
    assert field.verdict is not None
    assert (field.label, field.verdict.winner, field.verdict.rule) == ("z", use, Rule.DECIDED)


def test_the_explanation_says_which_value_of_which_field_lost_and_why(made: Made) -> None:
    world = made(ConflictRule.A)
    edit_both(world)
    world.settle(["A-B"])
    (one,) = world.app.records.records(RecordQuery("A-B"))
    told = " ".join(event.text for event in world.app.explanation.explain("A-B", f"#{one.id}").past)
    assert "z: A won (" in told
    assert '"z of B" of B lost, changed 2026-03-02 14:00:00+00:00' in told


@pytest.mark.parametrize("rule", [ConflictRule.MOST_RECENT, ConflictRule.A, ConflictRule.B])
def test_the_value_that_lost_comes_back_alone_and_travels(made: Made, rule: ConflictRule) -> None:
    """What was merged beside it stays merged."""
    world = made(rule)
    edit_both(world)
    world.settle(["A-B"])
    (conflict,) = conflicts(world)
    lost = "z of A" if record(world, "A")[2] == "z of B" else "z of B"
    world.clock.move(minutes=5)
    assert world.app.undo.bring_back(conflict.id).outcome is Outcome.DONE
    assert {record(world, "A")[:2], record(world, "B")[:2]} == {("x of A", "y of B")}
    world.settle(["A-B"])
    assert record(world, "A") == record(world, "B") == ("x of A", "y of B", lost)


def test_losers_on_both_sides_come_back_each_on_its_own_and_both_travel(made: Made) -> None:
    world = made(ConflictRule.MOST_RECENT)
    world.edit("A", "1", at(13), x="x of A", z="z of A")
    world.run("A-B")
    world.edit("B", "1", at(14), z="z of B", y="y of B")
    world.edit("A", "1", at(14, 30), y="y of A")
    world.edit("A", "1", at(14, 40), z="z of A, again")
    world.edit("B", "1", at(14, 50), x="x of B")
    world.settle(["A-B"])
    merged = record(world, "A")
    assert merged == record(world, "B")
    (conflict,) = conflicts(world)
    losers = {field.label: field.verdict.winner.other for field in conflict.fields if field.verdict is not None}
    world.clock.move(minutes=5)
    world.app.undo.bring_back(conflict.id)
    world.settle(["A-B"])
    brought = dict(zip(FIELDS, record(world, "A"), strict=True))
    values = {field.label: {Side.A: field.a, Side.B: field.b} for field in conflict.fields}
    assert {label: brought[label] for label in losers} == {label: values[label][side] for label, side in losers.items()}
    assert record(world, "A") == record(world, "B")


def test_where_nothing_lost_there_is_nothing_to_bring_back(made: Made) -> None:
    world = made(ConflictRule.MOST_RECENT)
    world.edit("A", "1", at(13), x="x of A")
    world.edit("B", "1", at(14), y="y of B")
    world.settle(["A-B"])
    (conflict,) = conflicts(world)
    with pytest.raises(ConfigurationError, match="no value was overwritten"):
        world.app.undo.bring_back(conflict.id)


ONE_WAY = (Direction.A_TO_B, Direction.B_TO_A)


def one_way(made: Made, direction: Direction, conflict: ConflictRule) -> tuple[GroupWorld, str, str]:
    """Records go one way; the world, and the systems that send and receive."""
    world = made(conflict)
    entity = replace(world.configurations["A-B"].entities[0], direction=direction)
    world.app.configurations.save(replace(world.configurations["A-B"], entities=(entity,)))
    return (world, "A", "B") if direction is Direction.A_TO_B else (world, "B", "A")


@pytest.mark.parametrize("direction", ONE_WAY)
@pytest.mark.parametrize("conflict", [ConflictRule.MOST_RECENT, ConflictRule.A, ConflictRule.B])
def test_where_records_go_one_way_the_fields_that_only_the_other_side_changed_stay(
    made: Made, direction: Direction, conflict: ConflictRule
) -> None:
    """Also at every later change of the side that sends."""
    world, source, target = one_way(made, direction, conflict)
    world.edit(target, "1", at(13), y="own")
    world.edit(source, "1", at(14), x="sent")
    world.settle(["A-B"])
    assert record(world, target) == ("sent", "own", "old")
    assert record(world, source) == ("sent", "old", "old")
    world.edit(source, "1", at(15), x="sent again")
    world.settle(["A-B"])
    assert record(world, target) == ("sent again", "own", "old")
    world.edit(source, "1", at(16), y="sent, too")
    world.settle(["A-B"])
    assert record(world, target) == ("sent again", "sent, too", "old")
    assert not conflicts(world, only_open=True)


@pytest.mark.parametrize("direction", ONE_WAY)
@pytest.mark.parametrize("wins", [True, False])
def test_where_records_go_one_way_the_rule_is_for_what_both_changed(
    made: Made, direction: Direction, wins: bool
) -> None:
    sender = "a" if direction is Direction.A_TO_B else "b"
    rule = ConflictRule(sender if wins else {"a": "b", "b": "a"}[sender])
    world, source, target = one_way(made, direction, rule)
    world.edit(target, "1", at(13), y="own", z="z of the target")
    world.edit(source, "1", at(14), x="sent", z="z of the source")
    world.settle(["A-B"])
    assert record(world, target) == ("sent", "own", "z of the source" if wins else "z of the target")
    assert record(world, source) == ("sent", "old", "z of the source")
    (conflict,) = conflicts(world)
    (field,) = [field for field in conflict.fields if field.verdict is not None]
    assert field.verdict is not None
    assert (field.label, field.verdict.winner) == ("z", Side(rule.value))


def test_where_records_go_one_way_a_person_is_asked_only_about_what_both_changed(made: Made) -> None:
    world, _, _ = one_way(made, Direction.A_TO_B, ConflictRule.ASK)
    edit_both(world)
    world.run("A-B")
    (conflict,) = conflicts(world, only_open=True)
    world.app.records.resolve(conflict.id, Side.B)
    world.settle(["A-B"])
    assert record(world, "B") == ("x of A", "y of B", "z of B")
    assert record(world, "A") == ("x of A", "old", "z of A")
    assert not conflicts(world, only_open=True)
