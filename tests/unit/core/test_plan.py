"""Heads of plans count what they hold."""

from __future__ import annotations

from datetime import UTC, datetime

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, create, delete, update
from desktop_sync.core.plan import EntityPlan, Mode, Plan

PLAN = Plan(
    "p",
    "Sync",
    1,
    Mode.FULL,
    datetime(2026, 3, 1, tzinfo=UTC),
    (
        EntityPlan("people", counts={Action.CREATE_A: 2, Action.LINK: 5, Action.MARK_B: 1}),
        EntityPlan("orders", counts={Action.CREATE_A: 3, Action.CONFLICT: 4, Action.DELETE_B: 1}),
    ),
)


def test_a_plan_counts_over_its_entities() -> None:
    assert PLAN.count(Action.CREATE_A) == 5
    assert PLAN.count(Action.LINK, Action.CONFLICT) == 9
    assert PLAN.count(Action.UPDATE_A) == PLAN.count() == 0


def test_writes_are_what_an_endpoint_would_notice() -> None:
    assert PLAN.writes == 7


def test_every_action_that_writes_says_where() -> None:
    for side in Side:
        assert {create(side).target, update(side).target, delete(side).target} == {side}
    quiet = {action for action in Action if action.target is None}
    assert quiet == {
        Action.NONE,
        Action.LINK,
        Action.ADOPT,
        Action.CONFLICT,
        Action.REVIEW,
        Action.UNLINK,
        Action.CLOSE,
        Action.INVALID,
        Action.FILTERED,
    }
