"""Whatever comes of a run is written down: its result, and who is to follow what it wrote (SPEC §7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Protocol

from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.core.error_text import sentence
from desktop_sync.core.errors import CancelledError, LedgerError
from desktop_sync.core.ledger_port import RunStore
from desktop_sync.core.run import EntityResult, Outcome, RunResult
from desktop_sync.services.running.group_running import GroupStore, Written, note_run


class RecordedRuns(RunStore, GroupStore, Protocol):
    """The part of the ledger that the record of a run needs."""


@contextmanager
def recorded(
    store: RecordedRuns,
    configuration: SyncConfiguration,
    run_id: int,
    *,
    looked_at: datetime | None = None,
    undoes: int | None = None,
) -> Iterator[list[RunResult]]:
    """The last result that is put into the list is the run's. A cancel is a result too and ends here; every other
    error, also one that nobody foresaw, is recorded with its sentence and goes on to whoever asked for the run. Of both
    the counts are those of the last result until then.

    `looked_at` as in `note_run`; `undoes`: the run that this one undoes.
    """
    results: list[RunResult] = []
    left_open: Written = ()
    try:
        left_open = store.written_by(run_id)
        yield results
    except CancelledError:
        results.append(RunResult(run_id, configuration.name, Outcome.CANCELLED, _counts(results), undoes=undoes))
    except Exception as error:
        said = sentence(error)
        failed = RunResult(run_id, configuration.name, Outcome.FAILED, _counts(results), error=said, undoes=undoes)
        # A ledger that cannot be written either: what went wrong first is what a person must hear of. The next start
        # closes the run.
        with suppress(LedgerError):
            _keep(store, configuration, run_id, failed, left_open, None)
        raise
    _keep(store, configuration, run_id, results[-1], left_open, looked_at)


def _counts(results: Sequence[RunResult]) -> tuple[EntityResult, ...]:
    return results[-1].entities if results else ()


def _keep(
    store: RecordedRuns,
    configuration: SyncConfiguration,
    run_id: int,
    result: RunResult,
    left_open: Written,
    looked_at: datetime | None,
) -> None:
    # In this order: a program that dies in between leaves a run that the next start finds cut off, and marks again.
    note_run(store, configuration, result, {*left_open, *store.written_by(run_id)}, looked_at)
    store.finish_run(run_id, result)
