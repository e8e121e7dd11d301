"""What each step of the pipeline does to one record: for the explanation, and live while a step is edited (SPEC §6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from desktop_sync.core.configuration import FieldMapping, NullPolicy, Side, StepKind, SyncConfiguration
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import EntityKey
from desktop_sync.core.pipeline import PipelineRow, moment_of, own_steps, pipeline
from desktop_sync.core.plan import FieldChange
from desktop_sync.core.sync_record import SyncRecord
from desktop_sync.engine.canonical import plain_text_sql
from desktop_sync.engine.layout import Layout, SideLayout
from desktop_sync.engine.record_steps import RecordStep
from desktop_sync.engine.sides import text_places
from desktop_sync.engine.staging import PROBLEM_SEPARATOR, Staging, sent_type
from desktop_sync.engine.workbench import Workbench
from desktop_sync.services.session.side_stream import reading
from desktop_sync.services.session.sync_session import OpenEndpoint, SyncSession, full_request, open_session
from desktop_sync.services.views import RecordTrace, StepOutcome, StepTrace

__all__ = ["PipelineTraceService", "RecordTrace", "StepOutcome", "StepTrace"]

MASKED = "•••"


class PipelineTraceService:
    """Reads the record as it is now; writes nothing. Blocks; any thread; may be repeated."""

    def __init__(self, ledger: Ledger, open_endpoint: OpenEndpoint, work_folder: Path) -> None:
        self._ledger = ledger
        self._open_endpoint = open_endpoint
        self._work_folder = work_folder

    def trace(self, name: str, record_id: int) -> tuple[RecordTrace, ...]:
        """What the steps of the configuration do to a sync record now: one trace per side that sends something.

        Raises ConfigurationError when there is no such record, and errors of endpoints.
        """
        configuration = next((one for one in self._ledger.configurations() if one.name == name), None)
        record = self._ledger.record(record_id)
        if configuration is None or record is None or record.configuration != name:
            raise ConfigurationError(f'there is no sync record {record_id} in "{name}"', path="record")
        with self._session(configuration) as session:
            return self.trace_in(session, record)

    def trace_in(self, session: SyncSession, record: SyncRecord) -> tuple[RecordTrace, ...]:
        """The same in a session that is open already."""
        layout = next((one for one in session.layouts if one.entity.name == record.entity), None)
        if layout is None:
            return ()
        ids = {Side.A: record.a_id, Side.B: record.b_id}
        found = []
        for side in Side:
            record_id = ids[side]
            if record_id is not None and layout.of(side).sendings:
                request = replace(full_request(layout.of(side)), ids=[record_id])
                with reading(session.read(layout, side, request)) as stream:
                    table = pa.RecordBatchReader.from_stream(stream).read_all()
                baseline = self._baseline(session, layout, record, side)
                traced = _traces(session, layout, side, table.slice(0, 1), baseline)
                found += traced or [RecordTrace(record.entity, side, record_id)]
        return tuple(found)

    def sample(
        self, configuration: SyncConfiguration, entity: str, source: Side, limit: int = 5
    ) -> tuple[RecordTrace, ...]:
        """What the steps do to the first records of a side. The configuration need not be saved.

        Raises ConfigurationError and ExpressionError for steps that cannot work, and errors of endpoints.
        """
        with self._session(configuration) as session:
            layout = next((one for one in session.layouts if one.entity.name == entity), None)
            if layout is None or not layout.of(source).sendings:
                return ()
            request = replace(full_request(layout.of(source)), limit=limit)
            with reading(session.read(layout, source, request)) as stream:
                table = pa.RecordBatchReader.from_stream(stream).read_all().slice(0, limit)
            return tuple(_traces(session, layout, source, table, None))

    def _session(self, configuration: SyncConfiguration) -> SyncSession:
        self._work_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        session = open_session(
            configuration,
            self._open_endpoint,
            self._ledger,
            str(self._work_folder),
            values=self._ledger,
            pins=self._ledger,
        )
        session.room.works_in_memory = True
        return session

    def _baseline(self, session: SyncSession, layout: Layout, record: SyncRecord, side: Side) -> bytes | None:
        key = EntityKey(session.configuration.name, layout.entity.name)
        a_ids, b_ids = ([record.a_id or ""], []) if side is Side.A else ([], [record.b_id or ""])
        rows = pa.RecordBatchReader.from_stream(self._ledger.peers(key, a_ids=a_ids, b_ids=b_ids)).read_all()
        digests = [row[f"{side.value}_digest"] for row in rows.to_pylist() if row["record_id"] == record.id]
        return digests[0] if digests else None


@dataclass(frozen=True, slots=True)
class _State:
    """The record after some of the steps: what would be sent by mapping index, and what stopped it."""

    own: tuple[str | None, ...]
    sent: dict[int, str | None]
    problem: str
    in_filter: bool
    digest: bytes


def _traces(
    session: SyncSession, layout: Layout, side: Side, table: pa.Table, baseline: bytes | None
) -> list[RecordTrace]:
    """Traces of the table's records in order. One small SELECT per step: each sees the steps before it only."""
    own = layout.of(side)
    texts = text_places(table.schema)
    states = []
    for count in range(len(own.steps) + 1):
        shorter = replace(own, steps=own.steps[:count])
        states.append(_states(session.bench, Staging(layout, shorter, texts), table))
    rows = pipeline(session.configuration, layout.entity.name)
    return [
        RecordTrace(
            layout.entity.name,
            side,
            record_id,
            _Way(session.configuration, rows, layout, own, [each[place][1] for each in states], baseline).steps(),
        )
        for place, (record_id, _) in enumerate(states[0])
    ]


