"""What was read of one side of an entity, as a table of the workbench.

Columns of the table: rid, r0 … (null where the record is unchanged and was not kept), digest, match_key, problem,
in_filter, is_kept. One row per record id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from desktop_sync.core.configuration import Side
from desktop_sync.core.provider_port import ArrowStream
from desktop_sync.engine.canonical import literal
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.staging import PROBLEM_SEPARATOR, Staging
from desktop_sync.engine.workbench import Workbench

PEER_COLUMNS = (
    "record_id BIGINT, a_id VARCHAR, b_id VARCHAR, status TINYINT, deleted_in TINYINT, a_digest BLOB, b_digest BLOB, "
    "attempts INTEGER, not_before TIMESTAMPTZ"
)
_REPEATED = "several records have this id, so none of them can be told apart"


@dataclass(frozen=True, slots=True)
class SideRead:
    """A side as far as it was read. `count` records came; `nameless` of them had no id and were left out."""

    staging: Staging
    is_complete: bool
    count: int
    nameless: int
    last_stamp: str


def peer_table(layout: Layout) -> str:
    return f"peer_{layout.number}"


def side_table(layout: Layout, side: Side) -> str:
    return f"{side.value}_{layout.number}"


def looked_table(layout: Layout, side: Side) -> str:
    """Ids that were asked for one by one: those that did not come are gone."""
    return f"looked_{side.value}_{layout.number}"


def load_peers(bench: Workbench, layout: Layout, peers: ArrowStream) -> None:
    """The peer table holds exactly these peers."""
    name = peer_table(layout)
    bench.execute(f"DROP TABLE IF EXISTS {name}")
    bench.execute(f"CREATE TABLE {name} ({PEER_COLUMNS})")
    with bench.source(peers) as (source, _):
        bench.execute(
            f"INSERT INTO {name} SELECT record_id, a_id, b_id, status, deleted_in, a_digest, b_digest, attempts, "
            f"not_before FROM {source}"
        )


def load_side(
    bench: Workbench, layout: Layout, side: Side, stream: ArrowStream, *, is_complete: bool, keeps_all: bool
) -> SideRead:
    """The side table holds what the stream gave. Without `keeps_all`, the columns of records whose digest is that of their peer's
    baseline are dropped on the way, so that memory follows the changes and not the table.

    The stream's columns are those of the layout's side, in order. Errors of the stream come through.
    """
    name = side_table(layout, side)
    bench.execute(f"DROP TABLE IF EXISTS {name}")
    bench.execute(f"DROP TABLE IF EXISTS {looked_table(layout, side)}")
    bench.execute(f"CREATE TABLE {looked_table(layout, side)} (rid VARCHAR)")
    with bench.source(stream) as (source, schema):
        staging = Staging(layout, layout.of(side), text_places(schema))
        bench.execute(f"CREATE TABLE {name} AS {_side_select(layout, side, staging, source, schema, keeps_all)}")
    stamp = staging.side.stamp
    last = ""
    if stamp is not None:
        row = bench.rows(f"SELECT CAST(arg_max({stamp.raw}, {stamp_sql(staging, stamp.raw)}) AS VARCHAR) FROM {name}")
        last = str(row[0][0] or "")
    count = bench.number(f"SELECT count(*) FROM {name}")
    nameless = bench.number(f"SELECT count(*) FROM {name} WHERE rid IS NULL")
    if nameless:
        bench.execute(f"DELETE FROM {name} WHERE rid IS NULL")
    _mark_repeated(bench, name)
    return SideRead(staging, is_complete, count, nameless, last)


def look_up(bench: Workbench, read: SideRead, stream: ArrowStream, ids: Sequence[str]) -> SideRead:
    """The records with these ids stand in the side table as they are now, with all columns; those gone are not in it."""
    layout, side = read.staging.layout, read.staging.side.side
    name, looked = side_table(layout, side), looked_table(layout, side)
    with bench.source(pa.table({"rid": pa.array(ids, pa.string())})) as (asked, _):
        bench.execute(f"CREATE OR REPLACE TABLE asked AS SELECT rid FROM {asked}")
    bench.execute(f"INSERT INTO {looked} SELECT rid FROM asked")
    bench.execute(f"DELETE FROM {name} WHERE rid IN (SELECT rid FROM asked)")
    with bench.source(stream) as (source, schema):
        staging = replace(read.staging, texts=text_places(schema))
        fresh = f"fresh_{name}"
        bench.execute(f"CREATE TABLE {fresh} AS {_side_select(layout, side, staging, source, schema, True)}")
    bench.execute(f"INSERT INTO {name} SELECT * FROM {fresh} WHERE rid IS NOT NULL")
    bench.execute(f"DROP TABLE {fresh}")
    _mark_repeated(bench, name)
    return read


def text_places(schema: pa.Schema) -> frozenset[int]:
    """The places of columns that hold text."""
    return frozenset(
        place
        for place, kind in enumerate(schema.types)
        if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def stamp_sql(staging: Staging, raw: str) -> str:
    """The stamp as a TIMESTAMP in UTC, for comparing; null where it cannot be read."""
    return f"TRY_CAST(CAST({raw} AS VARCHAR) AS TIMESTAMP)"


def _side_select(layout: Layout, side: Side, staging: Staging, source: str, schema: pa.Schema, keeps_all: bool) -> str:
    own = layout.of(side)
    from_schema = [f'"{name.replace(chr(34), chr(34) * 2)}" AS r{place}' for place, name in enumerate(schema.names)]
    renamed = f"(SELECT {', '.join(from_schema)} FROM {source})"
    raws = [column.raw for column in own.columns]
    match_values = staging.match_values()
    match_key = f"md5_number(concat({', chr(31), '.join(match_values)}))"
    known = " AND ".join(f"{value} IS NOT NULL" for value in match_values)
    staged = (
        f"SELECT rid, {', '.join(raws)}, {staging.digest()} AS digest, "
        f"CASE WHEN {known} THEN {match_key} END AS match_key, problem, in_filter FROM ({staging.select(renamed)})"
    )
    if keeps_all:
        return f"SELECT *, true AS is_kept FROM ({staged})"
    is_kept = (
        f"(p.record_id IS NULL OR p.{side.value}_digest IS DISTINCT FROM s.digest OR s.problem IS NOT NULL "
        "OR NOT s.in_filter OR p.status <> 2)"
    )
    always = {own.stamp.raw} if own.stamp is not None else set()
    kept = [raw if raw in always else f"CASE WHEN is_kept THEN {raw} END AS {raw}" for raw in raws]
    joined = f"SELECT s.*, {is_kept} AS is_kept FROM ({staged}) s LEFT JOIN {peer_table(layout)} p ON p.{side.value}_id = s.rid"
    return f"SELECT rid, {', '.join(kept)}, digest, match_key, problem, in_filter, is_kept FROM ({joined})"


def _mark_repeated(bench: Workbench, name: str) -> None:
    """Of several records with one id, one row stays, and says so."""
    repeated = f"SELECT rid FROM {name} GROUP BY rid HAVING count(*) > 1"
    if not bench.number(f"SELECT count(*) FROM ({repeated})"):
        return
    message = literal(PROBLEM_SEPARATOR + _REPEATED)
    bench.execute(f"UPDATE {name} SET problem = {message}, is_kept = true WHERE rid IN ({repeated})")
    bench.execute(
        f"DELETE FROM {name} WHERE problem = {message} AND rowid NOT IN (SELECT min(rowid) FROM {name} GROUP BY rid)"
    )
