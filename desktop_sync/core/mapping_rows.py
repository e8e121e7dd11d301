"""The mapping page as rows: what is mapped, what is suggested, and what is skipped."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace

from desktop_sync.core.configuration import Direction, Entity, FieldMapping, Side
from desktop_sync.core.field_names import is_stamp_name
from desktop_sync.core.structure import Structure


class RowKind(enum.Enum):
    MAPPED = "mapped"
    SUGGESTED = "suggested"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Suggested:
    """A proposed pair of fields with its score from 0 to 1 and why."""

    mapping: FieldMapping
    score: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MappingRow:
    """One row. `index` is the mapping's place in the entity, None where it is only suggested or skipped."""

    kind: RowKind
    mapping: FieldMapping
    index: int | None = None
    score: float | None = None
    reasons: tuple[str, ...] = ()


def mapping_rows(
    entity: Entity, a: Structure | None, b: Structure | None, suggestions: Sequence[Suggested]
) -> tuple[MappingRow, ...]:
    """Mapped pairs in their order, then suggestions whose fields are both free, then every other field, skipped.

    Nothing that is only suggested is applied; a field that nobody maps is never touched.
    """
    known = {(item.mapping.a, item.mapping.b): item for item in suggestions}
    rows = []
    for index, mapping in enumerate(entity.fields):
        suggested = known.get((mapping.a, mapping.b))
        score = suggested.score if suggested else None
        rows.append(MappingRow(RowKind.MAPPED, mapping, index, score, suggested.reasons if suggested else ()))
    taken_a = {mapping.a for mapping in entity.fields if mapping.a}
    taken_b = {mapping.b for mapping in entity.fields if mapping.b}
    for item in suggestions:
        if item.mapping.a not in taken_a and item.mapping.b not in taken_b:
            rows.append(MappingRow(RowKind.SUGGESTED, item.mapping, None, item.score, item.reasons))
            taken_a.add(item.mapping.a)
            taken_b.add(item.mapping.b)
    for side, structure, taken in ((Side.A, a, taken_a), (Side.B, b, taken_b)):
        stamp = entity.modified.of(side)
        for name in structure.field_names if structure is not None else ():
            if name not in taken:
                reasons = ("says when the record was changed",) if name == stamp or is_stamp_name(name) else ()
                mapping = FieldMapping(a=name) if side is Side.A else FieldMapping(b=name)
                rows.append(MappingRow(RowKind.SKIPPED, mapping, None, None, reasons))
    return tuple(rows)


def accepted(entity: Entity, suggestions: Sequence[Suggested]) -> Entity:
    """With these suggestions mapped, as far as their fields are free. One identifying field at most is taken over."""
    fields = list(entity.fields)
    for item in suggestions:
        if any(
            (item.mapping.a and m.a == item.mapping.a) or (item.mapping.b and m.b == item.mapping.b) for m in fields
        ):
            continue
        identifies = item.mapping.identifying and not any(mapping.identifying for mapping in fields)
        fields.append(replace(item.mapping, identifying=identifies))
    return replace(entity, fields=tuple(fields))


def skipped(entity: Entity, index: int) -> Entity:
    """Without that mapping; its fields are not touched any more."""
    return replace(entity, fields=entity.fields[:index] + entity.fields[index + 1 :])


def put(entity: Entity, index: int | None, mapping: FieldMapping) -> Entity:
    """With the mapping at that place, or added where the place is None."""
    fields = list(entity.fields)
    if index is None:
        fields.append(mapping)
    else:
        fields[index] = mapping
    return replace(entity, fields=tuple(fields))


def default_direction(a: Structure | None, b: Structure | None, mapping: FieldMapping) -> Direction:
    """Both ways, unless one end fills its field in itself or there is no field there to write."""
    field_a = a.field(mapping.a) if a is not None else None
    field_b = b.field(mapping.b) if b is not None else None
    if (field_a is not None and field_a.is_generated) or not mapping.a:
        return Direction.A_TO_B
    if (field_b is not None and field_b.is_generated) or not mapping.b:
        return Direction.B_TO_A
    return Direction.BOTH


def moved(entity: Entity, index: int, by: int) -> Entity:
    """With the mapping that many places further; identifying fields count in this order."""
    fields = list(entity.fields)
    target = max(0, min(len(fields) - 1, index + by))
    fields.insert(target, fields.pop(index))
    return replace(entity, fields=tuple(fields))
