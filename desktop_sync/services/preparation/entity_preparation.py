"""The way of one entity from what its sides give to a plan. Writes nothing anywhere."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from desktop_sync.core.configuration import Side
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import Watermark
from desktop_sync.core.plan import EntityPlan
from desktop_sync.core.ports import CancelToken, Phase, Progress
from desktop_sync.core.provider_port import ArrowStream
from desktop_sync.core.status import Status
from desktop_sync.engine import outcome_query
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.parents import translates
from desktop_sync.engine.plan_input import PlanInput, has_table, pair_table
from desktop_sync.engine.planner import make_plan
from desktop_sync.engine.references import load_pairs
from desktop_sync.engine.sides import SideRead, attach_peers, count_peers, load_peers, load_side, look_up, looked_table
from desktop_sync.engine.touched import (
    alike_to_look_up,
    counterparts_to_look_up,
    find_touched,
    free_count,
    halves_to_look_up,
    ids_to_look_up,
    is_astir,
)
from desktop_sync.engine.workbench import Workbench
from desktop_sync.services.preparation import both_sides
from desktop_sync.services.preparation.both_sides import BothSides
from desktop_sync.services.preparation.care import (
    SideStates,
    care_of,
    identity_findings,
    seen_older,
    sentinel_findings,
    take_care,
)
from desktop_sync.services.preparation.conflicts_found import ask_again
from desktop_sync.services.preparation.prepared import Prepared
from desktop_sync.services.preparation.side_sources import SideSource, whole_source
from desktop_sync.services.session import memo_folder
from desktop_sync.services.session.side_stream import ahead, reading
from desktop_sync.services.session.sync_session import SyncSession, full_request
from desktop_sync.services.session.watermarks import not_ahead
from desktop_sync.services.settlement.digest_forms import apply_anew, digests_anew
from desktop_sync.services.settlement.settle import held_of

WAITING = (Status.PREPARED, Status.FAILED, Status.INVALID, Status.REVIEW)
"""Statuses that an incremental prepare takes up again although their records did not change."""

TOGETHER_IDS = 1_000
"""Records of each side that are asked for by their ids, from which a second thread is worth it."""

FEW = 2_000
"""Up to so many peers, unchanged records are kept too, so that no counterpart of a change is asked for one by one.
Where the last reads found no more, so are the values that staging made of them: no later statement makes them anew."""


def has_few_records(session: SyncSession, ledger: Ledger) -> bool:
    """Whether the last complete reads found few records everywhere: a side that was never read may have any number."""
    marks = (session.mark_before(ledger, layout, side) for layout in session.layouts for side in Side)
    return all(mark.complete_count is not None and mark.complete_count <= FEW for mark in marks)


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
        compares_pairs: bool = False,
    ) -> None:
        """`is_ranged`: what is read is not all since the watermark. `compares_pairs`: of everything that is read the
        counterpart is, too."""
        self.session = session
        self.ledger = ledger
        self.layout = layout
        self.progress = progress
        self.cancel = cancel
        self.retry_at = retry_at
        self.is_ranged = is_ranged
        self.compares_pairs = compares_pairs
        self.key = session.key(layout)
        self.keeps_whole = False
        self.peers = 0
        self._both: BothSides | None = None
        self._telling = threading.Lock()
        self._read_records = 0
        self._held = held_of(ledger, session, layout)
        # A run has made them anew in the ledger before it plans.
        self._anew = digests_anew(session, ledger, layout) if session.lease is None else None

    def prepare(self, pair: Mapping[Side, SideSource], states: SideStates, now: datetime) -> Prepared:
        self.progress.phase(self.layout.entity.name, Phase.READING)
        bench = self.session.bench
        self._load_parents()
        is_full = any(stream.is_complete for stream in pair.values()) or self.session.is_lookup(self.layout)
        if is_full:
            self._load_peers(ahead(self.ledger.peers(self.key)))
            self.peers = count_peers(bench, self.layout).all
            self.keeps_whole = self.peers <= FEW
        reads = self._load_both(pair, has_peers=is_full)
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

    def _before(self, side: Side) -> Watermark:
        return self.session.mark_before(self.ledger, self.layout, side)

    def _load_peers(self, peers: ArrowStream) -> None:
        load_peers(self.session.bench, self.layout, peers)
        apply_anew(self.session, self.layout, self._anew)

    def _are_read_together(self, pair: Mapping[Side, SideSource]) -> bool:
        """Reading what is remembered leaves a processor idle, measuring everything does not."""
        # Nobody says that a plugin may be called by two threads.
        has_made = any(self.layout.of(side).made for side in Side)
        if has_made or self.peers < both_sides.TOGETHER_FROM or not all(given.is_complete for given in pair.values()):
            return False
        memos = self.session.memos
        return memos is not None and all(memos.of(self.key, side).is_there for side in Side)

    def _load_both(self, pair: Mapping[Side, SideSource], *, has_peers: bool) -> dict[Side, SideRead]:
        if not self._are_read_together(pair):
            return {side: self._load(side, given, has_peers=has_peers) for side, given in pair.items()}

        def load(side: Side, bench: Workbench) -> SideRead:
            return self._load(side, pair[side], has_peers=has_peers, bench=bench)

        self._both = BothSides()
        return self._both.load(self.session.bench, load)

    def _load(self, side: Side, given: SideSource, *, has_peers: bool, bench: Workbench | None = None) -> SideRead:
        self.cancel.check()
        opened = given.stream or self.session.read(self.layout, side, full_request(self.layout.of(side)))
        opened.watch(self._watch)
        keeps_all = self.keeps_whole or not given.is_complete
        is_remembered = not keeps_all and self.peers >= memo_folder.REMEMBERED_FROM
        # A memo knows nothing of the peers of other entities, which the match key would depend on.
        memos = self.session.memos if is_remembered and not translates(self.layout, side) else None
        with reading(opened) as stream:
            read = load_side(
                bench or self.session.bench,
                self.layout,
                side,
                stream,
                is_complete=given.is_complete,
                keeps_all=keeps_all,
                has_peers=has_peers,
                memo=None if memos is None else memos.of(self.key, side),
                keeps_values=keeps_all and self.session.room.has_few_records,
            )
        # A read of a range passes over what came before it: the next incremental one must not start at its end.
        return replace(read, last_stamp="") if self.is_ranged else read

    def _watch(self, records: int) -> None:
        self.cancel.check()
        if self._both is not None:
            self._both.check()
        with self._telling:
            self._read_records += records
            self.session.room.check(self._read_records)
            self.progress.advance(records)

    def _load_needed_peers(self) -> None:
        bench, number = self.session.bench, self.layout.number
        ids = {side: [str(row[0]) for row in bench.rows(f"SELECT rid FROM {side.value}_{number}")] for side in Side}
        peers = self.ledger.peers(self.key, a_ids=ids[Side.A], b_ids=ids[Side.B], statuses=WAITING)
        self._load_peers(peers)
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
        not. Where the one found is paired already, the pair's own record says whether the new one stands in its place.
        """
        bench, layout = self.session.bench, self.layout
        for side in Side:
            other = side.other
            if reads[other].is_complete:
                continue
            if free_count(bench, layout, side):
                self._load_peers(self.ledger.peers(self.key))
                reads[other] = self._load(other, whole_source(), has_peers=True)
                attach_peers(bench, layout, side)
        given = self._given(reads)
        alike = {side: alike_to_look_up(bench, given, side) for side in Side if not reads[side].is_complete}
        return reads | self._looked_up(given, {side: ids for side, ids in alike.items() if ids})

    def _look_up(self, reads: Mapping[Side, SideRead]) -> PlanInput:
        """The counterparts of everything touched stand in the workbench as they are now."""
        bench, layout = self.session.bench, self.layout
        given = self._given(reads)
        if self.compares_pairs and not any(read.is_complete for read in reads.values()):
            # Nobody knows that a counterpart was not edited because its stamp, if it has one, is of another time.
            given = self._with_looked_up(given, counterparts_to_look_up(bench, layout))
        find_touched(bench, given)
        for _ in range(2):
            asked = ids_to_look_up(bench, given)
            if not any(asked.values()):
                break
            given = self._with_looked_up(given, asked)
            find_touched(bench, given)
        return given

    def _with_looked_up(self, given: PlanInput, ids: Mapping[Side, Sequence[str]]) -> PlanInput:
        looked = self._looked_up(given, {side: wanted for side, wanted in ids.items() if wanted})
        return replace(given, a=looked.get(Side.A, given.a), b=looked.get(Side.B, given.b))

    def _looked_up(self, given: PlanInput, asked: Mapping[Side, Sequence[str]]) -> dict[Side, SideRead]:
        """The records with these ids stand in the side tables; of both sides at once where there are many."""

        def load(side: Side, bench: Workbench) -> SideRead:
            self.cancel.check()
            ids = asked[side]
            request = replace(full_request(self.layout.of(side)), ids=ids)
            with reading(self.session.read(self.layout, side, request)) as stream:
                return look_up(bench, given.read_of(side), stream, ids)

        has_made = any(self.layout.of(side).made for side in Side)
        if has_made or len(asked) < len(Side) or min(map(len, asked.values())) < TOGETHER_IDS:
            return {side: load(side, self.session.bench) for side in asked}
        return BothSides().load(self.session.bench, load)

    def _load_missing_pairs(self) -> None:
        """References can be translated, also those to an entity that comes later or that had nothing to plan."""
        for parent in self.session.lookups(self.layout).values():
            if parent is not self.layout and not has_table(self.session.bench, pair_table(parent)):
                load_pairs(self.session.bench, parent, self.ledger.peers(self.session.key(parent)))

    def _load_parents(self) -> None:
        """References that identify records are compared through the peers of what they point to."""
        if self.layout.parents:
            self._load_missing_pairs()

    def _is_quiet(self) -> bool:
        """Whether everything that an incremental read gave is known and unchanged: no plan need be made."""
        bench, layout = self.session.bench, self.layout
        if bench.number(f"SELECT count(*) FROM touched_{layout.number}"):
            return False
        looked = sum(bench.number(f"SELECT count(*) FROM {looked_table(layout, side)}") for side in Side)
        return not looked and not any(free_count(bench, layout, side) for side in Side)

    def _idle(self, given: PlanInput, states: SideStates, now: datetime) -> Prepared:
        marks = {side: states[side].mark(self._before(side), given.read_of(side)) for side in Side}
        marks, notes = not_ahead(self.session, self.layout, marks, now)
        plan = EntityPlan(self.layout.entity.name, given.a.count, given.b.count, notes=notes)
        findings = identity_findings(self.session, self.layout, states, self.ledger)
        return Prepared(self.layout, plan, None, marks, tuple(findings))

    def _result(self, given: PlanInput, states: SideStates, now: datetime) -> Prepared:
        layout = self.layout
        ask_again(self.session.bench, self.ledger, self.key, given)
        before = {side: self._before(side) for side in Side}
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
            outcome_query.count_both(self.session.bench, layout),
        )
        figures = outcome_query.guard_figures(
            self.session.bench, given, {side: before[side].complete_count for side in Side}
        )
        if not any(given.read_of(side).is_complete for side in Side):
            # Only some peers were loaded; the limits are shares of all of them.
            peers = self.ledger.count_peers(self.key)
            figures = {side: replace(figures[side], peers=peers) for side in Side}
        findings = identity_findings(self.session, layout, states, self.ledger)
        findings += sentinel_findings(self.session, given)
        marks = {
            side: states[side].mark(before[side], given.read_of(side), is_older_state=side in care.older)
            for side in Side
        }
        marks, ahead = not_ahead(self.session, layout, marks, now)
        plan = replace(plan, notes=(*plan.notes, *ahead))
        return Prepared(layout, plan, given, marks, tuple(findings), care, cared.missed, figures)
