"""What the guards know of an entity's sides, and the care that its plans are made with (RELIABILITY 4.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pyarrow as pa

from desktop_sync.core import care as rules
from desktop_sync.core.configuration import Side
from desktop_sync.core.count_text import doing
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.guard import Guard, GuardFinding
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import EntityKey, Watermark
from desktop_sync.core.provider_port import HighMarks, ReadCompleteness
from desktop_sync.core.sync_group import on_systems, sharers_of, structure_of
from desktop_sync.core.write_loop import ALTERNATING, ONE_SIDED, is_loop
from desktop_sync.engine import care_query, outcome_query
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.plan_input import PlanInput
from desktop_sync.engine.returned import tell_other_records
from desktop_sync.engine.sides import SideRead
from desktop_sync.services.session.side_stream import reading
from desktop_sync.services.session.sync_session import SyncSession, full_request

_WAITING_RULES = (int(Rule.OLDER_STATE), int(Rule.WRITE_LOOP))


@dataclass(frozen=True, slots=True)
class SideState:
    """What a side is now, looked at before it is read."""

    identity: str
    shape: str
    definition: str
    high_marks: HighMarks

    def mark(self, before: Watermark, read: SideRead, *, is_older_state: bool = False) -> Watermark:
        """How far the side was read with this read."""
        stamp = read.last_stamp if is_older_state and read.is_complete else max(before.stamp, read.last_stamp)
        count = read.count if read.is_complete else before.complete_count
        return Watermark(stamp, count, self.identity, self.shape, self.definition, self.high_marks, before.compared_at)


SideStates = Mapping[Side, SideState]


def states_of(session: SyncSession, layout: Layout, identity: Mapping[Side, str]) -> SideStates:
    """Both sides of an entity as they are now; a structure that is still to be made has no marks."""
    definition = rules.definition_of(session.configuration, layout.entity)
    states = {}
    for side in Side:
        structure = layout.of(side).structure
        is_missing = (layout.entity.name, side) in session.missing
        marks = HighMarks() if is_missing else session.endpoints[side].high_marks(structure)
        states[side] = SideState(identity[side], rules.shape_of(structure), definition, marks)
    return states


def identities(session: SyncSession) -> dict[Side, str]:
    return {side: session.identity_of(side) for side in Side}


def identity_findings(session: SyncSession, layout: Layout, states: SideStates, ledger: Ledger) -> list[GuardFinding]:
    """Another database, folder or service, or another structure in the place of the one that there was."""
    findings = []
    for side in Side if session.configuration.guards.identity else ():
        before, now = session.mark_before(ledger, layout, side), states[side]
        is_other = before.identity not in ("", now.identity) or rules.is_other_structure(before.shape, now.shape)
        if is_other:
            findings.append(GuardFinding(Guard.IDENTITY, layout.entity.name, side, 1, 1, 0))
    return findings


def sentinel_findings(session: SyncSession, given: PlanInput) -> list[GuardFinding]:
    """Records that are always there and are missing."""
    findings = []
    for side in Side:
        wanted = given.layout.entity.sentinel.of(side)
        if wanted and not _is_there(session, given, side, wanted):
            findings.append(GuardFinding(Guard.SENTINEL, given.layout.entity.name, side, 0, 1, 1))
    return findings


def _is_there(session: SyncSession, given: PlanInput, side: Side, record_id: str) -> bool:
    layout = given.layout
    if given.read_of(side).is_complete:
        return care_query.is_there(session.bench, layout, side, record_id)
    request = replace(full_request(layout.of(side)), ids=[record_id])
    with reading(session.read(layout, side, request)) as stream, session.bench.source(stream) as (source, _):
        return session.bench.number(f"SELECT count(*) FROM {source}") > 0


@dataclass(frozen=True, slots=True)
class Care:
    """How careful the plans of one entity are in one run.

    `waits`: why deletions wait in it, or empty. `is_edited`: something else may have been synchronized by the last run.
    `older`: sides that were put back to an older state; `told`: those of which another configuration has told.
    `once`: sides where a record must be missed twice; for these,
    what was missed before. `asked`: sync records that wait for a decision, with the rule that found them.
    """

    names: Mapping[Side, str]
    now: datetime
    waits: str = ""
    is_edited: bool = False
    older: frozenset[Side] = frozenset()
    once: Mapping[Side, Mapping[int, datetime]] = field(default_factory=dict)
    asked: Mapping[int, int] = field(default_factory=dict)
    told: frozenset[Side] = frozenset()


@dataclass(frozen=True, slots=True)
class Cared:
    """What care did to a plan: sentences for people, and the records that were missed, by side, since when."""

    notes: tuple[str, ...]
    missed: Mapping[Side, Mapping[int, datetime]]


NO_CARE = Cared((), {})


def care_of(
    session: SyncSession, ledger: Ledger, layout: Layout, states: SideStates, now: datetime, *, first_run: bool
) -> Care:
    """The care for plans of this entity in a run that begins now."""
    key, guards = session.key(layout), session.configuration.guards
    before = {side: session.mark_before(ledger, layout, side) for side in Side}
    waits = ""
    is_edited = any(before[side].definition not in ("", states[side].definition) for side in Side)
    if first_run:
        waits = "it waits for the next run: a first run deletes nothing"
    elif guards.edited and is_edited:
        waits = "it waits for the next run: the configuration was edited, and the first run after that deletes nothing"
    now_us = int(now.timestamp() * 1_000_000)
    older = [
        side
        for side in Side
        if guards.older_state
        and (before[side].is_put_back or rules.went_back(before[side].high_marks, states[side].high_marks, now_us))
    ]
    once = {}
    for side in Side:
        can = session.endpoints[side].capabilities
        if can.completeness is ReadCompleteness.TWICE or not can.reads_by_id:
            once[side] = ledger.absences(key, side)
    names = {side: session.configuration.endpoint_of(side) for side in Side}
    # Before a first run there were pushes at most, and nobody knows by which mapping.
    may_be_edited = is_edited or first_run
    asked = ledger.waiting_decisions(key, _WAITING_RULES)
    told = frozenset(side for side in Side if before[side].is_put_back)
    return Care(names, now, waits, may_be_edited, frozenset(older), once, asked, told)


def seen_older(session: SyncSession, ledger: Ledger, given: PlanInput, care: Care) -> Care:
    """The care, where the stamps of a side tell that it was put back to an older state. Needs `find_touched`."""
    if not session.configuration.guards.older_state:
        return care
    older = set(care.older)
    for side in Side:
        before, read = session.mark_before(ledger, given.layout, side).stamp, given.read_of(side)
        if not (read.is_complete and before and read.last_stamp) or read.last_stamp == before:
            continue
        if care_query.told_before(session.bench, given, side, before):
            older.add(side)
    return replace(care, older=frozenset(older))


def tell_sharers(session: SyncSession, ledger: Ledger, layout: Layout, care: Care) -> None:
    """Other configurations that share a structure which was put back know it, before anything is written there: what
    is written would hide it from them. Whoever was told tells nobody: all were. May be repeated."""
    if not care.older - care.told:
        return
    systems = ledger.systems()
    (mine,) = on_systems([session.configuration], systems)
    for side in care.older - care.told:
        shared = structure_of(mine, layout.entity, side)
        for other, entity, its_side in sharers_of(shared, mine.name, on_systems(ledger.configurations(), systems)):
            key = EntityKey(other.name, entity.name)
            marks = {one: ledger.watermark(key, one) for one in Side}
            if marks[its_side].identity and not marks[its_side].is_put_back:
                marks[its_side] = replace(marks[its_side], is_put_back=True)
                ledger.save_watermarks(key, marks[Side.A], marks[Side.B])


def take_care(session: SyncSession, ledger: Ledger, given: PlanInput, care: Care) -> Cared:
    """The plan's table is as careful as it must be; what was done to it."""
    bench, layout = session.bench, given.layout
    if care.is_edited:
        _see_through_edit(session, ledger, given)
    entity, notes = layout.entity.name, []
    for side in sorted(care.older, key=lambda side: side.value):
        name = care.names[side]
        why = f"{name} was put back to an older state: decide which record stays"
        count = care_query.ask_about(bench, layout, side, why)
        tell_other_records(
            bench,
            given,
            side,
            f"{name} was put back to an older state, and may have given the id to "
            "another record: unlink the two if they are not the same, or decide which one stays",
        )
        notes.append(
            f"{name}, {entity}: an older state was put back there. Nothing is deleted or changed in "
            f"{care.names[side.other]} because of it; {_records(count)} for your decision."
        )
    if care.asked:
        a, b = care.names[Side.A], care.names[Side.B]
        care_query.ask_still(bench, layout, care.asked, {
            int(Rule.OLDER_STATE): "one side was put back to an older state: decide which record stays",
            int(Rule.WRITE_LOOP): f"{a} and {b} overwrite each other's value: decide which one stays",
        })  # fmt: skip
    if session.configuration.guards.write_loop:
        _stop_loops(session, ledger, given, care, notes)
    missed = {side: _miss(session, given, care, side, notes) for side in care.once}
    if care.waits:
        count = care_query.hold_deletes(bench, layout, care.waits)
        if count:
            reason = care.waits.split(": ", 1)[1]
            notes.append(f"{entity}: {_deletions(count)} for the next run: {reason}.")
    return Cared(tuple(notes), missed)


