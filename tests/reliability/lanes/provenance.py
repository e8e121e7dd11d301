"""Histories of edits in several systems, lived through in every order of the configurations: by the rules alone, and by
the whole engine on real files. `differences` counts those of which the orders came to different records.
"""

from __future__ import annotations

from pathlib import Path

from tests.property.order_independence import engine_lane, pure_lane
from tests.reliability.size import Size
from tests.support.cheap_starts import cheap_starts

SEED = 20_260_303


def measure(size: Size, folder: Path) -> dict[str, float]:
    """Half of each with the same fields in all configurations, half with fields that overlap, judged one by one."""
    histories, differences = pure_lane(size.of(200, 6000, 200_000), SEED)
    with cheap_starts(for_few_only=True):
        lived, differed = engine_lane(size.of(4, 100, 5000), SEED, per_world=size.of(4, 25, 50), folder=folder)
    return {"histories": histories, "engine_histories": lived, "differences": differences + differed}
