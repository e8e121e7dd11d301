"""Preview, prepare, process and run a configuration (SPEC §5, §6, §8, §9)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from desktop_sync.core.guard import Guard
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.plan import ALL_TIME, Mode, Range
from desktop_sync.core.ports import UNWATCHED, CancelToken, Clock, Ids, Progress, Sleep, Steps, no_steps
from desktop_sync.core.push import News
from desktop_sync.core.run import EntityResult, Outcome, RunKind, RunResult, Trigger
from desktop_sync.core.status import Event, Status
from desktop_sync.services.preparation.planning import Planning
from desktop_sync.services.preparation.prepare_wanted import QUEUED, Wanted, named, queued, told, with_prerequisites
from desktop_sync.services.preparation.preview import Preview
from desktop_sync.services.records import RecordService
from desktop_sync.services.running.carrying_out import CarryingOut
from desktop_sync.services.running.execution import Order
from desktop_sync.services.running.kept_plan import waiting_plan
from desktop_sync.services.session.run_lease import match_only_of
from desktop_sync.services.session.seen_before import SeenBefore
from desktop_sync.services.session.sync_session import OpenEndpoint, SyncSession, needed
from desktop_sync.services.session.watermarks import Scope, scheduled_mode
from desktop_sync.services.settlement.settling_guard import unsettled


class SynchronizationService:
    """Every method blocks. Any thread; one run per configuration at a time, also across processes."""

    def __init__(
        self,
        ledger: Ledger,
        open_endpoint: OpenEndpoint,
        clock: Clock,
        ids: Ids,
        work_folder: Path,
        steps: Steps = no_steps,
        sleep: Sleep = time.sleep,
        memo_folder: Path | None = None,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._planning = Planning(ledger, open_endpoint, clock, ids, work_folder, sleep, memo_folder)
        self._running = CarryingOut(self._planning, steps, SeenBefore(ledger))

    def is_running(self, name: str) -> bool:
        return self._ledger.is_held(name)

    def preview(
        self,
        name: str,
        *,
        mode: Mode = Mode.FULL,
        range: Range = ALL_TIME,
        progress: Progress = UNWATCHED,
        cancel: CancelToken | None = None,
    ) -> Preview:
        """The plan that a run would carry out now. Nothing is written, neither to an endpoint nor to the ledger."""
        session = self._planning.session(self._planning.configuration(name))
        try:
            session.match_only = match_only_of(
                session.named_endpoints(), self._ledger, self._clock, session.configuration
            )
            left = [*self._ledger.open_batches(name), *self._ledger.held_batches(name)]
            session.unsettled = unsettled(session, self._ledger, left, ())
            return self._planning.plan(session, Scope(mode, range), progress, cancel or CancelToken())
        except BaseException:
            session.close()
            raise

    def waiting_plan(self, name: str) -> Preview | None:
        """The plan that a guard stopped, or that a prepare made, if it still fits the configuration and the ledger."""
        return waiting_plan(self._planning, name)

    def run(
        self,
        name: str,
        *,
        trigger: Trigger = Trigger.HAND,
        mode: Mode | None = None,
        range: Range = ALL_TIME,
        allow: frozenset[Guard] = frozenset(),
        plan_digest: str = "",
        pilot: int | None = None,
        preview: Preview | None = None,
        progress: Progress = UNWATCHED,
        cancel: CancelToken | None = None,
    ) -> RunResult:
        """Prepare, then process; with `preview`, exactly that plan is carried out, and its session is closed.

        With `plan_digest`, only that plan is carried out, past the guards in `allow`; PlanChangedError for another.
        With `pilot`, only so many records at most are written to, and the others wait; not with `preview`, where the
        person chose them (`Preview.keep_first`).

        Raises AlreadyRunningError before anything, VersionMismatchError when the preview is stale, and errors of
        endpoints, configuration and ledger; they are recorded with the run. A guard and a cancel are results.
        """
        order = Order(
            RunKind.RUN,
            trigger,
            Scope(mode or self._mode(name, trigger), range),
            allow,
            progress,
            cancel or CancelToken(),
            plan_digest=plan_digest,
            pilot=pilot,
        )
        return self._running.carry_out(name, order, preview)

    def prepare(
        self,
        name: str,
        *,
        trigger: Trigger = Trigger.HAND,
        mode: Mode | None = None,
        range: Range = ALL_TIME,
        progress: Progress = UNWATCHED,
        cancel: CancelToken | None = None,
    ) -> RunResult:
        """The queue holds what is out of sync, and the plan waits for `process`. No endpoint is written to, but for
        what a run that was cut off left open: that is settled first, which may send a create again."""
        scope = Scope(mode or self._mode(name, trigger), range)
        order = Order(RunKind.PREPARE, trigger, scope, frozenset(), progress, cancel or CancelToken())
        return self._running.carry_out(name, order, None)

    def process(
        self,
        name: str,
        *,
        trigger: Trigger = Trigger.HAND,
        allow: frozenset[Guard] = frozenset(),
        plan_digest: str = "",
        progress: Progress = UNWATCHED,
        cancel: CancelToken | None = None,
    ) -> RunResult:
        """The queue is worked: the waiting plan is carried out if it still fits, then Prepared records that are not in
        it, and Failed ones whose time has come, are planned by their ids and written. Nothing prepared is a result too.
        With `plan_digest`, nothing but a waiting plan of that digest is carried out, as by `run`.
        """
        retry_at = self._planning.retry_at(trigger)
        token = cancel or CancelToken()
        want = partial(queued, self._ledger, retry_at=retry_at)
        order = Order(RunKind.PROCESS, trigger, Scope(Mode.INCREMENTAL), allow, progress, token, want, plan_digest)
        # What an interrupted run left is settled first, and may overtake the plan.
        is_cut_off = bool(self._ledger.open_batches(name))
        waiting = None if is_cut_off else self.waiting_plan(name)
        counts = self._ledger.count_by_status(name)
        if waiting is None and not is_cut_off and not any(counts.get(status) for status in QUEUED):
            return self._nothing_queued(name, order)
        return self._running.carry_out(name, order, waiting)

    def _nothing_queued(self, name: str, order: Order) -> RunResult:
        """A run that finds an empty queue: no endpoint is opened."""
        configuration = self._planning.configuration(name)
        with self._ledger.hold(name):
            run_id = self._ledger.open_run(configuration, order.kind, order.trigger)
            entities = tuple(EntityResult(entity.name) for entity in configuration.entities)
            result = RunResult(run_id, name, Outcome.DONE, entities, notes=("Nothing is prepared.",))
            self._ledger.finish_run(run_id, result)
        return result

    def run_records(
        self,
        name: str,
        record_ids: Sequence[int],
        *,
        trigger: Trigger = Trigger.HAND,
        allow: frozenset[Guard] = frozenset(),
        progress: Progress = UNWATCHED,
        cancel: CancelToken | None = None,
    ) -> RunResult:
        """Just these sync records are prepared and processed, and before them those that they refer to.

        One that was skipped or given up is taken up again: a person asked for it. May be repeated.
        """
        chosen = [record for record in map(self._ledger.record, record_ids) if record is not None]
        resting = [one.id for one in chosen if one.status in (Status.SKIPPED, Status.ABORTED)]
        records = RecordService(self._ledger, self._planning.open_endpoint, self._clock)
        records.set_status(resting, Event.SET_PREPARED_BY_USER)

        def want(session: SyncSession) -> Wanted:
            return with_prerequisites(session, self._ledger, named(self._ledger, name, record_ids))

        order = Order(RunKind.RUN, trigger, Scope(Mode.INCREMENTAL), allow, progress, cancel or CancelToken(), want)
        return self._running.carry_out(name, order, None)

    def run_pushed(
        self,
        name: str,
        news: Mapping[str, News],
        *,
        kind: RunKind,
        progress: Progress = UNWATCHED,
        cancel: CancelToken | None = None,
    ) -> RunResult:
        """What changed by these news, by entity, is prepared, or prepared and processed, with the entities that these
        refer to; nothing else is looked at.

        Records are read anew: news only say where to look. May be repeated; errors as `run`.
        """
        token = cancel or CancelToken()
        if any(one.is_whole for one in news.values()):
            entities = needed(self._planning.configuration(name).entities, news)
            scope = Scope(Mode.INCREMENTAL, entities=entities)
            order = Order(kind, Trigger.PUSH, scope, frozenset(), progress, token)
        else:
            want = partial(told, self._ledger, news=news)
            order = Order(kind, Trigger.PUSH, Scope(Mode.INCREMENTAL), frozenset(), progress, token, want)
        return self._running.carry_out(name, order, None)

    def _mode(self, name: str, trigger: Trigger) -> Mode:
        return scheduled_mode(self._planning.configuration(name), self._ledger, trigger, self._clock.now())
