"""Measuring a clock: between two looks at our own, the sharpest of the last measurements counts, a jump is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from desktop_sync.core.clock_doctor import (
    NO_SHIFT,
    SAMPLES,
    ClockSample,
    ClockShift,
    best,
    duration,
    sample,
    shift_sentence,
    step_sentence,
    step_us,
)
from desktop_sync.core.provider_port import EndpointTime

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def taken(*given: tuple[float, float]) -> list[ClockSample]:
    """Of (shift, error) in seconds, oldest first."""
    return [ClockSample(NOON, round(shift * 1e6), round(error * 1e6)) for shift, error in given]


def test_a_measurement_is_bracketed_by_two_looks_at_our_own_clock() -> None:
    told = EndpointTime(NOON + timedelta(seconds=10), resolution_s=1)
    measured = sample(NOON, told, NOON + timedelta(seconds=2))
    assert (measured.shift_us, measured.error_us) == (9_000_000, 2_000_000)


def test_an_answer_in_another_time_zone_is_the_same_instant() -> None:
    told = EndpointTime((NOON + timedelta(seconds=1)).astimezone().replace(microsecond=0))
    assert sample(NOON, told, NOON).shift_us == 1_000_000


def test_the_sharpest_of_the_last_measurements_counts() -> None:
    assert best(taken((3.0, 0.5), (3.2, 0.1), (3.1, 0.3))) == ClockShift(3_200_000, 100_000)
    assert best(taken((3.0, 0.1), (3.2, 0.1))) == ClockShift(3_200_000, 100_000)  # of equal ones the newest
    old = taken((9.0, 0.001), *[(9.1, 0.2)] * SAMPLES)
    assert best(old).error_us == 200_000
    assert best([]) == NO_SHIFT


@pytest.mark.scenario("F9")
def test_a_jump_of_more_than_two_seconds_is_told_and_ends_what_was_measured_before() -> None:
    assert step_us(taken((3.0, 0.001), (5.0, 0.01))) == 0
    assert step_us(taken((3.0, 0.001), (5.1, 0.01))) == 2_100_000
    assert step_us(taken((3.0, 0.001), (-3_597.0, 0.01))) == -3_600_000_000
    assert step_us(taken((3.0, 1.0), (5.5, 1.0))) == 0  # within what the measurements may be off
    assert best(taken((3.0, 0.001), (3603.0, 0.5))) == ClockShift(3_603_000_000, 500_000)
    assert best(taken((3.0, 0.001), (3603.0, 0.5), (3603.1, 0.6))) == ClockShift(3_603_000_000, 500_000)


def test_it_is_said_in_words() -> None:
    assert shift_sentence("Shop", ClockShift(400_000, 20_000)) == (
        "The clock of Shop agrees with that of this machine (within 0.02 s)."
    )
    assert shift_sentence("Shop", ClockShift(-200_000_000, 20_000)).startswith(
        "The clock of Shop is 3 min 20 s behind that of this machine (within 0.02 s)."
    )
    assert step_sentence("Shop", 3_600_000_000).startswith("The clock of Shop jumped forward by 1 h since")


@pytest.mark.parametrize(("us", "text"), [(1_500_000, "1.5 s"), (59_000_000, "59 s"), (90_061_000_000, "1 d 1 h")])
def test_lengths_of_time_have_two_units_at_most(us: int, text: str) -> None:
    assert duration(us) == duration(-us) == text
