"""The workbench leaves nothing of the records behind, not even after a kill."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from desktop_sync.engine.expression import UNSAFE_OPTIMIZERS
from desktop_sync.engine.workbench import LONG_STATEMENT, Workbench, sweep

KILLED = """
import os, signal, sys
from desktop_sync.engine.workbench import Workbench
bench = Workbench(sys.argv[1])
bench.execute("CREATE TABLE records AS SELECT range AS id FROM range(1000)")
os.kill(os.getpid(), signal.SIGKILL)
"""

STREAMED = """
import sys
from desktop_sync.engine.workbench import Workbench
queries = ["SELECT CAST(CAST(TIMESTAMPTZ '2024-01-01 00:00:00+00' AS TIMESTAMP) AS VARCHAR) AS x",
           "SELECT CAST(TRY(CAST(1 AS DOUBLE) / CAST(0 AS DOUBLE)) AS VARCHAR) AS x"]
with Workbench(sys.argv[1]) as bench:
    for query in queries:
        print(bench.rows(query)[0][0])
        print(bench.stream(query).read_all()["x"][0].as_py())
"""


def test_what_a_killed_program_left_is_swept_and_what_is_in_use_stays(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    left = list(tmp_path.iterdir())
    assert len(left) == 1
    with Workbench(str(tmp_path)) as bench:
        sweep(str(tmp_path))
        assert not left[0].exists()
        assert bench.number("SELECT 42") == 42
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_workbench_reaches_no_file(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    query = f"CREATE TABLE stolen AS SELECT * FROM read_csv('{tmp_path / 'secret.csv'}')"
    with Workbench(str(tmp_path)) as bench, pytest.raises(duckdb.Error, match="disabled"):
        bench.execute(query)


def test_records_are_written_to_no_log_and_every_session_finds_them(tmp_path: Path) -> None:
    with Workbench(str(tmp_path)) as bench:
        bench.execute("CREATE TABLE records AS SELECT range AS id, 'a secret ' || range AS text FROM range(1000)")
        assert bench.stream("SELECT id FROM records").read_all().num_rows == 1000
        with bench.beside() as other:
            other.execute("CREATE TABLE others AS SELECT id + 1 AS id FROM records")
        assert bench.number("SELECT max(id) FROM others") == 1000
        assert not [file for file in tmp_path.rglob("*") if file.is_file() and b"a secret" in file.read_bytes()]
        assert not list(tmp_path.rglob("*.wal"))


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_what_is_streamed_is_computed_as_everything_else_whatever_zone_the_machine_is_in(
    tmp_path: Path, zone: str
) -> None:
    said = subprocess.run(
        [sys.executable, "-c", STREAMED, str(tmp_path)],
        env=os.environ | {"TZ": zone},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.splitlines() == ["2024-01-01 00:00:00", "2024-01-01 00:00:00", "None", "None"]


def test_a_question_that_is_asked_again_is_answered_anew_once_something_was_executed() -> None:
    with Workbench(in_memory=True) as bench:
        bench.execute("CREATE TABLE other (number BIGINT)")
        bench.execute("CREATE TABLE plan AS SELECT range AS number FROM range(3)")
        question = "SELECT count(*), nextval('asked') FROM plan"
        bench.execute("CREATE SEQUENCE asked")
        assert bench.rows(question) == bench.rows(question) == [(3, 1)]
        bench.rows(question).clear()  # what the caller does with its list is its own business
        assert bench.rows(question) == [(3, 1)]
        bench.execute("INSERT INTO other VALUES (1)")
        assert bench.rows(question) == [(3, 1)], "nothing of it was changed"
        bench.execute("DELETE FROM plan WHERE number = 0")
        assert bench.rows(question) == [(2, 2)]
        bench.execute("CREATE VIEW seen AS FROM plan")
        assert bench.rows(question) == [(2, 3)], "nobody knows what that changes"
        assert [bench.number("SELECT count(*) FROM plan WHERE number > ?", [n]) for n in (0, 1)] == [2, 1]


def test_a_long_statement_gives_the_same_of_few_records_as_of_many(tmp_path: Path) -> None:
    plain = "SELECT range AS number, CAST(range AS DECIMAL(9,2)) AS price, [range] AS parts FROM range(25) WHERE "
    named = 'SELECT 1 AS "Name", 2 AS "name" FROM range(3) WHERE '  # names that people gave may differ in case alone
    long_condition = " AND ".join("range >= 0" for _ in range(LONG_STATEMENT // 10))
    with Workbench(in_memory=True) as few, Workbench(str(tmp_path)) as many:
        for sql in (plain + long_condition, named + long_condition, plain + "range < 3"):
            wanted = many.table(sql)
            assert few.table(sql).equals(wanted)
            assert pa.Table.from_batches(list(few.stream(sql, 10))).equals(wanted)
        assert few.rows("SELECT count(*) FROM duckdb_tables()") == [(0,)]


def test_a_statement_that_was_parsed_before_is_about_the_tables_of_the_workbench_that_it_is_asked_of() -> None:
    """Also after its tables have other columns, and with other parameters."""
    question = "SELECT * FROM plan WHERE number > ?"
    for number in range(3):
        with Workbench(in_memory=True) as bench:
            bench.execute(f"CREATE TABLE plan AS SELECT {number} AS number")
            assert bench.rows(question, [number - 1]) == [(number,)]
            assert bench.rows(question, [number]) == []
            bench.execute(f"CREATE OR REPLACE TABLE plan AS SELECT {number + 10} AS number, 'more' AS name")
            assert bench.rows(question, [number]) == [(number + 10, "more")]
            assert bench.table("SELECT name FROM plan").to_pylist() == [{"name": "more"}]
            with pytest.raises(duckdb.ParserException, match="syntax"):
                bench.execute("SELECT FROM WHERE")
            bench.execute("CREATE TABLE one (n INTEGER); CREATE TABLE two (n INTEGER)")
            assert bench.rows("SELECT count(*) FROM duckdb_tables()") == [(3,)]


@pytest.mark.parametrize("options", [{}, {"in_memory": True}, {"in_memory": True, "is_for_few": True}])
def test_no_workbench_moves_an_expression_out_of_the_try_around_it(options: dict[str, bool], tmp_path: Path) -> None:
    with Workbench(str(tmp_path), **options) as bench:
        ((left_out,),) = bench.rows("SELECT current_setting('disabled_optimizers')")
        assert set(UNSAFE_OPTIMIZERS.split(",")) <= set(str(left_out).split(","))
        bench.execute("CREATE TABLE texts AS SELECT * FROM (VALUES ('1'), ('x'), ('1')) AS t (text)")
        twice = "TRY(CAST(text AS INTEGER) + 1)"
        told = bench.rows(f"SELECT {twice}, {twice} IN (2, 3, 4, 5, 6, 7, 8) FROM texts ORDER BY ALL NULLS FIRST")
        assert told == [(None, None), (2, True), (2, True)]


def test_a_plan_with_the_least_effort_still_joins_many_records_that_nobody_expected() -> None:
    """Filters over two tables become conditions of their join: all of one with all of the other would never end."""
    with Workbench(in_memory=True, is_for_few=True) as bench:
        bench.execute("CREATE TABLE a AS SELECT range AS number, repeat('x', 20) AS text FROM range(100000)")
        bench.execute("CREATE TABLE b AS SELECT number + 50000 AS number FROM a")
        assert bench.number("SELECT count(*) FROM a, b WHERE a.number = b.number AND b.number < 80000") == 30_000
        asked = "SELECT count((SELECT b.number FROM b WHERE b.number = a.number)) FROM a"
        assert bench.number(asked) == 50_000
        assert bench.number("SELECT count(*) FROM a WHERE number NOT IN (SELECT number FROM b)") == 50_000


def test_a_table_in_two_parts_is_read_as_one_and_its_answers_follow_its_parts(tmp_path: Path) -> None:
    with Workbench(str(tmp_path)) as bench:
        bench.execute("CREATE TABLE a_0 AS SELECT 9 AS x")
        bench.execute("CREATE TABLE kept_a_0 AS SELECT 1 AS x")
        bench.execute("CREATE TABLE passed_a_0 AS SELECT 2 AS x")
        assert bench.number("SELECT sum(x) FROM a_0") == 9
        bench.view("a_0", "SELECT x FROM kept_a_0 UNION ALL SELECT x FROM passed_a_0", ("passed_a_0", "kept_a_0"))
        assert bench.parts("a_0") == ("passed_a_0", "kept_a_0")
        assert bench.number("SELECT sum(x) FROM a_0") == 3
        bench.execute("INSERT INTO passed_a_0 VALUES (10)")
        assert bench.number("SELECT sum(x) FROM a_0") == 13
        bench.fold("a_0")
        assert bench.parts("a_0") == ("a_0",)
        bench.execute("UPDATE a_0 SET x = x + 1")
        assert bench.number("SELECT sum(x) FROM a_0") == 16


def test_a_table_that_is_made_in_the_place_of_a_view_takes_its_name_and_its_parts(tmp_path: Path) -> None:
    with Workbench(str(tmp_path)) as bench:
        for _ in range(2):
            bench.execute("CREATE OR REPLACE TABLE kept_a_0 AS SELECT 1 AS x")
            bench.view("a_0", "SELECT x FROM kept_a_0", ("kept_a_0",))
        with bench.beside() as other:
            assert other.parts("a_0") == ("kept_a_0",)
            other.execute("CREATE OR REPLACE TABLE a_0 AS SELECT 5 AS x")
        bench.fold("a_0")
        assert bench.number("SELECT sum(x) FROM a_0") == 5
        assert bench.parts("a_0") == ("a_0",)
        assert not bench.number("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'kept_a_0'")
