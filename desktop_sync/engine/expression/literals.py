"""Literals: how a number or a text of the user is written into SQL."""

from __future__ import annotations

import re

from sqlglot import exp

from desktop_sync.engine.expression import limits
from desktop_sync.engine.expression.source import Source

_NUMBER = re.compile(r"([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,4}))?")


def quoted(text: str) -> str:
    """The text as a SQL literal. The text holds no NUL character and no lone surrogate."""
    return "'" + text.replace("'", "''") + "'"


def text_sql(source: Source, text: str) -> str:
    """The text of a literal as a SQL literal. Raises ExpressionError for characters that text cannot hold."""
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text):
        raise source.error("it contains a character that text cannot hold")
    return quoted(text)


def number_sql(source: Source, text: str, position: int | None) -> str:
    """A number literal in plain SQL form. Raises ExpressionError when it is too long or no decimal number."""
    match = _NUMBER.fullmatch(text)
    if match is None or not (match[1] or match[2]):
        raise source.error(f"{text[:50]!r} is not a number", position)
    whole, decimals, exponent = match[1] or "0", match[2], match[3]
    if len(whole) + len(decimals or "") > limits.MAX_NUMBER_DIGITS:
        raise source.error(f"a number has more than {limits.MAX_NUMBER_DIGITS} digits", position)
    if exponent is not None and abs(int(exponent)) > limits.MAX_EXPONENT:
        raise source.error(f"an exponent is beyond {limits.MAX_EXPONENT}", position)
    number = whole if decimals is None else f"{whole}.{decimals or '0'}"
    return number if exponent is None else f"{number}e{exponent}"


def integer_value(node: object) -> int | None:
    """The value of an integer literal with or without a minus sign; None for every other node."""
    if isinstance(node, exp.Neg):
        value = integer_value(node.this) if isinstance(node.this, exp.Literal) else None
        return None if value is None else -value
    if not isinstance(node, exp.Literal) or node.is_string:
        return None
    text = str(node.this)
    return int(text) if re.fullmatch(r"[0-9]{1,38}", text) else None
