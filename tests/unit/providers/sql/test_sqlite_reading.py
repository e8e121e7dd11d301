"""Reading SQLite: any value in any column comes through as it is, or the read is refused."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from desktop_sync.core.errors import (
    ConfigurationError,
    DamagedError,
    MissingError,
    RetriableError,
    SchemaDriftError,
)
from desktop_sync.core.provider_port import EndpointSession, OpenContext, ReadRequest
from desktop_sync.core.structure import FieldType
from desktop_sync.providers.sql import sqlite_reading
from desktop_sync.providers.sql.provider import SqlProvider
from desktop_sync.providers.sql.sqlite_stamps import stamp_condition

TYPED = """CREATE TABLE typed (
    id INTEGER PRIMARY KEY, i INTEGER, n DECIMAL(10,2), r REAL, t TEXT, b BLOB, o BOOLEAN, d DATE, ts TIMESTAMP, u)"""
FIELDS = ("i", "n", "r", "t", "b", "o", "d", "ts", "u")


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


def read(session: EndpointSession, table: str, fields: tuple[str, ...], **limits: object) -> list[dict[str, object]]:
    request = ReadRequest(session.describe(table), fields, **limits)
    return pa.RecordBatchReader.from_stream(session.read(request)).read_all().to_pylist()


def both_ways(session: EndpointSession, table: str, fields: tuple[str, ...]) -> list[dict[str, object]]:
    """The records, read through ADBC and through sqlite3, which must agree."""
    whole = read(session, table, fields)
    assert read(session, table, fields, limit=10**9) == whole
    return whole


HOSTILE = {
    "nulls": (None,) * 9,
    "declared": (1, 0.99, 0.1, "text", b"\x00\xff", 1, "2024-02-29", "2024-02-29 12:00:00", 5),
    "text everywhere": ("x", "x", "x", "x", "x", "x", "x", "x", "x"),
    "integers everywhere": (2, 2, 2, 2, 2, 2, 2, 2, 2),
    "huge integers": (2**63 - 1, -(2**63), 2**53 + 1, 2**63 - 1, 2**63 - 1, 2**63 - 1, 2**62, 2**61, 2**60),
    "reals everywhere": (1.5, 1.5e-7, 5e-324, 1.5, 1.5, 0.25, 2459000.5, 1700000000.25, 0.1),
    "large reals": (1e300, 1e22, 1.7976931348623157e308, "1e300", 1.0, 1e20, 1e20, 1e20, 1e20),
    "infinite": (float("inf"), float("-inf"), float("inf"), "inf", float("inf"), 1, "infinity", "x", float("-inf")),
    "NUL inside": ("a\0b", "a\0b", "a\0b", "a\0b", "a\0b", "a\0b", "a\0b", "a\0b", "a\0b"),
    "blobs": (b"\xff", b"\xfe", b"\xfd", "ä".encode(), b"\xff", b"\xfc", b"\xfb", b"\xfa", "ö".encode()),
    "a mebibyte": ("ä" * 2**19, None, None, "y" * 2**20, b"z" * 2**20, None, None, None, "ü" * 2**19),
}
READ = {
    "nulls": (None,) * 9,
    "declared": ("1", "0.99", "0.1", "text", b"\x00\xff", "true", "2024-02-29", "2024-02-29 12:00:00", "5"),
    "text everywhere": ("x", "x", "x", "x", b"x", "x", "x", "x", "x"),
    "integers everywhere": ("2", "2", "2", "2", b"2", "2", "2", "2", "2"),
    "huge integers": (
        "9223372036854775807",
        "-9223372036854775808",
        "9.007199254740992e+15",
        "9223372036854775807",
        b"9223372036854775807",
        "9223372036854775807",
        "4611686018427387904",
        "2305843009213693952",
        "1152921504606846976",
    ),
    "reals everywhere": (
        "1.5",
        "0.00000015",
        "5e-324",
        "1.5",
        b"1.5",
        "0.25",
        "2459000.5",
        "1700000000.25",
        "0.1",
    ),
    "NUL inside": ("a\0b", "a\0b", "a\0b", "a\0b", b"a\0b", "a\0b", "a\0b", "a\0b", "a\0b"),
    "blobs": ("x'FF'", "x'FE'", "x'FD'", "ä", b"\xff", "x'FC'", "x'FB'", "x'FA'", "ö"),
    "a mebibyte": HOSTILE["a mebibyte"],
}


def test_what_was_computed_in_a_column_of_decimals_comes_without_its_rounding_error(
    session: EndpointSession, outside: sqlite3.Connection
) -> None:
    outside.execute("CREATE TABLE sums (p INTEGER PRIMARY KEY, n DECIMAL(10,2), u NUMERIC, w DECIMAL(30,12))")
    computed = [0.1 + 0.2, -16384.129999999997, 1 / 3, 1e-12, 123456789.30000001, None]
    outside.executemany("INSERT INTO sums (n, u, w) VALUES (?1,?1,?1)", [(value,) for value in computed])
    found = both_ways(session, "sums", ("n", "u", "w"))
    exact = ("0.30000000000000004", "-16384.129999999997", "0.3333333333333333", "0.000000000001")
    plain = ("0.3", "-16384.13", "123456789.30000001", None)
    assert [row["n"] for row in found] == [*plain[:2], "0.333333333", "0", *plain[2:]]
    assert [row["u"] for row in found] == [*plain[:2], *exact[2:], *plain[2:]]
    assert [row["w"] for row in found] == ["0.3", exact[1], "0.333333333333", exact[3], *plain[2:]]


def test_doubles_of_a_key_of_decimals_are_told_apart(session: EndpointSession, outside: sqlite3.Connection) -> None:
    outside.execute("CREATE TABLE prices (k DECIMAL(10,2) PRIMARY KEY)")
    outside.executemany("INSERT INTO prices VALUES (?)", [(0.3,), (0.1 + 0.2,)])
    assert [row["k"] for row in both_ways(session, "prices", ("k",))] == ["0.3", "0.30000000000000004"]


@pytest.mark.scenario("E4")
@pytest.mark.parametrize("order", ["as given", "reversed"])
def test_any_value_in_any_column_comes_as_it_is(
    session: EndpointSession, outside: sqlite3.Connection, order: str
) -> None:
    outside.execute(TYPED)
    names = list(HOSTILE) if order == "as given" else list(reversed(HOSTILE))
    outside.executemany("INSERT INTO typed VALUES (NULL,?,?,?,?,?,?,?,?,?)", [HOSTILE[name] for name in names])
    found = dict(zip(names, both_ways(session, "typed", FIELDS), strict=True))
    for name, expected in READ.items():
        for field, value in zip(FIELDS, expected, strict=True):
            if (name, field) == ("huge integers", "r"):
                assert float(str(found[name][field])) == float(2**53 + 1)
            else:
                assert found[name][field] == value, (name, field)
    assert found["infinite"]["r"] == "inf"
    assert float(str(found["large reals"]["r"])) == 1.7976931348623157e308
    assert found["large reals"]["n"] == "1" + "0" * 22


def test_nulls_for_many_batches_do_not_fix_a_type(session: EndpointSession, outside: sqlite3.Connection) -> None:
    outside.execute("CREATE TABLE late (id INTEGER PRIMARY KEY, r REAL, n NUMERIC, i INTEGER, b BLOB)")
    rows = [(None, None, None, None)] * (3 * sqlite_reading.ROWS_PER_BATCH)
    outside.execute("BEGIN")
    outside.executemany("INSERT INTO late VALUES (NULL,?,?,?,?)", rows)
    outside.execute("INSERT INTO late VALUES (NULL, 'text', 'text', 'text', 'text')")
    outside.execute("INSERT INTO late VALUES (NULL, 0.1, 0.2, 3, x'00')")
    outside.execute("COMMIT")
    records = read(session, "late", ("r", "n", "i", "b"))
    assert len(records) == len(rows) + 2
    assert records[-2:] == [
        {"r": "text", "n": "text", "i": "text", "b": b"text"},
        {"r": "0.1", "n": "0.2", "i": "3", "b": b"\x00"},
    ]


@pytest.mark.scenario("E3")
def test_doubles_survive_exactly_and_shortly(session: EndpointSession, outside: sqlite3.Connection) -> None:
    chance = random.Random(7)
    values = [chance.uniform(-1, 1) * 10.0 ** chance.randint(-300, 300) for _ in range(5000)]
    cents = [chance.randint(-(10**12), 10**12) / 100 for _ in range(5000)]
    outside.execute("CREATE TABLE numbers (id INTEGER PRIMARY KEY, r REAL, n NUMERIC)")
    outside.execute("BEGIN")
    outside.executemany("INSERT INTO numbers VALUES (NULL, ?, ?)", zip(values, cents, strict=True))
    outside.execute("COMMIT")
    records = both_ways(session, "numbers", ("r", "n"))
    assert [float(str(record["r"])) for record in records] == values
    expected = [str(int(cent)) if cent == int(cent) else repr(cent) for cent in cents]
    assert [record["n"] for record in records] == expected


@pytest.mark.scenario("E4")
@pytest.mark.parametrize("limit", [None, 10])
def test_text_that_is_no_unicode_is_refused_with_its_place(
    session: EndpointSession, outside: sqlite3.Connection, limit: int | None
) -> None:
    outside.execute("CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT)")
    outside.execute("INSERT INTO words VALUES (1, 'good'), (2, CAST(x'41FF' AS TEXT))")
    with pytest.raises(DamagedError) as caught:
        session.read(ReadRequest(session.describe("words"), ("id", "word"), limit=limit)).read_all()
    place = caught.value.place
    assert (place.endpoint, place.structure, place.record, place.field) == ("Shelf", "words", "2", "word")


def test_a_failed_stream_keeps_its_error_for_those_who_read_it_as_arrow(
    session: EndpointSession, outside: sqlite3.Connection
) -> None:
    outside.execute("CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT)")
    rows = ((number, "x") for number in range(40_000))
    outside.execute("BEGIN")
    outside.executemany("INSERT INTO words VALUES (?, ?)", rows)
    outside.execute("INSERT INTO words VALUES (50000, CAST(x'FF' AS TEXT))")
    outside.execute("COMMIT")
    stream = session.read(ReadRequest(session.describe("words"), ("word",)))
    with pytest.raises(pa.ArrowInvalid):
        pa.RecordBatchReader.from_stream(stream).read_all()
    assert isinstance(stream.error, DamagedError)


def test_declared_types_become_field_types(session: EndpointSession, outside: sqlite3.Connection) -> None:
    declared = {
        "INTEGER": (FieldType.INTEGER, None, None),
        "BIGINT": (FieldType.INTEGER, None, None),
        "NUMERIC(10,2)": (FieldType.DECIMAL, None, 2),
        "DECIMAL(9)": (FieldType.DECIMAL, None, 0),
        "NUMERIC": (FieldType.DECIMAL, None, None),
        "REAL": (FieldType.FLOAT, None, None),
        "DOUBLE PRECISION": (FieldType.FLOAT, None, None),
        "BOOLEAN": (FieldType.BOOLEAN, None, None),
        "DATE": (FieldType.DATE, None, None),
        "TIME": (FieldType.TIME, None, None),
        "DATETIME": (FieldType.TIMESTAMP, None, None),
        "TIMESTAMP": (FieldType.TIMESTAMP, None, None),
        "BLOB": (FieldType.BINARY, None, None),
        "NVARCHAR(160)": (FieldType.TEXT, 160, None),
        "CHARACTER VARYING(7)": (FieldType.TEXT, 7, None),
        "TEXT": (FieldType.TEXT, None, None),
        "": (FieldType.TEXT, None, None),
    }
    columns = ", ".join(f"c{number} {name}" for number, name in enumerate(declared))
    outside.execute(f"CREATE TABLE declared ({columns})")
    fields = session.describe("declared").fields
    assert [(field.type, field.length, field.scale) for field in fields] == list(declared.values())
    assert [field.is_typed for field in fields] == [bool(name) for name in declared]


def test_keys_and_rules_of_a_table_are_described(session: EndpointSession, outside: sqlite3.Connection) -> None:
    outside.execute(
        """CREATE TABLE ruled (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, state TEXT NOT NULL DEFAULT 'new',
        total AS (id * 2), note TEXT)"""
    )
    outside.execute("CREATE TABLE pairs (b TEXT, a TEXT, v TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID")
    outside.execute("CREATE TABLE loose (a TEXT)")
    outside.execute("CREATE VIEW seen AS SELECT * FROM ruled")
    ruled = session.describe("ruled")
    assert ruled.key == ("id",)
    assert {field.name for field in ruled.fields if field.is_generated} == {"id", "state", "total"}
    assert {field.name for field in ruled.fields if field.is_required} == {"email"}
    assert {field.name for field in ruled.fields if field.is_unique} == {"id", "email"}
    assert {field.name for field in ruled.fields if field.nullable} == {"total", "note"}
    assert session.describe("pairs").key == ("a", "b")
    assert session.describe("loose").key == ()
    assert not session.describe("seen").can_write
    assert read(session, "seen", ("email",)) == []


def test_stamps_limit_a_read_with_both_ends_included(session: EndpointSession, outside: sqlite3.Connection) -> None:
    outside.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, stamp TIMESTAMP, number INTEGER)")
    outside.executemany("INSERT INTO events VALUES (?, ?, ?)", [(n, f"2024-01-0{n} 00:00:00", n) for n in range(1, 6)])
    outside.execute("INSERT INTO events VALUES (6, NULL, NULL)")

    def ids(field: str, since: str | None, until: str | None) -> list[object]:
        found = read(session, "events", ("id",), modified_field=field, since=since, until=until)
        return [record["id"] for record in found]

    assert ids("stamp", "2024-01-02 00:00:00", "2024-01-04 00:00:00") == ["2", "3", "4"]
    assert ids("stamp", "2024-01-05 00:00:00", None) == ["5"]
    assert ids("stamp", None, "2024-01-01 00:00:00") == ["1"]
    assert ids("number", "3", "4") == ["3", "4"]
    with pytest.raises(SchemaDriftError):
        ids("vanished", "3", None)


def test_stamps_of_several_forms_in_one_column_limit_a_read_by_the_time_that_they_say(
    session: EndpointSession, outside: sqlite3.Connection
) -> None:
    outside.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, stamp TIMESTAMP)")
    stamps = (
        "2024-01-02T09:00:00",  # 1
        "2024-01-02 10:00:00",  # 2
        "2024-01-02T10:00:00.500Z",  # 3
        "2024-01-02T13:00:00+02:00",  # 4: at 11
        "2024-01-01T23:30:00-12:00",  # 5: at 11:30
        "2024-01-03 01:00:00+14:00",  # 6: at 11 of the day before
        "2024-01-02T12:00:00",  # 7
        "2024-01-02T12:00:01",  # 8
        "2024-01-02 at noon",  # 9: nobody knows
    )
    outside.executemany("INSERT INTO events VALUES (?, ?)", list(enumerate(stamps, start=1)))

    def ids(since: str | None, until: str | None) -> list[int]:
        found = read(session, "events", ("id",), modified_field="stamp", since=since, until=until)
        return sorted(int(str(record["id"])) for record in found)

    assert ids("2024-01-02 10:00:00", "2024-01-02 12:00:00") == [2, 3, 4, 5, 6, 7, 9]
    assert ids("2024-01-02T12:00:00+02:00", "2024-01-02T12:00:00Z") == [2, 3, 4, 5, 6, 7, 9]
    assert ids("2024-01-02T12:00:00.500", None) == [8, 9]
    assert ids(None, "2024-01-02") == [9]
    assert ids("0001-01-01", "2024-01-02T09:30:00") == [1, 9]  # there is no day before the first one


def test_a_read_by_stamp_uses_the_index(session: EndpointSession, outside: sqlite3.Connection) -> None:
    outside.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, stamp TIMESTAMP)")
    outside.execute("CREATE INDEX stamps ON events (stamp)")
    statements: list[str] = []
    request = ReadRequest(session.describe("events"), ("id",), modified_field="stamp", since="2024-02-01 10:00:00")
    original = sqlite3.connect

    def tracing(*arguments: object, **options: object) -> sqlite3.Connection:
        connection = original(*arguments, **options)
        connection.set_trace_callback(statements.append)
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", tracing)
        session.read(request)
    [sql] = [statement for statement in statements if "WHERE" in statement and '"stamp"' in statement]
    assert "t.\"stamp\" >= '2024-01-31'" in sql
    assert "stamps (stamp>?)" in str(outside.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall())


def test_a_read_by_stamp_takes_records_without_one_where_it_is_told_to_and_uses_the_index_for_them(
    session: EndpointSession, outside: sqlite3.Connection
) -> None:
    outside.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, stamp TIMESTAMP)")
    outside.execute("CREATE INDEX stamps ON events (stamp)")
    outside.executemany("INSERT INTO events VALUES (?, ?)", [(1, "2023"), (2, "2024"), (3, None)])
    outside.commit()
    request = ReadRequest(
        session.describe("events"), (), modified_field="stamp", since="2024-02-01", with_unstamped=True
    )
    where, values = stamp_condition(request, 't."stamp"')
    plan = outside.execute(f'EXPLAIN QUERY PLAN SELECT 1 FROM "events" t{where}', values).fetchall()
    assert "stamps" in str(plan)
    assert "SCAN" not in str(plan)

    def ids(*, with_unstamped: bool) -> list[object]:
        found = read(session, "events", ("id",), modified_field="stamp", since="2024", with_unstamped=with_unstamped)
        return [record["id"] for record in found]

    assert ids(with_unstamped=False) == ["2"]
    assert sorted(map(str, ids(with_unstamped=True))) == ["2", "3"]


def test_a_long_read_by_stamp_is_whole(
    session: EndpointSession, outside: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_reading, "SMALL_READ", 10)
    outside.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, stamp TEXT)")
    outside.executemany("INSERT INTO events VALUES (?, ?)", [(n, f"{n:03}") for n in range(100)])
    for since, count in (("090", 10), ("089", 11), ("000", 100), ("100", 0)):
        assert len(read(session, "events", ("id",), modified_field="stamp", since=since)) == count


def test_a_small_read_does_not_import_adbc(path: Path, outside: sqlite3.Connection) -> None:
    outside.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, stamp TEXT)")
    program = """
