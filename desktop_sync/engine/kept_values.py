"""The values of the records that a side table keeps, for statements that compare, settle or write them."""

from __future__ import annotations

from collections.abc import Sequence

from desktop_sync.engine.sides import SideRead, side_table


def kept_values(read: SideRead, also: Sequence[str] = (), condition: str = "true") -> str:
    """A SELECT with rid, r…, t… and o… of each kept record for which the condition over the side table holds, and
    `also` of that table. It may have further columns."""
    own = read.staging.side
    table, raws = side_table(read.staging.layout, own.side), [column.raw for column in own.columns]
    where = "is_kept" if condition == "true" else f"is_kept AND {condition}"
    if read.has_values:
        return f"SELECT {', '.join(['rid', *raws, *read.staging.values(), *also])} FROM {table} WHERE {where}"
    return read.staging.select(f"(SELECT {', '.join([*raws, *also])} FROM {table} WHERE {where})", is_judged=False)
