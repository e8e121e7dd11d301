"""Rows of a side that a complete read measured and found unchanged, so that the next one need not measure them again.

What a row sends, its problem, whether it is in the filter and its match key follow from its raw columns alone. A memo
row says of one sync record: that a row with this fingerprint had the digest of the baseline, no problem, and was in
the filter. It counts only under the same `memo_key`, and only while the baseline is still that digest. So a memo of
another time, or of another ledger, says nothing wrong: at worst it is of no use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import duckdb
import pyarrow as pa

from desktop_sync.core.configuration import Side
from desktop_sync.core.provider_port import ArrowStream
from desktop_sync.core.status import Status
from desktop_sync.engine.canonical import CANONICAL_VERSION
from desktop_sync.engine.expression import SESSION_SETTINGS
from desktop_sync.engine.staging import Staging
from desktop_sync.engine.workbench import Workbench

MEMO_VERSION = 1
MEMO_SCHEMA = pa.schema(
    [
        pa.field("record_id", pa.int64(), nullable=False),
        pa.field("seen_low", pa.uint64(), nullable=False),
        pa.field("seen_high", pa.uint64(), nullable=False),
        pa.field("baseline", pa.uint64(), nullable=False),
        pa.field("match_low", pa.uint64()),
        pa.field("match_high", pa.uint64()),
    ]
)
"""`seen`: the fingerprint of the raw columns. `baseline`: a hash of the peer's id and digest. Each number, and each
fingerprint, once."""

_STALE_SHARE = 200
"""From so many-th part of the unchanged rows that are not in the memo on, it is made anew."""
_HALF = (1 << 64) - 1


class Memo(Protocol):
    """What is remembered of one side of one entity. Never raises: what cannot be had or kept is not remembered."""

    def recall(self, key: str) -> AbstractContextManager[ArrowStream | None]:
        """Just what was kept under this key; None where there is nothing sound."""

    def keep(self, key: str, rows: pa.RecordBatchReader) -> None:
        """The rows, in the columns of MEMO_SCHEMA and in any order, take the place of what was kept."""


@dataclass(frozen=True, slots=True)
class Recall:
    """What a read may use of a memo, and what it is to leave there.

    `seen`: SQL of the fingerprint, "" where a column has a type whose values cannot be told apart: nothing is kept.
    `known`: the table of rows that need not be measured (seen, record_id, match_key), "" where there is none.
    """

    memo: Memo
    key: str
    seen: str
    known: str = ""


def recall(bench: Workbench, peers: str, side: Side, memo: Memo, staging: Staging, schema: pa.Schema) -> Recall:
    """The memo made ready for a read with that schema. `peers`: the table of all peers; a memo row whose peer has
    another id or baseline by now is not used."""
    seen = seen_sql([column.raw for column in staging.side.columns], schema)
    key = memo_key(staging, schema)
    if not seen:
        return Recall(memo, key, seen)
    known, me = f"known_{side.value}_{staging.layout.number}", side.value
    with memo.recall(key) as rows:
        if rows is None:
            return Recall(memo, key, seen)
        with bench.source(rows) as (source, _):
            bench.execute(
                f"CREATE OR REPLACE TABLE {known} AS SELECT {_joined('m.seen_high', 'm.seen_low')} AS seen, "
                f"p.record_id, {_joined('m.match_high', 'm.match_low')} AS match_key "
                f"FROM {source} m JOIN {peers} p ON p.record_id = m.record_id "
                f"WHERE p.status = {Status.PROCESSED:d} AND m.baseline = {_baseline('p', me)}"
            )
    return Recall(memo, key, seen, known)


def recalling_select(staging: Staging, source: str, used: Recall) -> str:
    """The columns of the side table and `seen`, over `source` (columns r0, r1 …). Rows that the memo knows are as if
    measured; the others have their raw columns, and `in_filter` null: they are still to be measured."""
    own = staging.side
    always = {own.stamp.raw} if own.stamp is not None else set()
    raws = [column.raw for column in own.columns]
    # A scalar subquery, for the reason that is told in `engine.sides`.
    found = f"SELECT {{'record_id': k.record_id, 'match_key': k.match_key}} FROM {used.known} k WHERE k.seen = s.seen"
    asked = f"SELECT s.*, ({found}) AS k FROM (SELECT *, {used.seen} AS seen FROM {source}) s"
    told = f"SELECT *, k.record_id IS NOT NULL AS is_known FROM ({asked})"
    columns = [raw if raw in always else f"CASE WHEN NOT is_known THEN {raw} END AS {raw}" for raw in raws]
    return (
        f"SELECT CAST(NULL AS VARCHAR) AS rid, {', '.join(columns)}, CAST(NULL AS BLOB) AS digest, "
        "k.match_key AS match_key, CAST(NULL AS VARCHAR) AS problem, CASE WHEN is_known THEN true END AS in_filter, "
        f"NOT is_known AS is_kept, k.record_id AS record_id, seen FROM ({told})"
    )


def keep(bench: Workbench, peers: str, side: Side, table: str, used: Recall, known: int) -> None:
    """The memo has the unchanged rows of the side table, which has their fingerprints in a column `seen`, unless it
    has nearly all of them already: `known` of them. The column is gone afterwards."""
    unchanged = bench.number(f"SELECT count(*) FROM {table} WHERE NOT is_kept")
    # Whoever makes two records with one fingerprint has no memo.
    twice = f"SELECT 1 FROM {table} WHERE NOT is_kept GROUP BY seen HAVING count(*) > 1"
    if (unchanged - known) * _STALE_SHARE > unchanged and not bench.number(f"SELECT count(*) FROM ({twice})"):
        rows = (
            f"SELECT s.record_id, {_low('s.seen')} AS seen_low, {_high('s.seen')} AS seen_high, "
            f"{_baseline('p', side.value)} AS baseline, {_low('s.match_key')} AS match_low, "
            f"{_high('s.match_key')} AS match_high FROM {table} s JOIN {peers} p "
            "ON p.record_id = s.record_id WHERE NOT s.is_kept"
        )
        with bench.stream(rows) as batches:
            used.memo.keep(used.key, batches)
    bench.execute(f"ALTER TABLE {table} DROP COLUMN seen")
    if used.known:
        bench.execute(f"DROP TABLE {used.known}")


def memo_key(staging: Staging, schema: pa.Schema) -> str:
    """Another one whenever the same raw columns may come to another digest, problem, filter or match key."""
    parts = (
        MEMO_VERSION,
        CANONICAL_VERSION,
        duckdb.__version__,
        SESSION_SETTINGS,
        [str(kind) for kind in schema.types],
        staging.measure("raw"),
    )
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()


def seen_sql(raws: Sequence[str], schema: pa.Schema) -> str:
    """A fingerprint of 128 bits over the raw columns: another one for other values, however they are spread over the
    columns. "" where a column's text does not tell its values apart.

    MD5, because DuckDB's own hash is the same for texts that differ in just two certain places; it is enough here, as
    nobody gains by two values of his own that look alike. The lengths say where a text ends, and what is null.
    """
    texts = []
    for raw, kind in zip(raws, schema.types, strict=True):
        if not _has_plain_text(kind):
            return ""
        texts.append(raw if pa.types.is_string(kind) else f"CAST({raw} AS VARCHAR)")
    lengths = ", ".join(f"strlen({text})" for text in texts)
    return f"CAST(md5_number(concat({', '.join(texts)}, chr(31), hash({lengths}))) AS UHUGEINT)"


def _has_plain_text(kind: pa.DataType) -> bool:
    """Whether values of the type are equal exactly when DuckDB's texts of them are."""
    types = pa.types
    return bool(
        types.is_string(kind)
        or types.is_integer(kind)
        or types.is_boolean(kind)
        or types.is_float64(kind)
        or types.is_decimal128(kind)
        or types.is_date32(kind)
        or types.is_binary(kind)
        or (types.is_timestamp(kind) and kind.unit == "us")
        or (types.is_time64(kind) and kind.unit == "us")
    )


def _baseline(peer: str, side: str) -> str:
    return f"hash({peer}.{side}_id, {peer}.{side}_digest)"


def _joined(high: str, low: str) -> str:
    return f"((CAST({high} AS UHUGEINT) << 64) | {low})"


def _low(number: str) -> str:
    return f"CAST(CAST({number} AS UHUGEINT) & {_HALF} AS UBIGINT)"


def _high(number: str) -> str:
    return f"CAST(CAST({number} AS UHUGEINT) >> 64 AS UBIGINT)"
