"""Which messages of webhooks came already: kept in a file, so that a restart forgets none (RELIABILITY X11)."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

from desktop_sync.core.webhook import TOLERANCE_S

FILE_NAME = "deliveries.txt"

KEPT_S = 2 * TOLERANCE_S
"""So long a message is known: as long as its time would be accepted, from the most that it may be ahead."""

MOST_KNOWN = 50_000
"""With more in that time, new messages are refused until old ones are forgotten: their senders try again."""


class TooManyError(Exception):
    """More messages came than can be told apart."""


class Deliveries:
    """Any thread, one process. The file holds a line for each message: its time in seconds since 1970, and its id."""

    def __init__(self, home: Path) -> None:
        self._path = home / FILE_NAME
        self._lock = threading.Lock()
        self._known: dict[str, int] | None = None
        self._lines = 0

    def take(self, key: str, at_s: int, now_s: float) -> bool:
        """Whether the message is a new one; it is known from now on, also after a restart. Raises TooManyError, and
        OSError when the file cannot be written: a message that might come again is not taken."""
        with self._lock:
            known = self._loaded(now_s)
            if key in known:
                return False
            if len(known) >= MOST_KNOWN:
                self._known = known = {one: at for one, at in known.items() if now_s - at <= KEPT_S}
                if len(known) >= MOST_KNOWN:
                    raise TooManyError
            if self._lines >= 2 * MOST_KNOWN:
                self._rewrite(known)
            self._append(f"{at_s} {key}\n")
            known[key] = at_s
            return True

    def _loaded(self, now_s: float) -> dict[str, int]:
        if self._known is None:
            known: dict[str, int] = {}
            with contextlib.suppress(FileNotFoundError):
                for line in self._path.read_text("utf-8", "replace").splitlines():
                    at, _, key = line.partition(" ")
                    if key and at.isdecimal() and now_s - int(at) <= KEPT_S:  # a torn last line is none
                        known[key] = int(at)
            self._rewrite(known)
            self._known = known
        return self._known

    def _rewrite(self, known: dict[str, int]) -> None:
        fresh = self._path.with_suffix(".new")
        handle = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with open(handle, "w", encoding="utf-8") as file:
            file.writelines(f"{at} {key}\n" for key, at in known.items())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        self._lines = len(known)

    def _append(self, line: str) -> None:
        handle = os.open(self._path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        with open(handle, "a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        self._lines += 1
