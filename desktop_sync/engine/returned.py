"""Deleted peers whose records are there again: the same ones, or others that were given their ids (SPEC §5).

An endpoint may give the id of a deleted record to a new one. That one is no longer the counterpart of what the deleted
record was paired with: it differs from what was synchronized, and its identifying fields say somebody else.
"""

from __future__ import annotations

from desktop_sync.core.configuration import Entity, MatchRule, Side
from desktop_sync.core.decision import Action, Change, Rule, create, update
from desktop_sync.core.field_flow import creates_in
from desktop_sync.core.status import DeletedIn, Status, is_prepared_again
from desktop_sync.engine.canonical import literal
from desktop_sync.engine.kept_values import kept_values
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.plan_input import PlanInput, plan_table, problem_text
from desktop_sync.engine.sides import count_peers, peer_table, side_table
from desktop_sync.engine.small_tables import insert_values
from desktop_sync.engine.touched import touched_table
from desktop_sync.engine.workbench import Workbench

GONE_IN = {Side.A: DeletedIn.A, Side.B: DeletedIn.B}


def returned_table(layout: Layout) -> str:
    return f"returned_{layout.number}"


def make_returned(bench: Workbench, given: PlanInput) -> None:
    """The table has the Deleted peers both of whose records were read, and who is who of them.

    `free_a` and `free_b`: the record is a new one. `keeper`: the side whose new record goes on with the peer's number,
    the other one gets a number of its own. `stayed`: the side whose record stayed when its counterpart was deleted,
    which is not back: another record has its id. Peers of which a record is a new one are not touched any more.
    """
    layout = given.layout
    peers = count_peers(bench, layout)
    if peers.pairs == peers.living:  # the usual case: none is Deleted, and nothing need be joined
        columns = "record_id BIGINT, free_a BOOLEAN, free_b BOOLEAN, keeper VARCHAR, stayed VARCHAR"
        bench.execute(f"CREATE OR REPLACE TABLE {returned_table(layout)} ({columns})")
        return
    primary = layout.entity.primary
    one, two = primary.value, primary.other.value
    is_both = f"deleted_in = {DeletedIn.BOTH:d}"
    is_anew = f"({is_both} AND changed_{two})"
    free = []
    for side in Side:
        me = side.value
        was_gone = f"deleted_in IN ({GONE_IN[side]:d}, {DeletedIn.BOTH:d})"
        is_other = f"({was_gone} AND differ AND changed_{me})"
        free.append(f"({is_anew} OR {is_other}) AS free_{me}")
    stays = " ".join(
        f"WHEN deleted_in = {GONE_IN[side.other]:d} AND differ AND changed_{side.other.value} THEN '{side.value}'"
        for side in Side
    )
    bench.execute(
        f"CREATE OR REPLACE TABLE {returned_table(layout)} AS SELECT record_id, {', '.join(free)}, "
        f"CASE WHEN {is_anew} THEN '{one}' END AS keeper, CASE {stays} END AS stayed FROM ({_both_there(bench, given)})"
    )
    if bench.has_rows(returned_table(layout)):
        new = f"SELECT record_id FROM {returned_table(layout)} WHERE free_a OR free_b"
        bench.execute(f"DELETE FROM {touched_table(layout)} WHERE record_id IN ({new})")


