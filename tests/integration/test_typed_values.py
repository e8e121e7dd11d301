"""Numbers, bytes and dates between two databases: created, updated, deleted and brought back as what they are."""

from __future__ import annotations

import pytest

from desktop_sync.core.configuration import Direction, FieldMapping, SyncConfiguration
from desktop_sync.core.decision import Action
from desktop_sync.core.plan import Mode
from desktop_sync.core.run import Outcome
from tests.support.worlds import EMAIL, NAME, World, WorldMaker, person_entity

A = {"Person": "Id INTEGER PRIMARY KEY, Email TEXT, Age INTEGER, Weight REAL, Born DATE, Photo BLOB, Score INTEGER"}
B = {
    "people": "id INTEGER PRIMARY KEY, email TEXT, age INTEGER, weight REAL, born DATE, photo BLOB, "
    "score INTEGER DEFAULT 5, hidden INTEGER DEFAULT 17"
}
FIELDS = (
    FieldMapping("Email", "email", identifying=True),
    FieldMapping("Age", "age"),
    FieldMapping("Weight", "weight"),
    FieldMapping("Born", "born"),
    FieldMapping("Photo", "photo"),
    FieldMapping("Score", "score", Direction.B_TO_A),
)
NAMES = ("email", "age", "weight", "born", "photo", "score")
FIRST = ("p1", 41, 72.5, "1980-02-29", b"\x00\xff", 5)


def both(world: World) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """What both sides hold, in the mapped fields."""
    return world.rows("a", *(name.capitalize() for name in NAMES)), world.rows("b", *NAMES)


def typed(world: WorldMaker) -> World:
    one = world(a=A, b=B, b_is_table=True, fields=FIELDS)
    assert isinstance(one.configuration, SyncConfiguration)
    one.put("a", Id=1, Email="p1", Age=41, Weight=72.5, Born="1980-02-29", Photo=b"\x00\xff", Score=9)
    assert one.run().outcome is Outcome.DONE
    assert one.run().outcome is Outcome.DONE
    return one


def test_a_created_record_has_the_same_values_and_the_other_sides_default(world: WorldMaker) -> None:
    one = typed(world)
    mine, other = both(one)
    assert other == [FIRST]
    assert mine[0][:5] == FIRST[:5]
    one.assert_quiet()


def test_a_changed_number_travels_and_nothing_else_is_touched(world: WorldMaker) -> None:
    one = typed(world)
    one.edit("a", 1, Age=None, Weight=-0.125)
    assert one.run().outcome is Outcome.DONE
    assert both(one)[1] == [("p1", None, -0.125, "1980-02-29", b"\x00\xff", 5)]
    one.edit("b", 1, score=7, photo=b"")
    assert one.run().outcome is Outcome.DONE
    assert one.rows("a", "Score", "Photo", "Age") == [(7, b"", None)]
    one.assert_quiet()


def test_a_deleted_record_comes_back_with_every_value_of_it(world: WorldMaker) -> None:
    one = typed(world)
    one.edit("b", 1, hidden=23)
    before = one.rows("b")
    one.delete("a", 1)
    run = one.run()
    assert one.rows("b") == []
    assert one.app.undo.undo(run.run_id or 0).outcome is Outcome.DONE
    assert one.rows("b") == before


def test_an_update_that_is_undone_restores_the_number_that_stood_there(world: WorldMaker) -> None:
    one = typed(world)
    one.edit("a", 1, Age=42, Weight=1e300, Born="2000-01-01")
    run = one.run()
    assert one.rows("b", "age", "weight", "born") == [(42, 1e300, "2000-01-01")]
    assert one.app.undo.undo(run.run_id or 0).outcome is Outcome.DONE
    assert both(one)[1] == [FIRST]


ALIKE = (
    " INTEGER PRIMARY KEY, key TEXT, text TEXT, number INTEGER, share REAL, price DECIMAL(12, 2), is_on BOOLEAN, "
    "day DATE, moment TIMESTAMP, bytes BLOB"
)
PLAIN = ("text", "number", "share", "price", "is_on", "day", "moment", "bytes")
HARD: tuple[tuple[object, ...], ...] = (
    (None, None, None, None, None, None, None, None),
    ("", 0, -0.0, 0, 0, "0001-01-01", "0001-01-01 00:00:00", b""),
    (
        "  é \u0065\u0301 \x1d\x1e\x1f \u212b\n",
        -(2**63),
        5e-324,
        -0.01,
        1,
        "9999-12-31",
        "1999-12-31 23:59:59.000001",
        b"\0",
    ),
    ("0", 2**63 - 1, 1e308, 1234567.5, 1, "2000-02-29", "2024-06-30 12:00:00.5", b"\xff" * 40),
    ("007 ", 7, 0.1, 1e-9, 0, "1969-12-31", "1969-12-31 23:59:59", "é".encode()),
    ("\U0001f469\u200d\U0001f52c", -1, 1 / 3, 99999999.99, 1, "2024-1-2", "2024-06-30T12:00:00", b"text"),
)


