"""SPEC §6: a record that somebody edits between plan and write is planned anew, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from desktop_sync.core.configuration import ConflictRule, EditAgainstDelete
from desktop_sync.core.decision import Action
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Status
from tests.support.worlds import World, WorldMaker


class Interruption:
    """Does something once, at the first time that a step is reached after it was armed."""

    def __init__(self) -> None:
        self.step = ""
        self.deed: Callable[[], None] | None = None

    def arm(self, step: str, deed: Callable[[], None]) -> None:
        self.step, self.deed = step, deed

    def __call__(self, name: str) -> None:
        if self.deed is not None and name == self.step:
            deed, self.deed = self.deed, None
            deed()


@pytest.fixture
def interruption() -> Interruption:
    return Interruption()


STEPS = pytest.mark.parametrize("step", ["process.intent_is_durable", "process.written", "process.settled"])
TABLE = "id INTEGER PRIMARY KEY, email TEXT UNIQUE, city TEXT, remark TEXT, changed TEXT, gone TEXT"
KINDS = pytest.mark.parametrize("b_is_table", [True, False], ids=["table", "files"])


def paired(world: WorldMaker, interruption: Interruption, *, b_is_table: bool, **rules: object) -> World:
    options = {"b": {"people": TABLE}} if b_is_table else {}
    w = world(steps=interruption, b_is_table=b_is_table, **options, **rules)
    for number, name in enumerate(("ann", "bob", "eve"), 1):
        w.put("a", Id=number, Email=f"{name}@x.org", City="Wien")
    w.run()
    return w


@pytest.mark.scenario("K1")
@STEPS
@KINDS
@pytest.mark.parametrize(("rule", "kept"), [(ConflictRule.A, "Graz"), (ConflictRule.B, "Linz")])
def test_a_target_edited_in_the_middle_of_an_update_is_a_conflict_and_both_values_stay_known(
    world: WorldMaker, interruption: Interruption, step: str, b_is_table: bool, rule: ConflictRule, kept: str
) -> None:
    w = paired(world, interruption, b_is_table=b_is_table, conflict=rule)
    w.edit("a", 1, City="Graz")
    w.edit("a", 2, City="Rom")
    interruption.arm(step, lambda: w.edit("b", w.of(1).b_id, city="Linz"))
    assert w.run().outcome is Outcome.DONE
    assert interruption.deed is None
    w.run()
    if step == "process.intent_is_durable":
        # The write was planned before the edit: it must not overwrite it unseen.
        assert w.record("a", 1)["City"] == kept  # type: ignore[index]
        [conflict] = w.app.records.conflicts("Sync", only_open=False)
        assert {(f.a, f.b, f.base) for f in conflict.fields if f.label == "City"} == {("Graz", "Linz", "Wien")}
    else:
        assert w.record("a", 1)["City"] == "Linz"  # type: ignore[index]
    assert w.record("a", 1)["City"] == w.record("b", w.of(1).b_id)["city"]  # type: ignore[index]
    assert w.record("b", w.of(2).b_id)["city"] == "Rom"  # type: ignore[index]
    assert set(w.statuses()) == {Status.PROCESSED}
    w.assert_quiet()


@pytest.mark.scenario("K1")
@STEPS
@KINDS
def test_a_source_edited_in_the_middle_is_carried_by_the_next_run(
    world: WorldMaker, interruption: Interruption, step: str, b_is_table: bool
) -> None:
    w = paired(world, interruption, b_is_table=b_is_table)
    w.edit("a", 1, City="Graz")
    interruption.arm(step, lambda: w.edit("a", 1, City="Linz"))
    w.run()
    w.run()
    assert w.record("b", w.of(1).b_id)["city"] == "Linz"  # type: ignore[index]
    w.assert_quiet()


@pytest.mark.scenario("K1")
@KINDS
@pytest.mark.parametrize("rule", list(EditAgainstDelete))
def test_a_target_edited_in_the_middle_of_its_deletion_is_an_edit_against_a_deletion(
    world: WorldMaker, interruption: Interruption, b_is_table: bool, rule: EditAgainstDelete
) -> None:
    w = paired(world, interruption, b_is_table=b_is_table, edit_against_delete=rule)
    b_id = w.of(1).b_id
    w.delete("a", 1)
    interruption.arm("process.intent_is_durable", lambda: w.edit("b", b_id, city="Linz"))
    w.run()
    assert interruption.deed is None
    if rule is EditAgainstDelete.DELETE:
        assert len(w.rows("a")) == len(w.rows("b")) == 2
    else:
        assert w.record("b", b_id)["city"] == "Linz"  # type: ignore[index]
        assert [row for row in w.rows("a", "City") if row == ("Linz",)] == (
            [("Linz",)] if rule is EditAgainstDelete.EDIT else []
        )
    w.assert_quiet()


@pytest.mark.scenario("K1")
@KINDS
def test_a_target_deleted_in_the_middle_of_its_update_is_made_again(
    world: WorldMaker, interruption: Interruption, b_is_table: bool
) -> None:
    w = paired(world, interruption, b_is_table=b_is_table)
    b_id = w.of(1).b_id
    w.edit("a", 1, City="Graz")
    interruption.arm("process.intent_is_durable", lambda: w.delete("b", b_id))
    w.run()
    assert ("ann@x.org", "Graz") in w.rows("b", "email", "city")
    assert len(w.rows("b")) == 3
    w.assert_quiet()


@pytest.mark.scenario("K1")
@KINDS
def test_a_record_that_takes_the_reserved_id_in_the_middle_of_a_create_is_not_overwritten(
    world: WorldMaker, interruption: Interruption, b_is_table: bool
) -> None:
    w = paired(world, interruption, b_is_table=b_is_table)
    w.put("a", Id=4, Email="joe@x.org", City="Bari")
    interruption.arm("process.intent_is_durable", lambda: w.put("b", id=4, email="zoe@x.org", city="Pisa"))
    w.run()
    w.run()
    everybody = {("ann@x.org",), ("bob@x.org",), ("eve@x.org",), ("joe@x.org",), ("zoe@x.org",)}
    assert set(w.rows("a", "Email")) == set(w.rows("b", "email")) == everybody
    assert len(w.rows("a")) == len(w.rows("b")) == 5
    w.assert_quiet()


@pytest.mark.scenario("K1")
def test_an_edit_in_the_middle_never_stops_the_other_records(world: WorldMaker, interruption: Interruption) -> None:
    w = paired(world, interruption, b_is_table=True, conflict=ConflictRule.ASK)
    for number in (1, 2, 3):
        w.edit("a", number, City=f"city {number}")
    interruption.arm("process.intent_is_durable", lambda: w.edit("b", w.of(2).b_id, city="Linz"))
    result = w.run()
    assert result.outcome is Outcome.PROBLEMS
    assert w.actions(result) == {Action.UPDATE_B: 2, Action.CONFLICT: 1}
    assert w.of(2).status is Status.CONFLICT
    assert w.record("b", w.of(2).b_id)["city"] == "Linz"  # type: ignore[index]
    w.assert_quiet()
