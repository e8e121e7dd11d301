"""The time zone of this machine, with its past and future clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo


class LocalZone(tzinfo):
    """Asks the operating system for every instant; one fixed offset would be wrong after the next clock change."""

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        return None if dt is None else self._system(dt).utcoffset()

    def dst(self, dt: datetime | None) -> timedelta | None:
        return None  # the system does not say it for every platform, and nothing here asks

    def tzname(self, dt: datetime | None) -> str | None:
        return None if dt is None else self._system(dt).tzname()

    def fromutc(self, dt: datetime) -> datetime:
        return dt.replace(tzinfo=UTC).astimezone().replace(tzinfo=self)

    @staticmethod
    def _system(dt: datetime) -> datetime:
        return dt.replace(tzinfo=None).astimezone()
