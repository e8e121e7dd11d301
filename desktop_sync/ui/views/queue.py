"""The queue: sync records by status, searched, sorted, and what a person may do with them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QComboBox, QMenu, QVBoxLayout, QWidget

from desktop_sync.core.configuration import PipelineStep
from desktop_sync.core.ledger_values import RecordQuery
from desktop_sync.core.status import Event, Status
from desktop_sync.core.step_blame import blamed_step
from desktop_sync.core.sync_record import SyncRecord
from desktop_sync.ui.application_port import RecordDesk
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.models.paged_table import PagedTableModel
from desktop_sync.ui.models.row_ranges import Ranges, collect, count_rows
from desktop_sync.ui.models.source import RowSource
from desktop_sync.ui.models.sources import QueueSource
from desktop_sync.ui.palette import Tone
from desktop_sync.ui.text.sentences import problem, records
from desktop_sync.ui.text.step_words import open_step_text
from desktop_sync.ui.text.words import SideNames, status_word
from desktop_sync.ui.views.content import PageContent
from desktop_sync.ui.views.explanation import ExplanationDialog, record_number
from desktop_sync.ui.views.queue_columns import queue_columns
from desktop_sync.ui.views.record_history import RecordHistoryDialog
from desktop_sync.ui.widgets.chips import ChipRow
from desktop_sync.ui.widgets.choice_box import fit_choices
from desktop_sync.ui.widgets.empty_state import EmptyState
from desktop_sync.ui.widgets.message_bar import MessageBar
from desktop_sync.ui.widgets.parts import button, row
from desktop_sync.ui.widgets.screen import tab_room
from desktop_sync.ui.widgets.search_field import SearchField
from desktop_sync.ui.widgets.table_area import TableArea

ALL = "all"
FIRST_ORDER = "id"


def _unlink(desk: RecordDesk, ids: list[int]) -> int:
    for record_id in ids:
        desk.unlink(record_id)
    return len(ids)


class QueuePage(QWidget):
    """`changed` comes when a person changed records here.

    `sync_wanted` carries a function that gives the numbers of the chosen records, to be called in a worker.
    """

    changed = Signal()
    step_wanted = Signal(str)
    sync_wanted = Signal(object)
    sync_after_wanted = Signal(object)
    """Carries the numbers of records that were chosen while something was under way."""
    prepare_wanted = Signal()
    process_wanted = Signal()

    def __init__(self, context: WindowContext, names: SideNames, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._content: PageContent | None = None
        self._can_process = self._is_running = False
        self.chips = ChipRow(self.tr("Records by status"), exclusive=True)
        self.chips.changed.connect(self._ask)
        self.search = SearchField(self.tr("Search ids and errors"), self.tr("Search records"))
        self.search.wanted.connect(self._ask)
        self.entity = QComboBox()
        self.entity.setAccessibleName(self.tr("Entity"))
        fit_choices(self.entity)
        self.entity.currentIndexChanged.connect(self._ask)
        self.export_button = button(self.tr("E&xport CSV…"))
        self.actions_button = button(self.tr("&Actions"))
        self.prepare_button = button(self.tr("Prepar&e"))
        self.prepare_button.setToolTip(self.tr("Find what is out of sync and queue it here, without writing"))
        self.prepare_button.clicked.connect(self.prepare_wanted)
        self.process_button = button(self.tr("Pr&ocess"))
        self.process_button.setToolTip(self.tr("Write the Prepared records, and the Failed ones again"))
        self.process_button.clicked.connect(self.process_wanted)
        self.message = MessageBar(context.theme)
        empty = EmptyState(context.theme, "queue", self.tr("No records here"), "")
        model = PagedTableModel[SyncRecord](queue_columns(context, names), context.jobs)
        self.area = TableArea(model, context, "queue", self.tr("Sync records"), empty, has_search=True)
        self.export_button.clicked.connect(self.area.exporter.ask)
        self._sort, self._descending = self.area.view.order(FIRST_ORDER)
        model.sort_wanted.connect(self._sorted)
        layout = QVBoxLayout(self)
        layout.addWidget(self.chips)
        layout.addLayout(
            row(
                self.search,
                self.entity,
                0,
                self.actions_button,
                self.export_button,
                self.prepare_button,
                self.process_button,
            )
        )
        layout.addWidget(self.message)
        layout.addWidget(self.area, 1)
        tab_room(self, context.theme)
        self._make_actions()

    def _make_actions(self) -> None:
        view = self.area.view
        self._events: dict[QAction, Event] = {}
        self._menu = QMenu(self)
        self._sync_action = self._menu.addAction(self.tr("S&ync now"))
        self._sync_action.setToolTip(self.tr("Just these records, and first those that they refer to"))
        self._sync_action.setShortcuts([QKeySequence("Return"), QKeySequence("Enter")])
        self._sync_action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self._sync_action.triggered.connect(self.sync_chosen)
        view.addAction(self._sync_action)
        self._menu.addSeparator()
        for text, event in (
            (self.tr("S&kip"), Event.SKIPPED_BY_USER),
            (self.tr("Set as &prepared"), Event.SET_PREPARED_BY_USER),
            (self.tr("Set as p&rocessed"), Event.SET_PROCESSED_BY_USER),
            (self.tr("Set as &deleted"), Event.SET_DELETED_BY_USER),
        ):
            action = self._menu.addAction(text)
            action.triggered.connect(self._set_status)
            self._events[action] = event
        self._menu.addSeparator()
        self._unlink_action = self._menu.addAction(self.tr("&Unlink"))
        self._unlink_action.triggered.connect(self._unlink)
        self._history_action = self._menu.addAction(self.tr("Show &history"))
        self._history_action.setShortcut(QKeySequence("Alt+Return"))
        self._history_action.triggered.connect(self.show_history)
        self.step_action = self._menu.addAction(self.tr("Open the step"))
        self.step_action.triggered.connect(self.open_step)
        self._explain_action = self._menu.addAction(self.tr("&Explain…"))
        self._explain_action.setShortcut(QKeySequence("Ctrl+E"))
        self._explain_action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self._explain_action.triggered.connect(self.explain)
        view.addAction(self._explain_action)
        self._menu.addSeparator()
        self._menu.addAction(view.copy_action)
        self._menu.aboutToShow.connect(self._prepare_menu)
        self._menu.aboutToHide.connect(self._enable_keys)
        self.actions_button.setProperty("menu", True)
        self.actions_button.setMenu(self._menu)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(self._open_menu)
        view.doubleClicked.connect(self.show_history)
        find = QAction(self.tr("Find"), self)
        find.setShortcut(QKeySequence(QKeySequence.StandardKey.Find))
        find.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.triggered.connect(self._find)
        self.addAction(find)

    # Content

    def show_content(self, content: PageContent) -> None:
        """Counts and entities are those; the rows are read again."""
        known = self._content is not None
        self._content = content
        total = sum(content.counts.values())
        self.area.show_total(total)
        chips = [(ALL, self.tr("All"), total)]
        chips += [(status.name, status_word(status), content.counts.get(status, 0)) for status in Status]
        self.chips.show_chips(
            [chip for chip in chips if chip[2] or chip[0] in self.chips.chosen or chip[0] in (ALL, "PREPARED")]
        )
        entities = [entity.name for entity in content.configuration.entities]
        if [self.entity.itemText(number) for number in range(1, self.entity.count())] != entities:
            self.entity.blockSignals(True)
            self.entity.clear()
            self.entity.addItems([self.tr("All entities"), *entities])
            self.entity.blockSignals(False)
        self.entity.setVisible(len(entities) > 1)
        self.export_button.setEnabled(total > 0)
        self.actions_button.setEnabled(total > 0)
        self._can_process = bool(content.counts.get(Status.PREPARED, 0) + content.counts.get(Status.FAILED, 0))
        self._enable_work()
        if known and self.area.model.source is not None:
            self.area.model.refresh(max(0, self.area.view.rowAt(0)))
        else:
            self._ask()

    def show_work(self, *, is_running: bool) -> None:
        """While something is under way nothing else can be started."""
        self._is_running = is_running
        self._enable_work()

    def _enable_work(self) -> None:
        self.prepare_button.setEnabled(not self._is_running)
        self.process_button.setEnabled(self._can_process and not self._is_running)

    def show_status(self, status: Status) -> None:
        """Only records of that status are shown."""
        if self._content is not None and status.name not in self.chips.chosen:
            chip = (status.name, status_word(status), self._content.counts.get(status, 0))
            if status.name not in self.chips.keys:
                self.chips.show_chips([*self.chips.shown, chip])
            self.chips.choose(status.name)

    def _query(self) -> RecordQuery | None:
        if self._content is None:
            return None
        chosen = self.chips.chosen
        statuses = () if not chosen or chosen[0] == ALL else (Status[chosen[0]],)
        return RecordQuery(
            configuration=self._content.configuration.name,
            entity=self.entity.currentText() if self.entity.currentIndex() > 0 else "",
            statuses=statuses,
            text=self.search.wish,
            sort=self._sort,
            descending=self._descending,
        )

    @Slot()
    def _ask(self) -> None:
        query = self._query()
        if query is None:
            return
        if query.text:
            self.area.empty.say(self.tr("Nothing found"), self.tr("No record's id or error holds that text."), "search")
        else:
            text = self.tr("Records appear here once they are prepared or synchronized.")
            self.area.empty.say(self.tr("No records here"), text, "queue")
        self.area.model.show(QueueSource(self._context.application.records, query))

    @Slot(str, bool)
    def _sorted(self, sort: str, descending: bool) -> None:
        self._sort, self._descending = sort or FIRST_ORDER, descending
        self._ask()

    @Slot()
    def _find(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    # What a person does with records

    @Slot(QPoint)
    def _open_menu(self, at: QPoint) -> None:
        self._menu.popup(self.area.view.viewport().mapToGlobal(at))

    @Slot()
    def _prepare_menu(self) -> None:
        count = count_rows(self.area.view.selected_ranges())
        for action in (*self._events, self._unlink_action):
            action.setEnabled(count > 0)
        self._sync_action.setEnabled(count > 0)
        self._sync_action.setText(self.tr("S&ync after this run") if self._is_running else self.tr("S&ync now"))
        self._history_action.setEnabled(count == 1)
        self._explain_action.setEnabled(count == 1)
        step = self._blamed
        self.step_action.setVisible(step is not None and count == 1)
        if step is not None:
            self.step_action.setText(open_step_text(step.name))

    @Slot()
    def _enable_keys(self) -> None:
        """The keys of a closed menu work with whatever is chosen by then."""
        for action in (self._sync_action, self._explain_action, self._history_action):
            action.setEnabled(True)

    @Slot()
    def sync_chosen(self) -> None:
        """The chosen records are to be synchronized by themselves: now, or when what is under way has ended. Then their
        numbers are read now, for the rows may be others by then."""
        source, ranges = self.area.model.source, self.area.view.selected_ranges()
        if source is None or not ranges:
            return
        chosen = self._numbers(source, ranges)
        if not self._is_running:
            self.sync_wanted.emit(chosen)
            return
        job = self._context.jobs.start(chosen)
        job.finished.connect(self._sync_after)
        job.failed.connect(self._failed)

    def _numbers(self, source: RowSource[SyncRecord], ranges: Ranges) -> Callable[[], list[int]]:
        """Says in a worker which records are chosen: those that are seen, though others may stand in their rows by now.
        Of more than the table holds, the rows are read."""
        seen = self.area.model.seen(ranges)
        if seen is None:
            return partial(collect, source, ranges, _record_id)
        numbers = [_record_id(record) for record in seen]
        return lambda: numbers

    @Slot(object)
    def _sync_after(self, record_ids: list[int]) -> None:
        text = self.tr("{0} will be synchronized when what is under way has ended.").format(records(len(record_ids)))
        self.message.say(text, Tone.NEUTRAL)
        self.sync_after_wanted.emit(record_ids)

    @Slot()
    def _set_status(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self._do(self._events[action])

    def _do(self, event: Event) -> None:
        source, ranges = self.area.model.source, self.area.view.selected_ranges()
        if source is None or not ranges:
            return
        desk, numbers = self._context.application.records, self._numbers(source, ranges)
        job = self._context.jobs.start(lambda: desk.set_status(numbers(), event))
        job.finished.connect(self._done)
        job.failed.connect(self._failed)

    @Slot()
    def _unlink(self) -> None:
        source, ranges = self.area.model.source, self.area.view.selected_ranges()
        if source is None or not ranges:
            return
        desk, numbers = self._context.application.records, self._numbers(source, ranges)
        job = self._context.jobs.start(lambda: _unlink(desk, numbers()))
        job.finished.connect(self._done)
        job.failed.connect(self._failed)

    @Slot(object)
    def _done(self, count: int) -> None:
        if count:
            self.message.say(self.tr("{0} changed.").format(records(count)), Tone.GOOD)
        else:
            self.message.say(self.tr("None of the selected records can get that status."), Tone.WARNING)
        self.changed.emit()

    @Slot(object)
    def _failed(self, error: object) -> None:
        self.message.say(problem(error))

    @Slot()
    def show_history(self) -> None:
        """What was done with the record under the cursor, in a dialog of its own."""
        record = self.area.chosen
        if isinstance(record, SyncRecord) and self._content is not None:
            RecordHistoryDialog(self._context, record, self._content.names, self).open()

    @Slot()
    def explain(self) -> None:
        """Why the record under the cursor stands as it does, in a dialog of its own."""
        record = self.area.chosen
        if isinstance(record, SyncRecord) and self._content is not None:
            dialog = ExplanationDialog(
                self._context, self._content.names, record.configuration, record_number(record.id), record.entity, self
            )
            dialog.step_wanted.connect(self.step_wanted)
            dialog.open()

    @property
    def _blamed(self) -> PipelineStep | None:
        """The step of the user's own that keeps the record under the cursor back."""
        record, content = self.area.chosen, self._content
        is_kept = isinstance(record, SyncRecord) and record.status in (Status.INVALID, Status.FAILED, Status.ABORTED)
        if content is None or not isinstance(record, SyncRecord) or not is_kept:
            return None
        return blamed_step(content.configuration, record.last_error, record.entity)

    @Slot()
    def open_step(self) -> None:
        step = self._blamed
        if step is not None:
            self.step_wanted.emit(step.name)


def _record_id(record: SyncRecord) -> int:
    return record.id
