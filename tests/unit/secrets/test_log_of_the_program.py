"""The program's own log masks the secrets that it read (RELIABILITY X2)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

LOGS = """
import logging, sys
from pathlib import Path
from desktop_sync.bootstrap import build_application
app = build_application(Path(sys.argv[1]))
app.secrets.write("CRM password", sys.argv[2])
app.close()
app = build_application(Path(sys.argv[1]))
app.secrets.read("CRM password")
logging.getLogger("desktop_sync.anything").error("cannot log in with %s", sys.argv[2])
logging.getLogger("another.library").warning("postgresql://sync:%s@host/crm", sys.argv[2])
app.close()
"""


@pytest.mark.scenario("X2")
def test_a_secret_that_was_read_is_masked_in_what_any_library_logs(tmp_path: Path) -> None:
    secret = "swordfish/€"
    variables = os.environ | {"DESKTOP_SYNC_MASTER_PASSWORD": "a long enough phrase", "PYTHONUTF8": "1"}
    said = subprocess.run(
        [sys.executable, "-c", LOGS, str(tmp_path / "home"), secret],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=variables,
        check=True,
    )
    assert said.stderr.splitlines() == ["cannot log in with [secret]", "postgresql://sync:[secret]@host/crm"]
    assert secret not in said.stdout + said.stderr
