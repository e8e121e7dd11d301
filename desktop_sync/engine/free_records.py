"""New records: matched, waiting for review, unusable, or to be created on the other side."""

from __future__ import annotations

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, Change, Rule, create
from desktop_sync.core.field_flow import creates_in
from desktop_sync.core.status import DeletedIn, Status
from desktop_sync.engine.canonical import literal
from desktop_sync.engine.kept_values import kept_values
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.matching import match, no_matches
from desktop_sync.engine.plan_input import SETTLED, PlanInput, problem_text
from desktop_sync.engine.returned import GONE_IN, returned_table
from desktop_sync.engine.sides import looked_table, peer_table, side_table
from desktop_sync.engine.touched import waiting_sql
from desktop_sync.engine.workbench import Workbench


def plan_free(bench: Workbench, given: PlanInput) -> None:
    """New records: matched, waiting for review, unusable, or to be created on the other side."""
    layout = given.layout
    if not may_have_free(bench, layout):
        no_matches(bench)
        return
    for side in Side:
        is_left = _left_sql(layout, side) if bench.has_rows(peer_table(layout), _stayed(side)) else "false"
        bench.execute(f"CREATE OR REPLACE TABLE free_{side.value} AS {_free_sql(given, side, is_left)}")
    match(bench, layout, given.held)
    for side in Side:
        if bench.has_rows(f"free_{side.value}"):
            rows = _free_rows_sql(layout, side, has_undecided=bench.has_rows("undecided"))
            bench.execute(f"INSERT INTO rows_{layout.number} {rows}")
    if bench.has_rows("renamed"):
        _touch_renamed(bench, layout)
    if bench.has_rows("matched"):
        _plan_matched(bench, given)


def _touch_renamed(bench: Workbench, layout: Layout) -> None:
    """Pairs of which one record has a new id are touched, instead of having lost it."""
    for side in Side:
        me = side.value
        bench.execute(
            f"INSERT INTO touched_{layout.number} BY NAME SELECT p.record_id, "
            f"{'r.rid' if side is Side.A else 'p.a_id'} AS a_id, {'r.rid' if side is Side.B else 'p.b_id'} AS b_id, "
            f"p.status, p.deleted_in, p.a_digest, p.b_digest, p.attempts, "
            f"{_renamed_change(layout, side, Side.A)} AS change_a, {_renamed_change(layout, side, Side.B)} AS "
            "change_b, "
            f"true AS has_a, true AS has_b, {'m' if side is Side.A else 'o'}.is_kept AS kept_a, "
            f"{'m' if side is Side.B else 'o'}.is_kept AS kept_b, true AS in_filter "
            f"FROM renamed r JOIN {peer_table(layout)} p ON p.record_id = r.record_id "
            f"JOIN {side_table(layout, side.other)} o ON o.record_id = p.record_id "
            f"JOIN {side_table(layout, side)} m ON m.rid = r.rid WHERE r.side = '{me}'"
        )
        bench.execute(
            f"DELETE FROM touched_{layout.number} t WHERE NOT has_{me} AND record_id IN "
            f"(SELECT record_id FROM renamed WHERE side = '{me}')"
        )


def may_have_free(bench: Workbench, layout: Layout) -> bool:
    """Whether any record may be free; the usual case is that nobody added anything."""
    for side in Side:
        halves = (
            f"SELECT record_id FROM {peer_table(layout)} WHERE {side.other.value}_id IS NULL "
            f"OR status = {Status.DELETED:d}"
        )
        free = f"is_kept AND (record_id IS NULL OR record_id IN ({halves}))"
        if bench.has_rows(side_table(layout, side), free):
            return True
    return False


def _renamed_change(layout: Layout, renamed: Side, of: Side) -> str:
    alias = "m" if of is renamed else "o"
    # Of a record that was not kept, because it is unchanged, the digest is not there either.
    return f"CASE WHEN {alias}.is_kept AND {alias}.digest IS DISTINCT FROM p.{of.value}_digest THEN 1 ELSE 0 END"


