"""SPEC §3: values on their way: directions, expressions, value maps, normal forms, null policies and types."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import Direction, Entity, FieldMapping, NullPolicy, PerSide, UnknownChoice
from desktop_sync.core.decision import Action
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Status
from tests.support.worlds import CITY, EMAIL, World, WorldMaker

CODE = FieldMapping("Code", "code", identifying=True)


def wares(world: WorldMaker, *fields: FieldMapping, a: str = "", b: str = "", b_is_table: bool = False) -> World:
    """Wares with a code and one more column or two."""
    entity = Entity("wares", PerSide("Ware", "wares"), (CODE, *fields), key=PerSide(("Code",), ("code",)))
    columns = f"code TEXT PRIMARY KEY, {b}" if b_is_table else f"code, {b}"
    return world(entity, a={"Ware": f"Code TEXT PRIMARY KEY, {a}"}, b={"wares": columns}, b_is_table=b_is_table)


@pytest.mark.scenario("D6")
def test_an_unmapped_edit_writes_nothing_and_unmapped_fields_stay(world: WorldMaker) -> None:
    w = world()
    w.put("a", Id=1, Email="ann@x.org", City="Wien", Note="mine")
    w.run()
    w.edit("b", 1, remark="theirs")
    w.edit("a", 1, Note="edited")
    w.assert_quiet()
    w.edit("a", 1, City="Graz")
    w.run()
    assert w.rows("b", "city", "remark") == [("Graz", "theirs")]
    w.edit("b", 1, city="Linz")
    w.run()
    assert w.rows("a", "City", "Note") == [("Linz", "edited")]


@pytest.mark.parametrize("direction", [Direction.A_TO_B, Direction.B_TO_A])
def test_a_field_of_one_direction_never_travels_the_other_way(world: WorldMaker, direction: Direction) -> None:
    w = world(fields=(EMAIL, replace(CITY, direction=direction)))
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("b", id="71", email="ann@x.org", city="Wien")
    w.run()
    forward = direction is Direction.A_TO_B
    if forward:
        w.edit("b", 71, city="Graz")
    else:
        w.edit("a", 1, City="Graz")
    w.run()
    assert w.rows("a", "City") == [("Wien",) if forward else ("Graz",)]
    w.assert_quiet()
    if forward:
        w.edit("a", 1, City="Linz")
    else:
        w.edit("b", 71, city="Linz")
    w.run()
    assert w.rows("a", "City") == w.rows("b", "city") == [("Linz",)]
    w.assert_quiet()


def test_expressions_travel_both_ways_and_a_second_run_writes_nothing(world: WorldMaker) -> None:
    phone = FieldMapping("Phone", "phone", to_b="replace(Phone, ' ', '')", to_a="'+' || phone")
    name = FieldMapping("", "name", to_b="First || ' ' || Last", direction=Direction.A_TO_B)
    w = wares(world, phone, name, a="Phone TEXT, First TEXT, Last TEXT", b="phone, name")
    w.put("a", Code="1", Phone="1 23 4", First="Ann", Last="Ax")
    w.run()
    assert w.rows("b", "phone", "name") == [("1234", "Ann Ax")]
    w.assert_quiet()
    w.edit("b", 1, phone="99")
    w.run()
    assert w.rows("a", "Phone") == [("+99",)]
    w.assert_quiet()
    w.edit("a", 1, Last="Bx")
    w.run()
    assert w.rows("b", "name") == [("Ann Bx",)]
    w.assert_quiet()


def test_an_expression_that_fails_for_one_record_makes_only_that_one_invalid(world: WorldMaker) -> None:
    price = FieldMapping("", "price", to_b="Total / Pieces", direction=Direction.A_TO_B)
    number = FieldMapping("", "number", to_b="CAST(Text AS INTEGER)", direction=Direction.A_TO_B)
    w = wares(world, price, number, a="Total NUMERIC, Pieces INTEGER, Text TEXT", b="price, number")
    w.put("a", Code="good", Total=9, Pieces=2, Text="7")
    w.put("a", Code="word", Total=9, Pieces=2, Text="seven")
    assert w.run().outcome is Outcome.PROBLEMS
    assert w.rows("b", "code") == [("good",)]
    bad = w.of("word")
    assert bad.status is Status.INVALID
    assert bad.last_error == "number: the expression CAST(Text AS INTEGER) cannot be computed for this record"
    w.assert_quiet()
    w.edit("a", "word", Text="8")
    w.run()
    assert w.of("word").status is Status.PROCESSED


def test_a_value_map_translates_both_ways(world: WorldMaker) -> None:
    state = FieldMapping("State", "state", value_map=(("NEW", "n"), ("DONE", "d")))
    w = wares(world, state, a="State TEXT", b="state")
    w.put("a", Code="1", State="NEW")
    w.put("b", code="2", state="d")
    w.put("a", Code="3", State=None)
    w.run()
    assert w.rows("a", "Code", "State") == [("1", "NEW"), ("2", "DONE"), ("3", None)]
    assert w.rows("b", "code", "state") == [("1", "n"), ("2", "d"), ("3", None)]
    w.assert_quiet()
    w.edit("b", 1, state="d")
    w.run()
    assert ("1", "DONE") in w.rows("a", "Code", "State")


@pytest.mark.parametrize(
    ("unknown", "written"),
    [(UnknownChoice.INVALID, None), (UnknownChoice.KEEP, "LOST"), (UnknownChoice.DEFAULT, "n")],
)
def test_a_choice_that_is_not_in_the_value_map_is_treated_as_chosen(
    world: WorldMaker, unknown: UnknownChoice, written: str | None
) -> None:
    state = FieldMapping(
        "State",
        "state",
        value_map=(("NEW", "n"), ("DONE", "d")),
        unknown_choice=unknown,
        default="n",
        direction=Direction.A_TO_B,
    )
    w = wares(world, state, a="State TEXT", b="state")
    w.put("a", Code="1", State="LOST")
    w.run()
    if written is None:
        assert w.statuses() == [Status.INVALID]
        assert w.of(1).last_error == 'state: "LOST" is not among the choices of the value map'
        assert w.rows("b") == []
    else:
        assert w.rows("b", "state") == [(written,)]
    w.assert_quiet()


@pytest.mark.parametrize(
    ("steps", "first", "same", "other"),
    [
        (("trim",), "Wien", " Wien\t", "wien"),
        (("lower",), "Wien", "WIEN", "Wien "),
        (("collapse-spaces",), "a b", " a   b ", "ab"),
        (("digits",), "12/34", "1-2-3-4", "1235"),
        (("no-accents",), "Ärger", "Arger", "Erger"),
        (("scale:1",), "1.25", "1.3", "1.2"),
    ],
)
def test_what_is_the_same_in_normal_form_is_no_change(
    world: WorldMaker, steps: tuple[str, ...], first: str, same: str, other: str
) -> None:
    w = wares(world, FieldMapping("Value", "value", normal_form=steps), a="Value TEXT", b="value")
    w.put("a", Code="1", Value=first)
    w.put("b", code="1", value=same)
    assert w.actions(w.run()) == {Action.LINK: 1}
    w.edit("a", 1, Value=same)
    w.assert_quiet()
    w.edit("b", 1, value=other)
    w.run()
    assert w.rows("a", "Value") == [(other,)]
    w.assert_quiet()


def test_times_are_compared_to_the_second_where_that_is_the_normal_form(world: WorldMaker) -> None:
    moment = FieldMapping("At", "at", normal_form=("seconds",))
    w = wares(world, moment, a="At TIMESTAMP", b="at TIMESTAMP", b_is_table=True)
    w.put("a", Code="1", At="2026-03-01 10:00:00.250")
    w.put("b", code="1", at="2026-03-01 10:00:00")
    assert w.actions(w.run()) == {Action.LINK: 1}
    w.edit("a", 1, At="2026-03-01 10:00:01.000")
    w.run()
    assert str(w.rows("b", "at")[0][0]).startswith("2026-03-01 10:00:01")
    w.assert_quiet()


def test_the_null_policy_write_empties_the_other_side(world: WorldMaker) -> None:
    w = world()
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.run()
    w.edit("a", 1, City=None)
    w.run()
    assert w.rows("b", "city") == [(None,)]
    w.assert_quiet()


@pytest.mark.parametrize("empty", [None, ""])
def test_the_null_policy_leave_keeps_what_the_other_side_has(world: WorldMaker, empty: str | None) -> None:
    w = world(fields=(EMAIL, replace(CITY, null=NullPolicy.LEAVE), FieldMapping("Note", "remark")))
    w.put("a", Id=1, Email="ann@x.org", City="Wien", Note="n")
    w.run()
    w.edit("a", 1, City=empty, Note="m")
    w.run()
    assert w.rows("b", "city", "remark") == [("Wien", "m")]
    w.assert_quiet()
    w.edit("a", 1, City="Graz")
    w.run()
    assert w.rows("b", "city") == [("Graz",)]
    w.assert_quiet()


@pytest.mark.parametrize("empty", [None, ""])
def test_the_null_policy_default_writes_the_default(world: WorldMaker, empty: str | None) -> None:
    w = world(fields=(EMAIL, replace(CITY, null=NullPolicy.DEFAULT, default="nowhere", direction=Direction.A_TO_B)))
    w.put("a", Id=1, Email="ann@x.org", City=empty)
    w.run()
    assert w.rows("b", "city") == [("nowhere",)]
    w.assert_quiet()
    w.edit("a", 1, City="Wien")
    w.run()
    assert w.rows("b", "city") == [("Wien",)]
    w.edit("a", 1, City=empty)
    w.run()
    assert w.rows("b", "city") == [("nowhere",)]
    w.assert_quiet()


def test_a_field_for_new_records_is_written_once_and_never_again(world: WorldMaker) -> None:
    w = world(fields=(EMAIL, CITY, FieldMapping("Note", "remark", only_new=True, default="fresh")))
    w.put("a", Id=1, Email="ann@x.org", City="Wien", Note="first")
    w.put("a", Id=2, Email="bob@x.org", City="Wien", Note=None)
    w.run()
    assert w.rows("b", "email", "remark") == [("ann@x.org", "first"), ("bob@x.org", "fresh")]
    w.edit("a", 1, Note="second")
    w.assert_quiet()
    w.edit("a", 1, City="Graz")
    w.run()
    assert ("ann@x.org", "Graz", "first") in w.rows("b", "email", "city", "remark")
    w.edit("b", 1, remark="own")
    w.assert_quiet()


def test_a_constant_fills_a_field_that_has_no_counterpart(world: WorldMaker) -> None:
    origin = FieldMapping("", "remark", to_b="'from the CRM'", direction=Direction.A_TO_B)
    w = world(fields=(EMAIL, CITY, origin))
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("b", id="71", email="bob@x.org", city="Graz")
    w.run()
    assert w.rows("b", "email", "remark") == [("ann@x.org", "from the CRM"), ("bob@x.org", None)]
    w.assert_quiet()
    w.edit("b", 71, city="Linz")
    w.run()
    w.assert_quiet()


def test_masked_values_are_in_no_message(world: WorldMaker) -> None:
    secret = FieldMapping("Amount", "amount", masked=True)
    w = wares(world, secret, a="Amount INTEGER", b="amount")
    w.put("b", code="1", amount="my secret")
    w.run()
    assert w.of(b_id=1).status is Status.INVALID
    assert "secret" not in w.of(b_id=1).last_error
    assert "amount" in w.of(b_id=1).last_error


# Types.


@pytest.mark.scenario("E3")
def test_numbers_keep_their_digits_between_typed_and_untyped_fields(world: WorldMaker) -> None:
    fields = (FieldMapping("Price", "price"), FieldMapping("Count", "count"), FieldMapping("Post", "post"))
    w = wares(world, *fields, a="Price DECIMAL(12,4), Count INTEGER, Post TEXT", b="price, count, post")
    w.put("a", Code="007", Price="10.5", Count=9007199254740993, Post="0123")
    w.put("b", code="0", price="1.2300", count="007", post="0099")
    w.run()
    assert w.rows("b", "code", "price", "count", "post") == [
        ("0", "1.2300", "007", "0099"),
        ("007", "10.5000", "9007199254740993", "0123"),  # with the decimals that the table declares
    ]
    [own, theirs] = sorted(w.rows("a", "Code", "Price", "Count", "Post"))
    assert (own[0], float(str(own[1])), own[2], own[3]) == ("0", 1.23, 7, "0099")
    assert theirs[0] == "007"
    w.assert_quiet()
    w.edit("b", "007", price="10.50")  # the same number
    w.assert_quiet()
    w.edit("b", "007", price="10.51", count="3")
    w.run()
    assert ("007", 10.51, 3) in w.rows("a", "Code", "Price", "Count")
    w.assert_quiet()


@pytest.mark.scenario("E3")
def test_text_that_looks_like_a_number_stays_text(world: WorldMaker) -> None:
    w = wares(world, FieldMapping("Value", "value"), a="Value TEXT", b="value")
    values = (
        "007",
        "7",
        "7.0",
        "1e3",
        "0x10",
        " 7",
        "NaN",
        "true",
        "2026-03-01",
        "null",
        "a,b",
        'say "x"',
        "two\nlines",
    )
    for number, value in enumerate(values):
        w.put("a", Code=f"c{number:02}", Value=value)
    w.run()
    assert {row[0] for row in w.rows("b", "value")} == set(values)
    w.assert_quiet()
    for number, value in enumerate(values):
        w.edit("b", f"c{number:02}", value=value + "!")
    w.run()
    assert {row[0] for row in w.rows("a", "Value")} == {value + "!" for value in values}
    w.assert_quiet()


@pytest.mark.scenario("E2")
def test_dates_and_times_keep_their_meaning_between_table_and_text(world: WorldMaker) -> None:
    fields = (FieldMapping("Day", "day"), FieldMapping("At", "at"), FieldMapping("Yes", "yes"))
    w = wares(world, *fields, a="Day DATE, At TIMESTAMP, Yes BOOLEAN", b="day, at, yes")
    w.put("a", Code="1", Day="2026-03-01", At="2026-03-01 10:00:00.125", Yes=1)
    w.put("b", code="2", day="2026-03-02", at="2026-03-02T11:00:00", yes="false")
    w.run()
    assert ("1", "2026-03-01", "true") in w.rows("b", "code", "day", "yes")
    assert str(w.record("b", 1)["at"]).startswith("2026-03-01 10:00:00.125")  # type: ignore[index]
    assert w.record("a", 2)["Day"] == "2026-03-02"  # type: ignore[index]
    assert w.record("a", 2)["Yes"] == 0  # type: ignore[index]
    w.assert_quiet()
    w.edit("b", 1, at="2026-03-01T10:00:00.125")  # the same moment in another spelling
    w.assert_quiet()
    w.edit("b", 1, day="2026-02-30")
    w.run()
    assert w.of(1).status is Status.INVALID
    assert w.of(1).last_error == 'day: "2026-02-30" is not a date'
    assert w.record("a", 1)["Day"] == "2026-03-01"  # type: ignore[index]
    w.assert_quiet()


@pytest.mark.scenario("E1")
def test_empty_and_null_count_as_the_same_unless_told_otherwise(world: WorldMaker) -> None:
    for steps, expected in (((), {}), (("empty-is-empty",), {Action.UPDATE_B: 1})):
        w = wares(world, FieldMapping("V", "v", normal_form=steps), a="V TEXT", b="v TEXT", b_is_table=True)
        w.put("a", Code="1", V=None)
        w.put("b", code="1", v=None)
        w.run()
        w.edit("a", 1, V="")
        assert w.actions(w.run()) == expected
        w.assert_quiet()


@pytest.mark.scenario("E8")
def test_a_value_that_does_not_fit_makes_only_its_record_invalid(world: WorldMaker) -> None:
    w = wares(world, FieldMapping("N", "n"), a="N INTEGER", b="n")
    for code, number in (("1", "5"), ("2", "five"), ("3", "5.5"), ("4", "99999999999999999999"), ("5", None)):
        w.put("b", code=code, n=number)
    w.run()
    assert {one.b_id: one.status for one in w.records()} == {
        "1": Status.PROCESSED,
        "2": Status.INVALID,
        "3": Status.INVALID,
        "4": Status.INVALID,
        "5": Status.PROCESSED,
    }
    assert w.of(b_id=2).last_error == 'n: "five" is not a whole number of 64 bits'
    assert w.rows("a", "Code", "N") == [("1", 5), ("5", None)]
    w.assert_quiet()
