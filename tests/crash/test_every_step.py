"""The program dies at every step of a run with every kind of action, and at every step of the recovery (A1, A2, A7).

A step before a commit leaves on disk what the step before it left, and a step after a commit is followed by one that
only names it. So the usual lane kills at the steps that leave a state of their own, each of them in one of the three
flows; `DESKTOP_SYNC_CRASH=full` kills at every step of all flows, and after each write at every step of the recovery.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.support.crash_trial import CrashServer
from tests.support.crash_world import FLOWS

KINDS = ("ledger.open_batch", "ledger.close_batch", "ledger.keep_batch", "ledger.keep_conflicts", "ledger.settle")
DURABLE = ("after_commit", "process.written")


def points(names: Sequence[str], flow: str, is_full: bool) -> list[int]:
    """The steps to die at, counted from 1."""
    if is_full:
        return list(range(1, len(names) + 1))
    own = [number for number, name in enumerate(names, 1) if name.endswith(DURABLE)]
    place = list(FLOWS).index(flow)
    mine = own[place :: len(FLOWS)]
    if place:
        return mine
    before = [names.index(f"{kind}.before_commit") + 1 for kind in KINDS]
    return sorted(mine + before)


@pytest.mark.scenario("A1")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("flow", FLOWS)
def test_a_run_that_is_killed_at_any_step_loses_and_duplicates_nothing(
    flow: str, server: CrashServer, is_full: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    world = FLOWS[flow](tmp_path_factory.mktemp(flow))
    names = server.begin(world)
    assert {f"{kind}.after_commit" for kind in KINDS} <= set(names), "the run does not have every kind of step"
    died: list[str] = []
    for number in points(names, flow, is_full):
        died.append(server.kill(world, number))
        server.recover(world)
        world.restore()
    assert len(died) >= len(names) // 10


@pytest.mark.scenario("A2")
@pytest.mark.timeout(3600)
def test_a_recovery_that_is_killed_at_any_step_loses_and_duplicates_nothing(
    server: CrashServer, is_full: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    world = FLOWS["sqlite-to-csv"](tmp_path_factory.mktemp("pairs"))
    names = server.begin(world)
    written = [number for number, name in enumerate(names, 1) if name == "process.written"]
    firsts = written if is_full else written[::2]
    for first in firsts:
        server.kill(world, first)
        half_way = world.take_copy()
        steps = server.ask(world)["names"]
        world.bring_back(half_way)
        closing = [number for number, name in enumerate(steps, 1) if name == "ledger.close_batch.before_commit"]
        settling = [number for number, name in enumerate(steps, 1) if name == "settle.settled"]
        assert settling
        written_again = [number for number, name in enumerate(steps, 1) if name == "process.written"]
        sample = sorted({closing[0], *settling, *written_again[::2]})
        for second in range(1, len(steps) + 1) if is_full else sample:
            server.kill(world, second)
            server.recover(world)
            world.bring_back(half_way)
        world.restore()


def test_a_recovery_settles_each_intent_before_it_plans(
    server: CrashServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The steps that the pairs above die at are there: they would prove nothing if nothing were left open."""
    world = FLOWS["sqlite-to-csv"](tmp_path_factory.mktemp("settling"))
    names = server.begin(world)
    server.kill(world, names.index("process.written") + 1)
    steps = server.ask(world)["names"]
    assert "settle.settled" in steps
    assert steps.index("settle.settled") < steps.index("ledger.open_batch.before_commit")
