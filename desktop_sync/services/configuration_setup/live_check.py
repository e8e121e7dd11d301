"""What is found about a configuration when its structures and some of their records are looked at."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches

from desktop_sync.core.capability_text import cannot_be_read
from desktop_sync.core.configuration import (
    ConflictRule,
    Entity,
    FieldMapping,
    FirstContactRule,
    PerSide,
    Side,
    SyncConfiguration,
)
from desktop_sync.core.count_text import count
from desktop_sync.core.entity_check import mapping_title
from desktop_sync.core.error_text import sentence
from desktop_sync.core.errors import ConfigurationError, EndpointError, ExpressionError, MissingError, SchemaDriftError
from desktop_sync.core.field_flow import creates_in, flows_to
from desktop_sync.core.finding import Finding, Level
from desktop_sync.core.normal_form import StepKind, parse_normal_form
from desktop_sync.core.pipeline import record_steps, with_peer_lookups
from desktop_sync.core.provider_port import Capabilities
from desktop_sync.core.stamp_fit import stamp_problems
from desktop_sync.core.structure import Structure
from desktop_sync.core.type_fit import fits, loss
from desktop_sync.engine.expression import compile_condition, compile_scalar
from desktop_sync.engine.layout import make_layout
from desktop_sync.services.endpoint_setup.mapping_sample import Ends, distinct_counts
from desktop_sync.services.endpoint_setup.structure_reading import Look, Reading
from desktop_sync.services.endpoint_setup.suggestion import is_guid
from desktop_sync.services.session.planned_structure import planned_structure

LOOKED_AT = 500
UNIQUE_LIMIT = 200_000


@dataclass(frozen=True, slots=True)
class _Scene:
    """One entity with its structures, a look at their records, and what the endpoints can do."""

    configuration: SyncConfiguration
    entity: Entity
    ends: Ends
    looks: dict[Side, Look]
    capabilities: dict[Side, Capabilities]

    def name(self, side: Side) -> str:
        return self.configuration.endpoint_of(side)

    def finding(self, level: Level, message: str, index: int | None = None, path: str = "") -> Finding:
        return Finding(level, message, self.entity.name, index, path)


def check_entity(
    reading: Reading, configuration: SyncConfiguration, entity: Entity, now: Mapping[str, datetime], peers: int
) -> Iterator[Finding]:
    """Findings about one entity; an endpoint that cannot be used is one of them. `now`: by the clock of each endpoint,
    by its name; by this machine's under the empty name. `peers`: how many the entity has."""
    found: dict[Side, Structure] = {}
    missing_sides: list[Side] = []
    for side in Side:
        try:
            found[side] = reading.describe(configuration.endpoint_of(side), entity.structures.of(side))
        except MissingError:
            missing_sides.append(side)
        except (EndpointError, ConfigurationError) as error:
            path = f"entity.structures.{side.value}"
            yield Finding(Level.ERROR, sentence(error), entity.name, path=path, is_unusable=_is_of_endpoint(error))
    for side in missing_sides:
        can = reading.capabilities(configuration.endpoint_of(side))
        planned = planned_structure(entity, side, found.get(side.other), can, peers)
        absence = _absence(reading, configuration, entity, side, is_made=planned is not None)
        yield absence
        if planned is not None and absence.level is not Level.ERROR:
            found[side] = planned
    if len(found) < 2:
        return
    ends = Ends(configuration.a, found[Side.A], configuration.b, found[Side.B])
    capabilities = {side: reading.capabilities(configuration.endpoint_of(side)) for side in Side}
    scene = _Scene(configuration, entity, ends, {}, capabilities)
    missing = list(_check_fields(scene))
    yield from missing
    expressions = list(_check_expressions(scene))
    yield from expressions
    yield from _check_targets(scene)
    if missing_sides:
        return  # there are no records yet to look at
    try:
        for side in Side:
            scene.looks[side] = reading.look(scene.name(side), found[side], _used(entity, side), LOOKED_AT)
        yield from _check_losses(scene)
        yield from _check_stamps(scene, now)
        if not missing and not expressions:
            yield from _check_identifying(scene, reading)
    except (EndpointError, ConfigurationError) as error:
        yield replace(scene.finding(Level.ERROR, sentence(error)), is_unusable=_is_of_endpoint(error))


def _is_of_endpoint(error: EndpointError | ConfigurationError) -> bool:
    return isinstance(error, EndpointError) and not isinstance(error, SchemaDriftError)


def _absence(
    reading: Reading, configuration: SyncConfiguration, entity: Entity, side: Side, *, is_made: bool
) -> Finding:
    """An error, unless the first run makes it. A name that is nearly that of another structure is likely a slip."""
    endpoint, wanted = configuration.endpoint_of(side), entity.structures.of(side)
    meant = _meant(wanted, [summary.name for summary in reading.session(endpoint).structures()])
    path, message = f"entity.structures.{side.value}", f'There is no "{wanted}" in "{endpoint}".'
    if is_made and not meant:
        return Finding(Level.WARNING, f"{message} The first run makes it.", entity.name, path=path)
    return Finding(Level.ERROR, message + meant, entity.name, path=path)


