"""What must hold when faults are over, what was under way has arrived, and every configuration ran until it was quiet.

The names are those of RELIABILITY 5.2. I8 is looked at after every run, I10 and I12 by lanes of their own, I11 because
every change must have arrived at the end, I13 by running the same seed twice.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from desktop_sync.core.configuration import Side
from desktop_sync.core.guard import Guard
from desktop_sync.core.ledger_values import RecordQuery
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Status
from tests.support.machine_people import PEOPLE, People, values_of
from tests.support.machine_world import MachineWorld

ROUNDS = 8
LONG_S = 4 * 3600.0
ALL_GUARDS = frozenset(Guard)
WAITING = (Status.CONFLICT, Status.REVIEW, Status.INVALID, Status.ABORTED)


@dataclass(frozen=True, slots=True)
class Checked:
    """`failures` are sentences. `most_reads` is how often the most read record was read in the quiet run, which saw all
    that sync had written, and `echo_writes` what was written in it."""

    failures: tuple[str, ...]
    most_reads: int = 0
    echo_writes: int = 0


def check(world: MachineWorld, people: People, agreed: dict[str, list[tuple[str | None, str | None]]]) -> Checked:
    """Brings everything to rest and looks. `agreed`: what every system held after the last check; it is brought up to
    date."""
    for system in world.systems.values():
        system.faults.clear()
    world.clock.sleep(LONG_S)
    world.restart()
    failures: list[str] = []
    reads, echo = _settle_down(world, failures)
    if failures:
        return Checked(tuple(failures), reads, echo)
    exempt = people.contested | _waiting_keys(world)
    failures += _converged(world, exempt)
    failures += _no_duplicates(world, exempt)
    failures += _nothing_lost(world, people)
    failures += _nobody_back_or_gone(world, people, agreed, exempt)
    failures += _journal(world)
    agreed.clear()
    agreed |= values_of(world, next(iter(world.systems)))
    people.deeds.clear()
    people.renamed_to.clear()
    return Checked(tuple(failures), reads, echo)


def _settle_down(world: MachineWorld, failures: list[str]) -> tuple[int, int]:
    """I5: runs every configuration until a round writes nothing, neither there nor here. (most reads of a record in
    that round, writes in it)"""
    used = Counter(name for one in world.app.ledger.configurations() for name in (one.a, one.b))
    for _ in range(ROUNDS):
        before, content = world.writes(), world.ledger_content()
        for system in world.systems.values():
            system.reads.clear()
        problems = _round(world)
        after = world.ledger_content()
        changed = [name for name in after if after[name] != content.get(name)]
        if world.writes() == before and not problems and not changed:
            reads = [count // used[name] for name, system in world.systems.items() for count in system.reads.values()]
            return max(reads, default=0), world.writes() - before
        world.clock.sleep(LONG_S)
    failures.append(f"I5 not quiet after {ROUNDS} rounds: {changed or problems or 'it goes on writing'}")
    return 0, world.writes() - before


def _round(world: MachineWorld) -> list[str]:
    """One run of each configuration; what went wrong."""
    problems = []
    for name in world.configurations:
        for conflict in world.app.ledger.conflicts(name):
            world.app.records.resolve(conflict.id, Side.A)
        result = world.run(name, allow=ALL_GUARDS)
        if result.outcome not in (Outcome.DONE, Outcome.PROBLEMS):
            problems.append(f"{name} ended as {result.outcome.value}: {result.error}")
    return problems


def _waiting_keys(world: MachineWorld) -> set[str]:
    """Keys of records that wait for a person: nobody may guess about these."""
    keys: set[str] = set()
    for name in world.configurations:
        ledger = world.app.ledger
        held = {one.record_id for one in ledger.held_records(name)}
        waiting = [one.id for one in ledger.records(RecordQuery(name, statuses=WAITING, limit=1000))]
        configuration = next(one for one in ledger.configurations() if one.name == name)
        for record_id in {*held, *waiting}:
            record = ledger.record(record_id)
            if record is None:
                continue
            for system, own_id in ((configuration.a, record.a_id), (configuration.b, record.b_id)):
                row = world.systems[system].records(PEOPLE).get(own_id or "")
                if row is not None:
                    keys.add(str(row["key"]))
            values = ledger.baseline(record_id)
            keys |= {str(value) for label, value in values.items() if label.endswith(":key") and value}
    return keys


def _converged(world: MachineWorld, exempt: set[str]) -> list[str]:
    """I1, I11: all systems hold the same values."""
    held = {name: values_of(world, name) for name in world.systems}
    first, *others = held
    found = []
    for key in sorted({key for one in held.values() for key in one} - exempt):
        for other in others:
            if held[first].get(key) != held[other].get(key):
                found.append(f"I1 {key}: {first} holds {held[first].get(key)}, {other} holds {held[other].get(key)}")
    return found


def _no_duplicates(world: MachineWorld, exempt: set[str]) -> list[str]:
    """I2: each identity occurs once in a system."""
    return [
        f"I2 {name} holds {key} {len(records)} times"
        for name in world.systems
        for key, records in values_of(world, name).items()
        if len(records) > 1 and key not in exempt
    ]


def _nothing_lost(world: MachineWorld, people: People) -> list[str]:
    """I3, I4: what nobody replaced knowingly is in a system, in the history or with a conflict."""
    there = {
        value
        for name in world.systems
        for record in world.systems[name].records(PEOPLE).values()
        for value in (record["name"], record["phone"])
    }
    missing = people.tokens - people.superseded - there
    if not missing:
        return []
    return [f"I3 {token} is lost" for token in sorted(missing - kept_values(world))]


def kept_values(world: MachineWorld) -> set[str]:
    """Every value that the ledger still has: before and after of each write, and both sides of each conflict."""
    kept: set[str] = set()
    records = world.app.records
    for name in world.configurations:
        for run in records.runs(name, limit=1000):
            for row in records.history(run.id, limit=1000):
                kept |= {value for change in row.fields for value in (change.before, change.after) if value}
        for conflict in records.conflicts(name, only_open=False, limit=1000):
            kept |= {value for change in conflict.fields for value in (change.a, change.b, change.base) if value}
    return kept


def _nobody_back_or_gone(
    world: MachineWorld,
    people: People,
    agreed: dict[str, list[tuple[str | None, str | None]]],
    exempt: set[str],
) -> list[str]:
    """I6: what nobody touched is as it was; what was deleted and not touched otherwise is gone; what nobody deleted is
    there."""
    found = []
    for name in world.systems:
        held = values_of(world, name)
        for key, value in agreed.items():
            if key not in people.deeds and key not in exempt and held.get(key) != value:
                found.append(f"I6 {key} changed in {name} though nobody touched it: {value} → {held.get(key)}")
        for key, deeds in people.deeds.items():
            if key in exempt or "rename" in deeds:
                continue
            if deeds == ["delete"] and key in agreed and key in held:
                found.append(f"I6 {key} was deleted and is in {name} again")
            if "delete" not in deeds and key not in held:
                found.append(f"I6 {key} is gone from {name} though nobody deleted it")
    return found


def _journal(world: MachineWorld) -> list[str]:
    """I7, I9: no intent is open; every sync record is in one state."""
    found = []
    for name in world.configurations:
        ledger = world.app.ledger
        if ledger.open_batches(name):
            found.append(f"I7 {name} has open intents")
        counted = sum(ledger.count_by_status(name).values())
        listed = ledger.count_records(RecordQuery(name))
        if counted != listed:
            found.append(f"I9 {name}: {counted} records by status, {listed} in the queue")
    found += [f"I7 {name}: {text}" for name, one in world.systems.items() for text in one.violations]
    return found
