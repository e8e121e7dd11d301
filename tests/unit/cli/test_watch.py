"""Running by itself from the command line: `watch`, `enable` and `disable`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.errors import AlreadyRunningError, LedgerError, MissingError, Place
from desktop_sync.core.run import EntityResult, Outcome, RunKind, RunResult, Trigger
from desktop_sync.core.schedule import Schedule, ScheduleKind
from desktop_sync.core.unattended import Due
from tests.support.fake_application import AT, RESULT
from tests.unit.cli.command_line import CommandLine

DUE = Due("Customers", RunKind.RUN, Trigger.SCHEDULE, AT)
NOTHING = RunResult(9, "Customers", Outcome.DONE, (EntityResult("customers", 3, 3),))


@pytest.fixture(autouse=True)
def scheduled(command_line: CommandLine) -> None:
    known = command_line.application.configurations.known
    schedule = Schedule(ScheduleKind.INTERVAL, interval_minutes=5)
    known["Customers"] = replace(known["Customers"], schedule=schedule)


def test_what_is_due_runs_until_the_program_is_interrupted(command_line: CommandLine) -> None:
    unattended = command_line.application.unattended
    unattended.script = [(DUE,), (replace(DUE, trigger=Trigger.PUSH),)]
    said = command_line("watch")
    assert said.code == 0
    assert "Watching Customers." in said.err
    assert [line.split(",")[0] for line in said.out.splitlines()] == [
        "Customers: run by schedule",
        "Customers: run by push",
    ]
    assert unattended.watched == [()]
    assert command_line.application.closed == 1


def test_what_is_only_prepared_is_said_so(command_line: CommandLine) -> None:
    command_line.application.unattended.script = [(replace(DUE, kind=RunKind.PREPARE),)]
    assert command_line("watch").out.startswith("Customers: prepare by schedule, done, 10 to be created in Shop")


def test_a_run_that_found_nothing_says_nothing(command_line: CommandLine) -> None:
    command_line.application.unattended.script = [(DUE,)]
    command_line.application.unattended.results = [NOTHING]
    assert command_line("watch").out == ""


def test_only_what_is_named_is_watched_and_run(command_line: CommandLine) -> None:
    known = command_line.application.configurations.known
    known["Other"] = replace(known["Customers"], name="Other")
    command_line.application.unattended.script = [(replace(DUE, configuration="Other"), DUE)]
    said = command_line("watch", "Customers")
    assert [due.configuration for due in command_line.application.unattended.ran] == ["Customers"]
    assert command_line.application.unattended.watched == [("Customers",)]
    assert "Other" not in said.err


def test_a_run_that_fails_is_said_and_the_others_go_on(command_line: CommandLine) -> None:
    unattended = command_line.application.unattended
    unattended.script = [(DUE,), (DUE,), (DUE,)]
    unattended.results = [
        MissingError("the folder is not there", Place("Shop")),
        AlreadyRunningError("Customers", "process 4711 on desk"),
        RESULT,
    ]
    said = command_line("watch", "--json")
    assert said.code == 0
    assert "Customers: Shop: the folder is not there." in said.err
    assert "4711" not in said.err
    [one] = said.document["configurations"]
    assert one == {"name": "Customers", "runs": 2, "changed": 1, "failed": 1, "last_outcome": RESULT.outcome.value}


def test_a_run_that_was_cut_short_is_a_cancel(command_line: CommandLine) -> None:
    command_line.application.unattended.script = [(DUE,)]
    command_line.application.unattended.results = [RunResult(9, "Customers", Outcome.CANCELLED)]
    assert command_line("watch").code == 130


def test_a_ledger_that_cannot_be_used_ends_it(command_line: CommandLine) -> None:
    command_line.application.unattended.script = [(DUE,)]
    command_line.application.unattended.results = [LedgerError("the disk is full", "ledger.sqlite")]
    assert command_line("watch").code == 3


def test_what_is_switched_off_or_unknown_is_not_watched(command_line: CommandLine) -> None:
    known = command_line.application.configurations.known
    known["Customers"] = replace(known["Customers"], enabled=False)
    said = command_line("watch", "Customers")
    assert said.code == 2
    assert "desktop-sync enable Customers" in said.err
    assert command_line("watch", "Nobody").code == 2
    assert "Nothing runs by itself yet." in command_line("watch").err


def test_a_configuration_is_switched_on_and_off(command_line: CommandLine) -> None:
    configurations = command_line.application.configurations
    assert command_line("disable", "Customers").code == 0
    assert not configurations.get("Customers").enabled
    said = command_line("enable", "Customers")
    assert configurations.get("Customers").enabled
    assert "It runs by itself every 5 minutes." in said.out
    assert command_line("enable", "Customers", "--json").document == {"name": "Customers", "enabled": True}
    assert command_line("enable", "Nobody").code == 2