def _states(bench: Workbench, staging: Staging, table: pa.Table) -> list[tuple[str, _State]]:
    own = staging.side
    numbered = table.rename_columns([column.raw for column in own.columns])
    numbered = numbered.append_column("place", pa.array(range(table.num_rows), pa.int64()))
    held = [f"coalesce({plain_text_sql(c.typed, c.kind)}, CAST({c.raw} AS VARCHAR))" for c in own.columns]
    sent = [plain_text_sql(s.name, sent_type(s)) for s in own.sendings]
    columns = f"rid, problem, in_filter, digest, [{', '.join(held)}], [{', '.join(sent)}]"
    with bench.source(numbered) as (name, _):
        found = bench.rows(f"SELECT {columns} FROM ({staging.measure(name, is_matched=False)}) ORDER BY place")
    states = []
    for rid, problem, in_filter, digest, values, outgoing in found:
        by_index = {s.index: _text(v) for s, v in zip(own.sendings, _list(outgoing), strict=True)}
        held_now = tuple(_text(value) for value in _list(values))
        raw_digest = bytes(digest) if isinstance(digest, bytes | bytearray) else b""
        states.append((str(rid or ""), _State(held_now, by_index, _sentence(problem), bool(in_filter), raw_digest)))
    return states


@dataclass(frozen=True, slots=True)
class _Way:
    configuration: SyncConfiguration
    rows: tuple[PipelineRow, ...]
    layout: Layout
    own: SideLayout
    states: Sequence[_State]
    baseline: bytes | None

    def steps(self) -> tuple[StepTrace, ...]:
        by_name = {one.step.name: one for one in self.own.steps}
        is_stopped = False
        found = []
        for row in self.rows:
            one = by_name.get(row.step.name) if row.step is not None else None
            if not row.enabled:
                trace = StepTrace(row, StepOutcome.SWITCHED_OFF)
            elif row.step is not None and one is None and not self._is_peer_look_up(row):
                trace = StepTrace(row, StepOutcome.ELSEWHERE, self._elsewhere(row))
            elif is_stopped:
                trace = StepTrace(row, StepOutcome.NOT_REACHED)
            else:
                trace = self._own(row, one) if one is not None else self._standard(row)
            is_stopped = is_stopped or trace.outcome is StepOutcome.STOPPED
            found.append(trace)
        return tuple(found)

    def _is_peer_look_up(self, row: PipelineRow) -> bool:
        step = row.step
        return step is not None and bool(step.lookup) and step.direction.flows_from(self.own.side)

    def _elsewhere(self, row: PipelineRow) -> str:
        if row.step is None:
            return ""
        around = own_steps(self.configuration, moment_of(row.step))
        is_about_run = row.step in around and not row.step.direction.flows_from(self.own.side.other)
        return "" if is_about_run else "it has its turn around the run, or in the other direction"

    def _own(self, row: PipelineRow, one: RecordStep) -> StepTrace:
        place = self.own.steps.index(one)
        before, after = self.states[place], self.states[place + 1]
        if before.in_filter and not after.in_filter:
            return StepTrace(row, StepOutcome.STOPPED, f"it does not meet the condition: {one.step.condition}")
        # A problem of the mapping stands there before the late steps; then this one is never asked.
        if after.problem and after.problem != before.problem:
            return StepTrace(row, StepOutcome.STOPPED, after.problem)
        changes = tuple(
            self._change(target.index, before.sent[target.index], after.sent[target.index])
            for target in one.targets
            if before.sent[target.index] != after.sent[target.index]
        )
        return StepTrace(row, StepOutcome.APPLIED if changes else StepOutcome.PASSED, "", changes)

    def _standard(self, row: PipelineRow) -> StepTrace:
        first = self.states[0]
        if row.kind is StepKind.PULL:
            if not self.own.condition or first.in_filter:
                return StepTrace(row, StepOutcome.APPLIED, "", self._pulled())
            return StepTrace(row, StepOutcome.STOPPED, f"it does not meet the filter: {self.own.condition.text}")
        if row.kind is StepKind.DIRECTION:
            return StepTrace(row, StepOutcome.APPLIED, self._direction())
        if row.kind is StepKind.PREREQUISITES:
            names = ", ".join(self.layout.entity.prerequisites)
            return StepTrace(
                row, StepOutcome.APPLIED if names else StepOutcome.PASSED, f"first: {names}" if names else ""
            )
        if row.kind in (StepKind.STANDARD_MAPPING, StepKind.CONFIGURED_MAPPING):
            return self._mapping(row, is_plain=row.kind is StepKind.STANDARD_MAPPING)
        return StepTrace(row, StepOutcome.PASSED)

    def _pulled(self) -> tuple[FieldChange, ...]:
        held = dict(zip((column.name for column in self.own.columns), self.states[0].own, strict=True))
        names = dict.fromkeys(m.field_of(self.own.side) for m in self.layout.entity.fields if m.field_of(self.own.side))
        masked = {m.field_of(self.own.side) for m in self.layout.entity.fields if m.masked}
        return tuple(FieldChange(name, after=_shown(held.get(name), name in masked)) for name in names)

    def _direction(self) -> str:
        name = self.configuration.endpoint_of(self.own.side)
        if self.baseline is None:
            return f'it was not synchronized from "{name}" before'
        is_same = self.states[-1].digest == self.baseline
        return f'"{name}": {"as it was after" if is_same else "changed since"} the last synchronization'

    def _mapping(self, row: PipelineRow, *, is_plain: bool) -> StepTrace:
        first = self.states[0]
        changes = []
        held = dict(zip((column.name for column in self.own.columns), first.own, strict=True))
        for sending in self.own.sendings:
            if _is_plain(sending.mapping, self.own.side) is is_plain:
                before = held.get(sending.column.name) if sending.column is not None else None
                changes.append(self._change(sending.index, before, first.sent[sending.index]))
        if first.problem and not is_plain:
            return StepTrace(row, StepOutcome.STOPPED, first.problem, tuple(changes))
        return StepTrace(row, StepOutcome.APPLIED if changes else StepOutcome.PASSED, "", tuple(changes))

    def _change(self, index: int, before: str | None, after: str | None) -> FieldChange:
        mapping = self.layout.entity.fields[index]
        label = mapping.field_of(self.own.side.other)
        return FieldChange(
            label,
            before=_shown(before, mapping.masked),
            after=_shown(after, mapping.masked),
            differs=before != after,
        )


def _is_plain(mapping: FieldMapping, source: Side) -> bool:
    """Whether the standard mapping alone makes the value."""
    return not (
        mapping.expression_to(source.other)
        or mapping.value_map
        or mapping.lookup
        or mapping.default is not None
        or mapping.null is not NullPolicy.WRITE
    )


def _shown(value: str | None, is_masked: bool) -> str | None:
    return MASKED if is_masked and value is not None else value


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _sentence(problem: object) -> str:
    if not problem:
        return ""
    field, _, what = str(problem).rpartition(PROBLEM_SEPARATOR)
    return f"{field}: {what}" if field else what
