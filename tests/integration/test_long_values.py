"""Pictures and documents in a table: long binary values travel whole, whatever happens on the way (RELIABILITY E9)."""

from __future__ import annotations

import hashlib
import random
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from desktop_sync.core.configuration import ConflictRule, FieldMapping, PerSide, PipelineStep, StepKind
from desktop_sync.core.decision import Action
from desktop_sync.core.error_text import sentence
from desktop_sync.core.errors import EndpointError, MemoryShortError
from desktop_sync.core.long_value import LONG_BYTES, PREFIX, TOKEN_BYTES, is_token_text, length_of, shown, token_of
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Status
from desktop_sync.engine import workbench
from desktop_sync.ledger.value_store import FILE_NAME
from desktop_sync.services.session import long_values
from tests.support.long_value_memory import STATUS, peak_of_run
from tests.support.worlds import EMAIL, NAME, World, WorldMaker, person_entity

PHOTO = FieldMapping("Photo", "photo")
TABLE = "Id INTEGER PRIMARY KEY, Email TEXT, Photo BLOB, Scan BLOB"
OTHER = "id INTEGER PRIMARY KEY, email TEXT, photo BLOB, scan BLOB"
_CHANCE = random.Random(20261126)


def photo(size: int) -> bytes:
    return _CHANCE.randbytes(size)


VALUES = {
    1: photo(300_000), 2: b"", 3: b"\0", 4: None, 5: photo(LONG_BYTES), 6: photo(LONG_BYTES + 1), 7: PREFIX,
    8: token_of(b"not kept by anybody"), 9: token_of(photo(9)).hex().upper().encode(), 10: b"\xff" * 5000,
}  # fmt: skip


@pytest.fixture
def tables(world: WorldMaker) -> World:
    w = world(fields=(EMAIL, PHOTO), a={"Person": TABLE}, b={"people": OTHER}, b_is_table=True)
    for key, value in VALUES.items():
        w.put("a", Id=key, Email=f"p{key}@x.org", Photo=value)
    return w


@pytest.mark.scenario("E9")
def test_every_binary_value_arrives_as_it_was_and_the_second_run_is_quiet(tables: World) -> None:
    w = tables
    assert w.run().outcome is Outcome.DONE
    assert {key: value for key, value in w.rows("b", "id", "photo")} == VALUES
    w.assert_quiet()
    w.edit("a", 1, Photo=photo(200_000))
    w.edit("b", 10, photo=photo(100_000))
    w.edit("a", 6, Photo=None)
    w.edit("b", 3, photo=photo(70_000))
    result = w.run()
    assert w.actions(result) == {Action.UPDATE_B: 2, Action.UPDATE_A: 2}
    assert w.rows("a", "Id", "Photo") == w.rows("b", "id", "photo")
    w.assert_quiet()
    assert w.app.verification.verify(NAME).entities[0].different == 0


@pytest.mark.scenario("E9")
def test_a_table_of_pictures_larger_than_the_memory_of_the_workbench_is_synchronized(
    world: WorldMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbench, "MEMORY_LIMIT", "40MB")
    monkeypatch.setattr(long_values, "MOST_BYTES", 4_000_000)
    w = world(fields=(EMAIL, PHOTO), a={"Person": TABLE}, b={"people": OTHER}, b_is_table=True)
    for key in range(1, 61):
        w.put("a", Id=key, Email=f"p{key}@x.org", Photo=photo(800_000))
    w.put("a", Id=500, Email="large@x.org", Photo=photo(8_000_000))
    assert w.run().outcome is Outcome.DONE
    digests = [
        sorted(hashlib.sha256(value).digest() for (value,) in w.rows(side, field) if isinstance(value, bytes))
        for side, field in (("a", "Photo"), ("b", "photo"))
    ]
    assert digests[0] == digests[1]
    w.assert_quiet()
    assert (w.app.home / "ledger.sqlite").stat().st_size < 5_000_000


