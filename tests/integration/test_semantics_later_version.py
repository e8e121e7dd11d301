"""A later version of the program may compute digests in another way: nothing is taken for an accident or written."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from desktop_sync.core.configuration import GuardLimits, Side
from desktop_sync.core.decision import Action
from desktop_sync.core.run import Outcome
from desktop_sync.engine import staging
from desktop_sync.engine.canonical import digest_sql
from tests.support.worlds import WorldMaker

MANY = 60


def _later_digest_sql(canonical_values: Sequence[str]) -> str:
    return digest_sql([*canonical_values, "'another form'"])


def test_records_that_agree_get_a_new_baseline_without_a_guard_or_a_write(
    world: WorldMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = world(guards=GuardLimits())
    for number in range(1, MANY + 1):
        w.put("a", Id=number, Email=f"p{number}@x.org", City="Wien")
    w.run()
    before = w.fingerprints()
    monkeypatch.setattr(staging, "digest_sql", _later_digest_sql)
    result = w.run()
    assert result.outcome is Outcome.DONE, result.error
    assert w.actions(result) == {Action.ADOPT: MANY}
    assert w.fingerprints() == before
    w.assert_quiet()
    w.edit("a", 3, City="Graz")
    assert w.actions(w.run()) == {Action.UPDATE_B: 1}


def test_a_real_change_of_everything_is_still_an_accident(world: WorldMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    w = world(guards=GuardLimits())
    for number in range(1, MANY + 1):
        w.put("a", Id=number, Email=f"p{number}@x.org", City="Wien")
    w.run()
    for number in range(1, MANY + 1):
        w.edit("a", number, City="Graz")
    monkeypatch.setattr(staging, "digest_sql", _later_digest_sql)
    result = w.run()
    assert result.outcome is Outcome.GUARD
    assert {finding.side for finding in result.findings} >= {Side.A}
