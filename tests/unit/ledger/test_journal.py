"""Write batches: intents first, history and baselines afterwards."""

from __future__ import annotations

import pyarrow as pa
import pytest

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.errors import BugError, VersionMismatchError
from desktop_sync.core.ledger_values import RecordQuery
from desktop_sync.core.plan import FieldChange
from desktop_sync.core.run import RunKind, Trigger
from desktop_sync.core.status import Status
from desktop_sync.ledger import SqlLedger
from tests.support.ledger_home import KEY, OTHER_KEY, HandClock, batch_rows, configuration, processed, settlements


def test_an_intent_is_open_with_its_rows_until_it_is_closed(ledger: SqlLedger) -> None:
    rows = batch_rows([5, 3, 4])
    batch = ledger.open_batch(KEY, 9, Side.A, "Customer", 2, rows)
    (found,) = ledger.open_batches("Customers")
    assert (found.id, found.run_id, found.key, found.side, found.structure, found.operation) == (
        batch,
        9,
        KEY,
        Side.A,
        "Customer",
        2,
    )
    assert pa.table(found.rows).equals(rows)
    ledger.close_batch(batch, processed([3, 4, 5]), done_rows=[0, 1, 2])
    assert ledger.open_batches("Customers") == []
    assert ledger.count_peers(KEY) == 3


def test_open_intents_come_oldest_first_and_only_of_the_configuration(ledger: SqlLedger) -> None:
    first = ledger.open_batch(OTHER_KEY, 1, Side.A, "x", 1, batch_rows([1]))
    second = ledger.open_batch(KEY, 1, Side.A, "x", 1, batch_rows([2]))
    ledger.open_batch(type(KEY)("Another", "x"), 1, Side.A, "x", 1, batch_rows([3]))
    assert [batch.id for batch in ledger.open_batches("Customers")] == [first, second]


def test_a_batch_without_a_done_row_is_aborted_and_no_baseline(ledger: SqlLedger) -> None:
    batch = ledger.open_batch(KEY, 1, Side.B, "customers", 1, batch_rows([1]))
    ledger.close_batch(batch, settlements([(1, "A1", None, Status.FAILED)]), done_rows=[])
    assert ledger.baseline(1) == {}
    assert [row.result for row in ledger.history(1)] == ["not done"]


def test_closing_twice_is_refused_and_changes_nothing(ledger: SqlLedger) -> None:
    batch = ledger.open_batch(KEY, 1, Side.B, "customers", 1, batch_rows([1]))
    ledger.close_batch(batch, processed([1]), done_rows=[0])
    with pytest.raises(BugError, match="not open"):
        ledger.close_batch(batch, settlements([(1, None, None, Status.FAILED)]), done_rows=[])
    assert ledger.count_peers(KEY) == 1


def test_rows_that_the_batch_does_not_have_are_refused(ledger: SqlLedger) -> None:
    batch = ledger.open_batch(KEY, 1, Side.B, "customers", 1, batch_rows([1]))
    with pytest.raises(BugError, match="no row 1"):
        ledger.close_batch(batch, processed([1]), done_rows=[1])
    with pytest.raises(BugError, match="were stored"):
        ledger.close_batch(batch, processed([1]), done_rows=[0], stored=batch_rows([1, 2]))
    assert len(ledger.open_batches("Customers")) == 1


def test_what_the_endpoint_really_stored_replaces_what_was_sent(ledger: SqlLedger) -> None:
    batch = ledger.open_batch(KEY, 1, Side.B, "customers", 1, batch_rows([1, 2], mark="sent"))
    ledger.close_batch(batch, processed([1, 2]), done_rows=[0, 1], stored=batch_rows([1, 2], mark="stored"))
    assert ledger.baseline(2) == {"a:Phone": "2stored", "b:phone": "2stored"}


@pytest.mark.parametrize("ids", [[1, 2, 3, 4], [1, 40, 7_000, 90_000]], ids=["near together", "far apart"])
def test_a_record_that_is_set_to_prepared_while_it_is_written_stays_prepared(
    ledger: SqlLedger, clock: HandClock, ids: list[int]
) -> None:
    ledger.settle(KEY, 1, processed([*ids, 5]))
    ledger.settle(KEY, 1, settlements([(n, f"A{n}", f"B{n}", Status.PREPARED) for n in (ids[0], 5)]))
    clock.move(seconds=1)
    batch = ledger.open_batch(KEY, 1, Side.B, "customers", 1, batch_rows(ids))
    clock.move(seconds=1)
    ledger.settle(KEY, 1, settlements([(ids[2], f"A{ids[2]}", f"B{ids[2]}", Status.PREPARED)]))
    ledger.close_batch(batch, processed(ids), done_rows=range(4))
    prepared = pa.table(ledger.peers(KEY, statuses=[Status.PREPARED]))
    assert prepared["record_id"].to_pylist() == sorted([5, ids[2]])


def test_a_written_record_that_is_not_settled_gets_its_baseline_too(ledger: SqlLedger) -> None:
    ledger.settle(KEY, 1, processed([1]))
    batch = ledger.open_batch(KEY, 1, Side.B, "customers", 1, batch_rows([1]))
    ledger.close_batch(batch, processed([]), done_rows=[0])
    assert ledger.baseline(1) == {"a:Phone": "1", "b:phone": "1"}


