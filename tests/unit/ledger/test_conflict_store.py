"""Conflicts: open, decided, carried out; repeated runs change nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import create_engine

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Rule
from desktop_sync.core.errors import VersionMismatchError
from desktop_sync.core.ledger_values import NewConflict
from desktop_sync.core.plan import FieldChange
from desktop_sync.core.status import Status
from desktop_sync.ledger import SqlLedger, conflict_store, tables
from desktop_sync.ledger.run_codec import read_conflict
from tests.support.ledger_home import KEY, HandClock, processed, settlements

VALUES = (("Phone", "1", "2", None), ("City", "x", "x", "x"))


def new(record_id: int = 1, winner: Side | None = None, rule: Rule = Rule.ASK) -> NewConflict:
    return NewConflict(record_id, int(rule), winner, None, None, VALUES)


def in_conflict(ledger: SqlLedger, record_id: int = 1) -> int:
    """The id of an open conflict."""
    ledger.settle(KEY, 1, settlements([(record_id, f"A{record_id}", f"B{record_id}", Status.CONFLICT)]))
    ledger.keep_conflicts(KEY, 1, [new(record_id)])
    found = ledger.conflict_of(record_id)
    assert found is not None
    return found.id


def test_an_open_conflict_shows_both_values_and_the_baseline(ledger: SqlLedger, clock: HandClock) -> None:
    ledger.settle(KEY, 1, settlements([(1, "A1", "B1", Status.CONFLICT)]))
    stamp = clock.now()
    ledger.keep_conflicts(KEY, 5, [replace(new(), a_changed_at=stamp)])
    (found,) = ledger.conflicts("Customers")
    assert (found.record_id, found.run_id, found.a_id, found.b_id, found.entity) == (1, 5, "A1", "B1", "customers")
    assert (found.rule, found.winner, found.a_changed_at, found.b_changed_at) == (Rule.ASK, None, stamp, None)
    assert (found.found_at, found.settled_at) == (clock.now(), None)
    assert found.fields == (
        FieldChange("Phone", a="1", b="2", base=None, differs=True),
        FieldChange("City", a="x", b="x", base="x", differs=False),
    )


def test_fields_that_are_no_part_of_it_do_not_differ_however_they_are_written(ledger: SqlLedger) -> None:
    ledger.settle(KEY, 1, settlements([(1, "A1", "B1", Status.CONFLICT)]))
    values = (*VALUES, ("State", "NEW", "n", "NEW"))
    ledger.keep_conflicts(KEY, 1, [replace(new(), values=values, equal=(1, 2))])
    (found,) = ledger.conflicts("Customers")
    assert [one.label for one in found.fields if one.differs] == ["Phone"]


def test_what_is_noted_besides_the_values_reopens_no_decided_conflict(ledger: SqlLedger) -> None:
    ledger.decide_conflict(in_conflict(ledger), Side.A)
    ledger.keep_conflicts(KEY, 2, [replace(new(), equal=(1,))])
    assert ledger.decisions(KEY) == {1: Side.A}


def test_values_that_an_earlier_version_kept_differ_where_they_are_written_differently() -> None:
    fields = read_conflict('{"format":1,"value":{"rows":[["Phone","1","2",null],["City","x","x","x"]]}}')
    assert [one.label for one in fields if one.differs] == ["Phone"]


def test_a_conflict_settled_by_a_rule_is_kept_but_waits_for_nobody(ledger: SqlLedger) -> None:
    ledger.settle(KEY, 1, processed([1]))
    ledger.keep_conflicts(KEY, 1, [new(winner=Side.B, rule=Rule.MOST_RECENT)])
    assert ledger.conflicts("Customers") == []
    (kept,) = ledger.conflicts("Customers", only_open=False)
    assert (kept.winner, kept.rule, kept.settled_at) == (Side.B, Rule.MOST_RECENT, kept.found_at)
    assert ledger.decisions(KEY) == {}


def test_deciding_prepares_the_record_and_the_next_settlement_carries_it_out(ledger: SqlLedger) -> None:
    conflict = in_conflict(ledger)
    ledger.decide_conflict(conflict, Side.B)
    record = ledger.record(1)
    assert record is not None
    assert record.status is Status.PREPARED
    assert ledger.decisions(KEY) == {1: Side.B}
    assert ledger.conflict_of(1) is None
    ledger.settle(KEY, 2, settlements([(1, "A1", "B1", Status.FAILED)]))
    assert ledger.decisions(KEY) == {1: Side.B}
    ledger.settle(KEY, 2, processed([1]))
    assert ledger.decisions(KEY) == {}
    (kept,) = ledger.conflicts("Customers", only_open=False)
    assert (kept.winner, kept.rule, kept.settled_at is None) == (Side.B, Rule.DECIDED, False)


def test_a_decision_may_be_changed_until_it_is_carried_out(ledger: SqlLedger) -> None:
    conflict = in_conflict(ledger)
    ledger.decide_conflict(conflict, Side.B)
    ledger.decide_conflict(conflict, Side.A)
    assert ledger.decisions(KEY) == {1: Side.A}
    ledger.settle(KEY, 2, processed([1]))
    with pytest.raises(VersionMismatchError):
        ledger.decide_conflict(conflict, Side.B)


def test_a_decision_on_a_record_that_went_on_is_refused(ledger: SqlLedger) -> None:
    conflict = in_conflict(ledger)
    ledger.settle(KEY, 2, settlements([(1, "A1", "B1", Status.SKIPPED)]))
    with pytest.raises(VersionMismatchError):
        ledger.decide_conflict(conflict, Side.A)
    assert ledger.decisions(KEY) == {}


def test_the_same_conflict_found_again_changes_nothing(ledger: SqlLedger, clock: HandClock) -> None:
    conflict = in_conflict(ledger)
    clock.move(hours=1)
    ledger.keep_conflicts(KEY, 2, [new()])
    (found,) = ledger.conflicts("Customers")
    assert (found.id, found.run_id) == (conflict, 1)
    ledger.decide_conflict(conflict, Side.A)
    ledger.keep_conflicts(KEY, 3, [new()])
    assert ledger.decisions(KEY) == {1: Side.A}


def test_a_newer_conflict_of_a_record_replaces_the_open_one_and_its_decision(ledger: SqlLedger) -> None:
    conflict = in_conflict(ledger)
    ledger.decide_conflict(conflict, Side.A)
    ledger.keep_conflicts(KEY, 2, [replace(new(), values=(("Phone", "1", "3", None),))])
    assert ledger.decisions(KEY) == {}
    (found,) = ledger.conflicts("Customers", only_open=False)
    assert (found.id == conflict, found.fields[0].b) == (False, "3")


def test_carrying_a_decision_out_adds_no_second_conflict(ledger: SqlLedger) -> None:
    ledger.decide_conflict(in_conflict(ledger), Side.A)
    ledger.keep_conflicts(KEY, 2, [new(winner=Side.A, rule=Rule.DECIDED)])
    assert ledger.decisions(KEY) == {1: Side.A}
    ledger.settle(KEY, 2, processed([1]))
    assert len(ledger.conflicts("Customers", only_open=False)) == 1


@pytest.mark.parametrize(
    "leave",
    [
        lambda ledger: ledger.remove(KEY, [1]),
        lambda ledger: ledger.settle(KEY, 2, processed([1])),
        lambda ledger: ledger.settle(KEY, 2, settlements([(1, None, "B1", Status.DELETED)], deleted_in=1)),
    ],
)
def test_a_conflict_does_not_outlive_its_reason(ledger: SqlLedger, leave: Callable[[SqlLedger], None]) -> None:
    in_conflict(ledger)
    other = in_conflict(ledger, 2)
    leave(ledger)
    assert [found.id for found in ledger.conflicts("Customers")] == [other]


def test_purging_keeps_undecided_conflicts_whatever_their_age(ledger: SqlLedger, clock: HandClock) -> None:
    in_conflict(ledger, 1)
    ledger.decide_conflict(in_conflict(ledger, 2), Side.A)
    ledger.settle(KEY, 1, processed([2]))
    clock.move(days=1000)
    ledger.purge(clock.now())
    assert [found.record_id for found in ledger.conflicts("Customers", only_open=False)] == [1]


def test_conflicts_are_paged_newest_first(ledger: SqlLedger) -> None:
    for record_id in (1, 2, 3):
        in_conflict(ledger, record_id)
    assert [found.record_id for found in ledger.conflicts("Customers", limit=2)] == [3, 2]
    assert [found.record_id for found in ledger.conflicts("Customers", limit=2, offset=2)] == [1]
    assert ledger.conflicts("Nobody") == []


def test_open_conflicts_are_looked_for_among_conflicts_and_not_among_all_records() -> None:
    engine = create_engine("sqlite://")
    tables.metadata.create_all(engine)
    statement = conflict_store._OPEN.compile(engine)
    asked = {**statement.params, "configuration": "Customers", "limit": 1, "offset": 0}
    values = tuple(asked[name] for name in statement.positiontup or ())
    with engine.connect() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    engine.dispose()
    order = [
        next(number for number, line in enumerate(plan) if name in line) for name in (" conflict ", " sync_record ")
    ]
    assert order == sorted(order), plan
