"""Rules for function calls."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sqlglot import exp

from desktop_sync.engine.expression.constants import check_sql, check_text, option_letters
from desktop_sync.engine.expression.fields import close_match
from desktop_sync.engine.expression.functions import DATE_PARTS, FUNCTIONS, Argument, Constant, Function
from desktop_sync.engine.expression.literals import integer_value, quoted, text_sql
from desktop_sync.engine.expression.writer import Check, Piece, Rule, Writer, position_of

# Functions


def _call(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    name = node.this
    if not isinstance(name, str):
        raise writer.source.error("a function's name is not put in quotes", position_of(node))
    return _function(writer, name, node.expressions, depth, position_of(node))


def _function(writer: Writer, name: str, nodes: Sequence[exp.Expr], depth: int, position: int | None) -> Piece:
    function = FUNCTIONS.get(_FUNCTION_SYNONYMS.get(name.lower(), name.lower())) if name.isascii() else None
    if function is None:
        hint = close_match(name, FUNCTIONS)
        advice = f"; did you mean {hint}()?" if hint else ""
        raise writer.source.error(f"there is no function {name}(){advice}", position)
    least, most = function.arguments
    if not least <= len(nodes) <= most:
        raise writer.source.error(f"{function.name}() is written {function.signature}", position)
    pieces = [
        _constant(writer, function, index, argument, position)
        if index in function.constants
        else writer.node(argument, depth + 1)
        for index, argument in enumerate(nodes)
    ]
    known = [
        Argument(piece.characters, argument.this if _is_text(argument) else None, integer_value(argument))
        for piece, argument in zip(pieces, nodes, strict=True)
    ]
    growth = None if function.growth is None else function.growth(known)
    return writer.join(*_filled(function.template(len(nodes)), pieces), characters=growth)


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and bool(node.is_string)


def _filled(template: str, pieces: Sequence[Piece]) -> list[str | Piece]:
    filled: list[str | Piece] = []
    for spot in re.split(r"(\{(?:\d+|\*)\})", template):
        if spot == "{*}":
            for number, piece in enumerate(pieces):
                filled += [", " if number else "", piece]
        elif spot.startswith("{"):
            filled.append(pieces[int(spot[1:-1])])
        else:
            filled.append(spot)
    return filled


def _constant(writer: Writer, function: Function, index: int, node: exp.Expr, position: int | None) -> Piece:
    kind = function.constants[index]
    if kind in (Constant.DIGITS, Constant.GROUP):
        number = integer_value(node)
        if (
            number is None
            or not (0 if kind is Constant.GROUP or function.name == "format_number" else -15) <= number <= 15
        ):
            raise writer.source.error(f"{function.name}() needs its {kind.value} as a number up to 15", position)
        return Piece((str(number),))
    if not _is_text(node):
        raise writer.source.error(f"{function.name}() needs its {kind.value} as a text in single quotes", position)
    text = str(node.this)
    if kind is Constant.PART:
        part = DATE_PARTS.get(text.lower())
        if part is None:
            raise writer.source.error(f"{text!r} is not a part of a date", position)
        return Piece((quoted(part),))
    if kind is Constant.OPTIONS:
        return Piece((quoted(option_letters(writer.source, function.name, text)),))
    check_text(writer.source, kind, text)
    sql = check_sql(function.name, kind, text)
    if sql is not None:
        writer.checks.append(Check(sql, f"the {kind.value} {text!r} cannot be used"))
    return Piece((text_sql(writer.source, text),), len(text))


_FUNCTION_SYNONYMS: Mapping[str, str] = MappingProxyType({"ceiling": "ceil", "pow": "power", "datediff": "date_diff"})


def _extract(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    part = node.this
    if not isinstance(part, exp.Var | exp.Literal):
        raise writer.source.error("EXTRACT needs a part of a date", position_of(node))
    return _function(
        writer, "date_part", (exp.Literal.string(str(part.this)), node.expression), depth, position_of(node)
    )


def _substring(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    arguments = [node.this, node.args.get("start"), node.args.get("length")]
    given = [argument for argument in arguments if argument is not None]
    if arguments[1] is None:
        raise writer.source.error("substring() is written substring(text, start [, length])", position_of(node))
    return _function(writer, "substring", given, depth, position_of(node))


def _trim(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    side = str(node.args.get("position") or "BOTH").upper()
    name = {"BOTH": "trim", "LEADING": "ltrim", "TRAILING": "rtrim"}.get(side, "trim")
    given = [argument for argument in (node.this, node.args.get("expression")) if argument is not None]
    return _function(writer, name, given, depth, position_of(node))


def _string_position(writer: Writer, node: exp.Expr, depth: int) -> Piece:
    given = [argument for argument in (node.this, node.args.get("substr")) if argument is not None]
    return _function(writer, "strpos", given, depth, position_of(node))


CALL_RULES: Mapping[type[exp.Expr], Rule] = MappingProxyType(
    {
        exp.Anonymous: Rule(frozenset({"this", "expressions"}), _call),
        exp.Extract: Rule(frozenset({"this", "expression"}), _extract),
        exp.Substring: Rule(frozenset({"this", "start", "length"}), _substring),
        exp.Trim: Rule(frozenset({"this", "expression", "position"}), _trim),
        exp.StrPosition: Rule(frozenset({"this", "substr"}), _string_position),
    }
)
