"""What may be lost between two fields, and whether a field can say what is the most recent."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from desktop_sync.core.stamp_fit import stamp_notes, stamp_problems
from desktop_sync.core.structure import Field, FieldType
from desktop_sync.core.type_fit import affinity, fits, loss

T = FieldType
UNTYPED = Field("x", is_typed=False)


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        (Field("a", T.TEXT), Field("b", T.INTEGER), "no integer"),
        (UNTYPED, Field("b", T.DATE), "no date"),
        (Field("a", T.TEXT), Field("b", T.TEXT, length=5), "5 characters"),
        (Field("a", T.TEXT, length=9), Field("b", T.TEXT, length=5), "5 characters"),
        (Field("a", T.DECIMAL, scale=4), Field("b", T.DECIMAL, scale=2), "after the 2."),
        (Field("a", T.FLOAT), Field("b", T.INTEGER), "numbers with decimals are refused"),
        (Field("a", T.DECIMAL, scale=2), Field("b", T.FLOAT), "15 digits"),
        (Field("a", T.TIMESTAMP), Field("b", T.DATE), "time of day"),
        (Field("a", T.INSTANT), Field("b", T.TIMESTAMP), "time zone is lost"),
        (Field("a", T.TIMESTAMP), Field("b", T.INSTANT), "taken as UTC"),
        (Field("a", T.BINARY), Field("b", T.TEXT), "do not go together"),
        (Field("a", T.DATE), Field("b", T.INTEGER), "do not go together"),
        (Field("a", T.INTEGER), Field("b", T.BOOLEAN), "only 0 and 1"),
    ],
)
def test_a_lossy_pair_is_said(source: Field, target: Field, said: str) -> None:
    assert said in loss(source, target)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (Field("a", T.INTEGER), UNTYPED),
        (Field("a", T.INTEGER), Field("b", T.DECIMAL, scale=2)),
        (Field("a", T.DECIMAL, scale=0), Field("b", T.INTEGER)),
        (Field("a", T.DATE), Field("b", T.TIMESTAMP)),
        (Field("a", T.TEXT, length=5), Field("b", T.TEXT, length=5)),
        (UNTYPED, Field("b", T.TEXT)),
        (Field("a", T.BOOLEAN), Field("b", T.INTEGER)),
    ],
)
def test_a_pair_that_loses_nothing_is_not_blamed(source: Field, target: Field) -> None:
    assert loss(source, target) == ""


@pytest.mark.parametrize(
    ("text", "target", "expected"),
    [
        ("12", Field("x", T.INTEGER), True),
        ("12.0", Field("x", T.INTEGER), True),
        ("12.5", Field("x", T.INTEGER), False),
        ("9223372036854775808", Field("x", T.INTEGER), False),
        ("1.25", Field("x", T.DECIMAL, scale=1), False),
        ("1.20", Field("x", T.DECIMAL, scale=1), True),
        ("NaN", Field("x", T.DECIMAL, scale=1), False),
        ("1234567890.1234567", Field("x", T.FLOAT), False),
        ("2026-02-29", Field("x", T.DATE), False),
        ("2026-02-28 10:00:00", Field("x", T.DATE), False),
        ("2026-02-28", Field("x", T.TIMESTAMP), True),
        ("soon", Field("x", T.TIMESTAMP), False),
        ("Yes", Field("x", T.BOOLEAN), True),
        ("perhaps", Field("x", T.BOOLEAN), False),
        ("abcdef", Field("x", T.TEXT, length=5), False),
        ("", Field("x", T.INTEGER), True),
    ],
)
def test_a_value_fits_or_does_not(text: str, target: Field, expected: bool) -> None:
    assert fits(text, target) is expected


def test_types_that_go_together_are_nearer() -> None:
    same, number, text = Field("a", T.DATE), Field("a", T.INTEGER), Field("a", T.TEXT)
    assert affinity(same, Field("b", T.DATE)) == 1.0
    assert affinity(number, Field("b", T.DECIMAL)) > affinity(number, text) > affinity(number, same)
    assert affinity(Field("a", T.BINARY), text) == 0.0


NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
STAMP = Field("changed", T.TIMESTAMP)


def test_stamps_with_seconds_in_the_past_are_fit() -> None:
    assert stamp_problems(STAMP, [f"2026-02-0{day} 08:01:0{day}" for day in range(1, 9)], NOW) == ()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["2026-02-01 00:00:00"] * 6, "the day only"),
        ([f"2026-02-0{day} 08:01:00" for day in range(1, 9)], "the minute only"),
        (["2026-02-01 08:00:01", "2026-03-02 12:06:00"], "in the future"),
        (["2026-02-01 08:00:01", None], "no value in it"),
        (["yesterday"], '"yesterday"'),
        (["2026-02-01 08:00:01", "2026-03-02 14:00:03"], "2 hours ahead, as if local time"),
        (["2026-03-02 17:29:00"], "5.5 hours ahead, as if local time"),
    ],
)
def test_unfit_stamps_are_said_with_an_example(values: list[str | None], said: str) -> None:
    assert any(said in problem for problem in stamp_problems(STAMP, values, NOW))


def test_a_stamp_ahead_by_no_time_zone_or_with_one_is_not_taken_for_local_time() -> None:
    for value in ("2026-03-02 12:40:00", "2026-03-02 14:06:00", "2026-03-03 12:00:00", "2026-03-02 16:00:00+02:00"):
        assert not any("local time" in problem for problem in stamp_problems(STAMP, [value], NOW))


def test_stamps_of_whole_seconds_are_fit_and_it_is_said() -> None:
    values = [f"2026-02-0{day} 08:01:0{day}" for day in range(1, 9)]
    assert stamp_notes(STAMP, values) == (
        "it tells whole seconds; changes of both systems within one second are a tie",
    )
    assert stamp_notes(STAMP, [value + ".25" for value in values]) == ()
    assert stamp_notes(STAMP, values[:3]) == ()


def test_a_clock_that_is_a_little_ahead_is_tolerated() -> None:
    assert stamp_problems(STAMP, ["2026-03-02 12:04:59"], NOW) == ()
    assert stamp_problems(Field("changed", T.INSTANT), ["2026-03-02 14:04:00+02:00"], NOW) == ()


def test_a_day_or_a_number_cannot_say_what_is_most_recent() -> None:
    assert stamp_problems(Field("d", T.DATE), [], NOW)
    assert stamp_problems(Field("n", T.INTEGER), ["1"], NOW)
    assert stamp_problems(UNTYPED, ["2026-02-01 08:00:01"], NOW) == ()
