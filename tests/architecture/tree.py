"""The checkout as the architecture tests see it, and copies of it to plant violations in."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGE = CHECKOUT / "desktop_sync"
LEFT_OUT = {"__pycache__", "build", "dist"}


def contract(identifier: str) -> dict[str, object]:
    """The import contract with that id, as pyproject.toml has it."""
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts: list[dict[str, object]] = settings["tool"]["importlinter"]["contracts"]
    return next(entry for entry in contracts if entry["id"] == identifier)


def strings(identifier: str, key: str) -> list[str]:
    """One list of words of a contract."""
    words = contract(identifier)[key]
    assert isinstance(words, list)
    return [str(word) for word in words]


def copy_of_the_tree(folder: Path) -> Path:
    """A copy of the package and the contracts in `folder`, to be changed at will. Returns the copied package.

    Every package that the contracts speak of is there, so that each law can be broken and none of the others is.
    """
    package = folder / "desktop_sync"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "pyproject.toml", folder)
    for name in [*packages_with_a_layer(), "providers/sql"]:
        (package / name).mkdir(parents=True, exist_ok=True)
        (package / name / "__init__.py").touch()
    return package


def packages_with_a_layer() -> list[str]:
    """The packages, not the single modules, that the layers name."""
    names = [name.strip(" ()") for layer in strings("layers", "layers") for name in layer.split("|")]
    return [name for name in names if not (PACKAGE / f"{name}.py").exists() and name != "bootstrap"]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs the contracts on the tree in `folder`, as `lint-imports` does there."""
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-logo", "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "", "COLUMNS": "200", "PYTHONPATH": str(folder)},
    )


def verdicts(output: str) -> dict[str, str]:
    """The verdict on every contract, by its name: KEPT or BROKEN."""
    return dict(re.findall(r"^(.+) (KEPT|BROKEN)\b", output, re.MULTILINE))


def files_of_the_project() -> list[Path]:
    """What git tracks; everything but hidden folders and build products where there is no git."""
    try:
        listing = subprocess.run(
            ["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        paths = [path.relative_to(CHECKOUT) for path in CHECKOUT.rglob("*") if path.is_file()]
        return [path for path in paths if not any(part.startswith(".") or part in LEFT_OUT for part in path.parts)]
    return [path for path in map(Path, listing.split("\0")) if path.name and (CHECKOUT / path).is_file()]
