"""What was done to a record, from the ledger: paired by what, decided by which rule, written, by which run."""

from __future__ import annotations

from datetime import UTC, datetime

from desktop_sync.core.configuration import Entity, Side, SyncConfiguration
from desktop_sync.core.count_text import count
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.explanation import ExplainedEvent, Part
from desktop_sync.core.explanation_text import done_words, rule_words, run_words, verdict_words
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.plan import FieldChange
from desktop_sync.core.run import Run
from desktop_sync.core.sync_record import Conflict, HistoryRow, SyncRecord
from desktop_sync.services.masking import hide

MOST = 1_000
"""So many actions on one record are told, the newest ones."""
_RESULTS = {"not done": ", but it was not done", "in doubt": ", and it is not known whether it was done"}
_BEGINNING = datetime.min.replace(tzinfo=UTC)


class ExplainedPast:
    """Tells the past of one record; masked values are not shown. Reads the ledger only."""

    def __init__(self, ledger: Ledger, configuration: SyncConfiguration, entity: Entity) -> None:
        self._ledger = ledger
        self._names = {side: configuration.endpoint_of(side) for side in Side}
        self._masked = {name for mapping in entity.fields if mapping.masked for name in (mapping.a, mapping.b) if name}
        self._runs: dict[int, Run | None] = {}

    def events(self, record: SyncRecord) -> tuple[ExplainedEvent, ...]:
        """Oldest first; the last one is the status as it is."""
        found = [event for row in self._ledger.record_history(record.id, MOST) for event in self._done(row)]
        found += [self._conflict(conflict) for conflict in self._ledger.record_conflicts(record.id)]
        # Rows come newest first, each with its lines in order: sorting by time keeps those together.
        found.sort(key=lambda event: event.at or _BEGINNING)
        return (*found, self._status(record))

    def _done(self, row: HistoryRow) -> tuple[ExplainedEvent, ...]:
        by = self._by(row.run_id)
        run_id = row.run_id or None
        lines = []
        if row.evidence:
            lines.append(ExplainedEvent(Part.MATCHED, f"{by}: paired, {row.evidence}", row.at, run_id))
        ids = " = ".join(
            f"{self._names[side]} {one}" for side, one in ((Side.A, row.a_id), (Side.B, row.b_id)) if one is not None
        )
        lines.append(ExplainedEvent(Part.DECIDED, f"{by}: {rule_words(row.rule)}", row.at, run_id))
        said = f"{by}: {done_words(row.action, self._names)}{_RESULTS.get(row.result, '')} ({ids})"
        lines.append(ExplainedEvent(Part.WRITTEN, said, row.at, run_id, self._shown(self._changed(row))))
        return tuple(lines)

    @staticmethod
    def _changed(row: HistoryRow) -> tuple[FieldChange, ...]:
        is_whole = row.action.target is None or row.action in (Action.CREATE_A, Action.CREATE_B)
        return row.fields if is_whole else tuple(field for field in row.fields if field.differs)

    def _conflict(self, conflict: Conflict) -> ExplainedEvent:
        text = f"{self._by(conflict.run_id)}: both sides had changed differently; {rule_words(conflict.rule)}"
        if conflict.winner is not None:
            text += "" if conflict.rule is Rule.MERGED else f"; {self._names[conflict.winner]} won"
        fields = tuple(field for field in conflict.fields if field.differs)
        for field in self._shown(fields):
            said = verdict_words(field, self._names)
            text += f"; {field.label}: {said}" if said else ""
        return ExplainedEvent(Part.CONFLICT, text, conflict.found_at, conflict.run_id or None, self._shown(fields))

    def _status(self, record: SyncRecord) -> ExplainedEvent:
        text = f"Status: {record.status.label}"
        if record.attempts:
            text += f", after {count(record.attempts, 'failed attempt')}"
        return ExplainedEvent(Part.STATUS, f"{text}. {record.last_error}".strip(), record.updated_at)

    def _by(self, run_id: int) -> str:
        if not run_id:
            return "By hand"
        if run_id not in self._runs:
            self._runs[run_id] = self._ledger.run(run_id)
        run = self._runs[run_id]
        words = run_words(run.kind, run_id) if run is not None else f"run {run_id}"
        undoes = run.result.undoes if run is not None and run.result is not None else None
        of = f" of run {undoes}" if undoes is not None else ""
        return f"{words[0].upper()}{words[1:]}{of}"

    def _shown(self, fields: tuple[FieldChange, ...]) -> tuple[FieldChange, ...]:
        return tuple(hide(field) if field.label in self._masked else field for field in fields)
