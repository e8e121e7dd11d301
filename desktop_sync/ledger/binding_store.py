"""Bindings, fence numbers and match-only mode in the ledger (RELIABILITY 4.9)."""

from __future__ import annotations

import json

from sqlalchemy import Connection, select, update

from desktop_sync.core.binding import Binding, MatchOnly
from desktop_sync.core.errors import BugError
from desktop_sync.ledger import tables
from desktop_sync.ledger.home_mark import (
    LEDGER,
    LOST,
    begin_match_only,
    fact,
    last_fence,
    lost,
    next_fence,
    put_fact,
    raise_to,
)
from desktop_sync.ledger.instants import optional_time
from desktop_sync.ledger.plan_shelf import SqlPlanShelf
from desktop_sync.ledger.store import configuration_id, make_configuration_id

_bound = tables.binding.c


class SqlBindingStore(SqlPlanShelf):
    """The `BindingStore` of the ledger."""

    def place(self) -> tuple[str, str]:
        """Who runs here, for people, and a text that tells this home folder on this machine from all others."""
        return self._parts.locks.me()

    def holder(self, configuration: str) -> str:
        """Who runs the configuration now on this machine, for people; empty when nobody does."""
        return self._parts.locks.holder(configuration) if self._parts.locks.is_held(configuration) else ""

    def fence(self, run_id: int) -> int:
        """The run's fence number: greater than those of all runs before it, of any configuration."""
        with self._database.reading() as connection:
            found = connection.execute(select(tables.run.c.fence).where(tables.run.c.id == run_id)).scalar()
        if found is None:
            raise BugError(f"there is no run {run_id}")
        return int(found)

    def last_fence(self) -> int:
        """The greatest fence number of any run, 0 before the first."""
        with self._database.reading() as connection:
            return last_fence(connection)

    def raise_fence(self, run_id: int, above: int) -> int:
        """The run's new fence number, greater than `above` and than all others."""
        with self._database.writing("raise_fence") as connection:
            raise_to(connection, above)
            fence = next_fence(connection)
            connection.execute(update(tables.run).where(tables.run.c.id == run_id).values(fence=fence))
        self._parts.mark.keep()
        return fence

    def binding(self, configuration: str) -> Binding:
        """What the ledger knows of the configuration's binding."""
        with self._database.reading() as connection:
            ledger = fact(connection, LEDGER) or ""
            known = configuration_id(connection, configuration)
            row = connection.execute(
                select(_bound.epoch, _bound.match_only, _bound.since, _bound.matched_run).where(
                    _bound.configuration_id == known
                )
            ).first()
            is_lost = configuration in lost(connection)
        epoch, match_only, since, matched_run = row if row is not None else (0, None, None, None)
        if match_only is None and is_lost:
            return Binding(ledger, epoch, MatchOnly.LOST)
        why = None if match_only is None else MatchOnly(match_only)
        return Binding(ledger, epoch, why, optional_time(since), matched_run)

    def bind(self, configuration: str, epoch: int) -> None:
        """The ledger knows of that hand-over. May be repeated."""
        put = (
            "INSERT INTO binding (configuration_id, epoch) VALUES (?, ?)"
            " ON CONFLICT (configuration_id) DO UPDATE SET epoch = excluded.epoch"
        )
        with self._database.writing("bind") as connection:
            connection.exec_driver_sql(put, (make_configuration_id(connection, configuration), epoch))
        self._parts.mark.keep()

    def begin_match_only(self, configuration: str, why: MatchOnly) -> None:
        """Until a person confirms, the configuration only matches; a waiting plan is gone. May be repeated."""
        with self._database.writing("begin_match_only") as connection:
            owner = make_configuration_id(connection, configuration)
            begin_match_only(connection, owner, why, self._now_us())
            _find(connection, configuration)
        self.drop(configuration)

    def note_matched(self, configuration: str, run_id: int) -> None:
        """The run only matched, and a person can look at what it found."""
        with self._database.writing("note_matched") as connection:
            owner = make_configuration_id(connection, configuration)
            noted = update(tables.binding).where(_bound.configuration_id == owner)
            connection.execute(noted.values(matched_run=run_id))

    def end_match_only(self, configuration: str) -> None:
        """The ordinary mode is back. The next prepare reads completely; a waiting plan is gone. May be repeated."""
        with self._parts.locks.hold(configuration):
            with self._database.writing("end_match_only") as connection:
                owner = make_configuration_id(connection, configuration)
                over = update(tables.binding).where(_bound.configuration_id == owner)
                connection.execute(over.values(match_only=None, since=None, matched_run=None))
                _find(connection, configuration)
                mine = select(tables.entity.c.id).where(tables.entity.c.configuration_id == owner).scalar_subquery()
                marks = update(tables.watermark).where(tables.watermark.c.entity_id.in_(mine))
                connection.execute(marks.values(stamp=""))
            self.drop(configuration)


def _find(connection: Connection, configuration: str) -> None:
    """The configuration is not lost any more."""
    names = lost(connection)
    if configuration in names:
        put_fact(connection, LOST, json.dumps(sorted(names - {configuration})))