@pytest.mark.scenario("E9")
def test_records_with_a_long_value_are_written_one_by_one(world: WorldMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def note(step: str) -> None:
        if step in ("process.intent_is_durable", "process.written"):
            seen.append(step.removeprefix("process."))

    monkeypatch.setattr(long_values, "MOST_BYTES", 5_000)
    w = world(fields=(EMAIL, PHOTO), a={"Person": TABLE}, b={"people": OTHER}, b_is_table=True, steps=note)
    for key in range(1, 5):
        w.put("a", Id=key, Email=f"p{key}@x.org", Photo=photo(9_000))
    w.run()
    assert seen == ["intent_is_durable", "written"] * 4
    assert w.rows("a", "Id", "Photo") == w.rows("b", "id", "photo")


@pytest.mark.skipif(not STATUS.exists(), reason="the system does not tell there how much memory a process had at most")
@pytest.mark.scenario("E9")
def test_a_value_of_50_mib_adds_less_than_200_mb_to_the_memory_of_a_run(world: WorldMaker) -> None:
    peaks: dict[str, list[float]] = {}
    for name, size in (("short", 8), ("long", 50 * 1024 * 1024)):
        w = world(fields=(EMAIL, PHOTO), a={"Person": TABLE}, b={"people": OTHER}, b_is_table=True)
        w.put("a", Id=1, Email="ann@x.org", Photo=photo(size))
        w.app.close()
        created = peak_of_run(w.app.home)
        w.edit("a", 1, Photo=photo(size))
        peaks[name] = [created, peak_of_run(w.app.home)]
        assert w.rows("a", "Id", "Photo") == w.rows("b", "id", "photo")
    added = [long - short for long, short in zip(peaks["long"], peaks["short"], strict=True)]
    assert all(one < 200 for one in added), (added, peaks)


@pytest.mark.scenario("E9")
def test_long_values_travel_as_digits_into_files_and_back(world: WorldMaker) -> None:
    w = world(fields=(EMAIL, PHOTO), a={"Person": TABLE}, b={"people": "id, email, photo"})
    value, other = photo(40_000), photo(30_000)
    w.put("a", Id=1, Email="ann@x.org", Photo=value)
    w.put("b", id="7", email="bob@x.org", photo=other.hex())
    w.put("b", id="8", email="cid@x.org", photo="no digits" * 1000)
    w.run()
    rows = {str(email): text for email, text in w.rows("b", "email", "photo")}
    assert bytes.fromhex(str(rows["ann@x.org"])) == value
    assert ("bob@x.org", other) in w.rows("a", "Email", "Photo")
    assert w.of(b_id=8).status is Status.INVALID
    assert "is not a binary" in w.of(b_id=8).last_error
    w.assert_quiet()
    w.edit("b", 7, photo=value.hex().upper())
    w.run()
    assert ("bob@x.org", value) in w.rows("a", "Email", "Photo")
    w.assert_quiet()


def test_an_undo_brings_back_what_stood_there_letter_by_letter(tables: World) -> None:
    w = tables
    w.put("b", id=50, email="gone@x.org", photo=photo(20_000), scan=photo(30_000))
    w.run()
    before = w.rows("b", "email", "photo", "scan")
    w.edit("a", 1, Photo=photo(90_000))
    (gone,) = [one for one in w.records() if one.b_id == "50"]
    w.delete("a", gone.a_id)
    changed = w.run()
    assert w.actions(changed) == {Action.UPDATE_B: 1, Action.DELETE_B: 1}
    history = w.app.records.history(changed.run_id or 0)
    (changed_field,) = [field for row in history if row.a_id == "1" for field in row.fields if field.differs]
    assert changed_field.before == shown(token_of(VALUES[1] or b"").hex().upper())
    assert "300,000 bytes" in str(changed_field.before)
    undone = w.app.undo.undo(changed.run_id or 0)
    assert undone.outcome is Outcome.DONE, undone
    assert sorted(map(repr, w.rows("b", "email", "photo", "scan"))) == sorted(map(repr, before))


def test_a_conflict_shows_lengths_and_the_decided_value_travels(world: WorldMaker) -> None:
    w = world(
        fields=(EMAIL, PHOTO), a={"Person": TABLE}, b={"people": OTHER}, b_is_table=True, conflict=ConflictRule.ASK
    )
    w.put("a", Id=1, Email="ann@x.org", Photo=photo(10_000))
    w.run()
    mine, theirs = photo(11_000), photo(12_000)
    w.edit("a", 1, Photo=mine)
    w.edit("b", 1, photo=theirs)
    w.run()
    (conflict,) = w.app.records.conflicts(NAME)
    (field,) = [one for one in conflict.fields if one.differs]
    assert [str(text).partition(" (")[0] for text in (field.a, field.b, field.base)] == [
        "11,000 bytes", "12,000 bytes", "10,000 bytes"
    ]  # fmt: skip


def test_a_value_that_was_changed_under_the_write_is_not_overwritten_unseen(world: WorldMaker) -> None:
    theirs = photo(60_000)
    edited: list[World] = []

    def edit_just_before(step: str) -> None:
        if step.endswith("intent_is_durable") and edited:
            one = edited.pop()
            one.edit("b", 1, photo=theirs)

    w = world(
        fields=(EMAIL, PHOTO), a={"Person": TABLE}, b={"people": OTHER}, b_is_table=True, steps=edit_just_before,
        conflict=ConflictRule.ASK,
    )  # fmt: skip
    w.put("a", Id=1, Email="ann@x.org", Photo=photo(10_000))
    w.run()
    w.edit("a", 1, Photo=photo(80_000))
    edited.append(w)
    w.run()
    assert w.rows("b", "photo") == [(theirs,)]
    assert len(w.app.records.conflicts(NAME)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": (PipelineStep(StepKind.NOTIFY, "tell", message="{count} done"),)},
        {"entities": (person_entity(EMAIL, PHOTO, filter=PerSide("Photo IS NULL OR Photo IS NOT NULL", "")),)},
        {"entities": (person_entity(EMAIL, replace(PHOTO, to_b="Photo")),)},
    ],
)
def test_what_looks_into_a_value_gets_the_value(tables: World, changes: dict[str, object]) -> None:
    w = tables
    w.save(**changes)
    assert w.run().outcome is Outcome.DONE
    assert {key: value for key, value in w.rows("b", "id", "photo")} == VALUES
    w.assert_quiet()
    assert not (w.app.home / FILE_NAME).exists()


