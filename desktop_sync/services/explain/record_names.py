"""What sync records are called by: their identifying values, as they stand now. For lists of records that no run has
written, so that the ledger holds no value of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pyarrow as pa

from desktop_sync.core.configuration import Side
from desktop_sync.core.sync_record import SyncRecord
from desktop_sync.engine.canonical import plain_text_sql
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.plan_titles import SEPARATOR, naming_fields
from desktop_sync.engine.sides import text_places
from desktop_sync.engine.staging import Staging
from desktop_sync.services.session.side_stream import reading
from desktop_sync.services.session.sync_session import SyncSession, full_request


def names_of(session: SyncSession, records: Sequence[SyncRecord]) -> dict[int, str]:
    """By number, of each field A's value, or B's where A has none. Records that are not there, and those of entities
    that are left out, have no name. Of each side, these records alone are read. Raises errors of endpoints."""
    found: dict[int, str] = {}
    for layout in session.layouts:
        mine = [record for record in records if record.entity == layout.entity.name]
        if mine and naming_fields(layout):
            a = _values(session, layout, Side.A, [record.a_id for record in mine if record.a_id is not None])
            b = _values(session, layout, Side.B, [record.b_id for record in mine if record.b_id is not None])
            found |= {
                record.id: _name(layout, a.get(record.a_id or "", {}), b.get(record.b_id or "", {})) for record in mine
            }
    return {number: name for number, name in found.items() if name}


def _name(layout: Layout, a: Mapping[str, str | None], b: Mapping[str, str | None]) -> str:
    texts = (a.get(mapping.a) or b.get(mapping.b) for mapping in naming_fields(layout))
    return SEPARATOR.join(text for text in texts if text)


def _values(session: SyncSession, layout: Layout, side: Side, ids: list[str]) -> dict[str, dict[str, str | None]]:
    """By record id, the own fields as text, before any step of the user's own."""
    if not ids:
        return {}
    own = layout.of(side)
    with reading(session.read(layout, side, replace(full_request(own), ids=ids))) as stream:
        table = pa.RecordBatchReader.from_stream(stream).read_all()
    staging = Staging(layout, replace(own, steps=()), text_places(table.schema))
    texts = [f"coalesce({plain_text_sql(c.typed, c.kind)}, CAST({c.raw} AS VARCHAR))" for c in own.columns]
    names = [column.name for column in own.columns]
    with session.bench.source(table.rename_columns([column.raw for column in own.columns])) as (source, _):
        rows = session.bench.rows(f"SELECT rid, {', '.join(texts)} FROM ({staging.measure(source, is_matched=False)})")
    return {
        str(row[0]): {name: None if value is None else str(value) for name, value in zip(names, row[1:], strict=True)}
        for row in rows
    }
