"""Each guard trips beyond its limit, not at it, and can be switched off."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import GuardLimits, Side
from desktop_sync.core.guard import SMALL, Guard, GuardFinding, SideFigures, check_side, deletes_limit

LIMITS = GuardLimits()
CALM = SideFigures(peers=1000, seen=1000, previous=1000)


def tripped(figures: SideFigures, limits: GuardLimits = LIMITS, *, first_run: bool = False) -> list[Guard]:
    return [f.guard for f in check_side("people", Side.B, figures, limits, first_run=first_run)]


def test_an_ordinary_run_trips_nothing() -> None:
    assert tripped(replace(CALM, deletes=20, creates=400, updates=400, changed=900)) == []


@pytest.mark.parametrize(
    ("peers", "allowed"), [(10, SMALL), (100, SMALL), (500, 50), (1000, 100), (5000, 100), (1_000_000, 100)]
)
def test_deletes_stop_beyond_a_tenth_or_a_hundred_records(peers: int, allowed: int) -> None:
    assert deletes_limit(peers, LIMITS) == allowed
    calm = SideFigures(peers=peers, seen=peers, previous=peers)
    assert tripped(replace(calm, deletes=allowed)) == []
    assert tripped(replace(calm, deletes=allowed + 1)) == [Guard.DELETES]


def test_limits_of_deletes_may_be_off_or_zero() -> None:
    assert deletes_limit(1000, GuardLimits(None, None)) is None
    assert deletes_limit(1000, GuardLimits(None, 5)) == 5
    assert deletes_limit(1000, GuardLimits(0.0, None)) == 0
    assert tripped(replace(CALM, deletes=1), GuardLimits(0.0, None)) == [Guard.DELETES]
    assert tripped(replace(CALM, deletes=999), GuardLimits(None, None)) == []


def test_a_side_that_reads_empty_though_it_has_peers_stops_the_run() -> None:
    assert tripped(SideFigures(peers=1, seen=0)) == [Guard.EMPTY_SIDE]
    assert tripped(SideFigures(peers=0, seen=0)) == []
    assert tripped(SideFigures(peers=1, seen=None)) == []  # it was not read completely
    assert tripped(SideFigures(peers=1, seen=0), GuardLimits(empty_side=False)) == []


@pytest.mark.parametrize(("seen", "previous", "trips"), [(10, 20, True), (11, 20, False), (9, 19, False)])
def test_a_side_that_dropped_to_half_stops_the_run(seen: int, previous: int, trips: bool) -> None:
    assert tripped(SideFigures(peers=seen, seen=seen, previous=previous)) == ([Guard.SHRUNK] if trips else [])


@pytest.mark.parametrize(("guard", "part"), [(Guard.CREATES, "creates"), (Guard.UPDATES, "updates")])
def test_writes_beyond_half_of_the_structure_stop_a_run_that_is_not_the_first(guard: Guard, part: str) -> None:
    beyond = replace(CALM, **{part: 501})
    assert tripped(replace(CALM, **{part: 500})) == []
    assert tripped(beyond) == [guard]
    assert tripped(beyond, first_run=True) == []
    assert tripped(beyond, GuardLimits(creates_share=None, updates_share=None)) == []
    assert tripped(SideFigures(peers=3, seen=3, **{part: SMALL - 1})) == []


def test_a_side_of_which_every_record_changed_stops_the_run() -> None:
    assert tripped(replace(CALM, changed=1000)) == [Guard.ALL_CHANGED]
    assert tripped(replace(CALM, changed=999)) == []
    assert tripped(SideFigures(peers=SMALL - 1, seen=SMALL - 1, changed=SMALL - 1)) == []


def test_a_finding_says_the_numbers() -> None:
    assert check_side("people", Side.A, replace(CALM, deletes=120), LIMITS, first_run=False) == (
        GuardFinding(Guard.DELETES, "people", Side.A, 120, 1000, 100),
    )


def test_findings_come_in_the_order_of_the_guards() -> None:
    everything = SideFigures(peers=100, seen=0, previous=100, deletes=90, creates=90, updates=90, changed=100)
    found = tripped(everything)
    assert found == [guard for guard in Guard if guard in found]
    assert len(found) == 5
