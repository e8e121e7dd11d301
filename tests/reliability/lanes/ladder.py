"""Every crash point of every scenario in every class of the capability ladder (N1), and a quiet run after it (N6)."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.crash.enumeration import Counts, Enumeration
from tests.crash.scenarios import SCENARIOS
from tests.reliability.size import Size
from tests.support.chaos_system import CLASSES
from tests.support.cheap_starts import cheap_starts

QUIET_EVERY = 6
"""One more run is tried after so many recoveries, and after each in which an answer came late."""
ALL_PAIRS_IN = {"create-right": "natural-key", "edit-against-delete": "idempotency-key"}
"""Classes in which a second crash is tried at every step of every recovery; in the others at some."""
SAMPLED_STEP, SAMPLED_OUTER_STEP = 5, 20
THINNED = {"everything": 3, "create-many": 2}
"""The scenarios with the longest runs: at CI size each class takes every so-many-th step, beginning with another one.
All others are crashed at every step."""

CREATES = ("create-right", "create-many", "answers-lost", "late", "everything")


def measure(size: Size, folder: Path) -> dict[str, float]:
    """What N1 and N6 ask for."""
    with tempfile.TemporaryDirectory(prefix="ladder-", dir=_memory(folder)) as work:
        return told(enumerated(size, Path(work)))


def enumerated(size: Size, folder: Path) -> Counts:
    with cheap_starts():
        return _enumerated(size, folder)


def _enumerated(size: Size, folder: Path) -> Counts:
    work = Enumeration(folder, QUIET_EVERY if size is not Size.NIGHTLY else 1)
    for number, scenario in enumerate(SCENARIOS):
        for place, class_name in enumerate(CLASSES):
            if size is Size.SMALL:
                if number % len(CLASSES) == place:
                    work.singles(scenario, class_name, step=12, first=number % 12)
                continue
            if class_name == "external-id-not-unique" and size is Size.CI and scenario.name not in CREATES:
                continue  # but for creates it is the class external-id once more
            thinned = THINNED.get(scenario.name, 1) if size is Size.CI else 1
            work.singles(scenario, class_name, step=thinned, first=place % thinned)
            if size is Size.NIGHTLY:
                work.pairs(scenario, class_name)
            elif scenario.has_all_pairs:
                if class_name == ALL_PAIRS_IN[scenario.name]:
                    work.pairs(scenario, class_name)
                else:
                    work.pairs(scenario, class_name, step=SAMPLED_STEP, first=place, outer_step=SAMPLED_OUTER_STEP)
    return work.counts


def told(counts: Counts) -> dict[str, float]:
    """The counts by the names of the goals. A world that was not settled counts as lost."""
    return {
        "scenarios": len(counts.scenarios),
        "capability_classes": len(counts.classes),
        "crash_runs": counts.crash_runs,
        "late_arrivals": counts.late_arrivals,
        "scenarios_with_all_pairs": len(counts.with_all_pairs),
        "lost": counts.lost + counts.unsettled,
        "duplicated": counts.duplicated,
        "losers_missing": counts.losers_missing,
        "step_names_missed": len(counts.steps_missed),
        "quiet_checks": counts.quiet_checks,
        "noisy_checks": counts.noisy_checks,
    }


def _memory(folder: Path) -> Path:
    """A folder in memory where there is one: that a crash is only pretended here asks nothing of a disk."""
    shared = Path("/dev/shm")
    return shared if shared.is_dir() else folder
