"""What the scheduler remembers between starts: the pause, and since when each schedule holds."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

FILE_NAME = "schedule.json"


@dataclass(frozen=True, slots=True)
class Since:
    """The schedule, as text, that a configuration has since `at` (aware UTC)."""

    schedule: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Remembered:
    """`paused_until` is None while not paused, or paused without an end."""

    is_paused: bool = False
    paused_until: datetime | None = None
    since: Mapping[str, Since] = field(default_factory=dict)


class ScheduleFile:
    """Reads and replaces `home/schedule.json`; only its owner may read it."""

    def __init__(self, home: Path) -> None:
        self._path = home / FILE_NAME

    def read(self) -> Remembered:
        """What was written last. A missing or unreadable file means: nothing remembered."""
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            until = content["paused_until"]
            return Remembered(
                bool(content["is_paused"]),
                _instant(until) if until else None,
                {str(name): Since(str(text), _instant(at)) for name, (text, at) in content["since"].items()},
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return Remembered()

    def write(self, remembered: Remembered) -> None:
        """Durable when it returns; another process sees the old content or the new one, never half of it.

        Raises OSError when the folder cannot be written.
        """
        content = {
            "is_paused": remembered.is_paused,
            "paused_until": remembered.paused_until.isoformat() if remembered.paused_until else None,
            "since": {name: [item.schedule, item.at.isoformat()] for name, item in remembered.since.items()},
        }
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(prefix=".schedule-", dir=self._path.parent)  # made with mode 600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("a time without its zone")
    return instant
