"""What of the history goes and what stays, in one transaction."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Delete, delete, exists, func, or_, select, update

from desktop_sync.core.history_retention import Purged
from desktop_sync.core.ledger_values import BatchState
from desktop_sync.core.run import Outcome
from desktop_sync.ledger import tables
from desktop_sync.ledger.batch_content import pack, unpack, unpack_record_ids
from desktop_sync.ledger.instants import to_us

SPARSE = 0.25
"""A batch of which a smaller share of rows is still needed is thinned to these rows."""

_heads, _runs, _contents = tables.batch.c, tables.run.c, tables.batch_content.c


def purge_history(connection: Connection, before: datetime) -> Purged:
    """Batches, settled conflicts and runs from before then are gone, but for what is needed (`RetentionStore`)."""
    limit = to_us(before)
    size = _size(connection)
    actions = _drop_batches(connection, limit)
    kept = tables.conflict
    conflicts = connection.execute(delete(kept).where(kept.c.settled_at < limit)).rowcount
    runs = connection.execute(_old_runs(connection, limit)).rowcount
    _drop_deleted_configurations(connection)
    return Purged(before, runs, actions, conflicts, content_bytes=max(0, size - _size(connection)))


def _size(connection: Connection) -> int:
    return int(connection.execute(select(func.total(func.length(_contents.rows)))).scalar_one())


def _drop_batches(connection: Connection, limit: int) -> int:
    """How many actions are gone."""
    needed = _baselines(connection)
    held = _held(connection)
    wanted = _earlier_wanted(connection, limit)
    gone = 0
    old = select(_heads.id, _heads.entity_id, _heads.row_count).where(
        _heads.state != int(BatchState.OPEN), _heads.closed_at < limit
    )
    for batch_id, entity_id, row_count in connection.execute(old.order_by(_heads.id.desc())).all():
        if batch_id in held:
            continue  # their rows are told by number
        earlier = _take_earlier(connection, batch_id, wanted.get(entity_id, set()))
        if batch_id not in needed and not earlier:
            connection.execute(delete(tables.batch).where(_heads.id == batch_id))
            gone += row_count
        elif needed.get(batch_id, 0) + len(earlier) < row_count * SPARSE:
            gone += row_count - _thin(connection, batch_id, earlier)
    return gone


def _baselines(connection: Connection) -> dict[int, int]:
    """How many sync records have a batch as their baseline."""
    counted = "SELECT batch_id, count(*) FROM sync_record WHERE batch_id IS NOT NULL GROUP BY batch_id"
    return {row[0]: row[1] for row in connection.exec_driver_sql(counted)}


def _held(connection: Connection) -> frozenset[int]:
    return frozenset(row[0] for row in connection.exec_driver_sql("SELECT DISTINCT batch_id FROM held"))


def _earlier_wanted(connection: Connection, limit: int) -> dict[int, set[int]]:
    """By entity the records that a run that stays linked or adopted: its undo asks for what they were before
    (`RunStore.batches_before`)."""
    stays = select(_heads.entity_id, _contents.rows).join(tables.batch, _heads.id == _contents.batch_id)
    quiet = stays.where(_heads.side.is_(None), or_(_heads.closed_at >= limit, _heads.closed_at.is_(None)))
    found: dict[int, set[int]] = {}
    for entity_id, blob in connection.execute(quiet):
        found.setdefault(entity_id, set()).update(unpack_record_ids(blob).to_pylist())
    return found


def _take_earlier(connection: Connection, batch_id: int, wanted: set[int]) -> set[int]:
    """Those of the wanted records that the batch is about; they are wanted no more, as older ones say nothing."""
    if not wanted:
        return set()
    blob = connection.execute(select(_contents.rows).where(_contents.batch_id == batch_id)).scalar_one()
    found = wanted.intersection(unpack_record_ids(blob).to_pylist())
    wanted -= found
    return found


def _thin(connection: Connection, batch_id: int, earlier: set[int]) -> int:
    """The batch holds only the rows that are baselines or asked for by an undo; its id stays, so nothing that points to
    it changes. How many rows are left."""
    contents = tables.batch_content
    of_batch = contents.c.batch_id == batch_id
    rows = unpack(connection.execute(select(contents.c.rows).where(of_batch)).scalar_one())
    done = connection.execute(select(_heads.done_rows).where(_heads.id == batch_id)).scalar_one()
    if done is not None and earlier:
        return int(rows.num_rows)  # which of its rows were done is told by their numbers
    users = "SELECT id FROM sync_record WHERE entity_id = (SELECT entity_id FROM batch WHERE id = ?) AND batch_id = ?"
    needed = {row[0] for row in connection.exec_driver_sql(users, (batch_id, batch_id))} | earlier
    kept = rows.filter(pc.is_in(rows.column("record_id"), value_set=pa.array(sorted(needed), pa.int64())))
    ends = pc.min_max(kept.column("record_id")).as_py()
    head = {"row_count": kept.num_rows, "done_rows": None}
    span = {"min_record_id": ends["min"], "max_record_id": ends["max"]}
    connection.execute(update(tables.batch).where(_heads.id == batch_id).values(**head, **span))
    connection.execute(update(contents).where(of_batch).values(rows=pack(kept)))
    return int(kept.num_rows)


def _old_runs(connection: Connection, limit: int) -> Delete:
    kept = tables.conflict
    return delete(tables.run).where(
        _runs.started_at < limit,
        _runs.outcome != Outcome.RUNNING.value,
        _runs.id.not_in(_newest_runs(connection)),
        ~exists().where(_heads.run_id == _runs.id),
        ~exists().where(kept.c.run_id == _runs.id),
    )


def _newest_runs(connection: Connection) -> list[int]:
    """Of each living configuration the newest run of each kind, and the newest that went well: schedules go on from
    them, and a configuration whose runs were all forgotten would look like one that never ran."""
    newest = select(func.max(_runs.id)).join(tables.configuration, tables.configuration.c.id == _runs.configuration_id)
    living = newest.where(tables.configuration.c.deleted_at.is_(None)).group_by(_runs.configuration_id, _runs.kind)
    well = living.where(_runs.outcome.in_([Outcome.DONE.value, Outcome.PROBLEMS.value]))
    return [*connection.execute(living).scalars(), *connection.execute(well).scalars()]


def _drop_deleted_configurations(connection: Connection) -> None:
    """Names of deleted configurations that no run and no batch mentions any more."""
    owner, entity, run = tables.configuration, tables.entity, tables.run
    mine = select(entity.c.id).where(entity.c.configuration_id == owner.c.id)
    connection.execute(
        delete(owner).where(
            owner.c.deleted_at.is_not(None),
            ~exists().where(run.c.configuration_id == owner.c.id),
            ~exists().where(_heads.entity_id.in_(mine)),
        )
    )
