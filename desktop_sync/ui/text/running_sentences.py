"""When a configuration runs by itself, in short for the window."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QCoreApplication

from desktop_sync.core.configuration import RealTime, SyncConfiguration
from desktop_sync.core.run import RunKind, Trigger
from desktop_sync.core.schedule import ScheduleKind
from desktop_sync.core.unattended import Due, Outlook
from desktop_sync.ui.text.sentences import schedule_sentence
from desktop_sync.ui.text.times import counted, full_time


def tr(text: str) -> str:
    return QCoreApplication.translate("running", text)


def next_run_text(configuration: SyncConfiguration, outlook: Outlook, now: datetime, has_run: bool) -> str:
    """ "Today 14:17", "Prepares today 14:05, processes today 18:00", "None scheduled"."""
    if not configuration.enabled:
        return tr("Switched off")
    if configuration.runs_by_itself and not has_run:
        return tr("After the first run, which you start by hand")
    if outlook.next is None:
        return tr("Only when something happens") if _is_awake(configuration) else tr("None scheduled")
    text = _one(outlook.next, now)
    if outlook.process_at is not None and outlook.next.kind is not RunKind.PROCESS:
        text += "   ·   " + tr("Processes: {0}").format(full_time(outlook.process_at, now))
    if outlook.idle_runs:
        text += "   ·   " + counted(
            outlook.idle_runs,
            tr("later than usual: the last run found nothing to do"),
            tr("later than usual: {0} runs in a row found nothing to do"),
        )
    return text


def _one(due: Due, now: datetime) -> str:
    at = full_time(due.at, now) if due.at > now else tr("Now")
    if due.trigger is Trigger.AFTER_RUN:
        return tr("{0}, after another run").format(at)
    if due.trigger is Trigger.FILE:
        return tr("{0}, because a file arrived").format(at)
    words = {RunKind.PREPARE: tr("Prepares: {0}"), RunKind.PROCESS: tr("Processes: {0}")}
    return words.get(due.kind, "{0}").format(at)


def _is_awake(configuration: SyncConfiguration) -> bool:
    """Whether something that has no time of its own starts it."""
    return configuration.is_in_real_time or bool(configuration.after_runs or configuration.file_arrivals)


def running_text(configuration: SyncConfiguration) -> str:
    """ "Every 15 minutes", "Prepares every 5 minutes, processes daily at 18:00, in real time"."""
    parts = []
    if configuration.process_schedule is not None:
        parts.append(tr("Prepares: {0}").format(_lowered(schedule_sentence(configuration.schedule))))
        parts.append(tr("Processes: {0}").format(_lowered(schedule_sentence(configuration.process_schedule))))
    elif configuration.schedule.kind is not ScheduleKind.MANUAL or not _is_awake(configuration):
        parts.append(schedule_sentence(configuration.schedule))
    live = [entity for entity in configuration.entities if entity.real_time is not RealTime.OFF]
    if live:
        parts.append(tr("In real time") if len(live) == len(configuration.entities) else tr("Partly in real time"))
    if configuration.after_runs:
        names = ", ".join(dict.fromkeys(after.configuration for after in configuration.after_runs))
        parts.append(tr("After {0}").format(names))
    if configuration.file_arrivals:
        parts.append(tr("When files arrive"))
    return "   ·   ".join(parts)


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
