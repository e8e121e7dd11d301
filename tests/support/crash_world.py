"""Two small systems that share customers, for tests that kill the program; written and read by the standard library.

The world has every kind of action of a run at once: creates, updates, conflicts, deletes and deletes against edits, in
both directions. Every value is a token of its own, so that what was lost can be named.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

FIELDS = ("id", "email", "name", "phone", "note", "updated_at")
OLD, EARLIER, LATER = "2026-01-01 08:00:00", "2026-02-01 08:00:00", "2026-02-01 09:00:00"
Record = Mapping[str, str]
Pair = tuple[str, str]
CONFIGURATION = "Customers"


class Store(Protocol):
    """One system with the structure `customers`."""

    @property
    def path(self) -> Path:
        """Its file."""

    def make(self, records: Iterable[Record]) -> None: ...
    def settings(self) -> str:
        """Provider and settings as TOML."""

    def records(self) -> list[dict[str, str]]: ...
    def insert(self, record: Record) -> None: ...
    def change(self, email: str, /, **values: str) -> None: ...
    def delete(self, email: str) -> None: ...
    def count(self) -> int: ...
    def content(self) -> bytes:
        """What the system holds, for telling whether anything changed."""

    def files(self) -> dict[str, bytes]:
        """Its files, also those that a killed program left beside it, by name."""

    def overwrite(self, files: Mapping[str, bytes]) -> None:
        """The system is as it was when `files` were taken; it stays the same file."""


@dataclass(frozen=True)
class SqliteStore:
    path: Path

    def make(self, records: Iterable[Record]) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(
                "CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT, phone TEXT,"
                " note TEXT, updated_at TEXT)"
            )
        for record in records:
            self.insert(record)

    def settings(self) -> str:
        return f'provider = "sql"\nsettings = {{ url = "sqlite:///{self.path}" }}'

    def records(self) -> list[dict[str, str]]:
        with closing(sqlite3.connect(self.path)) as connection:
            found = connection.execute(f"SELECT {', '.join(FIELDS)} FROM customers ORDER BY id").fetchall()
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [dict(zip(FIELDS, ("" if value is None else str(value) for value in row), strict=True)) for row in found]

    def insert(self, record: Record) -> None:
        names = list(record)
        self._run(f"INSERT INTO customers ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", record.values())

    def change(self, email: str, /, **values: str) -> None:
        assignments = ", ".join(f"{name} = ?" for name in values)
        self._run(f"UPDATE customers SET {assignments} WHERE email = ?", (*values.values(), email))

    def count(self) -> int:
        with closing(sqlite3.connect(self.path, timeout=60)) as connection:
            found: int = connection.execute("SELECT count(*) FROM customers").fetchone()[0]
        return found

    def delete(self, email: str) -> None:
        self._run("DELETE FROM customers WHERE email = ?", (email,))

    def _run(self, sql: str, values: Iterable[str]) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            assert connection.execute(sql, tuple(values)).rowcount == 1, sql

    def content(self) -> bytes:
        for ending in ("-wal", "-journal"):
            assert not self.path.with_name(self.path.name + ending).exists(), "the database is not at rest"
        return self.path.read_bytes()

    def files(self) -> dict[str, bytes]:
        return _read_all(self.path.parent.glob(f"{self.path.name}*"))

    def overwrite(self, files: Mapping[str, bytes]) -> None:
        _write_all(self.path.parent, self.path.parent.glob(f"{self.path.name}*"), files)


@dataclass(frozen=True)
class CsvStore:
    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / "customers.csv"

    def make(self, records: Iterable[Record]) -> None:
        self.folder.mkdir()
        self._save([{**dict.fromkeys(FIELDS, ""), **record} for record in records])

    def settings(self) -> str:
        return f'provider = "csv"\nsettings = {{ folder = "{self.folder}" }}'

    def records(self) -> list[dict[str, str]]:
        with self.path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
        for row in rows:
            assert set(row) == set(FIELDS), f"a line is mixed: {row}"
        return rows

    def insert(self, record: Record) -> None:
        self._save([*self.records(), {**dict.fromkeys(FIELDS, ""), **record}])

    def change(self, email: str, /, **values: str) -> None:
        rows = self.records()
        (row,) = (row for row in rows if row["email"] == email)
        row.update(values)
        self._save(rows)

    def count(self) -> int:
        return len(self.records())

    def append(self, records: Iterable[Record]) -> None:
        self._save([*self.records(), *records])

    def delete(self, email: str) -> None:
        rows = self.records()
        left = [row for row in rows if row["email"] != email]
        assert len(left) == len(rows) - 1
        self._save(left)

    def _save(self, rows: Sequence[Record]) -> None:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, FIELDS)
        writer.writeheader()
        writer.writerows(rows)
        put(self.path, text.getvalue().encode())

    def content(self) -> bytes:
        return self.path.read_bytes()

    def files(self) -> dict[str, bytes]:
        return _read_all(self.folder.iterdir())

    def overwrite(self, files: Mapping[str, bytes]) -> None:
        _write_all(self.folder, self.folder.iterdir(), files)


def _read_all(paths: Iterable[Path]) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in paths}


def _write_all(folder: Path, there: Iterable[Path], files: Mapping[str, bytes]) -> None:
    for path in list(there):
        if path.name not in files:
            path.unlink()
    for name, content in files.items():
        put(folder / name, content)


def put(path: Path, content: bytes) -> None:
    """In place, so that the file's number stays: another number is another database (guard `identity`)."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    with open(handle, "wb") as file:
        file.truncate(0)
        file.write(content)


