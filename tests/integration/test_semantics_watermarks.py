"""SPEC §5, RELIABILITY D1–D7: incremental reads lose nothing, and what they cannot see is found within days."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from desktop_sync.core.configuration import Direction, PerSide, SyncConfiguration
from desktop_sync.core.decision import Action
from desktop_sync.core.errors import LedgerError
from desktop_sync.core.plan import Mode
from desktop_sync.core.run import Outcome, RunResult, Trigger
from desktop_sync.core.schedule import Schedule, ScheduleKind
from desktop_sync.core.status import Event, Status
from tests.support.ledger_home import HandClock
from tests.support.worlds import PERSON, World, WorldMaker

STAMPED = PerSide("Changed", "changed")
COLUMNS = PERSON.lower().replace("note", "remark")
HOURLY = Schedule(ScheduleKind.INTERVAL, interval_minutes=60, is_incremental=True, full_every_days=7)


def stamped(world: WorldMaker, **rules: object) -> World:
    return world(b_is_table=True, b={"people": COLUMNS}, modified=STAMPED, **rules)


def put(w: World, number: int, stamp: str, city: str = "Wien") -> None:
    w.put("a", Id=number, Email=f"p{number}@x.org", City=city, Changed=stamp)


def incremental(w: World) -> RunResult:
    return w.run(mode=Mode.INCREMENTAL)


@pytest.mark.scenario("D1")
def test_a_row_that_is_stamped_before_and_committed_after_the_scan_is_found_by_the_next_incremental_run(
    world: WorldMaker,
) -> None:
    w = stamped(world, direction=Direction.A_TO_B)
    w.a.execute("PRAGMA journal_mode=WAL")
    put(w, 1, "2026-03-01 10:00:00")
    w.run()
    put(w, 3, "2026-03-01 10:00:50")
    with closing(sqlite3.connect(w.a.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        late = ("late@x.org", "Linz", "2026-03-01 10:00:20")
        other.execute("INSERT INTO Person (Id, Email, City, Changed) VALUES (2, ?, ?, ?)", late)
        other.execute("UPDATE Person SET City = 'Graz', Changed = '2026-03-01 10:00:21' WHERE Id = 1")
        # The scan runs while the transaction is open: it sees neither change, and reads on to a later stamp.
        assert w.actions(incremental(w)) == {Action.CREATE_B: 1}
        assert str(w.ledger_rows("watermark")[0][2]) == "2026-03-01 10:00:50"
        other.execute("COMMIT")
    assert w.actions(incremental(w)) == {Action.CREATE_B: 1, Action.UPDATE_B: 1}
    assert w.rows("b", "email", "city") == [("late@x.org", "Linz"), ("p1@x.org", "Graz"), ("p3@x.org", "Wien")]
    w.assert_quiet(mode=Mode.INCREMENTAL)


@pytest.mark.scenario("D2")
def test_of_many_rows_at_the_boundary_stamp_none_is_skipped_or_written_twice(world: WorldMaker) -> None:
    w = stamped(world)
    many = [(n, f"p{n}@x.org", "2026-03-01 10:00:00") for n in range(1, 3001)]
    insert = "INSERT INTO Person (Id, Email, Changed) VALUES (?, ?, ?)"
    with closing(sqlite3.connect(w.a.file)) as connection, connection:
        connection.executemany(insert, many[:1500])
    w.run()
    with closing(sqlite3.connect(w.a.file)) as connection, connection:
        connection.executemany(insert, many[1500:])
        connection.execute("UPDATE Person SET City = 'Graz' WHERE Id <= 10")  # at the very same stamp
    result = incremental(w)
    assert w.actions(result) == {Action.CREATE_B: 1500, Action.UPDATE_B: 10}
    assert len({row[0] for row in w.rows("b", "email")}) == len(w.rows("b")) == 3000
    w.assert_quiet(mode=Mode.INCREMENTAL)


def scheduled(w: World) -> RunResult:
    return w.run(trigger=Trigger.SCHEDULE)


@pytest.mark.scenario("D3")
def test_a_back_dated_edit_is_found_by_the_complete_comparison_that_a_schedule_makes_within_its_days(
    world: WorldMaker,
) -> None:
    clock = HandClock()
    w = stamped(world, clock=clock)
    w.save(schedule=HOURLY)
    put(w, 1, "2026-03-01 10:00:00")
    put(w, 2, "2026-03-02 10:00:00")
    w.run()
    w.edit("a", 1, City="Graz", Changed="2020-01-01 00:00:00")
    for _ in range(3):
        clock.move(minutes=60 * 24 * 2)
        result = scheduled(w)
        assert w.actions(result) == {}
        assert result.entities[0].read_a == 1
    clock.move(minutes=60 * 24)
    result = scheduled(w)
    assert (w.actions(result), result.entities[0].read_a) == ({Action.UPDATE_B: 1}, 2)
    clock.move(minutes=60)
    assert scheduled(w).entities[0].read_a == 1  # and from then on incremental again
    clock.move(minutes=-60 * 24 * 30)  # a clock that was set back must not put the comparison off
    assert scheduled(w).entities[0].read_a == 2
    assert w.run(trigger=Trigger.HAND).entities[0].read_a == 2


@pytest.mark.scenario("D3")
def test_a_watermark_is_never_later_than_the_clock_of_its_endpoint_and_an_alarm_says_so(world: WorldMaker) -> None:
    clock = HandClock()
    w = stamped(world, clock=clock)
    year = clock.now().year + 3
    put(w, 1, f"{year}-01-01 00:00:00")
    result = w.run()
    assert any("later than the clock of CRM" in note for note in result.entities[0].notes)
    stamp = w.ledger_rows("watermark")[0][2]
    assert str(stamp) <= f"{max(clock.now(), datetime.now(UTC)):%Y-%m-%d %H:%M:%S}.999999"
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    put(w, 2, max(now, f"{clock.now():%Y-%m-%d %H:%M:%S}"))  # an honest stamp, years before the wrong one
    assert w.actions(incremental(w)) == {Action.CREATE_B: 1}
    w.assert_quiet(mode=Mode.INCREMENTAL)


@pytest.mark.scenario("D4")
def test_the_queue_and_the_watermark_are_kept_together_or_not_at_all(world: WorldMaker) -> None:
    w = stamped(world)
    put(w, 1, "2026-03-01 10:00:00")
    w.run()
    put(w, 2, "2026-03-02 10:00:00")
    before = w.ledger_rows(), w.ledger_rows("watermark")
    ledger = w.app.home / "ledger.sqlite"
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute(
            "CREATE TRIGGER cut BEFORE INSERT ON watermark BEGIN SELECT RAISE(ABORT, 'the power is gone'); END"
        )
    with pytest.raises(LedgerError):
        w.app.synchronization.prepare("Sync", mode=Mode.INCREMENTAL)
    assert (w.ledger_rows(), w.ledger_rows("watermark")) == before
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute("DROP TRIGGER cut")
    for _ in range(2):  # the second one finds the same queue
        w.app.synchronization.prepare("Sync", mode=Mode.INCREMENTAL)
        assert [(one.a_id, one.status) for one in w.records()] == [("1", Status.PROCESSED), ("2", Status.PREPARED)]
    assert w.app.synchronization.process("Sync").outcome is Outcome.DONE
    w.assert_quiet(mode=Mode.INCREMENTAL)


class PowerCutError(BaseException):
    """The program is gone."""


@pytest.mark.scenario("D4")
def test_a_program_that_is_cut_off_around_the_queue_leaves_no_watermark_ahead_of_it(world: WorldMaker) -> None:
    cut = {"at": ""}

    def steps(name: str) -> None:
        if name == cut["at"]:
            raise PowerCutError

    w = stamped(world, steps=steps)
    put(w, 1, "2026-03-01 10:00:00")
    w.run()
    for number, place in enumerate(("prepare.found", "prepare.queued"), 2):
        put(w, number, f"2026-03-0{number} 10:00:00")
        cut["at"] = place
        with pytest.raises(PowerCutError):
            w.app.synchronization.prepare("Sync", mode=Mode.INCREMENTAL)
        cut["at"] = ""
        stamp = str(w.ledger_rows("watermark")[0][2])
        queued = {one.a_id for one in w.records()}
        assert all(str(n) in queued for n in range(1, number + 1) if f"2026-03-0{n} 10:00:00" <= stamp)
        incremental(w)
        assert len(w.rows("b")) == number
        assert len(w.records()) == number


@pytest.mark.scenario("D5")
def test_pushes_that_are_lost_repeated_mixed_up_or_early_lead_to_the_same_as_polling(world: WorldMaker) -> None:
    w = stamped(world)
    for number in (1, 2, 3):
        put(w, number, "2026-03-01 10:00:00")
    w.run()
    pushed = [w.of(number).id for number in (3, 1, 3, 3)]  # that of 2 is lost, that of 3 comes three times, too early
    push = w.app.synchronization.run_records
    assert w.actions(push("Sync", pushed, trigger=Trigger.PUSH)) == {}
    for number, city in ((1, "Graz"), (2, "Linz"), (3, "Rom")):
        w.edit("a", number, City=city, Changed="2026-03-01 11:00:00")
    assert w.actions(push("Sync", pushed, trigger=Trigger.PUSH)) == {Action.UPDATE_B: 2}
    for record in pushed:
        w.app.records.set_status([record], Event.SET_PREPARED_BY_USER)
    assert len(w.records()) == 3
    assert w.actions(incremental(w)) == {Action.UPDATE_B: 1, Action.ADOPT: 2}
    assert w.rows("b", "city") == [("Graz",), ("Linz",), ("Rom",)]
    w.assert_quiet(mode=Mode.INCREMENTAL)


@pytest.mark.scenario("D6")
def test_an_edit_of_an_unmapped_field_writes_nothing_in_any_mode(world: WorldMaker) -> None:
    w = stamped(world)
    put(w, 1, "2026-03-01 10:00:00")
    w.run()
    w.edit("a", 1, Note="only here", Changed="2026-03-02 10:00:00")
    for options in ({"mode": Mode.INCREMENTAL}, {}):
        w.assert_quiet(**options)
    assert w.app.synchronization.run_records("Sync", [w.of(1).id]).entities[0].actions == {}


@pytest.mark.scenario("D7")
def test_what_sync_wrote_itself_comes_back_by_poll_push_and_full_scan_and_is_no_change(world: WorldMaker) -> None:
    w = stamped(world)
    w.b.execute(  # type: ignore[union-attr]
        "CREATE TRIGGER touch AFTER UPDATE OF city ON people BEGIN UPDATE people SET changed = '2026-03-03 10:00:00' "
        "WHERE id = new.id; END"
    )
    put(w, 1, "2026-03-01 10:00:00")
    w.run()
    w.edit("a", 1, City="Graz", Changed="2026-03-02 10:00:00")
    w.run()
    assert w.rows("b", "city", "changed") == [("Graz", "2026-03-03 10:00:00")]
    before = w.fingerprints(), w.ledger_rows()
    for _ in range(2):
        incremental(w)
        w.app.synchronization.run_records("Sync", [w.of(1).id], trigger=Trigger.PUSH)
        w.run()
    assert (w.fingerprints(), w.ledger_rows()) == before


def test_after_an_edit_of_the_mapping_an_incremental_run_looks_at_everything_once(world: WorldMaker) -> None:
    w = stamped(world)
    put(w, 1, "2026-03-01 10:00:00", city="  Wien  ")
    put(w, 2, "2026-03-05 10:00:00")
    w.run()
    city = w.configuration.entities[0].fields[1]
    w.save(
        replace(
            w.configuration.entities[0],
            fields=(w.configuration.entities[0].fields[0], replace(city, to_b="trim(City)")),
        )
    )
    assert w.actions(incremental(w)) == {Action.UPDATE_B: 1}
    assert ("Wien",) in w.rows("b", "city")
    assert incremental(w).entities[0].read_a == 1


def test_a_schedule_says_in_the_file_what_its_runs_look_at(world: WorldMaker) -> None:
    w = stamped(world)
    w.save(schedule=replace(HOURLY, full_every_days=3))
    text = w.app.definitions.export(["Sync"])
    assert 'mode = "incremental"\nfull_every_days = 3' in text
    read: SyncConfiguration = w.app.definitions.parse(text, "sync.toml").configurations[0]
    assert read.schedule == replace(HOURLY, full_every_days=3)
