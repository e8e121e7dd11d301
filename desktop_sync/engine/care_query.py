"""Rows of a plan that wait: left out until they are safe, or turned into decisions for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, Change, Newer, Rule, create, decide, delete, mark, update
from desktop_sync.engine.canonical import literal, utc_sql
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.origin_query import origin_table, stamped_columns
from desktop_sync.engine.plan_input import PlanInput, plan_table
from desktop_sync.engine.sides import peer_table, side_table, stamp_sql
from desktop_sync.engine.workbench import Workbench

_FREE = f"NOT excluded AND rule <> {Rule.DECIDED:d}"
"""What a person left out or decided stays as it is."""


def deleting(*targets: Side) -> str:
    """The actions that carry a deletion to one of the sides, as an SQL list."""
    return ", ".join(f"{action(side):d}" for side in targets or Side for action in (delete, mark))


def hold_deletes(bench: Workbench, layout: Layout, why: str, *targets: Side) -> int:
    """Deletions in these sides, or in both, wait; how many. What a person decided is carried out."""
    return _hold(bench, layout, f"action IN ({deleting(*targets)})", why)


def count_deletes(bench: Workbench, layout: Layout, target: Side) -> int:
    """How many records the plan would delete in the side."""
    return bench.number(f"SELECT count(*) FROM {plan_table(layout)} WHERE action = {delete(target):d} AND NOT excluded")


def hold_records(bench: Workbench, layout: Layout, record_ids: Sequence[int], why: str) -> int:
    """Whatever the plan does with these sync records waits; how many rows."""
    numbers = ", ".join(str(int(number)) for number in record_ids)
    return _hold(bench, layout, f"record_id IN ({numbers})", why) if numbers else 0


def _hold(bench: Workbench, layout: Layout, condition: str, why: str) -> int:
    plan, where = plan_table(layout), f"{_FREE} AND {condition}"
    count = bench.number(f"SELECT count(*) FROM {plan} WHERE {where}")
    if count:
        bench.execute(f"UPDATE {plan} SET excluded = true, detail = {literal(why)} WHERE {where}")
    return count


def absent(bench: Workbench, layout: Layout, side: Side) -> list[int]:
    """Sync records that the plan does something about because their record of the side was not found."""
    gone = f"change_{side.value} = {Change.DELETED:d} AND record_id IS NOT NULL"
    rows = bench.rows(f"SELECT record_id FROM {plan_table(layout)} WHERE {gone} ORDER BY 1")
    return [int(str(row[0])) for row in rows]


def told_before(bench: Workbench, given: PlanInput, side: Side, stamp: str) -> int:
    """How many records of the side differ from their baseline though they were changed before `stamp`: 0 unless the
    largest stamp of the side is smaller than `stamp`, too. What another configuration wrote there is no change of the
    side's own: not every system notes the time of that."""
    layout, me = given.layout, side.value
    own = layout.of(side)
    if own.stamp is None:
        return 0
    at = stamp_sql(given.read_of(side).staging, f"s.{own.stamp.raw}")
    then = utc_sql(literal(stamp))
    largest = utc_sql(literal(given.read_of(side).last_stamp))
    changed = f"s.is_kept AND t.change_{me} = {Change.CHANGED:d} AND t.{me}_digest IS NOT NULL"
    return bench.number(
        f"SELECT count(*) FROM {side_table(layout, side)} s "
        f"JOIN touched_{layout.number} t ON t.record_id = s.record_id "
        f"WHERE {largest} < {then} AND {changed} AND {at} < {then}{_own_change(given, side)}"
    )


def _own_change(given: PlanInput, side: Side) -> str:
    """Whether a field of record s holds what the side itself tells, where origin stamps say so."""
    layout = given.layout
    if not given.has_origins or layout.origins is None:
        return ""
    system = literal(layout.origins.systems.of(side))
    places = [column.place for column in stamped_columns(layout, side)]
    own = " OR ".join(f"(n{place} AND f{place}.origin = {system})" for place in places) or "false"
    return f" AND s.rid IN (SELECT rid FROM {origin_table(layout, side)} WHERE {own})"


def ask_about(bench: Workbench, layout: Layout, teller: Side, why: str) -> int:
    """What the plan would do to the other side because of what `teller` tells waits for a decision; how many rows."""
    me, other = teller.value, teller.other
    gone = f"change_{me} = {Change.DELETED:d} AND change_{other.value} <> {Change.DELETED:d}"
    deletions = f"{deleting(other)}, {Action.UNLINK:d}, {Action.CLOSE:d}"
    where = (
        f"{_FREE} AND NOT is_contact AND record_id IS NOT NULL AND a_id IS NOT NULL AND b_id IS NOT NULL AND ("
        f"(action IN ({deletions}) AND rule <> {Rule.FILTER:d} AND {gone}) OR "
        f"(action = {update(other):d} AND change_{me} = {Change.CHANGED:d}) "
        f"OR (action = {create(other):d} AND rule = {Rule.RESTORED:d}))"
    )
    return _ask(bench, layout, where, Rule.OLDER_STATE, why)


