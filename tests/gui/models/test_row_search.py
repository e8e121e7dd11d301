"""Finding rows in a table of any length."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from desktop_sync.core.errors import CancelledError
from desktop_sync.core.ports import CancelToken
from desktop_sync.ui.models.row_ranges import READ_ROWS
from desktop_sync.ui.models.row_search import FoundRow, find_row
from desktop_sync.ui.models.source import Column

COLUMNS = (Column[str]("text", "Text", lambda row: row),)


class Words:
    """`total` rows of which those in `hits` hold "Köln"."""

    def __init__(self, total: int, *hits: int) -> None:
        self._total = total
        self._hits = hits

    def count(self) -> int:
        return self._total

    def page(self, offset: int, limit: int) -> Sequence[str]:
        last = min(offset + limit, self._total)
        return ["in KÖLN" if number in self._hits else "elsewhere" for number in range(offset, last)]


def found(words: Words, start: int, *, forward: bool = True, text: str = "köln") -> FoundRow:
    return find_row(words, COLUMNS, text, start, forward=forward, cancel=CancelToken())


@pytest.mark.parametrize(
    ("start", "forward", "row", "began_again"),
    [
        (-1, True, 3, False),
        (3, True, 2 * READ_ROWS + 5, False),
        (2 * READ_ROWS + 5, True, 3, True),
        (2 * READ_ROWS + 5, False, 3, False),
        (3, False, 2 * READ_ROWS + 5, True),
        (-1, False, 2 * READ_ROWS + 5, True),
        (2 * READ_ROWS, False, 3, False),
    ],
)
def test_the_nearest_hit_is_found_either_way_and_round_the_end(
    start: int, forward: bool, row: int, began_again: bool
) -> None:
    words = Words(3 * READ_ROWS, 3, 2 * READ_ROWS + 5)
    assert found(words, start, forward=forward) == FoundRow(row, began_again)


@pytest.mark.parametrize("forward", [True, False])
def test_the_only_hit_is_found_again_from_itself(forward: bool) -> None:
    assert found(Words(10, 4), 4, forward=forward) == FoundRow(4, True)


@pytest.mark.parametrize(("total", "start"), [(0, -1), (10, 4), (10, -1)])
def test_no_hit_is_no_row(total: int, start: int) -> None:
    assert found(Words(total), start).row is None
    assert found(Words(total), start, forward=False).row is None


def test_a_search_can_be_stopped() -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(CancelledError):
        find_row(Words(10), COLUMNS, "x", -1, forward=True, cancel=cancel)
