"""Questions to the workbench about one record, after a plan for just this record was made: small results only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, Change, Newer, Rule
from desktop_sync.core.status import DeletedIn, Status
from desktop_sync.engine.canonical import literal, plain_text_sql
from desktop_sync.engine.comparison import fields_sql
from desktop_sync.engine.kept_values import kept_values
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.plan_input import PlanInput, has_table, plan_table, problem_text
from desktop_sync.engine.sides import peer_table, side_table
from desktop_sync.engine.workbench import Workbench


@dataclass(frozen=True, slots=True)
class SideState:
    """One side of the record as it was read. `problem` is a clause, or empty."""

    is_there: bool
    problem: str = ""
    in_filter: bool = True
    digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class PlannedRecord:
    """The record's row of the plan."""

    action: Action
    rule: Rule
    record_id: int | None
    a_id: str | None
    b_id: str | None
    detail: str
    is_contact: bool


@dataclass(frozen=True, slots=True)
class JudgedRecord:
    """What the decision table was asked about the pair."""

    change_a: Change
    change_b: Change
    equal: bool
    newer: Newer
    takes_part: bool


@dataclass(frozen=True, slots=True)
class PeerState:
    status: Status
    deleted_in: DeletedIn
    a_digest: bytes | None
    b_digest: bytes | None
    not_before: datetime | None


FieldRow = dict[str, object]


def side_state(bench: Workbench, layout: Layout, side: Side, rid: str | None) -> SideState:
    if rid is None:
        return SideState(False)
    rows = bench.rows(
        f"SELECT {problem_text('problem')}, in_filter, digest FROM {side_table(layout, side)} WHERE rid = ?", [rid]
    )
    if not rows:
        return SideState(False)
    problem, in_filter, digest = rows[0]
    return SideState(True, str(problem or ""), bool(in_filter), _bytes(digest))


def planned_record(bench: Workbench, layout: Layout, a_id: str | None, b_id: str | None) -> PlannedRecord | None:
    """None where the plan does nothing with the record."""
    rows = bench.rows(
        f"SELECT action, rule, record_id, a_id, b_id, detail, is_contact FROM {plan_table(layout)} "
        "WHERE a_id = ? OR b_id = ? ORDER BY number LIMIT 1",
        [a_id, b_id],
    )
    if not rows:
        return None
    action, rule, record_id, found_a, found_b, detail, is_contact = rows[0]
    return PlannedRecord(
        Action(int(str(action))),
        Rule(int(str(rule))),
        None if record_id is None else int(str(record_id)),
        _text(found_a),
        _text(found_b),
        str(detail or ""),
        bool(is_contact),
    )


def filtered_counterpart(bench: Workbench, layout: Layout, side: Side, rid: str) -> str | None:
    """The id of the record that the side's new record matches, where that one does not meet the filter."""
    if not has_table(bench, "matched"):
        return None
    me, other = side.value, side.other.value
    rows = bench.rows(
        f"SELECT m.{other}_rid FROM matched m JOIN {side_table(layout, side.other)} o ON o.rid = m.{other}_rid "
        f"WHERE m.{me}_rid = ? AND NOT o.in_filter",
        [rid],
    )
    return str(rows[0][0]) if rows else None


def judged_record(bench: Workbench, record_id: int) -> JudgedRecord | None:
    """None where the pair was not touched, or is none."""
    if not has_table(bench, "judged"):
        return None
    columns = "change_a, change_b, equal, newer, takes_part"
    rows = bench.rows(f"SELECT {columns} FROM judged WHERE record_id = ?", [record_id])
    if not rows:
        return None
    change_a, change_b, equal, newer, takes_part = rows[0]
    changes = Change(int(str(change_a))), Change(int(str(change_b)))
    return JudgedRecord(*changes, bool(equal), Newer(int(str(newer))), bool(takes_part))


def peer_state(bench: Workbench, layout: Layout, record_id: int) -> PeerState | None:
    columns = "status, deleted_in, a_digest, b_digest, epoch_us(not_before)"
    rows = bench.rows(f"SELECT {columns} FROM {peer_table(layout)} WHERE record_id = ?", [record_id])
    if not rows:
        return None
    status, deleted_in, a_digest, b_digest, waits = rows[0]
    not_before = None if waits is None else datetime.fromtimestamp(int(str(waits)) / 1_000_000, UTC)
    where = DeletedIn(int(str(deleted_in)))
    return PeerState(Status(int(str(status))), where, _bytes(a_digest), _bytes(b_digest), not_before)


def both_sides(bench: Workbench, given: PlanInput, a_id: str, b_id: str) -> FieldRow | None:
    """The columns of `comparison.fields_sql` for the pair; None where one is not there."""
    pair = f"SELECT {literal(a_id)} AS a_rid, {literal(b_id)} AS b_rid"
    rows: list[FieldRow] = bench.table(fields_sql(given, pair)).to_pylist()
    return rows[0] if rows else None


def one_side(bench: Workbench, given: PlanInput, side: Side, rid: str) -> FieldRow:
    """v<side><index> for each field mapping that has a field on that side; empty where the record is not there."""
    layout, own = given.layout, given.layout.of(side)
    columns = []
    for index, mapping in enumerate(layout.entity.fields):
        if mapping.field_of(side):
            column = own.column(mapping.field_of(side))
            text = f"coalesce({plain_text_sql(column.typed, column.kind)}, CAST({column.raw} AS VARCHAR))"
            columns.append(f"{text} AS v{side.value}{index}")
    kept = kept_values(given.read_of(side), condition=f"rid = {literal(rid)}")
    rows: list[FieldRow] = bench.table(f"SELECT {', '.join(columns)} FROM ({kept})").to_pylist()
    return rows[0] if rows else {}


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _bytes(value: object) -> bytes | None:
    return bytes(value) if isinstance(value, bytes | bytearray) else None
