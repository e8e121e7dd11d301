"""Sides that suddenly read empty, mass deletes and other accidents stop the run before it writes (SPEC §8)."""

from __future__ import annotations

import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.crash_command_line import Answer, CommandLine
from tests.support.crash_world import sqlite_to_csv, values_of

MANY = 60


@pytest.fixture
def line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    line = CommandLine(sqlite_to_csv(tmp_path), capsys)
    line.begin(MANY)
    return line


def _delete(line: CommandLine, condition: str) -> None:
    with closing(sqlite3.connect(line.world.a.path)) as connection, connection:
        connection.execute(f"DELETE FROM customers WHERE {condition}")


def _stopped(line: CommandLine, guard: str, sentence: str) -> Answer:
    """The guard stopped the run, said so once, and nothing was written but the run itself."""
    before = line.content()
    answer = line.run()
    assert answer.code == 4
    assert answer.err.count(sentence) == 1, answer.err
    assert answer.out.rstrip().endswith("A guard stopped it before anything was written.")
    assert f"--allow {guard}" in answer.err
    assert line.content() == before
    return answer


@pytest.mark.scenario("C2", "C3")
def test_a_side_that_reads_empty_stops_the_run_until_it_is_allowed(line: CommandLine) -> None:
    _delete(line, "true")
    empty = 'CRM, customers: it reads empty, though 60 records are synchronized with it (guard "empty-side").'
    answer = _stopped(line, "empty-side", empty)
    deletes = 'Shop, customers: 60 of 60 records would be deleted; 20 are allowed (guard "deletes").'
    assert deletes in answer.err.splitlines()
    only_one = line.run("--allow", "empty-side")
    assert only_one.code == 4
    assert len(line.world.b.records()) == MANY
    document = line.run("--json").document
    assert document["outcome"] == "guard"
    assert {finding["name"] for finding in document["guard"]["findings"]} == {"empty-side", "deletes"}
    allowed = line("process", "Customers", "--allow", "empty-side", "--allow", "deletes")
    assert allowed.code == 0, allowed
    assert line.world.b.records() == []


@pytest.mark.scenario("C2")
def test_that_a_side_reads_empty_is_said_before_the_deletes_that_follow_from_it(line: CommandLine) -> None:
    for record in line.world.b.records():
        line.world.b.delete(record["email"])
    answer = line.run("--json")
    assert answer.code == 4
    named = [finding["name"] for finding in answer.document["guard"]["findings"]]
    assert (answer.document["guard"]["name"], named) == ("empty-side", ["empty-side", "deletes"])


@pytest.mark.scenario("C3")
def test_letting_a_guard_pass_holds_for_one_run_only(line: CommandLine) -> None:
    _delete(line, "id > 35")
    _stopped(line, "deletes", '25 of 60 records would be deleted; 20 are allowed (guard "deletes").')
    assert line.run("--allow", "deletes").code == 0
    assert len(line.world.b.records()) == 35
    _delete(line, "id > 10")
    _stopped(line, "deletes", '25 of 35 records would be deleted; 20 are allowed (guard "deletes").')


@pytest.mark.scenario("C3")
@pytest.mark.parametrize("has_kept_plan", [False, True])
def test_a_guard_is_let_pass_for_the_plan_of_a_digest_and_for_no_other(line: CommandLine, has_kept_plan: bool) -> None:
    _delete(line, "id <= 25")
    if has_kept_plan:
        assert line.run().code == 4
    shown = line("preview", "Customers", "--json").document
    assert (shown["outcome"], shown["guard"]["name"]) == ("guard", "deletes")
    digest = shown["plan"]
    assert f"The plan's digest is {digest}" in line("preview", "Customers").out
    _delete(line, "id = 26")
    before = line.world.b.content()
    refused = line.run("--allow", "deletes", "--plan", digest)
    assert refused.code == 2
    assert f"not {digest}. Nothing was written." in refused.err
    assert line.world.b.content() == before
    assert "Nothing was written." in line("history", "Customers").out + line("history", "Customers", "--json").out
    again = line("preview", "Customers", "--json").document["plan"]
    assert again != digest
    stopped = line.run("--plan", again, "--json")
    assert (stopped.code, stopped.document["plan"]) == (4, again)
    passed = line.run("--allow", "deletes", "--plan", again, "--json")
    assert (passed.code, passed.document["plan"]) == (0, again)
    assert len(line.world.b.records()) == MANY - 26
    (note,) = [said for said in passed.document["notes"] if "let pass" in said]
    assert note.startswith("A guard was let pass for this plan: Shop, customers: 26 of 60 records would be deleted")


@pytest.mark.scenario("C3")
def test_a_plan_of_a_digest_has_the_values_that_were_shown(line: CommandLine) -> None:
    def edit(phone: str) -> None:
        with closing(sqlite3.connect(line.world.a.path)) as connection, connection:
            connection.execute("UPDATE customers SET phone = ? WHERE id = 1", (phone,))

    edit("Shown")
    digest = line("preview", "Customers", "--json").document["plan"]
    edit("Changed since")
    before = line.world.b.content()
    refused = line.run("--plan", digest)
    assert (refused.code, line.world.b.content()) == (2, before)
    edit("Shown")
    assert line.run("--plan", digest).code == 0
    assert values_of(line.world.b)["c1"][1] == "Shown"


@pytest.mark.scenario("C3")
def test_a_preview_says_a_command_that_carries_out_the_plan_that_it_showed(line: CommandLine) -> None:
    _delete(line, "id <= 25")
    shown = line("preview", "Customers")
    assert shown.code == 4
    assert "The plan is kept" not in shown.err
    said = shlex.split(shown.err.splitlines()[-1])
    name, *words = said[said.index("run") :]
    assert line(name, *words).code == 0
    assert len(line.world.b.records()) == MANY - 25


@pytest.mark.scenario("C3")
def test_a_few_deletes_are_no_accident(line: CommandLine) -> None:
    _delete(line, "id > 55")
    assert line.run().code == 0
    assert len(line.world.b.records()) == 55


def test_a_half_written_export_is_an_accident_although_it_is_sound(line: CommandLine) -> None:
    lines = line.world.b.path.read_bytes().splitlines(keepends=True)
    line.world.b.path.write_bytes(b"".join(lines[:26]))
    sentence = "Shop, customers: only 25 records are left of the 60 that were there; 30 or fewer is suspicious"
    _stopped(line, "shrunk", sentence)
    assert len(line.world.a.records()) == MANY


@pytest.mark.scenario("C4")
def test_a_change_of_everything_at_once_is_an_accident(line: CommandLine) -> None:
    with closing(sqlite3.connect(line.world.a.path)) as connection, connection:
        connection.execute("UPDATE customers SET name = upper(name)")
    _stopped(line, "all-changed", "CRM, customers: all 60 synchronized records changed at once")
    assert values_of(line.world.b)["c1"] == ("name 1", "phone 1")


@pytest.mark.scenario("C5")
def test_another_database_in_the_same_place_is_an_accident(line: CommandLine) -> None:
    path = line.world.a.path
    content = path.read_bytes()
    path.rename(line.world.folder / "the old one")
    path.write_bytes(content)
    sentence = "CRM, customers: this is not the database, folder, service or structure that it was at the last run"
    _stopped(line, "identity", sentence)
