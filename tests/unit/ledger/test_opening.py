"""Opening a ledger: a private file, safe connections, whole migrations, and nothing done to a damaged file."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from desktop_sync.core.binding import MatchOnly
from desktop_sync.core.errors import LedgerError
from desktop_sync.core.plan import Mode
from desktop_sync.core.run import Outcome, RunKind, RunResult, Trigger
from desktop_sync.ledger import SqlLedger, open_ledger, tables
from desktop_sync.ledger.database import Database
from desktop_sync.ledger.home_folder import HomeFolder, file_system_of
from desktop_sync.ledger.schema import upgrade
from tests.support.ledger_home import KEY, CountedIds, HandClock, configuration, processed

KILLED = """
import os, signal, sys
from pathlib import Path
from desktop_sync.ledger import open_ledger
from tests.support.ledger_home import KEY, CountedIds, HandClock, processed
ledger = open_ledger(Path(sys.argv[1]), HandClock(), CountedIds())
ledger.settle(KEY, 1, processed(range(1, 2001)))
os.kill(os.getpid(), signal.SIGKILL)
"""


def open_here(home: Path) -> SqlLedger:
    return open_ledger(home, HandClock(), CountedIds())


def kill_with_ledger_open(home: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(home)], check=False)


def content(home: Path) -> dict[str, bytes]:
    """The ledger and its log. SQLite may leave an empty log and its scratch file beside a file that it only read."""
    files = [path for path in home.glob("ledger.sqlite*") if not path.name.endswith("-shm")]
    return {path.name: path.read_bytes() for path in files if path.stat().st_size or path.name == "ledger.sqlite"}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.scenario("A15")
def test_every_pooled_connection_is_durable_and_checks_its_references(ledger: SqlLedger) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(ledger._database.engine.connect()) for _ in range(9)]
        for connection in connections:
            found = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            ]
            assert found == ["wal", 2, 1, 30_000]


@pytest.mark.scenario("X21")
def test_all_files_are_the_owners_alone_whatever_the_umask(home: Path) -> None:
    before = os.umask(0)
    try:
        ledger = open_here(home)
        ledger.settle(KEY, 1, processed([1]))
        (Path(ledger.put("Customers", "p1", Mode.FULL)) / "x").touch(0o600)
        ledger.backup()
        with ledger.hold("Customers"):
            found = {path: mode(path) for path in (home, *home.rglob("*"))}
        ledger.close()
    finally:
        os.umask(before)
    names = {path.name for path in found}
    assert {"ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", "p1", "locks", "waiting.json"} <= names
    assert {path: oct(bits) for path, bits in found.items() if bits & 0o077} == {}


@pytest.mark.scenario("X21")
def test_a_folder_and_a_ledger_that_were_open_to_others_are_closed(home: Path) -> None:
    open_here(home).close()
    home.chmod(0o755)
    (home / "ledger.sqlite").chmod(0o644)
    open_here(home).close()
    assert (mode(home), mode(home / "ledger.sqlite")) == (0o700, 0o600)


def test_migrating_gives_the_tables_of_this_program_and_may_be_repeated(home: Path) -> None:
    ledger = open_here(home)
    with ledger._database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, tables.metadata) == []
        options = dict(connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'").all())
    for table in tables.metadata.tables.values():
        assert "STRICT" in options[table.name], table.name
    assert "WITHOUT ROWID" in options["sync_record"]
    ledger.settle(KEY, 1, processed([1]))
    upgrade(ledger._database)
    assert ledger.count_peers(KEY) == 1
    ledger.close()


def test_the_partial_indexes_are_those_of_the_tables(home: Path, tmp_path: Path) -> None:
    open_here(home).close()
    made = Database(tmp_path / "made.sqlite", lambda name: None)
    tables.metadata.create_all(made.engine)
    made.close()

    def indexes(path: Path) -> set[str]:
        with sqlite3.connect(path) as connection:
            rows = connection.execute(
                "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
            ).fetchall()
        connection.close()
        return {row[0] for row in rows}

    assert indexes(home / "ledger.sqlite") == indexes(tmp_path / "made.sqlite")


@pytest.mark.scenario("A14")
def test_a_migration_that_is_interrupted_leaves_nothing(home: Path) -> None:
    class StopError(Exception):
        pass

    def stop(name: str) -> None:
        if name == "ledger.migrate.before_commit":
            raise StopError

    with pytest.raises(StopError):
        open_ledger(home, HandClock(), CountedIds(), stop)
    with sqlite3.connect(home / "ledger.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    connection.close()
    open_here(home).close()


def test_two_programs_may_make_the_ledger_at_the_same_time(home: Path) -> None:
    script = KILLED.replace("os.kill(os.getpid(), signal.SIGKILL)", "ledger.close()").replace(
        "range(1, 2001)", "[os.getpid()]"
    )
    running = [subprocess.Popen([sys.executable, "-c", script, str(home)]) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    ledger = open_here(home)
    assert ledger.count_peers(KEY) == 3
    assert ledger.check() == []
    ledger.close()


def test_a_ledger_of_a_newer_version_is_refused_and_unchanged(home: Path) -> None:
    open_here(home).close()
    with sqlite3.connect(home / "ledger.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = content(home)
    with pytest.raises(LedgerError, match="newer version"):
        open_here(home)
    assert content(home) == before


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda whole: b"this is not a database, whatever its name" * 9, "not a ledger"),
        (lambda whole: whole[:50], "not a ledger"),
        (lambda whole: whole[: len(whole) // 2], "cut short"),
        (lambda whole: whole[:68] + b"\x00\x00\x00\x07" + whole[72:], "another program"),
    ],
)
def test_a_file_that_is_no_ledger_is_refused_and_unchanged(home: Path, damage: object, complaint: str) -> None:
    assert callable(damage)
    open_here(home).close()
    file = home / "ledger.sqlite"
    file.write_bytes(damage(file.read_bytes()))
    before = content(home)
    with pytest.raises(LedgerError, match=complaint) as refusal:
        open_here(home)
    assert refusal.value.path == str(file)
    assert "`backups`" in refusal.value.problem
    assert content(home) == before


def test_a_database_of_another_program_is_refused_and_unchanged(home: Path) -> None:
    home.mkdir(mode=0o700)
    with sqlite3.connect(home / "ledger.sqlite") as connection:
        connection.execute("CREATE TABLE other (x)")
    connection.close()
    with pytest.raises(LedgerError, match="another program"):
        open_here(home)
    with sqlite3.connect(home / "ledger.sqlite") as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("other",)]
    connection.close()


def test_after_a_crash_the_whole_file_is_checked_before_it_is_used(home: Path) -> None:
    kill_with_ledger_open(home)
    open_here(home).close()  # sound: opens, and the mark of the dead is gone
    assert list((home / "locks").glob("open-*")) == []
    kill_with_ledger_open(home)
    opened = open_here(home)
    opened._database.close()  # folds the log into the file
    opened.close()
    file = home / "ledger.sqlite"
    whole = bytearray(file.read_bytes())
    for page in range(8192 * 2, len(whole), 8192):
        whole[page : page + 64] = os.urandom(64)
    file.write_bytes(bytes(whole))
    (home / "locks" / "open-of-the-dead").touch()
    for _ in range(2):  # the mark stays until the file is sound
        before = content(home)
        with pytest.raises(LedgerError, match=r"damaged.*nothing was changed"):
            open_here(home)
        assert content(home) == before


@pytest.mark.scenario("A9")
def test_an_empty_file_beside_backups_is_refused_and_not_taken_for_a_new_ledger(home: Path) -> None:
    kill_after_a_backup(home)
    open_here(home).close()
    (home / "ledger.sqlite").write_bytes(b"")
    with pytest.raises(LedgerError, match="the ledger is empty; nothing was changed; put one of the files"):
        open_here(home)
    assert (home / "ledger.sqlite").read_bytes() == b""
    (home / "ledger.sqlite").unlink()  # whoever wants a new one takes the file away
    open_here(home).close()


def test_an_empty_file_beside_a_full_log_is_refused(home: Path) -> None:
    kill_with_ledger_open(home)
    (home / "ledger.sqlite").write_bytes(b"")
    before = content(home)
    with pytest.raises(LedgerError, match="empty though its log is not"):
        open_here(home)
    assert content(home) == before


def test_a_home_that_is_a_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="folder cannot be used"):
        open_here(tmp_path / "file")


@pytest.mark.skipif(sys.platform == "win32", reason="owners are numbers on POSIX only")
def test_a_home_of_another_user_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    owner = home.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(LedgerError, match="another user"):
        open_here(home)


def test_a_home_on_a_network_drive_is_recognised(tmp_path: Path) -> None:
    inside = str(tmp_path.resolve())
    mounts = (
        "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        f"22 21 0:50 / {inside} rw,relatime shared:1 - nfs4 server:/x rw\n"
        f"23 21 0:51 / {inside}x rw - tmpfs tmpfs rw\n"
    )
    assert file_system_of(tmp_path / "home", mounts) == "nfs4"
    assert file_system_of(Path("/"), mounts) == "ext4"
    assert file_system_of(tmp_path, "") == ""


def test_a_ledger_on_a_network_drive_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop_sync.ledger.home_folder._mounts", lambda: "1 0 0:1 / / rw - cifs //server/x rw")
    with pytest.raises(LedgerError, match="network drive"):
        open_here(home)


def test_a_backup_is_a_whole_ledger_of_its_own(home: Path, tmp_path: Path) -> None:
    ledger = open_here(home)
    ledger.save_configuration(configuration())
    ledger.settle(KEY, 1, processed(range(1, 5001)))
    copy = ledger.backup()
    ledger.settle(KEY, 1, processed([9999]))
    ledger.close()
    assert sorted(path.name for path in copy.parent.iterdir()) == [copy.name]
    other = tmp_path / "restored"
    other.mkdir()
    shutil.copy(copy, other / "ledger.sqlite")
    restored = open_here(other)
    assert (restored.count_peers(KEY), restored.check()) == (5000, [])
    restored.close()


def test_backups_are_made_hourly_at_most_and_five_are_kept(home: Path) -> None:
    clock = HandClock()
    ledger = open_ledger(home, clock, CountedIds())
    assert ledger.backup_if_due() is not None
    clock.move(minutes=59)
    assert ledger.backup_if_due() is None
    for _ in range(6):
        clock.move(minutes=61)
        assert ledger.backup_if_due() is not None
    assert len(ledger.backups()) == 5
    clock.move(days=-30)  # a clock that was set back does not silence the backups
    assert ledger.backup_if_due() is not None
    ledger.close()


def test_closing_twice_does_no_harm(home: Path) -> None:
    ledger = open_here(home)
    ledger.close()
    ledger.close()
    assert list((home / "locks").glob("open-*")) == []


def test_damage_that_a_check_finds_is_said_in_sentences(home: Path) -> None:
    ledger = open_here(home)
    ledger.settle(KEY, 1, processed([1, 2]))
    with ledger._database.engine.connect() as connection:
        connection.exec_driver_sql("UPDATE entity SET record_count = 7")
        connection.exec_driver_sql("UPDATE sync_record SET batch_id = 5")
    assert ledger.check() == [
        "The number of sync records is wrong for 1 entity.",
        "The baseline of 2 sync records is not there.",
    ]
    ledger.close()


def kill_after_a_backup(home: Path) -> None:
    """A ledger with a backup and records after it, whose program died."""
    ledger = open_here(home)
    run_id = ledger.open_run(configuration(), RunKind.RUN, Trigger.HAND)
    ledger.settle(KEY, run_id, processed(range(1, 101)))
    ledger.finish_run(run_id, RunResult(run_id, "Customers", Outcome.DONE))
    ledger.close()
    assert len(list((home / "backups").glob("*.sqlite"))) == 1
    kill_with_ledger_open(home)


def spoil(home: Path, how: str) -> None:
    file = home / "ledger.sqlite"
    whole = bytearray(file.read_bytes())
    if how == "pages":
        for page in range(8192, len(whole), 8192):
            whole[page : page + 64] = os.urandom(64)
    elif how == "header":
        whole[:100] = os.urandom(100)
    file.write_bytes(b"" if how == "empty" else bytes(whole[: len(whole) // 2]) if how == "cut" else bytes(whole))
    if how in ("pages", "cut"):
        (home / "ledger.sqlite-wal").unlink(missing_ok=True)


@pytest.mark.scenario("A9")
@pytest.mark.parametrize("how", ["pages", "header", "empty", "cut"])
def test_after_a_crash_a_damaged_ledger_is_replaced_by_its_newest_good_backup_and_kept(home: Path, how: str) -> None:
    kill_after_a_backup(home)
    spoil(home, how)
    damaged = (home / "ledger.sqlite").read_bytes()
    (home / "backups" / "ledger-29990101T000000Z.sqlite").write_bytes(b"a backup that is no good" * 400)
    ledger = open_here(home)
    assert ledger.count_peers(KEY) == 100
    assert ledger.check() == []
    assert ledger.binding("Customers").match_only is MatchOnly.DAMAGED
    assert ledger.binding("Customers").since is not None
    ledger.close()
    (kept,) = (home / "damaged").glob("*.sqlite")
    assert kept.read_bytes() == damaged
    assert {mode(path) for path in (home / "damaged").iterdir()} == {0o600}
    ledger = open_here(home)
    ledger.end_match_only("Customers")
    ledger.close()
    ledger = open_here(home)
    assert ledger.binding("Customers").match_only is None
    ledger.close()


@pytest.mark.scenario("A9")
def test_a_restoring_that_is_cut_off_is_finished_at_the_next_start(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kill_after_a_backup(home)
    spoil(home, "pages")

    class CutOffError(Exception):
        pass

    def cut_off(count: int) -> Callable[[HomeFolder], None]:
        calls = iter(range(count, -100, -1))

        def sync(self: HomeFolder) -> None:
            if next(calls) == 0:
                raise CutOffError

        return sync

    for count in (0, 1):  # before and after the backup is in place
        with monkeypatch.context() as patch:
            patch.setattr(HomeFolder, "sync", cut_off(count))
            with pytest.raises(CutOffError):
                open_here(home)
        (home / "locks" / "open-of-the-dead").touch()
    ledger = open_here(home)
    assert ledger.count_peers(KEY) == 100
    assert ledger.binding("Customers").match_only is MatchOnly.DAMAGED
    ledger.close()


def test_a_damaged_ledger_that_another_program_has_open_is_left_alone(home: Path) -> None:
    kill_after_a_backup(home)
    living = open_here(home)
    (home / "locks" / "open-of-the-dead").touch()
    spoil(home, "header")
    before = content(home)
    with pytest.raises(LedgerError, match="not a ledger"):
        open_here(home)
    assert content(home) == before
    living._database.close()
    living._marker.release()


def test_damage_that_shows_while_the_ledger_is_used_is_looked_into_at_the_next_start(home: Path) -> None:
    kill_after_a_backup(home)
    open_here(home).close()
    ledger = open_here(home)
    ledger.close()
    spoil(home, "pages")
    with pytest.raises(LedgerError, match="damaged") as damage:
        open_here(home)
    assert damage.value.is_damage
    ledger = open_here(home)
    assert ledger.binding("Customers").match_only is MatchOnly.DAMAGED
    ledger.close()


def test_a_backup_that_cannot_be_made_is_a_line_in_the_log_and_the_run_is_over(
    home: Path, expected_log: Callable[[str], None]
) -> None:
    ledger = open_here(home)
    shutil.rmtree(home / "backups")
    (home / "backups").touch()
    expected_log("backup of the ledger could not be made")
    run_id = ledger.open_run(configuration(), RunKind.RUN, Trigger.HAND)
    ledger.finish_run(run_id, RunResult(run_id, "Customers", Outcome.DONE))
    ledger.close()
    (home / "backups").unlink()
