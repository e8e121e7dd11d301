"""Which peers need a look, and which records must be read by id before they can be judged."""

from __future__ import annotations

from collections.abc import Sequence

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Change
from desktop_sync.core.status import DeletedIn, Status
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.plan_input import SETTLED, PlanInput, has_table, own_way, plan_table, problem_text
from desktop_sync.engine.sides import looked_table, peer_table, side_table
from desktop_sync.engine.wanted import wanted_table
from desktop_sync.engine.workbench import Workbench


def touched_table(layout: Layout) -> str:
    return f"touched_{layout.number}"


def find_touched(bench: Workbench, given: PlanInput) -> None:
    """The table touched_N has the peers that need a look: changed, gone, out of order, or waiting to be tried.

    `problem`: why the pair cannot be synchronized. `stops_a` and `stops_b`: why that side's record must not be sent.
    """
    layout = given.layout
    changes = ", ".join(f"{_change_sql(given, side)} AS change_{side.value}" for side in Side)
    is_few = given.a.has_values and given.b.has_values
    if not is_few:
        bench.execute(f"CREATE OR REPLACE TABLE candidates AS {_candidates_sql(bench, given)}")
    own, stops = [], []
    for side in Side:
        problem = f"{side.value}.problem"
        if layout.of(side).steps:
            own.append(f"CASE WHEN NOT {own_way(problem)} THEN {problem_text(problem)} END")
            stops.append(f"CASE WHEN {own_way(problem)} THEN {problem_text(problem)} END AS stops_{side.value}")
        else:
            own.append(problem_text(problem))
            stops.append(f"CAST(NULL AS VARCHAR) AS stops_{side.value}")
    among = "true" if is_few else "record_id IN (SELECT record_id FROM candidates)"
    sides = {
        side: f"SELECT record_id, is_kept, digest, in_filter, problem FROM {side_table(layout, side)} WHERE {among}"
        for side in Side
    }
    bench.execute(
        f"CREATE OR REPLACE TABLE {touched_table(layout)} AS SELECT * FROM ("
        f"SELECT p.*, {changes}, a.record_id IS NOT NULL AS has_a, b.record_id IS NOT NULL AS has_b, "
        f"coalesce(a.is_kept, false) AS kept_a, coalesce(b.is_kept, false) AS kept_b, "
        f"coalesce(a.in_filter, true) AND coalesce(b.in_filter, true) AS in_filter, "
        f"{', '.join(stops)}, coalesce({', '.join(own)}) AS problem "
        f"FROM (SELECT * FROM {peer_table(layout)} WHERE {among}) p "
        f"LEFT JOIN ({sides[Side.A]}) a ON a.record_id = p.record_id "
        f"LEFT JOIN ({sides[Side.B]}) b ON b.record_id = p.record_id "
        "WHERE p.a_id IS NOT NULL AND p.b_id IS NOT NULL) p "
        f"WHERE status NOT IN ({Status.SKIPPED:d}, {Status.ABORTED:d}) AND (change_a <> 0 OR change_b <> 0 "
        f"OR problem IS NOT NULL OR NOT in_filter OR status NOT IN ({Status.PROCESSED:d}, {Status.DELETED:d})) "
        f"AND NOT ({waiting_sql(given, 'p')}) AND NOT {given.held.has('record_id')}"
        + (f" AND record_id IN (SELECT record_id FROM {wanted_table(layout)})" if given.is_wanted_only else "")
    )


def waiting_sql(given: PlanInput, alias: str) -> str:
    """Whether the time to try a failed record again has not come."""
    if given.retry_at is None:
        return "false"
    at = f"TIMESTAMPTZ '{given.retry_at.isoformat()}'"
    return f"coalesce({alias}.status = {Status.FAILED:d} AND {alias}.not_before > {at}, false)"


