"""SPEC §8, §9: what a preview says, what its run counts, what the history lists and what was done are the same."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action
from desktop_sync.core.guard import Guard
from desktop_sync.core.run import Outcome
from tests.integration.test_semantics_cycles import enforced, keyed
from tests.support.worlds import NO_GUARDS, PERSON, WorldMaker


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


@pytest.mark.scenario("C3")
def test_guards_count_what_is_made_again_as_created_and_not_as_deleted(world: WorldMaker) -> None:
    references = {"land": "", "town": "land"}
    entities = [keyed(name, other) for name, other in references.items()]
    tables = {"land": "Id INTEGER PRIMARY KEY, Name TEXT", "town": enforced("town", "land")}
    limits = replace(NO_GUARDS, deletes_number=1, creates_share=0.5)
    w = world(*entities, a=tables, b=tables, b_is_table=True, guards=limits)
    for number in range(1, 31):
        w.put("a", entity="land", Id=number, Name=f"land {number}")
    w.run()
    for number in range(1, 31):
        w.delete("a", number, entity="land")
        if number <= 28:
            w.put("b", entity="town", Id=number, Name=f"town {number}", Ref=number)
    with closing(w.app.synchronization.preview("Sync")) as preview:
        assert dict(preview.plan.entities[0].counts) == {Action.CREATE_A: 28, Action.DELETE_B: 2}
        found = [(one.guard, one.side, one.count, one.limit) for one in preview.plan.findings]
    assert found == [(Guard.CREATES, Side.A, 28, 15), (Guard.DELETES, Side.B, 2, 1)]
    before = w.fingerprints()
    result = w.run()
    assert (result.outcome, result.findings, w.fingerprints()) == (Outcome.GUARD, preview.plan.findings, before)
