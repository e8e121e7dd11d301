"""History: the rows of write batches as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Row, Select, func, select

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, Rule, create
from desktop_sync.core.ledger_values import BatchState, DoneBatch, EntityKey
from desktop_sync.core.plan import FieldChange
from desktop_sync.core.sync_record import HistoryRow
from desktop_sync.ledger import tables
from desktop_sync.ledger.batch_content import (
    A_PREFIX,
    B_PREFIX,
    BEFORE_PREFIX,
    is_row_done,
    unpack,
    unpack_record_ids,
)
from desktop_sync.ledger.database import Database
from desktop_sync.ledger.instants import from_us
from desktop_sync.ledger.store import Store

DONE, NOT_DONE, IN_DOUBT = "done", "not done", "in doubt"
"""The words of `HistoryRow.result`. In doubt: the intent was not settled yet."""

_heads = tables.batch.c
_HeadSelect = Select[int, int, str, str | None, int, int, bytes | None, int]
_DoneSelect = Select[int, int, str, str, str, str | None, int, bytes | None]
_DoneRow = Row[int, int, str, str, str, str | None, int, bytes | None]


@dataclass(frozen=True, slots=True)
class _Head:
    id: int
    run_id: int
    entity: str
    side: Side | None
    state: BatchState
    row_count: int
    done_rows: bytes | None
    at_us: int

    def result(self, row: int) -> str:
        if self.state is BatchState.OPEN:
            return IN_DOUBT
        is_done = self.state is BatchState.DONE and is_row_done(self.done_rows, row)
        return DONE if is_done else NOT_DONE


class SqlHistory(Store):
    """The history of the `RunStore`."""

    def history(self, run_id: int, limit: int = 200, offset: int = 0) -> list[HistoryRow]:
        """The actions of a run, in the order they were carried out. Only the batches of the page are read."""
        found: list[HistoryRow] = []
        with self._database.reading() as connection:
            for head in _read_heads(connection, _select_heads().where(_heads.run_id == run_id).order_by(_heads.id)):
                if offset >= head.row_count:
                    offset -= head.row_count
                    continue
                wanted = range(offset, min(head.row_count, offset + limit - len(found)))
                found.extend(_rows(connection, head, wanted))
                offset = 0
                if len(found) >= limit:
                    break
        return found

    def record_history(self, record_id: int, limit: int = 200) -> list[HistoryRow]:
        """All actions on one sync record, newest first."""
        found: list[HistoryRow] = []
        holding = _select_heads().where(_heads.min_record_id <= record_id, _heads.max_record_id >= record_id)
        with self._database.reading() as connection:
            for head in _read_heads(connection, holding.order_by(_heads.id.desc())):
                ids = unpack_record_ids(_blob(connection, head.id))
                wanted = pc.indices_nonzero(pc.equal(ids, record_id)).to_pylist()
                found.extend(_rows(connection, head, reversed(wanted)) if wanted else ())
                if len(found) >= limit:
                    break
        return found[:limit]

    def run_batches(self, run_id: int) -> Iterator[DoneBatch]:
        """What the run did, oldest first. Each batch is read when it is asked for."""
        with self._database.reading() as connection:
            mine = select(_heads.id).where(_heads.run_id == run_id, _heads.state == int(BatchState.DONE))
            ids = list(connection.execute(mine.order_by(_heads.id)).scalars())
        yield from done_batches(self._database, ids)

    def batches_before(self, batch_id: int, record_ids: Sequence[int]) -> Iterator[DoneBatch]:
        """The last thing that was done to each of the records before that batch."""
        wanted = pa.array(sorted(set(record_ids)), pa.int64())
        if not len(wanted):
            return
        holding = _select_done().where(_heads.id < batch_id, _heads.max_record_id >= wanted[0].as_py())
        holding = holding.where(_heads.min_record_id <= wanted[-1].as_py()).order_by(_heads.id.desc())
        with self._database.reading() as connection:
            heads = connection.execute(holding).all()
        for head in heads:
            with self._database.reading() as connection:
                blob = _blob(connection, head[0])
            ids = unpack_record_ids(blob)
            is_it = pc.and_(pc.is_in(ids, value_set=wanted), pa.chunked_array([_done_mask(head[7], len(ids))]))
            if pc.any(is_it).as_py():
                yield _done_batch(head, unpack(blob).filter(is_it))
                wanted = wanted.filter(pc.invert(pc.is_in(wanted, value_set=ids.filter(is_it).combine_chunks())))
            if not len(wanted):
                return


def done_batches(database: Database, batch_ids: Iterable[int]) -> Iterator[DoneBatch]:
    """Those of the batches that are done, with the rows that were written. Each is read when it is asked for."""
    for batch_id in batch_ids:
        with database.reading() as connection:
            head = connection.execute(_select_done().where(_heads.id == batch_id)).first()
            rows = None if head is None else unpack(_blob(connection, batch_id))
        if head is not None and rows is not None:
            yield _done_batch(head, rows.filter(_done_mask(head[7], rows.num_rows)))


def _select_done() -> _DoneSelect:
    return (
        select(
            _heads.id,
            _heads.run_id,
            tables.configuration.c.name,
            tables.entity.c.name,
            _heads.structure,
            _heads.side,
            _heads.operation,
            _heads.done_rows,
        )
        .join(tables.entity, tables.entity.c.id == _heads.entity_id)
        .join(tables.configuration, tables.configuration.c.id == tables.entity.c.configuration_id)
        .where(_heads.state == int(BatchState.DONE))
    )


def _done_batch(head: _DoneRow, rows: pa.Table) -> DoneBatch:
    side = None if head[5] is None else Side(head[5])
    return DoneBatch(head[0], head[1], EntityKey(head[2], head[3]), head[4], side, head[6], rows)


def _done_mask(bits: bytes | None, row_count: int) -> pa.Array:
    return pa.array([is_row_done(bits, row) for row in range(row_count)] if bits else [True] * row_count, pa.bool_())


def _select_heads() -> _HeadSelect:
    return select(
        _heads.id,
        _heads.run_id,
        tables.entity.c.name,
        _heads.side,
        _heads.state,
        _heads.row_count,
        _heads.done_rows,
        func.coalesce(_heads.closed_at, _heads.opened_at),
    ).join(tables.entity, tables.entity.c.id == _heads.entity_id)


def _read_heads(connection: Connection, statement: _HeadSelect) -> list[_Head]:
    return [_head(row) for row in connection.execute(statement).all()]


def _head(row: Row[int, int, str, str | None, int, int, bytes | None, int]) -> _Head:
    side = None if row[3] is None else Side(row[3])
    return _Head(row[0], row[1], row[2], side, BatchState(row[4]), row[5], row[6], row[7])


def _blob(connection: Connection, batch_id: int) -> bytes:
    contents = tables.batch_content.c
    return bytes(connection.execute(select(contents.rows).where(contents.batch_id == batch_id)).scalar_one())


def _rows(connection: Connection, head: _Head, wanted: Iterable[int]) -> list[HistoryRow]:
    numbers = list(wanted)
    if not numbers:
        return []
    content = unpack(_blob(connection, head.id)).take(numbers)
    return [_row(head, number, row) for number, row in zip(numbers, content.to_pylist(), strict=True)]


def _row(head: _Head, number: int, values: Mapping[str, object]) -> HistoryRow:
    result, action = head.result(number), Action(_number(values["action"]))
    # An id that was meant for a record which nobody made is no record's, or by now another one's.
    a_id, b_id = (
        None if result == NOT_DONE and action is create(side) else _text(values[f"{side.value}_id"]) for side in Side
    )
    return HistoryRow(
        run_id=head.run_id,
        batch_id=head.id,
        row=number,
        entity=head.entity,
        record_id=_number(values["record_id"]),
        action=action,
        rule=Rule(_number(values["rule"])),
        a_id=a_id,
        b_id=b_id,
        result=result,
        fields=_fields(head.side, values) if result == DONE else (),
        evidence=_text(values.get("evidence")) or "",
        at=from_us(head.at_us),
    )


def _fields(side: Side | None, values: Mapping[str, object]) -> tuple[FieldChange, ...]:
    """The fields of the written side; of a batch that wrote nowhere, those of both."""
    if side is None:
        names = dict.fromkeys(name[len(A_PREFIX) :] for name in values if name.startswith((A_PREFIX, B_PREFIX)))
        pairs = ((name, _text(values.get(A_PREFIX + name)), _text(values.get(B_PREFIX + name))) for name in names)
        return tuple(FieldChange(name, a=a, b=b) for name, a, b in pairs)
    prefix = A_PREFIX if side is Side.A else B_PREFIX
    changes: list[FieldChange] = []
    for column in values:
        if column.startswith(prefix):
            name = column[len(prefix) :]
            before, after = _text(values.get(BEFORE_PREFIX + name)), _text(values[column])
            a, b = _text(values.get(A_PREFIX + name)), _text(values.get(B_PREFIX + name))
            changes.append(FieldChange(name, a=a, b=b, before=before, after=after, differs=before != after))
    known = {change.label for change in changes}
    for column in values:
        name = column.removeprefix(BEFORE_PREFIX)
        if name != column and name not in known:  # what a deleted record held
            before = _text(values[column])
            changes.append(FieldChange(name, before=before, differs=before is not None))
    return tuple(changes)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError("a number was expected in a batch row")
    return value