def test_a_batch_that_writes_nowhere_is_done_at_once(ledger: SqlLedger) -> None:
    ledger.keep_batch(KEY, 4, batch_rows([1], Action.LINK), processed([1]))
    assert ledger.open_batches("Customers") == []
    (row,) = ledger.history(4)
    assert (row.action, row.result) == (Action.LINK, "done")
    assert row.fields == (FieldChange("Phone", a="1"), FieldChange("phone", b="1"))
    assert ledger.baseline(1) != {}


def test_a_batch_takes_the_place_of_records_only_as_they_stood(ledger: SqlLedger) -> None:
    ledger.settle(KEY, 1, settlements([(1, "A1", None, Status.PREPARED), (2, None, "B2", Status.PREPARED)]))
    before = pa.table(ledger.peers(KEY))
    pair = settlements([(1, "A1", "B2", Status.PREPARED)])
    ledger.settle(KEY, 2, settlements([(2, "A2", "B2", Status.PREPARED)]))
    for expected in (before, settlements([(3, "A3", None, Status.PREPARED)])):
        with pytest.raises(VersionMismatchError):
            ledger.keep_batch(KEY, 0, batch_rows([1], Action.LINK), pair, instead_of=expected)
    assert pa.table(ledger.peers(KEY))["a_id"].to_pylist() == ["A1", "A2"]
    assert ledger.history(0) == []
    ledger.settle(KEY, 3, settlements([(2, None, "B2", Status.PREPARED)]))
    ledger.keep_batch(KEY, 0, batch_rows([1], Action.LINK), pair, instead_of=before)
    assert pa.table(ledger.peers(KEY)).select(["record_id", "a_id", "b_id"]).to_pylist() == [
        {"record_id": 1, "a_id": "A1", "b_id": "B2"}
    ]
    assert ledger.count_records(RecordQuery("Customers")) == 1


def test_history_tells_before_and_after_of_done_rows_only(ledger: SqlLedger) -> None:
    batch = ledger.open_batch(KEY, 1, Side.B, "customers", 1, batch_rows([1, 2]))
    assert [row.result for row in ledger.history(1)] == ["in doubt", "in doubt"]
    ledger.close_batch(batch, processed([1, 2]), done_rows=[1])
    skipped, done = ledger.history(1)
    assert (skipped.result, skipped.fields) == ("not done", ())
    assert (done.record_id, done.action, done.rule, done.a_id) == (2, Action.UPDATE_B, Rule.CHANGED_ONE_SIDE, "A2")
    assert done.fields == (FieldChange("phone", b="2", before=None, after="2", differs=True),)


def test_history_is_paged_over_the_batches_of_a_run(ledger: SqlLedger) -> None:
    for start in (1, 11, 21):
        ledger.keep_batch(KEY, 7, batch_rows(range(start, start + 10)), processed(range(start, start + 10)))
    ledger.keep_batch(KEY, 8, batch_rows([99]), processed([99]))

    def ids(limit: int, offset: int) -> list[int]:
        return [row.record_id for row in ledger.history(7, limit, offset)]

    assert ids(200, 0) == list(range(1, 31))
    assert ids(4, 8) == [9, 10, 11, 12]
    assert ids(15, 20) == list(range(21, 31))
    assert ids(5, 30) == []


def test_the_history_of_a_record_is_newest_first_also_when_it_is_gone(ledger: SqlLedger) -> None:
    for run_id in (1, 2, 3):
        ledger.keep_batch(KEY, run_id, batch_rows([1, run_id + 1, 9]), processed([1, run_id + 1, 9]))
    ledger.remove(KEY, [2])
    assert [row.run_id for row in ledger.record_history(9)] == [3, 2, 1]
    assert [row.run_id for row in ledger.record_history(9, limit=2)] == [3, 2]
    assert [row.run_id for row in ledger.record_history(2)] == [1]
    assert ledger.record_history(5) == []


def test_purging_keeps_baselines_and_drops_the_rest(ledger: SqlLedger, clock: HandClock) -> None:
    first = ledger.open_run(configuration(), RunKind.RUN, Trigger.HAND)
    ledger.keep_batch(KEY, first, batch_rows(range(1, 101)), processed(range(1, 101)))
    ledger.keep_batch(KEY, first, batch_rows([7, 8], mark="gone"), processed([7, 8]))
    clock.move(days=10)
    newer = ledger.open_batch(KEY, first, Side.B, "customers", 1, batch_rows(range(3, 101), mark="x"))
    ledger.close_batch(newer, processed(range(3, 101)), done_rows=list(range(98)))
    assert ledger.purge(clock.now()).actions == 100
    assert [row.record_id for row in ledger.history(first)][:3] == [1, 2, 3]  # thinned to what is a baseline
    assert len(ledger.history(first)) == 100
    assert ledger.baseline(2) == {"a:Phone": "2", "b:phone": "2"}
    assert ledger.baseline(50) == {"a:Phone": "50x", "b:phone": "50x"}
    assert ledger.purge(clock.now()).is_empty


def test_purging_never_drops_an_open_intent(ledger: SqlLedger, clock: HandClock) -> None:
    ledger.open_batch(KEY, 1, Side.B, "customers", 1, batch_rows([1]))
    clock.move(days=1000)
    assert ledger.purge(clock.now()).is_empty
    assert len(ledger.open_batches("Customers")) == 1
