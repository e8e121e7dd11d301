"""Times and durations as people say them, in the language and zone of the machine."""

from __future__ import annotations

from datetime import datetime, timedelta

from PySide6.QtCore import QCoreApplication, QLocale, QTime


def tr(text: str) -> str:
    return QCoreApplication.translate("times", text)


def language() -> QLocale:
    """The machine's; English where it has none, so that large numbers stay readable."""
    machine = QLocale()
    return QLocale(QLocale.Language.English) if machine.language() is QLocale.Language.C else machine


def clock_time(at: datetime) -> str:
    """Hours and minutes of an aware time, locally."""
    local = at.astimezone()
    return language().toString(QTime(local.hour, local.minute), "HH:mm")


def day_and_time(at: datetime | None, now: datetime) -> str:
    """ "Today 14:05", "Yesterday 09:00", "Mon 12:00", "3 Nov 2026"; "Never" for None. Both times are aware."""
    if at is None:
        return tr("Never")
    local, today = at.astimezone(), now.astimezone().date()
    days = (local.date() - today).days
    named = {0: tr("Today"), -1: tr("Yesterday"), 1: tr("Tomorrow")}.get(days)
    if named is not None:
        return f"{named} {clock_time(at)}"
    if 1 < abs(days) < 7:
        day = language().dayName(local.isoweekday(), QLocale.FormatType.ShortFormat)
        return f"{day} {clock_time(at)}"
    month = language().monthName(local.month, QLocale.FormatType.ShortFormat)
    return f"{local.day} {month} {local.year}"


def full_time(at: datetime | None, now: datetime) -> str:
    """Like `day_and_time`, with the time also on far days; a dash for None."""
    if at is None:
        return "—"
    text = day_and_time(at, now)
    return text if ":" in text else f"{text} {clock_time(at)}"


def duration(seconds: float) -> str:
    """ "0.4 s", "12 s", "3 min 20 s", "1 h 5 min"."""
    if seconds < 10:
        return tr("{0} s").format(language().toString(seconds, "f", 1))
    whole = round(seconds)
    if whole < 60:
        return tr("{0} s").format(whole)
    if whole < 3600:
        return tr("{0} min {1} s").format(*divmod(whole, 60))
    hours, rest = divmod(whole, 3600)
    return tr("{0} h {1} min").format(hours, rest // 60)


def time_span(minutes: int) -> str:
    """ "90 minutes", "2 hours", "1 week": in the largest unit in which it is a whole number."""
    if minutes % (7 * 24 * 60) == 0:
        return counted(minutes // (7 * 24 * 60), tr("{0} week"), tr("{0} weeks"))
    if minutes % (24 * 60) == 0:
        return counted(minutes // (24 * 60), tr("{0} day"), tr("{0} days"))
    if minutes % 60 == 0:
        return counted(minutes // 60, tr("{0} hour"), tr("{0} hours"))
    return counted(minutes, tr("{0} minute"), tr("{0} minutes"))


def run_time(started_at: datetime, ended_at: datetime | None) -> str:
    """How long a run took; a dash while it goes on."""
    return "—" if ended_at is None else duration(max(timedelta(0), ended_at - started_at).total_seconds())


def number(value: int) -> str:
    """With the language's thousands separator."""
    return language().toString(value)


def counted(value: int, one: str, many: str) -> str:
    """`one` and `many` hold `{0}` for the number and are translated already."""
    return (one if value == 1 else many).format(number(value))
