"""The pure parts of packaging/bootstrap.py, loaded by its path as it is in no package."""

from __future__ import annotations

import ast
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

BOOTSTRAP = Path(__file__).resolve().parents[2] / "packaging" / "bootstrap.py"
THIS_PYTHON = (sys.version_info[0], sys.version_info[1])


@pytest.fixture(scope="module")
def bootstrap() -> ModuleType:
    specification = importlib.util.spec_from_file_location("bootstrap_under_test", BOOTSTRAP)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the files that decide whether something must be installed, and a sound .venv."""
    root = tmp_path / "check out"
    for name in ("packaging/requirements.lock", "packaging/requirements-test.lock", "desktop_sync/__init__.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name, encoding="utf-8")
    (root / "pyproject.toml").write_text("[project]", encoding="utf-8")
    python = root / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch(mode=0o755)
    version = ".".join(map(str, THIS_PYTHON))
    (root / ".venv" / "pyvenv.cfg").write_text(f"home = x\nversion = {version}.1\n", encoding="utf-8")
    return root


def fault(bootstrap: ModuleType, checkout: Path) -> str | None:
    found: str | None = bootstrap.environment_fault(checkout / ".venv", checkout, THIS_PYTHON)
    return found


def test_the_file_parses_on_older_pythons_and_imports_the_standard_library_only() -> None:
    tree = ast.parse(BOOTSTRAP.read_text(encoding="utf-8"), feature_version=(3, 7))
    roots = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots.add((node.module or "").split(".")[0])
    assert roots
    assert roots <= sys.stdlib_module_names


def test_a_python_that_is_too_old_is_told_which_one_to_use(bootstrap: ModuleType) -> None:
    alone = bootstrap.too_old_sentence((3, 9), None)
    assert "needs Python 3.11 or newer" in alone
    assert "this is Python 3.9" in alone
    assert "Install a newer Python" in alone
    assert "with python3.12" in bootstrap.too_old_sentence((3, 9), "python3.12")


def test_a_sound_environment_has_no_fault(bootstrap: ModuleType, checkout: Path) -> None:
    assert fault(bootstrap, checkout) is None


def test_an_environment_without_its_configuration_is_made_anew(bootstrap: ModuleType, checkout: Path) -> None:
    (checkout / ".venv" / "pyvenv.cfg").unlink()
    assert fault(bootstrap, checkout) == "it is not a Python environment"


def test_an_environment_whose_python_points_nowhere_is_made_anew(bootstrap: ModuleType, checkout: Path) -> None:
    python = checkout / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(checkout / "gone")
    assert fault(bootstrap, checkout) == "its Python is gone"


def test_an_environment_of_another_python_is_made_anew(bootstrap: ModuleType, checkout: Path) -> None:
    (checkout / ".venv" / "pyvenv.cfg").write_text("version = 3.4.5\n", encoding="utf-8")
    assert fault(bootstrap, checkout) == "it was made for another Python"


def test_an_environment_that_was_moved_or_copied_is_made_anew(bootstrap: ModuleType, checkout: Path) -> None:
    bootstrap.write_state(checkout / ".venv", {"checkout": "elsewhere", "run": "x"})
    assert fault(bootstrap, checkout) == "it was made in another place"


def test_an_environment_whose_installation_was_cut_off_is_made_anew(bootstrap: ModuleType, checkout: Path) -> None:
    bootstrap.write_state(checkout / ".venv", {"checkout": str(checkout), "installing": "run"})
    assert fault(bootstrap, checkout) == "its installation was interrupted"


def test_a_link_or_a_file_in_the_environments_place_is_a_fault(bootstrap: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "link"):
        assert bootstrap.environment_fault(tmp_path / name, tmp_path, THIS_PYTHON) == "it is not a folder of its own"


@pytest.mark.parametrize("text", ["", "{", "[1]", "\x00"])
def test_a_damaged_state_file_counts_as_none(bootstrap: ModuleType, checkout: Path, text: str) -> None:
    bootstrap.state_file(checkout / ".venv").write_text(text, encoding="utf-8")
    assert bootstrap.read_state(checkout / ".venv") == {}


def test_the_state_is_read_as_it_was_written(bootstrap: ModuleType, checkout: Path) -> None:
    bootstrap.write_state(checkout / ".venv", {"checkout": "ü b", "run": "1"})
    assert bootstrap.read_state(checkout / ".venv") == {"checkout": "ü b", "run": "1"}


@pytest.mark.parametrize(
    ("changed", "purposes"),
    [
        ("pyproject.toml", {"run", "test"}),
        ("packaging/requirements.lock", {"run", "test"}),
        ("packaging/requirements-test.lock", {"test"}),
        ("desktop_sync/__init__.py", {"run", "test"}),
    ],
)
def test_a_change_of_what_is_wanted_asks_for_an_installation(
    bootstrap: ModuleType, checkout: Path, changed: str, purposes: set[str]
) -> None:
    before = bootstrap.wanted(checkout)
    (checkout / changed).write_text("changed", encoding="utf-8")
    after = bootstrap.wanted(checkout)
    assert {purpose for purpose in before if before[purpose] != after[purpose]} == purposes


def test_content_that_moves_from_one_file_to_the_next_changes_the_fingerprint(
    bootstrap: ModuleType, tmp_path: Path
) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    prints = set()
    for texts in (("xy", ""), ("x", "y"), ("", "xy")):
        first.write_text(texts[0], encoding="utf-8")
        second.write_text(texts[1], encoding="utf-8")
        prints.add(bootstrap.fingerprint([first, second], THIS_PYTHON))
    assert len(prints) == 3


def test_pip_keeps_the_users_index_and_loses_what_leads_the_installation_astray(bootstrap: ModuleType) -> None:
    own = {"PIP_INDEX_URL": "file:///x", "PIP_FIND_LINKS": "y", "PIP_CERT": "z", "HTTPS_PROXY": "p"}
    astray = {"PIP_TARGET": "t", "PIP_USER": "1", "PYTHONPATH": "q", "PIP_REQUIRE_HASHES": "1", "PIP_PREFIX": "r"}
    kept = bootstrap.clean_environment({**own, **astray})
    assert kept == {**own, "PIP_USER": "0", "PIP_REQUIRE_HASHES": "0"}


def test_only_packages_that_are_fully_installed_count(bootstrap: ModuleType) -> None:
    listing = "libegl1 ii \nlibgl1 rc \nxauth un \nlibxcb1 ii \nlibxcb1 ii \n"
    assert bootstrap.installed_among(listing) == {"libegl1", "libxcb1"}


def test_a_package_under_its_newer_name_is_not_missing(bootstrap: ModuleType) -> None:
    names = ["libglib2.0-0|libglib2.0-0t64", "xvfb"]
    assert bootstrap.missing_packages(names, {"libglib2.0-0t64"}) == ["xvfb"]
    assert bootstrap.missing_packages(names, set()) == ["libglib2.0-0", "xvfb"]


def test_who_may_not_install_gets_one_line_to_type(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, text in (("dpkg-query", "echo 'xauth ii '"), ("apt-get", "exit 9"), ("sudo", "exit 1")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    line = bootstrap.install_system_packages(["xauth", "xvfb"])
    assert line == "sudo apt-get update && sudo apt-get install -y xvfb"


@pytest.mark.parametrize(
    ("platform", "variables", "shown"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ""}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_a_display_is_one_that_a_window_can_be_shown_on(
    bootstrap: ModuleType, platform: str, variables: dict[str, str], shown: bool
) -> None:
    assert bootstrap.has_display(platform, variables) is shown


def test_run_opens_the_window_where_it_can_and_passes_arguments_on(bootstrap: ModuleType) -> None:
    python = Path("p")
    start = ["p", "-P", "-m", "desktop_sync"]
    assert bootstrap.run_command(python, True, ["--home", "a b"]) == [*start, "--sample", "--home", "a b"]
    assert bootstrap.run_command(python, False, ["--json"]) == [*start, "sample", "--json"]


def test_test_runs_every_check_and_each_test_once(bootstrap: ModuleType, tmp_path: Path) -> None:
    steps = bootstrap.test_steps("py", tmp_path, [])
    assert [step.title for step in steps] == [
        "ruff check",
        "mypy --strict",
        "import contracts",
        "tests",
        "tests that run alone",
    ]
    marks = [step.command[step.command.index("-m", 3) + 1] for step in steps if step.report]
    assert marks == ["not serial", "serial"]


def test_test_with_arguments_runs_only_pytest_with_them(bootstrap: ModuleType, tmp_path: Path) -> None:
    (step,) = bootstrap.test_steps("py", tmp_path, ["tests/unit", "-k", "a b"])
    assert step.command[:3] == ["py", "-m", "pytest"]
    assert step.command[-3:] == ["tests/unit", "-k", "a b"]


def test_a_report_gives_counts_and_names_what_was_skipped_and_why(bootstrap: ModuleType, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        '<testsuites><testsuite><testcase classname="tests.a" name="one"/>'
        '<testcase classname="tests.a" name="two"><failure message="f"/></testcase>'
        '<testcase classname="tests.a" name="three"><error message="e"/></testcase>'
        '<testcase classname="tests.a" name="four"><skipped type="pytest.skip" message="no server"/></testcase>'
        '<testcase classname="" name="tests.b"><skipped type="pytest.skip"/></testcase>'
        "</testsuite></testsuites>",
        encoding="utf-8",
    )
    counts, skipped = bootstrap.read_report(report)
    assert counts == {"passed": 1, "failed": 2, "skipped": 2}
    assert skipped == ["tests.a::four: no server", "tests.b: without a reason"]


def test_no_test_at_all_is_a_failure_except_where_none_is_marked_to_run_alone(bootstrap: ModuleType) -> None:
    assert not bootstrap.has_passed("tests", 5)
    assert bootstrap.has_passed("tests that run alone", 5)
    assert not bootstrap.has_passed("tests that run alone", 1)
    assert bootstrap.has_passed("tests", 0)


def test_the_summary_names_the_skipped_and_ends_with_the_verdict(bootstrap: ModuleType) -> None:
    good = bootstrap.Outcome("tests", True, 1.0, {"passed": 2, "failed": 0, "skipped": 1}, ["tests.a::four: no server"])
    bad = bootstrap.Outcome("ruff check", False, 1.0, {}, [])
    text = bootstrap.summary([good], None)
    assert "  tests.a::four: no server" in text.splitlines()
    assert "2 passed, 1 skipped" in text
    assert text.endswith("All passed; 1 skipped, named above.")
    text = bootstrap.summary([good, bad], "sudo apt-get install -y xvfb")
    assert text.endswith("FAILED: ruff check.")
    assert "sudo apt-get install -y xvfb" in text
    assert bootstrap.summary([], None).endswith("All passed; nothing was skipped.")


def test_an_unknown_subcommand_prints_the_two_that_there_are(
    bootstrap: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bootstrap.main(["biuld"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "bootstrap.py run" in shown.err
    assert bootstrap.main(["--help"]) == 0
    assert "bootstrap.py test" in capsys.readouterr().out


def test_what_the_system_refuses_ends_in_a_sentence(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "CHECKOUT", tmp_path / "gone")
    assert bootstrap.main(["run"]) == 2
    assert "No such file" in capsys.readouterr().err


@pytest.mark.scenario("X24")
@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock"])
def test_the_locks_name_exact_versions_with_hashes_and_no_place_to_load_from(name: str) -> None:
    text = (BOOTSTRAP.parent / name).read_text(encoding="utf-8")
    entries = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(entries) > 30
    assert all("==" in entry and entry.endswith("\\") for entry in entries)
    assert text.count("--hash=sha256:") >= len(entries)
    assert "://" not in text
    assert "--index" not in text


def test_the_test_lock_holds_the_whole_runtime_lock() -> None:
    runtime, everything = (
        {
            line.split(" ;")[0].rstrip(" \\")
            for line in (BOOTSTRAP.parent / name).read_text().splitlines()
            if "==" in line
        }
        for name in ("requirements.lock", "requirements-test.lock")
    )
    assert runtime < everything
