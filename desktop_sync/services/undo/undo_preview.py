"""The plan of an undo: made from the ledger and a read of just those records, looked at, and changed row by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from desktop_sync.core.configuration import Side
from desktop_sync.core.count_text import doing
from desktop_sync.core.decision import Action, create, delete, update
from desktop_sync.core.guard import Guard, GuardFinding, SideFigures, check_side
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import DoneBatch
from desktop_sync.core.ports import CancelToken, Phase, Progress
from desktop_sync.core.provider_port import ReadRequest
from desktop_sync.core.undo import UndoRow, UndoTarget
from desktop_sync.engine import undo_input, undo_plan, undo_write
from desktop_sync.engine.held import Held
from desktop_sync.engine.sides import load_peers
from desktop_sync.engine.undo_input import UndoInput
from desktop_sync.services.processing import record_problems
from desktop_sync.services.session.side_stream import reading
from desktop_sync.services.session.sync_session import SyncSession


@dataclass(frozen=True, slots=True)
class PlannedUndo:
    """The plan of one entity: its tables stand in the workbench. `read` counts records; `findings` are guards' numbers,
    which do not stop an undo."""

    undo: UndoInput
    read: Mapping[Side, int]
    findings: tuple[GuardFinding, ...]


@dataclass(frozen=True, slots=True)
class UndoPlanning:
    """Makes the plans. Writes nothing anywhere. One thread."""

    session: SyncSession
    ledger: Ledger
    progress: Progress
    cancel: CancelToken

    def plan(self, batches: Iterable[DoneBatch], target: UndoTarget) -> list[PlannedUndo]:
        """A plan for each entity that the batches are of, prerequisites first."""
        by_name = {layout.entity.name: layout for layout in self.session.layouts}
        undos: dict[str, UndoInput] = {}
        for batch in batches:
            self.cancel.check()
            layout = by_name.get(batch.key.entity)
            if layout is None:
                continue  # the entity was taken out of the configuration: nothing says any more how its records look
            if layout.entity.name not in undos:
                apart = {side: self.session.endpoints[side].capabilities.distinguishes_empty_and_null for side in Side}
                undos[layout.entity.name] = undo_input.begin(self.session.bench, layout, apart)
                undos[layout.entity.name].travels = target.travels is not None
                if target.fields is not None:
                    for side, written in undos[layout.entity.name].sides.items():
                        written.only = target.fields.get(side, frozenset())
            undo_input.take(self.session.bench, undos[layout.entity.name], batch)
        ordered = [undos[name] for name in by_name if name in undos]
        return [self._plan(undo) for undo in ordered]

    def _plan(self, undo: UndoInput) -> PlannedUndo:
        bench, layout = self.session.bench, undo.layout
        self.progress.phase(layout.entity.name, Phase.READING)
        ids = {side: undo_input.ids_to_read(bench, layout, side) for side in Side}
        read = {side: self._read(undo, side, ids[side]) for side in Side}
        adopted = undo_input.adopted_ids(bench, layout)
        key = self.session.key(layout)
        # What was adopted is known by number only: all peers are looked at then.
        peers = self.ledger.peers(key) if adopted else self.ledger.peers(key, a_ids=ids[Side.A], b_ids=ids[Side.B])
        load_peers(bench, layout, peers)
        if undo.quiet_batch is not None:
            for batch in self.ledger.batches_before(undo.quiet_batch, adopted):
                undo_input.take_earlier(bench, layout, batch)
        undo.held = Held(frozenset(one.record_id for one in self.ledger.held_records(key.configuration)))
        capabilities = {side: self.session.endpoints[side].capabilities for side in Side}
        undo_plan.make_undo_plan(bench, undo, capabilities)
        return PlannedUndo(undo, read, self._findings(undo))

    def _read(self, undo: UndoInput, side: Side, ids: Sequence[str]) -> int:
        self.cancel.check()
        written, layout = undo.sides[side], undo.layout
        request = ReadRequest(layout.of(side).structure, written.read_fields, ids=ids)
        if ids:
            with reading(self.session.read(layout, side, request)) as stream:
                undo_input.load_now(self.session.bench, written, side, stream)
        else:
            undo_input.load_now(self.session.bench, written, side, undo_input.empty_now(written))
        self.progress.advance(len(ids))
        return len(ids)

    def _findings(self, undo: UndoInput) -> tuple[GuardFinding, ...]:
        counted = undo_plan.counts(self.session.bench, undo)
        peers = self.ledger.count_peers(self.session.key(undo.layout))
        found: list[GuardFinding] = []
        for side in Side:
            figures = SideFigures(
                peers=peers,
                deletes=counted.get(delete(side), 0),
                creates=counted.get(create(side), 0),
                updates=counted.get(update(side), 0),
            )
            limits = self.session.configuration.guards
            found += check_side(undo.layout.entity.name, side, figures, limits, first_run=False)
        return tuple(one for one in found if one.guard is not Guard.ALL_CHANGED)


class UndoPreview:
    """What an undo would do. Nothing is written while it is open. One thread at a time; close it."""

    def __init__(
        self, target: UndoTarget, session: SyncSession, planned: Sequence[PlannedUndo], basis: str, *, is_cut: bool
    ) -> None:
        """`is_cut`: parts of what the run did were purged."""
        self.target = target
        self.session = session
        self.planned = tuple(planned)
        self.basis = basis
        self._is_cut = is_cut

    def rows(self, *, listed: bool | None = None, offset: int = 0, limit: int = 200) -> list[UndoRow]:
        """A page over all entities: everything, or with `listed` only what cannot be undone (True), or can (False)."""
        rows: list[UndoRow] = []
        for one in self.planned:
            count = undo_write.count_rows(self.session.bench, one.undo, only_listed=listed)
            if offset < count and len(rows) < limit:
                rows += undo_write.page(self.session.bench, one.undo, offset, limit - len(rows), only_listed=listed)
            offset = max(0, offset - count)
        return rows

    def count(self, *, listed: bool | None = None) -> int:
        return sum(undo_write.count_rows(self.session.bench, one.undo, only_listed=listed) for one in self.planned)

    def counts(self) -> dict[str, dict[Action, int]]:
        """Entity → how many records are handled by which inverse action."""
        return {one.undo.layout.entity.name: undo_plan.counts(self.session.bench, one.undo) for one in self.planned}

    def exclude(self, entity: str, numbers: Sequence[int], excluded: bool) -> None:
        """The rows do not, or do again, take part when the undo is carried out."""
        for one in self.planned:
            if one.undo.layout.entity.name == entity:
                undo_write.exclude(self.session.bench, one.undo, numbers, excluded)

    def findings(self) -> tuple[GuardFinding, ...]:
        """The guards' numbers: they do not stop an undo, which a person asks for, but they are shown."""
        return tuple(finding for one in self.planned for finding in one.findings)

    def notes(self) -> tuple[str, ...]:
        """What need not be undone, in sentences."""
        found = [(one.undo, undo_plan.count_links(self.session.bench, one.undo)) for one in self.planned]
        cut = "Old history was removed: only what is still kept of the run can be undone."
        links = tuple(
            f"{undo.layout.entity.name}: {doing(number, 'pair', 'stays', 'stay')} linked that the run linked and wrote "
            "to, with the values of then; unlink what does not belong together."
            for undo, number in found
            if number
        )
        return (cut, *links) if self._is_cut else links

    def count_listed(self, one: PlannedUndo) -> int:
        """How many records are not undone."""
        elsewhere = sum(one.undo.other_structures.values())
        return undo_write.count_rows(self.session.bench, one.undo, only_listed=True) + elsewhere

    def listed_sentences(self, one: PlannedUndo) -> list[str]:
        """Why records are not undone, the first ones."""
        elsewhere = [
            f"{one.undo.layout.entity.name}: {doing(number, 'record', 'stays', 'stay')} in {structure} as the run "
            "wrote, for the configuration does not synchronize it any more."
            for structure, number in one.undo.other_structures.items()
        ]
        rows = undo_write.page(self.session.bench, one.undo, 0, record_problems.MOST, only_listed=True)
        return elsewhere + [
            record_problems.not_undone(one.undo.layout, {Side.A: row.a_id, Side.B: row.b_id}, row.reason)
            for row in rows
        ]

    def close(self) -> None:
        """May be repeated."""
        self.session.close()
