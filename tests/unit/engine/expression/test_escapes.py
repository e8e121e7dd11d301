from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from desktop_sync.core.errors import ExpressionError
from desktop_sync.core.structure import FieldType
from desktop_sync.engine.expression import FUNCTIONS, compile_condition, compile_scalar
from desktop_sync.engine.expression.binding import session
from desktop_sync.engine.expression.reading import read
from desktop_sync.engine.expression.source import Source
from desktop_sync.engine.expression.translation import translate
from tests.unit.engine.expression.escapes import ESCAPES

FIELDS = {
    "a": FieldType.TEXT,
    "b": FieldType.TEXT,
    "n": FieldType.INTEGER,
    "d": FieldType.DECIMAL,
    "dt": FieldType.DATE,
}


def refused(text: str) -> bool:
    """Whether reading and translating refuse the text. Neither of them knows a database."""
    source = Source(text)
    try:
        translate(source, read(source), FIELDS)
    except ExpressionError as error:
        return bool(error.problem) and error.expression == text
    return False


def test_the_corpus_is_large_and_has_no_case_twice() -> None:
    assert len(set(ESCAPES)) == len(ESCAPES)
    assert len(ESCAPES) >= 600


@pytest.mark.scenario("X7")
@pytest.mark.parametrize("text", ESCAPES)
def test_every_known_escape_is_refused_before_a_database_sees_it(text: str) -> None:
    assert refused(text)


@pytest.mark.scenario("X7")
@pytest.mark.parametrize("wrap", ["upper({})", "CASE WHEN true THEN {} END", "coalesce(a, ({}))", "({})", "NOT ({})"])
def test_an_escape_is_refused_inside_something_allowed_too(wrap: str) -> None:
    wrapped = [wrap.format(text) for text in ESCAPES if text.strip()]
    assert [text for text in wrapped if not refused(text)] == []


@pytest.mark.scenario("X7")
def test_every_duckdb_function_that_is_not_in_the_table_is_refused() -> None:
    cursor = session()
    try:
        names = [row[0] for row in cursor.execute("SELECT DISTINCT function_name FROM duckdb_functions()").fetchall()]
    finally:
        cursor.close()
    allowed = {*FUNCTIONS, "position", "pow", "ceiling", "datediff", "+", "-"}
    outside = [name for name in names if name not in allowed]
    assert len(outside) > 300
    assert [
        name for name in outside for call in (f"{name}(a)", f"{name}()", f"{name}(a, 1)") if not refused(call)
    ] == []


def test_refusing_says_nothing_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for text in ESCAPES:
            assert refused(text)
    assert caplog.records == []


@pytest.mark.parametrize("text", ["read_text('/etc/passwd')", "(SELECT 1)", "a; DROP TABLE t", "$1"])
def test_compiling_refuses_what_translating_refuses(text: str) -> None:
    with pytest.raises(ExpressionError):
        compile_scalar(text, FIELDS)
    with pytest.raises(ExpressionError):
        compile_condition(text, FIELDS)


def test_reading_and_translating_do_not_import_a_database_themselves() -> None:
    script = (
        "import ast, pathlib\n"
        "import desktop_sync.engine.expression as package\n"
        "folder = pathlib.Path(package.__file__).parent\n"
        "for name in ('reading', 'translation', 'writer', 'operators', 'casts', 'calls', 'constants', 'literals'):\n"
        "    for node in ast.walk(ast.parse((folder / f'{name}.py').read_text('utf-8'))):\n"
        "        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []\n"
        "        names += [node.module or ''] if isinstance(node, ast.ImportFrom) else []\n"
        "        outer = ('expression.binding', 'expression.samples', 'expression.problems')\n"
        "        wrong = [n for n in names if n == 'duckdb' or n.endswith(outer)]\n"
        "        assert not wrong, (name, wrong)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_literal_never_ends_early() -> None:
    for text in ("'; DROP TABLE t; --", "' || read_text('x') || '", "''", "\\'", "\\", "a\nb", "%", "{0}", "{*}", "𝕏"):
        literal = "'" + text.replace("'", "''") + "'"
        compiled = compile_scalar(literal, {})
        cursor = session()
        try:
            assert cursor.execute(f"SELECT {compiled.sql(str)}").fetchall() == [(text,)]
        finally:
            cursor.close()


@pytest.mark.scenario("X7")
def test_the_session_that_confirms_expressions_reaches_nothing() -> None:
    import duckdb

    cursor = session()
    try:
        for statement in (
            "SELECT * FROM read_text('/etc/hostname')",
            "ATTACH 'x.db'",
            "COPY (SELECT 1) TO 'x.csv'",
            "SET enable_external_access = true",
            "INSTALL httpfs",
        ):
            with pytest.raises(duckdb.Error):
                cursor.execute(statement)
    finally:
        cursor.close()
