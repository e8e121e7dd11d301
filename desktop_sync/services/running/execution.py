"""Carry a plan out: stop it at a guard, queue it, or process it; and the result of the run (SPEC §6, §8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from desktop_sync.core.binding import MatchOnly
from desktop_sync.core.binding_text import match_only_sentences
from desktop_sync.core.configuration import Side
from desktop_sync.core.count_text import count
from desktop_sync.core.decision import create, delete
from desktop_sync.core.error_text import guard_sentence
from desktop_sync.core.guard import Guard, GuardFinding, deletes_limit
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import EntityKey, Watermark
from desktop_sync.core.plan import Mode, Plan
from desktop_sync.core.ports import CancelToken, Clock, Ids, Progress, Sleep, Steps
from desktop_sync.core.run import EntityResult, Outcome, RunKind, RunResult, Trigger
from desktop_sync.engine import outcome_query
from desktop_sync.engine.plan_input import PlanInput
from desktop_sync.services.preparation.care import Care, care_of, identities, late_deletes, states_of, tell_sharers
from desktop_sync.services.preparation.prepare_again import prepare_again
from desktop_sync.services.preparation.prepare_wanted import Want
from desktop_sync.services.preparation.prepared import Prepared
from desktop_sync.services.preparation.preview import Preview
from desktop_sync.services.processing import record_problems
from desktop_sync.services.processing.carried import Carried
from desktop_sync.services.processing.lossy import loss_notes
from desktop_sync.services.processing.process import CREATES_AND_UPDATES, Processing
from desktop_sync.services.processing.quiet_settling import QuietSettling
from desktop_sync.services.processing.run_steps import RunSteps
from desktop_sync.services.processing.unanswered import Unanswered
from desktop_sync.services.session.conditions import Conditions
from desktop_sync.services.session.drift import drift_results
from desktop_sync.services.session.sync_session import SyncSession
from desktop_sync.services.session.watermarks import Scope
from desktop_sync.services.settlement.intents import Intents
from desktop_sync.services.settlement.settle import Settling

REPLANS = 5
"""How often a record that keeps changing between plan and write is planned anew in one run (RELIABILITY 4.4)."""


@dataclass(frozen=True, slots=True)
class Order:
    """How a run was asked for. `want` says which records it is about, where it is not about all."""

    kind: RunKind
    trigger: Trigger
    scope: Scope
    allow: frozenset[Guard]
    progress: Progress
    cancel: CancelToken
    want: Want | None = None
    plan_digest: str = ""
    """What a person was shown and allows; with it, no other plan is carried out (RELIABILITY 4.6)."""
    pilot: int | None = None
    """So many records at most are written to; the others of the plan wait."""

    @property
    def is_partial(self) -> bool:
        """Whether it passes over records or entities that a run of its kind is about otherwise."""
        is_about_some = self.want is not None and self.kind is not RunKind.PROCESS
        return is_about_some or not self.scope.is_whole or self.pilot is not None


@dataclass(frozen=True, slots=True)
class Execution:
    """One run over one plan. One thread. `started_s` is the monotonic clock at its beginning; `around` are the user's
    steps around the run, where there are any. `results` gets what it came to until then where it is broken off."""

    ledger: Ledger
    clock: Clock
    steps: Steps
    order: Order
    run_id: int
    started_s: float
    ids: Ids
    sleep: Sleep
    around: RunSteps | None = None
    results: list[RunResult] = field(default_factory=list)

    def stop(self, preview: Preview, findings: tuple[GuardFinding, ...]) -> RunResult:
        """The plan is kept; nothing was written."""
        plan = preview.plan
        preview.basis = str(self.run_id)
        preview.save(Path(self.ledger.put(plan.configuration, plan.id, plan.mode)))
        names = {side: preview.session.configuration.endpoint_of(side) for side in Side}
        said = ["A guard stopped the run before it wrote anything.", *(guard_sentence(f, names) for f in findings)]
        quiet = QuietSettling(preview.session, self.ledger, self.run_id)
        self._tell_sharers(preview)
        for one in preview.prepared:
            self._save_absences(one, preview.session.key(one.layout))
            if one.given is not None and one.care is not None and one.care.older:
                quiet.ask_about_older(one.given)  # once people go on working there, nothing tells of it any more
        entities = tuple(
            EntityResult(one.plan.entity, one.plan.read_a, one.plan.read_b, notes=one.plan.notes)
            for one in preview.prepared
        )
        return self._ended(
            preview.session,
            RunResult(self.run_id, plan.configuration, Outcome.GUARD, entities, findings, plan.id, " ".join(said)),
            plan,
        )

    def queue(self, preview: Preview) -> RunResult:
        """A prepare: what the plan found stands in the ledger as the queue."""
        plan, bench = preview.plan, preview.session.bench
        self._tell_sharers(preview)
        quiet = QuietSettling(preview.session, self.ledger, self.run_id)
        results = []
        for one in preview.prepared:
            carried = Carried()
            if one.given is not None:
                quiet.keep_seen(one.given)
                quiet.number_records(one.given, with_creates=True)
                prepared = bench.table(outcome_query.prepared_settlements(one.layout))
                quiet.settle_excluded(one.given)
                quiet.settle_status(one.given, carried, is_prepare=True)
                self.steps("prepare.found")
                key, rows = preview.session.key(one.layout), prepared.cast(outcome_query.SETTLEMENT_SCHEMA)
                # The queue and how far was read hold together or not at all (RELIABILITY 4.5).
                self.ledger.settle(key, self.run_id, rows, watermarks=self._new_watermarks(preview, one, None))
                self.steps("prepare.queued")
                carried.actions = dict(one.plan.counts)
            results.append(self._entity_result(one, carried))
        self._save_watermarks(preview)
        preview.save(Path(self.ledger.put(plan.configuration, plan.id, plan.mode)))
        results += drift_results(preview.session.drifted)
        has_failed = any(result.failed for result in results) or bool(preview.session.drifted)
        outcome = Outcome.PROBLEMS if has_failed else Outcome.DONE
        return self._ended(
            preview.session,
            RunResult(self.run_id, plan.configuration, outcome, tuple(results), plan.findings, plan.id),
            plan,
        )

    def _processing(self, session: SyncSession) -> Processing:
        intents = Intents(session, self.ledger, self.run_id, self.clock, self.ids)
        order = self.order
        return Processing(
            session,
            self.ledger,
            self.run_id,
            self.clock,
            order.progress,
            order.cancel,
            self.steps,
            intents,
            Conditions(session, self.ledger, self.clock),
            self.around,
        )

    def settling(self, session: SyncSession) -> Settling:
        """Settles what is not known of writes."""
        order = self.order
        return Settling(session, self.ledger, self.clock, self.sleep, self.steps, order.progress, order.cancel)

    def process(self, preview: Preview) -> RunResult:
        """The plan is carried out: what needs no write, creates and updates, deletes, and what changed meanwhile."""
        session = preview.session
        if session.match_only is not None:
            return self._match(preview, session.match_only)
        carried = {one.layout.number: Carried() for one in preview.prepared}
        try:
            return self._process(preview, carried)
        except Exception:
            # What was written stays: a person must see how much that is (a stop, a network that went).
            entities = tuple(self._entity_result(one, carried[one.layout.number]) for one in preview.prepared)
            now = RunResult(self.run_id, preview.plan.configuration, Outcome.FAILED, entities, plan_id=preview.plan.id)
            self.results.append(merged(self.results[-1], now) if self.results else now)
            raise

    def _process(self, preview: Preview, carried: dict[int, Carried]) -> RunResult:
        session = preview.session
        self._tell_sharers(preview)
        processing = self._processing(session)
        quiet = QuietSettling(session, self.ledger, self.run_id)
        planned = [one for one in preview.prepared if one.given is not None]
        unanswered = Unanswered(processing, self.settling(session), session.layouts, carried)
        for one in planned:
            if one.given is None:
                continue
            session.create_missing(one.layout)
            quiet.settle_quiet(one.given, carried[one.layout.number])
            processing.write(one.given, CREATES_AND_UPDATES, carried[one.layout.number])
            unanswered.look()
        for one in planned:
            if one.given is not None:
                unanswered.empty_references(one.given)
                unanswered.look()
        for one in reversed(planned):  # children first
            if one.given is not None:
                unanswered.write_deletes(one.given)
                unanswered.look()
        for one in planned:
            carried[one.layout.number].emptied.clear()  # what is planned anew is read anew
            self._replan(processing, unanswered, one, carried[one.layout.number])
        unanswered.note_held(preview.plan.configuration)
        self._save_watermarks(preview, carried)
        self._save_losses(preview, carried)
        self.ledger.drop(preview.plan.configuration)
        results = [self._entity_result(one, carried[one.layout.number]) for one in preview.prepared]
        results += drift_results(session.drifted)
        waiting = any(carried[one.layout.number].waiting for one in preview.prepared)
        failed = any(result.failed for result in results)
        is_whole = not (failed or waiting or session.drifted or self._has_open_decisions(preview))
        outcome = Outcome.DONE if is_whole else Outcome.PROBLEMS
        return self._ended(
            preview.session,
            RunResult(self.run_id, preview.plan.configuration, outcome, tuple(results), plan_id=preview.plan.id),
            preview.plan,
        )

    def _tell_sharers(self, preview: Preview) -> None:
        for one in preview.prepared:
            if one.care is not None:
                tell_sharers(preview.session, self.ledger, one.layout, one.care)

    def _match(self, preview: Preview, why: MatchOnly) -> RunResult:
        """What is equal is linked, all else waits for a person; no endpoint is written to, and no watermark moves."""
        plan, quiet = preview.plan, QuietSettling(preview.session, self.ledger, self.run_id)
        results = []
        for one in preview.prepared:
            carried = Carried()
            if one.given is not None:
                quiet.settle_quiet(one.given, carried)
            results.append(self._entity_result(one, carried))
        self.ledger.drop(plan.configuration)
        self.ledger.note_matched(plan.configuration, self.run_id)
        said = match_only_sentences(why)
        done = RunResult(self.run_id, plan.configuration, Outcome.PROBLEMS, tuple(results), plan_id=plan.id, error=said)
        return replace(done, only_matched=True)

    def _ended(self, session: SyncSession, result: RunResult, plan: Plan) -> RunResult:
        """The measured clocks are in the ledger; the result tells of one that jumped."""
        result = replace(result, plan_digest=plan.digest)
        if session.clocks is None:
            return result
        session.clocks.keep(self.ledger)
        return replace(result, notes=(*result.notes, *session.clocks.alarms))

    def _has_open_decisions(self, preview: Preview) -> bool:
        return bool(self.ledger.conflicts(preview.plan.configuration, limit=1))

    def _replan(self, processing: Processing, unanswered: Unanswered, one: Prepared, carried: Carried) -> None:
        """Records that changed between plan and write are planned and written anew, a few times, with the same care."""
        session, layout = processing.session, one.layout
        care = one.care
        for _ in range(REPLANS):
            stale, carried.stale = carried.stale, {Side.A: [], Side.B: []}
            if not any(stale.values()):
                return
            care = care or self._care(session, one)
            given = prepare_again(session, self.ledger, layout, stale, self.order.cancel, care)
            if given is None:
                return
            self._count_late_deletes(session, given, care, carried)
            QuietSettling(processing.session, self.ledger, processing.run_id).settle_quiet(given, carried)
            processing.write(given, CREATES_AND_UPDATES, carried)
            unanswered.look()
            unanswered.write_deletes(given)
            unanswered.look()
        kept_changing = max(len(ids) for ids in carried.stale.values())
        if kept_changing:
            carried.failed += kept_changing
            carried.problems.append(
                f"{layout.entity.name}: {count(kept_changing, 'record')} kept changing while being written"
            )

    def _care(self, session: SyncSession, one: Prepared) -> Care:
        states = states_of(session, one.layout, identities(session))
        return care_of(session, self.ledger, one.layout, states, self.clock.now(), first_run=one.plan.first_run)

    def _count_late_deletes(self, session: SyncSession, given: PlanInput, care: Care, carried: Carried) -> None:
        """The guard `deletes` holds for the whole run: what a plan made anew adds to it counts, too."""
        if Guard.DELETES in self.order.allow:
            return
        peers = self.ledger.count_peers(session.key(given.layout))
        done = {side: carried.actions.get(delete(side), 0) for side in Side}
        limits = {side: deletes_limit(peers + done[side], session.configuration.guards) for side in Side}
        carried.notes += late_deletes(session, given, care, limits, done)

    def _save_watermarks(self, preview: Preview, carried: Mapping[int, Carried] | None = None) -> None:
        """How far was read; the number of records counts what was created and deleted since (`carried`)."""
        if preview.session.match_only is not None:
            return
        for one in preview.prepared:
            key = preview.session.key(one.layout)
            is_queued = carried is None and one.given is not None  # then the queue has taken them along
            done = None if carried is None else carried[one.layout.number]
            marks = None if is_queued else self._new_watermarks(preview, one, done)
            if marks is not None:
                self.ledger.save_watermarks(key, *marks)
            if one.given is not None and preview.session.provenance is not None and not preview.is_kept:
                preview.session.provenance.mark_scanned(one.given)
            self._save_absences(one, key)

    def _save_losses(self, preview: Preview, carried: Mapping[int, Carried]) -> None:
        """Fields that were stored otherwise than they were sent are told, and kept for the configuration's check."""
        names = {side: preview.session.configuration.endpoint_of(side) for side in Side}
        for one in preview.prepared:
            done = carried[one.layout.number]
            if done.losses.found or done.losses.as_sent:
                found = list(done.losses.found.values())
                self.ledger.keep_losses(preview.session.key(one.layout), self.run_id, found, done.losses.cleared)
                done.notes += loss_notes(done.losses, names, one.layout)

    def _new_watermarks(
        self, preview: Preview, one: Prepared, carried: Carried | None
    ) -> tuple[Watermark, Watermark] | None:
        """The watermarks as they are to be kept, None where they stand already or must not move."""
        is_queued = carried is None
        if is_queued and any(finding.guard is Guard.IDENTITY for finding in one.findings):
            return None  # nobody has let it pass: a prepare must not make the next run take it for the system of before
        if preview.session.match_only is not None or not one.watermarks:
            return None
        if carried is not None and any(carried.stale.values()):
            return None  # what kept changing must be read again
        marks = dict(one.watermarks)
        is_compared = one.given is not None and preview.plan.mode is Mode.FULL
        for side, mark in one.watermarks.items():
            if carried is not None and mark.complete_count is not None:
                more = carried.actions.get(create(side), 0) - carried.actions.get(delete(side), 0)
                marks[side] = replace(mark, complete_count=max(0, mark.complete_count + more))
            if carried is not None and carried.may_have_written(side):
                # A copy from before this run's own writes is an older state, too.
                now = preview.session.endpoints[side].high_marks(one.layout.of(side).structure)
                marks[side] = replace(marks[side], high_marks=now)
            if is_compared and one.given is not None and one.given.read_of(side).is_complete:
                marks[side] = replace(marks[side], compared_at=self.clock.now())
        key = preview.session.key(one.layout)
        known = {side: self.ledger.watermark(key, side) for side in Side}
        return None if marks == known else (marks[Side.A], marks[Side.B])

    def _save_absences(self, one: Prepared, key: EntityKey) -> None:
        for side, missed in one.missed.items():
            self.ledger.keep_absences(key, side, missed)

    def _entity_result(self, one: Prepared, carried: Carried) -> EntityResult:
        reads = {} if one.given is None else {side: one.given.read_of(side) for side in Side}
        for side, read in reads.items():
            if read.nameless:
                carried.problems.append(record_problems.nameless(one.layout.of(side), read))
                carried.failed += read.nameless
        problems: Sequence[str] = carried.problems[: record_problems.MOST]
        return EntityResult(
            one.plan.entity,
            one.plan.read_a,
            one.plan.read_b,
            dict(carried.actions),
            carried.failed,
            self.clock.monotonic_s() - self.started_s,
            tuple(problems),
            (*one.plan.notes, *carried.notes),
        )


def merged(first: RunResult, second: RunResult) -> RunResult:
    """The result of one run that carried out two plans, one after the other."""
    entities = []
    for one in first.entities:
        other = next((each for each in second.entities if each.entity == one.entity), EntityResult(one.entity))
        actions = dict(one.actions)
        for action, more in other.actions.items():
            actions[action] = actions.get(action, 0) + more
        entities.append(
            replace(
                one,
                read_a=one.read_a + other.read_a,
                read_b=one.read_b + other.read_b,
                actions=actions,
                failed=one.failed + other.failed,
                seconds=max(one.seconds, other.seconds),
                problems=(*one.problems, *other.problems)[: record_problems.MOST],
                notes=(*one.notes, *other.notes),
            )
        )
    outcome = second.outcome if second.outcome is not Outcome.DONE else first.outcome
    return replace(second, outcome=outcome, entities=tuple(entities), findings=(*first.findings, *second.findings))
