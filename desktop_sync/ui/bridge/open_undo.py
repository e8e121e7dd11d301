"""The preview of an undo as the window uses it: from many jobs, but from one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_sync.core.guard import GuardFinding
from desktop_sync.core.ports import CancelToken, Progress
from desktop_sync.core.run import RunResult
from desktop_sync.core.undo import UndoRow

if TYPE_CHECKING:
    from desktop_sync.services.undo.undo_preview import UndoPreview

Look = Callable[[Progress, CancelToken], "UndoPreview"]
CarryOut = Callable[["UndoPreview", Progress, CancelToken], RunResult]


@dataclass(frozen=True, slots=True)
class UndoTally:
    """How many records are undone, and how many stay as they are for a reason; those left out count in neither."""

    undone: int
    listed: int
    left_out: int = 0


class OpenUndo:
    """Holds no Qt object. Methods block while another job uses the preview; call them in workers."""

    def __init__(self, preview: UndoPreview) -> None:
        self._preview = preview
        self._lock = threading.Lock()
        self._left_out: set[tuple[str, int]] = set()
        self._is_closed = False
        self.findings: tuple[GuardFinding, ...] = preview.findings()
        self.notes: tuple[str, ...] = preview.notes()
        self.first = UndoTally(preview.count(listed=False), preview.count(listed=True))

    def hand_on(self) -> UndoPreview:
        """For the undo that carries it out, and closes it; nothing is read from it here any more."""
        with self._lock:
            self._is_closed = True
            return self._preview

    def rows(self, *, listed: bool, offset: int, limit: int) -> list[UndoRow]:
        with self._lock:
            return [] if self._is_closed else self._preview.rows(listed=listed, offset=offset, limit=limit)

    def count(self, *, listed: bool) -> int:
        with self._lock:
            return 0 if self._is_closed else self._preview.count(listed=listed)

    def exclude(self, entity: str, numbers: Sequence[int], excluded: bool) -> UndoTally:
        """The rows do not, or do again, take part; the counts after it."""
        with self._lock:
            self._preview.exclude(entity, numbers, excluded)
            changed = {(entity, number) for number in numbers}
            self._left_out = self._left_out | changed if excluded else self._left_out - changed
            left_out = len(self._left_out)
            return UndoTally(self.first.undone - left_out, self.first.listed, left_out)

    def close(self) -> None:
        """Closed as soon as nobody uses it. May be repeated."""
        with self._lock:
            self._is_closed = True
            self._preview.close()
