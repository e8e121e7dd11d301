"""A side that can be written and not read (class W of RELIABILITY 4.2): what was written there last is what is there.

So a plan finds nothing changed and nothing gone on that side, matches nothing with it by looking, and compares a change
of the other side with what it knows. What others do there is not seen.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from desktop_sync.core.configuration import Side
from desktop_sync.core.ledger_records import RecordStore
from desktop_sync.core.ledger_values import EntityKey
from desktop_sync.core.provider_port import ReadRequest
from desktop_sync.core.status import DeletedIn, Status
from desktop_sync.core.structure import decode_record_id


def remembered(records: RecordStore, key: EntityKey, side: Side, request: ReadRequest) -> pa.Table:
    """What a read of the side would give if nobody but this program had ever written there: the requested fields, all
    as text; fields that were never written are null."""
    mine = f"{side.value}_id"
    rows = pa.RecordBatchReader.from_stream(_peers(records, key, side, request.ids)).read_all().to_pylist()
    gone = (int(DeletedIn.BOTH), int(DeletedIn.A if side is Side.A else DeletedIn.B))
    there = [
        row
        for row in rows
        if row[mine] is not None and not (row["status"] == Status.DELETED and row["deleted_in"] in gone)
    ]
    known = records.baselines([row["record_id"] for row in there])
    names = request.structure.key
    found = []
    for row in there:
        ids = dict(zip(names, decode_record_id(row[mine], len(names)), strict=True))
        values = known.get(row["record_id"], {})
        found.append([ids.get(name, values.get(f"{side.value}:{name}")) for name in request.fields])
    columns = list(zip(*found, strict=True)) if found else [()] * len(request.fields)
    return pa.table([pa.array(column, pa.string()) for column in columns], names=list(request.fields))


def _peers(records: RecordStore, key: EntityKey, side: Side, ids: Sequence[str] | None) -> pa.Table:
    if ids is None:
        return pa.RecordBatchReader.from_stream(records.peers(key)).read_all()
    a_ids, b_ids = (ids, []) if side is Side.A else ([], ids)
    return pa.RecordBatchReader.from_stream(records.peers(key, a_ids=a_ids, b_ids=b_ids)).read_all()
