"""The plan of one entity as a table of the workbench: what is to be done with which record, and why.

Columns: number, action, rule, record_id, a_id, b_id, winner ('a', 'b' or null: whose change lost is the other's),
change_a, change_b, is_contact (first contact), is_fill, status (of the sync record so far), deleted_in, attempts,
detail (problem or evidence), excluded. Rows of records that stay as they are are not in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from desktop_sync.core.configuration import FirstContactRule, NullPolicy, Side
from desktop_sync.core.decision import (
    Action,
    Case,
    Change,
    Rule,
    create,
    decision_table,
    delete,
    first_contact_table,
    update,
)
from desktop_sync.core.provider_port import ArrowStream
from desktop_sync.core.status import DeletedIn, Status, is_prepared_again
from desktop_sync.engine.canonical import literal, plain_text_sql
from desktop_sync.engine.layout import Comparison, Layout
from desktop_sync.engine.matching import match
from desktop_sync.engine.normal_sql import comparable_sql
from desktop_sync.engine.sides import SideRead, looked_table, peer_table, side_table, stamp_sql
from desktop_sync.engine.staging import PROBLEM_SEPARATOR
from desktop_sync.engine.workbench import Workbench

PLAN_COLUMNS = (
    "number BIGINT, action TINYINT, rule TINYINT, record_id BIGINT, a_id VARCHAR, b_id VARCHAR, winner VARCHAR, "
    "change_a TINYINT, change_b TINYINT, is_contact BOOLEAN, is_fill BOOLEAN, status TINYINT, deleted_in TINYINT, "
    "attempts INTEGER, detail VARCHAR, excluded BOOLEAN"
)
_COLUMNS = (
    "action, rule, record_id, a_id, b_id, winner, change_a, change_b, is_contact, is_fill, status, deleted_in, "
    "attempts, detail"
)


def plan_table(layout: Layout) -> str:
    return f"plan_{layout.number}"


def pair_table(layout: Layout) -> str:
    """Ids that are peers, for translating references: record_id, a_id, b_id."""
    return f"pair_{layout.number}"


@dataclass(frozen=True, slots=True)
class PlanInput:
    """What an entity's plan is made from. `lookups`: the layouts of the entities that references point to, by name.

    `decisions`: record id → winner, decided by a person. `retry_at`: the time, where back-off times are waited for.
    `is_again`: these records were planned in this run before, so that everything they may refer to is there.
    """

    layout: Layout
    a: SideRead
    b: SideRead
    lookups: Mapping[str, Layout]
    decisions: Mapping[int, Side]
    retry_at: datetime | None = None
    is_again: bool = False

    def comes_later(self, lookup: str) -> bool:
        """Whether the entity that a reference points to is not planned before this one: it refers to itself, or the
        references go round. Records are then created without the reference, which follows (create-then-link)."""
        return self.lookups[lookup].number >= self.layout.number

    def read_of(self, side: Side) -> SideRead:
        return self.a if side is Side.A else self.b


def find_touched(bench: Workbench, given: PlanInput) -> None:
    """The table touched_N has the peers that need a look: changed, gone, out of order, or waiting to be tried."""
    layout = given.layout
    changes = ", ".join(f"{_change_sql(given, side)} AS change_{side.value}" for side in Side)
    bench.execute(f"CREATE OR REPLACE TABLE candidates AS {_candidates_sql(given)}")
    among = "record_id IN (SELECT record_id FROM candidates)"
    bench.execute(
        f"CREATE OR REPLACE TABLE touched_{layout.number} AS SELECT * FROM ("
        f"SELECT p.*, {changes}, a.record_id IS NOT NULL AS has_a, b.record_id IS NOT NULL AS has_b, "
        f"coalesce(a.is_kept, false) AS kept_a, coalesce(b.is_kept, false) AS kept_b, "
        f"coalesce(a.in_filter, true) AND coalesce(b.in_filter, true) AS in_filter, "
        f"coalesce({_problem_text('a.problem')}, {_problem_text('b.problem')}) AS problem "
        f"FROM (SELECT * FROM {peer_table(layout)} WHERE {among}) p "
        f"LEFT JOIN (SELECT * FROM {side_table(layout, Side.A)} WHERE {among}) a ON a.record_id = p.record_id "
        f"LEFT JOIN (SELECT * FROM {side_table(layout, Side.B)} WHERE {among}) b ON b.record_id = p.record_id "
        "WHERE p.a_id IS NOT NULL AND p.b_id IS NOT NULL) p "
        f"WHERE status NOT IN ({Status.SKIPPED:d}, {Status.ABORTED:d}) AND (change_a <> 0 OR change_b <> 0 "
        f"OR problem IS NOT NULL OR NOT in_filter OR status NOT IN ({Status.PROCESSED:d}, {Status.DELETED:d})) "
        f"AND NOT ({_waiting_sql(given, 'p')})"
    )


def _waiting_sql(given: PlanInput, alias: str) -> str:
    """Whether the time to try a failed record again has not come."""
    if given.retry_at is None:
        return "false"
    at = f"TIMESTAMPTZ '{given.retry_at.isoformat()}'"
    return f"coalesce({alias}.status = {Status.FAILED:d} AND {alias}.not_before > {at}, false)"


def _candidates_sql(given: PlanInput) -> str:
    """Numbers of sync records that may be touched. Joined by number, which stays small at a million peers."""
    layout = given.layout
    peers = peer_table(layout)
    parts = [f"SELECT record_id FROM {peers} WHERE status NOT IN ({Status.PROCESSED:d}, {Status.DELETED:d})"]
    for side in Side:
        table, me = side_table(layout, side), side.value
        parts.append(f"SELECT record_id FROM {table} WHERE is_kept AND record_id IS NOT NULL")
        present = f"SELECT record_id FROM {table} WHERE record_id IS NOT NULL"
        if given.read_of(side).is_complete:
            parts.append(f"SELECT record_id FROM {peers} WHERE {me}_id IS NOT NULL AND record_id NOT IN ({present})")
        else:
            looked = looked_table(layout, side)
            parts.append(f"SELECT record_id FROM {peers} WHERE {me}_id IN (SELECT rid FROM {looked})")
    return " UNION ".join(parts)


def ids_to_look_up(bench: Workbench, layout: Layout, side: Side) -> list[str]:
    """Ids of touched peers whose record of that side was not kept, or is missing without having been asked for by
    id."""
    me = side.value
    return [
        str(row[0])
        for row in bench.rows(
            f"SELECT {me}_id FROM touched_{layout.number} WHERE NOT kept_{me} "
            f"AND {me}_id NOT IN (SELECT rid FROM {looked_table(layout, side)}) "
            f"AND (status <> {Status.DELETED:d} OR deleted_in = {DeletedIn.BY_HAND:d})"
        )
    ]


def halves_to_look_up(bench: Workbench, given: PlanInput, side: Side, statuses: Sequence[Status]) -> list[str]:
    """Ids of records without a counterpart that wait with one of these statuses and were not read."""
    layout, me, other = given.layout, side.value, side.other.value
    wanted = ", ".join(f"{status:d}" for status in statuses)
    rows = bench.rows(
        f"SELECT p.{me}_id FROM {peer_table(layout)} p WHERE p.{me}_id IS NOT NULL AND p.{other}_id IS NULL "
        f"AND p.status IN ({wanted}) AND NOT ({_waiting_sql(given, 'p')}) "
        f"AND p.record_id NOT IN (SELECT record_id FROM {side_table(layout, side)} WHERE record_id IS NOT NULL) "
        f"AND p.{me}_id NOT IN (SELECT rid FROM {looked_table(layout, side)})"
    )
    return [str(row[0]) for row in rows]


def is_astir(bench: Workbench, given: PlanInput) -> bool:
    """Whether anything was read that is new or changed, here or in an entity that is referred to."""
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
    return bool(bench.number(f"SELECT count(*) FROM ({' UNION ALL '.join(changed)})"))


def free_count(bench: Workbench, layout: Layout, side: Side) -> int:
    """How many usable records of the side were read that have no counterpart."""
    half = (
        f"SELECT record_id FROM {peer_table(layout)} WHERE {side.other.value}_id IS NULL "
        f"AND status NOT IN ({_SETTLED})"
    )
    return bench.number(
        f"SELECT count(*) FROM {side_table(layout, side)} WHERE record_id IS NULL "
        f"OR (record_id IN ({half}) AND problem IS NULL AND in_filter)"
    )


_SETTLED = f"{Status.PROCESSED:d}, {Status.SKIPPED:d}, {Status.DELETED:d}"


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


def _problem_text(column: str) -> str:
    """The problem as a clause for people: field, colon, what is wrong."""
    separator = literal(PROBLEM_SEPARATOR)
    return (
        f"CASE WHEN starts_with({column}, {separator}) THEN substr({column}, 2) "
        f"ELSE replace({column}, {separator}, ': ') END"
    )


def make_plan(bench: Workbench, given: PlanInput) -> None:
    """The plan table of the entity is complete. Needs `find_touched` after the last look-up."""
    layout = given.layout
    bench.execute(f"CREATE OR REPLACE TABLE rows_{layout.number} ({_row_types()})")
    paired = (
        f"SELECT record_id, a_id, b_id FROM {peer_table(layout)} "
        f"WHERE a_id IS NOT NULL AND b_id IS NOT NULL AND status <> {Status.DELETED:d}"
    )
    if given.is_again:
        pairs = pair_table(layout)
        bench.execute(f"DELETE FROM {pairs} WHERE record_id IN (SELECT record_id FROM {peer_table(layout)})")
        bench.execute(f"INSERT INTO {pairs} {paired}")
    else:
        bench.execute(f"CREATE OR REPLACE TABLE {pair_table(layout)} AS {paired}")
    _plan_free(bench, given)
    _plan_touched(bench, given)
    _plan_gone_halves(bench, given)
    _plan_restored(bench, given)
    _turn_equal_updates(bench, layout)
    _add_new_pairs(bench, layout)
    _check_lookups(bench, given)
    bench.execute(f"CREATE OR REPLACE TABLE {plan_table(layout)} ({PLAN_COLUMNS})")
    bench.execute(
        f"INSERT INTO {plan_table(layout)} SELECT row_number() OVER (), {_COLUMNS}, false FROM rows_{layout.number} "
        f"WHERE action <> {Action.NONE:d}"
    )
    bench.execute(f"DROP TABLE rows_{layout.number}")


def has_table(bench: Workbench, name: str) -> bool:
    return bool(bench.number("SELECT count(*) FROM duckdb_tables() WHERE table_name = ?", [name]))


def load_pairs(bench: Workbench, layout: Layout, peers: ArrowStream) -> None:
    """The pair table holds these peers: for an entity that is referred to before it is planned, or not planned at
    all."""
    with bench.source(peers) as (source, _):
        bench.execute(
            f"CREATE OR REPLACE TABLE {pair_table(layout)} AS SELECT record_id, a_id, b_id FROM {source} "
            f"WHERE a_id IS NOT NULL AND b_id IS NOT NULL AND status <> {Status.DELETED:d}"
        )


def _add_new_pairs(bench: Workbench, layout: Layout) -> None:
    """Records that become peers by this plan, without a create, can be referred to like those that are peers
    already."""
    actions = ", ".join(
        f"{a:d}" for a in (Action.LINK, Action.ADOPT, Action.UPDATE_A, Action.UPDATE_B, Action.CONFLICT)
    )
    bench.execute(
        f"INSERT INTO {pair_table(layout)} SELECT record_id, a_id, b_id FROM rows_{layout.number} "
        f"WHERE is_contact AND a_id IS NOT NULL AND b_id IS NOT NULL AND action IN ({actions})"
        f"AND NOT EXISTS (SELECT 1 FROM {pair_table(layout)} p WHERE p.a_id = rows_{layout.number}.a_id)"
    )


def _row_types() -> str:
    kept = PLAN_COLUMNS.split(", ")
    return ", ".join(part for part in kept if not part.startswith(("number", "excluded")))


def _plan_touched(bench: Workbench, given: PlanInput) -> None:
    layout, touched = given.layout, f"touched_{given.layout.number}"  # matched records are among them
    both = f"SELECT a_id AS a_rid, b_id AS b_rid FROM {touched} WHERE has_a AND has_b AND kept_a AND kept_b"
    bench.execute(f"CREATE OR REPLACE TABLE compared AS {compared_sql(given, both)}")
    _insert_values(bench, "decided", [(record, side.value) for record, side in given.decisions.items()])
    _insert_cases(bench, "cases", decision_table(layout.entity))
    _insert_cases(bench, "contact_cases", first_contact_table(layout.entity))
    contact = "(t.a_digest IS NULL AND t.b_digest IS NULL)"
    bench.execute(
        f"CREATE OR REPLACE TABLE judged AS SELECT t.*, {contact} AND has_a AND has_b AS is_contact, "
        f"coalesce(c.equal, false) AS equal, coalesce(c.newer, 0) AS newer, d.winner AS decided "
        f"FROM {touched} t LEFT JOIN compared c ON c.a_rid = t.a_id AND c.b_rid = t.b_id "
        f"LEFT JOIN decided d ON d.record_id = t.record_id "
        f"WHERE t.status <> {Status.DELETED:d} OR t.deleted_in = {DeletedIn.BY_HAND:d}"
    )
    bench.execute(
        f"INSERT INTO rows_{layout.number} SELECT "
        f"CASE WHEN j.problem IS NOT NULL THEN {Action.INVALID:d} WHEN NOT j.in_filter THEN {Action.FILTERED:d} "
        f"WHEN j.decided IS NOT NULL THEN {_decided_sql(layout)} "
        f"WHEN j.is_contact AND j.status = {Status.PROCESSED:d} THEN {Action.ADOPT:d} "
        "WHEN j.is_contact THEN k.action ELSE c.action END, "
        f"CASE WHEN j.problem IS NOT NULL THEN {Rule.UNUSABLE:d} WHEN NOT j.in_filter THEN {Rule.FILTER:d} "
        f"WHEN j.decided IS NOT NULL OR (j.is_contact AND j.status = {Status.PROCESSED:d}) THEN {Rule.DECIDED:d} "
        "WHEN j.is_contact THEN k.rule ELSE c.rule END, "
        "j.record_id, j.a_id, j.b_id, "
        "CASE WHEN j.decided IS NOT NULL THEN j.decided WHEN j.is_contact THEN k.winner ELSE c.winner END, "
        "j.change_a, j.change_b, j.is_contact, false, j.status, j.deleted_in, j.attempts, j.problem "
        "FROM judged j JOIN cases c ON c.change_a = j.change_a AND c.change_b = j.change_b AND c.equal = j.equal "
        "AND c.newer = j.newer LEFT JOIN contact_cases k ON k.equal = j.equal AND k.newer = j.newer"
    )
    _settle_quiet(bench, layout)
    _fill_empty(bench, given)


def _settle_quiet(bench: Workbench, layout: Layout) -> None:
    """A record that stays as it is but whose status says otherwise becomes Processed; what stands already is no row."""
    rows = f"rows_{layout.number}"
    bench.execute(
        f"UPDATE {rows} SET action = {Action.ADOPT:d} WHERE action = {Action.NONE:d} AND change_a = 0 AND change_b = 0 "
        f"AND status NOT IN ({Status.PROCESSED:d}, {Status.DELETED:d}) AND NOT is_contact"
    )
    # A pair of which one record has a new id and nothing else changed: the ledger must learn the id.
    bench.execute(
        f"UPDATE {rows} SET action = {Action.ADOPT:d}, rule = {Rule.RENAMED_KEY:d} WHERE action = {Action.NONE:d} "
        "AND change_a = 0 AND change_b = 0 AND record_id IN (SELECT record_id FROM renamed)"
    )
    bench.execute(
        f"DELETE FROM {rows} WHERE (action = {Action.FILTERED:d} AND status = {Status.FILTERED:d}) "
        f"OR action = {Action.NONE:d}"
    )


def _decided_sql(layout: Layout) -> str:
    """What a person's decision means: the winner's record goes to the other side, or its deletion does."""
    entity = layout.entity
    parts = []
    for side in Side:
        me = side.value
        flows = entity.direction.flows_from(side)
        present = update(side.other) if flows else Action.ADOPT
        alone = create(side.other) if flows else Action.CLOSE
        gone = delete(side.other) if flows else Action.CLOSE
        parts.append(
            f"WHEN j.decided = '{me}' AND j.change_{me} = {Change.DELETED:d} THEN {gone:d} "
            f"WHEN j.decided = '{me}' AND j.change_{side.other.value} = {Change.DELETED:d} THEN {alone:d} "
            f"WHEN j.decided = '{me}' THEN {present:d} "
        )
    return f"CASE {''.join(parts)} END"


def compared_sql(given: PlanInput, pairs: str) -> str:
    """For pairs (a_rid, b_rid) with kept columns: whether A mapped to B is B, and which is newer."""
    layout = given.layout
    joins, tests = [], []
    for comparison in layout.comparisons:
        sender, other = ("a", "b") if comparison.sender is Side.A else ("b", "a")
        mapping = layout.entity.fields[comparison.index]
        sent, target = f"{sender}.o{comparison.index}", f"{other}.{comparison.column.typed}"
        if mapping.lookup:
            table = f"l{comparison.index}"
            lookup = pair_table(given.lookups[mapping.lookup])
            joins.append(f"LEFT JOIN {lookup} {table} ON {table}.{sender}_id = {sent}")
            equal = f"{table}.{other}_id IS NOT DISTINCT FROM {plain_text_sql(target, comparison.column.kind)}"
            equal = f"({equal} AND ({sent} IS NULL) = ({target} IS NULL))"
        else:
            equal = f"{_comparable(sent, comparison)} IS NOT DISTINCT FROM {_comparable(target, comparison)}"
        if mapping.null is NullPolicy.LEAVE:
            equal = f"({sent} IS NULL OR {equal})"
        tests.append(equal)
    newer = "0"
    if layout.a.stamp is not None and layout.b.stamp is not None:
        a = stamp_sql(given.a.staging, f"a.{layout.a.stamp.raw}")
        b = stamp_sql(given.b.staging, f"b.{layout.b.stamp.raw}")
        newer = f"CASE WHEN {a} > {b} THEN 1 WHEN {b} > {a} THEN 2 ELSE 0 END"
    sides = {
        side: given.read_of(side).staging.select(
            f"(SELECT {_raws(layout, side)} FROM {side_table(layout, side)} WHERE is_kept)"
        )
        for side in Side
    }
    return (
        f"SELECT p.a_rid, p.b_rid, {' AND '.join(tests) or 'true'} AS equal, {newer} AS newer FROM ({pairs}) p "
        f"JOIN ({sides[Side.A]}) a ON a.rid = p.a_rid JOIN ({sides[Side.B]}) b ON b.rid = p.b_rid {' '.join(joins)}"
    )


def _comparable(value: str, comparison: Comparison) -> str:
    return comparable_sql(value, comparison.kind, comparison.steps)


def _raws(layout: Layout, side: Side) -> str:
    return ", ".join(column.raw for column in layout.of(side).columns)


def _plan_free(bench: Workbench, given: PlanInput) -> None:
    """New records: matched, waiting for review, unusable, or to be created on the other side."""
    layout = given.layout
    for side in Side:
        bench.execute(f"CREATE OR REPLACE TABLE free_{side.value} AS {_free_sql(given, side)}")
    match(bench, layout)
    rows = f"rows_{layout.number}"
    for side in Side:
        bench.execute(f"INSERT INTO {rows} {_free_rows_sql(layout, side)}")
        me = side.value
        bench.execute(
            f"INSERT INTO touched_{layout.number} BY NAME SELECT p.record_id, "
            f"{'r.rid' if side is Side.A else 'p.a_id'} AS a_id, {'r.rid' if side is Side.B else 'p.b_id'} AS b_id, "
            f"p.status, p.deleted_in, p.a_digest, p.b_digest, p.attempts, "
            f"{_renamed_change(layout, side, Side.A)} AS change_a, {_renamed_change(layout, side, Side.B)} AS "
            "change_b, "
            "true AS has_a, true AS has_b, true AS kept_a, true AS kept_b, true AS in_filter "
            f"FROM renamed r JOIN {peer_table(layout)} p ON p.record_id = r.record_id "
            f"JOIN {side_table(layout, side.other)} o ON o.record_id = p.record_id "
            f"JOIN {side_table(layout, side)} m ON m.rid = r.rid WHERE r.side = '{me}'"
        )
        bench.execute(
            f"DELETE FROM touched_{layout.number} t WHERE NOT has_{me} AND record_id IN "
            f"(SELECT record_id FROM renamed WHERE side = '{me}')"
        )
    _plan_matched(bench, given)


def _renamed_change(layout: Layout, renamed: Side, of: Side) -> str:
    alias = "m" if of is renamed else "o"
    return f"CASE WHEN {alias}.digest IS DISTINCT FROM p.{of.value}_digest THEN 1 ELSE 0 END"


def _free_sql(given: PlanInput, side: Side) -> str:
    """Records of a side that are half of no pair: rid, in_filter, problem, digest, match_key, m0 …, and the half
    record they have."""
    layout, me, other = given.layout, side.value, side.other.value
    staging = given.read_of(side).staging
    values = ", ".join(f"{value} AS m{i}" for i, value in enumerate(staging.match_values()))
    table, peers = side_table(layout, side), peer_table(layout)
    columns = ", ".join(column.raw for column in layout.of(side).columns)
    # A record that a person skipped, or that was given up, or whose peer is Deleted, is not free.
    held = (
        f"(p.{other}_id IS NOT NULL OR (p.status IN ({Status.SKIPPED:d}, {Status.ABORTED:d}, {Status.DELETED:d}) "
        f"AND p.deleted_in <> {DeletedIn.BY_HAND:d}))"
    )
    if side is not layout.entity.primary:
        # Not the record that was deleted in both and came back, but another one that was given the same id.
        held += (
            f" AND NOT (p.status = {Status.DELETED:d} AND p.deleted_in = {DeletedIn.BOTH:d} "
            f"AND s.digest IS DISTINCT FROM p.{me}_digest)"
        )
    return (
        f"SELECT v.rid, s.in_filter, s.problem, s.digest, s.match_key, p.record_id, p.status, p.deleted_in, "
        f"p.attempts, {_waiting_sql(given, 'p')} AS is_waiting, "
        f"{', '.join(f'v.m{i}' for i in range(len(staging.match_values())))} FROM "
        f"(SELECT rid, {values} FROM ({staging.select(f'(SELECT {columns} FROM {table} WHERE is_kept)')})) v "
        f"JOIN {table} s ON s.rid = v.rid LEFT JOIN {peers} p ON p.record_id = s.record_id "
        f"WHERE p.record_id IS NULL OR NOT ({held})"
    )


def _free_rows_sql(layout: Layout, side: Side) -> str:
    """Rows for free records that were not matched."""
    me = side.value
    entity = layout.entity
    flows = entity.direction.flows_from(side)
    makes = f"{create(side.other):d}" if flows else f"{Action.NONE:d}"
    nameless = " OR ".join(f"f.m{i} IS NULL" for i in range(len(layout.identifying)))
    empty = f"({nameless})" if entity.match.value == "strict" else "false"
    labels = ", ".join(entity.fields[c.index].field_of(side) or "?" for c in layout.identifying)
    nothing = literal("an identifying field is empty: " + labels)
    unusable = f"coalesce({_problem_text('f.problem')}, CASE WHEN {empty} THEN {nothing} END)"
    ids = "f.rid, NULL" if side is Side.A else "NULL, f.rid"
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
        f"coalesce(f.attempts, 0), coalesce({unusable}, u.evidence) FROM free_{me} f LEFT JOIN {undecided} u ON "
        "u.rid = f.rid "
        f"WHERE f.rid NOT IN ({known}) AND f.rid NOT IN (SELECT rid FROM renamed WHERE side = '{me}') "
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
        f"coalesce({_problem_text('a.problem')}, {_problem_text('b.problem')}) AS problem "
        "FROM matched m JOIN free_a a ON a.rid = m.a_rid JOIN free_b b ON b.rid = m.b_rid "
        "WHERE (a.in_filter AND b.in_filter) OR a.record_id IS NOT NULL OR b.record_id IS NOT NULL"
    )


def _plan_gone_halves(bench: Workbench, given: PlanInput) -> None:
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
            f"{changes}, false, false, status, deleted_in, attempts, NULL FROM {peer_table(layout)} "
            f"WHERE {me}_id IS NOT NULL AND {other}_id IS NULL AND status NOT IN ({_SETTLED}) AND {absent}"
        )


def _plan_restored(bench: Workbench, given: PlanInput) -> None:
    """Deleted sync records that are Prepared again by the three rules of SPEC §5."""
    layout, entity = given.layout, given.layout.entity
    primary, secondary = entity.primary, entity.primary.other
    _insert_values(
        bench,
        "restorable",
        [
            (int(deleted_in), in_primary, changed)
            for deleted_in in DeletedIn
            if deleted_in is not DeletedIn.BY_HAND
            for in_primary in (False, True)
            for changed in (False, True)
            if is_prepared_again(
                deleted_in, primary_is_a=primary is Side.A, in_primary=in_primary, primary_changed=changed
            )
        ],
    )
    one, two = primary.value, secondary.value
    makes = create(secondary) if entity.direction.flows_from(primary) else Action.NONE
    writes = update(secondary) if entity.direction.flows_from(primary) else Action.NONE
    bench.execute(
        f"INSERT INTO rows_{layout.number} SELECT CASE WHEN {_problem_text('s.problem')} IS NOT NULL THEN "
        f"{Action.INVALID:d} "
        f"WHEN t.rid IS NULL THEN {makes:d} ELSE {writes:d} END, {Rule.RESTORED:d}, p.record_id, p.a_id, p.b_id, NULL, "
        f"1, 1, false, false, p.status, p.deleted_in, p.attempts, {_problem_text('s.problem')} "
        f"FROM {peer_table(layout)} p JOIN {side_table(layout, primary)} s ON s.rid = p.{one}_id AND s.is_kept AND "
        "s.in_filter "
        f"LEFT JOIN {side_table(layout, secondary)} t ON t.rid = p.{two}_id "
        f"JOIN restorable r ON r.c0 = p.deleted_in AND r.c1 AND r.c2 = (s.digest IS DISTINCT FROM p.{one}_digest) "
        f"WHERE p.status = {Status.DELETED:d} AND p.a_id IS NOT NULL AND p.b_id IS NOT NULL"
    )


def _fill_empty(bench: Workbench, given: PlanInput) -> None:
    """First contact by `fill-empty`: the linked pair whose fields are empty on one side gets writes that fill just
    them.

    One side at a time: after the write the pair is looked at again, and then the other side's empty fields are filled.
    """
    layout, entity = given.layout, given.layout.entity
    if entity.first_contact is not FirstContactRule.FILL_EMPTY:
        return
    rows = f"rows_{layout.number}"
    linked = (
        f"SELECT a_id AS a_rid, b_id AS b_rid FROM {rows} WHERE action = {Action.LINK:d} AND rule = {Rule.FILL_EMPTY:d}"
    )
    for target in Side:
        source = target.other
        if not entity.direction.flows_from(source):
            continue
        tests = [
            f"(nullif({plain_text_sql(f's.{sending.name}', sending.kind)}, '') IS NOT NULL "
            f"AND nullif({plain_text_sql(f't.{column.typed}', column.kind)}, '') IS NULL)"
            for sending in layout.of(source).sendings
            if not sending.mapping.lookup and not sending.mapping.only_new
            for column in [layout.of(target).column(sending.target)]
        ]
        if not tests:
            continue
        selects = {
            side: given.read_of(side).staging.select(
                f"(SELECT {_raws(layout, side)} FROM {side_table(layout, side)} WHERE is_kept)"
            )
            for side in Side
        }
        fillable = (
            f"SELECT l.a_rid FROM ({linked}) l JOIN ({selects[source]}) s ON s.rid = l.{source.value}_rid "
            f"JOIN ({selects[target]}) t ON t.rid = l.{target.value}_rid WHERE {' OR '.join(tests)}"
        )
        bench.execute(
            f"UPDATE {rows} SET action = {update(target):d}, is_fill = true "
            f"WHERE action = {Action.LINK:d} AND rule = {Rule.FILL_EMPTY:d} AND a_id IN ({fillable})"
        )


def _turn_equal_updates(bench: Workbench, layout: Layout) -> None:
    """An update that would write what stands there already only sets the baseline."""
    bench.execute(
        f"UPDATE rows_{layout.number} SET action = {Action.ADOPT:d} WHERE action IN ({Action.UPDATE_A:d}, "
        f"{Action.UPDATE_B:d}) "
        f"AND rule = {Rule.CHANGED_ONE_SIDE:d} AND EXISTS (SELECT 1 FROM compared c WHERE c.a_rid = "
        f"rows_{layout.number}.a_id "
        f"AND c.b_rid = rows_{layout.number}.b_id AND c.equal)"
    )


def _check_lookups(bench: Workbench, given: PlanInput) -> None:
    """A record that refers to one that has no peer and gets none in this plan waits, and says which."""
    layout = given.layout
    rows = f"rows_{layout.number}"
    for source in Side:
        for sending in layout.of(source).sendings:
            if not sending.mapping.lookup or sending.column is None:
                continue
            parent = given.lookups[sending.mapping.lookup]
            me = source.value
            known = f"SELECT {me}_id FROM {pair_table(parent)} WHERE {me}_id IS NOT NULL"
            is_later = given.comes_later(sending.mapping.lookup)
            if not is_later and has_table(bench, plan_table(parent)):
                kinds = ", ".join(f"{a:d}" for a in (create(source.other), Action.LINK, update(source.other)))
                known += (
                    f" UNION SELECT {me}_id FROM {plan_table(parent)} WHERE action IN ({kinds}) AND {me}_id IS NOT NULL"
                )
            text = plain_text_sql(sending.column.typed, sending.column.kind)
            select = given.read_of(source).staging.select(
                f"(SELECT {_raws(layout, source)} FROM {side_table(layout, source)} WHERE is_kept)"
            )
            checked = [create(source.other), update(source.other)]
            if is_later:
                # What it refers to may still be created in this run; only a record that is looked at again is judged.
                checked = [update(source.other)] if given.is_again else []
            if not checked:
                continue
            writes = ", ".join(f"{a:d}" for a in checked)
            bench.execute(
                f"UPDATE {rows} SET action = {Action.INVALID:d}, rule = {Rule.UNRESOLVED_LOOKUP:d}, detail = "
                "m.message FROM "
                f"(SELECT rid, {literal(sending.column.name + ': the record it refers to, ')} || {text} || "
                f"{literal(', is not synchronized (' + sending.mapping.lookup + ')')} AS message FROM ({select}) "
                f"WHERE nullif({text}, '') IS NOT NULL AND {text} NOT IN ({known})) m "
                f"WHERE {rows}.{me}_id = m.rid AND {rows}.action IN ({writes})"
            )


def _insert_cases(bench: Workbench, name: str, cases: tuple[Case, ...]) -> None:
    bench.execute(
        f"CREATE OR REPLACE TABLE {name} (change_a TINYINT, change_b TINYINT, equal BOOLEAN, newer TINYINT, "
        "action TINYINT, rule TINYINT, winner VARCHAR)"
    )
    rows = ", ".join(
        f"({c.change_a:d}, {c.change_b:d}, {str(c.equal).lower()}, {c.newer:d}, {c.decision.action:d}, "
        f"{c.decision.rule:d}, "
        f"{literal(c.decision.conflict_winner.value) if c.decision.conflict_winner else 'NULL'})"
        for c in cases
    )
    bench.execute(f"INSERT INTO {name} VALUES {rows}")


def _insert_values(bench: Workbench, name: str, rows: list[tuple[object, ...]]) -> None:
    """A small table: `decided` (record_id, winner), or `restorable` (c0, c1, c2)."""
    types = "record_id BIGINT, winner VARCHAR" if name == "decided" else "c0 TINYINT, c1 BOOLEAN, c2 BOOLEAN"
    bench.execute(f"CREATE OR REPLACE TABLE {name} ({types})")
    marks = ", ".join("?" for _ in types.split(", "))
    for row in rows:
        bench.execute(f"INSERT INTO {name} VALUES ({marks})", row)
