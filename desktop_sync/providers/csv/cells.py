"""Values and cells of delimited text.

A value that a spreadsheet would take for a formula is written with an apostrophe before it and read without it
(RELIABILITY X6). In detail, `cell_text` puts one apostrophe before every value that, after any number of apostrophes,
begins with `=`, `+`, `-`, `@`, TAB or CR, except plain negative numbers; `value_of` takes one apostrophe from every
cell that has one or more of them before such a character. So `value_of(cell_text(v)) == v` for every text, also for
those that begin with apostrophes, and for `+49 30 123`. An empty cell, quoted or not, is a null, and "" is written as
an empty cell: other programs do not keep the two apart.
"""

from __future__ import annotations

import re

_LOOKS_LIKE_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_STRIPPED = re.compile(r"'+[=+\-@\t\r]")
_PLAIN_NUMBER = re.compile(r"-\d+([.,]\d+)?([eE][+-]?\d+)?")


def cell_text(value: str | None) -> str:
    """What stands in the cell of a value, before quoting."""
    if not value:
        return ""
    if _LOOKS_LIKE_FORMULA.match(value) and not _PLAIN_NUMBER.fullmatch(value):
        return "'" + value
    return value


def value_of(cell: str) -> str | None:
    """The value of a cell, after quoting was taken off."""
    if not cell:
        return None
    return cell[1:] if _STRIPPED.match(cell) else cell


def raw_cell(value: str | None, delimiter: str, is_quoted: bool, is_only: bool) -> str:
    """The cell as it stands in the file. `is_quoted`: also where it need not be. `is_only`: the line's only cell."""
    text = cell_text(value)
    if (
        is_quoted
        or delimiter in text
        or '"' in text
        or "\n" in text
        or "\r" in text
        or (is_only and not text)  # else the line would be blank, which is no record
    ):
        return '"' + text.replace('"', '""') + '"'
    return text


def unquoted(raw: str) -> str:
    """The text of a raw cell."""
    return raw[1:-1].replace('""', '"') if raw.startswith('"') else raw
