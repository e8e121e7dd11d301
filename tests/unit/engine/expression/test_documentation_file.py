"""The reference that users read is the one that the language is made from."""

from __future__ import annotations

from desktop_sync.engine.expression import documentation
from desktop_sync.resource import resource_path


def test_the_expression_reference_says_what_the_language_does() -> None:
    text = resource_path("documentation/expressions.md").read_text(encoding="utf-8")
    assert text == "# Expressions\n\n" + documentation().strip() + "\n"
