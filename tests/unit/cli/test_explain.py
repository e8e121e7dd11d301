from __future__ import annotations

from dataclasses import replace

from desktop_sync.core.explanation import ExplainedEvent, Part
from desktop_sync.core.plan import FieldChange
from tests.support.fake_explanation import EXPLAINED
from tests.unit.cli.command_line import CommandLine


def test_a_record_is_explained_as_a_timeline_with_the_reasons(command_line: CommandLine) -> None:
    said = command_line("explain", "Customers", "17", "--entity", "customers")
    assert said.code == 0
    assert command_line.application.explanation.asked == [("Customers", "17", "customers")]
    for part in (
        "matched: Run 3: paired, equal: Email",
        'city: "Bonn" → "Köln"',
        "Now",
        '"0221 123456" ≠ (empty)',
        "Why it is not synchronized",
        "The next run tries again.",
    ):
        assert part in said.out


def test_a_field_of_one_side_of_a_link_is_shown_without_a_counterpart(command_line: CommandLine) -> None:
    fields = (FieldChange("Email", a="p1"), FieldChange("city", b="Graz"), FieldChange("Note"))
    linked = ExplainedEvent(Part.WRITTEN, "Run 3: linked; nothing was written", fields=fields)
    command_line.application.explanation.answer = replace(EXPLAINED, past=(linked,))
    lines = [line.strip() for line in command_line("explain", "Customers", "17").out.splitlines()]
    assert {'Email: "p1"', 'city: "Graz"', "Note: (empty) = (empty)"} <= set(lines)


def test_an_explanation_is_one_json_document(command_line: CommandLine) -> None:
    document = command_line("explain", "Customers", "17", "--json").document
    assert isinstance(document, dict)
    assert document["record"]["status"] == "Failed"
    assert [event["part"] for event in document["past"]] == ["matched", "decided", "written", "status"]
    assert document["past"][2]["fields"][0]["after"] == "Köln"
    assert document["fields"][0]["compared"] == {"a": "ada@x.org", "b": "ada@x.org"}
    assert (document["action"], document["rule"]) == ("update_b", "changed-one-side")
    assert len(document["why_not"]) == 1


def test_an_explanation_needs_a_configuration_and_a_record(command_line: CommandLine) -> None:
    assert command_line("explain", "Customers").code == 2
    assert command_line("explain", "Nobody", "17").code == 2
