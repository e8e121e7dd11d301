"""The tray: state at a glance, sync now, pause, decisions waiting."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from PySide6.QtCore import QObject, QSize, Signal, Slot
from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import QMenu, QSystemTrayIcon, QWidget

from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Status
from desktop_sync.resource import resource_path
from desktop_sync.services.views import ConfigurationState
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.bridge.run_board import RunBoard
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.snooze import Snooze
from desktop_sync.ui.text.sentences import progress_figures, progress_headline
from desktop_sync.ui.text.times import full_time

PAUSES_MIN = (30, 60, 8 * 60)


class TrayState(enum.Enum):
    OK = "ok"
    RUNNING = "running"
    PAUSED = "paused"
    ATTENTION = "attention"


@dataclass(frozen=True, slots=True)
class PauseState:
    is_paused: bool = False
    until: datetime | None = None
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class TraySituation:
    """What the tray shows, made from the states of all configurations."""

    state: TrayState = TrayState.OK
    decisions: int = 0
    names: tuple[str, ...] = field(default=())
    next_run_at: datetime | None = None


def read_pause(application: Application) -> PauseState:
    """In a worker."""
    desk = application.schedules
    return PauseState(desk.is_paused, desk.paused_until, application.clock.now())


def pause(application: Application, minutes: int | None) -> PauseState:
    """Schedules rest for that long, or until resumed. In a worker."""
    until = application.clock.now() + timedelta(minutes=minutes) if minutes is not None else None
    application.schedules.pause(until)
    return read_pause(application)


def resume(application: Application) -> PauseState:
    """In a worker."""
    application.schedules.resume()
    return read_pause(application)


def situation(states: Sequence[ConfigurationState], pause_state: PauseState, *, is_running: bool) -> TraySituation:
    """Running before attention before paused before ok."""
    decisions = sum(state.open_conflicts + state.counts.get(Status.REVIEW, 0) for state in states)
    bad = any(state.is_enabled and state.last_outcome in (Outcome.FAILED, Outcome.GUARD) for state in states)
    if is_running or any(state.is_running for state in states):
        shown = TrayState.RUNNING
    elif decisions or bad:
        shown = TrayState.ATTENTION
    elif pause_state.is_paused:
        shown = TrayState.PAUSED
    else:
        shown = TrayState.OK
    following = min((state.next_run_at for state in states if state.next_run_at is not None), default=None)
    return TraySituation(shown, decisions, tuple(state.name for state in states if state.is_enabled), following)


class Tray(QObject):
    """`is_there` is False on desktops without a tray. `open_wanted` carries a tab's key or an empty text."""

    open_wanted = Signal(str)
    quit_wanted = Signal()
    failed = Signal(object)
    sync_wanted = Signal(str)

    def __init__(self, context: WindowContext, board: RunBoard, window: QWidget) -> None:
        super().__init__(window)
        self._context = context
        self._board = board
        self._states: tuple[ConfigurationState, ...] = ()
        self._pause = PauseState()
        self._situation = TraySituation()
        self.icon: QSystemTrayIcon | None = None
        self.menu = QMenu(window)
        self._make_menu()
        self._read = Latest(context.jobs, self)
        self._read.arrived.connect(self._show_pause)
        self._read.failed.connect(self.failed)
        board.changed.connect(self._show)
        board.progressed.connect(self._show_status)
        context.theme.changed.connect(self._show)
        self._read.ask(partial(read_pause, context.application))
        self.look_for_tray()

    def look_for_tray(self) -> None:
        """The icon is in the tray if there is one now; a tray may come late."""
        if self.icon is None and QSystemTrayIcon.isSystemTrayAvailable():
            self.icon = QSystemTrayIcon(self)
            self.icon.setContextMenu(self.menu)
            self.icon.activated.connect(self._activated)
            self._show()
            self.icon.show()

    @property
    def is_there(self) -> bool:
        return self.icon is not None and QSystemTrayIcon.isSystemTrayAvailable()

    @property
    def situation(self) -> TraySituation:
        return self._situation

    def _make_menu(self) -> None:
        self.status = self._add(self.menu, self.tr("Nothing is running"))
        self.status.setEnabled(False)
        self.menu.addSeparator()
        self._add(self.menu, self.tr("&Open Desktop Sync")).triggered.connect(self._open)
        self.sync_action = self._add(self.menu, self.tr("&Sync now"))
        self.sync_action.triggered.connect(self._sync_only)
        self.sync_menu = QMenu(self.tr("&Sync now"), self.menu)
        self.sync_menu_action = self.menu.addMenu(self.sync_menu)
        self.pause_menu = QMenu(self.tr("&Pause"), self.menu)
        self.pause_action = self.menu.addMenu(self.pause_menu)
        texts = (self.tr("For 30 &minutes"), self.tr("For 1 &hour"), self.tr("For &8 hours"))
        for minutes, text in zip(PAUSES_MIN, texts, strict=True):
            self._pause_entry(text, minutes)
        self._pause_entry(self.tr("&Until resumed"), None)
        self.resume_action = self._add(self.menu, self.tr("&Resume"))
        self.resume_action.triggered.connect(self._resume)
        self.cancel_action = self._add(self.menu, self.tr("&Cancel what is running"))
        self.cancel_action.triggered.connect(self._board.stop_all)
        self.decisions_action = self._add(self.menu, "")
        self.decisions_action.triggered.connect(self._open_decisions)
        self.snooze = Snooze(self._context.memory, self._context.application.clock, self.menu)
        self.messages_action = self._add(self.menu, self.tr("&Messages…"))
        self.messages_action.triggered.connect(self._open_messages)
        self.preferences_action = self._add(self.menu, self.tr("P&references…"))
        self.preferences_action.triggered.connect(self._open_preferences)
        self.menu.addSeparator()
        self._add(self.menu, self.tr("&Quit")).triggered.connect(self.quit_wanted)

    @staticmethod
    def _add(menu: QMenu, text: str) -> QAction:
        return menu.addAction(text)

    def _pause_entry(self, text: str, minutes: int | None) -> None:
        entry = self.pause_menu.addAction(text)
        entry.setData(minutes)
        entry.triggered.connect(self._pause_for)

    # What it shows

    def show_states(self, states: Sequence[ConfigurationState]) -> None:
        self._states = tuple(states)
        self.look_for_tray()
        self._show()

    @Slot()
    def _show(self) -> None:
        self._situation = situation(self._states, self._pause, is_running=bool(self._board.active))
        decisions, names = self._situation.decisions, self._situation.names
        self.sync_action.setVisible(len(names) <= 1)
        self.sync_action.setEnabled(len(names) == 1)
        self.sync_menu_action.setVisible(len(names) > 1)
        if [entry.data() for entry in self.sync_menu.actions()] != list(names):
            self.sync_menu.clear()
            for name in names:
                entry = self.sync_menu.addAction(name.replace("&", "&&"))
                entry.setData(name)
                entry.triggered.connect(self._sync_chosen)
        self.pause_action.setVisible(not self._pause.is_paused)
        self.resume_action.setVisible(self._pause.is_paused)
        self.cancel_action.setVisible(bool(self._board.active))
        self.decisions_action.setVisible(decisions > 0)
        self.snooze.refresh()
        self.decisions_action.setText(self.tr("&Decisions waiting ({0})").format(decisions))
        self._show_status()
        if self.icon is not None:
            scheme = "dark" if self._context.theme.colours.is_dark else "light"
            path = resource_path(f"icons/tray-{self._situation.state.value}-{scheme}.svg")
            icon = QIcon()
            for size in (16, 22, 24, 32, 48):
                icon.addFile(str(path), QSize(size, size))
            self.icon.setIcon(icon)

    @Slot()
    def _show_status(self) -> None:
        active = self._board.active
        if active:
            first = active[0]
            figures = progress_figures(first.progress)
            text = f"{first.name}: {progress_headline(first.progress)}" + (f"  {figures}" if figures else "")
        elif self._pause.is_paused and self._pause.until is not None and self._pause.now is not None:
            text = self.tr("Paused until {0}").format(full_time(self._pause.until, self._pause.now))
        elif self._pause.is_paused:
            text = self.tr("Paused")
        elif self._situation.next_run_at is not None:
            now = self._pause.now or self._situation.next_run_at
            text = self.tr("Next: {0}").format(full_time(self._situation.next_run_at, now))
        else:
            text = self.tr("Nothing is running, nothing is scheduled")
        self.status.setText(text.replace("&", "&&"))
        if self.icon is not None:
            self.icon.setToolTip(self.tr("Desktop Sync") + "\n" + text)

    def notify(self, title: str, text: str) -> None:
        """A notification, unless a person wants none; only for what needs a person, or what one asked to be told."""
        if self.icon is not None and self.snooze.lets_notify:
            self.icon.showMessage(title, text)

    # What a person does

    @Slot(object)
    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is QSystemTrayIcon.ActivationReason.Trigger:
            self.open_wanted.emit("toggle")

    @Slot()
    def _open(self) -> None:
        self.open_wanted.emit("")

    @Slot()
    def _open_decisions(self) -> None:
        self.open_wanted.emit("decisions")

    @Slot()
    def _open_messages(self) -> None:
        self.open_wanted.emit("messages")

    @Slot()
    def _open_preferences(self) -> None:
        self.open_wanted.emit("preferences")

    @Slot()
    def _sync_only(self) -> None:
        if self._situation.names:
            self.sync_wanted.emit(self._situation.names[0])

    @Slot()
    def _sync_chosen(self) -> None:
        entry = self.sender()
        if isinstance(entry, QAction):
            self.sync_wanted.emit(str(entry.data()))

    @Slot()
    def _pause_for(self) -> None:
        entry = self.sender()
        if isinstance(entry, QAction):
            self._read.ask(partial(pause, self._context.application, entry.data()))

    @Slot()
    def _resume(self) -> None:
        self._read.ask(partial(resume, self._context.application))

    @Slot(object)
    def _show_pause(self, state: PauseState) -> None:
        self._pause = state
        self._show()

    @Slot()
    def refresh(self) -> None:
        """The pause is read again: it may have ended by itself."""
        if not self._read.is_waiting:
            self._read.ask(partial(read_pause, self._context.application))
