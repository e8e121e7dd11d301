"""Reading a listing page by page, and telling whether it is the whole listing.

Absence from a listing means that a record is gone only if every record that existed all the time was in it (RELIABILITY
3.1). So a listing that goes in a circle, repeats a record or does not have as many as the system says is not used at
all: what it lacks must not be taken for deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from desktop_sync.core.errors import DamagedError, Place, RetriableError

MOST_SCANS = 3
"""How often a listing that changed while it was read is read anew."""

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class ListingPage(Generic[Row]):
    """`next` is what the page after is asked for with, None after the last. `total` is how many records the system says
    that the listing has, None where it does not say."""

    rows: Sequence[tuple[str, Row]]
    next: str | None
    total: int | None = None


def read_pages(fetch: Callable[[str | None], ListingPage[Row]], place: Place) -> list[tuple[str, Row]]:
    """Every record of the listing once, as (id, row), in the system's order.

    A listing that changed while it was read (a record came twice, or the number is not what the system said first and
    last) is read anew, a few times. Raises RetriableError when it never stands still, DamagedError when the pages go in
    a circle; then nothing of it may be used. Asks for no page twice in one scan, so the requests are bounded.
    """
    for _ in range(MOST_SCANS):
        rows = _scan(fetch, place)
        if rows is not None:
            return rows
    raise RetriableError("the listing kept changing while it was read, so it is not known to be complete", place)


def _scan(fetch: Callable[[str | None], ListingPage[Row]], place: Place) -> list[tuple[str, Row]] | None:
    """None where the listing is not known to be complete."""
    rows: dict[str, Row] = {}
    asked: set[str | None] = set()
    cursor: str | None = None
    totals: set[int] = set()
    came = 0
    while True:
        if cursor in asked:
            raise DamagedError("the pages of the listing go in a circle", place)
        asked.add(cursor)
        page = fetch(cursor)
        if page.total is not None:
            totals.add(page.total)
        came += len(page.rows)
        rows.update(page.rows)
        cursor = page.next
        if cursor is None:
            break
        if not page.rows:
            return None
    is_whole = came == len(rows) and totals <= {came}
    return list(rows.items()) if is_whole else None
