"""Keeping the ledger small: history that nothing needs any more is dropped, sparsely needed batches are thinned."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, delete, exists, select, update

from desktop_sync.core.errors import LedgerError
from desktop_sync.core.ledger_values import BatchState
from desktop_sync.core.run import Outcome
from desktop_sync.ledger import tables
from desktop_sync.ledger.batch_content import pack, unpack
from desktop_sync.ledger.instants import to_us
from desktop_sync.ledger.store import Store

SPARSE = 0.25
"""A batch of which a smaller share of rows is still a baseline is thinned to these rows."""

_heads = tables.batch.c


class SqlRetention(Store):
    """`purge` and `check` of the `Ledger`."""

    def purge(self, before: datetime) -> int:
        """Batches, settled conflicts and runs that ended before then are gone, but for baselines and undecided
        conflicts; how many batches. May be repeated."""
        limit = to_us(before)
        with self._database.writing("purge") as connection:
            needed = _baselines(connection)
            old = select(_heads.id, _heads.row_count).where(
                _heads.state != int(BatchState.OPEN), _heads.closed_at < limit
            )
            gone: list[int] = []
            for batch_id, row_count in connection.execute(old).all():
                if batch_id not in needed:
                    gone.append(batch_id)
                elif needed[batch_id] < row_count * SPARSE:
                    _thin(connection, batch_id)
            for batch_id in gone:
                connection.execute(delete(tables.batch).where(_heads.id == batch_id))
            _drop_conflicts(connection, limit)
            _drop_runs(connection, limit)
            _drop_deleted_configurations(connection)
        return len(gone)

    def check(self) -> list[str]:
        """Sentences about damage found; empty when the store is sound. Reads everything."""
        found: list[str] = []
        try:
            with self._database.reading() as connection:
                for (line,) in connection.exec_driver_sql("PRAGMA integrity_check").all():
                    if line != "ok":
                        found.append(f"The file is damaged: {line}.")
                if not found:
                    found.extend(_contradictions(connection))
        except LedgerError as error:
            found.append(f"The ledger cannot be read: {error.problem}.")
        return found


def _baselines(connection: Connection) -> dict[int, int]:
    """How many sync records have a batch as their baseline; a batch with held rows is needed whole."""
    counted = "SELECT batch_id, count(*) FROM sync_record WHERE batch_id IS NOT NULL GROUP BY batch_id"
    needed = {row[0]: row[1] for row in connection.exec_driver_sql(counted)}
    held = "SELECT DISTINCT b.id, b.row_count FROM batch b JOIN held h ON h.batch_id = b.id"
    return needed | {row[0]: row[1] for row in connection.exec_driver_sql(held)}


def _thin(connection: Connection, batch_id: int) -> None:
    """The batch holds only the rows that are baselines; its id stays, so nothing that points to it changes."""
    contents = tables.batch_content
    of_batch = contents.c.batch_id == batch_id
    rows = unpack(connection.execute(select(contents.c.rows).where(of_batch)).scalar_one())
    users = "SELECT id FROM sync_record WHERE entity_id = (SELECT entity_id FROM batch WHERE id = ?) AND batch_id = ?"
    needed = [row[0] for row in connection.exec_driver_sql(users, (batch_id, batch_id))]
    kept = rows.filter(pc.is_in(rows.column("record_id"), value_set=pa.array(needed, pa.int64())))
    ends = pc.min_max(kept.column("record_id")).as_py()
    head = {"row_count": kept.num_rows, "done_rows": None}
    span = {"min_record_id": ends["min"], "max_record_id": ends["max"]}
    connection.execute(update(tables.batch).where(_heads.id == batch_id).values(**head, **span))
    connection.execute(update(contents).where(of_batch).values(rows=pack(kept)))


def _drop_conflicts(connection: Connection, limit: int) -> None:
    kept = tables.conflict
    connection.execute(delete(kept).where(kept.c.settled_at < limit))


def _drop_runs(connection: Connection, limit: int) -> None:
    run, kept = tables.run, tables.conflict
    connection.execute(
        delete(run).where(
            run.c.started_at < limit,
            run.c.outcome != Outcome.RUNNING.value,
            ~exists().where(_heads.run_id == run.c.id),
            ~exists().where(kept.c.run_id == run.c.id),
        )
    )


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


def _contradictions(connection: Connection) -> list[str]:
    found: list[str] = []
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        found.append(f"{len(broken)} rows point to rows that are not there, the first in the table {broken[0][0]}.")
    miscounted = connection.exec_driver_sql(
        "SELECT count(*) FROM entity e WHERE record_count <> (SELECT count(*) FROM sync_record WHERE entity_id = e.id)"
    ).scalar_one()
    if miscounted:
        found.append(f"The number of sync records is wrong for {miscounted} entities.")
    lost = connection.exec_driver_sql(
        "SELECT count(*) FROM sync_record WHERE batch_id IS NOT NULL"
        " AND batch_id NOT IN (SELECT batch_id FROM batch_content)"
    ).scalar_one()
    if lost:
        found.append(f"The baseline of {lost} sync records is not there.")
    return found
