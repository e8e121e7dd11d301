"""All about one record: why it is not synchronized, how it stands on both sides, and what was done to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QSplitter, QVBoxLayout, QWidget

from desktop_sync.core.configuration import PipelineStep
from desktop_sync.core.explanation import ComparedField, ExplainedEvent, Explanation, Part
from desktop_sync.core.plan import FieldChange
from desktop_sync.core.status import Status
from desktop_sync.core.step_blame import blamed_step
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.models.list_table import ListTableModel
from desktop_sync.ui.models.source import Column, value_column
from desktop_sync.ui.palette import SPACE_M, SPACE_S, SPACE_XL, Tone
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.text.step_words import open_step_text
from desktop_sync.ui.text.times import full_time
from desktop_sync.ui.text.words import SideNames, status_word
from desktop_sync.ui.views.field_columns import comparison_columns, exact, history_columns, shown
from desktop_sync.ui.widgets.list_view import ListView
from desktop_sync.ui.widgets.message_bar import MessageBar
from desktop_sync.ui.widgets.parts import button, column, label, row
from desktop_sync.ui.widgets.screen import fitting

TONES = {
    Part.READ: Tone.NEUTRAL,
    Part.FILTERED: Tone.WARNING,
    Part.STEPS: Tone.NEUTRAL,
    Part.MATCHED: Tone.GOOD,
    Part.COMPARED: Tone.NEUTRAL,
    Part.DECIDED: Tone.ACCENT,
    Part.CONFLICT: Tone.WARNING,
    Part.WRITTEN: Tone.GOOD,
    Part.STATUS: Tone.NEUTRAL,
}


def tr(text: str) -> str:
    return QCoreApplication.translate("explanation", text)


def part_word(part: Part) -> str:
    words = {
        Part.READ: tr("Read"),
        Part.FILTERED: tr("Filtered"),
        Part.STEPS: tr("Steps"),
        Part.MATCHED: tr("Matched"),
        Part.COMPARED: tr("Compared"),
        Part.DECIDED: tr("Decided"),
        Part.CONFLICT: tr("Conflict"),
        Part.WRITTEN: tr("Written"),
        Part.STATUS: tr("Status"),
    }
    return words[part]


def compared_columns(names: SideNames) -> tuple[Column[ComparedField], ...]:
    def differs(field: ComparedField) -> bool:
        return field.differs

    def compared(field: ComparedField, written: Callable[[str | None], str] = exact) -> str:
        if field.normal_a == field.normal_b:
            return written(field.normal_a or "")
        return f"{written(field.normal_a)} ≠ {written(field.normal_b)}"

    def base(field: ComparedField, written: Callable[[str | None], str] = exact) -> str:
        return " / ".join(dict.fromkeys(written(one) for one in (field.base_a, field.base_b) if one is not None))

    return (
        Column("field", tr("Field"), lambda field: field.label, 130, differs=differs),
        value_column("a", names.a, lambda field: field.a, 160, differs=differs),
        value_column("b", names.b, lambda field: field.b, 160, differs=differs),
        Column(
            "compared",
            tr("Compared as"),
            compared,
            200,
            differs=differs,
            seen=lambda field: compared(field, shown),
        ),
        Column("base", tr("Last synchronized"), base, 170, differs=differs, seen=lambda field: base(field, shown)),
    )


def record_number(number: int) -> str:
    """The name of the sync record with that number, which no id in a system is taken for."""
    return f"#{number}"


def record_id(text: str) -> str:
    """The name of the record with that id in one of the systems, which no number of a sync record is taken for."""
    return f"id:{text}"


def explained(
    application: Application, configuration: str, record: str, entity: str
) -> tuple[Explanation, PipelineStep | None]:
    """All about the record, and the step of the user's own that keeps it back, if one does. In a worker."""
    found = application.explanation.explain(configuration, record, entity)
    said = [*found.why_not, *(one.text for one in found.present)]
    if found.record is not None and found.record.status in (Status.INVALID, Status.FAILED, Status.ABORTED):
        said.append(found.record.last_error)
    return found, blamed_step(application.configurations.get(configuration), "\n".join(said), found.entity)


