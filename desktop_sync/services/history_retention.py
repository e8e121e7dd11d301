"""How long the history of runs is kept, and what a purge takes away (RELIABILITY §1).

What goes by itself goes after clean runs, once a day, in the ledger's own upkeep: also where nothing but the command
line runs.
"""

from __future__ import annotations

from datetime import timedelta

from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.history_retention import FOR_EVER, LEAST_DAYS, MOST_DAYS, Purged, RetentionStore
from desktop_sync.core.ports import Clock


class HistoryRetentionService:
    """Any thread; every method blocks. Raises LedgerError."""

    def __init__(self, store: RetentionStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @property
    def days(self) -> int:
        """For how many days history is kept, or `FOR_EVER`."""
        return self._store.history_days()

    def keep_for(self, days: int) -> None:
        """So long it is kept from now on; what is older goes at the next quiet moment, a day from now at the earliest.

        Raises ConfigurationError where it is neither `FOR_EVER` nor within the limits.
        """
        if days != FOR_EVER and not LEAST_DAYS <= days <= MOST_DAYS:
            raise ConfigurationError(
                f"history is kept for {LEAST_DAYS} to {MOST_DAYS} days, or for ever, not for {days} days", path="days"
            )
        self._store.keep_history_days(days)

    def look(self, days: int = 0) -> Purged:
        """What a purge of all that is older than so many days (0: than is kept) would take away. Nothing is changed.

        Raises ConfigurationError where nothing says how old that is.
        """
        return self._store.look_at_purge(self._clock.now() - self._age(days))

    def purge(self, days: int = 0) -> Purged:
        """It is gone, and the files are smaller. Raises as `look`, and AlreadyRunningError while a run goes on."""
        return self._store.purge(self._clock.now() - self._age(days))

    def _age(self, days: int) -> timedelta:
        age = days or self.days
        if age == FOR_EVER:
            raise ConfigurationError("history is kept for ever: say how old what shall go is", path="days")
        if age < 0 or age > MOST_DAYS:
            raise ConfigurationError(f"{age} is no age of a history: 1 to {MOST_DAYS} days", path="days")
        return timedelta(days=age)
