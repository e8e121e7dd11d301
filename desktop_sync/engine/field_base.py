"""Field by field, which side changed what: the values that were agreed on last, beside those of now (SPEC §7).

Table `base_<n>` has a row for each pair of an entity that both sides changed (where records go one way: the side that
sends them) and that was agreed on before: a_rid, b_rid, decided (the side that a person chose for the fields that both
changed), has_base, and p<side><place>: the baseline of a column, as text.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Change
from desktop_sync.engine.canonical import parsed_sql, plain_text_sql
from desktop_sync.engine.layout import Column, Layout
from desktop_sync.engine.origin_query import one_way_from, source_columns
from desktop_sync.engine.plan_input import PlanInput, has_table
from desktop_sync.engine.workbench import Workbench

Baselines = Mapping[int, Mapping[str, str | None]]


def base_table(layout: Layout) -> str:
    return f"base_{layout.number}"


def pairs_changed_twice(bench: Workbench, layout: Layout) -> list[tuple[int, str, str]]:
    """(record_id, a_id, b_id) of the pairs that the table is to hold."""
    touched = f"touched_{layout.number}"
    if not has_table(bench, touched):
        return []
    source = one_way_from(layout)
    changed = [source] if source is not None else list(Side)
    conditions = "".join(f"AND change_{side.value} = {Change.CHANGED:d} " for side in changed)
    rows = bench.rows(
        f"SELECT record_id, a_id, b_id FROM {touched} WHERE has_a AND has_b AND record_id IS NOT NULL {conditions}"
        "AND NOT (a_digest IS NULL AND b_digest IS NULL)"
    )
    return [(int(str(row[0])), str(row[1]), str(row[2])) for row in rows]


def load_base(bench: Workbench, given: PlanInput, pairs: list[tuple[int, str, str]], baselines: Baselines) -> None:
    """The table is there."""
    layout = given.layout
    columns: dict[str, pa.Array] = {
        "a_rid": pa.array([a_id for _, a_id, _ in pairs], pa.string()),
        "b_rid": pa.array([b_id for _, _, b_id in pairs], pa.string()),
        "decided": pa.array(
            [one.value if (one := given.decisions.get(number)) is not None else None for number, _, _ in pairs],
            pa.string(),
        ),
        "has_base": pa.array([bool(baselines.get(number)) for number, _, _ in pairs], pa.bool_()),
    }
    for side in Side:
        for column in _known_columns(layout, side):
            label = f"{side.value}:{column.name}"
            texts = [baselines.get(number, {}).get(label) for number, _, _ in pairs]
            columns[f"p{side.value}{column.place}"] = pa.array(texts, pa.string())
    with bench.source(pa.table(columns)) as (source, _):
        bench.execute(f"CREATE OR REPLACE TABLE {base_table(layout)} AS SELECT * FROM {source}")


def changed_sql(layout: Layout, side: Side, index: int) -> str:
    """Whether the side changed what it has for field mapping `index` since both agreed; over the staged records `a` and
    `b` and the table as `base`. Unknown counts as changed. Never null."""
    known = {column.place for column in _known_columns(layout, side)}
    parts = ["NOT coalesce(base.has_base, false)"]
    for column in source_columns(layout, side, index):
        if column.place not in known:
            return "true"
        now, before = f"{side.value}.{column.typed}", f"base.p{side.value}{column.place}"
        text = f"nullif({plain_text_sql(now, column.kind)}, '')"
        is_same = f"{text} IS NOT DISTINCT FROM nullif({before}, '')"
        parts.append(f"NOT ({is_same} OR coalesce({now} = ({parsed_sql(before, column.kind)}), false))")
    return f"({' OR '.join(parts)})"


def _known_columns(layout: Layout, side: Side) -> tuple[Column, ...]:
    """The columns of the side whose values a baseline holds."""
    own = layout.of(side)
    names = dict.fromkeys(m.field_of(side) for m in layout.entity.fields if m.field_of(side))
    return tuple(own.column(name) for name in names)
