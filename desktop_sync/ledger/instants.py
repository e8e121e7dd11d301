"""Times as the ledger stores them: whole microseconds since 1970 in UTC, so that they sort and compare as numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_us(at: datetime) -> int:
    """Microseconds of an aware time, without the rounding that floating point would bring."""
    return (at - _EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    """Aware UTC."""
    return _EPOCH + us * _MICROSECOND


def optional_us(at: datetime | None) -> int | None:
    return None if at is None else to_us(at)


def optional_time(us: int | None) -> datetime | None:
    return None if us is None else from_us(us)
