"""What the configurations of a machine synchronize, and how that is edited in between."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from hypothesis import strategies as st

from desktop_sync.core.configuration import (
    ConflictRule,
    DeleteRule,
    Direction,
    EditAgainstDelete,
    Entity,
    FieldMapping,
    FirstContactRule,
    GuardLimits,
    Mark,
    PerSide,
    Side,
    SyncConfiguration,
)
from desktop_sync.core.provider_port import ConditionalWrite, CreateClass
from tests.support.chaos_system import CLASSES, Backup, ChaosSystem, Table

PEOPLE = "people"
FIELDS = ("id", "key", "name", "phone", "note", "changed", "gone")
KEYS = ("k1", "k2", "k3", "k4", "k5")
LEFT_OUT = "k5"
"""The key of the records that the filter leaves out, where there is one."""
MARK = Mark("gone", "yes")
"""What is set in a record whose counterpart was deleted, where the rule says so."""
KEEPING = frozenset((DeleteRule.MARK, DeleteRule.UNLINK, DeleteRule.IGNORE))
"""Rules by which the counterpart of a deleted record stays."""
GUARDS = GuardLimits(None, None, True, None, None, None, False, True)

PROFILES = st.builds(
    lambda name, cas, size, by_offset, shift, is_batched: replace(
        CLASSES[name],
        conditional_write=cas or ConditionalWrite.STRONG,
        ignores_conditions=cas is None,
        page_size=size,
        pages_by_offset=by_offset,
        clock_shift=timedelta(seconds=shift),
        stamp_field="changed",
        counts_changes=True,
        is_batched=is_batched,
    ),
    st.sampled_from(sorted(CLASSES)),
    st.sampled_from((*[ConditionalWrite.STRONG] * 3, *[ConditionalWrite.VERIFY] * 2, None)),
    st.sampled_from((0, 2, 3)),
    st.booleans(),
    st.sampled_from((0, 0, 0.02)),
    st.sampled_from((False, False, True)),
)


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of one configuration. `delete`: what becomes of what was deleted in A, and in B."""

    conflict: ConflictRule = ConflictRule.MOST_RECENT
    against: EditAgainstDelete = EditAgainstDelete.EDIT
    delete: PerSide[DeleteRule] = field(default_factory=lambda: PerSide(DeleteRule.DELETE, DeleteRule.DELETE))
    direction: Direction = Direction.BOTH

    def restores(self, side: Side) -> bool:
        """Whether what was deleted on that side comes back."""
        return self.delete.of(side) is DeleteRule.RESTORE

    def keeps(self, side: Side) -> bool:
        """Whether the counterpart of what was deleted on that side stays."""
        return self.delete.of(side) in KEEPING

    def that_converges(self) -> Policy:
        """The same; but where records go one way, the side that they come from is always right: what only the other
        one holds stays there."""
        if self.direction is Direction.BOTH:
            return self
        winner = ConflictRule.A if self.direction is Direction.A_TO_B else ConflictRule.B
        a, b = (DeleteRule.DELETE if self.restores(side) else self.delete.of(side) for side in Side)
        return replace(self, conflict=winner, delete=PerSide(a, b))


_DELETE_RULES = st.sampled_from((*[DeleteRule.DELETE] * 5, *[DeleteRule.RESTORE] * 2, *sorted(KEEPING, key=str)))
POLICIES = st.builds(
    Policy,
    st.sampled_from((ConflictRule.MOST_RECENT, ConflictRule.A, ConflictRule.B, ConflictRule.ASK)),
    st.sampled_from((EditAgainstDelete.EDIT, EditAgainstDelete.DELETE)),
    st.builds(PerSide, _DELETE_RULES, _DELETE_RULES),
    st.sampled_from((*[Direction.BOTH] * 4, Direction.A_TO_B, Direction.B_TO_A)),
)


@dataclass(frozen=True, slots=True)
class Definition:
    """What the configurations of a machine do at the moment, each with a policy of its own. A change of it is saved as
    a new version of each."""

    policies: tuple[Policy, ...]
    has_phone: bool = True
    has_filter: bool = False

    @property
    def left_out(self) -> frozenset[str]:
        """Keys of records that take no part."""
        return frozenset((LEFT_OUT,)) if self.has_filter else frozenset()

    @property
    def is_one_way(self) -> bool:
        return any(one.direction is not Direction.BOTH for one in self.policies)

    @property
    def restores(self) -> bool:
        """Whether anything that was deleted comes back."""
        return any(one.restores(side) for one in self.policies for side in Side)

    def entity(self, number: int) -> Entity:
        """That of the configuration with this place."""
        policy = self.policies[number]
        fields = [FieldMapping("key", "key", identifying=True), FieldMapping("name", "name")]
        condition = f"key <> '{LEFT_OUT}'" if self.has_filter else ""
        return Entity(
            PEOPLE,
            PerSide(PEOPLE, PEOPLE),
            (*fields, FieldMapping("phone", "phone")) if self.has_phone else tuple(fields),
            direction=policy.direction,
            conflict=policy.conflict,
            first_contact=FirstContactRule.MOST_RECENT,
            edit_against_delete=policy.against,
            delete=policy.delete,
            modified=PerSide("changed", "changed"),
            mark=PerSide(MARK, MARK),
            filter=PerSide(condition, condition),
            max_failed_attempts=100,
        )

    def configurations(self) -> list[SyncConfiguration]:
        """One of two systems, or two of three that share the one in the middle."""
        names = (("one", "a", "b"), ("two", "b", "c"))
        return [
            SyncConfiguration(name, a, b, (self.entity(number),), guards=GUARDS)
            for number, (name, a, b) in enumerate(names[: len(self.policies)])
        ]


class CalmSystem(ChaosSystem):
    """Gives out ids in order, so that the same seed gives the same world."""

    _given = 0
    gives_again = False
    """Whether it gives numbers as ids again that it had given since its backup, once it was put back."""

    def put_back(self, backup: Backup) -> None:
        super().put_back(backup)
        if self.gives_again:
            for name, kept in backup.tables.items():
                self.tables[name].next_id = kept.next_id

    def new_ids(self, count: int) -> list[str]:
        first = self._given
        self._given += count
        return [f"{self.name}{first + number}" for number in range(count)]

    def _new_id(self, table: Table) -> str:
        if self.profile.creates is CreateClass.CLIENT_ID:
            return self.new_ids(1)[0]
        return super()._new_id(table)
