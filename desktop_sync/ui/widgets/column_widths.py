"""How the columns of a table share its width."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QHeaderView

NARROW = 150
"""Pixels: a column that wants no more holds something short, a date, a number or a badge, and keeps its width."""
LEAST = 0.55
"""A wider column gets no narrower than this share, and none than its title; what does not fit is scrolled."""
MOST = 1.6


def shared_widths(
    header: QHeaderView, wanted: Sequence[int], available: int, *, never_scrolls: bool = False
) -> list[int]:
    """A width for each column, in pixels: in proportion to what each wants, so that titles can be read.

    `never_scrolls`: the table is as wide as it is; where not even the titles fit, they are cut.
    """
    titles = [header.sectionSizeFromContents(number).width() for number in range(len(wanted))]
    kept = [width if width <= NARROW else int(width * LEAST) for width in wanted]
    least = titles if never_scrolls else [max(title, width) for title, width in zip(titles, kept, strict=True)]
    if never_scrolls and sum(least) > available:
        return [title * available // sum(titles) for title in titles]
    wish = [max(width, floor) for width, floor in zip(wanted, least, strict=True)]
    if sum(wish) <= available:
        share = min(MOST, available / sum(wish))
        return [int(width * share) for width in wish]
    give = sum(wish) - sum(least)
    if give <= 0 or available <= sum(least):
        return least
    share = (available - sum(least)) / give
    return [floor + int((width - floor) * share) for width, floor in zip(wish, least, strict=True)]
