"""Whether services tell of changes in the two endpoints, and the way to set that up."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from desktop_sync.core.configuration import Endpoint
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.dialogs.webhook import WebhookDialog
from desktop_sync.ui.palette import SPACE_M, SPACE_S
from desktop_sync.ui.widgets.parts import button, label, row
from desktop_sync.ui.wizards.configuration.holder import SetupHolder


def read_endpoints(application: Application, names: tuple[str, ...]) -> dict[str, Endpoint]:
    """In a worker: those of the names that are there."""
    return {one.name: one for one in application.endpoints.list() if one.name in names}


class WebhookBox(QWidget):
    """A line for each endpoint. A webhook is the endpoint's, so it is saved at once and not with the configuration."""

    def __init__(self, holder: SetupHolder, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._holder = holder
        self._known: dict[str, Endpoint] = {}
        self.states: dict[str, QLabel] = {}
        self.buttons: dict[str, QPushButton] = {}
        self._lines = QVBoxLayout(self)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(SPACE_S)
        self._reading = Latest(holder.jobs, self)
        self._reading.arrived.connect(self._show)

    def refresh(self) -> None:
        """The endpoints are those of the configuration, as they are stored now."""
        configuration = self._holder.setup.configuration
        names = tuple(dict.fromkeys(name for name in (configuration.a, configuration.b) if name))
        if names != tuple(self.states):
            self._make_lines(names)
        self._reading.ask(partial(read_endpoints, self._holder.application, names))

    def _make_lines(self, names: tuple[str, ...]) -> None:
        while (item := self._lines.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.states.clear()
        self.buttons.clear()
        for name in names:
            self.states[name] = label("", wraps=True)
            self.buttons[name] = button(self.tr("Webhook…"), name=self.tr("Webhook of {0}").format(name))
            self.buttons[name].setObjectName(name)
            self.buttons[name].setEnabled(False)
            self.buttons[name].clicked.connect(self._open)
            line = QWidget()
            made = row(self.states[name], self.buttons[name], spacing=SPACE_M)
            made.setContentsMargins(0, 0, 0, 0)
            made.setStretch(0, 1)
            line.setLayout(made)
            self._lines.addWidget(line)

    @Slot(object)
    def _show(self, known: dict[str, Endpoint]) -> None:
        self._known = known
        for name, state in self.states.items():
            endpoint = known.get(name)
            self.buttons[name].setEnabled(endpoint is not None)
            takes = endpoint is not None and endpoint.webhook is not None
            said = (
                self.tr("A service tells of changes in {0}.")
                if takes
                else self.tr("No service tells of changes in {0}.")
            )
            state.setText(said.format(name))

    @Slot()
    def _open(self) -> None:
        pressed = self.sender()
        endpoint = self._known.get(pressed.objectName()) if isinstance(pressed, QPushButton) else None
        if endpoint is not None:
            dialog = WebhookDialog(self._holder.application, self._holder.jobs, endpoint, self)
            dialog.saved.connect(self.refresh)
            dialog.finished.connect(dialog.deleteLater)
            dialog.open()
