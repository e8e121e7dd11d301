"""SPEC §8, real time per entity: pushes are hints, never more than that (RELIABILITY D5, D7, K9, K11, X12)."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from desktop_sync.core.configuration import ConflictRule, FieldMapping, PerSide, RealTime
from desktop_sync.core.errors import AlreadyRunningError
from desktop_sync.core.push import Hint
from desktop_sync.core.run import Outcome, RunKind, RunResult, Trigger
from desktop_sync.core.schedule import Schedule, ScheduleKind
from desktop_sync.core.status import Status
from desktop_sync.core.unattended import Due
from desktop_sync.services.unattended import local_changes
from desktop_sync.services.unattended.hint_queue import MOST_IDS
from tests.support.ledger_home import HandClock
from tests.support.worlds import CITY, EMAIL, NAME, World, WorldMaker, person_entity

TABLE_B = "id INTEGER PRIMARY KEY, email TEXT, city TEXT, remark TEXT, changed TEXT, gone TEXT"
STAMPED = PerSide("Changed", "changed")


class Live:
    """A world in real time, whose clock is moved by hand, and what ran in it."""

    def __init__(self, w: World, clock: HandClock) -> None:
        self.w, self.clock = w, clock
        self.results: list[RunResult] = []

    def tell(self, *ids: object, structure: str = "Person", endpoint: str = "CRM") -> None:
        self.w.app.unattended.tell([Hint(endpoint, structure, str(one)) for one in ids])

    def due(self) -> tuple[Due, ...]:
        """What is due once everything has come to rest."""
        self.clock.move(seconds=1)
        return self.w.app.unattended.due(self.clock.now())

    def run_told(self) -> None:
        """What was told runs; the sources are not looked at."""
        for due in self.due():
            self.w.app.unattended.carry_out(due)

    def pump(self, most: int = 10) -> list[RunResult]:
        """Looks, and runs what is due, until nothing is."""
        ran = []
        for _ in range(most):
            self.w.app.unattended.look()
            due = self.due()
            if not due:
                break
            for one in due:
                result = self.w.app.unattended.carry_out(one)
                if result is not None:
                    ran.append(result)
        else:
            raise AssertionError("it does not come to rest")
        self.results += ran
        return ran


@pytest.fixture
def live(world: WorldMaker) -> Live:
    """Two tables in real time; a person is there and synchronized, and nothing is left to be told."""
    return make_live(world)


def make_live(world: WorldMaker, real_time: RealTime = RealTime.PREPARE_AND_PROCESS, **options: object) -> Live:
    clock = HandClock()
    tables: dict[str, object] = {"b": {"people": TABLE_B}, "b_is_table": True}
    w = world(clock=clock, real_time=real_time, **(tables | options))
    w.put("a", Id=1, Email="ann@x.org", City="Wien", Changed="2026-01-01 10:00:00")
    w.run()
    one = Live(w, clock)
    one.pump()
    return one


def test_a_change_of_either_side_is_carried_over_without_a_schedule(live: Live) -> None:
    live.w.edit("a", 1, City="Graz")
    live.pump()
    assert live.w.rows("b", "city") == [("Graz",)]
    live.w.edit("b", 1, city="Linz")
    live.pump()
    assert live.w.rows("a", "City") == [("Linz",)]
    live.w.put("b", id=2, email="bob@x.org", city="Rom")
    live.pump()
    assert live.w.rows("a", "Email", "City") == [("ann@x.org", "Linz"), ("bob@x.org", "Rom")]
    live.w.assert_quiet()


def test_a_file_of_text_is_watched_like_a_table(world: WorldMaker) -> None:
    live = make_live(world, b={"people": "id, email, city, remark, changed, gone"}, b_is_table=False)
    live.w.edit("b", 1, city="Linz")
    [result] = [one for one in live.pump() if not one.found_nothing]
    assert live.w.rows("a", "City") == [("Linz",)]
    run = live.w.app.records.runs(NAME)[1]
    assert (run.trigger, run.kind, result.outcome) == (Trigger.PUSH, RunKind.RUN, Outcome.DONE)


def test_where_records_are_stamped_only_the_changed_ones_are_read(world: WorldMaker) -> None:
    live = make_live(world, modified=STAMPED)
    for number in range(2, 20):
        live.w.put("a", Id=number, Email=f"p{number}@x.org", City="Wien", Changed="2026-01-01 10:00:00")
    live.w.run()
    live.pump()
    live.w.edit("a", 7, City="Graz", Changed="2026-01-02 10:00:00")
    [first, *_] = live.pump()
    assert (first.entities[0].read_a, first.entities[0].read_b) == (1, 0)
    assert ("Graz",) in live.w.rows("b", "city")


def test_a_deletion_in_a_table_with_stamps_is_carried_over_where_the_table_is_not_large(
    world: WorldMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = make_live(world, modified=STAMPED)
    for number in range(2, 8):
        live.w.put("a", Id=number, Email=f"p{number}@x.org", City="Wien", Changed="2026-01-01 10:00:00")
    live.w.run()
    live.pump()
    live.w.delete("a", 5)
    [gone, *echo] = live.pump()
    assert gone.entities[0].read_a == 1
    assert ("p5@x.org",) not in live.w.rows("b", "email")
    assert len(live.w.rows("b")) == 6
    assert all(one.found_nothing for one in echo)
    monkeypatch.setattr(local_changes, "FEW_RECORDS", 3)
    live.pump()
    live.w.delete("a", 6)
    assert live.pump() == []
    live.w.run()
    assert len(live.w.rows("b")) == 5


def test_prepare_only_fills_the_queue_and_leaves_the_rest_to_the_schedule(world: WorldMaker) -> None:
    live = make_live(world, RealTime.PREPARE)
    live.w.edit("a", 1, City="Graz")
    before = live.w.fingerprints()[1]
    ran = live.pump()
    assert [one.outcome for one in ran] == [Outcome.DONE]
    assert live.w.app.records.runs(NAME)[0].kind is RunKind.PREPARE
    assert live.w.statuses() == [Status.PREPARED]
    assert live.w.fingerprints()[1] == before
    live.w.app.synchronization.process(NAME)
    assert live.w.rows("b", "city") == [("Graz",)]
    live.tell(1)
    live.pump()
    assert live.w.statuses() == [Status.PROCESSED]


def test_a_record_that_is_told_of_is_prepared_alone(world: WorldMaker) -> None:
    live = make_live(world, RealTime.PREPARE)
    live.w.put("a", Id=2, Email="bob@x.org", City="Rom")
    live.w.put("a", Id=3, Email="cid@x.org", City="Rom")
    live.tell(3)
    for due in live.due():
        live.w.app.unattended.carry_out(due)
    assert [(one.a_id, one.status) for one in live.w.records()] == [("1", Status.PROCESSED), ("3", Status.PREPARED)]


def test_an_entity_that_is_off_is_not_looked_at(world: WorldMaker) -> None:
    loud = person_entity(real_time=RealTime.PREPARE_AND_PROCESS)
    silent = person_entity(name="others", structures=PerSide("Other", "others"))
    person = "Id INTEGER PRIMARY KEY, Email TEXT, City TEXT, Note TEXT, Changed TEXT, Gone TEXT"
    clock = HandClock()
    tables = {"a": {"Person": person, "Other": person}, "b": {"people": TABLE_B, "others": TABLE_B}}
    live = Live(world(loud, silent, clock=clock, b_is_table=True, **tables), clock)
    live.w.run()
    live.pump()
    live.w.put("a", Id=1, Email="ann@x.org", City="Wien")
    live.w.put("a", entity="others", Id=1, Email="ann@x.org", City="Wien")
    live.pump()
    assert len(live.w.rows("b")) == 1
    assert live.w.rows("b", entity="others") == []


def test_what_a_changed_record_refers_to_goes_first_also_where_that_entity_is_off(world: WorldMaker) -> None:
    owner = person_entity(name="owners", structures=PerSide("Owner", "owners"))
    links = (FieldMapping("OwnerId", "owner_id", lookup="owners"), EMAIL, CITY)
    person = person_entity(*links, real_time=RealTime.PREPARE_AND_PROCESS)
    plain = "Id INTEGER PRIMARY KEY, Email TEXT, City TEXT, Note TEXT, Changed TEXT, Gone TEXT"
    tables = {
        "a": {"Person": f"{plain}, OwnerId INTEGER", "Owner": plain},
        "b": {"people": f"{TABLE_B}, owner_id INTEGER", "owners": TABLE_B},
    }
    clock = HandClock()
    live = Live(world(person, owner, clock=clock, b_is_table=True, **tables), clock)
    live.w.run()
    live.pump()
    live.w.put("b", entity="owners", id=7, email="other@x.org", city="Rom")
    live.w.put("a", entity="owners", Id=5, Email="boss@x.org", City="Rom")
    live.w.put("a", Id=1, Email="ann@x.org", City="Wien", OwnerId=5)
    live.pump()
    [(number,)] = [row for row in live.w.rows("b", "id", entity="owners") if row != (7,)]
    assert live.w.rows("b", "email", "owner_id") == [("ann@x.org", number)]


def test_a_run_of_chosen_records_is_marked_as_such(live: Live) -> None:
    live.w.edit("a", 1, City="Graz")
    live.pump()
    whole = live.w.run()
    pushes = [run.result for run in live.w.app.records.runs(NAME) if run.trigger is Trigger.PUSH]
    assert pushes
    assert all(one is not None and one.is_partial for one in pushes)
    assert not whole.is_partial
    assert not live.w.app.synchronization.process(NAME).is_partial
    assert live.w.app.synchronization.run_records(NAME, [live.w.of(1).id]).is_partial


@pytest.mark.scenario("D7")
@pytest.mark.parametrize("modified", [STAMPED, PerSide("", "")], ids=["by stamp", "by file"])
def test_our_own_write_comes_back_as_one_run_that_reads_it_at_most_once_and_writes_nothing(
    world: WorldMaker, modified: PerSide[str]
) -> None:
    live = make_live(world, modified=modified)
    live.w.edit("a", 1, City="Graz", Changed="2026-01-02 10:00:00")
    ran = live.pump()
    rows, prints = live.w.ledger_rows(), live.w.fingerprints()
    assert [one.found_nothing for one in ran] in ([False, True], [False])
    assert sum(one.entities[0].read_b for one in ran[1:]) <= 1
    assert live.pump() == []
    live.tell(1)
    live.tell(1, structure="people", endpoint="Shop")
    [echo] = live.pump()
    assert echo.found_nothing
    assert (echo.entities[0].read_a, echo.entities[0].read_b) == (1, 1)
    live.w.run()
    assert live.pump() == []
    assert (live.w.ledger_rows(), live.w.fingerprints()) == (rows, prints)


@pytest.mark.scenario("D5")
def test_a_push_that_was_lost_is_caught_by_the_schedule(live: Live) -> None:
    live.w.save(schedule=Schedule(ScheduleKind.INTERVAL, interval_minutes=5))
    live.pump()
    live.w.edit("a", 1, City="Graz")  # and nobody tells
    live.clock.move(minutes=5)
    [due] = live.due()
    assert (due.kind, due.trigger) == (RunKind.RUN, Trigger.SCHEDULE)
    live.w.app.unattended.carry_out(due)
    assert live.w.rows("b", "city") == [("Graz",)]


@pytest.mark.scenario("D5")
def test_pushes_told_twice_and_out_of_order_make_one_row_and_one_write(live: Live) -> None:
    live.w.put("a", Id=2, Email="bob@x.org", City="Rom")
    live.w.edit("a", 1, City="Graz")
    live.tell(2, 1, 2, 1, 1, 2)
    [due] = live.due()
    result = live.w.app.unattended.carry_out(due)
    assert result is not None
    assert result.entities[0].read_a == 2
    assert len(live.w.records()) == 2
    live.tell(1, 2)
    [again] = live.due()
    second = live.w.app.unattended.carry_out(again)
    assert second is not None
    assert second.found_nothing
    assert sorted(live.w.rows("b", "city")) == [("Graz",), ("Rom",)]


@pytest.mark.scenario("D5")
def test_a_push_before_its_record_is_visible_is_asked_for_again(live: Live) -> None:
    live.tell(2)
    for due in live.due():
        live.w.app.unattended.carry_out(due)
    assert len(live.w.records()) == 1
    live.w.put("a", Id=2, Email="bob@x.org", City="Rom")
    live.clock.move(seconds=1)
    for due in live.due():
        live.w.app.unattended.carry_out(due)
    assert live.w.rows("b", "email") == [("ann@x.org",), ("bob@x.org",)]
    live.clock.move(hours=1)
    assert live.due() == ()


@pytest.mark.scenario("D5")
def test_a_record_that_never_comes_is_given_up_after_a_few_looks(live: Live) -> None:
    live.tell(99)
    runs = 0
    for _ in range(20):
        live.clock.move(minutes=1)
        for due in live.due():
            runs += live.w.app.unattended.carry_out(due) is not None
    assert runs == 4
    assert live.w.app.unattended.waiting == 0


@pytest.mark.scenario("D5", "D7")
@pytest.mark.parametrize("seed", range(3))
def test_random_work_with_pushes_that_are_lost_doubled_early_and_late_ends_in_agreement(
    world: WorldMaker, seed: int
) -> None:
    live, chance = make_live(world, conflict=ConflictRule.A), random.Random(seed)
    late: list[tuple[int, str]] = []
    for number in range(2, 20):
        key = chance.randrange(1, number)
        early, is_lost, often = chance.random() < 0.2, chance.random() < 0.3, chance.randrange(1, 4)
        if early:
            live.tell(*[number] * often)
            live.run_told()
        if chance.random() < 0.5:
            live.w.put("a", Id=number, Email=f"p{number}@x.org", City="Wien")
            late += [(number, "Person")] * (0 if is_lost or early else often)
        elif live.w.record("b", key) is not None:
            live.w.edit("b", key, city=f"city {number}")
            late += [(key, "people")] * (0 if is_lost else often)
        chance.shuffle(late)
        while late and chance.random() < 0.7:
            told, structure = late.pop()
            live.tell(told, structure=structure, endpoint="CRM" if structure == "Person" else "Shop")
        live.run_told()
        assert len({one.a_id for one in live.w.records()}) == len(live.w.records())
    live.w.run(trigger=Trigger.SCHEDULE)
    assert live.w.rows("a", "Email", "City") == live.w.rows("b", "email", "city")
    prints, rows = live.w.fingerprints(), live.w.ledger_rows()
    live.tell(*range(1, 30))
    live.run_told()
    assert (live.w.fingerprints(), live.w.ledger_rows()) == (prints, rows)


@pytest.mark.scenario("X12")
def test_a_flood_makes_one_row_of_a_record_and_keeps_memory_bounded(live: Live) -> None:
    live.w.put("a", Id=2, Email="bob@x.org", City="Rom")
    for _ in range(10):
        live.tell(*[1 + number % 2 for number in range(1_000)])
    assert live.w.app.unattended.waiting == 2
    live.pump()
    assert len(live.w.records()) == 2
    live.tell(*range(10_000))
    assert live.w.app.unattended.waiting == 1
    live.tell("x" * 1_000_000)
    live.tell(*range(MOST_IDS * 3), structure="no such structure")
    assert live.w.app.unattended.waiting == 1
    ran = live.pump()
    assert all(one.found_nothing for one in ran)
    assert len(live.w.records()) == 2


@pytest.mark.scenario("K11")
def test_news_of_a_record_while_it_is_processed_make_exactly_one_run_more_with_the_latest_value(
    world: WorldMaker,
) -> None:
    edits: list[str] = []

    def step(name: str) -> None:
        if name == "process.intent_is_durable" and edits:
            city = edits.pop()
            live.w.edit("a", 1, City=city)
            for _ in range(5):
                live.tell(1)

    live = make_live(world, steps=step)
    live.w.edit("a", 1, City="Graz")
    edits.append("Linz")
    live.tell(1)
    [due] = live.due()
    live.w.app.unattended.carry_out(due)
    assert edits == []
    [again] = live.due()
    live.w.app.unattended.carry_out(again)
    assert live.w.rows("a", "City") == live.w.rows("b", "city") == [("Linz",)]
    assert live.due() == ()
    assert live.w.statuses() == [Status.PROCESSED]


@pytest.mark.scenario("K9")
def test_pushes_wait_while_another_run_goes_on_and_none_is_lost(live: Live) -> None:
    live.w.edit("a", 1, City="Graz")
    live.tell(1)
    with live.w.app.ledger.hold(NAME):
        assert live.due() == ()
        held: list[BaseException] = []

        def elsewhere() -> None:
            try:
                live.w.app.unattended.carry_out(Due(NAME, RunKind.RUN, Trigger.PUSH, live.clock.now()))
            except AlreadyRunningError as error:
                held.append(error)

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert held
    live.pump()
    assert live.w.rows("b", "city") == [("Graz",)]


@pytest.mark.scenario("K9")
def test_a_scheduled_run_is_about_what_was_told_before_it_too(live: Live) -> None:
    live.w.save(schedule=Schedule(ScheduleKind.INTERVAL, interval_minutes=5))
    live.pump()
    live.w.edit("a", 1, City="Graz")
    live.clock.move(minutes=5)
    live.tell(*[1] * 100)
    [due] = live.due()
    assert due.trigger is Trigger.SCHEDULE
    live.w.app.unattended.carry_out(due)
    assert live.due() == ()


def test_nothing_runs_while_it_is_paused_and_what_changed_meanwhile_is_found_afterwards(live: Live) -> None:
    live.w.edit("a", 1, City="Graz")
    live.w.app.unattended.look()
    live.w.app.schedules.pause(None)
    assert live.due() == ()
    live.w.edit("a", 1, City="Linz")
    assert live.pump() == []
    live.w.app.schedules.resume()
    live.pump()
    assert live.w.rows("b", "city") == [("Linz",)]


def test_a_failing_push_waits_longer_and_longer_and_is_not_forgotten(live: Live, tmp_path: Path) -> None:
    live.w.edit("a", 1, City="Graz")
    live.w.b.execute("ALTER TABLE people RENAME COLUMN city TO town")  # type: ignore[union-attr]
    live.w.app.unattended.look()
    tries = 0
    for _ in range(60):
        for due in live.due():
            tries += 1
            with pytest.raises(Exception, match="city"):
                live.w.app.unattended.carry_out(due)
        live.clock.move(seconds=29)
    assert 3 <= tries <= 5
    live.w.b.execute("ALTER TABLE people RENAME COLUMN town TO city")  # type: ignore[union-attr]
    live.clock.move(hours=1)
    live.pump()
    assert live.w.rows("b", "city") == [("Graz",)]


def test_changes_that_are_no_records_are_looked_at_less_and_less_often(live: Live) -> None:
    ran = 0
    for number in range(120):
        live.w.a.execute(f"CREATE TABLE other_{number} (x)")
        live.w.app.unattended.look()
        for due in live.due():
            result = live.w.app.unattended.carry_out(due)
            assert result is None or result.found_nothing
            ran += 1
    assert ran < 12


def test_a_configuration_that_is_switched_off_is_not_in_real_time(live: Live) -> None:
    live.w.app.configurations.set_enabled(NAME, False)
    live.w.edit("a", 1, City="Graz")
    live.tell(1)
    assert live.pump() == []
    live.w.app.configurations.set_enabled(NAME, True)
    live.pump()
    assert live.w.rows("b", "city") == [("Graz",)]


def test_a_deletion_that_is_told_is_carried_over(live: Live) -> None:
    live.w.delete("a", 1)
    live.tell(1)
    for due in live.due():
        live.w.app.unattended.carry_out(due)
    assert live.w.rows("b") == []
