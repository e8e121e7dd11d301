"""Sync records and watermarks."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, bindparam, insert, select

from desktop_sync.core.configuration import Side
from desktop_sync.core.ledger_values import EntityKey, RecordQuery, Watermark
from desktop_sync.core.provider_port import ArrowStream, HighMarks
from desktop_sync.core.status import Status
from desktop_sync.core.sync_record import SyncRecord
from desktop_sync.ledger import record_query, tables
from desktop_sync.ledger.batch_content import A_PREFIX, B_PREFIX, read_stream, unpack, unpack_record_ids
from desktop_sync.ledger.instants import optional_time, optional_us
from desktop_sync.ledger.peer_stream import no_peers, stream_peers
from desktop_sync.ledger.settlement import Settlement, chunks
from desktop_sync.ledger.standing import remove_records, standing
from desktop_sync.ledger.store import Store, entity_id, entity_ids, make_entity_id

_marks = tables.watermark.c
_WATERMARK = select(
    _marks.stamp,
    _marks.complete_count,
    _marks.identity,
    _marks.shape,
    _marks.definition,
    _marks.high_marks,
    _marks.compared_at,
).where(_marks.entity_id == bindparam("watermark_entity"), _marks.side == bindparam("watermark_side"))


class SqlRecordStore(Store):
    """The `RecordStore` of the ledger, without its conflicts."""

    def peers(
        self,
        key: EntityKey,
        *,
        a_ids: Sequence[str] | None = None,
        b_ids: Sequence[str] | None = None,
        statuses: Sequence[Status] | None = None,
    ) -> ArrowStream:
        """Peers as they are at the call, ordered by record_id; a reader that holds a connection until its end."""
        connection = self._database.open_reading()
        try:
            entity = entity_id(connection, key)
        except BaseException:
            self._database.give_back(connection)
            raise
        if entity is None:
            self._database.give_back(connection)
            return no_peers()
        return stream_peers(self._database, connection, entity, a_ids, b_ids, statuses)

    def count_by_status(self, configuration: str, entity: str = "") -> dict[Status, int]:
        """Statuses that occur."""
        with self._database.reading() as connection:
            return record_query.count_by_status(connection, entity_ids(connection, configuration, entity))

    def count_peers(self, key: EntityKey) -> int:
        """Sync records with both ids whose status is not Deleted."""
        with self._database.reading() as connection:
            entity = entity_id(connection, key)
            return 0 if entity is None else record_query.count_peers(connection, entity)

    def reserve_record_ids(self, count: int) -> int:
        """The first of `count` ids that no sync record has or will get."""
        return self._parts.id_block.reserve(count)

    def settle(
        self,
        key: EntityKey,
        run_id: int,
        settlements: ArrowStream,
        *,
        watermarks: tuple[Watermark, Watermark] | None = None,
    ) -> None:
        """The sync records are as given, and the watermarks, in one transaction.

        LedgerError where an id is held by a record that is not among them.
        """
        rows = read_stream(settlements)
        with self._database.writing("settle") as connection:
            entity = make_entity_id(connection, key)
            Settlement(connection, entity, run_id, self._now_us()).carry_out(rows)
            if watermarks is not None:
                _save_watermarks(connection, entity, watermarks)

    def revise(self, key: EntityKey, record_ids: Sequence[int], revise: Callable[[ArrowStream], ArrowStream]) -> None:
        """These sync records are as `revise` says, in one transaction with the look at them."""
        with self._database.writing("revise") as connection:
            entity = entity_id(connection, key)
            if entity is None:
                return
            rows = read_stream(revise(standing(connection, entity, record_ids)))
            if rows.num_rows:
                Settlement(connection, entity, 0, self._now_us()).carry_out(rows)

    def remove(self, key: EntityKey, record_ids: Sequence[int]) -> None:
        """The sync records are gone, with their open conflicts. May be repeated."""
        with self._database.writing("remove") as connection:
            entity = entity_id(connection, key)
            if entity is not None:
                remove_records(connection, entity, record_ids)

    def records(self, query: RecordQuery) -> list[SyncRecord]:
        with self._database.reading() as connection:
            return record_query.records(connection, query)

    def count_records(self, query: RecordQuery) -> int:
        with self._database.reading() as connection:
            return record_query.count_records(connection, query)

    def record(self, record_id: int) -> SyncRecord | None:
        with self._database.reading() as connection:
            return record_query.record(connection, record_id)

    def baseline(self, record_id: int) -> dict[str, str | None]:
        """Values of the last done batch of the record; empty before the first."""
        return self.baselines([record_id]).get(record_id, {})

    def baselines(self, record_ids: Sequence[int]) -> dict[int, dict[str, str | None]]:
        found: dict[int, dict[str, str | None]] = {}
        with self._database.reading() as connection:
            for batch_id, wanted in _baseline_batches(connection, record_ids).items():
                found |= _read_baselines(connection, batch_id, wanted)
        return found

    def watermark(self, key: EntityKey, side: Side) -> Watermark:
        """An empty one before the first."""
        with self._database.reading() as connection:
            named = {"watermark_entity": entity_id(connection, key), "watermark_side": side.value}
            found = connection.execute(_WATERMARK, named).first()
        if found is None:
            return Watermark()
        marks, is_put_back = _high_marks(found[5])
        return Watermark(*found[:5], marks, optional_time(found[6]), is_put_back)

    def save_watermarks(self, key: EntityKey, a: Watermark, b: Watermark) -> None:
        with self._database.writing("save_watermarks") as connection:
            _save_watermarks(connection, make_entity_id(connection, key), (a, b))


_REPLACE_WATERMARK = insert(tables.watermark).prefix_with("OR REPLACE")


def _save_watermarks(connection: Connection, entity: int, marks: tuple[Watermark, Watermark]) -> None:
    for side, mark in zip((Side.A, Side.B), marks, strict=True):
        values = {
            "entity_id": entity,
            "side": side.value,
            "stamp": mark.stamp,
            "complete_count": mark.complete_count,
            "identity": mark.identity,
            "shape": mark.shape,
            "definition": mark.definition,
            "high_marks": _high_marks_text(mark),
            "compared_at": optional_us(mark.compared_at),
        }
        connection.execute(_REPLACE_WATERMARK, values)


def _high_marks_text(mark: Watermark) -> str:
    marks = [mark.high_marks.written_us, mark.high_marks.counter]
    return json.dumps([*marks, True] if mark.is_put_back else marks)


def _high_marks(text: str) -> tuple[HighMarks, bool]:
    """The marks, and whether the structure was put back."""
    written_us, counter, *put_back = json.loads(text) if text else (None, None)
    return HighMarks(written_us, counter), bool(put_back)


def _baseline_batches(connection: Connection, record_ids: Sequence[int]) -> dict[int, list[int]]:
    """The records by the batch that is their baseline."""
    found: dict[int, list[int]] = {}
    for chunk in chunks(list(record_ids)):
        rows = connection.exec_driver_sql(
            "SELECT batch_id, id FROM sync_record WHERE entity_id IN (SELECT id FROM entity)"
            " AND id IN (SELECT value FROM json_each(?)) AND batch_id IS NOT NULL",
            (json.dumps(chunk),),
        )
        for batch_id, record_id in rows:
            found.setdefault(batch_id, []).append(record_id)
    return found


def _read_baselines(
    connection: Connection, batch_id: int, record_ids: Sequence[int]
) -> dict[int, dict[str, str | None]]:
    contents = tables.batch_content.c
    blob = connection.execute(select(contents.rows).where(contents.batch_id == batch_id)).scalar()
    if blob is None:
        return {}
    wanted = pc.is_in(unpack_record_ids(blob), value_set=pa.array(record_ids, pa.int64()))
    rows = unpack(blob).filter(wanted)
    values = rows.select([name for name in rows.column_names if name.startswith((A_PREFIX, B_PREFIX))]).to_pylist()
    return {
        record_id: {name: None if value is None else str(value) for name, value in row.items()}
        for record_id, row in zip(rows["record_id"].to_pylist(), values, strict=True)
    }
