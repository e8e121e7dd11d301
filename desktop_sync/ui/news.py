"""Where a sentence of the window goes: the status bar, the list of messages, and the tray where nobody looks."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QMainWindow

from desktop_sync.core.run import Outcome, RunResult, Trigger
from desktop_sync.ui.message_log import MessageLog
from desktop_sync.ui.palette import Tone
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.text.words import outcome_word
from desktop_sync.ui.tray import Tray

SAID_MS = 8000


class News(QObject):
    """`tray` is there once the application is."""

    def __init__(self, window: QMainWindow, log: MessageLog) -> None:
        super().__init__(window)
        self._window = window
        self._log = log
        self.tray: Tray | None = None

    def say(self, text: str) -> None:
        self._log.tell(text)
        self._window.statusBar().showMessage(text, SAID_MS)

    def say_error(self, error: object) -> None:
        """For errors that belong to no page that is seen."""
        self._log.tell(problem(error), Tone.BAD)
        self._window.statusBar().showMessage(problem(error), 3 * SAID_MS)

    def keep_error(self, name: str, error: object) -> None:
        """For errors that a page says: they are in the list of messages only."""
        self._log.tell(f"{name}: {problem(error)}", Tone.BAD)

    def call(self, title: str, text: str) -> None:
        """A person who asked to be called is: by a sound, in the task bar, and by the tray where there is one."""
        self.say(f"{title}: {text}")
        QApplication.beep()
        QApplication.alert(self._window)
        if self.tray is not None:
            self.tray.notify(title, text)

    def tell_run(self, name: str, result: RunResult, trigger: Trigger) -> None:
        """How a run ended. A notification comes only where a person is needed, or asked to be told, and looks away."""
        self._log.tell_run(name, result)
        self._window.statusBar().showMessage(f"{name}: {outcome_word(result.outcome)}", SAID_MS)
        if self.tray is None or self._window.isActiveWindow():
            return
        needs_person = result.outcome in (Outcome.GUARD, Outcome.FAILED, Outcome.PROBLEMS)
        if needs_person and trigger is not Trigger.HAND:
            self.tray.notify(name, result.error or outcome_word(result.outcome))
        elif result.notes:
            self.tray.notify(name, "\n".join(result.notes))
