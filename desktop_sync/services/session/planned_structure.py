"""Structures that are not there yet."""

from __future__ import annotations

from desktop_sync.core.configuration import Entity, Side
from desktop_sync.core.provider_port import Capabilities
from desktop_sync.core.structure import Field, FieldType, Structure


def planned_structure(
    entity: Entity, side: Side, partner: Structure | None, can: Capabilities, peers: int
) -> Structure | None:
    """The structure that the first run makes: a field for each mapped one, with its partner's type.

    None where it must not be made, and its absence is an error. `peers`: how many the entity has. A structure that
    never took part may be made; one that did and is gone must not look empty.
    """
    if partner is None or not can.can_create_structures or peers or not entity.direction.flows_from(side.other):
        return None
    is_typed = not can.stores_text_only
    fields: dict[str, Field] = {}
    for mapping in entity.fields:
        name = mapping.field_of(side)
        if not name or name in fields:
            continue
        other = partner.field(mapping.field_of(side.other))
        if other is None or mapping.value_map or mapping.to_a or mapping.to_b:
            fields[name] = Field(name, FieldType.TEXT, is_typed=is_typed)
        else:
            fields[name] = Field(name, other.type, other.nullable, other.length, other.scale, is_typed)
    for name in (entity.modified.of(side), entity.mark.of(side.other).field, *entity.key.of(side)):
        if name and name not in fields:
            fields[name] = Field(name, FieldType.TEXT, is_typed=is_typed)
    key = entity.key.of(side)
    if not key:
        by_partner = {m.field_of(side.other): m.field_of(side) for m in entity.fields}
        mapped = tuple(by_partner.get(name, "") for name in partner.key)
        key = mapped if mapped and all(mapped) else tuple(m.field_of(side) for m in entity.identifying)
    return Structure(entity.structures.of(side), tuple(fields.values()), tuple(name for name in key if name))
