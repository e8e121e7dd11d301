"""The SELECT from what an endpoint gave to the rows of a side table (`engine.sides`)."""

from __future__ import annotations

from collections.abc import Sequence

from desktop_sync.core.status import Status
from desktop_sync.engine.staging import Staging

_MEASURED = ("digest", "match_key", "problem", "in_filter")


def side_select(
    staging: Staging,
    source: str,
    peers: str,
    *,
    keeps_all: bool,
    has_peers: bool,
    more: Sequence[str] = (),
    values: Sequence[str] = (),
) -> str:
    """The columns of the side table, over `source` (columns r0, r1 …), with these `values` of the staging, and with
    `more` columns of the source. `peers`: the table of them."""
    own = staging.side
    raws = [*(column.raw for column in own.columns), *values]
    measured = f"SELECT {', '.join(['rid', *raws, *_MEASURED, *more])} FROM ({staging.measure(source)})"
    if not has_peers:
        return f"SELECT *, true AS is_kept, CAST(NULL AS BIGINT) AS record_id FROM ({measured})"
    me = own.side.value
    kept = "true" if keeps_all else is_kept_sql("p.digest")
    # Not a LEFT JOIN: nobody knows how long a stream is, so it would be taken for short, and the join turned round.
    # Then all of its records are gathered, on disk if they are many, before the first goes on.
    peer = (
        f"SELECT {{'record_id': q.record_id, 'digest': q.{me}_digest, 'status': q.status}} FROM {peers} q "
        f"WHERE q.{me}_id = s.rid"
    )
    joined = (
        f"SELECT * EXCLUDE (p), p.record_id AS record_id, {kept} AS is_kept "
        f"FROM (SELECT s.*, ({peer}) AS p FROM ({measured}) s)"
    )
    if keeps_all:
        return f"SELECT rid{listed([*raws, *_MEASURED])}, is_kept, record_id{listed(more)} FROM ({joined})"
    return as_kept(staging, raws, joined, more)


def is_kept_sql(digest: str) -> str:
    """Whether a record with the peer `p` is looked at, and not passed over as unchanged. `digest`: of the baseline."""
    return (
        f"(p.record_id IS NULL OR {digest} IS DISTINCT FROM digest OR problem IS NOT NULL "
        f"OR NOT in_filter OR p.status <> {Status.PROCESSED:d})"
    )


def as_kept(staging: Staging, raws: Sequence[str], joined: str, more: Sequence[str]) -> str:
    """The columns of the side table where of unchanged records hardly anything is kept."""
    always = {staging.side.stamp.raw} if staging.side.stamp is not None else set()
    columns = [raw if raw in always else f"CASE WHEN is_kept THEN {raw} END AS {raw}" for raw in raws]
    return (
        f"SELECT CASE WHEN is_kept THEN rid END AS rid, {', '.join(columns)}, CASE WHEN is_kept THEN digest END AS "
        f"digest, match_key, problem, in_filter, is_kept, record_id{listed(more)} FROM ({joined})"
    )


def listed(columns: Sequence[str]) -> str:
    return "".join(f", {column}" for column in columns)
