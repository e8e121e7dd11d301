"""The other half of the state machines."""

from __future__ import annotations

from pathlib import Path

from tests.reliability.lanes.state_machine import machines
from tests.reliability.size import Size


def measure(size: Size, folder: Path) -> dict[str, float]:
    counts = machines(size, first_seed=2)
    del counts["most_reads_per_own_write"]  # counts of two lanes are added, and this one is a maximum
    return counts
