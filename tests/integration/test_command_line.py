"""The command line on the real application: a database and a folder of text files, from import to verification."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from desktop_sync.__main__ import main
from desktop_sync.bootstrap import build_application

DEFINITIONS = """
format = 1

[[endpoint]]
name = "CRM"
provider = "sql"
settings = { file = "crm.sqlite" }

[[endpoint]]
name = "Shop"
provider = "csv"
settings = { folder = "shop" }

[[configuration]]
name = "Customers"
a = "CRM"
b = "Shop"

[[configuration.entity]]
name = "customers"
a = "customer"
b = "customers"
conflict = "ask"
first_contact = "a"

[[configuration.entity.field]]
a = "email"
b = "email"
identifying = true
normal_form = ["trim", "lower"]

[[configuration.entity.field]]
a = "city"
b = "city"
"""
COUNT = 60

Answer = Callable[..., tuple[int, Any]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The two systems: 60 customers in the CRM, of whom the shop knows the first 40 and five others."""
    folder = tmp_path / "systems"
    (folder / "shop").mkdir(parents=True)
    (folder / "sync.toml").write_text(DEFINITIONS, encoding="utf-8")
    connection = sqlite3.connect(folder / "crm.sqlite")
    connection.execute("CREATE TABLE customer (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, city TEXT)")
    rows = [(number, f"p{number}@example.org", "Graz") for number in range(1, COUNT + 1)]
    connection.executemany("INSERT INTO customer VALUES (?, ?, ?)", rows)
    connection.commit()
    connection.close()
    lines = [f"{number},P{number}@Example.org ,Graz" for number in range(1, 41)]
    lines += [f"{number},new{number}@example.org,Linz" for number in range(41, 46)]
    (folder / "shop" / "customers.csv").write_text("\n".join(["customer_no,email,city", *lines, ""]), encoding="utf-8")
    return folder


@pytest.fixture
def answer(capsys: pytest.CaptureFixture[str], folder: Path) -> Answer:
    """Runs the program with --json; the exit code and the document. The definitions are imported already."""

    def run(*arguments: str) -> tuple[int, Any]:
        code = main([*arguments, "--json"])
        return code, json.loads(capsys.readouterr().out)

    code, document = run("import", str(folder / "sync.toml"))
    assert (code, document["configurations"]) == (0, ["Customers"])
    return run


def edit_crm(folder: Path, statement: str) -> None:
    connection = sqlite3.connect(folder / "crm.sqlite")
    connection.execute(statement)
    connection.commit()
    connection.close()


def edit_shop(folder: Path, old: str, new: str) -> None:
    path = folder / "shop" / "customers.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_from_import_to_verification(answer: Answer, folder: Path) -> None:
    code, _ = answer("check", "Customers")
    assert code == 0
    before = (folder / "shop" / "customers.csv").read_bytes()
    code, preview = answer("preview", "Customers")
    assert (code, preview["run"]) == (0, None)
    assert (folder / "shop" / "customers.csv").read_bytes() == before

    code, run = answer("run", "Customers")
    assert code == 0
    (entity,) = run["entities"]
    assert entity["read"] == {"a": 60, "b": 45}
    assert {key: count for key, count in entity["actions"].items() if count} == {
        "create_a": 5,
        "create_b": 20,
        "link": 40,
    }
    assert entity["actions"] == preview["entities"][0]["actions"]

    code, again = answer("run", "Customers")
    assert code == 0
    assert not any(again["entities"][0]["actions"].values())

    code, verification = answer("verify", "Customers")
    assert (code, verification["entities"][0]["in_sync"]) == (0, 65)

    code, records = answer("records", "Customers", "--status", "processed")
    assert len(records) == 65
    code, history = answer("history", "Customers", "--run", str(run["run"]))
    assert len([row for row in history["actions"] if row["action"].startswith("create")]) == 25
    code, listed = answer("list")
    assert listed[0]["last_outcome"] == "done"


def test_a_pilot_run_writes_to_so_many_records_and_the_next_run_to_the_rest(answer: Answer) -> None:
    code, run = answer("run", "Customers", "--pilot", "3")
    (entity,) = run["entities"]
    assert (code, entity["actions"]["create_a"] + entity["actions"]["create_b"], entity["actions"]["link"]) == (
        0,
        3,
        40,
    )
    assert run["notes"][0] == "22 records were left out; they wait in the queue."
    code, records = answer("records", "Customers", "--status", "prepared")
    assert (code, len(records)) == (0, 22)
    code, rest = answer("run", "Customers", "--mode", "incremental")
    assert (code, rest["entities"][0]["actions"]["create_a"] + rest["entities"][0]["actions"]["create_b"]) == (0, 22)
    assert answer("verify", "Customers")[1]["entities"][0]["in_sync"] == 65
    assert answer("run", "Customers", "--pilot", "0")[0] == 2
    assert answer("run", "Customers", "--pilot", "3", "--record", "1")[0] == 2


def test_an_edit_on_one_side_goes_to_the_other(answer: Answer, folder: Path) -> None:
    answer("run", "Customers")
    edit_crm(folder, "UPDATE customer SET city = 'Wels' WHERE id = 7")
    code, run = answer("run", "Customers")
    assert (code, run["entities"][0]["actions"]["update_b"]) == (0, 1)
    assert ",Wels\n" in (folder / "shop" / "customers.csv").read_text(encoding="utf-8")


