"""What guards remember from run to run beside the watermarks: absences seen once, and decisions that are waited for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select

from desktop_sync.core.configuration import Side
from desktop_sync.core.ledger_port import EntityKey
from desktop_sync.ledger import tables
from desktop_sync.ledger.instants import from_us, to_us
from desktop_sync.ledger.store import Store, entity_id, make_entity_id

_absences = tables.absence.c
_conflicts = tables.conflict.c


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
            wanted = select(_conflicts.record_id, _conflicts.rule).where(
                _conflicts.entity_id == entity_id(connection, key),
                _conflicts.settled_at.is_(None),
                _conflicts.winner.is_(None),
                _conflicts.rule.in_(list(rules)),
            )
            return {row[0]: row[1] for row in connection.execute(wanted)}
