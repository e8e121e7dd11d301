"""What a record is called where a list can show little of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from desktop_sync.core.decision import Rule
from desktop_sync.core.plan import FieldChange
from desktop_sync.core.sync_record import Conflict
from desktop_sync.ui.text.record_words import conflict_record


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ([("7", "17"), ("Ann", "Ann"), ("", ""), ("Lee", "Lee"), ("Graz", "Graz"), ("1", "2")], "Ann, Lee"),
        ([("Ann", "Anna"), (None, "Graz")], "Ann, Graz"),
        ([("same", "same"), ("same", "same")], "same"),
        ([("7", "17"), (None, None)], ""),
    ],
)
def test_a_conflict_is_called_by_values_that_say_which_record_it_is(
    fields: list[tuple[str | None, str | None]], words: str
) -> None:
    changes = tuple(FieldChange(f"f{n}", a=a, b=b, differs=a != b) for n, (a, b) in enumerate(fields))
    now = datetime(2026, 3, 1, tzinfo=UTC)
    conflict = Conflict(1, 2, 3, "Shop", "customers", "7", "17", Rule.ASK, None, None, None, now, None, changes)
    assert conflict_record(conflict) == words