def _free_sql(given: PlanInput, side: Side, is_left: str) -> str:
    """Records of a side that are half of no pair: rid, in_filter, problem, digest, match_key, m0 …, and the half
    record they have. `is_left`: its counterpart was deleted and it stayed; one that is created anew under another id
    finds it, and it is never created on the other side. What `engine.returned` says of a Deleted peer goes before."""
    layout, me, other = given.layout, side.value, side.other.value
    staging = given.read_of(side).staging
    values = ", ".join(f"{value} AS m{i}" for i, value in enumerate(staging.match_values()))
    peers = peer_table(layout)
    known = ("rid", "in_filter", "problem", "digest", "match_key", "record_id")
    kept = kept_values(given.read_of(side), [f"{name} AS read_{name}" for name in known])
    found = f"SELECT {', '.join(f'read_{name} AS {name}' for name in known)}, {values} FROM "
    # A record that a person skipped, or that was given up, or whose peer is Deleted, is not free.
    held = (
        f"((p.{other}_id IS NOT NULL OR (p.status IN ({Status.SKIPPED:d}, {Status.ABORTED:d}, {Status.DELETED:d}) "
        f"AND p.deleted_in <> {DeletedIn.BY_HAND:d}) OR {given.held.has('p.record_id')}) AND NOT {is_left})"
    )
    if side is not layout.entity.primary:
        # Not the record that was deleted in both and came back, but another one that was given the same id.
        held += (
            f" AND NOT (p.status = {Status.DELETED:d} AND p.deleted_in = {DeletedIn.BOTH:d} "
            f"AND s.digest IS DISTINCT FROM p.{me}_digest)"
        )
    is_new = f"coalesce(r.free_{me}, false)"
    loses = f"({is_new} AND r.keeper IS DISTINCT FROM '{me}')"
    own = ", ".join(
        f"CASE WHEN NOT {loses} THEN p.{name} END AS {name}"
        for name in ("record_id", "status", "deleted_in", "attempts")
    )
    return (
        f"SELECT s.rid, s.in_filter, s.problem, s.digest, s.match_key, {own}, "
        f"{waiting_sql(given, 'p')} AS is_waiting, ({is_left} AND NOT {is_new}) AS is_left, "
        f"{', '.join(f's.m{i}' for i in range(len(staging.match_values())))} FROM "
        f"({found}({kept})) s LEFT JOIN {peers} p ON p.record_id = s.record_id "
        f"LEFT JOIN {returned_table(layout)} r ON r.record_id = s.record_id "
        f"WHERE p.record_id IS NULL OR {is_new} OR (NOT ({held}) AND r.record_id IS NULL) OR {is_left}"
    )


def _stayed(side: Side) -> str:
    """Whether a peer is Deleted because the other side's record is, and nobody set it to that by hand. Its id there may
    be another record's by now."""
    gone = GONE_IN[side.other]
    return f"status = {Status.DELETED:d} AND deleted_in = {gone:d} AND {side.value}_id IS NOT NULL"


def _left_sql(layout: Layout, side: Side) -> str:
    """Whether the record of a peer p stayed when that of the other side was deleted, which is not back. Never null."""
    others = f"SELECT record_id FROM {returned_table(layout)} WHERE stayed = '{side.value}'"
    back = (
        f"SELECT record_id FROM {side_table(layout, side.other)} WHERE record_id IS NOT NULL "
        f"AND record_id NOT IN ({others})"
    )
    stayed = f"SELECT record_id FROM {peer_table(layout)} WHERE {_stayed(side)} AND record_id NOT IN ({back})"
    return f"coalesce(p.record_id IN ({stayed}), false)"