def test_a_conflict_waits_and_is_decided(answer: Answer, folder: Path) -> None:
    answer("run", "Customers")
    edit_crm(folder, "UPDATE customer SET city = 'Wels' WHERE id = 7")
    edit_shop(folder, "7,P7@Example.org ,Graz", "7,P7@Example.org ,Lienz")
    code, run = answer("run", "Customers")
    assert (code, run["outcome"], run["entities"][0]["actions"]["conflict"]) == (1, "problems", 1)
    _, (conflict,) = answer("conflicts", "Customers")
    city = next(field for field in conflict["fields"] if "city" in field["label"])
    assert (city["a"], city["b"], city["base"]) == ("Wels", "Lienz", "Graz")
    assert answer("resolve", "Customers", str(conflict["record"]), "--use", "b")[0] == 0
    code, run = answer("run", "Customers")
    assert (code, run["entities"][0]["actions"]["update_a"]) == (0, 1)
    assert answer("conflicts", "Customers") == (0, [])
    assert answer("verify", "Customers")[0] == 0


def test_a_guard_stops_and_is_let_pass_for_that_plan(answer: Answer, folder: Path) -> None:
    answer("run", "Customers")
    edit_crm(folder, "DELETE FROM customer WHERE id <= 30")
    before = (folder / "shop" / "customers.csv").read_bytes()
    code, stopped = answer("run", "Customers")
    assert (code, stopped["outcome"]) == (4, "guard")
    assert (stopped["guard"]["name"], stopped["guard"]["side"], stopped["guard"]["count"]) == ("deletes", "b", 30)
    assert (folder / "shop" / "customers.csv").read_bytes() == before
    guards = {finding["name"] for finding in stopped["guard"]["findings"]}
    code, done = answer("process", "Customers", *(word for guard in guards for word in ("--allow", guard)))
    assert (code, done["entities"][0]["actions"]["delete_b"]) == (0, 30)


def test_an_endpoint_that_is_not_there_is_code_3(answer: Answer, folder: Path) -> None:
    (folder / "crm.sqlite").unlink()
    code, document = answer("run", "Customers")
    assert (code, document["exit"]) == (3, 3)
    assert document["error"].startswith("CRM")


def test_a_configuration_that_runs_already_is_code_3(answer: Answer, own_home: Path) -> None:
    application = build_application(own_home)
    try:
        with application.ledger.hold("Customers"):
            code, document = answer("run", "Customers")
    finally:
        application.close()
    assert code == 3
    assert "is running already" in document["error"]


def test_an_export_is_imported_as_the_same(answer: Answer, tmp_path: Path, folder: Path) -> None:
    _, exported = answer("export")
    copy = tmp_path / "elsewhere" / "copy.toml"
    copy.parent.mkdir()
    copy.write_text(exported["toml"], encoding="utf-8")
    assert answer("--home", str(tmp_path / "other"), "import", str(copy))[0] == 0
    assert answer("--home", str(tmp_path / "other"), "export")[1] == exported
    assert str(folder / "crm.sqlite") in exported["toml"]


def test_a_configuration_that_is_not_there_is_named_by_every_command_about_a_record(answer: Answer) -> None:
    for words in (("unlink", "Nope", "1"), ("link", "Nope", "customers", "1", "2"), ("records", "Nope", "--skip", "1")):
        code, document = answer(*words)
        assert code == 2
        assert 'here is no configuration "Nope".' in document["error"], words


def test_of_two_records_with_one_id_none_is_unlinked_however_many_ids_look_like_it(
    answer: Answer, folder: Path
) -> None:
    def add(numbers: range) -> None:
        with contextlib.closing(sqlite3.connect(folder / "crm.sqlite")) as crm, crm:
            rows = [(number, f"p{number}@example.org", "Graz") for number in numbers]
            crm.executemany("INSERT INTO customer VALUES (?, ?, ?)", rows)

    add(range(10_000_001, 10_001_101))  # which the shop numbers on from its largest
    assert answer("run", "Customers", "--allow", "creates")[0] == 0
    add(range(1000, 1001))
    assert answer("run", "Customers")[0] == 0
    code, document = answer("unlink", "Customers", "id:1000")
    assert code == 2
    assert "several sync records" in document["error"]


def test_an_id_of_many_digits_is_no_number_of_a_sync_record(answer: Answer) -> None:
    answer("run", "Customers")
    for number in ("9" * 19, "9" * 25, "#" + "9" * 25, "9" * 5000):
        assert answer("unlink", "Customers", number)[0] == 2
        assert answer("explain", "Customers", number)[0] == 2


def test_a_record_is_unlinked_and_linked_again(answer: Answer) -> None:
    answer("run", "Customers")
    code, document = answer("unlink", "Customers", "7", "--entity", "customers")
    assert code == 0
    ids = document["unlinked"]
    assert answer("link", "Customers", "customers", ids["a_id"], ids["b_id"])[0] == 0
    assert answer("verify", "Customers")[0] == 0


def test_the_sample_agrees_after_one_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {each["name"]: each["in_sync"] for each in document["verification"]["entities"]} == {
        "customers": 60,
        "orders": 150,
    }
    assert main(["run", "CRM and Shop", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert not any(count for entity in again["entities"] for count in entity["actions"].values())


def test_the_preview_says_which_rule_decides_a_record_that_changed_on_both_sides(
    answer: Answer, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer("run", "Customers")[0] == 0
    edit_crm(folder, "UPDATE customer SET city = 'Wien' WHERE id = 7")
    edit_crm(folder, "UPDATE customer SET city = 'Krems' WHERE id = 8")
    edit_shop(folder, "7,P7@Example.org ,Graz", "7,P7@Example.org ,Linz")
    assert main(["preview", "Customers"]) == 1  # one waits for a decision
    lines = capsys.readouterr().out.splitlines()
    twice, once = (next(line for line in lines if f"p{number}@" in line.lower()) for number in (7, 8))
    assert "both sides changed, and the rule is that you decide" in twice
    assert "changed" not in once
