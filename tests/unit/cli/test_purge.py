"""`desktop-sync purge`: what would go, what went, and how long history is kept."""

from __future__ import annotations

import pytest

from desktop_sync.core.count_text import count, size_text
from tests.unit.cli.command_line import CommandLine


def test_a_preview_says_what_would_go_and_changes_nothing(command_line: CommandLine) -> None:
    said = command_line("purge", "--preview", "--older-than", "30")
    assert said.code == 0
    assert "would be removed" in said.out
    assert "12 runs, 3,400 actions and 1 settled conflict, 12.3 MB in all" in said.out
    assert command_line.application.history_retention.purged == []


def test_a_purge_says_what_went(command_line: CommandLine) -> None:
    document = command_line("purge", "--older-than", "30", "--json").document
    assert (document["runs"], document["actions"], document["given_back"]) == (12, 3400, 9_000_000)
    assert command_line.application.history_retention.purged == [30]
    assert "There is no history" in command_line("purge").out


@pytest.mark.parametrize(("given", "days", "said"), [("30", 30, "for 30 days"), ("forever", 0, "for ever")])
def test_how_long_history_is_kept_is_chosen(command_line: CommandLine, given: str, days: int, said: str) -> None:
    assert said in command_line("purge", "--keep", given).out
    assert command_line.application.history_retention.days == days
    assert command_line.application.history_retention.purged == []


@pytest.mark.parametrize(
    "arguments", [("--keep", "0"), ("--keep", "soon"), ("--older-than", "0"), ("--keep", "30", "--preview")]
)
def test_what_makes_no_sense_is_refused(command_line: CommandLine, arguments: tuple[str, ...]) -> None:
    assert command_line("purge", *arguments).code == 2
    assert command_line.application.history_retention.purged == []


def test_numbers_come_with_the_form_of_the_thing_that_fits() -> None:
    assert [count(number, "record") for number in (0, 1, 2, 2500)] == [
        "0 records",
        "1 record",
        "2 records",
        "2,500 records",
    ]
    assert count(2, "entity") == "2 entities"
    assert [size_text(number) for number in (1, 999, 12_300_000)] == ["1 byte", "999 bytes", "12.3 MB"]