@dataclass(frozen=True)
class Copy:
    """A world at one moment: its home, and the files of both systems by name."""

    home: Path
    a: Mapping[str, bytes]
    b: Mapping[str, bytes]


@dataclass
class World:
    """A folder with both systems, a configuration file and the program's home."""

    folder: Path
    a: Store
    b: Store
    home: Path = Path()
    snapshot: Copy | None = None
    _copies: int = 0

    def __post_init__(self) -> None:
        if self.home == Path():
            self.home = self.folder / "home"

    @property
    def definitions(self) -> Path:
        return self.folder / "sync.toml"

    def furnish(self, number: int = 11) -> None:
        """Both systems hold the same customers c1 … and the configuration file is there."""
        rows = [_record(n) for n in range(1, number + 1)]
        self.a.make(rows)
        # The ids of the second system are its own.
        self.b.make({**row, "id": str(100 + int(row["id"]))} for row in rows)
        self.definitions.write_text(
            f"""format = 1
[[endpoint]]
name = "CRM"
{self.a.settings()}
[[endpoint]]
name = "Shop"
{self.b.settings()}
[[configuration]]
name = "{CONFIGURATION}"
a = "CRM"
b = "Shop"
[[configuration.entity]]
name = "customers"
a = "customers"
b = "customers"
direction = "both"
conflict = "most-recent"
first_contact = "most-recent"
delete = {{ a-to-b = "delete", b-to-a = "delete" }}
edit_against_delete = "edit"
modified = {{ a = "updated_at", b = "updated_at" }}
key = {{ a = ["id"], b = ["id"] }}
[[configuration.entity.field]]
a = "email"
b = "email"
identifying = true
[[configuration.entity.field]]
a = "name"
b = "name"
[[configuration.entity.field]]
a = "phone"
b = "phone"
""",
            encoding="utf-8",
        )

    def edit(self) -> None:
        """People work in both systems: every kind of change that a run can meet."""
        a, b = self.a, self.b
        a.change("c2", name="edited in A", updated_at=LATER)
        b.change("c3", name="edited in B", updated_at=LATER)
        a.change("c4", name="conflict 4 A", updated_at=LATER)
        b.change("c4", name="conflict 4 B", updated_at=EARLIER)
        a.change("c5", phone="conflict 5 A", updated_at=EARLIER)
        b.change("c5", phone="conflict 5 B", updated_at=LATER)
        a.delete("c6")
        b.delete("c7")
        a.delete("c8")
        b.change("c8", name="edited against a delete in A", updated_at=LATER)
        b.delete("c9")
        a.change("c9", name="edited against a delete in B", updated_at=LATER)
        a.delete("c10")
        b.delete("c10")
        a.change("c11", name="the same", updated_at=LATER)
        b.change("c11", name="the same", updated_at=EARLIER)
        a.insert({"id": "21", "email": "n1", "name": "new in A", "phone": "21", "updated_at": LATER})
        b.insert({"id": "131", "email": "n2", "name": "new in B", "phone": "22", "updated_at": LATER})
        for store, number in ((a, "23"), (b, "133")):
            store.insert({"id": number, "email": "n3", "name": "new in both", "phone": "23", "updated_at": LATER})
        a.insert({"id": "24", "email": "n4", "name": "first contact A", "phone": "24", "updated_at": EARLIER})
        b.insert({"id": "134", "email": "n4", "name": "first contact B", "phone": "24", "updated_at": LATER})

    def take_snapshot(self) -> None:
        """What `restore` brings back."""
        self.snapshot = self.take_copy()

    def restore(self) -> None:
        assert self.snapshot is not None
        self.bring_back(self.snapshot)

    def take_copy(self) -> Copy:
        """The world as it is now, also in the middle of a killed run."""
        self._copies += 1
        home = self.folder / f"home {self._copies}"
        shutil.copytree(self.home, home)
        return Copy(home, self.a.files(), self.b.files())

    def bring_back(self, copy: Copy) -> None:
        shutil.rmtree(self.home)
        shutil.copytree(copy.home, self.home)
        self.a.overwrite(copy.a)
        self.b.overwrite(copy.b)


