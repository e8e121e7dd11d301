"""What was read of one side of an entity, as a table of the workbench.

Columns of the table: rid, r0 …, digest (all null where the record is unchanged and was not kept), match_key, problem,
in_filter, is_kept, record_id (of the sync record that has this id); with `has_values` also t0 … and o0 …. One row per
record id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from desktop_sync.core.clock_doctor import Clocks
from desktop_sync.core.configuration import Side
from desktop_sync.core.provider_port import ArrowStream
from desktop_sync.core.status import Status
from desktop_sync.engine.canonical import literal
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.memo import Memo, keep, recall, recalling_select
from desktop_sync.engine.staging import PROBLEM_SEPARATOR, Staging
from desktop_sync.engine.workbench import Workbench

_IDENTITIES = ("record_id", "rid")
REPEATED = PROBLEM_SEPARATOR + "several records have this id, so none of them can be told apart"
"""The problem of such a record: of no field, like those that own steps find."""


@dataclass(frozen=True, slots=True)
class SideRead:
    """A side as far as it was read. `count` records came; `nameless` of them had no id and were left out.
    `has_values`: the side table also has the typed and the sent values of `staging`."""

    staging: Staging
    is_complete: bool
    count: int
    nameless: int
    last_stamp: str
    has_values: bool = False


def peer_table(layout: Layout) -> str:
    return f"peer_{layout.number}"


def side_table(layout: Layout, side: Side) -> str:
    return f"{side.value}_{layout.number}"


def looked_table(layout: Layout, side: Side) -> str:
    """Ids that were asked for one by one: those that did not come are gone."""
    return f"looked_{side.value}_{layout.number}"


def load_peers(bench: Workbench, layout: Layout, peers: ArrowStream) -> None:
    """The peer table holds exactly these peers."""
    with bench.source(peers) as (source, _):
        bench.execute(
            f"CREATE OR REPLACE TABLE {peer_table(layout)} AS SELECT record_id, a_id, b_id, status, deleted_in, "
            f"a_digest, b_digest, attempts, not_before FROM {source}"
        )


@dataclass(frozen=True, slots=True)
class PeerCounts:
    """How many peers the table has: all; those with a record of each side; those with one record only; pairs, and
    pairs that are not deleted."""

    all: int
    with_record: Mapping[Side, int]
    halves: int
    pairs: int
    living: int


def count_peers(bench: Workbench, layout: Layout) -> PeerCounts:
    """Costs nothing where it was asked since the table was last changed."""
    pair = "a_id IS NOT NULL AND b_id IS NOT NULL"
    found = bench.rows(
        f"SELECT count(*), count(a_id), count(b_id), count(*) FILTER (WHERE {pair}), "
        f"count(*) FILTER (WHERE {pair} AND status <> {Status.DELETED:d}) FROM {peer_table(layout)}"
    )
    every, with_a, with_b, pairs, living = (int(str(number)) for number in found[0])
    return PeerCounts(every, {Side.A: with_a, Side.B: with_b}, every - pairs, pairs, living)


def load_side(
    bench: Workbench,
    layout: Layout,
    side: Side,
    stream: ArrowStream,
    *,
    is_complete: bool,
    keeps_all: bool,
    has_peers: bool = True,
    memo: Memo | None = None,
    keeps_values: bool = False,
) -> SideRead:
    """The side table holds what the stream gave. Without `keeps_all`, all but the record's number and match key is
    dropped
    on the way for records whose digest is that of their peer's baseline, so that memory follows the changes.

    The stream's columns are those of the layout's side, in order. `has_peers`: the peer table was loaded before; else
    `attach_peers` must follow when it is. `memo`: what is remembered of rows that were unchanged, for a complete read
    without `keeps_all` beside the table of all peers; the side table is the same without it. `keeps_values`: for few
    records, with `keeps_all`; their values cost less to keep than to make again. Errors of the stream come through.
    """
    name = side_table(layout, side)
    bench.execute(f"CREATE OR REPLACE TABLE {looked_table(layout, side)} (rid VARCHAR)")
    with bench.source(stream) as (source, schema):
        staging = Staging(layout, layout.of(side), text_places(schema), is_for_few=keeps_values)
        values = staging.values() if keeps_values else []
        used = None if memo is None else recall(bench, peer_table(layout), side, memo, staging, schema)
        if used is not None and used.known:
            select = recalling_select(staging, _renamed(source, schema), used)
        else:
            raw, seen = _renamed(source, schema), "" if used is None else used.seen
            select = _side_select(staging, raw, keeps_all=keeps_all, has_peers=has_peers, seen=seen, values=values)
        bench.execute(f"CREATE OR REPLACE TABLE {name} AS {select}")
    known = _measure_unknown(bench, staging, used.seen) if used is not None and used.known else 0
    stamp = staging.side.stamp
    last = "NULL" if stamp is None else f"CAST(arg_max({stamp.raw}, {stamp_sql(staging, stamp.raw)}) AS VARCHAR)"
    # A line of empty cells, as spreadsheets leave them below a table, is no record.
    is_blank = " AND ".join(f"{column.raw} IS NULL" for column in layout.of(side).columns if not column.is_made)
    # Of many records, two statements find those with one id sooner than one that counts everything.
    repeats = ", ".join(f"count({one}) - count(DISTINCT {one}) AS {one}s" for one in _IDENTITIES if keeps_values)
    nameless = "rid IS NULL AND is_kept"
    if keeps_values:
        asked = (
            f"SELECT count(*), count(*) FILTER (WHERE {nameless}), count(*) FILTER (WHERE {nameless} AND {is_blank}), "
            f"{last}{repeats and ', '}{repeats} FROM {name}"
        )
    else:  # of many records, as few columns as possible are looked at
        last = last if stamp is None else f"(SELECT {last} FROM {name})"
        asked = (
            f"SELECT (SELECT count(*) FROM {name}), count(*), count(*) FILTER (WHERE {is_blank}), {last} FROM {name} "
            f"WHERE {nameless}"
        )
    counted = bench.rows(asked)[0]
    count, without_id, blank = (int(str(number)) for number in counted[:3])
    if without_id:
        bench.execute(f"DELETE FROM {name} WHERE {nameless}")
    if not keeps_values or any(counted[4:]):
        _mark_repeated(bench, layout, side)
    if used is not None and used.seen:
        keep(bench, peer_table(layout), side, name, used, known)
    return SideRead(staging, is_complete, count - blank, without_id - blank, str(counted[3] or ""), keeps_values)


def load_asked(
    bench: Workbench, layout: Layout, side: Side, stream: ArrowStream, ids: Sequence[str], *, keeps_values: bool = False
) -> SideRead:
    """The side table holds what the stream gave of the records with these ids, with all columns, and no other record;
    those gone are not in it. The peer table was loaded before."""
    name = side_table(layout, side)
    with bench.source(pa.table({"rid": pa.array(ids, pa.string())})) as (asked, _):
        bench.execute(f"CREATE OR REPLACE TABLE {looked_table(layout, side)} AS SELECT rid FROM {asked}")
    with bench.source(stream) as (source, schema):
        staging = Staging(layout, layout.of(side), text_places(schema), is_for_few=keeps_values)
        values = staging.values() if keeps_values else []
        select = _side_select(staging, _renamed(source, schema), keeps_all=True, has_peers=True, values=values)
        bench.execute(f"CREATE OR REPLACE TABLE {name} AS {select}")
    bench.execute(f"DELETE FROM {name} WHERE rid IS NULL")
    _mark_repeated(bench, layout, side)
    return SideRead(staging, False, 0, 0, "", keeps_values)


def _measure_unknown(bench: Workbench, staging: Staging, seen: str) -> int:
    """The rows of the side table that the memo does not know are measured; how many it knows."""
    side = staging.side.side
    name, measured = side_table(staging.layout, side), f"measured_{side_table(staging.layout, side)}"
    known = bench.number(f"SELECT count(*) FROM {name} WHERE in_filter")
    raws = ", ".join(column.raw for column in staging.side.columns)
    unknown = f"(SELECT {raws} FROM {name} WHERE in_filter IS NULL)"
    select = _side_select(staging, unknown, keeps_all=False, has_peers=True, seen=seen)
    bench.execute(f"CREATE TABLE {measured} AS {select}")
    bench.execute(f"DELETE FROM {name} WHERE in_filter IS NULL")
    bench.execute(f"INSERT INTO {name} BY NAME SELECT * FROM {measured}")
    bench.execute(f"DROP TABLE {measured}")
    return known


def attach_peers(bench: Workbench, layout: Layout, side: Side) -> None:
    """Rows of the side table know the sync record of their peer, after the peer table was loaded."""
    bench.execute(
        f"UPDATE {side_table(layout, side)} SET record_id = p.record_id FROM {peer_table(layout)} p "
        f"WHERE p.{side.value}_id = rid"
    )


def look_up(bench: Workbench, read: SideRead, stream: ArrowStream, ids: Sequence[str]) -> SideRead:
    """The records with these ids stand in the side table as they are now, with all columns; those gone are not in
    it."""
    layout, side = read.staging.layout, read.staging.side.side
    name, looked = side_table(layout, side), looked_table(layout, side)
    asked = f"asked_{side.value}"  # both sides may be looked up at the same time
    with bench.source(pa.table({"rid": pa.array(ids, pa.string())})) as (given, _):
        bench.execute(f"CREATE OR REPLACE TABLE {asked} AS SELECT rid FROM {given}")
    bench.execute(f"INSERT INTO {looked} SELECT rid FROM {asked}")
    bench.execute(
        f"DELETE FROM {name} WHERE rid IN (SELECT rid FROM {asked}) OR record_id IN "
        f"(SELECT p.record_id FROM {peer_table(layout)} p JOIN {asked} ON {asked}.rid = p.{side.value}_id)"
    )
    with bench.source(stream) as (source, schema):
        staging = replace(read.staging, texts=text_places(schema))
        fresh = f"fresh_{name}"
        values = staging.values() if read.has_values else []
        select = _side_select(staging, _renamed(source, schema), keeps_all=True, has_peers=False, values=values)
        bench.execute(f"CREATE TABLE {fresh} AS {select}")
    me = f"{side.value}_id"
    peers = f"SELECT record_id, {me} FROM {peer_table(layout)} WHERE {me} IN (SELECT rid FROM {fresh})"
    bench.execute(
        f"INSERT INTO {name} SELECT f.* REPLACE (p.record_id AS record_id) FROM {fresh} f "
        f"LEFT JOIN ({peers}) p ON p.{me} = f.rid WHERE f.rid IS NOT NULL"
    )
    came = f"SELECT f.rid FROM {fresh} f WHERE f.rid IS NOT NULL"
    _mark_repeated(
        bench,
        layout,
        side,
        {"rid": came, "record_id": f"SELECT record_id FROM {name} WHERE rid IN ({came}) AND record_id IS NOT NULL"},
    )
    bench.execute(f"DROP TABLE {fresh}")
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


def told_us_sql(staging: Staging, raw: str, clocks: Clocks) -> str:
    """The stamp in microseconds of this machine's clock; one that lies ahead of now counts as now."""
    own = f"epoch_us({stamp_sql(staging, raw)})"
    shift = clocks.of(staging.side.side).shift_us
    if shift:
        own = f"({own} - {shift})"
    # least() passes over nulls: a missing stamp must not become now.
    return own if clocks.now_us is None else f"CASE WHEN {own} > {clocks.now_us} THEN {clocks.now_us} ELSE {own} END"


