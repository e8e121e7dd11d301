"""Prepare: read both sides, compare with the ledger, and make the plan. Writes nothing anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pyarrow as pa

from desktop_sync.core.care import definition_of
from desktop_sync.core.configuration import Side
from desktop_sync.core.errors import CursorLostError, SchemaDriftError
from desktop_sync.core.guard import GuardFinding, check_side
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import Watermark
from desktop_sync.core.plan import EntityPlan, Mode, Range
from desktop_sync.core.ports import CancelToken, Phase, Progress
from desktop_sync.core.status import Status
from desktop_sync.engine import outcome_query
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.plan_input import PlanInput, has_table, pair_table
from desktop_sync.engine.planner import make_plan
from desktop_sync.engine.references import load_pairs
from desktop_sync.engine.sides import SideRead, attach_peers, load_peers, load_side, look_up, looked_table, peer_table
from desktop_sync.engine.touched import find_touched, free_count, halves_to_look_up, ids_to_look_up, is_astir
from desktop_sync.services.care import (
    Care,
    SideStates,
    care_of,
    identities,
    identity_findings,
    seen_older,
    sentinel_findings,
    states_of,
    take_care,
)
from desktop_sync.services.drift import retyped
from desktop_sync.services.seen_before import MOST_RECORDS
from desktop_sync.services.settle import held_of
from desktop_sync.services.side_stream import SideStream, ahead, reading
from desktop_sync.services.sync_session import SyncSession, full_request
from desktop_sync.services.watermarks import Scope, not_ahead, stamped_request

WAITING = (Status.PREPARED, Status.FAILED, Status.INVALID, Status.REVIEW)
"""Statuses that an incremental prepare takes up again although their records did not change."""


KEPT_WHOLE = 2_000
"""Up to so many peers, unchanged records are kept too, so that no counterpart of a change is asked for one by one."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A planned entity: its plan's head, what it was made from (None where nothing was read at all), and watermarks."""

    layout: Layout
    plan: EntityPlan
    given: PlanInput | None
    watermarks: Mapping[Side, Watermark]
    findings: tuple[GuardFinding, ...]
    care: Care | None = None
    missed: Mapping[Side, Mapping[int, datetime]] = field(default_factory=dict)


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
    identity = identities(session)
    all_states = {layout.number: states_of(session, layout, identity) for layout in session.layouts}
    _leave_out_retyped(session, ledger, all_states)
    streams = _open_all(session, ledger, scope)
    is_idle = scope.mode is not Mode.FULL and all(s.is_empty for pair in streams.values() for s in pair.values())
    session.works_in_memory = scope.mode is not Mode.FULL
    prepared = []
    for layout in session.layouts:
        cancel.check()
        pair = streams.get(layout.number)
        if pair is None or layout.entity.name in session.drifted:
            continue
        states = all_states[layout.number]
        if is_idle and not _is_waiting(ledger, session, layout):
            for stream in pair.values():
                if stream.stream is not None:
                    stream.stream.close()
            prepared.append(_nothing(layout, pair, ledger, session, states))
            continue
        is_ranged = scope.range != Range()
        preparation = EntityPreparation(session, ledger, layout, progress, cancel, retry_at, is_ranged=is_ranged)
        try:
            prepared.append(preparation.prepare(pair, states, now))
        except SchemaDriftError as error:
            _leave_out(session, layout, error)
    return [one for one in prepared if one.layout.entity.name not in session.drifted]


def _leave_out_retyped(session: SyncSession, ledger: Ledger, states: Mapping[int, SideStates]) -> None:
    """Entities of which a field has another type than at the last run take no part."""
    for layout in session.layouts:
        for side in Side:
            before, now = ledger.watermark(session.key(layout), side), states[layout.number][side]
            endpoint = session.configuration.endpoint_of(side)
            error = retyped(layout, endpoint, side, before, now.definition)
            if error is not None:
                _leave_out(session, layout, error)
                break


def _leave_out(session: SyncSession, layout: Layout, error: SchemaDriftError) -> None:
    """The entity takes no part any more. Raises the error where there is no other one."""
    session.leave_out({layout.entity.name: error})
    if not session.layouts:
        raise error


