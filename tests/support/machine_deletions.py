"""What must be true of records that were deleted somewhere, by the rules for deletions (SPEC 6)."""

from __future__ import annotations

from desktop_sync.core.configuration import DeleteRule, Side
from desktop_sync.core.status import Status
from tests.support.machine_definitions import LEFT_OUT, MARK, PEOPLE
from tests.support.machine_known import Known
from tests.support.machine_people import People, records_of, values_of
from tests.support.machine_world import MachineWorld


def comes_back(world: MachineWorld, known: Known, deleted_in: set[str], key: str) -> bool:
    """Whether all had agreed on a record, and it was deleted in one system only, for which deletions are taken back."""
    if len(world.configurations) > 1 or key in known.apart:
        return False
    if not all(key in known.agreed.get(name, {}) for name in world.systems):
        return False
    ends, (policy,) = world.ends[world.configurations[0]], known.definition.policies
    return any(deleted_in == {name} and policy.restores(side) for side, name in zip(Side, ends, strict=True))


def kept_counterparts(world: MachineWorld, people: People, known: Known, exempt: set[str]) -> list[str]:
    """Where the counterpart of a deleted record is to stay, it is as it was, with the mark where one is to be set; and
    what was deleted is gone."""
    if len(world.configurations) > 1:
        return []
    found = []
    (policy,), ends = known.definition.policies, world.ends[world.configurations[0]]
    for side, name in zip(Side, ends, strict=True):
        other = ends[1 - ends.index(name)]
        for key, deleted_in in people.deleted_in.items():
            was_agreed = (
                all(len(known.agreed.get(one, {}).get(key, ())) == 1 for one in ends) and key not in known.apart
            )
            if not (policy.keeps(side) and people.deeds[key] == ["delete"] and deleted_in == {name} and was_agreed):
                continue
            if key in exempt:
                continue
            rule = policy.delete.of(side)
            known.kept += 1
            if key in records_of(world, name):
                found.append(f"I6 {key} was deleted and is in {name} again ({rule.value})")
            if records_of(world, other).get(key) != known.agreed[other][key]:
                found.append(f"I6 {key} was to stay in {other} ({rule.value}) and is not as it was")
                continue
            ((record_id, *_),) = known.agreed[other][key]
            mark = world.systems[other].tables[PEOPLE].rows[record_id][MARK.field]
            if mark != (MARK.value if rule is DeleteRule.MARK else None):
                found.append(f"SPEC 6 {key} has {mark!r} as mark in {other} ({rule.value})")
    return found


def left_counterparts(world: MachineWorld, people: People, known: Known) -> list[str]:
    """C8: what took no part at the last check and was deleted in one system, before the filter was taken away, is still
    in the others, whatever the filter lets in since."""
    found = []
    for key in known.left_out:
        deeds = people.deeds.get(key, [])
        since = deeds[deeds.index("let in") :] if "let in" in deeds else []
        if "delete" not in deeds or "delete" in since or set(deeds) - {"delete", "let in", "mapping"}:
            continue
        for name in world.systems:
            if key in known.agreed.get(name, {}) and name not in people.deleted_in.get(key, set()):
                known.kept += 1
                if key not in records_of(world, name):
                    found.append(f"C8 {key} took no part when it was deleted elsewhere, and is gone from {name}")
    return found


def set_apart(world: MachineWorld, people: People, known: Known) -> None:
    """Which keys the systems may hold otherwise, now: a deletion left the counterpart, or may have left that of a
    record which had another key then. It ends when nobody holds them, or all hold the same in linked records."""
    keeping = {
        name
        for policy, one in zip(known.definition.policies, world.configurations, strict=True)
        for side, name in zip(Side, world.ends[one], strict=True)
        if policy.keeps(side)
    }
    # With a system in the middle, a deletion travels to where another configuration keeps what is behind it.
    is_kept = bool(keeping) and (
        len(world.configurations) > 1 or any(systems & keeping for systems in people.deleted_in.values())
    )
    moved = {key for key, deeds in people.deeds.items() if {"delete", "rename"} & set(deeds)}
    if is_kept or moved & known.apart:
        known.apart |= moved
    # What is deleted, or gets another key, while it takes no part leaves its counterpart as it is; also when the
    # filter is taken away later.
    done = set(people.deeds.get(LEFT_OUT, ()))
    if (known.definition.has_filter or "let in" in done) and {"delete", "rename"} & done:
        renamed = {key for key, deeds in people.deeds.items() if "rename" in deeds}
        known.apart |= {LEFT_OUT} | (renamed if "rename" in done else set())
    known.apart = {key for key in known.apart if not _is_together(world, key)}


def _is_together(world: MachineWorld, key: str) -> bool:
    held = [values_of(world, name).get(key) for name in world.systems]
    if any(one != held[0] for one in held):
        return False
    return held[0] is None or all(
        [one.status for one in world.records_of(name, end, records_of(world, end)[key][0][0])] == [Status.PROCESSED]
        for name in world.configurations
        for end in world.ends[name]
    )
