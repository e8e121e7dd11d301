"""Which records were modified in a range: SQLite has no type for times, and one column may hold several forms."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from desktop_sync.core.provider_port import ReadRequest

_DAY_FIRST = re.compile(r"\d{4}-\d{2}-\d{2}")

_MARGIN = "0.00000002"
"""In days, almost two milliseconds: SQLite's times have whole milliseconds, and a double's last digits are less."""


def stamp_condition(request: ReadRequest, column: str) -> tuple[str, list[str]]:
    """A condition for the records in the range of the request and the values that it binds; none without a range.

    `column` is the quoted column. A stamp with "T" or a blank, and with or without a time zone, is taken as the time
    that it says; a bound in another form is compared as it is.
    """
    parts: list[str] = []
    values: list[str] = []
    for bound, operator, sign, days in ((request.since, ">=", "-", -1), (request.until, "<=", "+", 2)):
        if bound is None:
            continue
        day = _day(bound, days)
        if day is None:
            parts.append(f"{column} {operator} ?")
            values.append(bound)
            continue
        # The day is compared on the bare column, so that an index serves it, and far enough off for every time zone.
        exact = f"julianday({column}) {operator} julianday(?) {sign} {_MARGIN}"
        parts.append(f"{column} {operator} ? AND ifnull({exact}, 1)")
        values += [day, bound]
    if not parts:
        return "", []
    condition = " AND ".join(parts)
    if request.with_unstamped:
        condition = f"({condition}) OR {column} IS NULL"
    return f" WHERE {condition}", values


def _day(bound: str, days: int) -> str | None:
    """The day of the bound in UTC, moved by `days`; None where it is in another form."""
    if not _DAY_FIRST.match(bound):
        return None
    try:
        at = datetime.fromisoformat(bound)
        return f"{(at if at.tzinfo is None else at.astimezone(UTC)) + timedelta(days=days):%Y-%m-%d}"
    except (ValueError, OverflowError):
        return None
