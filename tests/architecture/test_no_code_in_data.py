"""Nothing that is read from disk, from a network or from an endpoint can turn into code (RELIABILITY X18)."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.tree import CHECKOUT, files_of_the_project

RUNS_CODE = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml"}


def modules_imported(source: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
            found |= {name.name for name in node.names if name.name == "PickleType"}
    return found


@pytest.mark.scenario("X18")
def test_no_module_loads_a_format_that_runs_code() -> None:
    modules = [path for path in files_of_the_project() if path.suffix == ".py" and path.parts[0] == "desktop_sync"]
    assert len(modules) > 200
    loading = {
        str(path): found
        for path in modules
        if (found := modules_imported((CHECKOUT / path).read_text(encoding="utf-8")) & (RUNS_CODE | {"PickleType"}))
    }
    assert loading == {}


def test_an_import_of_such_a_format_is_seen() -> None:
    source = "def f():\n    import pickle.x\nfrom sqlalchemy import PickleType"
    assert modules_imported(source) == {"pickle", "sqlalchemy", "PickleType"}