import sys
from desktop_sync.core.provider_port import OpenContext, ReadRequest
from desktop_sync.providers.registry import Registry
session = Registry().get("sql").open(OpenContext("Shelf", {"file": sys.argv[1]}))
table = session.describe("events")
assert "pyarrow" not in sys.modules
session.read(ReadRequest(table, ("id",), modified_field="stamp", since="2024")).read_all()
session.read(ReadRequest(table, ("id",), ids=["1"])).read_all()
assert not [name for name in sys.modules if name.startswith(("adbc", "sqlalchemy"))]
"""
    subprocess.run([sys.executable, "-c", program, str(path)], check=True, cwd=Path(__file__).parents[4])


@pytest.mark.parametrize("declared", ["INTEGER PRIMARY KEY", "TEXT PRIMARY KEY", "NUMERIC PRIMARY KEY", "TEXT"])
def test_a_hundred_thousand_ids_are_looked_up(
    session: EndpointSession, outside: sqlite3.Connection, declared: str
) -> None:
    outside.execute(f"CREATE TABLE many (id {declared}, v TEXT)")
    outside.execute("BEGIN")
    outside.executemany("INSERT INTO many VALUES (?, 'v')", ((n,) for n in range(100_000)))
    outside.execute("COMMIT")
    table = session.describe("many")
    table = type(table)(table.name, table.fields, ("id",))
    ids = [str(n) for n in range(50_000, 150_000)]
    assert session.read(ReadRequest(table, ("v",), ids=ids)).read_all().num_rows == 50_000


def test_a_missing_database_is_missing_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        SqlProvider().open(OpenContext("Shelf", {"url": "sqlite:///none.db"}, str(tmp_path)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_damaged(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(DamagedError):
        SqlProvider().open(OpenContext("Shelf", {"file": str(path)})).structures()
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"url": "sqlite://"},
        {"url": "oracle://host/db"},
        {"url": "a.db", "file": "a.db"},
        {"file": "a.db", "busy_timeout_s": -1},
        {"file": "a.db", "busy_timeout_s": "soon"},
    ],
)
def test_unusable_settings_are_the_users_to_fix(settings: dict[str, str | int]) -> None:
    with pytest.raises(ConfigurationError):
        SqlProvider().open(OpenContext("Shelf", settings))


@pytest.mark.parametrize("url", ["sqlite:///shelf.db", "shelf.db", "sqlite:///{folder}/shelf.db", "{folder}/shelf.db"])
def test_addresses_are_relative_to_the_configuration_or_absolute(
    session: EndpointSession, path: Path, url: str
) -> None:
    context = OpenContext("Shelf", {"url": url.format(folder=path.parent)}, str(path.parent))
    assert SqlProvider().open(context).identity() == session.identity()


class OtherProgram:
    """A process that holds a lock on a database until it is told to end."""

    def __init__(self, path: Path, statement: str) -> None:
        program = (
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
            "c.execute(sys.argv[2]); print('ready', flush=True); sys.stdin.read(); c.close()"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", program, str(path), statement], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def end(self) -> None:
        self._process.communicate()


def test_a_lock_of_another_program_is_retriable_and_says_so(
    session: EndpointSession, path: Path, outside: sqlite3.Connection
) -> None:
    outside.execute("CREATE TABLE words (id INTEGER PRIMARY KEY)")
    table = session.describe("words")
    other = OtherProgram(path, "BEGIN EXCLUSIVE")
    try:
        with pytest.raises(RetriableError, match="locked by another program"):
            session.read(ReadRequest(table, ("id",)))
    finally:
        other.end()
    assert read(session, "words", ("id",)) == []


def test_a_reader_of_ours_does_not_drop_the_lock_of_another_connection_of_ours(
    session: EndpointSession, path: Path, outside: sqlite3.Connection
) -> None:
    """Closing ADBC's handle would drop the POSIX locks of sqlite3 in this process: they are never open together."""
    outside.execute("CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT)")
    outside.execute("INSERT INTO words VALUES (1, 'one')")
    outside.close()
    stream = session.read(ReadRequest(session.describe("words"), ("word",)))
    adbc_files = open_handles(path)
    session.structures()
    assert open_handles(path) == 0
    assert adbc_files > 0
    assert stream.read_all().to_pylist() == [{"word": "one"}]


