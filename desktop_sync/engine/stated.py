"""What a batch says that the written side holds: measured as if it had been read, or as it was sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from desktop_sync.core.configuration import Side
from desktop_sync.core.provider_port import ArrowStream
from desktop_sync.core.structure import FieldType
from desktop_sync.engine.canonical import TEXT, parsed_sql, plain_text_sql, typed_sql, value_type
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.sides import text_places
from desktop_sync.engine.staging import Staging
from desktop_sync.engine.workbench import Workbench

_SENT_TYPED = (FieldType.INTEGER, FieldType.FLOAT, FieldType.BINARY)


def measured_records(bench: Workbench, layout: Layout, side: Side, stream: ArrowStream) -> pa.Table:
    """rid, digest and match_key (null where an identifying value is empty) of records, in their order. References are
    compared as they stand there: no peers are needed."""
    layout = replace(layout, parents={})
    own = layout.of(side)
    with bench.source(stream) as (source, schema):
        staging = Staging(layout, own, text_places(schema))
        renamed = ", ".join('"' + name.replace('"', '""') + f'" AS r{place}' for place, name in enumerate(schema.names))
        measured = staging.measure(f"(SELECT {renamed} FROM {source})")
        return bench.table(f"SELECT rid, digest, match_key FROM ({measured})")


def as_if_read(layout: Layout, side: Side, rows: pa.Table) -> pa.Table:
    """The written side's records of batch rows, as a read of that side would give them: all columns as text, null where
    the batch does not know."""
    names = layout.of(side).fields
    columns = []
    for name in names:
        label = f"{side.value}:{name}"
        known = label in rows.column_names
        columns.append(rows[label].cast(pa.string()) if known else pa.nulls(rows.num_rows, pa.string()))
    return pa.table(columns, names=[f"c{place}" for place in range(len(names))])


def values_again(bench: Workbench, layout: Layout, side: Side, fields: Sequence[str], rows: pa.Table) -> pa.Table:
    """The values of these fields as they were sent when the batch rows were written the first time."""
    if not fields:
        return rows.select([])
    own = layout.of(side)
    selects, texts = [], {}
    for place, name in enumerate(fields):
        texts[f"c{place}"] = rows[f"{side.value}:{name}"].cast(pa.string())
        column = next((column for column in own.columns if column.name == name), None)
        kind = TEXT if column is None else column.kind
        value = typed_sql(f"c{place}", kind)
        declared = own.structure.field(name)
        if declared is not None and not declared.is_typed and kind.type is not FieldType.TEXT:
            value = plain_text_sql(f"({value})", kind)
        selects.append(f"{value} AS v{place}")
    with bench.source(pa.table(texts)) as (source, _):
        return bench.table(f"SELECT {', '.join(selects)} FROM {source}").rename_columns(list(fields))


def values_as_kept(bench: Workbench, layout: Layout, side: Side, fields: Sequence[str], rows: pa.Table) -> pa.Table:
    """The values of these fields for a record that is brought back, from the texts that batch rows keep of it: the same
    whenever they are made from the same rows.

    Numbers and bytes go to an endpoint as such, unless one of the rows holds what is none; all else goes as the text
    that was kept, so that nothing is lost."""
    if not fields:
        return rows.select([])
    own = layout.of(side)
    selects, texts = [], {}
    for place, name in enumerate(fields):
        texts[f"c{place}"] = rows[f"{side.value}:{name}"].cast(pa.string())
        declared = own.structure.field(name)
        if declared is None or not declared.is_typed or declared.type not in _SENT_TYPED:
            selects.append(f"c{place}")
            continue
        selects.append(parsed_sql(f"c{place}", value_type(declared.type, declared.scale)))
    with bench.source(pa.table(texts)) as (source, _):
        named = ", ".join(f"{sql} AS v{place}" for place, sql in enumerate(selects))
        made = bench.table(f"SELECT {named} FROM {source}")
    for place, text in enumerate(texts.values()):
        if made.column(place).null_count > text.null_count:
            made = made.set_column(place, f"v{place}", text)
    return made.rename_columns(list(fields))
