"""Guards: limits that stop a run before it writes (SPEC §8). They look at the whole plan of an entity."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from desktop_sync.core.configuration import GuardLimits, Side


class Guard(enum.Enum):
    """The value is the name in files, JSON and `--allow`."""

    DELETES = "deletes"
    EMPTY_SIDE = "empty-side"
    SHRUNK = "shrunk"
    CREATES = "creates"
    UPDATES = "updates"
    ALL_CHANGED = "all-changed"
    IDENTITY = "identity"
    SENTINEL = "sentinel"

    @property
    def written(self) -> str:
        """The kind of action that it counts: "delete", "create", "update"; empty where it looks at the whole plan."""
        return {Guard.DELETES: "delete", Guard.CREATES: "create", Guard.UPDATES: "update"}.get(self, "")


@dataclass(frozen=True, slots=True)
class GuardFinding:
    """A guard that tripped: `count` of `total` records of `side` of an entity, where the limit is `limit` records."""

    guard: Guard
    entity: str
    side: Side
    count: int
    total: int
    limit: int


@dataclass(frozen=True, slots=True)
class SideFigures:
    """The numbers of one side of an entity that guards look at.

    `peers`: peers that had a record on this side; `seen`: records that a complete read found now, or None where the
    read was not complete; `previous`: what the last complete read found, or None; `deletes`, `creates`, `updates`:
    planned writes to this side; `changed`: peers whose record on this side changed.
    """

    peers: int = 0
    seen: int | None = None
    previous: int | None = None
    deletes: int = 0
    creates: int = 0
    updates: int = 0
    changed: int = 0


SMALL = 20
"""Shares below this number of records do not trip a guard: three records of five are no accident (RELIABILITY C3)."""


def check_side(
    entity: str, side: Side, figures: SideFigures, limits: GuardLimits, *, first_run: bool
) -> tuple[GuardFinding, ...]:
    """What trips for one side, in the order of `Guard`."""
    findings: list[GuardFinding] = []

    def trip(guard: Guard, count: int, total: int, limit: int) -> None:
        findings.append(GuardFinding(guard, entity, side, count, total, limit))

    f = figures
    limit = deletes_limit(f.peers, limits)
    if f.deletes and limit is not None and f.deletes > limit:
        trip(Guard.DELETES, f.deletes, f.peers, limit)
    if limits.empty_side and f.peers and f.seen == 0:
        trip(Guard.EMPTY_SIDE, 0, f.peers, 1)
    if (
        limits.shrunk_share is not None
        and f.previous
        and f.seen
        and f.previous >= SMALL
        and f.seen <= f.previous * limits.shrunk_share
    ):
        trip(Guard.SHRUNK, f.seen, f.previous, int(f.previous * limits.shrunk_share))
    if not first_run:
        existing = max(f.peers, f.seen or 0)
        for guard, count, share in (
            (Guard.CREATES, f.creates, limits.creates_share),
            (Guard.UPDATES, f.updates, limits.updates_share),
        ):
            if share is not None and count >= SMALL and count > existing * share:
                trip(guard, count, existing, int(existing * share))
    if limits.all_changed and f.peers >= SMALL and f.changed >= f.peers:
        trip(Guard.ALL_CHANGED, f.changed, f.peers, f.peers - 1)
    return tuple(findings)


def deletes_limit(peers: int, limits: GuardLimits) -> int | None:
    """How many deletes pass: the smaller of the number and the share, but never fewer than `SMALL` by share alone."""
    allowed: list[int] = []
    if limits.deletes_share is not None:
        allowed.append(max(SMALL if limits.deletes_share > 0 else 0, int(peers * limits.deletes_share)))
    if limits.deletes_number is not None:
        allowed.append(limits.deletes_number)
    return min(allowed) if allowed else None
