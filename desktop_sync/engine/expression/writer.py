"""The pen of the translation: writes SQL node by node, by rules, and keeps the limits while it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlglot import exp

from desktop_sync.core.structure import FieldType
from desktop_sync.engine.expression import limits
from desktop_sync.engine.expression.compiled import Part
from desktop_sync.engine.expression.source import Source


@dataclass(frozen=True, slots=True)
class Check:
    """SQL without fields that must run before the expression is accepted, and what it means if it does not."""

    sql: str
    problem: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Translated SQL of one node, and the longest text (estimated) that it gives."""

    parts: tuple[Part, ...]
    characters: int = limits.NOMINAL_VALUE_CHARACTERS


class Writer:
    """Writes the SQL of one tree. Collects the fields it uses and what DuckDB must still confirm.

    `integers` are operands that must turn out to be of an integer type. Used once, by one thread.
    """

    def __init__(self, source: Source, fields: Mapping[str, FieldType], rules: Mapping[type[exp.Expr], Rule]) -> None:
        self.source = source
        self.fields = fields
        self.used: set[str] = set()
        self.checks: list[Check] = []
        self.integers: list[tuple[Part, ...]] = []
        self._rules = rules

    def node(self, node: object, depth: int) -> Piece:
        """The SQL of a node by its rule.

        Raises ExpressionError when it has no rule, or a detail that its rule does not know.
        """
        if not isinstance(node, exp.Expr):
            raise self.source.error("something is missing in it")
        if depth > limits.MAX_DEPTH:
            raise self.source.error(f"it is nested more than {limits.MAX_DEPTH} levels deep", position_of(node))
        rule = self._rules.get(type(node))
        if rule is None:
            raise self.source.error(f"{described(node)} is not allowed in an expression", position_of(node))
        for name, value in node.args.items():
            if name not in rule.details and value not in (None, False, []):
                raise self.source.error(f"{described(node)} is not allowed with {name!r}", position_of(node))
        return rule.write(self, node, depth)

    def join(self, *pieces: str | Piece, characters: int | None = None) -> Piece:
        """The pieces as one. `characters` is the longest text it gives; without it, that of all pieces together."""
        parts: list[Part] = []
        total = 0
        for piece in pieces:
            if isinstance(piece, str):
                parts.append(piece)
            else:
                parts.extend(piece.parts)
                total += piece.characters
        if sum(len(part) if isinstance(part, str) else 1 for part in parts) > limits.MAX_SQL_CHARACTERS:
            raise self.source.error("it is too long when its functions are written out")
        estimate = max(limits.NOMINAL_VALUE_CHARACTERS, total) if characters is None else characters
        if estimate > limits.MAX_RESULT_CHARACTERS:
            raise self.source.error(
                f"it could build texts of more than {limits.MAX_RESULT_CHARACTERS:,} characters; "
                "cut its parts with left()"
            )
        return Piece(tuple(parts), estimate)


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of node is written, and the details (argument names) it may have."""

    details: frozenset[str]
    write: Callable[[Writer, exp.Expr, int], Piece]


def position_of(node: object) -> int | None:
    """The offset where the first part of the node that has one begins."""
    if isinstance(node, exp.Expr):
        for inner in node.walk():
            start = inner.meta.get("start")
            if isinstance(start, int):
                return start
    return None


_DESCRIPTIONS: Mapping[type[exp.Expr], str] = MappingProxyType(
    {
        exp.Select: "a query",
        exp.Subquery: "a query",
        exp.Star: "*",
        exp.Alias: "a second name",
        exp.Window: "OVER",
        exp.Filter: "FILTER",
        exp.Bracket: "[ ]",
        exp.Dot: "a name with a dot",
        exp.Tuple: "a list outside IN",
        exp.Collate: "COLLATE",
        exp.Placeholder: "a parameter",
        exp.Concat: "a text directly after a text (join them with ||)",
    }
)


def described(node: object) -> str:
    """What a refused node is called in a sentence."""
    if not isinstance(node, exp.Expr):
        return "it"
    return _DESCRIPTIONS.get(type(node), type(node).__name__.upper())