def _used(entity: Entity, side: Side) -> list[str]:
    return [m.field_of(side) for m in entity.fields if m.field_of(side)] + [entity.modified.of(side)]


def _meant(wanted: str, names: Sequence[str]) -> str:
    """ " Did you mean …?" with the closest name, or nothing."""
    lower = {name.casefold(): name for name in names}
    close = get_close_matches(wanted.casefold(), list(lower), 1, 0.6)
    return f' Did you mean "{lower[close[0]]}"?' if close else ""


def _check_fields(scene: _Scene) -> Iterator[Finding]:
    entity = scene.entity
    for side in Side:
        structure = scene.ends.structure(side)
        wanted: list[tuple[str, int | None, str]] = [
            (mapping.field_of(side), index, f"field.{side.value}") for index, mapping in enumerate(entity.fields)
        ]
        wanted.append((entity.modified.of(side), None, f"entity.modified.{side.value}"))
        wanted.append((entity.mark.of(side.other).field, None, f"entity.mark.{side.other.value}"))
        wanted += [(name, None, f"entity.key.{side.value}") for name in entity.key.of(side)]
        for name, index, path in wanted:
            if name and structure.field(name) is None:
                message = (
                    f'"{structure.name}" of "{scene.name(side)}" has no field "{name}".'
                    f"{_meant(name, structure.field_names)}"
                )
                yield scene.finding(Level.ERROR, message, index, path)
        if not (entity.key.of(side) or structure.key or any(m.field_of(side) for m in entity.identifying)):
            message = f'"{structure.name}" of "{scene.name(side)}" has no key; name the fields that make an id.'
            yield scene.finding(Level.ERROR, message, path=f"entity.key.{side.value}")
    zones = zoneinfo.available_timezones()
    for index, mapping in enumerate(entity.fields):
        for zone in _zones(mapping):
            if zone not in zones:
                message = f'There is no time zone "{zone}".{_meant(zone, sorted(zones))}'
                yield scene.finding(Level.ERROR, message, index, "field.normal_form")


def _zones(mapping: FieldMapping) -> list[str]:
    try:
        return [step.zone for step in parse_normal_form(mapping.normal_form) if step.kind is StepKind.UTC]
    except ConfigurationError:
        return []  # said by the check that needs no endpoints


def _check_expressions(scene: _Scene) -> Iterator[Finding]:
    for side in Side:
        types = {field.name: field.type for field in scene.ends.structure(side).fields}
        for index, mapping in enumerate(scene.entity.fields):
            text = mapping.expression_to(side.other)
            if text.strip():
                try:
                    compile_scalar(text, types)
                except ExpressionError as error:
                    yield scene.finding(Level.ERROR, expression_problem(error), index, f"field.to_{side.other.value}")
        condition = scene.entity.filter.of(side)
        if condition.strip():
            try:
                compile_condition(condition, types)
            except ExpressionError as error:
                message = f'The filter of "{scene.name(side)}": {expression_problem(error)}'
                yield scene.finding(Level.ERROR, message, path=f"entity.filter.{side.value}")


def expression_problem(error: ExpressionError) -> str:
    """What is wrong, as a sentence for beside the input."""
    where = f" (at character {error.position + 1})" if error.position is not None else ""
    return f"{error.problem[:1].upper()}{error.problem[1:]}{where}."


def _check_targets(scene: _Scene) -> Iterator[Finding]:
    entity = scene.entity
    for side in Side:
        structure, can = scene.ends.structure(side), scene.capabilities[side]
        if not can.can_read and entity.direction.flows_from(side):
            message = cannot_be_read(scene.name(side), scene.name(side.other))
            yield scene.finding(Level.ERROR, message, path="entity.direction")
        if not entity.direction.flows_from(side.other):
            continue
        if not structure.can_write or not (can.can_create or can.can_update or can.can_delete):
            message = (
                f'"{structure.name}" of "{scene.name(side)}" can only be read. '
                f'Choose the direction from "{scene.name(side)}" to "{scene.name(side.other)}".'
            )
            yield scene.finding(Level.ERROR, message, path="entity.direction")
            continue
        for can_do, words in ((can.can_create, "created"), (can.can_update, "changed"), (can.can_delete, "deleted")):
            if not can_do:
                yield scene.finding(Level.WARNING, f'Records in "{scene.name(side)}" cannot be {words}.')
        written = {m.field_of(side) for m in entity.fields if flows_to(entity, m, side)}
        for field in structure.fields if can.can_create and creates_in(entity, side) else ():
            if field.is_required and not field.is_generated and field.name not in written:
                message = (
                    f'A new record in "{structure.name}" of "{scene.name(side)}" needs a value for "{field.name}". '
                    "Map it or give it a value for new records."
                )
                yield scene.finding(Level.ERROR, message, path=f"entity.required.{side.value}.{field.name}")
        for index, mapping in enumerate(entity.fields):
            target = structure.field(mapping.field_of(side))
            if target is not None and target.is_generated and flows_to(entity, mapping, side):
                message = f'"{scene.name(side)}" fills in "{target.name}" itself; a value written to it may be refused.'
                yield scene.finding(Level.WARNING, message, index, "field.direction")


