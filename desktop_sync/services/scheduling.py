"""When configurations run by themselves (SPEC §8)."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Protocol

from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.ledger_port import DefinitionStore, FollowUpStore, RunStore
from desktop_sync.core.ports import Clock
from desktop_sync.core.run import Outcome, Run, RunKind
from desktop_sync.core.schedule import Schedule, ScheduleKind, next_due_at
from desktop_sync.services.local_zone import LocalZone
from desktop_sync.services.schedule_file import Remembered, ScheduleFile, Since

LOOKED_AT_RUNS = 20
SHORTEST_BACK_OFF = timedelta(minutes=1)
LONGEST_BACK_OFF = timedelta(hours=1)
_COUNTING = (RunKind.RUN, RunKind.PROCESS, RunKind.PREPARE)


class ScheduleStore(DefinitionStore, RunStore, FollowUpStore, Protocol):
    """The part of the ledger that schedules look at."""


class ScheduleService:
    """Says what is due; somebody else runs it. Any thread.

    A configuration is due once for all the runs that were missed while the machine slept or the program was closed.
    After failed runs, and after runs that a guard stopped, the next one waits longer and longer, up to an hour or the
    schedule's own step. One whose sibling wrote to a structure that both synchronize is due at once, to follow it
    (SPEC §7). A schedule that was just set or edited does not make up for times before that.
    """

    def __init__(self, store: ScheduleStore, clock: Clock, home: Path, zone: tzinfo | None = None) -> None:
        self._store = store
        self._clock = clock
        self._file = ScheduleFile(home)
        self._zone = zone or LocalZone()
        self._lock = threading.Lock()

    def next_run_at(self, name: str) -> datetime | None:
        """In UTC; at or before now means as soon as possible. None without a schedule, disabled, or paused without end.

        Raises ConfigurationError for an unusable schedule.
        """
        configuration = next((item for item in self._store.configurations() if item.name == name), None)
        remembered = self._file.read()
        now = self._clock.now()
        if configuration is None:
            return None
        due = self._due_at(configuration, remembered, now)
        if due is None or not self._is_paused(remembered, now):
            return due
        return max(due, remembered.paused_until) if remembered.paused_until else None

    def due(self, now: datetime) -> tuple[str, ...]:
        """Names of the configurations to run now, the longest waiting first. Called every few seconds by the window.

        Also remembers since when each schedule holds. A configuration with an unusable schedule is left out; the check
        of the configuration says so.
        """
        remembered = self._remember_schedules(now)
        if self._is_paused(remembered, now):
            return ()
        waiting: list[tuple[datetime, str]] = []
        for configuration in self._store.configurations():
            try:
                due = self._due_at(configuration, remembered, now)
            except ConfigurationError:
                continue
            if due is not None and due <= now and not self._store.is_held(configuration.name):
                waiting.append((due, configuration.name))
        return tuple(name for _, name in sorted(waiting))

    def pause(self, until: datetime | None) -> None:
        """Nothing is due before `until`, or before `resume` where it is None; remembered over a restart.

        Raises OSError when that cannot be written down.
        """
        with self._lock:
            self._file.write(replace(self._file.read(), is_paused=True, paused_until=until))

    def resume(self) -> None:
        """Schedules go on; what was missed meanwhile is due once."""
        with self._lock:
            self._file.write(replace(self._file.read(), is_paused=False, paused_until=None))

    @property
    def is_paused(self) -> bool:
        return self._is_paused(self._file.read(), self._clock.now())

    @property
    def paused_until(self) -> datetime | None:
        """None while not paused, and while paused without an end."""
        remembered = self._file.read()
        return remembered.paused_until if self._is_paused(remembered, self._clock.now()) else None

    @staticmethod
    def _is_paused(remembered: Remembered, now: datetime) -> bool:
        return remembered.is_paused and (remembered.paused_until is None or now < remembered.paused_until)

    def _due_at(self, configuration: SyncConfiguration, remembered: Remembered, now: datetime) -> datetime | None:
        schedule = configuration.schedule
        if not configuration.enabled or schedule.kind is ScheduleKind.MANUAL:
            return None
        runs = [run for run in self._store.runs(configuration.name, LOOKED_AT_RUNS) if run.kind in _COUNTING]
        last = runs[0].started_at if runs else None
        reference = last
        if schedule.kind is not ScheduleKind.INTERVAL:
            since = remembered.since.get(configuration.name)
            start = since.at if since and since.schedule == schedule_text(schedule) else now
            reference = max(start, last) if last is not None and last <= now else start
        due = next_due_at(schedule, reference, now, self._zone, next_cron)
        follow_up = self._store.follow_ups().get(configuration.name)
        if follow_up is not None:
            due = follow_up.due_since if due is None else min(due, follow_up.due_since)
        failures = _failures(runs)
        if due is None or not failures or last is None or last > now:
            return due
        return max(due, (runs[0].ended_at or last) + back_off(schedule, failures))

    def _remember_schedules(self, now: datetime) -> Remembered:
        with self._lock:
            remembered = self._file.read()
            since = {
                item.name: known
                if (known := remembered.since.get(item.name)) and known.schedule == schedule_text(item.schedule)
                else Since(schedule_text(item.schedule), now)
                for item in self._store.configurations()
                if item.enabled and item.schedule.kind is not ScheduleKind.MANUAL
            }
            changed = replace(remembered, since=since)
            if changed != remembered:
                try:
                    self._file.write(changed)
                except OSError:
                    pass  # times are then counted from this look on: a run may come late, never twice
            return changed


def back_off(schedule: Schedule, failures: int) -> timedelta:
    """How long to wait after that many failed runs in a row: doubling, up to an hour or the schedule's own step."""
    step = timedelta(minutes=schedule.interval_minutes) if schedule.kind is ScheduleKind.INTERVAL else timedelta()
    doubled: timedelta = max(step, SHORTEST_BACK_OFF) * (1 << min(failures, 16))
    return min(doubled, max(step, LONGEST_BACK_OFF))


def _failures(runs: list[Run]) -> int:
    count = 0
    for run in runs:
        if run.outcome not in (Outcome.FAILED, Outcome.GUARD):
            break
        count += 1
    return count


def schedule_text(schedule: Schedule) -> str:
    """The same text exactly for equal schedules."""
    times = ",".join(time.isoformat() for time in schedule.times)
    days = ",".join(str(day) for day in schedule.weekdays)
    return f"{schedule.kind.value};{schedule.interval_minutes};{times};{days};{schedule.cron}"


def next_cron(expression: str, after: datetime) -> datetime:
    """The next time after an aware local time at which a cron expression of five fields fires.

    Raises ConfigurationError for an expression that is none, or that never fires.
    """
    from cronsim import CronSim, CronSimError  # where it is used: most configurations have no cron expression

    if len(expression.split()) != 5:
        raise ConfigurationError(
            f'"{expression}" is no cron expression: it has five fields (minute hour day month weekday)',
            path="schedule.cron",
        )
    try:
        return next(CronSim(expression, after))
    except (CronSimError, StopIteration) as error:
        reason = str(error) or "it never comes"
        raise ConfigurationError(f'"{expression}" is no cron expression ({reason})', path="schedule.cron") from None
