"""What must hold when faults are over, what was under way has arrived, and every configuration ran until it was quiet.

The names are those of RELIABILITY 5.2. I8 is looked at after every run, I10 by a lane of its own, I13 by running the
same seed twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from desktop_sync.core.configuration import Side, SyncConfiguration
from desktop_sync.core.guard import Guard
from desktop_sync.core.ledger_values import EntityKey, RecordQuery
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Status
from desktop_sync.core.sync_record import SyncRecord
from tests.support.chaos_system import Values
from tests.support.machine_definitions import PEOPLE, Definition
from tests.support.machine_deletions import comes_back, kept_counterparts, left_counterparts, set_apart
from tests.support.machine_known import Known
from tests.support.machine_people import People, records_of, values_of
from tests.support.machine_world import PASSWORD, MachineWorld

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


def check(world: MachineWorld, people: People, known: Known, edited: frozenset[str]) -> Checked:
    """Brings everything to rest and looks; what is known is brought up to date. `edited`: configurations that
    synchronized something else at the end of their last run."""
    failures = [] if known.put_back or edited else enqueued(world, known.definition)
    for system in world.systems.values():
        system.faults.clear()
    world.clock.sleep(LONG_S)
    world.restart()
    _confirm(world, failures)
    reads, echo = _settle_down(world, known, failures) if not failures else (0, 0)
    if failures:
        return Checked(tuple(failures), reads, echo)
    left_out = known.definition.left_out
    failures += kept_counterparts(world, people, known, left_out | people.contested | _waiting_keys(world))
    failures += left_counterparts(world, people, known)
    set_apart(world, people, known)
    exempt = known.apart | people.contested | _waiting_keys(world)
    failures += _converged(world, exempt | left_out, has_phone=known.definition.has_phone)
    failures += _no_duplicates(world, exempt)
    failures += _nothing_lost(world, people)
    failures += _nobody_back_or_gone(world, people, known, exempt)
    failures += [f"E11 {name} holds {key} without a name" for name, key in _nameless(world)]
    has_phone = known.definition.has_phone
    rolled_back = _rolled_back(world, people, exempt | left_out, has_phone=has_phone)
    failures += [f"C7 {key} is not {kept} any more" for key, kept in rolled_back]
    failures += _journal(world)
    failures += _secrecy(world)
    known.agreed = {
        name: {key: rows for key, rows in records_of(world, name).items() if key not in exempt - known.apart}
        for name in world.systems
    }  # what waits may be settled without anybody touching it: an answer comes, a ledger is put back
    known.left_out = left_out
    known.put_back.clear()
    people.safe.clear()
    people.deeds = {key: deeds for key, deeds in people.deeds.items() if key in left_out}
    people.renamed_to.clear()
    people.deleted_in.clear()
    return Checked(tuple(failures), reads, echo)


def enqueued(world: MachineWorld, definition: Definition) -> list[str]:
    """I11: whatever changed up to a watermark is in the queue, or synchronized already. What sync itself made there
    without an answer is neither: the record that it was made for is held."""
    found = []
    for name in world.configurations:
        configuration = world.configuration(name)
        records = world.app.ledger.records(RecordQuery(name, limit=1000))
        baselines = world.app.ledger.baselines([one.id for one in records if one.status is Status.PROCESSED])
        for side in Side:
            stamp = world.app.ledger.watermark(EntityKey(name, PEOPLE), side).stamp
            if not stamp or world.only_matches(name):
                continue
            by_id = {one.a_id if side is Side.A else one.b_id: one for one in records}
            made = _held_keys(world, configuration, side.other, records)
            for record_id, row in world.systems[configuration.endpoint_of(side)].tables[PEOPLE].rows.items():
                if row["key"] in definition.left_out or _time(row["changed"]) > _time(stamp):
                    continue
                record = by_id.get(record_id)
                if record is None and row["key"] in made:
                    continue
                if record is None:
                    found.append(f"I11 {name} read {side.name} up to {stamp} and does not know {record_id}")
                elif record.status is Status.PROCESSED and not _is_as(row, baselines.get(record.id, {}), side):
                    found.append(f"I11 {name} read {side.name} up to {stamp} and did not see {record_id} change: {row}")
    return found


def _held_keys(
    world: MachineWorld, configuration: SyncConfiguration, side: Side, records: Sequence[SyncRecord]
) -> set[str | None]:
    """Keys of that side's records that are held."""
    held = {one.record_id for one in world.app.ledger.held_records(configuration.name)}
    rows = world.systems[configuration.endpoint_of(side)].tables[PEOPLE].rows
    ids = [one.a_id if side is Side.A else one.b_id for one in records if one.id in held]
    return {rows[one]["key"] for one in ids if one is not None and one in rows}


