"""Why a record is not synchronized, in sentences that say what would change it (SPEC §9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from desktop_sync.core.configuration import Direction, Side
from desktop_sync.core.count_text import count
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.field_flow import creates_in
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ports import Clock
from desktop_sync.core.run import Outcome, RunKind
from desktop_sync.core.status import DeletedIn, Status
from desktop_sync.core.sync_record import SyncRecord
from desktop_sync.engine import explain_query
from desktop_sync.engine.explain_query import PeerState, PlannedRecord, SideState
from desktop_sync.engine.layout import Layout
from desktop_sync.services.explain.pipeline_trace import RecordTrace, StepOutcome
from desktop_sync.services.session.sync_session import SyncSession


@dataclass(frozen=True, slots=True)
class WhyNot:
    """The reasons for one record. Reads the ledger only."""

    session: SyncSession
    ledger: Ledger
    clock: Clock
    layout: Layout
    record: SyncRecord | None
    peer: PeerState | None

    def sentences(
        self,
        ids: Mapping[Side, str | None],
        states: Mapping[Side, SideState],
        planned: PlannedRecord | None,
        nothing: Rule | None,
        traces: tuple[RecordTrace, ...],
    ) -> tuple[str, ...]:
        """Empty where it is in sync, or where the next run synchronizes it."""
        found = [*self._of_configuration(), *self._held()]
        found += self._of_status()
        found += self._of_values(states, planned, traces)
        if planned is None and nothing is Rule.DIRECTION:
            found.append(self._direction())
        if self.record is None and planned is None:
            found += self._unseen(states, ids)
        return tuple(dict.fromkeys(found))

    def _names(self) -> dict[Side, str]:
        return {side: self.session.configuration.endpoint_of(side) for side in Side}

    def _of_configuration(self) -> list[str]:
        configuration, found = self.session.configuration, []
        if not configuration.enabled:
            found.append("The configuration is disabled: only a run that is started by hand looks at it.")
        if self.ledger.binding(configuration.name).match_only is not None:
            found.append("The configuration only matches until you confirm what it matched.")
        runs = [run for run in self.ledger.runs(configuration.name, limit=5) if run.kind is not RunKind.PREPARE]
        if runs and runs[0].outcome is Outcome.GUARD:
            found.append(
                f"A guard stopped run {runs[0].id} before it wrote anything: look at its plan and let it pass."
            )
        return found

    def _held(self) -> list[str]:
        record = self.record
        if record is None:
            return []
        held = [one for one in self.ledger.held_records(record.configuration) if one.record_id == record.id]
        return [
            f"It is not known whether run {one.run_id} wrote it to {self._names()[one.side]}: it is in no plan until "
            "that is known."
            for one in held
        ]

    def _of_status(self) -> list[str]:
        record = self.record
        if record is None:
            return []
        match record.status:
            case Status.SKIPPED:
                return ["A person skipped it: set it as Prepared, and the next run takes it up."]
            case Status.ABORTED:
                return [
                    f"It was given up after {count(record.attempts, 'failed attempt')}: {_ended(record.last_error)} "
                    "Set it as Prepared to try again."
                ]
            case Status.FAILED:
                return [f"The last attempt failed: {_ended(record.last_error)}{self._retry()}"]
            case Status.CONFLICT:
                return ["Both sides changed differently: it waits until you decide which one is kept."]
            case Status.DELETED:
                return [self._deleted(record)]
            case _:
                return []

    def _retry(self) -> str:
        not_before = None if self.peer is None else self.peer.not_before
        if not_before is None or not_before <= self.clock.now():
            return " The next run tries again."
        at = not_before.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        return f" A scheduled run tries again after {at}; a run by hand does at once."

    def _deleted(self, record: SyncRecord) -> str:
        names, primary = self._names(), self.layout.entity.primary
        where = self.peer.deleted_in if self.peer is not None else DeletedIn.NOWHERE
        place = {
            DeletedIn.A: f"deleted in {names[Side.A]}",
            DeletedIn.B: f"deleted in {names[Side.B]}",
            DeletedIn.BOTH: "deleted on both sides",
            DeletedIn.BY_HAND: "set to Deleted before it was ever synchronized",
            DeletedIn.NOWHERE: "set to Deleted by hand",
        }[where]
        own = DeletedIn.A if primary is Side.A else DeletedIn.B
        if where in (own, DeletedIn.BOTH):
            again = f"when it is in {names[primary]} again"
        elif where is DeletedIn.BY_HAND:
            again = "with the next run"
        else:
            again = f"when its record in {names[primary]} is modified"
        because = _ended(f" Nothing more was done: {record.last_error}") if record.last_error else ""
        return f"It was {place}.{because} It is synchronized again {again}."

    def _of_values(
        self, states: Mapping[Side, SideState], planned: PlannedRecord | None, traces: tuple[RecordTrace, ...]
    ) -> list[str]:
        names, found = self._names(), []
        for side, state in states.items():
            if state.problem:
                found.append(f"{names[side]}: {_ended(state.problem)}")
            if state.is_there and not state.in_filter:
                found.append(self._filtered(side, traces))
        detail = planned.detail.rstrip(".") if planned is not None and planned.action is Action.INVALID else ""
        if detail and not any(detail in text for text in found):
            found.append(f"It cannot be synchronized: {detail}.")
        if planned is not None and (planned.action, planned.rule) == (Action.CLOSE, Rule.FILTER):
            found.append(_ended(f"It takes no part: {planned.detail}"))
        if planned is not None and planned.action is Action.REVIEW:
            found.append(_ended(f"Its counterpart is not certain, so a person must say it: {planned.detail}"))
        return found

    def _filtered(self, side: Side, traces: tuple[RecordTrace, ...]) -> str:
        stopped = [
            step.detail
            for trace in traces
            if trace.source is side
            for step in trace.steps
            if step.outcome is StepOutcome.STOPPED
        ]
        name = self._names()[side]
        return _ended(f"{name}: {stopped[0]}" if stopped else f"{name}: it does not meet the filter")

    def _direction(self) -> str:
        names = self._names()
        way = {
            Direction.A_TO_B: f"from {names[Side.A]} to {names[Side.B]}",
            Direction.B_TO_A: f"from {names[Side.B]} to {names[Side.A]}",
            Direction.BOTH: "both ways",
        }[self.layout.entity.direction]
        return f"It changed, but this entity is synchronized only {way}."

    def _unseen(self, states: Mapping[Side, SideState], ids: Mapping[Side, str | None]) -> list[str]:
        """Why no run did anything with a record that is in no sync record."""
        names = self._names()
        there = next((side for side, state in states.items() if state.is_there), None)
        if there is None:
            return ["It is in neither system."]
        other = explain_query.filtered_counterpart(self.session.bench, self.layout, there, ids[there] or "")
        if other is not None:
            return [
                f"Its counterpart in {names[there.other]}, record {other}, does not meet the filter, so the two are "
                "not linked; and no second one is created."
            ]
        if not states[there].in_filter:
            return []
        if not creates_in(self.layout.entity, there.other):
            return [f"It has no counterpart, and records of {names[there]} are not created in {names[there.other]}."]
        return ["No run has seen it yet."]


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."
