"""SPEC §4: how long peering lasts: it is reset by hand, and it says nothing of the records of another structure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_sync.core.configuration import Direction, GuardLimits, PerSide, SyncConfiguration
from desktop_sync.core.decision import Action
from desktop_sync.core.errors import AlreadyRunningError, ConfigurationError
from desktop_sync.core.guard import Guard
from desktop_sync.core.ledger_values import RecordQuery
from desktop_sync.core.plan import Mode
from desktop_sync.core.run import Outcome
from desktop_sync.core.setup_flow import ConfigurationSetup
from desktop_sync.core.status import Status
from desktop_sync.services import records
from desktop_sync.services.session.record_presence import refuse_absent
from tests.support.worlds import NAME, PEOPLE, World, WorldMaker, person_entity

TWO_PARTS = (("some", "City = 'Wien'"), ("others", "City <> 'Wien'"))


def synchronized(world: WorldMaker, guards: GuardLimits | None = None) -> World:
    w = world(
        person_entity(modified=PerSide("Changed", "changed")),
        b={"people": PEOPLE, "friends": PEOPLE},
        guards=guards or GuardLimits(),
    )
    for key, email in ((1, "ann@x.org"), (2, "bob@x.org")):
        w.put("a", Id=key, Email=email, City="Wien", Changed="2026-01-01 00:00:00")
    w.run()
    return w


@pytest.mark.parametrize("mode", [Mode.FULL, Mode.INCREMENTAL])
def test_after_a_reset_records_are_matched_anew_and_nothing_is_deleted(world: WorldMaker, mode: Mode) -> None:
    w = synchronized(world)
    kept = w.of(1).b_id
    w.app.records.unlink(w.of(2).id)
    w.delete("a", 2)
    w.app.configurations.reset_peering(NAME, "people")
    assert w.records() == []
    before = w.fingerprints()
    result = w.run(mode=mode)
    assert w.actions(result) == {Action.LINK: 1, Action.CREATE_A: 1}
    assert (w.of(1).b_id, w.fingerprints()[1]) == (kept, before[1])
    assert w.statuses() == [Status.PROCESSED, Status.PROCESSED]
    w.assert_quiet()
    assert len(w.app.records.runs(NAME)) == 3  # what was done stays in the history


def test_a_reset_needs_an_entity_that_is_there_and_a_configuration_that_does_not_run(world: WorldMaker) -> None:
    w = synchronized(world)
    with pytest.raises(ConfigurationError, match='"Sync" has no entity "dogs"'):
        w.app.configurations.reset_peering(NAME, "dogs")
    with w.app.ledger.hold(NAME), pytest.raises(AlreadyRunningError):
        w.app.configurations.reset_peering(NAME, "people")
    assert len(w.records()) == 2
    with pytest.raises(ConfigurationError, match='"Sync" has no entity "dogs"'):
        w.app.records.link(NAME, "dogs", "1", "2")


def elsewhere(w: World) -> SyncConfiguration:
    """The configuration with another structure of B, whose records have the same ids and are others."""
    for b_id, email in ((w.of(1).b_id, "eve@x.org"), (w.of(2).b_id, "joe@x.org")):
        w.side("b").put("friends", {"id": b_id, "email": email, "city": "Rom"})
    entity = w.configuration.entities[0]
    return replace(w.configuration, entities=(replace(entity, structures=PerSide("Person", "friends")),))


@pytest.mark.scenario("C5")
@pytest.mark.parametrize("mode", [Mode.FULL, Mode.INCREMENTAL])
def test_records_of_another_structure_are_not_taken_for_those_with_the_same_ids(world: WorldMaker, mode: Mode) -> None:
    w = synchronized(world)
    w.configuration = w.app.configurations.save(elsewhere(w))
    before = w.fingerprints()
    for _ in range(2):
        result = w.run(mode=mode)
        assert result.outcome is Outcome.GUARD
        assert [finding.guard for finding in result.findings] == [Guard.IDENTITY]
        assert w.fingerprints() == before
    w.app.configurations.reset_peering(NAME, "people")
    result = w.run(mode=mode)
    assert w.actions(result) == {Action.CREATE_A: 2, Action.CREATE_B: 2}
    assert {row[0] for row in w.rows("a", "Email")} == {"ann@x.org", "bob@x.org", "eve@x.org", "joe@x.org"}
    w.assert_quiet()


def test_a_structure_that_was_only_renamed_goes_on_once_a_person_says_so(world: WorldMaker) -> None:
    w = synchronized(world)
    for row in w.side("b").rows("people"):
        w.side("b").put("friends", row)
    entity = w.configuration.entities[0]
    w.save(replace(entity, structures=PerSide("Person", "friends")))
    peers = [(one.a_id, one.b_id) for one in w.records()]
    assert w.run().outcome is Outcome.GUARD
    assert w.run(allow=frozenset({Guard.IDENTITY})).outcome is Outcome.DONE
    assert [(one.a_id, one.b_id) for one in w.records()] == peers
    w.assert_quiet()
    w.edit("a", 1, City="Graz", Changed="2030-01-01 00:00:00")
    assert w.actions(w.run()) == {Action.UPDATE_B: 1}


@pytest.mark.scenario("C5")
@pytest.mark.parametrize("mode", [Mode.FULL, Mode.INCREMENTAL])
def test_an_entity_with_another_name_keeps_its_peers_baselines_and_watermarks(world: WorldMaker, mode: Mode) -> None:
    w = synchronized(world)
    before, marks = w.ledger_rows(), w.ledger_rows("watermark")
    w.delete("b", w.of(2).b_id)
    w.edit("b", w.of(1).b_id, city="Graz", changed="2026-01-02 00:00:00")
    w.save(replace(w.configuration.entities[0], name="persons"))
    assert w.ledger_rows() == before
    assert [row[:3] for row in w.ledger_rows("watermark")] == [row[:3] for row in marks]
    result = w.run(mode=mode)
    assert w.actions(result) == {Action.UPDATE_A: 1, Action.DELETE_A: 1}
    assert [(one.entity, one.status) for one in w.app.records.records(RecordQuery(NAME))] == [
        ("persons", Status.PROCESSED),
        ("persons", Status.DELETED),
    ]
    w.assert_quiet()


def test_an_entity_gets_its_peers_back_with_its_name(world: WorldMaker) -> None:
    w = synchronized(world)
    people = w.configuration.entities[0]
    for name in ("persons", "people"):
        w.save(replace(people, name=name))
        assert len(w.records()) == 2
        w.assert_quiet()


def test_a_name_that_an_earlier_entity_left_behind_can_be_taken(world: WorldMaker) -> None:
    w = synchronized(world)
    people = w.configuration.entities[0]
    friends = replace(people, name="friends", structures=PerSide("Person", "friends"))
    w.save(people, friends)
    w.run()
    left = len(w.records("friends"))
    w.save(people)
    w.save(replace(people, name="friends"))
    assert (len(w.records("friends")), len(w.records("people"))) == (2, left)
    w.assert_quiet()


def test_two_entities_of_the_same_structures_are_not_told_apart_by_a_new_name(world: WorldMaker) -> None:
    w = synchronized(world)
    people = w.configuration.entities[0]
    some, others = (replace(people, name=name, filter=PerSide(text, "")) for name, text in TWO_PARTS)
    w.save(some, others)
    assert w.app.records.records(RecordQuery(NAME, "some")) == []
    assert len(w.app.records.records(RecordQuery(NAME, "people"))) == 2


def test_an_entity_is_not_renamed_under_its_run(world: WorldMaker) -> None:
    w = synchronized(world)
    renamed = replace(w.configuration, entities=(replace(w.configuration.entities[0], name="persons"),))
    with w.app.ledger.hold(NAME), pytest.raises(AlreadyRunningError):
        w.app.configurations.save(renamed)
    assert [one.name for one in w.app.configurations.get(NAME).entities] == ["people"]
    assert len(w.records()) == 2


def test_a_pair_of_structures_that_is_taken_out_and_put_in_again_by_the_wizard_keeps_its_peers(
    world: WorldMaker,
) -> None:
    w = synchronized(world)
    people = w.configuration.entities[0]
    w.save(replace(people, name="persons"))
    setup = ConfigurationSetup(w.configuration).without_entity(0).with_entity("Person", "people")
    setup = setup.replaced_entity(0, replace(people, name=setup.configuration.entities[0].name))
    w.configuration = w.app.configurations.save(setup.configuration)
    assert [one.name for one in w.configuration.entities] == ["people"]
    assert len(w.records()) == 2
    w.assert_quiet()


def test_sides_are_swapped_before_the_first_run_and_each_system_keeps_its_part(world: WorldMaker) -> None:
    w = world(
        person_entity(modified=PerSide("Changed", "changed"), direction=Direction.A_TO_B),
        b={"people": PEOPLE},
    )
    for key, email in ((1, "ann@x.org"), (2, "bob@x.org")):
        w.put("a", Id=key, Email=email, City="Wien", Changed="2026-01-01 00:00:00")
    w.app.synchronization.preview(NAME)
    before = w.configuration
    w.configuration = w.app.configurations.swap_sides(NAME)
    assert (w.configuration.a, w.configuration.b) == (before.b, before.a)
    result = w.run()
    assert result.outcome is Outcome.DONE
    assert w.actions(result) == {Action.CREATE_A: 2}
    assert [row["email"] for row in w.side("b").rows("people")] == ["ann@x.org", "bob@x.org"]
    w.assert_quiet()


def test_sides_are_swapped_no_more_once_it_has_run(world: WorldMaker) -> None:
    w = synchronized(world)
    with pytest.raises(ConfigurationError, match="kept by side"):
        w.app.configurations.swap_sides(NAME)
    assert w.app.configurations.get(NAME) == w.configuration
    w.app.configurations.save(replace(w.configuration, name="Copy"))
    assert w.app.configurations.swap_sides("Copy").a == w.configuration.b


def run_meanwhile(w: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a person's choice of two records is looked up in their systems, a run comes."""

    def look(*given: object) -> None:
        w.run()
        refuse_absent(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(records, "refuse_absent", look)


def test_records_that_a_run_paired_meanwhile_are_not_torn_from_their_peers(
    world: WorldMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = synchronized(world)
    w.put("a", Id=3, Email="cid@x.org", City="Wien", Changed="2026-01-01 00:00:00")
    w.put("b", id=9, email="zed@x.org", city="Wien", changed="2026-01-01 00:00:00")
    w.app.synchronization.prepare(NAME)
    run_meanwhile(w, monkeypatch)
    with pytest.raises(ConfigurationError, match="already pairs"):
        w.app.records.link(NAME, "people", "3", "9")
    assert w.of(3).b_id is not None
    assert w.of(b_id=9).a_id is not None
    assert w.statuses() == [Status.PROCESSED] * 4
    w.assert_quiet()
