"""The records that a verification found different, missing or not comparable, one row each, by field (SPEC §9)."""

from __future__ import annotations

from desktop_sync.core.configuration import Side
from desktop_sync.core.field_flow import creates_in
from desktop_sync.core.status import Status
from desktop_sync.engine.canonical import literal
from desktop_sync.engine.comparison import fields_sql
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.plan_input import PlanInput, problem_text
from desktop_sync.engine.sides import peer_table, side_table

DIFFERENT, MISSING_A, MISSING_B, UNVERIFIED = "different", "missing_a", "missing_b", "unverified"


def differences_sql(given: PlanInput) -> str:
    """verdict, record_id, a_id, b_id, reason, and of what is different the columns of `fields_sql`. After `agreement`,
    whose tables it reads; the counts are the same."""
    layout = given.layout
    pairs = "SELECT a_id AS a_rid, b_id AS b_rid FROM verdicts WHERE NOT equal"
    fields = f"SELECT f.* FROM ({fields_sql(given, pairs)}) f"
    parts = [
        f"SELECT {literal(DIFFERENT)} AS verdict, v.record_id, v.a_id, v.b_id, CAST(NULL AS VARCHAR) AS reason, f.* "
        f"EXCLUDE (a_rid, b_rid) FROM ({fields}) f JOIN verdicts v ON v.a_id = f.a_rid AND v.b_id = f.b_rid"
    ]
    for verdict, condition in (
        (MISSING_A, "NOT has_a AND has_b"),
        (MISSING_B, "has_a AND NOT has_b"),
    ):
        parts.append(
            f"SELECT {literal(verdict)} AS verdict, record_id, a_id, b_id, CAST(NULL AS VARCHAR) AS reason "
            f"FROM verdicts WHERE {condition}"
        )
    for side in Side:
        if creates_in(layout.entity, side.other):
            parts.append(_alone_sql(layout, side))
        parts.append(_unusable_sql(layout, side))
    parts.append(
        f"SELECT {literal(UNVERIFIED)} AS verdict, v.record_id, v.a_id, v.b_id, "
        f"coalesce({problem_text('a.problem')}, {problem_text('b.problem')}) AS reason FROM verdicts v "
        f"LEFT JOIN {side_table(layout, Side.A)} a ON a.rid = v.a_id "
        f"LEFT JOIN {side_table(layout, Side.B)} b ON b.rid = v.b_id WHERE v.is_unusable"
    )
    return " UNION ALL BY NAME ".join(parts)


def _ids(side: Side, value: str) -> str:
    none = "CAST(NULL AS VARCHAR)"
    a, b = (value, none) if side is Side.A else (none, value)
    return f"{a} AS a_id, {b} AS b_id"


def _alone_sql(layout: Layout, side: Side) -> str:
    """Records without a counterpart, which the other side lacks."""
    me, peers = side.value, peer_table(layout)
    verdict = MISSING_B if side is Side.A else MISSING_A
    return (
        f"SELECT {literal(verdict)} AS verdict, s.record_id, {_ids(side, 's.rid')}, CAST(NULL AS VARCHAR) AS reason "
        f"FROM {side_table(layout, side)} s WHERE s.in_filter AND s.problem IS NULL AND s.rid NOT IN "
        f"(SELECT {me}_id FROM {peers} WHERE {me}_id IS NOT NULL AND (status IN ({Status.DELETED:d}, "
        f"{Status.SKIPPED:d}) OR (a_id IS NOT NULL AND b_id IS NOT NULL)))"
    )


def _unusable_sql(layout: Layout, side: Side) -> str:
    """Records of no pair that cannot be read as the mapping wants."""
    me = side.value
    return (
        f"SELECT {literal(UNVERIFIED)} AS verdict, s.record_id, {_ids(side, 's.rid')}, "
        f"{problem_text('s.problem')} AS reason FROM {side_table(layout, side)} s WHERE s.problem IS NOT NULL "
        f"AND s.rid NOT IN (SELECT {me}_id FROM checked)"
    )
