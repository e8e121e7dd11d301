"""Text files: what is damaged is refused with its line, what is untouched stays byte for byte."""

from __future__ import annotations

import csv
import io
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desktop_sync.core.error_text import next_step
from desktop_sync.core.errors import (
    ConfigurationError,
    DamagedError,
    EndpointError,
    MissingError,
    NotPermittedError,
    Place,
    RetriableError,
)
from desktop_sync.core.provider_port import (
    EndpointSession,
    OpenContext,
    Operation,
    ReadRequest,
    WriteBatch,
    WriteResult,
    WriteStatus,
)
from desktop_sync.core.structure import Field, Structure
from desktop_sync.providers.csv import folder as folder_module
from desktop_sync.providers.csv import writing
from desktop_sync.providers.csv.cells import cell_text, raw_cell, unquoted, value_of
from desktop_sync.providers.csv.csv_file import load
from desktop_sync.providers.csv.provider import CsvProvider

NOBODY = 65534
WRITTEN, CHANGED, EXISTS, REJECTED = (
    WriteStatus.WRITTEN,
    WriteStatus.CHANGED,
    WriteStatus.EXISTS,
    WriteStatus.REJECTED,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


@pytest.fixture
def session(tmp_path: Path) -> EndpointSession:
    return CsvProvider().open(OpenContext("Shop", {"folder": str(tmp_path)}))


def read(session: EndpointSession, *fields: str) -> list[tuple[str | None, ...]]:
    structure = session.describe("people")
    names = fields or structure.field_names
    table = pa.RecordBatchReader.from_stream(session.read(ReadRequest(structure, names))).read_all()
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def texts(rows: Sequence[Sequence[str | None]]) -> pa.Table:
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    return pa.table(columns, [str(number) for number in range(len(columns))])


def commit(session: EndpointSession, *batches: WriteBatch, key: tuple[str, ...] = ("id",)) -> list[WriteResult]:
    found = session.describe("people")
    with session.writer(Structure(found.name, found.fields, key)) as writer:
        for batch in batches:
            writer.stage(batch)
        return writer.commit()


def create(fields: tuple[str, ...], *rows: Sequence[str | None]) -> WriteBatch:
    return WriteBatch(Operation.CREATE, [None] * len(rows), fields, texts(rows))


def update(record_id: str, field: str, value: str | None, expected: str | None) -> WriteBatch:
    return WriteBatch(Operation.UPDATE, [record_id], (field,), texts([(value,)]), (field,), texts([(expected,)]))


def delete(record_id: str) -> WriteBatch:
    return WriteBatch(Operation.DELETE, [record_id], expected_fields=("id",), expected=texts([(record_id,)]))


@pytest.mark.parametrize(
    ("content", "words", "line"),
    [
        (b'id,name\n1,one\n2,"cut in the middle', "ends inside a quoted cell that begins in line 3", "line 3"),
        (b'id,name\n1,"a\nb"\n2,"cut\nand more\n', "ends inside a quoted cell that begins in line 4", "line 4"),
        (b"id,name\n1,one\n2\n", "line 3 has 1 cell instead of 2", "line 3"),
        (b"id,name\n1,one\n2,two,three\n", "line 3 has 3 cells instead of 2", "line 3"),
        (b'id,name\n1,"a\nb"\n2\n', "line 4 has 1 cell instead of 2", "line 4"),
        (b'id,name\n1,"one"x\n', "text after the closing quote", "line 2"),
        (b"id,name\n1,a\0b\n", "NUL", "line 2"),
        (
            b"\x7fELF\x02\x01\x01" + b"abc\x01\x02\n" * 50,
            "33 % of it are control characters, the first one is byte 1 ",
            "line 1",
        ),
        (b"%PDF-1.4\n" + b"stream \x01\x02,\x03\n" * 90, "control characters, the first one is byte 17 ", "line 2"),
        (b"id,name,id\n1,2,3\n", "two columns are named “id”", "line 1"),
        (b"id,,name\n1,2,3\n", "column 2 has no name", ""),
        (b"", "the file is empty", ""),
        (b"\n\n", "the file is empty", ""),
        (b"\xef\xbb\xbfid\n\xff\n", "line 2 holds a byte that is no utf-8 text", ""),
        (b"\xff\xfei\0d\0\n", "no utf-16-le text", ""),
    ],
)
def test_damaged_files_are_refused_with_their_line(
    path: Path, session: EndpointSession, content: bytes, words: str, line: str
) -> None:
    path.write_bytes(content)
    with pytest.raises(DamagedError, match=words) as caught:
        read(session)
    place = caught.value.place
    assert (place.endpoint, place.structure, place.record) == ("Shop", "people", line)
    assert path.read_bytes() == content
    assert session.test().notes != ()


def test_a_damaged_file_is_not_written(path: Path, session: EndpointSession) -> None:
    path.write_bytes(b"id,name\n1,one\n")
    structure = Structure("people", session.describe("people").fields, ("id",))
    with session.writer(structure) as writer:
        writer.stage(create(("id", "name"), ("2", "two")))
        path.write_bytes(b'id,name\n1,"one\n')
        with pytest.raises(DamagedError):
            writer.commit()
    assert path.read_bytes() == b'id,name\n1,"one\n'


@pytest.mark.scenario("C18")
def test_a_missing_folder_is_missing_and_not_empty(tmp_path: Path) -> None:
    folder = tmp_path / "drive"
    with pytest.raises(MissingError, match="drive connected"):
        CsvProvider().open(OpenContext("Shop", {"folder": "drive"}, str(tmp_path)))
    folder.mkdir()
    session = CsvProvider().open(OpenContext("Shop", {"folder": "drive"}, str(tmp_path)))
    folder.rmdir()
    for call in (session.structures, session.identity, session.test):
        with pytest.raises(MissingError):
            call()


STYLES = {
    "comma, LF": b"id,name,note\n1,one,\n2,two,x\n3,three,\n",
    "semicolon, CRLF": b"id;name;note\r\n1;one;\r\n2;two;x\r\n3;three;\r\n",
    "tab, no end": b"id\tname\tnote\n1\tone\t\n2\ttwo\tx\n3\tthree\t",
    "pipe, all quoted": b'"id"|"name"|"note"\n"1"|"one"|""\n"2"|"two"|"x"\n"3"|"three"|""\n',
    "mark": b"\xef\xbb\xbfid,name,note\r\n1,one,\r\n2,two,x\r\n3,three,\r\n",
    "utf-16": b"\xff\xfe" + "id,name,note\r\n1,one,\r\n2,two,x\r\n3,three,\r\n".encode("utf-16-le"),
    "cp1252": "id,name,note\n1,one,Käse\n2,two,x\n3,three,£\n".encode("cp1252"),
    "blank lines, odd quoting": b'id,"name",note\n\n"1",one,\n\n2,two,"x"\n3,three,""\n\n',
    "old Macintosh": b"id,name,note\r1,one,\r2,two,x\r3,three,\r",
    "mixed line ends": b"id,name,note\r\n1,one,\n2,two,x\r\n3,three,\n",
    "quotes inside": b'id,name,note\n1,one,5" pipe\n2,two,x\n3,three,a"b"c\n',
    "line breaks inside": b'id,name,note\n1,one,"a\nb\r\nc"\n2,two,x\n3,three,"d""\n"\n',
}


@pytest.mark.parametrize("style", STYLES)
def test_only_touched_cells_change(path: Path, session: EndpointSession, style: str) -> None:
    before = STYLES[style]
    path.write_bytes(before)
    assert read(session, "id", "name") == [("1", "one"), ("2", "two"), ("3", "three")]
    (result,) = commit(session, update("2", "name", "TWO", "two"))
    assert list(result.statuses) == [WRITTEN]
    two, new = ("two", "TWO") if style != "utf-16" else ("t\0w\0o", "T\0W\0O")
    assert path.read_bytes() == before.replace(two.encode(), new.encode())


@pytest.mark.parametrize("style", STYLES)
def test_created_and_deleted_again_the_file_is_the_same(path: Path, session: EndpointSession, style: str) -> None:
    before = STYLES[style]
    path.write_bytes(before)
    (made,) = commit(session, create(("id", "name"), ("4", "four")))
    assert list(made.statuses) == [WRITTEN]
    assert read(session, "id", "name", "note")[3] == ("4", "four", None)
    (gone,) = commit(session, delete("4"))
    assert list(gone.statuses) == [WRITTEN]
    after = path.read_bytes()
    if style == "tab, no end":
        assert not after.endswith(b"\n")
    assert after.rstrip(b"\n") == before.rstrip(b"\n")


def test_new_records_are_written_as_the_last_one_is(path: Path, session: EndpointSession) -> None:
    path.write_bytes(b'"id";name\r\n"1";one\r\n')
    commit(session, create(("id", "name"), ("2", "a;b"), ("3", None)))
    assert path.read_bytes() == b'"id";name\r\n"1";one\r\n"2";"a;b"\r\n"3";\r\n'


def test_a_record_is_written_twice_in_one_commit_whatever_its_text_holds(path: Path, session: EndpointSession) -> None:
    path.write_text("id,name,city\n1,Ann,Graz\n")
    results = commit(
        session,
        create(("id", "name", "city"), ("2", 'say "x", please', "a\nb")),
        update("2", "name", "Bob, too", 'say "x", please'),
        update("1", "city", "Wien, Graz", "Graz"),
        update("1", "name", "Ann, too", "Ann"),
    )
    assert [list(one.statuses) for one in results] == [[WRITTEN]] * 4
    assert read(session) == [("1", "Ann, too", "Wien, Graz"), ("2", "Bob, too", "a\nb")]


def test_a_file_whose_name_is_as_long_as_names_may_be_is_written(tmp_path: Path, session: EndpointSession) -> None:
    path = tmp_path / ("ä" * 125 + ".csv")
    path.write_text("id,name\n1,Ann\n")
    structure = Structure(path.stem, (Field("id"), Field("name")), ("id",))
    with session.writer(structure) as writer:
        writer.stage(update("1", "name", "Bob", "Ann"))
        assert list(writer.commit()[0].statuses) == [WRITTEN]
    assert path.read_text() == "id,name\n1,Bob\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_commit_that_changes_nothing_does_not_touch_the_file(path: Path, session: EndpointSession) -> None:
    path.write_bytes(b"id,name\n1,'=1\n")
    before = path.stat()
    (same,) = commit(session, update("1", "name", "=1", "=1"))
    (missed,) = commit(session, update("1", "name", "x", "y"))
    assert [list(same.statuses), list(missed.statuses)] == [[WRITTEN], [CHANGED]]
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.scenario("X6")
@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30 123", "'+49 30 123"),
        ("+5", "'+5"),
        ("-5", "-5"),
        ("-5.25", "-5.25"),
        ("-1e-5", "-1e-5"),
        ("-2+3", "'-2+3"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("'=1", "''=1"),
        ("''-5", "'''-5"),
        ("'-5", "''-5"),
        ("'tis", "'tis"),
        ("5", "5"),
        ("", ""),
        (None, ""),
    ],
)
def test_formulas_are_masked_reversibly(value: str | None, cell: str) -> None:
    assert cell_text(value) == cell
    assert value_of(cell) == (value or None)


