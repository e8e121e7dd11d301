"""Numbers, bytes and dates between two databases: created, updated, deleted and brought back as what they are."""

from __future__ import annotations

from desktop_sync.core.configuration import Direction, FieldMapping, SyncConfiguration
from desktop_sync.core.run import Outcome
from tests.support.worlds import World, WorldMaker

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
