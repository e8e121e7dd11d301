"""A checked expression, ready to stand in a SELECT list over a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from desktop_sync.core.structure import FieldType
from desktop_sync.engine.expression.source import Source
from desktop_sync.engine.expression.types import SQL_TYPES

_FINITE_CHECKED = frozenset({FieldType.FLOAT, FieldType.DATE, FieldType.TIMESTAMP, FieldType.INSTANT})


@dataclass(frozen=True, slots=True)
class FieldUse:
    """The spot in the SQL text where the column of a field stands. `name` is the field's exact name."""

    name: str


Part = str | FieldUse


@dataclass(frozen=True, slots=True)
class Compiled:
    """An expression that passed every check, as DuckDB SQL text with open spots for the columns.

    `fields` are the exact names of the fields it reads. `type` is the type of its values, None when it is always
    null. `parts` joined give the SQL; nothing in them comes from the user's text other than quoted literals.
    The session that runs the SQL must have executed `SESSION_SETTINGS`.

    Per batch, compute `wrapped_sql` once as a column w, then `value_sql("w")` and `failed_sql("w")` from it:
    a record whose value cannot be computed (division by zero, a text that is no number, a date that does not
    exist) has a null value and is marked as failed, and the other records are not touched by it.
    What DuckDB's TRY does not hold back cannot be in an accepted expression, or was ruled out when it was compiled:
    volatile functions, unusable constant patterns, formats and zones. Lack of memory does end the query.
    """

    source: Source
    parts: tuple[Part, ...]
    fields: frozenset[str]
    type: FieldType | None

    @property
    def text(self) -> str:
        """The expression as the user wrote it."""
        return self.source.text

    @property
    def is_constant(self) -> bool:
        """True when the value is the same for every record."""
        return not self.fields

    def sql(self, column: Callable[[str], str]) -> str:
        """DuckDB SQL of the value; `column` gives the SQL of a field's column and is called with its exact name.

        The SQL has the canonical DuckDB type of `type` (decimals keep their own width and scale; always null is
        VARCHAR). It raises for a record that fails: `wrapped_sql` does not.
        """
        text = "".join(part if isinstance(part, str) else column(part.name) for part in self.parts)
        if self.type is FieldType.DECIMAL:
            return text
        return f"CAST({text} AS {SQL_TYPES[self.type or FieldType.TEXT]})"

    def wrapped_sql(self, column: Callable[[str], str]) -> str:
        """SQL of a one-element list that holds the value, or of null for a record that fails."""
        return f"TRY([{self.sql(column)}])"

    def value_sql(self, wrapped: str) -> str:
        """SQL of the value from a column made by `wrapped_sql`; null for a record that failed."""
        if self.type in _FINITE_CHECKED:
            return f"CASE WHEN isfinite({wrapped}[1]) THEN {wrapped}[1] END"
        return f"{wrapped}[1]"

    def failed_sql(self, wrapped: str) -> str:
        """SQL that is true for the records that failed and false for all others; never null.

        An infinite number or date and "not a number" count as failed: no system could store them.
        """
        if self.type in _FINITE_CHECKED:
            return f"({wrapped} IS NULL OR coalesce(NOT isfinite({wrapped}[1]), false))"
        return f"({wrapped} IS NULL)"
