"""An undo for tests of the window: eight records come back, two stay; it can be held, and fail."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action
from desktop_sync.core.guard import Guard, GuardFinding
from desktop_sync.core.plan import FieldChange
from desktop_sync.core.ports import CancelToken, NoProgress, Phase, Progress
from desktop_sync.core.run import EntityResult, Outcome, RunResult, Trigger
from desktop_sync.core.undo import UndoRow

NOTE = "customers: 3 pairs that the run linked stay linked; nothing was written to them."


def undo_row(number: int, reason: str = "") -> UndoRow:
    action = (Action.UPDATE_B, Action.DELETE_B, Action.CREATE_A)[number % 3]
    is_gone = action is Action.CREATE_A
    city = FieldChange(
        "city",
        before=None if is_gone else "Bonn",
        after=None if action is Action.DELETE_B else "Köln",
        differs=True,
    )
    name = FieldChange("name", before=None if is_gone else "Ada", after="Ada", differs=is_gone)
    side = action.target or Side.B
    return UndoRow(
        number, "customers", side, action, number, str(1000 + number), str(number), reason, False, (name, city)
    )


class FakeUndoPreview:
    def __init__(self, undone: int = 8, stay: int = 2) -> None:
        self.all = [undo_row(number) for number in range(1, undone + 1)]
        self.all += [undo_row(100 + number, "it was changed since: city") for number in range(stay)]
        self.found: tuple[GuardFinding, ...] = (GuardFinding(Guard.DELETES, "customers", Side.B, 120, 300, 30),)
        self.is_closed = False

    def rows(self, *, listed: bool | None = None, offset: int = 0, limit: int = 200) -> list[UndoRow]:
        return self._matching(listed)[offset : offset + limit]

    def count(self, *, listed: bool | None = None) -> int:
        return len(self._matching(listed))

    def findings(self) -> tuple[GuardFinding, ...]:
        return self.found

    def notes(self) -> tuple[str, ...]:
        return (NOTE,)

    def exclude(self, entity: str, numbers: Sequence[int], excluded: bool) -> None:
        self.all = [replace(row, is_excluded=excluded) if row.number in numbers else row for row in self.all]

    def close(self) -> None:
        self.is_closed = True

    def _matching(self, listed: bool | None) -> list[UndoRow]:
        return [row for row in self.all if listed is None or bool(row.reason) is listed]


class FakeUndoDesk:
    """`calls` are (method, number of the run or conflict)."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []
        self.previews: list[FakeUndoPreview] = []
        self.next_error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()

    def preview(
        self,
        run_id: int,
        *,
        progress: Progress = NoProgress(),  # noqa: B008
        cancel: CancelToken = CancelToken(),  # noqa: B008
    ) -> FakeUndoPreview:
        return self._look("preview", run_id, progress, cancel)

    def preview_bring_back(
        self,
        conflict_id: int,
        *,
        progress: Progress = NoProgress(),  # noqa: B008
        cancel: CancelToken = CancelToken(),  # noqa: B008
    ) -> FakeUndoPreview:
        return self._look("preview_bring_back", conflict_id, progress, cancel)

    def undo(
        self,
        run_id: int,
        *,
        trigger: Trigger = Trigger.HAND,
        preview: object = None,
        progress: Progress = NoProgress(),  # noqa: B008
        cancel: CancelToken = CancelToken(),  # noqa: B008
    ) -> RunResult:
        return self._act("undo", run_id, preview, progress, cancel)

    def bring_back(
        self,
        conflict_id: int,
        *,
        trigger: Trigger = Trigger.HAND,
        preview: object = None,
        progress: Progress = NoProgress(),  # noqa: B008
        cancel: CancelToken = CancelToken(),  # noqa: B008
    ) -> RunResult:
        return self._act("bring_back", conflict_id, preview, progress, cancel)

    def _work(self, progress: Progress, cancel: CancelToken) -> None:
        progress.phase("customers", Phase.READING, 10)
        while not self.gate.wait(0.01):
            cancel.check()
        cancel.check()
        if self.next_error is not None:
            error, self.next_error = self.next_error, None
            raise error

    def _look(self, method: str, number: int, progress: Progress, cancel: CancelToken) -> FakeUndoPreview:
        self.calls.append((method, number))
        self._work(progress, cancel)
        self.previews.append(FakeUndoPreview())
        return self.previews[-1]

    def _act(self, method: str, number: int, preview: object, progress: Progress, cancel: CancelToken) -> RunResult:
        self.calls.append((method, number))
        self._work(progress, cancel)
        assert isinstance(preview, FakeUndoPreview)
        done = len([row for row in preview.rows(listed=False) if not row.is_excluded])
        stay = preview.count(listed=True)
        preview.close()
        entity = EntityResult("customers", actions={Action.UPDATE_B: done}, failed=stay)
        outcome = Outcome.PROBLEMS if stay else Outcome.DONE
        return RunResult(99, "Customers", outcome, (entity,), undoes=number)
