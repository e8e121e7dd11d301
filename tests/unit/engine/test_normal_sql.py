"""Shortcuts in SQL over values give what the long way gives."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from desktop_sync.core.normal_form import Step, StepKind
from desktop_sync.core.structure import FieldType
from desktop_sync.engine.canonical import TEXT, ValueType, canonical_sql
from desktop_sync.engine.normal_sql import NFC_ALREADY, normal_sql
from desktop_sync.engine.workbench import Workbench


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with Workbench(in_memory=True) as made:
        yield made


def computed(bench: Workbench, sql: str, values: pa.Array) -> list[Any]:
    with bench.source(pa.table({"v": values})) as (source, _):
        return [row[0] for row in bench.rows(f"SELECT {sql} FROM {source}")]


def test_no_character_that_is_taken_for_normal_changes_combines_or_moves() -> None:
    seconds = set()
    for code in range(0x110000):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            seconds.add(int(parts[1], 16))
    wrong = [
        f"U+{code:04X}"
        for first, last in NFC_ALREADY
        for code in range(first, last + 1)
        if unicodedata.normalize("NFC", chr(code)) != chr(code)
        or unicodedata.combining(chr(code))
        or code in seconds
        or 0x1161 <= code <= 0x1175
        or 0x11A8 <= code <= 0x11C2
    ]
    assert wrong == []


def test_texts_in_other_forms_are_normalized_and_the_others_stay(bench: Workbench) -> None:
    texts = ["plain", "Zoe\u0308", "\u1112\u1161\u11ab", "한", "☆ 東京", "\u212b", "e\u0323\u0302", "Nguyễn", "", None]
    texts += ["か\u3099", "й", "и\u0306", "\u0f71\u0f72", "a\u0315\u0300", "한\u11a8", "가\u11a8"]
    expected = [None if text is None else unicodedata.normalize("NFC", text) for text in texts]
    for looks_first in (True, False):
        sql = normal_sql("v", TEXT, (Step(StepKind.NFC),), looks_first=looks_first)
        assert computed(bench, sql, pa.array(texts, pa.string())) == expected


@pytest.mark.parametrize("scale", [9, 12])
def test_decimals_have_the_same_digits_whether_they_are_short_or_long(bench: Workbench, scale: int) -> None:
    texts = ["0", "-0.5", "12.25", "1000", "999999999.999999999", "-1000000000", "123456789012345678901.000000001"]
    texts += ["0.000000001", "-99999999999", *(["0.0000000005", "1.123456789012"] if scale > 9 else [])]
    kind = ValueType(FieldType.DECIMAL, scale)
    values = pa.array([Decimal(text) for text in texts], pa.decimal128(38, scale))
    assert computed(bench, canonical_sql("v", kind), values) == texts


def test_a_time_of_day_is_cut_down_to_its_unit_as_a_timestamp_is(bench: Workbench) -> None:
    times = [time(12), time(12, 0, 0, 700_000), time(12, 0, 29, 999_999), time(12, 0, 45), time(23, 59, 59, 999_999)]
    stamps = [datetime.combine(date(2026, 1, 2), one) for one in times]
    for step in (StepKind.SECONDS, StepKind.MINUTES):
        of_times = normal_sql("v", ValueType(FieldType.TIME), (Step(step),))
        of_stamps = normal_sql("v", ValueType(FieldType.TIMESTAMP), (Step(step),))
        cut = computed(bench, of_times, pa.array([*times, None], pa.time64("us")))
        assert cut == [*(one.time() for one in computed(bench, of_stamps, pa.array(stamps))), None]


def test_a_local_time_becomes_the_one_of_greenwich(bench: Workbench) -> None:
    summer, winter = datetime(2026, 7, 1, 12), datetime(2026, 1, 1, 12)
    sql = normal_sql("v", ValueType(FieldType.TIMESTAMP), (Step(StepKind.UTC, zone="Europe/Vienna"),))
    assert computed(bench, sql, pa.array([summer, winter])) == [datetime(2026, 7, 1, 10), datetime(2026, 1, 1, 11)]


def test_a_number_in_a_text_is_rounded_and_what_is_none_stays(bench: Workbench) -> None:
    sql = normal_sql("v", TEXT, (Step(StepKind.SCALE, decimals=2),))
    assert computed(bench, sql, pa.array(["1.005", "2", "many", None])) == ["1.01", "2.00", "many", None]


def test_full_width_letters_are_those_of_other_systems(bench: Workbench) -> None:
    sql = normal_sql("v", TEXT, (Step(StepKind.NFKC),))
    assert computed(bench, sql, pa.array(["Ａｂｃ１２３！", "Zoe\u0308", None])) == ["Abc123!", "Zoë", None]
