"""References between entities: ids translated through pairs, and records that wait for one."""

from __future__ import annotations

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, Rule, create, update
from desktop_sync.core.provider_port import ArrowStream
from desktop_sync.core.status import Status
from desktop_sync.engine.canonical import literal
from desktop_sync.engine.kept_values import kept_values
from desktop_sync.engine.layout import Layout, Sending
from desktop_sync.engine.origin_query import field_winners, judges_fields
from desktop_sync.engine.plan_input import PlanInput, has_table, pair_table, plan_table
from desktop_sync.engine.workbench import Workbench


def load_pairs(bench: Workbench, layout: Layout, peers: ArrowStream) -> None:
    """The pair table holds these peers: for an entity that is referred to before it is planned, or not planned at
    all."""
    with bench.source(peers) as (source, _):
        bench.execute(
            f"CREATE OR REPLACE TABLE {pair_table(layout)} AS SELECT record_id, a_id, b_id FROM {source} "
            f"WHERE a_id IS NOT NULL AND b_id IS NOT NULL AND status <> {Status.DELETED:d}"
        )


def add_new_pairs(bench: Workbench, layout: Layout) -> None:
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
    if bench.has_rows("renamed"):
        # A record of the pair has a new id: what refers to it refers to that one.
        now = (
            f"SELECT record_id, a_id, b_id FROM rows_{layout.number} "
            f"WHERE record_id IN (SELECT record_id FROM renamed) AND a_id IS NOT NULL "
            f"AND b_id IS NOT NULL AND action IN ({actions})"
        )
        bench.execute(f"CREATE OR REPLACE TABLE moved AS {now}")
        bench.execute(f"DELETE FROM {pair_table(layout)} WHERE record_id IN (SELECT record_id FROM moved)")
        bench.execute(f"INSERT INTO {pair_table(layout)} SELECT * FROM moved")


def check_lookups(bench: Workbench, given: PlanInput) -> None:
    """A record that refers to one that has no peer and gets none in this plan waits, and says which."""
    layout = given.layout
    rows = f"rows_{layout.number}"
    for source in Side:
        for sending in layout.of(source).sendings:
            if not sending.mapping.lookup:
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
            text, label = sending.name, sending.mapping.field_of(source) or sending.target
            select = kept_values(given.read_of(source))
            checked = [create(source.other), update(source.other)]
            if is_later:
                # What it refers to may still be created in this run; only a record that is looked at again is judged.
                checked = [update(source.other)] if given.is_again else []
            if not checked:
                continue
            writes, follows = ", ".join(f"{a:d}" for a in checked), follows_sql(bench, given, source, sending, rows)
            bench.execute(
                f"UPDATE {rows} SET action = {Action.INVALID:d}, rule = {Rule.UNRESOLVED_LOOKUP:d}, "
                "is_fill = false, writes_both = false, detail = m.message FROM "
                f"(SELECT rid, {literal(label + ': the record it refers to, ')} || {text} || "
                f"{literal(', is not synchronized (' + sending.mapping.lookup + ')')} AS message FROM ({select}) "
                f"WHERE nullif({text}, '') IS NOT NULL AND {text} NOT IN ({known})) m "
                f"WHERE {rows}.{me}_id = m.rid AND ({rows}.action IN ({writes}) OR {follows})"
            )


def follows_sql(bench: Workbench, given: PlanInput, source: Side, sending: Sending, rows: str) -> str:
    """Whether a row of the plan writes to the source at first, and then sends what that one refers to to the other
    side: its own value is kept, or fills an empty field there."""
    layout = given.layout
    kept = "false"
    is_judged = judges_fields(layout) and any(one.index == sending.index for one in layout.comparisons)
    if is_judged and has_table(bench, field_winners(layout)):
        kept = (
            f"EXISTS (SELECT 1 FROM {field_winners(layout)} w WHERE w.a_rid = {rows}.a_id AND w.b_rid = {rows}.b_id "
            f"AND w.w{sending.index} = '{source.value}')"
        )
    return f"({rows}.writes_both AND {rows}.action = {update(source):d} AND ({rows}.is_fill OR {kept}))"
