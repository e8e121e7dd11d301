"""Prepare named records only: the queue when no plan waits, or the records that a person chose (SPEC §5, §6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.configuration import Side, StepKind
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import EntityKey
from desktop_sync.core.pipeline import is_enabled
from desktop_sync.core.plan import EntityPlan
from desktop_sync.core.ports import CancelToken, Phase, Progress
from desktop_sync.core.push import News
from desktop_sync.core.status import Status
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.plan_input import PlanInput
from desktop_sync.engine.planner import make_plan
from desktop_sync.engine.sides import SideRead, load_asked, text_places
from desktop_sync.engine.staging import Staging
from desktop_sync.engine.touched import free_count
from desktop_sync.engine.wanted import WANTED_SCHEMA, load_wanted, not_planned
from desktop_sync.engine.workbench import Workbench
from desktop_sync.services.preparation.care import SideStates, identities, states_of
from desktop_sync.services.preparation.entity_preparation import EntityPreparation, has_few_records
from desktop_sync.services.preparation.prepared import Prepared
from desktop_sync.services.preparation.side_sources import whole_source
from desktop_sync.services.session.room import begun_anew
from desktop_sync.services.session.side_stream import reading
from desktop_sync.services.session.sync_session import SyncSession, full_request

MANY = 10_000
"""From so many ids on a side is read completely: that is faster than asking for each."""

QUEUED = (Status.PREPARED, Status.FAILED)

Wanted = Mapping[str, pa.Table]
"""By entity: the records wanted, in the columns of WANTED_SCHEMA."""

Want = Callable[[SyncSession], Wanted]
"""Says which records are wanted, once the configuration is opened."""


def queued(ledger: Ledger, session: SyncSession, retry_at: datetime | None) -> dict[str, pa.Table]:
    """The queue: Prepared records, and Failed ones whose time has come (`retry_at` None: all of them)."""
    found = {}
    for layout in session.layouts:
        peers = ledger.peers(session.key(layout), statuses=QUEUED)
        rows = pa.RecordBatchReader.from_stream(peers).read_all()
        if retry_at is not None and rows.num_rows:
            waits = pc.and_(
                pc.equal(rows["status"], int(Status.FAILED)),
                pc.fill_null(pc.greater(rows["not_before"], pa.scalar(retry_at, pa.timestamp("us", "UTC"))), False),
            )
            rows = rows.filter(pc.invert(waits))
        if rows.num_rows:
            found[layout.entity.name] = rows.select(WANTED_SCHEMA.names).cast(WANTED_SCHEMA)
    return found


def named(ledger: Ledger, configuration: str, record_ids: Sequence[int]) -> dict[str, pa.Table]:
    """These sync records, as far as they belong to the configuration."""
    rows: dict[str, list[dict[str, object]]] = {}
    for record_id in dict.fromkeys(record_ids):
        record = ledger.record(record_id)
        if record is not None and record.configuration == configuration:
            row: dict[str, object] = {"record_id": record.id, "a_id": record.a_id, "b_id": record.b_id}
            rows.setdefault(record.entity, []).append(row)
    return {entity: pa.Table.from_pylist(found, schema=WANTED_SCHEMA) for entity, found in rows.items()}


def told(ledger: Ledger, session: SyncSession, news: Mapping[str, News]) -> dict[str, pa.Table]:
    """The records that news tell of, each on the side where it changed: the other one is read only if it did."""
    found: dict[str, pa.Table] = {}
    for layout in session.layouts:
        one = news.get(layout.entity.name)
        if one is None or not (one.ids.a or one.ids.b):
            continue
        a_ids, b_ids = sorted(one.ids.a), sorted(one.ids.b)
        known = pa.RecordBatchReader.from_stream(ledger.peers(session.key(layout), a_ids=a_ids, b_ids=b_ids))
        rows: list[dict[str, object]] = []
        free = {"a_id": set(a_ids), "b_id": set(b_ids)}
        for peer in known.read_all().to_pylist():
            mine = {name: peer[name] for name, ids in free.items() if peer[name] in ids}
            rows.append({"record_id": peer["record_id"], **mine})
        for row in rows:
            for name, ids in free.items():
                ids.discard(str(row.get(name)))
        rows += [{name: record_id} for name, ids in free.items() for record_id in sorted(ids)]
        found[layout.entity.name] = pa.Table.from_pylist(rows, schema=WANTED_SCHEMA)
    return found


def with_prerequisites(session: SyncSession, ledger: Ledger, wanted: Wanted) -> Wanted:
    """The same, and the records that they refer to and that are not in sync, and so on. Nothing more where the step
    "Prerequisites first" is disabled, or where there are so many that all are read anyway."""
    if not is_enabled(session.configuration, StepKind.PREREQUISITES) or sum(map(len, wanted.values())) > MANY:
        return wanted
    found = dict(wanted)
    pending = [(layout, wanted[layout.entity.name]) for layout in session.layouts if layout.entity.name in wanted]
    while pending:
        layout, rows = pending.pop()
        for name, needed in _referred(session, ledger, layout, rows).items():
            known = found.get(name, WANTED_SCHEMA.empty_table())
            fresh = _without(needed, known)
            if fresh.num_rows:
                found[name] = pa.concat_tables([known, fresh])
                pending.append((session.lookups(layout)[name], fresh))
    return found


def _without(rows: pa.Table, known: pa.Table) -> pa.Table:
    for side in Side:
        mine = f"{side.value}_id"
        here = pc.is_in(rows[mine], value_set=known[mine].combine_chunks(), skip_nulls=True)
        rows = rows.filter(pc.invert(here))
    return rows


def _referred(session: SyncSession, ledger: Ledger, layout: Layout, rows: pa.Table) -> dict[str, pa.Table]:
    """Records that these refer to and that are not peers in sync, by entity."""
    found: dict[str, pa.Table] = {}
    for side in Side:
        own = layout.of(side)
        lookups = [sending for sending in own.sendings if sending.mapping.lookup]
        ids = [value for value in rows[f"{side.value}_id"].to_pylist() if value is not None]
        if not lookups or not ids:
            continue
        request = replace(full_request(own), ids=ids)
        with reading(session.read(layout, side, request)) as stream, session.bench.source(stream) as (source, schema):
            names = [f'"{name.replace(chr(34), chr(34) * 2)}" AS r{i}' for i, name in enumerate(schema.names)]
            staging = Staging(layout, own, text_places(schema))
            select = staging.select(f"(SELECT {', '.join(names)} FROM {source})")
            sent = session.bench.table(f"SELECT {', '.join(sending.name for sending in lookups)} FROM ({select})")
        for sending in lookups:
            parent = session.lookups(layout)[sending.mapping.lookup]
            values = sorted({value for value in sent[sending.name].to_pylist() if value})
            needed = _not_in_sync(ledger, session.key(parent), side, values)
            name = parent.entity.name
            found[name] = pa.concat_tables([found[name], needed]) if name in found else needed
    return found


def _not_in_sync(ledger: Ledger, key: EntityKey, side: Side, ids: list[str]) -> pa.Table:
    a_ids, b_ids = (ids, []) if side is Side.A else ([], ids)
    known = pa.RecordBatchReader.from_stream(ledger.peers(key, a_ids=a_ids, b_ids=b_ids)).read_all().to_pylist()
    rows = [{name: row[name] for name in WANTED_SCHEMA.names} for row in known if row["status"] in map(int, QUEUED)]
    mine = f"{side.value}_id"
    rows += [{mine: one} for one in sorted(set(ids) - {row[mine] for row in known})]
    return pa.Table.from_pylist(rows, schema=WANTED_SCHEMA)


def beyond_plan(bench: Workbench, prepared: Sequence[Prepared], wanted: Wanted) -> Wanted:
    """Those that a kept plan does not know: a person queued them since."""
    rest = {}
    for one in prepared:
        rows = wanted.get(one.layout.entity.name)
        if rows is not None and one.given is not None:
            rows = not_planned(bench, one.layout, rows)
        if rows is not None and rows.num_rows:
            rest[one.layout.entity.name] = rows
    return rest


@begun_anew
def prepare_wanted(
    session: SyncSession, ledger: Ledger, wanted: Wanted, progress: Progress, cancel: CancelToken, now: datetime
) -> list[Prepared]:
    """Every entity, planned for the wanted records only, prerequisites first. Watermarks stay as they are.

    New records among them are matched as in any prepare: both sides are read completely.
    """
    session.begin_plan()
    few = has_few_records(session, ledger)
    session.room.expect(few=few, in_memory=few or sum(map(len, wanted.values())) <= MANY)
    identity = identities(session)
    prepared = []
    for layout in session.layouts:
        cancel.check()
        marks = {side: session.mark_before(ledger, layout, side) for side in Side}
        rows = wanted.get(layout.entity.name)
        if rows is None or not rows.num_rows:
            prepared.append(Prepared(layout, EntityPlan(layout.entity.name), None, marks, ()))
            continue
        one = _WantedPreparation(session, ledger, layout, progress, cancel, None, is_ranged=True)
        prepared.append(replace(one.prepare_wanted(rows, states_of(session, layout, identity), now), watermarks=marks))
    return prepared


class _WantedPreparation(EntityPreparation):
    """The way of the wanted records of one entity to a plan."""

    def prepare_wanted(self, rows: pa.Table, states: SideStates, now: datetime) -> Prepared:
        bench, layout = self.session.bench, self.layout
        self.progress.phase(layout.entity.name, Phase.READING, rows.num_rows)
        load_wanted(bench, layout, rows)
        self._load_parents()
        ids = {side: [i for i in rows[f"{side.value}_id"].to_pylist() if i is not None] for side in Side}
        is_full = self.session.is_lookup(layout) or max(map(len, ids.values())) > MANY
        peers = self.ledger.peers(self.key, a_ids=ids[Side.A], b_ids=ids[Side.B])
        self._load_peers(self.ledger.peers(self.key) if is_full else peers)
        reads = {side: self._read(side, ids[side]) for side in Side}
        reads = self._complete_for_new(reads)
        given = self._look_up(reads)
        self.progress.phase(layout.entity.name, Phase.COMPARING)
        self._load_missing_pairs()
        if self.session.provenance is not None:
            given = self.session.provenance.load(bench, given)
        make_plan(bench, given)
        return self._result(given, states, now)

    def _read(self, side: Side, ids: list[str]) -> SideRead:
        if len(ids) > MANY:
            return self._load(side, whole_source(), has_peers=True)
        self.cancel.check()
        bench, layout = self.session.bench, self.layout
        request = replace(full_request(layout.of(side)), ids=ids)
        with reading(self.session.read(layout, side, request)) as stream:
            read = load_asked(bench, layout, side, stream, ids, keeps_values=self.session.room.has_few_records)
        self.progress.advance(len(ids))
        return replace(read, count=len(ids))

    def _complete_for_new(self, reads: dict[Side, SideRead]) -> dict[Side, SideRead]:
        """A new record needs all records of both sides: its counterpart is among those of the other one, and that it is
        not the only one with its identifying values is seen on its own."""
        bench, layout = self.session.bench, self.layout
        if not any(free_count(bench, layout, side) for side in Side):
            return reads
        self._load_peers(self.ledger.peers(self.key))
        for side in Side:
            if not reads[side].is_complete:
                reads[side] = self._load(side, whole_source(), has_peers=True)
        return reads

    def _given(self, reads: Mapping[Side, SideRead]) -> PlanInput:
        return replace(super()._given(reads), is_wanted_only=True)
