"""Workshops for the providers of this program: they fill endpoints and look at them without the provider."""

from __future__ import annotations

import csv
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from desktop_sync.core.provider_port import OpenContext, Provider
from desktop_sync.providers.registry import Registry
from tests.support.chaos_provider import ChaosProvider
from tests.support.chaos_system import ChaosSystem, Profile
from tests.support.memory_provider import SetClock


class ChaosWorkshop:
    """A system in memory, of one class of the capability ladder."""

    is_on_disk = False

    def __init__(self, profile: Profile) -> None:
        self.system = ChaosSystem("shelf", profile, SetClock())
        self.provider: Provider = ChaosProvider(self.system)

    def context(self) -> OpenContext:
        return OpenContext("Shelf", {"system": "shelf"})

    def make(self, structure: str, fields: Sequence[str], key: Sequence[str], records: Sequence[Sequence[str]]) -> None:
        self.system.make(structure, fields, key)
        for record in records:
            self.system.put(structure, **dict(zip(fields, record, strict=True)))

    def raw(self, structure: str) -> list[tuple[str | None, ...]]:
        return sorted(tuple(row.values()) for row in self.system.records(structure).values())

    def change(self, structure: str, key_field: str, key: str, field: str, value: str) -> None:
        (record_id,) = self.system.find_by(structure, key_field, key)
        self.system.edit(structure, record_id, **{field: value})

    def fingerprint(self) -> bytes:
        tables = self.system.tables.items()
        return repr([(name, table.structure, sorted(table.rows.items())) for name, table in sorted(tables)]).encode()

    def make_unusable(self) -> None:
        del self.provider.systems["shelf"]  # type: ignore[attr-defined]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class SqliteWorkshop:
    is_on_disk = True

    def __init__(self, folder: Path) -> None:
        self.provider: Provider = Registry().get("sql")
        self.path = folder / "data base #1.db"
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("PRAGMA user_version = 1")

    def context(self) -> OpenContext:
        return OpenContext("Shelf", {"url": f"sqlite:///{self.path.name}"}, str(self.path.parent))

    def make(self, structure: str, fields: Sequence[str], key: Sequence[str], records: Sequence[Sequence[str]]) -> None:
        columns = ", ".join(f"{quoted(field)} TEXT" for field in fields)
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(
                f"CREATE TABLE {quoted(structure)} ({columns}, PRIMARY KEY ({', '.join(map(quoted, key))}))"
            )
            marks = ", ".join("?" * len(fields))
            connection.executemany(f"INSERT INTO {quoted(structure)} VALUES ({marks})", records)

    def raw(self, structure: str) -> list[tuple[str | None, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return sorted(connection.execute(f"SELECT * FROM {quoted(structure)}").fetchall())

    def change(self, structure: str, key_field: str, key: str, field: str, value: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(
                f"UPDATE {quoted(structure)} SET {quoted(field)} = ? WHERE {quoted(key_field)} = ?", (value, key)
            )

    def fingerprint(self) -> bytes:
        return self.path.read_bytes()

    def make_unusable(self) -> None:
        self.path.unlink()


class CsvWorkshop:
    is_on_disk = True

    def __init__(self, folder: Path) -> None:
        self.provider: Provider = Registry().get("csv")
        self.folder = folder / "the folder"
        self.folder.mkdir()

    def context(self) -> OpenContext:
        return OpenContext("Shelf", {"folder": self.folder.name}, str(self.folder.parent))

    def path(self, structure: str) -> Path:
        return self.folder / f"{structure}.csv"

    def make(self, structure: str, fields: Sequence[str], key: Sequence[str], records: Sequence[Sequence[str]]) -> None:
        self._write(structure, [list(fields), *(list(record) for record in records)])

    def _write(self, structure: str, rows: Sequence[Sequence[str]]) -> None:
        with self.path(structure).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)

    def _rows(self, structure: str) -> list[list[str]]:
        with self.path(structure).open(newline="", encoding="utf-8") as file:
            return list(csv.reader(file))

    def raw(self, structure: str) -> list[tuple[str | None, ...]]:
        return sorted(tuple(row) for row in self._rows(structure)[1:])

    def change(self, structure: str, key_field: str, key: str, field: str, value: str) -> None:
        rows = self._rows(structure)
        key_position, position = rows[0].index(key_field), rows[0].index(field)
        for row in rows[1:]:
            if row[key_position] == key:
                row[position] = value
        self._write(structure, rows)

    def fingerprint(self) -> bytes:
        return b"".join(path.name.encode() + path.read_bytes() for path in sorted(self.folder.iterdir()))

    def make_unusable(self) -> None:
        shutil.rmtree(self.folder)
