"""A schedule service over a store in memory, whose clock and runs a test sets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.core.decision import Action
from desktop_sync.core.run import EntityResult, Outcome, Run, RunKind, RunResult, Trigger
from desktop_sync.core.schedule import Schedule, ScheduleKind
from desktop_sync.services.unattended.scheduling import ScheduleService
from tests.support.memory_provider import MemoryStore, SetClock
from tests.support.shop_and_crm import customers

VIENNA = ZoneInfo("Europe/Vienna")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EVERY_10 = Schedule(ScheduleKind.INTERVAL, interval_minutes=10)
DAILY_SIX = Schedule(ScheduleKind.DAILY, times=(time(6, 0),))


class Lacking:
    """What endpoints lack, as a sentence; empty while nothing is missing."""

    sentence = ""

    def waits_for(self, configuration: SyncConfiguration) -> str:
        return self.sentence


class Desk:
    def __init__(self, home: Path, schedule: Schedule) -> None:
        self.home = home
        self.store = MemoryStore()
        self.clock = SetClock(NOON)
        self.lacking = Lacking()
        self.set(schedule)
        self.open()

    def open(self) -> None:
        self.service = ScheduleService(self.store, self.clock, self.home, VIENNA, self.lacking)  # type: ignore[arg-type]

    def set(self, schedule: Schedule, enabled: bool = True, **changes: object) -> None:
        changed = replace(customers(), schedule=schedule, enabled=enabled, **changes)  # type: ignore[arg-type]
        self.store.save_configuration(changed)

    def wants(self, when: datetime) -> list[tuple[str, RunKind, Trigger]]:
        self.clock.at = when
        return [(due.configuration, due.kind, due.trigger) for due in self.service.due(when)]

    def at(self, when: datetime) -> tuple[str, ...]:
        self.clock.at = when
        return tuple(due.configuration for due in self.service.due(when))

    def ran(
        self,
        when: datetime,
        outcome: Outcome = Outcome.DONE,
        kind: RunKind = RunKind.RUN,
        *,
        name: str = "Customers",
        updated: int = 1,
        trigger: Trigger = Trigger.SCHEDULE,
        took: timedelta = timedelta(seconds=5),
        is_partial: bool = False,
    ) -> None:
        number = len(self.store.kept_runs) + 1
        done = (EntityResult("customers", actions={Action.UPDATE_B: updated}),)
        result = RunResult(number, name, outcome, done, is_partial=is_partial)
        self.store.kept_runs.append(Run(number, name, 1, kind, trigger, when, when + took, outcome, result))