def ask_still(bench: Workbench, layout: Layout, waiting: Mapping[int, int], why: Mapping[int, str]) -> None:
    """Sync records (number → rule) that wait for a decision go on waiting, unless nothing is left to decide."""
    writes = ", ".join(f"{action:d}" for action in Action if action.target is not None)
    one_sided = (
        f"action = {Action.CLOSE:d} AND rule <> {Rule.FILTER:d} "
        f"AND NOT (change_a = {Change.DELETED:d} AND change_b = {Change.DELETED:d})"
    )
    for rule in sorted(set(waiting.values())):
        numbers = ", ".join(str(record) for record, found in waiting.items() if found == rule)
        # A person who unlinked the two has decided: what is new of each is matched, or created.
        asked = f"record_id IN ({numbers}) AND NOT is_contact"
        where = f"{_FREE} AND {asked} AND (action IN ({writes}, {Action.UNLINK:d}) OR ({one_sided}))"
        _ask(bench, layout, where, Rule(rule), why[rule])


def planned_updates(bench: Workbench, layout: Layout) -> dict[int, tuple[Side, bytes | None]]:
    """The sync records that are to be updated: where to, and the digest of the record that is written there."""
    found: dict[int, tuple[Side, bytes | None]] = {}
    for target in Side:
        source = target.other
        rows = bench.rows(
            f"SELECT p.record_id, s.digest FROM {plan_table(layout)} p JOIN {side_table(layout, source)} s "
            f"ON s.rid = p.{source.value}_id WHERE p.action = {update(target):d} AND NOT p.excluded "
            f"AND p.rule <> {Rule.DECIDED:d} AND p.record_id IS NOT NULL"
        )
        for record, digest in rows:
            found[int(str(record))] = (target, digest if isinstance(digest, bytes) else None)
    return found


def record_ids_of(bench: Workbench, layout: Layout, side: Side, numbers: Sequence[int]) -> list[str]:
    """The side's ids of these sync records of the plan."""
    wanted = ", ".join(str(int(number)) for number in numbers) or "NULL"
    rows = bench.rows(f"SELECT {side.value}_id FROM {plan_table(layout)} WHERE record_id IN ({wanted}) ORDER BY number")
    return [str(row[0]) for row in rows if row[0] is not None]


def ask_for(bench: Workbench, layout: Layout, record_ids: Sequence[int], rule: Rule, why: str) -> int:
    """The updates of these sync records wait for a decision; how many."""
    numbers = ", ".join(str(int(number)) for number in record_ids)
    return _ask(bench, layout, f"{_FREE} AND record_id IN ({numbers})", rule, why) if numbers else 0


def _ask(bench: Workbench, layout: Layout, where: str, rule: Rule, why: str) -> int:
    plan = plan_table(layout)
    count = bench.number(f"SELECT count(*) FROM {plan} WHERE {where}")
    if count:
        bench.execute(
            f"UPDATE {plan} SET action = {Action.CONFLICT:d}, rule = {rule:d}, winner = NULL, detail = {literal(why)} "
            f"WHERE {where}"
        )
    return count


def edited_against(bench: Workbench, layout: Layout, gone: Side) -> list[int]:
    """Sync records whose record was deleted in `gone` and seems to have been edited on the other side."""
    where = (
        f"{_FREE} AND rule <> {Rule.FILTER:d} AND change_{gone.value} = {Change.DELETED:d} "
        f"AND change_{gone.other.value} = {Change.CHANGED:d}"
    )
    rows = bench.rows(f"SELECT record_id FROM {plan_table(layout)} WHERE {where} AND record_id IS NOT NULL")
    return [int(str(row[0])) for row in rows]


def take_as_unchanged(bench: Workbench, layout: Layout, gone: Side, record_id: int) -> None:
    """The other side's record counts as what it was: the deletion goes by its rule, from the baseline of now."""
    other = gone.other.value
    changes = {gone: Change.DELETED, gone.other: Change.SAME}
    decision = decide(layout.entity, changes[Side.A], changes[Side.B], False, Newer.TIE)
    bench.execute(
        f"UPDATE {plan_table(layout)} SET action = {decision.action:d}, rule = {decision.rule:d}, winner = NULL, "
        f"change_{other} = {Change.SAME:d} WHERE record_id = {record_id:d}"
    )
    bench.execute(
        f"UPDATE {peer_table(layout)} SET {other}_digest = s.digest FROM {side_table(layout, gone.other)} s "
        f"WHERE {peer_table(layout)}.record_id = {record_id:d} AND s.record_id = {record_id:d}"
    )


def is_there(bench: Workbench, layout: Layout, side: Side, record_id: str) -> bool:
    """Whether a complete read of the side found the record."""
    me = side.value
    known = f"SELECT record_id FROM peer_{layout.number} WHERE {me}_id = ?"
    found = f"SELECT count(*) FROM {side_table(layout, side)} WHERE rid = ? OR record_id IN ({known})"
    return bench.number(found, [record_id, record_id]) > 0
