"""The expression language of field mappings and filters (SPEC §3, §5, §13).

A text is read (`reading`), translated by an allow list (`translation`) and confirmed by DuckDB (`binding`). What
comes out is SQL over one record's columns that cannot reach files, the network, other tables or the process, gives
the same result for the same record every time, and marks the records that it cannot be computed for.
`documentation()` is the reference for users.
"""

from __future__ import annotations

from collections.abc import Mapping

from desktop_sync.core.errors import NOWHERE, Place
from desktop_sync.core.structure import FieldType
from desktop_sync.engine.expression.binding import SESSION_SETTINGS, UNSAFE_OPTIMIZERS, bind, describe, session
from desktop_sync.engine.expression.compiled import Compiled
from desktop_sync.engine.expression.documentation import documentation
from desktop_sync.engine.expression.functions import FUNCTIONS, Function
from desktop_sync.engine.expression.reading import read
from desktop_sync.engine.expression.samples import Sample, evaluate_samples
from desktop_sync.engine.expression.source import Source
from desktop_sync.engine.expression.translation import translate

__all__ = [
    "FUNCTIONS",
    "SESSION_SETTINGS",
    "UNSAFE_OPTIMIZERS",
    "Compiled",
    "Function",
    "Sample",
    "check_columns",
    "compile_condition",
    "compile_scalar",
    "documentation",
    "evaluate_samples",
]


def compile_scalar(text: str, fields: Mapping[str, FieldType], *, place: Place = NOWHERE, path: str = "") -> Compiled:
    """The expression, checked and ready for batches. `fields` are the record's fields by their exact names.

    Raises ExpressionError, with `place` and `path`, for everything that is not a valid expression over these fields.
    A few milliseconds; touches no file. Any thread; may be repeated.
    """
    source = Source(text, place, path)
    translation = translate(source, read(source), fields)
    return Compiled(source, translation.parts, translation.fields, bind(source, translation, fields))


def compile_condition(
    text: str, fields: Mapping[str, FieldType], *, place: Place = NOWHERE, path: str = ""
) -> Compiled:
    """The same for a filter: its type is BOOLEAN. A record fulfils it when the value is true, not when it is null.

    Raises ExpressionError also when the expression gives anything else than true or false.
    """
    compiled = compile_scalar(text, fields, place=place, path=path)
    if compiled.type is not FieldType.BOOLEAN:
        given = "always null" if compiled.type is None else f"a value of type {compiled.type.value}"
        raise compiled.source.error(f"a condition must be true or false, but this is {given}")
    return compiled


def check_columns(compiled: Compiled, column_types: Mapping[str, str]) -> str:
    """The DuckDB type of the values over columns of the given DuckDB types, by exact field name.

    `compile_scalar` knows no widths and scales of decimals; with the real ones a product may need more than 38
    digits. Raises ExpressionError then, before any record is read. May be repeated.
    """
    cursor = session()
    try:
        types = {name: column_types[name] for name in compiled.fields}
        return describe(cursor, compiled.source, compiled.parts, types)
    finally:
        cursor.close()
