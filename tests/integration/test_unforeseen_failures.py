"""A run that ends by an error that nobody foresaw: it is recorded at once and goes on to whoever asked for the run, and
what it wrote before counts (SPEC §7, §8)."""

from __future__ import annotations

import inspect
import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from desktop_sync import cli
from desktop_sync.bootstrap import build_application
from desktop_sync.core.errors import EndpointError
from desktop_sync.core.ports import UNWATCHED, CancelToken
from desktop_sync.core.run import Outcome, RunKind
from desktop_sync.services.processing import write_protocol
from desktop_sync.services.session.side_stream import read_ahead
from tests.support.machines import AtStep
from tests.support.sync_groups import GroupWorld, at, make_group_world
from tests.support.worlds import NAME, WorldMaker

SECRET = "swordfish"  # stands in the text of an error, as a record's value may


class Dies(BaseException):
    """The program is gone."""


class Steps:
    """What comes at a step is said later."""

    def __init__(self) -> None:
        self.hook: Callable[[str], None] = lambda name: None

    def __call__(self, name: str) -> None:
        self.hook(name)

    def fails_at(self, name: str, error: BaseException) -> None:
        def fail() -> None:
            raise error

        self.hook = AtStep(name, fail)

    def goes_on(self) -> None:
        self.hook = lambda name: None


@pytest.fixture
def steps() -> Steps:
    return Steps()


@pytest.fixture
def hub(tmp_path: Path, steps: Steps) -> Iterator[GroupWorld]:
    """Two configurations share the hub "Local"; a new value waits in A."""
    world = make_group_world(tmp_path, {"A": "sql", "B": "sql", "Local": "sql"}, steps=steps)
    world.connect("Local", "A", "x")
    world.connect("Local", "B", "x")
    world.put("A", "1", at(9), x="p")
    yield world
    world.app.close()


def follow_ups(world: GroupWorld) -> dict[str, str]:
    return {name: one.because for name, one in world.app.groups.follow_ups().items()}


def test_a_run_that_fails_unexpectedly_is_recorded_at_once_with_a_sentence(world: WorldMaker, steps: Steps) -> None:
    one = world(steps=steps)
    one.put("a", Id=1, Email="a@x", City="Here")
    steps.fails_at("process.written", ValueError(SECRET))
    with pytest.raises(ValueError, match=SECRET):
        one.run()
    (failed,) = one.app.ledger.runs(NAME)
    assert (failed.kind, failed.outcome) == (RunKind.RUN, Outcome.FAILED)
    assert failed.ended_at is not None
    assert failed.result is not None
    assert failed.result.error == "Something unexpected happened inside Desktop Sync (ValueError)."
    assert SECRET not in "\n".join(one.ledger_dump())
    assert not one.app.synchronization.is_running(NAME)
    steps.goes_on()
    one.run()
    assert len(one.rows("b")) == 1


def test_a_prepare_and_an_undo_that_fail_unexpectedly_are_recorded_too(world: WorldMaker, steps: Steps) -> None:
    one = world(steps=steps)
    one.put("a", Id=1, Email="a@x", City="Here")
    done = one.run()
    one.put("a", Id=2, Email="b@x", City="There")
    steps.fails_at("prepare.found", KeyError(SECRET))
    with pytest.raises(KeyError):
        one.app.synchronization.prepare(NAME)
    steps.fails_at("undo.written", KeyError(SECRET))
    assert done.run_id is not None
    with pytest.raises(KeyError):
        one.app.undo.undo(done.run_id)
    undone, prepared = one.app.ledger.runs(NAME, limit=2)
    assert [each.kind for each in (undone, prepared)] == [RunKind.UNDO, RunKind.PREPARE]
    for each in (undone, prepared):
        assert each.outcome is Outcome.FAILED
        assert each.result is not None
        assert "(KeyError)" in each.result.error
    assert undone.result is not None
    assert undone.result.undoes == done.run_id


