"""What the configurations of a machine synchronize, and how that is edited in between."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import strategies as st

from desktop_sync.core.configuration import (
    ConflictRule,
    DeleteRule,
    EditAgainstDelete,
    Entity,
    FieldMapping,
    FirstContactRule,
    GuardLimits,
    PerSide,
    SyncConfiguration,
)
from desktop_sync.core.provider_port import ConditionalWrite, CreateClass
from tests.support.chaos_system import CLASSES, ChaosSystem, Table

PEOPLE = "people"
FIELDS = ("id", "key", "name", "phone", "note", "changed")
KEYS = ("k1", "k2", "k3", "k4", "k5")
LEFT_OUT = "k5"
"""The key of the records that the filter leaves out, where there is one."""
GUARDS = GuardLimits(None, None, True, None, None, None, False, True)

PROFILES = st.builds(
    lambda name, cas, size, by_offset, shift, is_batched: replace(
        CLASSES[name],
        conditional_write=cas,
        page_size=size,
        pages_by_offset=by_offset,
        clock_shift=timedelta(seconds=shift),
        stamp_field="changed",
        counts_changes=True,
        is_batched=is_batched,
    ),
    st.sampled_from(sorted(CLASSES)),
    st.sampled_from((ConditionalWrite.STRONG, ConditionalWrite.STRONG, ConditionalWrite.VERIFY)),
    st.sampled_from((0, 2, 3)),
    st.booleans(),
    st.sampled_from((0, 0, 0.02)),
    st.sampled_from((False, False, True)),
)


@dataclass(frozen=True, slots=True)
class Definition:
    """What every configuration of a machine does at the moment. A change of it is saved as a new version of each."""

    conflict: ConflictRule
    against: EditAgainstDelete
    has_phone: bool = True
    has_filter: bool = False

    @property
    def left_out(self) -> frozenset[str]:
        """Keys of records that take no part."""
        return frozenset((LEFT_OUT,)) if self.has_filter else frozenset()

    def entity(self) -> Entity:
        fields = [FieldMapping("key", "key", identifying=True), FieldMapping("name", "name")]
        condition = f"key <> '{LEFT_OUT}'" if self.has_filter else ""
        return Entity(
            PEOPLE,
            PerSide(PEOPLE, PEOPLE),
            (*fields, FieldMapping("phone", "phone")) if self.has_phone else tuple(fields),
            conflict=self.conflict,
            first_contact=FirstContactRule.MOST_RECENT,
            edit_against_delete=self.against,
            delete=PerSide(DeleteRule.DELETE, DeleteRule.DELETE),
            modified=PerSide("changed", "changed"),
            filter=PerSide(condition, condition),
            max_failed_attempts=100,
        )

    def configurations(self, *, has_hub: bool) -> list[SyncConfiguration]:
        """One of two systems, or two of three that share the one in the middle."""
        found = [SyncConfiguration("one", "a", "b", (self.entity(),), guards=GUARDS)]
        if has_hub:
            found.append(SyncConfiguration("two", "b", "c", (self.entity(),), guards=GUARDS))
        return found


class CalmSystem(ChaosSystem):
    """Gives out ids in order, so that the same seed gives the same world."""

    _given = 0

    def new_ids(self, count: int) -> list[str]:
        first = self._given
        self._given += count
        return [f"{self.name}{first + number}" for number in range(count)]

    def _new_id(self, table: Table) -> str:
        if self.profile.creates is CreateClass.CLIENT_ID:
            return self.new_ids(1)[0]
        return super()._new_id(table)
