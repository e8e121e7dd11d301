"""Each bug of `tests.reliability.seeded_bugs` is planted in a copy of the program, and its tests must notice it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from statistics import median

from tests.reliability.seeded_bugs import BUGS, CHECKOUT, Bug
from tests.reliability.size import Size

PATIENCE_S = 300


def measure(size: Size, folder: Path) -> dict[str, float]:
    """Those that today's date chooses, so that all have their turn within days; all of them at night."""
    wanted = size.of(1, 4, len(BUGS))
    first = date.today().toordinal() * wanted
    chosen = [BUGS[(first + place) % len(BUGS)] for place in range(wanted)]
    survivors, seconds = 0, []
    for bug in chosen:
        began = time.monotonic()
        if not is_noticed(bug, folder / str(bug.number)):
            survivors += 1
            print(f"bug {bug.number} survives: {bug.title}", file=sys.stderr)
        seconds.append(time.monotonic() - began)
    return {"bugs": len(chosen), "survivors": survivors, "median_s": round(median(seconds), 1)}


def is_noticed(bug: Bug, folder: Path) -> bool:
    """Whether the tests fail, as tests do: not because nothing could be run."""
    for name in ("desktop_sync", "tests", "resources"):
        shutil.copytree(CHECKOUT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "pyproject.toml", folder)
    bug.plant(folder)
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *bug.tests]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    shutil.rmtree(folder)
    is_failed = ended.returncode == 1 and " failed" in ended.stdout
    if ended.returncode not in (0, 1) or "errors during collection" in ended.stdout:
        print(ended.stdout[-3000:], file=sys.stderr)
        raise RuntimeError(f"the tests of bug {bug.number} could not be run")
    return is_failed
