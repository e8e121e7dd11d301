"""The journal: write batches as intents before any external write, as history and baselines afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, bindparam, insert, select, update

from desktop_sync.core.configuration import Side
from desktop_sync.core.errors import BugError, LeaseLostError
from desktop_sync.core.ledger_values import BatchState, EntityKey, Hold, OpenBatch, Request
from desktop_sync.core.provider_port import ArrowStream
from desktop_sync.ledger import tables
from desktop_sync.ledger.batch_content import pack, pack_rows_done, read_rows, read_stream, unpack, unpack_record_ids
from desktop_sync.ledger.held_store import OF_RUN, REQUEST, SYSTEM, hold, request_of, request_values
from desktop_sync.ledger.instants import from_us
from desktop_sync.ledger.settlement import Settlement, mark_again, marked_since
from desktop_sync.ledger.standing import take_place
from desktop_sync.ledger.store import OF_CONFIGURATION, Store, made_id, make_entity_id

NO_OPERATION = -1
"""The operation of a batch that writes to no endpoint."""

_heads = tables.batch.c
_OPEN_BATCHES = (
    select(
        _heads.id,
        _heads.run_id,
        tables.entity.c.name,
        _heads.structure,
        _heads.side,
        _heads.operation,
        _heads.opened_at,
        tables.batch_content.c.rows,
        *REQUEST,
        SYSTEM,
    )
    .join(tables.entity, tables.entity.c.id == _heads.entity_id)
    .join(tables.batch_content, tables.batch_content.c.batch_id == _heads.id)
    .outerjoin(tables.request, tables.request.c.batch_id == _heads.id)
    .outerjoin(tables.run_system, OF_RUN)
    .where(_heads.entity_id.in_(OF_CONFIGURATION))
    .where(_heads.state == int(BatchState.OPEN))
    .order_by(_heads.id)
)
_OPEN_HEAD = select(_heads.entity_id, _heads.run_id, _heads.row_count).where(
    _heads.id == bindparam("batch"), _heads.state == int(BatchState.OPEN)
)
_INSERT_HEAD, _INSERT_CONTENT = insert(tables.batch), insert(tables.batch_content)
_FENCE = (
    "SELECT fence, (SELECT max(n.id) FROM run n WHERE n.configuration_id = r.configuration_id) FROM run r WHERE id = ?"
)

_SYSTEM = "INSERT OR IGNORE INTO run_system (run_id, side, identity) VALUES (?, ?, ?)"


class SqlJournal(Store):
    """The `Journal` of the ledger."""

    @cached_property
    def _open_ids(self) -> dict[int, pa.ChunkedArray]:
        """Record ids of the batches that this program opened and has not closed yet."""
        return {}

    def open_batch(
        self,
        key: EntityKey,
        run_id: int,
        side: Side,
        structure: str,
        operation: int,
        rows: ArrowStream,
        request: Request | None = None,
        identity: str = "",
    ) -> int:
        """The intent is durable; the id of the batch. Raises LeaseLostError when a later run of the configuration
        has begun: the lock of the operating system did not keep two runs apart."""
        content = read_rows(rows)
        blob = pack(content)
        with self._database.writing("open_batch") as connection:
            head = {"run_id": run_id, "entity_id": make_entity_id(connection, key), "side": side.value}
            head |= {"structure": structure, "operation": operation, "state": int(BatchState.OPEN)}
            head |= {"fence": _fence(connection, run_id, key.configuration)}
            batch_id = _insert(connection, head | {"opened_at": self._now_us()}, content, blob)
            if identity:
                connection.exec_driver_sql(_SYSTEM, (run_id, side.value, identity))
            if request is not None:
                connection.execute(insert(tables.request).values(batch_id=batch_id, **request_values(request)))
        self._open_ids[batch_id] = content.column("record_id")
        return batch_id

    def close_batch(
        self,
        batch_id: int,
        settlements: ArrowStream,
        *,
        done_rows: Sequence[int],
        stored: ArrowStream | None = None,
        held: Mapping[int, Hold] | None = None,
    ) -> None:
        """The settlements hold and the batch is done, or aborted with no row done. `stored` has a row for each row of
        the intent, in its order. Raises BugError when the batch is not open: closing is not repeated."""
        settled = read_stream(settlements)
        content = None if stored is None else read_rows(stored)
        blob = None if content is None else pack(content)
        done = sorted(set(done_rows))
        with self._database.writing("close_batch") as connection:
            entity, run_id, row_count = _open_head(connection, batch_id)
            if content is not None and content.num_rows != row_count:
                raise BugError(f"batch {batch_id} has {row_count} rows, but {content.num_rows} were stored")
            if done and not 0 <= done[0] <= done[-1] < row_count:
                raise BugError(f"batch {batch_id} has no row {done[-1]}")
            known = self._open_ids.pop(batch_id, None)
            if content is not None:
                records = content.column("record_id")
            else:
                records = known if known is not None else _record_ids(connection, batch_id)
            if len(done) < row_count:
                taken = set(records.take(pa.array(done, pa.int64())).to_pylist())
            else:
                taken = set(records.to_pylist())
            wanted_again = marked_since(connection, entity, batch_id, taken)
            Settlement(connection, entity, run_id, self._now_us()).carry_out(settled, batch_id, taken)
            mark_again(connection, entity, wanted_again)
            head = _span(records) | {"done_rows": pack_rows_done(done, row_count), "closed_at": self._now_us()}
            state = BatchState.DONE if done else BatchState.ABORTED
            closed = update(tables.batch).where(_heads.id == batch_id)
            connection.execute(closed.values(state=int(state), **head))
            if held:
                hold(connection, entity, batch_id, records, held, self._now_us())
            if blob is not None:
                contents = tables.batch_content
                connection.execute(update(contents).where(contents.c.batch_id == batch_id).values(rows=blob))

    def keep_batch(
        self,
        key: EntityKey,
        run_id: int,
        rows: ArrowStream,
        settlements: ArrowStream,
        *,
        instead_of: ArrowStream | None = None,
    ) -> None:
        """A batch of actions that write to no endpoint is done, with its settlements, and is their baseline."""
        content, settled = read_rows(rows), read_stream(settlements)
        replaced = None if instead_of is None else read_stream(instead_of)
        blob = pack(content)
        with self._database.writing("keep_batch") as connection:
            entity, now = make_entity_id(connection, key), self._now_us()
            head = {"run_id": run_id, "entity_id": entity, "side": None, "structure": "", "operation": NO_OPERATION}
            head |= {"state": int(BatchState.DONE), "opened_at": now, "closed_at": now}
            batch_id = _insert(connection, head, content, blob)
            taken = set(content.column("record_id").to_pylist())
            if replaced is not None:
                take_place(connection, entity, replaced, settled.column("record_id").to_pylist())
            Settlement(connection, entity, run_id, now).carry_out(settled, batch_id, taken)

    def last_written(self) -> datetime | None:
        """None before the first write."""
        with self._database.reading() as connection:
            newest = select(_heads.closed_at).where(_heads.operation != NO_OPERATION, _heads.closed_at.is_not(None))
            found = connection.execute(newest.order_by(_heads.id.desc()).limit(1)).scalar()
        return None if found is None else from_us(found)

    def open_batches(self, configuration: str) -> list[OpenBatch]:
        """Intents that were not settled, oldest first."""
        with self._database.reading() as connection:
            found = connection.execute(_OPEN_BATCHES, {"configuration": configuration}).all()
        return [
            OpenBatch(
                id=row[0],
                run_id=row[1],
                key=EntityKey(configuration, row[2]),
                structure=row[3],
                side=Side(row[4]),
                operation=row[5],
                opened_at=from_us(row[6]),
                rows=unpack(row[7]),
                request=request_of(*row[8:13]),
                identity=row[13] or "",
            )
            for row in found
        ]


def _refuse_overtaken(connection: Connection, batch_id: int) -> None:
    """Where a later run settled the intent of a run that stood still, that run has lost its place."""
    owner = select(_heads.run_id, tables.configuration.c.name).where(_heads.id == batch_id)
    owner = owner.join(tables.entity, tables.entity.c.id == _heads.entity_id)
    owner = owner.join(tables.configuration, tables.configuration.c.id == tables.entity.c.configuration_id)
    if (row := connection.execute(owner).first()) is not None:
        _fence(connection, row[0], row[1])


def _fence(connection: Connection, run_id: int, configuration: str) -> int:
    """The fence number of the run; 0 for one that the ledger does not know. Raises LeaseLostError where another run of
    its configuration began since."""
    row = connection.exec_driver_sql(_FENCE, (run_id,)).first()
    if row is None:
        return 0
    fence, newest = int(row[0]), int(row[1])
    if newest > run_id:
        raise LeaseLostError(configuration, f"run {newest} of this ledger")
    return fence


def _insert(connection: Connection, head: Mapping[str, object], content: pa.Table, blob: bytes) -> int:
    span = _span(content.column("record_id")) | {"row_count": content.num_rows}
    batch_id = made_id(connection.execute(_INSERT_HEAD, {**head, **span}))
    connection.execute(_INSERT_CONTENT, {"batch_id": batch_id, "rows": blob})
    return batch_id


def _span(record_ids: pa.ChunkedArray) -> dict[str, object]:
    """The smallest and the largest record id, by which the batches of a record are found."""
    ends = pc.min_max(record_ids).as_py()
    return {"min_record_id": ends["min"], "max_record_id": ends["max"]}


def _open_head(connection: Connection, batch_id: int) -> tuple[int, int, int]:
    head = connection.execute(_OPEN_HEAD, {"batch": batch_id}).first()
    if head is None:
        _refuse_overtaken(connection, batch_id)
        raise BugError(f"batch {batch_id} is not open")
    return head[0], head[1], head[2]


def _record_ids(connection: Connection, batch_id: int) -> pa.ChunkedArray:
    contents = tables.batch_content.c
    blob = connection.execute(select(contents.rows).where(contents.batch_id == batch_id)).scalar_one()
    return unpack_record_ids(blob)
