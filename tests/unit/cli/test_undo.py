from __future__ import annotations

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action
from desktop_sync.core.guard import Guard, GuardFinding
from desktop_sync.core.plan import FieldChange
from desktop_sync.core.run import EntityResult, Outcome, RunResult
from desktop_sync.core.undo import UndoRow
from tests.unit.cli.command_line import CommandLine

BACK = UndoRow(
    1,
    "customers",
    Side.B,
    Action.UPDATE_B,
    17,
    "a-1",
    "b-1",
    "",
    False,
    (FieldChange("city", before="Bonn", after="Köln", differs=True),),
)
LEFT = UndoRow(2, "customers", Side.B, Action.DELETE_B, 18, "a-2", "b-2", "it was changed since: city", False)
MANY = GuardFinding(Guard.DELETES, "customers", Side.B, 30, 40, 20)


def test_a_run_is_undone_by_its_number(command_line: CommandLine) -> None:
    said = command_line("undo", "7")
    assert said.code == 0
    assert "Run 7 is undone." in said.out
    assert "desktop-sync undo 9" in said.out
    assert command_line.application.undo.calls == [("undo", 7)]


def test_what_is_left_as_it_is_is_named_and_the_exit_code_says_so(command_line: CommandLine) -> None:
    entity = EntityResult("customers", actions={Action.UPDATE_B: 1}, failed=1, problems=("record b-2: changed since",))
    command_line.application.undo.result = RunResult(9, "Customers", Outcome.PROBLEMS, (entity,), (MANY,), undoes=7)
    said = command_line("undo", "7")
    assert said.code == 1
    assert "record b-2: changed since" in said.err
    assert "30 of 40 records would be deleted" in said.err
    document = command_line("undo", "7", "--json").document
    assert isinstance(document, dict)
    assert (document["undoes"], document["left"], document["guard"]) == (7, ["record b-2: changed since"], None)


def test_a_preview_lists_every_record_and_writes_nothing(command_line: CommandLine) -> None:
    undo = command_line.application.undo
    undo.stored, undo.found = [BACK, LEFT], (MANY,)
    said = command_line("undo", "7", "--preview")
    assert said.code == 1
    assert 'city: "Bonn" → "Köln"' in said.out
    assert "it was changed since: city" in said.out
    assert "1 record would be as before run 7, 1 would be left." in said.out
    assert [view.closed for view in undo.views] == [1]
    document = command_line("undo", "--preview", "7", "--json").document
    assert isinstance(document, dict)
    assert document["entities"][0]["actions"]["update_b"] == 1
    assert [row["left"] for row in document["records"]] == [None, "it was changed since: city"]
    assert document["guard"]["name"] == "deletes"
    assert {method for method, _ in undo.calls} == {"preview"}


def test_the_loser_of_a_conflict_is_brought_back_by_the_number_of_the_conflict(command_line: CommandLine) -> None:
    assert command_line("undo", "--conflict", "4").code == 0
    assert command_line("undo", "--conflict", "4", "--preview").code == 0
    assert command_line.application.undo.calls == [("bring_back", 4), ("preview_bring_back", 4)]


def test_an_undo_of_nothing_or_of_two_things_is_a_usage_error(command_line: CommandLine) -> None:
    assert command_line("undo").code == 2
    assert command_line("undo", "7", "--conflict", "4").code == 2
    assert command_line("undo", "seven").code == 2
