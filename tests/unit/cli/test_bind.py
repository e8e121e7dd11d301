"""`bind`, and what other commands say of match-only mode."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.binding import Binding, Lease, MatchOnly
from desktop_sync.core.errors import AlreadyRunningError, BoundElsewhereError, ConfigurationError, MissingError
from desktop_sync.core.run import Outcome
from desktop_sync.services.views import BindingReport
from tests.support.fake_application import AT, RESULT
from tests.unit.cli.command_line import CommandLine

MINE = Lease("Customers", "0190-l", 2, 17, "process 4711 on desk", "h", None)
THEIRS = Lease("Customers", "0199-m", 2, 3, "process 12 on laptop", "k", AT)
FOREIGN = BindingReport("Customers", Binding("0190-l", 0), MatchOnly.FOREIGN, {"Shop": THEIRS})


def test_bind_says_whose_the_configuration_is(command_line: CommandLine) -> None:
    said = command_line("bind", "Customers")
    assert said.code == 0
    assert said.out.splitlines() == [
        "No endpoint keeps a lease: runs are kept apart on this machine only.",
        "Customers is this ledger's.",
    ]
    command_line.application.bindings.report = BindingReport("Customers", Binding("0190-l", 2), None, {"Shop": MINE})
    assert command_line("bind", "Customers").out.splitlines() == [
        "Shop: this ledger, hand-over 2, last run by process 4711 on desk.",
        "Customers is this ledger's.",
    ]


def test_bind_names_the_holder_and_the_way_to_take_over(command_line: CommandLine) -> None:
    command_line.application.bindings.report = FOREIGN
    said = command_line("bind", "Customers")
    assert said.code == 1
    assert said.out.startswith("Shop: another ledger, hand-over 2, last run by process 12 on laptop, held until 2")
    assert "belongs to another ledger" in said.out
    assert "desktop-sync bind Customers --take-over" in said.err
    document = command_line("bind", "Customers", "--json").document
    assert document["match_only"] == "foreign"
    assert document["leases"]["Shop"]["holder"] == "process 12 on laptop"


def test_bind_takes_over_and_says_what_comes_next(command_line: CommandLine) -> None:
    bindings = command_line.application.bindings
    bindings.report = replace(FOREIGN, mode=MatchOnly.TAKEN_OVER)
    said = command_line("bind", "Customers", "--take-over")
    assert (said.code, bindings.calls) == (1, ["take_over"])
    assert "Nothing is created, updated or deleted" in said.out
    assert "Next: desktop-sync run Customers" in said.err
    assert "--confirm-match" not in said.err


@pytest.mark.scenario("K6")
def test_a_run_of_a_configuration_of_another_ledger_is_refused_with_the_way_out(command_line: CommandLine) -> None:
    command_line.application.synchronization.error = BoundElsewhereError("Customers", "Shop", "process 12 on laptop")
    said = command_line("run", "Customers")
    assert said.code == 3
    assert "process 12 on laptop" in said.err
    assert "bind NAME --take-over" in said.err


@pytest.mark.scenario("K4")
def test_a_run_beside_another_names_the_holder(command_line: CommandLine) -> None:
    command_line.application.synchronization.error = AlreadyRunningError("Customers", "process 4711 on desk")
    said = command_line("run", "Customers")
    assert said.code == 3
    assert '"Customers" is running already (process 4711 on desk).' in said.err


def test_confirming_comes_before_the_run_and_a_refusal_stops_it(command_line: CommandLine) -> None:
    application = command_line.application
    assert command_line("run", "Customers", "--confirm-match").code in (0, 1)
    assert application.bindings.calls == ["confirm_match"]
    ran = len(application.synchronization.calls)
    application.bindings.error = ConfigurationError("it has not been matched yet")
    said = command_line("run", "Customers", "--confirm-match")
    assert (said.code, len(application.synchronization.calls)) == (2, ran)


def test_after_a_run_that_only_matched_the_way_on_is_said(command_line: CommandLine) -> None:
    application = command_line.application
    application.synchronization.result = replace(
        RESULT, outcome=Outcome.PROBLEMS, error="Only matched.", only_matched=True
    )
    application.configurations.match_only, application.configurations.can_confirm = MatchOnly.RESTORED, True
    said = command_line("run", "Customers")
    assert "Only matched." in said.err
    assert "desktop-sync run Customers --confirm-match" in said.err


def test_lists_and_checks_say_that_a_configuration_only_matches(command_line: CommandLine) -> None:
    application = command_line.application
    application.configurations.match_only = MatchOnly.RESTORED
    assert "enabled, only matches: the ledger was restored" in command_line("list").out
    assert command_line("list", "--json").document[0]["match_only"] == "restored"
    application.bindings.report = FOREIGN
    assert "Shop: another ledger" in command_line("check", "Customers").out
    assert command_line("check", "Customers", "--json").document["binding"]["match_only"] == "foreign"
    application.bindings.error = MissingError("the folder is not there")
    assert command_line("check", "Customers", "--json").document["binding"] is None


def test_a_preview_says_that_it_only_matches(command_line: CommandLine) -> None:
    command_line.application.synchronization.match_only = MatchOnly.FOREIGN
    assert "this is only a look" in command_line("preview", "Customers").err
