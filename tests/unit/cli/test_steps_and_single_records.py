from __future__ import annotations

from dataclasses import replace

from desktop_sync.core.configuration import Direction, PipelineStep, StepKind
from desktop_sync.core.status import Event, Status
from desktop_sync.core.sync_record import SyncRecord
from tests.support.fake_application import AT, CUSTOMERS
from tests.unit.cli.command_line import CommandLine

FILTER = PipelineStep(StepKind.FILTER, "leave", "customers", Direction.A_TO_B, condition="true")
RECORD = SyncRecord(17, "Customers", "customers", "a-1", "b-1", Status.FAILED, 2, "the phone is too long", AT)
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


def test_a_run_of_single_records_names_them_by_number_or_id(command_line: CommandLine) -> None:
    command_line.application.records.stored = [RECORD]
    assert command_line("run", "Customers", "--record", "a-1", "--record", "17").code == 0
    method, name, details = command_line.application.synchronization.calls[-1]
    assert (method, name, details["records"]) == ("run_records", "Customers", [17, 17])
    assert command_line("run", "Customers", "--record", "a-1", "--mode", "full").code == 2
    assert command_line("run", "Customers", "--record", "nobody").code == 2


def test_a_person_sets_the_status_of_single_records(command_line: CommandLine) -> None:
    records = command_line.application.records
    records.stored = [RECORD]
    said = command_line("records", "Customers", "--skip", "a-1", "--set-processed", "17", "--json")
    assert said.code == 0
    assert said.document == {
        "changed": [
            {"record": 17, "set": "skip", "was": "Failed"},
            {"record": 17, "set": "set-processed", "was": "Failed"},
        ],
        "refused": [],
    }
    assert records.calls == [
        ("set_status", [17], Event.SKIPPED_BY_USER),
        ("set_status", [17], Event.SET_PROCESSED_BY_USER),
    ]
    records.changes = 0
    records.stored = [replace(RECORD, b_id=None)]
    said = command_line("records", "Customers", "--set-processed", "17")
    assert said.code == 1
    assert "It needs a record in both systems." in said.err


def test_who_switches_the_step_of_a_plugin_on_allows_the_plugin_as_it_is(command_line: CommandLine) -> None:
    step = PipelineStep(
        StepKind.PLUGIN, "clean", "customers", Direction.A_TO_B, plugin="clean_addresses", fields=("city",)
    )
    command_line.application.configurations.known["Customers"] = replace(CUSTOMERS, steps=(step,))
    said = command_line("steps", "Customers", "--enable", "clean")
    assert "address-tools 2.1" in said.err
    assert "ab" * 32 in said.err
    plugins = command_line.application.plugins
    assert plugins.pins == {"clean_addresses": "ab" * 32}
    plugins.digest = "cd" * 32
    said = command_line("steps", "Customers")
    assert "changed since it was confirmed" in said.err
    assert "desktop-sync steps Customers --enable clean" in said.err
