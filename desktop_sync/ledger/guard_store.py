"""What guards remember from run to run beside the watermarks: absences seen once, and decisions that are waited for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, bindparam, delete, insert, select

from desktop_sync.core.configuration import Side
from desktop_sync.core.ledger_values import BatchState, EntityKey, Loss
from desktop_sync.core.provider_port import Operation
from desktop_sync.core.write_loop import PastWrite
from desktop_sync.ledger import tables
from desktop_sync.ledger.batch_content import unpack, unpack_record_ids
from desktop_sync.ledger.instants import from_us, to_us
from desktop_sync.ledger.store import Store, entity_id, make_entity_id

_absences = tables.absence.c
_conflicts = tables.conflict.c
_lossy = tables.lossy_field.c
_heads = tables.batch.c
_LOOKED_AT = 400
"""Heads of the newest batches of an entity among which its last runs are looked for."""

_WAITING = select(_conflicts.record_id, _conflicts.rule).where(
    _conflicts.entity_id == bindparam("entity"),
    _conflicts.settled_at.is_(None),
    _conflicts.winner.is_(None),
    _conflicts.rule.in_(bindparam("rules", expanding=True)),
)
_LAST_HEADS = (
    select(_heads.id, _heads.run_id, _heads.side, _heads.operation)
    .where(_heads.entity_id == bindparam("entity"), _heads.state == int(BatchState.DONE), _heads.side.is_not(None))
    .order_by(_heads.id.desc())
    .limit(_LOOKED_AT)
)
_Updates = dict[int, list[tuple[int, Side]]]
"""By run, newest first: the batches of its updates, newest first, each with the side that was written."""


class SqlGuardStore(Store):
    """The memory of the guards."""

    def absences(self, key: EntityKey, side: Side) -> dict[int, datetime]:
        """Sync records whose record a complete read of the side did not find: since when."""
        with self._database.reading() as connection:
            wanted = select(_absences.record_id, _absences.since).where(
                _absences.entity_id == entity_id(connection, key), _absences.side == side.value
            )
            return {row[0]: from_us(row[1]) for row in connection.execute(wanted)}

    def keep_absences(self, key: EntityKey, side: Side, absences: Mapping[int, datetime]) -> None:
        """These, and no others of the side, were not found. May be repeated."""
        if self.absences(key, side) == dict(absences):
            return
        with self._database.writing("keep_absences") as connection:
            entity = make_entity_id(connection, key)
            connection.execute(
                delete(tables.absence).where(_absences.entity_id == entity, _absences.side == side.value)
            )
            if absences:
                rows = [
                    {"entity_id": entity, "side": side.value, "record_id": record, "since": to_us(since)}
                    for record, since in absences.items()
                ]
                connection.execute(insert(tables.absence), rows)

    def waiting_decisions(self, key: EntityKey, rules: Sequence[int]) -> dict[int, int]:
        """Record id → rule of open conflicts that were found by one of these rules and nobody decided yet."""
        with self._database.reading() as connection:
            asked = {"entity": entity_id(connection, key), "rules": list(rules)}
            return {row[0]: row[1] for row in connection.execute(_WAITING, asked)}

    def update_streak(self, key: EntityKey) -> int:
        """How many of the last runs that wrote something for the entity updated records, one after the other."""
        with self._database.reading() as connection:
            return len(_last_updates(connection, entity_id(connection, key)))

    def past_updates(self, key: EntityKey, record_ids: Sequence[int], runs: int) -> dict[int, list[PastWrite]]:
        """Of these sync records, those that were updated in each of the last runs that wrote: one update of each run,
        newest first, up to `runs`, ending at a run that did not update the record. Reads just the batches needed."""
        found: dict[int, list[PastWrite]] = {}
        wanted = pa.array(sorted(set(record_ids)), pa.int64())
        with self._database.reading() as connection:
            last = _last_updates(connection, entity_id(connection, key))
            for place, batches in enumerate(list(last.values())[:runs]):
                written = _writes(connection, batches, wanted)
                for record, write in written.items():
                    found.setdefault(record, []).append(write)
                wanted = pa.array([record for record, row in found.items() if len(row) == place + 1], pa.int64())
                if not len(wanted):
                    break
        return found

    def losses(self, key: EntityKey) -> tuple[Loss, ...]:
        """Fields that were seen to be stored otherwise than they were sent, each with an example."""
        with self._database.reading() as connection:
            wanted = select(_lossy.side, _lossy.field, _lossy.sent, _lossy.stored).where(
                _lossy.entity_id == entity_id(connection, key)
            )
            rows = connection.execute(wanted.order_by(_lossy.side, _lossy.field)).all()
        return tuple(Loss(Side(row[0]), row[1], row[2], row[3]) for row in rows)

    def keep_losses(
        self, key: EntityKey, run_id: int, found: Sequence[Loss], cleared: Sequence[tuple[Side, str]]
    ) -> None:
        """These fields are lossy; the cleared ones are not any more. May be repeated."""
        known = {(loss.side, loss.field) for loss in self.losses(key)}
        gone = known.intersection(cleared)
        fresh = [loss for loss in found if (loss.side, loss.field) not in known]
        if not gone and not fresh:
            return
        with self._database.writing("keep_losses") as connection:
            entity = make_entity_id(connection, key)
            for side, field in gone:
                of_field = (_lossy.entity_id == entity, _lossy.side == side.value, _lossy.field == field)
                connection.execute(delete(tables.lossy_field).where(*of_field))
            for loss in fresh:
                row = insert(tables.lossy_field).values(
                    entity_id=entity,
                    side=loss.side.value,
                    field=loss.field,
                    sent=loss.sent,
                    stored=loss.stored,
                    run_id=run_id,
                )
                connection.execute(row)


def _last_updates(connection: Connection, entity: int | None) -> _Updates:
    """The updates of the last runs that wrote something, up to the first that updated nothing."""
    runs: _Updates = {}
    for batch_id, run_id, side, operation in connection.execute(_LAST_HEADS, {"entity": entity}):
        batches = runs.setdefault(run_id, [])
        if operation == int(Operation.UPDATE) and side is not None:
            batches.append((batch_id, Side(side)))
    streak: _Updates = {}
    for run_id, batches in runs.items():
        if not batches:
            break
        streak[run_id] = batches
    return streak


def _writes(connection: Connection, batches: list[tuple[int, Side]], wanted: pa.Array) -> dict[int, PastWrite]:
    """The last update of each wanted record in the batches of one run."""
    found: dict[int, PastWrite] = {}
    contents = tables.batch_content.c
    for batch_id, side in batches:
        blob = bytes(connection.execute(select(contents.rows).where(contents.batch_id == batch_id)).scalar_one())
        places = pc.indices_nonzero(pc.is_in(unpack_record_ids(blob), value_set=wanted))
        if not len(places):
            continue
        rows = unpack(blob).select(["record_id", "a_digest", "b_digest"]).take(places)
        for row in rows.to_pylist():
            found.setdefault(row["record_id"], PastWrite(side, row["a_digest"], row["b_digest"]))
    return found