def _both_there(bench: Workbench, given: PlanInput) -> str:
    """record_id, deleted_in, changed_a, changed_b (since the baseline) and whether the identifying fields differ."""
    layout = given.layout
    peers = (
        f"SELECT p.record_id, p.deleted_in, a.rid AS a_rid, b.rid AS b_rid, "
        "a.digest IS DISTINCT FROM p.a_digest AS changed_a, b.digest IS DISTINCT FROM p.b_digest AS changed_b "
        f"FROM {peer_table(layout)} p JOIN {side_table(layout, Side.A)} a ON a.record_id = p.record_id AND a.is_kept "
        f"JOIN {side_table(layout, Side.B)} b ON b.record_id = p.record_id AND b.is_kept "
        f"WHERE p.status = {Status.DELETED:d} AND p.deleted_in <> {DeletedIn.BY_HAND:d} "
        "AND p.a_id IS NOT NULL AND p.b_id IS NOT NULL"
    )
    if not bench.has_rows(f"({peers})"):  # the usual case: no value need be looked at
        return f"SELECT *, false AS differ FROM ({peers})"
    selects = {side: _identifying(given, side, f"SELECT {side.value}_rid FROM ({peers})") for side in Side}
    places = range(len(layout.identifying))
    differ = " OR ".join(f"coalesce(va.m{place} <> vb.m{place}, false)" for place in places) or "false"
    if layout.entity.match is not MatchRule.STRICT:
        agree = " OR ".join(f"coalesce(va.m{place} = vb.m{place}, false)" for place in places) or "false"
        differ = f"({differ}) AND NOT ({agree})"
    return (
        f"SELECT p.*, {differ} AS differ FROM ({peers}) p JOIN ({selects[Side.A]}) va ON va.kept_rid = p.a_rid "
        f"JOIN ({selects[Side.B]}) vb ON vb.kept_rid = p.b_rid"
    )


def _identifying(given: PlanInput, side: Side, ids: str) -> str:
    """A SELECT of kept_rid and m0 …, what identifies them, of the side's records with these ids."""
    values = given.read_of(side).staging.match_values()
    made = ", ".join(f"{value} AS m{place}" for place, value in enumerate(values))
    kept = kept_values(given.read_of(side), ["rid AS kept_rid"], f"rid IN ({ids})")
    return f"SELECT kept_rid, {made} FROM ({kept})"


def tell_other_records(bench: Workbench, given: PlanInput, teller: Side, why: str) -> None:
    """Of the records that a person is asked about because `teller` was put back, those that nothing identifies as the
    counterpart any more say `why`: their ids may have been given to others."""
    plan, me = plan_table(given.layout), teller.value
    asked = (
        f"SELECT number, a_id, b_id FROM {plan} WHERE action = {Action.CONFLICT:d} AND rule = {Rule.OLDER_STATE:d} "
        f"AND change_{me} = {Change.CHANGED:d} AND change_{teller.other.value} <> {Change.DELETED:d} AND NOT excluded"
    )
    if not bench.has_rows(f"({asked})"):
        return
    a, b = (_identifying(given, side, f"SELECT {side.value}_id FROM ({asked})") for side in Side)
    differ = " AND ".join(f"coalesce(va.m{i} <> vb.m{i}, false)" for i in range(len(given.layout.identifying)))
    bench.execute(
        f"UPDATE {plan} SET detail = {literal(why)} WHERE number IN (SELECT p.number FROM ({asked}) p "
        f"JOIN ({a}) va ON va.kept_rid = p.a_id JOIN ({b}) vb ON vb.kept_rid = p.b_id WHERE {differ})"
    )


def restored_cases(entity: Entity) -> list[tuple[DeletedIn, bool]]:
    """Where a peer is Deleted and whether the primary's record, which is there, changed: the cases in which it is
    prepared again (`core.status.is_prepared_again`)."""
    return [
        (deleted_in, changed)
        for deleted_in in DeletedIn
        if deleted_in is not DeletedIn.BY_HAND
        for changed in (False, True)
        if is_prepared_again(
            deleted_in, primary_is_a=entity.primary is Side.A, in_primary=True, primary_changed=changed
        )
    ]


def is_restored_sql(layout: Layout) -> str:
    """Whether a touched peer that is Deleted is prepared again by the rules of SPEC §5 while its record of the
    secondary system is there and changed too: both go by the decision table, so that neither change is lost unseen."""
    one, two = layout.entity.primary.value, layout.entity.primary.other.value
    cases = " OR ".join(
        f"(t.deleted_in = {deleted_in:d} AND (t.change_{one} = {Change.CHANGED:d}) = {str(changed).lower()})"
        for deleted_in, changed in restored_cases(layout.entity)
    )
    return f"(t.has_a AND t.has_b AND t.kept_a AND t.kept_b AND t.change_{two} = {Change.CHANGED:d} AND ({cases}))"