def _see_through_edit(session: SyncSession, ledger: Ledger, given: PlanInput) -> None:
    """A record that was deleted on one side is no edit on the other because other fields are compared now: where the
    values are those of the baseline, it is what a deletion makes of an unchanged record."""
    bench, layout = session.bench, given.layout
    for gone in Side:
        numbers = care_query.edited_against(bench, layout, gone)
        if not numbers:
            continue
        other = gone.other.value
        baselines = ledger.baselines(numbers)
        for row in bench.table(outcome_query.conflict_rows(given, decided=numbers)).to_pylist():
            known = baselines.get(int(row["record_id"]), {})
            fields = [
                (f"{other}:{m.field_of(gone.other)}", row[f"{other}{i}"]) for i, m in enumerate(layout.entity.fields)
            ]
            if any(label in known for label, _ in fields) and all(
                known.get(label, value) == value for label, value in fields
            ):
                care_query.take_as_unchanged(bench, layout, gone, int(row["record_id"]))


def _stop_loops(session: SyncSession, ledger: Ledger, given: PlanInput, care: Care, notes: list[str]) -> None:
    """Records that two programs overwrite in turn wait for a decision. Costs a look at some heads, and nothing more
    unless the last runs updated records one after the other."""
    bench, layout = session.bench, given.layout
    key = session.key(layout)
    if not any(outcome_query.counts(bench, layout).get(action) for action in (Action.UPDATE_A, Action.UPDATE_B)):
        return
    if ledger.update_streak(key) < ALTERNATING:
        return
    planned = care_query.planned_updates(bench, layout)
    past = ledger.past_updates(key, list(planned), ONE_SIDED)
    looping = [record for record, writes in past.items() if is_loop(*planned[record], writes)]
    if not looping:
        return
    a, b = care.names[Side.A], care.names[Side.B]
    why = f"{a} and {b} overwrite each other's value: decide which one stays"
    who = f"one program writes it in {a}, another one in {b}"
    others = _also_writing(session, ledger, layout, looping)
    if others:
        names = " and ".join(f'"{name}"' for name in (key.configuration, *others))
        why = f"{names} overwrite each other's value: decide which one stays, and change one of their mappings"
        who = f"{names} overwrite it in turn, for their mappings contradict each other"
    count = care_query.ask_for(bench, layout, looping, Rule.WRITE_LOOP, why)
    if count:
        notes.append(
            f"{a} and {b}, {layout.entity.name}: {_records(count)} for your decision, because its value goes back and "
            f"forth between two: {who}."
        )


