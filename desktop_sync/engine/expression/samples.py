"""Live samples: what an expression gives for a few real records."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from desktop_sync.engine.expression import limits
from desktop_sync.engine.expression.binding import session
from desktop_sync.engine.expression.compiled import Compiled
from desktop_sync.engine.expression.problems import sentence


@dataclass(frozen=True, slots=True)
class Sample:
    """The result for one record: its text form (None for null), or the problem (a clause for people) when it failed."""

    text: str | None
    problem: str | None = None


def evaluate_samples(compiled: Compiled, table: pa.Table) -> list[Sample]:
    """The results for the first `MAX_SAMPLES` records of the table, in its order.

    The table has the fields of the expression as columns, by their exact names. Raises ExpressionError when the
    columns' real types do not fit the expression. Meant for a worker thread; may be repeated.
    """
    columns = {name: f"f{number}" for number, name in enumerate(sorted(compiled.fields))}
    count = min(table.num_rows, limits.MAX_SAMPLES)
    numbered = pa.table(
        [pa.array(range(count), pa.int64()), *(table.column(name).slice(0, count) for name in columns)],
        names=["n", *columns.values()],
    )
    cursor = session()
    try:
        cursor.register("sample", numbered)
        wrapped = compiled.wrapped_sql(columns.__getitem__)
        found = cursor.execute(
            f"SELECT CAST({compiled.value_sql('w')} AS VARCHAR), {compiled.failed_sql('w')}, n "
            f"FROM (SELECT {wrapped} AS w, n FROM sample) ORDER BY n"
        ).fetchall()
        plain = compiled.sql(columns.__getitem__)
        return [Sample(text, _reason(cursor, plain, number) if failed else None) for text, failed, number in found]
    except duckdb.Error as error:
        raise compiled.source.error(sentence(error)) from None
    finally:
        cursor.close()


def _reason(cursor: duckdb.DuckDBPyConnection, sql: str, number: int) -> str:
    try:
        cursor.execute(f"SELECT v IS NULL FROM (SELECT {sql} AS v FROM sample WHERE n = {number:d})").fetchall()
    except duckdb.Error as error:
        return sentence(error)
    return "the result is infinite or not a number"