def _time(stamp: str | None) -> datetime:
    return datetime.fromisoformat(stamp or "")


def _is_as(row: Values, baseline: dict[str, str | None], side: Side) -> bool:
    mapped = {label.partition(":")[2]: value for label, value in baseline.items() if label.startswith(f"{side.value}:")}
    return all(row[name] == value for name, value in mapped.items())


def is_in_sync(world: MachineWorld, name: str, system: str, record_id: str) -> bool:
    """Whether nothing is left to do for that record, as far as people and requests under way go."""
    ledger = world.app.ledger
    if any(one.late or one.faults.planned for one in world.systems.values()):
        return False
    if ledger.open_batches(name) or ledger.held_records(name) or world.only_matches(name):
        return False
    records = world.records_of(name, system, record_id)
    return (
        len(records) == 1
        and all(one.status is Status.PROCESSED for one in records)
        and _both_as_kept(world, world.configuration(name), records[0].id, (records[0].a_id, records[0].b_id))
    )


def _both_as_kept(
    world: MachineWorld, configuration: SyncConfiguration, number: int, ids: tuple[str | None, str | None]
) -> bool:
    baseline = world.app.ledger.baseline(number)
    for side, record_id in zip(Side, ids, strict=True):
        row = world.systems[configuration.endpoint_of(side)].tables[PEOPLE].rows.get(record_id or "")
        if row is None or not _is_as(row, baseline, side):
            return False
    return True


def _confirm(world: MachineWorld, failures: list[str]) -> None:
    """What only matches is looked at and confirmed by a person; until then it wrote nothing."""
    for name in world.configurations:
        if not world.only_matches(name):
            continue
        before = world.writes()
        result = world.run(name, allow=ALL_GUARDS)
        if world.writes() != before:
            failures.append(f"I8 {name} wrote although nobody had confirmed what it matched")
        if not result.only_matched:
            failures.append(f"K7 {name} did not only match: {result.outcome.value} {result.error}")
        else:
            world.app.bindings.confirm_match(name)


