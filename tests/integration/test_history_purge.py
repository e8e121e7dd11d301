"""A purge of everything that nothing needs: the next run is as quiet as ever, and an undo says what it cannot know."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

from tests.support.worlds import CITY, EMAIL, WorldMaker


def test_after_a_purge_runs_go_on_and_the_undo_of_an_old_run_says_that_parts_are_gone(world: WorldMaker) -> None:
    w = world(fields=(EMAIL, CITY))
    for key in range(1, 21):
        w.put("a", Id=key, Email=f"p{key}@x.org", City="Wien")
    first = w.run()
    for key in range(1, 19):
        w.edit("a", key, City="Graz")
    second = w.run()
    tomorrow = w.app.clock.now() + timedelta(days=1)
    looked = w.app.ledger.look_at_purge(tomorrow)
    purged = w.app.ledger.purge(tomorrow)
    assert purged.actions == looked.actions == 18  # the first version of what was edited since
    w.assert_quiet()
    for run, fewest in ((first, 2), (second, 18)):
        with closing(w.app.undo.preview(run.run_id or 0)) as shown:
            assert any("Old history was removed" in note for note in shown.notes())
            assert shown.count(listed=False) == fewest
    w.edit("a", 20, City="Linz")
    w.put("b", id="b99", email="new@x.org", city="Rom")
    w.run()
    w.assert_quiet()
    assert len(w.rows("a", "Email")) == len(w.rows("b", "email")) == 21
