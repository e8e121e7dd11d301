"""From a syntax tree to DuckDB SQL. What has no rule does not exist in the language.

Every kind of node has one rule that writes its SQL from scratch; text of the user gets into the SQL only as a quoted
literal, a checked number or a field's open spot. A node with a detail that its rule does not know is refused too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlglot import exp

from desktop_sync.core.structure import FieldType
from desktop_sync.engine.expression.calls import CALL_RULES
from desktop_sync.engine.expression.casts import CAST_RULES
from desktop_sync.engine.expression.compiled import Part
from desktop_sync.engine.expression.operators import OPERATOR_RULES
from desktop_sync.engine.expression.source import Source
from desktop_sync.engine.expression.writer import Check, Rule, Writer

RULES: Mapping[type[exp.Expr], Rule] = MappingProxyType({**OPERATOR_RULES, **CAST_RULES, **CALL_RULES})


@dataclass(frozen=True, slots=True)
class Translation:
    """DuckDB SQL in parts, the fields it reads, and what DuckDB itself must still confirm.

    `checks` are run as they are. `integers` are operands that must have an integer type.
    """

    parts: tuple[Part, ...]
    fields: frozenset[str]
    checks: tuple[Check, ...]
    integers: tuple[tuple[Part, ...], ...]


def translate(source: Source, tree: exp.Expr, fields: Mapping[str, FieldType]) -> Translation:
    """The DuckDB SQL of a tree that uses nothing but the language's own nodes and functions.

    Raises ExpressionError for anything else. No database is involved. Any thread; may be repeated.
    """
    writer = Writer(source, fields, RULES)
    try:
        piece = writer.node(tree, 0)
    except RecursionError:
        raise source.error("it is nested too deeply") from None
    return Translation(piece.parts, frozenset(writer.used), tuple(writer.checks), tuple(writer.integers))
