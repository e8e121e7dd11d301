"""How sync records stand when held rows of an undo turn out not to have been written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from desktop_sync.core.ledger_values import Hold, HoldReason
from desktop_sync.core.status import Status
from desktop_sync.ledger import SqlLedger, open_ledger
from desktop_sync.services.settlement.undo_settling import AFTER, BEFORE, as_before, is_undo, undo_held
from tests.support.ledger_home import KEY, CountedIds, HandClock, settlements

NO_ANSWER = Hold(HoldReason.NO_ANSWER)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    opened = open_ledger(tmp_path / "home", HandClock(), CountedIds())
    rows = [(1, "A1", "B1", Status.REVIEW), (2, "A2", "B2", Status.REVIEW), (3, "A3", "B3", Status.SKIPPED)]
    opened.settle(KEY, 1, settlements(rows, last_error="no answer came"))
    yield opened
    opened.close()


def undone(*ids: int, before: Status | None = Status.PROCESSED) -> pa.Table:
    """Batch rows of an undo; without what stood before where `before` is None, as earlier versions wrote them."""
    columns = {"record_id": pa.array(ids, pa.int64()), AFTER: pa.array([int(Status.PREPARED)] * len(ids), pa.int8())}
    if before is not None:
        columns[BEFORE] = pa.array([int(before)] * len(ids), pa.int8())
    return pa.table(columns)


def stand(rows: pa.Table) -> dict[int, tuple[Status, str]]:
    return {row["record_id"]: (Status(row["status"]), row["last_error"]) for row in rows.to_pylist()}


def test_records_stand_as_they_did_unless_a_person_has_moved_them_on(ledger: SqlLedger) -> None:
    rows = undone(1, 2, 3, 99)
    assert is_undo(rows)
    assert stand(as_before(ledger, KEY, rows)) == {1: (Status.PROCESSED, ""), 2: (Status.PROCESSED, "")}


def test_rows_of_an_earlier_version_say_nothing_of_how_it_was(ledger: SqlLedger) -> None:
    assert as_before(ledger, KEY, undone(1, before=None)).num_rows == 0


def test_a_held_record_keeps_its_ids_and_says_why_it_is_in_review(ledger: SqlLedger) -> None:
    held = undo_held(ledger, KEY, undone(3, 2, 99), {0: NO_ANSWER, 2: NO_ANSWER})
    assert list(stand(held)) == [3]
    (row,) = held.to_pylist()
    assert (row["a_id"], row["b_id"], row["status"]) == ("A3", "B3", int(Status.REVIEW))
    assert row["last_error"]
