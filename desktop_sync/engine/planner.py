"""The plan of one entity as a table of the workbench: what is to be done with which record, and why.

Columns: number, action, rule, record_id, a_id, b_id, winner ('a', 'b' or null: whose change lost is the other's),
change_a, change_b, is_contact (first contact), is_fill, status (of the sync record so far), deleted_in, attempts,
detail (problem or evidence), writes_both (once this was written, the other side's record follows in the same run),
excluded. Rows of records that stay as they are are not in it.
"""

from __future__ import annotations

from desktop_sync.core.configuration import ConflictRule, Entity, FirstContactRule, MatchRule, Side
from desktop_sync.core.decision import (
    Action,
    Change,
    Rule,
    create,
    decision_table,
    delete,
    first_contact_table,
    update,
)
from desktop_sync.core.field_flow import creates_in
from desktop_sync.core.status import DeletedIn, Status
from desktop_sync.engine.canonical import literal, plain_text_sql
from desktop_sync.engine.comparison import compared_sql
from desktop_sync.engine.free_records import may_have_free, plan_free, plan_gone_halves
from desktop_sync.engine.kept_values import kept_values
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.match_only import withhold
from desktop_sync.engine.origin_query import field_winners, judges_fields, level_equal, make_field_winners, one_way_from
from desktop_sync.engine.plan_input import PlanInput, pair_table, plan_table
from desktop_sync.engine.references import add_new_pairs, check_lookups
from desktop_sync.engine.returned import is_restored_sql, make_returned, plan_gone_too, plan_restored
from desktop_sync.engine.sides import count_peers, peer_table
from desktop_sync.engine.small_tables import case_rows, insert_values
from desktop_sync.engine.touched import touched_table
from desktop_sync.engine.wanted import keep_wanted
from desktop_sync.engine.workbench import Workbench

PLAN_COLUMNS = (
    "number BIGINT, action TINYINT, rule TINYINT, record_id BIGINT, a_id VARCHAR, b_id VARCHAR, winner VARCHAR, "
    "change_a TINYINT, change_b TINYINT, is_contact BOOLEAN, is_fill BOOLEAN, status TINYINT, deleted_in TINYINT, "
    "attempts INTEGER, detail VARCHAR, writes_both BOOLEAN, excluded BOOLEAN"
)

_COLUMNS = (
    "action, rule, record_id, a_id, b_id, winner, change_a, change_b, is_contact, is_fill, status, deleted_in, "
    "attempts, detail, writes_both"
)

_LEFT = "it was outside the filter when a record of it was deleted, so what is left in the other system stays as it is"


def make_plan(bench: Workbench, given: PlanInput) -> None:
    """The plan table of the entity is complete. Needs `find_touched` after the last look-up."""
    layout = given.layout
    _make_pairs(bench, given)
    if not _is_anything_there(bench, given):
        bench.execute(f"CREATE OR REPLACE TABLE {plan_table(layout)} ({PLAN_COLUMNS})")
        return
    bench.execute(f"CREATE OR REPLACE TABLE rows_{layout.number} ({_row_types()})")
    make_returned(bench, given)
    plan_free(bench, given)
    if bench.has_rows(touched_table(layout)):
        _plan_touched(bench, given)
    peers = count_peers(bench, layout)
    if peers.halves:
        plan_gone_halves(bench, given)
    if peers.pairs > peers.living or peers.halves:
        plan_restored(bench, given)
        plan_gone_too(bench, given)
    if given.is_wanted_only:
        keep_wanted(bench, layout)
    if given.is_lookup:
        add_new_pairs(bench, layout)
    check_lookups(bench, given)
    bench.execute(
        f"CREATE OR REPLACE TABLE {plan_table(layout)} AS SELECT row_number() OVER () AS number, {_COLUMNS}, "
        f"false AS excluded FROM rows_{layout.number} WHERE action <> {Action.NONE:d}"
    )
    bench.execute(f"DROP TABLE rows_{layout.number}")
    if given.is_match_only:
        withhold(bench, layout)