@dataclass(frozen=True, slots=True)
class _Stream:
    """`stream` is None for a complete read, which is opened when its turn comes."""

    stream: SideStream | None
    is_complete: bool
    is_empty: bool
    """Nothing came, or nothing but what the last run saw."""


def whole_stream() -> _Stream:
    """A complete read, to be opened when its turn comes."""
    return _Stream(None, True, False)


def _open_all(session: SyncSession, ledger: Ledger, scope: Scope) -> dict[int, dict[Side, _Stream]]:
    """What is to be read of every side of every entity."""
    found = {}
    for layout in session.layouts:
        try:
            found[layout.number] = {side: _open_stream(session, ledger, layout, side, scope) for side in Side}
        except SchemaDriftError as error:
            _leave_out(session, layout, error)
    return found


def _open_stream(session: SyncSession, ledger: Ledger, layout: Layout, side: Side, scope: Scope) -> _Stream:
    own = layout.of(side)
    request = full_request(own)
    before = ledger.watermark(session.key(layout), side)
    # What was synchronized otherwise before must be looked at as a whole, also where nothing of it was modified.
    is_edited = before.definition not in ("", definition_of(session.configuration, layout.entity))
    can = session.endpoints[side].capabilities.reads_modified_since and own.stamp is not None
    if can and own.stamp is not None and not (is_edited and scope.mode is Mode.INCREMENTAL):
        request = stamped_request(request, own.stamp.name, before, scope)
    is_complete = not request.modified_field
    if is_complete:
        return _Stream(None, True, False)
    try:
        stream = session.read(layout, side, request)
        is_seen = scope.mode is Mode.INCREMENTAL and _is_seen(session, layout, side, stream)
        return _Stream(stream, False, stream.is_empty() or is_seen)
    except CursorLostError:
        return _Stream(None, True, False)  # everything is compared instead, under the guards (RELIABILITY C13)


def _is_seen(session: SyncSession, layout: Layout, side: Side, stream: SideStream) -> bool:
    """Whether just this was read by the last run, which had nothing left to do."""
    content = stream.content(MOST_RECORDS)
    if content is None:
        return False
    session.contents[layout.entity.name, side] = content
    return session.seen.get((layout.entity.name, side)) == content


def _is_waiting(ledger: Ledger, session: SyncSession, layout: Layout) -> bool:
    counts = ledger.count_by_status(session.configuration.name, layout.entity.name)
    return any(counts.get(status, 0) for status in (*WAITING, Status.CONFLICT))


def _nothing(
    layout: Layout, pair: Mapping[Side, _Stream], ledger: Ledger, session: SyncSession, states: SideStates
) -> Prepared:
    marks = {side: ledger.watermark(session.key(layout), side) for side in Side}
    plan = EntityPlan(layout.entity.name, complete_a=pair[Side.A].is_complete, complete_b=pair[Side.B].is_complete)
    return Prepared(layout, plan, None, marks, tuple(identity_findings(session, layout, states, ledger)))


