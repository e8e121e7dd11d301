"""How a record stands now: read from both sides, compared, and what a run would do with it, or why it would not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pyarrow as pa

from desktop_sync.core.configuration import Entity, Side
from desktop_sync.core.decision import Action, Change, Rule, decide
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.explanation import ComparedField, ExplainedEvent, Explanation, Part
from desktop_sync.core.explanation_text import change_words, rule_words, will_words
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ports import CancelToken, Clock, Progress
from desktop_sync.core.sync_record import SyncRecord
from desktop_sync.engine import explain_query
from desktop_sync.engine.explain_query import FieldRow, PeerState, PlannedRecord, SideState
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.plan_input import PlanInput
from desktop_sync.engine.wanted import WANTED_SCHEMA
from desktop_sync.services.explain.pipeline_trace import PipelineTraceService, RecordTrace, StepOutcome
from desktop_sync.services.explain.why_not import WhyNot
from desktop_sync.services.masking import MASKED
from desktop_sync.services.preparation.prepare_wanted import prepare_wanted
from desktop_sync.services.session.side_stream import reading
from desktop_sync.services.session.sync_session import SyncSession, full_request


@dataclass(frozen=True, slots=True)
class Subject:
    """What is explained: a sync record, or a record of one side that no run has seen."""

    entity: str
    a_id: str | None
    b_id: str | None
    record: SyncRecord | None = None

    @staticmethod
    def of_record(record: SyncRecord) -> Subject:
        return Subject(record.entity, record.a_id, record.b_id, record)

    def id_of(self, side: Side) -> str | None:
        return self.a_id if side is Side.A else self.b_id


@dataclass(frozen=True, slots=True)
class ExplainedPresent:
    """Explains in one open session. One thread; writes nothing."""

    session: SyncSession
    ledger: Ledger
    clock: Clock
    trace: PipelineTraceService
    progress: Progress
    cancel: CancelToken

    def find(self, record_id: str, entity: str) -> Subject:
        """A record of one side with that id, which the ledger does not know. Where there is none, one of the first
        entity that is in no system. Raises ConfigurationError where several entities or sides have one."""
        found = []
        layouts = [layout for layout in self.session.layouts if entity in ("", layout.entity.name)]
        for layout in layouts:
            for side in Side:
                request = replace(full_request(layout.of(side)), ids=[record_id])
                with reading(self.session.read(layout, side, request)) as stream:
                    is_there = pa.RecordBatchReader.from_stream(stream).read_all().num_rows > 0
                if is_there:
                    ids = (record_id, None) if side is Side.A else (None, record_id)
                    found.append(Subject(layout.entity.name, *ids))
        if len(found) > 1:
            places = ", ".join(f"{one.entity} in {self._names()[Side.A if one.a_id else Side.B]}" for one in found)
            raise ConfigurationError(f'several records have the id "{record_id}": {places}', path="record")
        if not found:
            names = " and ".join(self._names().values())
            raise ConfigurationError(
                f'no record has the id "{record_id}", neither in {names} nor in what runs have seen', path="record"
            )
        return found[0]

    def explain(self, subject: Subject, past: tuple[ExplainedEvent, ...]) -> Explanation:
        layout = next(one for one in self.session.layouts if one.entity.name == subject.entity)
        given = self._plan(layout, subject)
        bench = self.session.bench
        planned = explain_query.planned_record(bench, layout, subject.a_id, subject.b_id)
        ids = {side: subject.id_of(side) for side in Side}
        if planned is not None:
            ids = {Side.A: planned.a_id or ids[Side.A], Side.B: planned.b_id or ids[Side.B]}
        states = {side: explain_query.side_state(bench, layout, side, ids[side]) for side in Side}
        peer = None
        if subject.record is not None:
            peer = explain_query.peer_state(bench, layout, subject.record.id)
        traces = self._traces(subject)
        fields = self._fields(given, ids, states, subject)
        present = [*self._read(layout, ids, states, peer), *self._stepped(traces)]
        present += self._compared(fields, states)
        present += self._decided(planned)
        why = WhyNot(self.session, self.ledger, self.clock, layout, subject.record, peer).sentences(
            ids, states, planned, self._rule_of_nothing(layout.entity, subject), traces
        )
        return Explanation(
            self.session.configuration.name,
            subject.entity,
            ids[Side.A],
            ids[Side.B],
            subject.record,
            past,
            tuple(present),
            fields,
            None if planned is None else planned.action,
            None if planned is None else planned.rule,
            why,
        )

    def _names(self) -> dict[Side, str]:
        return {side: self.session.configuration.endpoint_of(side) for side in Side}

    def _plan(self, layout: Layout, subject: Subject) -> PlanInput:
        row = {"record_id": subject.record.id if subject.record else None, "a_id": subject.a_id, "b_id": subject.b_id}
        wanted = {layout.entity.name: pa.Table.from_pylist([row], schema=WANTED_SCHEMA)}
        prepared = prepare_wanted(self.session, self.ledger, wanted, self.progress, self.cancel, self.clock.now())
        given = next(one.given for one in prepared if one.layout is layout)
        if given is None:
            raise ConfigurationError("the record cannot be read", path="record")
        return given

    def _traces(self, subject: Subject) -> tuple[RecordTrace, ...]:
        """What the pipeline does to the record now, where a run has seen it."""
        return () if subject.record is None else self.trace.trace_in(self.session, subject.record)

    def _read(
        self, layout: Layout, ids: Mapping[Side, str | None], states: Mapping[Side, SideState], peer: PeerState | None
    ) -> list[ExplainedEvent]:
        names = self._names()
        found = []
        for side in Side:
            place, record_id, state = f"{names[side]}, {layout.of(side).structure.name}", ids[side], states[side]
            if record_id is None:
                found.append(ExplainedEvent(Part.READ, f"{place}: it has no record there"))
            elif not state.is_there:
                found.append(ExplainedEvent(Part.READ, f"{place}: record {record_id} is not there"))
            else:
                baseline = None if peer is None else (peer.a_digest if side is Side.A else peer.b_digest)
                change = Change.CHANGED if baseline is not None and baseline != state.digest else Change.SAME
                known = f"; {change_words(change, names[side])}" if baseline is not None else "; it has no baseline yet"
                found.append(ExplainedEvent(Part.READ, f"{place}: record {record_id} was read{known}"))
            if state.is_there and not state.in_filter:
                found.append(ExplainedEvent(Part.FILTERED, f"{place}: it does not meet the filter"))
        return found

    def _stepped(self, traces: tuple[RecordTrace, ...]) -> list[ExplainedEvent]:
        """What the user's own steps and the mapping did, and what stopped the record."""
        names = self._names()
        found = []
        for trace in traces:
            way = f"from {names[trace.source]} to {names[trace.source.other]}"
            for step in trace.steps:
                if step.outcome is StepOutcome.STOPPED:
                    found.append(ExplainedEvent(Part.STEPS, f"{way}: “{step.row.title}” stopped it: {step.detail}"))
                elif step.outcome is StepOutcome.APPLIED and step.row.step is not None:
                    said = f"{way}: “{step.row.title}” was applied{': ' + step.detail if step.detail else ''}"
                    found.append(ExplainedEvent(Part.STEPS, said, fields=step.changes))
        return found

    def _fields(
        self,
        given: PlanInput,
        ids: Mapping[Side, str | None],
        states: Mapping[Side, SideState],
        subject: Subject,
    ) -> tuple[ComparedField, ...]:
        bench, entity = self.session.bench, given.layout.entity
        a_id, b_id = ids[Side.A], ids[Side.B]
        row: FieldRow = {}
        if a_id is not None and b_id is not None and all(state.is_there for state in states.values()):
            row = explain_query.both_sides(bench, given, a_id, b_id) or {}
        else:
            for side in Side:
                record_id = ids[side]
                if record_id is not None and states[side].is_there:
                    row |= explain_query.one_side(bench, given, side, record_id)
        base = self.ledger.baseline(subject.record.id) if subject.record is not None else {}
        return tuple(self._field(entity, index, row, base) for index in range(len(entity.fields)))

    @staticmethod
    def _field(entity: Entity, index: int, row: FieldRow, base: Mapping[str, str | None]) -> ComparedField:
        mapping = entity.fields[index]
        values = {
            "a": row.get(f"va{index}"),
            "b": row.get(f"vb{index}"),
            "base_a": base.get(f"a:{mapping.a}") if mapping.a else None,
            "base_b": base.get(f"b:{mapping.b}") if mapping.b else None,
            "normal_a": row.get(f"na{index}"),
            "normal_b": row.get(f"nb{index}"),
        }
        texts = {
            name: None if value is None else MASKED if mapping.masked else str(value) for name, value in values.items()
        }
        label = " = ".join(dict.fromkeys(name for name in (mapping.a, mapping.b) if name))
        return ComparedField(label, **texts, differs=row.get(f"e{index}") is False)

    @staticmethod
    def _compared(fields: tuple[ComparedField, ...], states: Mapping[Side, SideState]) -> list[ExplainedEvent]:
        if not all(state.is_there for state in states.values()):
            return []
        different = [field.label for field in fields if field.differs]
        said = f"the sides differ in {', '.join(different)}" if different else "both sides are equal in normal form"
        return [ExplainedEvent(Part.COMPARED, said)]

    def _decided(self, planned: PlannedRecord | None) -> list[ExplainedEvent]:
        if planned is None:
            return [ExplainedEvent(Part.DECIDED, "a run would do nothing with it now")]
        found = []
        if planned.is_contact and planned.detail and planned.action not in (Action.REVIEW, Action.INVALID):
            found.append(ExplainedEvent(Part.MATCHED, f"it matches: {planned.detail}"))
        because = f", because {rule_words(planned.rule)}"
        said = f"with the next run it would {will_words(planned.action, self._names())}{because}"
        return [*found, ExplainedEvent(Part.DECIDED, said)]

    def _rule_of_nothing(self, entity: Entity, subject: Subject) -> Rule | None:
        """By which rule nothing is done with a pair that changed."""
        if subject.record is None:
            return None
        judged = explain_query.judged_record(self.session.bench, subject.record.id)
        if judged is None:
            return None
        changes = judged.change_a, judged.change_b
        return decide(entity, *changes, judged.equal, judged.newer, takes_part=judged.takes_part).rule
