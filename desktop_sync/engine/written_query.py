"""What was written, for the user's steps: as JSON lines, and how many records meet a condition."""

from __future__ import annotations

import pyarrow as pa

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action
from desktop_sync.engine.canonical import literal, typed_sql
from desktop_sync.engine.expression import Compiled, compile_condition
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.workbench import Workbench

MASKED = "•••"


def written_lines(bench: Workbench, layout: Layout, action: Action, rows: pa.Table) -> str:
    """One JSON object a line, for each of the batch rows: entity, action, record, a_id, b_id, and by field: `a` and `b`
    with what both sides hold now, `before` with what the written side held. Masked values are not in it."""
    columns = set(rows.column_names)
    target = action.target
    parts = [
        f"'entity': {literal(layout.entity.name)}",
        f"'action': {literal(action.key)}",
        "'record': record_id",
        "'a_id': a_id",
        "'b_id': b_id",
    ]
    for head, side in (("a", Side.A), ("b", Side.B), ("before", target)):
        fields = [] if side is None else _fields(layout, side, head, columns)
        if fields:
            parts.append(f"{literal(head)}: {{{', '.join(fields)}}}")
    with bench.source(rows) as (source, _):
        table = bench.table(f"SELECT CAST(to_json({{{', '.join(parts)}}}) AS VARCHAR) AS line FROM {source}")
    return "".join(f"{line}\n" for line in table["line"].to_pylist())


def _fields(layout: Layout, side: Side, head: str, columns: set[str]) -> list[str]:
    mappings = [mapping for mapping in layout.entity.fields if mapping.field_of(side)]
    masked = {mapping.field_of(side) for mapping in mappings if mapping.masked}
    fields = []
    for name in dict.fromkeys(mapping.field_of(side) for mapping in mappings):
        label = f"{head}:{name}"
        if label in columns:
            value = '"' + label.replace('"', '""') + '"'
            shown = f"CASE WHEN {value} IS NOT NULL THEN {literal(MASKED)} END" if name in masked else value
            fields.append(f"{literal(name)}: {shown}")
    return fields


def written_condition(layout: Layout, side: Side, text: str) -> Compiled:
    """The condition over the mapped fields of a side. Raises ExpressionError."""
    own = layout.of(side)
    mapped = {mapping.field_of(side) for mapping in layout.entity.fields}
    types = {column.name: column.kind.type for column in own.columns if column.name in mapped}
    return compile_condition(text, types, place=own.place, path="step")


def count_written(bench: Workbench, layout: Layout, side: Side, text: str, rows: pa.Table) -> int:
    """How many of the batch rows meet the condition over what `side` held; all of them without a condition."""
    if not text:
        return len(rows)
    compiled = written_condition(layout, side, text)

    def column(name: str) -> str:
        label = f"{side.value}:{name}".replace('"', '""')
        return typed_sql(f'"{label}"', layout.of(side).column(name).kind)

    if any(f"{side.value}:{name}" not in rows.column_names for name in compiled.fields):
        return 0  # a deletion: the side that it came from holds nothing any more
    with bench.source(rows) as (source, _):
        wrapped = f"SELECT {compiled.wrapped_sql(column)} AS w FROM {source}"
        return bench.number(f"SELECT count(*) FROM ({wrapped}) WHERE coalesce({compiled.value_sql('w')}, false)")
