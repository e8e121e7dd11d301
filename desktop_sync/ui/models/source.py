"""Where a paged table gets its rows from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from PySide6.QtCore import Qt

from desktop_sync.ui.palette import Tone

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
