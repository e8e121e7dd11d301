"""Arguments that must be written out: patterns, formats, options. They are checked before any record is read."""

from __future__ import annotations

import re

from desktop_sync.engine.expression import limits
from desktop_sync.engine.expression.functions import Constant
from desktop_sync.engine.expression.literals import quoted, text_sql
from desktop_sync.engine.expression.source import Source

_LENGTHS = {
    Constant.PATTERN: limits.MAX_PATTERN_CHARACTERS,
    Constant.LIKE: limits.MAX_PATTERN_CHARACTERS,
    Constant.REPLACEMENT: limits.MAX_PATTERN_CHARACTERS,
    Constant.FORMAT: limits.MAX_FORMAT_CHARACTERS,
    Constant.TEXT: 10,
}
# \C matches one byte and would tear characters apart.
_ONE_BYTE = re.compile(r"(?<!\\)(?:\\\\)*\\C")


def check_text(source: Source, kind: Constant, text: str) -> None:
    """Nothing when the text is short enough for its use and can be put into SQL; ExpressionError otherwise."""
    if len(text) > _LENGTHS[kind]:
        raise source.error(f"a {kind.value} is longer than {_LENGTHS[kind]} characters")
    if kind is Constant.PATTERN and _ONE_BYTE.search(text):
        raise source.error(r"\C is not allowed in a pattern")
    text_sql(source, text)


def check_sql(function: str, kind: Constant, text: str) -> str | None:
    """A query that fails when DuckDB cannot use the text; None when there is nothing to ask."""
    if kind is Constant.PATTERN:
        return f"SELECT regexp_matches('', {quoted(text)})"
    if kind is Constant.FORMAT and function == "strftime":
        return f"SELECT strftime(DATE '2000-01-01', {quoted(text)})"
    if kind is Constant.FORMAT:
        return f"SELECT CAST(try_strptime('', {quoted(text)}) AS VARCHAR)"
    return None


def option_letters(source: Source, function: str, text: str) -> str:
    """The options of a pattern function: letters c, i, s, m, each once, and g where a text is replaced."""
    allowed = "cismg" if function == "regexp_replace" else "cism"
    if len(text) != len(set(text)) or not set(text) <= set(allowed):
        raise source.error(f"the options of {function}() are the letters {', '.join(allowed)}")
    return text


def like_expression(source: Source, pattern: str, escape: str | None) -> str:
    """The RE2 expression, to be used with option s, that fits the same whole texts as the LIKE pattern.

    RE2 takes time in proportion to the text; matching LIKE step by step can take far longer.
    """
    expression: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            following = next(characters, None)
            if following is None:
                raise source.error("the pattern of LIKE ends with its escape character")
            expression.append(re.escape(following))
        elif character == "%":
            if expression[-1:] != [".*"]:
                expression.append(".*")
        else:
            expression.append("." if character == "_" else re.escape(character))
    return "".join(expression)
