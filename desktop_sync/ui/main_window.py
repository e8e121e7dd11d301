"""The main window: configurations at the left, what is chosen at the right."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QIcon
from PySide6.QtWidgets import QMainWindow, QSplitter

from desktop_sync.core.status import Status
from desktop_sync.resource import resource_path
from desktop_sync.services.views import ConfigurationState
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.bridge.run_board import RunBoard, WhenDone
from desktop_sync.ui.configuration_actions import ConfigurationActions
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.extras import Extras
from desktop_sync.ui.history_keeping import HistoryKeeping
from desktop_sync.ui.leaving import Leaving
from desktop_sync.ui.list_marks import ListMarks
from desktop_sync.ui.listening import Listening
from desktop_sync.ui.memory import WindowMemory
from desktop_sync.ui.menus import MenuBar
from desktop_sync.ui.news import News
from desktop_sync.ui.page_shelf import PageShelf
from desktop_sync.ui.preferences import Preferences
from desktop_sync.ui.scheduler import Scheduler
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.theme import Theme
from desktop_sync.ui.tray import Tray
from desktop_sync.ui.views.configuration_page import ConfigurationPage
from desktop_sync.ui.views.content import read_states
from desktop_sync.ui.views.sidebar import Sidebar
from desktop_sync.ui.widgets.screen import fitting
from desktop_sync.ui.window_room import WindowRoom
from desktop_sync.ui.wizard_door import WizardDoor
from desktop_sync.ui.work_desk import WorkDesk


class MainWindow(QMainWindow):
    """Shown at once; `attach` brings it to life. `quit_wanted` comes when the program shall end."""

    quit_wanted = Signal()

    def __init__(self, jobs: JobRunner, theme: Theme, memory: WindowMemory) -> None:
        super().__init__()
        self.setWindowTitle(self.tr("Desktop Sync"))
        self.setWindowIcon(QIcon(str(resource_path("icons/desktop-sync.svg"))))
        self.setMinimumSize(QSize(720, 440))
        self.resize(fitting(QSize(1200, 740)))
        self._jobs = jobs
        self._theme = theme
        self._memory = memory
        self.context: WindowContext | None = None
        self._is_quitting = False
        self._choose_next = ""
        self.sidebar = Sidebar(theme, ListMarks(memory))
        self.right = PageShelf(theme)
        self.right.made.connect(self._connect_page)
        self.right.said.connect(self.say)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        self.splitter.addWidget(self.sidebar)
        self.splitter.addWidget(self.right)
        self.splitter.setStretchFactor(1, 1)
        self.setCentralWidget(self.splitter)
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().setAccessibleName(self.tr("Status"))
        self.menus = MenuBar(self, theme.choice)
        self.extras = Extras(theme, memory, jobs, self)
        self.extras.said.connect(self.say)
        self.news = News(self, self.extras.log)
        self._connect_menus()
        self._prefer(self.extras.preferences)
        self._restore()

    def _restore(self) -> None:
        geometry = self._memory.state("window/geometry")
        if geometry is not None:
            self.restoreGeometry(geometry)
        self.room = WindowRoom(self, self.splitter, self.sidebar, self._theme, self._memory)
        self.menus.list_action.setChecked(self.room.shows_list)
        self.menus.list_wanted.connect(self.room.show_list)

    def remember(self) -> None:
        """Size, place and splitter are kept."""
        self._memory.set_state("window/geometry", self.saveGeometry())
        self.room.remember()
        self._memory.keep()

    def _connect_menus(self) -> None:
        menus = self.menus
        menus.preferences_wanted.connect(self.extras.show_preferences)
        menus.close_wanted.connect(self.close)
        menus.quit_wanted.connect(self.ask_quit)
        menus.refresh_wanted.connect(self.refresh)
        menus.sample_wanted.connect(self.open_sample)
        menus.ask_again_wanted.connect(self.extras.ask_again)
        menus.messages_wanted.connect(self.extras.show_messages)
        menus.view_menu.aboutToShow.connect(self._count_hidden)
        menus.about_wanted.connect(self.extras.show_about)
        menus.theme_chosen.connect(self.extras.choose_theme)
        self.extras.preferred.connect(self._prefer)

    @Slot(object)
    def _prefer(self, preferences: Preferences) -> None:
        self.menus.show_theme(preferences.theme)
        self.sidebar.highlight(preferences.stale_days)

    # Coming to life

    def attach(self, application: Application) -> None:
        """The window works with that application from now on."""
        context = WindowContext(application, self._jobs, self._theme, self._memory)
        self.context = context
        self.sidebar.model.now = self.extras.log.now = application.clock.now
        self.extras.home = str(application.home)
        self.extras.verification = application.verification
        self.extras.listening = Listening(context, self)
        self.extras.preferred.connect(self.extras.listening.prefer)
        self.extras.listening.failed.connect(self.say_error)
        self.extras.listening.prefer(self.extras.preferences)
        self.extras.history = HistoryKeeping(context, self)
        self.extras.history.changed.connect(self.refresh)
        self.board = RunBoard(application, self._jobs, self)
        self.work = WorkDesk(self.board, self.right, self.news)
        self.actions_desk = ConfigurationActions(context, self)
        self.wizards = WizardDoor(context, self)
        self.right.attach(context)
        self.right.new_button.clicked.connect(self.wizards.new_configuration)
        self.right.sample_button.clicked.connect(self.open_sample)
        self.scheduler = Scheduler(context, self.board, self)
        self.tray = Tray(context, self.board, self)
        self.news.tray = self.tray
        self.extras.preferred.connect(self.tray.snooze.refresh)
        self.leaving = Leaving(self, self._memory, self.board, self.tray, self.right)
        self._states = Latest(self._jobs, self)
        self._states.arrived.connect(self._show_states)
        self._states.failed.connect(self.say_error)
        self._connect_parts()
        self.refresh()
        self.scheduler.start()

    def _connect_parts(self) -> None:
        side, desk, board = self.sidebar, self.actions_desk, self.board
        side.chosen.connect(self._show_configuration)
        side.new_wanted.connect(self.wizards.new_configuration)
        side.endpoints_wanted.connect(self._show_endpoints)
        side.rename_wanted.connect(desk.ask_rename)
        side.duplicate_wanted.connect(desk.ask_duplicate)
        side.enable_wanted.connect(desk.enable)
        side.export_wanted.connect(desk.ask_export)
        side.delete_wanted.connect(desk.ask_delete)
        self.menus.endpoints_wanted.connect(side.endpoints_button.click)
        self.menus.new_wanted.connect(self.wizards.new_configuration)
        self.menus.new_endpoint_wanted.connect(self.wizards.new_endpoint)
        self.wizards.configuration_saved.connect(self._definitions_changed)
        self.wizards.endpoint_saved.connect(self._endpoint_saved)
        self.wizards.preview_wanted.connect(board.preview)
        self.wizards.failed.connect(self.say_error)
        self.menus.import_wanted.connect(desk.ask_import)
        self.menus.export_wanted.connect(self._export_all)
        for renamed in (desk.renamed, self.wizards.configuration_renamed):
            renamed.connect(side.marks.rename)
            renamed.connect(self.right.rename)
        desk.deleted.connect(side.marks.forget)
        desk.changed.connect(self._definitions_changed)
        desk.said.connect(self.say)
        desk.failed.connect(self.say_error)
        self.right.endpoints.new_wanted.connect(self.wizards.new_endpoint)
        self.right.endpoints.edit_wanted.connect(self.wizards.edit_endpoint)
        self.right.endpoints.changed.connect(self.refresh)
        board.changed.connect(self._work_changed)
        board.progressed.connect(self._show_running)
        board.verified.connect(self.extras.show_verification)
        self.work.states_wanted.connect(self.refresh_states)
        self.work.obey(self.menus)
        self.scheduler.ticked.connect(self.refresh_states)
        self.scheduler.ticked.connect(self.tray.refresh)
        self.scheduler.failed.connect(self.say_error)
        self.tray.open_wanted.connect(self.leaving.open_from_tray)
        self.tray.sync_wanted.connect(self.sync)
        self.tray.quit_wanted.connect(self.ask_quit)
        self.leaving.bring_up_wanted.connect(self.bring_up)
        self.leaving.page_wanted.connect(side.choose)
        self.leaving.decisions_wanted.connect(self.show_decisions)
        self.leaving.messages_wanted.connect(self.extras.show_messages)
        self.leaving.preferences_wanted.connect(self.extras.show_preferences)
        self.leaving.quit_wanted.connect(self.quit)
        self.tray.failed.connect(self.say_error)

    @Slot(object)
    def show_opening_error(self, error: object) -> None:
        """The application could not be built; the window says why, and can only be closed."""
        self.context = None
        self.sidebar.setEnabled(False)
        self.right.opening.say(self.tr("Desktop Sync cannot open its data"), problem(error), "error")

    # What is shown

    @Slot()
    def refresh(self) -> None:
        """The list and the page that is seen are read again."""
        self.refresh_states()
        self.right.refresh()

    @Slot()
    def refresh_states(self) -> None:
        if self.context is not None:
            self._states.ask(partial(read_states, self.context.application))

    @Slot(object)
    def _show_states(self, states: tuple[ConfigurationState, ...]) -> None:
        names = {state.name for state in states}
        self.right.follow(states)
        self.actions_desk.show_names(tuple(names))
        self.extras.show_states(states)
        self.sidebar.show_states(states)
        if self._choose_next in names:
            self.sidebar.choose(self._choose_next)
        elif states and not self.sidebar.current and not self.sidebar.endpoints_button.isChecked():
            self.sidebar.begin_at(self._memory.text("window/chosen"))
        elif self.sidebar.current and self.right.current is None:
            self._show_configuration(self.sidebar.current)  # its page was dropped
        self._choose_next = ""
        if not states and not self.sidebar.endpoints_button.isChecked():
            self.right.show_empty()
        self.tray.show_states(states)
        self._show_running()
        self._enable_menus()

    @Slot(str)
    def _show_configuration(self, name: str) -> None:
        state = self.sidebar.current_state
        if state is None or self.context is None:
            return
        self.right.show_configuration(self.context, self.board, state)
        self._memory.set_text("window/chosen", name)
        self._enable_menus()

    @Slot(object)
    def _connect_page(self, page: ConfigurationPage) -> None:
        page.changed.connect(self.refresh_states)
        page.edit_wanted.connect(self.wizards.edit_configuration)
        page.rename_wanted.connect(self.actions_desk.ask_rename)
        page.export_wanted.connect(self.actions_desk.ask_export)
        page.delete_wanted.connect(self.actions_desk.ask_delete)
        page.enable_wanted.connect(self.actions_desk.enable)
        page.reset_wanted.connect(self.actions_desk.ask_reset)
        page.swap_wanted.connect(self.actions_desk.ask_swap)

    @Slot()
    def _show_endpoints(self) -> None:
        self.right.show_endpoints()
        self._enable_menus()

    @property
    def current_page(self) -> ConfigurationPage | None:
        return self.right.current

    def _enable_menus(self) -> None:
        page = self.current_page
        active = self.board.work_of(page.name) if page is not None else None
        self.menus.enable(
            has_application=self.context is not None, has_choice=page is not None, is_running=active is not None
        )
        can_pause = active is not None and active.can_pause and not active.is_stopping
        self.menus.enable_pause(can_pause=can_pause, is_pausing=active is not None and active.is_pausing)
        self.menus.show_wish(active.when_done if active is not None else WhenDone.NOTHING)

    # Saying

    @Slot()
    def _count_hidden(self) -> None:
        self.menus.show_hidden(self.extras.hidden_questions)

    @Slot(str)
    def say(self, text: str) -> None:
        self.news.say(text)

    @Slot(object)
    def say_error(self, error: object) -> None:
        """For errors that belong to no page that is seen."""
        self.news.say_error(error)

    # Work

    @Slot()
    def _work_changed(self) -> None:
        self._show_running()
        self._enable_menus()

    @Slot()
    def _show_running(self) -> None:
        self.sidebar.show_running({active.name: active.progress for active in self.board.active})

    # Definitions

    @Slot(str)
    def _definitions_changed(self, name: str) -> None:
        self._choose_next = name
        if name in self.right.pages:
            self.right.close_preview(name)
            self.sidebar.list.clearSelection()
            self.sidebar.list.setCurrentIndex(self.sidebar.model.index(-1))
        self.refresh_states()
        if self.current_page is None:  # a configuration's page is not read again: it may have another name now
            self.right.refresh()

    @Slot(str)
    def _endpoint_saved(self, name: str) -> None:
        self.say(self.tr("{0} is saved").format(name))
        self.refresh()

    @Slot()
    def _export_all(self) -> None:
        self.actions_desk.ask_export("")

    @Slot()
    def open_sample(self) -> None:
        """The sample project is there and chosen."""
        if self.context is not None:
            self.actions_desk.make_sample()

    # Coming and going

    @Slot()
    def bring_up(self) -> None:
        """The window is in front."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    @Slot()
    def show_decisions(self) -> None:
        """The first configuration that waits for a decision, at the tab where it is made."""
        waiting = next((state for state in self.sidebar.model.states if _decisions(state)), None)
        if waiting is not None:
            self.sidebar.choose(waiting.name)
            page = self.current_page
            if page is not None:
                page.open_tab("conflicts" if waiting.open_conflicts else "review")

    @Slot(str)
    def sync(self, name: str) -> None:
        """A run of that configuration; its first one shows its preview instead (SPEC §8)."""
        state = next((state for state in self.sidebar.model.states if state.name == name), None)
        if state is not None and state.last_run_at is None:
            self.bring_up()
            self.sidebar.choose(name)
            self.board.preview(name)
        else:
            self.board.run(name)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.remember()
        if self._is_quitting or self.context is None:
            event.accept()
            self.quit_wanted.emit()
        else:
            event.ignore()
            self.leaving.close_window()

    @Slot()
    def end_session(self) -> None:
        """The person logs out: nothing is asked, running work stops at its next safe point."""
        self.quit()

    @Slot()
    def ask_quit(self) -> None:
        """Quits; while something runs, after asking."""
        if self.context is None:
            self.quit()
        else:
            self.leaving.ask_quit()

    @Slot()
    def quit(self) -> None:
        """The wish to quit is said, and nothing is started any more."""
        self._is_quitting = True
        if self.context is not None:
            self.scheduler.stop()
        self.remember()
        self.quit_wanted.emit()


def _decisions(state: ConfigurationState) -> int:
    return state.open_conflicts + state.counts.get(Status.REVIEW, 0)
