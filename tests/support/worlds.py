"""A world to synchronize in: a SQLite database as A, a SQLite database or CSV files as B, and a real ledger.

What a test says by keyword becomes tables, a configuration and records; then it edits records as a user would, runs,
and looks at both sides and at the ledger.
"""

from __future__ import annotations

import csv
import hashlib
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from desktop_sync.bootstrap import build_application
from desktop_sync.core.configuration import (
    Endpoint,
    Entity,
    FieldMapping,
    GuardLimits,
    PerSide,
    Side,
    SyncConfiguration,
)
from desktop_sync.core.decision import Action
from desktop_sync.core.ledger_values import RecordQuery
from desktop_sync.core.ports import Clock, Secrets
from desktop_sync.core.run import RunResult
from desktop_sync.core.status import Event, Status
from desktop_sync.core.sync_record import SyncRecord
from desktop_sync.providers.registry import Registry
from desktop_sync.services.application import Application

NAME = "Sync"
Record = dict[str, str | int | float | None]


class TableSide:
    """Records of a SQLite database, edited as another program would."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def create(self, structure: str, columns: str) -> None:
        self.execute(f"CREATE TABLE {structure} ({columns})")

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.file)) as connection, connection:
            return connection.execute(sql, parameters).fetchall()

    def put(self, structure: str, record: Mapping[str, object]) -> None:
        marks = ", ".join("?" for _ in record)
        self.execute(f"INSERT INTO {structure} ({', '.join(record)}) VALUES ({marks})", list(record.values()))

    def edit(self, structure: str, key: str, key_value: object, changes: Mapping[str, object]) -> None:
        sets = ", ".join(f"{name} = ?" for name in changes)
        self.execute(f"UPDATE {structure} SET {sets} WHERE {key} = ?", [*changes.values(), key_value])

    def delete(self, structure: str, key: str, key_value: object) -> None:
        self.execute(f"DELETE FROM {structure} WHERE {key} = ?", [key_value])

    def rows(self, structure: str) -> list[Record]:
        with closing(sqlite3.connect(self.file)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(f"SELECT * FROM {structure} ORDER BY 1")]

    def fingerprint(self) -> str:
        return hashlib.sha256(self.file.read_bytes()).hexdigest()


class FolderSide:
    """Records of CSV files, edited as another program would. An empty cell is None."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def create(self, structure: str, columns: str) -> None:
        self._write(structure, columns.split(", "), [])

    def put(self, structure: str, record: Mapping[str, object]) -> None:
        names, rows = self._read(structure)
        self._write(structure, names, [*rows, {name: _cell(record.get(name)) for name in names}])

    def edit(self, structure: str, key: str, key_value: object, changes: Mapping[str, object]) -> None:
        names, rows = self._read(structure)
        for row in rows:
            if row[key] == str(key_value):
                row.update({name: _cell(value) for name, value in changes.items()})
        self._write(structure, names, rows)

    def delete(self, structure: str, key: str, key_value: object) -> None:
        names, rows = self._read(structure)
        self._write(structure, names, [row for row in rows if row[key] != str(key_value)])

    def rows(self, structure: str) -> list[Record]:
        return [{name: cell or None for name, cell in row.items()} for row in self._read(structure)[1]]

    def fingerprint(self) -> str:
        digest = hashlib.sha256()
        for path in sorted(self.folder.iterdir()):
            digest.update(path.name.encode() + path.read_bytes())
        return digest.hexdigest()

    def _read(self, structure: str) -> tuple[list[str], list[dict[str, str]]]:
        with open(self.folder / f"{structure}.csv", newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
            return list(reader.fieldnames or ()), rows

    def _write(self, structure: str, names: Sequence[str], rows: Sequence[Mapping[str, str]]) -> None:
        with open(self.folder / f"{structure}.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(rows)


def _cell(value: object) -> str:
    return "" if value is None else str(value)


EMAIL = FieldMapping("Email", "email", identifying=True)
CITY = FieldMapping("City", "city")
PERSON = "Id INTEGER PRIMARY KEY, Email TEXT, City TEXT, Note TEXT, Changed TEXT, Gone TEXT"
PEOPLE = "id, email, city, remark, changed, gone"
NO_GUARDS = GuardLimits(None, None, False, None, None, None, False, False, False, False, False)


def person_entity(*fields: FieldMapping, **rules: object) -> Entity:
    """Persons of A and people of B, by e-mail address; ids are each side's own."""
    return replace(
        Entity("people", PerSide("Person", "people"), fields or (EMAIL, CITY), key=PerSide(("Id",), ("id",))),
        **rules,  # type: ignore[arg-type]
    )


@dataclass
class World:
    """`structure_of` and `key_of` speak of the first entity; `entity=` names another one."""

    folder: Path
    a: TableSide
    b: TableSide | FolderSide
    configuration: SyncConfiguration
    app: Application

    def side(self, side: str) -> TableSide | FolderSide:
        return self.a if side == "a" else self.b

    def _place(self, side: str, entity: str) -> tuple[str, str]:
        found = self.configuration.entity(entity) if entity else self.configuration.entities[0]
        assert found is not None
        which = Side(side)
        return found.structures.of(which), found.key.of(which)[0]

    def put(self, side: str, *, entity: str = "", **record: object) -> None:
        self.side(side).put(self._place(side, entity)[0], record)

    def edit(self, side: str, key: object, *, entity: str = "", **changes: object) -> None:
        structure, key_field = self._place(side, entity)
        self.side(side).edit(structure, key_field, key, changes)

    def delete(self, side: str, key: object, *, entity: str = "") -> None:
        structure, key_field = self._place(side, entity)
        self.side(side).delete(structure, key_field, key)

    def rows(self, side: str, *fields: str, entity: str = "") -> list[tuple[object, ...]]:
        """Sorted tuples of the fields, all of them where none is named."""
        rows = self.side(side).rows(self._place(side, entity)[0])
        chosen = [tuple(row[name] for name in fields or row) for row in rows]
        return sorted(chosen, key=lambda row: tuple((value is not None, str(value)) for value in row))

    def record(self, side: str, key: object, *, entity: str = "") -> Record | None:
        structure, key_field = self._place(side, entity)
        found = [row for row in self.side(side).rows(structure) if str(row[key_field]) == str(key)]
        assert len(found) <= 1
        return found[0] if found else None

    def save(self, *entities: Entity, **changes: object) -> None:
        """The configuration has these entities (or those it had) and changes, as a new version."""
        changed = replace(self.configuration, **({"entities": entities} if entities else {}), **changes)  # type: ignore[arg-type]
        self.configuration = self.app.configurations.save(changed)

    def run(self, **options: object) -> RunResult:
        return self.app.synchronization.run(NAME, **options)  # type: ignore[arg-type]

    def actions(self, result: RunResult, entity: int = 0) -> dict[Action, int]:
        return dict(result.entities[entity].actions)

    def records(self, entity: str = "") -> list[SyncRecord]:
        return self.app.records.records(RecordQuery(NAME, entity or self.configuration.entities[0].name, limit=1000))

    def of(self, a_id: object = None, b_id: object = None, entity: str = "") -> SyncRecord:
        """The only sync record with that id of A, or of B."""
        wanted = (None if a_id is None else str(a_id), None if b_id is None else str(b_id))
        found = [
            one
            for one in self.records(entity)
            if (wanted[0] is None or one.a_id == wanted[0]) and (wanted[1] is None or one.b_id == wanted[1])
        ]
        assert len(found) == 1, found
        return found[0]

    def statuses(self, entity: str = "") -> list[Status]:
        return [one.status for one in self.records(entity)]

    def set_status(self, event: Event, a_id: object = None, b_id: object = None) -> int:
        return self.app.records.set_status([self.of(a_id, b_id).id], event)

    def ledger_rows(self, table: str = "sync_record") -> list[tuple[object, ...]]:
        """A table of the ledger as it stands, read as another program would."""
        with closing(sqlite3.connect(self.app.home / "ledger.sqlite")) as connection:
            return connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()

    def ledger_dump(self) -> list[str]:
        with closing(sqlite3.connect(self.app.home / "ledger.sqlite")) as connection:
            return list(connection.iterdump())

    def fingerprints(self) -> tuple[str, str]:
        return self.a.fingerprint(), self.b.fingerprint()

    def assert_quiet(self, **options: object) -> RunResult:
        """One more run writes nothing to an endpoint and changes no sync record."""
        before = self.fingerprints(), self.ledger_rows()
        result = self.run(**options)
        assert (self.fingerprints(), self.ledger_rows()) == before, result
        return result


WorldMaker = Callable[..., World]


def make_world(
    folder: Path,
    *entities: Entity,
    a: Mapping[str, str] | None = None,
    b: Mapping[str, str] | None = None,
    b_is_table: bool = False,
    steps: Callable[[str], None] | None = None,
    clock: Clock | None = None,
    guards: GuardLimits = NO_GUARDS,
    fields: Sequence[FieldMapping] = (),
    registry: Registry | None = None,
    secrets: Secrets | None = None,
    **rules: object,
) -> World:
    """A world with these entities, or one of persons with the `rules`. `a` and `b`: structure name to columns.
    `registry`: the providers, where not all are the real ones. `secrets`: where the password of A's endpoint is kept,
    whose provider then has one."""
    folder.mkdir(parents=True, exist_ok=True)
    table = TableSide(folder / "a.sqlite")
    other: TableSide | FolderSide = TableSide(folder / "b.sqlite") if b_is_table else FolderSide(folder / "b")
    for name, columns in (a or {"Person": PERSON}).items():
        table.create(name, columns)
    for name, columns in (b or {"people": PEOPLE}).items():
        other.create(name, columns)
    app = build_application(folder / "home", steps=steps or (lambda name: None), clock=clock)
    if registry is not None:
        app._registry = registry
    if secrets is not None:
        app.secrets = secrets  # type: ignore[misc]
    typed = {} if secrets is None else {"password": "open sesame"}
    app.endpoints.save(Endpoint("CRM", "sql", {"file": str(folder / "a.sqlite")}), typed)
    if b_is_table:
        app.endpoints.save(Endpoint("Shop", "sql", {"file": str(folder / "b.sqlite")}))
    else:
        app.endpoints.save(Endpoint("Shop", "csv", {"folder": str(folder / "b")}))
    configuration = SyncConfiguration(
        NAME, "CRM", "Shop", entities or (person_entity(*fields, **rules),), guards=guards
    )
    return World(folder, table, other, app.configurations.save(configuration), app)
