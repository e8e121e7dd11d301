"""The way of one run from its lock to its result (SPEC §6, §8)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from desktop_sync.core.binding import MatchOnly
from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.core.count_text import count
from desktop_sync.core.errors import PlanChangedError, VersionMismatchError
from desktop_sync.core.ports import Phase, Steps
from desktop_sync.core.run import Outcome, RunKind, RunResult
from desktop_sync.services.preparation.planning import Planning
from desktop_sync.services.preparation.prepare_wanted import Wanted, beyond_plan, prepare_wanted, with_prerequisites
from desktop_sync.services.preparation.preview import Preview
from desktop_sync.services.processing.run_steps import RunSteps, steps_around
from desktop_sync.services.running.execution import Execution, Order, merged
from desktop_sync.services.running.kept_plan import drop_decided, hold_back_added, refuse_stale, state_text
from desktop_sync.services.running.permission import let_pass, shown_guards, was_shown
from desktop_sync.services.running.run_record import recorded
from desktop_sync.services.session.run_lease import RunLease
from desktop_sync.services.session.seen_before import SeenBefore
from desktop_sync.services.session.sync_session import SyncSession
from desktop_sync.services.settlement.digest_forms import rebase


@dataclass(frozen=True, slots=True)
class CarryingOut:
    """Carries orders out. Any thread; each run holds the lock of its configuration."""

    planning: Planning
    steps: Steps
    seen: SeenBefore

    def carry_out(self, name: str, order: Order, preview: Preview | None) -> RunResult:
        """The run is over and recorded; the preview, if there is one, is closed. Errors as `run`."""
        configuration = preview.session.configuration if preview is not None else self.planning.configuration(name)
        try:
            with self.planning.ledger.hold(name):
                if preview is not None:
                    refuse_stale(self.planning, preview)
                    drop_decided(self.planning.ledger, preview)
                looked_at = self.planning.clock.now() if preview is None else preview.plan.created_at
                run_id = self.planning.ledger.open_run(configuration, order.kind, order.trigger)
                is_whole = order.kind is not RunKind.PREPARE and order.want is None and not order.is_partial
                seen_at = looked_at if is_whole else None
                with (
                    recorded(self.planning.ledger, configuration, run_id, looked_at=seen_at) as finish,
                    self._around(configuration, order, run_id) as around,
                ):
                    result = self._execute(configuration, order, preview, run_id, around, finish)
                    was_written = order.kind is not RunKind.PREPARE and result.outcome is not Outcome.GUARD
                    finish.append(around.end(result) if around is not None and was_written else result)
                    finish.append(replace(finish[-1], is_partial=order.is_partial))
                return finish[-1]
        finally:
            if preview is not None:
                preview.close()

    @contextmanager
    def _around(self, configuration: SyncConfiguration, order: Order, run_id: int) -> Iterator[RunSteps | None]:
        """The user's steps around the run, those before it carried out; None where there are none."""
        self.planning.work_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        around = steps_around(configuration, run_id, str(self.planning.work_folder), order.cancel)
        try:
            if around is not None:
                around.begin()
            yield around
        finally:
            if around is not None:
                around.close()

    def _execute(
        self,
        configuration: SyncConfiguration,
        order: Order,
        preview: Preview | None,
        run_id: int,
        around: RunSteps | None,
        results: list[RunResult],
    ) -> RunResult:
        """The result; `results` gets what it came to until then."""
        plans = self.planning
        started_s = plans.clock.monotonic_s()
        execution = Execution(
            plans.ledger, plans.clock, self.steps, order, run_id, started_s, plans.ids, plans.sleep, around, results
        )
        session = preview.session if preview is not None else self.planning.session(configuration)
        lease = self._lease(session, run_id)
        try:
            lease.take()
            session.lease = lease
            match_only = self._begun_mode(configuration.name)
            if preview is not None and preview.match_only is not match_only:
                raise VersionMismatchError("the plan", _mode(preview.match_only), _mode(match_only))
            session.match_only = match_only
            if around is not None:
                around.check(session.layouts)
            self._settle(execution, session, order, preview)
            rebase(session, plans.ledger)
            want = order.want if match_only is None else None  # matching needs all records of both sides
            if preview is not None:
                hold_back_added(preview, order.cancel)
                rest = {} if want is None else beyond_plan(session.bench, preview.prepared, want(session))
                result = self._pass_or_process(execution, preview, order, is_shown=True)
                if result.outcome is Outcome.GUARD or not rest or order.plan_digest:
                    return result
                results.append(result)
                return merged(result, self._process_wanted(execution, session, order, rest))
            if want is not None:
                return self._process_wanted(execution, session, order, want(session))
            retry_at = self.planning.retry_at(order.trigger)
            session.seen = self.seen.of(configuration, run_id)
            preview = self.planning.plan(session, order.scope, order.progress, order.cancel, retry_at)
            if order.kind is RunKind.PREPARE:
                return execution.queue(preview)
            if order.pilot is not None:
                preview.keep_first(order.pilot)
                return self._pass_or_process(execution, preview, order)
            result = self._pass_or_process(execution, preview, order)
            self.seen.remember(configuration, run_id, session.contents, result)
            return result
        finally:
            lease.release()
            session.close()
            order.progress.phase("", Phase.FINISHED)

    def _settle(self, execution: Execution, session: SyncSession, order: Order, preview: Preview | None) -> None:
        """What interrupted runs left is settled, as far as guards let it be. Raises VersionMismatchError where a plan
        was made that did not know of it."""
        kept = self.planning.ledger.folder(session.configuration.name)
        shown = shown_guards(order.allow, preview, None if kept is None else Path(kept[1]))
        settled = execution.settling(session).settle_all(shown)
        if preview is not None and (settled or not set(session.unsettled) <= set(preview.plan.findings)):
            raise VersionMismatchError("the plan", state_text(preview.basis), "what an interrupted run left")

    def _lease(self, session: SyncSession, run_id: int) -> RunLease:
        plans, endpoints = self.planning, session.named_endpoints()
        return RunLease(endpoints, plans.open_endpoint, plans.ledger, plans.clock, session.configuration, run_id)

    def _begun_mode(self, name: str) -> MatchOnly | None:
        """Why the configuration only matches, if it does; kept with it from its first such run on."""
        binding = self.planning.ledger.binding(name)
        if binding.match_only is not None and binding.since is None:
            self.planning.ledger.begin_match_only(name, binding.match_only)
        return binding.match_only

    def _process_wanted(self, execution: Execution, session: SyncSession, order: Order, wanted: Wanted) -> RunResult:
        session.read_clocks(self.planning.ledger, self.planning.clock)
        wanted = with_prerequisites(session, self.planning.ledger, wanted)
        prepared = prepare_wanted(
            session, self.planning.ledger, wanted, order.progress, order.cancel, self.planning.clock.now()
        )
        preview = self.planning.planned(session, order.scope.mode, prepared)
        return (
            execution.queue(preview)
            if order.kind is RunKind.PREPARE
            else self._pass_or_process(execution, preview, order)
        )

    def _pass_or_process(
        self, execution: Execution, preview: Preview, order: Order, *, is_shown: bool = False
    ) -> RunResult:
        """Carried out, unless a guard stops it. One is let pass for the plan that was shown, or for one made anew that
        does nothing of what the guard is about that the kept plan did not (SPEC §8). Raises PlanChangedError where
        another plan was allowed."""
        if order.plan_digest not in ("", preview.plan.digest):
            raise PlanChangedError(order.plan_digest, preview.plan.digest)
        is_shown = is_shown or bool(order.plan_digest)
        kept = self.planning.ledger.folder(preview.plan.configuration) if order.allow and not is_shown else None
        shown = Path(kept[1]) if kept is not None else None
        stopping = tuple(
            finding
            for finding in preview.findings()
            if finding.guard not in order.allow or not (is_shown or was_shown(preview, finding, shown))
        )
        if stopping:
            return execution.stop(preview, stopping)
        # Not before: what a guard takes for another system must not be known from now on.
        self.planning.ledger.keep_systems(preview.session.identities)
        left_out = preview.count_left_out()
        result = let_pass(execution.process(preview), preview)
        if not left_out:
            return result
        is_one = "was left out; it waits" if left_out == 1 else "were left out; they wait"
        return replace(result, notes=(f"{count(left_out, 'record')} {is_one} in the queue.", *result.notes))


def _mode(match_only: MatchOnly | None) -> str:
    """A mode in words."""
    return "the ordinary mode" if match_only is None else "match-only mode"
