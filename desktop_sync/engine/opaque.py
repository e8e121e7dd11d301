"""Binary fields whose values are only carried from one side to the other, so that tokens may stand for long ones."""

from __future__ import annotations

from desktop_sync.core.configuration import FieldMapping, Side
from desktop_sync.core.pipeline import SENT
from desktop_sync.core.structure import FieldType
from desktop_sync.engine.layout import Layout, SideLayout


def opaque_fields(layout: Layout, side: Side) -> frozenset[str]:
    """The fields of the side that nothing looks into: no expression, filter, step or key. A field is one of them only
    if its partners on the other side are, so that both sides of a pair have tokens or both have values."""
    open_fields = {one: _looked_into(layout, layout.of(one)) for one in Side}
    while True:
        before = {one: len(names) for one, names in open_fields.items()}
        for mapping in layout.entity.fields:
            if not _is_carried(layout, mapping) or any(mapping.field_of(one) in open_fields[one] for one in Side):
                for one in Side:
                    open_fields[one].add(mapping.field_of(one))
        if before == {one: len(names) for one, names in open_fields.items()}:
            break
    own = layout.of(side)
    read = {column.name: column.kind.type for column in own.columns if not column.is_made}
    types = {field.name: field.type for field in own.structure.fields} | read
    return frozenset(name for name, kind in types.items() if kind is FieldType.BINARY and name not in open_fields[side])


def _looked_into(layout: Layout, own: SideLayout) -> set[str]:
    """Names of the side's fields that a key, a stamp, a filter, an expression or a step looks into."""
    names = {column.name for column in own.key} | {""}
    if own.stamp is not None:
        names.add(own.stamp.name)
    compiled = [own.condition, *(sending.expression for sending in own.sendings)]
    compiled += [step.compiled for step in own.steps]
    for one in compiled:
        names |= one.fields if one is not None else frozenset()
    by_target = {sending.target: sending for sending in own.sendings}
    changed = [target.field for step in own.steps for target in step.targets]
    for target in (*changed, *(name.removeprefix(SENT) for name in tuple(names) if name.startswith(SENT))):
        sending = by_target.get(target)
        if sending is not None and sending.column is not None:
            names.add(sending.column.name)
    return names


def _is_carried(layout: Layout, mapping: FieldMapping) -> bool:
    """Whether the mapping hands the field's own value on, binary on both sides."""
    if mapping.to_a or mapping.to_b or mapping.value_map or mapping.lookup or not (mapping.a and mapping.b):
        return False
    return all(layout.of(side).column(mapping.field_of(side)).kind.type is FieldType.BINARY for side in Side)
