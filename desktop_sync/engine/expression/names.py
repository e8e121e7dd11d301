"""The names of fields in an expression, before it is known which fields there are."""

from __future__ import annotations

from sqlglot import exp

from desktop_sync.engine.expression.reading import read
from desktop_sync.engine.expression.source import Source


def names_in(text: str) -> tuple[str, ...]:
    """The names as they are written, each once, in the order of the text. Raises ExpressionError."""
    tree = read(Source(text))
    return tuple(dict.fromkeys(column.name for column in tree.find_all(exp.Column, bfs=False)))
