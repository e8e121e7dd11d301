"""The wheel that a user installs: built, installed into an environment of its own, and started."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from desktop_sync import __version__
from tests.architecture.tree import CHECKOUT, files_of_the_project


def outcome(command: list[str], folder: Path) -> str:
    """The standard output of a command that must succeed, run where nothing of the checkout is found by chance."""
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(CHECKOUT)]
    outcome(build, folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel in it, which borrows the dependencies of the one that runs the tests."""
    folder = tmp_path_factory.mktemp("a place") / "environment"
    outcome([sys.executable, "-m", "venv", "--without-pip", str(folder)], wheel.parent)
    (packages,) = folder.glob("lib/python*/site-packages")
    # A plain line: the borrowed packages come after the environment's own, and their own .pth files do not count,
    # so that an editable installation of the checkout is not found through them.
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    python = str(folder / "bin" / "python")
    outcome([python, "-m", "pip", "install", "--no-deps", "--no-index", "--force-reinstall", str(wheel)], wheel.parent)
    return folder


def test_the_wheel_holds_every_resource_and_every_module(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    names = [path.as_posix() for path in files_of_the_project() if path.parts[0] in ("resources", "desktop_sync")]
    wanted = {name.replace("resources/", "desktop_sync/_resources/", 1) for name in names}
    assert any(name.startswith("desktop_sync/_resources/") for name in wanted)
    assert wanted <= packed


def test_the_wheel_brings_nothing_but_the_package(wheel: Path) -> None:
    roots = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert roots == {"desktop_sync", f"desktop_sync-{__version__}.dist-info"}


def test_the_installed_command_says_its_version(installation: Path, tmp_path: Path) -> None:
    said = outcome([str(installation / "bin" / "desktop-sync"), "--version"], tmp_path)
    assert __version__ in said


def test_the_installed_program_is_the_one_in_the_wheel_and_finds_its_resources(
    installation: Path, tmp_path: Path
) -> None:
    code = "import desktop_sync.resource as r; print(r.__file__); print(r.resource_path('.'))"
    module, resources = outcome([str(installation / "bin" / "python"), "-c", code], tmp_path).splitlines()
    assert Path(module).is_relative_to(installation)
    assert Path(resources).is_relative_to(installation)
    assert any(Path(resources).iterdir())
