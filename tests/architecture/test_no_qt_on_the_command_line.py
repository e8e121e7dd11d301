"""Everything but the window starts on a machine that has no Qt."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# Stands before the code under test in a process of its own and makes Qt impossible to find.
WITHOUT_QT = """
import sys
class NoQt:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("PySide6", "shiboken6", "qasync"):
            raise ModuleNotFoundError(f"there is no {name} here", name=name)
sys.meta_path.insert(0, NoQt())
"""

EVERY_MODULE = """
import importlib, pkgutil, desktop_sync
def names(package):
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if module.name not in ("desktop_sync.ui", "desktop_sync.__main__") and "migrations" not in module.name:
            yield module.name
            if module.ispkg:
                yield from names(importlib.import_module(module.name))
for name in names(desktop_sync):
    importlib.import_module(name)
    print(name)
"""


def without_qt(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_QT + code], cwd=folder, capture_output=True, text=True, check=False
    )


def test_every_module_outside_the_window_is_imported_without_qt(tmp_path: Path) -> None:
    done = without_qt(EVERY_MODULE, tmp_path)
    assert done.returncode == 0, done.stderr
    assert {"desktop_sync.core", "desktop_sync.cli", "desktop_sync.bootstrap"} <= set(done.stdout.split())


def test_the_command_line_gives_its_help_without_qt(tmp_path: Path) -> None:
    start = "import runpy; sys.argv = ['desktop-sync', '--help']; runpy.run_module('desktop_sync', run_name='__main__')"
    done = without_qt(start, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "desktop-sync" in done.stdout


def test_the_block_that_these_tests_rely_on_keeps_qt_out(tmp_path: Path) -> None:
    done = without_qt("import PySide6.QtCore", tmp_path)
    assert done.returncode != 0
    assert "there is no PySide6 here" in done.stderr
