"""What a killed program, a torn log and a full disk leave behind."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from desktop_sync.core.configuration import Side
from desktop_sync.core.errors import LedgerError
from desktop_sync.core.run import RunKind, Trigger
from desktop_sync.core.status import Status
from desktop_sync.ledger import SqlLedger, open_ledger
from tests.support.ledger_home import (
    KEY,
    CountedIds,
    HandClock,
    batch_rows,
    configuration,
    processed,
    settlements,
)

AT_A_STEP = """
import os, signal, sys
from pathlib import Path
from desktop_sync.core.configuration import Side
from desktop_sync.ledger import open_ledger
from tests.support.ledger_home import KEY, CountedIds, HandClock, batch_rows, processed
def kill(name):
    if name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
ledger = open_ledger(Path(sys.argv[1]), HandClock(), CountedIds(), kill)
batch = ledger.open_batch(KEY, 1, Side.B, "customers", 1, batch_rows([1, 2, 3]))
ledger.close_batch(batch, processed([1, 2, 3]), done_rows=[0, 1, 2])
"""
WRITER = """
import sys
from pathlib import Path
from desktop_sync.core.status import Status
from desktop_sync.ledger import open_ledger
from tests.support.ledger_home import KEY, CountedIds, HandClock, settlements
ledger = open_ledger(Path(sys.argv[1]), HandClock(), CountedIds())
for _ in range(40):
    first = ledger.reserve_record_ids(300)
    rows = [(n, f"A{n}", f"B{n}", Status.PROCESSED) for n in range(first, first + 300)]
    ledger.settle(KEY, 1, settlements(rows))
ledger.close()
"""


def open_here(home: Path) -> SqlLedger:
    return open_ledger(home, HandClock(), CountedIds())


@pytest.mark.scenario("A1")
@pytest.mark.parametrize(
    ("step", "open_intents", "peers"),
    [
        ("ledger.open_batch.before_commit", 0, 0),
        ("ledger.open_batch.after_commit", 1, 0),
        ("ledger.close_batch.before_commit", 1, 0),
        ("ledger.close_batch.after_commit", 0, 3),
    ],
)
def test_a_kill_leaves_an_intent_open_or_closed_but_never_half(
    home: Path, step: str, open_intents: int, peers: int
) -> None:
    killed = subprocess.run([sys.executable, "-c", AT_A_STEP, str(home), step], check=False)
    assert killed.returncode == -9
    ledger = open_here(home)
    batches = ledger.open_batches("Customers")
    assert (len(batches), ledger.count_peers(KEY)) == (open_intents, peers)
    if batches:
        assert pa.table(batches[0].rows).equals(batch_rows([1, 2, 3]))
    assert ledger.check() == []
    ledger.close()


def test_every_write_of_the_ledger_tells_its_steps(home: Path) -> None:
    told: list[str] = []
    ledger = open_ledger(home, HandClock(), CountedIds(), told.append)
    told.clear()
    run_id = ledger.open_run(configuration(), RunKind.RUN, Trigger.HAND)
    batch = ledger.open_batch(KEY, run_id, Side.B, "x", 1, batch_rows([1]))
    ledger.close_batch(batch, processed([1]), done_rows=[0])
    ledger.settle(KEY, run_id, processed([1]))
    names = ("open_run", "open_batch", "close_batch", "settle")
    assert told == [f"ledger.{name}.{when}_commit" for name in names for when in ("before", "after")]
    ledger.close()


def test_two_programs_write_the_same_ledger_and_nothing_is_lost(home: Path) -> None:
    open_here(home).close()
    running = [subprocess.Popen([sys.executable, "-c", WRITER, str(home)]) for _ in range(2)]
    assert [process.wait() for process in running] == [0, 0]
    ledger = open_here(home)
    assert ledger.count_peers(KEY) == 2 * 40 * 300
    assert ledger.check() == []
    ledger.close()


TRANSACTIONS = 12
PER_TRANSACTION = 50


@pytest.fixture(scope="module")
def torn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger whose last transactions lie in its log: each adds PER_TRANSACTION records, in order."""
    home = tmp_path_factory.mktemp("torn") / "home"
    open_here(home).close()
    ledger = open_here(home)
    for number in range(TRANSACTIONS):
        start = number * PER_TRANSACTION + 1
        ledger.settle(KEY, 1, processed(range(start, start + PER_TRANSACTION)))
    copy = home.with_name("copy")
    shutil.copytree(home, copy, ignore=shutil.ignore_patterns("*-shm", "open-*"))
    (copy / "locks" / "open-of-the-dead").touch()
    ledger.close()
    return copy


@pytest.mark.scenario("A9")
@pytest.mark.parametrize("garbled", [False, True])
def test_a_torn_log_opens_with_a_prefix_of_whole_transactions(torn: Path, tmp_path: Path, garbled: bool) -> None:
    chance = random.Random(2026 + garbled)
    size = (torn / "ledger.sqlite-wal").stat().st_size
    seen: set[int] = set()
    for case in range(50):
        home = tmp_path / str(case)
        shutil.copytree(torn, home)
        with (home / "ledger.sqlite-wal").open("r+b") as log:
            at = chance.randrange(size)
            if garbled:
                log.seek(at)
                log.write(chance.randbytes(512))
            else:
                log.truncate(at)
        ledger = open_here(home)
        count = ledger.count_peers(KEY)
        ids = pa.RecordBatchReader.from_stream(ledger.peers(KEY)).read_all().column("record_id").to_pylist()
        assert ledger.check() == []
        ledger.close()
        assert count % PER_TRANSACTION == 0
        assert ids == list(range(1, count + 1))
        seen.add(count)
        shutil.rmtree(home)
    assert len(seen) > 4  # the cuts really fell between different transactions


def test_a_full_disk_stops_the_step_with_a_sentence_and_it_can_be_repeated(home: Path) -> None:
    ledger = open_here(home)
    ledger.settle(KEY, 1, processed([1]))
    pages = 0
    with ledger._database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    rows = batch_rows(range(1, 5001))
    for _ in range(2):
        with pytest.raises(LedgerError, match="disk is full"):
            ledger.open_batch(KEY, 1, Side.B, "customers", 1, rows)
    assert ledger.open_batches("Customers") == []
    with ledger._database.engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages * 1000}")
    ledger.open_batch(KEY, 1, Side.B, "customers", 1, rows)
    assert len(ledger.open_batches("Customers")) == 1
    assert ledger.check() == []
    ledger.close()


def test_a_settlement_that_fails_midway_leaves_the_intent_open(home: Path) -> None:
    ledger = open_here(home)
    ledger.settle(KEY, 1, processed([77]))
    batch = ledger.open_batch(KEY, 1, Side.B, "customers", 1, batch_rows([1, 2]))
    taken = settlements([(1, "A1", "B1", Status.PROCESSED), (2, "A77", "B2", Status.PROCESSED)])
    with pytest.raises(LedgerError):
        ledger.close_batch(batch, taken, done_rows=[0, 1])
    assert len(ledger.open_batches("Customers")) == 1
    assert ledger.count_peers(KEY) == 1
    ledger.close()
