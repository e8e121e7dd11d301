"""The start refuses what the program is known not to run on, with a sentence, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from desktop_sync import runtime_check
from desktop_sync.runtime_check import leading_numbers, python_refusal, window_refusal


def test_an_old_python_is_refused_with_its_version() -> None:
    refusal = python_refusal((3, 10))
    assert refusal is not None
    assert "Python 3.11 or newer, and this is Python 3.10" in refusal


@pytest.mark.parametrize("python", [(3, 11), (3, 12), (3, 14), (4, 0)])
def test_a_python_that_is_new_enough_is_not_refused(python: tuple[int, int]) -> None:
    assert python_refusal(python) is None


@pytest.mark.parametrize("qt", ["6.12.0", "6.12.0rc1", "6.12", "6.13.1", "7.0.0"])
def test_the_pair_that_crashes_is_refused_naming_both(qt: str) -> None:
    refusal = window_refusal((3, 11), qt)
    assert refusal is not None
    assert f"PySide6 {qt} crashes on Python 3.11" in refusal


@pytest.mark.parametrize(("python", "qt"), [((3, 11), "6.11.3"), ((3, 11), "6.8.0"), ((3, 12), "6.12.0")])
def test_a_sound_pair_is_not_refused(python: tuple[int, int], qt: str) -> None:
    assert window_refusal(python, qt) is None


def test_a_window_without_qt_is_refused_with_the_way_to_install_it() -> None:
    refusal = window_refusal((3, 12), None)
    assert refusal is not None
    assert "pip install pyside6-essentials" in refusal


@pytest.mark.parametrize(
    ("version", "numbers"),
    [("6.12.0", (6, 12, 0)), ("6.12rc1", (6, 12)), ("6.12.0.post1", (6, 12, 0)), ("x", ()), ("6.1a.9", (6, 1))],
)
def test_a_version_is_compared_by_the_numbers_it_begins_with(version: str, numbers: tuple[int, ...]) -> None:
    assert leading_numbers(version) == numbers


def test_a_refused_window_ends_the_program_with_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runtime_check, "installed_qt", lambda: None)
    with pytest.raises(SystemExit) as ended:
        runtime_check.refuse_unfit_window()
    assert ended.value.code == 2
    assert "needs PySide6" in capsys.readouterr().err


def test_the_qt_and_the_python_of_this_environment_go_together() -> None:
    assert runtime_check.installed_qt() is not None
    runtime_check.refuse_unfit_python()
    runtime_check.refuse_unfit_window()


def test_the_check_itself_loads_no_qt_and_nothing_else_of_the_program(tmp_path: Path) -> None:
    code = (
        "import sys, desktop_sync.runtime_check as check; check.installed_qt();"
        "print(sorted(m for m in sys.modules if m.startswith(('desktop_sync', 'PySide6', 'shiboken6'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['desktop_sync', 'desktop_sync.runtime_check']"
