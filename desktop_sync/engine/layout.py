"""Which columns of each side take part in an entity, of what type, and the SQL of every field mapping.

Made once per entity from the configuration and the structures; says with clear errors what cannot work.

Columns of a side are numbered: `r3` is the field as the endpoint gave it, `t3` its typed value, `o2` the value that
field
mapping 2 sends to the other side, in the other side's type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from desktop_sync.core.configuration import (
    Entity,
    FieldMapping,
    NullPolicy,
    PerSide,
    PipelineStep,
    Side,
    StepKind,
)
from desktop_sync.core.errors import ConfigurationError, Place, SchemaDriftError
from desktop_sync.core.normal_form import Step, effective_steps
from desktop_sync.core.structure import FieldType, Structure
from desktop_sync.core.sync_group import OriginScope
from desktop_sync.engine.canonical import TEXT, ValueType, literal, value_type
from desktop_sync.engine.expression import Compiled, compile_condition, compile_scalar
from desktop_sync.engine.record_steps import RecordStep, Target, compile_step


@dataclass(frozen=True, slots=True)
class Column:
    """A field of a side that is read. `place` is its number.

    `is_made`: no field of the endpoint, but what a plugin made of the record as it was read.
    """

    place: int
    name: str
    kind: ValueType
    is_made: bool = False

    @property
    def raw(self) -> str:
        return f"r{self.place}"

    @property
    def typed(self) -> str:
        return f"t{self.place}"


@dataclass(frozen=True, slots=True)
class Sending:
    """What field mapping `index` sends from a side. `kind` is the type of the field it goes to.

    `column` is the plain field, `expression` computes the value instead. `target` is the field's name on the other
    side.
    """

    index: int
    mapping: FieldMapping
    target: str
    kind: ValueType
    column: Column | None = None
    expression: Compiled | None = None

    @property
    def name(self) -> str:
        return f"o{self.index}"


@dataclass(frozen=True, slots=True)
class SideLayout:
    """One side of an entity."""

    side: Side
    endpoint: str
    structure: Structure
    columns: tuple[Column, ...]
    key: tuple[Column, ...]
    stamp: Column | None
    sendings: tuple[Sending, ...]
    condition: Compiled | None
    steps: tuple[RecordStep, ...] = ()

    @property
    def early_steps(self) -> tuple[RecordStep, ...]:
        """Own steps before the mapping, in order."""
        return tuple(step for step in self.steps if step.is_early)

    @property
    def late_steps(self) -> tuple[RecordStep, ...]:
        """Own steps after the mapping, in order."""
        return tuple(step for step in self.steps if not step.is_early)

    @property
    def made(self) -> tuple[Column, ...]:
        """What plugins make; the last columns."""
        return tuple(column for column in self.columns if column.is_made)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def sending(self, index: int) -> Sending | None:
        return next((sending for sending in self.sendings if sending.index == index), None)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields to read, in the order of their places."""
        return tuple(column.name for column in self.columns if not column.is_made)

    @property
    def place(self) -> Place:
        return Place(self.endpoint, self.structure.name)

    @property
    def guarded(self) -> tuple[Column, ...]:
        """The columns that a conditional write checks: all that the mapping reads or writes."""
        return tuple(
            column for column in self.columns if not column.is_made and (column is not self.stamp or column in self.key)
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """How mapping `index` is compared: the value that `sender` sends with the field it goes to on the other side."""

    index: int
    sender: Side
    kind: ValueType
    steps: tuple[Step, ...]
    column: Column


@dataclass(frozen=True, slots=True)
class OriginLayout:
    """The columns of each side whose values carry origin stamps, who is preferred where the clocks cannot tell, and
    what the stamps call the endpoints."""

    columns: PerSide[tuple[Column, ...]]
    preference: tuple[str, ...]
    systems: PerSide[str]


@dataclass(frozen=True, slots=True)
class Layout:
    """An entity ready for SQL. `origins` is None where no value carries an origin stamp. `parents`: the numbers of the
    entities, by name, whose peers translate references that identify records (`engine.parents`)."""

    entity: Entity
    number: int
    a: SideLayout
    b: SideLayout
    steps: dict[int, tuple[Step, ...]] = field(default_factory=dict)
    comparisons: tuple[Comparison, ...] = ()
    origins: OriginLayout | None = None
    parents: Mapping[str, int] = field(default_factory=dict)

    def of(self, side: Side) -> SideLayout:
        return self.a if side is Side.A else self.b

    @property
    def identifying(self) -> tuple[Comparison, ...]:
        """Comparisons of the identifying fields, in priority order."""
        return tuple(c for c in self.comparisons if self.entity.fields[c.index].identifying)


NO_STEPS: PerSide[tuple[PipelineStep, ...]] = PerSide((), ())


def make_layout(
    entity: Entity,
    number: int,
    structures: tuple[Structure, Structure],
    endpoints: tuple[str, str],
    scope: OriginScope | None = None,
    own_steps: PerSide[tuple[PipelineStep, ...]] = NO_STEPS,
) -> Layout:
    """The layout. With `scope`, its fields are read too; `own_steps`: the user's own that work on the records of each
    side, in order.

    Raises SchemaDriftError for a mapped field that is not there, ConfigurationError and ExpressionError.
    """
    builders = {
        side: _SideBuilder(entity, side, structure, structures[1 - i], endpoints[i], scope, own_steps.of(side))
        for i, (side, structure) in enumerate(zip((Side.A, Side.B), structures, strict=True))
    }
    a = builders[Side.A].build()
    b = builders[Side.B].build()
    steps = {i: _steps(mapping, i, a, b) for i, mapping in enumerate(entity.fields)}
    comparisons = tuple(
        comparison
        for i, mapping in enumerate(entity.fields)
        if (comparison := _comparison(entity, mapping, i, a, b, steps[i])) is not None
    )
    origins = None
    if scope is not None:
        stamped = PerSide(builders[Side.A].stamped, builders[Side.B].stamped)
        origins = OriginLayout(stamped, scope.preference, scope.systems)
    layout = Layout(entity, number, a, b, steps, comparisons, origins)
    if not layout.identifying:
        raise ConfigurationError("no field is marked as identifying", Place(structure=entity.name), "field.identifying")
    return layout


def _steps(mapping: FieldMapping, index: int, a: SideLayout, b: SideLayout) -> tuple[Step, ...]:
    kinds: list[ValueType] = []
    for layout, name in ((a, mapping.a), (b, mapping.b)):
        if name:
            kinds.append(layout.column(name).kind)
    if mapping.lookup:
        return ()
    first, last = kinds[0], kinds[-1]
    scales = [
        declared.scale if (declared := layout.structure.field(name)) is not None else None
        for layout, name in ((a, mapping.a), (b, mapping.b))
    ]
    return effective_steps(
        mapping.normal_form, first.type, last.type, scale_a=scales[0], scale_b=scales[1], path=f"field {index + 1}"
    )


def _comparison(
    entity: Entity, mapping: FieldMapping, index: int, a: SideLayout, b: SideLayout, steps: tuple[Step, ...]
) -> Comparison | None:
    if mapping.only_new and not mapping.identifying:
        return None
    order = (Side.A, Side.B) if entity.direction.flows_from(Side.A) else (Side.B, Side.A)
    for sender in order:
        sending = (a if sender is Side.A else b).sending(index)
        if sending is not None:
            target = b if sender is Side.A else a
            return Comparison(index, sender, sending.kind, steps, target.column(sending.target))
    return None


class _SideBuilder:
    def __init__(
        self,
        entity: Entity,
        side: Side,
        structure: Structure,
        other: Structure,
        endpoint: str,
        scope: OriginScope | None = None,
        steps: tuple[PipelineStep, ...] = (),
    ) -> None:
        self.entity = entity
        self.scope = scope
        self.stamped: tuple[Column, ...] = ()
        self.side = side
        self.structure = structure
        self.other = other
        self.endpoint = endpoint
        self.steps = steps
        self.columns: dict[str, Column] = {}

    def build(self) -> SideLayout:
        key = self.entity.key.of(self.side) or self.structure.key or self._identifying_names()
        if not key:
            raise ConfigurationError(
                "no field says which record is which: name its key", self._place(), f"key.{self.side.value}"
            )
        key_columns = tuple(self._column(name) for name in key)
        for mapping in self.entity.fields:
            if mapping.field_of(self.side):
                self._column(mapping.field_of(self.side))
        stamp_name = self.entity.modified.of(self.side)
        stamp = self._column(stamp_name) if stamp_name else None
        mark = self.entity.mark.of(self.side.other)  # set here when the other side's record was deleted
        if mark.field:
            self._column(mark.field)
        types = {f.name: self._kind(f.name).type for f in self.structure.fields}
        condition_text = self.entity.filter.of(self.side)
        condition = None
        if condition_text:
            condition = compile_condition(condition_text, types, place=self._place(), path=f"filter.{self.side.value}")
            self._use(condition)
        sendings = tuple(
            sending for i, m in enumerate(self.entity.fields) if (sending := self._sending(i, m, types)) is not None
        )
        self.stamped = self._stamped(sendings)
        steps = self._steps(types, sendings)
        return SideLayout(
            self.side,
            self.endpoint,
            Structure(self.structure.name, self.structure.fields, key, self.structure.can_write),
            tuple(self.columns.values()),
            key_columns,
            stamp,
            sendings,
            condition,
            steps,
        )

    def _stamped(self, sendings: tuple[Sending, ...]) -> tuple[Column, ...]:
        """The columns that carry origin stamps; those that only a sibling maps are read for their sake."""
        if self.scope is None:
            return ()
        names = [name for name in self.scope.fields.of(self.side) if self.structure.field(name) is not None]
        for sending in sendings:
            names += sorted(sending.expression.fields) if sending.expression is not None else []
        return tuple(self._column(name) for name in dict.fromkeys(names))

    def _steps(self, types: dict[str, FieldType], sendings: tuple[Sending, ...]) -> tuple[RecordStep, ...]:
        sent = {s.target: Target(s.index, s.target, TEXT if s.mapping.lookup else s.kind) for s in reversed(sendings)}
        found = []
        for number, step in enumerate(self.steps):
            if step.lookup:
                continue  # it is the reference of its field
            compiled = compile_step(number, step, types, sent, self._place())
            for name in sorted(compiled.compiled.fields & types.keys()) if compiled.compiled is not None else ():
                self._column(name)
            found.append(compiled)
        # What plugins make comes after all fields that are read.
        return tuple(self._made(one) if one.step.kind is StepKind.PLUGIN else one for one in found)

    def _made(self, one: RecordStep) -> RecordStep:
        targets = tuple(replace(target, made=self._make(one, target.field)) for target in one.targets)
        return replace(one, targets=targets, problem=self._make(one, ""))

    def _make(self, one: RecordStep, field_name: str) -> str:
        name = made_name(one.step, field_name)
        self.columns[name] = Column(len(self.columns), name, TEXT, is_made=True)
        return self.columns[name].raw

    def _identifying_names(self) -> tuple[str, ...]:
        return tuple(m.field_of(self.side) for m in self.entity.identifying if m.field_of(self.side))

    def _place(self, name: str = "") -> Place:
        return Place(self.endpoint, self.structure.name, "", name)

    def _use(self, compiled: Compiled) -> None:
        for name in sorted(compiled.fields):
            self._column(name)

    def _column(self, name: str) -> Column:
        if name not in self.columns:
            if self.structure.field(name) is None:
                raise SchemaDriftError("the mapping uses this field, but it is not there", self._place(name))
            self.columns[name] = Column(len(self.columns), name, self._kind(name))
        return self.columns[name]

    def _kind(self, name: str) -> ValueType:
        """The declared type; a field of a system that stores text only takes that of its plain partner."""
        own = self.structure.field(name)
        if own is None or own.is_typed:
            return value_type(own.type, own.scale) if own is not None else TEXT
        for mapping in self.entity.fields:
            if mapping.field_of(self.side) != name or mapping.to_a or mapping.to_b or mapping.value_map:
                continue
            if mapping.lookup:
                return TEXT
            partner = self.other.field(mapping.field_of(self.side.other))
            if partner is not None and partner.is_typed:
                return value_type(partner.type, partner.scale)
        return value_type(own.type, own.scale)

    def _sending(self, index: int, mapping: FieldMapping, types: dict[str, FieldType]) -> Sending | None:
        target_name = mapping.field_of(self.side.other)
        if not target_name or not mapping.direction.flows_from(self.side):
            return None
        target = self.other.field(target_name)
        if target is None:
            other = Place(structure=self.other.name, field=target_name)
            raise SchemaDriftError("the mapping uses this field, but it is not there", other)
        text = mapping.expression_to(self.side.other)
        source = mapping.field_of(self.side)
        if not text and not source and mapping.default is not None:
            text = literal(mapping.default)  # a constant
        if text:
            path = f"field {index + 1}, to_{self.side.other.value}"
            compiled = compile_scalar(text, types, place=self._place(target_name), path=path)
            self._use(compiled)
            return Sending(index, mapping, target_name, self._target_kind(mapping, target_name), None, compiled)
        if not source:
            return None
        return Sending(index, mapping, target_name, self._target_kind(mapping, target_name), self._column(source))

    def _target_kind(self, mapping: FieldMapping, name: str) -> ValueType:
        builder = _SideBuilder(self.entity, self.side.other, self.other, self.structure, "")
        return builder._kind(name)


def made_name(step: PipelineStep, field_name: str) -> str:
    """The name of the column that a plugin step makes for a field, or for the problem where it is empty."""
    return f"{step.name}\x1f{field_name}"


def writes_key(layout: SideLayout, mapping: FieldMapping) -> bool:
    """Whether the mapping fills a key field of that side."""
    return any(column.name == mapping.field_of(layout.side) for column in layout.key)


def leaves_empty(mapping: FieldMapping) -> bool:
    """Whether an empty source value leaves the target as it is."""
    return mapping.null is NullPolicy.LEAVE
