"""Settlements of the plan's rows that write to no endpoint, its conflicts, counts and guard figures, as SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, Change, Rule, update
from desktop_sync.core.guard import SideFigures
from desktop_sync.core.status import DeletedIn, Status
from desktop_sync.engine.canonical import plain_text_sql
from desktop_sync.engine.comparison import fields_sql
from desktop_sync.engine.kept_values import kept_values
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.matching import evidence_sql
from desktop_sync.engine.origin_query import field_winners, judges_fields, origin_table, record_stamp_sql
from desktop_sync.engine.plan_input import PlanInput, plan_table
from desktop_sync.engine.sides import count_peers, peer_table, side_table, stamp_sql
from desktop_sync.engine.touched import touched_table
from desktop_sync.engine.workbench import Workbench

SETTLEMENT_SCHEMA = pa.schema(
    [
        ("record_id", pa.int64()),
        ("a_id", pa.string()),
        ("b_id", pa.string()),
        ("status", pa.int8()),
        ("deleted_in", pa.int8()),
        ("a_digest", pa.binary()),
        ("b_digest", pa.binary()),
        ("attempts", pa.int32()),
        ("not_before", pa.timestamp("us", "UTC")),
        ("last_error", pa.string()),
    ]
)

STATUS_OF = {
    Action.CONFLICT: Status.CONFLICT,
    Action.REVIEW: Status.REVIEW,
    Action.INVALID: Status.INVALID,
    Action.FILTERED: Status.FILTERED,
    Action.CLOSE: Status.DELETED,
    Action.UNLINK: Status.SKIPPED,
}
"""Statuses that the actions without a write lead to."""

_WAITING = (
    f"CAST({Status.PREPARED:d} AS TINYINT) AS status, CAST(coalesce(p.deleted_in, 0) AS TINYINT) AS deleted_in, "
    "q.a_digest, q.b_digest, CAST(coalesce(p.attempts, 0) AS INTEGER) AS attempts, "
    "CAST(NULL AS TIMESTAMPTZ) AS not_before, '' AS last_error"
)
"""Columns of a settlement of a plan's row p, whose sync record before was q: it waits as Prepared, its baseline
unchanged."""


def counts(bench: Workbench, layout: Layout) -> dict[Action, int]:
    """How many records the plan does what with; excluded ones do not count. One that is written on both sides is an
    update of each: that is what the run does, and what its history has."""
    found = row_counts(bench, layout)
    for action, both in _written_on_both(bench, layout).items():
        follows = update(Side.A) if action is update(Side.B) else update(Side.B)
        found[follows] = found.get(follows, 0) + both
    return found


def row_counts(bench: Workbench, layout: Layout) -> dict[Action, int]:
    """How many rows of the plan have which action, that of the first write; excluded ones do not count."""
    return {row.action: row.count for row in _figures(bench, layout) if row.count}


def count_both(bench: Workbench, layout: Layout) -> int:
    """How many records the plan writes on both sides; excluded ones do not count."""
    return sum(_written_on_both(bench, layout).values())


def _written_on_both(bench: Workbench, layout: Layout) -> dict[Action, int]:
    updates = (Action.UPDATE_A, Action.UPDATE_B)  # what waits for a person meanwhile is no update any more
    return {row.action: row.both for row in _figures(bench, layout) if row.both and row.action in updates}


@dataclass(frozen=True, slots=True)
class _Figures:
    """Of the rows of a plan with this action: how many there are that are not excluded, how many are, how many have no
    sync record, how many of the excluded have none, how many have a winner, and how many that are not excluded are
    written on both sides."""

    action: Action
    count: int
    excluded: int
    unnumbered: int
    unnumbered_excluded: int
    won: int
    both: int


def _figures(bench: Workbench, layout: Layout) -> list[_Figures]:
    """All that is asked of a plan again and again, in one statement, whose answer the workbench remembers."""
    rows = bench.rows(
        "SELECT action, count(*) FILTER (WHERE NOT excluded), count(*) FILTER (WHERE excluded), "
        "count(*) FILTER (WHERE record_id IS NULL), count(*) FILTER (WHERE record_id IS NULL AND excluded), "
        "count(winner), count(*) FILTER (WHERE writes_both AND NOT excluded) "
        f"FROM {plan_table(layout)} GROUP BY 1 ORDER BY 1"
    )
    return [_Figures(Action(int(str(row[0]))), *(int(str(number)) for number in row[1:])) for row in rows]


def has_excluded(bench: Workbench, layout: Layout) -> bool:
    """Whether rows of the plan are left out."""
    return any(row.excluded for row in _figures(bench, layout))


def has_conflicts(bench: Workbench, layout: Layout) -> bool:
    """Whether the plan has a conflict, open or settled by rule."""
    return any(row.won or row.action is Action.CONFLICT for row in _figures(bench, layout))


def assign_record_ids(bench: Workbench, layout: Layout, first: int, *, with_creates: bool) -> None:
    """Rows without a sync record get the ids from `first` on; those of creates only `with_creates`, or where they are
    excluded."""
    plan = plan_table(layout)
    bench.execute(
        f"UPDATE {plan} SET record_id = {first} + n.place FROM (SELECT number, row_number() OVER (ORDER BY number) - 1 "
        f"AS place FROM {plan} WHERE {_unnumbered(with_creates)}) n WHERE n.number = {plan}.number"
    )


def count_without_record(bench: Workbench, layout: Layout, *, with_creates: bool) -> int:
    creates = () if with_creates else (Action.CREATE_A, Action.CREATE_B)
    return sum(row.unnumbered_excluded if row.action in creates else row.unnumbered for row in _figures(bench, layout))


def _unnumbered(with_creates: bool) -> str:
    creates = "" if with_creates else f" AND (excluded OR action NOT IN ({Action.CREATE_A:d}, {Action.CREATE_B:d}))"
    return f"record_id IS NULL{creates}"


def invalid_rows(layout: Layout, limit: int) -> str:
    """a_id, b_id and the sentence of records that cannot be synchronized, the first ones."""
    return (
        f"SELECT a_id, b_id, detail FROM {plan_table(layout)} WHERE action = {Action.INVALID:d} AND NOT excluded "
        f"ORDER BY number LIMIT {limit}"
    )


def status_settlements(layout: Layout, only: Rule | None = None) -> str:
    """Settlements of conflicts, reviews, unusable and filtered records, closed and unlinked peers: those that
    change. With `only`: those that this rule led to, and nothing else of the plan is settled: a sync record keeps its
    ids, for another one may still have those that it would get."""
    cases = " ".join(f"WHEN {action:d} THEN {status:d}" for action, status in STATUS_OF.items())
    actions = ", ".join(f"{action:d}" for action in STATUS_OF)
    where = (
        f"CASE WHEN p.a_id IS NULL OR p.b_id IS NULL THEN {DeletedIn.BY_HAND:d} "
        f"WHEN p.change_a = {Change.DELETED:d} AND p.change_b = {Change.DELETED:d} THEN {DeletedIn.BOTH:d} "
        f"WHEN p.change_a = {Change.DELETED:d} THEN {DeletedIn.A:d} ELSE {DeletedIn.B:d} END"
    )
    gone = {
        side: f"CASE WHEN p.action = {Action.UNLINK:d} AND p.change_{side.value} = {Change.DELETED:d} THEN NULL "
        f"ELSE p.{side.value}_id END"
        for side in Side
    }
    if only is not None:
        gone = {
            side: f"CASE WHEN q.record_id IS NULL THEN {now} ELSE q.{side.value}_id END" for side, now in gone.items()
        }
    primary = layout.entity.primary
    digests = {
        side: f"CASE WHEN NOT ({_left_with_filter(layout)}) THEN q.{side.value}_digest END AS {side.value}_digest"
        if side is primary
        else f"q.{side.value}_digest"
        for side in Side
    }
    return (
        f"SELECT p.record_id, {gone[Side.A]} AS a_id, {gone[Side.B]} AS b_id, "
        f"CAST(CASE p.action {cases} END AS TINYINT) AS status, "
        f"CAST(CASE WHEN p.action = {Action.CLOSE:d} THEN {where} ELSE coalesce(p.deleted_in, 0) END AS TINYINT) AS "
        "deleted_in, "
        f"{digests[Side.A]}, {digests[Side.B]}, CAST(coalesce(p.attempts, 0) AS INTEGER) AS attempts, "
        f"CAST(NULL AS TIMESTAMPTZ) AS not_before, coalesce(p.detail, '') AS last_error "
        f"FROM {plan_table(layout)} p LEFT JOIN {peer_table(layout)} q ON q.record_id = p.record_id "
        f"LEFT JOIN {side_table(layout, primary)} s ON s.rid = p.{primary.value}_id "
        f"WHERE p.action IN ({actions}) AND NOT p.excluded AND (p.status IS DISTINCT FROM CASE p.action {cases} END "
        f"OR (p.action = {Action.CLOSE:d} AND p.deleted_in IS DISTINCT FROM {where}))"
        + ("" if only is None else f" AND p.rule = {only:d}")
    )


def _left_with_filter(layout: Layout) -> str:
    """Whether the secondary system's record was deleted while the primary's was outside the filter. That one counts
    as modified when it is in the filter again, so that its counterpart is created: nothing was agreed on since."""
    gone = f"p.change_{layout.entity.primary.other.value} = {Change.DELETED:d}"
    return f"p.action = {Action.CLOSE:d} AND p.rule = {Rule.FILTER:d} AND {gone} AND coalesce(NOT s.in_filter, false)"


def spare_records(layout: Layout) -> str:
    """Numbers of halves whose record takes part in the plan under another sync record's number: they are given up."""
    plan, peers = plan_table(layout), peer_table(layout)
    return " UNION ".join(
        f"SELECT q.record_id FROM {peers} q JOIN {plan} p ON q.{side.value}_id = p.{side.value}_id "
        f"WHERE q.{side.other.value}_id IS NULL AND q.record_id <> p.record_id AND NOT p.excluded"
        for side in Side
    )


