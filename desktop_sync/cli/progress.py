"""Progress on standard error: a bar on a terminal, a line per phase elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from desktop_sync.cli.output import Output
from desktop_sync.core.count_text import count
from desktop_sync.core.ports import Phase

if TYPE_CHECKING:
    from rich.progress import TaskID


class LineProgress:
    """A line when a phase begins. For logs and pipes."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def __enter__(self) -> LineProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None

    def phase(self, entity: str, phase: Phase, total: int | None = None) -> None:
        expected = "" if total is None else f", {count(total, 'record')}"
        self._output.note(phase_label(entity, phase) + expected)

    def advance(self, records: int) -> None:
        return None

    def fail(self, records: int) -> None:
        return None


class BarProgress:
    """A bar with records done, rate and time left; gone when the run has ended. Safe to call from any thread."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        rate, failed = TextColumn("{task.fields[rate]}"), TextColumn("{task.fields[failed]}")
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            rate,
            failed,
            TimeRemainingColumn(),
            console=Console(file=stream),
            transient=True,
        )
        self._task: TaskID | None = None
        self._failed = 0

    def __enter__(self) -> BarProgress:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bars.stop()

    def phase(self, entity: str, phase: Phase, total: int | None = None) -> None:
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None
        if phase is Phase.FINISHED:
            return
        self._task = self._bars.add_task(phase_label(entity, phase), total=total, rate="", failed=self._failures)

    def advance(self, records: int) -> None:
        if self._task is None:
            return
        self._bars.advance(self._task, records)
        speed = next((task.speed for task in self._bars.tasks if task.id == self._task), None)
        if speed:
            self._bars.update(self._task, rate=f"{speed:,.0f} records/s")

    def fail(self, records: int) -> None:
        self._failed += records
        if self._task is not None:
            self._bars.update(self._task, failed=self._failures)

    @property
    def _failures(self) -> str:
        return f"{self._failed:,} failed" if self._failed else ""


def phase_label(entity: str, phase: Phase) -> str:
    return f"{entity}: {phase.value}" if entity else phase.value


def progress_on(output: Output) -> BarProgress | LineProgress:
    """The fitting one; use it as a context manager."""
    return BarProgress(output.stderr) if output.stderr.isatty() else LineProgress(output)
