"""Whether two records are the same after the mapping, in normal form, and which is newer."""

from __future__ import annotations

from desktop_sync.core.configuration import NullPolicy, Side
from desktop_sync.engine.canonical import plain_text_sql
from desktop_sync.engine.layout import Comparison
from desktop_sync.engine.normal_sql import comparable_sql
from desktop_sync.engine.plan_input import PlanInput, pair_table, raw_columns
from desktop_sync.engine.sides import side_table, stamp_sql


def compared_sql(given: PlanInput, pairs: str) -> str:
    """For pairs (a_rid, b_rid) with kept columns: whether A mapped to B is B, and which is newer."""
    layout = given.layout
    joins, tests = [], []
    for comparison in layout.comparisons:
        sender, other = ("a", "b") if comparison.sender is Side.A else ("b", "a")
        mapping = layout.entity.fields[comparison.index]
        sent, target = f"{sender}.o{comparison.index}", f"{other}.{comparison.column.typed}"
        if mapping.lookup:
            table = f"l{comparison.index}"
            lookup = pair_table(given.lookups[mapping.lookup])
            joins.append(f"LEFT JOIN {lookup} {table} ON {table}.{sender}_id = {sent}")
            equal = f"{table}.{other}_id IS NOT DISTINCT FROM {plain_text_sql(target, comparison.column.kind)}"
            equal = f"({equal} AND ({sent} IS NULL) = ({target} IS NULL))"
        else:
            equal = f"{_comparable(sent, comparison)} IS NOT DISTINCT FROM {_comparable(target, comparison)}"
        if mapping.null is NullPolicy.LEAVE:
            equal = f"({sent} IS NULL OR {equal})"
        tests.append(equal)
    newer = "0"
    if layout.a.stamp is not None and layout.b.stamp is not None:
        a = stamp_sql(given.a.staging, f"a.{layout.a.stamp.raw}")
        b = stamp_sql(given.b.staging, f"b.{layout.b.stamp.raw}")
        newer = f"CASE WHEN {a} > {b} THEN 1 WHEN {b} > {a} THEN 2 ELSE 0 END"
    sides = {
        side: given.read_of(side).staging.select(
            f"(SELECT {raw_columns(layout, side)} FROM {side_table(layout, side)} WHERE is_kept)"
        )
        for side in Side
    }
    return (
        f"SELECT p.a_rid, p.b_rid, {' AND '.join(tests) or 'true'} AS equal, {newer} AS newer FROM ({pairs}) p "
        f"JOIN ({sides[Side.A]}) a ON a.rid = p.a_rid JOIN ({sides[Side.B]}) b ON b.rid = p.b_rid {' '.join(joins)}"
    )


def _comparable(value: str, comparison: Comparison) -> str:
    return comparable_sql(value, comparison.kind, comparison.steps)
