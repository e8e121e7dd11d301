"""What the database says about an expression becomes a clause for people, whatever it says."""

from __future__ import annotations

import duckdb
import pytest

from desktop_sync.engine.expression.problems import sentence


@pytest.mark.parametrize(
    ("sql", "clause"),
    [
        ("sin(NULL, 'x')", "sin cannot be used with null and text; convert with CAST(… AS …)"),
        (
            "CAST('1' AS DECIMAL(18, 3)) + DATE '2020-01-01'",
            "+ cannot be used with decimal and date; convert with CAST(… AS …)",
        ),
        ("date_part('x', NULL)", "date_part cannot be used with text and null; convert with CAST(… AS …)"),
        ("[1] + 'x'", "+ cannot be used with integer[] and text; convert with CAST(… AS …)"),
        ("coalesce(true, DATE '2020-01-01')", "boolean and date do not go together; convert one with CAST(… AS …)"),
        ("CAST('abc' AS INTEGER)", "'abc' cannot be made integer"),
        ("CAST(1e30 AS INTEGER)", "a value is out of range"),
        ("error('the moon is full')", "it cannot be computed (the moon is full)"),
    ],
)
def test_an_error_of_the_database_becomes_a_clause(sql: str, clause: str) -> None:
    with duckdb.connect() as connection, pytest.raises(duckdb.Error) as caught:
        connection.execute(f"SELECT {sql}").fetchall()
    assert sentence(caught.value) == clause
