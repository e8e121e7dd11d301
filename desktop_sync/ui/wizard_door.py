"""The way into the wizards. They are imported when they are opened: the window starts without them."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from desktop_sync.core.configuration import Endpoint, SyncConfiguration
from desktop_sync.ui.context import WindowContext


class WizardDoor(QObject):
    """The signals carry a name, `configuration_renamed` (from, to) before it is saved; `preview_wanted` follows "save
    and preview"."""

    configuration_saved = Signal(str)
    configuration_renamed = Signal(str, str)
    endpoint_saved = Signal(str)
    preview_wanted = Signal(str)
    failed = Signal(object)

    def __init__(self, context: WindowContext, window: QWidget) -> None:
        super().__init__(window)
        self._context = context
        self._window = window

    @Slot()
    def new_configuration(self) -> None:
        self._open_configuration(None)

    @Slot(str)
    def edit_configuration(self, name: str) -> None:
        job = self._context.jobs.start(partial(self._context.application.configurations.get, name))
        job.finished.connect(self._open_configuration)
        job.failed.connect(self.failed)

    @Slot(object)
    def _open_configuration(self, configuration: SyncConfiguration | None) -> None:
        from desktop_sync.ui.wizards import open_configuration_wizard

        wizard = open_configuration_wizard(self._window, self._context.application, self._context.jobs, configuration)
        wizard.renamed.connect(self.configuration_renamed)
        wizard.saved.connect(self.configuration_saved)
        wizard.preview_wanted.connect(self.preview_wanted)

    @Slot()
    def new_endpoint(self) -> None:
        self._open_endpoint(None)

    @Slot(object)
    def edit_endpoint(self, endpoint: Endpoint) -> None:
        self._open_endpoint(endpoint)

    def _open_endpoint(self, endpoint: Endpoint | None) -> None:
        from desktop_sync.ui.wizards import open_endpoint_wizard

        wizard = open_endpoint_wizard(self._window, self._context.application, self._context.jobs, endpoint)
        wizard.saved.connect(self.endpoint_saved)
