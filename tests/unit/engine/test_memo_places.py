"""Numbers are found where they are, however close they lie together."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest

from desktop_sync.engine.memo import _places


@pytest.mark.parametrize("spread", [1, 3, 1000])
@pytest.mark.parametrize("seed", range(5))
def test_each_number_has_its_place_or_none(seed: int, spread: int) -> None:
    chance = random.Random(seed)
    there = chance.sample(range(10, 10 + 50 * spread), 50)
    wanted = [*chance.sample(there, 20), 3, 10 + 50 * spread, chance.choice(there), 11]
    found = _places(pa.array(wanted), pa.chunked_array([there[:20], there[20:]])).to_pylist()
    assert found == [there.index(number) if number in there else None for number in wanted]


def test_among_none_there_is_no_number() -> None:
    assert _places(pa.array([1, 2]), pa.chunked_array([], pa.int64())).to_pylist() == [None, None]
