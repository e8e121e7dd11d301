"""Records with long binary values are changed only where they are what was expected, without a copy of the value."""

from __future__ import annotations

import sqlite3
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from desktop_sync.core.provider_port import (
    EndpointSession,
    OpenContext,
    Operation,
    WriteBatch,
    WriteResult,
    WriteStatus,
)
from desktop_sync.providers.sql.provider import SqlProvider
from desktop_sync.providers.value_digest import LONG_VALUE_BYTES
from desktop_sync.providers.write_batch import LONG_COLUMN_BYTES

LONG = bytes(range(256)) * (LONG_COLUMN_BYTES // 256)
CHANGED = LONG[:-1] + b"\0"
NEW = LONG[::-1]

TABLES = {
    "plain": "id INTEGER PRIMARY KEY, photo BLOB, note TEXT)",
    "without row numbers": "id TEXT PRIMARY KEY, photo BLOB, note TEXT) WITHOUT ROWID",
    "with a computed column": "id INTEGER PRIMARY KEY, photo BLOB, note TEXT, n AS (length(photo)))",
    "with a field called like the row number": "id TEXT PRIMARY KEY, photo BLOB, note TEXT, RowId TEXT)",
    "with fields of all its names": "rowid TEXT, _rowid_, oid, id TEXT PRIMARY KEY, photo BLOB, note TEXT)",
    "of a key that is no number": "note TEXT, photo BLOB, id TEXT PRIMARY KEY)",
}


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "shelf.db", isolation_level=None)) as connection:
        yield connection


@pytest.fixture
def session(tmp_path: Path, outside: sqlite3.Connection) -> Iterator[EndpointSession]:
    outside.execute("PRAGMA user_version = 1")
    session = SqlProvider().open(OpenContext("Shelf", {"file": str(tmp_path / "shelf.db"), "busy_timeout_s": 0.2}))
    yield session
    session.close()


def make(outside: sqlite3.Connection, declared: str, *photos: object) -> None:
    outside.execute(f"CREATE TABLE pictures ({declared}")
    for key, value in enumerate(photos, 1):
        outside.execute("INSERT INTO pictures (id, photo, note) VALUES (?, ?, 'n')", (key, value))


def records(photos: list[bytes | None], note: str) -> pa.Table:
    return pa.table({"photo": pa.array(photos, pa.binary()), "note": pa.array([note] * len(photos))})


def commit(session: EndpointSession, batch: WriteBatch) -> WriteResult:
    with session.writer(replace(session.describe("pictures"), key=("id",))) as writer:
        writer.stage(batch)
        (result,) = writer.commit()
    return result


def update(new: list[bytes | None], expected: list[bytes | None]) -> WriteBatch:
    fields = ("photo", "note")
    ids = [str(place) for place in range(1, len(new) + 1)]
    return WriteBatch(Operation.UPDATE, ids, fields, records(new, "new"), fields, records(expected, "n"))


def statuses(result: WriteResult) -> list[str]:
    return [WriteStatus(status).name for status in result.statuses]


@pytest.mark.parametrize("declared", TABLES.values(), ids=list(TABLES))
@pytest.mark.scenario("E9")
def test_long_values_are_compared_to_the_last_byte(
    session: EndpointSession, outside: sqlite3.Connection, declared: str
) -> None:
    inside = b"\1" * (LONG_VALUE_BYTES + 1)
    make(outside, declared, LONG, CHANGED, inside, None, b"short", LONG)
    result = commit(session, update([NEW] * 6, [LONG, LONG, inside, LONG, b"short", b"short"]))
    assert statuses(result) == ["WRITTEN", "CHANGED", "WRITTEN", "CHANGED", "WRITTEN", "CHANGED"]
    found = [photo for (photo,) in outside.execute("SELECT photo FROM pictures ORDER BY id")]
    assert found == [NEW, CHANGED, NEW, None, NEW, LONG]


@pytest.mark.scenario("E9")
def test_a_record_with_a_long_value_is_deleted_only_as_it_was_expected(
    session: EndpointSession, outside: sqlite3.Connection
) -> None:
    make(outside, TABLES["plain"], LONG, CHANGED)
    batch = WriteBatch(Operation.DELETE, ["1", "2"], (), None, ("photo", "note"), records([LONG, LONG], "n"))
    assert statuses(commit(session, batch)) == ["WRITTEN", "CHANGED"]
    assert outside.execute("SELECT id FROM pictures").fetchall() == [(2,)]


@pytest.mark.scenario("E9")
def test_a_text_in_a_field_of_long_values_is_compared_as_its_bytes(
    session: EndpointSession, outside: sqlite3.Connection
) -> None:
    text = "ö" * LONG_COLUMN_BYTES
    make(outside, TABLES["plain"], text, text)
    result = commit(session, update([NEW, NEW], [text.encode(), LONG]))
    assert statuses(result) == ["WRITTEN", "CHANGED"]


def test_what_a_trigger_makes_of_a_long_value_is_not_called_stored_as_sent(
    session: EndpointSession, outside: sqlite3.Connection
) -> None:
    make(outside, TABLES["plain"], LONG, LONG)
    outside.execute(
        "CREATE TRIGGER spoil AFTER UPDATE ON pictures WHEN NEW.id = 2 BEGIN "
        "UPDATE pictures SET photo = photo || x'00' WHERE id = 2; END"
    )
    result = commit(session, update([NEW, NEW], [LONG, LONG]))
    assert statuses(result) == ["WRITTEN", "WRITTEN"]
    assert list(result.stored_as_sent) == [True, False]


@pytest.mark.scenario("E9")
def test_no_copy_of_a_long_value_is_made_to_compare_it(session: EndpointSession, outside: sqlite3.Connection) -> None:
    make(outside, TABLES["plain"], LONG)
    with session.writer(session.describe("pictures")) as writer:
        writer.stage(update([NEW], [LONG]))
        tracemalloc.start()
        try:
            (result,) = writer.commit()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert statuses(result) == ["WRITTEN"]
    assert peak < len(LONG)
