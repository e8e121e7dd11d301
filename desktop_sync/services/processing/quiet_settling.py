"""What a plan settles without writing to an endpoint: links, adoptions, statuses, conflicts and decisions."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import NewConflict
from desktop_sync.engine import outcome_query
from desktop_sync.engine.outcome_query import SETTLEMENT_SCHEMA
from desktop_sync.engine.plan_input import PlanInput
from desktop_sync.engine.sides import count_peers
from desktop_sync.services.preparation.conflicts_found import conflicts_found
from desktop_sync.services.processing import record_problems
from desktop_sync.services.processing.carried import Carried
from desktop_sync.services.session.sync_session import SyncSession


@dataclass(frozen=True, slots=True)
class QuietSettling:
    """Settles what needs no write, for the plans of one run. One thread."""

    session: SyncSession
    ledger: Ledger
    run_id: int

    def settle_quiet(self, given: PlanInput, carried: Carried) -> None:
        """Everything in the plan that writes to no endpoint is settled."""
        bench, layout = self.session.bench, given.layout
        key = self.session.key(layout)
        self.keep_seen(given)
        self.number_records(given, with_creates=False)
        self.settle_excluded(given)
        counted = outcome_query.counts(bench, layout)
        self.settle_status(given, carried)
        if counted.get(Action.LINK) or counted.get(Action.ADOPT):
            rows, settled = outcome_query.quiet_rows(given)
            for batch, outcome in zip(bench.stream(rows), bench.stream(settled), strict=True):
                self.ledger.keep_batch(
                    key,
                    self.run_id,
                    pa.Table.from_batches([batch]),
                    pa.Table.from_batches([outcome]).cast(SETTLEMENT_SCHEMA),
                )
        for action in (Action.LINK, Action.ADOPT):
            carried.count(action, counted.get(action, 0))

    def keep_seen(self, given: PlanInput) -> None:
        """What people changed has its origin stamps in the ledger, before anything is written (SPEC §7)."""
        if self.session.provenance is not None:
            self.session.provenance.keep_seen(self.session.bench, given)

    def settle_excluded(self, given: PlanInput) -> None:
        """What a person left out, and what waits until it is safe, stays in the queue."""
        bench, layout = self.session.bench, given.layout
        if outcome_query.has_excluded(bench, layout):
            excluded = bench.table(outcome_query.excluded_settlements(layout)).cast(SETTLEMENT_SCHEMA)
            self.ledger.settle(self.session.key(layout), self.run_id, excluded)

    def number_records(self, given: PlanInput, *, with_creates: bool) -> None:
        """Every row of the plan has a sync record's number, and no other sync record holds its records.

        Without `with_creates`, creates get theirs as they are written, so that the ledger grows at its end.
        """
        bench, layout = self.session.bench, given.layout
        missing = outcome_query.count_without_record(bench, layout, with_creates=with_creates)
        if missing:
            first = self.ledger.reserve_record_ids(missing)
            outcome_query.assign_record_ids(bench, layout, first, with_creates=with_creates)
        halves = count_peers(bench, layout).halves
        spare = [int(str(row[0])) for row in bench.rows(outcome_query.spare_records(layout))] if halves else []
        if spare:
            self.ledger.remove(self.session.key(layout), spare)

    def settle_status(self, given: PlanInput, carried: Carried, *, is_prepare: bool = False) -> None:
        """Conflicts, reviews, unusable, filtered, closed and unlinked records have their status; rows have record
        ids."""
        bench, layout = self.session.bench, given.layout
        key = self.session.key(layout)
        counted = outcome_query.counts(bench, layout)
        conflicts = self._conflicts(given)
        if is_prepare:
            # Those that a rule settles are kept when they are carried out.
            conflicts = [conflict for conflict in conflicts if conflict.winner is None]
        if any(counted.get(action) for action in outcome_query.STATUS_OF):
            settlements = bench.table(outcome_query.status_settlements(layout)).cast(SETTLEMENT_SCHEMA)
            if settlements.num_rows:
                self.ledger.settle(key, self.run_id, settlements)
        if conflicts:
            self.ledger.keep_conflicts(key, self.run_id, conflicts)
        for action in outcome_query.STATUS_OF:
            carried.count(action, counted.get(action, 0))
        carried.waiting += counted.get(Action.CONFLICT, 0) + counted.get(Action.REVIEW, 0)
        carried.failed += counted.get(Action.INVALID, 0)
        if counted.get(Action.INVALID):
            invalid = bench.rows(outcome_query.invalid_rows(layout, record_problems.MOST))
            carried.problems += record_problems.invalid(layout, invalid)

    def ask_about_older(self, given: PlanInput) -> None:
        """What a side tells that was put back to an older state waits for a person, whatever becomes of the plan."""
        bench, layout, key = self.session.bench, given.layout, self.session.key(given.layout)
        settlements = bench.table(outcome_query.status_settlements(layout, Rule.OLDER_STATE)).cast(SETTLEMENT_SCHEMA)
        if settlements.num_rows:
            self.ledger.settle(key, self.run_id, settlements)
        found = [one for one in self._conflicts(given) if one.rule == Rule.OLDER_STATE]
        self.ledger.keep_conflicts(key, self.run_id, found)

    def _conflicts(self, given: PlanInput) -> list[NewConflict]:
        if not outcome_query.has_conflicts(self.session.bench, given.layout):
            return []
        rows = self.session.bench.table(outcome_query.conflict_rows(given)).to_pylist()
        return conflicts_found(self.ledger, given, rows)
