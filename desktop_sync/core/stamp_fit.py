"""Whether a field is fit to say which change is the most recent (SPEC §14, the clock doctor)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from desktop_sync.core.count_text import count, doing
from desktop_sync.core.structure import Field, FieldType
from desktop_sync.core.type_fit import moment_of

TOLERATED = timedelta(minutes=5)
_STAMP_TYPES = (FieldType.TIMESTAMP, FieldType.INSTANT)
_QUARTER = timedelta(minutes=15)
_LARGEST_ZONE = 14 * 4
ENOUGH = 5
"""With fewer values, all at midnight or all equal may be chance."""


def stamp_problems(field: Field, values: Sequence[str | None], now: datetime) -> tuple[str, ...]:
    """Why "most recent" cannot be trusted on this field, as clauses for people; empty when it can.

    `values` are some of the field's values in plain form; `now` is aware, corrected by the endpoint's clock shift.
    """
    if field.type is FieldType.DATE:
        return ("it tells the day only, not the time; changes of one day cannot be told apart",)
    if field.is_typed and field.type not in _STAMP_TYPES:
        return (f"it is {field.type.value}, not a date and time",)
    filled = [value for value in values if value]
    moments = [moment for value in filled if (moment := moment_of(value)) is not None]
    problems: list[str] = []
    if len(moments) < len(filled):
        example = next(value for value in filled if moment_of(value) is None)
        problems.append(
            f'{doing(len(filled) - len(moments), "value", "is", "are")} no date and time, for example "{example[:40]}"'
        )
    if len(filled) < len(values):
        empty = len(values) - len(filled)
        have = "has" if empty == 1 else "have"
        problems.append(f"{empty} of {count(len(values), 'record')} {have} no value in it")
    future = [moment for moment in moments if _aware(moment) > now + TOLERATED]
    if future:
        latest = max(future, key=_aware)
        problems.append(
            f"{doing(len(future), 'value', 'lies', 'lie')} in the future, for example {latest.isoformat(sep=' ')[:19]}"
        )
        hours = _whole_hours(latest, now)
        if hours:
            problems.append(
                f"the newest value is {hours} {'hour' if hours == '1' else 'hours'} ahead, as if local time were "
                "written without its time zone"
            )
    if len(moments) >= ENOUGH:
        if all(moment.hour == moment.minute == moment.second == 0 for moment in moments):
            problems.append("it tells the day only, not the time; changes of one day cannot be told apart")
        elif all(moment.second == 0 and moment.microsecond == 0 for moment in moments):
            problems.append("it tells the minute only; changes within one minute cannot be told apart")
    return tuple(problems)


def stamp_notes(field: Field, values: Sequence[str | None]) -> tuple[str, ...]:
    """What is worth knowing about the field, as clauses for people, though "most recent" can be trusted on it."""
    filled = [value for value in values if value]
    moments = [moment for value in filled if (moment := moment_of(value)) is not None]
    if len(moments) < ENOUGH or field.type is FieldType.DATE:
        return ()
    if all(moment.microsecond == 0 for moment in moments) and any(moment.second for moment in moments):
        return ("it tells whole seconds; changes of both systems within one second are a tie",)
    return ()


def _whole_hours(latest: datetime, now: datetime) -> str:
    """By how many hours the stamp is ahead, where that is a difference between time zones; else empty."""
    if latest.tzinfo is not None:
        return ""
    ahead = _aware(latest) - now
    quarters = round(ahead / _QUARTER)
    off = abs(ahead - quarters * _QUARTER)
    return f"{quarters / 4:g}" if 4 <= quarters <= _LARGEST_ZONE and off <= TOLERATED else ""


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
