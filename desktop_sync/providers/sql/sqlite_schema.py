"""Tables, views and columns of a SQLite database as structures, and structures as tables."""

from __future__ import annotations

import enum
import re
import sqlite3
from dataclasses import dataclass

from desktop_sync.core.errors import ConfigurationError, MissingError, Place
from desktop_sync.core.provider_port import StructureSummary
from desktop_sync.core.structure import Field, FieldType, Structure
from desktop_sync.providers.sql.sqlite_connection import quoted


class Affinity(enum.Enum):
    """What SQLite makes of values in a column (https://www.sqlite.org/datatype3.html, section 3.1)."""

    INTEGER = "INTEGER"
    TEXT = "TEXT"
    BLOB = "BLOB"
    REAL = "REAL"
    NUMERIC = "NUMERIC"


@dataclass(frozen=True, slots=True)
class Column:
    """A column with what the database does with its values. `is_computed`: cannot be written. `is_key`: of the key."""

    field: Field
    affinity: Affinity
    is_computed: bool = False
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view as it is now. `unique_keys`: sets of columns that no two rows share."""

    name: str
    columns: dict[str, Column]
    key: tuple[str, ...]
    is_view: bool
    has_triggers: bool
    rowid_column: str | None
    unique_keys: tuple[frozenset[str], ...]

    @property
    def structure(self) -> Structure:
        fields = tuple(column.field for column in self.columns.values())
        return Structure(self.name, fields, self.key, can_write=not self.is_view)


# The words of a declared type, tried in this order, and the field type they mean.
_TYPE_WORDS: tuple[tuple[str, FieldType], ...] = (
    (r"BOOL", FieldType.BOOLEAN),
    (r"TIMESTAMPTZ|WITH TIME ZONE|DATETIMEOFFSET", FieldType.INSTANT),
    (r"DATETIME|TIMESTAMP", FieldType.TIMESTAMP),
    (r"DATE", FieldType.DATE),
    (r"TIME", FieldType.TIME),
    (r"CHAR|CLOB|TEXT|STRING|JSON|UUID|ENUM", FieldType.TEXT),
    (r"INT|SERIAL", FieldType.INTEGER),
    (r"BLOB|BINARY|BYTEA", FieldType.BINARY),
    (r"REAL|FLOA|DOUB", FieldType.FLOAT),
    (r"DEC|NUM|MONEY", FieldType.DECIMAL),
)


def affinity_of(declared: str) -> Affinity:
    """SQLite's own rules, in its order."""
    upper = declared.upper()
    if "INT" in upper:
        return Affinity.INTEGER
    if any(word in upper for word in ("CHAR", "CLOB", "TEXT")):
        return Affinity.TEXT
    if "BLOB" in upper or not upper.strip() or upper == "ANY":
        return Affinity.BLOB
    if any(word in upper for word in ("REAL", "FLOA", "DOUB")):
        return Affinity.REAL
    return Affinity.NUMERIC


def field_type_of(declared: str) -> tuple[FieldType, int | None, int | None, bool]:
    """Type, length, scale and whether the declaration says a type at all."""
    upper = declared.upper()
    numbers = [int(number) for number in re.findall(r"\d+", upper.partition("(")[2])]
    for words, kind in _TYPE_WORDS:
        if re.search(words, upper):
            length = numbers[0] if kind is FieldType.TEXT and numbers else None
            scale = None
            if kind is FieldType.DECIMAL and numbers:
                scale = numbers[1] if len(numbers) > 1 else 0
            return kind, length, scale, True
    return FieldType.TEXT, None, None, False


def list_structures(connection: sqlite3.Connection, count_limit_bytes: int = 256 * 2**20) -> list[StructureSummary]:
    """Tables and views, sorted by name; records are counted in small databases only."""
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    size = connection.execute("PRAGMA page_size").fetchone()[0]
    rows = connection.execute(
        "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') "
        "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> 'desktop_sync_lease'"
    ).fetchall()
    found = []
    for raw_name, raw_type in sorted(rows):
        name, is_view = raw_name.decode(), raw_type == b"view"
        count = None
        if not is_view and pages * size <= count_limit_bytes:
            count = connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()[0]
        found.append(StructureSummary(name, count, can_write=not is_view))
    return found


