"""Before a run is undone: what will be as it was, what stays and why; then it is carried out from here."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QSplitter, QVBoxLayout, QWidget

from desktop_sync.core.plan import FieldChange
from desktop_sync.core.run import Outcome, Run, RunResult
from desktop_sync.core.sync_record import Conflict
from desktop_sync.core.undo import UndoRow
from desktop_sync.ui.application_port import UndoDesk
from desktop_sync.ui.bridge.control import JobControl, ProgressState
from desktop_sync.ui.bridge.job_runner import Job
from desktop_sync.ui.bridge.open_undo import CarryOut, Look, OpenUndo, UndoTally
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.models.list_table import ListTableModel
from desktop_sync.ui.models.paged_table import WEAK_ROLE, PagedTableModel
from desktop_sync.ui.models.source import Column, value_column
from desktop_sync.ui.models.sources import UndoSource
from desktop_sync.ui.palette import SPACE_L, SPACE_M, SPACE_S, SPACE_XL, Tone
from desktop_sync.ui.text.sentences import guard_sentence, problem, progress_headline, records
from desktop_sync.ui.text.words import ACTION_TONES, SideNames
from desktop_sync.ui.views.field_columns import exact, shown
from desktop_sync.ui.views.plan_model import action_icon
from desktop_sync.ui.widgets.chips import ChipRow
from desktop_sync.ui.widgets.empty_state import EmptyState
from desktop_sync.ui.widgets.list_view import ListView
from desktop_sync.ui.widgets.message_bar import MessageBar
from desktop_sync.ui.widgets.parts import button, label, row
from desktop_sync.ui.widgets.screen import TallArea, fitting
from desktop_sync.ui.widgets.table_area import TableArea

UNDONE, STAYS = "undone", "stays"
LEAST_HEIGHT = 300
"""Pixels, so that the records and the fields of one can both be read."""
LEAST_DIALOG = 360


def tr(text: str) -> str:
    return QCoreApplication.translate("undo", text)


def undo_run(desk: UndoDesk, run: Run) -> tuple[Look, CarryOut]:
    """The two questions to the service for a whole run."""
    return (
        lambda progress, cancel: desk.preview(run.id, progress=progress, cancel=cancel),
        lambda preview, progress, cancel: desk.undo(run.id, preview=preview, progress=progress, cancel=cancel),
    )


def bring_back(desk: UndoDesk, conflict: Conflict) -> tuple[Look, CarryOut]:
    """The same for the loser of a conflict."""
    return (
        lambda progress, cancel: desk.preview_bring_back(conflict.id, progress=progress, cancel=cancel),
        lambda preview, progress, cancel: desk.bring_back(
            conflict.id, preview=preview, progress=progress, cancel=cancel
        ),
    )


def _what(undo_row: UndoRow, written: Callable[[str | None], str] = exact) -> str:
    if undo_row.reason:
        return undo_row.reason
    changed = [field for field in undo_row.fields if field.differs]
    return "  ·  ".join(f"{field.label}: {written(field.before)} → {written(field.after)}" for field in changed[:3])


def undo_columns(names: SideNames) -> tuple[Column[UndoRow], ...]:
    def action(undo_row: UndoRow) -> str:
        if undo_row.reason:
            return tr("Stays as it is")
        return tr("Left out") if undo_row.is_excluded else names.action_phrase(undo_row.action)

    def tone(undo_row: UndoRow) -> Tone | None:
        if undo_row.reason or undo_row.is_excluded:
            return Tone.MUTED
        return ACTION_TONES.get(undo_row.action)

    return (
        Column(
            "action",
            tr("What happens"),
            action,
            150,
            tone=tone,
            icon=lambda undo_row: action_icon(undo_row.action),
        ),
        Column("entity", tr("Entity"), lambda undo_row: undo_row.entity, 98),
        value_column("a_id", tr("{0} record").format(names.a), lambda undo_row: undo_row.a_id, 104, nothing="—"),
        value_column("b_id", tr("{0} record").format(names.b), lambda undo_row: undo_row.b_id, 104, nothing="—"),
        Column("what", tr("Values, or why it stays"), _what, 360, seen=lambda undo_row: _what(undo_row, shown)),
    )


class UndoTableModel(PagedTableModel[UndoRow]):
    """Rows that are left out are drawn weak."""

    def row_data(self, row: UndoRow, role: int) -> object:
        return row.is_excluded if role == WEAK_ROLE else None


class UndoDialog(QDialog):
    """`undone` comes when something was written. Owns the preview until it is carried out or the dialog is closed."""

    undone = Signal()

    def __init__(
        self,
        context: WindowContext,
        names: SideNames,
        title: str,
        explanation: str,
        questions: tuple[Look, CarryOut],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setMinimumHeight(LEAST_DIALOG)  # Qt would take the height that long notes need in the narrowest dialog
        self.resize(fitting(QSize(940, 620)))
        self._context = context
        self._names = names
        self._look, self._carry_out = questions
        self._open: OpenUndo | None = None
        self._job: Job | None = None
        self._make_parts()
        self._lay_out(title, explanation)
        self._start_look()

    def _make_parts(self) -> None:
        theme = self._context.theme
        self.message = MessageBar(theme)
        self.notes = MessageBar(theme, closable=False)
        self.chips = ChipRow(self.tr("Records of this run"), exclusive=True)
        self.chips.changed.connect(self._ask)
        self.empty = EmptyState(
            theme, "clock", self.tr("Looking…"), self.tr("Both systems are read; nothing is written.")
        )
        model = UndoTableModel(undo_columns(self._names), self._context.jobs)
        self.area = TableArea(model, self._context, "undo", self.tr("What the undo does"), self.empty)
        self.area.row_chosen.connect(self._show_row)
        model.loaded.connect(self._select_first)
        self.fields = ListTableModel(self._field_columns(), self)
        self.fields_view = ListView(self.fields, theme, self.tr("Fields of the chosen record"))
        self._progress = label("", "secondary")
        self.exclude_button = button(self.tr("Leave &out"))
        self.exclude_button.setToolTip(self.tr("Space"))
        self.exclude_button.clicked.connect(self._exclude)
        self.exclude_button.setEnabled(False)
        space = QAction(self.area.view)
        space.setShortcut(QKeySequence("Space"))
        space.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        space.triggered.connect(self._exclude)
        self.area.view.addAction(space)
        self.close_button = button(self.tr("&Close"))
        self.close_button.clicked.connect(self.reject)
        self.undo_button = button(self.tr("&Undo"), "primary")
        self.undo_button.clicked.connect(self._undo)
        self.undo_button.setEnabled(False)

    def _field_columns(self) -> tuple[Column[FieldChange], ...]:
        def differs(change: FieldChange) -> bool:
            return change.differs

        return (
            Column("field", self.tr("Field"), lambda change: change.label, 150, differs=differs),
            value_column("before", self.tr("Now"), lambda change: change.before, 240, differs=differs),
            value_column("after", self.tr("After the undo"), lambda change: change.after, 240, differs=differs),
        )

    def _lay_out(self, title: str, explanation: str) -> None:
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.area)
        splitter.addWidget(self.fields_view)
        splitter.setSizes([300, 150])
        splitter.setStretchFactor(0, 1)
        self.fields_view.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_XL, SPACE_L, SPACE_XL, SPACE_L)
        layout.setSpacing(SPACE_M)
        layout.addWidget(label(title, "heading"))
        layout.addWidget(label(explanation, "secondary", wraps=True))
        layout.addWidget(self.notes)
        layout.addWidget(self.message)
        layout.addWidget(self.chips)
        layout.addWidget(TallArea(splitter, LEAST_HEIGHT, self.tr("Records and their fields")), 1)
        layout.addLayout(
            row(self.exclude_button, self._progress, 0, self.close_button, self.undo_button, spacing=SPACE_S)
        )

    # Looking

    def _start_look(self) -> None:
        control, look = JobControl(), self._look
        self._job = self._context.jobs.start(
            lambda: OpenUndo(look(control.progress, control.cancel)), title="undo preview", control=control
        )
        self._job.progressed.connect(self._show_progress)
        self._job.finished.connect(self._looked)
        self._job.failed.connect(self._look_failed)
        self._job.ended.connect(self._job_ended)

    @Slot(object)
    def _looked(self, opened: OpenUndo) -> None:
        self._open = opened
        tally = opened.first
        self.empty.say(self.tr("Nothing here"), self.tr("There is no record of that kind."), "check-circle")
        lines = [*opened.notes, *(guard_sentence(finding, self._names) for finding in opened.findings)]
        if lines:
            self.notes.say("\n".join(lines), Tone.WARNING if opened.findings else Tone.NEUTRAL)
        self._show_tally(tally)
        if not tally.undone and tally.listed:
            self.chips.choose(STAYS)
        self._ask()

    @Slot(object)
    def _look_failed(self, error: object) -> None:
        self.message.say(problem(error))
        self.empty.say(self.tr("Nothing to show"), self.tr("The run could not be looked at."), "alert")

    def _show_tally(self, tally: UndoTally) -> None:
        self.chips.show_chips(
            [
                (UNDONE, self.tr("Will be as before"), tally.undone),
                (STAYS, self.tr("Stay as they are"), tally.listed),
            ]
        )
        self.undo_button.setText(self.tr("&Undo {0}").format(records(tally.undone)))
        self.undo_button.setAccessibleName(self.undo_button.text().replace("&", ""))
        self.undo_button.setEnabled(tally.undone > 0)

    @Slot()
    def _ask(self) -> None:
        if self._open is not None:
            self.area.model.show(UndoSource(self._open, STAYS in self.chips.chosen))

    @Slot()
    def _select_first(self) -> None:
        if self.area.model.rowCount() and not self.area.view.selected_ranges():
            self.area.view.selectRow(0)

    @Slot(object)
    def _show_row(self, chosen: UndoRow | None) -> None:
        has_fields = chosen is not None and bool(chosen.fields)
        self.fields_view.setVisible(has_fields)
        self.fields.show(chosen.fields if chosen is not None else ())
        self.exclude_button.setEnabled(chosen is not None and not chosen.reason and self.undo_button.isEnabled())
        if chosen is not None:
            self.exclude_button.setText(self.tr("Take &in again") if chosen.is_excluded else self.tr("Leave &out"))

    @Slot()
    def _exclude(self) -> None:
        chosen = self.area.chosen
        if self._open is not None and isinstance(chosen, UndoRow) and not chosen.reason and self._job is None:
            change = partial(self._open.exclude, chosen.entity, [chosen.number], not chosen.is_excluded)
            job = self._context.jobs.start(change)
            job.finished.connect(self._excluded)
            job.failed.connect(self._failed)

    @Slot(object)
    def _excluded(self, tally: UndoTally) -> None:
        self._show_tally(tally)
        self.area.model.refresh(max(0, self.area.view.rowAt(0)))

    # Undoing

    @Slot()
    def _undo(self) -> None:
        if self._open is None:
            return
        opened, self._open = self._open, None
        control, carry_out = JobControl(), self._carry_out
        self.undo_button.setEnabled(False)
        self.exclude_button.setEnabled(False)
        self.close_button.setText(self.tr("S&top"))
        self._job = self._context.jobs.start(
            lambda: carry_out(opened.hand_on(), control.progress, control.cancel), title="undo", control=control
        )
        self._job.progressed.connect(self._show_progress)
        self._job.finished.connect(self._done)
        self._job.failed.connect(self._undo_failed)
        self._job.ended.connect(self._job_ended)

    @Slot(object)
    def _done(self, result: RunResult) -> None:
        done = sum(number for entity in result.entities for number in entity.actions.values())
        failed = sum(entity.failed for entity in result.entities)
        text = self.tr("{0} are as they were before. It is in the list of runs and can be undone too.")
        text = text.format(records(done))
        if result.outcome is Outcome.CANCELLED:
            text = self.tr("It was stopped. What was undone until then is in the list of runs.")
        elif failed:
            text += "  " + self.tr("{0} stay as they are.").format(records(failed))
        self.message.say(text, Tone.GOOD if result.outcome is Outcome.DONE else Tone.WARNING)
        self.undone.emit()

    @Slot(object)
    def _undo_failed(self, error: object) -> None:
        self.message.say(problem(error))
        self.undone.emit()

    @Slot(object)
    def _failed(self, error: object) -> None:
        self.message.say(problem(error))

    @Slot(object)
    def _show_progress(self, state: ProgressState) -> None:
        self._progress.setText(progress_headline(state))

    @Slot()
    def _job_ended(self) -> None:
        self._job = None
        self._progress.setText("")
        self.close_button.setText(self.tr("&Close"))

    def reject(self) -> None:
        """While something is under way it is asked to stop; then the dialog closes."""
        if self._job is not None and self._open is None and not self._job.is_cancel_requested:
            self._job.cancel()
            if self.close_button.text() == self.tr("S&top"):
                return
        super().reject()

    def done(self, code: int) -> None:
        """The preview is closed, in a worker, if it was not handed on."""
        opened, self._open = self._open, None
        if opened is not None:
            self._context.jobs.start(opened.close)
        super().done(code)
