"""Whose a configuration is: the binding to one ledger, the lease of a run, and what is wrong when they disagree.

A ledger has an id. A configuration is bound to one ledger; each hand-over to another raises its epoch, each run of a
ledger has a fence number greater than all before it (RELIABILITY 4.9). Where the user allows it, the endpoint keeps
both in a lease, so that a second machine, a copied configuration and a restored ledger are noticed.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

TERM = timedelta(minutes=10)
"""How long a lease holds after it was renewed; it is renewed at a third of it."""
GRACE = timedelta(minutes=2)
"""How much longer a foreign lease counts as held: the clocks of two machines differ."""


class MatchOnly(enum.Enum):
    """Why a configuration is in match-only mode; the value is the word in the ledger and in JSON."""

    RESTORED = "restored"
    DAMAGED = "damaged"
    LOST = "lost"
    TAKEN_OVER = "taken over"
    FOREIGN = "foreign"  # a look without a hand-over: bound to another ledger at the endpoint


@dataclass(frozen=True, slots=True)
class Binding:
    """What the ledger knows of a configuration's binding. `epoch` is 0 before the first run.

    `match_only`: since then nothing is created, updated or deleted until a person confirms. `matched_run`: the last run
    that only matched since, which is what a person looks at before confirming.
    """

    ledger: str
    epoch: int = 0
    match_only: MatchOnly | None = None
    since: datetime | None = None
    matched_run: int | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """What an endpoint keeps about a configuration. `expires_at` is None while no run holds it.

    `holder` is for people; `home` tells the holder's home folder on its machine from any other.
    """

    configuration: str
    ledger: str
    epoch: int
    fence: int
    holder: str
    home: str
    expires_at: datetime | None = None


class Standing(enum.Enum):
    """How an endpoint's lease stands to a run that wants to begin."""

    FREE = "free"
    HELD = "held"
    BEHIND = "behind"  # the endpoint saw a later run or hand-over of this very ledger: it was restored or copied
    FOREIGN = "foreign"


def standing(kept: Lease | None, mine: Lease, now: datetime) -> Standing:
    """What `kept` means for the run that would write `mine`, which holds the lock of its own home.

    A lease that a run of the same home left is free: the lock of the operating system says that it is dead (K8).
    """
    if kept is None:
        return Standing.FREE
    if kept.ledger != mine.ledger:
        return Standing.FOREIGN
    if kept.home != mine.home and is_live(kept, now):
        return Standing.HELD
    is_behind = kept.fence >= mine.fence or (mine.epoch and kept.epoch > mine.epoch)
    return Standing.BEHIND if is_behind else Standing.FREE


def is_live(kept: Lease, now: datetime) -> bool:
    """Whether a run may still hold it, as far as the clocks of two machines can tell."""
    return kept.expires_at is not None and kept.expires_at + GRACE > now