@pytest.mark.scenario("E4", "X6")
@given(st.text(alphabet=st.sampled_from("=+-@'\t\r\n\",; a1é"), max_size=6))
def test_every_text_survives_its_cell(value: str) -> None:
    assert value_of(unquoted(raw_cell(value, ",", False, False))) == (value or None)
    assert not cell_text(value).startswith(("=", "+", "@", "\t", "\r"))


CELL = st.text(alphabet=st.sampled_from("ab1 \"',;\n\r'=é\u2028\ufeff"), max_size=5)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL), max_size=6),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_reading_agrees_with_another_reader_and_with_itself(
    tmp_path: Path, rows: list[tuple[str, str, str]], quoting: int, line_end: str
) -> None:
    if any("\r" in cell for row in rows for cell in row):
        quoting = csv.QUOTE_ALL  # this writer would leave a carriage return bare, which ends a record
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=quoting, lineterminator=line_end)
    writer.writerows([("x", "y", "z"), *rows])
    file = tmp_path / "file.csv"
    file.write_bytes(buffer.getvalue().encode())
    content = load(str(file), "", ",", Place())
    expected = [tuple(value_of(cell) for cell in row) for row in csv.reader(io.StringIO(buffer.getvalue(), newline=""))]
    found = list(zip(*(column.to_pylist() for column in content.table().columns), strict=True))
    assert found == expected[1:]
    assert "".join(content.raw_lines()) == content.text[content.body_start :]
    exact = content._exact_table()
    fast = content._fast_table()
    assert fast is None or fast.combine_chunks() == exact.combine_chunks()


