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
from desktop_sync.engine.canonical import literal, utc_sql
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.memo import Memo, Recall, keep, recalled
from desktop_sync.engine.recalling import let_go, load_recalled
from desktop_sync.engine.side_select import side_select
from desktop_sync.engine.small_tables import load_ids, load_table
from desktop_sync.engine.staging import PROBLEM_SEPARATOR, Staging
from desktop_sync.engine.workbench import Workbench

_IDENTITIES = ("record_id", "rid")
_OF_PEERS = (
    *("record_id", "a_id", "b_id", "status", "deleted_in"),
    *("a_digest", "b_digest", "attempts", "not_before"),
)
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
    load_table(bench, peer_table(layout), peers, _OF_PEERS)


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
    bench.execute(f"CREATE OR REPLACE TABLE {looked_table(layout, side)} (rid VARCHAR)")
    reader = pa.RecordBatchReader.from_stream(stream)
    staging = Staging(layout, layout.of(side), text_places(reader.schema), is_for_few=keeps_values)
    with recalled(bench, peer_table(layout), side, memo, staging, reader.schema) as used:
        if used is not None and used.weave is not None:
            known = load_recalled(bench, staging, reader, used, side_table(layout, side), peer_table(layout))
        else:
            known = 0
            _load_measured(bench, staging, reader, used, keeps_all=keeps_all, has_peers=has_peers)
        count, without_id, blank, last_stamp = _count_read(bench, staging)
        if used is not None:
            keep(bench, peer_table(layout), side, side_table(layout, side), used, known)
            let_go(bench, staging, side_table(layout, side), used)
    return SideRead(staging, is_complete, count - blank, without_id - blank, last_stamp, keeps_values)


def _load_measured(
    bench: Workbench,
    staging: Staging,
    reader: pa.RecordBatchReader,
    used: Recall | None,
    *,
    keeps_all: bool,
    has_peers: bool,
) -> None:
    """The side table has what comes, every row measured."""
    values = staging.values() if staging.is_for_few else []
    if used is not None:
        reader = pa.RecordBatchReader.from_batches(used.schema(reader.schema), used.added(reader))
    with bench.source(reader) as (source, schema):
        peers = peer_table(staging.layout)
        raw, more = (_renamed(source, schema), ()) if used is None else (source, used.more)
        select = side_select(staging, raw, peers, keeps_all=keeps_all, has_peers=has_peers, more=more, values=values)
        name = side_table(staging.layout, staging.side.side)
        bench.execute(f"CREATE OR REPLACE TABLE {name} AS {select}")


def _count_read(bench: Workbench, staging: Staging) -> tuple[int, int, int, str]:
    """Of the side table: how many records came, how many of them without an id, how many of these blank, and the last
    stamp. Nameless records are gone from it, and repeated ones say so."""
    layout, side, keeps_values = staging.layout, staging.side.side, staging.is_for_few
    name = side_table(layout, side)
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
        bench.fold(name)
        bench.execute(f"DELETE FROM {name} WHERE {nameless}")
    if not keeps_values or any(counted[4:]):
        _mark_repeated(bench, layout, side)
    return count, without_id, blank, str(counted[3] or "")


def load_asked(
    bench: Workbench, layout: Layout, side: Side, stream: ArrowStream, ids: Sequence[str], *, keeps_values: bool = False
) -> SideRead:
    """The side table holds what the stream gave of the records with these ids, with all columns, and no other record;
    those gone are not in it. The peer table was loaded before."""
    name = side_table(layout, side)
    load_ids(bench, looked_table(layout, side), ids)
    with bench.source(stream) as (source, schema):
        staging = Staging(layout, layout.of(side), text_places(schema), is_for_few=keeps_values)
        values = staging.values() if keeps_values else []
        select = side_select(
            staging, _renamed(source, schema), peer_table(layout), keeps_all=True, has_peers=True, values=values
        )
        bench.execute(f"CREATE OR REPLACE TABLE {name} AS {select}")
    bench.execute(f"DELETE FROM {name} WHERE rid IS NULL")
    _mark_repeated(bench, layout, side)
    return SideRead(staging, False, 0, 0, "", keeps_values)


def attach_peers(bench: Workbench, layout: Layout, side: Side) -> None:
    """Rows of the side table know the sync record of their peer, after the peer table was loaded."""
    bench.fold(side_table(layout, side))
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
    load_ids(bench, asked, ids)
    bench.execute(f"INSERT INTO {looked} SELECT rid FROM {asked}")
    theirs = f"SELECT p.record_id FROM {peer_table(layout)} p JOIN {asked} ON {asked}.rid = p.{side.value}_id"
    *passed, kept = bench.parts(name)
    for part in passed:
        bench.execute(f"DELETE FROM {part} WHERE record_id IN ({theirs})")
    bench.execute(f"DELETE FROM {kept} WHERE rid IN (SELECT rid FROM {asked}) OR record_id IN ({theirs})")
    with bench.source(stream) as (source, schema):
        staging = replace(read.staging, texts=text_places(schema))
        fresh = f"fresh_{name}"
        values = staging.values() if read.has_values else []
        select = side_select(
            staging, _renamed(source, schema), peer_table(layout), keeps_all=True, has_peers=False, values=values
        )
        bench.execute(f"CREATE TABLE {fresh} AS {select}")
    if bench.has_rows(fresh):
        me = f"{side.value}_id"
        peers = f"SELECT record_id, {me} FROM {peer_table(layout)} WHERE {me} IN (SELECT rid FROM {fresh})"
        bench.execute(
            f"INSERT INTO {kept} BY NAME SELECT f.* REPLACE (p.record_id AS record_id) FROM {fresh} f "
            f"LEFT JOIN ({peers}) p ON p.{me} = f.rid WHERE f.rid IS NOT NULL"
        )
        came = f"SELECT f.rid FROM {fresh} f WHERE f.rid IS NOT NULL"
        theirs = f"SELECT record_id FROM {name} WHERE rid IN ({came}) AND record_id IS NOT NULL"
        _mark_repeated(bench, layout, side, {"rid": came, "record_id": theirs})
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
    return utc_sql(f"CAST({raw} AS VARCHAR)")


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


def _mark_repeated(bench: Workbench, layout: Layout, side: Side, among: Mapping[str, str] | None = None) -> None:
    """Of several records with one id, one row stays, and says so. `among`: SELECTs of the rids and record ids to look
    at, where not all have to be."""
    name = side_table(layout, side)
    message = literal(REPEATED)
    found = {}
    for identity in _IDENTITIES:
        wanted = f"{identity} IN ({among[identity]})" if among else f"{identity} IS NOT NULL"
        found[identity] = f"SELECT {identity} FROM {name} WHERE {wanted} GROUP BY 1 HAVING count(*) > 1"
    if not bench.number(f"SELECT {' + '.join(f'(SELECT count(*) FROM ({one}))' for one in found.values())}"):
        return
    for identity, repeated in found.items():
        if not bench.number(f"SELECT count(*) FROM ({repeated})"):
            continue
        bench.fold(name)
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
