"""What a job shares with its worker: progress that is told there and read here, and the wish to stop. Free of Qt."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from desktop_sync.core.ports import Phase
from desktop_sync.ui.bridge.pausing import PausableToken


@dataclass(frozen=True, slots=True)
class ProgressState:
    """One look at a job. `total` is None where it is not known; `seconds` are those of the phase so far. `is_resting`:
    it is paused. `failed`: records that could not be written, in all phases so far."""

    entity: str = ""
    phase: Phase = Phase.OPENING
    done: int = 0
    total: int | None = None
    seconds: float = 0.0
    is_resting: bool = False
    failed: int = 0

    @property
    def records_per_s(self) -> float:
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """None where nothing can be said yet."""
        if self.total is None or self.done <= 0 or self.seconds < 1:
            return None
        return max(0, self.total - self.done) / self.records_per_s


class SharedProgress:
    """A `core.ports.Progress` that keeps the latest state. Told by one worker, read by the window's thread.

    State is replaced as a whole, never changed in place, so a reader needs no lock.
    """

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._monotonic_s = monotonic_s
        self.is_resting: Callable[[], bool] = _never
        self._told: tuple[str, Phase, int, int | None, float] | None = None
        self._failed = 0

    def phase(self, entity: str, phase: Phase, total: int | None = None) -> None:
        self._told = (entity, phase, 0, total, self._monotonic_s())

    def advance(self, records: int) -> None:
        if self._told is not None:
            entity, phase, done, total, since = self._told
            self._told = (entity, phase, done + records, total, since)

    def fail(self, records: int) -> None:
        self._failed += records

    def skip(self, seconds: float) -> None:
        """So long nothing was to be done: it counts neither for the rate nor for the time that is left."""
        if self._told is not None:
            entity, phase, done, total, since = self._told
            self._told = (entity, phase, done, total, since + seconds)

    def state(self) -> ProgressState | None:
        """None before the first phase."""
        told = self._told
        if told is None:
            return None
        entity, phase, done, total, since = told
        seconds = max(0.0, self._monotonic_s() - since)
        return ProgressState(entity, phase, done, total, seconds, self.is_resting(), self._failed)


def _never() -> bool:
    return False


class JobControl:
    """Made before the job, handed to its function, kept by the window."""

    __slots__ = ("cancel", "progress")

    def __init__(self) -> None:
        self.progress = SharedProgress()
        self.cancel = PausableToken(time.monotonic, self.progress.skip)
        self.progress.is_resting = lambda: self.cancel.is_resting
