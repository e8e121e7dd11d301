"""What DuckDB says about an expression: the type of its values, or why it cannot be computed.

A private in-memory connection without access to files, network, extensions or settings is asked.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cache

import duckdb

from desktop_sync.core.structure import FieldType
from desktop_sync.engine.expression.compiled import FieldUse, Part
from desktop_sync.engine.expression.problems import sentence, shortened
from desktop_sync.engine.expression.source import Source
from desktop_sync.engine.expression.translation import Translation
from desktop_sync.engine.expression.types import SQL_TYPES, field_type_of, word_for

# These optimizers move a part of an expression in front of the TRY around it (a part that occurs twice, the value
# before a long IN list, a conversion into the scan), where its failing ends the whole query.
UNSAFE_OPTIMIZERS = "common_subexpressions,in_clause,scalar_fn_pushdown,type_pushdown,projection_placement"

SESSION_SETTINGS = (
    # GLOBAL: a cursor begins with these, and not with what the connection that it was made of has set for itself.
    "SET GLOBAL TimeZone = 'UTC'",
    "SET GLOBAL ieee_floating_point_ops = false",
    "SET error_on_division_by_zero = true",
    f"SET disabled_optimizers = '{UNSAFE_OPTIMIZERS}'",
)
"""Statements that a DuckDB session must have executed before it runs a compiled expression."""

_LOCKED_DOWN = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": "256MB",
    "threads": "1",
}
_opening = threading.Lock()


@cache
def _database() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:", config=dict(_LOCKED_DOWN))
    for statement in (*SESSION_SETTINGS, "SET lock_configuration = true"):
        connection.execute(statement)
    return connection


def session() -> duckdb.DuckDBPyConnection:
    """A cursor of its own on the locked-down connection. The caller closes it. Any thread."""
    with _opening:
        return _database().cursor()


def bind(source: Source, translation: Translation, fields: Mapping[str, FieldType]) -> FieldType | None:
    """The type of the expression's values, None when they are always null.

    Raises ExpressionError when its parts do not fit together or a pattern, format or zone cannot be used.
    Opens no file and reads no record. A few milliseconds. Any thread; may be repeated.
    """
    types = {name: SQL_TYPES[fields[name]] for name in translation.fields}
    cursor = session()
    try:
        for check in translation.checks:
            try:
                cursor.execute(check.sql).fetchall()
            except duckdb.Error as error:
                raise source.error(f"{check.problem} ({shortened(error)})") from None
        for operand in translation.integers:
            if field_type_of(describe(cursor, source, operand, types)) not in (FieldType.INTEGER, None):
                raise source.error("// divides integers only; use trunc(x / y)")
        described = describe(cursor, source, translation.parts, types)
    finally:
        cursor.close()
    if described == '"NULL"':
        return None
    found = field_type_of(described)
    if found is None:
        raise source.error(f"it gives a {word_for(described)}, which no field can hold")
    return found


def describe(
    cursor: duckdb.DuckDBPyConnection, source: Source, parts: tuple[Part, ...], types: Mapping[str, str]
) -> str:
    """The DuckDB type of the SQL over columns of the given DuckDB types, by exact field name."""
    columns = {name: f"f{number}" for number, name in enumerate(sorted(types))}
    sql = "".join(columns[part.name] if isinstance(part, FieldUse) else part for part in parts)
    row = ", ".join(f"CAST(NULL AS {types[name]}) AS {column}" for name, column in columns.items()) or "1 AS nothing"
    try:
        found = cursor.execute(f"DESCRIBE SELECT {sql} AS v FROM (SELECT {row})").fetchone()
        # Running it finds the constants that are unusable even under TRY. Without fields, failing is for always.
        outcome = cursor.execute(f"SELECT w IS NULL FROM (SELECT TRY([{sql}]) AS w FROM (SELECT {row}))").fetchone()
        if not columns and outcome == (True,):
            cursor.execute(f"SELECT v IS NULL FROM (SELECT {sql} AS v)").fetchone()
    except duckdb.Error as error:
        raise source.error(sentence(error)) from None
    return str(found[1]) if found is not None else '"NULL"'
