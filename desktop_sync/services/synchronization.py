"""Preview, prepare, process and run a configuration (SPEC §5, §6, §8, §9)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from desktop_sync.core.binding import MatchOnly
from desktop_sync.core.configuration import Side, SyncConfiguration
from desktop_sync.core.error_text import sentence
from desktop_sync.core.errors import (
    CancelledError,
    ConfigurationError,
    DesktopSyncError,
    VersionMismatchError,
)
from desktop_sync.core.guard import Guard
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import Watermark
from desktop_sync.core.plan import ALL_TIME, Mode, Plan, Range
from desktop_sync.core.ports import UNWATCHED, CancelToken, Clock, Ids, Phase, Progress, Sleep, Steps, no_steps
from desktop_sync.core.run import EntityResult, Outcome, RunKind, RunResult, Trigger
from desktop_sync.core.status import Event, Status
from desktop_sync.engine.overtaken import DECIDED, drop_overtaken
from desktop_sync.engine.plan_input import PlanInput
from desktop_sync.engine.plan_store import load_plan, rows_digest
from desktop_sync.engine.recheck import hold_back_creates, planned_creates
from desktop_sync.engine.workbench import sweep
from desktop_sync.services.care import identities, states_of
from desktop_sync.services.drift import drift_plans
from desktop_sync.services.execution import Execution, Order, merged
from desktop_sync.services.group_running import note_run
from desktop_sync.services.permission import was_shown
from desktop_sync.services.prepare import prepare_entities
from desktop_sync.services.prepare_wanted import (
    QUEUED,
    Wanted,
    beyond_plan,
    named,
    prepare_wanted,
    queued,
    with_prerequisites,
)
from desktop_sync.services.prepared import Prepared
from desktop_sync.services.preview import Preview
from desktop_sync.services.provenance import Provenance, Scopes
from desktop_sync.services.records import RecordService
from desktop_sync.services.run_lease import RunLease, match_only_of
from desktop_sync.services.run_steps import RunSteps, steps_around
from desktop_sync.services.seen_before import SeenBefore
from desktop_sync.services.side_stream import reading
from desktop_sync.services.sync_session import OpenEndpoint, SyncSession, full_request, open_session
from desktop_sync.services.waiting import wait_for_replicas
from desktop_sync.services.watermarks import Scope, scheduled_mode


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
    ) -> None:
        self._ledger = ledger
        self._open_endpoint = open_endpoint
        self._clock = clock
        self._ids = ids
        self._work_folder = work_folder
        self._steps = steps
        self._sleep = sleep
        self._seen = SeenBefore(ledger)

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
        session = self._session(self._configuration(name))
        try:
            session.match_only = match_only_of(session.named_endpoints(), self._ledger, self._clock, name)
            return self._plan(session, Scope(mode, range), progress, cancel or CancelToken())
        except BaseException:
            session.close()
            raise

    def waiting_plan(self, name: str) -> Preview | None:
        """The plan that a guard stopped, or that a prepare made, if it still fits the configuration and the ledger."""
        configuration = self._configuration(name)
        kept = self._ledger.folder(name)
        if kept is None:
            return None
        session = self._session(configuration)
        try:
            plan, given, basis = load_plan(session.bench, session.layouts, Path(kept[1]))
            if plan.configuration_version != configuration.version or basis != self._basis(name):
                raise VersionMismatchError("the kept plan", basis, self._basis(name))
            binding = self._ledger.binding(name)
            session.match_only = binding.match_only
            if binding.match_only is not None and (binding.since is None or plan.created_at < binding.since):
                raise VersionMismatchError("the kept plan", "the ordinary mode", "match-only mode")
        except (VersionMismatchError, FileNotFoundError):
            session.close()
            return None
        except BaseException:
            session.close()
            raise
        by_name = {entity.entity: entity for entity in plan.entities}
        prepared = [
            Prepared(
                layout,
                by_name[layout.entity.name],
                given.get(layout.entity.name),
                self._marks(session, given.get(layout.entity.name)),
                (),
            )
            for layout in session.layouts
        ]
        return Preview(plan, session, prepared, basis, is_kept=True)

    def run(
        self,
        name: str,
        *,
        trigger: Trigger = Trigger.HAND,
        mode: Mode | None = None,
        range: Range = ALL_TIME,
        allow: frozenset[Guard] = frozenset(),
        preview: Preview | None = None,
        progress: Progress = UNWATCHED,
        cancel: CancelToken | None = None,
    ) -> RunResult:
        """Prepare, then process; with `preview`, exactly that plan is carried out, and its session is closed.

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
        )
        return self._carry_out(name, order, preview)

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
        """The queue holds what is out of sync, and the plan waits for `process`. No endpoint is written to."""
        scope = Scope(mode or self._mode(name, trigger), range)
        order = Order(RunKind.PREPARE, trigger, scope, frozenset(), progress, cancel or CancelToken())
        return self._carry_out(name, order, None)

    def process(
        self,
        name: str,
        *,
        trigger: Trigger = Trigger.HAND,
        allow: frozenset[Guard] = frozenset(),
        progress: Progress = UNWATCHED,
        cancel: CancelToken | None = None,
    ) -> RunResult:
        """The queue is worked: the waiting plan is carried out if it still fits, then Prepared records that are not in
        it, and Failed ones whose time has come, are planned by their ids and written. Nothing prepared is a result too.
        """
        retry_at = self._retry_at(trigger)
        token = cancel or CancelToken()
        want = partial(queued, self._ledger, retry_at=retry_at)
        order = Order(RunKind.PROCESS, trigger, Scope(Mode.INCREMENTAL), allow, progress, token, want)
        # What an interrupted run left is settled first, and may overtake the plan.
        is_cut_off = bool(self._ledger.open_batches(name))
        waiting = None if is_cut_off else self.waiting_plan(name)
        counts = self._ledger.count_by_status(name)
        if waiting is None and not is_cut_off and not any(counts.get(status) for status in QUEUED):
            return self._nothing_queued(name, order)
        return self._carry_out(name, order, waiting)

    def _nothing_queued(self, name: str, order: Order) -> RunResult:
        """A run that finds an empty queue: no endpoint is opened."""
        configuration = self._configuration(name)
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
        RecordService(self._ledger).set_status(resting, Event.SET_PREPARED_BY_USER)

        def want(session: SyncSession) -> Wanted:
            return with_prerequisites(session, self._ledger, named(self._ledger, name, record_ids))

        order = Order(RunKind.RUN, trigger, Scope(Mode.INCREMENTAL), allow, progress, cancel or CancelToken(), want)
        return self._carry_out(name, order, None)

    def _mode(self, name: str, trigger: Trigger) -> Mode:
        return scheduled_mode(self._configuration(name), self._ledger, trigger, self._clock.now())

    def _retry_at(self, trigger: Trigger) -> datetime | None:
        """The time, where failed records wait for theirs: a person who asks does not wait."""
        return self._clock.now() if trigger in (Trigger.SCHEDULE, Trigger.PUSH) else None

    def _marks(self, session: SyncSession, given: PlanInput | None) -> dict[Side, Watermark]:
        """How far a kept plan read."""
        if given is None:
            return {}
        key = session.key(given.layout)
        states = states_of(session, given.layout, identities(session))
        return {side: states[side].mark(self._ledger.watermark(key, side), given.read_of(side)) for side in Side}

    def _configuration(self, name: str) -> SyncConfiguration:
        for configuration in self._ledger.configurations():
            if configuration.name == name:
                return configuration
        raise ConfigurationError(f'there is no configuration named "{name}"', path="configuration")

    def _session(self, configuration: SyncConfiguration) -> SyncSession:
        self._work_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sweep(str(self._work_folder))
        scopes = Scopes(configuration, self._ledger.configurations())
        provenance = Provenance(self._ledger, self._clock, self._clock.now(), scopes)
        return open_session(
            configuration,
            self._open_endpoint,
            self._ledger,
            str(self._work_folder),
            provenance,
            leaves_out_drifted=True,
        )

    def _basis(self, name: str) -> str:
        """Changes whenever a run of the configuration may have changed the ledger."""
        runs = [run for run in self._ledger.runs(name, limit=20) if run.kind is not RunKind.PREPARE]
        return str(runs[0].id) if runs else ""

    def _plan(
        self,
        session: SyncSession,
        scope: Scope,
        progress: Progress,
        cancel: CancelToken,
        retry_at: datetime | None = None,
    ) -> Preview:
        if session.match_only is not None:
            scope = Scope()  # matching needs all records of both sides
        session.read_clocks(self._ledger, self._clock)
        wait_for_replicas(session, self._ledger, self._clock, self._sleep, cancel)
        now = self._clock.now()
        prepared = prepare_entities(session, self._ledger, scope, progress, cancel, now=now, retry_at=retry_at)
        return self._planned(session, scope.mode, prepared)

    def _planned(self, session: SyncSession, mode: Mode, prepared: Sequence[Prepared]) -> Preview:
        basis = self._basis(session.configuration.name)
        entities = (*(one.plan for one in prepared), *drift_plans(session.drifted))
        findings = tuple(finding for one in prepared for finding in one.findings)
        plan = Plan(
            self._ids.new_id(),
            session.configuration.name,
            session.configuration.version,
            mode,
            self._clock.now(),
            entities,
            findings,
        )
        rows = [rows_digest(session.bench, one.layout) for one in prepared if one.given is not None]
        seen = repr((plan.configuration, plan.configuration_version, entities, rows))
        plan = replace(plan, digest=hashlib.sha256(seen.encode()).hexdigest())
        return Preview(plan, session, prepared, basis)

    def _carry_out(self, name: str, order: Order, preview: Preview | None) -> RunResult:
        configuration = preview.session.configuration if preview is not None else self._configuration(name)
        try:
            with self._ledger.hold(name):
                if preview is not None:
                    self._refuse_stale(preview)
                    self._drop_overtaken(preview)
                looked_at = self._clock.now() if preview is None else preview.plan.created_at
                run_id = self._ledger.open_run(configuration, order.kind, order.trigger)
                with (
                    self._recorded(configuration, run_id) as finish,
                    self._around(configuration, order, run_id) as around,
                ):
                    result = self._execute(configuration, order, preview, run_id, around)
                    was_written = order.kind is not RunKind.PREPARE and result.outcome is not Outcome.GUARD
                    finish.append(around.end(result) if around is not None and was_written else result)
                is_whole = order.kind is not RunKind.PREPARE and order.want is None and order.scope.range == ALL_TIME
                note_run(self._ledger, configuration, finish[-1], looked_at if is_whole else None)
                return finish[-1]
        finally:
            if preview is not None:
                preview.close()

    def _refuse_stale(self, preview: Preview) -> None:
        name = preview.plan.configuration
        if preview.basis != self._basis(name):
            raise VersionMismatchError("the plan", _state(preview.basis), _state(self._basis(name)))
        version = self._configuration(name).version
        if preview.plan.configuration_version != version:
            made_for = f"version {preview.plan.configuration_version} of the configuration"
            raise VersionMismatchError("the plan", made_for, f"version {version}")

    def _drop_overtaken(self, preview: Preview) -> None:
        """What a person decided about single records since the plan was made holds."""
        newest = self._ledger.runs(preview.plan.configuration, limit=1)
        is_queued = preview.is_kept and bool(newest) and newest[0].kind is RunKind.PREPARE
        for one in preview.prepared:
            if one.given is not None:
                decided = self._ledger.peers(preview.session.key(one.layout), statuses=DECIDED)
                drop_overtaken(preview.session.bench, one.layout, decided, is_queued=is_queued)

    def _begun_mode(self, name: str) -> MatchOnly | None:
        """Why the configuration only matches, if it does; kept with it from its first such run on."""
        binding = self._ledger.binding(name)
        if binding.match_only is not None and binding.since is None:
            self._ledger.begin_match_only(name, binding.match_only)
        return binding.match_only

    def _hold_back_creates(self, preview: Preview, cancel: CancelToken) -> None:
        """Records that somebody added on the other side since the plan was made are not created a second time; the
        next prepare links them."""
        session = preview.session
        kept = []
        for one in preview.prepared:
            held_back = 0
            for side in Side:
                if one.given is None or not planned_creates(session.bench, one.layout, side):
                    continue
                cancel.check()
                with reading(session.read(one.layout, side, full_request(one.layout.of(side)))) as stream:
                    held_back += hold_back_creates(session.bench, one.given, side, stream)
            # What was held back must be read again: the watermark stays where it was.
            kept.append(replace(one, watermarks={}) if held_back else one)
        preview.prepared = tuple(kept)

    @contextmanager
    def _around(self, configuration: SyncConfiguration, order: Order, run_id: int) -> Iterator[RunSteps | None]:
        """The user's steps around the run, those before it carried out; None where there are none."""
        self._work_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        around = steps_around(configuration, run_id, str(self._work_folder), order.cancel)
        try:
            if around is not None:
                around.begin()
            yield around
        finally:
            if around is not None:
                around.close()

    @contextmanager
    def _recorded(self, configuration: SyncConfiguration, run_id: int) -> Iterator[list[RunResult]]:
        """Whatever happens inside is written down as the run's result."""
        results: list[RunResult] = []
        try:
            yield results
        except CancelledError:
            results.append(RunResult(run_id, configuration.name, Outcome.CANCELLED))
        except DesktopSyncError as error:
            failed = RunResult(run_id, configuration.name, Outcome.FAILED, error=sentence(error))
            self._ledger.finish_run(run_id, failed)
            raise
        self._ledger.finish_run(run_id, results[-1])

    def _execute(
        self,
        configuration: SyncConfiguration,
        order: Order,
        preview: Preview | None,
        run_id: int,
        around: RunSteps | None,
    ) -> RunResult:
        now_s = self._clock.monotonic_s()
        execution = Execution(
            self._ledger, self._clock, self._steps, order, run_id, now_s, self._ids, self._sleep, around
        )
        session = preview.session if preview is not None else self._session(configuration)
        lease = RunLease(session.named_endpoints(), self._ledger, self._clock, configuration.name, run_id)
        try:
            lease.take()
            session.lease = lease
            match_only = self._begun_mode(configuration.name)
            if preview is not None and preview.match_only is not match_only:
                raise VersionMismatchError("the plan", _mode(preview.match_only), _mode(match_only))
            session.match_only = match_only
            if around is not None:
                around.check(session.layouts)
            settled = execution.settling(session).settle_all()
            if settled and preview is not None:
                raise VersionMismatchError("the plan", _state(preview.basis), "what an interrupted run left")
            want = order.want if match_only is None else None  # matching needs all records of both sides
            if preview is not None:
                self._hold_back_creates(preview, order.cancel)
                rest = {} if want is None else beyond_plan(session.bench, preview.prepared, want(session))
                result = self._pass_or_process(execution, preview, order, is_shown=True)
                if result.outcome is Outcome.GUARD or not rest:
                    return result
                return merged(result, self._process_wanted(execution, session, order, rest))
            if want is not None:
                return self._process_wanted(execution, session, order, want(session))
            retry_at = self._retry_at(order.trigger)
            session.seen = self._seen.of(configuration, run_id)
            preview = self._plan(session, order.scope, order.progress, order.cancel, retry_at)
            if order.kind is RunKind.PREPARE:
                return execution.queue(preview)
            result = self._pass_or_process(execution, preview, order)
            self._seen.remember(configuration, run_id, session.contents, result)
            return result
        finally:
            lease.release()
            session.close()
            order.progress.phase("", Phase.FINISHED)

    def _process_wanted(self, execution: Execution, session: SyncSession, order: Order, wanted: Wanted) -> RunResult:
        session.read_clocks(self._ledger, self._clock)
        wanted = with_prerequisites(session, self._ledger, wanted)
        prepared = prepare_wanted(session, self._ledger, wanted, order.progress, order.cancel, self._clock.now())
        return self._pass_or_process(execution, self._planned(session, order.scope.mode, prepared), order)

    def _pass_or_process(
        self, execution: Execution, preview: Preview, order: Order, *, is_shown: bool = False
    ) -> RunResult:
        """Carried out, unless a guard stops it. One is let pass for the plan that was shown, or for one made anew that
        does nothing of what the guard is about that the kept plan did not (SPEC §8)."""
        kept = self._ledger.folder(preview.plan.configuration) if order.allow and not is_shown else None
        shown = Path(kept[1]) if kept is not None else None
        stopping = tuple(
            finding
            for finding in preview.findings()
            if finding.guard not in order.allow or not (is_shown or was_shown(preview, finding, shown))
        )
        return execution.stop(preview, stopping) if stopping else execution.process(preview)


def _mode(match_only: MatchOnly | None) -> str:
    """A mode in words."""
    return "the ordinary mode" if match_only is None else "match-only mode"


def _state(basis: str) -> str:
    """A basis in words."""
    return f"the state after run {basis}" if basis else "the state before any run"
