"""Conflicts of a plan as the ledger keeps them, and decisions that hold no more because their values changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from desktop_sync.core.configuration import ConflictRule, Side
from desktop_sync.core.decision import Rule
from desktop_sync.core.ledger_port import Ledger
from desktop_sync.core.ledger_values import EntityKey, NewConflict
from desktop_sync.core.plan import FieldVerdict
from desktop_sync.engine import outcome_query
from desktop_sync.engine.plan_input import PlanInput
from desktop_sync.engine.workbench import Workbench


def ask_again(bench: Workbench, ledger: Ledger, key: EntityKey, given: PlanInput) -> None:
    """A decision holds for the values that the person saw: rows that would carry out another one wait for a new one."""
    if not given.decisions:
        return
    found = bench.table(outcome_query.conflict_rows(given, decided=list(given.decisions))).to_pylist()
    rows = [row for row in found if row["rule"] in (Rule.DECIDED, Rule.MERGED)]
    now = [replace(one, winner=None) for one in conflicts_found(ledger, given, rows)]
    outdated = ledger.outdated_decisions(key, now)
    if outdated:
        outcome_query.open_again(bench, given.layout, sorted(outdated))


def conflicts_found(ledger: Ledger, given: PlanInput, rows: Sequence[Mapping[str, object]]) -> list[NewConflict]:
    """Of rows of `outcome_query.conflict_rows`."""
    numbers = [int(str(row["record_id"])) for row in rows]
    baselines = ledger.baselines(numbers)
    return [_conflict(given, row, baselines.get(number, {})) for row, number in zip(rows, numbers, strict=True)]


def _conflict(given: PlanInput, row: Mapping[str, object], baseline: Mapping[str, str | None]) -> NewConflict:
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
        Side(winner) if isinstance(winner, str) and row["rule"] != Rule.ASK else None,
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
