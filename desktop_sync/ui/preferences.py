"""What a person chose about the window itself, and where it is remembered."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from desktop_sync.ui.memory import WindowMemory
from desktop_sync.ui.theme import ThemeChoice

CLOSE_CHOICE = "questions/closing"
_THEME, _ROWS, _START, _NOTIFY = "window/theme", "window/rows", "tray/start", "tray/notify"
_STALE = "window/stale-days"
STALE_DAYS, MOST_STALE_DAYS = 7, 365
_LISTENS, _PORT = "listener/on", "listener/port"
LISTEN_PORT, LOWEST_PORT, HIGHEST_PORT = 8765, 1024, 65535
_COMPACT = "compact"


class Closing(enum.Enum):
    """What closing the window does, where there is a tray."""

    ASK = ""
    BACKGROUND = "background"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class Preferences:
    """`is_compact`: the rows of tables are low. `starts_in_tray`: the window is not shown at the start, where there is
    a tray. `notifies`: the tray says when a person is needed. `stale_days`: a synchronization that did not run for so
    long is highlighted in the list; 0: none is. `listens`: other programs of this machine may start runs, and webhooks
    are taken, on `listen_port`."""

    theme: ThemeChoice = ThemeChoice.SYSTEM
    is_compact: bool = False
    closing: Closing = Closing.ASK
    starts_in_tray: bool = False
    notifies: bool = True
    stale_days: int = STALE_DAYS
    listens: bool = False
    listen_port: int = LISTEN_PORT


def read_preferences(memory: WindowMemory) -> Preferences:
    """As they are remembered; what cannot be read is as in the beginning."""
    return Preferences(
        theme=_theme(memory.text(_THEME)),
        is_compact=memory.text(_ROWS) == _COMPACT,
        closing=_closing(memory.text(CLOSE_CHOICE)),
        starts_in_tray=memory.flag(_START),
        notifies=memory.text(_NOTIFY) != "no",
        stale_days=_days(memory.text(_STALE)),
        listens=memory.flag(_LISTENS),
        listen_port=_port(memory.text(_PORT)),
    )


def keep_preferences(memory: WindowMemory, preferences: Preferences) -> None:
    """They are remembered."""
    memory.set_text(_THEME, preferences.theme.value)
    memory.set_text(_ROWS, _COMPACT if preferences.is_compact else "")
    memory.set_text(CLOSE_CHOICE, preferences.closing.value)
    memory.set_flag(_START, preferences.starts_in_tray)
    memory.set_flag(_NOTIFY, preferences.notifies)
    memory.set_text(_STALE, str(preferences.stale_days))
    memory.set_flag(_LISTENS, preferences.listens)
    memory.set_text(_PORT, str(preferences.listen_port))


def _days(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) < 5
    return min(int(text), MOST_STALE_DAYS) if is_number else STALE_DAYS


def _port(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) < 6
    return int(text) if is_number and LOWEST_PORT <= int(text) <= HIGHEST_PORT else LISTEN_PORT


def _theme(text: str) -> ThemeChoice:
    return ThemeChoice(text) if text in {choice.value for choice in ThemeChoice} else ThemeChoice.SYSTEM


def _closing(text: str) -> Closing:
    return Closing(text) if text in {choice.value for choice in Closing} else Closing.ASK
