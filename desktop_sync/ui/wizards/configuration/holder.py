"""What the pages share: the setup they are faces of, the application and the door for jobs."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from desktop_sync.core.configuration import Entity, Side
from desktop_sync.core.finding import Finding
from desktop_sync.core.setup_flow import ConfigurationSetup
from desktop_sync.core.structure import Structure
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.bridge.latest import Latest


class SetupHolder(QObject):
    """`changed` follows every new setup; `failed` carries the error of describing structures.

    `entity_index` is the entity that the pages for mapping and rules show.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(self, application: Application, jobs: JobRunner, setup: ConfigurationSetup, parent: QObject) -> None:
        super().__init__(parent)
        self.application = application
        self.jobs = jobs
        self.setup = setup
        self.entity_index = 0
        self._describing = Latest(jobs, self)
        self._describing.arrived.connect(self._described)
        self._describing.failed.connect(self.failed)

    def put(self, setup: ConfigurationSetup) -> None:
        """The setup is this one now."""
        if setup is self.setup:
            return
        self.setup = setup
        count = len(setup.configuration.entities)
        self.entity_index = max(0, min(self.entity_index, count - 1))
        self.changed.emit()
        self.describe()

    def change(self, step: Callable[[ConfigurationSetup], ConfigurationSetup]) -> None:
        self.put(step(self.setup))

    @property
    def entity(self) -> Entity | None:
        entities = self.setup.configuration.entities
        return entities[self.entity_index] if self.entity_index < len(entities) else None

    def structure(self, side: Side) -> Structure | None:
        entity = self.entity
        return self.setup.structure(side, entity) if entity is not None else None

    def put_entity(self, entity: Entity) -> None:
        """The shown entity is this one now."""
        if entity != self.entity:
            self.put(self.setup.replaced_entity(self.entity_index, entity))

    def choose_entity(self, index: int) -> None:
        if index != self.entity_index and 0 <= index < len(self.setup.configuration.entities):
            self.entity_index = index
            self.changed.emit()

    def name(self, side: Side) -> str:
        """The endpoint's name, which stands for the side everywhere."""
        return self.setup.configuration.endpoint_of(side)

    def entity_findings(self) -> tuple[Finding, ...]:
        """What is to be said about the shown entity."""
        entity = self.entity
        return tuple(finding for finding in self.setup.findings() if entity and finding.entity == entity.name)

    def describe(self) -> None:
        """Structures that are not known yet are asked for."""
        needed = self.setup.needed_structures()
        if needed and not self._describing.is_waiting:
            endpoints = self.application.endpoints
            self._describing.ask(lambda: {pair: endpoints.describe(*pair) for pair in needed})

    @property
    def is_describing(self) -> bool:
        return self._describing.is_waiting

    @Slot(object)
    def _described(self, structures: object) -> None:
        if isinstance(structures, dict):
            self.put(self.setup.with_structures(structures))
