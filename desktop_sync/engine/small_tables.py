"""A handful of values on their way into the workbench: decisions, the decision tables, ids, and what may be few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

import pyarrow as pa

from desktop_sync.core.decision import Case
from desktop_sync.core.provider_port import ArrowStream
from desktop_sync.engine.workbench import Workbench

FEW = 200
_MOMENT = pa.timestamp("us", "UTC")
_VALUES: Mapping[pa.DataType, str] = {
    pa.bool_(): "CAST(unnest(${0}) AS BOOLEAN)",
    pa.int8(): "CAST(unnest(${0}) AS TINYINT)",
    pa.int32(): "CAST(unnest(${0}) AS INTEGER)",
    pa.int64(): "CAST(unnest(${0}) AS BIGINT)",
    pa.string(): "CAST(unnest(${0}) AS VARCHAR)",
    pa.binary(): "CAST(unnest(${0}) AS BLOB)",
    _MOMENT: "make_timestamptz(CAST(unnest(${0}) AS BIGINT))",
}


def load_table(bench: Workbench, name: str, stream: ArrowStream, columns: Sequence[str] = ()) -> None:
    """The table of that name has exactly the rows of the stream, with these columns or with all. Its errors come
    through.

    Up to `FEW` rows go over as parameters: to make a view over an Arrow stream, to scan that and to drop it again takes
    three times as long as such a statement.
    """
    reader = pa.RecordBatchReader.from_stream(stream)
    wanted, came = list(columns or reader.schema.names), 0
    first: list[pa.RecordBatch] = []
    if bench.is_in_memory and all(reader.schema.field(column).type in _VALUES for column in wanted):
        for batch in reader:
            first.append(batch)
            came += batch.num_rows
            if came > FEW:
                break
        else:
            _load_few(bench, name, pa.Table.from_batches(first, reader.schema).select(wanted))
            return
    rows = pa.RecordBatchReader.from_batches(reader.schema, chain(first, reader)) if first else reader
    with bench.source(rows) as (source, _):
        bench.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT {', '.join(wanted)} FROM {source}")


def _load_few(bench: Workbench, name: str, rows: pa.Table) -> None:
    values = ", ".join(
        f"{_VALUES[rows.schema.field(column).type].format(column)} AS {column}" for column in rows.column_names
    )
    plain = {
        column: (rows[column].cast(pa.int64()) if rows[column].type == _MOMENT else rows[column]).to_pylist()
        for column in rows.column_names
    }
    bench.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT {values}", plain)


def load_ids(bench: Workbench, name: str, ids: Sequence[str]) -> None:
    """The table of that name has the ids, as `rid`."""
    load_table(bench, name, pa.table({"rid": pa.array(ids, pa.string())}))


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
