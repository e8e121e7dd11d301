"""An opened configuration: its endpoints, layouts and workbench, for the time of one preview or run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa

from desktop_sync.core import entity_order
from desktop_sync.core.binding import MatchOnly
from desktop_sync.core.capability_text import cannot_be_read
from desktop_sync.core.clock_doctor import NO_CLOCKS, Clocks
from desktop_sync.core.configuration import Entity, Moment, PerSide, Side, StepKind, SyncConfiguration
from desktop_sync.core.errors import (
    ConfigurationError,
    EndpointError,
    MissingError,
    Place,
    PlacedError,
    SchemaDriftError,
)
from desktop_sync.core.guard import GuardFinding
from desktop_sync.core.ledger_port import ClockStore
from desktop_sync.core.ledger_records import RecordStore
from desktop_sync.core.ledger_values import EntityKey, Watermark
from desktop_sync.core.long_value import ValueStore
from desktop_sync.core.pipeline import is_enabled, record_steps, run_steps, with_peer_lookups
from desktop_sync.core.plugin_pin import PluginPins
from desktop_sync.core.ports import Clock
from desktop_sync.core.provider_port import EndpointSession, ReadRequest, Writer
from desktop_sync.core.structure import Structure
from desktop_sync.engine.layout import Layout, SideLayout, make_layout
from desktop_sync.engine.opaque import opaque_fields
from desktop_sync.engine.parents import with_parents
from desktop_sync.engine.workbench import Workbench
from desktop_sync.services.session.clocks import ClockReading, SessionClocks, read_clock
from desktop_sync.services.session.drift import dependents
from desktop_sync.services.session.long_values import LongValueWriter, are_enough, parts, shortened
from desktop_sync.services.session.memo_folder import MemoFolder
from desktop_sync.services.session.planned_structure import planned_structure
from desktop_sync.services.session.plugins import PluginStream
from desktop_sync.services.session.provenance import Provenance
from desktop_sync.services.session.remembered import remembered
from desktop_sync.services.session.room import Room
from desktop_sync.services.session.run_lease import RunLease
from desktop_sync.services.session.seen_before import Contents
from desktop_sync.services.session.side_stream import SideStream, placed

OpenEndpoint = Callable[[str], EndpointSession]


@dataclass(slots=True)
class SyncSession:
    """Use as a context manager; one thread at a time.

    `layouts` are in the order of prerequisites. `missing` names (entity, side) whose structure is not there yet and
    will be made
    before the first write. `cycle` names entities whose references go round. `match_only`: why nothing is written,
    where a person must first confirm what was matched. `lease`: the one of the run, None in a preview.
    `room`: where the workbench is made.
    `drifted`: entities that take no part, because their structures are not what the mapping says (RELIABILITY E11).
    `memos`: where complete reads remember unchanged rows, None where they do not.
    `unsettled`: guards for which what a run left open stays as it is; every plan has them.
    `seen`: what the incremental reads of the last run gave; `contents`: what those of this one give, as far as it is
    little.
    """

    configuration: SyncConfiguration
    endpoints: dict[Side, EndpointSession]
    layouts: tuple[Layout, ...]
    missing: frozenset[tuple[str, Side]]
    work_folder: str
    provenance: Provenance | None
    cycle: tuple[str, ...] = ()
    match_only: MatchOnly | None = None
    lease: RunLease | None = None
    seen: Contents = field(default_factory=dict)
    contents: dict[tuple[str, Side], bytes] = field(default_factory=dict)
    drifted: dict[str, EndpointError] = field(default_factory=dict)
    clocks: SessionClocks | None = None
    records: RecordStore | None = None
    values: ValueStore | None = None
    pins: PluginPins | None = None
    identities: dict[str, str] = field(default_factory=dict)
    memos: MemoFolder | None = None
    unsettled: tuple[GuardFinding, ...] = ()
    _marks: dict[tuple[str, Side], Watermark] = field(default_factory=dict)
    room: Room = field(init=False)
    _opaque: dict[tuple[int, Side], frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.room = Room(self.work_folder)

    @property
    def bench(self) -> Workbench:
        return self.room.bench

    def key(self, layout: Layout) -> EntityKey:
        return EntityKey(self.configuration.name, layout.entity.name)

    def begin_plan(self) -> None:
        """What the ledger says is asked anew: a run may have come since the last plan of the session."""
        self._marks.clear()

    def mark_before(self, records: RecordStore, layout: Layout, side: Side) -> Watermark:
        """How far the side was read before the plan that is being made, asked once a plan."""
        place = (layout.entity.name, side)
        if place not in self._marks:
            self._marks[place] = records.watermark(self.key(layout), side)
        return self._marks[place]

    def lookups(self, layout: Layout) -> dict[str, Layout]:
        by_name = {other.entity.name: other for other in self.layouts}
        return {name: by_name[name] for name in layout.entity.prerequisites}

    def is_lookup(self, layout: Layout) -> bool:
        return any(layout.entity.name in other.entity.prerequisites for other in self.layouts)

    def read(self, layout: Layout, side: Side, request: ReadRequest) -> SideStream:
        """The stream of a read; a structure that is still to be made has no records. Use it through `reading`."""
        made = layout.of(side).made
        if (layout.entity.name, side) in self.missing:
            names = [*request.fields, *(column.name for column in made)]
            return SideStream(pa.table({name: pa.array([], pa.string()) for name in names}))
        if not self.can_read(side) and self.records is not None:
            return SideStream(remembered(self.records, self.key(layout), side, request))
        place = Place(self.configuration.endpoint_of(side), layout.of(side).structure.name)
        try:
            source = self.endpoints[side].read(request)
        except OSError as error:
            raise placed(error, place) from error
        stream = SideStream(PluginStream(source, layout.of(side), self.pins) if made else source, place)
        opaque = self._opaque_fields(layout, side)
        if opaque and self.values is not None:
            store = self.values
            stream.shorten = lambda batch: shortened(batch, opaque, store)
        if self.lease is not None:
            stream.between = self.lease.keep
        return stream

    def writer(self, layout: Layout, side: Side) -> Writer:
        """A writer of the side's structure, whatever stands for long values in what it is given."""
        own = layout.of(side)
        writer = self.endpoints[side].writer(own.structure)
        opaque = self._opaque_fields(layout, side)
        if self.values is None or not opaque:
            return writer
        return LongValueWriter(writer, opaque, self.values, own.place)

    def _opaque_fields(self, layout: Layout, side: Side) -> frozenset[str]:
        key = (layout.number, side)
        if key not in self._opaque:
            around = (Moment.BEFORE_RUN, Moment.AFTER_BATCH, Moment.AFTER_RUN)
            is_told = any(run_steps(self.configuration, moment) for moment in around)
            self._opaque[key] = frozenset() if is_told else opaque_fields(layout, side)
        return self._opaque[key]

    def parts(self, layout: Layout, batch: pa.RecordBatch) -> Iterable[pa.RecordBatch]:
        """The batch, in parts that are not too long to be written at once."""
        return parts(batch) if self._has_long_values(layout) else (batch,)

    def are_enough(self, layout: Layout, rows: pa.Table) -> bool:
        """Whether no more than these rows are to be written at once."""
        return self._has_long_values(layout) and are_enough(rows)

    def _has_long_values(self, layout: Layout) -> bool:
        return self.values is not None and any(self._opaque_fields(layout, side) for side in Side)

    def can_read(self, side: Side) -> bool:
        """Whether the side's endpoint can be looked at; else a read gives what was written there last."""
        return self.endpoints[side].capabilities.can_read

    def looks_after_references(self, side: Side) -> bool:
        """Whether the side's system may refuse a write because of a reference that could be empty. A file does not."""
        can = self.endpoints[side].capabilities
        return can.can_update and not can.stores_text_only

    def create_missing(self, layout: Layout) -> None:
        """The structures that the layout found missing are there."""
        for side in Side:
            if (layout.entity.name, side) in self.missing:
                self.endpoints[side].create_structure(layout.of(side).structure)
                self.missing -= {(layout.entity.name, side)}

    def leave_out(self, drifted: Mapping[str, EndpointError]) -> None:
        """These entities, and those that refer to them, take no part any more."""
        entities = [layout.entity for layout in self.layouts]
        self.drifted |= dependents(entities, self.drifted | dict(drifted))
        self.layouts = tuple(layout for layout in self.layouts if layout.entity.name not in self.drifted)

    def identity_of(self, side: Side) -> str:
        """What system the endpoint is, asked once."""
        name = self.configuration.endpoint_of(side)
        if name not in self.identities:
            self.identities[name] = self.endpoints[side].identity()
        return self.identities[name]

    def stop_entity(self, layout: Layout, error: SchemaDriftError) -> None:
        """The entity takes no part any more, as `leave_out`. Raises the error where there is no other one."""
        self.leave_out({layout.entity.name: error})
        if not self.layouts:
            raise error

    def read_clocks(self, store: ClockStore, clock: Clock) -> None:
        """The clocks of both endpoints are measured, each once. Keeps nothing in the ledger."""
        names = {side: self.configuration.endpoint_of(side) for side in Side}
        found: dict[str, ClockReading] = {}
        for side, name in names.items():
            found[name] = found.get(name) or read_clock(name, self.endpoints[side], store, clock)
        self.clocks = SessionClocks(clock, {side: found[name] for side, name in names.items()})

    def clocks_now(self) -> Clocks:
        return NO_CLOCKS if self.clocks is None else self.clocks.now()

    def check_lease(self) -> None:
        """The run may still write. Raises LeaseLostError."""
        if self.lease is not None:
            self.lease.check()

    def named_endpoints(self) -> dict[str, EndpointSession]:
        return {self.configuration.endpoint_of(side): session for side, session in self.endpoints.items()}

    def close(self) -> None:
        self.room.close()
        for session in self.endpoints.values():
            session.close()

    def __enter__(self) -> SyncSession:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def open_session(
    configuration: SyncConfiguration,
    open_endpoint: OpenEndpoint,
    records: RecordStore,
    work_folder: str,
    provenance: Provenance | None = None,
    *,
    values: ValueStore | None = None,
    pins: PluginPins | None = None,
    leaves_out_drifted: bool = False,
    identities: dict[str, str] | None = None,
) -> SyncSession:
    """A session of this version of the configuration. Raises ConfigurationError and EndpointError; then nothing is
    open. `identities` hold by name what systems the endpoints are, once they are open. With `leaves_out_drifted`,
    entities whose mapping does not fit their structures any more are left out, unless that are all."""
    endpoints: dict[Side, EndpointSession] = {}
    unknown: EndpointError | None = None
    try:
        for side in Side:
            endpoints[side] = open_endpoint(configuration.endpoint_of(side))
            try:
                if identities is not None:
                    identities[configuration.endpoint_of(side)] = endpoints[side].identity()
            except EndpointError as error:  # what cannot be used is told by its structure, where that is the reason
                unknown = unknown or error
        entities = tuple(with_peer_lookups(configuration, entity) for entity in configuration.entities)
        ordered, cycle = entity_order.order_entities(
            entities, lambda entity, name: _is_required(configuration, endpoints, entity, name)
        )
        if not is_enabled(configuration, StepKind.PREREQUISITES):
            ordered = entities
        layouts: list[Layout] = []
        missing: set[tuple[str, Side]] = set()
        drifted: dict[str, EndpointError] = {}
        for number, entity in enumerate(ordered):
            try:
                layouts.append(_layout(configuration, entity, number, endpoints, records, missing, provenance))
            except SchemaDriftError as error:
                if not leaves_out_drifted or len(ordered) == 1:
                    raise
                drifted[entity.name] = error
        if unknown is not None:
            raise unknown
    except BaseException:
        for session in endpoints.values():
            session.close()
        raise
    opened = SyncSession(
        configuration,
        endpoints,
        with_parents(layouts),
        frozenset(missing),
        work_folder,
        provenance,
        cycle,
        records=records,
        values=values,
        pins=pins,
    )
    opened.identities = identities if identities is not None else {}
    opened.leave_out(drifted)
    if drifted and not opened.layouts:
        opened.close()
        raise next(iter(drifted.values()))
    return opened


