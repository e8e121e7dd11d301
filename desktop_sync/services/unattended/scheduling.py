"""When configurations run by themselves: schedules, and runs that follow other runs or files (SPEC §8)."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Protocol

from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.ledger_port import DefinitionStore, FollowUpStore, RunStore
from desktop_sync.core.ledger_values import FollowUp
from desktop_sync.core.ports import Clock
from desktop_sync.core.run import Run, RunKind, Trigger
from desktop_sync.core.schedule import IDLE_RUNS, Schedule, ScheduleKind, next_due_at
from desktop_sync.core.triggers import AfterRun
from desktop_sync.core.unattended import NOTHING_AHEAD, OUTCOMES, Due, Outlook
from desktop_sync.services.unattended.file_arrivals import FileArrivals
from desktop_sync.services.unattended.local_zone import LocalZone
from desktop_sync.services.unattended.run_history import RunHistory, failures, idle_runs
from desktop_sync.services.unattended.schedule_file import PROCESS, RUN, TRIGGERS, Remembered, ScheduleFile, Since

SHORTEST_BACK_OFF = timedelta(minutes=1)
LONGEST_BACK_OFF = timedelta(hours=1)

_ORDER = (RunKind.RUN, RunKind.PREPARE, RunKind.PROCESS)


class ScheduleStore(DefinitionStore, RunStore, FollowUpStore, Protocol):
    """The part of the ledger that schedules look at."""


class Presence(Protocol):
    """Says what an endpoint of a configuration needs and lacks now."""

    def waits_for(self, configuration: SyncConfiguration) -> str:
        """A sentence for people; empty where nothing is missing. Cheap; never raises for an endpoint."""


class ScheduleService:
    """Says what is due; somebody else runs it. Any thread.

    A configuration is due once for all the runs that were missed while the machine slept or the program was closed.
    After failed runs, and after runs that a guard stopped, the next one waits longer and longer, up to an hour or the
    schedule's own step. One whose sibling wrote to a structure that both synchronize is due at once, to follow it
    (SPEC §7). A schedule or trigger that was just set or edited does not make up for times before that. What lacks the
    network, or the drive that its files are on, waits for it without failing.
    """

    def __init__(
        self,
        store: ScheduleStore,
        clock: Clock,
        home: Path,
        zone: tzinfo | None = None,
        presence: Presence | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._file = ScheduleFile(home)
        self._zone = zone or LocalZone()
        self._presence = presence
        self._history = RunHistory(store)
        self._arrivals = FileArrivals(home)
        self._lock = threading.Lock()

    def next_run_at(self, name: str) -> datetime | None:
        """In UTC; at or before now means as soon as possible. None without a schedule, disabled, or paused without end.

        Raises ConfigurationError for an unusable schedule.
        """
        return self.outlook(name).at

    def outlook(self, name: str) -> Outlook:
        """What the configuration will do by itself next. Raises ConfigurationError for an unusable schedule."""
        configuration = next((item for item in self._store.configurations() if item.name == name), None)
        if configuration is None:
            return NOTHING_AHEAD
        self._history.refresh()
        return self._outlook(configuration, self._file.read(), self._clock.now(), self._store.follow_ups())

    def outlooks(self, configurations: Iterable[SyncConfiguration]) -> Mapping[str, Outlook]:
        """The same of many, by name; nothing is ahead of one with an unusable schedule, whose check says so."""
        remembered, now, follow_ups = self._file.read(), self._clock.now(), self._store.follow_ups()
        self._history.refresh()
        found = {}
        for configuration in configurations:
            try:
                found[configuration.name] = self._outlook(configuration, remembered, now, follow_ups)
            except ConfigurationError:
                found[configuration.name] = NOTHING_AHEAD
        return found

    def _outlook(
        self,
        configuration: SyncConfiguration,
        remembered: Remembered,
        now: datetime,
        follow_ups: Mapping[str, FollowUp],
    ) -> Outlook:
        is_paused = self._is_paused(remembered, now)
        if is_paused and remembered.paused_until is None:
            return NOTHING_AHEAD
        wanted = list(self._wanted(configuration, remembered, now, follow_ups))
        if is_paused and remembered.paused_until is not None:
            wanted = [replace(due, at=max(due.at, remembered.paused_until)) for due in wanted]
        following = min(wanted, key=_rank, default=None)
        if following is None:
            return NOTHING_AHEAD
        process_at = next((due.at for due in wanted if due.kind is RunKind.PROCESS), None)
        return Outlook(
            following,
            process_at,
            self._waits_for(configuration) if following.at <= now else "",
            self._idle(configuration) if following.at > now and following.kind is not RunKind.PROCESS else 0,
        )

    def due(self, now: datetime) -> tuple[Due, ...]:
        """The runs to begin now, one of a configuration at most, the longest waiting first. Asked every few seconds.

        Also remembers since when each schedule holds and which files have arrived. A configuration with an unusable
        schedule is left out; the check of the configuration says so.
        """
        configurations = self._store.configurations()
        self._history.refresh()
        remembered = self._remember_schedules(configurations, now)
        self._arrivals.look(configurations, now, lambda name: _number(self._last(name, RunKind.RUN)))
        if self._is_paused(remembered, now):
            return ()
        follow_ups = self._store.follow_ups()
        waiting: list[Due] = []
        for configuration in configurations:
            try:
                wanted = [due for due in self._wanted(configuration, remembered, now, follow_ups) if due.at <= now]
            except ConfigurationError:
                continue
            if wanted and not self._store.is_held(configuration.name) and not self._waits_for(configuration):
                waiting.append(min(wanted, key=lambda due: _ORDER.index(due.kind)))
        return tuple(sorted(waiting, key=lambda due: (due.at, due.configuration)))

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

    def _waits_for(self, configuration: SyncConfiguration) -> str:
        return "" if self._presence is None else self._presence.waits_for(configuration)

    def _idle(self, configuration: SyncConfiguration) -> int:
        """So many runs found nothing, where the schedule waits longer for that; else 0."""
        schedule = configuration.schedule
        if schedule.kind is not ScheduleKind.INTERVAL or schedule.longest_idle_minutes <= schedule.interval_minutes:
            return 0
        idle = idle_runs(self._history.of(configuration.name, _kinds(main_kind(configuration))))
        return idle if idle >= IDLE_RUNS else 0

    def _wanted(
        self,
        configuration: SyncConfiguration,
        remembered: Remembered,
        now: datetime,
        follow_ups: Mapping[str, FollowUp],
    ) -> Iterator[Due]:
        """Each kind of run that something wants, and from when on."""
        if not configuration.enabled:
            return
        name, main = configuration.name, main_kind(configuration)
        yield from self._scheduled(configuration, main, configuration.schedule, remembered.since(RUN, name), now)
        if configuration.process_schedule is not None:
            since = remembered.since(PROCESS, name)
            yield from self._scheduled(configuration, RunKind.PROCESS, configuration.process_schedule, since, now)
        follow_up = follow_ups.get(name)
        if follow_up is not None and configuration.schedule.kind is not ScheduleKind.MANUAL:
            last = self._last(name, main)
            # What was only prepared is followed when it is processed: it is not prepared for that again and again.
            if main is RunKind.RUN or last is None or last.started_at < follow_up.due_since:
                due = Due(name, main, Trigger.SCHEDULE, min(follow_up.due_since, now))
                yield self._held_back(due, configuration.schedule, now)
        yield from self._triggered(configuration, remembered, now)

    def _scheduled(
        self, configuration: SyncConfiguration, kind: RunKind, schedule: Schedule, since: Since | None, now: datetime
    ) -> Iterator[Due]:
        runs = self._history.of(configuration.name, _kinds(kind))
        last = runs[0].started_at if runs else None
        reference, idle = last, 0
        if schedule.kind is ScheduleKind.INTERVAL:
            idle = idle_runs(runs) if schedule.longest_idle_minutes else 0
        elif schedule.kind is not ScheduleKind.MANUAL:
            start = since.at if since is not None and since.text == schedule_text(schedule) else now
            reference = max(start, last) if last is not None and last <= now else start
        at = next_due_at(schedule, reference, now, self._zone, next_cron, idle)
        if at is not None:
            yield self._held_back(Due(configuration.name, kind, Trigger.SCHEDULE, at), schedule, now)

    def _triggered(self, configuration: SyncConfiguration, remembered: Remembered, now: datetime) -> Iterator[Due]:
        """Runs after other runs, and after the arrival of files."""
        name = configuration.name
        last = self._last(name, RunKind.RUN)
        since = remembered.since(TRIGGERS, name)
        if since is not None and since.text == triggers_text(configuration):
            for after in configuration.after_runs:
                ended = self._ended(after, last, since, now)
                if ended is not None:
                    due = Due(name, RunKind.RUN, Trigger.AFTER_RUN, min(ended, now))
                    yield self._held_back(due, configuration.schedule, now)
        arrived = self._arrivals.arrived(name, _number(last))
        if arrived is not None:
            yield self._held_back(Due(name, RunKind.RUN, Trigger.FILE, min(arrived, now)), configuration.schedule, now)

    def _ended(self, after: AfterRun, last: Run | None, since: Since, now: datetime) -> datetime | None:
        """When the other configuration's run ended that no run followed yet."""
        for run in self._history.of(after.configuration, with_pushes=True):
            ended = run.ended_at
            if ended is None or run.kind is RunKind.PREPARE or run.outcome not in OUTCOMES[after.outcome]:
                continue
            if run.trigger is Trigger.PUSH and run.result is not None and run.result.found_nothing:
                continue
            if ended < since.at:
                return None
            # Numbers tell the order even where the clock jumped; a run may also have begun while the other one went on.
            is_later = last is None or run.id > last.id or last.started_at < ended <= now
            return ended if is_later else None
        return None

    def _held_back(self, due: Due, schedule: Schedule, now: datetime) -> Due:
        """Later, where the last runs failed."""
        runs = self._history.of(due.configuration)
        count = failures(runs)
        if not count or runs[0].started_at > now:
            return due
        again = (runs[0].ended_at or runs[0].started_at) + back_off(schedule, count)
        return replace(due, at=max(due.at, again))

    def _last(self, name: str, kind: RunKind) -> Run | None:
        runs = self._history.of(name, _kinds(kind))
        return runs[0] if runs else None

    def _remember_schedules(self, configurations: tuple[SyncConfiguration, ...], now: datetime) -> Remembered:
        with self._lock:
            remembered = self._file.read()
            changed = remembered.holding(
                {what: {item.name: text for item in configurations if (text := _text(what, item))} for what in _WHAT},
                now,
            )
            if changed != remembered:
                try:
                    self._file.write(changed)
                except OSError:
                    pass  # times are then counted from this look on: a run may come late, never twice
            return changed