class EntityPreparation:
    """The way of one entity from streams to a plan."""

    def __init__(
        self,
        session: SyncSession,
        ledger: Ledger,
        layout: Layout,
        progress: Progress,
        cancel: CancelToken,
        retry_at: datetime | None,
        *,
        is_ranged: bool,
    ) -> None:
        self.session = session
        self.ledger = ledger
        self.layout = layout
        self.progress = progress
        self.cancel = cancel
        self.retry_at = retry_at
        self.is_ranged = is_ranged
        self.key = session.key(layout)
        self.keeps_whole = False
        self._held = held_of(ledger, session, layout)

    def prepare(self, pair: Mapping[Side, _Stream], states: SideStates, now: datetime) -> Prepared:
        self.progress.phase(self.layout.entity.name, Phase.READING)
        bench = self.session.bench
        is_full = any(stream.is_complete for stream in pair.values()) or self.session.is_lookup(self.layout)
        if is_full:
            load_peers(bench, self.layout, ahead(self.ledger.peers(self.key)))
            self.keeps_whole = bench.number(f"SELECT count(*) FROM {peer_table(self.layout)}") <= KEPT_WHOLE
        reads = {side: self._load(side, stream, has_peers=is_full) for side, stream in pair.items()}
        if not is_full:
            self._load_needed_peers()
        reads = self._bring_waiting(reads)
        reads = self._complete_for_new(reads)
        given = self._look_up(reads)
        if not is_full and self._is_quiet():
            return self._idle(given, states, now)
        self.progress.phase(self.layout.entity.name, Phase.COMPARING)
        self._load_missing_pairs()
        if self.session.provenance is not None:
            given = self.session.provenance.load(bench, given)
        make_plan(bench, given)
        return self._result(given, states, now)

    def _load(self, side: Side, given: _Stream, *, has_peers: bool) -> SideRead:
        self.cancel.check()
        opened = given.stream or self.session.read(self.layout, side, full_request(self.layout.of(side)))
        opened.watch(self._watch)
        with reading(opened) as stream:
            read = load_side(
                self.session.bench,
                self.layout,
                side,
                stream,
                is_complete=given.is_complete,
                keeps_all=self.keeps_whole or not given.is_complete,
                has_peers=has_peers,
            )
        # A read of a range passes over what came before it: the next incremental one must not start at its end.
        return replace(read, last_stamp="") if self.is_ranged else read

    def _watch(self, records: int) -> None:
        self.cancel.check()
        self.progress.advance(records)

    def _load_needed_peers(self) -> None:
        bench, number = self.session.bench, self.layout.number
        ids = {side: [str(row[0]) for row in bench.rows(f"SELECT rid FROM {side.value}_{number}")] for side in Side}
        peers = self.ledger.peers(self.key, a_ids=ids[Side.A], b_ids=ids[Side.B], statuses=WAITING)
        load_peers(bench, self.layout, peers)
        for side in Side:
            attach_peers(bench, self.layout, side)

    def _bring_waiting(self, reads: dict[Side, SideRead]) -> dict[Side, SideRead]:
        """Records without a counterpart that wait, and were not modified, take part too: those to be tried, and once
        anything stirs, those whose match or reference may be clear now."""
        bench, layout = self.session.bench, self.layout
        sides = [side for side in Side if not reads[side].is_complete]
        if not sides:
            return reads
        given = self._given(reads)
        statuses = WAITING if is_astir(bench, given) else (Status.PREPARED, Status.FAILED)
        for side in sides:
            ids = halves_to_look_up(bench, given, side, statuses)
            if ids:
                request = replace(full_request(layout.of(side)), ids=ids)
                with reading(self.session.read(layout, side, request)) as stream:
                    reads[side] = look_up(bench, reads[side], stream, ids)
        return reads

    def _given(self, reads: Mapping[Side, SideRead]) -> PlanInput:
        return PlanInput(
            self.layout,
            reads[Side.A],
            reads[Side.B],
            self.session.lookups(self.layout),
            self.ledger.decisions(self.key),
            self.retry_at,
            is_lookup=self.session.is_lookup(self.layout),
            is_match_only=self.session.match_only is not None,
            held=self._held,
            clocks=self.session.clocks_now(),
        )

    def _complete_for_new(self, reads: dict[Side, SideRead]) -> dict[Side, SideRead]:
        """A new record needs all records of the other side to find its counterpart among; they are read if they were
        not."""
        bench, layout = self.session.bench, self.layout
        for side in Side:
            other = side.other
            if reads[other].is_complete:
                continue
            if free_count(bench, layout, side):
                load_peers(bench, layout, self.ledger.peers(self.key))
                reads[other] = self._load(other, _Stream(None, True, False), has_peers=True)
                attach_peers(bench, layout, side)
        return reads

    def _look_up(self, reads: Mapping[Side, SideRead]) -> PlanInput:
        """The counterparts of everything touched stand in the workbench as they are now."""
        bench, layout = self.session.bench, self.layout
        given = self._given(reads)
        find_touched(bench, given)
        for _ in range(2):
            was_asked = False
            for side in Side:
                ids = ids_to_look_up(bench, layout, side)
                if not ids:
                    continue
                was_asked = True
                self.cancel.check()
                request = replace(full_request(layout.of(side)), ids=ids)
                with reading(self.session.read(layout, side, request)) as stream:
                    read = look_up(bench, given.read_of(side), stream, ids)
                given = replace(given, a=read) if side is Side.A else replace(given, b=read)
            if not was_asked:
                break
            find_touched(bench, given)
        return given

    def _load_missing_pairs(self) -> None:
        """References can be translated, also those to an entity that comes later or that had nothing to plan."""
        for parent in self.session.lookups(self.layout).values():
            if parent is not self.layout and not has_table(self.session.bench, pair_table(parent)):
                load_pairs(self.session.bench, parent, self.ledger.peers(self.session.key(parent)))

    def _is_quiet(self) -> bool:
        """Whether everything that an incremental read gave is known and unchanged: no plan need be made."""
        bench, layout = self.session.bench, self.layout
        if bench.number(f"SELECT count(*) FROM touched_{layout.number}"):
            return False
        looked = sum(bench.number(f"SELECT count(*) FROM {looked_table(layout, side)}") for side in Side)
        return not looked and not any(free_count(bench, layout, side) for side in Side)

    def _idle(self, given: PlanInput, states: SideStates, now: datetime) -> Prepared:
        marks = {side: states[side].mark(self.ledger.watermark(self.key, side), given.read_of(side)) for side in Side}
        marks, notes = not_ahead(self.session, self.layout, marks, now)
        plan = EntityPlan(self.layout.entity.name, given.a.count, given.b.count, notes=notes)
        findings = identity_findings(self.session, self.layout, states, self.ledger)
        return Prepared(self.layout, plan, None, marks, tuple(findings))

    def _result(self, given: PlanInput, states: SideStates, now: datetime) -> Prepared:
        layout, configuration = self.layout, self.session.configuration
        before = {side: self.ledger.watermark(self.key, side) for side in Side}
        # Watermarks are kept by the end of a run: a first one that was cut off or cancelled is still to be finished,
        # and what it did not get to is no accident.
        was_finished = any(mark.identity for mark in before.values())
        is_first = not was_finished or self.ledger.count_peers(self.key) == 0
        care = care_of(self.session, self.ledger, layout, states, now, first_run=is_first)
        care = seen_older(self.session, self.ledger, given, care)
        cared = take_care(self.session, self.ledger, given, care)
        counted = outcome_query.counts(self.session.bench, layout)
        plan = EntityPlan(
            layout.entity.name,
            given.a.count,
            given.b.count,
            given.a.is_complete,
            given.b.is_complete,
            counted,
            is_first,
            cared.notes,
        )
        figures = outcome_query.guard_figures(
            self.session.bench, given, counted, {side: before[side].complete_count for side in Side}
        )
        if not any(given.read_of(side).is_complete for side in Side):
            # Only some peers were loaded; the limits are shares of all of them.
            peers = self.ledger.count_peers(self.key)
            figures = {side: replace(figures[side], peers=peers) for side in Side}
        findings = identity_findings(self.session, layout, states, self.ledger)
        for side in Side:
            findings += check_side(layout.entity.name, side, figures[side], configuration.guards, first_run=is_first)
        findings += sentinel_findings(self.session, given)
        marks = {
            side: states[side].mark(before[side], given.read_of(side), is_older_state=side in care.older)
            for side in Side
        }
        marks, ahead = not_ahead(self.session, layout, marks, now)
        plan = replace(plan, notes=(*plan.notes, *ahead))
        return Prepared(layout, plan, given, marks, tuple(findings), care, cared.missed)


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
            empty = pa.Table.from_batches([], stream.schema)
            read = load_side(bench, layout, side, empty, is_complete=False, keeps_all=True)
            reads[side] = look_up(bench, read, stream, list(ids[side]))
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
    take_care(session, ledger, given, care)
    return given
