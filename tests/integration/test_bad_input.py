"""What is broken outside is said in a sentence that names the place, with its exit code, and changes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.crash_command_line import CommandLine
from tests.support.crash_world import World, csv_to_sqlite, put, sqlite_to_csv, values_of


@pytest.fixture
def line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """A is a SQLite database named CRM, B a folder of CSV files named Shop; both agree."""
    line = CommandLine(sqlite_to_csv(tmp_path), capsys)
    line.begin()
    return line


def _execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def _append(world: World, data: bytes) -> None:
    put(world.b.path, world.b.path.read_bytes() + data)


def _replace(world: World, old: bytes, new: bytes) -> None:
    put(world.b.path, world.b.path.read_bytes().replace(old, new, 1))


@dataclass(frozen=True)
class Broken:
    """How something breaks, and the sentence that must be said."""

    act: Callable[[World], object]
    sentence: str
    code: int = 3


BROKEN = {
    "database missing": Broken(
        lambda world: world.a.path.rename(world.folder / "away"), "CRM: the database file {a} is not there."
    ),
    "table missing": Broken(
        lambda world: _execute(world.a.path, "DROP TABLE customers"),
        "CRM, customers: there is no such table or view in the database.",
    ),
    "no database": Broken(
        lambda world: put(world.a.path, b"nothing of the kind " * 500),
        "CRM, customers: the file {a} is not a SQLite database, or is damaged or encrypted.",
    ),
    "column gone": Broken(
        lambda world: _execute(world.a.path, "ALTER TABLE customers RENAME COLUMN phone TO tel"),
        "CRM, customers, field phone: the mapping uses this field, but it is not there.",
    ),
    "folder missing": Broken(
        lambda world: world.b.path.parent.rename(world.folder / "unplugged"),
        "Shop: the folder {folder} is not there (is its drive connected?).",
    ),
    "file missing": Broken(
        lambda world: world.b.path.unlink(), "Shop, customers: there is no file customers.csv in the folder {folder}."
    ),
    "file empty": Broken(
        lambda world: put(world.b.path, b""),
        "Shop, customers: the file is empty: its first line must name the fields.",
    ),
    "cut inside quotes": Broken(
        lambda world: _append(world, b'200,c20,"cut he'),
        "Shop, customers, line 13: the file ends inside a quoted cell that begins in line 13.",
    ),
    "wrong number of cells": Broken(
        lambda world: _append(world, b"200,c20,x\r\n"), "Shop, customers, line 13: line 13 has 3 cells instead of 6."
    ),
    "two columns of one name": Broken(
        lambda world: _replace(world, b"note", b"name"),
        "Shop, customers, line 1, field name: two columns are named “name”.",
    ),
    "mapped column gone": Broken(
        lambda world: _replace(world, b"phone", b"telephone"),
        "Shop, customers, field phone: the mapping uses this field, but it is not there.",
    ),
    "not text": Broken(
        lambda world: _append(world, b"200,c20,\0,1,2,3\r\n"),
        "Shop, customers, line 13: line 13 holds a NUL character, so this is no sound text file.",
    ),
}


@pytest.mark.scenario("C18", "E11")
@pytest.mark.parametrize("case", BROKEN)
@pytest.mark.parametrize("command", ["run", "preview", "prepare"])
def test_what_is_broken_is_named_and_nothing_is_written(case: str, command: str, line: CommandLine) -> None:
    world, broken = line.world, BROKEN[case]
    world.a.change("c1", name="waits to be synchronized")
    broken.act(world)
    before = line.content()
    answer = line(command, "Customers")
    assert answer.code == broken.code
    sentence = broken.sentence.format(a=world.a.path, folder=world.b.path.parent)
    assert sentence in answer.err.splitlines()
    assert answer.out == ""
    assert line.content() == before


@pytest.mark.parametrize("case", BROKEN)
def test_json_holds_the_same_sentence(case: str, line: CommandLine) -> None:
    world, broken = line.world, BROKEN[case]
    broken.act(world)
    answer = line.run("--json")
    assert answer.document["error"] == broken.sentence.format(a=world.a.path, folder=world.b.path.parent)
    assert answer.document["exit"] == answer.code == broken.code


def test_a_locked_database_is_waited_for_then_named(line: CommandLine) -> None:
    assert line.change_definitions('crm.sqlite"', 'crm.sqlite", busy_timeout_s = 0.1').code == 0
    before = line.content()
    with closing(sqlite3.connect(line.world.a.path, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        answer = line.run()
        holder.execute("ROLLBACK")
    assert answer.code == 3
    assert "CRM, customers: the database is locked by another program (waited 0.1 seconds)." in answer.err
    assert line.content() == before
    assert line.run().code == 0


@pytest.mark.scenario("E4")
def test_bytes_that_are_no_text_of_the_given_encoding_are_named_by_line(line: CommandLine) -> None:
    assert line.change_definitions('shop" }', 'shop", encoding = "utf-8" }').code == 0
    _append(line.world, b"200,c20,caf\xe9,1,2,3\r\n")
    before = line.content()
    answer = line.run()
    assert answer.code == 3
    assert answer.err.splitlines()[0] == "Shop, customers: line 13 holds a byte that is no utf-8 text."
    assert line.content() == before


DEFINITIONS = {
    "an unknown key": (
        ('direction = "both"', 'direktion = "both"'),
        'sync.toml: configuration "Customers", entity "customers", key "direktion": this key is not known here; '
        'did you mean "direction"?',
    ),
    "an unknown format": (
        ("format = 1", "format = 99"),
        'sync.toml, key "format": this version of Desktop Sync reads format 1 only.',
    ),
    "no TOML": (("format = 1", "format = = 1"), "sync.toml: this is not TOML: Invalid value (at line 1, column 10)."),
    "an unknown choice": (
        ('direction = "both"', 'direction = "sideways"'),
        'sync.toml: configuration "Customers", entity "customers", key "direction": "sideways" is not one of '
        '"a-to-b", "b-to-a", "both".',
    ),
    "an unknown provider": (
        ('provider = "csv"', 'provider = "cvs"'),
        'sync.toml: endpoint "Shop", key "provider": there is no provider "cvs"; the providers are "csv", "sql"; '
        'did you mean "csv"?',
    ),
    "an unknown endpoint": (
        ('b = "Shop"', 'b = "Shopp"'),
        'sync.toml: configuration "Customers", key "b": there is no endpoint "Shopp"; did you mean "Shop"?',
    ),
}


@pytest.mark.scenario("X17")
@pytest.mark.parametrize("case", DEFINITIONS)
def test_a_definition_file_that_cannot_be_used_changes_nothing_and_says_why(case: str, line: CommandLine) -> None:
    (old, new), sentence = DEFINITIONS[case]
    before = line.content()
    answer = line.change_definitions(old, new)
    assert answer.code == 2
    assert answer.err.splitlines()[0] == sentence
    assert line.content() == before


def test_an_encoding_that_does_not_exist_is_refused_with_those_that_do(line: CommandLine) -> None:
    before = line.content()
    answer = line.change_definitions('shop" }', 'shop", encoding = "klingon" }')
    assert answer.code == 2
    assert answer.err.startswith('sync.toml: endpoint "Shop", key "settings", key "encoding": "klingon" is not one of ')
    assert '"utf-8"' in answer.err
    assert line.content() == before


UNUSABLE = {
    "a field that is not there": (
        ('a = "phone"', 'a = "fone"'),
        3,
        "CRM, customers, field fone: the mapping uses this field, but it is not there.",
        'error: customers, field fone: "customers" of "CRM" has no field "fone". Did you mean "phone"?',
    ),
    "an expression that does not parse": (
        ('b = "phone"', 'b = "phone"\nto_b = "upper(phone"'),
        2,
        "a closing bracket is missing",
        "error: customers, field phone: A closing bracket is missing (at character 12).",
    ),
    "a function that is not allowed": (
        ('b = "phone"', 'b = "phone"\nto_b = "read_csv(\'x\')"'),
        2,
        "there is no function read_csv()",
        "error: customers, field phone: There is no function read_csv() (at character 1).",
    ),
    "a query in an expression": (
        ('b = "phone"', 'b = "phone"\nto_b = "(select 1)"'),
        2,
        "a query is not allowed in an expression",
        "error: customers, field phone: A query is not allowed in an expression (at character 9).",
    ),
    "a filter over a field that is not there": (
        ('direction = "both"', 'direction = "both"\nfilter = { a = "nme = 1" }'),
        2,
        "there is no field 'nme'; did you mean 'name'?",
        "error: customers: The filter of \"CRM\": There is no field 'nme'; did you mean 'name'? (at character 1).",
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_mapping_that_cannot_be_used_is_found_by_check_and_stops_the_run(case: str, line: CommandLine) -> None:
    (old, new), code, clause, finding = UNUSABLE[case]
    imported = line.change_definitions(old, new)
    if imported.code == 0:  # what needs the endpoints to be seen is found by check, else at import already
        checked = line("check", "Customers")
        assert checked.code == 2
        assert finding in checked.out.splitlines()
        before = line.content()
        answer = line.run()
        assert answer.code == code
        assert answer.err.startswith("CRM, customers, ")
        assert line.content() == before
    else:
        answer = imported
        assert answer.code == 2
    assert clause.lower() in answer.err.lower()  # a clause after the place, or a sentence of its own


def test_a_check_of_content_that_cannot_be_read_is_no_error_of_the_configuration(line: CommandLine) -> None:
    path = line.world.b.path
    path.write_text(path.read_text() + "cut")
    answer = line("check", "Customers")
    assert answer.code == 3
    assert "Shop, customers, line 13: line 13 has 1 cell" in answer.out


def test_an_expression_that_fails_for_one_record_stops_only_that_record(line: CommandLine) -> None:
    with_number = ('b = "phone"', 'b = "phone"\ndirection = "a-to-b"\nto_b = "cast(cast(phone as integer) as varchar)"')
    for number in range(1, 12):
        line.world.a.change(f"c{number}", phone=str(number))
    line.world.a.change("c4", phone="four")
    assert line.change_definitions(*with_number).code == 0
    answer = line.run()
    assert answer.code == 1
    expression = "cast(cast(phone as integer) as varchar)"
    sentence = f"phone: the expression {expression} cannot be computed for this record"
    assert f"CRM, customers, record 4 and Shop, customers, record 104: {sentence}" in answer.err.splitlines()
    assert values_of(line.world.b)["c4"] == ("name 4", "phone 4")
    assert values_of(line.world.b)["c5"] == ("name 5", "5")
    listed = line("records", "Customers", "--status", "invalid", "--json").document
    assert [(one["a_id"], one["last_error"]) for one in listed] == [("4", sentence)]


@pytest.mark.scenario("E6")
def test_records_with_the_same_identifying_value_go_to_review_and_the_others_go_on(line: CommandLine) -> None:
    world = line.world
    world.a.insert({"id": "50", "email": "twin", "name": "one"})
    world.a.insert({"id": "51", "email": "twin", "name": "two"})
    world.a.insert({"id": "52", "email": "single", "name": "three"})
    answer = line.run()
    assert answer.code == 1
    assert "records Customers --status review" in answer.err
    assert "single" in values_of(world.b)
    assert "twin" not in values_of(world.b)
    listed = line("records", "Customers", "--status", "review", "--json").document
    assert sorted(one["a_id"] for one in listed) == ["50", "51"]
    assert {one["last_error"] for one in listed} == {"other records have the same email"}


def test_lines_with_the_same_id_are_named_and_not_touched(line: CommandLine) -> None:
    line.world.b.insert({"id": "101", "email": "other", "name": "x"})
    before = line.world.b.files()
    answer = line.run()
    assert answer.code == 1
    assert (
        "CRM, customers, record 1 and Shop, customers, record 101: "
        "several records have this id, so none of them can be told apart" in answer.err.splitlines()
    )
    assert line.world.b.files() == before


def test_a_record_without_an_id_is_told_and_a_blank_line_of_cells_is_not(line: CommandLine) -> None:
    _append(line.world, b",,,,,\r\n")
    assert line.run().code == 0
    line.world.b.insert({"id": "", "email": "lost", "name": "x"})
    answer = line.run()
    assert answer.code == 1
    assert "Shop, customers: 1 record has no value for id, which tells records apart, and took no part" in answer.err


VALUES = {
    "too long": ({"email": "x" * 30}, "the text for email has 30 characters, but the field takes 10"),
    "no number": ({"phone": "abc"}, 'phone: "abc" is not a whole number of 64 bits'),
    "empty": ({"name": ""}, "the field name needs a value"),
    "against a rule": ({"name": "bad"}, "a value breaks the rule name <> 'bad' of the table"),
}


@pytest.mark.scenario("E8")
@pytest.mark.parametrize("case", VALUES)
def test_a_value_that_does_not_fit_fails_its_record_and_no_other(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = CommandLine(csv_to_sqlite(tmp_path), capsys)
    world = line.world
    world.furnish()
    world.b.path.unlink()
    _execute(
        world.b.path,
        "CREATE TABLE customers (id INTEGER PRIMARY KEY, email VARCHAR(10) NOT NULL, "
        "name TEXT NOT NULL CHECK (name <> 'bad'), phone INTEGER, note TEXT, updated_at TEXT)",
    )
    for row in world.a.records():
        world.a.change(row["email"], phone="5")
    assert line("import", str(world.definitions)).code == 0
    assert line.run().code == 0
    values, clause = VALUES[case]
    world.a.insert({"id": "50", "email": "new", "name": "n", "phone": "7", **values})
    world.a.insert({"id": "51", "email": "good", "name": "n", "phone": "7"})
    answer = line.run()
    assert answer.code == 1
    (said,) = (text for text in answer.err.splitlines() if text.startswith("CRM, customers, record 50: "))
    assert clause in said
    assert values_of(world.b)["good"] == ("n", "7")
    assert len(world.b.records()) == 12
    assert line.run().code == 1, "a run that has nothing else to do still says that a record is not synchronized"
    world.a.change(str(values.get("email", "new")), email="new", name="n", phone="7")
    assert line.run().code == 0
    assert values_of(world.b)["new"] == ("n", "7")


LEDGERS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "overwritten": (lambda data: b"x" * 200 + data[200:], "the file is not a ledger; nothing was changed; "),
    "damaged inside": (
        lambda data: data[: 3 * 8192] + b"\xaa" * (6 * 8192) + data[9 * 8192 :],
        "the ledger is damaged; nothing was changed; ",
    ),
    "cut": (lambda data: data[: len(data) // 2], "the ledger is cut short; nothing was changed; "),
}


@pytest.mark.parametrize("case", LEDGERS)
def test_a_corrupt_ledger_is_refused_and_stays_as_it_is(case: str, line: CommandLine) -> None:
    world = line.world
    world.a.change("c1", name="waits")
    spoil, clause = LEDGERS[case]
    ledger = world.home / "ledger.sqlite"
    spoiled = spoil(ledger.read_bytes())
    put(ledger, spoiled)
    sides = (world.a.files(), world.b.files())
    answer = line.run()
    assert answer.code == 3
    assert f"The local store {ledger}: {clause}" in answer.err
    assert ledger.read_bytes() == spoiled
    assert (world.a.files(), world.b.files()) == sides


def test_a_database_of_another_program_in_the_place_of_the_ledger_is_left_alone(line: CommandLine) -> None:
    ledger = line.world.home / "ledger.sqlite"
    ledger.unlink()
    _execute(ledger, "CREATE TABLE photos (name TEXT)")
    before = ledger.read_bytes()
    answer = line.run()
    assert answer.code == 3
    assert "the file is a database of another program; nothing was changed." in answer.err
    assert ledger.read_bytes() == before
