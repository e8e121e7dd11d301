"""Recovery of a program that was killed with many rows open."""

from __future__ import annotations

from pathlib import Path

from tests.reliability.size import Size
from tests.support import recovery_time


def measure(size: Size, folder: Path) -> dict[str, float]:
    return recovery_time.measure(folder, size.of(200, 10_000, 100_000))
