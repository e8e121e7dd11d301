"""Records that may or may not have been written, how their batches were sent, and which ids were known before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby

import pyarrow as pa
from sqlalchemy import Connection, Row, and_, delete, insert, select, update

from desktop_sync.core.configuration import Side
from desktop_sync.core.errors import BugError
from desktop_sync.core.ledger_values import BatchState, EntityKey, HeldRecord, Hold, HoldReason, OpenBatch, Request
from desktop_sync.core.provider_port import ArrowStream, CreateClass
from desktop_sync.ledger import tables
from desktop_sync.ledger.batch_content import (
    is_row_done,
    pack,
    pack_rows_done,
    read_rows,
    read_stream,
    unpack,
    unpack_record_ids,
)
from desktop_sync.ledger.instants import from_us, to_us
from desktop_sync.ledger.settlement import Settlement
from desktop_sync.ledger.store import OF_CONFIGURATION, Store, entity_id, make_entity_id

_heads, _held, _known, _contents = tables.batch.c, tables.held.c, tables.known_ids.c, tables.batch_content.c
_request = tables.request.c
REQUEST = (_request.key, _request.creates, _request.fields, _request.deadline, _request.deadline_boottime)
"""The columns that `request_of` takes, from an outer join."""
SYSTEM = tables.run_system.c.identity
OF_RUN = and_(tables.run_system.c.run_id == _heads.run_id, tables.run_system.c.side == _heads.side)
"""What system a batch is for, from an outer join on that."""

_HELD_ROWS = (
    select(_held.batch_id, _held.row, _held.reason, _held.candidates)
    .where(_held.entity_id.in_(OF_CONFIGURATION))
    .order_by(_held.batch_id, _held.row)
)
_HELD_RECORDS = (
    select(
        tables.entity.c.name,
        _held.record_id,
        _heads.side,
        _heads.operation,
        _heads.run_id,
        _held.reason,
        _held.held_at,
        _held.candidates,
    )
    .join(tables.entity, tables.entity.c.id == _held.entity_id)
    .join(tables.batch, _heads.id == _held.batch_id)
    .where(_held.entity_id.in_(OF_CONFIGURATION))
    .order_by(_held.batch_id, _held.row)
)


class SqlHeldStore(Store):
    """The `HeldStore` of the ledger."""

    def held_batches(self, configuration: str) -> list[OpenBatch]:
        """The held rows, by intent, oldest first."""
        with self._database.reading() as connection:
            found = connection.execute(_HELD_ROWS, {"configuration": configuration}).all()
            return [
                _held_batch(connection, configuration, batch_id, [(row[1], _hold(row[2], row[3])) for row in rows])
                for batch_id, rows in groupby(found, key=_first)
            ]

    def held_records(self, configuration: str) -> list[HeldRecord]:
        """The same as records, oldest first."""
        with self._database.reading() as connection:
            found = connection.execute(_HELD_RECORDS, {"configuration": configuration}).all()
        return [
            HeldRecord(
                EntityKey(configuration, row[0]),
                row[1],
                Side(row[2]),
                row[3],
                row[4],
                _hold(row[5], row[7]),
                from_us(row[6]),
            )
            for row in found
        ]

    def resolve_held(
        self,
        batch_id: int,
        settlements: ArrowStream,
        *,
        done_rows: Sequence[int],
        free_rows: Sequence[int],
        stored: ArrowStream | None = None,
    ) -> None:
        """One transaction: the settlements hold; rows that were written are done, and none of these rows is held."""
        settled = read_stream(settlements)
        found = None if stored is None else read_rows(stored)
        with self._database.writing("resolve_held") as connection:
            head = connection.execute(
                select(_heads.entity_id, _heads.run_id, _heads.row_count, _heads.state, _heads.done_rows).where(
                    _heads.id == batch_id
                )
            ).one()
            records = _record_ids(connection, batch_id)
            taken = set(records.take(pa.array(sorted(done_rows), pa.int64())).to_pylist())
            Settlement(connection, head.entity_id, head.run_id, self._now_us()).carry_out(settled, batch_id, taken)
            was_done = (
                {row for row in range(head.row_count) if is_row_done(head.done_rows, row)}
                if head.state == BatchState.DONE
                else set()
            )
            done = sorted(was_done | set(done_rows))
            state = BatchState.DONE if done else BatchState.ABORTED
            connection.execute(
                update(tables.batch)
                .where(_heads.id == batch_id)
                .values(state=int(state), done_rows=pack_rows_done(done, head.row_count))
            )
            gone = [*done_rows, *free_rows]
            connection.execute(delete(tables.held).where(_held.batch_id == batch_id, _held.row.in_(gone)))
            if found is not None and done_rows:
                _replace_rows(connection, batch_id, done_rows, found)

    def hold_again(self, batch_id: int, settlements: ArrowStream, held: Mapping[int, Hold]) -> None:
        """One transaction: the settlements hold, and the rows have these reasons; since when stays."""
        settled = read_stream(settlements)
        with self._database.writing("hold_again") as connection:
            entity, run_id = connection.execute(
                select(_heads.entity_id, _heads.run_id).where(_heads.id == batch_id)
            ).one()
            Settlement(connection, entity, run_id, self._now_us()).carry_out(settled)
            for row, one in held.items():
                changed = update(tables.held).where(_held.batch_id == batch_id, _held.row == row)
                connection.execute(changed.values(**_values(one)))

    def release_held(self, key: EntityKey, record_ids: Sequence[int]) -> None:
        """The records are not held any more. Writes nothing where none of them is."""
        with self._database.reading() as connection:
            entity = entity_id(connection, key)
            mine = select(_held.record_id).where(_held.entity_id == entity, _held.record_id.in_(list(record_ids)))
            found = list(connection.execute(mine).scalars())
        if not found:
            return
        with self._database.writing("release_held") as connection:
            connection.execute(delete(tables.held).where(_held.entity_id == entity, _held.record_id.in_(found)))

    def keep_known_ids(self, key: EntityKey, run_id: int, side: Side, ids: ArrowStream) -> None:
        """Kept; those of earlier runs that no intent needs any more are gone."""
        blob = pack(read_stream(ids))
        with self._database.writing("keep_known_ids") as connection:
            entity = make_entity_id(connection, key)
            of_side = (_known.entity_id == entity, _known.side == side.value)
            is_open = select(_heads.run_id).where(_heads.entity_id == entity, _heads.state == int(BatchState.OPEN))
            is_held = (
                select(_heads.run_id).join(tables.held, _held.batch_id == _heads.id).where(_heads.entity_id == entity)
            )
            connection.execute(
                delete(tables.known_ids).where(*of_side, _known.run_id.not_in(is_open), _known.run_id.not_in(is_held))
            )
            connection.execute(
                insert(tables.known_ids).values(run_id=run_id, entity_id=entity, side=side.value, ids=blob)
            )

    def known_ids(self, key: EntityKey, run_id: int, side: Side) -> frozenset[str] | None:
        """None where the run kept none."""
        with self._database.reading() as connection:
            entity = entity_id(connection, key)
            wanted = select(_known.ids).where(
                _known.run_id == run_id, _known.entity_id == entity, _known.side == side.value
            )
            blob = connection.execute(wanted).scalar()
        return None if blob is None else frozenset(unpack(blob).column(0).to_pylist())


def _replace_rows(connection: Connection, batch_id: int, places: Sequence[int], found: pa.Table) -> None:
    """These rows of the batch's content are those that were found."""
    if found.num_rows != len(places):
        raise BugError(f"batch {batch_id}: {found.num_rows} rows were found for {len(places)}")
    kept = unpack(connection.execute(select(_contents.rows).where(_contents.batch_id == batch_id)).scalar_one())
    now = {place: kept.num_rows + number for number, place in enumerate(places)}
    both = pa.concat_tables([kept, found.select(kept.column_names).cast(kept.schema)])
    merged = both.take(pa.array([now.get(row, row) for row in range(kept.num_rows)], pa.int64()))
    connection.execute(update(tables.batch_content).where(_contents.batch_id == batch_id).values(rows=pack(merged)))


