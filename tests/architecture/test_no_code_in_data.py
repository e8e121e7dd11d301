"""Nothing that is read from disk, from a network or from an endpoint can turn into code (RELIABILITY X18), or into far
more than was read (X19)."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.tree import CHECKOUT, files_of_the_project

RUNS_CODE = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml"}
UNPACKS = {"xml", "lxml", "defusedxml", "xmlrpc", "plistlib", "openpyxl", "xlrd"} | {
    "zipfile", "tarfile", "gzip", "bz2", "lzma", "zlib", "zstandard", "brotli"
}  # fmt: skip


def modules_imported(source: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
            found |= {name.name for name in node.names if name.name == "PickleType"}
    return found


def modules_that_import(any_of: set[str]) -> dict[str, set[str]]:
    modules = [path for path in files_of_the_project() if path.suffix == ".py" and path.parts[0] == "desktop_sync"]
    assert len(modules) > 200
    return {
        str(path): found
        for path in modules
        if (found := modules_imported((CHECKOUT / path).read_text(encoding="utf-8")) & any_of)
    }


@pytest.mark.scenario("X18")
def test_no_module_loads_a_format_that_runs_code() -> None:
    assert modules_that_import(RUNS_CODE | {"PickleType"}) == {}


@pytest.mark.scenario("X19")
def test_no_module_reads_a_format_that_unpacks_to_more_than_it_is() -> None:
    """Whoever adds one brings its limits along: members, size in all, ratio, no entities, no links outside."""
    assert modules_that_import(UNPACKS) == {}


def test_an_import_of_such_a_format_is_seen() -> None:
    source = "def f():\n    import pickle.x\nfrom sqlalchemy import PickleType"
    assert modules_imported(source) == {"pickle", "sqlalchemy", "PickleType"}
