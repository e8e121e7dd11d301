"""What is due because another configuration ran, or because a file arrived."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from desktop_sync.core.run import Outcome, RunKind, Trigger
from desktop_sync.core.schedule import Schedule
from desktop_sync.core.triggers import AfterOutcome, AfterRun, FileArrival
from tests.support.schedule_desk import EVERY_10, NOON, Desk


@pytest.fixture
def interval(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "home", EVERY_10)


# After another configuration's run


def follows(desk: Desk, outcome: AfterOutcome = AfterOutcome.CARRIED_OUT) -> None:
    desk.set(Schedule(), after_runs=(AfterRun("Orders", outcome),))


def test_a_run_follows_that_of_another_configuration_once(interval: Desk) -> None:
    follows(interval)
    assert interval.wants(NOON) == []
    interval.ran(NOON + timedelta(minutes=1), name="Orders")
    expected = [("Customers", RunKind.RUN, Trigger.AFTER_RUN)]
    assert interval.wants(NOON + timedelta(minutes=2)) == expected
    interval.open()  # also after a restart
    assert interval.wants(NOON + timedelta(minutes=3)) == expected
    interval.ran(NOON + timedelta(minutes=4), trigger=Trigger.AFTER_RUN)
    assert interval.wants(NOON + timedelta(minutes=5)) == []


def test_what_ran_before_the_condition_was_set_is_not_followed(interval: Desk) -> None:
    interval.ran(NOON - timedelta(minutes=1), name="Orders")
    follows(interval)
    assert interval.wants(NOON) == []


@pytest.mark.parametrize(
    ("wanted", "ended", "is_due"),
    [
        (AfterOutcome.CARRIED_OUT, Outcome.PROBLEMS, True),
        (AfterOutcome.CARRIED_OUT, Outcome.FAILED, False),
        (AfterOutcome.DONE, Outcome.PROBLEMS, False),
        (AfterOutcome.DONE, Outcome.DONE, True),
        (AfterOutcome.FAILED, Outcome.DONE, False),
        (AfterOutcome.FAILED, Outcome.GUARD, True),
        (AfterOutcome.ANY, Outcome.CANCELLED, True),
    ],
)
def test_only_the_chosen_ends_count(interval: Desk, wanted: AfterOutcome, ended: Outcome, is_due: bool) -> None:
    follows(interval, wanted)
    interval.wants(NOON)
    interval.ran(NOON + timedelta(minutes=1), ended, name="Orders")
    assert bool(interval.wants(NOON + timedelta(minutes=2))) is is_due


def test_a_prepare_and_a_push_that_found_nothing_are_no_runs_to_follow(interval: Desk) -> None:
    follows(interval)
    interval.wants(NOON)
    interval.ran(NOON + timedelta(minutes=1), name="Orders", kind=RunKind.PREPARE)
    interval.ran(NOON + timedelta(minutes=2), name="Orders", trigger=Trigger.PUSH, updated=0)
    assert interval.wants(NOON + timedelta(minutes=3)) == []
    interval.ran(NOON + timedelta(minutes=4), name="Orders", trigger=Trigger.PUSH)
    assert interval.wants(NOON + timedelta(minutes=5)) != []


def test_a_run_that_began_while_the_other_one_went_on_is_followed_by_another(interval: Desk) -> None:
    follows(interval)
    interval.wants(NOON)
    interval.ran(NOON + timedelta(minutes=1), name="Orders", took=timedelta(minutes=10))
    interval.ran(NOON + timedelta(minutes=2), trigger=Trigger.HAND)
    assert interval.wants(NOON + timedelta(minutes=12)) == [("Customers", RunKind.RUN, Trigger.AFTER_RUN)]


# Files that arrive


def drop(folder: Path, name: str, content: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(content)
    return path


ARRIVED = [("Customers", RunKind.RUN, Trigger.FILE)]


def test_a_file_that_stood_still_starts_one_run_and_once_more_when_it_changes(interval: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    drop(folder, "old.csv", "was there before")
    interval.set(Schedule(), file_arrivals=(FileArrival(str(folder / "*.csv"), settle_s=5),))
    assert interval.wants(NOON) == []
    drop(folder, "a.csv", "1")
    drop(folder, "a.txt", "does not fit")
    assert interval.wants(NOON + timedelta(seconds=1)) == []
    drop(folder, "a.csv", "1 and more")  # it is still being written
    assert interval.wants(NOON + timedelta(seconds=5)) == []
    assert interval.wants(NOON + timedelta(seconds=9)) == []
    assert interval.wants(NOON + timedelta(seconds=10)) == ARRIVED
    assert interval.wants(NOON + timedelta(seconds=11)) == ARRIVED
    interval.ran(NOON + timedelta(seconds=12), trigger=Trigger.FILE)
    assert interval.wants(NOON + timedelta(seconds=13)) == []
    drop(folder, "a.csv", "another content")
    interval.wants(NOON + timedelta(seconds=14))
    assert interval.wants(NOON + timedelta(seconds=19)) == ARRIVED


def test_a_file_that_came_while_the_program_was_closed_has_arrived_and_one_that_was_taken_has_not(
    interval: Desk, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    interval.set(Schedule(), file_arrivals=(FileArrival(str(folder / "*.csv"), settle_s=0),))
    interval.wants(NOON)
    drop(folder, "a.csv", "1")
    interval.wants(NOON + timedelta(seconds=1))
    assert interval.wants(NOON + timedelta(seconds=2)) == ARRIVED
    interval.ran(NOON + timedelta(seconds=3), trigger=Trigger.FILE)
    assert interval.wants(NOON + timedelta(seconds=4)) == []
    interval.open()
    drop(folder, "b.csv", "2")
    interval.wants(NOON + timedelta(seconds=5))
    assert interval.wants(NOON + timedelta(seconds=6)) == ARRIVED
    interval.ran(NOON + timedelta(seconds=7), trigger=Trigger.FILE)
    assert interval.wants(NOON + timedelta(seconds=8)) == []


def test_files_of_a_drive_that_was_away_have_not_arrived_again(interval: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "stick"
    drop(folder, "a.csv", "1")
    interval.set(Schedule(), file_arrivals=(FileArrival(str(folder / "*.csv"), settle_s=0),))
    interval.wants(NOON)
    folder.rename(tmp_path / "away")
    interval.wants(NOON + timedelta(seconds=1))
    (tmp_path / "away").rename(folder)
    interval.wants(NOON + timedelta(seconds=2))
    assert interval.wants(NOON + timedelta(seconds=3)) == []


@pytest.mark.scenario("F9")
@pytest.mark.parametrize("sign", [1, -1])
def test_triggers_survive_a_jump_of_the_clock(interval: Desk, tmp_path: Path, sign: int) -> None:
    folder = tmp_path / "in"
    arrivals = (FileArrival(str(folder / "*.csv"), settle_s=0),)
    interval.set(Schedule(), after_runs=(AfterRun("Orders"),), file_arrivals=arrivals)
    interval.wants(NOON)
    drop(folder, "a.csv", "1")
    interval.wants(NOON + timedelta(seconds=1))
    interval.wants(NOON + timedelta(seconds=2))
    interval.ran(NOON + timedelta(seconds=3), name="Orders")
    there = NOON + sign * timedelta(days=3653)
    assert len(interval.wants(there)) == 1
    interval.ran(there, trigger=Trigger.FILE)
    assert interval.wants(there + timedelta(seconds=1)) == []
    interval.ran(there + timedelta(seconds=2), name="Orders")
    drop(folder, "b.csv", "1")
    interval.wants(there + timedelta(seconds=10))
    assert len(interval.wants(there + timedelta(seconds=11))) == 1
