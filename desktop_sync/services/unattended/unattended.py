"""All that runs without a person: schedules, other runs, files that arrive, and real time (SPEC §8).

The window and the command line ask every few seconds what is due, and carry it out when they have room for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Protocol

from desktop_sync.core.errors import AlreadyRunningError
from desktop_sync.core.ports import UNWATCHED, CancelToken, Progress
from desktop_sync.core.push import Hint
from desktop_sync.core.run import Outcome, RunKind, RunResult, Trigger
from desktop_sync.core.unattended import Due
from desktop_sync.services.unattended.real_time import RealTimeService
from desktop_sync.services.unattended.scheduling import ScheduleService


class RunAll(Protocol):
    """Runs all records of a configuration; see `SynchronizationService`."""

    def __call__(self, name: str, *, trigger: Trigger, progress: Progress, cancel: CancelToken) -> RunResult: ...


class Runner(Protocol):
    """The part of `SynchronizationService` that is needed here."""

    @property
    def run(self) -> RunAll: ...
    @property
    def prepare(self) -> RunAll: ...
    @property
    def process(self) -> RunAll: ...


class UnattendedService:
    """Any thread."""

    def __init__(
        self, schedules: ScheduleService, real_time: RealTimeService, synchronization: Callable[[], Runner]
    ) -> None:
        self._schedules = schedules
        self._real_time = real_time
        self._synchronization = synchronization
        self._lock = threading.Lock()
        self._asked: dict[str, RunKind] = {}
        self._has_looked = False

    def start(self, only: Collection[str] = ()) -> None:
        """Entities in real time are watched until `close`: of these configurations, or of all where none is named. May
        be repeated."""
        self._real_time.start(only)

    def wait(self, seconds: float) -> None:
        """Returns when something is told, at the latest after so many seconds."""
        self._real_time.wait(seconds)

    def look(self) -> None:
        """The sources of what is in real time are looked at now, as they are every few seconds after `start`."""
        self._real_time.look()

    def close(self) -> None:
        """Nothing is watched any more. May be repeated."""
        self._real_time.close()

    @property
    def waiting(self) -> int:
        """How many records and structures that were told of wait for their run."""
        return self._real_time.waiting

    @property
    def has_news(self) -> bool:
        """Whether something was told or asked for that may be due in a moment. Costs nothing and never blocks."""
        return (bool(self._asked) and not self._has_looked) or self._real_time.has_news

    def tell(self, hints: Iterable[Hint]) -> None:
        """Something changed: the door for sources of real time besides those that are watched anyway."""
        self._real_time.tell(hints)

    def ask(self, name: str, kind: RunKind) -> None:
        """Another program wants the configuration to run as soon as it may: once, however often it asks before that. A
        run covers a prepare and a process. Kept in memory only."""
        with self._lock:
            asked = self._asked.get(name, kind)
            self._asked[name] = kind if asked is kind else RunKind.RUN
            self._has_looked = False
        self._real_time.wake()

    def due(self, now: datetime, *, with_schedules: bool = True) -> tuple[Due, ...]:
        """The runs to begin now, one of a configuration at most. Without schedules only those in real time, which costs
        next to nothing where nothing was told."""
        scheduled = self._schedules.due(now) if with_schedules else ()
        found = {due.configuration: due for due in scheduled}
        found |= {due.configuration: due for due in self._asked_for(now)}  # which stand for a scheduled one
        return (*found.values(), *(due for due in self._real_time.due(now) if due.configuration not in found))

    def _asked_for(self, now: datetime) -> list[Due]:
        """What other programs asked for and may begin now; nothing while it is paused."""
        with self._lock:
            asked = tuple(self._asked.items())
            self._has_looked = True  # what cannot begin now is looked at with the schedules
        if not asked or self._schedules.is_paused:
            return []
        return [Due(name, kind, Trigger.HTTP, now) for name, kind in asked if not self._real_time.is_busy(name)]

    def carry_out(
        self, due: Due, *, progress: Progress = UNWATCHED, cancel: CancelToken | None = None
    ) -> RunResult | None:
        """The run has ended; None where nothing was left for it, or where it waits for a secret.

        Raises what `SynchronizationService.run` raises.
        """
        token = cancel or CancelToken()
        if not self._real_time.has_secrets(due.configuration):
            return None
        if due.trigger is Trigger.PUSH:
            return self._real_time.carry_out(due, progress, token)
        if due.trigger is Trigger.HTTP:
            with self._lock:
                if self._asked.pop(due.configuration, None) is None:
                    return None
            try:
                return self._carry_out(due, progress, token)
            except AlreadyRunningError:
                self.ask(due.configuration, due.kind)
                raise
        return self._carry_out(due, progress, token)

    def _carry_out(self, due: Due, progress: Progress, token: CancelToken) -> RunResult:
        service = self._synchronization()
        if due.kind is RunKind.RUN:
            return self._run_all(service, due, progress, token)
        one = service.prepare if due.kind is RunKind.PREPARE else service.process
        return one(due.configuration, trigger=due.trigger, progress=progress, cancel=token)

    def _run_all(self, service: Runner, due: Due, progress: Progress, cancel: CancelToken) -> RunResult:
        """A run of everything, which is about all that was told until now, too (RELIABILITY K9)."""
        told = self._real_time.take_all(due.configuration)
        is_over = False
        try:
            result = service.run(due.configuration, trigger=due.trigger, progress=progress, cancel=cancel)
            is_over = result.outcome in (Outcome.DONE, Outcome.PROBLEMS)
            return result
        finally:
            if not is_over:
                self._real_time.put_back(told)
