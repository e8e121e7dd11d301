"""Values there and back (RELIABILITY E1–E5, E8–E10, E13): generated records travel from a first system through a second
into a third, which is declared like the first, through every pair of transformations, and must arrive as they were.

What does not arrive must have been refused by name, with the other records going on, or belong to a field whose mapping
the check calls lossy. A second run of both configurations writes nothing.
"""

from __future__ import annotations

import csv
import itertools
import json
import random
import re
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

from desktop_sync.bootstrap import build_application
from desktop_sync.core.configuration import (
    Endpoint,
    Entity,
    FieldMapping,
    GuardLimits,
    PerSide,
    SyncConfiguration,
    UnknownChoice,
)
from desktop_sync.core.ledger_values import RecordQuery
from desktop_sync.core.run import RunResult
from desktop_sync.services.application import Application
from tests.reliability.size import Size
from tests.support.generated_values import Column, Value, records
from tests.support.worlds import FolderSide, TableSide

SEED = 20_260_303
STRUCTURE = "wares"
NO_GUARDS = GuardLimits(None, None, False, None, None, None, False, False)
MAP = (("NEW", "n"), ("DONE", "d"))

NUMBER, EXACT = "CAST({x} AS INTEGER)", "CAST({x} AS DECIMAL(12,4))"

