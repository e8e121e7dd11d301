"""Before a record is deleted, the ledger learns all of it, so that an undo brings back the whole record (SPEC §9)."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.configuration import Side
from desktop_sync.core.provider_port import ReadRequest
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.whole_record import RECORD_ID, whole_texts
from desktop_sync.services.session.side_stream import reading
from desktop_sync.services.session.sync_session import SyncSession


def with_whole_records(session: SyncSession, layout: Layout, side: Side, content: pa.Table) -> pa.Table:
    """The batch rows of deletes with `before:<field>` for every field that they lack. Nothing is read where the mapping
    names all fields. A record that is gone meanwhile has none."""
    structure = layout.of(side).structure
    missing = [name for name in structure.field_names if f"before:{name}" not in content.column_names]
    if not missing:
        return content
    ids = content[f"{side.value}_id"]
    fields = tuple(dict.fromkeys((*structure.key, *missing)))
    request = ReadRequest(structure, fields, ids=ids.to_pylist())
    with reading(session.read(layout, side, request)) as stream:
        found = whole_texts(session.bench, structure, stream)
    places = pc.index_in(ids, value_set=found[RECORD_ID].combine_chunks())
    for name in missing:
        values = found[name].combine_chunks() if len(found) else pa.nulls(1, pa.string())
        content = content.append_column(f"before:{name}", values.take(places.combine_chunks()))
    return content
