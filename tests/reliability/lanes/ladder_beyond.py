"""Crash points of undos in every class of the capability ladder, and of runs towards a system that cannot be read
(N1), with a quiet run after them (N6)."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from tests.crash.enumeration import Counts
from tests.crash.undo_enumeration import UNDONE, WAYS, UndoEnumeration
from tests.crash.write_only_enumeration import FAULTS, WRITE_ONLY_SCENARIOS, WriteOnlyEnumeration
from tests.reliability.lanes.ladder import QUIET_EVERY
from tests.reliability.size import Size
from tests.support.chaos_system import CLASSES
from tests.support.cheap_starts import cheap_starts

UNDO_STEP, WRITE_ONLY_STEP = 6, 7
"""At CI size: every so-many-th step of each run, beginning with another one each time."""
CLASSES_EACH = 2
"""At CI size: in so many classes the undo of each scenario is crashed, beginning with another one each time."""
OWN_STEPS = ("undo.", "settle.", "endpoint.")
"""Steps that must not be missed here: those of the ledger are crashed in the lane `ladder`."""
PAIRS_EVERY = 7
"""The recovery of the undo of every so-many-th scenario is crashed, too."""


def measure(size: Size, folder: Path) -> dict[str, float]:
    """The undo of every scenario in some classes, with one way of answering each, at nightly size in all with all; and
    every scenario of a system that cannot be read with all ways."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="beyond-", dir=shared if shared.is_dir() else folder) as work:
        quiet_every = 1 if size is Size.NIGHTLY else QUIET_EVERY
        undos = UndoEnumeration(Path(work), quiet_every)
        unread = WriteOnlyEnumeration(Path(work) / "unread", quiet_every)
        unread.folder.mkdir()
        with cheap_starts():
            _undo(undos, size)
            _write_only(unread, size)
    return told(undos.counts, unread.counts)


def _undo(work: UndoEnumeration, size: Size) -> None:
    step, classes = size.of(40, UNDO_STEP, 1), tuple(CLASSES)
    for number, scenario in enumerate(UNDONE):
        for place in range(size.of(1, CLASSES_EACH, len(classes))):
            class_name = classes[(number * CLASSES_EACH + place) % len(classes)]
            for count, way in enumerate(WAYS):
                if size is Size.NIGHTLY or (number + place) % len(WAYS) == count:
                    first = (number + 3 * place) % step
                    work.singles(replace(scenario, faults=WAYS[way]), class_name, step=step, first=first)
        if size is not Size.SMALL and number % PAIRS_EVERY == 0:
            work.pairs(scenario, classes[number % len(classes)], step=40, first=number, outer_step=40)


def _write_only(work: WriteOnlyEnumeration, size: Size) -> None:
    step = size.of(20, WRITE_ONLY_STEP, 1)
    for number, scenario in enumerate(WRITE_ONLY_SCENARIOS):
        for way in FAULTS:
            work.singles(replace(scenario, faults=FAULTS[way]), "none", step=step, first=number % step)


def told(undos: Counts, unread: Counts) -> dict[str, float]:
    """The counts by the names of the goals. A world that was not settled counts as lost."""
    both = (undos, unread)
    return {
        "undo_crash_runs": undos.crash_runs,
        "undo_scenarios": len(undos.scenarios),
        "undo_classes": len(undos.classes),
        "write_only_crash_runs": unread.crash_runs,
        "lost": sum(one.lost + one.unsettled for one in both),
        "duplicated": sum(one.duplicated for one in both),
        "losers_missing": sum(one.losers_missing for one in both),
        "step_names_missed": sum(name.startswith(OWN_STEPS) for name in undos.steps_missed),
        "quiet_checks": sum(one.quiet_checks for one in both),
        "noisy_checks": sum(one.noisy_checks for one in both),
    }
