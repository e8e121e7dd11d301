"""Runs and the run lock."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager

from sqlalchemy import Connection, Row, bindparam, func, insert, select, text, union, update

from desktop_sync.core.configuration import Side, SyncConfiguration
from desktop_sync.core.errors import BugError, LedgerError
from desktop_sync.core.ledger_values import BatchState
from desktop_sync.core.run import Outcome, Run, RunKind, RunResult, Trigger
from desktop_sync.core.sync_group import StructureName, on_systems, siblings_of
from desktop_sync.ledger import tables
from desktop_sync.ledger.definition_store import SqlDefinitionStore, systems_of
from desktop_sync.ledger.home_mark import next_fence
from desktop_sync.ledger.instants import from_us, optional_time
from desktop_sync.ledger.json_codec import DocumentError
from desktop_sync.ledger.origin_store import put_follow_ups
from desktop_sync.ledger.run_codec import read_result, result_text
from desktop_sync.ledger.store import made_id, make_configuration_id

CUT_OFF = "The program ended before the run did; the next run settles what was left open."
_RunRow = Row[int, str, int, str, str, int, int | None, str, str | None]

# Asked in every run, so they are put together once.
_RUNS = select(
    tables.run.c.id,
    tables.configuration.c.name,
    tables.run.c.configuration_version,
    tables.run.c.kind,
    tables.run.c.trigger,
    tables.run.c.started_at,
    tables.run.c.ended_at,
    tables.run.c.outcome,
    tables.run.c.result,
).join(tables.configuration, tables.configuration.c.id == tables.run.c.configuration_id)
_GOING_ON = _RUNS.where(tables.run.c.outcome == Outcome.RUNNING.value)
_OPEN_RUN = insert(tables.run)
_FINISH_RUN = update(tables.run).where(tables.run.c.id == bindparam("number"))
_GOING = select(tables.run.c.id).where(text("outcome = 'running'")).order_by(tables.run.c.id)
_NEWEST_RUN = select(func.max(tables.run.c.id))
_batch = tables.batch.c
_WRITTEN_BY = union(
    select(_batch.side, _batch.structure).where(
        _batch.run_id == bindparam("run"), _batch.side.is_not(None), _batch.state != int(BatchState.ABORTED)
    ),
    select(_batch.side, _batch.structure)
    .join(tables.entity, tables.entity.c.id == _batch.entity_id)
    .where(
        _batch.state == int(BatchState.OPEN),
        tables.entity.c.configuration_id
        == select(tables.run.c.configuration_id).where(tables.run.c.id == bindparam("run")).scalar_subquery(),
    ),
)


class SqlRunStore(SqlDefinitionStore):
    """The runs of the `RunStore`; its history is in `history`."""

    def hold(self, configuration: str) -> AbstractContextManager[None]:
        """While inside, no other thread or process runs the configuration. Raises AlreadyRunningError at once."""
        return self._parts.locks.hold(configuration)

    def is_held(self, configuration: str) -> bool:
        """Whether anybody runs it now."""
        return self._parts.locks.is_held(configuration)

    def open_run(self, configuration: SyncConfiguration, kind: RunKind, trigger: Trigger) -> int:
        """The id of a run that goes on. Runs that were cut off are closed on the way."""
        self.close_cut_off_runs()
        with self._database.writing("open_run") as connection:
            made = connection.execute(
                _OPEN_RUN,
                {
                    "configuration_id": make_configuration_id(connection, configuration.name),
                    "configuration_version": configuration.version,
                    "kind": kind.value,
                    "trigger": trigger.value,
                    "started_at": self._now_us(),
                    "outcome": Outcome.RUNNING.value,
                    "fence": next_fence(connection),
                },
            )
            run_id = made_id(made)
        self._parts.mark.keep()
        return run_id

    def finish_run(self, run_id: int, result: RunResult) -> None:
        """The run is over. May be repeated; the last result stays."""
        over = {"ended_at": self._now_us(), "outcome": result.outcome.value, "result": result_text(result)}
        with self._database.writing("finish_run") as connection:
            if not connection.execute(_FINISH_RUN, {"number": run_id, **over}).rowcount:
                raise BugError(f"there is no run {run_id} to finish")
        self._parts.mark.keep()

    def written_by(self, run_id: int) -> frozenset[tuple[Side, str]]:
        """The structures that the run wrote to, and those of open intents of its configuration."""
        with self._database.reading() as connection:
            return _written_by(connection, run_id)

    def runs(
        self,
        configuration: str = "",
        limit: int = 200,
        offset: int = 0,
        *,
        kinds: Collection[RunKind] = (),
        without: Collection[Trigger] = (),
    ) -> list[Run]:
        """Newest first, of these kinds (all where none is named) and without those that these triggers started."""
        statement = _RUNS.order_by(tables.run.c.id.desc()).limit(limit).offset(offset)
        if kinds:
            statement = statement.where(tables.run.c.kind.in_([kind.value for kind in kinds]))
        if without:
            statement = statement.where(tables.run.c.trigger.not_in([trigger.value for trigger in without]))
        if configuration:
            statement = statement.where(tables.configuration.c.name == configuration)
        with self._database.reading() as connection:
            return [self._run(row) for row in connection.execute(statement)]

    def run_marks(self) -> tuple[int, tuple[int, ...]]:
        """The number of the newest run, and those of the runs that go on."""
        with self._database.reading() as connection:
            newest = connection.execute(_NEWEST_RUN).scalar()
            return newest or 0, tuple(connection.execute(_GOING).scalars())

    def run(self, run_id: int) -> Run | None:
        with self._database.reading() as connection:
            row = connection.execute(_RUNS.where(tables.run.c.id == run_id)).first()
            return None if row is None else self._run(row)

    def close_cut_off_runs(self) -> None:
        """Runs whose program died are shown as failed, and whoever shares what they may have written to is to follow.
        Called when the ledger is opened and before each run."""
        with self._database.reading() as connection:
            if not self._cut_off(connection):
                return
        with self._database.writing("close_cut_off_runs") as connection:
            for run_id, name in self._cut_off(connection):
                result = RunResult(run_id, name, Outcome.FAILED, error=CUT_OFF)
                failed = {"outcome": Outcome.FAILED.value, "result": result_text(result)}
                connection.execute(update(tables.run).where(tables.run.c.id == run_id).values(**failed))
                self._mark_siblings(connection, run_id, name)

    def _mark_siblings(self, connection: Connection, run_id: int, name: str) -> None:
        configurations = on_systems(self._current(connection), systems_of(connection))
        mine = next((one for one in configurations if one.name == name), None)
        if mine is not None:
            written = [StructureName(mine.endpoint_of(side), one) for side, one in _written_by(connection, run_id)]
            put_follow_ups(connection, siblings_of(name, configurations, written), name, self._now_us())

    def _cut_off(self, connection: Connection) -> list[tuple[int, str]]:
        return [(row[0], row[1]) for row in connection.execute(_GOING_ON).all() if not self._goes_on(row[1])]

    def _goes_on(self, name: str) -> bool:
        # Whoever holds the lock of a configuration asks before opening a run: what is open then is older than the lock.
        return self._parts.locks.is_held(name) and not self._parts.locks.is_held_here(name)

    def _run(self, row: _RunRow) -> Run:
        run_id, name, version, kind, trigger, started_at, ended_at, outcome, result = row
        try:
            kept = None if result is None else read_result(result)
        except DocumentError as error:
            problem = f"it holds the result of run {run_id}, which this program cannot read ({error})"
            raise LedgerError(problem, str(self._database.path)) from error
        return Run(
            id=run_id,
            configuration=name,
            configuration_version=version,
            kind=RunKind(kind),
            trigger=Trigger(trigger),
            started_at=from_us(started_at),
            ended_at=optional_time(ended_at),
            outcome=Outcome(outcome),
            result=kept,
        )


def _written_by(connection: Connection, run_id: int) -> frozenset[tuple[Side, str]]:
    found = connection.execute(_WRITTEN_BY, {"run": run_id})
    return frozenset((Side(side), structure) for side, structure in found)
