"""The list of seeded bugs fits the program as it is."""

from __future__ import annotations

import ast

import pytest

from tests.reliability.seeded_bugs import BUGS, CHECKOUT, Bug


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: str(bug.number))
def test_a_bug_can_be_planted_where_it_says_and_leaves_python(bug: Bug) -> None:
    planted: dict[str, str] = {}
    for edit in bug.edits:
        text = planted.get(edit.file) or (CHECKOUT / edit.file).read_text(encoding="utf-8")
        assert text.count(edit.before) == 1, f"{edit.file} has {text.count(edit.before)} × {edit.before!r}"
        planted[edit.file] = text.replace(edit.before, edit.after)
    for text in planted.values():
        ast.parse(text)
    for test in bug.tests:
        assert (CHECKOUT / test.partition("::")[0]).exists()


def test_every_rule_of_the_list_has_its_bug() -> None:
    assert [bug.number for bug in BUGS] == list(range(1, len(BUGS) + 1))
    assert len(BUGS) >= 28
