"""One value of a column, looked at where it stands."""

from __future__ import annotations

import pyarrow as pa
import pytest

from desktop_sync.engine.cell_view import cell_view


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()], ids=str)
@pytest.mark.parametrize("skipped", [0, 1, 3])
def test_a_value_is_seen_in_every_place_of_a_column_and_of_a_slice(kind: pa.DataType, skipped: int) -> None:
    values = [b"", b"one", b"\x00\xff" * 500, None, b"", b"last"]
    column = pa.array(values, kind).slice(skipped)
    seen = [None if value is None else bytes(cell_view(column, place)) for place, value in enumerate(values[skipped:])]
    assert seen == values[skipped:]


def test_a_text_is_seen_as_its_bytes() -> None:
    assert bytes(cell_view(pa.array(["a", "ünï"]), 1)) == "ünï".encode()


def test_what_is_seen_is_no_copy() -> None:
    column = pa.array([bytes(1_000_000)])
    before = pa.total_allocated_bytes()
    view = cell_view(column, 0)
    assert pa.total_allocated_bytes() == before
    del column
    assert len(view) == 1_000_000
