"""Whole records as text, also the fields that no mapping names: what an undo needs to bring a record back (SPEC §9)."""

from __future__ import annotations

import pyarrow as pa

from desktop_sync.core.provider_port import ArrowStream
from desktop_sync.core.structure import Structure
from desktop_sync.engine.canonical import plain_text_sql, quote, record_id_sql, value_type
from desktop_sync.engine.sides import text_places
from desktop_sync.engine.workbench import Workbench


def field_texts(structure: Structure, schema: pa.Schema) -> dict[str, str]:
    """For each field that was read, the SQL of its value as text; a text stays as it is."""
    texts = text_places(schema)
    found = {}
    for place, name in enumerate(schema.names):
        column, declared = quote(name), structure.field(name)
        if place in texts or declared is None:
            found[name] = column
            continue
        kind = value_type(declared.type, declared.scale)
        typed = plain_text_sql(f"TRY_CAST({column} AS {kind.sql})", kind)
        found[name] = f"coalesce({typed}, CAST({column} AS VARCHAR))"
    return found


def whole_texts(bench: Workbench, structure: Structure, stream: ArrowStream) -> pa.Table:
    """rid, and each field that the stream gives as text, under its name. The key's fields are among them."""
    with bench.source(stream) as (source, schema):
        columns = [f"{sql} AS {quote(name)}" for name, sql in field_texts(structure, schema).items()]
        key = record_id_sql([quote(name) for name in structure.key])
        return bench.table(f"SELECT {key} AS {quote(RECORD_ID)}, {', '.join(columns)} FROM {source}")


RECORD_ID = "\x1frid"
"""The column of record ids; no field has that name."""
