"""What a machine does to runs and systems beside people's work: faults, race windows, another system in one's place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from desktop_sync.core.configuration import Side
from desktop_sync.core.ledger_values import EntityKey
from tests.support.chaos_faults import FaultKind
from tests.support.chaos_system import ChaosSystem
from tests.support.machine_definitions import PEOPLE
from tests.support.machine_people import keeps_conditions
from tests.support.machine_world import MachineWorld


def plan_faults(system: ChaosSystem, kind: FaultKind, batch_kind: FaultKind, nth: int) -> None:
    """Of whatever it is asked to write next."""
    if system.profile.is_batched:
        system.faults.add("batch", batch_kind, nth=nth)
    else:
        system.faults.add("create", kind, nth=nth)
    for method in ("update", "delete"):
        system.faults.add(method, kind, nth=nth)


def is_race_window(world: MachineWorld, step: str) -> bool:
    """Whether what people do now falls between the last look at a record and a write without a condition: the stated
    window of one round trip."""
    if step.endswith(".verified"):
        return True
    _, _, rest = step.partition("endpoint.")
    name, _, moment = rest.partition(".")
    system = world.systems.get(name)
    is_change = moment in ("update.before", "delete.before")
    return system is not None and is_change and not keeps_conditions(system)


def sent_against_guards(steps: Sequence[str]) -> list[str]:
    """The writes of a run that a guard stopped. What it sends again of a run that was cut off, before a listing comes
    empty by mistake, is sent while no guard could know anything."""
    seen = next((number for number, step in enumerate(steps) if step.endswith(".came_empty")), 0)
    return [step for step in steps[seen:] if step.startswith("endpoint.") and step.endswith(".before")]


@contextmanager
def another_in_place(system: ChaosSystem) -> Iterator[None]:
    """Inside, another system stands where that one was: the same people under the same ids, but for every second one,
    and it knows nothing of what the first one was asked."""
    kept = (system.identity, system.tables, system.late, system.changes)
    system.identity += ", another one"
    system.tables = {name: table.copy() for name, table in system.tables.items()}
    for table in system.tables.values():
        table.rows = dict(list(table.rows.items())[::2])
        for known in (table.external, table.markers, table.answers):
            known.clear()
    system.late = []
    try:
        yield
    finally:
        system.identity, system.tables, system.late, system.changes = kept


def knows_system(world: MachineWorld, name: str, system: str) -> bool:
    """Whether the ledger knows what system a configuration was run with: by a run that ended, or by what is open."""
    side = Side.A if world.ends[name][0] == system else Side.B
    if world.app.ledger.watermark(EntityKey(name, PEOPLE), side).identity:
        return True
    return any(batch.side is side for batch in world.app.ledger.open_batches(name))
