"""A write of fields that the digest of their side leaves out is not taken for done before it was (RELIABILITY A1)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import DeleteRule, Direction, Mark, PerSide
from tests.support.worlds import CITY, EMAIL, World, WorldMaker

TABLE = {"people": "id INTEGER PRIMARY KEY, email TEXT, city TEXT, remark TEXT, changed TEXT, gone TEXT"}


class Died(BaseException):
    """The program died here."""


class Killer:
    """Dies at the first step of that name once it is armed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_armed = False

    def __call__(self, name: str) -> None:
        if self.is_armed and name == self.name:
            self.is_armed = False
            raise Died


def died(one: World, killer: Killer) -> None:
    killer.is_armed = True
    with pytest.raises(Died):
        one.run()


@pytest.mark.scenario("A1")
@pytest.mark.parametrize("step", ["process.intent_is_durable", "process.written"])
def test_a_field_that_only_flows_one_way_is_written_after_a_crash(world: WorldMaker, step: str) -> None:
    killer = Killer(step)
    one_way = replace(CITY, direction=Direction.A_TO_B)
    one = world(b_is_table=True, b=TABLE, fields=(EMAIL, one_way), steps=killer)
    one.put("a", Id=1, Email="p1", City="Bonn")
    one.run()
    one.edit("a", 1, City="Wien")
    died(one, killer)
    one.run()
    assert one.rows("b", "city") == [("Wien",)]
    one.assert_quiet()


@pytest.mark.scenario("A1")
@pytest.mark.parametrize("step", ["process.intent_is_durable", "process.written"])
def test_a_mark_is_set_after_a_crash(world: WorldMaker, step: str) -> None:
    killer = Killer(step)
    marks = PerSide(Mark("gone", "x"), Mark("Gone", "x"))
    one = world(b_is_table=True, b=TABLE, steps=killer, delete=PerSide(DeleteRule.MARK, DeleteRule.MARK), mark=marks)
    one.put("a", Id=1, Email="p1", City="Bonn")
    one.run()
    one.delete("a", 1)
    died(one, killer)
    one.run()
    assert one.rows("b", "email", "gone") == [("p1", "x")]
    one.assert_quiet()