def _settle_down(world: MachineWorld, known: Known, failures: list[str]) -> tuple[int, int]:
    """I5: runs every configuration until a round writes nothing, neither there nor here. (most reads of a record in
    that round, writes in it)"""
    used = Counter(name for one in world.app.ledger.configurations() for name in (one.a, one.b))
    content = world.ledger_content()
    for _ in range(ROUNDS):
        before = world.writes()
        for system in world.systems.values():
            system.reads.clear()
        problems = _round(world, known)
        after = world.ledger_content()
        changed = [name for name in after if after[name] != content.get(name)]
        if world.writes() == before and not problems and not changed:
            # What is held is looked for among all records in every run, which is no echo of a write.
            is_held = any(world.app.ledger.held_records(name) for name in world.configurations)
            counts = [count // used[name] for name, system in world.systems.items() for count in system.reads.values()]
            return 0 if is_held else max(counts, default=0), world.writes() - before
        content = after
        world.clock.sleep(LONG_S)
    failures.append(f"I5 not quiet after {ROUNDS} rounds: {changed or problems or 'it goes on writing'}")
    return 0, world.writes() - before


def _round(world: MachineWorld, known: Known) -> list[str]:
    """One run of each configuration; what went wrong. A person decides what waits: never for an older state."""
    problems = []
    for name in world.configurations:
        configuration = world.configuration(name)
        is_a_older = configuration.a in known.put_back
        for conflict in world.app.ledger.conflicts(name):
            # Also where what was decided has changed since and is asked again as an ordinary conflict.
            world.app.records.resolve(conflict.id, Side.B if is_a_older else Side.A)
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
        configuration = world.configuration(name)
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


def _converged(world: MachineWorld, exempt: set[str], *, has_phone: bool) -> list[str]:
    """I1: all systems hold the same values."""
    mapped = 2 if has_phone else 1
    held = {
        name: {key: [row[:mapped] for row in rows] for key, rows in values_of(world, name).items()}
        for name in world.systems
    }
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


def kept_values(world: MachineWorld, *, with_open: bool = True) -> set[str]:
    """Every value that the ledger still has: before and after of each write, and both sides of each conflict, or of
    each that is settled."""
    kept: set[str] = set()
    records = world.app.records
    for name in world.configurations:
        for run in records.runs(name, limit=1000):
            for row in records.history(run.id, limit=1000):
                kept |= {value for change in row.fields for value in (change.before, change.after) if value}
        passed_over = set() if with_open else {one.id for one in records.conflicts(name, limit=1000)}
        for conflict in records.conflicts(name, only_open=False, limit=1000):
            if conflict.id in passed_over:
                continue
            kept |= {value for change in conflict.fields for value in (change.a, change.b, change.base) if value}
    return kept


def _nobody_back_or_gone(world: MachineWorld, people: People, known: Known, exempt: set[str]) -> list[str]:
    """I6: what nobody touched is as it was, in the very record; what was deleted and not touched otherwise is gone;
    what nobody deleted is there."""
    found = []
    left_out = known.definition.left_out
    for name in world.systems:
        held, agreed = records_of(world, name), known.agreed.get(name, {})
        for key, rows in agreed.items():
            if key not in people.deeds and key not in exempt and held.get(key) != rows:
                found.append(f"I6 {key} changed in {name} though nobody touched it: {rows} → {held.get(key)}")
            if (
                key in left_out
                and not {"delete", "rename", "put back"} & set(people.deeds.get(key, ()))
                and key not in held
            ):
                found.append(f"C8 {key} takes no part and is gone from {name}")
        for key, deeds in people.deeds.items():
            if key in exempt or key in left_out or "rename" in deeds:
                continue
            if deeds == ["delete"] and key in agreed and not known.definition.restores and key in held:
                found.append(f"I6 {key} was deleted and is in {name} again")
            if deeds == ["delete"] and comes_back(world, known, people.deleted_in[key], key) and key not in held:
                found.append(f"C14 {key} was deleted where that is taken back, and is gone from {name}")
            was_there = {"create", "edit"} & set(deeds)
            if was_there and not {"delete", "put back"} & set(deeds) and key not in held:
                found.append(f"I6 {key} is gone from {name} though nobody deleted it")
    return found


def _nameless(world: MachineWorld) -> list[tuple[str, str]]:
    """Nobody writes a record without a name: whoever did took a field that was not there for an empty one."""
    return [
        (name, key)
        for name in world.systems
        for key, rows in values_of(world, name).items()
        if any(row[0] is None for row in rows)
    ]


def _rolled_back(
    world: MachineWorld, people: People, exempt: set[str], *, has_phone: bool
) -> list[tuple[str, tuple[str | None, str | None]]]:
    """C7: what the others held when one system was put back, and nobody touched since, is everywhere, as far as it is
    synchronized now."""
    mapped = 2 if has_phone else 1

    def held(name: str, key: str) -> list[tuple[str | None, ...]]:
        return [row[:mapped] for row in values_of(world, name).get(key, ())]

    return [
        (key, kept)
        for key, kept in people.safe.items()
        if key not in exempt and any(held(name, key) != [kept[:mapped]] for name in world.systems)
    ]


def _secrecy(world: MachineWorld) -> list[str]:
    """I12: what opens the endpoints lies in no file of the program."""
    secret = PASSWORD.encode()
    files = [path for path in world.home.rglob("*") if path.is_file()]
    return [f"I12 {path.name} holds the password" for path in files if secret in path.read_bytes()]


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
