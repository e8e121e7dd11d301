"""Guards that look before anything is settled: they need no read of all records (RELIABILITY 4.3, C5).

An intent that a run left open is settled by what is there, and a create may be sent again. Neither may happen where
another system stands now than the one that it was for, or where one came empty: records would look deleted, and the
first one that is sent again would hide that the side is empty. Where one of these guards stops the run anyway, all that
was left open stays so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

import pyarrow as pa

from desktop_sync.core import care as rules
from desktop_sync.core.configuration import Side
from desktop_sync.core.guard import Guard, GuardFinding
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import HoldReason, OpenBatch
from desktop_sync.engine.layout import Layout
from desktop_sync.services.session.side_stream import reading
from desktop_sync.services.session.sync_session import SyncSession, full_request


def unsettled(
    session: SyncSession, ledger: Ledger, batches: Sequence[OpenBatch], allowed: Collection[Guard]
) -> tuple[GuardFinding, ...]:
    """The guards that keep these intents, and what is held of intents, as they are, each once for the side of an
    entity; the plan of the run will meet them, too. Reads at most one record of each side; writes nothing."""
    guards = session.configuration.guards
    may_be_sent = any(not one.holds or HoldReason.NO_ANSWER in {h.reason for h in one.holds} for one in batches)
    found = []
    for layout in session.layouts if batches else ():
        for side in Side:
            mine = [one for one in batches if one.key.entity == layout.entity.name and one.side is side]
            if guards.identity and Guard.IDENTITY not in allowed and _is_other(session, ledger, layout, side, mine):
                found.append(GuardFinding(Guard.IDENTITY, layout.entity.name, side, 1, 1, 0))
            elif guards.empty_side and Guard.EMPTY_SIDE not in allowed and may_be_sent:
                peers = ledger.count_peers(session.key(layout))
                if peers and _is_empty(session, layout, side):
                    found.append(GuardFinding(Guard.EMPTY_SIDE, layout.entity.name, side, 0, peers, 1))
    return tuple(found)


def _is_other(session: SyncSession, ledger: Ledger, layout: Layout, side: Side, batches: Iterable[OpenBatch]) -> bool:
    before, now = ledger.watermark(session.key(layout), side), session.identity_of(side)
    if rules.is_other_structure(before.shape, rules.shape_of(layout.of(side).structure)):
        return True
    known = [is_other_system(session, ledger, one) for one in batches]
    return any(known) if known else before.identity not in ("", now)


def is_other_system(session: SyncSession, ledger: Ledger, batch: OpenBatch) -> bool:
    """Whether the endpoint is not the system that the intent was for, as far as that is known.

    What is held may be older than the last run that came to its end, and a person may have let that one pass.
    """
    now, before = session.identity_of(batch.side), ledger.watermark(batch.key, batch.side)
    was_for = batch.identity or before.identity
    return was_for not in ("", now) and not (batch.holds and before.identity == now)


def _is_empty(session: SyncSession, layout: Layout, side: Side) -> bool:
    request = replace(full_request(layout.of(side)), limit=1)
    with reading(session.read(layout, side, request)) as stream:
        return not any(batch.num_rows for batch in pa.RecordBatchReader.from_stream(stream))
