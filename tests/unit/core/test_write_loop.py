"""A write loop goes back and forth between the same two values; a person who changes a value back does not."""

from __future__ import annotations

import pytest

from desktop_sync.core.configuration import Side
from desktop_sync.core.write_loop import PastWrite, is_loop

A, B = Side.A, Side.B
P, Q = b"p", b"q"


def writes(*given: tuple[Side, bytes]) -> list[PastWrite]:
    """Newest first; both sides hold the value afterwards."""
    return [PastWrite(target, value, value) for target, value in given]


@pytest.mark.scenario("D9")
def test_three_writes_to_one_side_and_the_other_in_turn_are_a_loop_when_the_fourth_goes_on() -> None:
    assert is_loop(A, Q, writes((B, P), (A, Q), (B, P)))
    assert is_loop(B, P, writes((A, Q), (B, P), (A, Q), (B, P)))


@pytest.mark.parametrize(
    ("target", "digest", "past"),
    [
        (A, Q, writes((B, P), (A, Q))),
        (A, Q, writes((B, P), (A, Q), (B, b"r"))),
        (A, b"r", writes((B, P), (A, Q), (B, P))),
        (A, P, writes((B, P), (A, P), (B, P))),
        (B, Q, writes((B, P), (B, Q), (B, P))),
        (B, Q, writes((B, P), (B, Q), (B, P), (B, Q))),
        (A, Q, []),
        (A, None, writes((B, P), (A, Q), (B, P))),
    ],
)
def test_fewer_other_or_one_sided_writes_are_none(target: Side, digest: bytes | None, past: list[PastWrite]) -> None:
    assert not is_loop(target, digest, past)


def test_a_value_that_one_side_turns_again_and_again_is_a_loop_after_five_writes() -> None:
    assert is_loop(B, Q, writes((B, P), (B, Q), (B, P), (B, Q), (B, P)))


def test_a_write_that_left_a_side_without_a_baseline_tells_nothing() -> None:
    past = [PastWrite(B, P, None), PastWrite(A, Q, None), PastWrite(B, P, None)]
    assert not is_loop(A, Q, past)
