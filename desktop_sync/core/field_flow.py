"""Which way values go, by the directions of an entity and of its field mappings (SPEC §3)."""

from __future__ import annotations

from desktop_sync.core.configuration import Entity, FieldMapping, Side


def flows_to(entity: Entity, mapping: FieldMapping, side: Side) -> bool:
    """Whether the mapping ever writes a field of `side`."""
    source = side.other
    has_source = bool(mapping.field_of(source) or mapping.expression_to(side) or mapping.default is not None)
    return (
        bool(mapping.field_of(side))
        and has_source
        and entity.direction.flows_from(source)
        and mapping.direction.flows_from(source)
    )


def creates_in(entity: Entity, side: Side) -> bool:
    """Whether records of the other side are ever created in `side`: where no field goes there, they would be empty."""
    return entity.direction.flows_from(side.other) and any(flows_to(entity, one, side) for one in entity.fields)