def plan_restored(bench: Workbench, given: PlanInput) -> None:
    """Deleted sync records that are Prepared again by the first two rules of SPEC §5, and were not planned yet. What
    stands as it was synchronized on both sides is adopted."""
    layout, entity = given.layout, given.layout.entity
    primary, secondary = entity.primary, entity.primary.other
    cases: list[tuple[object, ...]] = [(int(deleted_in), changed) for deleted_in, changed in restored_cases(entity)]
    insert_values(bench, "restorable", cases)
    one, two = primary.value, secondary.value
    makes = create(secondary) if creates_in(entity, secondary) else Action.NONE
    writes = update(secondary) if entity.direction.flows_from(primary) else Action.NONE
    ids = [f"p.{side.value}_id" for side in Side]
    # Where another record has the id now, it is not this one's any more.
    ids[list(Side).index(secondary)] = f"CASE WHEN o.stayed IS DISTINCT FROM '{one}' THEN p.{two}_id END"
    bench.execute(
        f"INSERT INTO rows_{layout.number} SELECT CASE WHEN {problem_text('s.problem')} IS NOT NULL THEN "
        f"{Action.INVALID:d} "
        f"WHEN t.rid IS NULL THEN {makes:d} WHEN s.digest IS DISTINCT FROM p.{one}_digest THEN {writes:d} "
        f"ELSE {Action.ADOPT:d} END, {Rule.RESTORED:d}, p.record_id, "
        f"{', '.join(ids)}, NULL, 1, 1, false, false, p.status, p.deleted_in, p.attempts, "
        f"{problem_text('s.problem')}, false "
        f"FROM {peer_table(layout)} p JOIN {side_table(layout, primary)} s ON s.rid = p.{one}_id AND s.is_kept AND "
        "s.in_filter "
        f"LEFT JOIN {returned_table(layout)} o ON o.record_id = p.record_id "
        f"LEFT JOIN {side_table(layout, secondary)} t ON t.rid = p.{two}_id AND o.stayed IS DISTINCT FROM '{one}' "
        f"JOIN restorable r ON r.c0 = p.deleted_in AND r.c1 = (s.digest IS DISTINCT FROM p.{one}_digest) "
        f"WHERE p.status = {Status.DELETED:d} AND (p.{two}_id IS NOT NULL OR p.deleted_in = {GONE_IN[secondary]:d}) "
        f"AND NOT coalesce(o.free_{one}, false) "
        f"AND p.record_id NOT IN (SELECT record_id FROM rows_{layout.number} WHERE record_id IS NOT NULL) "
        # What was matched with another record meanwhile is that one's counterpart now.
        f"AND p.{one}_id NOT IN (SELECT {one}_id FROM rows_{layout.number} WHERE {one}_id IS NOT NULL)"
    )


def plan_gone_too(bench: Workbench, given: PlanInput) -> None:
    """Of a Deleted peer whose one record had stayed, and is gone now too, the ledger learns that: else it would take
    another record that gets the id for the one that stayed."""
    layout = given.layout
    for side in (side for side in Side if given.read_of(side).is_complete):
        me = side.value
        read = "SELECT record_id FROM {} WHERE record_id IS NOT NULL"
        changes = ", ".join([f"{Change.DELETED:d}"] * len(Side))
        bench.execute(
            f"INSERT INTO rows_{layout.number} SELECT {Action.CLOSE:d}, {Rule.BOTH_DELETED:d}, record_id, a_id, b_id, "
            f"NULL, {changes}, false, false, status, deleted_in, attempts, NULL, false FROM {peer_table(layout)} "
            f"WHERE status = {Status.DELETED:d} AND deleted_in = {GONE_IN[side.other]:d} AND {me}_id IS NOT NULL "
            f"AND record_id NOT IN ({read.format(side_table(layout, side))}) "
            f"AND record_id NOT IN ({read.format(side_table(layout, side.other))}) "
            f"AND record_id NOT IN (SELECT record_id FROM rows_{layout.number} WHERE record_id IS NOT NULL) "
            f"AND NOT {given.held.has('record_id')}"
        )
