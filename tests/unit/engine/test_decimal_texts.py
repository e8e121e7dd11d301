"""Decimals as text: the digits that count, whatever way is quickest for them."""

from __future__ import annotations

import random
from decimal import Context, Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from desktop_sync.core.structure import FieldType
from desktop_sync.engine.canonical import ValueType, canonical_sql, plain_text_sql
from desktop_sync.engine.workbench import Workbench

EDGES = (
    "0 0.5 -0.5 12 12.5 12.05 -12.05 12.50 100 0.001 0.000000001 -0.000000001 999999999 999999999.999999999 "
    "-999999999.999999999 1000000000 1000000000.5 0.1234567891 123456789012345678901234.5 0.99 0.995 9.95 -9.99999"
)


def rounded(number: Decimal, scale: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-scale), context=Context(prec=60))


def numbers(scale: int) -> list[Decimal]:
    """Edges and others of every length, with no more than so many digits after the point."""
    dice = random.Random(7)
    drawn = [Decimal(dice.randrange(-(10**size), 10**size)).scaleb(-dice.randrange(10)) for size in range(1, 19)] * 20
    given = [*map(Decimal, EDGES.split()), *drawn]
    return [number for number in given if number == rounded(number, scale)]


def plain(number: Decimal) -> str:
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("", "-0", "-") else text


@pytest.mark.parametrize("scale", [9, 12])
@pytest.mark.parametrize("digits", [0, 1, 2, 5, 9, 10])
def test_a_decimal_has_its_declared_digits_and_no_zeros_beyond(tmp_path: Path, digits: int, scale: int) -> None:
    kind = ValueType(FieldType.DECIMAL, scale, digits)
    given = numbers(scale)
    table = pa.table({"n": pa.array([str(number) for number in given])})
    with Workbench(str(tmp_path)) as bench, bench.source(table) as (source, _):
        bench.execute(f"CREATE TABLE numbers AS SELECT CAST(n AS {kind.sql}) AS n FROM {source}")
        told = [
            bench.rows(
                f"SELECT {canonical_sql('n', kind, is_for_few=is_for_few)}, "
                f"{plain_text_sql('n', kind, is_for_few=is_for_few)} FROM numbers"
            )
            for is_for_few in (False, True)
        ]
    expected = []
    for number in given:
        short = plain(number)
        has_room = number == rounded(number, digits)
        expected.append((short, format(rounded(number, digits), "f") if digits and has_room else short))
    assert told == [expected, expected]