def _is_anything_there(bench: Workbench, given: PlanInput) -> bool:
    """Whether there is any peer or record that the plan may be about. In most runs there is none."""
    peers = count_peers(bench, given.layout)
    return (
        peers.halves > 0
        or peers.pairs > peers.living
        or bench.has_rows(touched_table(given.layout))
        or may_have_free(bench, given.layout)
    )


def _make_pairs(bench: Workbench, given: PlanInput) -> None:
    """The pair table has the peers that records of other entities may refer to, as far as any do."""
    layout = given.layout
    paired = (
        f"SELECT record_id, a_id, b_id FROM {peer_table(layout)} "
        f"WHERE a_id IS NOT NULL AND b_id IS NOT NULL AND status <> {Status.DELETED:d} AND {given.is_lookup}"
    )
    if given.is_again:
        pairs = pair_table(layout)
        bench.execute(f"DELETE FROM {pairs} WHERE record_id IN (SELECT record_id FROM {peer_table(layout)})")
        bench.execute(f"INSERT INTO {pairs} {paired}")
    else:
        bench.execute(f"CREATE OR REPLACE TABLE {pair_table(layout)} AS {paired}")


def _row_types() -> str:
    kept = PLAN_COLUMNS.split(", ")
    return ", ".join(part for part in kept if not part.startswith(("number", "excluded")))


def _plan_touched(bench: Workbench, given: PlanInput) -> None:
    layout, touched = given.layout, touched_table(given.layout)  # matched records are among them
    both = f"SELECT a_id AS a_rid, b_id AS b_rid FROM {touched} WHERE has_a AND has_b AND kept_a AND kept_b"
    bench.execute(f"CREATE OR REPLACE TABLE compared AS {compared_sql(given, both)}")
    if given.has_origins:
        level_equal(bench, layout)
        if judges_fields(layout):
            make_field_winners(bench, layout)
    decided, decided_join = "CAST(NULL AS VARCHAR)", ""
    if given.decisions:
        insert_values(bench, "decided", [(record, side.value) for record, side in given.decisions.items()])
        # Where both are gone, or agree by now, there is nothing left to decide.
        gone = f"t.change_a = {Change.DELETED:d} AND t.change_b = {Change.DELETED:d}"
        decided = f"CASE WHEN NOT ({gone}) AND NOT coalesce(c.equal, false) THEN d.winner END"
        decided_join = "LEFT JOIN decided d ON d.record_id = t.record_id "
    contact = "(t.a_digest IS NULL AND t.b_digest IS NULL)"
    bench.execute(
        f"CREATE OR REPLACE TABLE judged AS SELECT t.*, {contact} AND has_a AND has_b AS is_contact, "
        f"coalesce(c.equal, false) AS equal, coalesce(c.newer, 0) AS newer, coalesce(c.is_tie, false) AS is_tie, "
        f"coalesce(c.is_merge, false) AND {_merges_sql(layout.entity, contact)} AS is_merge, {_one_side_sql(given)} "
        f"AS keeper, {_has_conflict_sql(given)} AS has_conflict, {decided} AS decided, "
        f"{_takes_part_sql()} AS takes_part "
        f"FROM {touched} t LEFT JOIN compared c ON c.a_rid = t.a_id AND c.b_rid = t.b_id "
        f"{decided_join}WHERE t.status <> {Status.DELETED:d} OR t.deleted_in = {DeletedIn.BY_HAND:d} "
        f"OR {is_restored_sql(layout)}"
    )
    cases, contact_cases = case_rows(decision_table(layout.entity)), case_rows(first_contact_table(layout.entity))
    with bench.source(cases) as (known, _), bench.source(contact_cases) as (at_contact, _):
        _insert_judged(bench, layout, known, at_contact)
    _judge_one_way(bench, given)
    _tell_evidence(bench, layout)
    _settle_quiet(bench, layout)
    _fill_empty(bench, given)
    _tell_merges(bench, given)
    _turn_equal_updates(bench, layout)
    _hold_back_stopped(bench, layout)


