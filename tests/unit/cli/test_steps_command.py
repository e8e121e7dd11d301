from __future__ import annotations

from dataclasses import replace

from desktop_sync.core.configuration import Direction, PipelineStep, StepKind
from tests.support.fake_application import CUSTOMERS
from tests.unit.cli.command_line import CommandLine

FILTER = PipelineStep(StepKind.FILTER, "leave", "customers", Direction.A_TO_B, condition="true")
TELL = PipelineStep(StepKind.COMMAND, "tell", enabled=False, command=("/bin/true",))


def test_the_steps_are_listed_in_the_order_of_their_turn(command_line: CommandLine) -> None:
    command_line.application.configurations.known["Customers"] = replace(CUSTOMERS, steps=(TELL, FILTER))
    document = command_line("steps", "Customers", "--json").document
    assert isinstance(document, list)
    assert [one["kind"] for one in document] == [
        "pull-details",
        "filter",
        "determine-direction",
        "prerequisites-first",
        "standard-mapping",
        "configured-mapping",
        "save",
        "set-processed",
        "command",
    ]
    assert document[1] == {
        "kind": "filter",
        "name": "leave",
        "enabled": True,
        "entity": "customers",
        "direction": "a-to-b",
        "moment": "before-mapping",
    }
    said = command_line("steps", "Customers")
    assert "leave" in said.out
    assert "on, always" in said.out
    assert "desktop-sync steps Customers --enable tell" in said.err


def test_steps_are_switched_by_their_names(command_line: CommandLine) -> None:
    assert command_line("steps", "Customers", "--enable", "tell", "--disable", "leave").code == 0
    assert command_line.application.configurations.switched == [
        ("Customers", "tell", True),
        ("Customers", "leave", False),
    ]
    assert command_line("steps", "Nobody").code == 2
