"""Configurations that share a structure: they form a sync group, computed and not configured (SPEC §7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from desktop_sync.core.configuration import Entity, FieldMapping, PerSide, Resolution, Side, SyncConfiguration
from desktop_sync.core.run import Outcome, RunResult

ExpressionFields = Callable[[str], Iterable[str]]
"""The names of the fields that an expression uses."""


@dataclass(frozen=True, slots=True, order=True)
class StructureName:
    """A structure of an endpoint."""

    endpoint: str
    structure: str


@dataclass(frozen=True, slots=True)
class SyncGroup:
    """`members` are the names of the configurations, sorted; `shared` what at least two of them synchronize."""

    members: tuple[str, ...]
    shared: tuple[StructureName, ...]

    @property
    def most_passes(self) -> int:
        """A value needs one pass for each configuration on its way, and one more shows that nothing is left."""
        return len(self.members) + 1


@dataclass(frozen=True, slots=True)
class OriginScope:
    """What of an entity carries origin stamps: the known fields of both structures, and who is preferred in a tie.
    `systems` are the names that the stamps know the endpoints by."""

    fields: PerSide[tuple[str, ...]]
    preference: tuple[str, ...]
    systems: PerSide[str]


def on_systems(
    configurations: Iterable[SyncConfiguration], systems: Mapping[str, str]
) -> tuple[SyncConfiguration, ...]:
    """The same, with endpoints that are one system under the one name that `systems` has for them."""
    return tuple(replace(one, a=systems.get(one.a, one.a), b=systems.get(one.b, one.b)) for one in configurations)


def structure_of(configuration: SyncConfiguration, entity: Entity, side: Side) -> StructureName:
    return StructureName(configuration.endpoint_of(side), entity.structures.of(side))


def structures_of(configuration: SyncConfiguration) -> frozenset[StructureName]:
    """All structures that the configuration synchronizes."""
    return frozenset(structure_of(configuration, entity, side) for entity in configuration.entities for side in Side)


def sync_groups(configurations: Iterable[SyncConfiguration]) -> tuple[SyncGroup, ...]:
    """The groups, in the order of their first members; a configuration that shares nothing is in none."""
    users: dict[StructureName, list[str]] = defaultdict(list)
    for configuration in sorted(configurations, key=lambda one: one.name):
        for used in structures_of(configuration):
            users[used].append(configuration.name)
    group_of_member: dict[str, frozenset[str]] = {}
    for names in users.values():
        if len(names) > 1:
            joined = frozenset(names).union(*(group_of_member.get(name, frozenset()) for name in names))
            group_of_member.update(dict.fromkeys(joined, joined))
    found = {}
    for members in group_of_member.values():
        shared = tuple(sorted(used for used, names in users.items() if len(names) > 1 and names[0] in members))
        found[members] = SyncGroup(tuple(sorted(members)), shared)
    return tuple(sorted(found.values(), key=lambda group: group.members))


def group_with(name: str, configurations: Iterable[SyncConfiguration]) -> SyncGroup | None:
    """The group that the configuration belongs to."""
    return next((group for group in sync_groups(configurations) if name in group.members), None)


def siblings_of(
    name: str, configurations: Iterable[SyncConfiguration], structures: Iterable[StructureName]
) -> tuple[str, ...]:
    """The other configurations that synchronize one of the structures, sorted."""
    wanted = frozenset(structures)
    return tuple(sorted(one.name for one in configurations if one.name != name and wanted & structures_of(one)))


def preference_of(group: SyncGroup, configurations: Iterable[SyncConfiguration]) -> tuple[str, ...]:
    """The endpoints of a group, the most preferred first: those that are primary more often than not, then by name.

    One order for all members, else a tie would be settled by whichever of them runs first.
    """
    score: dict[str, int] = defaultdict(int)
    for configuration in configurations:
        if configuration.name in group.members:
            for entity in configuration.entities:
                score[configuration.endpoint_of(entity.primary)] += 1
                score[configuration.endpoint_of(entity.primary.other)] -= 1
    return tuple(sorted(score, key=lambda endpoint: (-score[endpoint], endpoint)))


def mapped_fields(entity: Entity, side: Side, expression_fields: ExpressionFields) -> tuple[str, ...]:
    """The fields of a side that the entity reads or writes by its mapping, each once."""
    names: list[str] = []
    for mapping in entity.fields:
        names += [mapping.field_of(side)] if mapping.field_of(side) else []
        text = mapping.expression_to(side.other)
        names += expression_fields(text) if text else []
    return tuple(dict.fromkeys(names))


def sharers_of(
    shared: StructureName, name: str, configurations: Iterable[SyncConfiguration]
) -> Iterator[tuple[SyncConfiguration, Entity, Side]]:
    """The entities of all configurations but the one with that name that synchronize the structure, and as which
    side."""
    yield from _users(shared, [one for one in configurations if one.name != name])


def origin_scope(
    configuration: SyncConfiguration,
    entity: Entity,
    configurations: Sequence[SyncConfiguration],
    expression_fields: ExpressionFields,
) -> OriginScope | None:
    """What of the entity carries origin stamps; None where nothing does, as in a configuration that stands alone.

    The known fields of a shared structure are those of all its configurations: a write moves the record's stamp, and
    after it nobody could tell any more when a person changed the fields that this configuration leaves alone.
    """
    others = [one for one in configurations if one.name != configuration.name]
    known: dict[Side, tuple[str, ...]] = {}
    is_shared = False
    for side in Side:
        mine = structure_of(configuration, entity, side)
        names = list(mapped_fields(entity, side, expression_fields))
        for other, other_entity, other_side in _users(mine, others):
            is_shared = is_shared or other.name != configuration.name
            names += mapped_fields(other_entity, other_side, expression_fields)
        known[side] = tuple(dict.fromkeys(names))
    if not is_shared and entity.resolution is Resolution.RECORD:
        return None
    everyone = [configuration, *others]
    group = group_with(configuration.name, everyone) or SyncGroup((configuration.name,), ())
    systems = PerSide(configuration.a, configuration.b)
    return OriginScope(PerSide(known[Side.A], known[Side.B]), preference_of(group, everyone), systems)


def _users(
    wanted: StructureName, configurations: Iterable[SyncConfiguration]
) -> Iterable[tuple[SyncConfiguration, Entity, Side]]:
    for configuration in configurations:
        for entity in configuration.entities:
            for side in Side:
                if structure_of(configuration, entity, side) == wanted:
                    yield configuration, entity, side


@dataclass(frozen=True, slots=True)
class OrderDoubt:
    """Whole records of `structure` are written by two configurations that map different fields of it.

    `mine` and `theirs` are the fields that only this, or only the other configuration maps.
    """

    structure: StructureName
    other: str
    mine: tuple[str, ...]
    theirs: tuple[str, ...]


def order_doubts(
    configuration: SyncConfiguration, entity: Entity, configurations: Iterable[SyncConfiguration]
) -> tuple[OrderDoubt, ...]:
    """Where the result of whole-record updates depends on which configuration runs first (RELIABILITY G3).

    That needs fields that both map, beside those that identify: else the two never decide about one value.
    """
    if entity.resolution is Resolution.FIELD:
        return ()
    found = []
    others = [one for one in configurations if one.name != configuration.name]
    for side in Side:
        mine = structure_of(configuration, entity, side)
        own = {mapping.field_of(side): mapping for mapping in entity.fields if mapping.field_of(side)}
        for other, other_entity, other_side in _users(mine, others):
            theirs = {m.field_of(other_side): m for m in other_entity.fields if m.field_of(other_side)}
            both = [name for name in own if name in theirs and not _identifies(own[name], theirs[name])]
            if both and own.keys() != theirs.keys():
                only_mine = tuple(name for name in own if name not in theirs)
                only_theirs = tuple(name for name in theirs if name not in own)
                found.append(OrderDoubt(mine, other.name, only_mine, only_theirs))
    return tuple(dict.fromkeys(found))


def _identifies(*mappings: FieldMapping) -> bool:
    return all(mapping.identifying for mapping in mappings)


@dataclass(frozen=True, slots=True)
class GroupResult:
    """What running a group came to: the runs in their order, and how many passes there were.

    `is_settled`: in the end nothing was left to do; else `left` names the configurations that still had to follow.
    `skipped`: members that are switched off.
    """

    group: SyncGroup
    results: tuple[RunResult, ...] = ()
    passes: int = 0
    left: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def is_settled(self) -> bool:
        return not self.left and all(result.outcome in _CARRIED_OUT for result in self.results)

    @property
    def outcome(self) -> Outcome:
        """The worst of the last runs of the members; PROBLEMS where they did not settle."""
        last = {result.configuration: result.outcome for result in self.results}
        found = [outcome for outcome in _WORST_FIRST if outcome in last.values()]
        worst = found[0] if found else Outcome.DONE
        return Outcome.PROBLEMS if worst is Outcome.DONE and self.left else worst


_WORST_FIRST = (Outcome.CANCELLED, Outcome.GUARD, Outcome.FAILED, Outcome.PROBLEMS, Outcome.DONE)
_CARRIED_OUT = (Outcome.DONE, Outcome.PROBLEMS)
