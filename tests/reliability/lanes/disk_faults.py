"""Torn and garbled logs of the ledger, and disks that are full or fail under it at any write, once or for ever."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.reliability.size import Size
from tests.support import full_disk, torn_ledger

SEED = 20_260_303


def measure(size: Size, folder: Path) -> dict[str, float]:
    """`not_opened` counts every ledger that did not open or recover unattended to a whole state."""
    parts = {name: folder / name for name in ("known", "worlds", "disks")}
    for part in parts.values():
        part.mkdir()
    found: Counter[str] = Counter()
    found.update(torn_ledger.measure_known(parts["known"], size.of(20, 960, 19_400), SEED))
    found.update(torn_ledger.measure_worlds(parts["worlds"], size.of(1, 12, 200), SEED))
    found.update(full_disk.measure(parts["disks"], size.of(2, 36, 480)))
    wrong = ("not_opened", "not_whole", "not_recovered", "not_stopped")
    return {
        "cases": found["cases"],
        "not_opened": sum(found[name] for name in wrong),
        "writes": found["writes"],
        "writes_without_intent": found["writes_without_intent"],
        "only_matched": found["only_matched"],
    }
