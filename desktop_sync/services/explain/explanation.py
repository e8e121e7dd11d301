"""Explain a record (SPEC §9): a timeline of what was done to it and why, how it stands now, and why not, when it is not
synchronized. Writes nothing, neither to an endpoint nor to the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.explanation import ExplainedEvent, Explanation
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ports import UNWATCHED, CancelToken, Clock, Progress
from desktop_sync.core.sync_record import SyncRecord
from desktop_sync.services.explain.explained_past import ExplainedPast
from desktop_sync.services.explain.explained_present import ExplainedPresent, Subject
from desktop_sync.services.explain.pipeline_trace import PipelineTraceService
from desktop_sync.services.explain.record_names import names_of
from desktop_sync.services.records import RecordService
from desktop_sync.services.session.provenance import Provenance, Scopes
from desktop_sync.services.session.sync_session import OpenEndpoint, SyncSession, open_session


class ExplanationService:
    """Blocks; any thread; may be repeated."""

    def __init__(self, ledger: Ledger, open_endpoint: OpenEndpoint, clock: Clock, work_folder: Path) -> None:
        self._ledger = ledger
        self._open_endpoint = open_endpoint
        self._clock = clock
        self._work_folder = work_folder

    def explain(
        self,
        name: str,
        record: str,
        entity: str = "",
        *,
        progress: Progress = UNWATCHED,
        cancel: CancelToken | None = None,
    ) -> Explanation:
        """All about the sync record with that number, or the record with that id in one of the endpoints, also one that
        no run has seen yet.

        Raises ConfigurationError where there is no such configuration or entity, or where the id names several records,
        and errors of endpoints.
        """
        configuration = self._configuration(name)
        if entity and configuration.entity(entity) is None:
            raise ConfigurationError(f'"{name}" has no entity "{entity}"', path="entity")
        known = self._known(name, record, entity)
        token = cancel or CancelToken()
        if known is not None and configuration.entity(known.entity) is None:
            return self._of_gone_entity(configuration, known)
        with self._session(configuration) as session:
            trace = PipelineTraceService(self._ledger, self._open_endpoint, self._work_folder)
            present = ExplainedPresent(session, self._ledger, self._clock, trace, progress, token)
            subject = (
                Subject.of_record(known) if known is not None else present.find(record.removeprefix("id:"), entity)
            )
            past: tuple[ExplainedEvent, ...] = ()
            owner = configuration.entity(subject.entity)
            if known is not None and owner is not None:
                past = ExplainedPast(self._ledger, configuration, owner).events(known)
            return present.explain(subject, past)

    def names(self, name: str, record_ids: Sequence[int]) -> dict[int, str]:
        """What these sync records are called by, by number: their identifying values as they stand now; those that are
        not there are left out. Only these records are read. Raises as `explain` does."""
        configuration = self._configuration(name)
        known = [record for number in record_ids if (record := self._ledger.record(number)) is not None]
        with self._session(configuration) as session:
            return names_of(session, [record for record in known if record.configuration == name])

    def _known(self, name: str, record: str, entity: str) -> SyncRecord | None:
        records = RecordService(self._ledger, self._open_endpoint, self._clock)
        return records.find(name, record, entity) if records.matching(name, record, entity) else None

    def _configuration(self, name: str) -> SyncConfiguration:
        for configuration in self._ledger.configurations():
            if configuration.name == name:
                return configuration
        raise ConfigurationError(f'there is no configuration named "{name}"', path="configuration")

    def _of_gone_entity(self, configuration: SyncConfiguration, known: SyncRecord) -> Explanation:
        why = f'the entity "{known.entity}" is not in the configuration any more: no run looks at it'
        return Explanation(
            configuration.name, known.entity, known.a_id, known.b_id, known, (), (), (), None, None, (why,)
        )

    def _session(self, configuration: SyncConfiguration) -> SyncSession:
        self._work_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        scopes = Scopes(configuration, self._ledger.configurations(), self._ledger.systems)
        provenance = Provenance(self._ledger, self._clock, self._clock.now(), scopes)
        session = open_session(
            configuration,
            self._open_endpoint,
            self._ledger,
            str(self._work_folder),
            provenance,
            values=self._ledger,
            pins=self._ledger,
        )
        session.room.works_in_memory = True
        return session
