"""The right side of the window for one configuration: header, progress, tabs, and its preview when there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop_sync.core.errors import BoundElsewhereError
from desktop_sync.core.guard import Guard
from desktop_sync.core.ledger_values import RecordQuery
from desktop_sync.core.run import Outcome, RunResult
from desktop_sync.core.status import Status
from desktop_sync.core.step_blame import blamed_step
from desktop_sync.core.sync_group import GroupResult
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.bridge.control import ProgressState
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.bridge.open_preview import OpenPreview
from desktop_sync.ui.bridge.run_board import RunBoard
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.palette import Tone
from desktop_sync.ui.text.group_sentences import first_run_needed, group_sentence
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.text.words import SideNames
from desktop_sync.ui.views.configuration_header import ConfigurationHeader
from desktop_sync.ui.views.configuration_tabs import ConfigurationTabs
from desktop_sync.ui.views.content import PageContent, read_content
from desktop_sync.ui.views.match_only import MatchOnlyBanner
from desktop_sync.ui.views.preview import PreviewPage
from desktop_sync.ui.views.run_news import RunNews
from desktop_sync.ui.widgets.page_scroll import BAR_ROOM
from desktop_sync.ui.widgets.progress_strip import ProgressStrip
from desktop_sync.ui.widgets.screen import tabs_room

MOST_AGAIN = 10_000


def failed_records(application: Application, name: str) -> list[int]:
    """The numbers of the sync records that failed, of at most as many as one run of chosen records is for."""
    query = RecordQuery(name, statuses=(Status.FAILED,), limit=MOST_AGAIN)
    return [record.id for record in application.records.records(query)]


class ConfigurationPage(QStackedWidget):
    """One per configuration, made when it is first shown. `changed` comes when the list must be read again."""

    changed = Signal()
    edit_wanted = Signal(str)
    rename_wanted = Signal(str)
    export_wanted = Signal(str)
    delete_wanted = Signal(str)
    enable_wanted = Signal(str, bool)
    reset_wanted = Signal(str, str)
    swap_wanted = Signal(str, str, str)

    def __init__(
        self, context: WindowContext, board: RunBoard, name: str, names: SideNames, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._board = board
        self.name = name
        self.names = names
        self._content: PageContent | None = None
        self._reminded_of = 0
        self._done_text = ""
        self.preview_page: PreviewPage | None = None
        self._make_header()
        self.tabs = ConfigurationTabs(context, names)
        self.pages = self.tabs.pages
        self.overview, self.queue, self.conflicts = self.tabs.overview, self.tabs.queue, self.tabs.conflicts
        self.review, self.runs, self.steps = self.tabs.review, self.tabs.runs, self.tabs.steps
        self.schedule, self.settings = self.tabs.schedule, self.tabs.settings
        self._lay_out()
        self._connect()
        self._read = Latest(context.jobs, self)
        self._read.arrived.connect(self._show)
        self._read.failed.connect(self._failed)
        self.show_work()

    def _make_header(self) -> None:
        self.header = ConfigurationHeader(self.name, self._context.theme)
        self.progress = ProgressStrip()
        self.match_only = MatchOnlyBanner(self._context, self.name)
        self.message = RunNews(self._context.theme, self.names)

    def _lay_out(self) -> None:
        main = QWidget()
        layout = QVBoxLayout(main)
        for part in (self.header, self.progress, self.match_only, self.message):
            line = QHBoxLayout()
            line.setContentsMargins(0, 0, BAR_ROOM, 0)
            line.addWidget(part)
            layout.addLayout(line)
        layout.addWidget(self.tabs, 1)
        tabs_room(main, self._context.theme)
        self.addWidget(main)

    def _connect(self) -> None:
        self.header.preview_button.clicked.connect(self.start_preview)
        self.header.run_button.clicked.connect(self.start_run)
        self.header.group_button.clicked.connect(self.start_group)
        self.progress.stop_wanted.connect(self.stop)
        self.progress.pause_wanted.connect(self.pause)
        self.match_only.match_wanted.connect(self.start_run)
        self.match_only.changed.connect(self._changed_here)
        self.match_only.failed.connect(self._failed)
        self.message.guard_button.clicked.connect(self._show_waiting_plan)
        self.message.failed_button.clicked.connect(self._open_failed)
        self.message.again_button.clicked.connect(self.try_failed_again)
        self.overview.status_opened.connect(self._open_status)
        self.overview.tab_wanted.connect(self.open_tab)
        self.overview.preview_wanted.connect(self.start_preview)
        for page in (self.queue, self.conflicts, self.review, self.runs, self.steps, self.schedule):
            page.changed.connect(self._changed_here)
        for source in (self.queue, self.conflicts, self.review, self.runs):
            source.step_wanted.connect(self.open_step)
        self.message.step_wanted.connect(self.open_step)
        self.queue.sync_wanted.connect(self._sync_records)
        self.queue.sync_after_wanted.connect(self._sync_records_after)
        self.queue.prepare_wanted.connect(self._prepare)
        self.queue.process_wanted.connect(self._process)
        self.settings.edit_wanted.connect(self._edit)
        self.settings.rename_wanted.connect(self._rename)
        self.settings.export_wanted.connect(self._export)
        self.settings.delete_wanted.connect(self._delete)
        self.settings.enable_wanted.connect(self._enable)
        self.settings.reset_wanted.connect(self._reset)
        self.settings.swap_wanted.connect(self._swap)
        board = self._board
        board.changed.connect(self.show_work)
        board.records_started.connect(self._records_started)
        board.progressed.connect(self._progressed)
        board.preview_ready.connect(self._preview_ready)
        board.run_ended.connect(self._run_ended)
        board.group_ended.connect(self._group_ended)
        board.failed.connect(self._work_failed)
        board.cancelled.connect(self._work_cancelled)

    # Content

    @Slot()
    def refresh(self) -> None:
        """Everything shown is read again, in a worker."""
        self._read.ask(partial(read_content, self._context.application, self.name))

    @Slot(object)
    def _show(self, content: PageContent) -> None:
        self._content = content
        self.header.show_content(content)
        self.match_only.show_mode(content.match_only, can_confirm=content.can_confirm)
        self.tabs.show_content(content)
        self._remind_of_guard(content)

    def _remind_of_guard(self, content: PageContent) -> None:
        """A plan that a guard keeps waiting is offered again, once in the life of the page."""
        run = content.last_run
        if run is None or run.outcome is not Outcome.GUARD or run.id == self._reminded_of or self.message.text:
            return
        self._reminded_of = run.id
        self.message.tell_guard(run.result.findings if run.result is not None else ())

    @Slot(object)
    def _failed(self, error: object) -> None:
        self.message.say(problem(error))

    @Slot()
    def _changed_here(self) -> None:
        self.refresh()
        self.changed.emit()

    @Slot(str)
    def open_tab(self, key: str) -> None:
        self.tabs.open(key)

    @Slot(object)
    def _open_status(self, status: Status) -> None:
        self.tabs.open_status(status)

    @Slot(str)
    def open_step(self, name: str) -> None:
        """The step of that name is ready to be mended; a preview is closed, because it will not fit any more."""
        self._close_preview()
        self.open_tab("steps")
        self.steps.open_step(name)

    @Slot()
    def _open_failed(self) -> None:
        self._open_status(Status.FAILED)

    # Work

    @Slot()
    def start_preview(self) -> None:
        self.message.clear()
        self._board.preview(self.name)

    @Slot()
    def start_run(self) -> None:
        """A run; the first one of a configuration, and the first after an edit, shows its preview instead (SPEC §8)."""
        self.message.clear()
        if self._content is None or self._content.must_preview:
            self._board.preview(self.name)
        else:
            self._board.run(self.name)

    @Slot()
    def start_group(self) -> None:
        """The whole group runs, unless one of them never did: its first run is to show its preview (SPEC §8)."""
        self.message.clear()
        new = self._content.group_new if self._content is not None else ()
        if new:
            self.message.say(first_run_needed(new), Tone.NEUTRAL)
        else:
            self._board.run_group(self.name)

    @Slot(object)
    def _sync_records(self, record_ids: Callable[[], Sequence[int]]) -> None:
        self.message.clear()
        self._board.run_records(self.name, record_ids)

    @Slot(str)
    def _records_started(self, name: str) -> None:
        if name == self.name:
            self._done_text = self.tr("Done. The chosen records are synchronized.")

    @Slot(object)
    def _sync_records_after(self, record_ids: list[int]) -> None:
        self._board.run_records_after(self.name, record_ids)

    @Slot()
    def try_failed_again(self) -> None:
        """Just the records that failed are synchronized once more."""
        self._sync_records(partial(failed_records, self._context.application, self.name))

    @Slot()
    def _prepare(self) -> None:
        self.message.clear()
        if self._board.prepare(self.name):
            self._done_text = self.tr("Prepared. What is out of sync stands in the queue.")

    @Slot()
    def _process(self) -> None:
        self.message.clear()
        if self._board.process(self.name):
            self._done_text = self.tr("Done. The queue is worked.")

    @Slot()
    def stop(self) -> None:
        self._board.stop(self.name)

    @Slot(bool)
    def pause(self, wanted: bool) -> None:
        """The run rests between two batches of writing, or goes on."""
        self._board.pause(self.name, wanted)

    @Slot()
    def toggle_pause(self) -> None:
        active = self._board.work_of(self.name)
        self.pause(active is not None and not active.is_pausing)

    @Slot()
    def show_work(self) -> None:
        active = self._board.work_of(self.name)
        self.progress.show_work(active)
        self.header.set_busy(active is not None)
        self.queue.show_work(is_running=active is not None)
        self.overview.show_work(active.work if active is not None else None)
        self.match_only.set_busy(active is not None)

    @Slot(str, object)
    def _progressed(self, name: str, _state: ProgressState) -> None:
        if name == self.name:
            self.progress.show_work(self._board.work_of(name))

    @Slot(str, object)
    def _preview_ready(self, name: str, preview: OpenPreview) -> None:
        if name != self.name:
            return
        self._close_preview()
        configuration = self._content.configuration if self._content is not None else None
        page = PreviewPage(self._context, preview, self.names, configuration)
        page.step_wanted.connect(self.open_step)
        page.run_wanted.connect(self._run_preview)
        page.closed.connect(self._close_preview)
        self.preview_page = page
        self.addWidget(page)
        self.setCurrentWidget(page)
        page.area.view.setFocus()

    @Slot(object, object)
    def _run_preview(self, preview: OpenPreview, allow: frozenset[Guard]) -> None:
        self._close_preview()
        self.message.clear()
        self._board.run(self.name, allow=allow, preview=preview)

    @Slot()
    def _close_preview(self) -> None:
        page, self.preview_page = self.preview_page, None
        if page is not None:
            page.dispose()
            self.setCurrentIndex(0)
            self.removeWidget(page)
            page.deleteLater()

    @Slot(str, object, object)
    def _run_ended(self, name: str, result: RunResult, _trigger: object) -> None:
        if name != self.name:
            return
        if result.outcome is Outcome.GUARD:
            self._reminded_of = result.run_id or 0
        for tab in (self.conflicts, self.review, self.queue):
            tab.message.clear()  # what they said of the next run is over
        self.message.tell(result, self._done_text)
        if result.error and self._content is not None:
            self.message.offer_step(blamed_step(self._content.configuration, result.error))
        self._done_text = ""
        self.refresh()

    @Slot(str, object)
    def _group_ended(self, name: str, result: GroupResult) -> None:
        if name == self.name:
            self.message.say(*group_sentence(result))
            self.refresh()

    @Slot(str, object)
    def _work_failed(self, name: str, error: object) -> None:
        if name != self.name:
            return
        if isinstance(error, BoundElsewhereError):
            self.match_only.show_foreign(error)
        else:
            self.message.say(problem(error))
            self.refresh()

    @Slot(str)
    def _work_cancelled(self, name: str) -> None:
        if name == self.name:
            self.message.say(self.tr("Stopped. Nothing more is written."), Tone.NEUTRAL)
            self.refresh()

    @Slot()
    def _show_waiting_plan(self) -> None:
        self.message.clear()
        self._board.waiting_plan(self.name)

    def dispose(self) -> None:
        """A preview that is shown is closed."""
        self._close_preview()

    # Settings

    @Slot()
    def _edit(self) -> None:
        self.edit_wanted.emit(self.name)

    @Slot()
    def _rename(self) -> None:
        self.rename_wanted.emit(self.name)

    @Slot()
    def _export(self) -> None:
        self.export_wanted.emit(self.name)

    @Slot()
    def _delete(self) -> None:
        self.delete_wanted.emit(self.name)

    @Slot(bool)
    def _enable(self, enabled: bool) -> None:
        self.enable_wanted.emit(self.name, enabled)

    @Slot(str, str)
    def _swap(self, a: str, b: str) -> None:
        self.swap_wanted.emit(self.name, a, b)

    @Slot(str)
    def _reset(self, entity: str) -> None:
        self.reset_wanted.emit(self.name, entity)
