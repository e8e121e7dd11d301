"""Every crash point of the undo of a run, in every class of the capability ladder, in one process.

As `enumeration`, but what is watched and killed is the undo of the run that carried the scenario's edits out. Asked for
again, it comes to its end: both systems hold what they held before the run, each identity once; no value that stood
there is lost; no intent is open, nothing is held, and a run after it writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from desktop_sync.core.errors import DesktopSyncError
from desktop_sync.core.run import RunKind, RunResult
from tests.crash.enumeration import Enumeration
from tests.crash.scenarios import SCENARIOS, Edit, Scenario
from tests.support.chaos_faults import FaultKind
from tests.support.chaos_system import ChaosSystem, Profile
from tests.support.chaos_world import NAME, ChaosWorld


def _lost(left: ChaosSystem, right: ChaosSystem) -> None:
    for system in (left, right):
        for method in ("create", "update", "delete"):
            system.faults.add(method, FaultKind.TIMEOUT_APPLIED)


def _never_arrived(left: ChaosSystem, right: ChaosSystem) -> None:
    for system in (left, right):
        for method in ("create", "update", "delete"):
            system.faults.add(method, FaultKind.TIMEOUT_NOT_APPLIED)


def _late(left: ChaosSystem, right: ChaosSystem) -> None:
    for system in (left, right):
        system.late_after_s = 10
        for method in ("create", "update", "delete"):
            system.faults.add(method, FaultKind.LATE)


WAYS: dict[str, Edit | None] = {"answered": None, "lost": _lost, "not-carried-out": _never_arrived, "late": _late}
"""What becomes of the first write of each kind on each side."""
UNDONE = tuple(one for one in SCENARIOS if one.faults is None)
"""Scenarios whose run is carried out, so that there is something to undo."""


@dataclass
class UndoEnumeration(Enumeration):
    """`undone` is the run; `before` and `after` say what the systems held before and after it, by their names."""

    undone: int = 0
    before: dict[str, dict[str, str]] = field(default_factory=dict)
    after: dict[str, dict[str, str]] = field(default_factory=dict)

    def edited(self, scenario: Scenario, profile: Profile) -> ChaosWorld:
        """People edited both systems, and a run carried that out."""
        world = super().edited(scenario, profile)
        self.before = held(world)
        done = world.run()
        assert done.run_id is not None
        assert not any(entity.failed for entity in done.entities), done
        self.undone, self.after = done.run_id, held(world)
        return world

    def act(self, world: ChaosWorld) -> RunResult | DesktopSyncError | None:
        return world.try_undo(self.undone)

    def rest(self, world: ChaosWorld) -> None:
        """What was adopted waits after an undo, and is adopted again."""
        world.try_run()

    def expected(self, world: ChaosWorld, scenario: Scenario, system: ChaosSystem) -> dict[str, str]:
        return self.before[system.name]

    def is_settled(self, world: ChaosWorld, result: RunResult | DesktopSyncError | None) -> bool:
        """What a dead undo had done already is listed by the next one, and counts as not done there."""
        is_open = world.ledger.open_batches(NAME) or world.ledger.held_records(NAME)
        return isinstance(result, RunResult) and not is_open

    def undo_the_undo(self, world: ChaosWorld) -> dict[str, dict[str, str]]:
        """All undos of the run are undone, the last one first; what the systems hold then."""
        undos = [run.id for run in world.ledger.runs(NAME) if run.kind is RunKind.UNDO]
        for run_id in undos:
            world.undo(run_id)
        return held(world)


def held(world: ChaosWorld) -> dict[str, dict[str, str]]:
    """What both systems hold: by name of the system, e-mail address → name."""
    return {
        system.name: {str(email): str(name) for email, name in world.people(system).items()}
        for system in (world.left, world.right)
    }
