"""Whether a plan that waited may still create its records: somebody may have added the same ones meanwhile."""

from __future__ import annotations

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Rule, create
from desktop_sync.core.provider_port import ArrowStream
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.plan_input import PlanInput, plan_table
from desktop_sync.engine.sides import side_table, text_places
from desktop_sync.engine.staging import Staging
from desktop_sync.engine.workbench import Workbench


def planned_creates(bench: Workbench, layout: Layout, target: Side) -> int:
    """How many records the plan would create on that side."""
    return bench.number(f"SELECT count(*) FROM {plan_table(layout)} WHERE action = {create(target):d} AND NOT excluded")


def hold_back_creates(bench: Workbench, given: PlanInput, target: Side, stream: ArrowStream) -> int:
    """Creates whose identifying values a record of the target has by now are excluded from the plan; how many.

    `stream` is a complete read of the target. Records that the plan knew of do not count: they had other values.
    """
    layout = given.layout
    source = target.other
    with bench.source(stream) as (name, schema):
        staging = Staging(layout, layout.of(target), text_places(schema))
        renamed = ", ".join(
            '"' + field.replace('"', '""') + f'" AS r{place}' for place, field in enumerate(schema.names)
        )
        measured = staging.measure(f"(SELECT {renamed} FROM {name})")
        bench.execute(
            f"CREATE OR REPLACE TABLE present AS SELECT DISTINCT match_key FROM ({measured}) WHERE match_key IS NOT "
            "NULL"
        )
    plan = plan_table(layout)
    met = (
        f"action = {create(target):d} AND NOT excluded AND rule = {Rule.NEW:d} AND {source.value}_id IN (SELECT rid "
        "FROM "
        f"{side_table(layout, source)} WHERE is_kept AND match_key IN (SELECT match_key FROM present))"
    )
    count = bench.number(f"SELECT count(*) FROM {plan} WHERE {met}")
    if count:
        bench.execute(f"UPDATE {plan} SET excluded = true WHERE {met}")
    bench.execute("DROP TABLE present")
    return count
