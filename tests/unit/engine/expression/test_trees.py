"""A syntax tree that is not as the parser makes them is refused by the translation: no SQL comes out of it.

The parser is a library that changes; what it may hand over one day must not get past the allow list.
"""

from __future__ import annotations

import pytest
from sqlglot import exp

from desktop_sync.core.errors import ExpressionError, Place
from desktop_sync.core.structure import FieldType
from desktop_sync.engine.expression import limits
from desktop_sync.engine.expression.source import Source
from desktop_sync.engine.expression.translation import translate

FIELDS = {"n": FieldType.INTEGER, "d": FieldType.DATE}


def field() -> exp.Expr:
    return exp.column("n")


def nested(levels: int) -> exp.Expr:
    tree = field()
    for _ in range(levels):
        tree = exp.Paren(this=tree)
    return tree


@pytest.mark.parametrize(
    ("tree", "complaint"),
    [
        (exp.Paren(), "something is missing in it"),
        (exp.Add(this=field(), expression="1; DROP TABLE t"), "something is missing in it"),
        (exp.Column(this=exp.Star()), r"\* is not allowed"),
        (exp.Column(this="n"), "it is not allowed"),
        (exp.Column(this=exp.Identifier(this=exp.Star())), "IDENTIFIER is not allowed"),
        (exp.Cast(this=field(), to=exp.Identifier(this="text")), "that type does not exist here"),
        (exp.Cast(this=field()), "that type does not exist here"),
        (exp.Extract(this=field(), expression=exp.column("d")), "EXTRACT needs a part of a date"),
        (exp.Escape(this=field(), expression=exp.Literal.string("!")), "ESCAPE belongs behind LIKE or ILIKE"),
        (exp.Case(ifs=[field()]), "CASE is not complete"),
        (exp.Case(ifs=[exp.If(this=field(), true=field(), false=field())]), "CASE is not complete"),
        (exp.Literal.string("a\0b"), "a character that text cannot hold"),
        (exp.Literal.string("\ud800"), "a character that text cannot hold"),
        (nested(limits.MAX_DEPTH + 1), f"nested more than {limits.MAX_DEPTH} levels deep"),
    ],
)
def test_a_tree_with_a_part_missing_or_of_another_kind_is_refused(tree: exp.Expr, complaint: str) -> None:
    with pytest.raises(ExpressionError, match=complaint):
        translate(Source("the text", Place()), tree, FIELDS)


def test_a_tree_as_deep_as_is_allowed_is_translated() -> None:
    assert translate(Source("the text", Place()), nested(limits.MAX_DEPTH), FIELDS).fields == {"n"}
