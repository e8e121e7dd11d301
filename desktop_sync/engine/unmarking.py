"""Marks that are taken back: a record that was marked as deleted, and whose counterpart is back (SPEC §5, §6).

`unmarked_<n>`: record_id, and as text what the field held before it was marked. A field that is mapped needs none of
that: it is written like the others.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import update
from desktop_sync.core.status import Status
from desktop_sync.engine import outcome_query
from desktop_sync.engine.canonical import ValueType, literal, typed_sql
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.plan_input import PlanInput, plan_table
from desktop_sync.engine.returned import GONE_IN
from desktop_sync.engine.workbench import Workbench
from desktop_sync.engine.write_columns import WriteQuery
from desktop_sync.engine.write_query import WriteBuilder


def unmarked_table(layout: Layout) -> str:
    return f"unmarked_{layout.number}"


def own_mark(layout: Layout, target: Side) -> str:
    """The field of the side that is set where the other side's record was deleted; empty where a mapping writes it
    anyway, or there is none."""
    field = layout.entity.mark.of(target.other).field
    is_written = any(sending.target == field for sending in layout.of(target.other).sendings)
    return "" if is_written else field


def returned_sql(target: Side) -> str:
    """Whether a row of the plan writes to a record of the side whose counterpart was deleted and is back."""
    gone = f"deleted_in = {GONE_IN[target.other]:d}"
    return f"action = {update(target):d} AND status = {Status.DELETED:d} AND {gone} AND NOT excluded"


def returned_records(bench: Workbench, layout: Layout, target: Side) -> list[int]:
    """The sync records that may have a mark to be taken back."""
    if not own_mark(layout, target) or not outcome_query.counts(bench, layout).get(update(target)):
        return []
    rows = bench.rows(f"SELECT record_id FROM {plan_table(layout)} WHERE {returned_sql(target)} ORDER BY 1")
    return [int(str(row[0])) for row in rows]


def tell_unmarked(bench: Workbench, layout: Layout) -> None:
    """The plan's rows say that a mark is taken back."""
    for target in Side:
        field = own_mark(layout, target)
        if field and outcome_query.counts(bench, layout).get(update(target)):
            told = literal(f"the mark in {field} is taken back, if it is still there")
            where = f"{returned_sql(target)} AND detail IS NULL"
            bench.execute(f"UPDATE {plan_table(layout)} SET detail = {told} WHERE {where}")


def unmarking_queries(
    bench: Workbench, given: PlanInput, target: Side, earlier: Mapping[int, str | None]
) -> tuple[WriteQuery, WriteQuery]:
    """The two queries of the updates of a side: those that take a mark back, and the others. `earlier`: what the field
    held before it was marked, by sync record."""
    table = pa.table(
        {"record_id": pa.array(earlier, pa.int64()), "earlier": pa.array(list(earlier.values()), pa.string())}
    )
    with bench.source(table) as (source, _):
        bench.execute(f"CREATE OR REPLACE TABLE {unmarked_table(given.layout)} AS SELECT * FROM {source}")
    action = update(target)
    return _Unmarking(given, target, action).query(), _Others(given, target, action).query()


class _Unmarking(WriteBuilder):
    def _written(self) -> list[tuple[str, ValueType, str]]:
        mark = self.layout.entity.mark.of(self.source)
        column = self.to.column(mark.field)
        is_marked = f"t.{column.typed} IS NOT DISTINCT FROM {typed_sql(literal(mark.value), column.kind)}"
        earlier = typed_sql("y.earlier", column.kind)
        value = f"CASE WHEN {is_marked} THEN {earlier} ELSE t.{column.typed} END"
        return [*super()._written(), (mark.field, column.kind, value)]

    def _beside(self) -> list[str]:
        return [f"JOIN {unmarked_table(self.layout)} y ON y.record_id = p.record_id"]


class _Others(WriteBuilder):
    def _which(self) -> str:
        unmarked = f"SELECT record_id FROM {unmarked_table(self.layout)}"
        return f"{super()._which()} AND (p.record_id IS NULL OR p.record_id NOT IN ({unmarked}))"
