"""The last measurements of the endpoints' clocks."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, insert, select

from desktop_sync.core.clock_doctor import SAMPLES, ClockSample
from desktop_sync.ledger import tables
from desktop_sync.ledger.instants import from_us, to_us
from desktop_sync.ledger.store import Store

_samples = tables.clock_sample.c
_MINE = _samples.endpoint == bindparam("of")
_SAMPLES = select(_samples.at, _samples.shift_us, _samples.error_us).where(_MINE).order_by(_samples.id)
_NEWEST = select(_samples.id).where(_MINE).order_by(_samples.id.desc()).limit(SAMPLES)
_DROP_OLD = delete(tables.clock_sample).where(_MINE, _samples.id.not_in(_NEWEST))


class SqlClockStore(Store):
    """The `ClockStore` of the ledger."""

    def clock_samples(self, endpoint: str) -> tuple[ClockSample, ...]:
        """The last measurements of the endpoint, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(_SAMPLES, {"of": endpoint}).all()
        return tuple(ClockSample(from_us(row[0]), row[1], row[2]) for row in rows)

    def keep_clock_sample(self, endpoint: str, sample: ClockSample) -> None:
        """Kept as the newest; of the older ones those that make up the last SAMPLES stay."""
        with self._database.writing("keep_clock_sample") as connection:
            columns = {"at": to_us(sample.at), "shift_us": sample.shift_us, "error_us": sample.error_us}
            connection.execute(insert(tables.clock_sample), {"endpoint": endpoint, **columns})
            connection.execute(_DROP_OLD, {"of": endpoint})
