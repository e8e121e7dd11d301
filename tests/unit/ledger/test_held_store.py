"""Held records: kept with their intent, released when more is known, and never for another batch's sake."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest

from desktop_sync.core.configuration import Side
from desktop_sync.core.errors import BugError
from desktop_sync.core.ledger_values import Hold, HoldReason, Request
from desktop_sync.core.provider_port import CreateClass, Operation
from desktop_sync.core.status import Status
from desktop_sync.ledger import SqlLedger
from tests.support.ledger_home import KEY, OTHER_KEY, HandClock, batch_rows, processed, settlements

NO_ANSWER = Hold(HoldReason.NO_ANSWER)
AMBIGUOUS = Hold(HoldReason.AMBIGUOUS, ("B7", "B8"))


def held(
    ledger: SqlLedger, records: list[int], doubtful: list[int], key: object = KEY, request: Request | None = None
) -> int:
    """A batch of creates in B of which the rows in `doubtful` are held and the others are done; its id."""
    batch = ledger.open_batch(
        key,  # type: ignore[arg-type]
        3,
        Side.B,
        "customers",
        int(Operation.CREATE),
        batch_rows(records, mark="sent"),
        request or Request(),
    )
    done = [row for row in range(len(records)) if row not in doubtful]
    rows = [(one, f"A{one}", f"B{one}", Status.PROCESSED) for one in (records[row] for row in done)]
    rows += [(records[row], f"A{records[row]}", None, Status.REVIEW) for row in doubtful]
    ledger.close_batch(batch, settlements(rows), done_rows=done, held=dict.fromkeys(doubtful, NO_ANSWER))
    return batch


def test_held_rows_come_with_their_places_and_with_how_they_were_sent(ledger: SqlLedger, clock: HandClock) -> None:
    sent = Request("a key", CreateClass.NATURAL_KEY, ("email", "phone"), clock.now() + timedelta(seconds=40))
    batch = held(ledger, [1, 2, 3], [0, 2], request=sent)
    (found,) = ledger.held_batches("Customers")
    assert (found.id, found.places, found.holds, found.request) == (batch, (0, 2), (NO_ANSWER, NO_ANSWER), sent)
    assert pa.table(found.rows)["record_id"].to_pylist() == [1, 3]
    assert [one.record_id for one in ledger.held_records("Customers")] == [1, 3]
    assert ledger.held_batches("Another") == []


def test_a_held_row_that_was_written_has_the_id_that_became_known_and_the_others_stay(ledger: SqlLedger) -> None:
    batch = held(ledger, [1, 2, 3, 4], [1, 3])
    known = batch_rows([4, 2], mark="stored")
    ledger.resolve_held(batch, processed([2, 4]), done_rows=[3, 1], free_rows=[], stored=known)
    assert ledger.held_records("Customers") == []
    assert {record: ledger.baseline(record)["b:phone"] for record in (1, 2, 3, 4)} == {
        1: "1sent",
        2: "2stored",
        3: "3sent",
        4: "4stored",
    }
    assert sorted(row.result for row in ledger.history(3)) == ["done"] * 4


def test_held_rows_that_were_not_written_are_free_and_no_baseline(ledger: SqlLedger) -> None:
    batch = held(ledger, [1, 2], [0, 1])
    ledger.resolve_held(batch, processed([]), done_rows=[], free_rows=[1])
    assert [one.record_id for one in ledger.held_records("Customers")] == [1]
    ledger.resolve_held(batch, processed([]), done_rows=[], free_rows=[0])
    assert ledger.held_records("Customers") == []
    assert (ledger.baseline(1), ledger.baseline(2)) == ({}, {})


def test_more_or_fewer_rows_than_were_written_are_refused_and_nothing_changes(ledger: SqlLedger) -> None:
    batch = held(ledger, [1, 2], [0, 1])
    for stored in (batch_rows([1, 2]), batch_rows([])):
        with pytest.raises(BugError, match="rows were found for 1"):
            ledger.resolve_held(batch, processed([1]), done_rows=[0], free_rows=[], stored=stored)
    assert [one.record_id for one in ledger.held_records("Customers")] == [1, 2]


def test_a_row_is_held_again_for_another_reason_and_since_when_stays(ledger: SqlLedger, clock: HandClock) -> None:
    batch = held(ledger, [1, 2], [0, 1])
    since = clock.now()
    clock.move(hours=5)
    again = settlements([(2, "A2", None, Status.REVIEW)], last_error="it may be one of these")
    ledger.hold_again(batch, again, {1: AMBIGUOUS})
    assert [(one.hold, one.since) for one in ledger.held_records("Customers")] == [
        (NO_ANSWER, since),
        (AMBIGUOUS, since),
    ]
    ledger.hold_again(batch, settlements([]), {})
    assert [one.hold for one in ledger.held_records("Customers")] == [NO_ANSWER, AMBIGUOUS]


def test_a_person_releases_only_the_records_of_that_entity(ledger: SqlLedger) -> None:
    held(ledger, [1, 2], [0, 1])
    held(ledger, [3], [0], key=OTHER_KEY)
    ledger.release_held(KEY, [2, 3])
    assert [one.record_id for one in ledger.held_records("Customers")] == [1, 3]
    ledger.release_held(KEY, [2])
    ledger.release_held(KEY, [])
    assert [one.record_id for one in ledger.held_records("Customers")] == [1, 3]


def test_ids_that_were_known_before_are_kept_as_long_as_an_intent_needs_them(ledger: SqlLedger) -> None:
    def ids(*known: str) -> pa.Table:
        return pa.table({"id": pa.array(known, pa.string())})

    ledger.keep_known_ids(KEY, 3, Side.B, ids("B1", "B2"))
    batch = held(ledger, [1], [0])
    ledger.keep_known_ids(KEY, 4, Side.B, ids("B3"))
    assert ledger.known_ids(KEY, 3, Side.B) == {"B1", "B2"}
    ledger.resolve_held(batch, processed([]), done_rows=[], free_rows=[0])
    ledger.keep_known_ids(KEY, 5, Side.B, ids())
    assert ledger.known_ids(KEY, 3, Side.B) is None
    assert ledger.known_ids(KEY, 5, Side.B) == frozenset()
    assert ledger.known_ids(KEY, 5, Side.A) is None
    assert ledger.known_ids(OTHER_KEY, 5, Side.B) is None
