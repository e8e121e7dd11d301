"""Compiled expressions over batches: one bad record does not hurt the others, and hostile names stay names."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest

from desktop_sync.core.structure import FieldType
from desktop_sync.engine.expression import SESSION_SETTINGS, Compiled, compile_scalar

HOSTILE = [
    'quo"te',
    'two""quotes',
    "apo'strophe",
    "semi; DROP TABLE batch; --",
    "a b",
    "a.b",
    " leading",
    "-- comment",
    "/* x */",
    "select",
    "NULL",
    "true",
    "ünï 名前 😀",
    "tab\tname",
    "new\nline",
    "{0}",
    "%s",
    "$1",
    "?",
    "\\",
    "1st",
    "x" * 300,
    "\u202eright to left",
    "c0",
    "f0",
    "w",
]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    opened = duckdb.connect(":memory:")
    for statement in SESSION_SETTINGS:
        opened.execute(statement)
    yield opened
    opened.close()


def run(
    connection: duckdb.DuckDBPyConnection, compiled: Compiled, columns: dict[str, pa.Array]
) -> list[tuple[object, bool]]:
    names = {name: f"c{number}" for number, name in enumerate(columns)}
    connection.register("batch", pa.table(list(columns.values()), names=list(names.values())))
    wrapped = compiled.wrapped_sql(names.__getitem__)
    return connection.execute(
        f"SELECT {compiled.value_sql('w')}, {compiled.failed_sql('w')} FROM (SELECT {wrapped} AS w FROM batch)"
    ).fetchall()


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("CAST(x AS integer)", ["1", "x", None, "3"], [(1, False), (None, True), (None, False), (3, False)]),
        ("CAST(x AS date) IS NULL", ["2024-02-30", None], [(None, True), (True, False)]),
        ("strptime(x, '%Y') IS NOT NULL", ["2024", "soon"], [(True, False), (None, True)]),
        ("lpad('a', 5, x)", ["-", "", None], [("----a", False), (None, True), (None, False)]),
        ("make_date(CAST(x AS integer), 2, 30) IS NULL", ["2024"], [(None, True)]),
    ],
)
def test_a_record_that_fails_is_marked_and_the_others_have_their_values(
    connection: duckdb.DuckDBPyConnection, text: str, values: list[str | None], expected: list[tuple[object, bool]]
) -> None:
    compiled = compile_scalar(text, {"x": FieldType.TEXT})
    assert run(connection, compiled, {"x": pa.array(values, pa.string())}) == expected


@pytest.mark.parametrize("text", ["10 / n", "10 // n", "10 % n", "mod(10, n)", "10.5 / n", "10.5 % n", "10e0 / n"])
def test_every_kind_of_division_by_zero_fails_only_for_that_record(
    connection: duckdb.DuckDBPyConnection, text: str
) -> None:
    compiled = compile_scalar(text, {"n": FieldType.INTEGER})
    rows = run(connection, compiled, {"n": pa.array([4, 0, None], pa.int64())})
    assert [failed for _, failed in rows] == [False, True, False]
    assert rows[0][0] is not None
    assert rows[1][0] is None


@pytest.mark.parametrize(
    "text", ["n + 9223372036854775807", "n * n * n", "CAST(power(n, 10) AS integer)", "n * 1e308 * 10"]
)
def test_a_number_that_becomes_too_large_fails_only_for_that_record(
    connection: duckdb.DuckDBPyConnection, text: str
) -> None:
    compiled = compile_scalar(text, {"n": FieldType.INTEGER})
    rows = run(connection, compiled, {"n": pa.array([0, 10**9], pa.int64())})
    assert [failed for _, failed in rows] == [False, True]
    assert rows[1][0] is None


TWICE = [
    "CAST(x AS integer) + CAST(x AS integer)",
    "CASE WHEN CAST(x AS integer) > 1 THEN CAST(x AS integer) ELSE 0 END",
    "coalesce(nullif(CAST(x AS integer), 5), CAST(x AS integer))",
    "CAST(x AS integer) BETWEEN CAST(x AS integer) AND CAST(x AS integer) + 1",
    "CAST(x AS integer) IN (CAST(x AS integer), 1)",
    "CAST(x AS integer) IN (" + ", ".join(str(number) for number in range(200)) + ")",
    "CAST(x AS integer) IN (1, 2, 3)",
    "CAST(x AS integer) > 1 AND CAST(x AS integer) < 100",
    "greatest(CAST(x AS integer), 2 * CAST(x AS integer))",
    "repeat('a', CAST(x AS integer))",
]


@pytest.mark.parametrize("text", TWICE)
@pytest.mark.parametrize("kind", ["TABLE", "VIEW"])
def test_a_failing_part_that_occurs_twice_or_before_a_long_list_stays_with_its_record(
    connection: duckdb.DuckDBPyConnection, text: str, kind: str
) -> None:
    compiled = compile_scalar(text, {"x": FieldType.TEXT})
    connection.register("batch", pa.table({"x": ["12", "oops", None]}))
    connection.execute(f"CREATE TEMP {kind} stored AS SELECT * FROM batch")
    for source in ("stored", "(SELECT x FROM stored WHERE x IS NULL OR length(x) > 0)"):
        wrapped = compiled.wrapped_sql(lambda name: name)
        again = f"SELECT {wrapped} AS w, {wrapped} AS v, {compiled.wrapped_sql(str)} AS u, x FROM {source}"
        rows = connection.execute(
            f"SELECT {compiled.value_sql('w')} IS NOT NULL, {compiled.failed_sql('w')}, {compiled.failed_sql('v')}, x "
            f"FROM ({again}) ORDER BY x"
        ).fetchall()
        outcomes = {row[3]: row[:3] for row in rows}
        assert len(rows) == 3
        assert outcomes["12"] == (True, False, False)
        assert outcomes["oops"] == (False, True, True)
        assert outcomes[None][1:] == (False, False)
        assert connection.execute(f"SELECT count(*) FROM ({again}) WHERE {compiled.failed_sql('w')}").fetchall() == [
            (1,)
        ]


def test_infinite_results_count_as_failed_and_null_does_not(connection: duckdb.DuckDBPyConnection) -> None:
    compiled = compile_scalar("x * 2", {"x": FieldType.FLOAT})
    rows = run(connection, compiled, {"x": pa.array([1.5, float("inf"), float("nan"), None])})
    assert rows == [(3.0, False), (None, True), (None, True), (None, False)]


def test_failing_records_are_found_among_many(connection: duckdb.DuckDBPyConnection) -> None:
    values = ["bad" if number % 5000 == 17 else str(number) for number in range(50_000)]
    rows = run(connection, compile_scalar("CAST(x AS integer) + 1", {"x": FieldType.TEXT}), {"x": pa.array(values)})
    expected = [(None, True) if text == "bad" else (int(text) + 1, False) for text in values]
    assert rows == expected


@pytest.mark.parametrize("name", HOSTILE)
def test_a_field_of_any_name_is_read_by_its_quoted_name(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    fields = {name: FieldType.TEXT, "other": FieldType.TEXT}
    quoted = '"' + name.replace('"', '""') + '"'
    compiled = compile_scalar(f"upper({quoted}) || other", fields)
    assert compiled.fields == {name, "other"}
    columns = {name: pa.array(["a"]), "other": pa.array(["-b"])}
    assert run(connection, compiled, columns) == [("A-b", False)]


def test_the_sql_holds_no_field_name_and_asks_for_each_column() -> None:
    asked: list[str] = []

    def column(name: str) -> str:
        asked.append(name)
        return "a_3"

    sql = compile_scalar('"semi; DROP" || "semi; DROP"', {"semi; DROP": FieldType.TEXT}).sql(column)
    assert asked == ["semi; DROP"] * 2
    assert sql == "CAST((a_3 || a_3) AS VARCHAR)"


@pytest.mark.parametrize(
    ("text", "type_name"),
    [("1", "BIGINT"), ("year(d)", "BIGINT"), ("99999999999 * 3", "BIGINT"), ("1 / 3", "DOUBLE"), ("NULL", "VARCHAR")],
)
def test_the_column_type_is_the_same_whatever_the_width_of_the_operands(
    connection: duckdb.DuckDBPyConnection, text: str, type_name: str
) -> None:
    sql = compile_scalar(text, {"d": FieldType.DATE}).sql(lambda name: "DATE '2024-01-01'")
    assert connection.execute(f"SELECT typeof({sql})").fetchall() == [(type_name,)]
