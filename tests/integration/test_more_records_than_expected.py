"""A structure that had few records and suddenly has many: the plan is begun anew with room for them."""

from __future__ import annotations

import pytest

from desktop_sync.core.decision import Action
from desktop_sync.core.plan import Mode
from desktop_sync.core.run import Outcome
from desktop_sync.services.session import room
from tests.integration.test_semantics_incremental import stamped
from tests.support.worlds import World, WorldMaker


@pytest.fixture
def benches(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each workbench that is made lies in memory."""
    made: list[bool] = []

    class Watched(room.Workbench):
        def __init__(self, folder: str | None = None, *, in_memory: bool = False, is_for_few: bool = False) -> None:
            made.append(in_memory)
            super().__init__(folder, in_memory=in_memory, is_for_few=is_for_few)

    monkeypatch.setattr(room, "Workbench", Watched)
    monkeypatch.setattr(room, "MOST_IN_MEMORY", 8)
    return made


def put(w: World, first: int, last: int) -> None:
    for number in range(first, last + 1):
        w.put("a", Id=number, Email=f"p{number}@x.org", City="Wien", Changed=f"2026-03-01 10:00:{number:02}")


@pytest.mark.parametrize("mode", [Mode.FULL, Mode.INCREMENTAL])
def test_many_records_where_few_were_are_planned_with_room_for_them(
    world: WorldMaker, benches: list[bool], mode: Mode
) -> None:
    w = stamped(world)
    put(w, 1, 2)
    w.run()
    put(w, 3, 40)
    w.edit("a", 1, City="Graz", Changed="2026-03-02 10:00:00")
    benches.clear()
    result = w.run(mode=mode, allow=frozenset())
    assert (result.outcome, benches) == (Outcome.DONE, [True, False])
    assert w.actions(result) == {Action.CREATE_B: 38, Action.UPDATE_B: 1}
    assert len(w.rows("b")) == 40
    w.assert_quiet()


def test_a_new_record_among_many_is_planned_by_itself_too(world: WorldMaker, benches: list[bool]) -> None:
    w = stamped(world)
    put(w, 1, 2)
    w.run()
    put(w, 3, 3)
    w.app.synchronization.prepare("Sync", mode=Mode.INCREMENTAL)
    w.app.ledger.drop("Sync")  # the plan is gone; the queue stays
    put(w, 4, 40)
    benches.clear()
    result = w.app.synchronization.process("Sync")
    assert benches == [True, False]
    assert w.actions(result) == {Action.CREATE_B: 1}
    assert len(w.rows("b")) == 3


def test_an_explanation_of_one_among_many_finds_room_too(world: WorldMaker, benches: list[bool]) -> None:
    w = stamped(world)
    put(w, 1, 20)
    told = w.app.explanation.explain("Sync", "id:7")
    assert benches == [True, False]
    assert told.present
