"""A history of a hundred days, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from desktop_sync.core.history_retention import DEFAULT_DAYS, Purged

BEFORE = datetime(2026, 8, 22, 14, 5, tzinfo=UTC)
OLD = Purged(BEFORE, runs=12, actions=3400, conflicts=1, content_bytes=12_300_000)


@dataclass
class FakeHistoryRetention:
    """`old` is what is too old; `purged` are the ages that were asked for."""

    days: int = DEFAULT_DAYS
    old: Purged = OLD
    purged: list[int] = field(default_factory=list)

    def keep_for(self, days: int) -> None:
        self.days = days

    def look(self, days: int = 0) -> Purged:
        return Purged(BEFORE) if self.purged else self.old

    def purge(self, days: int = 0) -> Purged:
        found = self.look(days)
        self.purged.append(days)
        return Purged(BEFORE, found.runs, found.actions, found.conflicts, found.values, found.content_bytes, 9_000_000)
