"""Rows of a plan for the screen: filtered, sorted, a page at a time, down to each field."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from desktop_sync.core.configuration import NullPolicy, Side
from desktop_sync.core.decision import Action, Rule, create, delete
from desktop_sync.core.plan import FieldChange, PlanRow
from desktop_sync.core.status import Status
from desktop_sync.engine.canonical import literal, plain_text_sql
from desktop_sync.engine.comparison import fields_sql
from desktop_sync.engine.kept_values import kept_values
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.origin_query import field_winners
from desktop_sync.engine.plan_input import PlanInput, pair_table, plan_table
from desktop_sync.engine.plan_titles import SEPARATOR, naming_fields, titled
from desktop_sync.engine.staging import sent_type
from desktop_sync.engine.workbench import Workbench

_TEXT_SORTS = ("a_id", "b_id", "detail", "title")
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
    # As people look for texts: without regard to case, letters with accents beside those without.
    order = f"{sort} {way} NULLS LAST, number"
    order = f"icu_sort_key({sort}, 'und') {way} NULLS LAST, {order}" if sort in _TEXT_SORTS else order
    head = bench.rows(
        "SELECT number, action, rule, record_id, a_id, b_id, status, detail, excluded, writes_both, is_fill "
        f"FROM {_rows_of(given, wanted)} p WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?",
        [*parameters, limit, offset],
    )
    if not head:
        return []
    values = {
        side: _values(bench, given, side, [str(row[4 if side is Side.A else 5]) for row in head]) for side in Side
    }
    keepers = _keepers(bench, given, head)
    different = _different_fields(bench, given, head)
    return [
        _plan_row(layout, row, values, keepers.get((row[4], row[5]), {}), different.get((row[4], row[5])))
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


def _keepers(
    bench: Workbench, given: PlanInput, head: Sequence[tuple[object, ...]]
) -> dict[tuple[object, object], dict[int, Side]]:
    """Of records that are merged field by field, the side whose value is kept by field mapping, by the two ids."""
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
    return {
        (row[0], row[1]): {index: Side(str(winner)) for index, winner in zip(indexes, row[2:], strict=True) if winner}
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
        f"UPDATE {plan_table(layout)} SET action = {action:d}, rule = {Rule.DECIDED:d}, winner = '{winner.value}', "
        f"is_fill = false, writes_both = false WHERE {where}"
    )
    return count


def does_sql(actions: Collection[Action]) -> str:
    """Whether a row of a plan does one of the actions, at first or on the side that follows."""
    done = f"action IN ({', '.join(f'{action:d}' for action in actions) or 'NULL'})"
    follows = {Action.UPDATE_A: Action.UPDATE_B, Action.UPDATE_B: Action.UPDATE_A}
    first = ", ".join(f"{follows[action]:d}" for action in actions if action in follows)
    return f"({done} OR (writes_both AND action IN ({first})))" if first else done


def _where(wanted: PlanFilter) -> tuple[str, list[object]]:
    parts, parameters = ["true"], list[object]()
    if wanted.actions:
        parts.append(does_sql(wanted.actions))
    if wanted.text:
        text = "'%' || replace(replace(replace(?, '\\', '\\\\'), '%', '\\%'), '_', '\\_') || '%' ESCAPE '\\'"
        parts.append(f"(p.a_id ILIKE {text} OR p.b_id ILIKE {text} OR p.detail ILIKE {text} OR p.title ILIKE {text})")
        parameters += [wanted.text] * 4
    return " AND ".join(parts), parameters


def _values(bench: Workbench, given: PlanInput, side: Side, ids: Sequence[str]) -> dict[str, dict[str, str | None]]:
    """By record id: own fields `f:<name>` and sent values `s:<mapping index>`, as text. A reference is that of the
    other side, or says whose counterpart it will be."""
    own = given.layout.of(side)
    marks = ", ".join("?" for _ in ids)
    staged = kept_values(given.read_of(side), condition=f"rid IN ({marks})")
    labels = [f"f:{column.name}" for column in own.columns] + [f"s:{s.index}" for s in own.sendings]
    columns = [
        f"coalesce({plain_text_sql(column.typed, column.kind)}, CAST({column.raw} AS VARCHAR))"
        for column in own.columns
    ]
    joins = []
    for sending in own.sendings:
        text, lookup = plain_text_sql(sending.name, sent_type(sending)), given.lookups.get(sending.mapping.lookup)
        if lookup is not None:
            pair = f"l{sending.index}"
            joins.append(f"LEFT JOIN {pair_table(lookup)} {pair} ON {pair}.{side.value}_id = {sending.name}")
            whose = literal(f"counterpart of {own.endpoint} ")
            text = f"coalesce({pair}.{side.other.value}_id, {whose} || nullif({text}, ''))"
        columns.append(text)
    rows = bench.rows(f"SELECT rid, {', '.join(columns)} FROM ({staged}) {' '.join(joins)}", list(ids))
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
    keepers: Mapping[int, Side],
    different: frozenset[int] | None = None,
) -> PlanRow:
    number, action, rule, record_id, a_id, b_id, status, detail, excluded, writes_both, is_fill = row
    act = Action(int(str(action)))
    a = values[Side.A].get(str(a_id), {})
    b = values[Side.B].get(str(b_id), {})
    both, stands = bool(writes_both), _Standing(layout, {Side.A: a, Side.B: b}, act, bool(is_fill), keepers)
    fields = []
    for index, mapping in enumerate(layout.entity.fields):
        before = after = then = None
        now_a, now_b = a.get(f"f:{mapping.a}"), b.get(f"f:{mapping.b}")
        if act.target is not None:
            before, after = stands.now(act.target, index), stands.afterwards(act.target, index)
            other = act.target.other
            then = stands.afterwards(other, index) if both else None
            differs = before != after or (both and then != stands.now(other, index))
        else:
            differs = now_a != now_b if different is None else index in different
        if mapping.masked:
            shown = (now_a, now_b, before, after, then)
            now_a, now_b, before, after, then = (None if v is None else "•••" for v in shown)
        label = mapping.a or mapping.b
        fields.append(FieldChange(label, now_a, now_b, None, before, after, differs, then))
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
        both,
    )


@dataclass(frozen=True, slots=True)
class _Standing:
    """What a record of each side holds, as text, and will hold once an action was done. `keepers`: of a merged record,
    whose value of a field is kept."""

    layout: Layout
    values: Mapping[Side, Mapping[str, str | None]]
    action: Action
    is_fill: bool
    keepers: Mapping[int, Side]

    def now(self, side: Side, index: int) -> str | None:
        return self.values[side].get(f"f:{self.layout.entity.fields[index].field_of(side)}")

    def afterwards(self, target: Side, index: int) -> str | None:
        """None where the record is gone then."""
        if self.action is delete(target):
            return None
        now, mapping = self.now(target, index), self.layout.entity.fields[index]
        is_new = self.action is create(target)
        is_left = mapping.only_new and not is_new
        if self.is_fill:
            is_left |= now not in (None, "")
        elif self.keepers.get(index) is target:
            # The side that follows gets all that the other one sends: its own value, where that one had got it.
            is_left |= target is self.action.target or self.layout.of(target).sending(index) is not None
        sent = now if is_left else self.values[target.other].get(f"s:{index}", now)
        return now if sent is None and mapping.null is NullPolicy.LEAVE and not is_new else sent
