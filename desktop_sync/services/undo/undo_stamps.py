"""Origin stamps of what an undo writes (SPEC §7).

**An undo is a person's decision of now.** A value that it brings back counts as changed at the time of the undo, in the
endpoint that it is written to: not when it was first said. With its old stamp it would be older than the value that was
taken back, which other members of the group may still hold with its own, later stamp: their next run would bring that
back. With the stamp of the undo it prevails over what was taken back wherever the two meet, in whatever order the
configurations run, and over every edit that a person made before the undo; an edit made after the undo prevails over
it. A value of the record that the undo leaves as it is keeps its stamp. What an undo deletes has no stamps any more;
its counterpart keeps its own.

**For every sibling an undo is a change**, also for one that never saw what was taken back: its own baseline may be just
what the undo restored, and then a counterpart that holds the value that was taken back would count as the only change,
and bring it back. So the undone side of the siblings' pairs has no baseline any more, before the first write: where
both sides differ then, their stamps, or the sibling's rule, decide.

As in any run, the stamps of all known fields of the records in hand are durable before the first write, which moves the
records' own times of change ("freeze before write", RELIABILITY 4.7).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from desktop_sync.core.configuration import Side
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import EntityKey
from desktop_sync.core.ports import Clock
from desktop_sync.core.status import Status
from desktop_sync.core.sync_group import on_systems, sharers_of
from desktop_sync.engine import undo_plan
from desktop_sync.engine.outcome_query import SETTLEMENT_SCHEMA
from desktop_sync.engine.plan_input import PlanInput
from desktop_sync.engine.sides import SideRead, side_table
from desktop_sync.engine.undo_input import UndoInput, now_table
from desktop_sync.services.session.provenance import Scopes, structure_name, to_us
from desktop_sync.services.session.sync_session import SyncSession


@dataclass(frozen=True, slots=True)
class UndoStamps:
    """For one undo. One thread."""

    session: SyncSession
    ledger: Ledger
    clock: Clock
    _frozen: dict[int, int] = field(default_factory=dict)

    def freeze(self, undo: UndoInput) -> None:
        """The stamps of everything that the undo may write to are durable. Needs the clocks of the session."""
        layout, provenance, bench = undo.layout, self.session.provenance, self.session.bench
        if provenance is None or layout.origins is None:
            return
        for side in Side:
            raws = "".join(f", {column.raw}" for column in layout.of(side).columns)
            bench.execute(
                f"CREATE OR REPLACE TABLE {side_table(layout, side)} AS SELECT rid{raws}, true AS is_kept "
                f"FROM {now_table(layout, side)}"
            )
        reads = [SideRead(undo.sides[side].read_staging, False, 0, 0, "") for side in Side]
        given = PlanInput(layout, reads[0], reads[1], {}, {}, clocks=self.session.clocks_now())
        provenance.keep_seen(bench, provenance.load(bench, given))
        self._frozen[layout.number] = to_us(self.clock.now())
        for side in Side:
            ids = undo_plan.updated_ids(bench, undo, side)
            if ids and provenance.scopes is not None:
                self._tell_siblings(undo, side, ids, provenance.scopes)

    def _tell_siblings(self, undo: UndoInput, side: Side, ids: Sequence[str], scopes: Scopes) -> None:
        """To the siblings these records of the side are changed."""
        shared, mine = structure_name(undo.layout, side), scopes.configuration.name
        for configuration, entity, its_side in sharers_of(
            shared, mine, on_systems(scopes.configurations, scopes.systems())
        ):
            key = EntityKey(configuration.name, entity.name)
            a_ids, b_ids = (ids, []) if its_side is Side.A else ([], ids)
            rows = pa.RecordBatchReader.from_stream(self.ledger.peers(key, a_ids=a_ids, b_ids=b_ids)).read_all()
            digest = f"{its_side.value}_digest"
            # Every other status is looked at by the next prepare anyway, or waits for a person.
            rows = rows.filter(pc.and_(pc.equal(rows["status"], int(Status.PROCESSED)), pc.is_valid(rows[digest])))
            if rows.num_rows:
                rows = rows.set_column(
                    rows.schema.get_field_index(digest), digest, pa.nulls(rows.num_rows, pa.binary())
                ).append_column("last_error", pa.repeat(pa.scalar(""), rows.num_rows))
                self.ledger.settle(key, 0, rows.select(SETTLEMENT_SCHEMA.names).cast(SETTLEMENT_SCHEMA))

    def at_us(self, undo: UndoInput) -> int | None:
        """When what comes back counts as changed; None where its values carry no stamps."""
        return self._frozen.get(undo.layout.number)