def needed(entities: Iterable[Entity], wanted: Iterable[str]) -> frozenset[str]:
    """The names of the wanted entities, and of all that these refer to, one over the other."""
    return entity_order.needed({entity.name: entity.prerequisites for entity in entities}, wanted)


def _is_required(
    configuration: SyncConfiguration, endpoints: Mapping[Side, EndpointSession], entity: Entity, name: str
) -> bool:
    """Whether a new record needs its reference to the named entity at once, in a system that the entity writes to."""
    for side in (side for side in Side if entity.direction.flows_from(side.other)):
        try:
            structure = endpoints[side].describe(entity.structures.of(side))
        except EndpointError:  # it is told where the layout is made
            continue
        fields = [structure.field(one.field_of(side)) for one in entity.fields if one.lookup == name]
        if any(found is not None and not found.nullable for found in fields):
            return True
    return False


def _layout(
    configuration: SyncConfiguration,
    entity: Entity,
    number: int,
    endpoints: dict[Side, EndpointSession],
    records: RecordStore,
    missing: set[tuple[str, Side]],
    provenance: Provenance | None,
) -> Layout:
    names = (configuration.a, configuration.b)
    found: dict[Side, Structure | None] = {}
    errors: dict[Side, EndpointError] = {}
    _refuse_unreadable(configuration, entity, endpoints)
    for side in Side:
        try:
            found[side] = endpoints[side].describe(entity.structures.of(side))
        except MissingError as error:
            found[side] = None
            errors[side] = error
    for side, absence in errors.items():
        peers = records.count_peers(EntityKey(configuration.name, entity.name))
        planned = planned_structure(entity, side, found[side.other], endpoints[side].capabilities, peers)
        if planned is None:
            raise absence
        found[side] = planned
        missing.add((entity.name, side))
    a, b = found[Side.A], found[Side.B]
    if a is None or b is None:
        raise MissingError("the structure is not there")
    try:
        steps = PerSide(*(record_steps(configuration, entity.name, side) for side in Side))
        scope = None if provenance is None else provenance.scope(entity)
        return make_layout(entity, number, (a, b), names, scope=scope, own_steps=steps)
    except PlacedError as error:
        if not error.place.endpoint:
            side = Side.B if error.place.structure == b.name else Side.A
            error.place = replace(error.place, endpoint=configuration.endpoint_of(side))
        raise


def _refuse_unreadable(
    configuration: SyncConfiguration, entity: Entity, endpoints: Mapping[Side, EndpointSession]
) -> None:
    """Raises ConfigurationError where values are to come from what cannot be read."""
    for side in Side:
        if not endpoints[side].capabilities.can_read and entity.direction.flows_from(side):
            raise ConfigurationError(
                cannot_be_read(configuration.endpoint_of(side), configuration.endpoint_of(side.other)),
                Place(configuration.endpoint_of(side), entity.structures.of(side)),
                "entity.direction",
            )


def full_request(layout: SideLayout) -> ReadRequest:
    return ReadRequest(layout.structure, layout.fields)
