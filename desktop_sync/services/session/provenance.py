"""Origin stamps on their way between the ledger, the workbench and the endpoints (SPEC §7, RELIABILITY 4.7).

Nothing here does anything for an entity whose values carry no stamps. The order matters: what is seen is kept before
anything is written ("freeze before write"), because a write moves the record's own time of change; and the stamp of a
value that is about to be written is kept beside that of the value that stands there, so that a crash loses neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.configuration import Entity, PerSide, Side, SyncConfiguration
from desktop_sync.core.errors import ExpressionError
from desktop_sync.core.ledger_records import OriginStore
from desktop_sync.core.ports import Clock
from desktop_sync.core.provider_port import Operation, WriteResult, WriteStatus
from desktop_sync.core.sync_group import OriginScope, StructureName, on_systems, origin_scope
from desktop_sync.engine import field_base, origin_query
from desktop_sync.engine.expression.names import names_in
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.plan_input import PlanInput
from desktop_sync.engine.workbench import Workbench
from desktop_sync.engine.write_columns import WrittenStamp

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Scopes:
    """Which entities of a configuration carry origin stamps, given all configurations there are. `systems`: which
    endpoints are one system, asked when the session's are open."""

    configuration: SyncConfiguration
    configurations: Sequence[SyncConfiguration]
    systems: Callable[[], Mapping[str, str]]

    def of(self, entity: Entity) -> OriginScope | None:
        systems = self.systems()
        (mine,) = on_systems([self.configuration], systems)
        return origin_scope(mine, entity, on_systems(self.configurations, systems), expression_fields)


def expression_fields(text: str) -> tuple[str, ...]:
    """The names in an expression; of one that cannot be read none, which is said elsewhere."""
    try:
        return names_in(text)
    except ExpressionError:
        return ()


class StampStore(OriginStore, Protocol):
    """Stamps, and the values that both sides agreed on last."""

    def baselines(self, record_ids: Sequence[int]) -> dict[int, dict[str, str | None]]: ...


class Stamping(Protocol):
    """A query of writes whose rows say with which stamps the values stand there afterwards; a stamp that is null stays
    as it is."""

    @property
    def target(self) -> Side: ...
    @property
    def operation(self) -> Operation: ...
    @property
    def stamps(self) -> tuple[WrittenStamp, ...]: ...