def test_the_contents_are_kept_once_by_their_owner_alone_until_nobody_uses_them(tables: World) -> None:
    w = tables
    w.run()
    w.run()
    file = w.app.home / FILE_NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    long = {
        value for value in VALUES.values() if value is not None and (len(value) > LONG_BYTES or value[:5] == PREFIX[:5])
    }
    with closing(sqlite3.connect(file)) as connection:
        kept = {content for (content,) in connection.execute("SELECT content FROM value")}
    assert kept == long
    now = w.app.clock.now()
    size = file.stat().st_size
    assert w.app.ledger.purge_values(now - timedelta(days=1)) == 0
    assert w.app.ledger.purge_values(now + timedelta(days=3)) == len(long)
    assert size - file.stat().st_size > sum(map(len, long)) // 2
    w.assert_quiet()


def test_a_value_whose_content_is_gone_is_not_written_and_a_sentence_says_so(tables: World) -> None:
    w = tables
    w.run()
    w.edit("a", 1, Photo=photo(9000))
    changed = w.run()
    w.app.ledger.purge_values(w.app.clock.now() + timedelta(days=3))
    before = w.fingerprints()
    with pytest.raises(EndpointError, match="not kept any more"):
        w.app.undo.undo(changed.run_id or 0)
    assert w.fingerprints() == before


def test_long_texts_that_have_no_room_end_the_run_with_a_sentence(
    world: WorldMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbench, "MEMORY_LIMIT", "16MB")
    w = world()
    for key in range(1, 21):
        w.put("a", Id=key, Email=f"p{key}@x.org", City="long text " * 200_000)
    before = w.fingerprints()
    with pytest.raises(MemoryShortError) as caught:
        w.run()
    assert sentence(caught.value).startswith("CRM, Person: the records are too long to be worked on together")
    assert w.fingerprints() == before


def test_a_token_says_how_long_its_value_is() -> None:
    token = token_of(b"x" * 1234)
    assert len(token) == TOKEN_BYTES
    assert length_of(token) == 1234
    assert is_token_text(token.hex().upper())
    assert shown(token.hex().upper()).startswith("1,234 bytes (")
    assert shown("1234") == "1234"
    assert not is_token_text(PREFIX.hex().upper())
