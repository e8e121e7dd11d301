"""All endpoints: which there are, what uses them, whether they answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_sync.core.clock_doctor import ClockShift, shift_sentence
from desktop_sync.core.configuration import Endpoint, SecretReference
from desktop_sync.core.provider_port import EndpointReport
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.bridge.job_runner import Job
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.dialogs.ask import AskDialog
from desktop_sync.ui.dialogs.webhook import WebhookDialog
from desktop_sync.ui.models.list_table import ListTableModel
from desktop_sync.ui.models.source import Column
from desktop_sync.ui.palette import Tone
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.text.times import counted
from desktop_sync.ui.widgets.clock_panel import ClockPanel
from desktop_sync.ui.widgets.empty_state import EmptyState
from desktop_sync.ui.widgets.list_view import ListView
from desktop_sync.ui.widgets.message_bar import MessageBar
from desktop_sync.ui.widgets.parts import button, label, row
from desktop_sync.ui.widgets.screen import page_room


@dataclass(frozen=True, slots=True)
class EndpointRow:
    endpoint: Endpoint
    provider: str
    used_by: tuple[str, ...]

    @property
    def where(self) -> str:
        """The settings that say where it is; secrets are never shown."""
        shown = [str(value) for value in self.endpoint.settings.values() if not isinstance(value, SecretReference)]
        return "  ·  ".join(text for text in shown if text and text not in ("True", "False"))


def read_endpoints(application: Application) -> list[EndpointRow]:
    """In a worker."""
    labels = {provider.name: provider.label for provider in application.endpoints.providers()}
    configurations = application.configurations.list()
    return [
        EndpointRow(
            endpoint,
            labels.get(endpoint.provider, endpoint.provider),
            tuple(made.name for made in configurations if endpoint.name in (made.a, made.b)),
        )
        for endpoint in application.endpoints.list()
    ]


class EndpointsPage(QWidget):
    """`edit_wanted` carries the endpoint's name. `changed` comes when one was deleted."""

    new_wanted = Signal()
    edit_wanted = Signal(object)
    changed = Signal()

    def __init__(self, context: WindowContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._tested = ""
        self._test_job: Job | None = None
        self.rows = ListTableModel[EndpointRow](self._columns(), self)
        self.view = ListView(self.rows, context.theme, self.tr("Endpoints"))
        self.view.doubleClicked.connect(self._edit)
        self.view.selectionModel().selectionChanged.connect(self._look)
        self.new_button = button(self.tr("&New endpoint…"), "primary")
        self.new_button.clicked.connect(self.new_wanted)
        self.test_button = button(self.tr("&Test connection"))
        self.test_button.clicked.connect(self.test)
        self.clock_button = button(self.tr("Clock and &stamps"))
        self.clock_button.setToolTip(
            self.tr("Measure the clock, and see whether stamps can tell the most recent change")
        )
        self.clock_button.clicked.connect(self.examine)
        self.clock = ClockPanel(context.theme)
        self.webhook_button = button(self.tr("&Webhook…"))
        self.webhook_button.setToolTip(self.tr("Let a service tell of changes in it"))
        self.webhook_button.clicked.connect(self._open_webhook)
        self.edit_button = button(self.tr("&Change…"))
        self.edit_button.clicked.connect(self._edit)
        self.delete_button = button(self.tr("&Delete…"), "danger")
        self.delete_button.clicked.connect(self._ask_delete)
        delete = QAction(self.tr("Delete endpoint"), self.view)
        delete.setShortcut(QKeySequence("Del"))
        delete.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        delete.triggered.connect(self._ask_delete)
        self.view.addAction(delete)
        self.message = MessageBar(context.theme)
        self.empty = EmptyState(
            context.theme,
            "endpoints",
            self.tr("No endpoints yet"),
            self.tr("An endpoint is a system with records: a database, or a folder with files."),
        )
        self.empty.add_button(self.tr("New &endpoint…"), "primary").clicked.connect(self.new_wanted)
        self._read = Latest(context.jobs, self)
        self._read.arrived.connect(self._show)
        self._read.failed.connect(self._failed)
        self._lay_out()
        self._look()

    def _columns(self) -> tuple[Column[EndpointRow], ...]:
        return (
            Column("name", self.tr("Name"), lambda row: row.endpoint.name, 150),
            Column("kind", self.tr("Kind"), lambda row: row.provider, 140),
            Column("where", self.tr("Where"), lambda row: row.where, 330),
            Column("used", self.tr("Used by"), lambda row: ", ".join(row.used_by) or "—", 200),
        )

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.addLayout(row(label(self.tr("Endpoints"), "title"), 0, self.new_button))
        layout.addWidget(label(self.tr("The systems whose records are kept the same."), "secondary"))
        layout.addWidget(self.message)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.empty, 1)
        self.empty.hide()
        layout.addWidget(self.clock)
        layout.addLayout(
            row(self.test_button, self.clock_button, self.webhook_button, self.edit_button, 0, self.delete_button)
        )
        page_room(self, self._context.theme)

    @Slot()
    def refresh(self) -> None:
        self._read.ask(partial(read_endpoints, self._context.application))

    @property
    def chosen(self) -> EndpointRow | None:
        current = self.view.currentIndex().row()
        return self.rows.rows[current] if 0 <= current < len(self.rows.rows) else None

    @Slot(object)
    def _show(self, rows: list[EndpointRow]) -> None:
        before = self.chosen
        self.rows.show(rows)
        names = [row.endpoint.name for row in rows]
        if rows:
            self.view.selectRow(names.index(before.endpoint.name) if before and before.endpoint.name in names else 0)
        self.view.setVisible(bool(rows))
        self.empty.setVisible(not rows)
        self._look()

    @Slot()
    def _look(self) -> None:
        chosen = self.chosen
        self.clock.show_endpoint(chosen.endpoint.name if chosen is not None else "")
        controls = (self.test_button, self.clock_button, self.webhook_button, self.edit_button, self.delete_button)
        for control in controls:
            control.setEnabled(chosen is not None)
            control.setVisible(bool(self.rows.rows))
        if self._test_job is not None:
            self.test_button.setEnabled(False)
            self.clock_button.setEnabled(False)

    @Slot()
    def test(self) -> None:
        """The chosen endpoint is asked whether it answers; the report stands above the list."""
        chosen = self.chosen
        if chosen is None or self._test_job is not None:
            return
        self._tested = chosen.endpoint.name
        self.message.say(self.tr("Testing {0}…").format(self._tested), Tone.NEUTRAL)
        self._test_job = self._context.jobs.start(partial(self._context.application.endpoints.test, chosen.endpoint))
        self._test_job.finished.connect(self._tested_well)
        self._test_job.failed.connect(self._failed)
        self._test_job.ended.connect(self._test_ended)
        self._look()

    @Slot()
    def examine(self) -> None:
        """The chosen endpoint's clock is measured and its stamps are looked at; the report stands below the list."""
        chosen = self.chosen
        if chosen is None or self._test_job is not None:
            return
        self.message.clear()
        look = partial(self._context.application.configurations.examine_clock, chosen.endpoint.name)
        self._test_job = self._context.jobs.start(look)
        self._test_job.finished.connect(self.clock.show_report)
        self._test_job.failed.connect(self._failed)
        self._test_job.ended.connect(self._test_ended)
        self._look()

    @Slot(object)
    def _tested_well(self, report: EndpointReport) -> None:
        structures = counted(len(report.structures), self.tr("{0} structure"), self.tr("{0} structures"))
        known = [structure.record_count for structure in report.structures if structure.record_count is not None]
        parts = [self.tr("{0} answers: {1}").format(self._tested, structures)]
        if known:
            parts[0] += ", " + counted(sum(known), self.tr("{0} record"), self.tr("{0} records"))
        parts[0] += ", " + (self.tr("can be written.") if report.can_write else self.tr("can only be read."))
        if report.clock_shift_s is not None:
            shift = ClockShift(round(report.clock_shift_s * 1e6), round(report.clock_error_s * 1e6))
            parts.append(shift_sentence(self._tested, shift))
        parts.extend(report.notes)
        self.message.say(" ".join(parts), Tone.GOOD if report.is_reachable else Tone.BAD)

    @Slot()
    def _test_ended(self) -> None:
        self._test_job = None
        self._look()

    @Slot(object)
    def _failed(self, error: object) -> None:
        self.message.say(problem(error))

    @Slot()
    def _edit(self) -> None:
        if self.chosen is not None:
            self.edit_wanted.emit(self.chosen.endpoint)

    @Slot()
    def _open_webhook(self) -> None:
        if self.chosen is not None:
            dialog = WebhookDialog(self._context.application, self._context.jobs, self.chosen.endpoint, self)
            dialog.saved.connect(self.refresh)
            dialog.finished.connect(dialog.deleteLater)
            dialog.open()

    @Slot()
    def _ask_delete(self) -> None:
        chosen = self.chosen
        if chosen is None:
            return
        if chosen.used_by:
            text = self.tr("{0} is used by {1}. Delete or change those first.")
            self.message.say(text.format(chosen.endpoint.name, ", ".join(chosen.used_by)), Tone.WARNING)
            return
        dialog = AskDialog(
            self.tr("Delete the endpoint {0}?").format(chosen.endpoint.name),
            self.tr("Its settings are forgotten. The system itself and its records stay as they are."),
            (("keep", self.tr("&Keep it"), ""), ("delete", self.tr("&Delete"), "danger")),
            self,
        )
        dialog.answered.connect(self._delete)
        dialog.open()

    @Slot(str, bool)
    def _delete(self, answer: str, _again: bool) -> None:
        if answer == "delete" and self.chosen is not None:
            delete = partial(self._context.application.endpoints.delete, self.chosen.endpoint.name)
            job = self._context.jobs.start(delete)
            job.finished.connect(self._deleted)
            job.failed.connect(self._failed)

    @Slot()
    def _deleted(self) -> None:
        self.message.clear()
        self.refresh()
        self.changed.emit()
