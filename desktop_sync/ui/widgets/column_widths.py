"""How the columns of a table share its width, and which of them are left out where it is too narrow."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QHeaderView

NARROW = 150
"""Pixels: a column that wants no more holds something short, a date, a number or a badge, and keeps its width."""
LEAST = 0.55
"""A wider column gets no narrower than this share, and none than its title; what does not fit is scrolled."""
MOST = 1.6
NEARLY = 0.85
"""A table that is narrower than its columns need, but has this share of it, is not scrolled for the rest."""


def _title_widths(header: QHeaderView, count: int) -> list[int]:
    return [header.sectionSizeFromContents(number).width() for number in range(count)]


def _least(width: int) -> int:
    return width if width <= NARROW else int(width * LEAST)


def fitting_columns(header: QHeaderView, wanted: Sequence[int], spare: Sequence[int], available: int) -> list[int]:
    """The columns that are shown where the others would have to be scrolled to, in their order.

    `spare` says of each column when it may be left out: 1 before 2, and one with 0 never.
    """
    titles = _title_widths(header, len(wanted))
    least = [max(title, _least(width)) for title, width in zip(titles, wanted, strict=True)]
    shown = list(range(len(wanted)))
    for number in sorted((number for number in shown if spare[number]), key=lambda number: spare[number]):
        if sum(least[one] for one in shown) > available:
            shown.remove(number)
    return shown


def shared_widths(
    header: QHeaderView, wanted: Sequence[int], available: int, *, never_scrolls: bool = False
) -> list[int]:
    """A width for each column, in pixels: in proportion to what each wants, so that titles can be read.

    `never_scrolls`: the table is as wide as it is; where not even the titles fit, they are cut.
    """
    return _shared(_title_widths(header, len(wanted)), wanted, available, never_scrolls=never_scrolls)


def widths_of(header: QHeaderView, wanted: Sequence[int], columns: Sequence[int], available: int) -> list[int]:
    """The widths of some columns of a table, which share it alone; where a little is missing, titles are cut."""
    every = _title_widths(header, len(wanted))
    titles, wishes = [every[one] for one in columns], [wanted[one] for one in columns]
    least = sum(max(title, _least(width)) for title, width in zip(titles, wishes, strict=True))
    return _shared(titles, wishes, available, never_scrolls=least * NEARLY <= available)


def _shared(titles: Sequence[int], wanted: Sequence[int], available: int, *, never_scrolls: bool) -> list[int]:
    kept = [_least(width) for width in wanted]
    least = [max(title, width) for title, width in zip(titles, kept, strict=True)]
    if never_scrolls and sum(least) > available:
        return _cut(titles, kept, available)
    wish = [max(width, floor) for width, floor in zip(wanted, least, strict=True)]
    if sum(wish) <= available:
        share = min(MOST, available / sum(wish))
        return [int(width * share) for width in wish]
    give = sum(wish) - sum(least)
    if give <= 0 or available <= sum(least):
        return least
    share = (available - sum(least)) / give
    return [floor + int((width - floor) * share) for width, floor in zip(wish, least, strict=True)]


def _cut(titles: Sequence[int], kept: Sequence[int], available: int) -> list[int]:
    """Where titles and contents do not all fit: what stands in the cells comes first, then as much of the titles."""
    if sum(kept) >= available:
        return [width * available // sum(kept) for width in kept]
    missing = [max(0, title - width) for title, width in zip(titles, kept, strict=True)]
    share = min(1.0, (available - sum(kept)) / max(1, sum(missing)))
    return [width + int(short * share) for width, short in zip(kept, missing, strict=True)]