COLUMNS = (
    Column("text", "text", "TEXT", "TEXT"),
    Column('quo"ted', "text", "TEXT", "TEXT", steps=("trim",)),
    Column("select", "text", "TEXT", "TEXT", steps=("lower", "collapse-spaces")),
    Column("a.b; c", "text", "TEXT", "TEXT", steps=("no-accents", "nfkc")),
    Column("Größe 日", "text", "TEXT", "TEXT", steps=("empty-is-empty",)),
    Column("integer", "integer", "BIGINT", "BIGINT"),
    Column("integer as text", "integer", "BIGINT", "TEXT"),
    Column("integer as decimal", "integer", "BIGINT", "DECIMAL(38,0)"),
    Column("decimal", "decimal", "DECIMAL(12,4)", "DECIMAL(12,4)"),
    Column("decimal as text", "decimal", "DECIMAL(12,4)", "TEXT"),
    Column("decimal cut", "decimal", "DECIMAL(12,4)", "DECIMAL(12,1)"),
    Column("float", "float", "DOUBLE", "DOUBLE"),
    Column("float as text", "float", "DOUBLE", "TEXT"),
    Column("boolean", "boolean", "BOOLEAN", "BOOLEAN"),
    Column("boolean as text", "boolean", "BOOLEAN", "TEXT"),
    Column("date", "date", "DATE", "DATE"),
    Column("date as text", "date", "DATE", "TEXT"),
    Column("date as timestamp", "date", "DATE", "TIMESTAMP"),
    Column("time", "time", "TIME", "TIME"),
    Column("timestamp", "timestamp", "TIMESTAMP", "TIMESTAMP"),
    Column("timestamp as text", "timestamp", "TIMESTAMP", "TEXT"),
    Column("timestamp in UTC", "timestamp", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"),
    Column("binary", "binary", "BLOB", "BLOB"),
    Column("choice", "choice", "TEXT", "TEXT", value_map=MAP),
    Column("marked", "word", "TEXT", "TEXT", there="'#' || {x}", back="substr({x}, 2)"),
    Column("fourfold", "small", "INTEGER", "INTEGER", there=f"{NUMBER} * 4", back=f"{NUMBER} // 4"),
    Column("shifted", "small", "INTEGER", "INTEGER", there=f"{NUMBER} + 1000", back=f"{NUMBER} - 1000"),
    Column("negated", "decimal", "DECIMAL(12,4)", "DECIMAL(12,4)", there=f"-{EXACT}", back=f"-{EXACT}"),
    Column("replaced", "word", "TEXT", "TEXT", there="replace({x}, ' ', '_')", back="replace({x}, '_', ' ')"),
    Column("reversed", "word", "TEXT", "TEXT", there="reverse({x})", back="reverse({x})"),
)
TEXT_ONLY = ("binary",)
"""Kinds that a system of texts does not hold."""

PAIRS = (("SQLite", "SQLite"), ("SQLite", "CSV"), ("CSV", "CSV"))
Rows = dict[str, tuple[Value, ...]]


class System:
    """One of the three: a table or a file of wares with a code and the columns."""

    def __init__(self, kind: str, name: str, folder: Path) -> None:
        self.kind = kind
        self.name = name
        self.side: TableSide | FolderSide
        if kind == "SQLite":
            self.side = TableSide(folder / f"{name}.sqlite")
            self.endpoint = Endpoint(name, "sql", {"file": str(self.side.file)})
        else:
            self.side = FolderSide(folder / name)
            self.endpoint = Endpoint(name, "csv", {"folder": str(self.side.folder)})

    def make(self, columns: Sequence[Column], declared: Sequence[str], rows: Rows) -> None:
        if isinstance(self.side, TableSide):
            types = "".join(f", {_quoted(c.name)} {kind}" for c, kind in zip(columns, declared, strict=True))
            self.side.execute(f"CREATE TABLE {STRUCTURE} (code TEXT PRIMARY KEY NOT NULL{types})")
            marks = ", ".join("?" * (len(columns) + 1))
            for code, values in rows.items():
                self.side.execute(f"INSERT INTO {STRUCTURE} VALUES ({marks})", (code, *values))
            return
        with open(self.side.folder / f"{STRUCTURE}.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["code", *(column.name for column in columns)])
            # As this program writes them: a text that a spreadsheet would take for a formula has a quote before it.
            writer.writerows([code, *(_cell(value) for value in values)] for code, values in rows.items())

    def rows(self, columns: Sequence[Column]) -> Rows:
        if isinstance(self.side, TableSide):
            names = "".join(f", {_quoted(column.name)}" for column in columns)
            found = self.side.execute(f"SELECT code{names} FROM {STRUCTURE}")
            return {str(row[0]): row[1:] for row in found}  # type: ignore[misc]
        with open(self.side.folder / f"{STRUCTURE}.csv", newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            next(reader)
            return {row[0]: tuple(cell or None for cell in row[1:]) for row in reader}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _cell(value: Value) -> str:
    text = "" if value is None else str(value)
    is_number = re.fullmatch(r"-\d+(\.\d+)?(e[+-]?\d+)?", text)
    is_masked = text.startswith("'") and text.lstrip("'")[:1] in ("=", "+", "-", "@", "\t", "\r")
    return "'" + text if is_masked or (text[:1] in ("=", "+", "-", "@", "\t", "\r") and not is_number) else text


def _entity(columns: Sequence[Column], *, is_back: bool) -> Entity:
    fields = [FieldMapping("code", "code", identifying=True)]
    for column in columns:
        x = _quoted(column.name)
        there, back = column.there.format(x=x), column.back.format(x=x)
        pairs = tuple((b, a) for a, b in column.value_map) if is_back else column.value_map
        fields.append(
            FieldMapping(
                column.name,
                column.name,
                to_b=back if is_back else there,
                to_a=there if is_back else back,
                value_map=pairs,
                unknown_choice=UnknownChoice.KEEP,
                normal_form=column.steps,
            )
        )
    return Entity("wares", PerSide(STRUCTURE, STRUCTURE), tuple(fields), key=PerSide(("code",), ("code",)))


class RoundTrip:
    """One pair of connectors."""

    def __init__(self, first: str, second: str, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.columns = [c for c in COLUMNS if "CSV" not in (first, second) or c.kind not in TEXT_ONLY]
        self.systems = [
            System(first, "first", folder),
            System(second, "second", folder),
            System(first, "third", folder),
        ]
        self.app: Application = build_application(folder / "home")

    def travel(self, count: int, chance: random.Random) -> dict[str, float]:
        """The records go there and back; what became of their values."""
        generated = records(self.columns, count, chance)
        rows = {f"w{number:06}": values for number, values in enumerate(generated)}
        first, second, third = self.systems
        declared, beyond = [c.declared for c in self.columns], [c.beyond for c in self.columns]
        first.make(self.columns, declared, rows)
        second.make(self.columns, beyond, {})
        third.make(self.columns, declared, {})
        for system in self.systems:
            self.app.endpoints.save(system.endpoint)
        lossy = self._save("There", first, second, is_back=False) | self._save("Back", second, third, is_back=True)
        names = ("There", "Back")
        for name in names:
            self.app.synchronization.run(name)
        refused = self._refused(names)
        again = [self.app.synchronization.run(name) for name in names]
        return {**self._compare(lossy, refused), "writes_of_second_run": sum(map(_writes, again))}

    def _save(self, name: str, a: System, b: System, *, is_back: bool) -> set[str]:
        """The configuration is there; the names of the fields whose mapping the check calls lossy."""
        entity = _entity(self.columns, is_back=is_back)
        found = self.app.configurations.save(SyncConfiguration(name, a.name, b.name, (entity,), guards=NO_GUARDS))
        findings = self.app.configurations.check_live(found)
        places = [finding.field_index for finding in findings if finding.path == "field.lossy"]
        return {entity.fields[place].a for place in places if place is not None}

    def _refused(self, names: Sequence[str]) -> dict[str, str]:
        """The sentence for each record that was refused, by code."""
        found: dict[str, str] = {}
        for name in names:
            for record in self.app.records.records(RecordQuery(name, "wares", limit=1_000_000)):
                if record.last_error:
                    found[record.a_id or ""] = record.last_error
        return found

    def _compare(self, lossy: set[str], refused: dict[str, str]) -> dict[str, float]:
        before, after = self.systems[0].rows(self.columns), self.systems[2].rows(self.columns)
        is_text = any(system.kind == "CSV" for system in self.systems)
        counts = dict.fromkeys(("values", "refused_records", "lossy_declared", "lossy_undeclared"), 0)
        for code, values in before.items():
            if code not in after:
                is_named = any(column.name in refused.get(code, "") for column in self.columns)
                counts["refused_records" if is_named else "lossy_undeclared"] += 1
                if not is_named:
                    _say(f"{code} is missing and nothing says why: {refused.get(code)}")
                continue
            for column, value, other in zip(self.columns, values, after[code], strict=True):
                counts["values"] += 2
                if is_same(column.kind, value, other, is_text):
                    continue
                counts["lossy_declared" if column.name in lossy else "lossy_undeclared"] += 1
                if column.name not in lossy:
                    _say(f"{column.name}: {json.dumps(str(value))} came as {json.dumps(str(other))}")
        return {name: float(number) for name, number in counts.items()}


def _writes(result: RunResult) -> int:
    return sum(
        count for entity in result.entities for action, count in entity.actions.items() if action.target is not None
    )


MEANING: dict[str, Callable[[str], object]] = {
    "integer": int,
    "small": int,
    "float": float,
    "decimal": Decimal,
    "boolean": lambda text: {"1": True, "0": False, "true": True, "false": False}[text],
    "date": lambda text: date.fromisoformat(text[:10]),
    "time": time.fromisoformat,
    "timestamp": datetime.fromisoformat,
}


def is_same(kind: str, value: Value, other: Value, is_text: bool) -> bool:
    """Whether the values mean the same; where a system of texts lies between, empty is no value."""
    if is_text:
        value, other = value or None if value == "" else value, other or None if other == "" else other
    if value is None or other is None or isinstance(value, bytes):
        return value == other
    if kind not in MEANING:
        return value == other
    try:
        return MEANING[kind](str(value)) == MEANING[kind](str(other))
    except (ValueError, KeyError, ArithmeticError):
        return False


_said = itertools.count()


def _say(text: str) -> None:
    if next(_said) < 60:
        print(text, file=sys.stderr)


def measure(size: Size, folder: Path) -> dict[str, float]:
    """Every pair of connectors, with so many records each."""
    count = size.of(60, 2000, 40_000)
    chance = random.Random(SEED)
    total: dict[str, float] = {"pairs": 0, "records_per_pair": count}
    for first, second in PAIRS:
        trip = RoundTrip(first, second, folder / f"{first} {second}")
        found = trip.travel(count, chance)
        trip.app.close()
        total["pairs"] += 1
        for name, number in found.items():
            total[name] = total.get(name, 0) + number
    return total
