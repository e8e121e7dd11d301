"""What no caller may ask of the ledger is refused with a sentence, and nothing is changed by it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Rule
from desktop_sync.core.errors import BugError, LedgerError, VersionMismatchError
from desktop_sync.core.ledger_values import NewConflict, RecordQuery
from desktop_sync.core.plan import Mode
from desktop_sync.core.status import Status
from desktop_sync.core.sync_group import StructureName
from desktop_sync.ledger import SqlLedger, open_ledger
from desktop_sync.ledger.home_folder import file_system_of
from desktop_sync.ledger.ledger_faults import problem_of
from desktop_sync.ledger.restoring import check_whole
from desktop_sync.ledger.retention import SqlRetention
from tests.support.ledger_home import KEY, CountedIds, HandClock, batch_rows, configuration, processed, settlements

REFUSED: dict[str, tuple[Callable[[SqlLedger], object], type[Exception], str]] = {
    "batch rows without a rule": (
        lambda ledger: ledger.open_batch(KEY, 1, Side.B, "customers", 1, batch_rows([1]).drop_columns(["rule"])),
        BugError,
        "lack the column 'rule'",
    ),
    "settlements without a status": (
        lambda ledger: ledger.settle(KEY, 1, processed([5]).drop_columns(["status"])),
        BugError,
        "lack the column 'status'",
    ),
    "origin stamps without an origin": (
        lambda ledger: ledger.keep_origins(StructureName("CRM", "Customer"), pa.table({"field": ["Email"]})),
        BugError,
        "origin stamps lack the column",
    ),
    "the fence of a run that never was": (lambda ledger: ledger.fence(77), BugError, "no run 77"),
    "no ids": (lambda ledger: ledger.reserve_record_ids(0), ValueError, "at least one"),
    "a plan that would leave its shelf": (
        lambda ledger: ledger.put("Customers", "../../etc", Mode.FULL),
        BugError,
        "cannot name a folder",
    ),
    "an order by what is no column": (
        lambda ledger: ledger.records(RecordQuery("Customers", sort="1; DROP TABLE run")),
        BugError,
        "cannot be sorted",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_sense_is_refused_and_changes_nothing(ledger: SqlLedger, name: str) -> None:
    ask, kind, complaint = REFUSED[name]
    ledger.settle(KEY, 1, processed([1, 2]))
    with pytest.raises(kind, match=complaint):
        ask(ledger)
    assert [one.id for one in ledger.records(RecordQuery("Customers"))] == [1, 2]
    assert ledger.open_batches("Customers") == []


def test_nothing_that_is_asked_of_no_records_finds_something(ledger: SqlLedger) -> None:
    ledger.save_configuration(configuration())
    ledger.keep_origins(StructureName("CRM", "Customer"), pa.table({"field": pa.array([], pa.string())}))
    ledger.mark_scanned(StructureName("CRM", "Customer"), [], 5)
    assert ledger.scanned_at(StructureName("CRM", "Customer")) == {}
    assert list(ledger.batches_before(100, [])) == []
    ledger.rename_configuration("Customers", "Customers")
    assert [one.version for one in ledger.configurations()] == [1]


def test_the_last_thing_that_was_done_to_each_record_before_a_batch_is_found(ledger: SqlLedger) -> None:
    batches = []
    for records in ([1, 2], [3, 9], [2, 3], [1, 2, 3]):
        batch = ledger.open_batch(KEY, 1, Side.B, "customers", 2, batch_rows(records))
        ledger.close_batch(batch, processed(records), done_rows=range(len(records)))
        batches.append(batch)
    found = {one.id: one.rows["record_id"].to_pylist() for one in ledger.batches_before(batches[3], [1, 3, 5])}
    assert found == {batches[2]: [3], batches[0]: [1]}
    assert [one.id for one in ledger.batches_before(batches[3], [2])] == [batches[2]]


def test_a_long_list_of_peers_comes_in_whole(ledger: SqlLedger) -> None:
    """More than are fetched at once, and as many as are fetched at once exactly."""
    for number, count in ((0, 10_000), (10_000, 5)):
        ledger.settle(KEY, 1, processed(range(number + 1, number + count + 1)))
        wanted = [Status.PROCESSED]
        reader = pa.RecordBatchReader.from_stream(ledger.peers(KEY, statuses=wanted))
        assert reader.read_all()["record_id"].to_pylist() == list(range(1, number + count + 1))


# what is not sound


def damaged(ledger: SqlLedger, home: Path, statement: str) -> list[str]:
    with closing(sqlite3.connect(home / "ledger.sqlite")) as other, other:
        other.execute("PRAGMA foreign_keys = OFF")
        other.execute(statement)
    return SqlRetention.check(ledger)


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE entity SET record_count = 7", "The number of sync records is wrong for 1 entity."),
        ("DELETE FROM batch_content", "The baseline of 1 sync record is not there."),
        ("DELETE FROM entity", "with a pointer to nowhere"),
    ],
)
def test_rows_that_contradict_each_other_are_told(home: Path, clock: HandClock, statement: str, sentence: str) -> None:
    ledger = open_ledger(home, clock, CountedIds())
    batch = ledger.open_batch(KEY, 1, Side.B, "customers", 1, batch_rows([1]))
    ledger.close_batch(batch, processed([1]), done_rows=[0])
    assert ledger.check() == []
    assert any(sentence in line for line in damaged(ledger, home, statement))
    ledger.close()


def test_a_baseline_that_is_not_there_is_none(home: Path, clock: HandClock) -> None:
    ledger = open_ledger(home, clock, CountedIds())
    batch = ledger.open_batch(KEY, 1, Side.B, "customers", 1, batch_rows([1]))
    ledger.close_batch(batch, processed([1]), done_rows=[0])
    damaged(ledger, home, "DELETE FROM batch_content")
    assert ledger.baseline(1) == {}
    ledger.close()


def test_a_database_of_another_program_is_left_as_it_is(home: Path, clock: HandClock) -> None:
    home.mkdir(mode=0o700)
    with closing(sqlite3.connect(home / "ledger.sqlite")) as other, other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(LedgerError, match="another program"):
        open_ledger(home, clock, CountedIds())
    with closing(sqlite3.connect(home / "ledger.sqlite")) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]


def test_what_a_program_left_that_died_while_it_made_a_backup_is_gone_after_the_next(
    home: Path, clock: HandClock
) -> None:
    ledger = open_ledger(home, clock, CountedIds())
    left = home / "backups" / "ledger-19990101T000000Z.new"
    left.write_bytes(b"half")
    ledger.start_upkeep()
    ledger.finish_upkeep()
    assert not left.exists()
    assert len(ledger.backups()) == 1
    ledger.close()


# sentences


class DriverError(sqlite3.OperationalError):
    def __init__(self, name: str) -> None:
        super().__init__("what the driver says")
        self.sqlite_errorname = name


@pytest.mark.parametrize(
    ("name", "free", "sentence"),
    [
        ("SQLITE_FULL", 1 << 30, "the disk is full"),
        ("SQLITE_IOERR_WRITE", 5, "the disk is full"),
        ("SQLITE_IOERR_WRITE", 1 << 30, "the disk reported an error"),
        ("SQLITE_MISUSE", 1 << 30, "cannot be used (SQLITE_MISUSE: what the driver says)"),
    ],
)
def test_an_error_of_the_driver_is_said_for_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, free: int, sentence: str
) -> None:
    room = shutil.disk_usage(tmp_path)._replace(free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: room)
    assert sentence in problem_of(DriverError(name), tmp_path / "ledger.sqlite")


def test_a_line_about_mounts_that_is_none_says_nothing(tmp_path: Path) -> None:
    mounts = f"what is this\n22 1 8:1 / / rw - ext4 /dev/sda1 rw\n30 22 0:50 / {tmp_path} rw - nfs4 server:/x rw\n"
    assert file_system_of(tmp_path / "home", mounts) == "nfs4"
    assert file_system_of(Path("/"), mounts) == "ext4"
    assert file_system_of(tmp_path, "what is this - \nshort - nfs4 x\n") == ""


def test_a_conflict_of_a_record_that_is_gone_cannot_be_decided(home: Path, clock: HandClock) -> None:
    ledger = open_ledger(home, clock, CountedIds())
    ledger.settle(KEY, 1, settlements([(1, "A1", "B1", Status.CONFLICT)]))
    ledger.keep_conflicts(KEY, 1, [NewConflict(1, int(Rule.ASK), None, None, None, ())])
    found = ledger.conflict_of(1)
    assert found is not None
    damaged(ledger, home, "DELETE FROM sync_record")
    with pytest.raises(VersionMismatchError):
        ledger.decide_conflict(found.id, Side.A)
    ledger.close()


def test_a_file_that_can_be_read_but_contradicts_its_own_tables_is_damaged(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("CREATE TABLE run (name TEXT)")
        other.execute("INSERT INTO run VALUES (NULL)")
    check_whole(file)
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("PRAGMA writable_schema = ON")
        other.execute("UPDATE sqlite_master SET sql = 'CREATE TABLE run (name TEXT NOT NULL)'")
    with pytest.raises(LedgerError, match="damaged"):
        check_whole(file)
