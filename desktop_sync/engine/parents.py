"""References that identify records: an order line is known by its order and its place, and orders have other ids on
the other side. Such a reference is compared with those of the other side through the peers of what it points to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from desktop_sync.core.configuration import Side
from desktop_sync.engine.canonical import SEPARATOR
from desktop_sync.engine.layout import Comparison, Layout


def pairs_of(number: int) -> str:
    """The table with the ids that are peers of the entity with that number: record_id, a_id, b_id."""
    return f"pair_{number}"


def with_parents(layouts: Sequence[Layout]) -> tuple[Layout, ...]:
    """The layouts, of which each knows whose peers translate its identifying references. Only peers that are known
    before its records are read can: `core.configuration_check` refuses other references."""
    numbers = {layout.entity.name: layout.number for layout in layouts}
    return tuple(replace(layout, parents=_parents(layout, numbers)) for layout in layouts)


def _parents(layout: Layout, numbers: dict[str, int]) -> dict[str, int]:
    named = (mapping.lookup for mapping in layout.entity.identifying if mapping.lookup)
    return {name: numbers[name] for name in named if numbers.get(name, layout.number) != layout.number}


def is_translated(layout: Layout, comparison: Comparison) -> bool:
    return layout.entity.fields[comparison.index].lookup in layout.parents


def translated_sql(layout: Layout, comparison: Comparison, text: str) -> str:
    """The id of the other side's record for the reference `text` that the comparison's sender holds. One without a peer
    gives a text that is no id: it is not empty, and equals no reference of the other side."""
    me, other = comparison.sender.value, comparison.sender.other.value
    pairs = pairs_of(layout.parents[layout.entity.fields[comparison.index].lookup])
    known = f"(SELECT min(l.{other}_id) FROM {pairs} l WHERE l.{me}_id = {text})"
    return f"CASE WHEN nullif({text}, '') IS NOT NULL THEN coalesce({known}, {SEPARATOR} || {text}) END"


def translates(layout: Layout, side: Side) -> bool:
    """Whether what records of the side match depends on peers of other entities."""
    return any(c.sender is side and is_translated(layout, c) for c in layout.identifying)
