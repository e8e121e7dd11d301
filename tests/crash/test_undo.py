"""The program dies in the middle of an undo, at steps that leave a state of their own on disk; then it is asked again.

The undo of a run that was half undone undoes the other half: in the end both systems are what they were before the run.
Real files are killed in processes of their own; every class of the capability ladder is crashed in this one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Event
from tests.crash.undo_enumeration import UNDONE, WAYS, UndoEnumeration, held
from tests.support.chaos_faults import FaultKind
from tests.support.chaos_system import CLASSES
from tests.support.chaos_world import NAME, ChaosWorld, assert_done
from tests.support.cheap_starts import cheap_starts
from tests.support.crash_trial import Answer, CrashServer
from tests.support.crash_world import FLOWS, World

DURABLE = ("after_commit", "undo.written")
STATES = {"sqlite-to-csv": DURABLE, "csv-to-sqlite": ("undo.written",), "sqlite-to-sqlite": ("undo.written",)}


def contents(world: World) -> list[list[dict[str, str]]]:
    """The records of both systems; where they stand in a file is no matter."""
    return [sorted(store.records(), key=lambda row: row["id"]) for store in (world.a, world.b)]


def begin(server: CrashServer, world: World) -> tuple[int, list[list[dict[str, str]]], list[str]]:
    """Both systems are edited and synchronized; the run to undo, what they held before it, and the undo's steps."""
    server.begin(world)
    before = contents(world)
    run: int = server.ask(world)["runs"][0]["run"]
    assert contents(world) != before
    world.take_snapshot()
    names: list[str] = server.ask(world, undo=run)["names"]
    assert contents(world) == before
    world.restore()
    return run, before, names


def check_quiet(answer: Answer, world: World, before: list[list[dict[str, str]]]) -> None:
    assert [run["outcome"] for run in answer["runs"][1:]] == ["done", "done"], answer
    assert contents(world) == before
    written = [action for run in answer["runs"][1:] for action in run["actions"] if action.endswith(("_a", "_b"))]
    assert written == []
    assert answer["report"]["open"] == 0
    assert answer["report"]["damage"] == []


@pytest.mark.scenario("A1")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("flow", FLOWS)
def test_an_undo_that_is_killed_at_any_step_is_finished_when_it_is_asked_for_again(
    flow: str, server: CrashServer, is_full: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    world = FLOWS[flow](tmp_path_factory.mktemp(flow))
    run, before, names = begin(server, world)
    points = [n for n, name in enumerate(names, 1) if is_full or name.endswith(STATES[flow])]
    assert len(points) >= 2
    points = points if is_full else points[:: len(points) // 2 + 1 if len(STATES[flow]) == 1 else 5]
    for number in points:
        server.kill(world, number, undo=run)
        check_quiet(server.ask(world, 3, undo=run, report=True), world, before)
        world.restore()


@pytest.mark.scenario("A1")
def test_an_undo_that_was_cut_off_is_settled_by_the_next_run_and_not_done_twice(
    server: CrashServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nobody asks for the undo again: what was undone stays undone, and no later run writes anything."""
    world = FLOWS["sqlite-to-sqlite"](tmp_path_factory.mktemp("settling"))
    run, _, _ = begin(server, world)
    for name in ("undo.intent_is_durable", "undo.written"):
        server.kill(world, name, undo=run)
        cut_off = contents(world)
        answer = server.ask(world, 2, report=True)
        assert contents(world) == cut_off
        assert answer["report"]["open"] == 0
        world.restore()


@pytest.fixture
def work() -> Iterator[UndoEnumeration]:
    shared = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory(prefix="undo-", dir=shared if shared.is_dir() else None) as folder,
        cheap_starts(),
    ):
        yield UndoEnumeration(Path(folder))


@pytest.mark.scenario("A1", "A3", "A8")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("class_name", CLASSES)
@pytest.mark.parametrize("way", WAYS)
def test_an_undo_that_dies_at_any_step_loses_and_doubles_nothing_in_any_class(
    work: UndoEnumeration, class_name: str, way: str, is_full: bool
) -> None:
    """Answers are lost, late, or never given; the crash falls on any step."""
    first = list(CLASSES).index(class_name) + list(WAYS).index(way)
    for number, scenario in enumerate(UNDONE):
        if is_full or number % len(WAYS) == first % len(WAYS):
            step = 1 if is_full else 11
            work.singles(replace(scenario, faults=WAYS[way]), class_name, step=step, first=(first + 5 * number) % step)
    assert work.counts.crash_runs >= 3
    assert not work.counts.failures
    counts = work.counts
    assert counts.lost + counts.duplicated + counts.losers_missing + counts.unsettled + counts.noisy_checks == 0


@pytest.mark.parametrize("class_name", CLASSES)
@pytest.mark.parametrize("way", WAYS)
def test_an_undo_without_answers_is_undone_like_any_run(work: UndoEnumeration, class_name: str, way: str) -> None:
    scenario = next(one for one in UNDONE if one.name == "everything")
    world = work.edited(scenario, CLASSES[class_name])
    faults = WAYS[way]
    if faults is not None:
        faults(world.left, world.right)
    assert_done(world.undo(work.undone))
    world.clock.move(100)
    assert held(world) == work.before
    assert work.undo_the_undo(world) == work.after
    assert held(world) == work.after
    assert_done(world.run())
    assert held(world) == work.after
    world.close()


def test_a_record_that_an_undo_brought_back_without_an_answer_says_so_and_goes_on_when_a_person_wants(
    work: UndoEnumeration,
) -> None:
    """Two records may be the one that came back: the program cannot tell, and never makes a third."""
    scenario = next(one for one in UNDONE if one.name == "delete-right")
    world = work.edited(scenario, CLASSES["none"])
    world.right.faults.add("create", FaultKind.TIMEOUT_APPLIED)
    world.stepper.watch = lambda name: _add_twin(world) if name == "endpoint.right.create.after" else None
    assert world.undo(work.undone).outcome is Outcome.PROBLEMS
    world.stepper.watch = None
    (held_case,) = world.application.records.held(NAME)
    assert held_case.why.startswith("Undo 3 was bringing it back in Right, and no answer came. It may be one of these")
    assert held_case.advice == ("Set it as deleted to leave what is there as it is; the run can be undone again then.")
    again = world.undo(work.undone)
    assert "nobody knows yet" in again.entities[0].problems[0]
    assert len(world.right.find_by("people", "email", "c1")) == 2
    world.application.records.set_status([held_case.record_id], Event.SET_DELETED_BY_USER)
    world.run()
    assert not world.ledger.held_records(NAME)
    assert len(world.right.find_by("people", "email", "c1")) == 2
    world.close()


def _add_twin(world: ChaosWorld) -> None:
    if len(world.right.find_by("people", "email", "c1")) == 1:
        world.right.put("people", email="c1", name="name 1", note=None)