def excluded_settlements(layout: Layout) -> str:
    """Settlements of what a person excluded: it waits as Prepared, so that no later prepare overlooks it.

    Nothing is linked by that: a sync record stays as it is, and of records that had none one half waits. What stands
    in its status already stays there, and what is gone is found again by the next complete comparison.
    """
    none = "q.record_id IS NULL"
    is_there = " OR ".join(
        f"(p.action = {action:d} AND p.status IS NOT DISTINCT FROM {status:d})" for action, status in STATUS_OF.items()
    )
    return (
        f"SELECT p.record_id, CASE WHEN {none} THEN p.a_id ELSE q.a_id END AS a_id, "
        f"CASE WHEN {none} THEN CASE WHEN p.a_id IS NULL THEN p.b_id END ELSE q.b_id END AS b_id, {_WAITING} "
        f"FROM {plan_table(layout)} p LEFT JOIN {peer_table(layout)} q ON q.record_id = p.record_id "
        f"WHERE p.excluded AND p.action NOT IN ({Action.CLOSE:d}, {Action.UNLINK:d}) AND NOT ({is_there}) "
        f"AND p.status IS DISTINCT FROM {Status.PREPARED:d}"
    )


def prepared_settlements(layout: Layout) -> str:
    """Settlements of a prepare: what is to be written, linked or adopted waits as Prepared, its baseline unchanged."""
    done = ", ".join(f"{action:d}" for action in STATUS_OF)
    return (
        f"SELECT p.record_id, p.a_id, p.b_id, {_WAITING} "
        f"FROM {plan_table(layout)} p LEFT JOIN {peer_table(layout)} q ON q.record_id = p.record_id "
        f"WHERE p.action NOT IN ({done}) AND NOT p.excluded AND p.status IS DISTINCT FROM {Status.PREPARED:d}"
    )


