"""How the columns of a table share its width."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QHeaderView

LEAST = 0.7
"""A column gets no narrower than this share of its own width, nor than its title; what does not fit is scrolled."""
MOST = 1.6


def shared_widths(
    header: QHeaderView, wanted: Sequence[int], available: int, *, never_scrolls: bool = False
) -> list[int]:
    """A width for each column, in pixels: in proportion to what each wants, so that titles can be read.

    `never_scrolls`: the table is as wide as it is; where not even the titles fit, they are cut.
    """
    titles = [header.sectionSizeFromContents(number).width() for number in range(len(wanted))]
    least = titles if never_scrolls else [max(t, int(width * LEAST)) for t, width in zip(titles, wanted, strict=True)]
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