class ExplanationDialog(QDialog):
    """`record`: as `record_number` or `record_id` name it. Reads in a worker; writes nothing.

    `step_wanted` carries the name of a step of the user's own that a person wants to see.
    """

    step_wanted = Signal(str)

    def __init__(
        self,
        context: WindowContext,
        names: SideNames,
        configuration: str,
        record: str,
        entity: str,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Explain a record"))
        self.setAccessibleName(self.windowTitle())
        self.resize(fitting(QSize(1060, 680)))
        self._context = context
        self._names = names
        self._step: PipelineStep | None = None
        self._title = label(entity, "heading")
        self._state = label(self.tr("Reading the record from both systems…"), "secondary", wraps=True)
        self.message = MessageBar(context.theme, closable=False)
        self.events = ListTableModel[ExplainedEvent](self._event_columns(), self)
        self.events_view = ListView(self.events, context.theme, self.tr("What happened, and how it stands now"))
        self.events_view.selectionModel().currentRowChanged.connect(self._choose)
        self.changes = ListTableModel(history_columns(names, None), self)
        self.changes_view = ListView(self.changes, context.theme, self.tr("Fields of the chosen line"))
        self.fields = ListTableModel(compared_columns(names), self)
        self.fields_view = ListView(self.fields, context.theme, self.tr("Both records as they stand"))
        self._lay_out()
        self._read = Latest(context.jobs, self)
        self._read.arrived.connect(self._show)
        self._read.failed.connect(self._failed)
        self._read.ask(partial(explained, context.application, configuration, record, entity))

    def _lay_out(self) -> None:
        self.step_button = button("", name=self.tr("Open the step"))
        self.step_button.clicked.connect(self._open_step)
        self.step_button.hide()
        close = button(self.tr("&Close"))
        close.setDefault(True)
        close.clicked.connect(self.accept)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        upper = QSplitter(Qt.Orientation.Horizontal)
        upper.setChildrenCollapsible(False)
        upper.addWidget(self._titled(self.tr("What happened, and how it stands now"), self.events_view))
        self._changes_box = self._titled(self.tr("Before and after"), self.changes_view)
        upper.addWidget(self._changes_box)
        upper.setSizes([730, 290])
        upper.setStretchFactor(0, 1)
        splitter.addWidget(upper)
        splitter.addWidget(self._titled(self.tr("Both records as they stand"), self.fields_view))
        splitter.setSizes([330, 200])
        self._changes_box.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_XL, SPACE_XL, SPACE_XL, SPACE_XL)
        layout.setSpacing(SPACE_M)
        layout.addWidget(self._title)
        layout.addWidget(self._state)
        layout.addWidget(self.message)
        layout.addWidget(splitter, 1)
        layout.addLayout(row(self.step_button, 0, close, spacing=SPACE_S))

    @staticmethod
    def _titled(title: str, widget: QWidget) -> QWidget:
        box = QWidget()
        box.setLayout(column(label(title, "section"), widget, spacing=6))
        return box

    def _event_columns(self) -> tuple[Column[ExplainedEvent], ...]:
        now = self._context.application.clock.now()
        return (
            Column("at", self.tr("When"), lambda one: full_time(one.at, now) if one.at else self.tr("Now"), 150),
            Column("part", self.tr("What"), lambda one: part_word(one.part), 112, tone=lambda one: TONES[one.part]),
            Column("text", self.tr("In words"), lambda one: one.text[:1].upper() + one.text[1:], 470),
        )

    @Slot(object)
    def _show(self, answer: tuple[Explanation, PipelineStep | None]) -> None:
        found, self._step = answer
        if self._step is not None:
            self.step_button.setText(open_step_text(self._step.name))
            self.step_button.setAccessibleName(self.step_button.text().replace("&", ""))
            self.step_button.show()
        ends = f"{self._names.a} {found.a_id or '—'}  ⇄  {self._names.b} {found.b_id or '—'}"
        self._title.setText(f"{found.entity}: {ends}")
        record = found.record
        said = self.tr("No run has seen it yet.") if record is None else status_word(record.status)
        self._state.setText(said)
        if found.why_not:
            self.message.say("\n".join(found.why_not), Tone.WARNING)
        elif found.action is None:
            self.message.say(self.tr("It is in sync: a run would do nothing with it."), Tone.GOOD)
        else:
            self.message.say(self._sentence(found), Tone.NEUTRAL)
        events = (*found.past, *found.present)
        self.events.show(events)
        self.fields.show(found.fields)
        if events:
            self.events_view.selectRow(len(events) - 1)
            self.events_view.scrollToBottom()

    @staticmethod
    def _sentence(found: Explanation) -> str:
        text = found.present[-1].text if found.present else ""
        return f"{text[:1].upper()}{text[1:]}."

    @Slot()
    def _choose(self) -> None:
        current = self.events_view.currentIndex().row()
        event = self.events.rows[current] if 0 <= current < len(self.events.rows) else None
        fields: tuple[FieldChange, ...] = event.fields if event is not None else ()
        is_conflict = event is not None and event.part is Part.CONFLICT
        columns = comparison_columns(self._names) if is_conflict else history_columns(self._names, None)
        self.changes.show(fields, columns)
        self._changes_box.setVisible(bool(fields))

    @Slot()
    def _open_step(self) -> None:
        if self._step is not None:
            self.step_wanted.emit(self._step.name)
            self.accept()

    @Slot(object)
    def _failed(self, error: object) -> None:
        self._state.setText("")
        self.message.say(problem(error))
