"""How a batch is sent so that it can be settled when no answer comes: its class, keys, deadline and what was there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import pyarrow as pa

from desktop_sync.core.configuration import Side
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import Request
from desktop_sync.core.ports import Clock, Ids
from desktop_sync.core.provider_port import Capabilities, ConditionalWrite, CreateClass, Operation
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.sides import text_places
from desktop_sync.engine.staging import Staging
from desktop_sync.services.session.side_stream import reading
from desktop_sync.services.session.sync_session import SyncSession, full_request
from desktop_sync.services.settlement.ladder import create_class, lives_s, needs_known_ids, record_keys

KEYED = (CreateClass.MARKER, CreateClass.IDEMPOTENCY_KEY, CreateClass.EXTERNAL_ID)


@dataclass(frozen=True, slots=True)
class Sending:
    """`request` is None where ids alone settle the intent; `keys` and `send_before` go into the write."""

    request: Request | None = None
    keys: Sequence[str] = ()
    send_before: datetime | None = None


class Sent(Protocol):
    """What is to be known of a query of writes: where to, what, and which fields."""

    @property
    def target(self) -> Side: ...
    @property
    def operation(self) -> Operation: ...
    @property
    def values(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Intents:
    """Makes the requests of one run. One thread. `is_undo`: they take back what a run wrote."""

    session: SyncSession
    ledger: Ledger
    run_id: int
    clock: Clock
    ids: Ids
    is_undo: bool = False
    _noted: set[tuple[int, Side]] = field(default_factory=set)

    def batch_size(self, side: Side, operation: Operation) -> int:
        """How many records one intent may have: one where only the records that are there tell what was created."""
        capabilities = self.session.endpoints[side].capabilities
        return 1 if _is_blind_create(capabilities, operation) else capabilities.batch_size

    def batches_per_commit(self, side: Side, operation: Operation, usual: int) -> int:
        """The same for batches."""
        return 1 if _is_blind_create(self.session.endpoints[side].capabilities, operation) else usual

    def sending(self, layout: Layout, query: Sent, count: int, *, has_ids: bool) -> Sending:
        """How these records are sent. What must be known of the side before the first create is durable then."""
        capabilities = self.session.endpoints[query.target].capabilities
        in_flight = timedelta(seconds=capabilities.max_in_flight_s)
        send_before = self.clock.now() + in_flight if in_flight else None
        deadline, boottime_s = None, None
        if lives := lives_s(capabilities):
            deadline, boottime_s = self.clock.now() + timedelta(seconds=lives), self.clock.boottime_s() + lives
        if query.operation is not Operation.CREATE:
            # A conditional write that comes late finds the record changed and does nothing, or it does what the next
            # plan wants once more. An undo that comes late looks like an edit to the next plan, and would travel.
            is_strong = capabilities.conditional_write is ConditionalWrite.STRONG
            is_harmless = deadline is None or (is_strong and not self.is_undo)
            return Sending(
                None if is_harmless else Request(deadline=deadline, deadline_boottime_s=boottime_s), (), send_before
            )
        creates = create_class(capabilities, has_ids=has_ids)
        if needs_known_ids(creates, capabilities):
            self._note_known(layout, query.target)
        if creates is CreateClass.CLIENT_ID and deadline is None:
            return Sending()
        key = self.ids.new_id()
        keys = record_keys(key, range(count)) if creates in KEYED else ()
        return Sending(Request(key, creates, query.values, deadline, boottime_s), keys, send_before)

    def _note_known(self, layout: Layout, side: Side) -> None:
        """The records of the side that have no peer are in the ledger, once a run."""
        if (layout.number, side) in self._noted:
            return
        self._noted.add((layout.number, side))
        own, bench, key = layout.of(side), self.session.bench, self.session.key(layout)
        with reading(self.session.read(layout, side, full_request(own))) as stream, bench.source(stream) as named:
            source, schema = named
            staging = Staging(layout, own, text_places(schema))
            names = enumerate(schema.names)
            renamed = ", ".join('"' + name.replace('"', '""') + f'" AS r{place}' for place, name in names)
            staged = staging.select(f"(SELECT {renamed} FROM {source})")
            bench.execute(f"CREATE OR REPLACE TABLE listed AS SELECT rid FROM ({staged}) WHERE rid IS NOT NULL")
        with bench.source(self.ledger.peers(key)) as (peers, _):
            paired = f"SELECT {side.value}_id FROM {peers} WHERE a_id IS NOT NULL AND b_id IS NOT NULL"
            free = bench.table(f"SELECT rid AS id FROM listed WHERE rid NOT IN ({paired})")
        bench.execute("DROP TABLE listed")
        self.ledger.keep_known_ids(key, self.run_id, side, free.cast(pa.schema([("id", pa.string())])))


def _is_blind_create(capabilities: Capabilities, operation: Operation) -> bool:
    """Also where nobody can look, so that one lost answer leaves one doubt."""
    is_blind = create_class(capabilities, has_ids=True) is CreateClass.WRITE_ONLY
    return operation is Operation.CREATE and (is_blind or capabilities.creates is CreateClass.NONE)
