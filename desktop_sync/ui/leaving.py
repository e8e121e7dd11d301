"""Closing the window, going on in the background, and quitting."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from desktop_sync.core.run import Outcome, RunResult
from desktop_sync.core.sync_group import GroupResult
from desktop_sync.ui.bridge.run_board import RunBoard, WhenDone
from desktop_sync.ui.dialogs.ask import AskDialog
from desktop_sync.ui.memory import WindowMemory
from desktop_sync.ui.page_shelf import PageShelf
from desktop_sync.ui.preferences import CLOSE_CHOICE
from desktop_sync.ui.tray import Tray
from desktop_sync.ui.views.configuration_page import ConfigurationPage


class Leaving(QObject):
    """Asks what a person wants when the window is closed, and says it."""

    bring_up_wanted = Signal()
    decisions_wanted = Signal()
    messages_wanted = Signal()
    preferences_wanted = Signal()
    quit_wanted = Signal()
    page_wanted = Signal(str)
    """Carries the configuration whose page is to be seen."""

    def __init__(self, window: QWidget, memory: WindowMemory, board: RunBoard, tray: Tray, shelf: PageShelf) -> None:
        super().__init__(window)
        self._shelf = shelf
        self._unsaved: ConfigurationPage | None = None
        self._window = window
        self._memory = memory
        self._board = board
        self._tray = tray
        board.wish_due.connect(self._wish_due)

    @Slot(str)
    def open_from_tray(self, what: str) -> None:
        """A click on the icon toggles the window; a menu entry brings it up, at the decisions where they are meant."""
        if what == "toggle" and self._window.isVisible() and self._window.isActiveWindow():
            self._window.hide()
            return
        self.bring_up_wanted.emit()
        if what == "decisions":
            self.decisions_wanted.emit()
        elif what == "messages":
            self.messages_wanted.emit()
        elif what == "preferences":
            self.preferences_wanted.emit()

    def close_window(self) -> None:
        """The window goes to the tray, or the program quits: as remembered, else after asking.

        Without a tray nothing goes on that nobody sees.
        """
        choice = self._memory.text(CLOSE_CHOICE)
        if self._tray.is_there and choice == "background":
            self._window.hide()
        elif self._tray.is_there and choice != "quit":
            self._ask_background()
        else:
            self.ask_quit()

    def _ask_background(self) -> None:
        dialog = AskDialog(
            self.tr("Keep running in the background?"),
            self.tr("Scheduled synchronizations go on, and the icon in the tray brings the window back."),
            (("background", self.tr("&Keep running"), "primary"), ("quit", self.tr("&Quit"), "")),
            self._window,
            again=self.tr("&Don't ask again"),
        )
        dialog.answered.connect(self._closing_answered)
        dialog.open()

    @Slot(str, bool)
    def _closing_answered(self, answer: str, remembers: bool) -> None:
        if answer and remembers:
            self._memory.set_text(CLOSE_CHOICE, answer)
        if answer == "background":
            self._window.hide()
        elif answer == "quit":
            self.ask_quit()

    @Slot()
    def ask_quit(self) -> None:
        """Quits; after asking while something runs, and where a schedule was edited and is not saved."""
        unsaved = next((page for page in self._shelf.pages.values() if page.schedule.is_edited), None)
        if unsaved is not None:
            self._ask_save(unsaved)
            return
        if not self._board.active:
            self.quit_wanted.emit()
            return
        self.bring_up_wanted.emit()
        names = ", ".join(active.name for active in self._board.active)
        dialog = AskDialog(
            self.tr("Stop and quit?"),
            self.tr("{0} is running. It stops at its next safe point; what was written is recorded.").format(names),
            (("stay", self.tr("&Let it run"), "primary"), ("quit", self.tr("&Stop and quit"), "")),
            self._window,
        )
        dialog.answered.connect(self._quit_answered)
        dialog.open()

    @Slot(str, object, object)
    def _wish_due(self, _name: str, when_done: WhenDone, outcome: object) -> None:
        """Quits where a person wished it, and nobody is needed: what went wrong stays on the screen."""
        went_well = isinstance(outcome, (RunResult, GroupResult)) and outcome.outcome is Outcome.DONE
        if when_done is WhenDone.QUIT and went_well and not self._board.active:
            self.ask_quit()

    def _ask_save(self, page: ConfigurationPage) -> None:
        self._unsaved = page
        self.bring_up_wanted.emit()
        self.page_wanted.emit(page.name)
        page.open_tab("schedule")
        save = (("save", self.tr("&Save"), "primary"),) if page.schedule.can_save else ()
        dialog = AskDialog(
            self.tr("Save the schedule of {0}?").format(page.name),
            self.tr("It was changed and is not saved yet."),
            (*save, ("back", self.tr("&Go back"), ""), ("discard", self.tr("&Don't save"), "")),
            self._window,
        )
        dialog.answered.connect(self._save_answered)
        dialog.open()

    @Slot(str, bool)
    def _save_answered(self, answer: str, _again: bool) -> None:
        page, self._unsaved = self._unsaved, None
        if page is None:
            return
        if answer == "save":
            page.schedule.saved.connect(self._go_on, Qt.ConnectionType.SingleShotConnection)
            page.schedule.save()
        elif answer == "discard":
            page.schedule.revert()
            self.ask_quit()

    @Slot(bool)
    def _go_on(self, is_saved: bool) -> None:
        if is_saved:
            self.ask_quit()

    @Slot(str, bool)
    def _quit_answered(self, answer: str, _again: bool) -> None:
        if answer == "quit":
            self.quit_wanted.emit()
