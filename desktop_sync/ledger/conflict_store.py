"""Conflicts: kept with both values, decided by a person or a rule, settled when the decision was carried out.

A conflict without `settled_at` is unsettled: it waits for a decision (no winner) or for the plan that carries the
decision out (a winner). A record has one of these at most.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Row, Select, and_, bindparam, delete, func, insert, select, update

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Rule
from desktop_sync.core.errors import LedgerError, VersionMismatchError
from desktop_sync.core.ledger_values import EntityKey, NewConflict
from desktop_sync.core.status import Event, Status, after
from desktop_sync.core.sync_record import Conflict
from desktop_sync.ledger import tables
from desktop_sync.ledger.instants import from_us, optional_time, optional_us
from desktop_sync.ledger.json_codec import DocumentError
from desktop_sync.ledger.run_codec import conflict_text, has_values, read_conflict
from desktop_sync.ledger.store import Store, entity_id, make_entity_id

_kept = tables.conflict.c
# One that left the filter, or that a person skipped, takes its conflict along: nobody can decide it until it is back.
# Never null, so that the join stays an outer one: SQLite would else begin with all records of the entity.
_waits = func.coalesce(tables.sync_record.c.status, 0) == int(Status.CONFLICT)
_ConflictRow = Row[
    int, int, int, str, str, str | None, str | None, int, str | None, int | None, int | None, int, int | None, str
]
_ConflictSelect = Select[
    int, int, int, str, str, str | None, str | None, int, str | None, int | None, int | None, int, int | None, str
]

_rows = tables.sync_record.c
_CONFLICTS: _ConflictSelect = (
    select(
        _kept.id,
        _kept.record_id,
        _kept.run_id,
        tables.configuration.c.name,
        tables.entity.c.name,
        _rows.a_id,
        _rows.b_id,
        _kept.rule,
        _kept.winner,
        _kept.a_changed_at,
        _kept.b_changed_at,
        _kept.found_at,
        _kept.settled_at,
        _kept.field_values,
    )
    .join(tables.entity, tables.entity.c.id == _kept.entity_id)
    .join(tables.configuration, tables.configuration.c.id == tables.entity.c.configuration_id)
    .outerjoin(tables.sync_record, and_(_rows.entity_id == _kept.entity_id, _rows.id == _kept.record_id))
)
_ALL = (
    _CONFLICTS.where(tables.configuration.c.name == bindparam("configuration"))
    .where(tables.configuration.c.deleted_at.is_(None))
    .order_by(_kept.id.desc())
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
_OPEN = _ALL.where(_kept.settled_at.is_(None), _kept.winner.is_(None), _waits)
_DECIDED = select(_kept.record_id, _kept.winner, _kept.field_values).where(
    _kept.entity_id == bindparam("entity"), _kept.settled_at.is_(None), _kept.winner.is_not(None)
)


class SqlConflictStore(Store):
    """The conflicts of the `RecordStore`."""

    def keep_conflicts(self, key: EntityKey, run_id: int, conflicts: Sequence[NewConflict]) -> None:
        """Kept; one settled by a rule is settled at once. A conflict that is found again as it was stays as it is,
        with its decision: repeating changes nothing."""
        if not conflicts:
            return
        with self._database.writing("keep_conflicts") as connection:
            entity = make_entity_id(connection, key)
            for each in conflicts:
                self._keep(connection, entity, run_id, each)

    def conflicts(
        self, configuration: str, *, only_open: bool = True, limit: int = 200, offset: int = 0
    ) -> list[Conflict]:
        """Newest first; the open ones wait for a decision."""
        asked = {"configuration": configuration, "limit": limit, "offset": offset}
        with self._database.reading() as connection:
            found = connection.execute(_OPEN if only_open else _ALL, asked)
            return [self._conflict(row) for row in found]

    def conflict_of(self, record_id: int) -> Conflict | None:
        """The conflict of a record that waits for a decision."""
        is_open = and_(_kept.settled_at.is_(None), _kept.winner.is_(None))
        with self._database.reading() as connection:
            row = connection.execute(_CONFLICTS.where(_kept.record_id == record_id, is_open)).first()
            return None if row is None else self._conflict(row)

    def conflict(self, conflict_id: int) -> Conflict | None:
        """That conflict, open or settled."""
        with self._database.reading() as connection:
            row = connection.execute(_CONFLICTS.where(_kept.id == conflict_id)).first()
            return None if row is None else self._conflict(row)

    def record_conflicts(self, record_id: int) -> list[Conflict]:
        """All conflicts of a record, open or settled, oldest first."""
        with self._database.reading() as connection:
            found = connection.execute(_CONFLICTS.where(_kept.record_id == record_id).order_by(_kept.id))
            return [self._conflict(row) for row in found]

    def decide_conflict(self, conflict_id: int, winner: Side) -> None:
        """Decided; its record is Prepared. A decision may be changed until it is carried out. Raises
        VersionMismatchError when the conflict is settled or gone, or its record went on to another status."""
        with self._database.writing("decide_conflict") as connection:
            unsettled = select(_kept.entity_id, _kept.record_id, _kept.winner)
            found = connection.execute(unsettled.where(_kept.id == conflict_id, _kept.settled_at.is_(None))).first()
            if found is None:
                raise VersionMismatchError(f"conflict {conflict_id}", "open", "settled")
            entity, record_id, earlier = found
            _prepare(connection, entity, record_id, is_decided=earlier is not None, now_us=self._now_us())
            decided = {"winner": winner.value, "rule": int(Rule.DECIDED), "decided_at": self._now_us()}
            connection.execute(update(tables.conflict).where(_kept.id == conflict_id).values(**decided))

    def decisions(self, key: EntityKey) -> dict[int, Side]:
        """Decided and not yet carried out: record id → winner."""
        with self._database.reading() as connection:
            found = connection.execute(_DECIDED, {"entity": entity_id(connection, key)})
            return {row[0]: Side(row[1]) for row in found}

    def outdated_decisions(self, key: EntityKey, found: Sequence[NewConflict]) -> frozenset[int]:
        """The record ids of those of the conflicts whose decision was about other values. Nothing is written."""
        now = {one.record_id: one.values for one in found}
        with self._database.reading() as connection:
            decided = connection.execute(_DECIDED, {"entity": entity_id(connection, key)}).all()
            return frozenset(row[0] for row in decided if row[0] in now and not has_values(row[2], now[row[0]]))

    def _keep(self, connection: Connection, entity: int, run_id: int, new: NewConflict) -> None:
        text = conflict_text(new.values, new.verdicts, new.equal)
        unsettled = and_(_kept.entity_id == entity, _kept.record_id == new.record_id, _kept.settled_at.is_(None))
        wanted = select(_kept.id, _kept.winner, _kept.field_values).where(unsettled)
        earlier = connection.execute(wanted).first()
        if earlier is not None:
            is_carrying_out = new.winner is not None and new.rule == Rule.DECIDED and earlier[1] is not None
            is_found_again = new.winner is None and has_values(earlier[2], new.values)
            if is_carrying_out or is_found_again:
                return
            connection.execute(delete(tables.conflict).where(_kept.id == earlier[0]))
        now = self._now_us()
        is_settled = new.winner is not None
        connection.execute(
            insert(tables.conflict).values(
                entity_id=entity,
                record_id=new.record_id,
                run_id=run_id,
                rule=new.rule,
                winner=None if new.winner is None else new.winner.value,
                a_changed_at=optional_us(new.a_changed_at),
                b_changed_at=optional_us(new.b_changed_at),
                found_at=now,
                settled_at=now if is_settled else None,
                field_values=text,
            )
        )

    def _conflict(self, row: _ConflictRow) -> Conflict:
        identity, record_id, run_id, configuration, entity, a_id, b_id, *_ = row
        rule, winner, a_changed_at, b_changed_at, found_at, settled_at, text = row[7:]
        try:
            fields = read_conflict(text)
        except DocumentError as error:
            problem = f"it holds the values of conflict {identity}, which this program cannot read ({error})"
            raise LedgerError(problem, str(self._database.path)) from error
        return Conflict(
            id=identity,
            record_id=record_id,
            run_id=run_id,
            configuration=configuration,
            entity=entity,
            a_id=a_id,
            b_id=b_id,
            rule=Rule(rule),
            winner=None if winner is None else Side(winner),
            a_changed_at=optional_time(a_changed_at),
            b_changed_at=optional_time(b_changed_at),
            found_at=from_us(found_at),
            settled_at=optional_time(settled_at),
            fields=fields,
        )


def _prepare(connection: Connection, entity: int, record_id: int, *, is_decided: bool, now_us: int) -> None:
    rows = tables.sync_record.c
    of_record = and_(rows.entity_id == entity, rows.id == record_id)
    found = connection.execute(select(rows.status, rows.a_id, rows.b_id).where(of_record)).first()
    if found is None:
        raise VersionMismatchError(f"record {record_id}", "in conflict", "gone")
    status = Status(found[0])
    if is_decided and status is Status.PREPARED:
        return  # the decision is changed before it was carried out
    has_both_ids = found[1] is not None and found[2] is not None
    prepared = after(status, Event.DECIDED, has_both_ids=has_both_ids)
    if prepared is None:
        raise VersionMismatchError(f"record {record_id}", Status.CONFLICT.label, status.label)
    values = {"status": int(prepared), "updated_at": now_us}
    connection.execute(update(tables.sync_record).where(of_record).values(**values))
