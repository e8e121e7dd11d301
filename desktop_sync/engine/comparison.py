"""Whether two records are the same after the mapping, in normal form, and which is newer."""

from __future__ import annotations

from collections.abc import Mapping

from desktop_sync.core.configuration import ConflictRule, NullPolicy, Side
from desktop_sync.engine.canonical import literal, plain_text_sql
from desktop_sync.engine.field_base import base_table, changed_sql
from desktop_sync.engine.kept_values import kept_values
from desktop_sync.engine.layout import Comparison, Layout
from desktop_sync.engine.normal_sql import normal_sql
from desktop_sync.engine.origin_query import (
    claim_error_sql,
    field_stamp_sql,
    judges_fields,
    one_way_from,
    origin_table,
    prevails_sql,
    record_stamp_sql,
    tie_sql,
)
from desktop_sync.engine.plan_input import PlanInput, pair_table
from desktop_sync.engine.sides import told_us_sql


def compared_sql(given: PlanInput, pairs: str) -> str:
    """For pairs (a_rid, b_rid) with kept columns: whether A mapped to B is B, which is newer, and whether that was a
    tie that the preferred system won.

    With origin stamps also e… for each comparison, by its field mapping: whether the field is equal. Where fields are
    judged one by one also w…: the side whose value is kept ('a' or 'b', null where they are equal), f…: whether both
    sides changed it differently, t…, ta… and tb…: whether that was a tie, and when each side changed it (microseconds),
    asks: a person must decide, and is_merge: both sides keep some.
    """
    layout = given.layout
    joins: list[str] = []
    tests: dict[int, str] = {}
    for comparison in layout.comparisons:
        tests[comparison.index] = _equal_sql(given, comparison, joins)
    sides = {side: kept_values(given.read_of(side)) for side in Side}
    source = (
        f"FROM ({pairs}) p JOIN ({sides[Side.A]}) a ON a.rid = p.a_rid JOIN ({sides[Side.B]}) b ON b.rid = p.b_rid "
        f"{' '.join(joins)}"
    )
    if given.has_origins:
        return _with_origins(given, tests, source)
    equal = " AND ".join(tests.values()) or "true"
    pair = f"SELECT p.a_rid, p.b_rid, {equal} AS equal"
    if layout.a.stamp is None or layout.b.stamp is None:
        return f"{pair}, 0 AS newer, false AS is_tie, false AS is_merge {source}"
    told = [
        f"{told_us_sql(given.read_of(side).staging, _raw_stamp(layout, side), given.clocks)} AS {side.value}_at"
        for side in Side
    ]
    error = " + ".join(
        f"{given.clocks.of(side).error_us} + {claim_error_sql(f'CAST({_raw_stamp(layout, side)} AS VARCHAR)')}"
        for side in Side
    )
    newer = (
        "CASE WHEN abs(a_at - b_at) <= error THEN 0 WHEN a_at > b_at THEN 1 WHEN b_at > a_at THEN 2 ELSE 0 END AS newer"
    )
    return (
        f"SELECT a_rid, b_rid, equal, {newer}, false AS is_tie, false AS is_merge FROM ("
        f"{pair}, {', '.join(told)}, {error} AS error {source})"
    )


def _raw_stamp(layout: Layout, side: Side) -> str:
    stamp = layout.of(side).stamp
    return "" if stamp is None else f"{side.value}.{stamp.raw}"


def fields_sql(given: PlanInput, pairs: str) -> str:
    """For pairs (a_rid, b_rid) with kept columns, field by field: for each comparison, by its field mapping, e…
    (whether it is equal), na… and nb… (both in the form in which they are compared, as text), and for every field
    mapping va… and vb… (what stands there, as text)."""
    layout = given.layout
    joins: list[str] = []
    columns: list[str] = []
    for comparison in layout.comparisons:
        columns.append(f"{_equal_sql(given, comparison, joins)} AS e{comparison.index}")
        sender, other = comparison.sender.value, comparison.sender.other.value
        sent, target = f"{sender}.o{comparison.index}", f"{other}.{comparison.column.typed}"
        mapping = layout.entity.fields[comparison.index]
        sent_text = sent if mapping.lookup else _normal_text(sent, comparison)
        plain = plain_text_sql(target, comparison.column.kind)
        target_text = plain if mapping.lookup else _normal_text(target, comparison)
        columns.append(f"CAST({sent_text} AS VARCHAR) AS n{sender}{comparison.index}")
        columns.append(f"CAST({target_text} AS VARCHAR) AS n{other}{comparison.index}")
    for index, mapping in enumerate(layout.entity.fields):
        for side in Side:
            name = mapping.field_of(side)
            column = layout.of(side).column(name) if name else None
            held = f"{side.value}.{column.typed}" if column is not None else ""
            text = (
                f"coalesce({plain_text_sql(held, column.kind)}, CAST({side.value}.{column.raw} AS VARCHAR))"
                if column is not None
                else "CAST(NULL AS VARCHAR)"
            )
            columns.append(f"{text} AS v{side.value}{index}")
    sides = {side: kept_values(given.read_of(side)) for side in Side}
    return (
        f"SELECT p.a_rid, p.b_rid, {', '.join(columns)} FROM ({pairs}) p JOIN ({sides[Side.A]}) a ON a.rid = p.a_rid "
        f"JOIN ({sides[Side.B]}) b ON b.rid = p.b_rid {' '.join(joins)}"
    )


def _equal_sql(given: PlanInput, comparison: Comparison, joins: list[str]) -> str:
    layout = given.layout
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
        # Values of one type are equal exactly when their canonical texts are, which matter where they are joined for a
        # digest; here they only cost.
        normal = [given.a.staging.normal(value, comparison.kind, comparison.steps) for value in (sent, target)]
        equal = f"{normal[0]} IS NOT DISTINCT FROM {normal[1]}"
    if mapping.null is NullPolicy.LEAVE:
        equal = f"({sent} IS NULL OR {equal})"
    return equal


