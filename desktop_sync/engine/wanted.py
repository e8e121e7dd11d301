"""Plans for named records only: the table wanted_N (record_id, a_id, b_id; a part that is unknown is null)."""

from __future__ import annotations

import pyarrow as pa

from desktop_sync.core.configuration import Side
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.plan_input import plan_table
from desktop_sync.engine.workbench import Workbench

WANTED_SCHEMA = pa.schema([("record_id", pa.int64()), ("a_id", pa.string()), ("b_id", pa.string())])


def wanted_table(layout: Layout) -> str:
    return f"wanted_{layout.number}"


def load_wanted(bench: Workbench, layout: Layout, rows: pa.Table) -> None:
    """The table holds these rows of WANTED_SCHEMA."""
    with bench.source(rows.select(WANTED_SCHEMA.names).cast(WANTED_SCHEMA)) as (source, _):
        bench.execute(f"CREATE OR REPLACE TABLE {wanted_table(layout)} AS SELECT * FROM {source}")


def keep_wanted(bench: Workbench, layout: Layout) -> None:
    """The rows that are about to become the plan are of wanted records, or of those that these are matched with."""
    wanted = wanted_table(layout)
    is_wanted = [f"record_id IN (SELECT record_id FROM {wanted} WHERE record_id IS NOT NULL)"]
    is_wanted += [
        f"{side.value}_id IN (SELECT {side.value}_id FROM {wanted} WHERE {side.value}_id IS NOT NULL)" for side in Side
    ]
    kept = " OR ".join(f"coalesce({test}, false)" for test in is_wanted)
    bench.execute(f"DELETE FROM rows_{layout.number} WHERE NOT ({kept})")


def not_planned(bench: Workbench, layout: Layout, rows: pa.Table) -> pa.Table:
    """Those of the rows whose sync record has no row in the entity's plan, excluded or not."""
    with bench.source(rows.select(WANTED_SCHEMA.names).cast(WANTED_SCHEMA)) as (source, _):
        return bench.table(
            f"SELECT w.* FROM {source} w ANTI JOIN {plan_table(layout)} p ON p.record_id = w.record_id ORDER BY 1"
        )
