"""The reference of the expression language, made from the table of functions."""

from __future__ import annotations

from desktop_sync.engine.expression.functions import FUNCTIONS, Group

_RULES = """\
An expression computes one value from the fields of one record.

- A field is written by its name, in double quotes if the name is more than letters, digits and underscores:
  `Phone`, `"Customer no."`. Upper and lower case matter only where two names differ in nothing else.
- Text stands in single quotes (`'it''s'`), numbers plain (`12`, `1.5`), dates as `DATE '2024-02-29'`,
  `TIMESTAMP '2024-02-29 13:45:00'`, `TIME '13:45:00'`; also `TRUE`, `FALSE`, `NULL`.
- `||` joins texts. `+ - *` compute exactly with integers and decimals. `/` gives a float. `//` divides integers and
  cuts towards zero; `%` is the remainder and has the sign of the first number.
- `= <> < <= > >=`, `BETWEEN … AND …`, `IN (…)`, `IS NULL`, `IS DISTINCT FROM`, `AND`, `OR`, `NOT`. Texts are compared
  character by character: upper and lower case differ, and so do accents.
- `LIKE` compares with a pattern in which `%` stands for any characters and `_` for one; `ILIKE` does not tell upper
  from lower case. A character named by `ESCAPE` takes the special meaning from the next one.
- `CASE WHEN … THEN … ELSE … END`.
- `CAST(x AS type)`, `x::type`, and `TRY_CAST(x AS type)`, which gives null where it cannot be converted. The types are
  text, integer, decimal(digits, scale), float, boolean, date, time, timestamp (no time zone) and instant (UTC).
  `decimal` alone is decimal(38, 10). A number that becomes an integer or a shorter decimal is rounded, halves away
  from zero.
- `when + INTERVAL 3 DAY`, `when - INTERVAL (n) MONTH`. `when AT TIME ZONE 'Europe/Vienna'` turns an instant into the
  local timestamp there, and a local timestamp into the instant.
- Null in, null out, unless said otherwise. In a filter, null counts as not fulfilled.
- A record whose value cannot be computed (division by zero, a text that is no number, an impossible date, an infinite
  number) is reported; the others go on.
"""


def documentation() -> str:
    """The reference in Markdown: the rules of the language, then a table of functions per group."""
    sections = [_RULES]
    for group in Group:
        rows = [
            f"| `{_cell(function.signature)}` | {_cell(function.meaning)} | `{_cell(function.example)}` "
            f"| `{_cell(function.result)}` |"
            for function in FUNCTIONS.values()
            if function.group is group
        ]
        head = f"### {group.value}\n\n| function | meaning | example | gives |\n|---|---|---|---|\n"
        sections.append(head + "\n".join(rows) + "\n")
    return "\n".join(sections)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