_WHAT = (RUN, PROCESS, TRIGGERS)


def _rank(due: Due) -> tuple[datetime, int]:
    return due.at, _ORDER.index(due.kind)


def _number(run: Run | None) -> int:
    return 0 if run is None else run.id


def main_kind(configuration: SyncConfiguration) -> RunKind:
    """What the schedule of a configuration starts."""
    return RunKind.RUN if configuration.process_schedule is None else RunKind.PREPARE


def _kinds(kind: RunKind) -> tuple[RunKind, ...]:
    """The kinds of run that do what a run of this kind does."""
    return (kind,) if kind is RunKind.RUN else (RunKind.RUN, kind)


def _text(what: str, configuration: SyncConfiguration) -> str:
    """What holds of a configuration, as a text; empty where there is nothing."""
    if not configuration.enabled:
        return ""
    if what == TRIGGERS:
        return triggers_text(configuration)
    schedule = configuration.schedule if what == RUN else configuration.process_schedule
    return "" if schedule is None or schedule.kind is ScheduleKind.MANUAL else schedule_text(schedule)


def back_off(schedule: Schedule, failures: int) -> timedelta:
    """How long to wait after that many failed runs in a row: doubling, up to an hour or the schedule's own step."""
    step = timedelta(minutes=schedule.interval_minutes) if schedule.kind is ScheduleKind.INTERVAL else timedelta()
    doubled: timedelta = max(step, SHORTEST_BACK_OFF) * (1 << min(failures, 16))
    return min(doubled, max(step, LONGEST_BACK_OFF))


def schedule_text(schedule: Schedule) -> str:
    """The same text exactly for schedules with the same times."""
    times = ",".join(time.isoformat() for time in schedule.times)
    days = ",".join(str(day) for day in schedule.weekdays)
    return f"{schedule.kind.value};{schedule.interval_minutes};{times};{days};{schedule.cron}"


def triggers_text(configuration: SyncConfiguration) -> str:
    """The same text exactly for equal conditions on other runs; empty without any."""
    return ";".join(f"{after.outcome.value} {after.configuration}" for after in configuration.after_runs)


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
