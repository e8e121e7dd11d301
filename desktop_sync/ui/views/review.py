"""Records that wait for a person: their counterpart is not certain, or nobody knows whether they were written."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QCoreApplication, Qt, Signal, Slot
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from desktop_sync.core.held_case import age_text
from desktop_sync.core.status import Event
from desktop_sync.ui.bridge.record_naming import RecordNaming
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.dialogs.text_entry import TextEntryDialog
from desktop_sync.ui.models.paged_table import PAGE_ROWS, PagedTableModel
from desktop_sync.ui.models.source import Column, value_column
from desktop_sync.ui.models.sources import ReviewRow, ReviewSource
from desktop_sync.ui.palette import Tone
from desktop_sync.ui.text.plain import sentence
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.text.words import SideNames
from desktop_sync.ui.views.content import PageContent
from desktop_sync.ui.views.explanation import ExplanationDialog, record_number
from desktop_sync.ui.views.review_detail import ReviewDetail
from desktop_sync.ui.widgets.empty_state import EmptyState
from desktop_sync.ui.widgets.message_bar import MessageBar
from desktop_sync.ui.widgets.screen import show_beside, tab_room
from desktop_sync.ui.widgets.table_area import TableArea


def tr(text: str) -> str:
    return QCoreApplication.translate("review", text)


def check_ids(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Both ids are needed."""
    return tuple("" if text else tr("An id is needed.") for text in texts)


def row_columns(names: SideNames, naming: RecordNaming) -> tuple[Column[ReviewRow], ...]:
    return (
        value_column("record", tr("Record"), lambda row: naming.of(row.case.record_id), 170, nothing="—"),
        Column(
            "what",
            tr("What"),
            lambda row: tr("Not certain") if row.held is None else tr("No answer"),
            112,
            spare=5,
            tone=lambda row: Tone.WARNING if row.held is None else Tone.BAD,
        ),
        Column("entity", tr("Entity"), lambda row: row.case.entity, 90, spare=2),
        value_column("a_id", tr("{0} record").format(names.a), lambda row: row.case.a_id, 100, nothing="—"),
        value_column("b_id", tr("{0} record").format(names.b), lambda row: row.case.b_id, 100, nothing="—", spare=4),
        Column("age", tr("Since"), lambda row: "" if row.held is None else age_text(row.held.age), 80, spare=1),
        Column(
            "reason",
            tr("Why"),
            lambda row: sentence(row.case.reason if row.held is None else row.held.why),
            220,
            spare=3,
        ),
    )


def _record_id(row: ReviewRow) -> int:
    return row.case.record_id


