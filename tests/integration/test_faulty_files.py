"""Real files behind a connection that loses answers: the same ladder holds for SQLite and CSV."""

from __future__ import annotations

import pytest

from desktop_sync.core.errors import EndpointError
from desktop_sync.core.run import Outcome
from desktop_sync.providers.registry import Registry
from tests.support.chaos_faults import FaultKind
from tests.support.chaos_wrapper import EndpointFaults, FaultyRegistry
from tests.support.worlds import World, WorldMaker

PEOPLE = {"people": "id INTEGER PRIMARY KEY, email TEXT, city TEXT"}
KINDS = (FaultKind.TIMEOUT_APPLIED, FaultKind.TIMEOUT_NOT_APPLIED, FaultKind.SHORT_REPLY)


def _faulty(world: World) -> EndpointFaults:
    shop = EndpointFaults()
    world.app._registry = FaultyRegistry(Registry(), {"Shop": shop})
    for made in ("endpoints", "synchronization", "configurations"):
        world.app.__dict__.pop(made, None)
    return shop


@pytest.mark.scenario("F1", "F5")
@pytest.mark.parametrize("b_is_table", [True, False], ids=["sqlite", "csv"])
@pytest.mark.parametrize("kind", KINDS)
def test_writes_to_files_without_an_answer_are_settled_in_the_same_run(
    world: WorldMaker, kind: FaultKind, b_is_table: bool
) -> None:
    one = world(b_is_table=True, b=PEOPLE) if b_is_table else world()
    for number in range(1, 4):
        one.put("a", Id=number, Email=f"e{number}", City="old")
    assert one.run().outcome is Outcome.DONE
    shop = _faulty(one)
    one.edit("a", 1, City="new")
    one.delete("a", 2)
    one.put("a", Id=9, Email="e9", City="fresh")
    fault = shop.faults.add("batch", kind, times=3)
    assert one.run().outcome is Outcome.DONE
    assert fault.hits
    assert one.rows("b", "email", "city") == one.rows("a", "Email", "City")
    assert one.rows("b", "email", "city") == [("e1", "new"), ("e3", "old"), ("e9", "fresh")]
    one.assert_quiet()


@pytest.mark.scenario("C1")
@pytest.mark.parametrize("kind", [FaultKind.READ_ERROR, FaultKind.SHORT_PAGE])
def test_a_read_of_a_file_that_fails_or_is_short_deletes_nothing(world: WorldMaker, kind: FaultKind) -> None:
    one = world(b_is_table=True, b=PEOPLE)
    for number in range(1, 4):
        one.put("a", Id=number, Email=f"e{number}", City="old")
    one.run()
    shop = _faulty(one)
    fault = shop.faults.add("page", kind)
    before = one.fingerprints()
    if kind is FaultKind.READ_ERROR:
        with pytest.raises(EndpointError):
            one.run()
    else:
        one.run()
    assert fault.hits == 1
    assert one.fingerprints() == before
