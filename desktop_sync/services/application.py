"""All services of one home folder. Each is made when it is first asked for, so that a command loads what it needs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_sync.core.errors import BugError
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ports import Clock, Ids, Network, Secrets, Sleep, Steps, always_up, no_steps
from desktop_sync.services.endpoint_setup.endpoints import EndpointService, ProviderRegistry

if TYPE_CHECKING:
    from desktop_sync.services.configuration_setup.configurations import ConfigurationService
    from desktop_sync.services.definition.definition_file import DefinitionFileService
    from desktop_sync.services.endpoint_setup.webhooks import WebhookService
    from desktop_sync.services.explain.explanation import ExplanationService
    from desktop_sync.services.explain.pipeline_trace import PipelineTraceService
    from desktop_sync.services.history_retention import HistoryRetentionService
    from desktop_sync.services.plugin_confirmation import PluginService
    from desktop_sync.services.records import RecordService
    from desktop_sync.services.running.group_running import GroupService
    from desktop_sync.services.running.synchronization import SynchronizationService
    from desktop_sync.services.sample.sample_project import SampleProject
    from desktop_sync.services.session.bindings import BindingService
    from desktop_sync.services.unattended.listening import ListenerService, Serve
    from desktop_sync.services.unattended.presence import EndpointPresence
    from desktop_sync.services.unattended.scheduling import ScheduleService
    from desktop_sync.services.unattended.unattended import UnattendedService
    from desktop_sync.services.undo.undo import UndoService
    from desktop_sync.services.verify.verification import VerificationService


class Application:
    """Use from any thread; close it at the end. The ledger is opened at the first use of a service."""

    def __init__(
        self,
        home: Path,
        clock: Clock,
        ids: Ids,
        registry: ProviderRegistry,
        open_ledger: Callable[[], Ledger],
        open_secrets: Callable[[], Secrets],
        steps: Steps = no_steps,
        sleep: Sleep = time.sleep,
        network: Network = always_up,
        serve: Serve | None = None,
    ) -> None:
        self.home = home
        self.clock = clock
        self._ids = ids
        self._registry = registry
        self._open_ledger = open_ledger
        self._open_secrets = open_secrets
        self._steps = steps
        self._sleep = sleep
        self._network = network
        self._serve = serve
        self._lock = threading.RLock()
        self._ledger: Ledger | None = None
        self._unattended: UnattendedService | None = None
        self._schedules: ScheduleService | None = None
        self._listening: ListenerService | None = None

    @property
    def ledger(self) -> Ledger:
        """Raises LedgerError when the store cannot be used."""
        with self._lock:
            if self._ledger is None:
                self._ledger = self._open_ledger()
            return self._ledger

    @cached_property
    def secrets(self) -> Secrets:
        return self._open_secrets()

    @cached_property
    def endpoints(self) -> EndpointService:
        from desktop_sync.services.session.clocks import ClockDoctor

        doctor = ClockDoctor(self.ledger, self.clock)
        return EndpointService(self.ledger, self._registry, self.secrets, doctor, self.clock.monotonic_s)

    @cached_property
    def _presence(self) -> EndpointPresence:
        from desktop_sync.services.unattended.presence import EndpointPresence

        return EndpointPresence(self.endpoints, self._network)

    @property
    def unattended(self) -> UnattendedService:
        """One for all threads, even where several ask for it first: it keeps what it was told."""
        from desktop_sync.services.unattended.real_time import RealTimeService
        from desktop_sync.services.unattended.unattended import UnattendedService

        with self._lock:
            if self._unattended is None:
                real_time = RealTimeService(
                    self.ledger,
                    self.endpoints,
                    self.clock,
                    lambda: self.synchronization.run_pushed,
                    lambda: self.schedules.is_paused,
                    self._presence,
                )
                self._unattended = UnattendedService(self.schedules, real_time, lambda: self.synchronization)
            return self._unattended

    @property
    def listening(self) -> ListenerService:
        """One for all threads: it knows which messages came."""
        from desktop_sync.services.unattended.listening import ListenerService

        with self._lock:
            if self._listening is None:
                if self._serve is None:
                    raise BugError("this application was made without a server")
                unattended = self.unattended
                self._listening = ListenerService(
                    self.home, self.ledger, self.secrets, self.clock, unattended.tell, unattended.ask, self._serve
                )
            return self._listening

    @property
    def schedules(self) -> ScheduleService:
        """One for all threads: it keeps which files it has seen."""
        from desktop_sync.services.unattended.scheduling import ScheduleService

        with self._lock:
            if self._schedules is None:
                self._schedules = ScheduleService(self.ledger, self.clock, self.home, presence=self._presence)
            return self._schedules

    @cached_property
    def configurations(self) -> ConfigurationService:
        from desktop_sync.services.configuration_setup.configurations import ConfigurationService

        return ConfigurationService(self.ledger, self.endpoints, self.schedules, self.clock)

    @cached_property
    def synchronization(self) -> SynchronizationService:
        from desktop_sync.services.running.synchronization import SynchronizationService

        work, memo = self.home / "work", self.home / "memo"
        return SynchronizationService(
            self.ledger, self.endpoints.open, self.clock, self._ids, work, self._steps, self._sleep, memo
        )

    @cached_property
    def undo(self) -> UndoService:
        from desktop_sync.services.undo.undo import UndoService

        return UndoService(
            self.ledger, self.endpoints.open, self.clock, self._ids, self.home / "work", self._steps, self._sleep
        )

    @cached_property
    def groups(self) -> GroupService:
        from desktop_sync.services.running.group_running import GroupService

        return GroupService(self.ledger, lambda: self.synchronization.run)

    @cached_property
    def explanation(self) -> ExplanationService:
        from desktop_sync.services.explain.explanation import ExplanationService

        return ExplanationService(self.ledger, self.endpoints.open, self.clock, self.home / "work")

    @cached_property
    def verification(self) -> VerificationService:
        from desktop_sync.services.verify.verification import VerificationService

        return VerificationService(self.ledger, self.endpoints.open, self.home / "work", self.clock)

    @cached_property
    def traces(self) -> PipelineTraceService:
        from desktop_sync.services.explain.pipeline_trace import PipelineTraceService

        return PipelineTraceService(self.ledger, self.endpoints.open, self.home / "work")

    @cached_property
    def records(self) -> RecordService:
        from desktop_sync.services.records import RecordService

        return RecordService(self.ledger, self.endpoints.open, self.clock)

    @cached_property
    def webhooks(self) -> WebhookService:
        from desktop_sync.services.endpoint_setup.webhooks import WebhookService

        return WebhookService(self.ledger, self.secrets)

    @cached_property
    def plugins(self) -> PluginService:
        from desktop_sync.services.plugin_confirmation import PluginService

        return PluginService(self.ledger)

    @cached_property
    def history_retention(self) -> HistoryRetentionService:
        from desktop_sync.services.history_retention import HistoryRetentionService

        return HistoryRetentionService(self.ledger, self.clock)

    @cached_property
    def bindings(self) -> BindingService:
        from desktop_sync.services.session.bindings import BindingService

        return BindingService(self.ledger, self.endpoints.open, self.clock)

    @cached_property
    def definitions(self) -> DefinitionFileService:
        from desktop_sync.services.definition.definition_file import DefinitionFileService

        return DefinitionFileService(self.ledger, self._registry, self.secrets, self.configurations.check)

    @cached_property
    def sample(self) -> SampleProject:
        from desktop_sync.services.sample.sample_project import SampleProject

        return SampleProject(self.home, self.ledger, self.endpoints)

    def open(self) -> None:
        """The ledger is open, and not only when it is first used. Raises LedgerError when the store cannot be used."""
        _ = self.ledger

    def close(self) -> None:
        """Nothing is listened to or watched any more, and the ledger is closed. May be repeated."""
        listening = self._listening
        if listening is not None:
            listening.close()
        watching = self._unattended
        if watching is not None:
            watching.close()
        with self._lock:
            if self._ledger is not None:
                self._ledger.close()
                self._ledger = None
