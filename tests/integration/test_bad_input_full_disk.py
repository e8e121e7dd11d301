"""A full disk under the ledger, a database, a text file. Linux and root only: the disk is a small tmpfs."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from desktop_sync.core.errors import NoRoomError
from desktop_sync.core.provider_port import OpenContext, Operation, WriteBatch, WriteStatus
from desktop_sync.providers.sql.provider import SqlProvider
from desktop_sync.providers.sql.sqlite_writing import BULK_FROM
from tests.support.crash_command_line import CommandLine
from tests.support.crash_world import LATER, CsvStore, SqliteStore, World, values_of

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None,
    reason="a full disk is made with a small tmpfs, which needs root on Linux",
)
LONG = "x" * 100_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _fill(disk: Path, leave: int = 0) -> Path:
    """The disk has only so many bytes left."""
    filler = disk / "filler"
    free = shutil.disk_usage(disk).free - leave
    with filler.open("wb") as file:
        file.write(b"\0" * free)
    return filler


def test_a_plan_that_finds_no_room_is_told_with_its_place(
    disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(tmp_path, SqliteStore(tmp_path / "crm.sqlite"), CsvStore(tmp_path / "shop"))
    line = CommandLine(world, capsys)
    line.begin(60)
    for number in range(1, 41):
        line.world.a.delete(f"c{number}")
    plans = world.home / "plans"
    shutil.rmtree(plans, ignore_errors=True)
    plans.symlink_to(disk, target_is_directory=True)
    _fill(disk, leave=8_192)
    before = line.world.b.files()
    answer = line.run()
    assert answer.code == 3
    assert "No space left on device." in answer.err
    assert str(plans) in answer.err
    assert line.world.b.files() == before


@pytest.mark.scenario("A11")
@pytest.mark.parametrize("leave", [0, 40_000])
def test_a_full_disk_under_a_text_file_leaves_it_byte_for_byte(
    disk: Path, leave: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = CommandLine(
        World(tmp_path, SqliteStore(tmp_path / "crm.sqlite"), CsvStore(tmp_path / "disk" / "shop")), capsys
    )
    line.begin()
    line.world.a.change("c1", name=LONG, updated_at=LATER)
    before = line.world.b.files()
    filler = _fill(disk, leave)
    answer = line.run()
    assert answer.code == 3
    assert answer.err.splitlines()[-2:] == [
        "Shop, customers: the disk is full, nothing was written.",
        "Make room on that disk, then try again; nothing else has to be changed.",
    ]
    assert line.world.b.files() == before
    filler.unlink()
    assert line.run().code == 0
    assert values_of(line.world.b)["c1"] == (LONG, "phone 1")
    assert list(line.world.b.files()) == ["customers.csv"]


@pytest.mark.parametrize("leave", [0, 40_000])
def test_a_full_disk_under_a_database_leaves_it_as_it_was(
    disk: Path, leave: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = CommandLine(World(tmp_path, CsvStore(tmp_path / "crm"), SqliteStore(disk / "shop.sqlite")), capsys)
    line.begin()
    line.world.a.change("c1", name=LONG, updated_at=LATER)
    before = values_of(line.world.b)
    filler = _fill(disk, leave)
    answer = line.run()
    assert answer.code == 3
    assert answer.err.count("Shop, customers: the disk is full, nothing was written.") == 1, answer.err
    filler.unlink()
    assert values_of(line.world.b) == before
    assert line.run().code == 0
    assert values_of(line.world.b)["c1"] == (LONG, "phone 1")


def test_a_disk_that_gets_full_with_many_new_records_is_told_as_that(disk: Path) -> None:
    path = disk / "shop.sqlite"
    with closing(sqlite3.connect(path)) as outside:
        outside.execute("CREATE TABLE t (id TEXT PRIMARY KEY, name TEXT)")
    filler = _fill(disk, 100_000)
    values = pa.table({"id": [str(number) for number in range(BULK_FROM)], "name": ["x" * 500] * BULK_FROM})
    new = WriteBatch(Operation.CREATE, [None] * BULK_FROM, ("id", "name"), values)
    with closing(SqlProvider().open(OpenContext("Shop", {"file": str(path)}))) as session:
        with session.writer(session.describe("t")) as writer:
            writer.stage(new)
            with pytest.raises(NoRoomError):
                writer.commit()
        filler.unlink()
        with closing(sqlite3.connect(path)) as outside:
            assert outside.execute("SELECT count(*) FROM t").fetchone() == (0,)
        with session.writer(session.describe("t")) as writer:
            writer.stage(new)
            assert set(writer.commit()[0].statuses) == {WriteStatus.WRITTEN}


@pytest.mark.parametrize("leave", [0, 20_000, 60_000])
def test_a_full_disk_under_the_ledger_stops_the_run_before_an_unrecorded_write(
    disk: Path, leave: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(tmp_path, SqliteStore(tmp_path / "crm.sqlite"), CsvStore(tmp_path / "shop"), home=disk / "home")
    line = CommandLine(world, capsys)
    line.begin()
    world.a.change("c1", name="".join(chr(33 + n * 7919 % 90) for n in range(100_000)), updated_at=LATER)
    before = world.b.files()
    filler = _fill(disk, leave)
    answer = line.run()
    assert answer.code == 3
    ledger = world.home / "ledger.sqlite"
    assert f"The local store {ledger}: " in answer.err
    assert "the disk is full" in answer.err
    assert world.b.files() == before, "something was written that the ledger does not know"
    filler.unlink()
    assert line.run().code == 0
    assert len(values_of(world.b)["c1"][0]) == 100_000
