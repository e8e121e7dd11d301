"""The command line as a process of its own: signals, pipes, and what it imports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

# A program whose run goes on until somebody cancels it, and then finishes the record in hand.
PROGRAM = """
import sys, threading
from desktop_sync import cli
from desktop_sync.core.errors import CancelledError
from desktop_sync.core.ports import Phase
from tests.support.fake_application import FakeApplication

application = FakeApplication()

def work(progress, cancel):
    progress.phase("customers", Phase.WRITING, 1000)
    print("working", file=sys.stderr, flush=True)
    while not (cancel.is_cancelled and {ends}):
        threading.Event().wait(0.01)
    print("the record in hand is done", file=sys.stderr, flush=True)
    cancel.check()

application.synchronization.work = work
sys.exit(cli.main(sys.argv[1:], build_application=application.build))
"""
LONG_EXPORT = """
import sys
from desktop_sync import cli
from tests.support.fake_application import FakeApplication

application = FakeApplication()
application.definitions.toml = "# a long line of text\\n" * 200_000
sys.exit(cli.main(["export"], build_application=application.build))
"""
CHECKOUT = Path(__file__).resolve().parents[2]


def started(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(process: subprocess.Popen[str], line: str) -> None:
    assert process.stderr is not None
    for said in process.stderr:
        if line in said:
            return
    pytest.fail(f"the program ended without saying {line!r}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_finishes_the_record_in_hand(number: signal.Signals) -> None:
    process = started(PROGRAM.format(ends=True), "run", "Customers", "--json")
    wait_for(process, "working")
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopping after the record in hand" in err
    assert "the record in hand is done" in err
    assert json.loads(out)["exit"] == 130
    assert "Traceback" not in err


def test_the_second_signal_ends_it_at_once_with_one_document() -> None:
    process = started(PROGRAM.format(ends=False), "run", "Customers", "--json")
    wait_for(process, "working")
    process.send_signal(signal.SIGINT)
    wait_for(process, "Stopping after the record in hand")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the record in hand is done" not in err
    assert json.loads(out)["exit"] == 130


def test_a_reader_that_closes_the_pipe_gets_no_traceback() -> None:
    process = started(LONG_EXPORT)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == "# a long line of text\n"
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 0
    process.stderr.close()


def test_ctrl_c_while_the_program_is_still_being_loaded_gets_no_traceback() -> None:
    code = """
import sys
from importlib.abc import MetaPathFinder

class Interrupting(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "desktop_sync.cli.program":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
from desktop_sync.__main__ import main
sys.exit(main(["list", "--json"]))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert json.loads(done.stdout)["exit"] == 130
    assert done.stderr == "It was cancelled.\n"


@pytest.mark.skipif(os.name == "nt", reason="a shell of Unix closes the streams")
@pytest.mark.parametrize("closed", ["", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_change_neither_the_exit_code_nor_any_file(tmp_path: Path, closed: str) -> None:
    line = f'"{sys.executable}" -m desktop_sync --home "{tmp_path}/home" list --json {closed}'
    done = subprocess.run(["/bin/sh", "-c", line], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert done.stdout == ("" if ">&-" in closed.replace("2>&-", "") else "[]\n")
    bad = f'"{sys.executable}" -m desktop_sync --home "{tmp_path}/home" run Nothing {closed}'
    assert subprocess.run(["/bin/sh", "-c", bad], cwd=CHECKOUT, capture_output=True, check=False).returncode == 2


def imported_by(*arguments: str) -> tuple[set[str], str]:
    """The modules in memory after the program ran with these arguments, and what it printed."""
    code = (
        "import sys; from desktop_sync.__main__ import main; code = main(sys.argv[1:]); "
        "print('\\n'.join(sys.modules), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split()), done.stdout


def test_the_version_and_the_help_import_nothing_heavy() -> None:
    heavy = {
        "duckdb",
        "pyarrow",
        "sqlalchemy",
        "rich",
        "tomlkit",
        "keyring",
        "adbc_driver_manager",
        "PySide6",
        "sqlite3",
    }
    for arguments in (["--version"], ["--help"], ["run", "--help"]):
        modules, out = imported_by(*arguments)
        assert out
        assert heavy & modules == set()


def test_the_list_imports_no_qt_and_nothing_for_terminals_and_exports() -> None:
    modules, out = imported_by("list", "--json")
    assert json.loads(out) == []
    assert {"adbc_driver_manager", "PySide6", "rich", "tomlkit"} & modules == set()


def test_a_run_without_secrets_asks_no_password_store(tmp_path: Path) -> None:
    home = ["--home", str(tmp_path / "home")]
    (tmp_path / "people.csv").write_text("id,name\n1,Ann\n", encoding="utf-8")
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "people.csv").write_text("id,name\n", encoding="utf-8")
    definition = tmp_path / "people.toml"
    definition.write_text(PEOPLE, encoding="utf-8")
    for arguments in (["import", str(definition)], ["run", "People"], ["list"]):
        modules, _out = imported_by(*arguments, *home)
        assert {"keyring", "cryptography", "desktop_sync.secrets.choice"} & modules == set(), arguments
    assert (tmp_path / "copy" / "people.csv").read_text(encoding="utf-8") == "id,name\n1,Ann\n"


PEOPLE = """format = 1
[[endpoint]]
name = "Here"
provider = "csv"
settings = { folder = "." }
[[endpoint]]
name = "There"
provider = "csv"
settings = { folder = "copy" }
[[configuration]]
name = "People"
a = "Here"
b = "There"
[[configuration.entity]]
name = "people"
a = "people"
b = "people"
[[configuration.entity.field]]
a = "id"
b = "id"
identifying = true
[[configuration.entity.field]]
a = "name"
b = "name"
"""
