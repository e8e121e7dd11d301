"""Many records: batches are settled while the next ones are being written, of the same side or of the other one, and a
crash in between costs nothing.

Batches are made small here, so that few records make many commits. The program dies by an error that no step survives:
a write that is under way then is carried out, as the database would carry it out.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_sync.bootstrap import build_application
from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action
from desktop_sync.core.errors import RetriableError
from desktop_sync.core.ports import CancelToken
from desktop_sync.core.provider_port import WriteBatch
from desktop_sync.core.run import Outcome
from desktop_sync.providers.sql import provider, sqlite_writing
from desktop_sync.providers.sql.sqlite_writing import SqliteWriter
from desktop_sync.services.processing import write_protocol
from desktop_sync.services.processing.write_protocol import BATCHES_PER_COMMIT

NAME, RECORDS, BATCH, AT_ONCE = "Shelves", 41, 2, BATCHES_PER_COMMIT
INTENDED, WRITTEN, SETTLED = "process.intent_is_durable", "process.written", "process.settled"
DEFINITION = """format = 1
[[endpoint]]
name = "A"
provider = "sql"
settings = { file = "a.sqlite" }
[[endpoint]]
name = "B"
provider = "sql"
settings = { file = "b.sqlite" }
[[configuration]]
name = "Shelves"
a = "A"
b = "B"
[[configuration.entity]]
name = "books"
a = "books"
b = "books"
[[configuration.entity.field]]
a = "isbn"
b = "isbn"
identifying = true
[[configuration.entity.field]]
a = "title"
b = "title"
"""


class Death(BaseException):
    """Nothing that comes after it is done."""


class Witness:
    """Hears the steps, and from one of them on lets none pass. May cancel at one instead."""

    def __init__(self, at: int = 0, cancel_at: int = 0) -> None:
        self.at = at
        self.cancel_at = cancel_at
        self.cancel = CancelToken()
        self.names: list[str] = []

    def __call__(self, name: str) -> None:
        self.names.append(name)
        if self.cancel_at and len(self.names) == self.cancel_at:
            self.cancel.cancel()
        if self.at and len(self.names) >= self.at:
            raise Death


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider, "CAPABILITIES", replace(provider.CAPABILITIES, batch_size=BATCH))
    monkeypatch.setattr(sqlite_writing, "BULK_FROM", 1)
    monkeypatch.setattr(write_protocol, "ENOUGH_UPDATES", BATCH)


def furnish(folder: Path) -> None:
    for name in ("a", "b"):
        with closing(sqlite3.connect(folder / f"{name}.sqlite")) as connection:
            connection.execute("CREATE TABLE books (isbn TEXT PRIMARY KEY, title TEXT UNIQUE)")
            if name == "a":
                rows = [(f"978-{n}", f"title {n}") for n in range(RECORDS)]
                connection.executemany("INSERT INTO books VALUES (?, ?)", rows)
                connection.commit()
    (folder / "shelves.toml").write_text(DEFINITION, encoding="utf-8")


def books(folder: Path, name: str) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(folder / f"{name}.sqlite")) as connection:
        return sorted(connection.execute("SELECT isbn, title FROM books"))


def run(folder: Path, witness: Witness) -> tuple[Outcome, dict[Action, int]]:
    application = build_application(folder / "home", steps=witness)
    try:
        application.definitions.import_file(folder / "shelves.toml")
        result = application.synchronization.run(NAME, cancel=witness.cancel)
        assert application.ledger.open_batches(NAME) == []
        counted = result.entities[0].actions if result.entities else {}
        return result.outcome, {action: number for action, number in counted.items() if number}
    finally:
        application.close()


def is_whole(folder: Path) -> bool:
    """Both sides agree after the next run, and the one after it has nothing to do."""
    outcome, _ = run(folder, Witness())
    quiet = run(folder, Witness())
    return outcome is Outcome.DONE and quiet == (Outcome.DONE, {}) and books(folder, "a") == books(folder, "b")


def steps_of_a_run(folder: Path) -> list[str]:
    folder.mkdir()
    furnish(folder)
    witness = Witness()
    assert run(folder, witness) == (Outcome.DONE, {Action.CREATE_B: RECORDS})
    return witness.names


def test_batches_are_settled_while_the_next_are_written_and_every_batch_keeps_its_order(tmp_path: Path) -> None:
    names = [name for name in steps_of_a_run(tmp_path / "whole") if name in (INTENDED, WRITTEN, SETTLED)]
    intended = written = settled = 0
    was_late = False
    for name in names:
        intended += name == INTENDED
        written += AT_ONCE if name == WRITTEN else 0
        settled += name == SETTLED
        assert settled <= written <= intended + AT_ONCE - 1, names
        was_late = was_late or (name == INTENDED and settled < min(written, intended - 1))
    assert was_late, "nothing was settled later than the next intents"
    assert intended == settled == -(-RECORDS // BATCH)


def test_a_run_that_dies_while_batches_overlap_loses_and_duplicates_nothing(tmp_path: Path) -> None:
    names = steps_of_a_run(tmp_path / "whole")
    points = [number for number, name in enumerate(names, 1) if name.endswith("after_commit") or name == WRITTEN]
    middle = [number for number in points if names[:number].count(WRITTEN) in (1, 2)]
    assert len(middle) > 2 * AT_ONCE
    for number in middle[::2]:
        folder = tmp_path / str(number)
        folder.mkdir()
        furnish(folder)
        with pytest.raises(Death):
            run(folder, Witness(at=number))
        assert is_whole(folder), f"died at step {number}, {names[number - 1]}"


def test_a_run_that_is_cancelled_while_batches_overlap_leaves_no_open_intent(tmp_path: Path) -> None:
    names = steps_of_a_run(tmp_path / "whole")
    for number in [n for n, name in enumerate(names, 1) if name == INTENDED][AT_ONCE : 3 * AT_ONCE : 2]:
        folder = tmp_path / str(number)
        folder.mkdir()
        furnish(folder)
        outcome, _ = run(folder, Witness(cancel_at=number))
        assert outcome is Outcome.CANCELLED
        assert is_whole(folder)


def test_records_that_are_refused_are_settled_before_anything_else_is_written(tmp_path: Path) -> None:
    furnish(tmp_path)
    with closing(sqlite3.connect(tmp_path / "b.sqlite")) as connection, connection:
        connection.execute(
            "CREATE TRIGGER no BEFORE INSERT ON books WHEN new.isbn = '978-9' BEGIN SELECT raise(ABORT, 'no'); END"
        )
    outcome, actions = run(tmp_path, Witness())
    assert (outcome, actions) == (Outcome.PROBLEMS, {Action.CREATE_B: RECORDS - 1})
    assert ("978-9", "title 9") not in books(tmp_path, "b")


EDITED = 7
"""Records that are edited on each side, others in A than in B."""


def furnish_edited(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    furnish(folder)
    run(folder, Witness())
    for name, first in (("a", 0), ("b", EDITED)):
        with closing(sqlite3.connect(folder / f"{name}.sqlite")) as connection, connection:
            rows = [(f"{name} {n}", f"978-{n}") for n in range(first, first + EDITED)]
            connection.executemany("UPDATE books SET title = ? WHERE isbn = ?", rows)


def steps_of_updates(folder: Path) -> list[str]:
    furnish_edited(folder)
    witness = Witness()
    assert run(folder, witness) == (Outcome.DONE, {Action.UPDATE_A: EDITED, Action.UPDATE_B: EDITED})
    return witness.names


def test_updates_are_settled_while_the_next_are_written_and_those_of_one_side_while_the_other_is(
    tmp_path: Path,
) -> None:
    names = [name for name in steps_of_updates(tmp_path / "whole") if name in (INTENDED, WRITTEN, SETTLED)]
    of_a_side = -(-EDITED // BATCH)
    intended = written = settled = 0
    for name in names:
        intended += name == INTENDED
        written += name == WRITTEN
        settled += name == SETTLED
        assert settled <= written <= intended <= settled + 2, names
        if intended == of_a_side + 1 and name == INTENDED:
            assert settled == of_a_side - 1, "the last of A waits until B is written"
    assert intended == written == settled == 2 * of_a_side


def test_a_run_that_dies_between_two_sides_loses_and_duplicates_nothing(tmp_path: Path) -> None:
    names = steps_of_updates(tmp_path / "whole")
    points = [number for number, name in enumerate(names, 1) if name.endswith("after_commit") or name == WRITTEN]
    middle = [number for number in points if names[:number].count(WRITTEN) in (3, 4, 5)]
    assert len(middle) > 6
    for number in middle:
        folder = tmp_path / str(number)
        furnish_edited(folder)
        with pytest.raises(Death):
            run(folder, Witness(at=number))
        assert is_whole(folder), f"died at step {number}, {names[number - 1]}"
        assert {title for _, title in books(folder, "a")} >= {f"a {n}" for n in range(EDITED)}
        assert {title for _, title in books(folder, "a")} >= {f"b {n}" for n in range(EDITED, 2 * EDITED)}


def test_a_run_that_is_cancelled_between_two_sides_leaves_no_open_intent(tmp_path: Path) -> None:
    names = steps_of_updates(tmp_path / "whole")
    for number in [n for n, name in enumerate(names, 1) if name == INTENDED][3:6]:
        folder = tmp_path / str(number)
        furnish_edited(folder)
        outcome, _ = run(folder, Witness(cancel_at=number))
        assert outcome is Outcome.CANCELLED
        assert is_whole(folder)


def test_trouble_on_one_side_leaves_no_open_intent_of_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish_edited(tmp_path)
    stage = SqliteWriter.stage

    def stage_a_alone(writer: SqliteWriter, batch: WriteBatch) -> None:
        if writer._file.path.endswith("b.sqlite"):
            raise RetriableError("the database is out of reach")
        stage(writer, batch)

    application = build_application(tmp_path / "home")
    try:
        application.definitions.import_file(tmp_path / "shelves.toml")
        with monkeypatch.context() as patched:
            patched.setattr(SqliteWriter, "stage", stage_a_alone)
            with pytest.raises(RetriableError):
                application.synchronization.run(NAME)
        assert {batch.side for batch in application.ledger.open_batches(NAME)} == {Side.B}
    finally:
        application.close()
    assert is_whole(tmp_path)