def quiet_rows(given: PlanInput) -> tuple[str, str]:
    """(batch rows, settlements) of links and adoptions, as two statements over the same records in the same order."""
    layout = given.layout
    texts = []
    for side in Side:
        names = dict.fromkeys(m.field_of(side) for m in layout.entity.fields if m.field_of(side))
        for name in names:
            column = layout.of(side).column(name)
            label = f"{side.value}:{name}".replace('"', '""')
            texts.append(f'{plain_text_sql(f"v{side.value}.{column.typed}", column.kind)} AS "{label}"')
    joins = []
    for side in Side:
        table = side_table(layout, side)
        kept = kept_values(given.read_of(side))
        joins.append(f"LEFT JOIN ({kept}) v{side.value} ON v{side.value}.rid = p.{side.value}_id")
        joins.append(f"LEFT JOIN {table} d{side.value} ON d{side.value}.rid = p.{side.value}_id")
    joins.append(f"LEFT JOIN {peer_table(layout)} q ON q.record_id = p.record_id")
    digests = "coalesce(da.digest, q.a_digest) AS a_digest, coalesce(db.digest, q.b_digest) AS b_digest"
    source = (
        f"FROM {plan_table(layout)} p {' '.join(joins)} WHERE p.action IN ({Action.LINK:d}, {Action.ADOPT:d}) "
        "AND NOT p.excluded ORDER BY p.number"
    )
    told = f"{evidence_sql(layout, 'p')} AS evidence"
    rows = f"SELECT p.record_id, p.action, p.rule, p.a_id, p.b_id, {', '.join([digests, told, *texts])} {source}"
    settlements = (
        f"SELECT p.record_id, p.a_id, p.b_id, CAST({Status.PROCESSED:d} AS TINYINT) AS status, "
        f"CAST(0 AS TINYINT) AS deleted_in, {digests}, CAST(0 AS INTEGER) AS attempts, "
        f"CAST(NULL AS TIMESTAMPTZ) AS not_before, '' AS last_error {source}"
    )
    return rows, settlements


def open_again(bench: Workbench, layout: Layout, record_ids: Sequence[int]) -> None:
    """Rows of these sync records wait for a decision instead of carrying one out."""
    numbers = ", ".join(str(int(number)) for number in record_ids)
    bench.execute(
        f"UPDATE {plan_table(layout)} SET action = {Action.CONFLICT:d}, rule = {Rule.ASK:d}, winner = NULL, "
        f"writes_both = false WHERE record_id IN ({numbers})"
    )


