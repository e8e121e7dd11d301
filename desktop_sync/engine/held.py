"""Records that may or may not have been written: they and what they may have become stay out of the plan.

Held means held on both sides (RELIABILITY 4.3 b): the record that was being written, and on the side that it was being
created on every record without a peer that was not there before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from desktop_sync.core.configuration import Side
from desktop_sync.engine.canonical import literal
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.sides import side_table
from desktop_sync.engine.workbench import Workbench

QUARANTINED = "no answer came when a record was created here, and this may be it; it waits until that is settled"


@dataclass(frozen=True, slots=True)
class Held:
    """`records`: sync records out of the plan. `known`: for each side that one may still arrive on, the ids of records
    without a peer that were there before; None where that is not known, and then all of them wait. `suspects`: by side,
    the ids of records that some of them may have become."""

    records: frozenset[int] = frozenset()
    known: Mapping[Side, frozenset[str] | None] = field(default_factory=dict)
    suspects: Mapping[Side, frozenset[str]] = field(default_factory=dict)

    def has(self, column: str) -> str:
        """SQL: whether the sync record is held. Never null."""
        if not self.records:
            return "false"
        return f"coalesce({column} IN ({', '.join(str(int(record)) for record in sorted(self.records))}), false)"


def quarantine(bench: Workbench, layout: Layout, held: Held) -> None:
    """Free records that may be the held ones are among `undecided`: they go to Review and are matched with nothing."""
    for side in (side for side in Side if side in held.known or side in held.suspects):
        me = side.value
        into = f"INSERT INTO undecided SELECT '{me}', f.rid, NULL, {literal(QUARANTINED)} FROM free_{me} f"
        suspects = held.suspects.get(side, frozenset())
        known = held.known.get(side, frozenset())
        if known is None:
            bench.execute(into)
            continue
        for ids, condition in ((suspects, "IN"), (known, "NOT IN")):
            if condition == "NOT IN" and side not in held.known:
                continue
            with bench.source(pa.table({"id": pa.array(sorted(ids), pa.string())})) as (source, _):
                bench.execute(f"{into} WHERE f.rid {condition} (SELECT id FROM {source})")
        bench.execute(
            f"{into} JOIN {side_table(layout, side.other)} o USING (match_key) WHERE {held.has('o.record_id')}"
        )
