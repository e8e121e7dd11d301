"""A handful of values on their way into the workbench: decisions, and the decision tables."""

from __future__ import annotations

import pyarrow as pa

from desktop_sync.core.decision import Case
from desktop_sync.engine.workbench import Workbench


def case_rows(cases: tuple[Case, ...]) -> pa.Table:
    """As Arrow: a statement with 108 rows of constants takes longer to parse than to carry out."""
    return pa.table(
        {
            "change_a": pa.array([int(c.change_a) for c in cases], pa.int8()),
            "change_b": pa.array([int(c.change_b) for c in cases], pa.int8()),
            "equal": pa.array([c.equal for c in cases], pa.bool_()),
            "newer": pa.array([int(c.newer) for c in cases], pa.int8()),
            "takes_part": pa.array([c.takes_part for c in cases], pa.bool_()),
            "action": pa.array([int(c.decision.action) for c in cases], pa.int8()),
            "rule": pa.array([int(c.decision.rule) for c in cases], pa.int8()),
            "winner": pa.array(
                [c.decision.conflict_winner.value if c.decision.conflict_winner else None for c in cases], pa.string()
            ),
        }
    )


def insert_values(bench: Workbench, name: str, rows: list[tuple[object, ...]]) -> None:
    """A small table: `decided` (record_id, winner), or `restorable` (c0, c1)."""
    types = "record_id BIGINT, winner VARCHAR" if name == "decided" else "c0 TINYINT, c1 BOOLEAN"
    bench.execute(f"CREATE OR REPLACE TABLE {name} ({types})")
    row = f"({', '.join('?' for _ in types.split(', '))})"
    for start in range(0, len(rows), 1000):
        part = rows[start : start + 1000]
        bench.execute(
            f"INSERT INTO {name} VALUES {', '.join([row] * len(part))}", [value for each in part for value in each]
        )
