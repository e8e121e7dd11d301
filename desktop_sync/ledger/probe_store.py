"""What was found out about endpoints by trying it: facts by name, kept until the endpoint is another one."""

from __future__ import annotations

from datetime import datetime

from desktop_sync.ledger.home_mark import fact, put_fact
from desktop_sync.ledger.instants import from_us
from desktop_sync.ledger.store import Store

_PREFIX, _TIME = "probe ", "probe time "


class SqlProbeStore(Store):
    """The `ProbeStore` of the ledger."""

    def probed(self, name: str) -> str:
        """Empty where it was not tried yet."""
        with self._database.reading() as connection:
            return fact(connection, _PREFIX + name) or ""

    def probed_at(self, name: str) -> datetime | None:
        """None where that is not known: an earlier version tried it."""
        with self._database.reading() as connection:
            at = fact(connection, _TIME + name)
        return None if at is None else from_us(int(at))

    def keep_probed(self, name: str, found: str) -> None:
        """Kept, in the place of what was found before."""
        with self._database.writing("keep_probed") as connection:
            put_fact(connection, _PREFIX + name, found)
            put_fact(connection, _TIME + name, str(self._now_us()))
