"""Refusals of SQLite as sentences for people, with SQLite's own words after them."""

from __future__ import annotations


def refusal(error: Exception, table: str) -> str:
    """Why the database refuses a record."""
    own_words = str(error)
    kind, _, names = own_words.partition(" constraint failed")
    fields = " and ".join(name.strip().removeprefix(f"{table}.") for name in names.lstrip(": ").split(",") if name)
    if kind == "UNIQUE":
        sentence = f"the value of {fields} is already used by another record"
    elif kind == "NOT NULL":
        sentence = f"the field {fields} needs a value"
    elif kind == "FOREIGN KEY":
        sentence = "the record refers to another record that is not there, or others still refer to it"
    elif kind == "CHECK":
        sentence = f"a value breaks the rule {fields} of the table"
    elif "too large" in own_words or isinstance(error, OverflowError):
        sentence = "a number is too large for the database"
    else:
        sentence = "the database refuses the record"
    return f"{sentence} ({own_words})"
