"""A program that is killed while it brings a ledger to its revision."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.killed_migration import kept, make_first_revision, revision
from tests.support.ledger_home import KEY, CountedIds, HandClock


@pytest.mark.scenario("A14")
@pytest.mark.skipif(sys.platform == "win32", reason="children are forked")
def test_killed_at_any_statement_the_ledger_is_old_or_new_and_the_next_start_brings_it_on(tmp_path: Path) -> None:
    quiet = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.support.killed_migration", str(tmp_path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, **quiet})
    found = json.loads(done.stdout)
    assert found["problems"] == []
    assert found["exit"] == 0
    assert found["killed"] > 10


@pytest.mark.scenario("A14")
def test_a_ledger_of_the_first_revision_is_brought_on_with_all_that_it_holds(tmp_path: Path) -> None:
    from desktop_sync.ledger import open_ledger, tables

    home = tmp_path / "home"
    make_first_revision(home)
    before = kept(home)
    assert revision(home) == "0001"
    ledger = open_ledger(home, HandClock(), CountedIds())
    assert ledger.binding(KEY.configuration).match_only is None
    assert ledger.fence(1) == 0
    ledger.close()
    assert (revision(home), kept(home)) == (tables.HEAD_REVISION, before)