def _renamed(source: str, schema: pa.Schema) -> str:
    """The stream's columns as r0, r1 …"""
    columns = [f'"{name.replace(chr(34), chr(34) * 2)}" AS r{place}' for place, name in enumerate(schema.names)]
    return f"(SELECT {', '.join(columns)} FROM {source})"


def _side_select(
    staging: Staging, source: str, *, keeps_all: bool, has_peers: bool, seen: str = "", values: Sequence[str] = ()
) -> str:
    """The columns of the side table, over `source` (columns r0, r1 …), with these `values` of the staging. `seen`: SQL
    of the column of that name, the last one; "" for none."""
    layout, own = staging.layout, staging.side
    raws = [*(column.raw for column in own.columns), *values]
    measured = ", ".join(["rid", *raws, "digest", "match_key", "problem", "in_filter", *(["seen"] if seen else [])])
    last = ", seen" if seen else ""
    if seen:
        source = f"(SELECT *, {seen} AS seen FROM {source})"
    me = own.side.value
    measured = f"SELECT {measured} FROM ({staging.measure(source)})"
    if not has_peers:
        return f"SELECT *, true AS is_kept, CAST(NULL AS BIGINT) AS record_id FROM ({measured})"
    is_kept = (
        "(p.record_id IS NULL OR p.digest IS DISTINCT FROM digest OR problem IS NOT NULL "
        "OR NOT in_filter OR p.status <> 2)"
    )
    kept = "true" if keeps_all else is_kept
    # Not a LEFT JOIN: nobody knows how long a stream is, so it would be taken for short, and the join turned round.
    # Then all of its records are gathered, on disk if they are many, before the first goes on.
    peer = (
        f"SELECT {{'record_id': q.record_id, 'digest': q.{me}_digest, 'status': q.status}} FROM {peer_table(layout)} q "
        f"WHERE q.{me}_id = s.rid"
    )
    joined = (
        f"SELECT * EXCLUDE (p), p.record_id AS record_id, {kept} AS is_kept "
        f"FROM (SELECT s.*, ({peer}) AS p FROM ({measured}) s)"
    )
    if keeps_all:
        return (
            f"SELECT rid, {', '.join(raws)}, digest, match_key, problem, in_filter, is_kept, record_id FROM ({joined})"
        )
    always = {own.stamp.raw} if own.stamp is not None else set()
    columns = [raw if raw in always else f"CASE WHEN is_kept THEN {raw} END AS {raw}" for raw in raws]
    return (
        f"SELECT CASE WHEN is_kept THEN rid END AS rid, {', '.join(columns)}, CASE WHEN is_kept THEN digest END AS "
        f"digest, match_key, problem, in_filter, is_kept, record_id{last} FROM ({joined})"
    )


def _mark_repeated(bench: Workbench, layout: Layout, side: Side, among: Mapping[str, str] | None = None) -> None:
    """Of several records with one id, one row stays, and says so. `among`: SELECTs of the rids and record ids to look
    at, where not all have to be."""
    name = side_table(layout, side)
    message = literal(REPEATED)
    for identity in _IDENTITIES:
        wanted = f"{identity} IN ({among[identity]})" if among else f"{identity} IS NOT NULL"
        repeated = f"SELECT {identity} FROM {name} WHERE {wanted} GROUP BY 1 HAVING count(*) > 1"
        if not bench.number(f"SELECT count(*) FROM ({repeated})"):
            continue
        if identity == "record_id":
            bench.execute(
                f"UPDATE {name} SET rid = p.{side.value}_id FROM {peer_table(layout)} p "
                f"WHERE p.record_id = {name}.record_id AND {name}.record_id IN ({repeated})"
            )
        bench.execute(f"UPDATE {name} SET problem = {message}, is_kept = true WHERE {identity} IN ({repeated})")
        bench.execute(
            f"DELETE FROM {name} WHERE problem = {message} AND rowid NOT IN (SELECT min(rowid) FROM {name} GROUP BY "
            "rid)"
        )
