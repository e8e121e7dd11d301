"""What the scheduler remembers between starts: the pause, and since when each schedule holds."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

FILE_NAME = "schedule.json"


RUN, PROCESS, TRIGGERS = "since", "process_since", "triggers_since"
"""What holds since when: the schedule, that of processing, the conditions on other runs. Keys of the file."""

_KEYS = (RUN, PROCESS, TRIGGERS)


@dataclass(frozen=True, slots=True)
class Since:
    """The schedule, or another thing that has a beginning, as text; it holds since `at` (aware UTC)."""

    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Remembered:
    """`paused_until` is None while not paused, or paused without an end. `beginnings`: what → configuration → since."""

    is_paused: bool = False
    paused_until: datetime | None = None
    beginnings: Mapping[str, Mapping[str, Since]] = field(default_factory=dict)

    def since(self, what: str, configuration: str) -> Since | None:
        return self.beginnings.get(what, {}).get(configuration)

    def holding(self, texts: Mapping[str, Mapping[str, str]], now: datetime) -> Remembered:
        """The same, with just what holds now: what → configuration → text. What is new or another text begins now, and
        so does what began before the clock was set back: it must not be silent until then."""
        return replace(
            self,
            beginnings={
                what: {name: self._begun(what, name, text, now) for name, text in held.items()}
                for what, held in texts.items()
            },
        )

    def _begun(self, what: str, name: str, text: str, now: datetime) -> Since:
        known = self.since(what, name)
        return known if known is not None and known.text == text and known.at <= now else Since(text, now)


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
                {
                    what: {str(name): Since(str(text), _instant(at)) for name, (text, at) in content[what].items()}
                    for what in _KEYS
                    if what in content
                },
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
            **{
                what: {name: [item.text, item.at.isoformat()] for name, item in begun.items()}
                for what, begun in remembered.beginnings.items()
            },
        }
        write_json(self._path, content)


def write_json(path: Path, content: object) -> None:
    """Durable when it returns; another process sees the old content or the new one, never half of it; only the owner
    may read it. Raises OSError when the folder cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.stem}-", dir=path.parent)  # made with mode 600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("a time without its zone")
    return instant
