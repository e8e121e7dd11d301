"""What the menus start for the chosen configuration, and what the window says when work ends."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from desktop_sync.core.run import RunResult, Trigger
from desktop_sync.core.sync_group import GroupResult
from desktop_sync.ui.bridge.run_board import RunBoard, WhenDone
from desktop_sync.ui.menus import MenuBar
from desktop_sync.ui.news import News
from desktop_sync.ui.page_shelf import PageShelf
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.text.words import outcome_word


class WorkDesk(QObject):
    """`states_wanted` comes when the states of the configurations must be read again."""

    states_wanted = Signal()

    def __init__(self, board: RunBoard, shelf: PageShelf, news: News) -> None:
        super().__init__(board)
        self._board = board
        self._shelf = shelf
        self._news = news
        board.run_ended.connect(self._run_ended)
        board.group_ended.connect(self._group_ended)
        board.preview_ready.connect(self._preview_ready)
        board.failed.connect(self._failed)
        board.wish_due.connect(self._wish_due)

    def obey(self, menus: MenuBar) -> None:
        """What the menus want of the page that is seen is done."""
        menus.preview_wanted.connect(self.preview)
        menus.run_wanted.connect(self.run)
        menus.verify_wanted.connect(self.verify)
        menus.stop_wanted.connect(self.stop)
        menus.pause_wanted.connect(self.toggle_pause)
        menus.when_done_wanted.connect(self.wish)

    # Of the page that is seen

    @Slot()
    def preview(self) -> None:
        if self._shelf.current is not None:
            self._shelf.current.start_preview()

    @Slot()
    def run(self) -> None:
        if self._shelf.current is not None:
            self._shelf.current.start_run()

    @Slot()
    def verify(self) -> None:
        if self._shelf.current is not None:
            self._board.verify(self._shelf.current.name)

    @Slot()
    def stop(self) -> None:
        if self._shelf.current is not None:
            self._shelf.current.stop()

    @Slot()
    def toggle_pause(self) -> None:
        if self._shelf.current is not None:
            self._shelf.current.toggle_pause()

    @Slot(object)
    def wish(self, when_done: WhenDone) -> None:
        if self._shelf.current is not None:
            self._board.wish(self._shelf.current.name, when_done)

    # What ended

    @Slot(str, object, object)
    def _wish_due(self, name: str, when_done: WhenDone, outcome: object) -> None:
        """Whoever asked to be told is told, wherever they look. Quitting is for others to do."""
        if when_done is not WhenDone.TELL:
            return
        text = self.tr("It is done.")
        if isinstance(outcome, BaseException):
            text = problem(outcome)
        elif isinstance(outcome, (RunResult, GroupResult)):
            text = outcome_word(outcome.outcome)
        self._news.call(name, text)

    @Slot(str, object, object)
    def _run_ended(self, name: str, result: RunResult, trigger: Trigger) -> None:
        self.states_wanted.emit()
        self._news.tell_run(name, result, trigger)

    @Slot(str, object)
    def _group_ended(self, name: str, result: GroupResult) -> None:
        self.states_wanted.emit()
        self._news.say(f"{name}: {outcome_word(result.outcome)}")
        for member in result.group.members:
            if member != name and member in self._shelf.pages:
                self._shelf.pages[member].refresh()

    @Slot(str, object)
    def _failed(self, name: str, error: object) -> None:
        self.states_wanted.emit()
        if name in self._shelf.pages:
            self._news.keep_error(name, error)
        else:
            self._news.say_error(error)

    @Slot(str, object)
    def _preview_ready(self, name: str, _preview: object) -> None:
        self._news.say(self.tr("{0}: the preview is ready").format(name))
