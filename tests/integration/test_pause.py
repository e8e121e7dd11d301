"""GUI.md 13: a run that a person pauses rests between two batches, keeps its lease, and goes on or stops from there."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from desktop_sync.core.decision import Action
from desktop_sync.core.ports import NoProgress
from desktop_sync.core.run import Outcome, RunResult
from desktop_sync.services.settlement import intents
from desktop_sync.ui.bridge import pausing
from desktop_sync.ui.bridge.pausing import PausableToken
from tests.support.worlds import EMAIL, World, WorldMaker

RECORDS = 40
PATIENCE_S = 30


class Pausing(NoProgress):
    """Wants a pause as soon as the first records were written."""

    def __init__(self) -> None:
        self.rested: list[float] = []
        self.token = PausableToken(time.monotonic, self.rested.append)
        self.written = 0

    def advance(self, records: int) -> None:
        if self.written == 0 and self.is_writing:
            self.token.pause()
        self.written += records if self.is_writing else 0

    def phase(self, entity: str, phase: object, total: int | None = None) -> None:
        self.is_writing = getattr(phase, "name", "") == "WRITING"

    is_writing = False


@pytest.fixture
def tables(world: WorldMaker, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(intents.Intents, "batch_size", lambda *_: 5)
    monkeypatch.setattr(intents.Intents, "batches_per_commit", lambda *_: 1)
    monkeypatch.setattr(pausing, "KEEP_S", 0.02)
    w = world(fields=(EMAIL,), b={"people": "id INTEGER PRIMARY KEY, email TEXT"}, b_is_table=True)
    for key in range(1, RECORDS + 1):
        w.put("a", Id=key, Email=f"p{key}@x.org")
    return w


@contextmanager
def paused_run(w: World, watch: Pausing) -> Iterator[list[RunResult | BaseException]]:
    """A run in a thread, resting; after it the run has ended."""
    ended: list[RunResult | BaseException] = []

    def work() -> None:
        try:
            ended.append(w.app.synchronization.run("Sync", progress=watch, cancel=watch.token))
        except BaseException as error:  # told to the test
            ended.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not watch.token.is_resting and worker.is_alive() and time.monotonic() < deadline:
            time.sleep(0.005)
        assert watch.token.is_resting, ended
        yield ended
    finally:
        watch.token.go_on()
        worker.join(PATIENCE_S)


def test_a_paused_run_rests_between_batches_and_goes_on_to_its_end(tables: World) -> None:
    w, watch = tables, Pausing()
    with paused_run(w, watch) as ended:
        there = len(w.rows("b", "email"))
        assert 0 < there < RECORDS
        assert w.app.ledger.open_batches("Sync") == []
        assert w.app.ledger.is_held("Sync")
        time.sleep(0.1)
        assert len(w.rows("b", "email")) == there
        w.put("a", Id=1000, Email="new@x.org")  # nothing is locked meanwhile
    (result,) = ended
    assert isinstance(result, RunResult)
    assert result.outcome is Outcome.DONE
    assert len(w.rows("b", "email")) == RECORDS
    assert watch.rested[0] >= 0.1
    w.run()
    w.assert_quiet()


def test_a_paused_run_can_be_stopped_and_leaves_nothing_half_done(tables: World) -> None:
    w, watch = tables, Pausing()
    with paused_run(w, watch) as ended:
        watch.token.cancel()
    (result,) = ended
    assert getattr(result, "outcome", None) is Outcome.CANCELLED or type(result).__name__ == "CancelledError"
    run = w.app.ledger.runs("Sync", 1)[0]
    assert run.outcome is Outcome.CANCELLED
    assert w.app.ledger.open_batches("Sync") == []
    assert 0 < len(w.rows("b", "email")) < RECORDS
    assert run.result is not None  # it says how far it came
    assert run.result.entities[0].read_a == RECORDS
    assert run.result.entities[0].actions == {Action.CREATE_B: len(w.rows("b", "email"))}
    w.run()
    w.assert_quiet()
    assert len(w.rows("b", "email")) == RECORDS


def test_a_paused_run_into_a_file_can_be_stopped_before_the_file_is_written(
    world: WorldMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intents.Intents, "batch_size", lambda *_: 5)
    w, watch = world(fields=(EMAIL,)), Pausing()
    for key in range(1, RECORDS + 1):
        w.put("a", Id=key, Email=f"p{key}@x.org")
    watch.token.pause()
    before = w.fingerprints()
    with paused_run(w, watch) as ended:
        assert w.fingerprints() == before
        watch.token.cancel()
    assert len(ended) == 1
    assert w.fingerprints() == before
    assert w.app.ledger.open_batches("Sync") == []
    w.run()
    w.assert_quiet()
    assert len(w.rows("b", "email")) == RECORDS


def test_what_must_be_kept_alive_is_looked_after_and_may_end_the_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pausing, "KEEP_S", 0.001)
    token = PausableToken(time.monotonic, lambda _seconds: None)
    token.rest(lambda: pytest.fail("nobody paused"))
    token.pause()
    kept = []

    def keep() -> None:
        kept.append(token.is_resting)
        if len(kept) == 3:
            raise RuntimeError("another machine took over")

    with pytest.raises(RuntimeError):
        token.rest(keep)
    assert kept == [True] * 3
    assert not token.is_resting
