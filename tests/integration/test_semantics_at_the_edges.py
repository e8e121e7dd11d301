"""Identities that almost agree, marks of deletion, and a configuration that is edited while it runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import DeleteRule, FieldMapping, PerSide
from desktop_sync.core.decision import Action
from desktop_sync.core.status import Status
from tests.support.worlds import CITY, EMAIL, WorldMaker

LOOSE = ("trim", "lower", "no-accents", "nfkc")
VARIANTS = [("ann", "ANN"), ("ann", " ann "), ("jose", "josé"), ("ann1", "ａｎｎ１")]


@pytest.mark.scenario("E5")
@pytest.mark.parametrize(("one", "other"), VARIANTS)
def test_what_almost_agrees_is_paired_only_where_the_normal_form_says_so(
    world: WorldMaker, one: str, other: str
) -> None:
    for steps, expected in (((), {Action.CREATE_A: 1, Action.CREATE_B: 1}), (LOOSE, {Action.LINK: 1})):
        w = world(fields=(replace(EMAIL, normal_form=steps), CITY))
        w.put("a", Id=1, Email=one, City="Wien")
        w.put("b", id="71", email=other, city="Wien")
        assert w.actions(w.run()) == expected
        assert (one,) in w.rows("a", "Email")
        assert (other,) in w.rows("b", "email")
        w.assert_quiet()


@pytest.mark.scenario("E5")
@pytest.mark.parametrize(("one", "other"), VARIANTS)
def test_two_that_almost_agree_on_one_side_are_held_and_not_merged(world: WorldMaker, one: str, other: str) -> None:
    w = world(fields=(replace(EMAIL, normal_form=LOOSE), CITY))
    w.put("a", Id=1, Email=one, City="Wien")
    w.put("a", Id=2, Email=other, City="Graz")
    w.put("b", id="71", email=one, city="Linz")
    before = w.fingerprints()
    w.run()
    assert w.fingerprints() == before
    assert set(w.statuses()) == {Status.REVIEW}


@pytest.mark.scenario("C17")
def test_a_mark_of_deletion_is_a_value_where_it_is_mapped_and_a_deletion_where_the_rule_says_so(
    world: WorldMaker,
) -> None:
    as_value = world(fields=(EMAIL, CITY, FieldMapping("Gone", "gone")))
    as_value.put("a", Id=1, Email="ann@x.org", City="Wien")
    as_value.run()
    as_value.edit("a", 1, Gone="yes")
    as_value.run()
    assert as_value.rows("b", "email", "gone") == [("ann@x.org", "yes")]
    assert as_value.statuses() == [Status.PROCESSED]
    as_value.assert_quiet()

    as_end = world(filter=PerSide("Gone IS NULL", "gone IS NULL"), delete=PerSide(DeleteRule.DELETE, DeleteRule.DELETE))
    as_end.put("a", Id=1, Email="ann@x.org", City="Wien")
    as_end.run()
    as_end.edit("a", 1, Gone="yes", City="Graz")
    as_end.run()
    assert as_end.rows("b", "email", "city", "gone") == [("ann@x.org", "Wien", None)]
    assert as_end.statuses() == [Status.FILTERED]
    as_end.assert_quiet()


@pytest.mark.scenario("K10")
def test_a_run_keeps_to_the_version_that_it_began_with_and_the_next_takes_the_new_one(world: WorldMaker) -> None:
    made: list[object] = []

    def edited(name: str) -> None:
        if name == "process.intent_is_durable" and len(made) == 1:
            fields = (EMAIL, CITY, FieldMapping("Note", "remark"))
            made.append(w.save(replace(w.configuration.entities[0], fields=fields)))

    w = world(steps=edited)
    w.put("a", Id=1, Email="ann@x.org", City="Wien", Note="n")
    made.append(w.configuration)
    began_with = w.configuration.version
    w.run()
    assert len(made) == 2
    assert w.rows("b", "city", "remark") == [("Wien", None)]
    assert w.app.records.runs("Sync")[0].configuration_version == began_with
    w.run()
    assert w.rows("b", "city", "remark") == [("Wien", "n")]
    assert w.app.records.runs("Sync")[0].configuration_version == began_with + 1
