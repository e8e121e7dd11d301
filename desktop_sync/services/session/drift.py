"""An entity whose structures are not what its mapping says stops; the others go on (RELIABILITY E11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from desktop_sync.core.care import fields_of
from desktop_sync.core.configuration import Entity, Side
from desktop_sync.core.error_text import sentence
from desktop_sync.core.errors import EndpointError, Place, SchemaDriftError
from desktop_sync.core.ledger_values import Watermark
from desktop_sync.core.plan import EntityPlan
from desktop_sync.core.run import EntityResult
from desktop_sync.engine.layout import Layout

_STOPPED = (
    "This entity stops, and nothing of it is written. Check its field mapping and save the configuration; the other "
    "entities go on."
)


def retyped(layout: Layout, endpoint: str, side: Side, before: Watermark, definition: str) -> SchemaDriftError | None:
    """The first field that the mapping uses and that has another type than at the last run.

    None where the configuration was edited or saved since: then a person has looked at it.
    """
    if before.definition != definition:
        return None
    known, structure = fields_of(before.shape), layout.of(side).structure
    for name in layout.of(side).fields:
        field = structure.field(name)
        if field is not None and field.is_typed and known.get(name, field.type.value) != field.type.value:
            problem = f"it was {known[name]} and is {field.type.value} now"
            return SchemaDriftError(problem, Place(endpoint, structure.name, field=name))
    return None


def dependents(entities: Iterable[Entity], drifted: Mapping[str, EndpointError]) -> dict[str, EndpointError]:
    """The drifted entities, and those that refer to one of them, directly or not: they would lose their references."""
    found = dict(drifted)
    waiting = [entity for entity in entities if entity.name not in found]
    while True:
        next_ones = [entity for entity in waiting if any(name in found for name in entity.prerequisites)]
        if not next_ones:
            return found
        for entity in next_ones:
            cause = next(name for name in entity.prerequisites if name in found)
            problem = f'it refers to "{cause}", which cannot be synchronized now'
            found[entity.name] = SchemaDriftError(problem, Place(structure=entity.name))
            waiting.remove(entity)


def drift_sentence(error: EndpointError) -> str:
    return f"{sentence(error)} {_STOPPED}"


def drift_plans(drifted: Mapping[str, EndpointError]) -> tuple[EntityPlan, ...]:
    """What a preview shows of the entities that stop."""
    return tuple(EntityPlan(name, notes=(drift_sentence(error),)) for name, error in drifted.items())


def drift_results(drifted: Mapping[str, EndpointError]) -> list[EntityResult]:
    """What a run tells of them."""
    return [EntityResult(name, problems=(drift_sentence(error),)) for name, error in drifted.items()]
