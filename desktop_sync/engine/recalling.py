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
_FOUND = ("digest", "match_key", "problem", "in_filter", "is_kept", "record_id")


def load_recalled(
    bench: Workbench, staging: Staging, reader: pa.RecordBatchReader, used: Recall, table: str, peers: str
) -> int:
    """The side table has what comes; rows that the memo knows are as if measured. How many these are.
    `peers`: the table of all of them."""
    if used.weave is None:
        return 0
    told = _told(staging, used.more)
    passed, kept = _make_tables(bench, used.schema(reader.schema), told, table)
    known, unknown, count = list[pa.RecordBatch](), list[pa.RecordBatch](), 0
    for batch in used.added(reader):
        same = used.weave.same(batch.select(range(len(reader.schema))))
        count += same.facts.num_rows
        columns = [batch.column(name).filter(same.known) for name in told]
        known.append(pa.RecordBatch.from_arrays([*same.facts.columns, *columns], [*same.facts.schema.names, *told]))
        unknown.append(batch.filter(pc.invert(same.known)))
        if sum(part.num_rows for part in known) > _KNOWN_AT_ONCE:
            _insert_known(bench, passed, known, told)
        if sum(part.num_rows for part in unknown) > _UNKNOWN_AT_ONCE:
            _measure_unknown(bench, staging, unknown, kept, peers, used.more)
    _insert_known(bench, passed, known, told)
    _measure_unknown(bench, staging, unknown, kept, peers, used.more)
    _join(bench, staging, table, (passed, kept), used.more)
    return count


def let_go(bench: Workbench, staging: Staging, table: str, used: Recall) -> None:
    """The side table has only the columns that one of a read without a memo has."""
    if not used.more:
        return
    parts = bench.parts(table)
    for part in parts:
        for name in used.more:
            bench.execute(f"ALTER TABLE {part} DROP COLUMN {name}")
    if parts != (table,):
        passed, kept = parts
        _join(bench, staging, table, (passed, kept), ())


def _make_tables(bench: Workbench, schema: pa.Schema, told: Sequence[str], table: str) -> tuple[str, str]:
    """The tables, empty, of the rows that are known, of which hardly anything is kept, and of the others. They are two
    because a column of nothing takes as much room and time as one of short texts."""
    passed, kept = f"passed_{table}", f"kept_{table}"
    numbers = "CAST(NULL AS UHUGEINT) AS match_key, CAST(NULL AS BIGINT) AS record_id"
    with bench.source(schema.empty_table()) as (source, _):
        bench.execute(f"CREATE OR REPLACE TABLE {passed} AS SELECT {numbers}{listed(told)} FROM {source}")
    with bench.source(schema.empty_table()) as (source, _):
        bench.execute(
            f"CREATE OR REPLACE TABLE {kept} AS SELECT CAST(NULL AS VARCHAR) AS rid, *, CAST(NULL AS BLOB) AS digest, "
            "CAST(NULL AS VARCHAR) AS problem, CAST(NULL AS BOOLEAN) AS in_filter, CAST(NULL AS BOOLEAN) AS is_kept, "
            f"{numbers} FROM {source}"
        )
    return passed, kept


def _told(staging: Staging, more: Sequence[str]) -> list[str]:
    """The columns of the read that are kept of rows that are known."""
    stamp = staging.side.stamp
    return [*([] if stamp is None else [stamp.raw]), *more]


def _join(bench: Workbench, staging: Staging, table: str, parts: tuple[str, str], more: Sequence[str]) -> None:
    """The side table is a view of these parts."""
    passed, kept = parts
    names = ["rid", *(column.raw for column in staging.side.columns), *_FOUND, *more]
    there = {"match_key", "record_id", *_told(staging, more)}
    fixed = {"in_filter": "true", "is_kept": "false"}
    known = [name if name in there else f"{fixed.get(name, 'NULL')} AS {name}" for name in names]
    both = f"SELECT {', '.join(names)} FROM {kept} UNION ALL SELECT {', '.join(known)} FROM {passed}"
    bench.view(table, both, parts)


def _insert_known(bench: Workbench, table: str, known: list[pa.RecordBatch], told: Sequence[str]) -> None:
    """The table has these rows, which are taken off the list."""
    rows = pa.Table.from_batches(known) if known else None
    known.clear()
    if rows is None or not rows.num_rows:
        return
    with bench.source(rows) as (source, _):
        bench.execute(
            f"INSERT INTO {table} BY NAME SELECT record_id, {match_key_sql()} AS match_key{listed(told)} FROM {source}"
        )


def _measure_unknown(
    bench: Workbench,
    staging: Staging,
    unknown: list[pa.RecordBatch],
    table: str,
    peers: str,
    more: Sequence[str],
) -> None:
    """The table has these rows, measured; they are taken off the list."""
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
