"""Undo a run, or bring the loser of a conflict back (SPEC §6, §9): previewed, checked against what stands there, and
itself a run with a history, so that it can be undone too.

Only records that still are what the run wrote are written; the others are listed, each with its reason. What holds for
the sync records afterwards is said in `engine.undo_plan`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.configuration import Side, SyncConfiguration
from desktop_sync.core.decision import Rule
from desktop_sync.core.error_text import guard_sentence
from desktop_sync.core.errors import ConfigurationError, VersionMismatchError
from desktop_sync.core.guard import GuardFinding
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import DoneBatch
from desktop_sync.core.ports import UNWATCHED, CancelToken, Clock, Ids, Phase, Progress, Sleep, Steps, no_steps
from desktop_sync.core.run import EntityResult, Outcome, Run, RunKind, RunResult, Trigger
from desktop_sync.core.sync_record import Conflict
from desktop_sync.core.undo import UndoTarget
from desktop_sync.engine.workbench import sweep
from desktop_sync.services.processing import record_problems
from desktop_sync.services.processing.carried import Carried
from desktop_sync.services.running.run_record import recorded
from desktop_sync.services.session.provenance import Provenance, Scopes
from desktop_sync.services.session.run_lease import RunLease
from desktop_sync.services.session.sync_session import OpenEndpoint, SyncSession, open_session
from desktop_sync.services.settlement.settle import Settling
from desktop_sync.services.undo.undo_preview import UndoPlanning, UndoPreview
from desktop_sync.services.undo.undo_stamps import UndoStamps
from desktop_sync.services.undo.undo_writing import UndoWriting

KINDS = (RunKind.RUN, RunKind.PROCESS, RunKind.UNDO)
"""Runs that write to endpoints."""


class UndoService:
    """Every method blocks. Any thread; holds the configuration's run lock while it writes."""

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

    def preview(self, run_id: int, *, progress: Progress = UNWATCHED, cancel: CancelToken | None = None) -> UndoPreview:
        """What undoing the run would do now. Nothing is written, neither to an endpoint nor to the ledger. Close it.

        Raises ConfigurationError when there is no such run, or when it wrote nothing to endpoints.
        """
        return self._preview(self._run_target(run_id), progress, cancel or CancelToken())

    def preview_bring_back(
        self, conflict_id: int, *, progress: Progress = UNWATCHED, cancel: CancelToken | None = None
    ) -> UndoPreview:
        """What bringing back the loser of the conflict would do now; as `preview`.

        Raises ConfigurationError when the conflict is not decided, or when no value was overwritten.
        """
        return self._preview(self._conflict_target(conflict_id), progress, cancel or CancelToken())

    def undo(
        self,
        run_id: int,
        *,
        trigger: Trigger = Trigger.HAND,
        preview: UndoPreview | None = None,
        progress: Progress = UNWATCHED,
        cancel: CancelToken | None = None,
    ) -> RunResult:
        """The run is undone as far as it can be; with `preview`, just what it showed and was not excluded, and its
        session is closed. The result's outcome is PROBLEMS where records are left as they are.

        Raises AlreadyRunningError before anything, VersionMismatchError when the preview is stale, ConfigurationError
        as `preview`, and errors of endpoints and ledger; they are recorded with the undo. May be repeated: what was
        undone is listed then.
        """
        target = preview.target if preview is not None else self._run_target(run_id)
        return self._carry_out(target, trigger, preview, progress, cancel or CancelToken())

    def bring_back(
        self,
        conflict_id: int,
        *,
        trigger: Trigger = Trigger.HAND,
        preview: UndoPreview | None = None,
        progress: Progress = UNWATCHED,
        cancel: CancelToken | None = None,
    ) -> RunResult:
        """The record of the conflict's losing side is what it was, and counts as changed: the next run carries it to
        the other side where the direction allows. Where fields were judged one by one, just those that lost are what
        they were, each on the side that lost it. Errors as `undo`."""
        target = preview.target if preview is not None else self._conflict_target(conflict_id)
        return self._carry_out(target, trigger, preview, progress, cancel or CancelToken())

    def _run_target(self, run_id: int) -> UndoTarget:
        run = self._ledger.run(run_id)
        if run is None:
            raise ConfigurationError(f"there is no run {run_id}", path="run")
        if run.kind not in KINDS:
            raise ConfigurationError(f"run {run_id} wrote to no endpoint: there is nothing to undo", path="run")
        return UndoTarget(run)

    def _conflict_target(self, conflict_id: int) -> UndoTarget:
        conflict = self._ledger.conflict(conflict_id)
        if conflict is None:
            raise ConfigurationError(f"there is no conflict {conflict_id}", path="conflict")
        if conflict.winner is None or conflict.settled_at is None:
            raise ConfigurationError(
                f"conflict {conflict_id} is not carried out yet: both values still stand, decide it instead",
                path="conflict",
            )
        fields = self._lost_fields(conflict)
        losers = [conflict.winner.other] if fields is None else [side for side in Side if fields.get(side)]
        runs = [self._run_that_overwrote(conflict, side) for side in losers]
        run = next((one for one in runs if one is not None), None)
        if run is None:
            raise ConfigurationError(
                f"no value was overwritten for conflict {conflict_id}, or its history was purged", path="conflict"
            )
        entity = self._configuration(run).entity(conflict.entity)
        loser = losers[0]
        flows = entity is not None and entity.direction.flows_from(loser)
        return UndoTarget(run, conflict.record_id, loser if flows else None, fields)

    def _lost_fields(self, conflict: Conflict) -> dict[Side, frozenset[str]] | None:
        """Of a record that was judged field by field the fields whose value lost, by the side that lost it; None of
        one of which a whole side lost."""
        lost = [field for field in conflict.fields if field.verdict is not None]
        if not lost and conflict.rule is not Rule.MERGED:
            return None
        entities = [
            one.entity(conflict.entity) for one in self._ledger.configurations() if one.name == conflict.configuration
        ]
        labels = {mapping.a or mapping.b: mapping for entity in entities if entity for mapping in entity.fields}
        found: dict[Side, frozenset[str]] = {side: frozenset() for side in Side}
        for field in lost:
            mapping = labels.get(field.label)
            if mapping is not None and field.verdict is not None:
                loser = field.verdict.winner.other
                found[loser] |= {mapping.field_of(loser)} - {""}
        return found

    def _run_that_overwrote(self, conflict: Conflict, loser: Side) -> Run | None:
        """The run that wrote the winner's record over the loser's: the first on that side since the conflict."""
        done = [
            row
            for row in self._ledger.record_history(conflict.record_id)
            if row.run_id >= conflict.run_id and row.action.target is loser and row.result == "done"
        ]
        return self._ledger.run(done[-1].run_id) if done else None

    def _configuration(self, run: Run) -> SyncConfiguration:
        for configuration in self._ledger.configurations():
            if configuration.name == run.configuration:
                return configuration
        raise ConfigurationError(
            f'the configuration "{run.configuration}" is gone, so its run cannot be undone', path="run"
        )

    def _session(self, configuration: SyncConfiguration) -> SyncSession:
        self._work_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sweep(str(self._work_folder))
        scopes = Scopes(configuration, self._ledger.configurations(), self._ledger.systems)
        provenance = Provenance(self._ledger, self._clock, self._clock.now(), scopes)
        return open_session(
            configuration,
            self._open_endpoint,
            self._ledger,
            str(self._work_folder),
            provenance,
            values=self._ledger,
            pins=self._ledger,
        )

    def _basis(self, name: str) -> str:
        runs = [run for run in self._ledger.runs(name, limit=20) if run.kind is not RunKind.PREPARE]
        return str(runs[0].id) if runs else ""

    def _preview(self, target: UndoTarget, progress: Progress, cancel: CancelToken) -> UndoPreview:
        session = self._session(self._configuration(target.run))
        try:
            return self._planned(session, target, progress, cancel)
        except BaseException:
            session.close()
            raise

    def _planned(
        self, session: SyncSession, target: UndoTarget, progress: Progress, cancel: CancelToken
    ) -> UndoPreview:
        basis = self._basis(session.configuration.name)
        planning = UndoPlanning(session, self._ledger, progress, cancel)
        planned = planning.plan(self._batches(target), target)
        purged_until = self._ledger.purged_until()
        is_cut = purged_until is not None and target.run.started_at < purged_until
        return UndoPreview(target, session, planned, basis, is_cut=is_cut)

    def _batches(self, target: UndoTarget) -> Iterator[DoneBatch]:
        for batch in self._ledger.run_batches(target.run.id):
            if target.record_id is None:
                yield batch
                continue
            rows = pa.RecordBatchReader.from_stream(batch.rows).read_all()
            rows = rows.filter(pc.equal(rows["record_id"], target.record_id))
            if rows.num_rows:
                yield DoneBatch(batch.id, batch.run_id, batch.key, batch.structure, batch.side, batch.operation, rows)

    def _carry_out(
        self,
        target: UndoTarget,
        trigger: Trigger,
        preview: UndoPreview | None,
        progress: Progress,
        cancel: CancelToken,
    ) -> RunResult:
        try:
            configuration = self._configuration(target.run)
            with self._ledger.hold(configuration.name):
                if preview is not None:
                    self._refuse_stale(preview, configuration)
                run_id = self._ledger.open_run(configuration, RunKind.UNDO, trigger)
                with recorded(self._ledger, configuration, run_id, undoes=target.run.id) as results:
                    results.append(self._execute(configuration, target, preview, run_id, results, progress, cancel))
                return results[-1]
        finally:
            if preview is not None:
                preview.close()

    def _refuse_stale(self, preview: UndoPreview, configuration: SyncConfiguration) -> None:
        if preview.basis != self._basis(configuration.name):
            raise VersionMismatchError("the plan", "the state before a run that came since", "the state after it")
        made_for = preview.session.configuration.version
        if made_for != configuration.version:
            raise VersionMismatchError(
                "the plan", f"version {made_for} of the configuration", f"version {configuration.version}"
            )

    def _execute(
        self,
        configuration: SyncConfiguration,
        target: UndoTarget,
        preview: UndoPreview | None,
        run_id: int,
        results: list[RunResult],
        progress: Progress,
        cancel: CancelToken,
    ) -> RunResult:
        """The result; `results` gets what it came to where it is broken off."""
        started_s = self._clock.monotonic_s()
        session = preview.session if preview is not None else self._session(configuration)
        endpoints = session.named_endpoints()
        lease = RunLease(endpoints, self._open_endpoint, self._ledger, self._clock, configuration, run_id)
        try:
            lease.take()
            session.lease = lease
            if self._ledger.binding(configuration.name).match_only is not None:
                raise ConfigurationError(
                    f'"{configuration.name}" only matches until you confirm what it matched: nothing is undone before',
                    path="undo",
                )
            settling = Settling(session, self._ledger, self._clock, self._sleep, self._steps, progress, cancel)
            settled = settling.settle_all()
            self._refuse_unsettled(session)
            if settled and preview is not None:
                raise VersionMismatchError("the plan", "the state before", "what an interrupted run left")
            shown = preview or self._planned(session, target, progress, cancel)
            if any(layout.origins is not None for layout in session.layouts):
                session.read_clocks(self._ledger, self._clock)
            stamps = UndoStamps(session, self._ledger, self._clock)
            writing = UndoWriting(
                session, self._ledger, run_id, self._clock, self._ids, progress, cancel, self._steps, settling, stamps
            )
            try:
                carried = writing.carry_out([one.undo for one in shown.planned])
            except Exception:
                seconds = self._clock.monotonic_s() - started_s
                results.append(self._result(shown, writing.carried, run_id, target, seconds))
                raise
            self._ledger.drop(configuration.name)  # a plan that waits was made from what stood there before
            return self._result(shown, carried, run_id, target, self._clock.monotonic_s() - started_s)
        finally:
            lease.release()
            session.close()
            progress.phase("", Phase.FINISHED)

    @staticmethod
    def _refuse_unsettled(session: SyncSession) -> None:
        """Raises ConfigurationError where a guard keeps what a run left open from being settled."""
        names = {side: session.configuration.endpoint_of(side) for side in Side}
        for finding in session.unsettled:
            said = "a run that was cut off must be settled before, and a guard keeps it from that"
            raise ConfigurationError(f"{said}: {guard_sentence(finding, names)}", path="undo")

    def _result(
        self, shown: UndoPreview, carried: dict[int, Carried], run_id: int, target: UndoTarget, seconds: float
    ) -> RunResult:
        results = []
        for one in shown.planned:
            done = carried[one.undo.layout.number]
            problems = [*done.problems, *shown.listed_sentences(one)]
            failed = done.failed + shown.count_listed(one)
            results.append(
                EntityResult(
                    one.undo.layout.entity.name,
                    one.read[Side.A],
                    one.read[Side.B],
                    dict(done.actions),
                    failed,
                    seconds,
                    tuple(problems[: record_problems.MOST]),
                )
            )
        outcome = Outcome.PROBLEMS if any(result.failed for result in results) else Outcome.DONE
        findings: tuple[GuardFinding, ...] = shown.findings()
        return RunResult(
            run_id,
            shown.session.configuration.name,
            outcome,
            tuple(results),
            findings,
            notes=shown.notes(),
            undoes=target.run.id,
        )