@given(st.text(alphabet=st.sampled_from('ab,"\n\r'), max_size=24))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_is_read_the_same_fast_and_exact_or_refused(tmp_path: Path, body: str) -> None:
    file = tmp_path / "file.csv"
    file.write_bytes(b"x,y\n" + body.encode())
    content = load(str(file), "", ",", Place())
    fast = content._fast_table()
    if fast is not None:
        assert fast.combine_chunks() == content._exact_table().combine_chunks()


@pytest.mark.scenario("E1")
def test_a_quoted_empty_cell_is_empty_like_any_other(path: Path, session: EndpointSession) -> None:
    path.write_bytes(b'id,name\n1,""\n2,\n')
    assert read(session) == [("1", None), ("2", None)]
    assert not session.capabilities.distinguishes_empty_and_null


def test_a_single_column_keeps_its_empty_records(path: Path, session: EndpointSession) -> None:
    path.write_bytes(b'name\n"a"\n""\n\nb\n')
    assert read(session) == [("a",), (None,), ("b",)]


def test_keys_are_proposed_by_name_and_values(path: Path, session: EndpointSession) -> None:
    for header, rows, key in (
        ("name,id", "a,1\nb,2\n", ("id",)),
        ("name,id", "a,1\nb,1\n", ()),
        ("name,id", "a,1\nb,\n", ()),
        ("name,CustomerId", "a,1\nb,2\n", ("CustomerId",)),
        ("sku,name", "a,1\nb,2\n", ("sku",)),
        ("paid,name", "a,1\nb,2\n", ()),
        ("id,code", "1,a\n1,b\n", ("code",)),
    ):
        path.write_text(f"{header}\n{rows}")
        assert session.describe("people").key == key, header


