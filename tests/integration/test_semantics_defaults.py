"""SPEC §3 and §5: constants, defaults beside a table of choices, and records that have no stamp."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from desktop_sync.core.configuration import Entity, FieldMapping, NullPolicy, PerSide, UnknownChoice
from desktop_sync.core.decision import Action
from desktop_sync.core.plan import Mode, Range
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Status
from tests.support.worlds import World, WorldMaker

CODE = FieldMapping("Code", "code", identifying=True)
CHOICES = (("NEW", "n"), ("DONE", "d"))


def wares(world: WorldMaker, *fields: FieldMapping, modified: PerSide[str] | None = None) -> World:
    entity = Entity(
        "wares",
        PerSide("Ware", "wares"),
        (CODE, *fields),
        key=PerSide(("Code",), ("code",)),
        modified=modified or PerSide("", ""),
    )
    a, b = "Code TEXT PRIMARY KEY, State TEXT, Changed TEXT", "code TEXT PRIMARY KEY, state TEXT, changed TEXT"
    return world(entity, a={"Ware": a}, b={"wares": b}, b_is_table=True)


def test_a_default_without_a_field_to_take_it_from_is_a_constant(world: WorldMaker) -> None:
    w = wares(world, FieldMapping("", "state", default="it's the CRM's"))
    w.put("a", Code="1")
    assert w.run().outcome is Outcome.DONE
    assert w.rows("b", "code", "state") == [("1", "it's the CRM's")]
    w.assert_quiet()


def test_a_constant_for_new_records_leaves_those_that_are_there_alone(world: WorldMaker) -> None:
    w = wares(world, FieldMapping("State", "", default="imported", only_new=True))
    w.put("a", Code="old", State="mine")
    for code in ("old", "new"):
        w.put("b", code=code)
    w.run()
    assert w.rows("a", "Code", "State") == [("new", "imported"), ("old", "mine")]
    w.assert_quiet()
    w.edit("a", "new", State="edited")
    w.assert_quiet()


@pytest.mark.parametrize("default", ["n", "NEW"])
@pytest.mark.parametrize("by", ["unknown", "empty", "only new"])
def test_a_default_beside_a_table_of_choices_is_the_receiving_sides_choice(
    world: WorldMaker, default: str, by: str
) -> None:
    unknown = UnknownChoice.DEFAULT if by == "unknown" else UnknownChoice.INVALID
    null = NullPolicy.DEFAULT if by == "empty" else NullPolicy.WRITE
    given = None if by != "unknown" else "?"
    state = FieldMapping(
        "State",
        "state",
        value_map=CHOICES,
        unknown_choice=unknown,
        null=null,
        default=default,
        only_new=by == "only new",
    )
    w = wares(world, state)
    w.put("a", Code="1", State=given)
    w.put("b", code="2", state=given)
    assert w.run().outcome is Outcome.DONE
    assert ("2", "NEW") in w.rows("a", "Code", "State")
    assert ("1", "n") in w.rows("b", "code", "state")
    assert w.assert_quiet().outcome is Outcome.DONE


def test_an_incremental_run_finds_records_without_a_stamp(world: WorldMaker) -> None:
    w = wares(world, FieldMapping("State", "state"), modified=PerSide("Changed", "changed"))
    w.put("a", Code="1", State="one", Changed="2026-01-01 00:00:00")
    w.run(mode=Mode.INCREMENTAL)
    w.put("a", Code="2", State="two")
    w.edit("a", "1", State="edited", Changed=None)
    assert w.actions(w.run(mode=Mode.INCREMENTAL)) == {Action.CREATE_B: 1, Action.UPDATE_B: 1}
    assert w.rows("b", "code", "state") == [("1", "edited"), ("2", "two")]
    w.assert_quiet(mode=Mode.INCREMENTAL)


def test_a_range_of_dates_has_no_records_without_a_stamp(world: WorldMaker) -> None:
    w = wares(world, FieldMapping("State", "state"), modified=PerSide("Changed", "changed"))
    w.put("a", Code="1", State="one", Changed="2026-01-01 00:00:00")
    w.put("a", Code="2", State="two")
    since = Range(datetime(2025, 12, 31, tzinfo=UTC))
    assert w.actions(w.run(mode=Mode.BY_DATE, range=since)) == {Action.CREATE_B: 1}
    assert w.rows("b", "code") == [("1",)]


def test_what_a_check_says_is_refused_is_refused(world: WorldMaker) -> None:
    number, day = FieldMapping("Number", "number"), FieldMapping("Moment", "day")
    entity = Entity("wares", PerSide("Ware", "wares"), (CODE, number, day), key=PerSide(("Code",), ("code",)))
    w = world(
        entity,
        a={"Ware": "Code TEXT PRIMARY KEY, Number REAL, Moment TIMESTAMP"},
        b={"wares": "code TEXT PRIMARY KEY, number INTEGER, day DATE"},
        b_is_table=True,
    )
    w.put("a", Code="1", Number=2.5)
    w.put("a", Code="2", Moment="2026-01-01 10:00:00")
    w.put("a", Code="3", Number=2, Moment="2026-01-01 00:00:00")
    said = " ".join(finding.message for finding in w.app.configurations.check_live(w.configuration))
    assert "numbers with decimals are refused" in said
    assert "dates with a time of day are refused" in said
    w.run()
    assert w.rows("b", "code", "number") == [("3", 2)]
    assert [w.of(key).status for key in (1, 2)] == [Status.INVALID, Status.INVALID]
