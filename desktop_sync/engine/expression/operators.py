"""Rules for literals, fields, operators and CASE."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sqlglot import exp

from desktop_sync.core.structure import FieldType
from desktop_sync.engine.expression import limits
from desktop_sync.engine.expression.compiled import FieldUse
from desktop_sync.engine.expression.constants import check_text, like_expression
from desktop_sync.engine.expression.fields import resolve_field
from desktop_sync.engine.expression.functions import Constant
from desktop_sync.engine.expression.literals import integer_value, number_sql, quoted, text_sql
from desktop_sync.engine.expression.writer import Piece, Rule, Writer, described, position_of

# Literals and fields


def _literal(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    text = node.this
    if node.args.get("is_string"):
        return Piece((text_sql(writer.source, text),), len(text))
    return Piece((number_sql(writer.source, text, position_of(node)),))


def _wide(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    """The node; an integer literal as 64 bits, so that arithmetic on literals does not overflow at 32."""
    piece = writer.node(node, depth)
    number = integer_value(node)
    return piece if number is None or abs(number) >= 2**63 else writer.join("CAST(", piece, " AS BIGINT)")


def _boolean(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    return Piece(("TRUE" if node.this is True else "FALSE",))


def _null(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    return Piece(("NULL",))


def _column(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    identifier = node.this
    if node.args.get("table") is not None:
        raise writer.source.error("a field whose name has a dot must stand in double quotes", position_of(node))
    if not isinstance(identifier, exp.Identifier) or not isinstance(identifier.this, str):
        raise writer.source.error(f"{described(identifier)} is not allowed in an expression", position_of(node))
    name = resolve_field(writer.source, writer.fields, identifier.this, position_of(node))
    writer.used.add(name)
    long = writer.fields[name] in (FieldType.TEXT, FieldType.BINARY)
    return Piece((FieldUse(name),), limits.NOMINAL_FIELD_CHARACTERS if long else limits.NOMINAL_VALUE_CHARACTERS)


# Operators

_OPERATORS: Mapping[type[exp.Expr], str] = MappingProxyType(
    {
        exp.And: "AND",
        exp.Or: "OR",
        exp.EQ: "=",
        exp.NEQ: "<>",
        exp.LT: "<",
        exp.LTE: "<=",
        exp.GT: ">",
        exp.GTE: ">=",
        exp.NullSafeEQ: "IS NOT DISTINCT FROM",
        exp.NullSafeNEQ: "IS DISTINCT FROM",
        exp.Add: "+",
        exp.Sub: "-",
        exp.Mul: "*",
        exp.Div: "/",
        exp.IntDiv: "//",
        exp.Mod: "%",
        exp.DPipe: "||",
    }
)
_CHAINS: tuple[frozenset[type[exp.Expr]], ...] = tuple(
    frozenset(kinds) for kinds in ((exp.And,), (exp.Or,), (exp.DPipe,), (exp.Mul,), (exp.Add, exp.Sub))
)
_COMPARISONS = frozenset({exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ})


def _binary(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    """A chain of equal operators (`a || b || c`) is one level deep, however long."""
    chain = next((kinds for kinds in _CHAINS if type(node) in kinds), frozenset())
    steps: list[exp.Expr] = [node]
    while type(steps[-1].this) in chain:
        steps.append(steps[-1].this)
    left = _wide(writer, steps[-1].this, depth + 1)
    pieces: list[str | Piece] = ["(", left]
    for step in reversed(steps):
        right = (_wide if type(step) in _COMPARISONS else _plain)(writer, step.expression, depth + 1)
        if isinstance(step, exp.IntDiv):
            writer.integers.extend((left.parts, right.parts))
        pieces += [f" {_OPERATORS[type(step)]} ", right]
    return writer.join(*pieces, ")")


def _plain(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    return writer.node(node, depth)


def _not(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    return writer.join("(NOT ", writer.node(node.this, depth + 1), ")")


def _negative(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    return writer.join("(- ", writer.node(node.this, depth + 1), ")")


def _paren(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    return writer.node(node.this, depth + 1)


def _is(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    if not isinstance(node.expression, exp.Null | exp.Boolean):
        raise writer.source.error("IS must be followed by NULL, TRUE, FALSE or DISTINCT FROM", position_of(node))
    return writer.join("(", writer.node(node.this, depth + 1), " IS ", writer.node(node.expression, depth + 1), ")")


def _between(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    value, low, high = (_wide(writer, node.args[name], depth + 1) for name in ("this", "low", "high"))
    return writer.join("(", value, " BETWEEN ", low, " AND ", high, ")")


def _in(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    choices = node.args.get("expressions")
    if not isinstance(choices, list) or not choices:
        raise writer.source.error("IN needs a list of values in brackets", position_of(node))
    pieces: list[str | Piece] = ["(", _wide(writer, node.this, depth + 1), " IN ("]
    for number, choice in enumerate(choices):
        pieces += [", " if number else "", _wide(writer, choice, depth + 1)]
    return writer.join(*pieces, "))")


def _like(writer: Writer, node: exp.Expr, depth: int, escape: str | None = None) -> Piece:
    pattern = node.expression
    if not isinstance(pattern, exp.Literal) or not pattern.is_string:
        raise writer.source.error("the pattern of LIKE must be a text in single quotes", position_of(node))
    check_text(writer.source, Constant.LIKE, pattern.this)
    value = writer.node(node.this, depth + 1)
    if isinstance(node, exp.Like) and escape is None and "_" not in pattern.this:
        call = writer.join("(", value, f" LIKE {quoted(pattern.this)})")
    else:
        options = "si" if isinstance(node, exp.ILike) else "s"
        expression = like_expression(writer.source, pattern.this, escape)
        call = writer.join("regexp_full_match(", value, f", {quoted(expression)}, '{options}')")
    return writer.join("(NOT ", call, ")", characters=0) if node.args.get("negate") else call


def _escape(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    like, escape = node.this, node.expression
    if not isinstance(like, exp.Like | exp.ILike) or set(like.args) - {"this", "expression", "negate"}:
        raise writer.source.error("ESCAPE belongs behind LIKE or ILIKE", position_of(node))
    if not isinstance(escape, exp.Literal) or not escape.is_string or len(escape.this) != 1:
        raise writer.source.error("ESCAPE must be followed by one character in single quotes", position_of(node))
    return _like(writer, like, depth + 1, escape.this)


def _case(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    pieces: list[str | Piece] = ["CASE"]
    longest = limits.NOMINAL_VALUE_CHARACTERS
    if node.this is not None:
        pieces += [" ", writer.node(node.this, depth + 1)]
    for branch in node.args.get("ifs") or []:
        if not isinstance(branch, exp.If) or set(branch.args) - {"this", "true"}:
            raise writer.source.error("CASE is not complete", position_of(node))
        value = writer.node(branch.args.get("true"), depth + 1)
        longest = max(longest, value.characters)
        pieces += [" WHEN ", writer.node(branch.this, depth + 1), " THEN ", value]
    default = node.args.get("default")
    if default is not None:
        value = writer.node(default, depth + 1)
        longest = max(longest, value.characters)
        pieces += [" ELSE ", value]
    return writer.join(*pieces, " END", characters=longest)


_PAIR = frozenset({"this", "expression"})

OPERATOR_RULES: Mapping[type[exp.Expr], Rule] = MappingProxyType(
    {
        **{kind: Rule(_PAIR | {"safe", "typed"}, _binary) for kind in _OPERATORS},
        exp.Literal: Rule(frozenset({"this", "is_string"}), _literal),
        exp.Boolean: Rule(frozenset({"this"}), _boolean),
        exp.Null: Rule(frozenset(), _null),
        exp.Column: Rule(frozenset({"this", "table", "db", "catalog"}), _column),
        exp.Paren: Rule(frozenset({"this"}), _paren),
        exp.Not: Rule(frozenset({"this"}), _not),
        exp.Neg: Rule(frozenset({"this"}), _negative),
        exp.Is: Rule(_PAIR, _is),
        exp.Between: Rule(frozenset({"this", "low", "high"}), _between),
        exp.In: Rule(frozenset({"this", "expressions"}), _in),
        exp.Like: Rule(_PAIR | {"negate"}, _like),
        exp.ILike: Rule(_PAIR | {"negate"}, _like),
        exp.Escape: Rule(_PAIR, _escape),
        exp.Case: Rule(frozenset({"this", "ifs", "default"}), _case),
    }
)
