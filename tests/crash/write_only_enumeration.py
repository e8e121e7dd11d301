"""Every crash point of runs towards a system that cannot be read (class W of RELIABILITY 4.2), in one process.

Nobody can tell whether a create that was not answered was carried out. So each identity is there once at most, and one
that is missing, or may be, waits in Review where a person sees it. Updates and deletes arrive, for they can be sent
again. The system refuses every read: a program that looked there would fail.
"""

from __future__ import annotations

from collections.abc import Mapping

from desktop_sync.core.configuration import Direction
from desktop_sync.core.errors import DesktopSyncError
from desktop_sync.core.ledger_values import RecordQuery
from desktop_sync.core.run import RunResult
from desktop_sync.core.status import Event, Status
from tests.crash.enumeration import Counts, Enumeration
from tests.crash.scenarios import BASE, Edit, Scenario, delete, edit, put
from tests.support.chaos_faults import FaultKind
from tests.support.chaos_system import WRITE_ONLY, ChaosSystem, Profile
from tests.support.chaos_world import NAME, ChaosWorld, make_chaos_world


def _create(left: ChaosSystem, right: ChaosSystem) -> None:
    put(left, "n1", "new")
    put(left, "n2", "new, too")


def _change(left: ChaosSystem, right: ChaosSystem) -> None:
    edit(left, "c1", "edited")
    delete(left, "c2")


def _everything(left: ChaosSystem, right: ChaosSystem) -> None:
    _create(left, right)
    _change(left, right)


def _lost(left: ChaosSystem, right: ChaosSystem) -> None:
    for method in ("create", "update", "delete"):
        right.faults.add(method, FaultKind.TIMEOUT_APPLIED)


def _never(left: ChaosSystem, right: ChaosSystem) -> None:
    for method in ("create", "update", "delete"):
        right.faults.add(method, FaultKind.TIMEOUT_NOT_APPLIED)


def _late(left: ChaosSystem, right: ChaosSystem) -> None:
    right.late_after_s = 10
    right.faults.add("create", FaultKind.LATE)


_NEW = {"n1": "new", "n2": "new, too"}
_CHANGED = {email: name for email, name in BASE.items() if email != "c2"} | {"c1": "edited"}
FAULTS: Mapping[str, Edit | None] = {"answered": None, "lost": _lost, "never": _never, "late": _late}
WRITE_ONLY_SCENARIOS = (
    Scenario("create", _create, BASE | _NEW),
    Scenario("change", _change, _CHANGED),
    Scenario("everything", _everything, _CHANGED | _NEW),
)


class WriteOnlyEnumeration(Enumeration):
    """The right system cannot be read."""

    def edited(self, scenario: Scenario, profile: Profile) -> ChaosWorld:
        """The right system was filled by a first run, then people edited the left one."""
        place = self._place()
        world = make_chaos_world(self.template, place, profile, WRITE_ONLY, direction=Direction.A_TO_B)
        for email, name in BASE.items():
            world.left.put("people", email=email, name=name)
        first = world.run()
        assert not any(entity.failed for entity in first.entities), first
        assert world.people(world.right) == BASE
        scenario.edit(world.left, world.right)
        return world

    def is_settled(self, world: ChaosWorld, result: RunResult | DesktopSyncError | None) -> bool:
        return isinstance(result, RunResult) and not world.ledger.open_batches(NAME)

    def expected(self, world: ChaosWorld, scenario: Scenario, system: ChaosSystem) -> dict[str, str]:
        """What waits in Review may be there or not; all else is."""
        if system is world.left:
            return dict(scenario.agreed)
        there = {str(email): str(name) for email, name in world.people(system).items()}
        unknown = doubtful(world)
        return {email: name for email, name in scenario.agreed.items() if email in there or email not in unknown}


def doubtful(world: ChaosWorld) -> set[str]:
    """E-mail addresses of the records that wait in Review because nobody knows whether they are there."""
    waiting = [one.a_id for one in world.ledger.records(RecordQuery(NAME, statuses=(Status.REVIEW,)))]
    rows = world.left.records("people")
    return {str(rows[a_id]["email"]) for a_id in waiting if a_id is not None and a_id in rows}


def look_there(world: ChaosWorld) -> None:
    """A person looks into the system that the program cannot read, and says of each record that waits what it is."""
    for one in world.ledger.records(RecordQuery(NAME, statuses=(Status.REVIEW,))):
        assert one.a_id is not None
        found = world.right.find_by("people", "email", str(world.left.records("people")[one.a_id]["email"]))
        if found:
            world.application.records.link(NAME, "people", one.a_id, found[0])
        else:
            world.application.records.set_status([one.id], Event.SET_PREPARED_BY_USER)


__all__ = ["FAULTS", "WRITE_ONLY_SCENARIOS", "Counts", "WriteOnlyEnumeration", "doubtful", "look_there"]
