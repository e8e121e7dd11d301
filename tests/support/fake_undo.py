"""An undo for tests of the command line: it says what it was asked and answers as it was told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from desktop_sync.core.decision import Action
from desktop_sync.core.guard import GuardFinding
from desktop_sync.core.ports import CancelToken, NoProgress, Progress
from desktop_sync.core.run import Outcome, Run, RunKind, RunResult, Trigger
from desktop_sync.core.undo import UndoRow, UndoTarget

AT = datetime(2024, 5, 31, 7, 30, tzinfo=UTC)
NOBODY = NoProgress()
UNDONE = RunResult(9, "Customers", Outcome.DONE, undoes=7)


@dataclass
class FakeUndoView:
    target: UndoTarget
    stored: list[UndoRow] = field(default_factory=list)
    found: tuple[GuardFinding, ...] = ()
    closed: int = 0

    def rows(self, *, listed: bool | None = None, offset: int = 0, limit: int = 200) -> list[UndoRow]:
        return self._matching(listed)[offset : offset + limit]

    def count(self, *, listed: bool | None = None) -> int:
        return len(self._matching(listed))

    def counts(self) -> dict[str, dict[Action, int]]:
        found: dict[str, dict[Action, int]] = {}
        for row in self._matching(False):
            counted = found.setdefault(row.entity, {})
            counted[row.action] = counted.get(row.action, 0) + 1
        return found

    def findings(self) -> tuple[GuardFinding, ...]:
        return self.found

    def notes(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        self.closed += 1

    def _matching(self, listed: bool | None) -> list[UndoRow]:
        return [row for row in self.stored if listed is None or bool(row.reason) is listed]


@dataclass
class FakeUndo:
    """`calls` are (method, run or conflict)."""

    stored: list[UndoRow] = field(default_factory=list)
    found: tuple[GuardFinding, ...] = ()
    result: RunResult = UNDONE
    calls: list[tuple[str, int]] = field(default_factory=list)
    views: list[FakeUndoView] = field(default_factory=list)

    def preview(self, run_id: int, *, progress: Progress = NOBODY, cancel: CancelToken | None = None) -> FakeUndoView:
        return self._view("preview", run_id)

    def preview_bring_back(
        self, conflict_id: int, *, progress: Progress = NOBODY, cancel: CancelToken | None = None
    ) -> FakeUndoView:
        return self._view("preview_bring_back", conflict_id)

    def undo(
        self,
        run_id: int,
        *,
        trigger: Trigger = Trigger.HAND,
        progress: Progress = NOBODY,
        cancel: CancelToken | None = None,
    ) -> RunResult:
        self.calls.append(("undo", run_id))
        return self.result

    def bring_back(
        self,
        conflict_id: int,
        *,
        trigger: Trigger = Trigger.HAND,
        progress: Progress = NOBODY,
        cancel: CancelToken | None = None,
    ) -> RunResult:
        self.calls.append(("bring_back", conflict_id))
        return self.result

    def _view(self, method: str, number: int) -> FakeUndoView:
        self.calls.append((method, number))
        run = Run(7, "Customers", 1, RunKind.RUN, Trigger.HAND, AT, AT, Outcome.DONE)
        self.views.append(FakeUndoView(UndoTarget(run), self.stored, self.found))
        return self.views[-1]
