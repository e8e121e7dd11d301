"""The decision table against a second implementation, for every policy and every case."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from desktop_sync.core.configuration import (
    ConflictRule,
    DeleteRule,
    Direction,
    EditAgainstDelete,
    Entity,
    FieldMapping,
    FirstContactRule,
    PerSide,
    Side,
)
from desktop_sync.core.decision import (
    Action,
    Change,
    Decision,
    Newer,
    Rule,
    decide,
    decide_first_contact,
    decision_table,
    first_contact_table,
)
from tests.support.decision_oracle import Verdict, first_contact, outside, verdict

ENTITY = Entity("people", PerSide("Person", "people"), (FieldMapping("Name", "name"),))
WORDS = {
    Action.NONE: ("nothing", ""),
    Action.CREATE_A: ("create", "a"),
    Action.CREATE_B: ("create", "b"),
    Action.UPDATE_A: ("update", "a"),
    Action.UPDATE_B: ("update", "b"),
    Action.DELETE_A: ("delete", "a"),
    Action.DELETE_B: ("delete", "b"),
    Action.MARK_A: ("mark", "a"),
    Action.MARK_B: ("mark", "b"),
    Action.LINK: ("link", ""),
    Action.ADOPT: ("adopt", ""),
    Action.CONFLICT: ("ask", ""),
    Action.UNLINK: ("unlink", ""),
    Action.CLOSE: ("close", ""),
    Action.FILTERED: ("filtered", ""),
}
NEWER = {Newer.A: "a", Newer.B: "b", Newer.TIE: ""}


def in_words(decision: Decision) -> Verdict:
    what, to = WORDS[decision.action]
    loser = decision.conflict_winner.other.value if decision.conflict_winner is not None else ""
    return Verdict(what, to, loser)


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("primary", list(Side))
def test_every_case_of_every_policy_is_decided_as_the_specification_says(direction: Direction, primary: Side) -> None:
    seen = 0
    for conflict, against, delete_a, delete_b in itertools.product(
        ConflictRule, EditAgainstDelete, DeleteRule, DeleteRule
    ):
        entity = replace(
            ENTITY,
            direction=direction,
            primary=primary,
            conflict=conflict,
            edit_against_delete=against,
            delete=PerSide(delete_a, delete_b),
        )
        for case in decision_table(entity):
            a, b = case.change_a.name.lower(), case.change_b.name.lower()
            expected = verdict(entity, a, b, case.equal, NEWER[case.newer]) if case.takes_part else outside(a, b)
            assert in_words(case.decision) == expected, (entity, case)
            seen += 1
    assert seen == 4 * 3 * 5 * 5 * 108


@pytest.mark.parametrize("rule", list(FirstContactRule))
def test_every_first_contact_is_decided_as_the_specification_says(rule: FirstContactRule) -> None:
    for direction, primary in itertools.product(Direction, Side):
        entity = replace(ENTITY, first_contact=rule, direction=direction, primary=primary)
        for case in first_contact_table(entity):
            assert in_words(case.decision) == first_contact(entity, case.equal, NEWER[case.newer]), (entity, case)


def test_the_tables_have_every_case_once() -> None:
    cases = [(c.takes_part, c.change_a, c.change_b, c.equal, c.newer) for c in decision_table(ENTITY)]
    assert len(cases) == len(set(cases)) == 108
    assert len({(c.equal, c.newer) for c in first_contact_table(ENTITY)}) == len(first_contact_table(ENTITY)) == 6


def test_nothing_is_written_against_the_direction() -> None:
    for direction, forbidden in ((Direction.A_TO_B, Side.A), (Direction.B_TO_A, Side.B)):
        for rule, other in itertools.product(DeleteRule, DeleteRule):
            entity = replace(ENTITY, direction=direction, delete=PerSide(rule, other))
            assert all(case.decision.action.target is not forbidden for case in decision_table(entity))


def test_the_two_sides_are_treated_alike() -> None:
    mirrored = {Side.A: Side.B, Side.B: Side.A, None: None}
    for conflict, rule in itertools.product((ConflictRule.MOST_RECENT, ConflictRule.ASK), DeleteRule):
        entity = replace(ENTITY, conflict=conflict, delete=PerSide(rule, rule))
        mirror = replace(entity, primary=Side.B)
        for a, b, newer in itertools.product(Change, Change, Newer):
            turned = {Newer.A: Newer.B, Newer.B: Newer.A, Newer.TIE: Newer.TIE}[newer]
            one, two = decide(entity, a, b, False, newer), decide(mirror, b, a, False, turned)
            assert one.rule is two.rule
            assert mirrored[one.action.target] is two.action.target
            assert mirrored[one.conflict_winner] is two.conflict_winner


def test_a_tie_of_stamps_is_named_as_one_and_goes_to_the_primary_system() -> None:
    for primary, action in ((Side.A, Action.UPDATE_B), (Side.B, Action.UPDATE_A)):
        found = decide(replace(ENTITY, primary=primary), Change.CHANGED, Change.CHANGED, False, Newer.TIE)
        assert found == Decision(action, Rule.MOST_RECENT_TIE, primary)
    contact = decide_first_contact(replace(ENTITY, primary=Side.B), False, Newer.TIE)
    assert contact == Decision(Action.UPDATE_A, Rule.FIRST_CONTACT, Side.B)


def test_the_numbers_of_stored_actions_and_rules_never_change() -> None:
    assert [action.value for action in Action] == list(range(17))
    assert (Action.CREATE_A, Action.DELETE_B, Action.CONFLICT, Action.FILTERED) == (1, 6, 9, 16)
    assert [rule.value for rule in Rule] == [*range(27), 30, 40]
    assert (Rule.MOST_RECENT, Rule.DECIDED, Rule.UNRESOLVED_LOOKUP) == (3, 17, 23)


@pytest.mark.parametrize("gone", Side)
def test_nothing_is_created_where_no_field_goes(gone: Side) -> None:
    away = FieldMapping("Name", "name", direction=Direction.A_TO_B if gone is Side.A else Direction.B_TO_A)
    entity = replace(ENTITY, fields=(away,), delete=PerSide(DeleteRule.RESTORE, DeleteRule.RESTORE))
    for change in (Change.SAME, Change.CHANGED):
        changes = (Change.DELETED, change) if gone is Side.A else (change, Change.DELETED)
        assert decide(entity, *changes, False, Newer.TIE) == Decision(Action.CLOSE, Rule.DIRECTION)
