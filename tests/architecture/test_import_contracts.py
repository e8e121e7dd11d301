"""The laws of direction hold, and each of them bites: a planted violation is seen by the contract that is for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.tree import CHECKOUT, contract, copy_of_the_tree, lint, strings, verdicts

LAYERS = "layers"
CORE_PURE = "core-pure"
QT_ONLY_IN_UI = "qt-only-in-ui"
SQLALCHEMY_AT_HOME = "sqlalchemy-at-home"
UI_SEES_NO_ADAPTERS = "ui-sees-no-adapters"
NO_CYCLES = "no-cycles"


def broken_contracts(folder: Path) -> set[str]:
    """The ids of the contracts that the tree in `folder` breaks; every contract has been judged."""
    every = (LAYERS, CORE_PURE, QT_ONLY_IN_UI, SQLALCHEMY_AT_HOME, UI_SEES_NO_ADAPTERS, NO_CYCLES)
    done = lint(folder)
    found = verdicts(done.stdout)
    names = {str(contract(identifier)["name"]): identifier for identifier in every}
    assert found.keys() == names.keys(), done.stdout + done.stderr
    broken = {names[name] for name, verdict in found.items() if verdict == "BROKEN"}
    assert (done.returncode != 0) == bool(broken), done.stdout
    return broken


def test_the_tree_keeps_every_contract() -> None:
    done = lint(CHECKOUT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line", "identifier"),
    [
        ("engine/planted.py", "import desktop_sync.services", LAYERS),
        ("core/planted.py", "import desktop_sync.engine", LAYERS),
        ("services/planted.py", "import desktop_sync.ledger", LAYERS),
        ("ledger/planted.py", "import desktop_sync.providers", LAYERS),
        ("providers/planted.py", "import desktop_sync.secrets", LAYERS),
        ("ui/planted.py", "import desktop_sync.cli", LAYERS),
        ("remote/planted.py", "import desktop_sync.ui", LAYERS),
        ("cli/planted.py", "import desktop_sync.bootstrap", LAYERS),
        ("core/planted.py", "import desktop_sync.resource", CORE_PURE),
        ("services/planted.py", "import PySide6.QtCore", QT_ONLY_IN_UI),
        ("cli/planted.py", "import shiboken6", QT_ONLY_IN_UI),
        ("services/planted.py", "import qasync", QT_ONLY_IN_UI),
        ("engine/planted.py", "import sqlalchemy", SQLALCHEMY_AT_HOME),
        ("providers/planted.py", "import sqlalchemy.orm", SQLALCHEMY_AT_HOME),
        ("cli/planted.py", "import alembic", SQLALCHEMY_AT_HOME),
        ("ui/planted.py", "import desktop_sync.providers", UI_SEES_NO_ADAPTERS),
        ("ui/planted.py", "import desktop_sync.ledger", UI_SEES_NO_ADAPTERS),
        ("ui/planted.py", "import desktop_sync.secrets", UI_SEES_NO_ADAPTERS),
        ("ui/planted.py", "import sqlalchemy", UI_SEES_NO_ADAPTERS),
    ],
)
def test_an_import_against_the_laws_is_caught_even_inside_a_function(
    tmp_path: Path, module: str, line: str, identifier: str
) -> None:
    package = copy_of_the_tree(tmp_path)
    (package / "bootstrap.py").touch()
    (package / module).write_text(f"def later() -> None:\n    {line}\n", encoding="utf-8")
    assert identifier in broken_contracts(tmp_path)


def test_a_package_that_no_layer_names_is_caught(tmp_path: Path) -> None:
    package = copy_of_the_tree(tmp_path)
    (package / "newcomer").mkdir()
    (package / "newcomer" / "__init__.py").touch()
    assert broken_contracts(tmp_path) == {LAYERS}


def test_two_modules_that_import_each_other_are_caught(tmp_path: Path) -> None:
    package = copy_of_the_tree(tmp_path)
    (package / "core" / "hen.py").write_text("import desktop_sync.core.egg\n", encoding="utf-8")
    (package / "core" / "egg.py").write_text("import desktop_sync.core.hen\n", encoding="utf-8")
    assert broken_contracts(tmp_path) == {NO_CYCLES}


def test_every_module_that_the_core_must_not_know_is_caught_by_name(tmp_path: Path) -> None:
    package = copy_of_the_tree(tmp_path)
    forbidden = strings(CORE_PURE, "forbidden_modules")
    (package / "core" / "planted.py").write_text("".join(f"import {name}\n" for name in forbidden), encoding="utf-8")
    output = lint(tmp_path).stdout
    unseen = [name for name in forbidden if f"desktop_sync.core.planted -> {name} " not in output]
    assert unseen == [], output
