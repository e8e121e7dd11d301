"""Clauses for people instead of DuckDB's messages about an expression."""

from __future__ import annotations

import re

import duckdb

from desktop_sync.engine.expression.types import word_for

_TYPE = r'"?[A-Z][A-Z_0-9]*"?(?:\([0-9, ]+\))?(?: WITH TIME ZONE)?'
_NO_FUNCTION = re.compile(
    "(?:No function matches the given name and argument types '|"
    'Could not choose a best candidate function for the function call ")'
    r"""([^('"]+)\((.*?)\)['"]\. (?:You|In order)""",
    re.S,
)
_CONVERT = re.compile(rf"Could not (?:convert string|cast value) (.*?) to ({_TYPE})", re.S)
_UNLIKE = re.compile(
    rf"(?:Cannot (?:compare|mix|combine) (?:values|types)?.*?|type )({_TYPE}) and (?:values? of )?(?:type )?({_TYPE})",
    re.S,
)
_FIXED = (
    ("Division by zero", "it divides by zero"),
    ("Needed scale", "the product has more than 38 digits; round or convert a factor first"),
    ("Overflow in ", "a number becomes too large"),
    ("out of range", "a value is out of range"),
    ("Out of Range", "a value is out of range"),
    ("Insufficient padding", "the text to fill up with is empty"),
    ("invalid date field format", "a text is not a date (year-month-day)"),
    ("invalid timestamp field format", "a text is not a timestamp (year-month-day hour:minute:second)"),
    ("invalid time field format", "a text is not a time (hour:minute:second)"),
    ("Could not parse string", "a text does not fit the date format"),
    ("Out of Memory", "it needs too much memory"),
)


def sentence(error: duckdb.Error) -> str:
    """A clause that says why DuckDB could not use or compute an expression; it may quote a value of the record."""
    message = str(error).split("\n\nLINE ")[0]
    match = _NO_FUNCTION.search(message)
    if match:
        types = " and ".join(word_for(name.strip()) for name in re.split(r",(?![^(]*\))", match[2]) if name.strip())
        return f"{match[1]} cannot be used with {types}; convert with CAST(… AS …)"
    match = _UNLIKE.search(message)
    if match:
        first, second = word_for(match[1]), word_for(match[2])
        return f"{first} and {second} do not go together; convert one with CAST(… AS …)"
    match = _CONVERT.search(message)
    if match:
        return f"{match[1][:100]} cannot be made {word_for(match[2])}"
    for fragment, clause in _FIXED:
        if fragment in message:
            return clause
    return f"it cannot be computed ({shortened(error)})"


def shortened(error: duckdb.Error) -> str:
    """The first line of DuckDB's message without the name of its kind."""
    return re.sub(r"^(?:(?:[A-Z][A-Za-z]* )+Error: )+", "", str(error).split("\n")[0])[:200]
