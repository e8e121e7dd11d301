"""How an older state is seen, and how long a record must have been missing where one read may overlook it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from desktop_sync.core.care import (
    LEAST_BETWEEN_SIGHTINGS,
    between_sightings,
    fields_of,
    is_other_structure,
    name_only,
    shape_of,
    went_back,
)
from desktop_sync.core.provider_port import HighMarks
from desktop_sync.core.schedule import MANUAL, Schedule, ScheduleKind
from desktop_sync.core.structure import Field, Structure

NOW_US = 1_000


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (HighMarks(), HighMarks(), False),
        (HighMarks(counter=7), HighMarks(counter=7), False),
        (HighMarks(counter=7), HighMarks(counter=6), True),
        (HighMarks(counter=7), HighMarks(), False),
        (HighMarks(), HighMarks(counter=6), False),
        (HighMarks(written_us=500, counter=7), HighMarks(written_us=400, counter=8), True),
        (HighMarks(written_us=500), HighMarks(written_us=500), False),
        (HighMarks(written_us=500), HighMarks(), False),
        (HighMarks(written_us=NOW_US + 1), HighMarks(written_us=400), False),
    ],
)
def test_an_older_state_is_told_by_what_never_gets_smaller(before: HighMarks, now: HighMarks, expected: bool) -> None:
    assert went_back(before, now, NOW_US) is expected


def test_a_record_must_be_missing_until_about_the_next_run() -> None:
    assert between_sightings(MANUAL) == LEAST_BETWEEN_SIGHTINGS
    hourly = Schedule(ScheduleKind.INTERVAL, interval_minutes=60)
    assert between_sightings(hourly) == timedelta(minutes=54)
    assert between_sightings(Schedule(ScheduleKind.INTERVAL, interval_minutes=1)) == LEAST_BETWEEN_SIGHTINGS


def test_another_structure_stands_there_once_most_of_the_fields_are_gone() -> None:
    def shape(*names: str) -> str:
        return shape_of(Structure("people", tuple(Field(name) for name in names)))

    assert not is_other_structure("", shape("a"))
    assert not is_other_structure(shape("a", "b"), shape("b", "c"))
    assert is_other_structure(shape("a", "b", "c"), shape("c", "d"))


def test_another_structure_stands_there_when_it_has_another_name_also_after_its_fields_were_forgotten() -> None:
    fields = (Field("a"), Field("b"))
    before, now = shape_of(Structure("people", fields)), shape_of(Structure("friends", fields))
    assert is_other_structure(before, now)
    assert is_other_structure(name_only(before), now)
    assert not is_other_structure(name_only(now), now)
    assert fields_of(now) == {"a": "text", "b": "text"}
    assert (fields_of(name_only(now)), name_only("")) == ({}, "")
    assert not is_other_structure('{"a": "text", "b": "text"}', now)  # an earlier version kept no name
