"""Notifications that rest for a while, because a person wants quiet."""

from __future__ import annotations

from datetime import datetime, timedelta

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from desktop_sync.core.ports import Clock
from desktop_sync.ui.memory import WindowMemory
from desktop_sync.ui.preferences import read_preferences
from desktop_sync.ui.text.times import full_time

SNOOZES_MIN = (30, 60, 8 * 60)
LONGEST = timedelta(minutes=max(SNOOZES_MIN))
_UNTIL = "tray/quiet-until"


class Snooze(QObject):
    """Its entries stand in `menu`. The time until when it is quiet is remembered: quitting does not end it."""

    def __init__(self, memory: WindowMemory, clock: Clock, menu: QMenu) -> None:
        super().__init__(menu)
        self._memory = memory
        self._clock = clock
        self.menu = QMenu(self.tr("S&nooze notifications"), menu)
        self.menu_action = menu.addMenu(self.menu)
        texts = (self.tr("For 30 &minutes"), self.tr("For 1 &hour"), self.tr("For &8 hours"))
        for minutes, text in zip(SNOOZES_MIN, texts, strict=True):
            entry = self.menu.addAction(text)
            entry.setData(minutes)
            entry.triggered.connect(self._rest)
        self.wake_action = menu.addAction("")
        self.wake_action.triggered.connect(self.wake)
        self.refresh()

    @property
    def until(self) -> datetime | None:
        """Until when it is quiet, aware; None where it is not now."""
        try:
            until = datetime.fromisoformat(self._memory.text(_UNTIL))
        except ValueError:
            return None
        now = self._clock.now()
        # A clock that was set back must not make it quiet for days.
        return until if until.tzinfo is not None and now < until <= now + LONGEST else None

    @property
    def lets_notify(self) -> bool:
        """Whether a notification may come now."""
        return read_preferences(self._memory).notifies and self.until is None

    @Slot()
    def refresh(self) -> None:
        """The entries fit the time and the preferences; without notifications there is nothing to snooze."""
        until, notifies = self.until, read_preferences(self._memory).notifies
        self.menu_action.setVisible(notifies and until is None)
        self.wake_action.setVisible(notifies and until is not None)
        if until is not None:
            at = full_time(until, self._clock.now())
            self.wake_action.setText(self.tr("&Notify again (quiet until {0})").format(at))

    @Slot()
    def _rest(self) -> None:
        entry = self.sender()
        if isinstance(entry, QAction):
            until = self._clock.now() + timedelta(minutes=int(entry.data()))
            self._memory.set_text(_UNTIL, until.isoformat())
            self.refresh()

    @Slot()
    def wake(self) -> None:
        """Notifications come again."""
        self._memory.forget(_UNTIL)
        self.refresh()
