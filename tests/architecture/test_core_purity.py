"""The core computes: it imports the standard library only and does nothing that could differ between two calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.core_purity import foreign_imports, impure_calls
from tests.architecture.tree import PACKAGE


def test_the_core_imports_the_standard_library_and_itself_only() -> None:
    assert foreign_imports(PACKAGE / "core") == []


def test_the_core_neither_reads_nor_writes_nor_asks_for_the_time() -> None:
    assert impure_calls(PACKAGE / "core") == []


@pytest.mark.parametrize("line", ["import pyarrow", "from sqlglot import exp", "import desktop_sync.services"])
def test_a_foreign_import_in_the_core_is_caught(tmp_path: Path, line: str) -> None:
    (tmp_path / "planted.py").write_text(f"import enum\ndef later():\n    {line}\n", encoding="utf-8")
    assert len(foreign_imports(tmp_path)) == 1


@pytest.mark.parametrize("call", ["open('x')", "print('x')", "datetime.now()", "date.today()", "eval('1')"])
def test_an_impure_call_in_the_core_is_caught(tmp_path: Path, call: str) -> None:
    (tmp_path / "planted.py").write_text(f"len('x')\n{call}\n", encoding="utf-8")
    assert impure_calls(tmp_path) == [f"planted.py:2: {call.partition('(')[0].rpartition('.')[2]}"]
