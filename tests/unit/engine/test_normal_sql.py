"""Shortcuts in SQL over values give what the long way gives."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest

from desktop_sync.core.normal_form import Step, StepKind
from desktop_sync.core.structure import FieldType
from desktop_sync.engine.canonical import TEXT, ValueType, canonical_sql
from desktop_sync.engine.normal_sql import NFC_ALREADY, normal_sql


def computed(sql: str, values: pa.Array) -> list[object]:
    with duckdb.connect() as connection:
        connection.register("given", pa.table({"v": values}))
        return [row[0] for row in connection.execute(f"SELECT {sql} FROM given").fetchall()]


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


def test_texts_in_other_forms_are_normalized_and_the_others_stay() -> None:
    texts = ["plain", "Zoe\u0308", "\u1112\u1161\u11ab", "한", "☆ 東京", "\u212b", "e\u0323\u0302", "Nguyễn", "", None]
    texts += ["か\u3099", "й", "и\u0306", "\u0f71\u0f72", "a\u0315\u0300", "한\u11a8", "가\u11a8"]
    sql = normal_sql("v", TEXT, (Step(StepKind.NFC),))
    expected = [None if text is None else unicodedata.normalize("NFC", text) for text in texts]
    assert computed(sql, pa.array(texts, pa.string())) == expected


@pytest.mark.parametrize("scale", [9, 12])
def test_decimals_have_the_same_digits_whether_they_are_short_or_long(scale: int) -> None:
    texts = ["0", "-0.5", "12.25", "1000", "999999999.999999999", "-1000000000", "123456789012345678901.000000001"]
    texts += ["0.000000001", "-99999999999", *(["0.0000000005", "1.123456789012"] if scale > 9 else [])]
    kind = ValueType(FieldType.DECIMAL, scale)
    values = pa.array([Decimal(text) for text in texts], pa.decimal128(38, scale))
    assert computed(canonical_sql("v", kind), values) == texts
