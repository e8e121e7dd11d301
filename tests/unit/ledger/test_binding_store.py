"""Fence numbers, bindings, and a ledger that knows less than its home remembers."""

from __future__ import annotations

import json
import shutil
import stat
import sys
from pathlib import Path

import pytest

from desktop_sync.core.binding import MatchOnly
from desktop_sync.core.configuration import Side
from desktop_sync.core.errors import AlreadyRunningError, LeaseLostError
from desktop_sync.core.plan import Mode
from desktop_sync.core.run import Outcome, RunKind, RunResult, Trigger
from desktop_sync.ledger import SqlLedger, open_ledger
from tests.support.ledger_home import KEY, CountedIds, HandClock, batch_rows, configuration, processed

NAME = "Customers"


def open_here(home: Path) -> SqlLedger:
    return open_ledger(home, HandClock(), CountedIds())


def run_once(ledger: SqlLedger, name: str = NAME, *, batches: int = 0) -> int:
    run_id = ledger.open_run(configuration(name), RunKind.RUN, Trigger.HAND)
    for number in range(batches):
        batch = ledger.open_batch(KEY, run_id, Side.B, "customers", 1, batch_rows([number + 1]))
        ledger.close_batch(batch, processed([number + 1]), done_rows=[0])
    ledger.finish_run(run_id, RunResult(run_id, name, Outcome.DONE))
    return run_id


def modes(home: Path) -> MatchOnly | None:
    ledger = open_here(home)
    try:
        return ledger.binding(NAME).match_only
    finally:
        ledger.close()


def ledger_file(home: Path) -> bytes:
    return (home / "ledger.sqlite").read_bytes()


def test_every_run_and_every_intent_has_a_fence_number_greater_than_all_before(ledger: SqlLedger) -> None:
    fences = [ledger.fence(run_once(ledger, name, batches=name == NAME)) for name in (NAME, "Other", NAME)]
    assert fences == sorted(set(fences))
    with ledger._database.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT fence FROM batch ORDER BY id").scalars().all()
    assert kept == [fences[0], fences[2]]
    assert ledger.raise_fence(3, 100) == 101
    assert ledger.fence(run_once(ledger)) == 102


@pytest.mark.scenario("K5")
def test_a_run_after_which_another_began_makes_no_intent_any_more(ledger: SqlLedger) -> None:
    stale = ledger.open_run(configuration(), RunKind.RUN, Trigger.HAND)
    newer = ledger.open_run(configuration(), RunKind.RUN, Trigger.HAND)
    ledger.open_run(configuration("Other"), RunKind.RUN, Trigger.HAND)
    with pytest.raises(LeaseLostError) as lost:
        ledger.open_batch(KEY, stale, Side.B, "customers", 1, batch_rows([1]))
    assert lost.value.holder == f"run {newer} of this ledger"
    assert ledger.open_batch(KEY, newer, Side.B, "customers", 1, batch_rows([1])) == 1


def test_a_ledger_keeps_its_id(home: Path) -> None:
    ids = set()
    for _ in range(2):
        ledger = open_here(home)
        ids.add(ledger.binding(NAME).ledger)
        ledger.close()
    assert len(ids) == 1
    assert all(ids)


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_the_mark_of_the_home_is_the_owners_alone(home: Path) -> None:
    open_here(home).close()
    assert stat.S_IMODE((home / "ledger.mark").stat().st_mode) == 0o600


@pytest.mark.scenario("K7")
def test_a_ledger_restored_from_a_backup_is_noticed_and_only_matches(home: Path) -> None:
    ledger = open_here(home)
    run_once(ledger, batches=1)
    ledger.close()
    old = ledger_file(home)
    ledger = open_here(home)
    fence = ledger.fence(run_once(ledger))
    ledger.close()
    (home / "ledger.sqlite").write_bytes(old)
    ledger = open_here(home)
    assert ledger.binding(NAME).match_only is MatchOnly.RESTORED
    assert ledger.fence(run_once(ledger)) > fence
    ledger.end_match_only(NAME)
    ledger.close()
    assert modes(home) is None


@pytest.mark.scenario("K7")
def test_a_copy_made_in_the_middle_of_a_run_is_noticed_too(home: Path) -> None:
    ledger = open_here(home)
    run_id = ledger.open_run(configuration(), RunKind.RUN, Trigger.HAND)
    copy = ledger.backup()
    for number in (1, 2):
        batch = ledger.open_batch(KEY, run_id, Side.B, "customers", 1, batch_rows([number]))
        ledger.close_batch(batch, processed([number]), done_rows=[0])
    ledger.finish_run(run_id, RunResult(run_id, NAME, Outcome.DONE))
    ledger.close()
    shutil.copy(copy, home / "ledger.sqlite")
    assert modes(home) is MatchOnly.RESTORED