def test_fields_are_untyped_text(path: Path, session: EndpointSession) -> None:
    path.write_bytes(b"id,n\n1,2\n")
    assert all(not field.is_typed for field in session.describe("people").fields)


def test_records_with_an_id_that_occurs_twice_are_refused(path: Path, session: EndpointSession) -> None:
    path.write_bytes(b"id,name\n1,a\n1,a\n2,a\n")
    results = commit(session, update("1", "name", "b", "a"), delete("1"), update("2", "name", "b", "a"))
    assert [result.statuses[0] for result in results] == [REJECTED, REJECTED, WRITTEN]
    assert "several records" in results[0].messages[0]
    (taken,) = commit(session, create(("id",), ("1",)))
    assert list(taken.statuses) == [EXISTS]
    assert path.read_bytes() == b"id,name\n1,a\n1,a\n2,b\n"


def test_ids_continue_the_numbers_or_are_uuids(path: Path, session: EndpointSession) -> None:
    def reserved(content: str) -> list[str]:
        path.write_text(content)
        fresh = CsvProvider().open(OpenContext("Shop", {"folder": str(path.parent)}))
        found = fresh.describe("people")
        return fresh.reserve_ids(Structure("people", found.fields, ("id",)), 2) or []

    assert reserved("id,n\n1,a\n9,b\n10,c\n") == ["11", "12"]
    assert reserved("id,n\n007,a\n019,b\n") == ["020", "021"]
    assert reserved("id,n\n") == ["1", "2"]
    assert all(len(record_id) == 36 for record_id in reserved("id,n\nA1,a\n"))


