"""The program in a real window under a virtual display, from the first start to a finished synchronization."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.serial
XVFB = shutil.which("xvfb-run")


@pytest.mark.skipif(XVFB is None, reason="no virtual display (xvfb) on this machine")
def test_a_new_user_synchronizes_the_sample_in_a_real_window(tmp_path: Path) -> None:
    home = tmp_path / "home of a new user"
    environment = {name: value for name, value in os.environ.items() if name not in ("QT_QPA_PLATFORM", "DISPLAY")}
    window = subprocess.run(
        [
            str(XVFB),
            "-a",
            "-s",
            "-screen 0 1366x768x24",
            sys.executable,
            "-m",
            "tests.e2e.window_driver",
            str(home),
            "-",
        ],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    seen = json.loads(window.stdout.splitlines()[-1])
    assert "error" not in seen, (seen, window.stderr)
    assert window.returncode == 0, window.stderr
    assert seen["platform"] == "xcb"
    assert seen["outcome"] == "done"
    assert "Conflicts" in seen["tabs"]
    assert "Traceback" not in window.stderr
    verified = subprocess.run(
        [sys.executable, "-m", "desktop_sync", "--home", str(home), "--json", "verify", "CRM and Shop"],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    report = json.loads(verified.stdout)
    assert verified.returncode == 0, verified.stderr
    assert all(entity["in_sync"] > 0 and not entity["different"] for entity in report["entities"])
