from __future__ import annotations

import itertools

import pytest

from desktop_sync.core.configuration import Side
from desktop_sync.core.origin import (
    UNKNOWN_AT,
    Origin,
    Prevails,
    claim_error_us,
    is_tie,
    latest,
    prevails,
    resolve_fields,
    settle,
)

SECOND = 1_000_000
THREE_PM, TWO_PM, ONE_PM = 15 * 3600 * SECOND, 14 * 3600 * SECOND, 13 * 3600 * SECOND


def test_the_later_change_wins_from_whichever_side_one_looks() -> None:
    p, q = Origin("A", THREE_PM), Origin("B", TWO_PM)
    assert prevails(p, q, ("B", "A")) is Prevails.FIRST
    assert prevails(q, p, ("B", "A")) is Prevails.SECOND


@pytest.mark.scenario("G4")
def test_within_both_errors_the_preferred_system_wins_and_it_counts_as_a_tie() -> None:
    p, q = Origin("A", 100, 10), Origin("B", 120, 10)
    assert is_tie(p, q)
    assert prevails(p, q, ("A", "B")) is Prevails.FIRST
    assert prevails(p, q, ("B", "A")) is Prevails.SECOND
    assert not is_tie(p, Origin("B", 121, 10))
    assert prevails(p, Origin("B", 121, 10), ("A", "B")) is Prevails.SECOND


@pytest.mark.scenario("G4")
def test_in_a_tie_of_systems_that_nobody_prefers_the_name_decides() -> None:
    assert prevails(Origin("B", 5), Origin("A", 5)) is Prevails.SECOND
    assert prevails(Origin("A", 5), Origin("B", 5)) is Prevails.FIRST


def test_one_clock_is_trusted_to_order_its_own_changes() -> None:
    assert prevails(Origin("A", 101, 50), Origin("A", 100, 50)) is Prevails.FIRST
    assert prevails(Origin("A", 100, 50), Origin("A", 100, 20)) is Prevails.NEITHER


def test_the_winner_of_three_is_the_same_in_every_order() -> None:
    stamps = [Origin("A", 30), Origin("B", 30), Origin("C", 20), Origin("A", 10), Origin("D", UNKNOWN_AT)]
    for three in itertools.combinations(stamps, 3):
        winners = set()
        for first, *rest in itertools.permutations(three):
            held = first
            for other in rest:
                held = held if prevails(held, other, ("B", "A")) is not Prevails.SECOND else other
            winners.add(held)
        assert len(winners) == 1


def test_a_record_is_as_new_as_its_field_that_was_changed_last() -> None:
    fields = [Origin("A", 10), Origin("B", 30), Origin("C", 30), Origin("A", 20)]
    for order in itertools.permutations(fields):
        assert latest(order, ("C",)) == Origin("C", 30)


def test_a_claimed_instant_that_lies_between_the_scans_is_believed() -> None:
    assert settle(150, 5, 100, 200) == (150, 5, None)
    assert settle(150, 5, None, 200) == (150, 5, None)


@pytest.mark.scenario("F9")
def test_a_clock_that_is_ahead_cannot_win_for_ever() -> None:
    ahead = Origin("A", *settle(31_536_000 * SECOND, 0, 100, 200))
    assert (ahead.at_us, ahead.error_us) == (150, 50)
    assert prevails(ahead, Origin("B", 201), ("A", "B")) is Prevails.SECOND
    assert is_tie(ahead, Origin("B", 199))
    assert prevails(ahead, Origin("B", 199), ("B", "A")) is Prevails.SECOND
    assert settle(900, 3, None, 200) == (200, 3, 900)


def test_a_change_that_was_not_there_at_the_previous_scan_is_newer_than_it() -> None:
    assert settle(5, 0, 100, 200) == (150, 50, 5)
    assert prevails(Origin("A", *settle(5, 0, 100, 200)), Origin("B", 99)) is Prevails.FIRST


@pytest.mark.scenario("F9")
def test_two_clocks_that_are_both_wrong_are_ordered_by_what_they_told() -> None:
    """As of two systems that write the time of another zone, or of records that were restored."""
    p = Origin("A", *settle(1_000 + 50, 0, 100, 200))
    q = Origin("B", *settle(1_000 + 40, 0, 100, 200))
    assert not is_tie(p, q)
    assert prevails(p, q, ("B", "A")) is Prevails.FIRST
    assert prevails(q, p, ("B", "A")) is Prevails.SECOND
    later = Origin("B", *settle(1_000, 0, 300, 400))  # told earlier, but seen by a later scan only
    assert prevails(p, later, ("A", "B")) is Prevails.SECOND


def test_a_change_without_a_time_counts_as_the_oldest() -> None:
    assert settle(None, 0, 100, 200) == (UNKNOWN_AT, 0, None)
    assert prevails(Origin("A"), Origin("B", 1), ("A", "B")) is Prevails.SECOND
    assert prevails(Origin("A"), Origin("B"), ("B", "A")) is Prevails.SECOND


def test_each_field_is_kept_from_the_side_where_it_was_changed_last() -> None:
    a = {"name": Origin("A", 30), "city": Origin("A", 10), "note": Origin("A", 20)}
    b = {"name": Origin("B", 20), "city": Origin("C", 15), "note": Origin("A", 20)}
    kept = resolve_fields(a, b, ("A", "B"), Side.B)
    assert kept == {"name": Side.A, "city": Side.B, "note": Side.B}


@pytest.mark.parametrize(
    ("text", "step_s"),
    [
        ("2024-05-01", 86_400),
        ("2024-05-01 07:30", 60),
        ("2024-05-01T07:30:15", 1),
        ("2024-05-01 07:30:15Z", 1),
    ],
)
def test_stamps_that_are_a_whole_step_apart_are_no_tie(text: str, step_s: int) -> None:
    error = claim_error_us(text)
    assert not is_tie(Origin("A", 0, error), Origin("B", step_s * SECOND, error))
    assert is_tie(Origin("A", 0, error), Origin("B", step_s * SECOND // 2, error))


def test_a_stamp_with_parts_of_a_second_is_exact() -> None:
    assert claim_error_us("2024-05-01 07:30:15.123456") == 0
