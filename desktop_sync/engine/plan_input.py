"""What an entity's plan is made from, and the names of its tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from desktop_sync.core.clock_doctor import NO_CLOCKS, Clocks
from desktop_sync.core.configuration import Side
from desktop_sync.core.status import Status
from desktop_sync.engine.canonical import literal
from desktop_sync.engine.held import Held
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.parents import pairs_of
from desktop_sync.engine.sides import REPEATED, SideRead
from desktop_sync.engine.staging import PROBLEM_SEPARATOR
from desktop_sync.engine.workbench import Workbench


def plan_table(layout: Layout) -> str:
    return f"plan_{layout.number}"


def pair_table(layout: Layout) -> str:
    """Ids that are peers, for translating references: record_id, a_id, b_id."""
    return pairs_of(layout.number)


@dataclass(frozen=True, slots=True)
class PlanInput:
    """What an entity's plan is made from. `lookups`: the layouts of the entities that references point to, by name.

    `decisions`: record id → winner, decided by a person. `retry_at`: the time, where back-off times are waited for.
    `is_match_only`: the plan must not write (`engine.match_only`).
    `is_wanted_only`: the plan is about the records of `engine.wanted` and no others.
    `is_again`: these records were planned in this run before, so that everything they may refer to is there.
    `has_origins`: the origin tables of both sides stand in the workbench (`engine.origin_query`).
    `is_lookup`: records of some entity refer to those of this one, so that its pairs are needed.
    `held`: what stays out of the plan. `clocks`: how far the clocks of both sides are off.
    """

    layout: Layout
    a: SideRead
    b: SideRead
    lookups: Mapping[str, Layout]
    decisions: Mapping[int, Side]
    retry_at: datetime | None = None
    is_again: bool = False
    is_wanted_only: bool = False
    has_origins: bool = False
    is_lookup: bool = True
    is_match_only: bool = False
    held: Held = field(default_factory=Held)
    clocks: Clocks = NO_CLOCKS

    def comes_later(self, lookup: str) -> bool:
        """Whether the entity that a reference points to is not planned before this one: it refers to itself, or the
        references go round. Records are then created without the reference, which follows (create-then-link)."""
        return self.lookups[lookup].number >= self.layout.number

    def read_of(self, side: Side) -> SideRead:
        return self.a if side is Side.A else self.b


def problem_text(column: str) -> str:
    """The problem as a clause for people: field, colon, what is wrong."""
    separator = literal(PROBLEM_SEPARATOR)
    return (
        f"CASE WHEN starts_with({column}, {separator}) THEN substr({column}, 2) "
        f"ELSE replace({column}, {separator}, ': ') END"
    )


def own_way(column: str) -> str:
    """SQL: whether the problem is one of a step of the side's own way to the other side, not of the record itself. Such
    a one holds back what that side would send, and nothing that it receives."""
    of_step = f"starts_with({column}, {literal(PROBLEM_SEPARATOR)}) AND {column} <> {literal(REPEATED)}"
    return f"coalesce({of_step}, false)"


def raw_columns(layout: Layout, side: Side) -> str:
    return ", ".join(column.raw for column in layout.of(side).columns)


SETTLED = f"{Status.PROCESSED:d}, {Status.SKIPPED:d}, {Status.DELETED:d}"


def has_table(bench: Workbench, name: str) -> bool:
    tables = "duckdb_tables() WHERE database_name = current_database()"
    return bool(bench.number(f"SELECT count(*) FROM {tables} AND table_name = ?", [name]))