AGREED = {
    "c1": ("name 1", "phone 1"),
    "c2": ("edited in A", "phone 2"),
    "c3": ("edited in B", "phone 3"),
    "c4": ("conflict 4 A", "phone 4"),
    "c5": ("name 5", "conflict 5 B"),
    "c8": ("edited against a delete in A", "phone 8"),
    "c9": ("edited against a delete in B", "phone 9"),
    "c11": ("the same", "phone 11"),
    "n1": ("new in A", "21"),
    "n2": ("new in B", "22"),
    "n3": ("new in both", "23"),
    "n4": ("first contact B", "24"),
}
"""What both systems hold once the edits are synchronized, however often the program died on the way: email → values."""

LOSERS = ("conflict 4 B", "conflict 5 A", "first contact A")
"""Values that a person wrote and that are in neither system any more."""


def _record(n: int) -> dict[str, str]:
    return {
        "id": str(n),
        "email": f"c{n}",
        "name": f"name {n}",
        "phone": f"phone {n}",
        "note": f"note {n}",
        "updated_at": OLD,
    }


def values_of(store: Store) -> dict[str, Pair]:
    """Email → mapped values. Each identity is there once."""
    rows = store.records()
    emails = [row["email"] for row in rows]
    assert len(set(emails)) == len(emails), f"an identity is there twice: {sorted(emails)}"
    assert len({row["id"] for row in rows}) == len(rows), "an id is there twice"
    return {row["email"]: (row["name"], row["phone"]) for row in rows}


def sqlite_to_csv(folder: Path) -> World:
    return World(folder, SqliteStore(folder / "crm.sqlite"), CsvStore(folder / "shop"))


def csv_to_sqlite(folder: Path) -> World:
    return World(folder, CsvStore(folder / "crm"), SqliteStore(folder / "shop.sqlite"))


def sqlite_to_sqlite(folder: Path) -> World:
    return World(folder, SqliteStore(folder / "crm.sqlite"), SqliteStore(folder / "shop.sqlite"))


FLOWS = {"sqlite-to-csv": sqlite_to_csv, "csv-to-sqlite": csv_to_sqlite, "sqlite-to-sqlite": sqlite_to_sqlite}
