"""How far an endpoint's clock is from this machine's, and what that means (SPEC §14, RELIABILITY 4.7).

The shift is taken off control timestamps, such as those that say which change was the most recent; never off data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from desktop_sync.core.configuration import Side
from desktop_sync.core.provider_port import EndpointTime

SAMPLES = 20
"""So many measurements are kept; the sharpest of them counts."""

STEP_US = 2_000_000
"""A clock that jumped by more than this is told about."""

WORTH_TELLING_US = 1_000_000
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class ClockSample:
    """One measurement: the endpoint's clock minus this machine's, which is within `error_us` of the truth."""

    at: datetime
    shift_us: int
    error_us: int


@dataclass(frozen=True, slots=True)
class ClockShift:
    """What counts for an endpoint: its clock minus this machine's, and how far that may be off."""

    shift_us: int = 0
    error_us: int = 0


NO_SHIFT = ClockShift()


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of both sides, and the time on this machine: a stamp that lies ahead of it counts as now."""

    a: ClockShift = NO_SHIFT
    b: ClockShift = NO_SHIFT
    now_us: int | None = None

    def of(self, side: Side) -> ClockShift:
        return self.a if side is Side.A else self.b


NO_CLOCKS = Clocks()


def sample(before: datetime, told: EndpointTime, after: datetime) -> ClockSample:
    """A measurement from the endpoint's answer, and this machine's time before it was asked and after it answered."""
    middle = before + (after - before) / 2
    error = (after - before) / 2 + timedelta(seconds=told.resolution_s)
    return ClockSample(after, (told.at - middle) // _MICROSECOND, abs(error) // _MICROSECOND)


def step_us(samples: Sequence[ClockSample]) -> int:
    """By how much the clock jumped between the last two of the samples (oldest first); 0 where it did not."""
    if len(samples) < 2:
        return 0
    before, now = samples[-2:]
    jumped = now.shift_us - before.shift_us
    return jumped if abs(jumped) > STEP_US + before.error_us + now.error_us else 0


def best(samples: Sequence[ClockSample]) -> ClockShift:
    """The sharpest of the samples since the clock last jumped (oldest first); of equal ones the newest."""
    since = max((place for place in range(1, len(samples) + 1) if step_us(samples[:place])), default=1)
    chosen = samples[since - 1 :][-SAMPLES:]
    if not chosen:
        return NO_SHIFT
    sharpest = min(reversed(chosen), key=lambda one: one.error_us)
    return ClockShift(sharpest.shift_us, sharpest.error_us)


def shift_sentence(endpoint: str, shift: ClockShift) -> str:
    """What the clock is like, in words."""
    if abs(shift.shift_us) <= max(shift.error_us, WORTH_TELLING_US):
        return f"The clock of {endpoint} agrees with that of this machine{_within(shift)}."
    way = "ahead of" if shift.shift_us > 0 else "behind"
    return (
        f"The clock of {endpoint} is {duration(shift.shift_us)} {way} that of this machine{_within(shift)}. "
        "When changes are compared by time, that is allowed for; data are not touched."
    )


def step_sentence(endpoint: str, jumped_us: int) -> str:
    way = "forward" if jumped_us > 0 else "back"
    return (
        f"The clock of {endpoint} jumped {way} by {duration(jumped_us)} since it was measured before. "
        "Changes that were stamped in between may be taken for newer or older than they are."
    )


def _within(shift: ClockShift) -> str:
    return f" (within {max(shift.error_us, 1000) / 1_000_000:.3g} s)"


def duration(us: int) -> str:
    """A length of time for people, in its two largest units."""
    seconds = abs(us) / 1_000_000
    if seconds < 60:
        return f"{seconds:.3g} s"
    parts = []
    rest = round(seconds)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])
