"""The stamp rules as SQL come to the same as those of core."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest

from desktop_sync.core.origin import Origin, claim_error_us, is_tie, latest, prevails, settle
from desktop_sync.engine.canonical import literal
from desktop_sync.engine.expression.names import names_in
from desktop_sync.engine.origin_query import (
    claim_error_sql,
    latest_sql,
    prevails_sql,
    settle_moments,
    settle_sql,
    stamp_struct,
    tie_sql,
)
from desktop_sync.engine.workbench import Workbench

PREFERENCE = ("B", "A")


def stamp(origin: Origin) -> str:
    told = "NULL" if origin.told_us is None else str(origin.told_us)
    return stamp_struct(str(origin.at_us), str(origin.error_us), literal(origin.endpoint), PREFERENCE, told)


def random_origin(random_: random.Random) -> Origin:
    told = random_.choice((None, None, 90, 91, 92))
    return Origin(random_.choice(("A", "B", "C", "D")), random_.randint(0, 12), random_.choice((0, 0, 1, 3)), told)


def test_who_prevails_and_whether_that_is_a_tie() -> None:
    random_ = random.Random(5)
    pairs = [(random_origin(random_), random_origin(random_)) for _ in range(2000)]
    columns: dict[str, list[object]] = {"number": list(range(len(pairs)))}
    for place, side in enumerate("ab"):
        columns |= {
            f"{side}_at": [pair[place].at_us for pair in pairs],
            f"{side}_error": [pair[place].error_us for pair in pairs],
            f"{side}_origin": [pair[place].endpoint for pair in pairs],
            f"{side}_told": [pair[place].told_us for pair in pairs],
        }
    stamps = [
        f"{stamp_struct(f'{side}_at', f'{side}_error', f'{side}_origin', PREFERENCE, f'{side}_told')} AS {side}"
        for side in "ab"
    ]
    with Workbench(in_memory=True) as bench, bench.source(pa.table(columns)) as (source, _):
        found = bench.rows(
            f"SELECT {prevails_sql('a', 'b')}, {tie_sql('a', 'b')} FROM "
            f"(SELECT number, {', '.join(stamps)} FROM {source}) ORDER BY number"
        )
    assert found == [(int(prevails(a, b, PREFERENCE)), is_tie(a, b)) for a, b in pairs]


def test_the_latest_of_several() -> None:
    random_ = random.Random(6)
    groups = [[random_origin(random_) for _ in range(random_.randint(1, 4))] for _ in range(100)]
    with Workbench(in_memory=True) as bench:
        for group in groups:
            found = bench.rows(
                f"SELECT s.origin, s.at_us, -s.sharpness FROM (SELECT {latest_sql([*map(stamp, group)])} AS s)"
            )
            expected = latest(group, PREFERENCE)
            assert found == [(expected.endpoint, expected.at_us, expected.error_us)]


@pytest.mark.scenario("F9")
def test_when_a_change_counts_as_made() -> None:
    cases = [
        (claimed, error, previous, 200)
        for claimed in (None, 0, 99, 100, 101, 150, 200, 201, 10**9)
        for error in (0, 7, 500)
        for previous in (None, 0, 100, 199, 200, 300)
    ]
    with Workbench(in_memory=True) as bench:
        for claimed, error, previous, scanned in cases:
            text = "CAST(NULL AS BIGINT)" if claimed is None else str(claimed)
            at, said, told = settle_sql("c", "e", *map(str, settle_moments(previous, scanned)))
            found = bench.rows(f"SELECT {at}, {said}, {told} FROM (SELECT {text} AS c, {error} AS e)")
            assert found == [settle(claimed, error, previous, scanned)], (claimed, error, previous)


def test_how_exact_a_stamp_is() -> None:
    texts = ["2024-05-01", "2024-05-01 07:30", "2024-05-01 07:30:15", "2024-05-01T07:30:15Z", "2024-05-01 07:30:15.5"]
    with Workbench(in_memory=True) as bench:
        for text in texts:
            assert bench.number(f"SELECT {claim_error_sql(literal(text))}") == claim_error_us(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("First || ' ' || Last", ("First", "Last")),
        ('upper("Last name")', ("Last name",)),
        ("CASE WHEN City = 'Wien' THEN City ELSE Country END", ("City", "Country")),
        ("'constant'", ()),
    ],
)
def test_the_names_in_an_expression(text: str, names: tuple[str, ...]) -> None:
    assert names_in(text) == names