def _check_losses(scene: _Scene) -> Iterator[Finding]:
    for index, mapping in enumerate(scene.entity.fields):
        for side in Side:
            if not flows_to(scene.entity, mapping, side) or mapping.expression_to(side) or mapping.value_map:
                continue
            if mapping.lookup:
                continue
            source = scene.ends.structure(side.other).field(mapping.field_of(side.other))
            target = scene.ends.structure(side).field(mapping.field_of(side))
            if source is None or target is None:
                continue
            problem = loss(source, target)
            values = scene.looks[side.other].values(source.name)
            example = next((value for value in values if value and not fits(value, target)), None)
            if problem and (example is not None or source.is_typed):
                shown = f' For example "{example[:60]}".' if example is not None and not mapping.masked else ""
                message = f'{mapping_title(mapping)} to "{scene.name(side)}": {problem}.{shown}'
                yield scene.finding(Level.WARNING, message, index, "field.lossy")


def _check_stamps(scene: _Scene, now: Mapping[str, datetime]) -> Iterator[Finding]:
    uses = ConflictRule.MOST_RECENT is scene.entity.conflict or (
        FirstContactRule.MOST_RECENT is scene.entity.first_contact
    )
    for side in Side:
        structure = scene.ends.structure(side)
        field = structure.field(scene.entity.modified.of(side))
        if field is None or not uses:
            continue
        values = scene.looks[side].values(field.name)
        for problem in stamp_problems(field, values, now.get(scene.name(side), now[""])):
            message = f'"Most recent" cannot be trusted with "{field.name}" of "{scene.name(side)}": {problem}.'
            yield scene.finding(Level.WARNING, message, path=f"entity.modified.{side.value}")


def _check_identifying(scene: _Scene, reading: Reading) -> Iterator[Finding]:
    entity, ends = scene.entity, scene.ends
    places = [index for index, mapping in enumerate(entity.fields) if mapping.identifying]
    if not places:
        return
    for index in places:
        yield from _check_own_number(scene, index)
    try:
        own = PerSide(*(record_steps(scene.configuration, entity.name, side) for side in Side))
        both = (ends.endpoint_a, ends.endpoint_b)
        layout = make_layout(with_peer_lookups(scene.configuration, entity), 0, (ends.a, ends.b), both, own_steps=own)
    except (ConfigurationError, SchemaDriftError) as error:
        yield scene.finding(Level.ERROR, sentence(error))
        return
    for side in Side:
        counts = distinct_counts(reading, layout, layout.of(side), UNIQUE_LIMIT)
        where = f'"{ends.structure(side).name}" of "{scene.name(side)}"'
        if all(records == 0 for records, _, _ in counts):
            continue
        repeated = [filled - distinct for _, filled, distinct in counts]
        if all(repeated):
            names = ", ".join(f'"{entity.fields[index].field_of(side)}"' for index in places)
            hold = "holds" if len(places) == 1 else "hold"
            message = (
                f"No identifying field is unique in {where}: {names} {hold} repeated values "
                f"({min(repeated)} too many). Records with repeated values are not paired and go to Review."
            )
            yield scene.finding(Level.WARNING, message, places[0], "field.identifying")
        for index, (records, filled, _) in zip(places, counts, strict=True):
            if filled < records:
                name = entity.fields[index].field_of(side) or mapping_title(entity.fields[index])
                who = f"{records - filled} of {count(records, 'record')} in {where}"
                message = f'{who} {"has" if records - filled == 1 else "have"} no value in "{name}".'
                yield scene.finding(Level.NOTE, message, index, "field.identifying")


def _check_own_number(scene: _Scene, index: int) -> Iterator[Finding]:
    for side in Side:
        field = scene.ends.structure(side).field(scene.entity.fields[index].field_of(side))
        if field is None:
            continue
        guid = is_guid(scene.looks[side].values(field.name))
        if field.is_generated or guid:
            kind = "a GUID" if guid else "a number"
            message = (
                f'"{field.name}" is {kind} that "{scene.name(side)}" makes up itself. It identifies a record only if '
                f'"{scene.name(side.other)}" got it from there; otherwise different records are paired.'
            )
            yield scene.finding(Level.WARNING, message, index, "field.identifying")
            return