def _free_rows_sql(layout: Layout, side: Side, *, has_undecided: bool) -> str:
    """Rows for free records that were not matched."""
    me = side.value
    entity = layout.entity
    makes = f"{create(side.other):d}" if creates_in(entity, side.other) else f"{Action.NONE:d}"
    nameless = " OR ".join(f"f.m{i} IS NULL" for i in range(len(layout.identifying)))
    empty = f"({nameless})" if entity.match.value == "strict" else "false"
    labels = ", ".join(entity.fields[c.index].field_of(side) or "?" for c in layout.identifying)
    nothing = literal("an identifying field is empty: " + labels)
    unusable = f"coalesce({problem_text('f.problem')}, CASE WHEN {empty} THEN {nothing} END)"
    ids = "f.rid, NULL" if side is Side.A else "NULL, f.rid"
    # Putting the evidence together is most of the statement, and nearly always there is none.
    undecided = "(SELECT NULL::VARCHAR AS rid, NULL::VARCHAR AS evidence WHERE false)"
    if has_undecided:
        undecided = (
            f"(SELECT rid, string_agg(DISTINCT evidence, '; ' ORDER BY evidence) || coalesce(' (' || "
            "string_agg(DISTINCT other, ', ' "
            f"ORDER BY other) || ')', '') AS evidence FROM undecided WHERE side = '{me}' GROUP BY rid)"
        )
    action = (
        f"CASE WHEN NOT f.in_filter THEN CASE WHEN f.record_id IS NULL THEN {Action.NONE:d} ELSE "
        f"{Action.FILTERED:d} END "
        f"WHEN {unusable} IS NOT NULL THEN {Action.INVALID:d} WHEN u.rid IS NOT NULL THEN {Action.REVIEW:d} "
        f"WHEN f.is_waiting THEN {Action.NONE:d} ELSE {makes} END"
    )
    rule = (
        f"CASE WHEN NOT f.in_filter THEN {Rule.FILTER:d} WHEN {unusable} IS NOT NULL THEN {Rule.UNUSABLE:d} "
        f"WHEN u.rid IS NOT NULL THEN {Rule.AMBIGUOUS_MATCH:d} ELSE {Rule.NEW:d} END"
    )
    changes = f"{Change.CHANGED:d}, NULL" if side is Side.A else f"NULL, {Change.CHANGED:d}"
    known = f"SELECT {me}_rid FROM matched"
    return (
        f"SELECT {action}, {rule}, f.record_id, {ids}, NULL, {changes}, true, false, f.status, f.deleted_in, "
        f"coalesce(f.attempts, 0), coalesce({unusable}, u.evidence), false FROM free_{me} f LEFT JOIN {undecided} u ON "
        "u.rid = f.rid "
        f"WHERE f.rid NOT IN ({known}) AND f.rid NOT IN (SELECT rid FROM renamed WHERE side = '{me}') "
        "AND NOT f.is_left"
    )


def _plan_matched(bench: Workbench, given: PlanInput) -> None:
    """Matched records join the touched peers as first contacts; a half record that one of them has is taken up."""
    layout = given.layout
    bench.execute(
        f"INSERT INTO touched_{layout.number} BY NAME SELECT coalesce(a.record_id, b.record_id) AS record_id, "
        "a.rid AS a_id, b.rid AS b_id, "
        f"coalesce(nullif(a.status, {Status.DELETED:d}), nullif(b.status, {Status.DELETED:d}), 0)::TINYINT AS status, "
        "0::TINYINT AS deleted_in, "
        "coalesce(a.attempts, b.attempts, 0) AS attempts, 1 AS change_a, 1 AS change_b, true AS has_a, true AS has_b, "
        "true AS kept_a, true AS kept_b, a.in_filter AND b.in_filter AS in_filter, "
        f"coalesce({problem_text('a.problem')}, {problem_text('b.problem')}) AS problem "
        "FROM matched m JOIN free_a a ON a.rid = m.a_rid JOIN free_b b ON b.rid = m.b_rid "
        "WHERE (a.in_filter AND b.in_filter) OR a.record_id IS NOT NULL OR b.record_id IS NOT NULL"
    )


def plan_gone_halves(bench: Workbench, given: PlanInput) -> None:
    """A record that waited without a counterpart and is gone waits no more."""
    layout = given.layout
    for side in Side:
        me, other = side.value, side.other.value
        table = side_table(layout, side)
        absent = f"record_id NOT IN (SELECT record_id FROM {table} WHERE record_id IS NOT NULL)"
        if not given.read_of(side).is_complete:
            absent += f" AND {me}_id IN (SELECT rid FROM {looked_table(layout, side)})"
        changes = f"{Change.DELETED:d}, NULL" if side is Side.A else f"NULL, {Change.DELETED:d}"
        bench.execute(
            f"INSERT INTO rows_{layout.number} SELECT {Action.CLOSE:d}, {Rule.DELETE_RULE:d}, record_id, a_id, "
            "b_id, NULL, "
            f"{changes}, false, false, status, deleted_in, attempts, NULL, false FROM {peer_table(layout)} "
            f"WHERE {me}_id IS NOT NULL AND {other}_id IS NULL AND status NOT IN ({SETTLED}) AND {absent} "
            f"AND NOT {given.held.has('record_id')}"
        )