def test_on_the_command_line_it_is_recorded_and_the_log_says_where_but_no_value(
    world: WorldMaker,
    steps: Steps,
    expected_log: Callable[[str], None],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    one = world()
    one.put("a", Id=1, Email="a@x", City="Here")
    one.app.close()
    home = one.folder / "home"
    steps.fails_at("process.written", ValueError(SECRET))
    expected_log("unexpected ValueError")
    code = cli.main(
        ["run", NAME, "--home", str(home), "--json"],
        build_application=lambda folder: build_application(folder, steps=steps),
    )
    said = capsys.readouterr()
    assert code == 70
    assert "Traceback" not in said.out
    assert "process.py" in caplog.text
    assert SECRET not in caplog.text + said.out + said.err
    steps.goes_on()
    app = build_application(home)
    assert [run.outcome for run in app.ledger.runs(NAME)] == [Outcome.FAILED]
    app.close()


def test_a_run_of_a_group_that_fails_unexpectedly_is_recorded_and_the_error_goes_on(
    hub: GroupWorld, steps: Steps
) -> None:
    steps.fails_at("process.written", ValueError(SECRET))
    with pytest.raises(ValueError, match=SECRET):
        hub.app.groups.run("Local-A")
    (failed,) = hub.app.ledger.runs()
    assert (failed.configuration, failed.outcome) == ("Local-A", Outcome.FAILED)
    steps.goes_on()
    assert hub.app.groups.run("Local-A").is_settled
    assert hub.values("x") == {"A": "p", "B": "p", "Local": "p"}


@pytest.mark.scenario("G1")
@pytest.mark.parametrize("error", [ValueError(SECRET), EndpointError("it went away")], ids=["unforeseen", "foreseen"])
def test_siblings_are_to_follow_a_run_that_failed_after_it_wrote(
    hub: GroupWorld, steps: Steps, error: Exception
) -> None:
    steps.fails_at("process.settled", error)
    with pytest.raises(type(error)):
        hub.run("Local-A")
    assert hub.values("x")["Local"] == "p"
    assert follow_ups(hub) == {"Local-B": "Local-A"}


@pytest.mark.scenario("G1")
def test_nobody_is_to_follow_a_run_that_failed_before_it_could_write(hub: GroupWorld, steps: Steps) -> None:
    steps.fails_at("ledger.open_run.after_commit", ValueError(SECRET))
    with pytest.raises(ValueError, match=SECRET):
        hub.run("Local-A")
    assert follow_ups(hub) == {}


def test_nothing_is_read_on_after_a_run_that_failed_also_where_its_error_is_kept(
    world: WorldMaker, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread may be reading ahead: at the end of the program it would be waited for."""
    begun: list[Generator[object]] = []

    def noted(*arguments: Any) -> Generator[object]:
        begun.append(read_ahead(*arguments))
        return begun[-1]

    monkeypatch.setattr(write_protocol, "read_ahead", noted)
    one = world(steps=steps)
    one.put("a", Id=1, Email="a@x", City="Here")
    steps.fails_at("process.intent_is_durable", ValueError(SECRET))
    with pytest.raises(ValueError, match=SECRET) as kept:
        one.run()
    assert [inspect.getgeneratorstate(each) for each in begun] == [inspect.GEN_CLOSED]
    assert kept.value.__traceback__ is not None


@pytest.mark.scenario("G1", "A1")
@pytest.mark.parametrize("step", ["process.intent_is_durable", "process.written", "process.settled"])
def test_siblings_are_to_follow_a_run_that_was_killed_after_its_intent_and_again_what_settles_it(
    hub: GroupWorld, steps: Steps, tmp_path: Path, step: str
) -> None:
    steps.fails_at(step, Dies())
    with pytest.raises(Dies):
        hub.run("Local-A")
    assert [run.outcome for run in hub.app.ledger.runs()] == [Outcome.RUNNING]
    hub.app.close()
    steps.goes_on()
    hub.app = build_application(tmp_path / "home", clock=hub.clock, steps=steps)
    assert follow_ups(hub) == {"Local-B": "Local-A"}
    hub.run("Local-B")
    assert follow_ups(hub) == {}  # it has looked at the hub since
    hub.run("Local-A", "Local-B")
    assert hub.values("x") == {"A": "p", "B": "p", "Local": "p"}
    hub.settle(("Local-A", "Local-B"))
    assert follow_ups(hub) == {}


@pytest.mark.scenario("G1")
def test_a_sibling_that_looked_before_the_write_is_still_to_follow(hub: GroupWorld, steps: Steps) -> None:
    """Its own reason to run is older than the write that came while it ran."""
    hub.app.ledger.mark_follow_up(["Local-B"], "Local-A")

    def write_meanwhile() -> None:
        hub.clock.move(minutes=1)
        hub.app.synchronization.run("Local-A", progress=UNWATCHED, cancel=CancelToken())

    hub.put("B", "2", at(10), x="s")
    steps.hook = AtStep("process.intent_is_durable", write_meanwhile)
    hub.run("Local-B")
    assert hub.values("x")["Local"] == "p"
    assert "Local-B" in follow_ups(hub)


def test_a_run_whose_ledger_cannot_be_written_either_says_what_went_wrong_first(
    world: WorldMaker, steps: Steps
) -> None:
    one = world(steps=steps)
    one.put("a", Id=1, Email="a@x", City="Here")

    def take_the_ledger_away() -> None:
        with closing(sqlite3.connect(one.app.home / "ledger.sqlite")) as connection, connection:
            connection.execute("CREATE TRIGGER full BEFORE UPDATE ON run BEGIN SELECT RAISE(ABORT, 'no'); END")
        raise ValueError(SECRET)

    steps.hook = AtStep("process.written", take_the_ledger_away)
    with pytest.raises(ValueError, match=SECRET):
        one.run()
    with closing(sqlite3.connect(one.app.home / "ledger.sqlite")) as connection, connection:
        connection.execute("DROP TRIGGER full")
    steps.goes_on()
    one.run()
    assert [run.outcome for run in one.app.ledger.runs(NAME)] == [Outcome.DONE, Outcome.FAILED]
