"""What a preview says is what its run does, whatever the rules are; by hand more worlds are tried."""

from __future__ import annotations

import pytest

from desktop_sync.core.decision import Action
from tests.property import preview_and_run
from tests.property.preview_and_run import DisagreementError, lane


def test_a_preview_its_run_the_history_and_both_systems_tell_the_same() -> None:
    seen = lane(2, seed=7, rounds=4)
    assert (seen["rounds"], seen["rows"] >= 8) == (8, True)
    assert sum(bool(seen[action.key]) for action in Action) >= 7, seen


def test_numbers_that_do_not_agree_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview_and_run, "_changes", lambda before, after: iter(()))
    with pytest.raises(DisagreementError, match=r"not what was done: create"):
        lane(1, seed=7)
