"""From the user's text to a syntax tree: character check, tokens, parse. Nothing here knows DuckDB.

The characters are checked before the parser sees them, so that comments, several statements, parameters,
prefixed strings and brackets never reach it, and nesting is bounded before anything recurses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.duckdb import DuckDBParser
from sqlglot.tokenizer_core import Token, TokenType

from desktop_sync.core.errors import ExpressionError
from desktop_sync.engine.expression import limits
from desktop_sync.engine.expression.source import Source

_PLAIN = frozenset(" \t\r\n+-*/%|<>=!,.:()")
_KEPT_FUNCTION_PARSERS = ("CAST", "TRY_CAST", "EXTRACT", "SUBSTRING", "TRIM", "POSITION")
_KEPT_RANGES = (TokenType.BETWEEN, TokenType.IN, TokenType.IS, TokenType.LIKE, TokenType.ILIKE)
_PREFIXES = frozenset({TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.INTERVAL})
_NO_VALUE = (TokenType.COMMA, TokenType.R_PAREN)
_DIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class ExpressionDialect(DuckDB):
    """DuckDB's grammar with every function call left as it was written, and without the syntax never allowed."""

    class Parser(DuckDBParser):
        FUNCTIONS: ClassVar[dict[str, Callable[..., exp.Expr]]] = {}
        NO_PAREN_FUNCTIONS: ClassVar[dict[TokenType, type[exp.Expr]]] = {}
        FUNCTION_PARSERS: ClassVar = {name: DuckDBParser.FUNCTION_PARSERS[name] for name in _KEPT_FUNCTION_PARSERS}
        NO_PAREN_FUNCTION_PARSERS: ClassVar = {"CASE": DuckDBParser.NO_PAREN_FUNCTION_PARSERS["CASE"]}
        TYPE_CONVERTERS: ClassVar[dict[exp.DType, Callable[[exp.DataType], exp.DataType]]] = {}
        RANGE_PARSERS: ClassVar = {token: DuckDBParser.RANGE_PARSERS[token] for token in _KEPT_RANGES}


_DIALECT = ExpressionDialect()


def read(source: Source) -> exp.Expr:
    """The syntax tree of one expression, with at most `MAX_NODES` nodes and `MAX_DEPTH` levels of nesting.

    The tree may still hold things that are not allowed: the translation refuses them. Raises ExpressionError.
    Any thread; may be repeated.
    """
    _check_characters(source)
    try:
        tokens = _DIALECT.tokenize(source.text)
        _check_tokens(source, tokens)
        trees = _DIALECT.parser().parse_into(exp.Condition, tokens, source.text)
    except TokenError:
        raise source.error("it cannot be read: a quotation mark is missing or out of place") from None
    except ParseError as error:
        raise _syntax_error(source, error) from None
    except RecursionError:
        raise _too_deep(source) from None
    if len(trees) != 1 or trees[0] is None:
        raise source.error("it is not one complete expression")
    tree = trees[0]
    if sum(1 for _ in tree.walk()) > limits.MAX_NODES:
        raise source.error(f"it has more than {limits.MAX_NODES} parts")
    return tree


def _too_deep(source: Source, position: int | None = None) -> ExpressionError:
    return source.error(f"it is nested more than {limits.MAX_DEPTH} levels deep", position)


def _syntax_error(source: Source, error: ParseError) -> ExpressionError:
    first = error.errors[0] if error.errors else {}
    highlight = first.get("highlight")
    if not isinstance(highlight, str) or not highlight:
        return source.error("it is not a complete expression")
    context = first.get("start_context")
    position = len(context) if isinstance(context, str) and source.text.startswith(context + highlight) else None
    if position is not None and position + len(highlight) >= len(source.text):
        return source.error(f"it ends too early or {highlight!r} does not belong at its end", position)
    return source.error(f"{highlight!r} is not expected there", position)


def _check_characters(source: Source) -> None:
    text = source.text
    if len(text) > limits.MAX_CHARACTERS:
        raise source.error(f"it is longer than {limits.MAX_CHARACTERS} characters")
    if not text.strip():
        raise source.error("it is empty")
    position, depth = 0, 0
    while position < len(text):
        character = text[position]
        if character in "'\"":
            position = _quoted_end(source, position)
            continue
        _check_plain(source, position)
        depth += (character == "(") - (character == ")")
        if depth > limits.MAX_DEPTH:
            raise _too_deep(source, position)
        if depth < 0:
            raise source.error("a closing bracket has no opening one", position)
        position += 1
    if depth:
        raise source.error("a closing bracket is missing", len(text))


def _quoted_end(source: Source, start: int) -> int:
    """The offset just behind the quoted text that begins at `start`."""
    text, quote = source.text, source.text[start]
    if start and (text[start - 1].isalnum() or text[start - 1] == "_"):
        raise source.error("a space is missing before the quotation mark", start)
    position = start + 1
    while position < len(text):
        character = text[position]
        if character == "\0" or "\ud800" <= character <= "\udfff":
            raise source.error("it contains a character that text cannot hold", position)
        if character in _DIRECTIONAL and quote == "'":
            raise source.error("it contains an invisible character that turns the writing direction", position)
        if character == quote:
            if text[position + 1 : position + 2] != quote:
                return position + 1
            position += 1
        position += 1
    raise source.error("a closing quotation mark is missing", start)


def _check_plain(source: Source, position: int) -> None:
    text = source.text
    character, pair, before = text[position], text[position : position + 2], text[position - 1 : position]
    if pair in ("--", "/*", "*/"):
        raise source.error("comments are not allowed (put a space between two minus signs)", position)
    if character not in _PLAIN and character != "_" and not character.isalnum():
        shown = f"the character {character!r}" if character.isprintable() else "an invisible character"
        raise source.error(f"{shown} is not allowed outside quotation marks", position)
    if character == ":" and pair != "::" and before != ":":
        raise source.error("a single colon is not allowed", position)
    if pair == "**":
        raise source.error("** is not an operator; use power(x, y)", position)


def _check_tokens(source: Source, tokens: list[Token]) -> None:
    """Refuse what the character check cannot see and the parser would let pass or drop without a word."""
    if len(tokens) > limits.MAX_TOKENS:
        raise source.error(f"it has more than {limits.MAX_NODES} parts")
    row, cases = 0, 0
    for number, token in enumerate(tokens):
        if token.comments:
            raise source.error("comments are not allowed", token.start)
        if token.token_type is TokenType.ALL:
            raise source.error("ALL is not allowed in an expression", token.start)
        row = row + 1 if token.token_type in _PREFIXES else 0
        cases += (token.token_type is TokenType.CASE) - (token.token_type is TokenType.END)
        if max(row, cases) > limits.MAX_DEPTH:
            raise _too_deep(source, token.start)
        _check_neighbours(source, tokens[max(0, number - 1) : number + 2], token)


def _check_neighbours(source: Source, near: list[Token], token: Token) -> None:
    kinds = [neighbour.token_type for neighbour in near]
    if token.token_type is TokenType.COMMA and (kinds[0] is TokenType.L_PAREN or kinds[-1] in _NO_VALUE):
        raise source.error("a value is missing beside a comma", token.start)
    is_type = kinds[0] in (TokenType.ALIAS, TokenType.DCOLON) and kinds[-1] is TokenType.L_PAREN and len(near) == 3
    if is_type and token.token_type is not TokenType.DECIMAL:
        raise source.error("only decimal takes numbers in brackets; cut a text with left()", token.start)
