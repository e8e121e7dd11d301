"""What the menus start for the chosen configuration, and what the window says when work ends."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from desktop_sync.core.run import RunResult, Trigger
from desktop_sync.core.sync_group import GroupResult
from desktop_sync.ui.bridge.run_board import RunBoard
from desktop_sync.ui.news import News
from desktop_sync.ui.page_shelf import PageShelf
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

    # What ended

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
