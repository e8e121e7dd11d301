"""Rows that are the same still are found again, and no other row is taken for one of them."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pytest

from desktop_sync.engine import weave
from desktop_sync.engine.weave import Weave

SCHEMA = pa.schema([("r0", pa.string()), ("r1", pa.string()), ("r2", pa.float64())])
Row = tuple[str | None, str | None, float | None]


def batches(rows: Sequence[Row], size: int, schema: pa.Schema = SCHEMA) -> Iterator[pa.RecordBatch]:
    for start in range(0, len(rows), size):
        columns = zip(*rows[start : start + size], strict=True)
        arrays = [pa.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def found(
    before: Sequence[Row], now: Sequence[Row], *, size: int = 5, unknown: Sequence[int] = (), keys: Sequence[int] = (0,)
) -> list[int | None]:
    """For each row of now, the place in `before` that it was found to be the same as."""
    places = [None if place in unknown else place for place in range(len(before))]
    facts = pa.RecordBatch.from_pydict({"record_id": pa.array(places, pa.int64())})
    woven, result = Weave(batches(before, size), facts, keys), list[int | None]()
    for batch in batches(now, size):
        same = woven.same(batch)
        told = iter(same.facts.column(0).to_pylist())
        result += [next(told) if known else None for known in same.known.to_pylist()]
        assert next(told, None) is None
    return result


def rows(*numbers: int) -> list[Row]:
    return [(f"k{number}", f"v{number}", float(number)) for number in numbers]


def test_all_rows_of_an_unchanged_read_are_known() -> None:
    every = rows(*range(23))
    assert found(every, every) == list(range(23))


def test_a_row_of_which_nothing_is_known_stays_so() -> None:
    every = rows(*range(12))
    assert found(every, every, unknown=(3, 11)) == [None if place in (3, 11) else place for place in range(12)]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ((None, 1.0), ("", 1.0)),
        (("x", None), ("x", 0.0)),
        (("x", 0.0), ("x", -0.0)),
        (("aaaaaaa1bbbbbbb1", 1.0), ("aaaaaaaqbbbbbbbq", 1.0)),
        (("x", 1.0), ("x", math.nan)),
    ],
)
def test_another_value_is_another_row(before: tuple[str | None, float], now: tuple[str | None, float]) -> None:
    assert found([("k", *before), *rows(1)], [("k", *now), *rows(1)]) == [None, 1]


def test_what_is_null_or_no_number_is_the_same_as_itself() -> None:
    every: list[Row] = [("a", None, math.nan), ("b", "", None)]
    assert found(every, every) == [0, 1]


def test_rows_that_were_added_removed_or_moved_leave_the_others_known() -> None:
    before = rows(*range(40))
    now = rows(90, *range(7), 91, 92, *range(9, 20), *range(26, 40), 3)
    assert found(before, now)[:-1] == [None, *range(7), None, None, *range(9, 20), *range(26, 40)]


def test_many_added_rows_are_passed_over() -> None:
    assert found(rows(*range(20)), rows(*range(10), *range(100, 160), *range(10, 20)))[70:] == list(range(10, 20))


def test_behind_a_gap_that_is_too_large_nothing_is_known_and_nothing_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weave, "LOOK_AHEAD", 10)
    told = found(rows(*range(60)), rows(*range(5), *range(40, 60)))
    assert told[:5] == list(range(5))
    assert set(told[5:]) <= {None, *range(40, 60)}


def test_records_with_several_keys_slip_too() -> None:
    before: list[Row] = [(f"k{n // 3}", f"v{n % 3}", float(n)) for n in range(20)]
    assert found(before, before[4:], keys=(0, 1)) == list(range(4, 20))


def test_a_read_longer_or_shorter_than_the_last_one_ends_well() -> None:
    assert found(rows(*range(3)), rows(*range(14))) == [0, 1, 2, *[None] * 11]
    assert found(rows(*range(14)), rows(0, 1)) == [0, 1]
    assert found([], rows(1)) == [None]


@pytest.mark.parametrize("seed", range(30))
def test_no_row_is_ever_taken_for_another(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(weave, "LOOK_AHEAD", chance.choice((3, 20)))
    before: list[Row] = [(f"k{n}", chance.choice("xy"), chance.choice((1.0, 2.0))) for n in range(60)]
    now = list(before)
    for _ in range(chance.randrange(12)):
        place = chance.randrange(len(now))
        match chance.randrange(4):
            case 0:
                now[place] = (now[place][0], chance.choice("xyz"), chance.choice((1.0, None)))
            case 1:
                now.insert(place, (f"n{place}", "x", 1.0))
            case 2:
                del now[place : place + chance.randrange(6)]
            case _:
                now.append(now.pop(place))
    for row, place in zip(now, found(before, now, size=chance.choice((4, 7, 16))), strict=True):
        assert place is None or before[place] == row
