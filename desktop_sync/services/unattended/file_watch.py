"""Wakes somebody when a file in one of some folders changes. Says no more than that: who wakes looks at the files."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchdog.events import FileSystemEventHandler
    from watchdog.observers.api import BaseObserver, ObservedWatch

_Identity = tuple[int, int]


class FileWatch:
    """Any thread. Nothing is loaded and no thread runs before there is a folder to watch; close it at the end.

    Where the system cannot tell of changes, as on many network drives, nobody is woken: looks at the files go on.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._observer: BaseObserver | None = None
        self._is_closed = False
        self._watched: dict[str, tuple[_Identity, ObservedWatch]] = {}

    def watch(self, folders: Iterable[str]) -> None:
        """Just these folders are watched, not what is in folders within them. One that is missing now, or that is
        another one since, because its drive was away, is watched when it is there at a later call."""
        there = {folder: identity for folder in folders if (identity := _identity(folder)) is not None}
        with self._lock:
            if self._is_closed:
                return  # who looks at the sources in a thread of its own may just have been about to say so
            for folder, (identity, watched) in list(self._watched.items()):
                if there.get(folder) != identity:
                    del self._watched[folder]
                    self._forget(watched)
            for folder in there.keys() - self._watched.keys():
                self._begin(folder, there[folder])

    def close(self) -> None:
        """Nothing is watched any more, whatever is asked later. May be repeated."""
        with self._lock:
            self._is_closed = True
            observer, self._observer = self._observer, None
            self._watched.clear()
        if observer is not None:
            observer.stop()
            observer.join()

    def _begin(self, folder: str, identity: _Identity) -> None:
        from watchdog import events

        if self._observer is None:
            from watchdog.observers import Observer

            self._observer = Observer()
            self._observer.daemon = True
            self._observer.start()
        changes = [
            events.FileModifiedEvent,
            events.FileCreatedEvent,
            events.FileMovedEvent,
            events.FileDeletedEvent,
            events.FileClosedEvent,
        ]
        try:
            watched = self._observer.schedule(_waker(self._wake), folder, recursive=False, event_filter=changes)
        except OSError:
            return  # the system watches no more folders, or the folder went meanwhile
        self._watched[folder] = (identity, watched)

    def _forget(self, watched: ObservedWatch) -> None:
        if self._observer is not None:
            try:
                self._observer.unschedule(watched)
            except (KeyError, OSError):
                pass  # its folder is gone, and the watch with it


def _waker(wake: Callable[[], None]) -> FileSystemEventHandler:
    from watchdog.events import FileSystemEvent, FileSystemEventHandler

    class Waker(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            wake()

    return Waker()


def _identity(folder: str) -> _Identity | None:
    try:
        found = os.stat(folder)
    except OSError:
        return None
    return found.st_dev, found.st_ino
