"""How long the history of runs is kept (RELIABILITY §1: 90 days by default, with a purge command)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

DEFAULT_DAYS, LEAST_DAYS, MOST_DAYS = 90, 7, 3650
"""A shorter time than the least would take away the undo of what a person has just come back to look at."""

FOR_EVER = 0
"""Days that never end: nothing is purged by itself."""

LOOK_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge took away, or would: runs, actions on records, settled conflicts and long values from before
    `before`. `content_bytes`: so much of the files was theirs. `given_back`: by so much the files are smaller."""

    before: datetime
    runs: int = 0
    actions: int = 0
    conflicts: int = 0
    values: int = 0
    content_bytes: int = 0
    given_back: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.runs or self.actions or self.conflicts or self.values)


class RetentionStore(Protocol):
    """The part of the ledger that forgets. Errors: LedgerError."""

    def history_days(self) -> int:
        """For how many days history is kept, `FOR_EVER`, or `DEFAULT_DAYS` where nobody chose."""

    def keep_history_days(self, days: int) -> None:
        """So long it is kept from now on; nothing is purged yet."""

    def look_at_purge(self, before: datetime) -> Purged:
        """What `purge` would take away now; nothing is changed."""

    def purge(self, before: datetime) -> Purged:
        """History older than that is gone, but for what baselines, open intents, held records, undecided conflicts and
        the undo of newer runs need, and each configuration's newest runs. The files are made smaller. May be repeated.

        Raises AlreadyRunningError, and changes nothing, while a run goes on.
        """

    def purged_until(self) -> datetime | None:
        """Of runs that began before then, parts of the history are gone; None where nothing was ever purged."""


def due_limit(now: datetime, looked_at: datetime | None, days: int) -> datetime | None:
    """Before when history may go by itself, None where nothing may yet. It must have been too old at the last look
    already, a day or more ago: a clock that jumped ahead and was put right takes nothing along."""
    if days == FOR_EVER or looked_at is None or now - looked_at < LOOK_EVERY:
        return None
    return looked_at - timedelta(days=days)


def is_look_due(now: datetime, looked_at: datetime | None) -> bool:
    """Whether it is time to look for history that is too old; also where the clock was set back behind the last."""
    return looked_at is None or not timedelta(0) <= now - looked_at < LOOK_EVERY
