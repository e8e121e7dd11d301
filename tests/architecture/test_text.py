"""Names say what things are, nothing unfinished is left, and no file knows the machine that it was written on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.tree import CHECKOUT, files_of_the_project

NAMELESS = {"common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}
# Written with classes of one letter, so that this file does not hold what it looks for.
MACHINE = re.compile(
    r"\.\./shar[e]d|/wor[k]/|/roo[t]/|/tm[p]/[a-z]|/hom[e]/[a-z]|python[h]osted|py[p]i\.org|deb\.deb[i]an|npm[j]s"
)
UNFINISHED = re.compile(r"NotImplemented[E]rror|\bTO[D]O\b|\bFIX[M]E\b|\bXX[X]\b|pragma: no[ ]cover")


def nameless(path: Path) -> bool:
    return path.suffix == ".py" and not NAMELESS.isdisjoint((*path.parts[:-1], path.stem))


def lines_with(pattern: re.Pattern[str], path: Path, root: Path) -> list[str]:
    """The lines of a text file that hold the pattern, as `path:line: text`. A file that is not text has none."""
    try:
        text = (root / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return []
    return [f"{path}:{n}: {line.strip()}" for n, line in enumerate(text.splitlines(), 1) if pattern.search(line)]


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [path for path in files_of_the_project() if nameless(path)] == []


def test_no_file_names_a_path_or_a_registry_of_the_machine_it_was_written_on() -> None:
    assert [line for path in files_of_the_project() for line in lines_with(MACHINE, path, CHECKOUT)] == []


def test_nothing_unfinished_is_left_in_the_program() -> None:
    modules = [path for path in files_of_the_project() if path.suffix == ".py" and path.parts[0] == "desktop_sync"]
    assert modules
    assert [line for path in modules for line in lines_with(UNFINISHED, path, CHECKOUT)] == []


@pytest.mark.parametrize("name", ["desktop_sync/core/utils.py", "tests/helpers/x.py", "desktop_sync/ui/manager.py"])
def test_a_name_that_says_nothing_is_caught(name: str) -> None:
    assert nameless(Path(name))


@pytest.mark.parametrize("planted", ["/ro" + "ot/x", "/wo" + "rk/main", "/t" + "mp/x", "https://py" + "pi.org/simple"])
def test_a_path_of_this_machine_is_caught(tmp_path: Path, planted: str) -> None:
    (tmp_path / "notes.md").write_text(f"first\nsee {planted}\n", encoding="utf-8")
    assert lines_with(MACHINE, Path("notes.md"), tmp_path) == [f"notes.md:2: see {planted}"]


def test_a_note_to_do_something_later_is_caught(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("# TO" + "DO: later\n", encoding="utf-8")
    assert len(lines_with(UNFINISHED, Path("x.py"), tmp_path)) == 1
