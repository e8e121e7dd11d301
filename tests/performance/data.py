"""Seeded records of ten mixed fields in SQLite files, and changes to them."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

SEED = 20_251
STRUCTURE = "customer"
FIELDS = ("id", "name", "city", "note", "orders", "balance", "rating", "is_active", "born_on", "updated_at")
STAMP_DISTANCE_S = 30
"""On average so far apart: as many records lie in a window of time whatever the number of records."""

_FIRST_STAMP_S = 1_420_070_400  # 2015-01-01
_CHANGED_S = 1_546_300_800  # 2019-01-01, behind the last stamp of four million records
_TURN_S = 30 * 86_400  # longer than the changes of one turn take
_INSERT_ROWS = 50_000
_TABLE = f"""
CREATE TABLE {STRUCTURE} (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    city TEXT,
    note TEXT,
    orders INTEGER,
    balance DECIMAL(12, 2),
    rating REAL,
    is_active BOOLEAN,
    born_on DATE,
    updated_at TIMESTAMP
)"""
_INDEX = f"CREATE INDEX {STRUCTURE}_updated_at ON {STRUCTURE} (updated_at)"
_FIRST_NAMES = ("Zoë", "André", "Łukasz", "Søren", "Anna", "Müge", "Иван", "明", "Chloé", "Bob", "Ángel", "Fatma")
_LAST_NAMES = ("Müller", "García", "Nguyễn", "O’Brien", "Ødegård", "Smith", "Wałęsa", "Петрова", "田中", "Çelik", "Lee")
_CITIES = ("Köln", "São Paulo", "Kraków", "東京", "Oslo", "Saint-Étienne", "Αθήνα", "New York", "Zürich", None)
_NOTES = (None, "", "calls back on Mondays – bitte leise", "prefers e-mail", "naïve café, 50 % off", "VIP ☆")

_Row = tuple[int, str, str | None, str | None, int | None, float | None, float | None, int | None, str | None, int]


def make_table(path: Path) -> None:
    """A new file with the table, empty, its stamp indexed; an older file of that name is gone."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(_TABLE)
        connection.execute(_INDEX)


def fill_table(path: Path, records: int) -> None:
    """The empty table has the records 1 … `records`, always the same ones."""
    rows = _rows(records)
    marks = ", ".join("?" * (len(FIELDS) - 1))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        while chunk := list(islice(rows, _INSERT_ROWS)):
            connection.executemany(f"INSERT INTO {STRUCTURE} VALUES ({marks}, datetime(?, 'unixepoch'))", chunk)
        connection.execute("COMMIT")


def _rows(records: int) -> Iterator[_Row]:
    chance = random.Random(SEED)
    one, below = chance.random, chance.randrange
    years, months = range(1940, 2006), range(1, 13)
    days = tuple(f"{year}-{month:02}-{day:02}" for year in years for month in months for day in (1, 9, 28))
    span_s = records * STAMP_DISTANCE_S
    for number in range(1, records + 1):
        dice = one()
        yield (
            number,
            f"{_FIRST_NAMES[number % 12]} {_LAST_NAMES[int(dice * 11)]} {number}",
            _CITIES[int(dice * 997) % 10],
            _NOTES[int(dice * 9973) % 6],
            None if dice < 0.03 else int(dice * 100_000) % 500,
            None if 0.03 < dice < 0.06 else int(dice * 99_999_999) / 100,
            None if 0.06 < dice < 0.09 else dice * 10,
            None if 0.09 < dice < 0.12 else int(dice * 1000) % 2,
            None if 0.12 < dice < 0.15 else days[int(dice * 100_000) % len(days)],
            _FIRST_STAMP_S + below(span_s),
        )


def change_records(path: Path, every: int, offset: int, turn: int) -> int:
    """One record in `every` has another name, balance and stamp, `offset` telling which; how many. Turns differ."""
    with closing(sqlite3.connect(path)) as connection, connection:
        changed = connection.execute(
            f"UPDATE {STRUCTURE} SET name = name || ' ' || ?, balance = coalesce(balance, 0) + 1.25, "
            "updated_at = datetime(? + id * ? / ?, 'unixepoch') WHERE id % ? = ?",
            (turn, _CHANGED_S + turn * _TURN_S, STAMP_DISTANCE_S, every, every, offset),
        )
        return changed.rowcount
