"""How a plan of a configuration is made: its session, the plan over all records or over some, and what it rests on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.plan import Mode, Plan
from desktop_sync.core.ports import CancelToken, Clock, Ids, Progress, Sleep
from desktop_sync.core.run import RunKind, Trigger
from desktop_sync.engine.plan_store import rows_digest
from desktop_sync.engine.workbench import sweep
from desktop_sync.services.preparation.prepare import prepare_entities
from desktop_sync.services.preparation.prepared import Prepared
from desktop_sync.services.preparation.preview import Preview
from desktop_sync.services.preparation.seen_together import seen_together
from desktop_sync.services.session.drift import drift_plans
from desktop_sync.services.session.memo_folder import MemoFolder
from desktop_sync.services.session.provenance import Provenance, Scopes
from desktop_sync.services.session.sync_session import OpenEndpoint, SyncSession, open_session
from desktop_sync.services.session.waiting import wait_for_replicas
from desktop_sync.services.session.watermarks import Scope


@dataclass(frozen=True, slots=True)
class Planning:
    """Makes plans of any configuration of the ledger. Writes nothing but its own files in `work_folder`
    and `memo_folder`. Any thread."""

    ledger: Ledger
    open_endpoint: OpenEndpoint
    clock: Clock
    ids: Ids
    work_folder: Path
    sleep: Sleep
    memo_folder: Path | None = None

    def configuration(self, name: str) -> SyncConfiguration:
        """As it is saved now. Raises ConfigurationError where there is none of that name."""
        for configuration in self.ledger.configurations():
            if configuration.name == name:
                return configuration
        raise ConfigurationError(f'there is no configuration named "{name}"', path="configuration")

    def session(self, configuration: SyncConfiguration) -> SyncSession:
        """Opened; close it. Entities that drifted take no part. Raises what `open_session` raises."""
        self.work_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sweep(str(self.work_folder))
        seen: dict[str, str] = {}
        configurations = self.ledger.configurations()
        scopes = Scopes(configuration, configurations, lambda: self.ledger.systems(seen))
        provenance = Provenance(self.ledger, self.clock, self.clock.now(), scopes)
        session = open_session(
            configuration,
            self.open_endpoint,
            self.ledger,
            str(self.work_folder),
            provenance,
            values=self.ledger,
            pins=self.ledger,
            leaves_out_drifted=True,
            identities=seen,
        )
        if self.memo_folder is not None:
            session.memos = MemoFolder(self.memo_folder)
            session.memos.sweep(configurations)
        return session

    def basis(self, name: str) -> str:
        """Changes whenever a run of the configuration may have changed the ledger."""
        runs = self.ledger.runs(name, limit=1, kinds=[kind for kind in RunKind if kind is not RunKind.PREPARE])
        return str(runs[0].id) if runs else ""

    def plan(
        self,
        session: SyncSession,
        scope: Scope,
        progress: Progress,
        cancel: CancelToken,
        retry_at: datetime | None = None,
    ) -> Preview:
        """The plan over all that the scope reads; `retry_at` as in `prepare_entities`. Takes the session along."""
        if session.match_only is not None:
            scope = Scope()  # matching needs all records of both sides
        session.read_clocks(self.ledger, self.clock)
        wait_for_replicas(session, self.ledger, self.clock, self.sleep, cancel)
        now = self.clock.now()
        prepared = prepare_entities(session, self.ledger, scope, progress, cancel, now=now, retry_at=retry_at)
        return self.planned(session, scope.mode, prepared)

    def planned(self, session: SyncSession, mode: Mode, prepared: Sequence[Prepared]) -> Preview:
        """The plan of entities that are prepared, as they are when all of them are seen together."""
        prepared, limits = seen_together(session, prepared), session.configuration.guards
        basis = self.basis(session.configuration.name)
        entities = (*(one.plan for one in prepared), *drift_plans(session.drifted))
        found = [finding for one in prepared for finding in one.tripped(limits)]
        known = {(finding.guard, finding.entity, finding.side) for finding in found}
        others = [one for one in session.unsettled if (one.guard, one.entity, one.side) not in known]
        findings = (*found, *others)
        plan = Plan(
            self.ids.new_id(),
            session.configuration.name,
            session.configuration.version,
            mode,
            self.clock.now(),
            entities,
            findings,
        )
        rows = [rows_digest(session.bench, one.layout) for one in prepared if one.given is not None]
        seen = repr((plan.configuration, plan.configuration_version, entities, rows))
        plan = replace(plan, digest=hashlib.sha256(seen.encode()).hexdigest())
        return Preview(plan, session, prepared, basis)

    def retry_at(self, trigger: Trigger) -> datetime | None:
        """The time, where failed records wait for theirs: a person who asks does not wait."""
        return self.clock.now() if trigger.is_unattended else None