def describe_table(connection: sqlite3.Connection, name: str, place: Place) -> Table:
    """The table or view of exactly that name. Raises MissingError."""
    kinds = connection.execute(
        "SELECT type FROM sqlite_master WHERE name = ? AND type IN ('table', 'view')", (name,)
    ).fetchall()
    if not kinds:
        raise MissingError("there is no such table or view in the database", place)
    is_view = kinds[0][0] == b"view"
    infos = connection.execute("SELECT * FROM pragma_table_xinfo(?)", (name,)).fetchall()
    key_order = sorted((info[5], info[1].decode()) for info in infos if info[5])
    key = tuple(column for _, column in key_order)
    indexes = _unique_indexes(connection, name)
    has_key_index = any(origin == "pk" for _, origin in indexes)
    unique_keys = [frozenset(columns) for columns, _ in indexes]
    if key:
        unique_keys.append(frozenset(key))
    rowid_column = None
    columns = {}
    for _, raw_name, raw_type, not_null, default, key_position, hidden in infos:
        if hidden == 1:
            continue
        column, declared = raw_name.decode(), raw_type.decode()
        is_rowid = key == (column,) and declared.upper() == "INTEGER" and not has_key_index
        if is_rowid:
            rowid_column = column
        kind, length, scale, is_typed = field_type_of(declared)
        is_computed = hidden in (2, 3)
        is_generated = is_rowid or is_computed or default is not None
        is_required = bool(not_null or (key_position and has_key_index)) and not is_generated
        field = Field(
            column,
            kind,
            nullable=not (not_null or key_position),
            length=length,
            scale=scale,
            is_typed=is_typed,
            is_unique=frozenset((column,)) in unique_keys,
            is_generated=is_generated,
            is_computed=is_computed,
            is_required=is_required,
        )
        columns[column] = Column(field, affinity_of(declared), is_computed, bool(key_position))
    triggers = connection.execute(
        "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(?)", (name,)
    ).fetchone()[0]
    return Table(name, columns, key, is_view, bool(triggers), rowid_column, tuple(unique_keys))


def _unique_indexes(connection: sqlite3.Connection, name: str) -> list[tuple[tuple[str, ...], str]]:
    """Columns and origin of the unique indexes that hold for all rows and for plain columns."""
    found = []
    listed = connection.execute('SELECT name, origin, partial, "unique" FROM pragma_index_list(?)', (name,)).fetchall()
    for index, origin, partial, unique in listed:
        if partial or not unique:
            continue
        columns = [row[0] for row in connection.execute("SELECT name FROM pragma_index_info(?)", (index.decode(),))]
        if None not in columns:
            found.append((tuple(column.decode() for column in columns), origin.decode()))
    return found


_DECLARATIONS = {
    FieldType.INTEGER: "INTEGER",
    FieldType.FLOAT: "REAL",
    FieldType.BOOLEAN: "BOOLEAN",
    FieldType.DATE: "DATE",
    FieldType.TIME: "TIME",
    FieldType.TIMESTAMP: "TIMESTAMP",
    FieldType.INSTANT: "TIMESTAMP WITH TIME ZONE",
    FieldType.BINARY: "BLOB",
}


def create_table_sql(structure: Structure, place: Place) -> str:
    """The statement that makes an empty table. Raises ConfigurationError for a structure that cannot be one."""
    if not structure.fields:
        raise ConfigurationError("a table needs at least one field", place)
    missing = [name for name in structure.key if structure.field(name) is None]
    if missing:
        raise ConfigurationError(f"the key field “{missing[0]}” is not among the fields", place)
    parts = [_column_sql(field, structure) for field in structure.fields]
    if structure.key and not _is_rowid_key(structure):
        parts.append(f"PRIMARY KEY ({', '.join(quoted(name) for name in structure.key)})")
    return f"CREATE TABLE {quoted(structure.name)} ({', '.join(parts)})"


def _is_rowid_key(structure: Structure) -> bool:
    field = structure.field(structure.key[0]) if len(structure.key) == 1 else None
    return field is not None and field.type is FieldType.INTEGER


def _column_sql(field: Field, structure: Structure) -> str:
    if not field.is_typed:
        declared = ""
    elif field.type is FieldType.TEXT:
        declared = f"VARCHAR({field.length})" if field.length else "TEXT"
    elif field.type is FieldType.DECIMAL:
        declared = "NUMERIC" if field.scale is None else f"DECIMAL(38, {field.scale})"
    else:
        declared = _DECLARATIONS[field.type]
    text = f"{quoted(field.name)} {declared}".rstrip()
    if structure.key == (field.name,) and _is_rowid_key(structure):
        return text + " PRIMARY KEY"
    if field.name in structure.key or not field.nullable:
        text += " NOT NULL"
    if field.is_unique and structure.key != (field.name,):
        text += " UNIQUE"
    return text
