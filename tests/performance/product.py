"""The product as a user uses it: definitions imported from a file, previewed, run. In a process of its own."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from desktop_sync.__main__ import collect_garbage_seldom
from desktop_sync.bootstrap import build_application
from desktop_sync.core.decision import Action
from desktop_sync.core.plan import Mode
from desktop_sync.core.run import EntityResult, Outcome, RunResult
from desktop_sync.services.application import Application
from tests.performance.data import fill_table, make_table
from tests.performance.workspace import CONFIGURATION, Workspace

_WARMING_RECORDS = 50


class WrongResultError(Exception):
    """The product did not do what was measured; its time means nothing."""


@contextmanager
def application_of(workspace: Workspace) -> Iterator[Application]:
    """The application over the workspace's home, the ledger open and the definitions imported."""
    collect_garbage_seldom()
    application = build_application(workspace.home)
    try:
        application.definitions.import_file(workspace.definitions)
        yield application
    finally:
        application.close()


def warm_up() -> None:
    """Everything that a run imports is imported: a few records were synchronized in every way that is measured."""
    with tempfile.TemporaryDirectory(prefix="performance-") as folder:
        workspace = Workspace(Path(folder))
        make_table(workspace.a)
        fill_table(workspace.a, _WARMING_RECORDS)
        workspace.begin_anew()
        with application_of(workspace) as application:
            for mode in (Mode.FULL, Mode.FULL, Mode.INCREMENTAL):
                application.synchronization.run(CONFIGURATION, mode=mode)
            application.synchronization.preview(CONFIGURATION).close()


def import_definitions(workspace: Workspace) -> list[float]:
    """The configuration is there, and nothing was synchronized yet."""
    with application_of(workspace):
        return []


def first(workspace: Workspace, records: int) -> list[float]:
    """Seconds of the first synchronization. B and the home must be new."""
    warm_up()
    with application_of(workspace) as application:
        seconds, result = _run(application, Mode.FULL)
        _expect(result, {Action.CREATE_B: records})
    return [seconds]


def preview(workspace: Workspace, changed: int) -> list[float]:
    """Seconds of a full preview that finds so many changes on each side."""
    warm_up()
    with application_of(workspace) as application:
        start = time.perf_counter()
        found = application.synchronization.preview(CONFIGURATION)
        seconds = time.perf_counter() - start
        try:
            counts = {action: number for action, number in found.plan.entities[0].counts.items() if number}
        finally:
            found.close()
        _equal(counts, {Action.UPDATE_B: changed, Action.UPDATE_A: changed})
    return [seconds]


def compare(workspace: Workspace, changed: int) -> list[float]:
    """Seconds of a full run that finds and writes so many changes on each side."""
    warm_up()
    with application_of(workspace) as application:
        seconds, result = _run(application, Mode.FULL)
        _expect(result, {Action.UPDATE_B: changed, Action.UPDATE_A: changed})
    return [seconds]


def incremental(workspace: Workspace, times: int) -> list[float]:
    """Seconds of each of several incremental runs that find nothing to do."""
    warm_up()
    found = []
    with application_of(workspace) as application:
        for _ in range(times):
            seconds, result = _run(application, Mode.INCREMENTAL)
            _expect(result, {})
            found.append(seconds)
    return found


def _run(application: Application, mode: Mode) -> tuple[float, RunResult]:
    start = time.perf_counter()
    result = application.synchronization.run(CONFIGURATION, mode=mode)
    return time.perf_counter() - start, result


def _expect(result: RunResult, actions: dict[Action, int]) -> None:
    if result.outcome is not Outcome.DONE:
        raise WrongResultError(f"the run ended as {result.outcome.value}: {result.error} {_problems(result.entities)}")
    _equal({action: number for action, number in result.entities[0].actions.items() if number}, actions)


def _problems(entities: tuple[EntityResult, ...]) -> list[str]:
    return [problem for entity in entities for problem in entity.problems[:3]]


def _equal(found: dict[Action, int], wanted: dict[Action, int]) -> None:
    if found != wanted:
        raise WrongResultError(f"expected {_named(wanted)}, not {_named(found)}")


def _named(actions: dict[Action, int]) -> dict[str, int]:
    return {action.name: number for action, number in actions.items()}
