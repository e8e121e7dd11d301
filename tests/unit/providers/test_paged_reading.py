"""A listing that is not known to be whole is not used: what it lacks must not be taken for deleted."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from desktop_sync.core.errors import DamagedError, Place, RetriableError
from desktop_sync.providers.paged_reading import MOST_SCANS, ListingPage, read_pages

SHOP = Place("Shop", "people")


class Listing:
    """Pages of ids; each scan takes the next of the listings, the last one for ever."""

    def __init__(self, *scans: Sequence[Sequence[str]], total: int | None = None) -> None:
        self._scans = [list(scan) for scan in scans]
        self._total = total
        self.requests = 0

    def __call__(self, cursor: str | None) -> ListingPage[int]:
        self.requests += 1
        if cursor is None and self.requests > 1 and len(self._scans) > 1:
            self._scans.pop(0)
        place = int(cursor or 0)
        following = str(place + 1) if place + 1 < len(self._scans[0]) else None
        return ListingPage([(name, place) for name in self._scans[0][place]], following, self._total)


def test_all_pages_of_a_listing_come_in_order() -> None:
    assert read_pages(Listing(["ab", "c"], total=3), SHOP) == [("a", 0), ("b", 0), ("c", 1)]


@pytest.mark.scenario("C10")
@pytest.mark.parametrize(
    "pages",
    [["ab"], ["ab", "", "c"], ["ab", "bc"]],
    ids=["one record short", "an empty page before the last", "a record twice"],
)
def test_a_listing_that_cannot_be_whole_is_refused_after_a_few_scans(pages: Sequence[str]) -> None:
    listing = Listing(pages, total=3)
    with pytest.raises(RetriableError) as refused:
        read_pages(listing, SHOP)
    assert refused.value.place == SHOP
    assert listing.requests <= MOST_SCANS * len(pages)


@pytest.mark.scenario("C10")
def test_a_listing_that_changed_while_it_was_read_is_read_anew() -> None:
    listing = Listing(["ab", "bc"], ["ab", "c"], total=3)
    assert [name for name, _ in read_pages(listing, SHOP)] == ["a", "b", "c"]


@pytest.mark.scenario("C11")
def test_pages_that_go_in_a_circle_are_noticed_at_the_second_visit() -> None:
    requests: list[str | None] = []

    def fetch(cursor: str | None) -> ListingPage[int]:
        requests.append(cursor)
        return ListingPage([(f"r{len(requests)}", 0)], "1" if cursor is None else "2" if cursor == "1" else "1")

    with pytest.raises(DamagedError):
        read_pages(fetch, SHOP)
    assert requests == [None, "1", "2"]
