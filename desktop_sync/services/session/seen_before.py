"""What the incremental reads of the last run gave, so that a run that reads just the same need not plan.

An incremental read goes back behind its watermark, so it gives the newest records again and again. Where they are what
they were, to the last value, there is nothing to compare. Remembered by this program only, and only until anything else
runs for the configuration.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from desktop_sync.core.configuration import Side, SyncConfiguration
from desktop_sync.core.ledger_port import RunStore
from desktop_sync.core.run import Outcome, RunResult

MOST_RECORDS = 1000
"""More than that is compared as it is."""

Contents = Mapping[tuple[str, Side], bytes]
"""A digest of what was read, by entity and side."""


@dataclass(frozen=True, slots=True)
class _Seen:
    run_id: int
    version: int
    contents: Contents


class SeenBefore:
    """Any thread."""

    def __init__(self, runs: RunStore) -> None:
        self._runs = runs
        self._seen: dict[str, _Seen] = {}
        self._lock = threading.Lock()

    def of(self, configuration: SyncConfiguration, run_id: int) -> Contents:
        """What was read by the run before this one; nothing where that is not known to hold still."""
        with self._lock:
            seen = self._seen.pop(configuration.name, None)
        before = [run.id for run in self._runs.runs(configuration.name, limit=2) if run.id != run_id]
        if seen is None or before[:1] != [seen.run_id] or seen.version != configuration.version:
            return {}
        return seen.contents

    def remember(self, configuration: SyncConfiguration, run_id: int, contents: Contents, result: RunResult) -> None:
        """The run read this. Only what was carried out completely is worth remembering."""
        if contents and result.outcome is Outcome.DONE:
            with self._lock:
                self._seen[configuration.name] = _Seen(run_id, configuration.version, dict(contents))
