"""How far a side was read: where an incremental read begins, and when everything is compared again (SPEC §5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from desktop_sync.core.configuration import Side, SyncConfiguration
from desktop_sync.core.ledger_records import RecordStore
from desktop_sync.core.ledger_values import EntityKey, Watermark
from desktop_sync.core.plan import ALL_TIME, Mode, Range
from desktop_sync.core.provider_port import ReadRequest
from desktop_sync.core.run import Trigger
from desktop_sync.engine.layout import Layout
from desktop_sync.services.session.sync_session import SyncSession

OVERLAP = timedelta(seconds=60)
"""How far an incremental read goes back behind its watermark: rows stamped before and committed after the last scan."""

TOLERANCE = timedelta(seconds=60)
"""A stamp so little ahead of the endpoint's clock is no reason to say anything."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What to look at: SPEC §5, modes of a prepare. `entities`: the names of those that take part; None: all."""

    mode: Mode = Mode.FULL
    range: Range = ALL_TIME
    entities: frozenset[str] | None = None

    def takes(self, entity: str) -> bool:
        return self.entities is None or entity in self.entities

    @property
    def is_whole(self) -> bool:
        """Whether it passes over no record and no entity."""
        return self.range == ALL_TIME and self.entities is None


def stamped_request(request: ReadRequest, field: str, watermark: Watermark, scope: Scope) -> ReadRequest:
    """The request for what was modified in the scope; as it is where that is everything. Of records without a stamp
    nobody knows that they were not modified since the last prepare."""
    since = _text(scope.range.start) if scope.range.start else None
    until = _text(scope.range.end) if scope.range.end else None
    is_incremental = scope.mode is Mode.INCREMENTAL and bool(watermark.stamp)
    if is_incremental:
        since = earlier(watermark.stamp, OVERLAP)
    if since is None and until is None:
        return request
    return replace(request, modified_field=field, since=since, until=until, with_unstamped=is_incremental)


def _text(at: datetime) -> str:
    """In UTC, as stamps that name no time zone are; to the microsecond, so that a day ends with its last one."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")


def earlier(stamp: str, by: timedelta) -> str:
    """The stamp moved back, in the form that it has; one in an unknown form stays."""
    try:
        return _in_form_of(stamp, datetime.fromisoformat(stamp) - by)
    except ValueError:
        return stamp


def _in_form_of(stamp: str, at: datetime) -> str:
    text = at.isoformat(sep="T" if "T" in stamp else " ")
    if stamp.endswith("Z"):
        text = text.removesuffix("+00:00") + "Z"
    return text[:10] if len(stamp) == 10 else text


def scheduled_mode(configuration: SyncConfiguration, records: RecordStore, trigger: Trigger, now: datetime) -> Mode:
    """The mode of a run that nobody chose one for.

    Full, but for scheduled runs that are to be incremental; and these compare everything where the last complete
    comparison of a side lies longer back than the schedule allows, so that nothing stays overlooked (RELIABILITY D3).
    """
    schedule = configuration.schedule
    if trigger is not Trigger.SCHEDULE or not schedule.is_incremental:
        return Mode.FULL
    oldest = now - timedelta(days=schedule.full_every_days)
    for entity in configuration.entities:
        for side in Side:
            mark = records.watermark(EntityKey(configuration.name, entity.name), side)
            is_fresh = mark.compared_at is not None and oldest < mark.compared_at <= now
            if mark.stamp and not is_fresh:
                return Mode.FULL
    return Mode.INCREMENTAL


def not_ahead(
    session: SyncSession, layout: Layout, marks: Mapping[Side, Watermark], now: datetime
) -> tuple[dict[Side, Watermark], tuple[str, ...]]:
    """The watermarks, none later than its endpoint's clock, and a sentence for each that would have been.

    A watermark that lies ahead would pass over all that is modified until then.
    """
    kept, notes = dict(marks), []
    for side, mark in marks.items():
        newest = _instant(mark.stamp)
        if newest is None or newest <= now - timedelta(hours=1):
            continue
        told = session.endpoints[side].time()
        clock = told.at.astimezone(UTC) if told is not None else now
        if newest <= clock:
            continue
        kept[side] = replace(
            mark, stamp=_in_form_of(mark.stamp, clock if _is_aware(mark.stamp) else clock.replace(tzinfo=None))
        )
        if newest > clock + TOLERANCE:
            notes.append(_ahead(session, layout, side, mark.stamp, clock))
    return kept, tuple(notes)


def _ahead(session: SyncSession, layout: Layout, side: Side, stamp: str, clock: datetime) -> str:
    name, own = session.configuration.endpoint_of(side), layout.of(side)
    field = own.stamp.name if own.stamp is not None else ""
    return (
        f'{name}, {layout.entity.name}: the newest "{field}" is {stamp}, later than the clock of {name} '
        f"({clock:%Y-%m-%d %H:%M:%S} UTC). Check that clock, and the time zone that {name} writes; until then such "
        "records are read again in every run."
    )


def _instant(stamp: str) -> datetime | None:
    """A stamp as a time; one without a time zone is taken as UTC."""
    try:
        at = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _is_aware(stamp: str) -> bool:
    return datetime.fromisoformat(stamp).tzinfo is not None
