"""What the window remembers from start to start: sizes, splitters, table layouts, choices. An ini file in the home."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings


class WindowMemory:
    """Reads and writes `window.ini` of a home folder. Unreadable entries count as absent, and where the file cannot be
    written all is forgotten at the end. Window's thread only."""

    def __init__(self, home: Path) -> None:
        file = home / "window.ini"
        with suppress(OSError):  # where nothing can be kept, the window opens all the same and says so of its data
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
            file.touch(mode=0o600)  # Qt keeps the rights of a file that is there; its names are nobody else's business
        self._settings = QSettings(str(file), QSettings.Format.IniFormat)

    def text(self, key: str, default: str = "") -> str:
        value = self._settings.value(key, default)
        return value if isinstance(value, str) else default

    def set_text(self, key: str, value: str) -> None:
        self._settings.setValue(key, value)

    def flag(self, key: str) -> bool:
        return self.text(key) == "yes"

    def set_flag(self, key: str, value: bool) -> None:
        self.set_text(key, "yes" if value else "no")

    def state(self, key: str) -> QByteArray | None:
        """A widget's saved state, or None."""
        value = self._settings.value(key)
        return value if isinstance(value, QByteArray) and not value.isEmpty() else None

    def set_state(self, key: str, state: QByteArray) -> None:
        self._settings.setValue(key, state)

    def forget(self, key: str) -> None:
        self._settings.remove(key)

    def keep(self) -> None:
        """Everything is on the disk."""
        self._settings.sync()
