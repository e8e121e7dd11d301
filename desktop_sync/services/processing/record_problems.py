"""Sentences about records that took no part or could not be written, naming endpoint, structure and record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from desktop_sync.core.configuration import Side
from desktop_sync.core.count_text import doing
from desktop_sync.core.error_text import place_text
from desktop_sync.core.provider_port import Operation
from desktop_sync.engine.layout import Layout, SideLayout
from desktop_sync.engine.sides import SideRead

MOST = 100
"""So many sentences a run keeps of each kind; the queue has all of them."""

Ids = Mapping[Side, str | None]


def rejected(layout: Layout, target: Side, operation: Operation, ids: Ids, message: str) -> str:
    """Why the target refused a record. A new one is named by the record that it was made from."""
    if operation is Operation.CREATE:
        made_from = _place(layout.of(target.other), ids[target.other])
        return f"{made_from}: it could not be created in {layout.of(target).endpoint}: {message}"
    return f"{_place(layout.of(target), ids[target])}: {message}"


def invalid(layout: Layout, rows: Iterable[tuple[object, ...]]) -> list[str]:
    """One sentence for each (A id, B id, what is wrong)."""
    texts = []
    for a_id, b_id, problem in rows:
        ids = {Side.A: a_id, Side.B: b_id}
        places = [_place(layout.of(side), str(ids[side])) for side in Side if ids[side] is not None]
        texts.append(f"{' and '.join(places)}: {problem}")
    return texts


def not_undone(layout: Layout, ids: Ids, reason: str) -> str:
    """Why a record is left as it is by an undo."""
    places = [_place(layout.of(side), ids[side]) for side in Side if ids[side] is not None]
    return f"{' and '.join(places)}: {reason}"


def nameless(own: SideLayout, read: SideRead) -> str:
    """That records without an id took no part; empty where there are none."""
    if not read.nameless:
        return ""
    names = " and ".join(column.name for column in own.key)
    what = doing(read.nameless, "record", "has", "have")
    return f"{place_text(own.place)}: {what} no value for {names}, which tells records apart, and took no part"


def _place(own: SideLayout, record: str | None) -> str:
    return place_text(replace(own.place, record=record or ""))
