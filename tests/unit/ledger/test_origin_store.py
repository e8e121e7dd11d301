"""Origin stamps and follow-ups in the ledger."""

from __future__ import annotations

import pyarrow as pa
import pytest

from desktop_sync.core.sync_group import StructureName
from desktop_sync.ledger import SqlLedger
from desktop_sync.ledger.origin_store import ORIGIN_SCHEMA
from tests.support.ledger_home import HandClock, configuration

HUB = StructureName("Local", "people")
Row = tuple[str, str, bool, bytes, str, int, int]
TOLD = 7


def stamps(*rows: Row) -> pa.Table:
    names = ORIGIN_SCHEMA.names
    return pa.Table.from_pylist([dict(zip(names, (*row, TOLD), strict=True)) for row in rows], ORIGIN_SCHEMA)


def kept(ledger: SqlLedger, *ids: str, structure: StructureName = HUB) -> list[Row]:
    table = pa.table(ledger.origins(structure, ids))
    assert set(table.column("told_us").to_pylist()) <= {TOLD}
    return sorted(tuple(row.values())[:-1] for row in table.to_pylist())


def test_a_stamp_is_found_by_structure_and_record(ledger: SqlLedger) -> None:
    ledger.keep_origins(HUB, stamps(("1", "x", False, b"p", "A", 3, 1), ("2", "x", False, b"q", "B", 2, 0)))
    assert kept(ledger, "1") == [("1", "x", False, b"p", "A", 3, 1)]
    assert kept(ledger, "1", "2", "3")[1][0] == "2"
    assert kept(ledger, "1", structure=StructureName("A", "people")) == []


def test_a_new_stamp_takes_the_place_of_the_old_one_and_a_pending_one_stands_beside_it(ledger: SqlLedger) -> None:
    ledger.keep_origins(HUB, stamps(("1", "x", False, b"p", "A", 3, 0)))
    ledger.keep_origins(HUB, stamps(("1", "x", False, b"q", "B", 4, 0), ("1", "x", True, b"r", "C", 5, 0)))
    assert kept(ledger, "1") == [("1", "x", False, b"q", "B", 4, 0), ("1", "x", True, b"r", "C", 5, 0)]


def test_a_pending_stamp_holds_when_the_record_was_written_and_is_dropped_when_not(ledger: SqlLedger) -> None:
    for one in ("1", "2"):
        ledger.keep_origins(HUB, stamps((one, "x", False, b"p", "A", 3, 0), (one, "x", True, b"q", "B", 4, 0)))
    ledger.settle_origins(HUB, ["1"], ["2"])
    assert kept(ledger, "1", "2") == [("1", "x", False, b"q", "B", 4, 0), ("2", "x", False, b"p", "A", 3, 0)]
    ledger.settle_origins(HUB, ["1"], ["2"])
    assert len(kept(ledger, "1", "2")) == 2


def test_a_deleted_record_is_forgotten(ledger: SqlLedger) -> None:
    ledger.keep_origins(HUB, stamps(("1", "x", False, b"p", "A", 3, 0), ("1", "y", True, b"p", "A", 3, 0)))
    ledger.forget_origins(HUB, ["1"])
    assert kept(ledger, "1") == []


def test_the_last_complete_look_at_a_field_is_remembered(ledger: SqlLedger) -> None:
    assert ledger.scanned_at(HUB) == {}
    ledger.mark_scanned(HUB, ["x", "y"], 20)
    ledger.mark_scanned(HUB, ["y"], 10)
    ledger.mark_scanned(HUB, ["x"], 30)
    assert ledger.scanned_at(HUB) == {"x": 30, "y": 20}


@pytest.mark.scenario("G1")
def test_a_follow_up_is_due_until_a_run_of_the_configuration_looked_after_the_last_reason(
    ledger: SqlLedger, clock: HandClock
) -> None:
    saved = ledger.save_configuration(configuration())
    first = clock.now()
    ledger.mark_follow_up([saved.name, "unknown"], "To A")
    clock.move(hours=1)
    ledger.mark_follow_up([saved.name], "To B")
    (found,) = ledger.follow_ups().items()
    assert (found[0], found[1].because, found[1].due_since) == (saved.name, "To B", clock.now())
    ledger.clear_follow_up(saved.name, first)  # it looked before To B wrote
    assert list(ledger.follow_ups()) == [saved.name]
    ledger.clear_follow_up(saved.name, clock.now())
    assert ledger.follow_ups() == {}


def test_a_stamp_that_a_sibling_kept_meanwhile_stays(ledger: SqlLedger) -> None:
    ledger.keep_origins(HUB, stamps(("1", "x", False, b"p", "A", 3, 0), ("2", "x", False, b"p", "A", 3, 0)))
    seen = stamps(
        ("1", "x", False, b"q", "B", 4, 0), ("2", "x", False, b"q", "B", 4, 0), ("3", "x", False, b"q", "B", 4, 0)
    )
    ledger.keep_origins(HUB, seen.append_column("expected", pa.array([b"p", b"o", None], pa.binary())))
    assert [(row[0], row[3]) for row in kept(ledger, "1", "2", "3")] == [("1", b"q"), ("2", b"p"), ("3", b"q")]
    ledger.keep_origins(HUB, seen.append_column("expected", pa.array([None, None, b"q"], pa.binary())))
    assert [(row[0], row[3]) for row in kept(ledger, "1", "2", "3")] == [("1", b"q"), ("2", b"p"), ("3", b"q")]


def test_structures_that_nobody_synchronizes_any_more_have_no_stamps(ledger: SqlLedger) -> None:
    other = StructureName("Local", "orders")
    for structure in (HUB, other):
        ledger.keep_origins(structure, stamps(("1", "x", False, b"p", "A", 3, 0)))
    ledger.keep_structures({other})
    ledger.keep_structures({other})
    assert kept(ledger, "1") == []
    assert len(kept(ledger, "1", structure=other)) == 1
