"""References that go round, emptied before their records are deleted: the mirror of create-then-link (SPEC §6).

A system that looks after references refuses to delete a record that another one refers to. Where both are deleted, the
order takes care of that, unless the references go round or stay within one entity. Then a reference that may be empty
is emptied first, and the record that has it stays known as it is then: nobody changed it.

`emptied_<side>_<n>`: rid and, for each place of such a reference, e<place>: whether it is, or is to be, emptied.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import delete, update
from desktop_sync.engine import outcome_query
from desktop_sync.engine.canonical import ValueType, literal, typed_sql
from desktop_sync.engine.kept_values import kept_values
from desktop_sync.engine.layout import Column, Layout
from desktop_sync.engine.plan_input import PlanInput, has_table, plan_table
from desktop_sync.engine.sides import peer_table
from desktop_sync.engine.workbench import Workbench
from desktop_sync.engine.write_columns import WriteQuery
from desktop_sync.engine.write_query import WriteBuilder


def emptied_table(layout: Layout, side: Side) -> str:
    return f"emptied_{side.value}_{layout.number}"


def find_emptied(bench: Workbench, given: PlanInput, side: Side) -> bool:
    """The table has the references of the side that must be emptied so that the plan's deletes can be carried out;
    whether there are any. Costs nothing where no references go round or nothing is deleted."""
    layout, gone = given.layout, delete(side)
    if not outcome_query.counts(bench, layout).get(gone):
        return False
    found = []
    for column, parent in _emptied_columns(given, side):
        if not has_table(bench, plan_table(parent)) or not outcome_query.counts(bench, parent).get(gone):
            continue
        mine, theirs, me = plan_table(layout), plan_table(parent), side.value
        deleted = f"SELECT {me}_id FROM {mine} WHERE action = {gone:d} AND NOT excluded"
        kept = kept_values(given.read_of(side), condition=f"rid IN ({deleted})")
        refers = f"{typed_sql(f'd.{me}_id', column.kind)} = t.{column.typed}"
        found.append(
            f"SELECT t.rid, {column.place} AS place FROM ({kept}) t JOIN {theirs} d ON {refers} "
            f"WHERE d.action = {gone:d} AND NOT d.excluded"
            # A record that refers to itself keeps nothing from being deleted.
            + (f" AND d.{me}_id <> t.rid" if parent.number == layout.number else "")
        )
    if not found:
        return False
    each = ", ".join(f"bool_or(place = {c.place}) AS {_flag(c)}" for c, _ in _emptied_columns(given, side))
    places = " UNION ALL ".join(found)
    table = emptied_table(layout, side)
    bench.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT rid, {each} FROM ({places}) GROUP BY rid")
    return bench.has_rows(emptied_table(layout, side))


def _flag(column: Column) -> str:
    return f"e{column.place}"


def _emptied_columns(given: PlanInput, side: Side) -> list[tuple[Column, Layout]]:
    """References that the order of entities does not take care of and that may be empty, and what they refer to."""
    own, found = given.layout.of(side), []
    for mapping in given.layout.entity.fields:
        field = own.structure.field(mapping.field_of(side)) if mapping.lookup else None
        if field is None or not field.nullable or field.is_computed or not given.comes_later(mapping.lookup):
            continue
        column = own.column(field.name)
        if column not in own.key:
            found.append((column, given.lookups[mapping.lookup]))
    return found


def tell_emptied(bench: Workbench, given: PlanInput, side: Side) -> None:
    """The plan's rows say what is emptied before their records of the side are deleted."""
    if not find_emptied(bench, given, side):
        return
    names = ", ".join(f"CASE WHEN {_flag(c)} THEN {literal(c.name)} END" for c, _ in _emptied_columns(given, side))
    told = (
        f"SELECT rid, 'first the reference in ' || concat_ws(', ', {names}) || ' is emptied, for what it refers to is "
        f"deleted too' AS told FROM {emptied_table(given.layout, side)}"
    )
    plan = plan_table(given.layout)
    bench.execute(
        f"UPDATE {plan} SET detail = e.told FROM ({told}) e WHERE e.rid = {plan}.{side.value}_id "
        f"AND {plan}.action = {delete(side):d} AND NOT {plan}.excluded AND {plan}.detail IS NULL"
    )


def keep_emptied(bench: Workbench, layout: Layout, side: Side, written: Sequence[pa.Table]) -> None:
    """Of the references, those of the records that were `written` (rows of `emptying_query`) are empty, and that is
    what is known of them. The others are not, and their records must not be deleted in this run."""
    emptied, me = emptied_table(layout, side), side.value
    columns = ["x_record_id", f"x_{me}_id", "x_digest"]
    schema = pa.schema([("record_id", pa.int64()), ("rid", pa.string()), ("digest", pa.binary())])
    parts = [rows.select(columns).rename_columns(schema.names).cast(schema) for rows in written]
    with bench.source(pa.concat_tables([schema.empty_table(), *parts])) as (source, _):
        bench.execute(f"CREATE OR REPLACE TABLE emptied_now AS SELECT * FROM {source}")
    left = f"SELECT rid FROM {emptied} WHERE rid NOT IN (SELECT rid FROM emptied_now)"
    bench.execute(
        f"UPDATE {plan_table(layout)} SET excluded = true WHERE action = {delete(side):d} AND {me}_id IN ({left})"
    )
    bench.execute(f"DELETE FROM {emptied} WHERE rid IN ({left})")
    bench.execute(
        f"UPDATE {peer_table(layout)} SET {me}_digest = e.digest FROM emptied_now e "
        f"WHERE e.record_id = {peer_table(layout)}.record_id"
    )


def emptying_query(given: PlanInput, side: Side) -> WriteQuery:
    """The query of the updates that empty the references; needs `find_emptied`. The pair stays as it is, with the
    record without its reference as what is known of it."""
    return _Emptying(given, side).query()


def emptied_delete_query(given: PlanInput, side: Side) -> WriteQuery:
    """The query of the deletes, after `keep_emptied`: the records are expected without these references."""
    return _Deleting(given, side, delete(side)).query()


class _BesideEmptied(WriteBuilder):
    """Queries with the table beside the rows."""

    def _flags(self) -> dict[str, str]:
        """Whether the reference is emptied, as SQL, by the field's name."""
        return {c.name: f"coalesce(x.{_flag(c)}, false)" for c, _ in _emptied_columns(self.given, self.target)}

    def _beside(self) -> list[str]:
        return [f"LEFT JOIN {emptied_table(self.layout, self.target)} x ON x.rid = p.{self.target.value}_id"]


class _Emptying(_BesideEmptied):
    def __init__(self, given: PlanInput, target: Side) -> None:
        super().__init__(given, target, update(target))
        self.sets_fields = True

    def _set(self) -> list[tuple[str, ValueType, str]]:
        columns = {name: self.to.column(name) for name in self._flags()}
        return [
            (name, columns[name].kind, f"CASE WHEN NOT {flag} THEN t.{columns[name].typed} END")
            for name, flag in self._flags().items()
        ]

    def _source_digest(self) -> str:
        return f"q.{self.source.value}_digest"

    def _which(self) -> str:
        return f"p.action = {delete(self.target):d} AND x.rid IS NOT NULL"


class _Deleting(_BesideEmptied):
    def _seen(self, columns: Sequence[Column]) -> list[str]:
        flags = self._flags()
        return [f"CASE WHEN NOT {flags.get(column.name, 'false')} THEN t.{column.raw} END" for column in columns]
