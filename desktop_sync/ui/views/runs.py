"""The runs of a configuration, what each did to which record, and each field's before and after."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, Signal, Slot
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from desktop_sync.core.run import Outcome, Run, RunKind
from desktop_sync.core.sync_record import HistoryRow
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.models.list_table import ListTableModel
from desktop_sync.ui.models.paged_table import PagedTableModel
from desktop_sync.ui.models.source import Column, value_column
from desktop_sync.ui.models.sources import HistorySource, RunSource
from desktop_sync.ui.palette import Tone
from desktop_sync.ui.text.plain import sentence
from desktop_sync.ui.text.times import full_time, number, run_time
from desktop_sync.ui.text.words import (
    ACTION_TONES,
    OUTCOME_TONES,
    SideNames,
    kind_word,
    outcome_word,
    rule_sentence,
    trigger_word,
)
from desktop_sync.ui.views.content import PageContent
from desktop_sync.ui.views.explanation import ExplanationDialog, record_number
from desktop_sync.ui.views.field_columns import history_columns, result_tone
from desktop_sync.ui.views.overview import written
from desktop_sync.ui.views.undo import UndoDialog, undo_run
from desktop_sync.ui.widgets.empty_state import EmptyState
from desktop_sync.ui.widgets.list_view import ListView
from desktop_sync.ui.widgets.message_bar import MessageBar
from desktop_sync.ui.widgets.parts import button, column, label, row
from desktop_sync.ui.widgets.screen import TallArea, tab_room
from desktop_sync.ui.widgets.table_area import TableArea

RIGHT = Qt.AlignmentFlag.AlignRight


def tr(text: str) -> str:
    return QCoreApplication.translate("runs", text)


def failures(run: Run) -> int:
    return sum(entity.failed for entity in run.result.entities) if run.result is not None else 0


def run_columns(context: WindowContext) -> tuple[Column[Run], ...]:
    clock = context.application.clock
    return (
        Column("started", tr("Started"), lambda run: full_time(run.started_at, clock.now()), 120),
        Column(
            "outcome",
            tr("Outcome"),
            lambda run: outcome_word(run.outcome),
            150,
            tone=lambda run: OUTCOME_TONES[run.outcome],
        ),
        Column("kind", tr("What"), lambda run: kind_word(run.kind), 110, spare=3),
        Column("trigger", tr("Started by"), lambda run: trigger_word(run.trigger), 110, spare=2),
        Column("took", tr("Took"), lambda run: run_time(run.started_at, run.ended_at), 80, align=RIGHT, spare=1),
        Column("written", tr("Written"), lambda run: number(written(run)), 90, align=RIGHT),
        Column("failed", tr("Failed"), lambda run: number(failures(run)) if failures(run) else "", 80, align=RIGHT),
        Column("error", tr("Message"), lambda run: " ".join(run.result.sentences) if run.result else "", 200),
    )


def action_columns(names: SideNames) -> tuple[Column[HistoryRow], ...]:
    return (
        Column(
            "action",
            tr("Action"),
            lambda row: names.action_phrase(row.action),
            140,
            tone=lambda row: ACTION_TONES.get(row.action),
        ),
        Column("entity", tr("Entity"), lambda row: row.entity, 98, spare=2),
        value_column("a_id", tr("{0} record").format(names.a), lambda row: row.a_id, 108, nothing="—"),
        value_column("b_id", tr("{0} record").format(names.b), lambda row: row.b_id, 112, nothing="—"),
        Column("rule", tr("Why"), lambda row: rule_sentence(row.rule, names), 160, spare=1),
        Column("result", tr("Result"), lambda row: sentence(row.result), 100, tone=result_tone),
    )


SHOWN_SENTENCES = 3
LEAST_HEIGHT = 420
"""Pixels, so that each of the three tables shows a few rows."""


def can_be_undone(run: Run) -> bool:
    """Whether the run wrote to an endpoint, and is over."""
    return run.kind is not RunKind.PREPARE and run.outcome is not Outcome.RUNNING and written(run) > 0


class RunsPage(QWidget):
    """`changed` comes when a run was undone from here."""

    changed = Signal()
    step_wanted = Signal(str)

    def __init__(self, context: WindowContext, names: SideNames, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._names = names
        self._configuration = ""
        empty = EmptyState(
            context.theme, "clock", self.tr("No runs yet"), self.tr("Every run is kept here with what it did.")
        )
        nothing = EmptyState(
            context.theme,
            "check",
            self.tr("Nothing was written"),
            self.tr("This run changed no record on either side."),
        )
        self.runs = TableArea(
            PagedTableModel[Run](run_columns(context), context.jobs),
            context,
            "runs",
            self.tr("Runs"),
            empty,
            shows_count=False,
        )
        self.runs.model.loaded.connect(self._select_first)
        self.said = MessageBar(context.theme)
        self.done = TableArea(
            PagedTableModel[HistoryRow](action_columns(names), context.jobs),
            context,
            "history",
            self.tr("What the run did"),
            nothing,
        )
        self.done.model.loaded.connect(self._select_first_action)
        self.fields = ListTableModel(history_columns(names, None), self)
        self._fields_view = ListView(self.fields, context.theme, self.tr("Fields, before and after"))
        self.runs.row_chosen.connect(self._show_run)
        self.done.row_chosen.connect(self._show_action)
        self._lay_out()

    def _lay_out(self) -> None:
        lower = QSplitter(Qt.Orientation.Horizontal)
        lower.setChildrenCollapsible(False)
        self.undo_button = button(self.tr("&Undo this run…"))
        self.undo_button.clicked.connect(self.start_undo)
        self.explain_button = button(self.tr("&Explain this record…"))
        self.explain_button.clicked.connect(self.explain)
        lower.addWidget(self._titled(self.tr("What this run did"), self.done, self.undo_button))
        self._no_fields = label(self.tr("No value was written."), "secondary", wraps=True)
        self._no_fields.setAlignment(Qt.AlignmentFlag.AlignTop)
        values = QWidget()
        values.setLayout(column(self._no_fields, self._fields_view))
        self._fields_box = self._titled(self.tr("Before and after"), values, self.explain_button)
        lower.addWidget(self._fields_box)
        lower.setSizes([700, 340])
        self._lower = lower
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.runs)
        splitter.addWidget(lower)
        splitter.setSizes([200, 260])
        lower.hide()
        layout = QVBoxLayout(self)
        layout.addWidget(self.said)
        layout.addWidget(TallArea(splitter, LEAST_HEIGHT, self.tr("Runs and what they did")), 1)
        tab_room(self, self._context.theme)

    @staticmethod
    def _titled(title: str, widget: QWidget, control: QWidget) -> QWidget:
        box = QWidget()
        box.setLayout(column(row(label(title, "section"), 0, control), widget, spacing=6))
        return box

    def show_content(self, content: PageContent) -> None:
        self._configuration = content.configuration.name
        if self.runs.model.source is None:
            self.runs.model.show(RunSource(self._context.application.records, content.configuration.name))
        else:
            self.runs.view.clearSelection()
            self.runs.model.refresh()

    @Slot()
    def _select_first(self) -> None:
        if self.runs.model.rowCount() and not self.runs.view.selected_ranges():
            self.runs.view.selectRow(0)

    @Slot()
    def _select_first_action(self) -> None:
        self._fields_box.setVisible(self.done.model.rowCount() > 0)
        if self.done.model.rowCount() and not self.done.view.selected_ranges():
            self.done.view.selectRow(0)

    def _tell(self, run: Run | None) -> None:
        """What the run had to tell stands above the list, the first few sentences."""
        every = run.result.sentences if run is not None and run.result is not None else ()
        more = len(every) - SHOWN_SENTENCES
        said = [*every[:SHOWN_SENTENCES], *([self.tr("and {0} more").format(number(more))] if more > 0 else [])]
        if run is None or not said:
            self.said.clear()
            return
        tones = {Outcome.DONE: Tone.NEUTRAL, Outcome.FAILED: Tone.BAD}
        tone = tones.get(run.outcome, Tone.WARNING)
        self.said.say("\n".join(said), tone)

    @Slot(object)
    def _show_run(self, run: Run | None) -> None:
        self._tell(run)
        self._lower.setVisible(run is not None)
        self.fields.show(())
        self.undo_button.setEnabled(run is not None and can_be_undone(run))
        if run is not None:
            self.done.model.show(HistorySource(self._context.application.records, run))

    @Slot(object)
    def _show_action(self, action: HistoryRow | None) -> None:
        columns = history_columns(self._names, action.action if action is not None else None)
        self.fields.show(action.fields if action is not None else (), columns)
        self._no_fields.setVisible(action is not None and not action.fields)
        self._fields_view.setVisible(self._no_fields.isHidden())

    @Slot()
    def start_undo(self) -> None:
        """What undoing the chosen run would do is shown in a dialog, and can be carried out there."""
        run = self.runs.chosen
        if not isinstance(run, Run):
            return
        began = full_time(run.started_at, self._context.application.clock.now())
        text = self.tr(
            "Records that still are as the run left them become what they were before it. What somebody changed "
            "since stays, and is listed. The undo is a run of its own, and can be undone too."
        )
        title = self.tr("Undo this run  ·  {0}").format(began)
        questions = undo_run(self._context.application.undo, run)
        dialog = UndoDialog(self._context, self._names, title, text, questions, self)
        dialog.undone.connect(self.changed)
        dialog.open()

    @Slot()
    def explain(self) -> None:
        """All about the chosen record, in a dialog of its own."""
        action = self.done.chosen
        if isinstance(action, HistoryRow):
            record = record_number(action.record_id)
            dialog = ExplanationDialog(self._context, self._names, self._configuration, record, action.entity, self)
            dialog.step_wanted.connect(self.step_wanted)
            dialog.open()
