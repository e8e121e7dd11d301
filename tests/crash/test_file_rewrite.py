"""A kill in the middle of rewriting a text file: the file is old or new, never mixed (A12)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.crash_trial import CrashServer
from tests.support.crash_world import FLOWS, CsvStore


@pytest.mark.scenario("A12")
@pytest.mark.timeout(1800)
def test_a_file_is_old_or_new_at_every_file_operation_and_nothing_is_left_beside_it(
    server: CrashServer, is_full: bool, tmp_path: Path
) -> None:
    world = FLOWS["sqlite-to-csv"](tmp_path)
    server.begin(world)
    assert isinstance(world.b, CsvStore)
    folder = str(world.b.folder)
    names = server.ask(world, files=folder)["names"]
    world.restore()
    renames = [number for number, name in enumerate(names, 1) if name.startswith("os.rename")]
    assert len(renames) == 2, "one file for creates and updates, one for deletes"
    around = [n for rename in renames for n in range(rename - 2, rename + 2) if n <= len(names)]
    contents = {world.b.content()}
    left: set[str] = set()
    for number in range(1, len(names) + 1) if is_full else around:
        server.kill(world, number, files=folder)
        contents.add(world.b.content())
        temporary = [file.name for file in world.b.folder.iterdir() if file.name != "customers.csv"]
        left.update(temporary)
        for row in world.b.records():  # every line is whole
            assert row["email"]
        assert world.b.content().endswith(b"\n")
        server.recover(world)
        assert [file.name for file in world.b.folder.iterdir()] == ["customers.csv"], "a temporary file stays"
        world.restore()
    assert len(contents) <= 1 + len(renames), "the file was seen in a state between two writes"
    assert left, "no kill came while the new file was being written, so nothing was proved"
