"""Whatever comes of a run is written down as its result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.core.error_text import sentence
from desktop_sync.core.errors import CancelledError, DesktopSyncError
from desktop_sync.core.ledger_port import RunStore
from desktop_sync.core.run import Outcome, RunResult


@contextmanager
def recorded(ledger: RunStore, configuration: SyncConfiguration, run_id: int) -> Iterator[list[RunResult]]:
    """Whatever happens inside is written down as the run's result."""
    results: list[RunResult] = []
    try:
        yield results
    except CancelledError:
        results.append(RunResult(run_id, configuration.name, Outcome.CANCELLED))
    except DesktopSyncError as error:
        failed = RunResult(run_id, configuration.name, Outcome.FAILED, error=sentence(error))
        ledger.finish_run(run_id, failed)
        raise
    ledger.finish_run(run_id, results[-1])
