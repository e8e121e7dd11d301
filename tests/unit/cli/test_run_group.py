from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.guard import Guard
from desktop_sync.core.run import Outcome
from desktop_sync.core.sync_group import GroupResult, StructureName, SyncGroup
from tests.support.fake_application import RESULT
from tests.unit.cli.command_line import CommandLine

GROUP = SyncGroup(("Customers", "Leads"), (StructureName("CRM", "customer"),))


def test_a_group_that_settled_says_after_how_many_passes(command_line: CommandLine) -> None:
    command_line.application.groups.result = GroupResult(GROUP, (RESULT, RESULT), 2)
    said = command_line("run", "--group", "Customers", "--allow", "updates")
    assert said.code == 0
    assert "Customers: done" in said.out
    assert said.out.endswith("The group is settled after 2 passes.\n")
    assert command_line.application.groups.calls == [("Customers", frozenset({Guard.UPDATES}))]


@pytest.mark.scenario("G1")
def test_a_group_that_did_not_settle_names_who_is_left(command_line: CommandLine) -> None:
    command_line.application.groups.result = GroupResult(GROUP, (RESULT,), 3, ("Leads",), ("Old",))
    said = command_line("run", "Customers", "--group")
    assert said.code == 1
    assert "did not settle in 3 passes; still to follow: Leads." in said.out
    assert "Old is switched off and was left out." in said.err


def test_the_document_of_a_group_has_its_runs(command_line: CommandLine) -> None:
    stopped = replace(RESULT, outcome=Outcome.GUARD)
    command_line.application.groups.result = GroupResult(GROUP, (RESULT, stopped), 1)
    said = command_line("run", "Customers", "--group", "--json")
    assert said.code == 4
    document = said.document
    assert (document["group"], document["passes"], document["settled"]) == (["Customers", "Leads"], 1, False)
    assert document["shared"] == [{"endpoint": "CRM", "structure": "customer"}]
    assert [run["outcome"] for run in document["runs"]] == ["done", "guard"]


def test_a_group_tells_which_member_could_not_run_and_what_the_others_did(command_line: CommandLine) -> None:
    failed = replace(RESULT, outcome=Outcome.FAILED, error="CRM: it is not there.")
    command_line.application.groups.result = GroupResult(GROUP, (failed,), 1, ("Customers",))
    said = command_line("run", "Customers", "--group")
    assert said.code == 3
    assert said.out.endswith("Could not run: Customers; the others of the group did, in 1 pass.\n")
    assert "Customers: CRM: it is not there." in said.err
    (run,) = command_line("run", "Customers", "--group", "--json").document["runs"]
    assert run["outcome"] == "failed"


def test_a_group_looks_at_every_record(command_line: CommandLine) -> None:
    said = command_line("run", "Customers", "--group", "--mode", "incremental")
    assert said.code == 2
    assert "--group goes without --mode" in said.err


def test_the_list_says_who_is_to_follow_whom(command_line: CommandLine) -> None:
    command_line.application.configurations.follows = "Leads"
    command_line.application.configurations.group = ("Customers", "Leads")
    (document,) = command_line("list", "--json").document
    assert (document["follows"], document["group"]) == ("Leads", ["Customers", "Leads"])
    assert "enabled, to follow Leads" in command_line("list").out
