"""SPEC §8, §9: what a preview says, what its run counts, what the history lists and what was done are the same."""

from __future__ import annotations

from desktop_sync.core.decision import Action
from desktop_sync.core.run import Outcome
from tests.support.worlds import PERSON, WorldMaker


def test_a_create_that_was_refused_has_no_id_of_the_system_where_nothing_was_made(world: WorldMaker) -> None:
    w = world(a={"Person": PERSON.replace("City TEXT", "City TEXT CHECK (City <> 'bad')")})
    w.put("b", id="77", email="ann@x.org", city="bad")
    w.put("b", id="78", email="eve@x.org", city="Wien")
    result = w.run()
    assert (result.outcome, w.rows("a", "Email")) == (Outcome.PROBLEMS, [("eve@x.org",)])
    assert result.run_id is not None
    [made] = w.rows("a", "Id")
    found = {(row.action, row.result, row.a_id, row.b_id) for row in w.app.records.history(result.run_id)}
    assert found == {
        (Action.CREATE_A, "not done", None, "77"),
        (Action.CREATE_A, "done", str(made[0]), "78"),
    }
    [told] = w.app.records.record_history(w.of(b_id=77).id)
    assert told.a_id is None
