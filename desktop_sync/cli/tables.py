"""Tables of text: drawn on a terminal, plain columns where the output goes to a file or another program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

Row = Sequence[str]


def visible(text: str) -> str:
    """One line of printable characters: control characters, which could steer a terminal, are shown as escapes."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)


def write_table(stream: TextIO, headers: Row, rows: Sequence[Row], right: frozenset[int] = frozenset()) -> None:
    """The table, with the columns in `right` aligned to the right."""
    cells = [[visible(cell) for cell in row] for row in rows]
    if stream.isatty():
        _draw(stream, headers, cells, right)
    else:
        stream.write(plain_table(headers, cells, right))


def plain_table(headers: Row, rows: Sequence[Row], right: frozenset[int] = frozenset()) -> str:
    """Columns two spaces apart, a line per row."""
    lines = [headers, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headers))]
    written: list[str] = []
    for line in lines:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        written.append("  ".join(cells).rstrip() + "\n")
    return "".join(written)


def _draw(stream: TextIO, headers: Row, rows: Sequence[Row], right: frozenset[int]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for column, header in enumerate(headers):
        table.add_column(Text(header), justify="right" if column in right else "left")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(file=stream).print(table)