@pytest.mark.scenario("K7")
def test_a_backup_that_knows_everything_changes_nothing(home: Path) -> None:
    ledger = open_here(home)
    run_once(ledger, batches=1)
    copy = ledger.backup()
    ledger.close()
    shutil.copy(copy, home / "ledger.sqlite")
    assert modes(home) is None


@pytest.mark.scenario("K7")
def test_a_new_ledger_in_the_place_of_a_lost_one_only_matches_what_that_one_knew(home: Path) -> None:
    ledger = open_here(home)
    run_once(ledger)
    ledger.close()
    (home / "ledger.sqlite").unlink()
    ledger = open_here(home)
    assert ledger.binding(NAME).match_only is MatchOnly.LOST
    assert ledger.binding("Unheard of").match_only is None
    ledger.begin_match_only(NAME, MatchOnly.LOST)
    ledger.close()
    ledger = open_here(home)
    assert ledger.binding(NAME).match_only is MatchOnly.LOST
    ledger.end_match_only(NAME)
    ledger.close()
    assert modes(home) is None


def test_a_mark_that_somebody_took_away_or_garbled_is_made_anew(home: Path) -> None:
    ledger = open_here(home)
    run_once(ledger)
    ledger.close()
    for content in (None, "", "{}", '{"ledger": 1}'):
        (home / "ledger.mark").unlink()
        if content is not None:
            (home / "ledger.mark").write_text(content, encoding="utf-8")
        assert modes(home) is None
        assert json.loads((home / "ledger.mark").read_text(encoding="utf-8"))["fence"] == 1


def test_a_mark_is_not_turned_back_by_a_process_that_is_behind(ledger: SqlLedger, home: Path) -> None:
    run_once(ledger)
    mark = json.loads((home / "ledger.mark").read_text(encoding="utf-8"))
    (home / "ledger.mark").write_text(json.dumps({**mark, "fence": 50}), encoding="utf-8")
    ledger._parts.mark.keep()
    assert json.loads((home / "ledger.mark").read_text(encoding="utf-8"))["fence"] == 50


def test_a_hand_over_and_match_only_mode_are_kept_until_they_end(ledger: SqlLedger) -> None:
    ledger.bind(NAME, 3)
    ledger.begin_match_only(NAME, MatchOnly.TAKEN_OVER)
    ledger.begin_match_only(NAME, MatchOnly.RESTORED)  # the first reason stays
    ledger.note_matched(NAME, 17)
    found = ledger.binding(NAME)
    assert (found.epoch, found.match_only, found.matched_run) == (3, MatchOnly.TAKEN_OVER, 17)
    assert found.since == HandClock().at
    ledger.put(NAME, "p1", Mode.FULL)
    ledger.end_match_only(NAME)
    assert ledger.folder(NAME) is None
    found = ledger.binding(NAME)
    assert (found.epoch, found.match_only, found.since, found.matched_run) == (3, None, None, None)


@pytest.mark.scenario("K4")
def test_who_runs_a_configuration_is_said(ledger: SqlLedger, home: Path) -> None:
    assert ledger.holder(NAME) == ""
    other = open_here(home)
    with other.hold(NAME):
        assert ledger.holder(NAME).startswith(other.place()[0])
        with pytest.raises(AlreadyRunningError) as refusal, ledger.hold(NAME):
            pass
        assert refusal.value.holder == ledger.holder(NAME)
        with pytest.raises(AlreadyRunningError):
            ledger.end_match_only(NAME)
    assert ledger.holder(NAME) == ""
    other.close()


@pytest.mark.scenario("K8")
@pytest.mark.parametrize("left", ['{"pid": 1, "host": "another"}', "", "not JSON", '{"pid": 99999999}', "\x00\xff"])
def test_a_lock_file_that_nobody_holds_is_free_whatever_it_says_and_one_that_is_held_is_not(
    ledger: SqlLedger, home: Path, left: str
) -> None:
    with ledger.hold(NAME):
        pass
    (lock,) = (home / "locks").glob("*.run")
    lock.write_text(left, encoding="latin-1")
    other = open_here(home)
    with other.hold(NAME):
        lock.write_text(left, encoding="latin-1")  # the process number may be that of a dead or of another program
        with pytest.raises(AlreadyRunningError) as refusal, ledger.hold(NAME):
            pass
        assert refusal.value.holder
    other.close()
