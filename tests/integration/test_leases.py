"""One run at a time among machines, a configuration that belongs to one ledger, and sleep in the middle of a run."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from desktop_sync.bootstrap import TimeOrderedIds, build_application
from desktop_sync.core.binding import GRACE, TERM, MatchOnly
from desktop_sync.core.configuration import Endpoint, Side
from desktop_sync.core.decision import Action
from desktop_sync.core.error_text import sentence
from desktop_sync.core.errors import (
    AlreadyRunningError,
    BoundElsewhereError,
    ConfigurationError,
    LeaseLostError,
    VersionMismatchError,
)
from desktop_sync.core.ports import UNWATCHED, CancelToken, NoProgress, Phase, no_steps
from desktop_sync.core.provider_port import LeaseKeeper
from desktop_sync.core.run import Outcome, RunKind, RunResult, Trigger
from desktop_sync.services.application import Application
from desktop_sync.services.processing.carried import Carried
from desktop_sync.services.processing.process import CREATES_AND_UPDATES
from desktop_sync.services.running.execution import Execution, Order
from desktop_sync.services.session.watermarks import Scope
from tests.support.machines import AtStep, MachineClock, allow_leases, copied, sharing
from tests.support.worlds import NAME, World, WorldMaker, make_world

LONG = TERM + GRACE + timedelta(minutes=1)


class Hooked:
    """The `steps` of a machine; what comes at a step is said later."""

    def __init__(self) -> None:
        self.hook: Callable[[str], None] = lambda name: None
        self.names: list[str] = []

    def __call__(self, name: str) -> None:
        self.names.append(name)
        self.hook(name)


def people(world: World, count: int = 3) -> None:
    for number in range(1, count + 1):
        world.put("a", Id=number, Email=f"p{number}@x", City=f"City {number}", Note="n")


def lease_key(world: World) -> str:
    return world.configuration.lease_key


def run(app: Application, **options: object) -> RunResult:
    return app.synchronization.run(NAME, **options)  # type: ignore[arg-type]


@pytest.fixture
def hooked() -> Hooked:
    return Hooked()


@pytest.fixture(params=["csv", "sqlite"])
def clocked(request: pytest.FixtureRequest, tmp_path: Path, hooked: Hooked) -> Iterator[tuple[World, MachineClock]]:
    clock = MachineClock()
    columns = {"people": "id INTEGER PRIMARY KEY, email TEXT, city TEXT"}
    is_table = request.param == "sqlite"
    world = make_world(
        tmp_path / "world", clock=clock, steps=hooked, b_is_table=is_table, b=columns if is_table else None
    )
    yield world, clock
    world.app.close()


def test_nothing_is_put_into_a_system_whose_user_did_not_allow_it(world: WorldMaker) -> None:
    one = world()
    people(one)
    one.run()
    assert [path.name for path in (one.folder / "b").iterdir()] == ["people.csv"]
    assert one.a.execute("SELECT name FROM sqlite_master") == [("Person",)]
    assert one.app.bindings.look(NAME).leases == {}


def test_a_lease_is_kept_where_allowed_and_is_no_structure_there(clocked: tuple[World, MachineClock]) -> None:
    world, _ = clocked
    allow_leases(world)
    people(world)
    world.run()
    report = world.app.bindings.look(NAME)
    assert set(report.leases) == {"CRM", "Shop"}
    for lease in report.leases.values():
        assert lease is not None
        assert (lease.ledger, lease.epoch, lease.expires_at) == (report.binding.ledger, 1, None)
    assert [each.name for each in world.app.endpoints.structures("CRM")] == ["Person"]
    assert [each.name for each in world.app.endpoints.structures("Shop")] == ["people"]
    assert report.mode is None
    before = world.rows("b")
    assert world.run().outcome is Outcome.DONE
    assert world.rows("b") == before


@pytest.mark.scenario("K5")
def test_a_second_machine_finds_the_configuration_running_and_writes_nothing(
    clocked: tuple[World, MachineClock], hooked: Hooked, tmp_path: Path
) -> None:
    world, clock = clocked
    allow_leases(world)
    people(world)
    refusals: list[AlreadyRunningError] = []

    def start_other() -> None:
        with sharing(world, tmp_path / "locks", clock) as other, pytest.raises(AlreadyRunningError) as refusal:
            run(other)
        refusals.append(refusal.value)

    hooked.hook = AtStep("process.written", start_other)
    # The refused run has a later fence number, so the ledger lets the first go no further than what it has begun.
    assert world.run().outcome is Outcome.DONE
    assert refusals[0].holder == world.app.ledger.place()[0]
    assert "is running already" in sentence(refusals[0])
    assert len(world.rows("b")) == 3


@pytest.mark.scenario("K5", "F8")
@pytest.mark.parametrize("phase", ["process.intent_is_durable", "ledger.open_run.after_commit"])
def test_a_machine_that_slept_past_its_lease_writes_nothing_after_another_took_over(
    clocked: tuple[World, MachineClock], hooked: Hooked, tmp_path: Path, phase: str
) -> None:
    world, clock = clocked
    allow_leases(world, "Shop")
    people(world)
    fingerprints: list[tuple[str, str]] = []

    def sleep_while_another_runs() -> None:
        clock.sleep(LONG)
        # The ids of the other run's creates are others than ours: no conditional write would stop ours.
        world.put("b", id=100, email="else@x", city="Elsewhere")
        with sharing(world, tmp_path / "locks", clock) as other:
            assert run(other).outcome is Outcome.DONE
        fingerprints.append(world.fingerprints())

    hooked.hook = AtStep(phase, sleep_while_another_runs)
    if phase == "ledger.open_run.after_commit":
        # It had no lease yet when it slept: the endpoint has seen a later run, so it may not write.
        with pytest.raises(LeaseLostError):
            world.run()
    else:
        with pytest.raises(LeaseLostError) as lost:
            world.run()
        assert "without another write" in sentence(lost.value)
    assert [world.fingerprints()] == fingerprints
    assert len(world.rows("b")) == 4
    hooked.hook = lambda name: None
    assert world.run().outcome is Outcome.DONE
    assert len(world.rows("b")) == 4


@pytest.mark.scenario("F8")
def test_a_machine_that_slept_and_lost_nothing_renews_its_lease_and_goes_on(
    clocked: tuple[World, MachineClock], hooked: Hooked
) -> None:
    world, clock = clocked
    allow_leases(world)
    people(world)
    seen = []

    def sleep() -> None:
        seen.append(world.app.bindings.look(NAME).leases["Shop"])
        clock.sleep(LONG)

    hooked.hook = AtStep("process.intent_is_durable", sleep)
    assert world.run().outcome is Outcome.DONE
    assert len(world.rows("b")) == 3
    lease = world.app.bindings.look(NAME).leases["Shop"]
    assert seen[0] is not None
    assert lease is not None
    assert (lease.fence, lease.expires_at) == (seen[0].fence, None)


class SlowReading(NoProgress):
    """A progress that sees every batch come four minutes after the one before it."""

    def __init__(self, clock: MachineClock, look: Callable[[], None]) -> None:
        self._clock, self._look = clock, look

    def phase(self, entity: str, phase: Phase, total: int | None = None) -> None:
        pass

    def advance(self, records: int) -> None:
        self._clock.sleep(timedelta(minutes=4))
        self._look()


@pytest.mark.scenario("F8")
def test_a_lease_is_renewed_while_a_side_is_being_read(
    clocked: tuple[World, MachineClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, clock = clocked
    allow_leases(world)
    people(world, 12)
    monkeypatch.setattr("desktop_sync.providers.sql.sqlite_reading.ROWS_PER_BATCH", 2)
    began = clock.now()
    looks: list[tuple[timedelta, dict[str, timedelta]]] = []

    def look() -> None:
        leases = world.app.bindings.look(NAME).leases
        left = {name: lease.expires_at - clock.now() for name, lease in leases.items() if lease and lease.expires_at}
        looks.append((clock.now() - began, left))

    assert run(world.app, progress=SlowReading(clock, look)).outcome is Outcome.DONE
    reading = [one for one in looks if one[0] <= timedelta(minutes=24)]
    assert reading[-1][0] > LONG, "the read was no longer than the term"
    assert all(left.keys() == {"CRM", "Shop"} and min(left.values()) > timedelta() for _, left in reading)
    assert len(world.rows("b")) == 12


@pytest.mark.scenario("K5")
def test_a_run_whose_lease_is_taken_while_it_reads_ends_there(
    clocked: tuple[World, MachineClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, clock = clocked
    allow_leases(world, "Shop")
    people(world, 12)
    monkeypatch.setattr("desktop_sync.providers.sql.sqlite_reading.ROWS_PER_BATCH", 2)
    looks = []

    def take() -> None:
        looks.append(1)
        session = world.app.endpoints.open("Shop")
        assert isinstance(session, LeaseKeeper)
        kept = session.read_lease(lease_key(world))
        assert kept is not None
        if len(looks) == 1:
            assert session.write_lease(replace(kept, fence=kept.fence + 7, holder="another machine"), kept)
        session.close()

    with pytest.raises(LeaseLostError, match="another machine"):
        run(world.app, progress=SlowReading(clock, take))
    assert len(looks) <= 2
    assert world.rows("b") == []


@pytest.mark.scenario("F8")
def test_sleep_at_every_other_step_of_a_run_does_no_harm(tmp_path: Path) -> None:
    def life(folder: str, at: int) -> list[str]:
        """A first run in which the machine sleeps at its step `at`; the names of the steps."""
        clock, steps = MachineClock(), Hooked()
        world = make_world(tmp_path / folder, clock=clock, steps=steps)
        allow_leases(world)
        people(world)
        steps.names.clear()
        steps.hook = lambda name: clock.sleep(LONG) if len(steps.names) == at else None
        assert world.run().outcome is Outcome.DONE
        assert len(world.rows("b")) == 3
        world.app.close()
        return steps.names

    names = life("dry", 0)
    assert len(names) > 10
    for number in range(1, len(names) + 1, 2):
        life(f"sleep{number}", number)


def test_looking_at_the_clock_costs_no_look_at_the_endpoint(clocked: tuple[World, MachineClock]) -> None:
    world, _ = clocked
    allow_leases(world)
    people(world)
    world.run()
    session = world.app.endpoints.open("Shop")
    kept = type(session).read_lease  # type: ignore[attr-defined]
    reads = []
    try:
        type(session).read_lease = lambda *given: reads.append(1) or kept(*given)  # type: ignore[attr-defined]
        world.run()
    finally:
        type(session).read_lease = kept  # type: ignore[attr-defined]
        session.close()
    assert len(reads) == (1 if type(session).__name__ == "CsvSession" else 2)  # at the beginning, per endpoint


@pytest.mark.scenario("K6")
def test_a_copied_configuration_with_its_own_ledger_is_refused_and_can_look(
    clocked: tuple[World, MachineClock], tmp_path: Path
) -> None:
    world, clock = clocked
    allow_leases(world, "Shop")
    people(world)
    world.run()
    world.put("a", Id=9, Email="p9@x", City="City 9")
    world.edit("b", world.rows("b", "id")[0][0], city="Elsewhere")
    before = world.fingerprints()
    with copied(world, tmp_path / "second", clock) as second:
        for _ in range(2):
            with pytest.raises(BoundElsewhereError) as refusal:
                run(second)
            with pytest.raises(BoundElsewhereError):
                second.synchronization.prepare(NAME)
        assert world.app.ledger.place()[0] in sentence(refusal.value)
        preview = second.synchronization.preview(NAME)
        assert preview.match_only is MatchOnly.FOREIGN
        assert preview.plan.writes == 0
        assert dict(preview.plan.entities[0].counts) == {Action.LINK: 2, Action.CONFLICT: 1, Action.REVIEW: 1}
        preview.close()
    assert world.fingerprints() == before
    assert world.run().outcome is Outcome.DONE


@pytest.mark.scenario("K6")
def test_a_configuration_that_is_taken_over_matches_first_and_the_other_ledger_is_refused(
    clocked: tuple[World, MachineClock], tmp_path: Path
) -> None:
    world, clock = clocked
    allow_leases(world, "Shop")
    people(world)
    world.run()
    world.put("a", Id=9, Email="p9@x", City="City 9")
    before = world.fingerprints()[0], world.rows("b")
    with copied(world, tmp_path / "second", clock) as second:
        with pytest.raises(ConfigurationError, match="nothing to confirm"):
            second.bindings.confirm_match(NAME)
        report = second.bindings.take_over(NAME)
        assert (report.binding.epoch, report.mode) == (2, MatchOnly.TAKEN_OVER)
        with pytest.raises(ConfigurationError, match="not been matched yet"):
            second.bindings.confirm_match(NAME)
        with pytest.raises(BoundElsewhereError):
            world.run()
        matched = run(second)
        assert (matched.outcome, dict(matched.entities[0].actions)) == (
            Outcome.PROBLEMS,
            {Action.LINK: 3, Action.REVIEW: 1},
        )
        assert "Nothing is created, updated or deleted" in matched.error
        assert (world.fingerprints()[0], world.rows("b")) == before
        second.bindings.confirm_match(NAME)
        ordinary = run(second)
        assert (ordinary.outcome, dict(ordinary.entities[0].actions)) == (Outcome.DONE, {Action.CREATE_B: 1})
        with pytest.raises(ConfigurationError, match="nothing to take over"):
            second.bindings.take_over(NAME)
    report = world.app.bindings.take_over(NAME)
    assert report.binding.epoch == 3
    assert dict(world.run().entities[0].actions) == {Action.LINK: 1}


@pytest.mark.scenario("K6")
def test_a_running_configuration_is_not_taken_over(
    clocked: tuple[World, MachineClock], hooked: Hooked, tmp_path: Path
) -> None:
    world, clock = clocked
    allow_leases(world, "Shop")
    people(world)

    def take() -> None:
        with copied(world, tmp_path / "second", clock) as second, pytest.raises(AlreadyRunningError):
            second.bindings.take_over(NAME)

    hooked.hook = AtStep("process.intent_is_durable", take)
    assert world.run().outcome is Outcome.DONE


@pytest.mark.scenario("K7")
def test_a_home_restored_as_a_whole_is_noticed_by_the_lease(
    clocked: tuple[World, MachineClock], tmp_path: Path
) -> None:
    world, clock = clocked
    allow_leases(world, "Shop")
    people(world)
    world.run()
    home = world.app.home
    world.app.close()
    shutil.copytree(home, tmp_path / "kept")
    world.app = build_application(home, clock=clock)
    world.put("a", Id=9, Email="p9@x", City="City 9")
    world.run()
    world.app.close()
    shutil.rmtree(home)
    shutil.copytree(tmp_path / "kept", home)
    world.app = build_application(home, clock=clock)
    world.delete("a", 1)
    world.edit("a", 2, City="Later")
    before = world.rows("b")
    preview = world.app.synchronization.preview(NAME)
    assert preview.match_only is MatchOnly.RESTORED
    preview.close()
    result = world.run()
    assert result.outcome is Outcome.PROBLEMS
    assert dict(result.entities[0].actions) == {Action.LINK: 1, Action.CONFLICT: 2}
    assert world.rows("b") == before


@pytest.mark.scenario("K7")
def test_a_plan_of_one_mode_is_not_carried_out_in_the_other(
    world: WorldMaker,
) -> None:
    one = world()
    people(one)
    preview = one.app.synchronization.preview(NAME)
    one.app.ledger.begin_match_only(NAME, MatchOnly.RESTORED)
    with pytest.raises(VersionMismatchError):
        one.run(preview=preview)
    assert one.rows("b") == []
    preview = one.app.synchronization.preview(NAME)
    assert preview.turn_around("people", [1, 2, 3], one.configuration.entities[0].primary) == 0
    one.run()
    one.app.bindings.confirm_match(NAME)
    with pytest.raises(VersionMismatchError):
        one.run(preview=preview)
    one.app.synchronization.prepare(NAME)
    assert one.app.synchronization.process(NAME).outcome is Outcome.DONE
    assert len(one.rows("b")) == 3


@pytest.mark.scenario("K7")
def test_a_prepared_queue_of_match_only_mode_writes_nothing_and_is_gone_after_it(world: WorldMaker) -> None:
    one = world()
    people(one)
    one.app.ledger.begin_match_only(NAME, MatchOnly.DAMAGED)
    one.app.synchronization.prepare(NAME)
    assert one.app.synchronization.process(NAME).outcome is Outcome.PROBLEMS
    assert one.rows("b") == []
    one.app.synchronization.prepare(NAME)
    one.app.bindings.confirm_match(NAME)
    assert one.app.synchronization.waiting_plan(NAME) is None
    assert dict(one.run().entities[0].actions) == {Action.CREATE_B: 3}


@pytest.mark.scenario("K7")
def test_what_a_person_decided_is_carried_out_after_confirming_and_the_rest_by_the_rules(world: WorldMaker) -> None:
    one = world()
    people(one)
    one.run()
    one.edit("a", 1, City="A says")
    one.edit("b", one.of(a_id=1).b_id, city="B says")
    one.edit("a", 2, City="changed in A")
    one.delete("b", one.of(a_id=3).b_id)
    one.app.ledger.begin_match_only(NAME, MatchOnly.RESTORED)
    matched = one.run()
    assert dict(matched.entities[0].actions) == {Action.CONFLICT: 3}
    (conflict,) = [each for each in one.app.records.conflicts(NAME) if each.record_id == one.of(a_id=1).id]
    one.app.records.resolve(conflict.id, Side.B)
    before = one.fingerprints()
    again = one.run()
    assert one.fingerprints() == before
    assert Action.UPDATE_A not in again.entities[0].actions
    one.app.bindings.confirm_match(NAME)
    result = one.run()
    assert dict(result.entities[0].actions) == {Action.UPDATE_A: 1, Action.UPDATE_B: 1, Action.DELETE_A: 1}
    assert one.rows("a", "City") == [("B says",), ("changed in A",)]
    assert one.run().outcome is Outcome.DONE


@pytest.mark.scenario("K7")
def test_no_path_writes_in_match_only_mode_whatever_the_plan_says(
    world: WorldMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = world()
    people(one)
    monkeypatch.setattr("desktop_sync.engine.planner.withhold", lambda bench, layout: None)
    preview = one.app.synchronization.preview(NAME)
    given = preview.prepared[0].given
    assert given is not None
    assert preview.plan.writes == 3
    preview.session.match_only = MatchOnly.RESTORED
    order = Order(RunKind.RUN, Trigger.HAND, Scope(), frozenset(), UNWATCHED, CancelToken())
    app = one.app
    execution = Execution(app.ledger, app.clock, no_steps, order, 0, 0.0, TimeOrderedIds(), lambda seconds: None)
    execution._processing(preview.session).write(given, CREATES_AND_UPDATES, Carried())
    preview.close()
    one.app.ledger.begin_match_only(NAME, MatchOnly.RESTORED)
    one.run()
    assert one.rows("b") == []


# what a lease is kept under


def keys_of(world: World, endpoint: str) -> set[str]:
    """The keys of the leases that the endpoint keeps."""
    if endpoint == "CRM":
        return {str(row[0]) for row in world.a.execute("SELECT configuration FROM desktop_sync_lease")}  # type: ignore[union-attr]
    return set(json.loads((world.folder / "b" / ".desktop-sync-lease.json").read_text(encoding="utf-8")))


@pytest.fixture
def leased(tmp_path: Path) -> Iterator[tuple[World, MachineClock]]:
    clock = MachineClock()
    world = make_world(tmp_path / "world", clock=clock)
    allow_leases(world)
    people(world)
    yield world, clock
    world.app.close()


def old_version(world: World, name: str = NAME) -> str:
    """The ledger and the endpoints are as a version left them that knew a configuration by its name; its lease key."""
    key = world.configuration.lease_key
    with closing(sqlite3.connect(world.app.home / "ledger.sqlite")) as connection, connection:
        connection.execute("UPDATE configuration_version SET document = replace(document, ?, '\"\"')", [f'"{key}"'])
    world.a.execute("UPDATE desktop_sync_lease SET configuration = ?", [name])  # type: ignore[union-attr]
    file = world.folder / "b" / ".desktop-sync-lease.json"
    file.write_text(file.read_text(encoding="utf-8").replace(key, name), encoding="utf-8")
    (world.configuration,) = world.app.configurations.list()
    assert world.configuration.identity == ""
    return key


def test_a_lease_goes_along_when_its_configuration_is_renamed(leased: tuple[World, MachineClock]) -> None:
    world, _ = leased
    world.run()
    keys = keys_of(world, "CRM")
    assert keys == keys_of(world, "Shop") == {lease_key(world)}
    world.app.configurations.rename(NAME, "Other")
    assert world.app.synchronization.run("Other").outcome is Outcome.DONE
    assert keys_of(world, "CRM") == keys_of(world, "Shop") == keys
    # A new one of the old name is another one.
    world.app.configurations.save(replace(world.configuration, identity=""))
    assert world.run().outcome is Outcome.DONE
    assert len(keys_of(world, "CRM")) == 2


@pytest.mark.scenario("K6")
def test_a_renamed_copy_is_still_noticed(leased: tuple[World, MachineClock], tmp_path: Path) -> None:
    world, clock = leased
    world.run()
    world.app.configurations.rename(NAME, "Other")
    with copied(world, tmp_path / "second", clock) as second, pytest.raises(BoundElsewhereError):
        run(second)


def test_two_configurations_of_one_name_on_two_machines_do_not_meddle_where_their_systems_differ(
    leased: tuple[World, MachineClock], tmp_path: Path
) -> None:
    world, clock = leased
    world.run()
    other = make_world(tmp_path / "branch", clock=clock)
    shared = next(one for one in world.app.endpoints.list() if one.name == "CRM")
    other.app.endpoints.save(shared)
    other.configuration = other.app.configurations.save(replace(other.configuration, identity=""))
    other.app.configurations.delete(NAME)
    other.configuration = other.app.configurations.save(replace(other.configuration, identity=""))
    assert other.run().outcome is Outcome.DONE
    assert world.run().outcome is Outcome.DONE
    assert keys_of(world, "CRM") == {lease_key(world), lease_key(other)}
    other.app.close()


def test_a_copy_by_file_has_the_same_identity_and_two_in_one_ledger_never_do(
    leased: tuple[World, MachineClock], tmp_path: Path
) -> None:
    world, _ = leased
    text = world.app.definitions.export((NAME,))
    assert f'id = "{lease_key(world)}"' in text
    file = tmp_path / "copied.toml"
    file.write_text(text, encoding="utf-8")
    second = build_application(tmp_path / "second")
    second.definitions.import_file(file)
    assert [one.lease_key for one in second.configurations.list()] == [lease_key(world)]
    file.write_text(text.replace(f'name = "{NAME}"', 'name = "Twin"'), encoding="utf-8")
    second.definitions.import_file(file)
    keys = {one.name: one.lease_key for one in second.configurations.list()}
    assert keys[NAME] == lease_key(world)
    assert keys["Twin"] != keys[NAME]
    second.close()


@pytest.mark.scenario("K7")
def test_a_lease_that_an_earlier_version_left_under_the_name_is_accepted_and_renamed_with_it(
    leased: tuple[World, MachineClock],
) -> None:
    world, _ = leased
    world.run()
    old_version(world)
    assert world.run().outcome is Outcome.DONE
    assert keys_of(world, "CRM") == keys_of(world, "Shop") == {NAME}
    world.app.configurations.rename(NAME, "Other")
    assert world.app.synchronization.run("Other").outcome is Outcome.DONE
    assert keys_of(world, "CRM") == keys_of(world, "Shop") == {NAME}
    report = world.app.bindings.look("Other")
    assert all(lease is not None and lease.ledger == report.binding.ledger for lease in report.leases.values())


@pytest.mark.scenario("K6")
def test_a_copy_is_refused_by_a_lease_of_an_earlier_version_and_takes_that_over_too(
    leased: tuple[World, MachineClock], tmp_path: Path
) -> None:
    world, clock = leased
    world.run()
    copy = world.configuration
    old_version(world)
    assert world.run().outcome is Outcome.DONE
    world.configuration = copy
    with copied(world, tmp_path / "second", clock) as second:
        with pytest.raises(BoundElsewhereError):
            run(second)
        preview = second.synchronization.preview(NAME)
        assert preview.match_only is MatchOnly.FOREIGN
        preview.close()
        assert second.bindings.take_over(NAME).mode is MatchOnly.TAKEN_OVER
        assert dict(run(second).entities[0].actions) == {Action.LINK: 3}
        second.bindings.confirm_match(NAME)
        assert run(second).outcome is Outcome.DONE
    with pytest.raises(BoundElsewhereError):
        world.run()


def test_two_endpoints_that_are_one_file_keep_one_lease(leased: tuple[World, MachineClock]) -> None:
    """Else the second would find the lease of the first and take its own ledger for a restored one."""
    world, _ = leased
    world.a.create("people", "id INTEGER PRIMARY KEY, email TEXT, city TEXT")
    (world.folder / "again.sqlite").symlink_to(world.folder / "a.sqlite")
    settings = {"file": str(world.folder / "again.sqlite"), "keeps_lease": True}
    world.app.endpoints.save(Endpoint("Shop", "sql", settings))
    for _ in range(2):
        result = world.run()
        assert result.outcome is Outcome.DONE, result
        assert not result.only_matched
    report = world.app.bindings.look(NAME)
    assert (list(report.leases), report.mode) == (["CRM"], None)
    assert len(world.a.rows("people")) == 3
