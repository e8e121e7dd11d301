"""What expressions mean. Every row runs through DuckDB over a table of real columns."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from desktop_sync.core.errors import ExpressionError, Place
from desktop_sync.core.structure import FieldType
from desktop_sync.engine.expression import (
    FUNCTIONS,
    Sample,
    check_columns,
    compile_condition,
    compile_scalar,
    documentation,
    evaluate_samples,
)
from desktop_sync.engine.expression.functions import Function

FIELDS = {
    "Name": FieldType.TEXT,
    "city": FieldType.TEXT,
    "empty": FieldType.TEXT,
    "n": FieldType.INTEGER,
    "price": FieldType.DECIMAL,
    "ratio": FieldType.FLOAT,
    "active": FieldType.BOOLEAN,
    "born": FieldType.DATE,
    "clock": FieldType.TIME,
    "made": FieldType.TIMESTAMP,
    "seen": FieldType.INSTANT,
    "photo": FieldType.BINARY,
    "Order": FieldType.INTEGER,
    "a.b": FieldType.TEXT,
}
RECORD = pa.table(
    {
        "Name": ["Zoë Doe"],
        "city": ["vienna"],
        "empty": pa.array([None], pa.string()),
        "n": pa.array([7], pa.int64()),
        "price": pa.array([Decimal("12.345000")], pa.decimal128(18, 6)),
        "ratio": [2.5],
        "active": [True],
        "born": [dt.date(2024, 2, 29)],
        "clock": pa.array([dt.time(13, 45)], pa.time64("us")),
        "made": pa.array([dt.datetime(2024, 2, 29, 13, 45)], pa.timestamp("us")),
        "seen": pa.array([dt.datetime(2024, 7, 1, 10, tzinfo=dt.UTC)], pa.timestamp("us", tz="UTC")),
        "photo": [b"\x01"],
        "Order": pa.array([3], pa.int64()),
        "a.b": ["dotted"],
    }
)


def value(text: str) -> str | None:
    (sample,) = evaluate_samples(compile_scalar(text, FIELDS), RECORD)
    assert sample.problem is None, sample.problem
    return sample.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Name || ', ' || city", "Zoë Doe, vienna"),
        ("name || NAME", "Zoë DoeZoë Doe"),
        ('"a.b"', "dotted"),
        ("Order + 1", "4"),
        ("Name || empty", None),
        ("'it''s'", "it's"),
        ("n + 1", "8"),
        ("-n", "-7"),
        ("- -n", "7"),
        ("n - 1 - 2", "4"),
        ("n - (1 - 2)", "8"),
        ("2 + n * 3", "23"),
        ("(2 + n) * 3", "27"),
        ("n / 2", "3.5"),
        ("n // 2", "3"),
        ("-7 // 2", "-3"),
        ("-7 % 3", "-1"),
        ("24 / 4 / 2", "3.0"),
        ("24 // (4 // 2)", "12"),
        ("2000000000 + 2000000000", "4000000000"),
        ("2000000000 * 3", "6000000000"),
        ("-2000000000 - 2000000000", "-4000000000"),
        ("price * 2", "24.690000"),
        ("price + 0.005", "12.350000"),
        ("1_000 + 1", "1001"),
        ("n = 7", "true"),
        ("n == 7", "true"),
        ("n <> 7", "false"),
        ("n != 7", "false"),
        ("active = 1", "true"),
        ("'b' > 'B'", "true"),
        ("'é' = 'e'", "false"),
        ("empty = 'x'", None),
        ("empty IS NULL", "true"),
        ("NOT empty IS NULL", "false"),
        ("empty IS NOT NULL", "false"),
        ("empty IS DISTINCT FROM 'x'", "true"),
        ("empty IS NOT DISTINCT FROM NULL", "true"),
        ("active IS TRUE", "true"),
        ("active IS NOT FALSE", "true"),
        ("n BETWEEN 1 AND 7", "true"),
        ("n NOT BETWEEN 1 AND 7", "false"),
        ("n IN (1, 7)", "true"),
        ("n NOT IN (1, 7)", "false"),
        ("city IN ('graz', 'vienna')", "true"),
        ("true OR false AND false", "true"),
        ("NOT true OR true", "true"),
        ("n > 1 AND n < 9 AND active", "true"),
        ("city LIKE 'vi%'", "true"),
        ("city LIKE 'Vi%'", "false"),
        ("city LIKE 'v__nna'", "true"),
        ("city LIKE 'v_nna'", "false"),
        ("city NOT LIKE '%x%'", "true"),
        ("'a\nb' LIKE 'a_b'", "true"),
        ("'a.b' LIKE 'a_b' AND NOT 'axb' LIKE 'a.b'", "true"),
        ("'axxb' ILIKE 'A%B'", "true"),
        ("'ZOË' ILIKE 'zoë'", "true"),
        ("'50%' LIKE '50!%' ESCAPE '!'", "true"),
        ("'50x' LIKE '50!%' ESCAPE '!'", "false"),
        ("'50x' NOT LIKE '50!%' ESCAPE '!'", "true"),
        ("'a\\b' LIKE 'a\\b'", "true"),
        ("'😀' LIKE '_'", "true"),
        ("CASE WHEN n > 5 THEN 'many' ELSE 'few' END", "many"),
        ("CASE WHEN n > 50 THEN 'many' END", None),
        ("CASE city WHEN 'vienna' THEN 'W' WHEN 'graz' THEN 'G' END", "W"),
        ("CAST('12' AS integer) + 1", "13"),
        ("'12'::integer::text || 'x'", "12x"),
        ("CAST(2.5 AS integer)", "3"),
        ("CAST(-2.5 AS integer)", "-3"),
        ("CAST('1.005' AS decimal(10, 2))", "1.01"),
        ("CAST('1.005' AS numeric(10, 2))", "1.01"),
        ("CAST('5' AS decimal(3))", "5"),
        ("CAST('1.5' AS decimal)", "1.5000000000"),
        ("CAST('0.1' AS float)", "0.1"),
        ("CAST('yes' AS boolean)", "true"),
        ("CAST('2024-02-29' AS date)", "2024-02-29"),
        ("CAST('2024-02-29 10:00' AS timestamp)", "2024-02-29 10:00:00"),
        ("CAST('13:45' AS time)", "13:45:00"),
        ("CAST('2024-02-29 10:00+02' AS instant)", "2024-02-29 08:00:00+00"),
        ("CAST(seen AS timestamp)", "2024-07-01 10:00:00"),
        ("CAST(seen AS date)", "2024-07-01"),
        ("TRY_CAST('x' AS integer)", None),
        ("TRY_CAST('2024-02-30' AS date)", None),
        ("DATE '2024-02-29'", "2024-02-29"),
        ("born + 1", "2024-03-01"),
        ("born - DATE '2024-02-01'", "28"),
        ("born + INTERVAL 1 YEAR", "2025-02-28 00:00:00"),
        ("born - INTERVAL '3' DAYS", "2024-02-26 00:00:00"),
        ("made + INTERVAL (n) HOUR", "2024-02-29 20:45:00"),
        ("CAST(born + INTERVAL 2 WEEK AS date)", "2024-03-14"),
        ("EXTRACT(year FROM born)", "2024"),
        ("date_part('epoch', seen)", "1719828000.0"),
        ("seen AT TIME ZONE 'Europe/Vienna'", "2024-07-01 12:00:00"),
        ("made AT TIME ZONE 'Europe/Vienna'", "2024-02-29 12:45:00+00"),
        ("strftime(seen, '%H:%M')", "10:00"),
        ("trim(BOTH '.' FROM '..a..')", "a"),
        ("trim(LEADING '.' FROM '..a..')", "a.."),
        ("trim(TRAILING '.' FROM '..a..')", "..a"),
        ("substring('Vienna' FROM 2 FOR 3)", "ien"),
        ("position('n' IN city)", "4"),
        ("ceiling(1.2)", "2"),
        ("UPPER(city)", "VIENNA"),
        ("concat(n, born, active)", "72024-02-29true"),
        ("repeat('ab', n)", "ababababababab"),
        ("repeat('a', NULL)", None),
        ("lpad('1', n, '0')", "0000001"),
        ("length(repeat('a', 20000))", "10000"),
        ("length(lpad('a', 20000, 'x'))", "10000"),
        ("format_number(price, 2)", "12.35"),
        ("format_number(ratio, 0)", "3"),
        ("format_number(99999999999999999.99, 1)", "100000000000000000.0"),
        ("NULL", None),
        ("clock", "13:45:00"),
    ],
)
def test_an_expression_gives_the_documented_value(text: str, expected: str | None) -> None:
    assert value(text) == expected


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)
def test_the_example_of_every_function_gives_the_stated_result(function: Function) -> None:
    given = value(function.example)
    assert ("null" if given is None else given) == function.result
    assert f"{function.name}(" in function.example
    assert function.signature.startswith(f"{function.name}(")


def test_the_documentation_lists_every_function_with_its_example() -> None:
    text = documentation()
    for function in FUNCTIONS.values():
        assert f"| `{function.signature.replace('|', chr(92) + '|')}` |" in text
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == len(FUNCTIONS)
    assert all(line.replace("\\|", "").count("|") == 5 for line in rows)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Name", FieldType.TEXT),
        ("n", FieldType.INTEGER),
        ("n * 2 + length(Name)", FieldType.INTEGER),
        ("price * 2", FieldType.DECIMAL),
        ("n / 2", FieldType.FLOAT),
        ("active AND n > 1", FieldType.BOOLEAN),
        ("last_day(born)", FieldType.DATE),
        ("clock", FieldType.TIME),
        ("born + INTERVAL 1 DAY", FieldType.TIMESTAMP),
        ("seen", FieldType.INSTANT),
        ("strptime(Name, '%Y %z')", FieldType.INSTANT),
        ("photo", FieldType.BINARY),
        ("coalesce(NULL, NULL)", None),
    ],
)
def test_the_type_of_the_result_is_known(text: str, expected: FieldType | None) -> None:
    assert compile_scalar(text, FIELDS).type is expected


def test_the_fields_that_are_read_are_known_by_their_exact_names() -> None:
    compiled = compile_scalar("upper(NAME) || \"City\" || 'n'", FIELDS)
    assert compiled.fields == {"Name", "city"}
    assert compiled.text == "upper(NAME) || \"City\" || 'n'"
    assert not compiled.is_constant
    assert compile_scalar("1 + 1", FIELDS).is_constant


def test_an_exact_name_wins_over_one_in_other_letter_case() -> None:
    fields = {"id": FieldType.TEXT, "ID": FieldType.INTEGER, "Id": FieldType.DATE}
    assert compile_scalar("ID", fields).fields == {"ID"}
    assert compile_scalar('"Id"', fields).type is FieldType.DATE
    with pytest.raises(ExpressionError) as caught:
        compile_scalar("iD", fields)
    assert "may mean" in caught.value.problem


@pytest.mark.parametrize(
    ("text", "words", "position"),
    [
        ("nmae", ["'nmae'", "did you mean"], None),
        ("upper(citi)", ["'citi'", "'city'"], 6),
        ('Name || "double"', ["'double'", "single quotes"], 8),
        ("uper(Name)", ["uper()", "upper()"], 0),
        ("left(Name)", ["left(text, count)"], 0),
        ("n + Name", ["+", "integer", "text", "CAST"], None),
        ("upper(n)", ["upper", "integer", "CAST"], None),
        ("abs('x')", ["abs", "text", "CAST"], None),
        ("left(Name, INTERVAL 1 DAY)", ["left", "text", "time span", "CAST"], None),
        ("price + born", ["+", "decimal", "date", "CAST"], None),
        ("+", ["not one complete expression"], None),
        ("substring(Name)", ["substring(text, start [, length])"], None),
        ("price // 2", ["//", "trunc"], None),
        ("born > n", ["date", "integer"], None),
        ("made - made", ["time span"], None),
        ("1 // 0", ["zero"], None),
        ("CAST('abc' AS integer)", ["abc", "integer"], None),
        ("regexp_matches(Name, '(')", ["pattern '('"], None),
        ("strftime(born, '%Q')", ["date format '%Q'"], None),
        ("seen AT TIME ZONE 'Atlantis/Deep'", ["time zone 'Atlantis/Deep'"], None),
        ("Name.city", ["dot", "double quotes"], None),
        ("(Name", ["closing bracket"], 5),
        ("Name)", ["closing bracket"], 4),
        ("Name ; city", ["';'"], 5),
        ("Name city", ["'city'"], 5),
        ("n ** 2", ["power"], 2),
    ],
)
def test_a_wrong_expression_is_explained(text: str, words: list[str], position: int | None) -> None:
    fields = {**FIELDS, "name": FieldType.TEXT} if text == "nmae" else FIELDS
    place = Place(endpoint="CRM", structure="Customer", field="Name")
    with pytest.raises(ExpressionError) as caught:
        compile_scalar(text, fields, place=place, path="configuration.entity.field.to_b")
    problem = caught.value.problem
    assert [word for word in words if word not in problem] == []
    assert not problem.endswith(".")
    assert not [jargon for jargon in ("Binder", "VARCHAR", "BIGINT", "LINE 1", "candidate") if jargon in problem]
    assert (caught.value.place, caught.value.expression) == (place, text)
    assert caught.value.path == "configuration.entity.field.to_b"
    if position is not None:
        assert caught.value.position == position


@pytest.mark.parametrize(
    "text", ["n > 1", "active", "Name LIKE 'x%' OR empty IS NULL", "true", "coalesce(active, false)"]
)
def test_a_condition_is_true_or_false(text: str) -> None:
    assert compile_condition(text, FIELDS).type is FieldType.BOOLEAN


@pytest.mark.parametrize("text", ["n", "Name", "NULL", "1", "'true'", "born"])
def test_what_is_not_true_or_false_is_no_condition(text: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_condition(text, FIELDS)
    assert "condition" in caught.value.problem


def test_samples_say_for_each_record_what_comes_out_or_why_not() -> None:
    records = pa.table({"n": pa.array([2, 0, None, 4], pa.int64()), "Name": ["12", "x", None, "7"]})
    assert evaluate_samples(compile_scalar("8 // n", FIELDS), records) == [
        Sample("4"),
        Sample(None, "it divides by zero"),
        Sample(None),
        Sample("2"),
    ]
    by_number = evaluate_samples(compile_scalar("CAST(Name AS integer)", FIELDS), records)
    assert [sample.text for sample in by_number] == ["12", None, None, "7"]
    assert [sample.problem for sample in by_number] == [None, "'x' cannot be made integer", None, None]


def test_samples_are_of_the_first_hundred_records_only() -> None:
    records = pa.table({"n": pa.array(range(250), pa.int64())})
    samples = evaluate_samples(compile_scalar("n + 1", FIELDS), records)
    assert [sample.text for sample in samples] == [str(number + 1) for number in range(100)]
    assert evaluate_samples(compile_scalar("'x'", FIELDS), records.slice(0, 3)) == [Sample("x")] * 3
    assert evaluate_samples(compile_scalar("n", FIELDS), records.slice(0, 0)) == []


def test_samples_of_columns_of_another_type_are_refused_with_a_sentence() -> None:
    with pytest.raises(ExpressionError):
        evaluate_samples(compile_scalar("n + 1", FIELDS), pa.table({"n": ["text"]}))


def test_a_product_of_wide_decimals_is_refused_before_the_run() -> None:
    compiled = compile_scalar("price * price", FIELDS)
    assert check_columns(compiled, {"price": "DECIMAL(18,2)", "n": "BIGINT"}) == "DECIMAL(18,4)"
    with pytest.raises(ExpressionError) as caught:
        check_columns(compiled, {"price": "DECIMAL(38,20)"})
    assert "38 digits" in caught.value.problem
