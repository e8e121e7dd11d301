"""A plan that only matches: equal records are linked, all else waits for a person (RELIABILITY 4.9, re-baseline)."""

from __future__ import annotations

from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.status import Status
from desktop_sync.engine.canonical import literal
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.plan_input import plan_table
from desktop_sync.engine.workbench import Workbench

UNMATCHED = "no counterpart was found; once the match is confirmed, one is created"


def withhold(bench: Workbench, layout: Layout) -> None:
    """No row of the plan writes to an endpoint, unlinks, or gives a record up.

    Pairs that are not equal become conflicts, records without a counterpart are for review. Left out are what a person
    decided already, and records that were deleted and came back: they wait as they are.
    """
    plan = plan_table(layout)
    writes = ", ".join(f"{action:d}" for action in Action if action.target is not None)
    both = "a_id IS NOT NULL AND b_id IS NOT NULL"
    bench.execute(
        f"UPDATE {plan} SET excluded = true WHERE action IN ({writes}) "
        f"AND (rule = {Rule.DECIDED:d} OR status = {Status.DELETED:d})"
    )
    # What takes no part is nobody's to decide: as a conflict it would take part once the match is confirmed.
    bench.execute(f"UPDATE {plan} SET excluded = true WHERE action = {Action.CLOSE:d} AND rule = {Rule.FILTER:d}")
    bench.execute(
        f"UPDATE {plan} SET action = {Action.CONFLICT:d}, rule = {Rule.MATCH_ONLY:d}, winner = NULL "
        f"WHERE NOT excluded AND {both} AND (action IN ({writes}, {Action.UNLINK:d}) "
        f"OR (action = {Action.CLOSE:d} AND rule <> {Rule.BOTH_DELETED:d}) "
        f"OR (action = {Action.LINK:d} AND rule <> {Rule.MATCHED:d}) "
        f"OR (action = {Action.ADOPT:d} AND winner IS NOT NULL AND rule <> {Rule.DECIDED:d}))"
    )
    bench.execute(
        f"UPDATE {plan} SET action = {Action.REVIEW:d}, rule = {Rule.MATCH_ONLY:d}, detail = {literal(UNMATCHED)} "
        f"WHERE NOT excluded AND action IN ({writes})"
    )
