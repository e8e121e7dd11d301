"""Where a paged table gets its rows from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from PySide6.QtCore import Qt

from desktop_sync.ui.palette import Tone
from desktop_sync.ui.text.plain import one_line, tooltip
from desktop_sync.ui.text.unseen import spelled, whole_lines

NULL = "∅"
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class RowSource(Protocol[R_co]):
    """An immutable question: which rows, in which order. Both calls block and run in workers."""

    def count(self) -> int: ...
    def page(self, offset: int, limit: int) -> Sequence[R_co]: ...


@dataclass(frozen=True)  # without slots, which Python 3.11 cannot combine with a generic frozen class that is called
class Column(Generic[R]):
    """One column. `sort` is the service's name of the order, empty where there is none.

    `tone` makes the cell a badge; `weak` rows are drawn in the secondary colour. Widths are device-independent pixels.
    `spare`: where the table is too narrow for all columns, those with 1 are left out first, then 2 …; with 0, never.
    `seen` is what the cell shows where that is not the text, which is what is searched and copied.
    """

    key: str
    title: str
    text: Callable[[R], str]
    width: int = 120
    sort: str = ""
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft
    tone: Callable[[R], Tone | None] | None = None
    icon: Callable[[R], str] | None = None
    differs: Callable[[R], bool] | None = None
    spare: int = 0
    seen: Callable[[R], str] | None = None

    def cell(self, row: R) -> str:
        """What stands in the cell: one line."""
        return one_line(self.text(row)) if self.seen is None else self.seen(row)

    def tip(self, row: R) -> str:
        """The tooltip, with all lines."""
        return tooltip(self.text(row) if self.seen is None else whole_lines(self.seen(row)))


def value_column(
    key: str,
    title: str,
    value: Callable[[R], str | None],
    width: int,
    *,
    nothing: str = NULL,
    sort: str = "",
    differs: Callable[[R], bool] | None = None,
    spare: int = 0,
) -> Column[R]:
    """A column of record data: spaces that would not be seen are marked in the cell, and copied as they are. `nothing`
    stands for an empty (null) value, so that it is not taken for an empty text."""

    def text(row: R) -> str:
        found = value(row)
        return nothing if found is None else found

    def seen(row: R) -> str:
        found = value(row)
        return nothing if found is None else spelled(found)

    return Column(key, title, text, width, sort, differs=differs, spare=spare, seen=seen)
