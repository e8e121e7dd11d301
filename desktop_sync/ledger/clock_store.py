"""The last measurements of the endpoints' clocks."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from desktop_sync.core.clock_doctor import SAMPLES, ClockSample
from desktop_sync.ledger import tables
from desktop_sync.ledger.instants import from_us, to_us
from desktop_sync.ledger.store import Store

_samples = tables.clock_sample.c


class SqlClockStore(Store):
    """The `ClockStore` of the ledger."""

    def clock_samples(self, endpoint: str) -> tuple[ClockSample, ...]:
        """The last measurements of the endpoint, oldest first."""
        wanted = select(_samples.at, _samples.shift_us, _samples.error_us).where(_samples.endpoint == endpoint)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(_samples.id)).all()
        return tuple(ClockSample(from_us(row[0]), row[1], row[2]) for row in rows)

    def keep_clock_sample(self, endpoint: str, sample: ClockSample) -> None:
        """Kept as the newest; of the older ones those that make up the last SAMPLES stay."""
        with self._database.writing("keep_clock_sample") as connection:
            columns = {"at": to_us(sample.at), "shift_us": sample.shift_us, "error_us": sample.error_us}
            connection.execute(insert(tables.clock_sample).values(endpoint=endpoint, **columns))
            mine = _samples.endpoint == endpoint
            newest = select(_samples.id).where(mine).order_by(_samples.id.desc()).limit(SAMPLES)
            connection.execute(delete(tables.clock_sample).where(mine, _samples.id.not_in(newest)))