class ReviewPage(QWidget):
    """`changed` comes when a person decided something."""

    changed = Signal()
    step_wanted = Signal(str)

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
        self.naming = RecordNaming(context.application, context.jobs, self)
        self.naming.named.connect(self._show_names)
        model = PagedTableModel[ReviewRow](row_columns(names, self.naming), context.jobs)
        self.area = TableArea(model, context, "review", self.tr("Records to review"), empty, identity=_record_id)
        self.area.row_chosen.connect(self._show_row)
        model.loaded.connect(self._select_first)
        model.loaded.connect(self._name_all)
        model.page_arrived.connect(self._name_new)
        self.message = MessageBar(context.theme)
        self.detail = ReviewDetail(context, names)
        self.detail.link_wanted.connect(self._link)
        self.detail.by_hand_wanted.connect(self._ask_ids)
        self.detail.again_wanted.connect(self._again)
        self.detail.deleted_wanted.connect(self._take_as_deleted)
        self.detail.left.connect(self._leave)
        self.detail.explain_wanted.connect(self.explain)
        self.detail.hide()
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(self.area)
        self._splitter.addWidget(self.detail)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setStretchFactor(1, 2)
        layout = QVBoxLayout(self)
        layout.addWidget(self.message)
        layout.addWidget(self._splitter, 1)
        tab_room(self, context.theme)

    def show_content(self, content: PageContent) -> None:
        self._configuration = content.configuration.name
        if self.area.model.source is None:
            self.area.model.show(ReviewSource(self._context.application.records, self._configuration))
        else:
            self.area.model.refresh(max(0, self.area.view.rowAt(0)))

    @Slot()
    def _select_first(self) -> None:
        if self.area.model.rowCount() and not self.area.view.selected_ranges() and not self.area.has_lost:
            self.area.view.selectRow(0)

    @Slot()
    def _name_all(self) -> None:
        self._name_rows(anew=True)

    @Slot()
    def _name_new(self) -> None:
        self._name_rows(anew=False)

    def _name_rows(self, *, anew: bool) -> None:
        """The rows that are seen, and a page below them, get their names."""
        model, first = self.area.model, max(0, self.area.view.rowAt(0))
        rows = (model.row(number) for number in range(first, min(first + PAGE_ROWS, model.rowCount())))
        numbers = [row.case.record_id for row in rows if isinstance(row, ReviewRow)]
        self.naming.ask(self._configuration, numbers, anew=anew)

    @Slot()
    def _show_names(self) -> None:
        self.area.model.redraw()
        row = self._chosen
        if row is not None:
            self.detail.show_name(self.naming.of(row.case.record_id))

    @property
    def _chosen(self) -> ReviewRow | None:
        row = self.area.chosen
        return row if isinstance(row, ReviewRow) else None

    @Slot(object)
    def _show_row(self, row: ReviewRow | None) -> None:
        show_beside(self._splitter, self.detail, row is not None)
        if row is not None:
            self.detail.show_row(self._configuration, row)
            self.detail.show_name(self.naming.of(row.case.record_id))

    # What a person decides

    @Slot()
    def explain(self) -> None:
        """All about the chosen record, in a dialog of its own."""
        row = self._chosen
        if row is not None:
            record = record_number(row.case.record_id)
            dialog = ExplanationDialog(self._context, self._names, self._configuration, record, row.case.entity, self)
            dialog.step_wanted.connect(self.step_wanted)
            dialog.open()

    @Slot()
    def _ask_ids(self) -> None:
        row = self._chosen
        if row is None:
            return
        fields = (
            (self.tr("Id in {0}").format(self._names.a), row.case.a_id or ""),
            (self.tr("Id in {0}").format(self._names.b), row.case.b_id or ""),
        )
        dialog = TextEntryDialog(self.tr("Link two records"), fields, self.tr("&Link"), check_ids, self)
        dialog.entered.connect(self._link_entered)
        dialog.open()

    @Slot(object)
    def _link_entered(self, texts: tuple[str, str]) -> None:
        self._link(*texts)

    @Slot(str, str)
    def _link(self, a_id: str, b_id: str) -> None:
        row = self._chosen
        if row is not None:
            link = partial(self._context.application.records.link, self._configuration, row.case.entity, a_id, b_id)
            job = self._context.jobs.start(link)
            job.finished.connect(self._linked)
            job.failed.connect(self._failed)

    @Slot()
    def _linked(self) -> None:
        self._decided(self.tr("Linked. The next run treats the two as one record."))

    @Slot()
    def _again(self) -> None:
        """What was held counts as not written."""
        self._set_status(Event.SET_PREPARED_BY_USER, self._set_prepared)

    @Slot()
    def _take_as_deleted(self) -> None:
        """What an undo may have written stays as it is."""
        self._set_status(Event.SET_DELETED_BY_USER, self._set_deleted)

    def _set_status(self, event: Event, done: Callable[[int], None]) -> None:
        row = self._chosen
        if row is not None:
            desk, record_id = self._context.application.records, row.case.record_id
            job = self._context.jobs.start(partial(desk.set_status, [record_id], event))
            job.finished.connect(done)
            job.failed.connect(self._failed)

    @Slot(object)
    def _set_prepared(self, changed: int) -> None:
        self._changed(changed, self.tr("Prepared. The next run looks at both sides anew and writes what is missing."))

    @Slot(object)
    def _set_deleted(self, changed: int) -> None:
        self._changed(changed, self.tr("Set as deleted. What is there stays as it is."))

    def _changed(self, changed: int, text: str) -> None:
        if changed:
            self._decided(text)
        else:
            self.message.say(self.tr("It is not held any more."), Tone.NEUTRAL)
            self.changed.emit()

    def _decided(self, text: str) -> None:
        self.message.say(text, Tone.GOOD)
        self.area.choose_none()
        self.changed.emit()

    @Slot()
    def _leave(self) -> None:
        """Nothing is changed; the next record is shown."""
        self.message.say(
            self.tr("It stays held, and in no run. Each run looks again whether it was written."), Tone.NEUTRAL
        )
        following = self.area.view.current_row() + 1
        if following < self.area.model.rowCount():
            self.area.view.selectRow(following)

    @Slot(object)
    def _failed(self, error: object) -> None:
        self.message.say(problem(error))
