"""The steps around a run: before it, after each batch, and after it (SPEC §6). Made only where a configuration has any.

A step that fails before a run stops it: nothing was read or written. One that fails later is a problem of the run's
result; what was written stays, and is not told again.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import IO

import pyarrow as pa

from desktop_sync.core.configuration import Moment, PipelineStep, Side, StepKind, SyncConfiguration
from desktop_sync.core.decision import Action
from desktop_sync.core.errors import CancelledError, StepError
from desktop_sync.core.pipeline import concerns, run_steps
from desktop_sync.core.ports import CancelToken
from desktop_sync.core.run import Outcome, RunResult
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.workbench import Workbench
from desktop_sync.engine.written_query import count_written, written_condition, written_lines
from desktop_sync.services.processing.step_command import run_command
from desktop_sync.services.processing.step_url import post

RECORDS_PER_POST = 1_000


@dataclass(slots=True)
class _Told:
    """What was written that concerns a step: how many records, and their lines where it is told of them at the end."""

    step: PipelineStep
    count: int = 0
    lines: IO[bytes] | None = None


@dataclass(slots=True)
class RunSteps:
    """One run. One thread. Close it."""

    configuration: SyncConfiguration
    run_id: int
    work_folder: str
    cancel: CancelToken
    problems: list[str] = field(default_factory=list)
    _told: list[_Told] = field(default_factory=list)
    _batches: int = 0

    def begin(self) -> None:
        """The steps before the run were carried out. Raises StepError for the first that fails, and CancelledError."""
        self._told = [_Told(step) for step in run_steps(self.configuration, Moment.AFTER_RUN)]
        for step in run_steps(self.configuration, Moment.BEFORE_RUN):
            with tempfile.TemporaryFile() as nothing:
                problem = self._carry_out(step, nothing, 0)
            self.cancel.check()
            if problem:
                raise StepError(step.name, problem)

    def check(self, layouts: Sequence[Layout]) -> None:
        """Raises ExpressionError for a condition that cannot be asked of what is written."""
        for step in run_steps(self.configuration, Moment.AFTER_RUN):
            for layout in layouts:
                if step.condition and concerns(step, layout.entity.name):
                    for side in Side:
                        if step.direction.flows_from(side):
                            written_condition(layout, side, step.condition)

    def written(self, bench: Workbench, layout: Layout, action: Action, rows: pa.Table) -> None:
        """These batch rows were written and settled; steps that are told of each batch were carried out."""
        if not rows.num_rows:
            return
        self._batches += 1
        source = _source(action)
        lines: str | None = None
        for step in run_steps(self.configuration, Moment.AFTER_BATCH):
            if _is_told(step, layout.entity.name, source):
                lines = written_lines(bench, layout, action, rows) if lines is None else lines
                with _spool(self.work_folder) as file:
                    file.write(lines.encode())
                    self._note(step, self._carry_out(step, file, self._batches))
        for told in self._told:
            if not _is_told(told.step, layout.entity.name, source):
                continue
            told.count += count_written(bench, layout, source, told.step.condition, rows)
            if told.step.kind is not StepKind.NOTIFY:
                lines = written_lines(bench, layout, action, rows) if lines is None else lines
                told.lines = told.lines or _spool(self.work_folder)
                told.lines.write(lines.encode())

    def end(self, result: RunResult) -> RunResult:
        """The steps after the run were carried out; the result with their notes and problems."""
        notes = list(result.notes)
        for told in self._told:
            if told.step.kind is StepKind.NOTIFY:
                if told.count:
                    notes.append(told.step.message.replace("{count}", str(told.count)))
            else:
                with told.lines or _spool(self.work_folder) as file:
                    told.lines = None
                    self._note(told.step, self._carry_out(told.step, file, 0))
        if not self.problems:
            return replace(result, notes=tuple(notes))
        outcome = Outcome.PROBLEMS if result.outcome is Outcome.DONE else result.outcome
        return replace(result, outcome=outcome, notes=(*notes, *self.problems))

    def close(self) -> None:
        """What was kept for steps is gone. May be repeated."""
        for told in self._told:
            if told.lines is not None:
                told.lines.close()
                told.lines = None

    def _note(self, step: PipelineStep, problem: str) -> None:
        if problem:
            self.problems.append(f'The step "{step.name}" failed: {problem}.')

    def _carry_out(self, step: PipelineStep, records: IO[bytes], part: int) -> str:
        records.flush()
        records.seek(0)
        try:
            if step.kind is StepKind.COMMAND:
                variables = {
                    "DESKTOP_SYNC_CONFIGURATION": self.configuration.name,
                    "DESKTOP_SYNC_RUN": str(self.run_id),
                    "DESKTOP_SYNC_STEP": step.name,
                }
                return run_command(step.command, records, variables, step.time_limit_s, self.cancel)
            if step.kind is StepKind.URL:
                return self._post(step, records, part)
        except CancelledError:
            raise
        except OSError as error:
            return f"the records could not be handed over ({error.strerror or type(error).__name__})"
        return ""

    def _post(self, step: PipelineStep, records: IO[bytes], part: int) -> str:
        """All records, so many at a time; the first failure ends it."""
        is_first = True
        while True:
            lines = list(islice(records, RECORDS_PER_POST))
            if not lines and not is_first:
                return ""
            head = json.dumps({"configuration": self.configuration.name, "run": self.run_id, "step": step.name})
            body = head[:-1].encode() + b', "records": [' + b",".join(line.rstrip(b"\n") for line in lines) + b"]}"
            headers = {"Idempotency-Key": f"{self.run_id}-{part}-{records.tell()}"}
            problem = post(step.url, body, headers, step.time_limit_s)
            if problem or self.cancel.is_cancelled or len(lines) < RECORDS_PER_POST:
                return problem
            is_first = False


def steps_around(
    configuration: SyncConfiguration, run_id: int, work_folder: str, cancel: CancelToken
) -> RunSteps | None:
    """The steps around a run, or None where there are none."""
    moments = (Moment.BEFORE_RUN, Moment.AFTER_BATCH, Moment.AFTER_RUN)
    if not any(run_steps(configuration, moment) for moment in moments):
        return None
    return RunSteps(configuration, run_id, work_folder, cancel)


def _spool(folder: str) -> IO[bytes]:
    """A file that only its owner can read and that is gone when it is closed."""
    return tempfile.TemporaryFile(dir=folder)


def _source(action: Action) -> Side:
    """The side whose record was carried to the other one."""
    return (action.target or Side.B).other


def _is_told(step: PipelineStep, entity: str, source: Side) -> bool:
    return concerns(step, entity) and step.direction.flows_from(source)
