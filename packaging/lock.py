"""Remakes the two lock files from pyproject.toml: `python packaging/lock.py` (needs uv, from anywhere).

    requirements.lock        what the product needs, and what an editable installation is built with
    requirements-test.lock   all that, and what the checks and tests need

Both name exact versions with the hashes of all their files, for every platform and every supported Python, and no
place to download them from: whoever installs them uses the index that pip is set up with. Versions that are locked
stay as they are unless pyproject.toml asks for others; `--upgrade` takes the newest, and `--upgrade-package NAME` one.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGING = Path(__file__).resolve().parent
PYPROJECT = PACKAGING.parent / "pyproject.toml"
RUNTIME_LOCK = PACKAGING / "requirements.lock"
TEST_LOCK = PACKAGING / "requirements-test.lock"
OLDEST_PYTHON = "3.11"
HEADER = "# Made by packaging/lock.py from pyproject.toml; not edited by hand.\n"
# Anything that says where a file comes from. Locks hold what is wanted, not where it is.
ADDRESS = re.compile(r"[a-z+]+://|--(?:extra-)?index-url|--find-links|^-[if] ", re.MULTILINE)


def compile_lock(lock: Path, extras: list[str], constraint: Path | None, options: list[str]) -> None:
    """Writes one lock file, or leaves the old one and raises when uv finds no solution or the result has an address."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        raise SystemExit("uv is not installed: python -m pip install uv")
    fresh = lock.with_suffix(".new")
    if lock.exists():
        shutil.copyfile(lock, fresh)  # uv keeps the versions that its output file already names
    command = [uv, "pip", "compile", str(PYPROJECT), "--output-file", str(fresh), "--universal"]
    command += ["--python-version", OLDEST_PYTHON, "--generate-hashes", "--quiet"]
    command += ["--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--no-header"]
    command += [part for extra in extras for part in ("--extra", extra)]
    if constraint is not None:
        command += ["--constraints", str(constraint)]
    try:
        subprocess.run([*command, *options], check=True)
        text = HEADER + fresh.read_text(encoding="utf-8")
        if found := ADDRESS.search(text):
            raise SystemExit(f"{lock.name} would name a place to download from: {found.group()}")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(lock)
    finally:
        fresh.unlink(missing_ok=True)


def main(options: list[str]) -> None:
    compile_lock(RUNTIME_LOCK, ["checkout"], None, options)
    compile_lock(TEST_LOCK, ["checkout", "test"], RUNTIME_LOCK, options)


if __name__ == "__main__":
    main(sys.argv[1:])
