"""A text becomes a typed value or nothing, never another value; equal values have one canonical form."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pyarrow as pa
import pytest

from desktop_sync.core.structure import FieldType
from desktop_sync.engine.canonical import (
    TEXT,
    ValueType,
    canonical_sql,
    convert_sql,
    digest_sql,
    plain_text_sql,
    typed_sql,
    value_type,
)
from desktop_sync.engine.workbench import Workbench


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with Workbench(in_memory=True) as made:
        yield made


def computed(bench: Workbench, sql: str, values: pa.Array) -> list[object]:
    with bench.source(pa.table({"v": values})) as (source, _):
        return [row[0] for row in bench.rows(f"SELECT {sql} FROM {source}")]


def texts(*values: str | None) -> pa.Array:
    return pa.array(values, pa.string())


@pytest.mark.parametrize(
    ("kind", "text", "plain"),
    [
        (FieldType.INTEGER, "17", "17"),
        (FieldType.INTEGER, "17.0", "17"),
        (FieldType.INTEGER, "17.5", None),
        (FieldType.INTEGER, "9223372036854775808", None),
        (FieldType.DECIMAL, "2.50", "2.5"),
        (FieldType.DECIMAL, "0.12345678901", None),
        (FieldType.DECIMAL, "1e3", "1000"),
        (FieldType.FLOAT, "0.1", "0.1"),
        (FieldType.FLOAT, "1e300", "1e+300"),
        (FieldType.FLOAT, "nan", None),
        (FieldType.FLOAT, "infinity", None),
        (FieldType.FLOAT, "1e999", None),
        (FieldType.BOOLEAN, "TRUE", "true"),
        (FieldType.BOOLEAN, "perhaps", None),
        (FieldType.DATE, "2024-02-29", "2024-02-29"),
        (FieldType.DATE, "2024-02-29 00:00:00", "2024-02-29"),
        (FieldType.DATE, "2024-02-29 00:00:01", None),
        (FieldType.TIME, "13:45:00.5", "13:45:00.5"),
        (FieldType.TIME, "25:00", None),
        (FieldType.TIMESTAMP, "2024-02-29 13:45:00.25", "2024-02-29 13:45:00.250000"),
        (FieldType.TIMESTAMP, "2024-07-01T10:00:00+02:00", "2024-07-01 08:00:00"),
        (FieldType.TIMESTAMP, "2024-07-01 10:00:00-0530", "2024-07-01 15:30:00"),
        (FieldType.TIMESTAMP, "2024-07-01T10:00:00Z", "2024-07-01 10:00:00"),
        (FieldType.TIMESTAMP, "infinity", None),
        (FieldType.INSTANT, "2024-07-01 10:00:00+02", "2024-07-01 08:00:00Z"),
        (FieldType.INSTANT, "-infinity", None),
        (FieldType.BINARY, "cafe", "CAFE"),
        (FieldType.BINARY, "no hex", None),
        (FieldType.TEXT, "no hex ", "no hex "),
    ],
)
def test_a_text_becomes_the_value_that_it_says_or_none(
    bench: Workbench, kind: FieldType, text: str, plain: str | None
) -> None:
    wanted = value_type(kind, None)
    empty = "" if kind in (FieldType.TEXT, FieldType.BINARY) else None
    sql = plain_text_sql(f"({typed_sql('v', wanted)})", wanted)
    assert computed(bench, sql, texts(text, "", None)) == [plain, empty, None]


@pytest.mark.parametrize(
    ("kind", "first", "second", "is_same"),
    [
        (FieldType.FLOAT, "0.0", "-0.0", True),
        (FieldType.FLOAT, "0.1", "0.10000000000000001", True),
        (FieldType.FLOAT, "0.1", "0.1000000000000001", False),
        (FieldType.TIME, "13:45", "13:45:00.000000", True),
        (FieldType.TIME, "13:45", "13:45:00.000001", False),
        (FieldType.INSTANT, "2024-07-01 10:00:00+02", "2024-07-01 08:00:00+00", True),
        (FieldType.INSTANT, "2024-07-01 10:00:00+02", "2024-07-01 10:00:00+00", False),
        (FieldType.BINARY, "cafe", "CAFE", True),
        (FieldType.DECIMAL, "2.50", "2.5", True),
        (FieldType.DATE, "1969-12-31", "1970-01-01", False),
        (FieldType.TEXT, "a\x1fb", "a\x1db", False),
        (FieldType.TEXT, "a\x1f", "a\x1d1", False),
    ],
)
def test_values_have_one_canonical_form_exactly_when_they_are_equal(
    bench: Workbench, kind: FieldType, first: str, second: str, is_same: bool
) -> None:
    wanted = value_type(kind, None)
    one, other = computed(bench, canonical_sql(f"({typed_sql('v', wanted)})", wanted), texts(first, second))
    assert one is not None
    assert other is not None
    assert (one == other) is is_same


def test_a_decimal_is_never_rounded_into_a_narrower_one(bench: Workbench) -> None:
    wide, narrow = ValueType(FieldType.DECIMAL, 12), ValueType(FieldType.DECIMAL, 9)
    values = pa.array([Decimal("1.5"), Decimal("1.000000000001"), None], pa.decimal128(38, 12))
    assert computed(bench, convert_sql("v", wide, narrow), values) == [Decimal("1.5"), None, None]


def test_a_value_of_another_type_is_converted_by_what_it_says(bench: Workbench) -> None:
    whole, fraction = ValueType(FieldType.INTEGER), ValueType(FieldType.FLOAT)
    assert computed(bench, convert_sql("v", fraction, whole), pa.array([2.0, 2.5, None])) == [2, None, None]
    assert computed(bench, convert_sql("v", whole, TEXT), pa.array([2, None], pa.int64())) == ["2", None]
    assert computed(bench, convert_sql("v", TEXT, whole), texts("2", "two")) == [2, None]


def test_a_digest_of_nothing_is_that_of_no_record_with_values(bench: Workbench) -> None:
    nothing, null, empty, text = (
        computed(bench, digest_sql(values), texts("a"))[0] for values in ((), ("NULL",), ("''",), ("v",))
    )
    assert nothing == bytes(16)
    assert len({nothing, null, empty, text}) == 4
    assert all(isinstance(one, bytes) and len(one) == 16 for one in (null, empty, text))


def test_a_text_with_a_separator_is_escaped_whether_there_are_many_or_few(bench: Workbench) -> None:
    given = texts("plain", "a\x1fb", "\x1e", "\x1d", "\x1d\x1e\x1f", "", None)
    wanted = ["plain", "a\x1d1b", "\x1d0", "\x1d9", "\x1d9\x1d0\x1d1", "", None]
    for is_for_few in (True, False):
        assert computed(bench, canonical_sql("v", TEXT, is_for_few=is_for_few), given) == wanted


def test_a_double_is_the_decimal_that_its_first_15_digits_say(bench: Workbench) -> None:
    doubles = pa.array([0.1 + 0.2, 16384.129999999997, 12345678901234.56, 1e-7, 1 / 3, 1e-12, 1e300, None])
    kept = [Decimal("0.3"), Decimal("16384.13"), Decimal("12345678901234.56"), Decimal("1e-7")]
    fraction = ValueType(FieldType.FLOAT)
    undeclared, two_digits = value_type(FieldType.DECIMAL, None), value_type(FieldType.DECIMAL, 2)
    assert computed(bench, convert_sql("v", fraction, undeclared), doubles) == [*kept, None, None, None, None]
    rounded = [*kept, Decimal("0.333333333"), Decimal(0), None, None]
    assert computed(bench, convert_sql("v", fraction, two_digits), doubles) == rounded
