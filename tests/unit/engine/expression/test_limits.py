"""Bombs: texts that would take too long or too much memory are refused, and at once.

Processor time is measured: how busy the machine is otherwise does not matter.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pyarrow as pa
import pytest

from desktop_sync.core.errors import ExpressionError
from desktop_sync.core.structure import FieldType
from desktop_sync.engine.expression import compile_scalar, evaluate_samples
from desktop_sync.engine.expression.constants import like_expression
from desktop_sync.engine.expression.source import Source

FIELDS = {"a": FieldType.TEXT, "n": FieldType.INTEGER}


def nested(before: str, inner: str, after: str) -> Callable[[int], str]:
    return lambda count: before * count + inner + after * count


BOMBS = {
    "long text": "'" + "x" * 5_000 + "'",
    "long number": "9" * 3_000,
    "many terms": "+".join(["1"] * 1_500),
    "many choices": "n IN (" + ",".join(["1"] * 1_500) + ")",
    "many brackets": nested("(", "a", ")")(1_900),
    "open brackets": "(" * 3_900,
    "closed brackets": ")" * 3_900,
    "many minus signs": "- " * 1_900 + "n",
    "many NOT": "NOT " * 900 + "true",
    "many plus signs": "+" * 3_900 + "n",
    "nested calls": nested("upper(", "a", ")")(500),
    "nested CASE": nested("CASE WHEN true THEN ", "1", " END")(150),
    "nested CAST": nested("CAST(", "a", " AS text)")(200),
    "many casts": "a" + "::text" * 600,
    "nested INTERVAL": nested("INTERVAL (", "1", ") DAY")(200),
    "INTERVAL in a row": "INTERVAL " * 400 + "1 DAY",
    "many comparisons": "n" + " = n" * 900,
    "deep division": "n" + " / n" * 400,
    "many BETWEEN": "n BETWEEN 1 AND " * 200 + "1",
    "many IS": "a" + " IS NULL" * 400,
    "many dots": "a" + ".a" * 1_500,
    "many quotes": "'" * 3_999,
    "many commas": "concat(" + "," * 3_000 + ")",
    "power tower": "9" + "**9" * 100,
    "repeat of repeat": "repeat(repeat('a', 10000), 10000)",
    "repeat of a field": "repeat(a, 10000)",
    "repeat by a field": "repeat(a, n)",
    "doubling": nested("repeat(", "'a'", ", 100)")(10),
    "replace": nested("replace(", "'aaaaaaaaaa'", ", 'a', 'aaaaaaaaaaaaaaaa')")(10),
    "regexp_replace": nested("regexp_replace(", "'aaaa'", r", 'a*', '\0\0\0\0\0\0\0\0', 'g')")(10),
    "wide lpad twice": "replace(lpad('a', 10000, 'a'), 'a', lpad('a', 10000, 'a'))",
    "copied arguments": nested("lpad('a', length(", "'a'", "), 'b')")(14),
    "large pattern": "regexp_matches(a, '" + "(a+)+" * 200 + "')",
    "repeated pattern": "regexp_matches(a, '((a{1000}){1000}){1000}')",
    "nested pattern": "regexp_matches(a, '" + "(" * 240 + "a" + "{9})" * 50 + ")" * 190 + "')",
    "long format": "strftime(DATE '2024-01-01', '" + "%A" * 200 + "')",
    "large exponent": "1e99999999",
}


@pytest.mark.scenario("X7")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_at_once(name: str) -> None:
    """Milliseconds, where working it out would take minutes or all memory; the best of three tries."""
    compile_scalar("upper(a)", FIELDS)  # the connection is open, so that only the bomb is looked at
    spent = []
    for _ in range(3):
        started = time.process_time()
        with pytest.raises(ExpressionError):
            compile_scalar(BOMBS[name], FIELDS)
        spent.append(time.process_time() - started)
    assert min(spent) < 0.5


def test_what_people_write_is_within_the_limits() -> None:
    compile_scalar(" || ".join(["coalesce(trim(a), '')"] * 60), FIELDS)
    compile_scalar(nested("(", "n", ")")(28), FIELDS)
    compile_scalar("CASE " + " ".join(f"WHEN a = '{number}' THEN {number}" for number in range(80)) + " END", FIELDS)
    compile_scalar(nested("replace(", "a", ", '-', ' ')")(20), FIELDS)
    compile_scalar("n IN (" + ", ".join(str(number) for number in range(400)) + ")", FIELDS)
    compile_scalar("repeat(left(a, 10), n)", FIELDS)


EVIL_PATTERNS = [
    "(a+)+$", "([a-zA-Z]+)*$", "(a|aa)+$", "(a|a?)+$", "(.*a){20}$", "(a*)*b", "((a+)+)+b", "(a?){25}a{25}", "^(a+)+b",
    "(x+x+)+y", "(.*)*c", "(a|b|ab)*c", "(\\w+\\s?)+$", "(a.*){12}c", "([^b]+)*b$", "(aa|a)*b", "(a+|b+|c+)*d",
    "^(([a-z])+.)+[A-Z]([a-z])+$", "(\\d+)*x", "(a{1,30}){1,30}b",
]  # fmt: skip
EVIL_LIKES = ["%a" * 100 + "b", "%_a" * 80 + "%b", "_%" * 200 + "b", "%" * 400 + "b", "%a_a%" * 60 + "b"]


@pytest.mark.scenario("X8")
@pytest.mark.parametrize("pattern", EVIL_PATTERNS)
@pytest.mark.parametrize("call", ["regexp_matches(a, '{}')", "regexp_replace(a, '{}', '-', 'g') = ''"])
def test_an_evil_pattern_takes_time_in_proportion_to_the_text(call: str, pattern: str) -> None:
    finishes_soon(call.format(pattern))


@pytest.mark.scenario("X8")
@pytest.mark.parametrize("pattern", EVIL_LIKES)
@pytest.mark.parametrize("operator", ["LIKE", "ILIKE", "NOT LIKE"])
def test_an_evil_pattern_of_like_takes_time_in_proportion_to_the_text(operator: str, pattern: str) -> None:
    finishes_soon(f"a {operator} '{pattern}'")


def finishes_soon(text: str) -> None:
    records = pa.table({"a": ["a" * 5_000] * 4})
    started = time.process_time()
    try:
        outcome = f"{len(evaluate_samples(compile_scalar(text, FIELDS), records))} samples"
    except ExpressionError as error:
        outcome = error.problem
    assert outcome == "4 samples" or "pattern" in outcome
    assert time.process_time() - started < 0.8  # four records of 5,000 characters


def test_a_like_pattern_becomes_an_expression_that_fits_the_same_texts() -> None:
    source = Source("")
    assert like_expression(source, "a%_.*", None) == r"a.*.\..*".replace(r"\..*", r"\.\*")
    assert like_expression(source, "%%x", None) == ".*x"
    assert like_expression(source, "!%!!", "!") == "%!"
    with pytest.raises(ExpressionError):
        like_expression(source, "x!", "!")