def _with_origins(given: PlanInput, tests: Mapping[int, str], source: str) -> str:
    layout = given.layout
    stamps = " ".join(
        f"LEFT JOIN {origin_table(layout, side)} o{side.value} ON o{side.value}.rid = p.{side.value}_rid"
        for side in Side
    )
    equals = [f"{test} AS e{index}" for index, test in tests.items()]
    values = [f"{record_stamp_sql(layout, side, f'o{side.value}')} AS s{side.value}" for side in Side]
    is_fieldwise = judges_fields(layout)
    if is_fieldwise:
        stamps += f" LEFT JOIN {base_table(layout)} base ON base.a_rid = p.a_rid AND base.b_rid = p.b_rid"
        values += ["base.decided AS decided", "base.a_rid IS NOT NULL AS is_agreed"]
        values += [f"{changed_sql(layout, side, index)} AS c{side.value}{index}" for index in tests for side in Side]
        values += [
            f"{field_stamp_sql(layout, side, index, f'o{side.value}')} AS {side.value}{index}"
            for index in tests
            for side in Side
        ]
    inner = f"SELECT p.a_rid, p.b_rid, {', '.join([*equals, *values])} {source} {stamps}"
    equal = " AND ".join(f"e{index}" for index in tests) or "true"
    flags = "".join(f", e{index}" for index in tests)
    if not is_fieldwise:
        newer, is_tie = prevails_sql("sa", "sb"), tie_sql("sa", "sb")
        return (
            f"SELECT a_rid, b_rid, {equal} AS equal, {newer} AS newer, {is_tie} AS is_tie, false AS is_merge{flags} "
            f"FROM ({inner})"
        )
    winners = "".join(f", CASE WHEN NOT e{index} THEN {_winner_sql(layout, index)} END AS w{index}" for index in tests)
    # What is kept of each field that both changed differently (`verdicts` of a conflict).
    winners += "".join(
        f", NOT e{index} AND ca{index} AND cb{index} AS f{index}, {tie_sql(f'a{index}', f'b{index}')} AS t{index}"
        f"{''.join(f', nullif({side.value}{index}.at_us, 0) AS t{side.value}{index}' for side in Side)}"
        for index in tests
    )
    asks = " OR ".join(f"(NOT e{index} AND {_asks_sql(layout, index)})" for index in tests) or "false"
    ties = " OR ".join(f"(NOT e{index} AND {tie_sql(f'a{index}', f'b{index}')})" for index in tests) or "false"
    judged = (
        f"SELECT a_rid, b_rid, {equal} AS equal, {ties} AS is_tie, ({asks}) AS asks, sa, sb{flags}{winners} "
        f"FROM ({inner})"
    )
    keeps = {
        side: " OR ".join(
            f"coalesce(w{index} = '{side.value}', false)"
            for index in tests
            if layout.of(side).sending(index) is not None
        )
        or "false"
        for side in Side
    }
    if one_way_from(layout) is not None:
        return f"SELECT *, {prevails_sql('sa', 'sb')} AS newer, false AS is_merge FROM ({judged})"
    a_keeps, b_keeps = f"({keeps[Side.A]})", f"({keeps[Side.B]})"
    return (
        f"SELECT *, CASE WHEN {a_keeps} AND NOT {b_keeps} THEN 1 WHEN {b_keeps} AND NOT {a_keeps} THEN 2 ELSE 0 END "
        f"AS newer, {a_keeps} AND {b_keeps} AND NOT asks AS is_merge FROM ({judged})"
    )


def _winner_sql(layout: Layout, index: int) -> str:
    """The side whose value is kept of a field that differs. By the most recent change: its stamps alone say it, so that
    the order of configurations does not matter. By another rule: a field that one side alone changed is that side's;
    the rule, or what a person decided, is for those that both changed. Where records go one way, a field that the
    sending side did not change stays as it is in the other one."""
    rule = layout.entity.conflict
    primary = literal(layout.entity.primary.value)
    by_stamps = f"CASE {prevails_sql(f'a{index}', f'b{index}')} WHEN 1 THEN 'a' WHEN 2 THEN 'b' ELSE {primary} END"
    if rule is ConflictRule.MOST_RECENT:
        return by_stamps
    both = "decided" if rule is ConflictRule.ASK else f"coalesce(decided, {literal(rule.value)})"
    source = one_way_from(layout)
    if source is not None:
        mine, other = f"c{source.value}{index}", f"c{source.other.value}{index}"
        return (
            f"CASE WHEN NOT is_agreed THEN {by_stamps} WHEN NOT {mine} THEN {literal(source.other.value)} "
            f"WHEN NOT {other} THEN {literal(source.value)} ELSE {both} END"
        )
    return (
        f"CASE WHEN NOT is_agreed THEN {by_stamps} WHEN ca{index} AND NOT cb{index} THEN 'a' "
        f"WHEN cb{index} AND NOT ca{index} THEN 'b' ELSE {both} END"
    )


def _asks_sql(layout: Layout, index: int) -> str:
    """Whether a person must say which value of a field that differs is kept."""
    if layout.entity.conflict is not ConflictRule.ASK:
        return "false"
    if one_way_from(layout) is not None:
        return f"is_agreed AND decided IS NULL AND ca{index} AND cb{index}"
    return f"is_agreed AND decided IS NULL AND ca{index} = cb{index}"


def _normal_text(value: str, comparison: Comparison) -> str:
    """The normal form as people read it."""
    return plain_text_sql(f"({normal_sql(value, comparison.kind, comparison.steps)})", comparison.kind)