def test_values_that_travel_as_they_are_have_the_digest_foretold_that_reading_them_gives(world: WorldMaker) -> None:
    fields = [FieldMapping("key", "key", identifying=True), *(FieldMapping(name, name) for name in PLAIN)]
    one = world(a={"Person": f"Id{ALIKE}"}, b={"people": f"id{ALIKE}"}, b_is_table=True, fields=fields)
    for number, values in enumerate(HARD, start=1):
        one.put("a", Id=number, key=f"k{number}", **dict(zip(PLAIN, values, strict=True)))
    assert one.actions(one.run()) == {Action.CREATE_B: len(HARD)}
    one.assert_quiet()
    for number, values in enumerate(HARD, start=1):  # each record takes the values of the one before it
        one.edit("b", number % len(HARD) + 1, **dict(zip(PLAIN, values, strict=True)))
    assert one.actions(one.run()) == {Action.UPDATE_A: len(HARD)}
    one.assert_quiet()


def test_a_digest_is_measured_where_the_sides_do_not_send_each_other_the_same(world: WorldMaker) -> None:
    fields = [
        FieldMapping("key", "key", identifying=True),
        FieldMapping("text", "text", to_b="upper(text)", to_a="lower(text)"),
        FieldMapping("number", "number", Direction.A_TO_B),
        FieldMapping("share", "share"),
    ]
    one = world(a={"Person": f"Id{ALIKE}"}, b={"people": f"id{ALIKE}"}, b_is_table=True, fields=fields)
    one.put("a", Id=1, key="k1", text="abc", number=3, share=0.5)
    assert one.actions(one.run()) == {Action.CREATE_B: 1}
    one.assert_quiet()
    one.edit("b", 1, share=0.25)
    assert one.actions(one.run()) == {Action.UPDATE_A: 1}
    one.assert_quiet()


def test_computed_numbers_are_decimals_without_their_rounding_errors(world: WorldMaker) -> None:
    one = world(
        a={"Person": "Id INTEGER PRIMARY KEY, Email TEXT, Total DECIMAL(10,2), Share REAL"},
        b={"people": "id INTEGER PRIMARY KEY, email TEXT, total DECIMAL(10,2), share DECIMAL(10,2)"},
        b_is_table=True,
        fields=(EMAIL, FieldMapping("Total", "total"), FieldMapping("Share", "share")),
    )
    one.put("a", Id=1, Email="p1", Total=0.1 + 0.2, Share=0.1 + 0.2)
    one.put("a", Id=2, Email="p2", Total=16384.129999999997, Share=1 / 3)
    assert one.run().outcome is Outcome.DONE
    assert one.rows("b", "email", "total", "share") == [("p1", 0.3, 0.3), ("p2", 16384.13, 0.333333333)]
    one.assert_quiet()
    one.edit("b", 1, total=7)
    assert one.run().outcome is Outcome.DONE
    assert one.rows("a", "Id", "Total") == [(1, 7), (2, 16384.129999999997)]  # the other record was not touched
    one.assert_quiet()
    assert one.app.verification.verify(NAME).entities[0].different == 0


@pytest.mark.scenario("E3")
@pytest.mark.parametrize(
    ("declared", "keys"),
    [("BLOB", (b"\x01\xff", b"a'b", b"plain")), ("BOOLEAN", (0, 1)), ("REAL", (0.5, 1e300)), ("DATE", ("2024-02-29",))],
)
def test_records_are_the_same_ones_whatever_type_their_key_has(
    world: WorldMaker, declared: str, keys: tuple[object, ...]
) -> None:
    one = world(
        a={"Person": f"Id {declared} PRIMARY KEY, Email TEXT, City TEXT"},
        b={"people": f"id {declared} PRIMARY KEY, email TEXT, city TEXT"},
        b_is_table=True,
        fields=(EMAIL, FieldMapping("Id", "id"), FieldMapping("City", "city")),
    )
    for number, key in enumerate(keys):
        one.put("a", Id=key, Email=f"p{number}", City="Wien")
    assert one.actions(one.run()) == {Action.CREATE_B: len(keys)}
    for key in keys:
        one.edit("a", key, City="Graz")
    assert one.actions(one.run(mode=Mode.FULL)) == {Action.UPDATE_B: len(keys)}
    assert set(one.rows("b", "city")) == {("Graz",)}
    one.edit("b", keys[0], city="Linz")
    assert one.actions(one.run(mode=Mode.INCREMENTAL)) == {Action.UPDATE_A: 1}
    one.delete("b", keys[0])
    assert one.actions(one.run()) == {Action.DELETE_A: 1}
    assert len(one.rows("a")) == len(keys) - 1
    one.assert_quiet()


@pytest.mark.scenario("E3")
@pytest.mark.parametrize("declared", ["Id", "Id TEXT PRIMARY KEY"])
def test_a_record_whose_key_is_not_stored_as_text_is_changed_and_not_made_twice(
    world: WorldMaker, declared: str
) -> None:
    one = world(
        person_entity(),
        a={"Person": f"{declared}, Email TEXT, City TEXT"},
        b={"people": "id INTEGER PRIMARY KEY, email TEXT, city TEXT"},
        b_is_table=True,
    )
    for number, key in enumerate((1, b"2", "3", 4.5)):
        one.put("a", Id=key, Email=f"p{number}", City="Wien")
    assert one.actions(one.run()) == {Action.CREATE_B: 4}
    before = one.rows("a", "Id")
    for number in range(1, 5):
        one.edit("b", number, city="Graz")
    assert one.actions(one.run(mode=Mode.FULL)) == {Action.UPDATE_A: 4}
    assert one.rows("a", "Id") == before
    assert one.rows("a", "City") == [("Graz",)] * 4
    one.delete("b", 2)
    assert one.actions(one.run()) == {Action.DELETE_A: 1}
    assert one.rows("a", "Id") == [row for row in before if row != (b"2",)]
    one.assert_quiet()
