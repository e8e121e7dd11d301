"""A ledger of the first revision, and programs that are killed while they bring it to this one (RELIABILITY A14).

`python -m tests.support.killed_migration FOLDER` forks a child for each statement of the migration, which dies before
it, and prints one line of JSON: how many there were, and what was wrong.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import event

from desktop_sync.core.configuration import Side
from desktop_sync.core.run import Outcome
from desktop_sync.ledger import open_ledger, tables
from desktop_sync.ledger.batch_content import pack
from desktop_sync.ledger.database import Database
from desktop_sync.ledger.definition_codec import configuration_text
from desktop_sync.ledger.home_folder import HomeFolder
from desktop_sync.ledger.schema import upgrade
from tests.support.ledger_home import KEY, CountedIds, HandClock, batch_rows, configuration, digest

PEERS = 300


def make_first_revision(home: Path) -> None:
    """A ledger as the first version of the program left it: a configuration, its peers, a run, a baseline, and an
    intent that a crash left open."""
    folder = HomeFolder(home)
    folder.make_ready()
    folder.make_file()
    database = Database(folder.ledger, lambda name: None)
    settings = Config()
    migrations = Path(tables.__file__).with_name("migrations")
    settings.set_main_option("script_location", str(migrations))
    with database.writing("migrate") as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0001")
        run = connection.exec_driver_sql
        run(f"PRAGMA application_id = {tables.APPLICATION_ID}")
        run("INSERT INTO configuration (id, name) VALUES (1, ?)", (KEY.configuration,))
        run("INSERT INTO configuration_version VALUES (1, 1, ?, 0)", (configuration_text(configuration()),))
        run("INSERT INTO entity VALUES (1, 1, ?, ?)", (KEY.entity, PEERS))
        run("INSERT INTO run VALUES (1, 1, 1, 'run', 'by hand', 0, NULL, 'running', NULL)")
        for number, state in ((1, 1), (2, 0)):
            head = (number, "b" if state == 0 else None, state)
            run("INSERT INTO batch VALUES (?, 1, 1, ?, 'customers', 1, ?, 0, NULL, 3, 1, 3, NULL)", head)
            run("INSERT INTO batch_content VALUES (?, ?)", (number, pack(batch_rows([1, 2, 3]))))
        rows = [(n, f"A{n}", f"B{n}", digest(n), 1 if n < 4 else None) for n in range(1, PEERS + 1)]
        peer = "INSERT INTO sync_record VALUES (1, ?, ?, ?, 2, 0, ?, X'00', ?, 1, 0, NULL, '', 0)"
        run(peer, rows)
        run("UPDATE sequence SET next = 1000")
    database.close()


def kept(home: Path) -> dict[str, list[tuple[object, ...]]]:
    """What the first revision held, by table, in its columns."""
    columns = {
        "configuration": "*",
        "configuration_version": "*",
        "entity": "*",
        "sync_record": "*",
        "batch_content": "*",
        "run": "id, configuration_id, configuration_version, kind, trigger, started_at",
        "batch": "id, run_id, entity_id, side, structure, operation, state, opened_at, row_count",
    }
    with closing(sqlite3.connect(home / "ledger.sqlite")) as connection:
        return {name: connection.execute(f"SELECT {what} FROM {name}").fetchall() for name, what in columns.items()}


def revision(home: Path) -> str:
    with closing(sqlite3.connect(home / "ledger.sqlite")) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def _upgrade_and_die(home: Path, at: int) -> None:
    """Dies before the `at`-th statement; the last of all is the commit."""
    count = 0

    def statement(*_: object) -> None:
        nonlocal count
        count += 1
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)

    database = Database(home / "ledger.sqlite", statement)
    event.listen(database.engine, "before_cursor_execute", statement)
    upgrade(database)
    database.close()


def _kill_each(folder: Path) -> dict[str, object]:
    first = folder / "first"
    make_first_revision(first)
    before, problems, killed = kept(first), [], 0
    while True:
        home = folder / "home"
        shutil.copytree(first, home)
        child = os.fork()
        if child == 0:
            _upgrade_and_die(home, killed + 1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            return {"killed": killed, "problems": problems, "exit": os.WEXITSTATUS(status)}
        killed += 1
        found = revision(home)
        if found not in ("0001", tables.HEAD_REVISION) or kept(home) != before:
            problems.append(f"killed before statement {killed}: it is neither the old nor the new one ({found})")
        ledger = open_ledger(home, HandClock(), CountedIds())
        (cut_off,) = ledger.runs()
        (intent,) = ledger.open_batches(KEY.configuration)
        is_whole = (
            ledger.check() == []
            and ledger.count_peers(KEY) == PEERS
            and ledger.configurations() == (configuration(),)
            and cut_off.outcome is Outcome.FAILED
            and (intent.id, intent.side) == (2, Side.B)
            and ledger.binding(KEY.configuration).match_only is None
        )
        ledger.close()
        if not is_whole or revision(home) != tables.HEAD_REVISION:
            problems.append(f"killed before statement {killed}: it did not come to this revision whole")
        shutil.rmtree(home)


if __name__ == "__main__":
    print(json.dumps(_kill_each(Path(sys.argv[1]))))
