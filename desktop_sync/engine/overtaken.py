"""A kept plan meets what a person did to its records since: rows that were overtaken leave the plan."""

from __future__ import annotations

from desktop_sync.core.configuration import Side
from desktop_sync.core.provider_port import ArrowStream
from desktop_sync.core.status import Status
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.outcome_query import STATUS_OF
from desktop_sync.engine.plan_input import plan_table
from desktop_sync.engine.sides import peer_table
from desktop_sync.engine.workbench import Workbench

DECIDED = (Status.PREPARED, Status.SKIPPED, Status.DELETED)
"""Statuses that a person's decision may have led to; `drop_overtaken` is given the sync records that have them."""


def drop_overtaken(bench: Workbench, layout: Layout, decided: ArrowStream, *, is_queued: bool) -> None:
    """The plan has no row for a record that was skipped, set to Deleted, linked or unlinked since it was made.

    `decided`: the sync records whose status is one of DECIDED, as they are now. `is_queued`: a prepare made the plan,
    so
    that a record which is to be written and is not Prepared any more was set to something else by a person.
    """
    plan, peers = plan_table(layout), peer_table(layout)
    with bench.source(decided) as (source, _):
        bench.execute(f"CREATE OR REPLACE TABLE decided AS SELECT record_id, a_id, b_id, status FROM {source}")
    same_ids = " AND ".join(
        f"(d.{side.value}_id IS NOT DISTINCT FROM {{0}}.{side.value}_id OR {{0}}.record_id IS NULL)" for side in Side
    )
    overtaken = [
        f"SELECT p.number FROM {plan} p JOIN decided d USING (record_id) LEFT JOIN {peers} q USING (record_id) "
        f"WHERE (d.status <> {Status.PREPARED:d} AND d.status IS DISTINCT FROM p.status) "
        f"OR (d.status = {Status.PREPARED:d} AND NOT ({same_ids.format('p')}) "
        f"AND (q.record_id IS NULL OR NOT ({same_ids.format('q')})))"
    ]
    overtaken += [
        f"SELECT p.number FROM {plan} p JOIN decided d USING ({side.value}_id) "
        f"LEFT JOIN {peers} q ON q.record_id = d.record_id "
        "WHERE d.record_id IS DISTINCT FROM p.record_id AND q.record_id IS NULL"
        for side in Side
    ]
    if is_queued:
        quiet = ", ".join(f"{action:d}" for action in STATUS_OF)
        overtaken.append(
            f"SELECT p.number FROM {plan} p WHERE p.action NOT IN ({quiet}) AND p.record_id NOT IN "
            f"(SELECT record_id FROM decided WHERE status = {Status.PREPARED:d})"
        )
    bench.execute(f"DELETE FROM {plan} WHERE number IN ({' UNION '.join(overtaken)})")
    bench.execute("DROP TABLE decided")
