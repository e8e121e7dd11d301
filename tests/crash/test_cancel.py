"""Cancelling: the record in hand is finished, nothing stays half done, and the next run completes (SPEC §8)."""

from __future__ import annotations

import pytest

from tests.support.crash_trial import CrashServer, check_values
from tests.support.crash_world import AGREED, FLOWS


@pytest.mark.scenario("A17")
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("flow", ["sqlite-to-csv", "csv-to-sqlite"])
def test_a_run_that_is_cancelled_at_any_batch_leaves_no_open_intent_and_the_next_completes(
    flow: str, server: CrashServer, is_full: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    world = FLOWS[flow](tmp_path_factory.mktemp(flow))
    names = server.begin(world)
    first = [number for number, name in enumerate(names, 1) if name == "process.intent_is_durable"]
    outcomes = set()
    for number in range(1, len(names) + 1) if is_full else (1, *first[:-1:3]):
        cancelled = server.ask(world, cancel_at=number, report=True)
        outcomes.add(cancelled["runs"][0]["outcome"])
        assert cancelled["report"]["open"] == 0, "an intent was left open"
        server.recover(world)
        check_values(world, AGREED)
        world.restore()
    assert "cancelled" in outcomes