def _insert_judged(bench: Workbench, layout: Layout, cases: str, contact_cases: str) -> None:
    """What the decision tables say of each judged pair."""
    is_left = f"c.action = {Action.CLOSE:d} AND c.rule = {Rule.FILTER:d}"
    bench.execute(
        f"INSERT INTO rows_{layout.number} SELECT "
        f"CASE WHEN NOT j.takes_part THEN c.action WHEN j.problem IS NOT NULL THEN {Action.INVALID:d} "
        f"WHEN j.is_merge AND j.decided IS NOT NULL AND NOT j.is_contact THEN {Action.UPDATE_B:d} "
        f"WHEN j.keeper = 'a' THEN {Action.UPDATE_B:d} WHEN j.keeper = 'b' THEN {Action.UPDATE_A:d} "
        f"WHEN j.decided IS NOT NULL THEN {_decided_sql(layout)} "
        f"WHEN j.is_contact AND j.status = {Status.PROCESSED:d} THEN {Action.ADOPT:d} "
        f"WHEN j.is_merge THEN {Action.UPDATE_B:d} "
        "WHEN j.is_contact THEN k.action ELSE c.action END, "
        f"CASE WHEN NOT j.takes_part THEN c.rule WHEN j.problem IS NOT NULL THEN {Rule.UNUSABLE:d} "
        f"WHEN j.is_merge AND j.decided IS NOT NULL AND NOT j.is_contact THEN {Rule.MERGED:d} "
        f"WHEN j.keeper IS NOT NULL AND NOT j.has_conflict THEN {Rule.CHANGED_ONE_SIDE:d} "
        f"WHEN j.keeper IS NOT NULL AND j.decided IS NULL THEN {Rule.SIDE_WINS:d} "
        f"WHEN j.decided IS NOT NULL OR (j.is_contact AND j.status = {Status.PROCESSED:d}) THEN {Rule.DECIDED:d} "
        f"WHEN j.is_merge THEN {Rule.MERGED:d} WHEN j.is_contact THEN k.rule "
        f"WHEN j.is_tie AND c.rule = {Rule.MOST_RECENT:d} THEN {Rule.MOST_RECENT_TIE:d} ELSE c.rule END, "
        "j.record_id, j.a_id, j.b_id, "
        "CASE WHEN j.keeper IS NOT NULL THEN CASE WHEN j.has_conflict THEN j.keeper END "
        "WHEN j.decided IS NOT NULL THEN j.decided WHEN j.is_merge THEN 'a' WHEN j.is_contact THEN k.winner "
        "ELSE c.winner END, "
        "j.change_a, j.change_b, j.is_contact, false, j.status, j.deleted_in, j.attempts, "
        f"CASE WHEN {is_left} THEN {literal(_LEFT)} WHEN j.takes_part THEN j.problem END, false "
        f"FROM judged j JOIN {cases} c ON c.change_a = j.change_a AND c.change_b = j.change_b AND c.equal = j.equal "
        f"AND c.newer = j.newer AND c.takes_part = j.takes_part "
        f"LEFT JOIN {contact_cases} k ON k.equal = j.equal AND k.newer = j.newer"
    )


def _takes_part_sql() -> str:
    """Whether a touched peer takes part (SPEC §5). Of a record that is gone nobody can tell whether it met the filter;
    one that did not when it was last seen did not leave by its deletion."""
    is_gone = f"(t.change_a = {Change.DELETED:d} OR t.change_b = {Change.DELETED:d})"
    return f"t.in_filter AND NOT (t.status = {Status.FILTERED:d} AND {is_gone})"


def _merges_sql(entity: Entity, is_contact: str) -> str:
    """Whether the fields of a touched pair that differs go their own ways: where both changed, or met for the first
    time and the most recent change is to win."""
    changed = f"t.change_a = {Change.CHANGED:d} AND t.change_b = {Change.CHANGED:d}"
    at_contact = str(entity.first_contact is FirstContactRule.MOST_RECENT).lower()
    return f"{changed} AND CASE WHEN {is_contact} THEN {at_contact} ELSE true END"