def _candidates_sql(bench: Workbench, given: PlanInput) -> str:
    """Numbers of sync records that may be touched. Joined by number, which stays small at a million peers."""
    layout = given.layout
    peers = peer_table(layout)
    parts = [f"SELECT record_id FROM {peers} WHERE status NOT IN ({Status.PROCESSED:d}, {Status.DELETED:d})"]
    for side in Side:
        table, me = side_table(layout, side), side.value
        parts.append(f"SELECT record_id FROM {table} WHERE is_kept AND record_id IS NOT NULL")
        # Each row with a sync record has another one, so that equal numbers mean that no record is gone.
        present = f"SELECT record_id FROM {table} WHERE record_id IS NOT NULL"
        if given.read_of(side).is_complete:
            if bench.number(f"SELECT (SELECT count({me}_id) FROM {peers}) - (SELECT count(record_id) FROM {table})"):
                parts.append(
                    f"SELECT record_id FROM {peers} WHERE {me}_id IS NOT NULL AND record_id NOT IN ({present})"
                )
        else:
            looked = looked_table(layout, side)
            parts.append(f"SELECT record_id FROM {peers} WHERE {me}_id IN (SELECT rid FROM {looked})")
    return " UNION ".join(parts)


def ids_to_look_up(bench: Workbench, given: PlanInput) -> dict[Side, list[str]]:
    """Ids of touched peers whose record of a side was not kept, or is missing without having been asked for by id."""
    layout = given.layout
    ids: dict[Side, list[str]] = {side: [] for side in Side}
    touched = touched_table(layout)
    if not bench.has_rows(touched):
        return ids
    asked = " UNION ALL ".join(
        f"SELECT '{side.value}', {side.value}_id FROM {touched} WHERE NOT kept_{side.value} "
        f"AND {side.value}_id NOT IN (SELECT rid FROM {looked_table(layout, side)}) "
        f"AND (status <> {Status.DELETED:d} OR deleted_in = {DeletedIn.BY_HAND:d} "
        f"OR (has_{side.other.value} AND NOT {str(given.read_of(side).is_complete).lower()}))"
        for side in Side
    )
    for side, record_id in bench.rows(asked):
        ids[Side(side)].append(str(record_id))
    return ids


def counterparts_to_look_up(bench: Workbench, layout: Layout) -> dict[Side, list[str]]:
    """Ids of records that were not read, although their counterparts were. For sides that were read in part."""
    resting = f"{Status.SKIPPED:d}, {Status.ABORTED:d}, {Status.DELETED:d}"
    found = {}
    for side in Side:
        rows = bench.rows(
            f"SELECT p.{side.value}_id FROM {peer_table(layout)} p "
            f"WHERE p.{side.value}_id IS NOT NULL AND p.status NOT IN ({resting}) "
            f"AND p.record_id IN (SELECT record_id FROM {side_table(layout, side.other)}) "
            f"AND p.record_id NOT IN (SELECT record_id FROM {side_table(layout, side)} WHERE record_id IS NOT NULL)"
        )
        found[side] = [str(row[0]) for row in rows]
    return found


def halves_to_look_up(bench: Workbench, given: PlanInput, side: Side, statuses: Sequence[Status]) -> list[str]:
    """Ids of records without a counterpart that wait with one of these statuses and were not read."""
    layout, me, other = given.layout, side.value, side.other.value
    wanted = ", ".join(f"{status:d}" for status in statuses)
    rows = bench.rows(
        f"SELECT p.{me}_id FROM {peer_table(layout)} p WHERE p.{me}_id IS NOT NULL AND p.{other}_id IS NULL "
        f"AND p.status IN ({wanted}) AND NOT ({waiting_sql(given, 'p')}) "
        f"AND p.record_id NOT IN (SELECT record_id FROM {side_table(layout, side)} WHERE record_id IS NOT NULL) "
        f"AND p.{me}_id NOT IN (SELECT rid FROM {looked_table(layout, side)})"
    )
    return [str(row[0]) for row in rows]


