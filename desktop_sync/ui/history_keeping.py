"""How long history is kept, and removing what is too old, as its user asks for it in the window."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from desktop_sync.core.error_text import sentence
from desktop_sync.core.history_retention import Purged
from desktop_sync.core.history_text import gone_text, purged_text
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.dialogs.ask import AskDialog
from desktop_sync.ui.text.times import day_and_time


def days_of(application: Application) -> int:
    return application.history_retention.days


def keep_for(application: Application, days: int) -> int:
    application.history_retention.keep_for(days)
    return days


def look(application: Application) -> Purged:
    return application.history_retention.look()


def purge(application: Application) -> Purged:
    return application.history_retention.purge()


class HistoryKeeping(QObject):
    """`known` carries the days that hold, `told` what came of a wish in words, `changed` comes after a purge."""

    known = Signal(int)
    told = Signal(str)
    changed = Signal()

    def __init__(self, context: WindowContext, window: QWidget) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self._days = self._asker(self.known.emit)
        self._look = self._asker(self._ask)
        self._purge = self._asker(self._purged)

    def _asker(self, arrived: object) -> Latest:
        made = Latest(self._context.jobs, self)
        made.arrived.connect(arrived)
        made.failed.connect(self._cannot)
        return made

    def read(self) -> None:
        """`known` comes."""
        self._days.ask(partial(days_of, self._context.application))

    @Slot(int)
    def keep_for(self, days: int) -> None:
        """So long history is kept from now on."""
        self.told.emit("")
        self._days.ask(partial(keep_for, self._context.application, days))

    @Slot()
    def purge(self) -> None:
        """Says what would go, and removes it if a person wants that."""
        self.told.emit(self.tr("Looking…"))
        self._look.ask(partial(look, self._context.application))

    @Slot(object)
    def _ask(self, found: Purged) -> None:
        if found.is_empty:
            self.told.emit(purged_text(found, self._time(found), is_preview=True))
            return
        self.told.emit("")
        dialog = AskDialog(
            self.tr("Remove old history?"),
            self.tr(
                "From before {0}: {1}. What these runs did can be looked at and undone no more; there is no way back. "
                "The records of your systems stay as they are."
            ).format(self._time(found), gone_text(found)),
            (("keep", self.tr("&Keep it"), ""), ("remove", self.tr("&Remove"), "danger")),
            self._window,
        )
        dialog.answered.connect(self._answered)
        dialog.open()

    @Slot(str, bool)
    def _answered(self, key: str, _again: bool) -> None:
        if key == "remove":
            self.told.emit(self.tr("Removing…"))
            self._purge.ask(partial(purge, self._context.application))

    @Slot(object)
    def _purged(self, found: Purged) -> None:
        self.told.emit(purged_text(found, self._time(found), is_preview=False))
        self.changed.emit()

    @Slot(object)
    def _cannot(self, error: BaseException) -> None:
        self.told.emit(sentence(error))

    def _time(self, found: Purged) -> str:
        return day_and_time(found.before, self._context.application.clock.now())
