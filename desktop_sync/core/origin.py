"""Origin stamps: when and in which endpoint a person last changed a value, carried along by sync (SPEC §7).

Stamps of two systems are never compared by the clock alone: each has an error, and within both errors nobody knows
which change was first. Then the system that is preferred wins, then the endpoint's name decides, so that the winner is
the same from whichever side, and in whichever order, one looks (RELIABILITY 4.7).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from desktop_sync.core.configuration import Side

UNKNOWN_AT = 0
"""The instant of a change that nobody wrote down: it counts as the oldest, so that a known one wins."""


@dataclass(frozen=True, slots=True)
class Origin:
    """An origin stamp. `at_us` is microseconds since 1970 by this machine's clock, `error_us` how far it may be off.

    `told_us` is what the clock told where that cannot be, else None.
    """

    endpoint: str
    at_us: int = UNKNOWN_AT
    error_us: int = 0
    told_us: int | None = None

    @property
    def order(self) -> tuple[int, int]:
        """By which changes of one clock are ordered."""
        return self.at_us, self.at_us if self.told_us is None else self.told_us


class Prevails(enum.IntEnum):
    """Which of two stamps wins. NEITHER: they are one and the same change, or cannot be told apart at all."""

    NEITHER = 0
    FIRST = 1
    SECOND = 2


def rank(endpoint: str, preference: Sequence[str]) -> int:
    """The endpoint's place among the preferred ones, the best is 0; one that is not named comes after all."""
    return preference.index(endpoint) if endpoint in preference else len(preference)


def is_tie(first: Origin, second: Origin) -> bool:
    """Whether the clocks cannot say which change was the later one."""
    if first.endpoint == second.endpoint:
        return first.order == second.order  # one clock: its error is the same for both
    if _are_apart(first, second):
        return False
    return not _are_both_wrong(first, second) or first.told_us == second.told_us


def _are_apart(first: Origin, second: Origin) -> bool:
    return abs(first.at_us - second.at_us) > first.error_us + second.error_us


def _are_both_wrong(first: Origin, second: Origin) -> bool:
    """Two clocks that both told what cannot be, as those of another time zone or of restored records: what they told is
    the best that there is to order their changes by, where the scans do not."""
    return first.told_us is not None and second.told_us is not None


def prevails(first: Origin, second: Origin, preference: Sequence[str] = ()) -> Prevails:
    """The winner: the later one; in a tie the preferred system, then the endpoint whose name comes first."""
    if not is_tie(first, second):
        by_scans = first.endpoint == second.endpoint or _are_apart(first, second)
        one, other = (first.order, second.order) if by_scans else (first.order[1:], second.order[1:])
        return Prevails.FIRST if one > other else Prevails.SECOND
    keys = [(rank(origin.endpoint, preference), origin.endpoint) for origin in (first, second)]
    if keys[0] == keys[1]:
        return Prevails.NEITHER
    return Prevails.FIRST if keys[0] < keys[1] else Prevails.SECOND


def latest(origins: Iterable[Origin], preference: Sequence[str] = ()) -> Origin:
    """The stamp of a whole record: that of its field that was changed last; of equal instants the preferred system's.

    By the instant alone, whatever the errors, so that it does not matter in which order the fields come.
    """
    return max(origins, key=lambda one: (*one.order, -rank(one.endpoint, preference), -one.error_us, one.endpoint))


def settle(
    claimed_us: int | None, error_us: int, previous_us: int | None, scanned_us: int
) -> tuple[int, int, int | None]:
    """(at, error, told) of a change that this scan sees and the previous one did not: it lies in (previous, this].

    A claimed instant outside was told by a clock that is wrong; what is left is that the change lies anywhere between
    the two: its instant is the middle, and its error reaches to both. Without a claim the instant is unknown.
    `previous_us` is None before a first scan.
    """
    if claimed_us is None:
        return UNKNOWN_AT, 0, None
    earliest = scanned_us if previous_us is None else min(previous_us + 1, scanned_us)
    if claimed_us <= scanned_us and (previous_us is None or claimed_us >= earliest):
        return claimed_us, error_us, None
    middle = (earliest + scanned_us) // 2
    return middle, max(error_us, scanned_us - middle), claimed_us


def resolve_fields(
    a: Mapping[str, Origin], b: Mapping[str, Origin], preference: Sequence[str], primary: Side
) -> dict[str, Side]:
    """Field by field, the side whose value is kept. Both sides must name the same fields.

    `primary` decides only where the stamps are the same, so that there is nothing else to tell the values apart by.
    """
    by_verdict = {Prevails.FIRST: Side.A, Prevails.SECOND: Side.B, Prevails.NEITHER: primary}
    return {name: by_verdict[prevails(a[name], b[name], preference)] for name in a}


def claim_error_us(text: str) -> int:
    """Half of what a stamp's text leaves open, so that two stamps a whole step apart are no tie: days, minutes, seconds
    or nothing, for `2024-05-01`, `2024-05-01 07:30`, `2024-05-01 07:30:15` and finer ones."""
    step_s = 86_400 if len(text) <= 10 else 60 if len(text) <= 16 else 0 if "." in text[16:] else 1
    return max(0, step_s * 500_000 - 1)