def _by_rule(given: PlanInput) -> bool:
    """Whether fields are judged one by one by another rule than the most recent change."""
    by_stamps = given.layout.entity.conflict is ConflictRule.MOST_RECENT
    both_ways = one_way_from(given.layout) is None
    return given.has_origins and judges_fields(given.layout) and both_ways and not by_stamps


def _one_side_sql(given: PlanInput) -> str:
    """The side that keeps all fields that differ of a pair that both changed, where fields are judged by a rule: the
    side that alone changed them, or that the rule is for. Null where it is for the decision table."""
    if not _by_rule(given):
        return "CAST(NULL AS VARCHAR)"
    both = f"t.change_a = {Change.CHANGED:d} AND t.change_b = {Change.CHANGED:d}"
    met = "(t.a_digest IS NULL AND t.b_digest IS NULL)"
    return (
        f"CASE WHEN {both} AND NOT {met} AND NOT c.equal AND NOT c.asks AND NOT c.is_merge "
        "THEN CASE c.newer WHEN 1 THEN 'a' WHEN 2 THEN 'b' END END"
    )


def _has_conflict_sql(given: PlanInput) -> str:
    """Whether both sides changed a field differently."""
    if not _by_rule(given):
        return "false"
    flags = [f"coalesce(c.f{comparison.index}, false)" for comparison in given.layout.comparisons]
    return f"({' OR '.join(flags) or 'false'})"


def _judge_one_way(bench: Workbench, given: PlanInput) -> None:
    """Where fields are judged one by one and records go one way: of a pair that the sending side changed, the fields
    that are its own go to the other side, and nothing else of the record is touched there."""
    layout, source = given.layout, one_way_from(given.layout)
    if source is None or not given.has_origins or not judges_fields(layout):
        return
    rows, mine, other = f"rows_{layout.number}", literal(source.value), literal(source.other.value)
    indexes = [comparison.index for comparison in layout.comparisons]

    def any_of(condition: str) -> str:
        return " OR ".join(f"coalesce({condition.format(i=index)}, false)" for index in indexes) or "false"

    goes, stays, clash = any_of(f"w.w{{i}} = {mine}"), any_of(f"w.w{{i}} = {other}"), any_of("w.f{i}")
    won = any_of(f"w.f{{i}} AND w.w{{i}} = {mine}")
    usual = Rule.MOST_RECENT if layout.entity.conflict is ConflictRule.MOST_RECENT else Rule.SIDE_WINS
    bench.execute(
        f"UPDATE {rows} SET action = CASE WHEN w.asks THEN {Action.CONFLICT:d} WHEN {goes} THEN "
        f"{update(source.other):d} ELSE {Action.ADOPT:d} END, "
        f"rule = CASE WHEN w.asks THEN {Rule.ASK:d} WHEN ({goes}) AND ({stays}) THEN {Rule.MERGED:d} "
        f"WHEN NOT ({clash}) THEN {Rule.CHANGED_ONE_SIDE:d} WHEN rule = {Rule.DECIDED:d} THEN {Rule.DECIDED:d} "
        f"ELSE {usual:d} END, "
        f"winner = CASE WHEN w.asks OR NOT ({clash}) THEN NULL WHEN {won} THEN {mine} ELSE {other} END "
        f"FROM {field_winners(layout)} w WHERE {rows}.a_id = w.a_rid AND {rows}.b_id = w.b_rid "
        f"AND NOT is_contact AND change_{source.value} = {Change.CHANGED:d} "
        f"AND action IN ({update(source.other):d}, {Action.ADOPT:d}, {Action.CONFLICT:d}, {Action.NONE:d})"
    )


def _tell_evidence(bench: Workbench, layout: Layout) -> None:
    """By which fields a best match was made; in a strict one it is the same for all (`matching.evidence_sql`)."""
    if layout.entity.match is not MatchRule.STRICT and bench.number("SELECT count(*) FROM matched"):
        rows = f"rows_{layout.number}"
        bench.execute(
            f"UPDATE {rows} SET detail = m.evidence FROM matched m "
            f"WHERE {rows}.is_contact AND {rows}.detail IS NULL AND {rows}.a_id = m.a_rid AND {rows}.b_id = m.b_rid"
        )