def open_handles(path: Path) -> int:
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        pytest.skip("open files can be counted on Linux only")
    links = []
    for entry in folder.iterdir():
        try:
            links.append(entry.readlink())
        except OSError:
            continue  # the one that lists
    return links.count(path.resolve())


def test_many_threads_read_and_describe_one_file_together(
    path: Path, session: EndpointSession, outside: sqlite3.Connection
) -> None:
    outside.execute("CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT)")
    outside.execute("BEGIN")
    outside.executemany("INSERT INTO words VALUES (?, 'w')", ((n,) for n in range(40_000)))
    outside.execute("COMMIT")
    outside.close()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            mine = SqlProvider().open(OpenContext("Shelf", {"file": str(path), "busy_timeout_s": 60}))
            for _ in range(5):
                table = mine.describe("words")
                streams = [mine.read(ReadRequest(table, ("id", "word"))) for _ in range(2)]
                mine.structures()
                assert [stream.read_all().num_rows for stream in streams] == [40_000] * 2
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert open_handles(path) == 0


def test_what_a_killed_writer_left_is_rolled_back_before_reading(
    path: Path, session: EndpointSession, outside: sqlite3.Connection
) -> None:
    outside.execute("CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT)")
    outside.execute("BEGIN")
    outside.executemany("INSERT INTO words VALUES (?, ?)", ((n, "old" * 100) for n in range(2000)))
    outside.execute("COMMIT")
    outside.close()
    program = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "c.execute('PRAGMA cache_size = 5'); c.execute('BEGIN'); "
        "c.execute(\"UPDATE words SET word = 'new' || word\"); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert path.with_name("shelf.db-journal").exists()
    words = {record["word"] for record in read(session, "words", ("word",))}
    assert words == {"old" * 100}


def test_the_identity_changes_when_another_file_takes_the_place(
    path: Path, session: EndpointSession, outside: sqlite3.Connection
) -> None:
    before = session.identity()
    outside.execute("CREATE TABLE more (id)")
    outside.execute("VACUUM")
    assert session.identity() == before
    outside.close()
    copy = path.with_name("copy.db")
    copy.write_bytes(path.read_bytes())
    copy.replace(path)
    assert session.identity() != before
