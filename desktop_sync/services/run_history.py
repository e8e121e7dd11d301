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
    """Any thread. Asked every few seconds, so that only the newest run is read where nothing ran since."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._known: dict[_Key, tuple[Run, ...]] = {}
        self._lock = threading.Lock()

    def of(
        self, name: str, kinds: tuple[RunKind, ...] = SYNCHRONIZING, *, with_pushes: bool = False
    ) -> tuple[Run, ...]:
        """Newest first, of these kinds. Pushes look at single records and stand for no other run: they are left out
        unless they are asked for."""
        key = (name, kinds, with_pushes)
        with self._lock:
            known = self._known.get(key, ())
        newest = self._ask(key, 1)
        if newest == known[:1]:
            return known
        found = self._ask(key, MOST_RUNS)
        with self._lock:
            self._known[key] = found
        return found

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
