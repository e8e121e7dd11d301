"""Runs that follow runs, and files: what is refused, and what is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from desktop_sync.core.configuration import PerSide, RealTime, SyncConfiguration
from desktop_sync.core.finding import Level
from desktop_sync.core.running_text import running_sentences
from desktop_sync.core.schedule import IDLE_RUNS, Schedule, ScheduleKind, interval_of
from desktop_sync.core.trigger_check import check_real_time, check_triggers
from desktop_sync.core.triggers import AfterRun, FileArrival, trigger_cycle
from tests.support.shop_and_crm import customers


def named(name: str, *after: str) -> SyncConfiguration:
    return replace(customers(), name=name, after_runs=tuple(AfterRun(one) for one in after))


def said(configuration: SyncConfiguration, known: Sequence[SyncConfiguration] = ()) -> list[tuple[Level, str]]:
    return [(finding.level, finding.message) for finding in check_triggers(configuration, known)]


def test_a_run_that_would_start_itself_over_others_is_refused_with_the_way() -> None:
    known = [named("B", "A"), named("C", "B")]
    [(level, message)] = said(named("A", "C"), known)
    assert level is Level.ERROR
    assert '"A" → "B" → "C" → "A"' in message
    [(level, message)] = said(named("A", "A"))
    assert '"A" → "A"' in message


def test_a_chain_and_a_fork_are_no_circle() -> None:
    known = [named("A"), named("B", "A"), named("C", "A")]
    assert said(named("D", "B", "C"), known) == []


def test_the_saved_version_of_the_configuration_itself_does_not_count() -> None:
    known = [named("A", "B"), named("B")]
    assert said(named("A"), known) == []
    assert said(named("B", "A"), [named("A"), named("B")]) == []


def test_a_configuration_that_is_not_there_is_only_a_warning() -> None:
    assert [level for level, _ in said(named("A", "Nobody"))] == [Level.WARNING]


def test_the_shortest_way_round_is_found_and_a_circle_elsewhere_is_none_of_ours() -> None:
    starts = {"A": ["B", "C"], "B": ["C"], "C": ["A"], "X": ["Y"], "Y": ["X"]}
    assert trigger_cycle("A", starts) == ("A", "C")
    assert trigger_cycle("D", starts | {"D": ["X"]}) == ()


@pytest.mark.parametrize(
    ("pattern", "settle_s", "is_right"),
    [
        ("/srv/in/*.csv", 5, True),
        ("C:\\in\\*.csv", 5, True),
        ("\\\\server\\share\\a.csv", 5, True),
        ("in/*.csv", 5, False),
        ("", 5, False),
        ("/srv/in", -1, False),
        ("/srv/in", 3601, False),
    ],
)
def test_files_are_named_by_whole_paths(pattern: str, settle_s: int, is_right: bool) -> None:
    found = said(replace(customers(), file_arrivals=(FileArrival(pattern, settle_s),)))
    assert (found == []) is is_right


def test_what_real_time_costs_without_stamps_is_said() -> None:
    entity = replace(customers().entities[0], real_time=RealTime.PREPARE, modified=PerSide("UpdatedAt", ""))
    [finding] = check_real_time(replace(customers(), entities=(entity,)))
    assert finding.level is Level.NOTE
    assert "after each change in Shop" in finding.message
    stamped = replace(entity, modified=PerSide("UpdatedAt", "updated_at"))
    assert list(check_real_time(replace(customers(), entities=(stamped,)))) == []


def test_everything_that_starts_it_is_said() -> None:
    entity = replace(customers().entities[0], real_time=RealTime.PREPARE_AND_PROCESS)
    configuration = replace(
        customers(),
        entities=(entity,),
        schedule=Schedule(ScheduleKind.INTERVAL, interval_minutes=5, longest_idle_minutes=60),
        process_schedule=Schedule(),
        after_runs=(AfterRun("Orders"),),
        file_arrivals=(FileArrival("/srv/in/*.csv", 0),),
    )
    assert list(running_sentences(configuration)) == [
        "It looks for changes by itself every 5 minutes, less often while nothing changes: at least every hour.",
        "It writes what it found when you start it.",
        f'Changes of "{entity.name}" are carried over as soon as they are seen.',
        'It runs after each run of "Orders" that was carried out.',
        "It runs when a file /srv/in/*.csv is there.",
    ]


def test_what_runs_by_itself_is_known() -> None:
    plain = replace(customers(), schedule=Schedule())
    entity = replace(plain.entities[0], real_time=RealTime.PREPARE)
    assert not plain.runs_by_itself
    assert not replace(plain, process_schedule=Schedule()).runs_by_itself
    for one in (
        replace(plain, process_schedule=Schedule(ScheduleKind.CRON, cron="0 6 * * *")),
        replace(plain, entities=(entity,)),
        replace(plain, after_runs=(AfterRun("Orders"),)),
        replace(plain, file_arrivals=(FileArrival("/srv/in"),)),
    ):
        assert one.runs_by_itself


def test_an_interval_never_overflows_however_long_nothing_changes() -> None:
    schedule = Schedule(ScheduleKind.INTERVAL, interval_minutes=1, longest_idle_minutes=10_000)
    steps = [interval_of(schedule, idle) for idle in range(10_000)]
    assert steps[: IDLE_RUNS + 1] == [steps[0]] * IDLE_RUNS + [2 * steps[0]]
    assert steps == sorted(steps)
    assert steps[-1].total_seconds() == 600_000
