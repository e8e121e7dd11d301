"""The workbench leaves nothing of the records behind, not even after a kill."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from desktop_sync.engine.workbench import Workbench, sweep

KILLED = """
import os, signal, sys
from desktop_sync.engine.workbench import Workbench
bench = Workbench(sys.argv[1])
bench.execute("CREATE TABLE records AS SELECT range AS id FROM range(1000)")
os.kill(os.getpid(), signal.SIGKILL)
"""

STREAMED = """
import sys
from desktop_sync.engine.workbench import Workbench
queries = ["SELECT CAST(CAST(TIMESTAMPTZ '2024-01-01 00:00:00+00' AS TIMESTAMP) AS VARCHAR) AS x",
           "SELECT CAST(TRY(CAST(1 AS DOUBLE) / CAST(0 AS DOUBLE)) AS VARCHAR) AS x"]
with Workbench(sys.argv[1]) as bench:
    for query in queries:
        print(bench.rows(query)[0][0])
        print(bench.stream(query).read_all()["x"][0].as_py())
"""


def test_what_a_killed_program_left_is_swept_and_what_is_in_use_stays(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    left = list(tmp_path.iterdir())
    assert len(left) == 1
    with Workbench(str(tmp_path)) as bench:
        sweep(str(tmp_path))
        assert not left[0].exists()
        assert bench.number("SELECT 42") == 42
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_workbench_reaches_no_file(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    query = f"CREATE TABLE stolen AS SELECT * FROM read_csv('{tmp_path / 'secret.csv'}')"
    with Workbench(str(tmp_path)) as bench, pytest.raises(duckdb.Error, match="disabled"):
        bench.execute(query)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_what_is_streamed_is_computed_as_everything_else_whatever_zone_the_machine_is_in(
    tmp_path: Path, zone: str
) -> None:
    said = subprocess.run(
        [sys.executable, "-c", STREAMED, str(tmp_path)],
        env=os.environ | {"TZ": zone},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.splitlines() == ["2024-01-01 00:00:00", "2024-01-01 00:00:00", "None", "None"]
