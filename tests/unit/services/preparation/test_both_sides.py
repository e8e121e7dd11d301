"""Both sides are read at once, and an error of one of them ends both."""

from __future__ import annotations

import threading

import pytest

from desktop_sync.core.configuration import Side
from desktop_sync.engine.sides import SideRead
from desktop_sync.engine.workbench import Workbench
from desktop_sync.services.preparation.both_sides import BothSides

PATIENCE_S = 20


def read_of(bench: Workbench, side: Side) -> SideRead:
    """As if so many records had been read as the side's table has."""
    count = bench.number(f"SELECT count(*) FROM {side.value}_0")
    return SideRead(None, True, count, 0, "")  # type: ignore[arg-type]


def test_both_are_under_way_at_once_and_see_each_others_tables() -> None:
    met = threading.Barrier(2, timeout=PATIENCE_S)

    def load(side: Side, bench: Workbench) -> SideRead:
        met.wait()
        bench.execute(f"CREATE TABLE {side.value}_0 AS SELECT * FROM range({1 if side is Side.A else 2})")
        met.wait()
        assert bench.number(f"SELECT count(*) FROM {side.other.value}_0") > 0
        return read_of(bench, side)

    with Workbench() as bench:
        reads = BothSides().load(bench, load)
        assert {side: read.count for side, read in reads.items()} == {Side.A: 1, Side.B: 2}
        assert bench.number("SELECT count(*) FROM b_0") == 2


@pytest.mark.parametrize("failing", list(Side))
def test_the_error_of_one_side_ends_the_other_and_comes_through(failing: Side) -> None:
    both, ended = BothSides(), threading.Event()

    def load(side: Side, bench: Workbench) -> SideRead:
        if side is failing:
            raise ValueError("no such thing")
        try:
            while True:
                both.check()
                ended.wait(0.001)
        finally:
            ended.set()

    with Workbench() as bench, pytest.raises(ValueError, match="no such thing"):
        both.load(bench, load)
    assert ended.is_set()


def test_where_both_fail_the_first_side_speaks() -> None:
    met = threading.Barrier(2, timeout=PATIENCE_S)

    def load(side: Side, bench: Workbench) -> SideRead:
        met.wait()
        raise ValueError(side.value)

    with Workbench() as bench, pytest.raises(ValueError, match="a"):
        BothSides().load(bench, load)