def _settle_quiet(bench: Workbench, layout: Layout) -> None:
    """A record that stays as it is but whose status says otherwise becomes Processed; what stands already is no row."""
    rows = f"rows_{layout.number}"
    unsettled = f"status NOT IN ({Status.PROCESSED:d}, {Status.DELETED:d}) AND NOT is_contact"
    # A pair of which one record has a new id and nothing else changed: the ledger must learn the id.
    bench.execute(
        f"UPDATE {rows} SET action = {Action.ADOPT:d}, "
        f"rule = CASE WHEN {unsettled} THEN rule ELSE {Rule.RENAMED_KEY:d} END "
        f"WHERE action = {Action.NONE:d} AND change_a = 0 AND change_b = 0 "
        f"AND ({unsettled} OR record_id IN (SELECT record_id FROM renamed))"
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
        alone = create(side.other) if creates_in(entity, side.other) else Action.CLOSE
        gone = delete(side.other) if flows else Action.CLOSE
        parts.append(
            f"WHEN j.decided = '{me}' AND j.change_{me} = {Change.DELETED:d} THEN {gone:d} "
            f"WHEN j.decided = '{me}' AND j.change_{side.other.value} = {Change.DELETED:d} THEN {alone:d} "
            f"WHEN j.decided = '{me}' THEN {present:d} "
        )
    return f"CASE {''.join(parts)} END"


def _fill_empty(bench: Workbench, given: PlanInput) -> None:
    """First contact by `fill-empty`: the linked pair whose fields are empty on one side gets writes that fill just
    them.

    One side at a time: where both have empty fields, the pair is looked at again after the write, and then those of
    the other side are filled.
    """
    layout, entity = given.layout, given.layout.entity
    if entity.first_contact is not FirstContactRule.FILL_EMPTY:
        return
    rows = f"rows_{layout.number}"
    linked = (
        f"SELECT a_id AS a_rid, b_id AS b_rid FROM {rows} WHERE (action = {Action.LINK:d} OR is_fill) "
        f"AND rule = {Rule.FILL_EMPTY:d}"
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
        selects = {side: kept_values(given.read_of(side)) for side in Side}
        fillable = (
            f"SELECT l.a_rid FROM ({linked}) l JOIN ({selects[source]}) s ON s.rid = l.{source.value}_rid "
            f"JOIN ({selects[target]}) t ON t.rid = l.{target.value}_rid WHERE {' OR '.join(tests)}"
        )
        bench.execute(
            f"UPDATE {rows} SET writes_both = is_fill, is_fill = true, "
            f"action = CASE WHEN is_fill THEN action ELSE {update(target):d} END "
            f"WHERE (action = {Action.LINK:d} OR is_fill) AND rule = {Rule.FILL_EMPTY:d} AND a_id IN ({fillable})"
        )


def _tell_merges(bench: Workbench, given: PlanInput) -> None:
    """Of records whose fields are merged, the other side is written too, unless records go one way."""
    if given.has_origins and judges_fields(given.layout) and one_way_from(given.layout) is None:
        bench.execute(
            f"UPDATE rows_{given.layout.number} SET writes_both = true WHERE rule = {Rule.MERGED:d} "
            f"AND action IN ({Action.UPDATE_A:d}, {Action.UPDATE_B:d})"
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


def _hold_back_stopped(bench: Workbench, layout: Layout) -> None:
    """A record that a step of its own way stops is not sent; what the other side sends goes on (SPEC §6)."""
    for side in (side for side in Side if layout.of(side).steps):
        sending = [action for action in Action if action.target is side.other]
        bench.execute(
            f"UPDATE rows_{layout.number} SET action = {Action.INVALID:d}, rule = {Rule.UNUSABLE:d}, winner = NULL, "
            f"is_fill = false, writes_both = false, detail = t.stops_{side.value} FROM touched_{layout.number} t "
            f"WHERE t.stops_{side.value} IS NOT NULL AND t.record_id = rows_{layout.number}.record_id "
            f"AND action IN ({', '.join(f'{action:d}' for action in sending)})"
        )
