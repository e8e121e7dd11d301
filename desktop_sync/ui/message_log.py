"""What the window told since it was opened, so that a sentence that left the status bar can still be read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from PySide6.QtCore import QObject, Signal

from desktop_sync.core.run import Outcome, RunResult
from desktop_sync.ui.palette import Tone
from desktop_sync.ui.text.words import OUTCOME_TONES, outcome_word

KEPT = 1000
TOLD_SENTENCES = 20
"""Of one run; its page has all of them."""


@dataclass(frozen=True, slots=True)
class Message:
    """`tone` is NEUTRAL, WARNING or BAD. `at` is aware."""

    at: datetime
    tone: Tone
    text: str


def _now() -> datetime:
    return datetime.now(UTC)


class MessageLog(QObject):
    """The last thousand messages, newest first. `told` comes with each."""

    told = Signal()

    def __init__(self, now: Callable[[], datetime] = _now, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.now = now
        self._messages: deque[Message] = deque(maxlen=KEPT)

    @property
    def messages(self) -> tuple[Message, ...]:
        return tuple(self._messages)

    def tell(self, text: str, tone: Tone = Tone.NEUTRAL) -> None:
        """The message is in the log. Every tone but WARNING and BAD counts as information."""
        kept = tone if tone in (Tone.WARNING, Tone.BAD) else Tone.NEUTRAL
        self._messages.appendleft(Message(self.now(), kept, text))
        self.told.emit()

    def tell_run(self, name: str, result: RunResult) -> None:
        """How the run ended, with what it had to tell."""
        said = [*([result.error] if result.error else []), *result.sentences]
        sentences = list(dict.fromkeys(said))[:TOLD_SENTENCES]
        tone = Tone.NEUTRAL if result.outcome is Outcome.CANCELLED else OUTCOME_TONES[result.outcome]
        self.tell("\n".join([f"{name}: {outcome_word(result.outcome)}", *sentences]), tone)
