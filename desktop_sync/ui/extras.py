"""What the menus offer beside the work itself: theme, hidden questions, messages, about, a verification's report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QSystemTrayIcon, QWidget

from desktop_sync.services.views import ConfigurationState, ReportFiles, VerificationReport
from desktop_sync.ui.application_port import VerificationDesk
from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.dialogs.about import AboutDialog
from desktop_sync.ui.dialogs.messages import MessagesDialog
from desktop_sync.ui.dialogs.preferences import PreferencesDialog
from desktop_sync.ui.dialogs.verification import VerificationDialog
from desktop_sync.ui.history_keeping import HistoryKeeping
from desktop_sync.ui.listening import Listening
from desktop_sync.ui.memory import WindowMemory
from desktop_sync.ui.message_log import MessageLog
from desktop_sync.ui.preferences import CLOSE_CHOICE, Preferences, keep_preferences, read_preferences
from desktop_sync.ui.text.words import SideNames
from desktop_sync.ui.theme import Theme, ThemeChoice


class Extras(QObject):
    """`said` is for the status bar, `preferred` carries new Preferences. `home` is shown in the about dialog.
    `verification`, `listening` and `history` are there once the application is."""

    said = Signal(str)
    preferred = Signal(object)

    def __init__(self, theme: Theme, memory: WindowMemory, jobs: JobRunner, window: QWidget) -> None:
        super().__init__(window)
        self._jobs = jobs
        self.verification: VerificationDesk | None = None
        self._theme = theme
        self._memory = memory
        self._window = window
        self._names: dict[str, SideNames] = {}
        self.home = ""
        self.listening: Listening | None = None
        self.history: HistoryKeeping | None = None
        self.log = MessageLog(parent=self)

    def show_states(self, states: Sequence[ConfigurationState]) -> None:
        """The endpoints' names by configuration."""
        self._names = {state.name: SideNames(state.a, state.b) for state in states}

    @property
    def preferences(self) -> Preferences:
        return read_preferences(self._memory)

    @Slot()
    def show_preferences(self) -> None:
        has_tray = QSystemTrayIcon.isSystemTrayAvailable()
        dialog = PreferencesDialog(self.preferences, self._window, has_tray=has_tray)
        dialog.changed.connect(self.prefer)
        if self.listening is not None:
            self.listening.told.connect(dialog.show_listening)
            dialog.show_listening(self.listening.words)
        if self.history is not None:
            self.history.known.connect(dialog.history.show_days)
            self.history.told.connect(dialog.history.say)
            dialog.history.chosen.connect(self.history.keep_for)
            dialog.history.purge_wanted.connect(self.history.purge)
            dialog.finished.connect(dialog.history.choose)
            self.history.read()
        dialog.open()

    @Slot(object)
    def prefer(self, preferences: Preferences) -> None:
        """They hold now, and from now on."""
        keep_preferences(self._memory, preferences)
        self._theme.choose(preferences.theme)
        self._theme.pack(preferences.is_compact)
        self.preferred.emit(preferences)

    @Slot(object)
    def choose_theme(self, choice: ThemeChoice) -> None:
        self.prefer(replace(self.preferences, theme=choice))

    @Slot()
    def ask_again(self) -> None:
        self._memory.forget(CLOSE_CHOICE)
        self.said.emit(self.tr("Hidden questions are asked again"))

    @property
    def hidden_questions(self) -> int:
        """How many questions are not asked because a person said so."""
        return sum(bool(self._memory.text(key)) for key in (CLOSE_CHOICE,))

    @Slot()
    def show_messages(self) -> None:
        MessagesDialog(self._theme, self.log, self.home, self._window).open()

    @Slot()
    def show_about(self) -> None:
        AboutDialog(self._theme, self.home, self._window).open()

    @Slot(str, object)
    def show_verification(self, name: str, report: VerificationReport) -> None:
        names = self._names.get(name)
        if names is not None:
            dialog = VerificationDialog(self._theme, report, names, self._window)
            dialog.setObjectName(name)
            dialog.save_wanted.connect(self._save_report)
            dialog.open()

    @Slot(object)
    def _save_report(self, files: ReportFiles) -> None:
        dialog = self.sender()
        if isinstance(dialog, VerificationDialog) and self.verification is not None:
            verify = partial(self.verification.verify, dialog.objectName(), files=files)
            job = self._jobs.start(verify, title="report")
            job.finished.connect(dialog.show_saved)
            job.failed.connect(dialog.show_problem)
