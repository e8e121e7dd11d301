"""The last runs of configurations, as far as they say when the next one is due."""

from __future__ import annotations

import threading
from collections.abc import Collection

from desktop_sync.core.ledger_port import RunStore
from desktop_sync.core.run import Outcome, Run, RunKind, Trigger

MOST_RUNS = 20
"""Further back nobody looks: as many failures, or runs that found nothing, are as good as more."""

SYNCHRONIZING = (RunKind.RUN, RunKind.PROCESS, RunKind.PREPARE)

_Key = tuple[str, tuple[RunKind, ...], bool]


class RunHistory:
    """Any thread. Asked every few seconds: where no run began or ended since, nothing of them is read again."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._marks: object = None
        self._known: dict[_Key, tuple[Run, ...]] = {}
        self._lock = threading.Lock()

    def refresh(self) -> None:
        """What is said from now on holds now."""
        marks = self._store.run_marks()
        with self._lock:
            if marks != self._marks:
                self._known.clear()
                self._marks = marks

    def of(
        self, name: str, kinds: tuple[RunKind, ...] = SYNCHRONIZING, *, with_pushes: bool = False
    ) -> tuple[Run, ...]:
        """Newest first, of these kinds, as of the last `refresh`. Pushes, and runs of chosen records, stand for no
        other run: they are left out unless they are asked for."""
        key = (name, kinds, with_pushes)
        with self._lock:
            known, marks = self._known.get(key), self._marks
        if known is not None:
            return known
        found = self._ask(key, MOST_RUNS)
        counting = tuple(run for run in found if with_pushes or run.result is None or not run.result.is_partial)
        with self._lock:
            if marks == self._marks:
                self._known[key] = counting
        return counting

    def _ask(self, key: _Key, limit: int) -> tuple[Run, ...]:
        name, kinds, with_pushes = key
        return tuple(self._store.runs(name, limit, kinds=kinds, without=() if with_pushes else (Trigger.PUSH,)))


def failures(runs: Collection[Run]) -> int:
    """How many of the newest runs in a row failed, or were stopped by a guard."""
    count = 0
    for run in runs:
        if run.outcome not in (Outcome.FAILED, Outcome.GUARD):
            break
        count += 1
    return count


def idle_runs(runs: Collection[Run]) -> int:
    """How many of the newest runs in a row found nothing to do."""
    count = 0
    for run in runs:
        if run.result is None or not run.result.found_nothing:
            break
        count += 1
    return count
