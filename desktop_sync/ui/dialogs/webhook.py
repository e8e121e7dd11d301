"""How a service tells of changes in one endpoint: whether it may, its key, and where its messages say what changed."""

from __future__ import annotations

from functools import partial
from urllib.parse import quote

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QDialog, QLineEdit, QVBoxLayout, QWidget

from desktop_sync.core.configuration import Endpoint
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.palette import SPACE_L, SPACE_M, SPACE_XL
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.widgets.field_row import FieldRow
from desktop_sync.ui.widgets.parts import button, label, row
from desktop_sync.ui.widgets.screen import TallArea, fitting

SIZE = QSize(560, 650)


def save(application: Application, name: str, entered: tuple[str, str, str] | None) -> Endpoint:
    """In a worker: (structure, record, key), or None where no messages are taken."""
    return application.webhooks.remove(name) if entered is None else application.webhooks.save(name, *entered)


class WebhookDialog(QDialog):
    """Saves by itself; `saved` carries the endpoint as it is then."""

    saved = Signal(object)

    def __init__(self, application: Application, jobs: JobRunner, endpoint: Endpoint, parent: QWidget | None) -> None:
        super().__init__(parent)
        self._application = application
        self._endpoint = endpoint
        self.setWindowTitle(self.tr("Webhook of {0}").format(endpoint.name))
        self.setAccessibleName(self.windowTitle())
        self._make_inputs(endpoint)
        self._saving = Latest(jobs, self)
        self._saving.arrived.connect(self._was_saved)
        self._saving.failed.connect(self._cannot)
        self.problem = label("", "problem", wraps=True)
        self.problem.hide()
        cancel = button(self.tr("&Cancel"))
        cancel.clicked.connect(self.reject)
        self.save_button = button(self.tr("&Save"), "primary")
        self.save_button.setDefault(True)
        self.save_button.clicked.connect(self._save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_XL, SPACE_L, SPACE_XL, SPACE_L)
        layout.setSpacing(SPACE_M)
        layout.addWidget(label(self.windowTitle(), "title"))
        layout.addWidget(TallArea(self._page(), 0, self.windowTitle()), 1)
        layout.addWidget(self.problem)
        layout.addLayout(row(0, cancel, self.save_button))
        self._look()
        self.resize(fitting(SIZE))
        self._asking = Latest(jobs, self)
        self._asking.arrived.connect(self._tell_where)
        self._asking.ask(application.webhooks.where_keys_are)

    @Slot(object)
    def _tell_where(self, where: str) -> None:
        """Whoever enters a key is told before whether it outlasts the program."""
        if not self.key.text():
            self.key_row.explain(f"{where} {self.tr('The key is never shown again.')}")

    def _make_inputs(self, endpoint: Endpoint) -> None:
        webhook = endpoint.webhook
        self.takes = QCheckBox(self.tr("&A service tells of changes in {0}").format(endpoint.name.replace("&", "&&")))
        self.takes.setChecked(webhook is not None)
        self.takes.toggled.connect(self._look)
        self.key = QLineEdit()
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.key.setPlaceholderText(self.tr("stored; leave empty to keep it") if webhook else "whsec_…")
        self.make = button(self.tr("&Make a new key"))
        self.make.clicked.connect(self._make)
        holder = QWidget()
        line = row(self.key, self.make)
        line.setContentsMargins(0, 0, 0, 0)
        holder.setLayout(line)
        self.key_row = FieldRow(
            self.tr("&Key that the service signs with"),
            holder,
            self.tr("The key is never shown again."),
            focus=self.key,
        )
        self.structure = QLineEdit(webhook.structure if webhook else "")
        self.structure.setPlaceholderText("type")
        self.record = QLineEdit(webhook.record if webhook else "")
        self.record.setPlaceholderText("data.id")
        self.structure_row = FieldRow(
            self.tr("Where a message names the &table or file"),
            self.structure,
            self.tr(
                "The member of the message, with a point between levels. Empty: all of {0} that is in real time "
                "is looked at."
            ).format(endpoint.name),
        )
        self.record_row = FieldRow(
            self.tr("Where it names the &records"),
            self.record,
            self.tr("Empty: all of the table or file is looked at."),
        )

    def _page(self) -> QWidget:
        page = QWidget()
        page.setObjectName("page")
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_L)
        what = self.tr(
            "A message only says that something changed: what it names is read from {0}, as far as it is in real time "
            "in a synchronization. Messages are signed by the rules of “Standard Webhooks”."
        ).format(self._endpoint.name)
        layout.addWidget(label(what, "secondary", wraps=True))
        for part in (self.takes, self.key_row, self.structure_row, self.record_row):
            layout.addWidget(part)
        where = self.tr("Messages go to {0} on the port that the preferences say under “Other programs”.").format(
            f"/hooks/{quote(self._endpoint.name, safe='')}"
        )
        layout.addWidget(label(where, "caption", wraps=True, selectable=True))
        layout.addStretch(1)
        return page

    @Slot()
    def _look(self) -> None:
        for part in (self.key_row, self.structure_row, self.record_row):
            part.setEnabled(self.takes.isChecked())
        self.save_button.setEnabled(not self._saving.is_waiting)

    @Slot()
    def _make(self) -> None:
        self.key.setText(self._application.webhooks.new_key())
        self.key.setEchoMode(QLineEdit.EchoMode.Normal)
        self.key.selectAll()
        self.key.setFocus()
        self.key_row.say("")
        self.key_row.explain(self.tr("Copy it now and give it to the service: after saving it is never shown again."))

    @Slot()
    def _save(self) -> None:
        entered = (self.structure.text(), self.record.text(), self.key.text().strip())
        self.problem.hide()
        self.key_row.say("")
        self._saving.ask(
            partial(save, self._application, self._endpoint.name, entered if self.takes.isChecked() else None)
        )
        self._look()

    @Slot(object)
    def _was_saved(self, endpoint: Endpoint) -> None:
        self.saved.emit(endpoint)
        self.accept()

    @Slot(object)
    def _cannot(self, error: BaseException) -> None:
        text = problem(error)
        if isinstance(error, ConfigurationError) and error.path == "key":
            self.key_row.say(text)
            self.key.setFocus()
        else:
            self.problem.setText(text)
            self.problem.show()
        self._look()
