"""What a purge takes away, what it leaves alone, when it comes by itself, and that the files get smaller."""

from __future__ import annotations

import os
import random
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action
from desktop_sync.core.errors import AlreadyRunningError
from desktop_sync.core.history_retention import DEFAULT_DAYS, FOR_EVER
from desktop_sync.core.long_value import token_of
from desktop_sync.core.plan import Mode
from desktop_sync.core.run import Outcome, RunKind, RunResult, Trigger
from desktop_sync.ledger import SqlLedger, open_ledger
from desktop_sync.ledger.database import size_on_disk
from tests.support.ledger_home import KEY, CountedIds, HandClock, batch_rows, configuration, processed

DAY = timedelta(days=1)


def write(ledger: SqlLedger, number: int, rows: pa.Table) -> None:
    """The rows were written to B in that run."""
    ids = rows.column("record_id").to_pylist()
    batch = ledger.open_batch(KEY, number, Side.B, "customers", 1, rows)
    ledger.close_batch(batch, processed(ids), done_rows=list(range(len(ids))))


def run(ledger: SqlLedger, ids: range, mark: str = "", outcome: Outcome = Outcome.DONE) -> int:
    number = ledger.open_run(configuration(), RunKind.RUN, Trigger.HAND)
    write(ledger, number, batch_rows(list(ids), mark=mark))
    ledger.finish_run(number, RunResult(number, "Customers", outcome))
    ledger.finish_upkeep()
    return number


def test_looking_says_exactly_what_a_purge_then_takes_away(ledger: SqlLedger, clock: HandClock) -> None:
    run(ledger, range(1, 101))
    run(ledger, range(1, 101), "x")
    clock.move(days=10)
    run(ledger, range(1, 101), "y")
    before = [one.id for one in ledger.runs()]
    looked = ledger.look_at_purge(clock.now() - DAY)
    assert (looked.runs, looked.actions) == (2, 200)
    assert looked.content_bytes > 0
    assert [one.id for one in ledger.runs()] == before
    purged = ledger.purge(clock.now() - DAY)
    assert (purged.runs, purged.actions, purged.content_bytes) == (2, 200, looked.content_bytes)
    assert len(ledger.runs()) == 1
    assert ledger.look_at_purge(clock.now() - DAY).is_empty


def test_the_newest_runs_of_a_configuration_stay_whatever_their_age(ledger: SqlLedger, clock: HandClock) -> None:
    ledger.save_configuration(configuration())
    numbers = [run(ledger, range(1, 3), outcome=outcome) for outcome in (Outcome.DONE, Outcome.DONE, Outcome.FAILED)]
    for _each in range(2):  # the second to last went well, the last failed
        clock.move(days=1000)
        ledger.purge(clock.now())
        assert [one.id for one in ledger.runs()] == [numbers[2], numbers[1]]


def test_nothing_is_purged_while_a_run_goes_on(ledger: SqlLedger, clock: HandClock) -> None:
    run(ledger, range(1, 3))
    clock.move(days=1000)
    with ledger.hold("Customers"):
        ledger.open_run(configuration(), RunKind.RUN, Trigger.HAND)
        with pytest.raises(AlreadyRunningError):
            ledger.purge(clock.now())
        assert ledger.purge_if_due() is None
    ledger.close_cut_off_runs()
    ledger.purge(clock.now())


def test_what_the_undo_of_a_newer_quiet_run_asks_for_stays(ledger: SqlLedger, clock: HandClock) -> None:
    run(ledger, range(1, 101))
    run(ledger, range(1, 101), "x")
    clock.move(days=10)
    run(ledger, range(11, 101), "y")
    rows = batch_rows(list(range(1, 11)), Action.ADOPT)
    ledger.keep_batch(KEY, 3, rows, processed(range(1, 11)))
    ledger.purge(clock.now() - DAY)
    (earlier,) = ledger.batches_before(4, range(1, 11))
    found = pa.RecordBatchReader.from_stream(earlier.rows).read_all()
    assert found.column("record_id").to_pylist() == list(range(1, 11))
    assert found.column("a:Phone").to_pylist() == [f"{number}x" for number in range(1, 11)]