def test_a_record_without_a_key_value_is_refused(path: Path, session: EndpointSession) -> None:
    path.write_bytes(b"id,name\n1,a\n")
    (result,) = commit(session, create(("id", "name"), (None, "x"), ("", "y"), ("2", "z")))
    assert list(result.statuses) == [REJECTED, REJECTED, WRITTEN]
    assert "identifies" in result.messages[0]


@pytest.mark.scenario("E4")
def test_text_that_the_encoding_cannot_hold_is_refused(path: Path, session: EndpointSession) -> None:
    path.write_bytes("id,name\n1,Käse\n".encode("cp1252"))
    (result,) = commit(session, create(("id", "name"), ("2", "日本"), ("3", "Grün"), ("4", "a\0b")))
    assert list(result.statuses) == [REJECTED, WRITTEN, REJECTED]
    assert "日" in result.messages[0]
    assert "NUL" in result.messages[2]
    assert read(session) == [("1", "Käse"), ("3", "Grün")]


@pytest.mark.scenario("E4")
@pytest.mark.parametrize(
    "bad", [b"\xff", b"\xc3", "Stück".encode("cp1252"), "Größe, Maß, Tür, öl".encode("cp1252").replace(b",", b";")]
)
def test_a_damaged_utf_8_file_is_refused_instead_of_read_as_other_letters(
    path: Path, session: EndpointSession, bad: bytes
) -> None:
    path.write_bytes("id,name\n1,Käse\n2,".encode() + bad + b"\n")
    with pytest.raises(DamagedError, match="line 3 holds a byte that is no UTF-8 text"):
        read(session)


@pytest.mark.parametrize(("text", "encoding"), [("„Spaß“", "cp1252"), ("É\xa0»", "cp1252"), ("Ёлка", "cp1251")])
def test_letters_that_look_like_utf_8_by_chance_do_not_make_a_file_damaged(
    path: Path, session: EndpointSession, text: str, encoding: str
) -> None:
    before = "id,name\n1,a\n2,{}\n".format(text.replace(",", ";")).encode(encoding)
    path.write_bytes(before)
    (result,) = commit(session, update("1", "name", "B", "a"))
    assert list(result.statuses) == [WRITTEN]
    assert path.read_bytes() == before.replace(b"1,a", b"1,B")


def test_mode_and_links_are_kept_and_new_files_are_as_the_user_makes_them(
    tmp_path: Path, path: Path, session: EndpointSession
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    real = elsewhere / "real.csv"
    real.write_bytes(b"id,name\n1,a\n")
    real.chmod(0o640)
    path.symlink_to(real)
    commit(session, create(("id",), ("2",)))
    assert path.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert real.read_bytes() == b"id,name\n1,a\n2,\n"
    mask = os.umask(0o027)
    try:
        session.create_structure(Structure("new", (Field("id"),), ("id",)))
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "new.csv").stat().st_mode) == 0o640
    assert (tmp_path / "new.csv").read_bytes() == b"id\r\n"


@pytest.mark.scenario("A12")
def test_a_killed_run_leaves_the_old_file_and_its_rest_is_removed(path: Path, session: EndpointSession) -> None:
    path.write_bytes(b"id,name\n1,a\n")
    program = """
import os, sys
from desktop_sync.core.errors import Place
from desktop_sync.providers.csv import folder
os.replace = lambda *names: os._exit(9)
folder.replace_file(sys.argv[1], b"new", Place())
"""
    subprocess.run([sys.executable, "-c", program, str(path)], check=False, cwd=Path(__file__).parents[4])
    names = sorted(os.listdir(path.parent))
    assert len(names) == 2
    assert path.read_bytes() == b"id,name\n1,a\n"
    assert [summary.name for summary in session.structures()] == ["people"]
    commit(session, create(("id",), ("2",)))
    assert os.listdir(path.parent) == ["people.csv"]


def test_nobody_else_writes_in_a_locked_folder(
    path: Path, session: EndpointSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b"id,name\n1,a\n")
    monkeypatch.setattr(folder_module, "_LOCK_WAIT_S", 0.05)
    with (
        folder_module.locked_folder(str(path.parent), Place()),
        pytest.raises(RetriableError, match="another run"),
    ):
        commit(session, create(("id",), ("2",)))
    assert path.read_bytes() == b"id,name\n1,a\n"
    assert os.listdir(path.parent) == ["people.csv"]


