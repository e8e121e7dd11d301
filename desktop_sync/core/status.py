"""Statuses of a sync record and the closed table of their transitions (SPEC §5)."""

from __future__ import annotations

import enum
from collections.abc import Mapping


class Status(enum.IntEnum):
    """Stored by number; shown by `label`. Numbers never change."""

    PREPARED = 1
    PROCESSED = 2
    FAILED = 3
    ABORTED = 4
    SKIPPED = 5
    DELETED = 6
    INVALID = 7
    FILTERED = 8
    CONFLICT = 9
    REVIEW = 10

    @property
    def label(self) -> str:
        return self.name.capitalize()


class Event(enum.Enum):
    """What may happen to a sync record."""

    OUT_OF_SYNC = "found out of sync"
    IN_SYNC = "found in sync"
    WRITTEN = "written"
    REJECTED = "rejected"
    GAVE_UP = "rejected for the last time"
    UNUSABLE = "cannot be synchronized"
    LEFT_FILTER = "left the filter"
    GONE = "deleted in an endpoint"
    BOTH_CHANGED = "changed on both sides"
    AMBIGUOUS = "match is ambiguous"
    SKIPPED_BY_USER = "skipped by the user"
    SET_PREPARED_BY_USER = "set as prepared by the user"
    SET_PROCESSED_BY_USER = "set as processed by the user"
    SET_DELETED_BY_USER = "set as deleted by the user"
    DECIDED = "decided by the user"


_FOUND = {
    Event.OUT_OF_SYNC: Status.PREPARED,
    Event.IN_SYNC: Status.PROCESSED,
    Event.WRITTEN: Status.PROCESSED,
    Event.REJECTED: Status.FAILED,
    Event.GAVE_UP: Status.ABORTED,
    Event.UNUSABLE: Status.INVALID,
    Event.LEFT_FILTER: Status.FILTERED,
    Event.GONE: Status.DELETED,
    Event.BOTH_CHANGED: Status.CONFLICT,
    Event.AMBIGUOUS: Status.REVIEW,
}
_BY_USER = {
    Event.SKIPPED_BY_USER: Status.SKIPPED,
    Event.SET_PREPARED_BY_USER: Status.PREPARED,
    Event.SET_PROCESSED_BY_USER: Status.PROCESSED,
    Event.SET_DELETED_BY_USER: Status.DELETED,
}


def _row(*without: Event, **extra: Status) -> dict[Event, Status]:
    row = {**_FOUND, **_BY_USER} | {Event[name]: status for name, status in extra.items()}
    return {event: status for event, status in row.items() if event not in without}


_WRITES = (Event.WRITTEN, Event.REJECTED, Event.GAVE_UP)

TRANSITIONS: Mapping[Status, Mapping[Event, Status]] = {
    Status.PREPARED: _row(Event.SET_PREPARED_BY_USER),
    Status.PROCESSED: _row(*_WRITES, Event.SET_PROCESSED_BY_USER),
    Status.FAILED: _row(),
    # Given up: only a person or a change of the record takes it up again.
    Status.ABORTED: _row(*_WRITES, Event.GONE) | {Event.GONE: Status.DELETED},
    # Skipped by a person: a run leaves it alone until a person takes it up again.
    Status.SKIPPED: {
        Event.SET_PREPARED_BY_USER: Status.PREPARED,
        Event.SET_PROCESSED_BY_USER: Status.PROCESSED,
        Event.SET_DELETED_BY_USER: Status.DELETED,
        Event.GONE: Status.DELETED,
    },
    # Deleted records come back by the three rules of SPEC §5 only (`is_prepared_again`), or by hand.
    Status.DELETED: {
        Event.OUT_OF_SYNC: Status.PREPARED,
        Event.BOTH_CHANGED: Status.CONFLICT,
        Event.GONE: Status.DELETED,
        Event.WRITTEN: Status.DELETED,
        Event.REJECTED: Status.FAILED,
        Event.GAVE_UP: Status.ABORTED,
        Event.SET_PREPARED_BY_USER: Status.PREPARED,
        Event.SKIPPED_BY_USER: Status.SKIPPED,
    },
    Status.INVALID: _row(*_WRITES),
    Status.FILTERED: _row(*_WRITES),
    Status.CONFLICT: _row(*_WRITES, DECIDED=Status.PREPARED),
    Status.REVIEW: _row(*_WRITES, DECIDED=Status.PREPARED),
}


def after(status: Status | None, event: Event, *, has_both_ids: bool) -> Status | None:
    """The status that `event` leads to, or None where the table does not allow it. `status` None is a new sync record.

    "Set as processed" needs both ids (SPEC §5).
    """
    if event is Event.SET_PROCESSED_BY_USER and not has_both_ids:
        return None
    if status is None:
        return _FOUND.get(event)
    return TRANSITIONS[status].get(event)


class DeletedIn(enum.IntEnum):
    """Where a record of a Deleted peer is gone. BY_HAND: never processed; a person set it to Deleted, or it
    vanished."""

    NOWHERE = 0
    A = 1
    B = 2
    BOTH = 3
    BY_HAND = 4


def is_prepared_again(deleted_in: DeletedIn, *, primary_is_a: bool, in_primary: bool, primary_changed: bool) -> bool:
    """Whether a Deleted sync record becomes Prepared at a prepare (SPEC §5, Deleted records).

    (a) it had been deleted in the primary system, or in both, and is back in the primary; (b) it had been deleted
    only in
    the secondary and was then modified in the primary; (c) it was never processed and was set to Deleted by hand.
    """
    if deleted_in is DeletedIn.BY_HAND:
        return True
    primary = DeletedIn.A if primary_is_a else DeletedIn.B
    if deleted_in in (primary, DeletedIn.BOTH):
        return in_primary
    return in_primary and primary_changed