def _also_writing(session: SyncSession, ledger: Ledger, layout: Layout, record_ids: Sequence[int]) -> list[str]:
    """The other configurations that updated one of these records in their last run that wrote."""
    systems = ledger.systems()
    (mine,) = on_systems([session.configuration], systems)
    found: dict[str, None] = {}
    for side in Side:
        ids = care_query.record_ids_of(session.bench, layout, side, record_ids)
        shared = structure_of(mine, layout.entity, side)
        for other, entity, its_side in sharers_of(shared, mine.name, on_systems(ledger.configurations(), systems)):
            key = EntityKey(other.name, entity.name)
            a_ids, b_ids = (ids, []) if its_side is Side.A else ([], ids)
            peers = pa.RecordBatchReader.from_stream(ledger.peers(key, a_ids=a_ids, b_ids=b_ids)).read_all()
            if ledger.past_updates(key, peers["record_id"].to_pylist(), 1):
                found[other.name] = None
    return list(found)


def _miss(session: SyncSession, given: PlanInput, care: Care, side: Side, notes: list[str]) -> dict[int, datetime]:
    """Records of a side whose reads may overlook some: those missing for the first time wait."""
    absent = care_query.absent(session.bench, given.layout, side)
    before = care.once[side]
    missed = {record: min(before.get(record, care.now), care.now) for record in absent}
    due = care.now - rules.between_sightings(session.configuration.schedule)
    fresh = [record for record, since in missed.items() if since > due]
    why = f"it waits until {care.names[side]} does not list the record a second time"
    count = care_query.hold_records(session.bench, given.layout, fresh, why)
    if count:
        notes.append(
            f"{care.names[side]}, {given.layout.entity.name}: {_records(count)} until a second read confirms that the "
            "record is gone."
        )
    return missed


def late_deletes(
    session: SyncSession, given: PlanInput, care: Care, limits: Mapping[Side, int | None], done: Mapping[Side, int]
) -> tuple[str, ...]:
    """Deletions of records that were planned anew count with those that the run carried out: beyond the limit they
    wait. `limits` and `done`: by the side that they are carried out in."""
    notes = []
    for side, limit in limits.items():
        planned = care_query.count_deletes(session.bench, given.layout, side)
        if limit is None or planned + done[side] <= limit:
            continue
        reason = f"{doing(done[side], 'record', 'was', 'were')} deleted already and {limit} are allowed"
        count = care_query.hold_deletes(session.bench, given.layout, f"it waits for the next run: {reason}", side)
        notes.append(f"{care.names[side]}, {given.layout.entity.name}: {_deletions(count)} for the next run: {reason}.")
    return tuple(notes)


def _records(count: int) -> str:
    return doing(count, "record", "waits", "wait")


def _deletions(count: int) -> str:
    return doing(count, "deletion", "waits", "wait")
