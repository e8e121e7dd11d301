"""Keeps the two copies of SQLite in this process away from each other's files.

ADBC brings its own SQLite beside the one of Python. A process that closes any handle of a file loses all its POSIX
locks on that file, also those of the other copy (https://www.sqlite.org/howtocorrupt.html, section 2.2). So per real
file either ADBC readers or `sqlite3` connections are open at any time, never both: two groups that share a room.
Whoever writes through ADBC is alone in it.

Whoever wants a `sqlite3` connection while ADBC readers are there asks these to give way: they fetch what is left into
memory and go on from there. So one thread can hold an unfinished stream and still use the file otherwise.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from desktop_sync.core.errors import NOWHERE, Place, RetriableError


class GivesWay(Protocol):
    """An ADBC reader in a room."""

    def give_way(self) -> None:
        """The reader has closed its handle of the file and left the room. Any thread; may be repeated."""


class Room:
    """The users of one real file. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._readers: dict[int, GivesWay] = {}
        self._waiting_readers = 0
        self._holders: dict[int, int] = {}  # thread to number of its sqlite3 connections
        self._alone: int | None = None  # the thread that is alone here; it is a holder, too

    def enter_reader(self, reader: GivesWay, timeout_s: float, place: Place) -> None:
        """`reader` is in the room, no `sqlite3` connection is. Raises RetriableError after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        with self._condition:
            self._waiting_readers += 1
            try:
                while self._holders:
                    if not self._condition.wait(max(0.0, deadline - time.monotonic())):
                        raise RetriableError("another part of this program is still writing to the database", place)
                self._readers[id(reader)] = reader
            finally:
                self._waiting_readers -= 1
                self._condition.notify_all()

    def leave_reader(self, reader: GivesWay) -> None:
        with self._condition:
            self._readers.pop(id(reader), None)
            self._condition.notify_all()

    def enter_connection(self, timeout_s: float, place: Place) -> None:
        """The calling thread may open a `sqlite3` connection. Raises RetriableError after `timeout_s`."""
        me = threading.get_ident()
        deadline = time.monotonic() + timeout_s
        while True:
            with self._condition:
                while self._must_wait(me):
                    if not self._condition.wait(max(0.0, deadline - time.monotonic())):
                        raise RetriableError("another part of this program is still using the database", place)
                if not self._readers:
                    self._holders[me] = self._holders.get(me, 0) + 1
                    return
                readers = list(self._readers.values())
            for reader in readers:
                reader.give_way()

    def _must_wait(self, me: int) -> bool:
        if self._alone is not None:
            return self._alone != me
        return bool(self._waiting_readers and self._holders and me not in self._holders)

    def enter_alone(self, timeout_s: float, place: Place) -> None:
        """Nobody is in the room but the calling thread, and nobody enters until it left. Raises RetriableError after
        `timeout_s`."""
        me = threading.get_ident()
        deadline = time.monotonic() + timeout_s
        while True:
            with self._condition:
                while self._holders:
                    if not self._condition.wait(max(0.0, deadline - time.monotonic())):
                        raise RetriableError("another part of this program is still using the database", place)
                if not self._readers:
                    self._holders[me], self._alone = 1, me
                    return
                readers = list(self._readers.values())
            for reader in readers:
                reader.give_way()

    def leave_alone(self) -> None:
        with self._condition:
            self._alone = None
        self.leave_connection()

    def leave_connection(self) -> None:
        me = threading.get_ident()
        with self._condition:
            self._holders[me] -= 1
            if not self._holders[me]:
                del self._holders[me]
            self._condition.notify_all()


_rooms: dict[tuple[int, int] | str, Room] = {}
_rooms_lock = threading.Lock()


def room_of(path: str) -> Room:
    """The room of the real file at `path`, the same for all its names."""
    try:
        status = os.stat(path)
        key: tuple[int, int] | str = (status.st_dev, status.st_ino)
    except OSError:
        key = os.path.realpath(path)
    with _rooms_lock:
        return _rooms.setdefault(key, Room())


@contextmanager
def connection_room(path: str, timeout_s: float, place: Place = NOWHERE) -> Iterator[None]:
    """Inside, this thread may have `sqlite3` connections to the file."""
    room = room_of(path)
    room.enter_connection(timeout_s, place)
    try:
        yield
    finally:
        room.leave_connection()


@contextmanager
def room_alone(path: str, timeout_s: float, place: Place = NOWHERE) -> Iterator[None]:
    """Inside, no other part of this program has the file open: one connection of either kind may be made."""
    room = room_of(path)
    room.enter_alone(timeout_s, place)
    try:
        yield
    finally:
        room.leave_alone()