@dataclass(frozen=True, slots=True)
class Provenance:
    """The stamps of one session. `opened_at`: before anything was read, so that the next scan misses nothing."""

    store: StampStore
    clock: Clock
    opened_at: datetime
    scopes: Scopes | None = None

    def scope(self, entity: Entity) -> OriginScope | None:
        """What of the entity carries stamps."""
        return None if self.scopes is None else self.scopes.of(entity)

    def load(self, bench: Workbench, given: PlanInput) -> PlanInput:
        """The origin tables stand in the workbench. Call when everything is read and before the plan is made."""
        layout = given.layout
        if layout.origins is None:
            return given
        scanned = {}
        for side in Side:
            structure = structure_name(layout, side)
            ids = origin_query.kept_ids(bench, layout, side)
            origin_query.load_known(bench, layout, side, self.store.origins(structure, ids))
            scanned[side] = self.store.scanned_at(structure)
        origin_query.make_origins(bench, given, PerSide(scanned[Side.A], scanned[Side.B]), to_us(self.clock.now()))
        if origin_query.judges_fields(layout):
            pairs = field_base.pairs_changed_twice(bench, layout)
            field_base.load_base(bench, given, pairs, self.store.baselines([pair[0] for pair in pairs]))
        return replace(given, has_origins=True)

    def keep_seen(self, bench: Workbench, given: PlanInput) -> None:
        """The stamps of all known fields of the records in hand are durable."""
        if not given.has_origins:
            return
        for side in Side:
            if not origin_query.has_new_origins(bench, given.layout, side):
                continue
            for batch in bench.stream(origin_query.new_origins(given.layout, side)):
                self.store.keep_origins(structure_name(given.layout, side), pa.Table.from_batches([batch]))

    def keep_pending(self, layout: Layout, query: Stamping, rows: pa.Table) -> None:
        """The stamps of the values that are about to be written are durable. `rows` know the ids of their targets;
        those of records whose id the endpoint gives follow with `settle`."""
        if query.stamps:
            known = rows.filter(pc.is_valid(rows[f"x_{query.target.value}_id"]))
            self._keep(layout, query, known, is_pending=True)

    def settle(
        self,
        layout: Layout,
        query: Stamping,
        before: pa.Table,
        after: pa.Table,
        result: WriteResult,
        stored: pa.Table | None,
        gone_from: Sequence[Side] = tuple(Side),
    ) -> None:
        """After the write: what was written has its new stamps, what was not the old ones, what is gone has none: after
        a delete, the records of the sides `gone_from`.

        `before` and `after`: the rows of the batch without and with the ids that the endpoint gave. `stored`: what was
        read back, with the digests of what the endpoint made of the values. A write in doubt leaves both stamps.
        """
        if layout.origins is None:
            return
        statuses = pa.array(result.statuses, pa.int8())
        done = pc.equal(statuses, pa.scalar(WriteStatus.WRITTEN, statuses.type))
        written = after.filter(done)
        if query.operation is Operation.DELETE:
            for side in gone_from:
                ids = [one for one in written[f"x_{side.value}_id"].to_pylist() if one is not None]
                if ids:
                    self.store.forget_origins(structure_name(layout, side), ids)
            return
        mine = f"x_{query.target.value}_id"
        undone = pc.and_(pc.invert(done), pc.not_equal(statuses, pa.scalar(WriteStatus.UNKNOWN, statuses.type)))
        self.settle_ids(layout, query.target, written[mine].to_pylist(), after.filter(undone)[mine].to_pylist())
        fresh = pc.is_null(before[mine]).combine_chunks()
        if stored is not None and query.stamps:
            places = pc.index_in(after[mine], value_set=stored["rid"].combine_chunks()).combine_chunks()
            fresh = pc.or_(fresh, pc.is_valid(places))
            for stamp in query.stamps:
                found = stored[stamp.digest].combine_chunks().take(pc.fill_null(places, 0))
                digests = pc.if_else(pc.is_valid(places), found, after[stamp.digest].combine_chunks())
                after = after.set_column(after.schema.get_field_index(stamp.digest), stamp.digest, digests)
        self._keep(layout, query, after.filter(pc.and_(done, fresh)), is_pending=False)

    def settle_ids(
        self, layout: Layout, side: Side, done: Sequence[str | None], undone: Sequence[str | None] = ()
    ) -> None:
        """Pending stamps of records that were written hold, those of the others are dropped."""
        if layout.origins is None:
            return
        written, others = ([one for one in ids if one is not None] for ids in (done, undone))
        if written or others:
            self.store.settle_origins(structure_name(layout, side), written, others)

    def mark_scanned(self, given: PlanInput) -> None:
        """What both sides held was looked at completely; a change that is seen next has happened since."""
        layout = given.layout
        if layout.origins is None:
            return
        for side in Side:
            names = {
                column.name
                for sending in layout.of(side).sendings
                for column in origin_query.source_columns(layout, side, sending.index)
            }
            if names and given.read_of(side).is_complete:
                self.store.mark_scanned(structure_name(layout, side), sorted(names), to_us(self.opened_at))

    def _keep(self, layout: Layout, query: Stamping, rows: pa.Table, *, is_pending: bool) -> None:
        if not query.stamps or not rows.num_rows:
            return
        parts = []
        for stamp in query.stamps:
            told = rows.filter(pc.is_valid(rows[stamp.origin]))
            origin = told[stamp.origin].combine_chunks()
            parts.append(
                pa.table(
                    {
                        "record_id": told[f"x_{query.target.value}_id"],
                        "field": pa.repeat(pa.scalar(stamp.field, pa.string()), told.num_rows),
                        "is_pending": pa.repeat(pa.scalar(is_pending, pa.bool_()), told.num_rows),
                        "digest": told[stamp.digest],
                        "origin": pc.struct_field(origin, "origin"),
                        "at_us": pc.struct_field(origin, "at_us"),
                        "error_us": pc.negate(pc.struct_field(origin, "sharpness")),
                        "told_us": _told(origin),
                    }
                )
            )
        self.store.keep_origins(structure_name(layout, query.target), pa.concat_tables(parts))


def _told(stamps: pa.Array) -> pa.Array:
    """What wrong clocks told; null where the clock was believed."""
    told, at_us = (pc.struct_field(stamps, name) for name in ("told_us", "at_us"))
    return pc.if_else(pc.equal(told, at_us), pa.scalar(None, pa.int64()), told)


def structure_name(layout: Layout, side: Side) -> StructureName:
    own = layout.of(side)
    return StructureName(
        own.endpoint if layout.origins is None else layout.origins.systems.of(side), own.structure.name
    )


def to_us(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
