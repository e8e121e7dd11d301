"""Prepare: read both sides, compare with the ledger, and make the plan. Writes nothing anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from desktop_sync.core.configuration import Side
from desktop_sync.core.errors import SchemaDriftError
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.plan import EntityPlan, Mode, Range
from desktop_sync.core.ports import CancelToken, Progress
from desktop_sync.core.status import Status
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.workbench import within_memory
from desktop_sync.services.preparation.care import SideStates, identities, identity_findings, states_of
from desktop_sync.services.preparation.entity_preparation import WAITING, EntityPreparation, has_few_records
from desktop_sync.services.preparation.prepared import Prepared
from desktop_sync.services.preparation.side_sources import SideSource, open_sources
from desktop_sync.services.session.drift import retyped
from desktop_sync.services.session.room import ManyRecordsError, begun_anew
from desktop_sync.services.session.sync_session import SyncSession
from desktop_sync.services.session.watermarks import Scope


@begun_anew
def prepare_entities(
    session: SyncSession,
    ledger: Ledger,
    scope: Scope,
    progress: Progress,
    cancel: CancelToken,
    *,
    now: datetime,
    retry_at: datetime | None = None,
) -> list[Prepared]:
    """Every entity planned, prerequisites first. Errors of reading come through; nothing was written then.

    `retry_at`: the time, where failed records wait until it is time to try them again; None tries all.
    """
    session.begin_plan()
    identity = identities(session)
    all_states = {layout.number: states_of(session, layout, identity) for layout in session.layouts}
    _stop_retyped(session, ledger, all_states)
    streams = open_sources(session, ledger, scope)
    is_idle = scope.mode is not Mode.FULL and all(s.is_empty for pair in streams.values() for s in pair.values())
    few = has_few_records(session, ledger)
    session.room.expect(few=few, in_memory=few or scope.mode is not Mode.FULL)
    prepared = []
    for layout in session.layouts:
        cancel.check()
        pair = streams.get(layout.number)
        if pair is None or layout.entity.name in session.drifted:
            continue
        states = all_states[layout.number]
        if is_idle and not _is_waiting(ledger, session, layout):
            _close(pair)
            prepared.append(_nothing(layout, pair, ledger, session, states))
            continue
        is_ranged = scope.range != Range()
        preparation = EntityPreparation(
            session,
            ledger,
            layout,
            progress,
            cancel,
            retry_at,
            is_ranged=is_ranged,
            compares_pairs=is_ranged and scope.mode is Mode.FULL,
        )
        try:
            with within_memory(layout.a.place):
                prepared.append(preparation.prepare(pair, states, now))
        except SchemaDriftError as error:
            session.stop_entity(layout, error)
        except ManyRecordsError:
            for each in streams.values():
                _close(each)
            raise
    return [one for one in prepared if one.layout.entity.name not in session.drifted]


def _close(pair: Mapping[Side, SideSource]) -> None:
    for source in pair.values():
        if source.stream is not None:
            source.stream.close()


def _stop_retyped(session: SyncSession, ledger: Ledger, states: Mapping[int, SideStates]) -> None:
    """Entities of which a field has another type than at the last run take no part."""
    for layout in session.layouts:
        for side in Side:
            before, now = session.mark_before(ledger, layout, side), states[layout.number][side]
            endpoint = session.configuration.endpoint_of(side)
            error = retyped(layout, endpoint, side, before, now.definition)
            if error is not None:
                session.stop_entity(layout, error)
                break


def _is_waiting(ledger: Ledger, session: SyncSession, layout: Layout) -> bool:
    counts = ledger.count_by_status(session.configuration.name, layout.entity.name)
    return any(counts.get(status, 0) for status in (*WAITING, Status.CONFLICT))


def _nothing(
    layout: Layout, pair: Mapping[Side, SideSource], ledger: Ledger, session: SyncSession, states: SideStates
) -> Prepared:
    marks = {side: session.mark_before(ledger, layout, side) for side in Side}
    plan = EntityPlan(layout.entity.name, complete_a=pair[Side.A].is_complete, complete_b=pair[Side.B].is_complete)
    return Prepared(layout, plan, None, marks, tuple(identity_findings(session, layout, states, ledger)))
