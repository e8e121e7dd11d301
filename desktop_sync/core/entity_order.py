"""In which order entities are synchronized: what others refer to comes first (SPEC §6, RELIABILITY 4.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from desktop_sync.core.configuration import Entity

Graph = Mapping[str, Iterable[str]]
"""The name of an entity → the names of others that it refers to."""


def order_entities(
    entities: tuple[Entity, ...], is_required: Callable[[Entity, str], bool] = lambda entity, name: False
) -> tuple[tuple[Entity, ...], tuple[str, ...]]:
    """Entities so that prerequisites come first, and the names of a circle if there is one.

    A circle is broken at a reference that may be empty, else at the entity that was given first. All that is in no
    circle is ordered as ever. `is_required`: whether a new record of the entity needs its reference to the named one
    at once; only asked of entities in circles.
    """
    by_name = {entity.name: entity for entity in entities}
    graph = {e.name: [name for name in e.prerequisites if name in by_name and name != e.name] for e in entities}
    try:
        return tuple(by_name[name] for name in TopologicalSorter(graph).static_order()), ()
    except CycleError as error:
        circle = tuple(error.args[1])
    left, ordered = dict(graph), list[Entity]()
    while left:
        left = {name: [one for one in needs if one in left] for name, needs in left.items()}
        first = next((name for name, needs in left.items() if not needs), None)
        if first is None:
            first = min(
                _in_first_circles(left), key=lambda name: sum(is_required(by_name[name], n) for n in left[name])
            )
        ordered.append(by_name[first])
        del left[first]
    return tuple(ordered), circle


def _in_first_circles(graph: Graph) -> list[str]:
    """Those that refer to nobody but who refers back to them, over whatever others."""
    reached = {name: needed(graph, graph[name]) for name in graph}
    return [name for name in graph if all(name in reached[other] for other in reached[name])]


def needed(graph: Graph, wanted: Iterable[str]) -> frozenset[str]:
    """The wanted names that the graph has, and all that these refer to, one over the other."""
    found: set[str] = set()
    pending = [name for name in wanted if name in graph]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += [one for one in graph[name] if one in graph]
    return frozenset(found)
