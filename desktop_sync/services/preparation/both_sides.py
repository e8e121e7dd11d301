"""Both sides of an entity read and measured at the same time.

A read gives one batch after the other, and measuring one side leaves processors idle while it waits for the next. Of
many records the other side is therefore read meanwhile, by a session of its own in the workbench.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from desktop_sync.core.configuration import Side
from desktop_sync.engine.sides import SideRead
from desktop_sync.engine.workbench import Workbench

TOGETHER_FROM = 20_000
"""Peers from which it is worth a thread."""


class OtherSideFailedError(Exception):
    """Ends the read of a side whose result nobody wants any more."""


class BothSides:
    """The reads of both sides; each calls `check` between its batches. One use."""

    def __init__(self) -> None:
        self._is_over = threading.Event()

    def check(self) -> None:
        """Raises OtherSideFailedError when the other side's read failed."""
        if self._is_over.is_set():
            raise OtherSideFailedError

    def load(self, bench: Workbench, load: Callable[[Side, Workbench], SideRead]) -> dict[Side, SideRead]:
        """What `load` gives for each side, called in two threads. Raises what it raised first; the other one has ended
        by then."""
        with bench.beside() as other, ThreadPoolExecutor(1, thread_name_prefix="other-side") as pool:
            later = pool.submit(self._guarded, load, Side.B, other)
            try:
                first = self._guarded(load, Side.A, bench)
            except OtherSideFailedError:
                later.result()
                raise
            return {Side.A: first, Side.B: later.result()}

    def _guarded(self, load: Callable[[Side, Workbench], SideRead], side: Side, bench: Workbench) -> SideRead:
        try:
            return load(side, bench)
        except BaseException:
            self._is_over.set()
            raise