def alike_to_look_up(bench: Workbench, given: PlanInput, side: Side) -> list[str]:
    """Ids of records of the side that were not read, and are paired with one that has the identifying values of a
    record of the side that is half of no pair. For a side that was read in part, beside all of the other one."""
    layout, me = given.layout, side.value
    mine, other = side_table(layout, side), side_table(layout, side.other)
    paired = (
        f"SELECT record_id FROM {peer_table(layout)} WHERE a_id IS NOT NULL AND b_id IS NOT NULL "
        f"AND status <> {Status.DELETED:d}"
    )
    free = f"(record_id IS NULL OR record_id NOT IN ({paired}))"
    if not given.read_of(side.other).is_complete or not bench.has_rows(mine, free):
        return []
    rows = bench.rows(
        f"SELECT DISTINCT p.{me}_id FROM (SELECT match_key FROM {mine} WHERE {free}) f "
        f"JOIN {other} o USING (match_key) "
        f"JOIN {peer_table(layout)} p ON p.record_id = o.record_id "
        f"WHERE p.{me}_id IS NOT NULL AND p.status <> {Status.DELETED:d} "
        f"AND p.record_id NOT IN (SELECT record_id FROM {mine} WHERE record_id IS NOT NULL) "
        f"AND p.{me}_id NOT IN (SELECT rid FROM {looked_table(layout, side)})"
    )
    return [str(row[0]) for row in rows]


def is_astir(bench: Workbench, given: PlanInput) -> bool:
    """Whether anything was read that is new or changed, here or in an entity that is referred to, or waits to be
    planned: a record that was held kept others waiting."""
    layout = given.layout
    changed = [
        f"SELECT 1 FROM {side_table(layout, side)} s LEFT JOIN {peer_table(layout)} p ON p.record_id = s.record_id "
        f"WHERE s.record_id IS NULL OR (s.is_kept AND s.digest IS DISTINCT FROM p.{side.value}_digest)"
        for side in Side
    ]
    changed += [
        f"SELECT 1 FROM {plan_table(parent)}"
        for parent in given.lookups.values()
        if parent is not layout and has_table(bench, plan_table(parent))
    ]
    changed.append(f"SELECT 1 FROM {peer_table(layout)} WHERE status = {Status.PREPARED:d}")
    return bool(bench.number(f"SELECT count(*) FROM ({' UNION ALL '.join(changed)})"))


def free_count(bench: Workbench, layout: Layout, side: Side) -> int:
    """How many usable records of the side were read that have no counterpart, or were deleted and are back: each of
    these may be another one that was given the id."""
    me, other = side.value, side.other.value
    half = f"SELECT record_id FROM {peer_table(layout)} WHERE {other}_id IS NULL AND status NOT IN ({SETTLED})"
    mine, theirs = (DeletedIn.A, DeletedIn.B) if side is Side.A else (DeletedIn.B, DeletedIn.A)
    deleted = (
        f"SELECT record_id FROM {peer_table(layout)} WHERE status = {Status.DELETED:d} AND {me}_id IS NOT NULL "
        f"AND ((deleted_in IN ({mine:d}, {DeletedIn.BOTH:d}) AND {other}_id IS NOT NULL) "
        f"OR (deleted_in = {theirs:d} AND {other}_id IS NULL))"
    )
    return bench.number(
        f"SELECT count(*) FROM {side_table(layout, side)} WHERE record_id IS NULL "
        f"OR (record_id IN ({half}) AND problem IS NULL AND in_filter) OR record_id IN ({deleted})"
    )


def _change_sql(given: PlanInput, side: Side) -> str:
    me = side.value
    if given.read_of(side).is_complete:
        absent = f"{Change.DELETED:d}"
    else:
        looked = f"p.{me}_id IN (SELECT rid FROM {looked_table(given.layout, side)})"
        absent = f"CASE WHEN {looked} THEN {Change.DELETED:d} ELSE {Change.SAME:d} END"
    return (
        f"CASE WHEN {me}.record_id IS NULL THEN {absent} WHEN NOT {me}.is_kept THEN {Change.SAME:d} "
        f"WHEN {me}.digest IS DISTINCT FROM p.{me}_digest THEN {Change.CHANGED:d} ELSE {Change.SAME:d} END"
    )
