"""Records whose counterpart is not certain: the evidence, and linking by hand."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QCoreApplication, Qt, Signal, Slot
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from desktop_sync.services.views import ReviewCase
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.dialogs.text_entry import TextEntryDialog
from desktop_sync.ui.models.list_table import ListTableModel
from desktop_sync.ui.models.paged_table import PagedTableModel
from desktop_sync.ui.models.source import Column
from desktop_sync.ui.models.sources import ReviewSource
from desktop_sync.ui.palette import SPACE_L, SPACE_M, SPACE_S, Tone
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.text.words import SideNames
from desktop_sync.ui.views.content import PageContent
from desktop_sync.ui.views.explanation import ExplanationDialog, record_number
from desktop_sync.ui.widgets.empty_state import EmptyState
from desktop_sync.ui.widgets.list_view import ListView
from desktop_sync.ui.widgets.message_bar import MessageBar
from desktop_sync.ui.widgets.parts import button, card, label, row
from desktop_sync.ui.widgets.table_area import TableArea

Candidate = tuple[str | None, str | None, str]


def tr(text: str) -> str:
    return QCoreApplication.translate("review", text)


def check_ids(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Both ids are needed."""
    return tuple("" if text else tr("An id is needed.") for text in texts)


class ReviewPage(QWidget):
    """`changed` comes when a person linked something."""

    changed = Signal()

    def __init__(self, context: WindowContext, names: SideNames, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._names = names
        self._configuration = ""
        empty = EmptyState(
            context.theme,
            "check-circle",
            self.tr("Nothing to review"),
            self.tr("Records whose counterpart is not certain wait here. Nothing is linked by guessing."),
        )
        model = PagedTableModel[ReviewCase](self._case_columns(), context.jobs)
        self.area = TableArea(model, context, "review", self.tr("Records to review"), empty)
        self.area.row_chosen.connect(self._show_case)
        model.loaded.connect(self._select_first)
        self.message = MessageBar(context.theme)
        self.candidates = ListTableModel[Candidate](self._candidate_columns(), self)
        self.candidate_view = ListView(self.candidates, context.theme, self.tr("Possible counterparts"))
        self.candidate_view.selectionModel().currentRowChanged.connect(self._choose)
        self.candidate_view.doubleClicked.connect(self._link_candidate)
        self.link_button = button(self.tr("&Link these two"), "primary")
        self.link_button.clicked.connect(self._link_candidate)
        self.by_hand_button = button(self.tr("Link by &hand…"))
        self.by_hand_button.clicked.connect(self._ask_ids)
        self.explain_button = button(self.tr("&Explain…"))
        self.explain_button.clicked.connect(self.explain)
        self._title = label("", "heading", wraps=True)
        self._reason = label("", "secondary", wraps=True)
        self._lay_out()

    def _lay_out(self) -> None:
        self._detail = card(
            self._title,
            self._reason,
            self.candidate_view,
            row(self.link_button, self.by_hand_button, 0, self.explain_button),
            spacing=SPACE_M,
        )
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.area)
        splitter.addWidget(self._detail)
        splitter.setSizes([460, 560])
        self._detail.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, SPACE_L, 0, SPACE_S)
        layout.setSpacing(SPACE_M)
        layout.addWidget(self.message)
        layout.addWidget(splitter, 1)

    def _case_columns(self) -> tuple[Column[ReviewCase], ...]:
        names = self._names
        return (
            Column("entity", self.tr("Entity"), lambda case: case.entity, 100),
            Column("a_id", self.tr("{0} record").format(names.a), lambda case: case.a_id or "—", 110),
            Column("b_id", self.tr("{0} record").format(names.b), lambda case: case.b_id or "—", 110),
            Column("reason", self.tr("Why"), lambda case: case.reason, 200),
        )

    def _candidate_columns(self) -> tuple[Column[Candidate], ...]:
        names = self._names
        return (
            Column("a", self.tr("{0} record").format(names.a), lambda candidate: candidate[0] or "—", 110),
            Column("b", self.tr("{0} record").format(names.b), lambda candidate: candidate[1] or "—", 110),
            Column("why", self.tr("What speaks for it"), lambda candidate: candidate[2], 260),
        )

    def show_content(self, content: PageContent) -> None:
        self._configuration = content.configuration.name
        if self.area.model.source is None:
            self.area.model.show(ReviewSource(self._context.application.records, self._configuration))
        else:
            self.area.model.refresh(max(0, self.area.view.rowAt(0)))

    @Slot()
    def _select_first(self) -> None:
        if self.area.model.rowCount() and not self.area.view.selected_ranges():
            self.area.view.selectRow(0)

    @Slot(object)
    def _show_case(self, case: ReviewCase | None) -> None:
        self._detail.setVisible(case is not None)
        if case is None:
            return
        ids = f"{self._names.a} {case.a_id}" if case.a_id else f"{self._names.b} {case.b_id}"
        self._title.setText(f"{case.entity}: {ids}")
        self._reason.setText(case.reason)
        self.candidates.show(case.candidates)
        if case.candidates:
            self.candidate_view.selectRow(0)
        self._choose()

    @Slot()
    def _choose(self) -> None:
        current = self.candidate_view.currentIndex().row()
        pair = self.candidates.rows[current] if 0 <= current < len(self.candidates.rows) else None
        self.link_button.setEnabled(pair is not None and bool(pair[0]) and bool(pair[1]))

    @Slot()
    def _link_candidate(self) -> None:
        current = self.candidate_view.currentIndex().row()
        if 0 <= current < len(self.candidates.rows):
            a_id, b_id, _ = self.candidates.rows[current]
            if a_id and b_id:
                self._link(a_id, b_id)

    @Slot()
    def explain(self) -> None:
        """All about the chosen record, in a dialog of its own."""
        case = self.area.chosen
        if isinstance(case, ReviewCase):
            record = record_number(case.record_id)
            ExplanationDialog(self._context, self._names, self._configuration, record, case.entity, self).open()

    @Slot()
    def _ask_ids(self) -> None:
        case = self.area.chosen
        if not isinstance(case, ReviewCase):
            return
        fields = (
            (self.tr("Id in {0}").format(self._names.a), case.a_id or ""),
            (self.tr("Id in {0}").format(self._names.b), case.b_id or ""),
        )
        dialog = TextEntryDialog(self.tr("Link two records"), fields, self.tr("&Link"), check_ids, self)
        dialog.entered.connect(self._link_entered)
        dialog.open()

    @Slot(object)
    def _link_entered(self, texts: tuple[str, str]) -> None:
        self._link(*texts)

    def _link(self, a_id: str, b_id: str) -> None:
        case = self.area.chosen
        if isinstance(case, ReviewCase):
            link = partial(self._context.application.records.link, self._configuration, case.entity, a_id, b_id)
            job = self._context.jobs.start(link)
            job.finished.connect(self._linked)
            job.failed.connect(self._failed)

    @Slot()
    def _linked(self) -> None:
        self.message.say(self.tr("Linked. The next run treats the two as one record."), Tone.GOOD)
        self.area.view.clearSelection()
        self.changed.emit()

    @Slot(object)
    def _failed(self, error: object) -> None:
        self.message.say(problem(error))
