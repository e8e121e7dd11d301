"""Sync records: settled in bulk, streamed, counted, queried."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest

from desktop_sync.core.configuration import Side
from desktop_sync.core.errors import LedgerError
from desktop_sync.core.ledger_values import EntityKey, RecordQuery, Watermark
from desktop_sync.core.status import Status
from desktop_sync.ledger import SqlLedger, open_ledger
from desktop_sync.ledger.peer_chunks import CHUNK
from tests.support.ledger_home import KEY, OTHER_KEY, CountedIds, HandClock, batch_rows, digest, processed, settlements


def read(stream: object) -> pa.Table:
    return pa.RecordBatchReader.from_stream(stream).read_all()


def pairs(ledger: SqlLedger) -> dict[int, tuple[str | None, str | None]]:
    return {row["record_id"]: (row["a_id"], row["b_id"]) for row in read(ledger.peers(KEY)).to_pylist()}


def test_peers_come_back_as_they_were_settled_in_the_order_of_their_ids(ledger: SqlLedger) -> None:
    at = datetime(2026, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
    rows = settlements(
        [(2, "ä'\"\n", None, Status.FAILED), (1, "x", "y", Status.FAILED)], attempts=3, not_before=at, deleted_in=1
    )
    ledger.settle(KEY, 1, rows)
    expected = rows.drop_columns("last_error").sort_by("record_id")
    assert read(ledger.peers(KEY)).to_pylist() == expected.to_pylist()


def test_peers_of_every_kind_come_back_in_order_over_many_chunks(ledger: SqlLedger) -> None:
    usual = range(1, 5 * CHUNK, 2)  # ids with gaps
    rows: list[tuple[int, str | None, str | None, Status]] = [(i, f"A{i}", f"B{i}", Status.PROCESSED) for i in usual]
    odd = {
        0: ("A\x1fx", "B\x1f", Status.PROCESSED),
        7: ("", "odd B7\0", Status.PROCESSED),
        8: (None, "odd B8", Status.PROCESSED),
        CHUNK - 1: ("odd A9", None, Status.REVIEW),
        CHUNK: ("odd A10", "odd B10", Status.DELETED),
        2 * CHUNK: ("odd A11", "odd B11", Status.CONFLICT),
    }
    for place, (a_id, b_id, status) in odd.items():
        rows[place] = (rows[place][0], a_id, b_id, status)
    given = settlements(rows)
    digests = given["a_digest"].to_pylist()
    digests[3], digests[4] = None, b"of another length"
    given = given.set_column(given.schema.get_field_index("a_digest"), "a_digest", pa.array(digests, pa.binary()))
    ledger.settle(KEY, 1, given)
    ledger.settle(KEY, 1, settlements([(5, "A5", "B5", Status.PROCESSED)], attempts=2))
    expected = {row["record_id"]: row for row in given.drop_columns("last_error").to_pylist()}
    expected[5] |= {"attempts": 2}
    found = read(ledger.peers(KEY)).to_pylist()
    assert [row["record_id"] for row in found] == list(usual)
    assert found == [expected[number] for number in usual]


@pytest.mark.parametrize("count", [1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
def test_no_peer_is_lost_where_chunks_meet(ledger: SqlLedger, count: int) -> None:
    ledger.settle(KEY, 1, processed(range(10, 10 + count)))
    assert read(ledger.peers(KEY))["record_id"].to_pylist() == list(range(10, 10 + count))


def test_the_peers_of_an_unknown_entity_are_none_with_the_right_columns(ledger: SqlLedger) -> None:
    table = read(ledger.peers(EntityKey("nobody", "knows")))
    assert table.num_rows == 0
    assert table.column_names[:3] == ["record_id", "a_id", "b_id"]


def test_a_stream_shows_one_state_while_others_write(ledger: SqlLedger) -> None:
    ledger.settle(KEY, 1, processed(range(1, 50_001)))
    stream = pa.RecordBatchReader.from_stream(ledger.peers(KEY))
    first = stream.read_next_batch()
    ledger.remove(KEY, range(1, 50_001))
    assert first.num_rows + sum(batch.num_rows for batch in stream) == 50_000
    assert read(ledger.peers(KEY)).num_rows == 0


def test_a_stream_that_is_let_go_gives_its_connection_back(ledger: SqlLedger) -> None:
    ledger.settle(KEY, 1, processed(range(1, 50_001)))
    streams = [ledger.peers(KEY) for _ in range(3)]
    pool = ledger._database.engine.pool
    assert pool.status().count("Current Checked out connections: 3") == 1
    streams.clear()
    assert pool.status().count("Current Checked out connections: 0") == 1


@pytest.mark.parametrize("is_read_to_the_end", [True, False])
def test_a_stream_that_outlives_the_ledger_leaves_no_connection_open(home: Path, is_read_to_the_end: bool) -> None:
    """The last connection that is closed folds the log into the file."""
    ledger = open_ledger(home, HandClock(), CountedIds())
    ledger.settle(KEY, 1, processed(range(1, 50_001)))
    stream = pa.RecordBatchReader.from_stream(ledger.peers(KEY))
    ledger.close()
    log = home / "ledger.sqlite-wal"
    assert log.exists(), "nobody reads any more"
    if is_read_to_the_end:
        assert read(stream).num_rows == 50_000
    del stream
    assert not log.exists()


def test_peers_are_found_by_ids_of_either_side_and_by_status(ledger: SqlLedger) -> None:
    ledger.settle(KEY, 1, processed(range(1, 101)))
    ledger.settle(KEY, 1, settlements([(7, "A7", "B7", Status.CONFLICT), (200, "nul\0x", None, Status.REVIEW)]))

    def found(**wanted: object) -> list[int]:
        return read(ledger.peers(KEY, **wanted)).column("record_id").to_pylist()  # type: ignore[arg-type]

    assert found(a_ids=["A3", "A4", "nobody"]) == [3, 4]
    assert found(b_ids=["B9"], a_ids=["A3"], statuses=[Status.CONFLICT]) == [3, 7, 9]
    assert found(statuses=[Status.CONFLICT, Status.REVIEW]) == [7, 200]
    assert found(a_ids=["nul\0x"]) == [200]
    assert found(a_ids=[]) == []
    assert found(a_ids=["A5"]) == [5]  # nothing is left over from the questions before
    assert len(found(statuses=[Status.PROCESSED])) == 99


def test_ids_change_hands_within_one_settlement(ledger: SqlLedger) -> None:
    ledger.settle(KEY, 1, processed([1, 2, 3]))
    swapped = settlements(
        [
            (1, "A2", "B1", Status.PROCESSED),
            (2, "A1", "B3", Status.PROCESSED),
            (3, None, "B2", Status.PROCESSED),
            (4, "A3", None, Status.PREPARED),
        ]
    )
    ledger.settle(KEY, 1, swapped)
    assert pairs(ledger) == {1: ("A2", "B1"), 2: ("A1", "B3"), 3: (None, "B2"), 4: ("A3", None)}


def test_an_id_held_by_a_record_outside_the_settlement_is_not_taken(ledger: SqlLedger) -> None:
    ledger.settle(KEY, 1, processed([1, 2]))
    with pytest.raises(LedgerError, match="contradicts"):
        ledger.settle(KEY, 1, settlements([(5, "A9", "B9", Status.PROCESSED), (1, "A2", "B1", Status.PROCESSED)]))
    assert pairs(ledger) == {1: ("A1", "B1"), 2: ("A2", "B2")}


def test_two_entities_may_hold_the_same_ids(ledger: SqlLedger) -> None:
    ledger.settle(KEY, 1, processed([1]))
    ledger.settle(OTHER_KEY, 1, settlements([(2, "A1", "B1", Status.PREPARED)]))
    assert read(ledger.peers(OTHER_KEY)).column("record_id").to_pylist() == [2]
    assert ledger.count_by_status("Customers") == {Status.PREPARED: 1, Status.PROCESSED: 1}
    assert ledger.count_by_status("Customers", "orders") == {Status.PREPARED: 1}


def test_counts_follow_every_settlement_and_removal(ledger: SqlLedger) -> None:
    ledger.settle(KEY, 1, processed(range(1, 11)))
    assert ledger.count_peers(KEY) == 10
    changes = [(1, "A1", "B1", Status.DELETED), (2, None, "B2", Status.DELETED), (3, "A3", None, Status.PREPARED)]
    ledger.settle(KEY, 1, settlements(changes))
    assert ledger.count_peers(KEY) == 7
    assert ledger.count_by_status("Customers") == {Status.PREPARED: 1, Status.PROCESSED: 7, Status.DELETED: 2}
    ledger.remove(KEY, [1, 3, 10, 999])
    ledger.remove(KEY, [1])
    assert ledger.count_peers(KEY) == 6
    assert ledger.count_by_status("Customers") == {Status.PROCESSED: 6, Status.DELETED: 1}


def test_a_removed_record_may_come_again(ledger: SqlLedger) -> None:
    ledger.settle(KEY, 1, processed([1, 2, 3]))
    ledger.remove(KEY, [2])
    ledger.settle(KEY, 1, processed([2, 3]))
    assert ledger.count_peers(KEY) == 3


def test_reserved_ids_are_never_given_twice(ledger: SqlLedger) -> None:
    first = ledger.reserve_record_ids(3)
    second = ledger.reserve_record_ids(20_000)
    third = ledger.reserve_record_ids(1)
    assert first + 3 <= second
    assert second + 20_000 <= third


def test_many_reservations_share_few_transactions(home: Path, clock: HandClock) -> None:
    told: list[str] = []
    ledger = open_ledger(home, clock, CountedIds(), told.append)
    told.clear()
    firsts = [ledger.reserve_record_ids(10_000) for _ in range(31)]
    assert told.count("ledger.reserve_ids.after_commit") == 5
    assert all(second - first >= 10_000 for first, second in pairwise(firsts))
    ledger.close()


def test_ids_that_a_settlement_brings_are_not_given_out_later(ledger: SqlLedger) -> None:
    ledger.settle(KEY, 1, processed([123_456]))
    assert ledger.reserve_record_ids(1) > 123_456


def test_ids_are_sorted_as_people_look_for_them_over_all_entities(ledger: SqlLedger) -> None:
    names = ["Zoe", "anna", "Äda", "Bo", "ada", "Ada", "zoe", "Élise", "emil"]
    ledger.settle(KEY, 1, settlements([(n, name, None, Status.PREPARED) for n, name in enumerate(names, 1)]))
    ledger.settle(OTHER_KEY, 1, settlements([(10, "albert", "7", Status.FAILED), (11, None, "8", Status.PREPARED)]))

    def found(**wanted: object) -> list[str | None]:
        records = ledger.records(RecordQuery("Customers", sort="a_id", **wanted))  # type: ignore[arg-type]
        return [record.a_id for record in records]

    order = [None, "Ada", "ada", "Äda", "albert", "anna", "Bo", "Élise", "emil", "Zoe", "zoe"]
    assert found() == order
    assert found(descending=True) == order[::-1]
    assert [one for start in range(0, 12, 2) for one in found(offset=start, limit=2)] == order
    assert found(statuses=(Status.FAILED,)) == ["albert"]
    assert found(entity="orders") == [None, "albert"]
    assert found(text="DA") == ["Ada", "ada", "Äda"]


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (["B1", "A_2", "A10", "[3]"], ["A10", "A_2", "B1", "[3]"]),  # of one case, as an index has them
        (["b1", "a_2", "a10", "~"], ["a10", "a_2", "b1", "~"]),
        (["b", "A", "C"], ["A", "b", "C"]),
        (["ö", "p", "n"], ["n", "ö", "p"]),
        (["Ö", "P", "N"], ["N", "Ö", "P"]),
    ],
)
def test_ids_of_any_letters_are_in_order(ledger: SqlLedger, names: list[str], order: list[str]) -> None:
    ledger.settle(KEY, 1, settlements([(n, name, name, Status.PREPARED) for n, name in enumerate(names, 1)]))
    for sort in ("a_id", "b_id"):
        found = ledger.records(RecordQuery("Customers", sort=sort))
        assert [record.a_id for record in found] == order
        found = ledger.records(RecordQuery("Customers", sort=sort, descending=True))
        assert [record.a_id for record in found] == order[::-1]


def test_records_are_paged_sorted_and_searched_over_all_entities(ledger: SqlLedger) -> None:
    ledger.settle(KEY, 1, processed(range(1, 6)))
    ledger.settle(OTHER_KEY, 1, settlements([(6, "A0", None, Status.FAILED)], last_error="100% too long", attempts=2))

    def ids(**wanted: object) -> list[int]:
        return [record.id for record in ledger.records(RecordQuery("Customers", **wanted))]  # type: ignore[arg-type]

    assert ids() == [1, 2, 3, 4, 5, 6]
    assert ids(limit=2, offset=1) == [2, 3]
    assert ids(sort="a_id") == [6, 1, 2, 3, 4, 5]
    assert ids(sort="attempts", descending=True, limit=1) == [6]
    assert ids(entity="orders") == [6]
    assert ids(statuses=(Status.FAILED,)) == [6]
    assert ids(text="0% TOO") == [6]
    assert ids(text="%") == [6]
    assert ids(text="b4") == [4]
    failed = ledger.record(6)
    assert failed is not None
    assert (failed.entity, failed.last_error, failed.attempts) == ("orders", "100% too long", 2)
    assert ledger.record(7) is None
    assert ledger.record(2**63) is None


def test_a_record_is_found_by_its_whole_id_in_an_endpoint_however_many_ids_hold_that(ledger: SqlLedger) -> None:
    ledger.settle(KEY, 1, processed(range(1, 400)))
    ledger.settle(KEY, 1, settlements([(400, "B2", "A3", Status.PROCESSED)]))  # ids need not be unique in both systems

    def ids(endpoint_id: str, **wanted: object) -> list[int]:
        query = RecordQuery("Customers", endpoint_id=endpoint_id, **wanted)  # type: ignore[arg-type]
        found = [record.id for record in ledger.records(query)]
        assert ledger.count_records(query) == len(found)
        return found

    assert ids("A3") == [3, 400]
    assert ids("B2") == [2, 400]
    assert ids("B2", statuses=(Status.FAILED,)) == []
    assert ids("A") == []


def test_counting_a_query_agrees_with_its_pages(ledger: SqlLedger) -> None:
    ledger.settle(KEY, 1, processed(range(1, 31)))
    ledger.settle(KEY, 1, settlements([(3, "A3", "B3", Status.INVALID)]))
    queries = [
        RecordQuery(),
        RecordQuery("Customers", statuses=(Status.PROCESSED, Status.INVALID)),
        RecordQuery("Customers", statuses=(Status.INVALID,)),
        RecordQuery("Customers", text="A1"),
        RecordQuery("Nobody"),
    ]
    assert [ledger.count_records(query) for query in queries] == [30, 30, 1, 11, 0]
    assert [len(ledger.records(query)) for query in queries] == [30, 30, 1, 11, 0]


def test_the_time_of_a_change_is_the_clocks(ledger: SqlLedger, clock: HandClock) -> None:
    ledger.settle(KEY, 1, processed([1, 2]))
    clock.move(hours=1)
    ledger.settle(KEY, 1, processed([2]))
    records = ledger.records(RecordQuery("Customers"))
    assert (records[1].updated_at, (records[1].updated_at - records[0].updated_at).seconds) == (clock.now(), 3600)


def test_a_missing_last_error_is_an_empty_one(ledger: SqlLedger) -> None:
    ledger.settle(KEY, 1, settlements([(1, "A1", None, Status.PREPARED)], last_error=None))
    record = ledger.record(1)
    assert record is not None
    assert record.last_error == ""


def test_the_baseline_is_the_last_batch_that_wrote_the_record(ledger: SqlLedger) -> None:
    assert ledger.baseline(1) == {}
    for mark in ("old", "new"):
        batch = ledger.open_batch(KEY, 1, Side.B, "customers", 1, batch_rows([1, 2], mark=mark))
        ledger.close_batch(batch, processed([1, 2]), done_rows=[0, 1] if mark == "old" else [1])
    assert ledger.baseline(1) == {"a:Phone": "1old", "b:phone": "1old"}
    assert ledger.baseline(2) == {"a:Phone": "2new", "b:phone": "2new"}
    ledger.settle(KEY, 2, settlements([(2, "A2", "B2", Status.PREPARED)]))
    assert ledger.baseline(2)["a:Phone"] == "2new"
    assert ledger.baselines([2, 1, 77]) == {1: ledger.baseline(1), 2: ledger.baseline(2)}


def test_watermarks_are_kept_for_each_side(ledger: SqlLedger) -> None:
    assert ledger.watermark(KEY, Side.A) == Watermark()
    ledger.save_watermarks(KEY, Watermark("2026-01-01", 5, "x"), Watermark())
    ledger.save_watermarks(KEY, Watermark("2026-02-02", None, "x"), Watermark("9", 7, "y"))
    assert ledger.watermark(KEY, Side.A) == Watermark("2026-02-02", None, "x")
    assert ledger.watermark(KEY, Side.B) == Watermark("9", 7, "y")


def test_settling_a_large_mixture_of_new_and_known_records_keeps_every_value(ledger: SqlLedger) -> None:
    ledger.settle(KEY, 1, processed(range(1, 40_001, 2)))
    ledger.settle(KEY, 2, settlements(((n, f"A{n}", f"B{n}", Status.PREPARED) for n in range(1, 40_001)), mark="!"))
    rows = read(ledger.peers(KEY))
    assert rows.column("record_id").to_pylist() == list(range(1, 40_001))
    assert rows.column("a_digest").to_pylist() == [digest(f"a{n}!") for n in range(1, 40_001)]
    assert ledger.count_by_status("Customers") == {Status.PREPARED: 40_000}


def test_a_single_record_without_any_value_is_kept(ledger: SqlLedger) -> None:
    row = settlements([(1, None, None, Status.REVIEW)])
    nothing = pa.nulls(1, pa.binary())
    for name in ("a_digest", "b_digest"):
        row = row.set_column(row.column_names.index(name), name, nothing)
    ledger.settle(KEY, 1, row)
    assert read(ledger.peers(KEY)).to_pylist() == row.drop_columns("last_error").to_pylist()


PLAIN = [(f"A{i}", f"B{i}") for i in range(50)]
INSERTS: dict[str, list[tuple[str | None, str | None]]] = {
    "the same id on both sides": [(f"{i}", f"{i}") for i in range(50)],
    "other ids on the other side": PLAIN,
    "ids of every kind": [*PLAIN, ("\"\\'\n\t", "\x1e\x7f"), ("💾 é e\u0301", "\u2028'"), ("", " "), ("null", "1e3")],
    "an id with what separates": [*PLAIN, ("x\x1fy", "z"), ("u", "v\x1f")],
    "an id with a null character": [*PLAIN, ("x\0y", "z"), ("u", "v\0")],
    "an id that is missing": [*PLAIN, (None, "z"), ("u", None)],
}


@pytest.mark.parametrize("ids", INSERTS.values(), ids=INSERTS)
@pytest.mark.parametrize("step", [1, 2])
def test_new_records_are_kept_as_they_were_settled(
    ledger: SqlLedger, ids: list[tuple[str | None, str | None]], step: int
) -> None:
    rows = settlements([(7 + step * n, a_id, b_id, Status.PROCESSED) for n, (a_id, b_id) in enumerate(ids)])
    ledger.settle(KEY, 3, rows)
    assert read(ledger.peers(KEY)).to_pylist() == rows.drop_columns("last_error").to_pylist()


@pytest.mark.parametrize("other", [None, b"", b"of another length"])
def test_a_new_record_keeps_a_digest_of_any_length(ledger: SqlLedger, other: bytes | None) -> None:
    rows = settlements([(n, f"{n}", f"{n}", Status.PROCESSED) for n in range(1, 20)])
    digests = [*rows["b_digest"].to_pylist()[1:], other]
    rows = rows.set_column(rows.schema.get_field_index("b_digest"), "b_digest", pa.array(digests, pa.binary()))
    ledger.settle(KEY, 3, rows)
    assert read(ledger.peers(KEY))["b_digest"].to_pylist() == digests


def test_new_records_of_which_two_have_one_id_change_nothing(ledger: SqlLedger) -> None:
    with pytest.raises(LedgerError):
        ledger.settle(KEY, 3, settlements([(n, f"{n % 18}", f"B{n}", Status.PROCESSED) for n in range(1, 20)]))
    assert pairs(ledger) == {}
