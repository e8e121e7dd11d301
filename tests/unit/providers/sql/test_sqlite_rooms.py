"""ADBC readers and sqlite3 connections are never in one room at a time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from desktop_sync.core.errors import NOWHERE, RetriableError
from desktop_sync.providers.sql.sqlite_rooms import Room, connection_room, room_of


class Reader:
    """A reader that leaves when it is asked to."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.was_asked = False

    def give_way(self) -> None:
        self.was_asked = True
        self._room.leave_reader(self)


def test_readers_give_way_to_a_connection() -> None:
    room = Room()
    readers = [Reader(room), Reader(room)]
    for reader in readers:
        room.enter_reader(reader, 0, NOWHERE)
    room.enter_connection(0, NOWHERE)
    assert [reader.was_asked for reader in readers] == [True, True]


def test_a_reader_waits_for_connections_but_not_for_ever() -> None:
    room = Room()
    room.enter_connection(0, NOWHERE)
    room.enter_connection(0, NOWHERE)
    room.leave_connection()
    with pytest.raises(RetriableError):
        room.enter_reader(Reader(room), 0.01, NOWHERE)
    room.leave_connection()
    room.enter_reader(Reader(room), 0, NOWHERE)


def test_a_waiting_reader_comes_before_new_connections_of_other_threads() -> None:
    room = Room()
    room.enter_connection(0, NOWHERE)
    entered = threading.Event()
    reader = Reader(room)

    def read() -> None:
        room.enter_reader(reader, 30, NOWHERE)
        entered.set()

    thread = threading.Thread(target=read)
    thread.start()
    refused: list[bool] = []

    def connect() -> None:
        while not refused:
            try:
                room.enter_connection(0.01, NOWHERE)
                room.leave_connection()  # the reader did not wait yet
            except RetriableError:
                refused.append(True)

    other = threading.Thread(target=connect)
    other.start()
    other.join()
    room.enter_connection(0, NOWHERE)  # this thread is inside already and must not wait for itself
    room.leave_connection()
    room.leave_connection()
    assert entered.wait(30)
    thread.join()


def test_one_file_has_one_room_under_all_its_names(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    file.write_bytes(b"")
    link = tmp_path / "b.db"
    link.symlink_to(file)
    other = tmp_path / "c.db"
    other.write_bytes(b"")
    assert room_of(str(file)) is room_of(str(link))
    assert room_of(str(file)) is not room_of(str(other))


def test_a_room_is_left_when_the_work_in_it_fails(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    file.write_bytes(b"")
    with pytest.raises(KeyError), connection_room(str(file), 0):
        raise KeyError
    room_of(str(file)).enter_reader(Reader(room_of(str(file))), 0, NOWHERE)


def test_who_is_alone_in_a_room_made_readers_give_way_and_lets_nobody_in() -> None:
    room = Room()
    reader = Reader(room)
    room.enter_reader(reader, 0, NOWHERE)
    room.enter_alone(0, NOWHERE)
    assert reader.was_asked
    refused: list[str] = []

    def enter() -> None:
        for name, way in (("connection", room.enter_connection), ("alone", room.enter_alone)):
            try:
                way(0.01, NOWHERE)
            except RetriableError:
                refused.append(name)
        try:
            room.enter_reader(Reader(room), 0.01, NOWHERE)
        except RetriableError:
            refused.append("reader")

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert refused == ["connection", "alone", "reader"]
    room.leave_alone()
    room.enter_connection(0, NOWHERE)


def test_nobody_is_alone_while_a_connection_is_open() -> None:
    room = Room()
    room.enter_connection(0, NOWHERE)
    with pytest.raises(RetriableError):
        room.enter_alone(0.01, NOWHERE)
    room.leave_connection()
    room.enter_alone(0, NOWHERE)
