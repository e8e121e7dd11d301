"""Finding the next row that holds a text in what a table shows, page by page, in a worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from desktop_sync.core.ports import CancelToken
from desktop_sync.ui.models.row_ranges import READ_ROWS
from desktop_sync.ui.models.source import Column, RowSource

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class FoundRow:
    """`row` is None where no row holds the text. `began_again`: it was found beyond the end of the table."""

    row: int | None
    began_again: bool = False


def find_row(
    source: RowSource[R], columns: Sequence[Column[R]], text: str, start: int, *, forward: bool, cancel: CancelToken
) -> FoundRow:
    """The nearest row after `start`, or before it, of which a cell holds the text in any letter case; the search goes
    on at the other end and comes back to `start` last. `start` is -1 where no row is chosen. Raises CancelledError."""
    needle, total = text.casefold(), source.count()
    ahead = (start + 1, total) if forward else (0, max(0, start))
    behind = (0, min(start + 1, total)) if forward else (max(0, start), total)
    for began_again, (first, last) in enumerate((ahead, behind)):
        for number, row in _rows(source, first, last, forward=forward, cancel=cancel):
            if any(needle in column.text(row).casefold() for column in columns):
                return FoundRow(number, bool(began_again))
    return FoundRow(None)


def _rows(
    source: RowSource[R], first: int, last: int, *, forward: bool, cancel: CancelToken
) -> Iterator[tuple[int, R]]:
    """Rows from `first` to before `last` with their numbers, from the one end or the other."""
    starts = range(first, last, READ_ROWS)
    for begin in starts if forward else reversed(starts):
        cancel.check()
        numbered = list(enumerate(source.page(begin, min(READ_ROWS, last - begin)), begin))
        yield from numbered if forward else reversed(numbered)