def conflict_rows(given: PlanInput, *, decided: Collection[int] = ()) -> str:
    """One row per conflict, open or settled by rule: record_id, rule, winner, a_at, b_at, then a and b values in turn,
    as text, in the order of the entity's field mappings, and for each comparison e…: whether the field is equal in
    normal form, null where a side has no record. With `decided`: just those sync records, decided by a person.
    Where fields are judged one by one also w…, f…, t…, ta… and tb… of `engine.origin_query.field_winners`.
    """
    layout = given.layout
    wanted = f"p.action = {Action.CONFLICT:d} OR (p.winner IS NOT NULL AND p.rule <> {Rule.DECIDED:d})"
    if decided:
        wanted = f"p.record_id IN ({', '.join(str(int(number)) for number in decided)})"
    values = []
    for index, mapping in enumerate(layout.entity.fields):
        for side in Side:
            name = mapping.field_of(side)
            alias = f"v{side.value}"
            if name:
                column = layout.of(side).column(name)
                values.append(f"{plain_text_sql(f'{alias}.{column.typed}', column.kind)} AS {side.value}{index}")
            else:
                values.append(f"CAST(NULL AS VARCHAR) AS {side.value}{index}")
    joins, stamps = [], []
    for side in Side:
        own = layout.of(side)
        staging = given.read_of(side).staging
        kept = kept_values(given.read_of(side))
        joins.append(f"LEFT JOIN ({kept}) v{side.value} ON v{side.value}.rid = p.{side.value}_id")
        stamp = stamp_sql(staging, f"v{side.value}.{own.stamp.raw}") if own.stamp is not None else "NULL"
        changed_at = f"epoch_us(CAST({stamp} AS TIMESTAMP))"
        if given.has_origins:
            # When a person changed it, and not when sync wrote it there.
            origin = f"o{side.value}"
            joins.append(f"LEFT JOIN {origin_table(layout, side)} {origin} ON {origin}.rid = p.{side.value}_id")
            changed_at = f"nullif({record_stamp_sql(layout, side, origin)}.at_us, 0)"
        stamps.append(f"{changed_at} AS {side.value}_at")
    if given.has_origins and judges_fields(layout):
        joins.append(f"LEFT JOIN {field_winners(layout)} w ON w.a_rid = p.a_id AND w.b_rid = p.b_id")
        shorts = ("w", "f", "t", "ta", "tb")
        values += [
            f"w.{short}{one.index} AS judged_{short}{one.index}" for one in layout.comparisons for short in shorts
        ]
    pairs = f"SELECT p.a_id AS a_rid, p.b_id AS b_rid FROM {plan_table(layout)} p WHERE ({wanted}) AND NOT p.excluded"
    joins.append(f"LEFT JOIN ({fields_sql(given, pairs)}) f ON f.a_rid = p.a_id AND f.b_rid = p.b_id")
    values += [f"f.e{comparison.index}" for comparison in layout.comparisons]
    return (
        f"SELECT p.record_id, p.rule, p.winner, {', '.join([*stamps, *values])} FROM {plan_table(layout)} p "
        f"{' '.join(joins)} WHERE ({wanted}) AND NOT p.excluded ORDER BY p.number"
    )


def guard_figures(bench: Workbench, given: PlanInput, previous: Mapping[Side, int | None]) -> dict[Side, SideFigures]:
    """The numbers that guards look at, besides how much is planned. `previous`: what the last complete read found."""
    layout = given.layout
    figures = {}
    # Records that changed to equal values on both sides are no accident: nothing is written for them. So they look when
    # a later version of the program computes digests in another way.
    agreed = f"SELECT record_id FROM {plan_table(layout)} WHERE action = {Action.ADOPT:d} AND record_id IS NOT NULL"
    changed = {side: 0 for side in Side}
    if bench.has_rows(touched_table(layout)):
        told = ", ".join(
            f"count(*) FILTER (WHERE change_{side.value} = {Change.CHANGED:d} AND {side.value}_digest IS NOT NULL)"
            for side in Side
        )
        found = bench.rows(
            f"SELECT {told} FROM {touched_table(layout)} WHERE record_id IS NOT NULL AND record_id NOT IN ({agreed})"
        )[0]
        changed = {side: int(str(number)) for side, number in zip(Side, found, strict=True)}
    for side in Side:
        read = given.read_of(side)
        figures[side] = SideFigures(
            peers=count_peers(bench, layout).living,
            seen=read.count if read.is_complete else None,
            previous=previous[side],
            changed=changed[side],
        )
    return figures