def test_long_values_that_anything_speaks_of_stay(ledger: SqlLedger, clock: HandClock) -> None:
    contents = [bytes([number]) * 600 for number in range(4)]
    baseline, history, plan, lost = [token_of(one) for one in contents]
    ledger.keep_values({token_of(one): one for one in contents})

    def rows(token: bytes) -> pa.Table:
        texts = pa.array([token.hex().upper()], pa.string())
        return batch_rows([1]).set_column(7, "a:Phone", texts)

    number = ledger.open_run(configuration(), RunKind.RUN, Trigger.HAND)
    write(ledger, number, rows(lost))
    clock.move(days=100)
    write(ledger, number, rows(history))
    write(ledger, number, rows(baseline))
    looked = ledger.look_at_purge(clock.now() - DAY)
    assert looked.values == 2
    purged = ledger.purge(clock.now() - DAY)
    assert purged.values == 2
    assert ledger.values([baseline, history, plan, lost]).keys() == {baseline, history}


def test_a_plan_that_waits_keeps_its_long_values(clock: HandClock, ledger: SqlLedger) -> None:

    content = b"x" * 600
    ledger.keep_values({token_of(content): content})
    folder = ledger.put("Customers", "plan-1", Mode.FULL)
    os.utime(folder, (clock.now().timestamp(),) * 2)
    clock.move(days=100)
    assert ledger.purge(clock.now()).values == 0
    ledger.drop("Customers")
    assert ledger.purge(clock.now()).values == 1


@pytest.mark.parametrize("is_old_file", [False, True])
def test_the_file_gets_smaller(home: Path, clock: HandClock, is_old_file: bool) -> None:
    ledger = open_ledger(home, clock, CountedIds())
    if is_old_file:
        ledger.close()
        with closing(sqlite3.connect(home / "ledger.sqlite")) as old:
            old.execute("PRAGMA auto_vacuum = NONE")
            old.execute("VACUUM")
        ledger = open_ledger(home, clock, CountedIds())
    chance = random.Random(7)
    first = ledger.open_run(configuration(), RunKind.RUN, Trigger.HAND)
    for _each in range(20):
        rows = batch_rows([1]).set_column(8, "b:phone", pa.array([chance.randbytes(500_000).hex()], pa.string()))
        write(ledger, first, rows)
    clock.move(days=100)
    size = size_on_disk(home / "ledger.sqlite")
    purged = ledger.purge(clock.now())
    assert purged.actions == 19
    assert purged.given_back == size - size_on_disk(home / "ledger.sqlite") > size // 2
    assert ledger.check() == []
    ledger.close()


def test_history_goes_by_itself_when_it_was_too_old_at_two_looks_a_day_apart(
    ledger: SqlLedger, clock: HandClock
) -> None:
    assert ledger.history_days() == DEFAULT_DAYS
    first = run(ledger, range(1, 3))
    run(ledger, range(1, 3))
    clock.move(days=DEFAULT_DAYS + 1)
    third = run(ledger, range(1, 3))  # the first look
    assert ledger.run(first) is not None
    clock.move(hours=23)
    run(ledger, range(1, 3))
    assert ledger.run(first) is not None
    clock.move(hours=2)
    run(ledger, range(1, 3))
    assert ledger.run(first) is None
    assert ledger.run(third) is not None
    assert ledger.purged_until() is not None


def test_a_clock_that_jumped_ahead_and_was_put_right_takes_nothing_along(ledger: SqlLedger, clock: HandClock) -> None:
    first = run(ledger, range(1, 3))
    clock.move(days=1000)
    run(ledger, range(1, 3))
    clock.move(days=-999)
    for _each in range(3):
        run(ledger, range(1, 3))
        clock.move(days=2)
    assert ledger.run(first) is not None


def test_history_that_is_kept_for_ever_stays(ledger: SqlLedger, clock: HandClock) -> None:
    ledger.keep_history_days(FOR_EVER)
    first = run(ledger, range(1, 3))
    for _each in range(3):
        clock.move(days=1000)
        run(ledger, range(1, 3))
    assert ledger.run(first) is not None


def test_an_open_intent_keeps_its_run(ledger: SqlLedger, clock: HandClock) -> None:
    number = ledger.open_run(configuration(), RunKind.RUN, Trigger.HAND)
    ledger.open_batch(KEY, number, Side.B, "customers", 1, batch_rows([1]))
    ledger.finish_run(number, RunResult(number, "Customers", Outcome.FAILED))
    run(ledger, range(1, 3))
    clock.move(days=1000)
    ledger.purge(clock.now())
    assert ledger.run(number) is not None
