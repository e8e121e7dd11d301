"""Random expressions: what is accepted is made of the allow list alone, whatever was written."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_sync.core.errors import ExpressionError
from desktop_sync.core.structure import FieldType
from desktop_sync.engine.expression import FUNCTIONS, SESSION_SETTINGS, Compiled, compile_scalar, evaluate_samples
from desktop_sync.engine.expression.binding import session
from desktop_sync.engine.expression.compiled import FieldUse
from desktop_sync.engine.expression.reading import read
from desktop_sync.engine.expression.source import Source
from desktop_sync.engine.expression.translation import Translation, translate

FIELDS = {
    "a": FieldType.TEXT,
    "b c": FieldType.TEXT,
    'q"; --': FieldType.TEXT,
    "n": FieldType.INTEGER,
    "d": FieldType.DECIMAL,
    "f": FieldType.FLOAT,
    "t": FieldType.BOOLEAN,
    "day": FieldType.DATE,
    "at": FieldType.TIMESTAMP,
}
COLUMNS = {name: f"column_{number}" for number, name in enumerate(FIELDS)}

# What DuckDB's own parser may find in the SQL of an accepted expression.
CLASSES = {
    "FUNCTION", "OPERATOR", "CAST", "CONSTANT", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CASE", "BETWEEN", "TYPE",
}  # fmt: skip
OPERATORS = {
    "OPERATOR_CAST", "OPERATOR_NOT", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL", "OPERATOR_COALESCE", "OPERATOR_NULLIF",
    "COMPARE_IN", "COMPARE_NOT_IN", "OPERATOR_TRY",
}  # fmt: skip
SYMBOLS = {"+", "-", "*", "/", "//", "%", "||", "~~", "timezone", "list_value"}
CALLED = {name for function in FUNCTIONS.values() for sql in function.sql for name in re.findall(r"(\w+)\(", sql)}
SPANS = {f"to_{unit}" for unit in ("years", "months", "weeks", "days", "hours", "minutes", "seconds")}
ALLOWED_FUNCTIONS = SYMBOLS | SPANS | CALLED - {"CAST", "DECIMAL"} | set(FUNCTIONS) - {"nfc", "format_number"}


def sql_of(translation: Translation) -> str:
    return "".join(COLUMNS[part.name] if isinstance(part, FieldUse) else part for part in translation.parts)


def translated(text: str) -> Translation | None:
    source = Source(text)
    try:
        return translate(source, read(source), FIELDS)
    except ExpressionError:
        return None


def parsed_by_duckdb(sql: str) -> list[object]:
    cursor = session()
    try:
        row = cursor.execute("SELECT json_serialize_sql(?)", [f"SELECT TRY([{sql}]) AS w FROM batch"]).fetchone()
    finally:
        cursor.close()
    assert row is not None
    document = json.loads(row[0])
    assert document["error"] is False, sql
    assert len(document["statements"]) == 1
    return list(document["statements"][0]["node"]["select_list"])


def nodes(tree: object) -> Iterator[dict[str, object]]:
    if isinstance(tree, dict):
        if "class" in tree:
            yield tree
        for value in tree.values():
            yield from nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from nodes(value)


def assert_made_of_the_allow_list(sql: str) -> None:
    select_list = parsed_by_duckdb(sql)
    assert len(select_list) == 1
    for node in nodes(select_list):
        assert node["class"] in CLASSES, sql
        if node["class"] == "FUNCTION":
            assert node["function_name"] in ALLOWED_FUNCTIONS, (node["function_name"], sql)
            assert not node.get("schema")
        if node["class"] == "OPERATOR":
            assert node["type"] in OPERATORS, (node["type"], sql)
        if node["class"] == "COLUMN_REF":
            assert node["column_names"] in [[column] for column in COLUMNS.values()], sql


DIRECTIONAL = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
FIELD = st.sampled_from(
    [*('"' + name.replace('"', '""') + '"' for name in FIELDS), "a", "n", "d", "f", "t", "day", "at"]
)
LITERAL = st.one_of(
    TEXTS.map(lambda text: "'" + text.replace("'", "''") + "'"),
    st.integers(-(10**20), 10**20).map(str),
    st.decimals(-1000, 1000, places=3).map(str),
    st.sampled_from(["NULL", "TRUE", "FALSE", "DATE '2024-02-29'", "TIMESTAMP '2024-02-29 13:45:10'", "1e5"]),
)
TYPES = ["text", "integer", "decimal(12, 3)", "float", "boolean", "date", "time", "timestamp", "instant"]
CONSTANTS = ["'%Y-%m-%d'", "'day'", "'[a-z]+'", "'g'", "1", "2", "','", "'a%_'"]


def compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = ["+", "-", "*", "/", "//", "%", "||", "=", "<>", "<", ">=", "AND", "OR", "IS DISTINCT FROM"]
    argument = st.one_of(inner, st.sampled_from(CONSTANTS))
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(binary), inner),
        st.builds("{} {} {}".format, inner, st.sampled_from(binary), inner),
        st.builds("{}({})".format, st.sampled_from(sorted(FUNCTIONS)), st.lists(argument, max_size=4).map(", ".join)),
        st.builds("CAST({} AS {})".format, inner, st.sampled_from(TYPES)),
        st.builds("TRY_CAST({} AS {})".format, inner, st.sampled_from(TYPES)),
        st.builds("CASE WHEN {} THEN {} ELSE {} END".format, inner, inner, inner),
        st.builds("({} IS NULL)".format, inner),
        st.builds("(NOT {})".format, inner),
        st.builds("(- {})".format, inner),
        st.builds("({} IN ({}, {}))".format, inner, inner, inner),
        st.builds("({} BETWEEN {} AND {})".format, inner, inner, inner),
        st.builds("({} LIKE {})".format, inner, st.sampled_from(["'a%'", "'_b'", "'%c%'"])),
        st.builds("({} + INTERVAL {} DAY)".format, inner, st.integers(0, 99).map(str)),
        st.builds("({} AT TIME ZONE 'UTC')".format, inner),
    )


EXPRESSION = st.recursive(st.one_of(FIELD, LITERAL), compound, max_leaves=12)


@pytest.mark.scenario("X7")
@settings(max_examples=400, deadline=None)
@given(EXPRESSION)
def test_an_accepted_expression_is_made_of_the_allow_list_alone(text: str) -> None:
    translation = translated(text)
    if translation is not None:
        assert_made_of_the_allow_list(sql_of(translation))
        assert translation.fields <= FIELDS.keys()


RECORDS = pa.table(
    {
        "a": ["x", "", None, "12"],
        "b c": ["2024-02-29", None, "é", "-1"],
        'q"; --': ["'", '"', "\\", "%"],
        "n": pa.array([0, -1, 2**63 - 1, None], pa.int64()),
        "d": pa.array([Decimal(0), Decimal("1.5"), None, Decimal(-1)], pa.decimal128(18, 6)),
        "f": [0.0, -1.5, 1e308, None],
        "t": [True, False, None, True],
        "day": pa.array([0, 19_000, None, -1_000_000], pa.date32()),
        "at": pa.array([0, 10**15, None, -(10**16)], pa.timestamp("us")),
    }
)


@settings(max_examples=300, deadline=None)
@given(EXPRESSION)
def test_an_expression_that_compiles_gives_a_value_or_a_problem_for_every_record(text: str) -> None:
    try:
        compiled = compile_scalar(text, FIELDS)
    except ExpressionError:
        return
    samples = evaluate_samples(compiled, RECORDS)
    assert len(samples) == 4
    assert all(sample.text is None or sample.problem is None for sample in samples)
    assert [sample.problem is not None for sample in samples] == failures_in_a_stored_table(compiled)


def failures_in_a_stored_table(compiled: Compiled) -> list[bool]:
    """Which records fail when the values lie in a table of DuckDB's own, whose scans are optimized differently."""
    connection = duckdb.connect(":memory:", config={"threads": "1"})
    try:
        for statement in SESSION_SETTINGS:
            connection.execute(statement)
        connection.register("records", RECORDS.rename_columns(list(COLUMNS.values())))
        connection.execute("CREATE TABLE batch AS SELECT * FROM records")
        wrapped = compiled.wrapped_sql(COLUMNS.__getitem__)
        both = f"{compiled.failed_sql('w')}, {compiled.value_sql('w')} IS NULL"
        query = f"SELECT {both} FROM (SELECT {wrapped} AS w FROM batch)"
        return [bool(row[0]) for row in connection.execute(query).fetchall()]
    finally:
        connection.close()


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_is_refused_with_a_sentence(text: str) -> None:
    translation = translated(text)
    if translation is not None:
        assert_made_of_the_allow_list(sql_of(translation))


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40), TEXTS)
def test_a_name_and_a_text_of_any_characters_round_trip(name: str, text: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    literal = "'" + text.replace("'", "''") + "'"
    if any(character in DIRECTIONAL for character in text):
        with pytest.raises(ExpressionError):
            compile_scalar(literal, {})
        literal, text = "'x'", "x"
    compiled = compile_scalar(f"concat({quoted}, {literal})", {name: FieldType.TEXT})
    (sample,) = evaluate_samples(compiled, pa.table([["value"]], names=[name]))
    assert sample.text == "value" + text


FRAGMENTS = [
    *(f"{name}(" for name in FUNCTIONS), "(", ")", "(", ")", ",", ",", " ", " + ", " || ", " AND ", " = ", "'x'", "'",
    '"a"', '"', "a", "n", "1", "NULL", "CASE WHEN ", " THEN ", " ELSE ", " END", "CAST(", " AS text)", "::date",
    " IN (", "read_text(", "SELECT ", "(SELECT 1)", " FROM t", "*", ".", ";", "--", "/*", "*/", "$1", "?", "[", "]",
    "{", "}", "getenv(", "count(", "x -> ", " OVER ()", "DISTINCT ", "ALL ", "COLLATE c", "INTERVAL 1 DAY", "EXISTS ",
    "ARRAY", "ROW(", "VALUES ", "COLUMNS(", "struct_pack(", "query(", "@", "#1", ":x", "\\", "\u202e", "now()",
    "current_date",
]  # fmt: skip


@pytest.mark.scenario("X7")
@pytest.mark.parametrize("seed", range(8))
def test_of_twenty_thousand_random_mixtures_none_reaches_beyond_the_allow_list(seed: int) -> None:
    chance = random.Random(seed)
    accepted = []
    for _ in range(2_500):
        if chance.random() < 0.5:
            text = "".join(chance.choices(FRAGMENTS, k=chance.randint(1, 12)))
        else:
            text = mixture(chance, 4)
        translation = translated(text)
        if translation is not None:
            accepted.append(sql_of(translation))
    assert len(accepted) > 100
    for sql in accepted:
        assert_made_of_the_allow_list(sql)


def mixture(chance: random.Random, depth: int) -> str:
    """A well-formed expression in which a part may be one that is not allowed."""
    if depth == 0 or chance.random() < 0.25:
        leaves = ["a", '"b c"', "n", "day", "1", "'x'", "NULL", "*", "$1", "(SELECT 1)", "t.a", "current_date"]
        return chance.choices(leaves, weights=[9, 9, 9, 9, 9, 9, 9, 1, 1, 1, 1, 1])[0]
    name = chance.choice([*FUNCTIONS, *FUNCTIONS, "read_text", "getenv", "sum", "list_transform", "query", "now"])
    function = FUNCTIONS.get(name)
    count = chance.randint(*function.arguments) if function and function.arguments[1] < 9 else chance.randint(1, 3)
    return f"{name}({', '.join(mixture(chance, depth - 1) for _ in range(count))})"
