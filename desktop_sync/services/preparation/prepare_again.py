"""Plan records anew that changed between plan and write (RELIABILITY 4.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from desktop_sync.core.configuration import Side
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ports import CancelToken
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.plan_input import PlanInput
from desktop_sync.engine.planner import make_plan
from desktop_sync.engine.sides import SideRead, load_asked, load_peers
from desktop_sync.engine.touched import find_touched
from desktop_sync.services.preparation.care import Care, take_care
from desktop_sync.services.preparation.conflicts_found import ask_again
from desktop_sync.services.session.side_stream import reading
from desktop_sync.services.session.sync_session import SyncSession, full_request
from desktop_sync.services.settlement.settle import held_of


def prepare_again(
    session: SyncSession,
    ledger: Ledger,
    layout: Layout,
    ids: Mapping[Side, Sequence[str]],
    cancel: CancelToken,
    care: Care,
) -> PlanInput | None:
    """A new plan for just these records, which changed between plan and write; None where there is nothing to look
    at."""
    if not any(ids.values()):
        return None
    bench, key = session.bench, session.key(layout)
    load_peers(bench, layout, ledger.peers(key, a_ids=ids[Side.A], b_ids=ids[Side.B]))
    reads: dict[Side, SideRead] = {}
    for side in Side:
        cancel.check()
        request = replace(full_request(layout.of(side)), ids=list(ids[side]))
        with reading(session.read(layout, side, request)) as stream:
            asked = list(ids[side])
            reads[side] = load_asked(bench, layout, side, stream, asked, keeps_values=session.room.has_few_records)
    decisions = ledger.decisions(key)
    lookups, is_lookup = session.lookups(layout), session.is_lookup(layout)
    held = held_of(ledger, session, layout)
    a, b = reads[Side.A], reads[Side.B]
    given = PlanInput(
        layout, a, b, lookups, decisions, is_again=True, is_lookup=is_lookup, held=held, clocks=session.clocks_now()
    )
    find_touched(bench, given)
    if session.provenance is not None:
        given = session.provenance.load(bench, given)
    make_plan(bench, given)
    ask_again(bench, ledger, key, given)
    take_care(session, ledger, given, care)
    return given
