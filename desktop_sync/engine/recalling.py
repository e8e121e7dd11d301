"""The side table of a read of which much is remembered: only rows that are not the same still are measured."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.engine.memo import Recall, match_key_sql
from desktop_sync.engine.side_select import as_kept, is_kept_sql, listed, side_select
from desktop_sync.engine.staging import Staging
from desktop_sync.engine.workbench import Workbench

_KNOWN_AT_ONCE, _UNKNOWN_AT_ONCE = 250_000, 100_000
"""Rows that are gathered before a statement takes them."""


def load_recalled(
    bench: Workbench, staging: Staging, reader: pa.RecordBatchReader, used: Recall, table: str, peers: str
) -> int:
    """The side table has what comes; rows that the memo knows are as if measured. How many these are.
    `peers`: the table of all of them."""
    if used.weave is None:
        return 0
    schema = used.schema(reader.schema)
    with bench.source(schema.empty_table()) as (source, _):
        bench.execute(
            f"CREATE OR REPLACE TABLE {table} AS SELECT "
            "CAST(NULL AS VARCHAR) AS rid, *, CAST(NULL AS BLOB) AS digest, CAST(NULL AS UHUGEINT) AS match_key, "
            "CAST(NULL AS VARCHAR) AS problem, CAST(NULL AS BOOLEAN) AS in_filter, CAST(NULL AS BOOLEAN) AS is_kept, "
            f"CAST(NULL AS BIGINT) AS record_id FROM {source}"
        )
    stamp = staging.side.stamp
    told = [*([] if stamp is None else [stamp.raw]), *used.more]
    known, unknown, count = list[pa.RecordBatch](), list[pa.RecordBatch](), 0
    for batch in used.added(reader):
        same = used.weave.same(batch.select(range(len(reader.schema))))
        count += same.facts.num_rows
        columns = [batch.column(name).filter(same.known) for name in told]
        known.append(pa.RecordBatch.from_arrays([*same.facts.columns, *columns], [*same.facts.schema.names, *told]))
        unknown.append(batch.filter(pc.invert(same.known)))
        if sum(part.num_rows for part in known) > _KNOWN_AT_ONCE:
            _insert_known(bench, table, known, told)
        if sum(part.num_rows for part in unknown) > _UNKNOWN_AT_ONCE:
            _measure_unknown(bench, staging, unknown, table, peers, used.more)
    _insert_known(bench, table, known, told)
    _measure_unknown(bench, staging, unknown, table, peers, used.more)
    return count


def _insert_known(bench: Workbench, table: str, known: list[pa.RecordBatch], told: Sequence[str]) -> None:
    """The side table has these rows, which are taken off the list."""
    rows = pa.Table.from_batches(known) if known else None
    known.clear()
    if rows is None or not rows.num_rows:
        return
    with bench.source(rows) as (source, _):
        bench.execute(
            f"INSERT INTO {table} BY NAME SELECT record_id, "
            f"{match_key_sql()} AS match_key, true AS in_filter, false AS is_kept{listed(told)} FROM {source}"
        )


def _measure_unknown(
    bench: Workbench,
    staging: Staging,
    unknown: list[pa.RecordBatch],
    table: str,
    peers: str,
    more: Sequence[str],
) -> None:
    """The side table has these rows, measured; they are taken off the list."""
    rows = pa.Table.from_batches(unknown) if unknown else None
    unknown.clear()
    if rows is None or not rows.num_rows:
        return
    name, me = f"measured_{table}", staging.side.side.value
    with bench.source(rows) as (source, _):
        select = side_select(staging, source, peers, keeps_all=True, has_peers=False, more=more)
        bench.execute(f"CREATE OR REPLACE TABLE {name} AS {select}")
    # These are few, so that a table of them is made for the join, and none of all peers.
    theirs = f"SELECT * FROM {peers} WHERE {me}_id IN (SELECT rid FROM {name})"
    joined = (
        f"SELECT s.* REPLACE (p.record_id AS record_id, {is_kept_sql(f'p.{me}_digest')} AS is_kept) FROM {name} s "
        f"LEFT JOIN ({theirs}) p ON p.{me}_id = s.rid"
    )
    raws = [column.raw for column in staging.side.columns]
    kept = as_kept(staging, raws, joined, more)
    bench.execute(f"INSERT INTO {table} BY NAME {kept}")
    bench.execute(f"DROP TABLE {name}")
