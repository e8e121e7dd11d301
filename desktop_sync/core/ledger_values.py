"""Values that the ledger takes and gives: keys, intents, held records, conflicts, watermarks and queries."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from desktop_sync.core.configuration import Side
from desktop_sync.core.plan import FieldVerdict
from desktop_sync.core.provider_port import NO_MARKS, ArrowStream, CreateClass, HighMarks
from desktop_sync.core.status import Status


@dataclass(frozen=True, slots=True)
class EntityKey:
    """Names of an entity in the ledger; they survive edits of the configuration (SPEC §4)."""

    configuration: str
    entity: str


class BatchState(enum.IntEnum):
    OPEN = 0
    DONE = 1
    ABORTED = 2


@dataclass(frozen=True, slots=True)
class Request:
    """How an intent is sent, as far as its settlement needs that (RELIABILITY 4.2).

    `key`: what the keys of its records are made of. `creates`: the class that holds for these creates. `fields`: what
    is sent, so that it can be sent again. `deadline`: from then on (aware UTC) no request of it can be under way, and
    the same on the clock since the machine was started (`Clock.boottime_s`), which nobody sets.
    """

    key: str = ""
    creates: CreateClass | None = None
    fields: tuple[str, ...] = ()
    deadline: datetime | None = None
    deadline_boottime_s: float | None = None


class HoldReason(enum.IntEnum):
    """Why a record is held. Numbers are stored and never change."""

    NO_ANSWER = 1  # it may still arrive; the next run looks again
    AMBIGUOUS = 2  # it may have arrived as one of several records, or as one that was changed since


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a record is held; `candidates`: where it is AMBIGUOUS, the ids of the records that it may have become."""

    reason: HoldReason
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """An intent that was not settled, or the rows of one that are held. `rows` has the columns of batch rows.

    `places`: the rows' numbers in the whole batch. `holds`: why each is held; empty for an intent that is open.
    `identity`: what system it was for (`EndpointSession.identity`), empty where that is not known.
    """

    id: int
    run_id: int
    key: EntityKey
    structure: str
    side: Side
    operation: int
    opened_at: datetime
    rows: ArrowStream
    request: Request = Request()
    places: tuple[int, ...] = ()
    holds: tuple[Hold, ...] = ()
    identity: str = ""


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """A record that is in no plan until it is known whether it was written to `side`; `since` is aware UTC."""

    key: EntityKey
    record_id: int
    side: Side
    operation: int
    run_id: int
    hold: Hold
    since: datetime

    @property
    def reason(self) -> HoldReason:
        return self.hold.reason


@dataclass(frozen=True, slots=True)
class DoneBatch:
    """What a run wrote in one batch. `rows` has the columns of batch rows, of those records that were written; `side`
    is None where nothing was written to an endpoint (link, adopt)."""

    id: int
    run_id: int
    key: EntityKey
    structure: str
    side: Side | None
    operation: int
    rows: ArrowStream


@dataclass(frozen=True, slots=True)
class NewConflict:
    """A conflict to be kept. Values are (label, a, b, base) as text; digests fence the decision. `verdicts`: by label,
    where each field was judged by itself.

    `equal`: the places in `values` of fields that are no part of the conflict: equal in normal form after the mapping,
    however they are written, or not compared at all.
    """

    record_id: int
    rule: int
    winner: Side | None
    a_changed_at: datetime | None
    b_changed_at: datetime | None
    values: tuple[tuple[str, str | None, str | None, str | None], ...]
    verdicts: tuple[tuple[str, FieldVerdict], ...] = ()
    equal: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far a side was read: the largest stamp read, as text in the endpoint's form, and the record count of the
    last complete read (None before one).

    And what the side was then: its endpoint's identity, its fields (`shape`), what was synchronized of it
    (`definition`), and numbers that only grow while it lives. Empty: not known. `compared_at`: when it was last
    compared completely and what was found was carried out or queued; aware UTC. `is_put_back`: another
    configuration found since that an older state of the structure was put back.
    """

    stamp: str = ""
    complete_count: int | None = None
    identity: str = ""
    shape: str = ""
    definition: str = ""
    high_marks: HighMarks = NO_MARKS
    compared_at: datetime | None = None
    is_put_back: bool = False


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """Which sync records, in which order. `text` searches ids and last error; `endpoint_id` is the whole id of a record
    in either endpoint. Both are left out where they are empty. `sort` is one of id, status, a_id, b_id, updated_at,
    attempts."""

    configuration: str = ""
    entity: str = ""
    statuses: tuple[Status, ...] = ()
    text: str = ""
    endpoint_id: str = ""
    sort: str = "id"
    descending: bool = False
    limit: int = 200
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Loss:
    """A field of a side that is stored otherwise than it was sent. Both texts are None where the field is masked."""

    side: Side
    field: str
    sent: str | None
    stored: str | None


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Why and since when a configuration is to run: `because` wrote to a structure that both synchronize."""

    because: str
    due_since: datetime
