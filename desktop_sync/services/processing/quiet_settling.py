"""What a plan settles without writing to an endpoint: links, adoptions, statuses, conflicts and decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pyarrow as pa

from desktop_sync.core.configuration import ConflictRule, Side
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import NewConflict
from desktop_sync.core.plan import FieldVerdict
from desktop_sync.engine import outcome_query
from desktop_sync.engine.outcome_query import SETTLEMENT_SCHEMA
from desktop_sync.engine.plan_input import PlanInput
from desktop_sync.engine.sides import count_peers
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
        self._ask_again(given)
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

    def _ask_again(self, given: PlanInput) -> None:
        """A decision holds for the values that the person saw: where one changed since, it is asked for anew."""
        bench, layout = self.session.bench, given.layout
        if not given.decisions:
            return
        rows = bench.table(outcome_query.conflict_rows(given, decided=list(given.decisions))).to_pylist()
        found = [replace(one, rule=int(Rule.ASK), winner=None, verdicts=()) for one in self._as_conflicts(given, rows)]
        key = self.session.key(layout)
        self.ledger.keep_conflicts(key, self.run_id, found)
        still = self.ledger.decisions(key)
        lost = [conflict.record_id for conflict in found if conflict.record_id not in still]
        if lost:
            outcome_query.open_again(bench, layout, lost)

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
        return self._as_conflicts(given, rows)

    def _as_conflicts(self, given: PlanInput, rows: Sequence[dict[str, object]]) -> list[NewConflict]:
        numbers = [int(str(row["record_id"])) for row in rows]
        baselines = self.ledger.baselines(numbers)
        return [
            self._conflict(given, row, baselines.get(number, {})) for row, number in zip(rows, numbers, strict=True)
        ]

    @staticmethod
    def _conflict(given: PlanInput, row: dict[str, object], baseline: Mapping[str, str | None]) -> NewConflict:
        values = []
        for index, mapping in enumerate(given.layout.entity.fields):
            label = mapping.a or mapping.b
            base = baseline.get(f"a:{mapping.a}") if mapping.a else baseline.get(f"b:{mapping.b}")
            values.append((label, _text(row[f"a{index}"]), _text(row[f"b{index}"]), base))
        equal = {one.index: row[f"e{one.index}"] for one in given.layout.comparisons}
        is_compared = any(known is not None for known in equal.values())
        winner = row["winner"]
        return NewConflict(
            int(str(row["record_id"])),
            int(str(row["rule"])),
            Side(winner) if isinstance(winner, str) and row["rule"] != 6 else None,
            _instant(row["a_at"]),
            _instant(row["b_at"]),
            tuple(values),
            _verdicts(given, row) if winner is not None else (),
            tuple(place for place in range(len(values)) if is_compared and equal.get(place, True)),
        )


def _verdicts(given: PlanInput, row: Mapping[str, object]) -> tuple[tuple[str, FieldVerdict], ...]:
    """Whose value was kept of each field that both sides changed, where fields are judged one by one."""
    rule, decided = given.layout.entity.conflict, given.decisions.get(int(str(row["record_id"])))
    found = []
    for comparison in given.layout.comparisons:
        index, mapping = comparison.index, given.layout.entity.fields[comparison.index]
        winner = row.get(f"judged_w{index}")
        if not isinstance(winner, str) or not row[f"judged_f{index}"]:
            continue
        why = Rule.SIDE_WINS
        if decided is not None:
            why = Rule.DECIDED
        elif rule is ConflictRule.MOST_RECENT or row["rule"] == Rule.FIRST_CONTACT:
            why = Rule.MOST_RECENT_TIE if row[f"judged_t{index}"] else Rule.MOST_RECENT
        times = (_instant(row[f"judged_t{side.value}{index}"]) for side in Side)
        found.append((mapping.a or mapping.b, FieldVerdict(Side(winner), why, *times)))
    return tuple(found)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _instant(value: object) -> datetime | None:
    return None if value is None else datetime.fromtimestamp(int(str(value)) / 1_000_000, UTC)
