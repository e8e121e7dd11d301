"""The wish to stop or to pause, for work of the window."""

from __future__ import annotations

import threading
from collections.abc import Callable

from desktop_sync.core.ports import CancelToken

KEEP_S = 1.0
"""How often what must be kept alive during a pause is looked after."""


class PausableToken(CancelToken):
    """Set by the window's thread, looked at by the work. `after_rest` is told how many seconds a pause took."""

    __slots__ = ("_after_rest", "_goes_on", "_monotonic_s", "is_resting")

    def __init__(self, monotonic_s: Callable[[], float], after_rest: Callable[[float], None]) -> None:
        super().__init__()
        self._monotonic_s = monotonic_s
        self._after_rest = after_rest
        self._goes_on = threading.Event()
        self._goes_on.set()
        self.is_resting = False

    def pause(self) -> None:
        """The work rests at its next safe point. May be repeated."""
        if not self.is_cancelled:
            self._goes_on.clear()

    def go_on(self) -> None:
        """It does not, or goes on. May be repeated."""
        self._goes_on.set()

    def cancel(self) -> None:
        super().cancel()
        self._goes_on.set()

    @property
    def is_paused(self) -> bool:
        return not self._goes_on.is_set()

    def rest(self, keep: Callable[[], None]) -> None:
        began_s = self._monotonic_s()
        self.is_resting = self.is_paused
        try:
            while not self._goes_on.wait(KEEP_S):
                keep()
        finally:
            self.is_resting = False
            self._after_rest(self._monotonic_s() - began_s)