def hold(
    connection: Connection,
    entity: int,
    batch_id: int,
    records: pa.ChunkedArray,
    held: Mapping[int, Hold],
    now_us: int,
) -> None:
    """The rows' records are held."""
    rows = [
        {
            "entity_id": entity,
            "record_id": records[row].as_py(),
            "batch_id": batch_id,
            "row": row,
            "held_at": now_us,
        }
        | _values(one)
        for row, one in held.items()
    ]
    connection.execute(insert(tables.held), rows)


def request_values(request: Request) -> dict[str, object]:
    """The columns of a request."""
    return {
        "key": request.key,
        "creates": None if request.creates is None else request.creates.value,
        "fields": json.dumps(request.fields),
        "deadline": None if request.deadline is None else to_us(request.deadline),
        "deadline_boottime": request.deadline_boottime_s,
    }


def request_of(
    key: str | None, creates: str | None, fields: str | None, deadline: int | None, boottime_s: float | None
) -> Request:
    """The request of a row; an empty one where there is none."""
    if key is None or fields is None:
        return Request()
    return Request(
        key,
        None if creates is None else CreateClass(creates),
        tuple(json.loads(fields)),
        None if deadline is None else from_us(deadline),
        boottime_s,
    )


def _held_batch(connection: Connection, configuration: str, batch_id: int, held: list[tuple[int, Hold]]) -> OpenBatch:
    wanted = (
        select(
            _heads.run_id,
            tables.entity.c.name,
            _heads.structure,
            _heads.side,
            _heads.operation,
            _heads.opened_at,
            _contents.rows,
            *REQUEST,
            SYSTEM,
        )
        .join(tables.entity, tables.entity.c.id == _heads.entity_id)
        .join(tables.batch_content, _contents.batch_id == _heads.id)
        .outerjoin(tables.request, tables.request.c.batch_id == _heads.id)
        .outerjoin(tables.run_system, OF_RUN)
        .where(_heads.id == batch_id)
    )
    row = connection.execute(wanted).one()
    places = [place for place, _ in held]
    return OpenBatch(
        id=batch_id,
        run_id=row[0],
        key=EntityKey(configuration, row[1]),
        structure=row[2],
        side=Side(row[3]),
        operation=row[4],
        opened_at=from_us(row[5]),
        rows=unpack(row[6]).take(places),
        request=request_of(*row[7:12]),
        places=tuple(places),
        holds=tuple(one for _, one in held),
        identity=row[12] or "",
    )


def _hold(reason: int, candidates: str) -> Hold:
    return Hold(HoldReason(reason), tuple(json.loads(candidates)))


def _values(one: Hold) -> dict[str, object]:
    return {"reason": int(one.reason), "candidates": json.dumps(one.candidates)}


def _first(row: Row[int, int, int, str]) -> int:
    return row[0]


def _record_ids(connection: Connection, batch_id: int) -> pa.ChunkedArray:
    blob = connection.execute(select(_contents.rows).where(_contents.batch_id == batch_id)).scalar_one()
    return unpack_record_ids(blob)
