"""Longer sentences of the window: guards, schedules, progress, states."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QCoreApplication, QLocale

from desktop_sync.core import error_text
from desktop_sync.core.configuration import Side
from desktop_sync.core.guard import GuardFinding
from desktop_sync.core.ports import Phase
from desktop_sync.core.schedule import Schedule, ScheduleKind
from desktop_sync.services.views import ConfigurationState
from desktop_sync.ui.bridge.control import ProgressState
from desktop_sync.ui.text.times import counted, day_and_time, duration, language, number
from desktop_sync.ui.text.words import SideNames, outcome_word


def tr(text: str) -> str:
    return QCoreApplication.translate("sentences", text)


def records(count: int) -> str:
    return counted(count, tr("{0} record"), tr("{0} records"))


def problem(error: object) -> str:
    """What went wrong and what to do next, as one paragraph."""
    if not isinstance(error, BaseException):
        return str(error)
    parts = (error_text.sentence(error), error_text.next_step(error))
    return " ".join(part for part in parts if part)


def guard_sentence(finding: GuardFinding, names: SideNames) -> str:
    """What tripped, with its numbers and the endpoint's name."""
    return error_text.guard_sentence(finding, {Side.A: names.a, Side.B: names.b})


def schedule_sentence(schedule: Schedule) -> str:
    """ "Every 15 minutes", "Daily at 09:00 and 18:00", "By hand"."""
    if schedule.kind is ScheduleKind.INTERVAL:
        return _every(schedule.interval_minutes)
    times = tr(" and ").join(f"{at:%H:%M}" for at in sorted(schedule.times))
    if schedule.kind is ScheduleKind.DAILY:
        return tr("Daily at {0}").format(times)
    if schedule.kind is ScheduleKind.WEEKLY:
        days = ", ".join(
            language().dayName(day + 1, QLocale.FormatType.ShortFormat) for day in sorted(schedule.weekdays)
        )
        return tr("{0} at {1}").format(days, times)
    if schedule.kind is ScheduleKind.CRON:
        return tr("Cron: {0}").format(schedule.cron)
    return tr("By hand")


def _every(minutes: int) -> str:
    """In the largest unit in which it is a whole number."""
    if minutes % (7 * 24 * 60) == 0:
        return counted(minutes // (7 * 24 * 60), tr("Every week"), tr("Every {0} weeks"))
    if minutes % (24 * 60) == 0:
        return counted(minutes // (24 * 60), tr("Every day"), tr("Every {0} days"))
    if minutes % 60 == 0:
        return counted(minutes // 60, tr("Every hour"), tr("Every {0} hours"))
    return counted(minutes, tr("Every minute"), tr("Every {0} minutes"))


def phase_word(phase: Phase) -> str:
    words = {
        Phase.OPENING: tr("Opening the endpoints"),
        Phase.SETTLING: tr("Settling what an interrupted run left"),
        Phase.READING: tr("Reading"),
        Phase.COMPARING: tr("Comparing"),
        Phase.WRITING: tr("Writing"),
        Phase.VERIFYING: tr("Verifying"),
        Phase.FINISHED: tr("Finishing"),
    }
    return words[phase]


def progress_headline(state: ProgressState) -> str:
    """ "Reading customers", "Paused: Writing customers"."""
    text = f"{phase_word(state.phase)} {state.entity}".strip()
    return tr("Paused: {0}").format(text) if state.is_resting else text


def progress_done(state: ProgressState) -> str:
    """ "1,200 of 5,000", with what is known."""
    if state.total is not None:
        return tr("{0} of {1}").format(number(state.done), number(state.total))
    return records(state.done) if state.done else ""


def progress_figures(state: ProgressState) -> str:
    """ "1,200 of 5,000 · 3 failed · 800 records/s · 5 s left", with what is known."""
    parts = [text for text in (progress_done(state),) if text]
    if state.failed:
        parts.append(tr("{0} failed").format(number(state.failed)))
    if state.is_resting:
        return "  ·  ".join(parts)
    if state.done and state.seconds >= 0.5:
        parts.append(tr("{0} records/s").format(number(round(state.records_per_s))))
    if state.seconds_left is not None:
        parts.append(tr("{0} left").format(duration(state.seconds_left)))
    return "  ·  ".join(parts)


def stale_text(days: int) -> str:
    return counted(days, tr("Not run for {0} day"), tr("Not run for {0} days"))


PART = "  ·  "
"""Stands between the parts of a line. Where there is no room for all of them, the first one says most."""


def state_line(state: ConfigurationState, now: datetime, stale_days: int = 0) -> str:
    """The second line of a configuration in the list, and what a screen reader says. `stale_days`: how long it did not
    run, where a person is to be told."""
    if state.is_running:
        return tr("Running…")
    if not state.is_enabled:
        return tr("Switched off")
    if state.last_run_at is None:
        return tr("Never synchronized")
    when = day_and_time(state.last_run_at, now)
    if state.waits_for:
        return tr("Waiting") + PART + when
    if state.follows and state.last_outcome is not None and state.last_outcome.value == "done":
        return tr("Follow-up due") + PART + when
    if state.last_outcome is not None and state.last_outcome.value != "done":
        return outcome_word(state.last_outcome) + PART + when  # where it is cut, what needs a look is seen
    return stale_text(stale_days) if stale_days else when
