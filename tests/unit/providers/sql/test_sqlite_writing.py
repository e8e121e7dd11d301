"""Writing SQLite: each record gets its own answer, and nothing is written that was not expected."""

from __future__ import annotations

import datetime
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from desktop_sync.core.errors import ConfigurationError, EndpointError, RetriableError
from desktop_sync.core.provider_port import (
    EndpointSession,
    OpenContext,
    Operation,
    ReadRequest,
    WriteBatch,
    WriteResult,
    WriteStatus,
)
from desktop_sync.core.structure import Field, FieldType, Structure, encode_record_id
from desktop_sync.engine.canonical import record_id_sql
from desktop_sync.providers.sql import sqlite_bulk, sqlite_writing
from desktop_sync.providers.sql.provider import SqlProvider

WRITTEN, CHANGED, EXISTS, REJECTED = (
    WriteStatus.WRITTEN,
    WriteStatus.CHANGED,
    WriteStatus.EXISTS,
    WriteStatus.REJECTED,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shelf.db"


@pytest.fixture
def outside(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


@pytest.fixture
def session(path: Path, outside: sqlite3.Connection) -> Iterator[EndpointSession]:
    outside.execute("PRAGMA user_version = 1")
    session = SqlProvider().open(OpenContext("Shelf", {"file": str(path), "busy_timeout_s": 0.2}))
    yield session
    session.close()


@pytest.fixture(params=[1_000, 1], ids=["one-by-one", "in-bulk"])
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Creates by `executemany`, and through ADBC."""
    monkeypatch.setattr(sqlite_writing, "BULK_FROM", request.param)


def commit(session: EndpointSession, table: str, *batches: WriteBatch, key: tuple[str, ...] = ()) -> list[WriteResult]:
    structure = session.describe(table)
    structure = Structure(structure.name, structure.fields, key or structure.key)
    with session.writer(structure) as writer:
        for batch in batches:
            writer.stage(batch)
        return writer.commit()


def texts(rows: Sequence[Sequence[str | None]]) -> pa.Table:
    return pa.table(
        [pa.array(column, pa.string()) for column in zip(*rows, strict=True)], [str(i) for i in range(len(rows[0]))]
    )


def creates(
    fields: tuple[str, ...], rows: Sequence[Sequence[str | None]], ids: Sequence[str | None] = ()
) -> WriteBatch:
    return WriteBatch(Operation.CREATE, ids or [None] * len(rows), fields, texts(rows))


def update(record_id: str, field: str, value: str | None, expected: str | None) -> WriteBatch:
    return WriteBatch(Operation.UPDATE, [record_id], (field,), texts([(value,)]), (field,), texts([(expected,)]))


TYPED_COLUMNS: dict[str, tuple[str, pa.Array, list[object]]] = {
    "i": ("INTEGER", pa.array([2**63 - 1, -(2**63), None], pa.int64()), [str(2**63 - 1), str(-(2**63)), None]),
    "n": (
        "DECIMAL(12,2)",
        pa.array([Decimal("0.99"), Decimal("-9999999999.99"), None], pa.decimal128(12, 2)),
        ["0.99", "-9999999999.99", None],
    ),
    "r": ("REAL", pa.array([0.1, 5e-324, None], pa.float64()), ["0.1", "5e-324", None]),
    "o": ("BOOLEAN", pa.array([True, False, None], pa.bool_()), ["true", "false", None]),
    "d": (
        "DATE",
        pa.array([datetime.date(1, 1, 1), datetime.date(9999, 12, 31), None], pa.date32()),
        ["0001-01-01", "9999-12-31", None],
    ),
    "z": (
        "TIME",
        pa.array([datetime.time(0, 0), datetime.time(23, 59, 59, 1), None], pa.time64("us")),
        ["00:00:00", "23:59:59.000001", None],
    ),
    "ts": (
        "TIMESTAMP",
        pa.array(
            [datetime.datetime(2024, 2, 29, 1, 2, 3), datetime.datetime(1, 1, 1, 0, 0, 0, 5), None], pa.timestamp("us")
        ),
        ["2024-02-29 01:02:03", "0001-01-01 00:00:00.000005", None],
    ),
    "b": ("BLOB", pa.array([b"\x00\xff", b"", None], pa.binary()), [b"\x00\xff", b"", None]),
    "t": ("TEXT", pa.array(["a\0b", "", None], pa.string()), ["a\0b", "", None]),
    "lt": ("TEXT", pa.array(["x", "y", None], pa.large_string()), ["x", "y", None]),
}


@pytest.mark.usefixtures("both_ways")
@pytest.mark.scenario("E3")
def test_every_type_is_stored_as_sent_and_reads_back_equal(
    session: EndpointSession, outside: sqlite3.Connection
) -> None:
    outside.execute(
        f"CREATE TABLE typed (id INTEGER PRIMARY KEY, {', '.join(f'{n} {c[0]}' for n, c in TYPED_COLUMNS.items())})"
    )
    names = tuple(TYPED_COLUMNS)
    values = pa.table([column[1] for column in TYPED_COLUMNS.values()], names)
    (result,) = commit(session, "typed", WriteBatch(Operation.CREATE, [None] * 3, names, values))
    assert list(result.statuses) == [WRITTEN] * 3
    assert list(result.ids) == ["1", "2", "3"]
    assert list(result.stored_as_sent) == [True] * 3
    table = session.read(ReadRequest(session.describe("typed"), names)).read_all()
    for name in names:
        assert table.column(name).to_pylist() == TYPED_COLUMNS[name][2], name
    (again,) = commit(
        session, "typed", WriteBatch(Operation.UPDATE, ["1", "2", "3"], names, values.slice(0, 3), names, table)
    )
    assert list(again.statuses) == [WRITTEN] * 3
    assert outside.execute("SELECT DISTINCT typeof(n), typeof(o), typeof(ts) FROM typed ORDER BY 1").fetchall() == [
        ("null", "null", "null"),
        ("real", "integer", "text"),
    ]


@pytest.mark.usefixtures("both_ways")
def test_what_the_database_cannot_hold_exactly_is_said(session: EndpointSession, outside: sqlite3.Connection) -> None:
    outside.execute("CREATE TABLE money (id INTEGER PRIMARY KEY, n DECIMAL(30,10), r REAL)")
    sent = [Decimal("12345678901234567890.0123456789"), Decimal("0.1000000000"), None]
    values = pa.table([pa.array(sent, pa.decimal128(30, 10)), pa.array([1.0, float("nan"), float("inf")])], ["n", "r"])
    (result,) = commit(session, "money", WriteBatch(Operation.CREATE, [None] * 3, ("n", "r"), values))
    assert list(result.stored_as_sent) == [False, False, True]


@pytest.mark.usefixtures("both_ways")
@pytest.mark.scenario("E3")
def test_a_whole_decimal_keeps_all_digits_of_a_64_bit_number(
    session: EndpointSession, outside: sqlite3.Connection
) -> None:
    outside.execute("CREATE TABLE money (id INTEGER PRIMARY KEY, n DECIMAL(38,0))")
    numbers = [2**53 + 1, 2**63 - 1, -(2**63)]
    values = pa.table({"n": pa.array([Decimal(number) for number in numbers], pa.decimal128(38, 9))})
    commit(session, "money", WriteBatch(Operation.CREATE, [None] * 3, ("n",), values))
    assert [row[0] for row in outside.execute("SELECT n FROM money ORDER BY id")] == numbers


@pytest.mark.usefixtures("both_ways")
def test_a_record_is_not_created_without_a_value_for_its_key(
    session: EndpointSession, outside: sqlite3.Connection
) -> None:
    """SQLite takes any number of nulls in a key that is no number; such records could never be told apart."""
    outside.execute("CREATE TABLE people (code TEXT PRIMARY KEY, name TEXT)")
    (without,) = commit(session, "people", creates(("name",), [("a",), ("b",)]))
    (some,) = commit(session, "people", creates(("code", "name"), [("1", "c"), (None, "d")]))
    assert [list(result.statuses) for result in (without, some)] == [[REJECTED, REJECTED], [WRITTEN, REJECTED]]
    assert "the field code needs a value" in without.messages[0]
    assert outside.execute("SELECT code, name FROM people").fetchall() == [("1", "c")]


@pytest.mark.usefixtures("both_ways")
@pytest.mark.scenario("E8")
def test_each_refusal_is_a_sentence_and_the_others_go_through(
    session: EndpointSession, outside: sqlite3.Connection
) -> None:
    outside.execute(
        """CREATE TABLE people (id INTEGER PRIMARY KEY, Email TEXT UNIQUE, name VARCHAR(5) NOT NULL,
        age INTEGER CONSTRAINT grown CHECK (age > 17), boss INTEGER REFERENCES people (id))"""
    )
    outside.execute("INSERT INTO people VALUES (1, 'taken@x', 'one', 18, NULL)")
    rows: list[tuple[str | None, ...]] = [(f"{number}@x", "ok", "20", "1") for number in range(100)]
    rows[3] = ("taken@x", "ok", "20", None)
    rows[50] = ("a@x", None, "20", None)
    rows[51] = ("b@x", "ok", "17", None)
    rows[70] = ("c@x", "ok", "20", "999")
    rows[99] = ("d@x", "äöüäöü", "20", None)
    (result,) = commit(session, "people", creates(("Email", "name", "age", "boss"), rows))
    bad = {row: result.messages[row] for row, status in enumerate(result.statuses) if status != WRITTEN}
    assert {row: result.statuses[row] for row in bad} == dict.fromkeys((3, 50, 51, 70, 99), REJECTED)
    assert "the value of Email is already used by another record" in bad[3]
    assert "the field name needs a value" in bad[50]
    assert "breaks the rule grown" in bad[51]
    assert "refers to another record that is not there" in bad[70]
    assert "name" in bad[99]
    assert re.search(r"6 characters.*5", bad[99])
    assert outside.execute("SELECT count(*) FROM people").fetchone() == (96,)


@pytest.mark.usefixtures("both_ways")
def test_a_constraint_that_is_checked_at_commit_refuses_only_its_record(
    session: EndpointSession, outside: sqlite3.Connection
) -> None:
    outside.execute(
        """CREATE TABLE parts (id INTEGER PRIMARY KEY,
        whole INTEGER REFERENCES parts (id) DEFERRABLE INITIALLY DEFERRED)"""
    )
    rows = [("1",), ("1",), ("77",), ("2",)]
    first, second = commit(
        session, "parts", creates(("whole",), rows, ["1", "2", "3", "4"]), creates(("whole",), [("1",)], ["5"])
    )
    assert list(first.statuses) == [WRITTEN, WRITTEN, REJECTED, WRITTEN]
    assert list(second.statuses) == [WRITTEN]
    assert outside.execute("SELECT id FROM parts").fetchall() == [(1,), (2,), (4,), (5,)]


def test_deleting_a_record_that_others_refer_to_is_refused(
    session: EndpointSession, outside: sqlite3.Connection
) -> None:
    outside.execute("CREATE TABLE owners (id INTEGER PRIMARY KEY)")
    outside.execute("CREATE TABLE pets (id INTEGER PRIMARY KEY, owner INTEGER REFERENCES owners (id))")
    outside.execute("INSERT INTO owners VALUES (1), (2)")
    outside.execute("INSERT INTO pets VALUES (1, 1)")
    batch = WriteBatch(Operation.DELETE, ["1", "2"], expected_fields=("id",), expected=texts([("1",), ("2",)]))
    (result,) = commit(session, "owners", batch)
    assert list(result.statuses) == [REJECTED, WRITTEN]
    assert "others still refer to it" in result.messages[0]
    assert outside.execute("SELECT id FROM owners").fetchall() == [(1,)]


@pytest.mark.usefixtures("both_ways")
def test_conflict_clauses_of_the_table_never_replace_or_skip(
    session: EndpointSession, outside: sqlite3.Connection
) -> None:
    outside.execute(
        """CREATE TABLE sly (id INTEGER PRIMARY KEY ON CONFLICT REPLACE, a TEXT UNIQUE ON CONFLICT IGNORE,
        b TEXT UNIQUE ON CONFLICT ROLLBACK)"""
    )
    outside.execute("INSERT INTO sly VALUES (1, 'a', 'b')")
    rows = [("x", "y"), ("a", "z"), ("w", "b"), ("v", "u")]
    (result,) = commit(session, "sly", creates(("a", "b"), rows, ["1", "2", "3", "4"]))
    assert list(result.statuses) == [EXISTS, REJECTED, REJECTED, WRITTEN]
    assert outside.execute("SELECT * FROM sly").fetchall() == [(1, "a", "b"), (4, "v", "u")]


@pytest.mark.usefixtures("both_ways")
def test_what_a_trigger_changes_is_not_called_stored_as_sent(
    session: EndpointSession, outside: sqlite3.Connection
) -> None:
    outside.execute("CREATE TABLE loud (id INTEGER PRIMARY KEY, word TEXT)")
    outside.execute(
        """CREATE TRIGGER shout AFTER INSERT ON loud BEGIN
        UPDATE loud SET word = upper(word) WHERE id = NEW.id; END"""
    )
    (result,) = commit(session, "loud", creates(("word",), [("low",), ("HIGH",)]))
    assert list(result.statuses) == [WRITTEN, WRITTEN]
    assert list(result.stored_as_sent) == [False, True]


@pytest.mark.usefixtures("both_ways")
def test_a_trigger_that_swallows_a_record_is_no_success(session: EndpointSession, outside: sqlite3.Connection) -> None:
    outside.execute("CREATE TABLE picky (id INTEGER PRIMARY KEY, word TEXT)")
    outside.execute("CREATE TRIGGER pick BEFORE INSERT ON picky WHEN NEW.word = 'no' BEGIN SELECT RAISE(IGNORE); END")
    (result,) = commit(session, "picky", creates(("word",), [("yes",), ("no",), ("yes",)]))
    assert list(result.statuses) == [WRITTEN, REJECTED, WRITTEN]
    assert outside.execute("SELECT count(*) FROM picky").fetchone() == (2,)


@pytest.mark.usefixtures("both_ways")
def test_ids_are_never_given_again(session: EndpointSession, outside: sqlite3.Connection) -> None:
    outside.execute("CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT)")
    outside.execute("INSERT INTO counted VALUES (7, 'x'), (9, 'y')")
    outside.execute("DELETE FROM counted WHERE id = 9")
    table = session.describe("counted")
    assert session.reserve_ids(table, 2) == ["10", "11"]
    (result,) = commit(session, "counted", creates(("v",), [("a",), ("b",)]))
    assert list(result.ids) == ["12", "13"]
    assert session.reserve_ids(table, 1) == ["14"]
    outside.execute("INSERT INTO counted VALUES (14, 'somebody else')")
    (result,) = commit(session, "counted", creates(("v",), [("late",)], ["14"]))
    assert list(result.statuses) == [EXISTS]
    outside.execute(f"INSERT INTO counted VALUES ({2**63 - 1}, 'last')")
    with pytest.raises(EndpointError, match="no free record numbers"):
        session.reserve_ids(table, 1)


def test_keys_of_uuids_are_reserved_in_their_style(session: EndpointSession, outside: sqlite3.Connection) -> None:
    outside.execute("CREATE TABLE things (guid TEXT PRIMARY KEY)")
    outside.execute("CREATE TABLE shouting (id TEXT PRIMARY KEY)")
    outside.execute("INSERT INTO shouting VALUES ('6F9619FF8B86D011B42D00C04FC964FF')")
    outside.execute("CREATE TABLE codes (id TEXT PRIMARY KEY)")
    outside.execute("INSERT INTO codes VALUES ('A-1')")
    (new,) = session.reserve_ids(session.describe("things"), 1) or [""]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", new)
    (loud,) = session.reserve_ids(session.describe("shouting"), 1) or [""]
    assert re.fullmatch(r"[0-9A-F]{32}", loud)
    assert session.reserve_ids(session.describe("codes"), 1) is None


@pytest.mark.usefixtures("both_ways")
def test_key_fields_are_filled_from_the_reserved_id(session: EndpointSession, outside: sqlite3.Connection) -> None:
    outside.execute("CREATE TABLE lines (o INTEGER, p TEXT, v TEXT, PRIMARY KEY (o, p))")
    (result,) = commit(session, "lines", creates(("v",), [("x",), ("y",)], ["1,a\\,b", "only one part"]))
    assert list(result.statuses) == [WRITTEN, REJECTED]
    assert outside.execute("SELECT * FROM lines").fetchall() == [(1, "a,b", "x")]


@pytest.mark.usefixtures("both_ways")
def test_a_key_that_the_database_makes_is_told(session: EndpointSession, outside: sqlite3.Connection) -> None:
    outside.execute("CREATE TABLE made (id TEXT PRIMARY KEY DEFAULT (lower(hex(randomblob(4)))), v TEXT)")
    (result,) = commit(session, "made", creates(("v",), [("a",), ("b",)]))
    assert list(result.statuses) == [WRITTEN, WRITTEN]
    assert [(record_id,) for record_id in result.ids] == outside.execute("SELECT id FROM made ORDER BY v").fetchall()


@pytest.mark.usefixtures("both_ways")
def test_ids_are_in_the_form_that_reading_gives(session: EndpointSession, outside: sqlite3.Connection) -> None:
    outside.execute("CREATE TABLE numbered (id INTEGER PRIMARY KEY, v TEXT)")
    (result,) = commit(session, "numbered", creates(("id", "v"), [("007", "x")]))
    assert list(result.ids) == ["7"]
    (missed,) = commit(session, "numbered", update("007", "v", "y", "x"))
    assert list(missed.statuses) == [CHANGED]


def test_a_changed_key_is_the_new_id(session: EndpointSession, outside: sqlite3.Connection) -> None:
    outside.execute("CREATE TABLE named (id TEXT PRIMARY KEY, v TEXT)")
    outside.execute("INSERT INTO named VALUES ('a', 'x'), ('b', 'y')")
    (moved,) = commit(session, "named", update("a", "id", "c", "a"))
    (taken,) = commit(session, "named", update("c", "id", "b", "c"))
    assert (list(moved.statuses), list(moved.ids)) == ([WRITTEN], ["c"])
    assert (list(taken.statuses), list(taken.ids)) == ([REJECTED], ["c"])


KEYS: dict[str, tuple[str, pa.Array, list[str]]] = {
    "binary": (
        "id BLOB PRIMARY KEY",
        pa.array([b"\x01\x02", b"\xff'\\,", b"abc"], pa.binary()),
        ["\\x01\\x02", "\\xFF\\x27\\x5C,", "abc"],
    ),
    "binary as text": ("id BLOB PRIMARY KEY", pa.array(["a", "é", "\x01"]), ["a", "\\xC3\\xA9", "\\x01"]),
    "boolean": ("id BOOLEAN PRIMARY KEY", pa.array([True, False], pa.bool_()), ["true", "false"]),
    "boolean words": ("id BOOLEAN TEXT PRIMARY KEY", pa.array([True, False], pa.bool_()), ["true", "false"]),
    "untyped": ("id PRIMARY KEY", pa.array(["1", "x"]), ["1", "x"]),
    "real": ("id REAL PRIMARY KEY", pa.array([1.5, 1e300]), ["1.5", "1e+300"]),
    "date": ("id DATE PRIMARY KEY", pa.array([datetime.date(2024, 2, 29)], pa.date32()), ["2024-02-29"]),
}


def encoded(session: EndpointSession, ids: list[str] | None = None) -> dict[str, str]:
    """What is in `v`, by the record's id as the engine names it; just of these ids."""
    described = session.describe("t")
    request = ReadRequest(described, (*described.key, "v"), ids=ids)
    read = pa.RecordBatchReader.from_stream(session.read(request)).read_all()
    columns = ", ".join(f'"{name}"' for name in read.column_names)
    with duckdb.connect() as bench:
        bench.register("read", read)
        sql = f"SELECT {record_id_sql(described.key)}, v FROM (SELECT {columns} FROM read)"
        return dict(bench.execute(sql).fetchall())


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("others", [(), ("z TEXT",)], ids=["alone", "composite"])
@pytest.mark.parametrize("kind", KEYS)
def test_a_record_is_found_updated_and_deleted_by_its_id_whatever_its_key_holds(
    session: EndpointSession, outside: sqlite3.Connection, kind: str, others: tuple[str, ...]
) -> None:
    declared, keys, ids = KEYS[kind]
    if others:
        name = declared.replace(" PRIMARY KEY", "")
        outside.execute(f"CREATE TABLE t ({name}, z TEXT, v TEXT, PRIMARY KEY (id, z))")
        ids = [encode_record_id((one, "z")) for one in ids]
    else:
        outside.execute(f"CREATE TABLE t ({declared}, v TEXT)")
    values = pa.table([keys, pa.array(["z"] * len(keys)), pa.array(["old"] * len(keys))], ["id", "z", "v"])
    fields = ("id", "z", "v") if others else ("id", "v")
    (made,) = commit(session, "t", WriteBatch(Operation.CREATE, [None] * len(keys), fields, values.select(fields)))
    assert list(made.ids) == ids
    assert encoded(session) == encoded(session, ids) == dict.fromkeys(ids, "old")
    results = commit(session, "t", *(update(one, "v", "new", "old") for one in ids))
    assert [(list(one.statuses), list(one.ids)) for one in results] == [([WRITTEN], [one]) for one in ids]
    assert encoded(session, [*ids[1:], "no such id", "\\xZZ"]) == dict.fromkeys(ids[1:], "new")
    (gone,) = commit(session, "t", WriteBatch(Operation.DELETE, ids))
    assert list(gone.statuses) == [WRITTEN] * len(ids)
    assert encoded(session) == {}


@pytest.mark.parametrize("declared", ["id", "id TEXT", "id PRIMARY KEY", "id TEXT PRIMARY KEY", "id STRING"])
def test_a_record_is_found_by_its_id_however_its_key_is_stored(
    session: EndpointSession, outside: sqlite3.Connection, declared: str
) -> None:
    outside.execute(f"CREATE TABLE t ({declared}, v TEXT)")
    keys = ["x", b"y", 7, -(2**63), 2.5, 1e300, "007"]
    outside.executemany("INSERT INTO t VALUES (?, 'old')", [(key,) for key in keys])
    ids = ["x", "y", "7", str(-(2**63)), "2.5", "1e+300", "007"]
    if "TEXT" in declared:
        ids[5] = "1.0e+300"  # which SQLite made of it
    if "STRING" in declared:
        ids[6] = "7"
        outside.execute("DELETE FROM t WHERE rowid = 7")
        ids.pop()

    def found(*asked: str) -> list[str]:
        structure = replace(session.describe("t"), key=("id",))
        read = session.read(ReadRequest(structure, ("id",), ids=list(asked)))
        return sorted(pa.RecordBatchReader.from_stream(read).read_all()["id"].to_pylist())

    assert found(*ids, "8", "z", "1e3", "nan", "9" * 40) == sorted(ids)
    results = commit(session, "t", *(update(one, "v", "new", "old") for one in ids), key=("id",))
    assert [(list(one.statuses), list(one.ids)) for one in results] == [([WRITTEN], [one]) for one in ids]
    assert outside.execute("SELECT v FROM t").fetchall() == [("new",)] * len(ids)
    if "PRIMARY KEY" not in declared:  # else the database is asked, which keeps apart what reads alike
        (again,) = commit(session, "t", creates(("id", "v"), [(one, "twin") for one in ids]), key=("id",))
        assert list(again.statuses) == [EXISTS] * len(ids)
    (gone,) = commit(session, "t", WriteBatch(Operation.DELETE, [*ids, "8"]), key=("id",))
    assert list(gone.statuses) == [WRITTEN] * len(ids) + [CHANGED]
    assert outside.execute("SELECT * FROM t").fetchall() == []


def test_keys_that_read_alike_are_never_taken_for_one(session: EndpointSession, outside: sqlite3.Connection) -> None:
    outside.execute("CREATE TABLE t (id BLOB PRIMARY KEY, v TEXT)")
    outside.execute("INSERT INTO t VALUES (x'61', 'old'), ('a', 'old'), ('b', 'old')")
    results = commit(session, "t", update("a", "v", "new", "old"), update("b", "v", "new", "old"))
    assert [list(one.statuses) for one in results] == [[REJECTED], [WRITTEN]]
    assert outside.execute("SELECT v FROM t").fetchall() == [("old",), ("old",), ("new",)]


@pytest.mark.usefixtures("both_ways")
def test_a_key_of_the_configuration_that_is_not_unique_never_writes_two_records(
    session: EndpointSession, outside: sqlite3.Connection
) -> None:
    outside.execute("CREATE TABLE loose (code TEXT, v TEXT)")
    outside.execute("INSERT INTO loose VALUES ('a', 'x'), ('a', 'x'), ('b', 'x')")
    both = commit(session, "loose", update("a", "v", "y", "x"), update("b", "v", "y", "x"), key=("code",))
    assert [result.statuses[0] for result in both] == [REJECTED, WRITTEN]
    (result,) = commit(session, "loose", creates(("code", "v"), [("b", "z"), ("c", "z"), ("c", "z")]), key=("code",))
    assert list(result.statuses) == [EXISTS, WRITTEN, EXISTS]


def test_a_lock_of_another_program_leaves_everything_as_it_was(
    session: EndpointSession, outside: sqlite3.Connection
) -> None:
    outside.execute("CREATE TABLE words (id INTEGER PRIMARY KEY, v TEXT)")
    structure = session.describe("words")
    with session.writer(structure) as writer:
        writer.stage(creates(("v",), [("a",)]))
        outside.execute("BEGIN IMMEDIATE")  # another connection, as another program has
        with pytest.raises(RetriableError, match="locked"):
            writer.commit()
        outside.execute("ROLLBACK")
        assert writer.commit() == []
    assert outside.execute("SELECT count(*) FROM words").fetchone() == (0,)


@pytest.mark.usefixtures("both_ways")
def test_what_cannot_be_written_says_so_at_once(session: EndpointSession, outside: sqlite3.Connection) -> None:
    outside.execute("CREATE TABLE words (id INTEGER PRIMARY KEY, v TEXT, twice AS (v || v))")
    outside.execute("CREATE VIEW seen AS SELECT * FROM words")
    outside.execute("CREATE TABLE keyless (v TEXT)")
    with pytest.raises(EndpointError, match="view"):
        session.writer(session.describe("seen"))
    with pytest.raises(EndpointError, match="no key"):
        session.writer(session.describe("keyless"))
    with pytest.raises(ConfigurationError, match="computed"):
        commit(session, "words", creates(("v", "twice"), [("a", "b")]))


def test_created_tables_have_the_types_that_were_asked_for(session: EndpointSession) -> None:
    fields = tuple(
        Field(f"f {kind.value}", kind, scale=2 if kind is FieldType.DECIMAL else None, nullable=True)
        for kind in FieldType
    )
    wanted = Structure("all types", (Field("id", FieldType.INTEGER), Field("s", length=7), *fields), ("id",))
    session.create_structure(wanted)
    found = session.describe("all types")
    assert found.key == ("id",)
    assert [(field.name, field.type, field.scale) for field in found.fields[2:]] == [
        (field.name, field.type, field.scale) for field in fields
    ]
    assert found.fields[1].length == 7


def test_a_text_is_expected_exactly_where_the_column_ignores_case(
    session: EndpointSession, outside: sqlite3.Connection
) -> None:
    outside.execute("CREATE TABLE cased (id TEXT COLLATE NOCASE PRIMARY KEY, v TEXT COLLATE NOCASE)")
    outside.execute("INSERT INTO cased VALUES ('a', 'Word')")
    assert commit(session, "cased", update("a", "v", "new", "word"))[0].statuses[0] == CHANGED
    assert commit(session, "cased", update("A", "v", "new", "Word"))[0].statuses[0] == CHANGED
    assert commit(session, "cased", creates(("id",), [("A",)]))[0].statuses[0] == EXISTS
    assert commit(session, "cased", update("a", "v", "new", "Word"))[0].statuses[0] == WRITTEN


def test_many_new_records_go_in_together(
    session: EndpointSession, outside: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside.execute("CREATE TABLE t (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE)")
    went: list[bool] = []
    real = sqlite_bulk.insert_all

    def watched(*arguments: object) -> bool:
        went.append(real(*arguments))  # type: ignore[arg-type]
        return went[-1]

    monkeypatch.setattr(sqlite_writing, "insert_all", watched)
    numbers = range(1, sqlite_writing.BULK_FROM + 1)
    new = creates(("id", "name"), [(str(n), f"n{n}") for n in numbers])
    (result,) = commit(session, "t", new)
    assert set(result.statuses) == {WRITTEN}
    assert result.ids == tuple(str(n) for n in numbers)
    again = creates(("id", "name"), [(str(n + len(numbers)), f"n{n + len(numbers) - 1}") for n in numbers])
    (result,) = commit(session, "t", again)  # the first one's name is taken
    assert result.statuses == (REJECTED, *[WRITTEN] * (len(numbers) - 1))
    assert went == [True, False]
    assert outside.execute("SELECT count(*) FROM t").fetchone() == (2 * len(numbers) - 1,)


def test_a_read_that_is_not_finished_gives_way_to_a_write_in_bulk(
    session: EndpointSession, outside: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_writing, "BULK_FROM", 1)
    outside.execute("CREATE TABLE t (id TEXT PRIMARY KEY, name TEXT)")
    outside.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)"
        " INSERT INTO t SELECT i, 'old' FROM n"
    )
    structure = session.describe("t")
    reader = pa.RecordBatchReader.from_stream(session.read(ReadRequest(structure, ("id", "name"))))
    seen = reader.read_next_batch().num_rows
    (result,) = commit(session, "t", creates(("id", "name"), [("40001", "new")]))
    assert result.statuses == (WRITTEN,)
    assert seen + sum(batch.num_rows for batch in reader) == 40_000  # as they were when the read began
