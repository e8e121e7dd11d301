"""The plan of an undo as a table of the workbench: the inverse of what a run did, where it can still be done (SPEC §9).

`undo_<n>`: number, side ('a', 'b' or null), action (the inverse), record_id, a_id, b_id (ids as the run left them),
first_n and last_n (rows of the wrote table: a record may have been written twice), batch_id, status_after,
deleted_in_after, base_a and base_b (how the sync record stands afterwards), is_half (it lets the id of the
other side go), status_before (how it stands now), reason (why it is not undone, or null), excluded.

**What holds afterwards.** A record that both sides have again is a pair as it stands: what both hold then is its
baseline, so that the next run does not do the same once more and a later edit travels as usual; an edit that was
waiting before still waits. One that only one side has becomes Deleted in the other. So an undone create is Deleted
where it was created. An undone deletion brings back a record whose counterpart is still gone: it is Deleted in the
counterpart's side, with the ids of the pair. It takes no part in matching then, so that the next run neither deletes it
again nor creates a second counterpart; by the rules of SPEC §5 it is Prepared again when the primary has its record
again, or when it is the primary's own record and is modified. Where both are gone, it is Deleted in both.

With `travels`, for a conflict's loser that is brought back (SPEC §6), the baseline stays as it was: what was brought
back counts as changed, and the next run carries it to the other side where the direction allows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, create, delete, update
from desktop_sync.core.provider_port import Capabilities, Operation
from desktop_sync.core.status import DeletedIn, Status
from desktop_sync.engine.canonical import literal
from desktop_sync.engine.sides import peer_table
from desktop_sync.engine.undo_input import UndoInput, earlier_table, now_table, quiet_table, wrote_table
from desktop_sync.engine.workbench import Workbench

COLUMNS = (
    "number BIGINT, side VARCHAR, action TINYINT, record_id BIGINT, a_id VARCHAR, b_id VARCHAR, first_n BIGINT, "
    "last_n BIGINT, batch_id BIGINT, status_after TINYINT, deleted_in_after TINYINT, base_a BLOB, base_b BLOB, "
    "is_half BOOLEAN, status_before TINYINT, reason VARCHAR, excluded BOOLEAN"
)
_NAMES = ", ".join(column.split()[0] for column in COLUMNS.split(", "))
GONE_RECORD = "its sync record is gone: the pair was unlinked or reset since"
OTHER_PAIR = "it is paired with another record now"
THERE_AGAIN = "a record with its id is there again"
SYNCHRONIZED_AGAIN = "it was synchronized again since"
DELETED_SINCE = "it was deleted since"
SEVERAL = "several records have its id now"
CHANGED_SINCE = "it was changed since"
IN_DOUBT = "no answer came when it was written, and nobody knows yet whether it was"
TAKEN_UP = "one of its two records was taken up again since"
NO_EARLIER = "what it was agreed on before is not in the history any more"


def undo_table(undo: UndoInput) -> str:
    return f"undo_{undo.layout.number}"


def make_undo_plan(bench: Workbench, undo: UndoInput, capabilities: Mapping[Side, Capabilities]) -> None:
    """The plan table of the entity is complete. Needs the wrote, now, quiet, earlier and peer tables."""
    bench.execute(f"CREATE OR REPLACE TABLE {undo_table(undo)} ({COLUMNS})")
    for side in Side:
        only = undo.sides[side].only
        if only is None or only:
            bench.execute(f"INSERT INTO {undo_table(undo)} ({_NAMES}) {_side_sql(undo, side, capabilities[side])}")
    bench.execute(f"INSERT INTO {undo_table(undo)} ({_NAMES}) {_quiet_sql(undo)}")
    bench.execute(f"UPDATE {undo_table(undo)} SET number = rowid + 1")


def _side_sql(undo: UndoInput, side: Side, can: Capabilities) -> str:
    me, other = side.value, side.other.value
    layout, travels = undo.layout, undo.travels
    created, updated, deleted = create(side), update(side), delete(side)
    ranked = (
        "SELECT *, row_number() OVER (PARTITION BY record_id ORDER BY n) AS up, "
        f"row_number() OVER (PARTITION BY record_id ORDER BY n DESC) AS down FROM {wrote_table(layout, side)}"
    )
    action = (
        f"CASE WHEN f.operation = {Operation.CREATE:d} AND l.operation = {Operation.DELETE:d} THEN {Action.NONE:d} "
        f"WHEN f.operation = {Operation.CREATE:d} THEN {deleted:d} "
        f"WHEN l.operation = {Operation.DELETE:d} THEN {created:d} ELSE {updated:d} END"
    )
    whole = (
        f"SELECT f.n AS first_n, l.n AS last_n, l.batch_id, l.record_id, l.a_id, l.b_id, {action} AS action, "
        f"{_differing(undo, side)} AS differing FROM (SELECT * FROM ranked WHERE up = 1) f "
        f"JOIN (SELECT * FROM ranked WHERE down = 1) l USING (record_id) "
        f"LEFT JOIN {now_table(layout, side)} t ON t.rid = l.{me}_id"
    )
    has_other = "o.rid IS NOT NULL"
    is_deleted = f"u.action = {deleted:d}"
    own_place = DeletedIn.A if side is Side.A else DeletedIn.B
    other_place = DeletedIn.B if side is Side.A else DeletedIn.A
    pending = f"({'true' if travels else 'false'} OR o.digest IS DISTINCT FROM q.{other}_digest)"
    # A deletion that is brought back travels like any other: the pair stands, and one record of it is gone.
    one_gone = Status.PREPARED if travels else Status.DELETED
    status = (
        f"CASE WHEN {is_deleted} AND {has_other} THEN {one_gone:d} WHEN {is_deleted} THEN {Status.DELETED:d} "
        f"WHEN NOT {has_other} THEN {one_gone:d} WHEN {pending} THEN {Status.PREPARED:d} ELSE {Status.PROCESSED:d} END"
    )
    nowhere = "true" if travels else "false"
    deleted_in = (
        f"CASE WHEN {is_deleted} AND NOT {has_other} THEN {DeletedIn.BOTH:d} WHEN {nowhere} THEN {DeletedIn.NOWHERE:d} "
        f"WHEN {is_deleted} THEN {own_place:d} WHEN NOT {has_other} THEN {other_place:d} ELSE {DeletedIn.NOWHERE:d} END"
    )
    # An edit that lost to a deletion counts as a new record, so that its counterpart is created again.
    half = f"u.action = {created:d} AND NOT {has_other}" if travels else "false"
    return (
        f"WITH ranked AS ({ranked}), whole AS ({whole}) SELECT 0, '{me}', u.action, u.record_id, u.a_id, u.b_id, "
        f"u.first_n, u.last_n, u.batch_id, {status}, {deleted_in}, q.a_digest, q.b_digest, "
        f"{half}, q.status, {_reason_sql(undo, side, can)}, false FROM whole u "
        f"LEFT JOIN {peer_table(layout)} q ON q.record_id = u.record_id "
        f"LEFT JOIN {now_table(layout, side)} t ON t.rid = u.{me}_id "
        f"LEFT JOIN {now_table(layout, side.other)} o ON o.rid = u.{other}_id "
        f"WHERE u.action <> {Action.NONE:d} ORDER BY u.first_n"
    )


def _differing(undo: UndoInput, side: Side) -> str:
    """Names of the fields that are not what the run left there, or an empty text."""
    written = undo.sides[side]
    cases = [
        f"CASE WHEN l.shape IN ({', '.join(str(shape) for shape in sorted(shapes))}) AND "
        f"{written.compared(f't.f{number}', number)} IS DISTINCT FROM {written.compared(f'l.w{number}', number)} "
        f"THEN {literal(written.names[number])} END"
        for number, shapes in sorted(written.after.items())
        if written.only is None or written.names[number] in written.only
    ]
    return f"concat_ws(', ', {', '.join(cases)})" if cases else "''"


def _reason_sql(undo: UndoInput, side: Side, can: Capabilities) -> str:
    me, other = side.value, side.other.value
    created, updated, deleted = create(side), update(side), delete(side)
    endpoint = undo.layout.of(side).endpoint
    cases = [
        f"WHEN q.record_id IS NULL THEN {literal(GONE_RECORD)}",
        f"WHEN {undo.held.has('q.record_id')} THEN {literal(IN_DOUBT)}",
        f"WHEN q.{me}_id IS DISTINCT FROM u.{me}_id OR q.{other}_id IS DISTINCT FROM u.{other}_id "
        f"THEN {literal(OTHER_PAIR)}",
        f"WHEN t.copies > 1 THEN {literal(SEVERAL)}",
        f"WHEN u.action = {created:d} AND t.rid IS NOT NULL THEN {literal(THERE_AGAIN)}",
        f"WHEN u.action = {created:d} AND q.status <> {Status.DELETED:d} THEN {literal(SYNCHRONIZED_AGAIN)}",
        f"WHEN u.action <> {created:d} AND t.rid IS NULL THEN {literal(DELETED_SINCE)}",
        f"WHEN u.action <> {created:d} AND u.differing <> '' THEN {literal(CHANGED_SINCE + ': ')} || u.differing",
    ]
    for action, is_able, word in (
        (created, can.can_create, "created"),
        (updated, can.can_update, "changed"),
        (deleted, can.can_delete, "deleted"),
    ):
        if not is_able:
            cases.append(f"WHEN u.action = {action:d} THEN {literal(f'records of {endpoint} cannot be {word}')}")
    lost = sorted(undo.sides[side].lost)
    if lost:
        names = ", ".join(lost)
        text = literal(
            f"it has no {names} any more" if len(lost) == 1 else f"these fields are not there any more: {names}"
        )
        cases.append(f"WHEN u.action <> {deleted:d} THEN {text}")
    return f"CASE {' '.join(cases)} END"


def _quiet_sql(undo: UndoInput) -> str:
    """What was done to pairs without a write.

    An adoption is undone by going back to the baseline before it, and so is a link of a pair that stood before. What
    the run linked otherwise is unlinked: both halves are Skipped, as after an unlinking by hand, for the next run would
    link them at once. The undo of that links them again, with the baseline that they had.
    """
    layout = undo.layout
    newest = "QUALIFY row_number() OVER (PARTITION BY record_id ORDER BY batch_id DESC) = 1"
    had_pair = "e.a_id IS NOT DISTINCT FROM u.a_id AND e.b_id IS NOT DISTINCT FROM u.b_id"
    unlinks = f"u.action = {Action.LINK:d} AND (e.record_id IS NULL OR NOT ({had_pair}))"
    relinks = f"u.action = {Action.UNLINK:d}"
    action = f"CASE WHEN {relinks} THEN {Action.LINK:d} WHEN {unlinks} THEN {Action.UNLINK:d} ELSE {Action.ADOPT:d} END"
    other_pair = "q.a_id IS DISTINCT FROM u.a_id OR q.b_id IS DISTINCT FROM u.b_id"
    is_half = f"q.a_id IS NOT DISTINCT FROM u.a_id AND q.b_id IS NULL AND q.status = {Status.SKIPPED:d}"
    is_other_half = f"h.record_id IS NULL OR (h.a_id IS NULL AND h.status = {Status.SKIPPED:d})"
    reason = (
        f"CASE WHEN q.record_id IS NULL THEN {literal(GONE_RECORD)} "
        f"WHEN {undo.held.has('q.record_id')} THEN {literal(IN_DOUBT)} "
        f"WHEN {relinks} AND NOT ({is_half} AND ({is_other_half})) THEN {literal(TAKEN_UP)} "
        f"WHEN NOT ({relinks}) AND ({other_pair}) THEN {literal(OTHER_PAIR)} "
        f"WHEN NOT ({relinks}) AND (q.a_digest IS DISTINCT FROM u.a_digest OR q.b_digest IS DISTINCT FROM u.b_digest) "
        f"THEN {literal(SYNCHRONIZED_AGAIN)} "
        f"WHEN NOT ({unlinks}) AND e.record_id IS NULL THEN {literal(NO_EARLIER)} "
        f"WHEN NOT ({unlinks}) AND NOT ({had_pair}) THEN {literal(OTHER_PAIR)} END"
    )
    status = f"CASE WHEN {unlinks} THEN {Status.SKIPPED:d} ELSE {Status.PREPARED:d} END"
    return (
        f"SELECT 0, NULL, {action}, u.record_id, u.a_id, u.b_id, NULL, NULL, u.batch_id, {status}, "
        f"{DeletedIn.NOWHERE:d}, CASE WHEN {unlinks} THEN q.a_digest ELSE e.a_digest END, "
        f"CASE WHEN {unlinks} THEN q.b_digest ELSE e.b_digest END, {unlinks}, q.status, {reason}, false "
        f"FROM (SELECT * FROM {quiet_table(layout)} {newest}) u "
        f"LEFT JOIN {peer_table(layout)} q ON q.record_id = u.record_id "
        f"LEFT JOIN {peer_table(layout)} h ON h.b_id = u.b_id AND h.record_id <> u.record_id "
        f"LEFT JOIN {earlier_table(layout)} e ON e.record_id = u.record_id "
        # What the run also wrote to an endpoint is undone there.
        f"WHERE u.action IN ({Action.ADOPT:d}, {Action.LINK:d}, {Action.UNLINK:d}) AND {_not_written('u', undo)}"
    )


def _not_written(alias: str, undo: UndoInput) -> str:
    written = " UNION ".join(f"SELECT record_id FROM {wrote_table(undo.layout, side)}" for side in Side)
    return f"{alias}.record_id NOT IN ({written})"


def count_links(bench: Workbench, undo: UndoInput) -> int:
    """Pairs that the run linked and wrote to: what it wrote is undone, but they stay linked, as they stand then. The
    next run would match them again otherwise, and write the same once more."""
    written = " UNION ".join(f"SELECT record_id FROM {wrote_table(undo.layout, side)} WHERE is_linked" for side in Side)
    return bench.number(f"SELECT count(*) FROM ({written})")


def counts(bench: Workbench, undo: UndoInput) -> dict[Action, int]:
    """How many records the undo handles by which action; those that cannot be, or were excluded, do not count."""
    rows = bench.rows(
        f"SELECT action, count(*) FROM {undo_table(undo)} WHERE reason IS NULL AND NOT excluded GROUP BY 1 ORDER BY 1"
    )
    return {Action(int(str(action))): int(str(number)) for action, number in rows}


def keep_only(bench: Workbench, undo: UndoInput, records: Mapping[Side, Collection[int]]) -> None:
    """No other rows take part any more than those of these sync records, by the side that is written."""
    parts = [
        f"(side = '{side.value}' AND record_id IN ({', '.join(str(int(one)) for one in sorted(ids))}))"
        for side, ids in records.items()
        if ids
    ]
    bench.execute(
        f"UPDATE {undo_table(undo)} SET excluded = true WHERE NOT coalesce({' OR '.join(parts) or 'false'}, false)"
    )


def records_of(bench: Workbench, undo: UndoInput, action: Action) -> list[int]:
    """The sync records whose rows have the action and take part."""
    rows = bench.rows(
        f"SELECT record_id FROM {undo_table(undo)} WHERE action = {action:d} AND reason IS NULL AND NOT excluded "
        "ORDER BY number"
    )
    return [int(str(row[0])) for row in rows]


def updated_ids(bench: Workbench, undo: UndoInput, side: Side) -> list[str]:
    """Ids of the side's records in which values are restored."""
    rows = bench.rows(
        f"SELECT {side.value}_id FROM {undo_table(undo)} WHERE action = {update(side):d} AND reason IS NULL "
        "AND NOT excluded ORDER BY number"
    )
    return [str(row[0]) for row in rows]


def on_both_sides(bench: Workbench, undo: UndoInput) -> list[int]:
    """The sync records of which both sides are restored, as those of merged records are."""
    rows = bench.rows(
        f"SELECT record_id FROM {undo_table(undo)} WHERE side IS NOT NULL AND reason IS NULL AND NOT excluded "
        "GROUP BY 1 HAVING count(*) > 1 ORDER BY 1"
    )
    return [int(str(row[0])) for row in rows]
