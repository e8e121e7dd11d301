"""The types of the expression language and their DuckDB names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from desktop_sync.core.structure import FieldType

DEFAULT_DECIMAL = "DECIMAL(38,10)"
NOMINAL_DECIMAL = "DECIMAL(18,6)"

SQL_TYPES: Mapping[FieldType, str] = MappingProxyType(
    {
        FieldType.TEXT: "VARCHAR",
        FieldType.INTEGER: "BIGINT",
        FieldType.DECIMAL: NOMINAL_DECIMAL,
        FieldType.FLOAT: "DOUBLE",
        FieldType.BOOLEAN: "BOOLEAN",
        FieldType.DATE: "DATE",
        FieldType.TIME: "TIME",
        FieldType.TIMESTAMP: "TIMESTAMP",
        FieldType.INSTANT: "TIMESTAMPTZ",
        FieldType.BINARY: "BLOB",
    }
)

_FIELD_TYPES: Mapping[str, FieldType] = MappingProxyType(
    {
        "VARCHAR": FieldType.TEXT,
        "TINYINT": FieldType.INTEGER,
        "SMALLINT": FieldType.INTEGER,
        "INTEGER": FieldType.INTEGER,
        "BIGINT": FieldType.INTEGER,
        "HUGEINT": FieldType.INTEGER,
        "UTINYINT": FieldType.INTEGER,
        "USMALLINT": FieldType.INTEGER,
        "UINTEGER": FieldType.INTEGER,
        "UBIGINT": FieldType.INTEGER,
        "UHUGEINT": FieldType.INTEGER,
        "FLOAT": FieldType.FLOAT,
        "DOUBLE": FieldType.FLOAT,
        "BOOLEAN": FieldType.BOOLEAN,
        "DATE": FieldType.DATE,
        "TIME": FieldType.TIME,
        "TIMESTAMP": FieldType.TIMESTAMP,
        "TIMESTAMP_S": FieldType.TIMESTAMP,
        "TIMESTAMP_MS": FieldType.TIMESTAMP,
        "TIMESTAMP_NS": FieldType.TIMESTAMP,
        "TIMESTAMP WITH TIME ZONE": FieldType.INSTANT,
        "TIMESTAMPTZ": FieldType.INSTANT,
        "BLOB": FieldType.BINARY,
    }
)

_DECIMAL = re.compile(r"DECIMAL\(\d+, ?\d+\)")
_NUMBERED = re.compile(r"\(\d+, ?\d+\)")


def field_type_of(sql_type: str) -> FieldType | None:
    """The field type whose values a DuckDB column of that type holds; None for every other DuckDB type."""
    if _DECIMAL.fullmatch(sql_type):
        return FieldType.DECIMAL
    return _FIELD_TYPES.get(sql_type)


def word_for(sql_type: str) -> str:
    """The word for people for a DuckDB type as it appears in DuckDB's messages."""
    plain = _NUMBERED.sub("", sql_type).removesuffix("_LITERAL").replace("INT64", "BIGINT").replace("INT32", "INTEGER")
    if plain in ("STRING", "DECIMAL"):
        return "text" if plain == "STRING" else "decimal"
    if plain == "INTERVAL":
        return "time span"
    if plain in ('"NULL"', "NULL"):
        return "null"
    known = _FIELD_TYPES.get(plain)
    return known.value if known is not None else plain.lower()
