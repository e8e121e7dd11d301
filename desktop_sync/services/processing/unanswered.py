"""Writes of this run that were not answered: what became of them, and what has to wait until that is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from desktop_sync.core.decision import Action
from desktop_sync.core.ledger_values import HoldReason
from desktop_sync.engine import outcome_query
from desktop_sync.engine.layout import Layout
from desktop_sync.engine.plan_input import PlanInput, plan_table
from desktop_sync.services.processing.carried import Carried
from desktop_sync.services.processing.process import DELETES, Processing
from desktop_sync.services.settlement.settle import Settling


@dataclass(frozen=True, slots=True)
class Unanswered:
    """For one run. One thread. `carried` is by the number of the layout."""

    processing: Processing
    settling: Settling
    layouts: Sequence[Layout]
    carried: Mapping[int, Carried]

    def look(self) -> None:
        """What was not answered is settled as far as it can be: what was written counts, what was not is planned anew,
        and the rest stays held. Costs nothing where all was answered."""
        if not any(one.in_doubt for one in self.carried.values()):
            return
        resolved = self.settling.settle_held()
        for layout in self.layouts:
            carried, name = self.carried.get(layout.number), layout.entity.name
            if carried is None:
                continue  # the run is not about that entity
            carried.in_doubt = 0
            for action, number in resolved.actions.get(name, {}).items():
                carried.count(action, number)
            for pairs in resolved.pairs.get(name, ()):
                self.processing.remember_pairs(layout, pairs.rename_columns(["x_record_id", "x_a_id", "x_b_id"]))
            for side, ids in resolved.free.get(name, {}).items():
                carried.stale[side] += ids

    def write_deletes(self, given: PlanInput) -> None:
        """The plan's deletes are carried out, unless a write of the entity is in doubt: then each waits as a row of the
        queue (RELIABILITY 4.5)."""
        counted = outcome_query.counts(self.processing.session.bench, given.layout)
        carried = self.carried[given.layout.number]
        if not any(counted.get(action) for action in DELETES):
            return
        if self._is_in_doubt(given):
            self._postpone(given, DELETES, carried)
        else:
            self.processing.write(given, DELETES, carried)

    def empty_references(self, given: PlanInput) -> None:
        """References that would keep the plan's deletes from being carried out are empty, unless the deletes wait."""
        if not self._is_in_doubt(given):
            self.processing.empty_references(given, self.carried[given.layout.number])

    def _is_in_doubt(self, given: PlanInput) -> bool:
        """Whether nobody knows of a write of the entity whether it was carried out."""
        key = self.processing.session.key(given.layout)
        held = self.processing.ledger.held_records(key.configuration)
        return any(one.key == key and one.reason is HoldReason.NO_ANSWER for one in held)

    def _postpone(self, given: PlanInput, actions: Sequence[Action], carried: Carried) -> None:
        bench, layout, ledger = self.processing.session.bench, given.layout, self.processing.ledger
        numbers = ", ".join(f"{action:d}" for action in actions)
        waiting = f"{outcome_query.prepared_settlements(layout)} AND p.action IN ({numbers})"
        settlements = bench.table(waiting).cast(outcome_query.SETTLEMENT_SCHEMA)
        if settlements.num_rows:
            ledger.settle(self.processing.session.key(layout), self.processing.run_id, settlements)
        bench.execute(f"UPDATE {plan_table(layout)} SET excluded = true WHERE action IN ({numbers})")
        carried.waiting += 1

    def note_held(self, configuration: str) -> None:
        """Entities with held records have something that waits, and say so."""
        for one in self.processing.ledger.held_records(configuration):
            for layout in self.layouts:
                if layout.entity.name == one.key.entity and layout.number in self.carried:
                    self.carried[layout.number].waiting += 1