def test_a_change_while_committing_is_looked_at_again(
    path: Path, session: EndpointSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b"id,name\n1,a\n2,b\n")
    original = writing.FileWork.data
    edits = [b"id,name\n1,edited\n2,b\n"]

    def data(work: writing.FileWork) -> bytes:
        if edits:
            path.write_bytes(edits.pop())
        return original(work)

    monkeypatch.setattr(writing.FileWork, "data", data)
    results = commit(session, update("1", "name", "x", "a"), update("2", "name", "y", "b"))
    assert [result.statuses[0] for result in results] == [CHANGED, WRITTEN]
    assert path.read_bytes() == b"id,name\n1,edited\n2,y\n"


def test_settings_are_checked(tmp_path: Path, path: Path) -> None:
    for bad in ({"delimiter": "x"}, {"encoding": "klingon"}, {"folder": ""}):
        with pytest.raises(ConfigurationError):
            CsvProvider().open(OpenContext("Shop", {"folder": str(tmp_path), **bad}))
    path.write_bytes("id;na,me\n1;é\n".encode("iso-8859-1"))
    given_settings = {"folder": str(tmp_path), "delimiter": "semicolon", "encoding": "iso-8859-1"}
    session = CsvProvider().open(OpenContext("Shop", given_settings))
    assert read(session) == [("1", "é")]


@pytest.mark.scenario("X20")
@pytest.mark.parametrize("name", ["", ".hidden", "../up", "a/b", "a\\b", "nul\0", " x", "a\nb", "x" * 300, "people"])
def test_names_that_cannot_be_files_or_are_taken_are_refused(
    tmp_path: Path, path: Path, session: EndpointSession, name: str
) -> None:
    path.write_bytes(b"id\n")
    with pytest.raises(ConfigurationError):
        session.create_structure(Structure(name, (Field("id"),), ("id",)))
    assert os.listdir(tmp_path) == ["people.csv"]


def test_files_of_one_stem_are_told_apart(tmp_path: Path, session: EndpointSession) -> None:
    for name in ("a.csv", "a.tsv", "b.TXT", ".c.csv", "d.xlsx"):
        (tmp_path / name).write_bytes(b"id\n1\n")
    assert [summary.name for summary in session.structures()] == ["a", "a.tsv", "b"]
    with pytest.raises(MissingError):
        session.describe("../a")


@pytest.mark.skipif(not hasattr(os, "setresuid"), reason="users cannot be changed on this system")
def test_a_file_that_may_not_be_written_says_so() -> None:
    with tempfile.TemporaryDirectory() as name, as_ordinary_user(Path(name)) as folder:
        path = folder / "people.csv"
        path.write_bytes(b"id,name\n1,a\n")
        path.chmod(0o400)
        session = CsvProvider().open(OpenContext("Shop", {"folder": str(folder)}))
        with closing(session), pytest.raises(NotPermittedError) as refusal:
            commit(session, create(("id",), ("2",)))
        assert "password" not in next_step(refusal.value)
        assert path.read_bytes() == b"id,name\n1,a\n"


@contextmanager
def as_ordinary_user(folder: Path) -> Iterator[Path]:
    """The folder, as a user who may not write everything: root becomes nobody meanwhile."""
    if os.getuid() != 0:
        yield folder
        return
    os.chown(folder, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield folder
    finally:
        os.setresuid(0, 0, 0)


def test_reading_by_stamp_is_refused(path: Path, session: EndpointSession) -> None:
    path.write_bytes(b"id,stamp\n1,2024\n")
    request = ReadRequest(session.describe("people"), ("id",), modified_field="stamp", since="2024")
    assert not session.capabilities.reads_modified_since
    with pytest.raises((ConfigurationError, EndpointError)):
        session.read(request)


def test_odd_values_are_no_rubbish(path: Path, session: EndpointSession) -> None:
    path.write_bytes(b"id,name\n1,\x01\x02\x03\x04\x05\x06\n2,b\n")
    assert read(session) == [("1", "\x01\x02\x03\x04\x05\x06"), ("2", "b")]
