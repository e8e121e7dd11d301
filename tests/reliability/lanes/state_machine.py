"""Random people, runs, crashes and faults on systems of every create class (RELIABILITY 5.2); the same seed twice.

Half of the machines; `state_machine_again` does the other half beside it.
"""

from __future__ import annotations

import hashlib
import random
import sys
import traceback
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.property.machine import Synchronizations
from tests.property.machine_running import Counted
from tests.property.scripted import play
from tests.reliability.size import Size
from tests.support.cheap_starts import cheap_starts

STEPS = 40
FURTHER = (
    *("runs", "restored_systems", "restored_ledgers", "match_only_runs", "changed_definitions", "drifts_noticed"),
    *("began_to_ignore", "kept_counterparts"),
    *("pushes", "echoes_pushed", "second_engines", "guarded", "empty_listings"),
)
"""What else happened, for those who read the numbers."""
AT_ONCE = 25


def measure(size: Size, folder: Path) -> dict[str, float]:
    """Machines and seeds in turn."""
    counts = machines(size, first_seed=1)
    counts["seeds"] = size.of(1, 30, 500)
    with cheap_starts():
        counts["different_hashes"] = sum(_hash(number) != _hash(number) for number in range(int(counts["seeds"])))
    return counts


def machines(size: Size, *, first_seed: int) -> dict[str, float]:
    """Half of the machines that are asked for, from seeds of their own. Ends with the first failure."""
    wanted, failures = size.of(3, 250, 5_000), 0
    Counted.clear()
    kinds = settings(
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # a failure is said with its script; making it smaller is for the one who mends it
    )
    number = first_seed
    while Counted["machines"] < wanted and not failures:
        try:
            with cheap_starts():
                few = settings(kinds, max_examples=min(AT_ONCE, wanted - Counted["machines"]))
                run_state_machine_as_test(seed(number)(_fresh()), settings=few, _min_steps=STEPS)
        except Exception:
            traceback.print_exc(file=sys.stderr)
            failures += 1
        number += 2
    return {**_without_zeros(Counted), "failures": failures, "noisy_checks": failures}


def _fresh() -> type[Synchronizations]:
    """A class of its own, because hypothesis keeps the seed in it."""
    return type("Synchronizations", (Synchronizations,), {})


def _without_zeros(counted: Counter[str]) -> dict[str, float]:
    named = ("machines", "crashes_landed", "mid_run_edits", "late_applies", "own_writes", "echo_writes", *FURTHER)
    found = {name: float(counted[name]) for name in (*named, "most_reads_per_own_write")}
    return {**found, "quiet_checks": float(counted["checks"]), "steps": float(counted["machines"] * STEPS)}


def _hash(number: int) -> str:
    """Of everything that happened outside and of everything that the ledger holds after a script of this seed."""
    return hashlib.sha256(repr(play(random.Random(number))).encode()).hexdigest()
