"""Rows of a plan for the screen: filtered, sorted, a page at a time, down to each field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.plan import FieldChange, PlanRow
from desktop_sync.core.status import Status
from desktop_sync.engine.canonical import literal, plain_text_sql
from desktop_sync.engine.comparison import fields_sql
from desktop_sync.engine.kept_values import kept_values
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.origin_query import field_winners, one_way_from
from desktop_sync.engine.plan_input import PlanInput, plan_table
from desktop_sync.engine.plan_titles import SEPARATOR, naming_fields, titled
from desktop_sync.engine.staging import sent_type
from desktop_sync.engine.workbench import Workbench

SORTS = ("number", "action", "rule", "a_id", "b_id", "record_id", "status", "detail", "title")


@dataclass(frozen=True, slots=True)
class PlanFilter:
    actions: tuple[Action, ...] = ()
    text: str = ""
    sort: str = "number"
    descending: bool = False


def count_rows(bench: Workbench, given: PlanInput, wanted: PlanFilter) -> int:
    where, parameters = _where(wanted)
    return bench.number(f"SELECT count(*) FROM {_rows_of(given, wanted)} p WHERE {where}", parameters)


def _rows_of(given: PlanInput, wanted: PlanFilter) -> str:
    """The plan; with titles only where they are asked for, because they are put together from the values."""
    plan = plan_table(given.layout)
    return titled(given, plan) if wanted.text or wanted.sort == "title" else plan


def page(bench: Workbench, given: PlanInput, wanted: PlanFilter, offset: int, limit: int) -> list[PlanRow]:
    """Rows from `offset`, at most `limit`, with the values of both sides and what will be written."""
    layout = given.layout
    where, parameters = _where(wanted)
    sort = wanted.sort if wanted.sort in SORTS else "number"
    way = "DESC" if wanted.descending else "ASC"
    head = bench.rows(
        "SELECT number, action, rule, record_id, a_id, b_id, status, detail, excluded "
        f"FROM {_rows_of(given, wanted)} p WHERE {where} ORDER BY {sort} {way} NULLS LAST, number LIMIT ? OFFSET ?",
        [*parameters, limit, offset],
    )
    if not head:
        return []
    values = {
        side: _values(bench, given, side, [str(row[4 if side is Side.A else 5]) for row in head]) for side in Side
    }
    kept = _kept_fields(bench, given, head)
    different = _different_fields(bench, given, head)
    return [
        _plan_row(layout, row, values, kept.get((row[4], row[5]), frozenset()), different.get((row[4], row[5])))
        for row in head
    ]


def _different_fields(
    bench: Workbench, given: PlanInput, head: Sequence[tuple[object, ...]]
) -> dict[tuple[object, object], frozenset[int]]:
    """Of pairs to which nothing is written, the field mappings that differ in normal form, by the two ids."""
    indexes = [comparison.index for comparison in given.layout.comparisons]
    pairs = [
        (row[4], row[5])
        for row in head
        if Action(int(str(row[1]))).target is None and row[4] is not None and row[5] is not None
    ]
    if not pairs or not indexes:
        return {}
    ids = ", ".join(f"({literal(str(a_id))}, {literal(str(b_id))})" for a_id, b_id in pairs)
    flags = ", ".join(f"e{index}" for index in indexes)
    compared = fields_sql(given, f"SELECT * FROM (VALUES {ids}) v(a_rid, b_rid)")
    return {
        (row[0], row[1]): frozenset(index for index, equal in zip(indexes, row[2:], strict=True) if equal is False)
        for row in bench.rows(f"SELECT a_rid, b_rid, {flags} FROM ({compared})")
    }


def _kept_fields(
    bench: Workbench, given: PlanInput, head: Sequence[tuple[object, ...]]
) -> dict[tuple[object, object], frozenset[int]]:
    """Of records that are merged field by field, the field mappings that leave the value that stands there as it is, by
    the two ids. B is written first, unless records go to A alone."""
    merged = [row for row in head if row[2] == Rule.MERGED]
    if not merged or not given.has_origins:
        return {}
    indexes = [comparison.index for comparison in given.layout.comparisons]
    marks = ", ".join("?" for _ in merged)
    rows = bench.rows(
        f"SELECT a_rid, b_rid, {', '.join(f'w{index}' for index in indexes)} FROM {field_winners(given.layout)} "
        f"WHERE a_rid IN ({marks})",
        [row[4] for row in merged],
    )
    kept = "a" if one_way_from(given.layout) is Side.B else "b"
    return {
        (row[0], row[1]): frozenset(index for index, winner in zip(indexes, row[2:], strict=True) if winner == kept)
        for row in rows
    }


def exclude(bench: Workbench, layout: Layout, numbers: Sequence[int], excluded: bool) -> None:
    """Rows with these numbers do, or do not, take part."""
    marks = ", ".join(str(int(number)) for number in numbers) or "NULL"
    bench.execute(f"UPDATE {plan_table(layout)} SET excluded = {str(excluded).lower()} WHERE number IN ({marks})")


def exclude_actions(bench: Workbench, layout: Layout, actions: tuple[Action, ...], excluded: bool) -> None:
    """All rows with one of the actions, or all where none is named, do, or do not, take part, however many they are."""
    where, parameters = _where(PlanFilter(actions))
    bench.execute(f"UPDATE {plan_table(layout)} AS p SET excluded = {str(excluded).lower()} WHERE {where}", parameters)


def keep_first(bench: Workbench, layout: Layout, count: int) -> int:
    """Of the rows that take part and write to an endpoint, only the first `count` take part any more; how many stayed.
    What needs no write stays: others may refer to what is linked."""
    plan = plan_table(layout)
    writing = f"action IN ({', '.join(str(int(action)) for action in Action if action.target is not None)})"
    first = f"SELECT number FROM {plan} WHERE {writing} AND NOT excluded ORDER BY number LIMIT {int(count)}"
    bench.execute(f"UPDATE {plan} SET excluded = true WHERE {writing} AND number NOT IN ({first})")
    return bench.number(f"SELECT count(*) FROM {plan} WHERE {writing} AND NOT excluded")


def count_excluded(bench: Workbench, layout: Layout) -> int:
    return bench.number(f"SELECT count(*) FROM {plan_table(layout)} WHERE excluded")


def turn_around(bench: Workbench, layout: Layout, numbers: Sequence[int], winner: Side) -> int:
    """Updates and conflicts of records that both sides have go the other way: the winner's record is kept. How many
    did."""
    if not layout.entity.direction.flows_from(winner):
        return 0
    marks = ", ".join(str(int(number)) for number in numbers) or "NULL"
    action = Action.UPDATE_B if winner is Side.A else Action.UPDATE_A
    kinds = f"{Action.UPDATE_A:d}, {Action.UPDATE_B:d}, {Action.CONFLICT:d}"
    where = f"number IN ({marks}) AND action IN ({kinds}) AND change_a <> 2 AND change_b <> 2"
    count = bench.number(f"SELECT count(*) FROM {plan_table(layout)} WHERE {where}")
    bench.execute(
        f"UPDATE {plan_table(layout)} SET action = {action:d}, rule = {Rule.DECIDED:d}, winner = '{winner.value}' "
        f"WHERE {where}"
    )
    return count


def _where(wanted: PlanFilter) -> tuple[str, list[object]]:
    parts, parameters = ["true"], list[object]()
    if wanted.actions:
        parts.append(f"p.action IN ({', '.join(str(int(action)) for action in wanted.actions)})")
    if wanted.text:
        text = "'%' || replace(replace(replace(?, '\\', '\\\\'), '%', '\\%'), '_', '\\_') || '%' ESCAPE '\\'"
        parts.append(f"(p.a_id ILIKE {text} OR p.b_id ILIKE {text} OR p.detail ILIKE {text} OR p.title ILIKE {text})")
        parameters += [wanted.text] * 4
    return " AND ".join(parts), parameters


def _values(bench: Workbench, given: PlanInput, side: Side, ids: Sequence[str]) -> dict[str, dict[str, str | None]]:
    """By record id: own fields `f:<name>` and sent values `s:<mapping index>`, as text."""
    own = given.layout.of(side)
    marks = ", ".join("?" for _ in ids)
    staged = kept_values(given.read_of(side), condition=f"rid IN ({marks})")
    labels = [f"f:{column.name}" for column in own.columns] + [f"s:{s.index}" for s in own.sendings]
    columns = [
        f"coalesce({plain_text_sql(column.typed, column.kind)}, CAST({column.raw} AS VARCHAR))"
        for column in own.columns
    ]
    columns += [plain_text_sql(s.name, sent_type(s)) for s in own.sendings]
    rows = bench.rows(f"SELECT rid, {', '.join(columns)} FROM ({staged})", list(ids))
    return {
        str(row[0]): {
            label: None if value is None else str(value) for label, value in zip(labels, row[1:], strict=True)
        }
        for row in rows
    }


def _plan_row(
    layout: Layout,
    row: tuple[object, ...],
    values: dict[Side, dict[str, dict[str, str | None]]],
    kept: frozenset[int] = frozenset(),
    different: frozenset[int] | None = None,
) -> PlanRow:
    number, action, rule, record_id, a_id, b_id, status, detail, excluded = row
    act = Action(int(str(action)))
    a = values[Side.A].get(str(a_id), {})
    b = values[Side.B].get(str(b_id), {})
    fields = []
    for index, mapping in enumerate(layout.entity.fields):
        before = after = None
        now_a, now_b = a.get(f"f:{mapping.a}"), b.get(f"f:{mapping.b}")
        if act.target is Side.B and mapping.b:
            before = now_b
            after = a.get(f"s:{index}", now_b) if act is not Action.DELETE_B else None
            after = now_b if index in kept else after
        elif act.target is Side.A and mapping.a:
            before = now_a
            after = b.get(f"s:{index}", now_a) if act is not Action.DELETE_A else None
        if act.target is not None:
            differs = before != after
        else:
            differs = now_a != now_b if different is None else index in different
        if mapping.masked:
            now_a, now_b, before, after = (None if v is None else "•••" for v in (now_a, now_b, before, after))
        label = mapping.a or mapping.b
        fields.append(FieldChange(label, now_a, now_b, None, before, after, differs))
    title = SEPARATOR.join(
        text for m in naming_fields(layout) if (text := a.get(f"f:{m.a}") or b.get(f"f:{m.b}") or "")
    )
    return PlanRow(
        int(str(number)),
        layout.entity.name,
        act,
        Rule(int(str(rule))),
        None if record_id is None else int(str(record_id)),
        None if a_id is None else str(a_id),
        None if b_id is None else str(b_id),
        title,
        str(detail or ""),
        bool(excluded),
        Status(int(str(status))) if status else None,
        tuple(fields),
    )
