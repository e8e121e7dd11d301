"""Files that arrive: which are complete, and which no run has taken yet (SPEC §8)."""

from __future__ import annotations

import glob
import itertools
import json
import os
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.core.triggers import FileArrival
from desktop_sync.services.unattended.schedule_file import write_json

FILE_NAME = "arrivals.json"
MOST_FILES = 5_000
"""Of one pattern; what is beyond waits until others are gone."""

Look = tuple[int, int]
"""Size in bytes and time of the last change in nanoseconds."""

LastRun = Callable[[str], int]
"""The number of a configuration's newest complete run, 0 before the first."""


@dataclass(slots=True)
class _Settling:
    look: Look
    since: datetime


@dataclass(frozen=True, slots=True)
class _Arrived:
    """Complete at `at`; a run with a greater number than `run_id` has taken it."""

    look: Look
    at: datetime
    run_id: int


@dataclass(slots=True)
class _Watched:
    """Of one configuration. `taken` are the files that a run has seen, or that were there when the trigger was set."""

    patterns: str
    taken: dict[str, Look] = field(default_factory=dict)
    settling: dict[str, _Settling] = field(default_factory=dict)
    arrived: dict[str, _Arrived] = field(default_factory=dict)

    def keep(self, paths: set[str]) -> None:
        """Files that are gone are forgotten."""
        self.taken = {path: one for path, one in self.taken.items() if path in paths}
        self.settling = {path: one for path, one in self.settling.items() if path in paths}
        self.arrived = {path: one for path, one in self.arrived.items() if path in paths}


class FileArrivals:
    """Any thread. What was taken is remembered in `home/arrivals.json`: a file that came while the program was closed
    has arrived, one that a run has seen has not arrived again until it changes."""

    def __init__(self, home: Path) -> None:
        self._path = home / FILE_NAME
        self._watched: dict[str, _Watched] | None = None
        self._lock = threading.Lock()

    def look(self, configurations: Iterable[SyncConfiguration], now: datetime, last_run: LastRun) -> None:
        """The files of all enabled configurations are known as they are now."""
        wanted = {one.name: one.file_arrivals for one in configurations if one.enabled and one.file_arrivals}
        with self._lock:
            if self._watched is None:
                self._watched = self._read()
            before = self._content()
            self._watched = {name: one for name, one in self._watched.items() if name in wanted}
            for name, arrivals in wanted.items():
                self._look_at(name, arrivals, now, last_run(name))
            if self._content() != before:
                try:
                    write_json(self._path, self._content())
                except OSError:
                    pass  # a file may then arrive once more after the next start: its run finds nothing to do

    def arrived(self, name: str, last_run: int) -> datetime | None:
        """Since when a complete file is there that no run has taken; None where there is none."""
        with self._lock:
            watched = None if self._watched is None else self._watched.get(name)
            waiting = [] if watched is None else [one.at for one in watched.arrived.values() if one.run_id >= last_run]
        return min(waiting, default=None)

    def _look_at(self, name: str, arrivals: tuple[FileArrival, ...], now: datetime, last_run: int) -> None:
        patterns = "\n".join(one.pattern for one in arrivals)
        watched = self._known.get(name)
        if watched is None or watched.patterns != patterns:
            # What is there already has not arrived: a trigger that was just set does not make up for the past.
            there = {path: look for arrival in arrivals for path, look in files_of(arrival.pattern)}
            self._known[name] = _Watched(patterns, there)
            return
        for path, one in list(watched.arrived.items()):
            if last_run > one.run_id:
                watched.taken[path] = one.look
                del watched.arrived[path]
        seen: set[str] = set()
        for arrival in arrivals:
            for path, look in files_of(arrival.pattern):
                seen.add(path)
                _settle(watched, path, look, timedelta(seconds=arrival.settle_s), now, last_run)
        if all(os.path.isdir(_fixed_folder(one.pattern)) for one in arrivals):  # else its drive may be away
            watched.keep(seen)

    @property
    def _known(self) -> dict[str, _Watched]:
        if self._watched is None:
            self._watched = {}
        return self._watched

    def _content(self) -> dict[str, object]:
        return {
            name: {"patterns": one.patterns, "taken": {path: list(look) for path, look in one.taken.items()}}
            for name, one in self._known.items()
        }

    def _read(self) -> dict[str, _Watched]:
        """What was written last. A missing or unreadable file means: nothing remembered."""
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            return {
                str(name): _Watched(
                    str(one["patterns"]), {str(path): (int(size), int(at)) for path, (size, at) in one["taken"].items()}
                )
                for name, one in content.items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}


def _settle(watched: _Watched, path: str, look: Look, settle: timedelta, now: datetime, last_run: int) -> None:
    """A file as it is now: taken, settling, or arrived."""
    if watched.taken.get(path) == look or (path in watched.arrived and watched.arrived[path].look == look):
        watched.settling.pop(path, None)
        return
    watched.arrived.pop(path, None)  # it is being written again
    before = watched.settling.get(path)
    if before is None or before.look != look or before.since > now:
        watched.settling[path] = _Settling(look, now)
    elif now - before.since >= settle:
        del watched.settling[path]
        watched.arrived[path] = _Arrived(look, now, last_run)


def files_of(pattern: str) -> Iterator[tuple[str, Look]]:
    """The files whose paths fit, with their looks. What may not be read is left out."""
    if not os.path.isabs(pattern):
        return
    for path in itertools.islice(glob.iglob(pattern), MOST_FILES):
        try:
            found = os.stat(path)
        except OSError:
            continue  # it went meanwhile
        if stat.S_ISREG(found.st_mode):
            yield path, (found.st_size, found.st_mtime_ns)


def _fixed_folder(pattern: str) -> str:
    """The folder that holds all that fits, as far as the pattern names one."""
    folder = os.path.dirname(pattern)
    while glob.has_magic(folder):
        folder = os.path.dirname(folder)
    return folder
