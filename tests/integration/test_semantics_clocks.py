"""RELIABILITY 4.7: clocks that are wrong decide nothing; stamps are compared with what is known of their clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from desktop_sync.core.configuration import ConflictRule, PerSide, Side
from desktop_sync.core.decision import Rule
from desktop_sync.core.finding import Level
from desktop_sync.core.plan import Mode
from desktop_sync.core.provider_port import EndpointTime
from tests.support.forgetful_provider import ForgetfulRegistry
from tests.support.ledger_home import HandClock
from tests.support.worlds import PEOPLE, World, WorldMaker

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def paired(world: WorldMaker, ahead: timedelta, error_s: float = 0.0, **rules: object) -> tuple[World, HandClock]:
    """Ann in both, in sync; the clock of B (files that pretend to be a service) is ahead of this machine's and A's."""
    clock, registry = HandClock(START), ForgetfulRegistry("csv")
    registry.forgetful.completeness = type(registry.forgetful.completeness).COMPLETE
    registry.forgetful.tells_time = lambda: EndpointTime(clock.now() + ahead, error_s)
    w = world(clock=clock, registry=registry, modified=PerSide("Changed", "changed"), b={"people": PEOPLE}, **rules)
    w.put("a", Id=1, Email="ann@x.org", City="Wien", Changed="2026-03-02 11:00:00.5")
    w.run()
    return w, clock


def edit_both(w: World, a: datetime, b: datetime) -> None:
    """What each system's own clock said when it was edited."""
    turn = len(w.ledger_rows("run"))  # so that each edit is a new value
    w.edit("a", 1, City=f"from A {turn}", Changed=f"{a:%Y-%m-%d %H:%M:%S.%f}")
    w.edit("b", 1, city=f"from B {turn}", changed=f"{b:%Y-%m-%d %H:%M:%S.%f}")


def outcome(w: World) -> tuple[str, Rule]:
    w.run()
    [(city,)] = w.rows("a", "City")
    assert w.rows("b", "city") == [(city,)]
    conflict = w.app.records.conflicts("Sync", only_open=False)[0]
    return str(city)[:6], conflict.rule


HOUR = timedelta(hours=1)


@pytest.mark.scenario("E2")
@pytest.mark.parametrize(
    ("a", "b", "winner"),
    [
        ("2026-03-02 13:00:00.5", "2026-03-02T14:30:00.5+02:00", "from A"),
        ("2026-03-02 13:00:00.5", "2026-03-02T09:00:00.5-05:00", "from B"),
        ("2026-03-02 13:00:00.5", "2026-03-02T13:10:00.5Z", "from B"),
    ],
)
def test_stamps_that_name_their_time_zone_are_compared_as_the_times_that_they_say(
    world: WorldMaker, a: str, b: str, winner: str
) -> None:
    w, clock = paired(world, timedelta(0))
    clock.move(hours=3)
    w.edit("a", 1, City="from A", Changed=a)
    w.edit("b", 1, city="from B", changed=b)
    assert outcome(w) == (winner, Rule.MOST_RECENT)


@pytest.mark.scenario("F9")
@pytest.mark.parametrize("ahead", [HOUR, -HOUR, timedelta(days=3650), -timedelta(days=3650)])
def test_the_most_recent_change_wins_whatever_the_clock_of_its_system_says(world: WorldMaker, ahead: timedelta) -> None:
    w, clock = paired(world, ahead)
    clock.move(hours=3)
    truth = clock.now() - HOUR
    edit_both(w, truth, truth - timedelta(minutes=10) + ahead)
    assert outcome(w) == ("from A", Rule.MOST_RECENT)
    clock.move(hours=3)
    truth = clock.now() - HOUR
    edit_both(w, truth, truth + timedelta(minutes=10) + ahead)
    assert outcome(w) == ("from B", Rule.MOST_RECENT)


@pytest.mark.scenario("G4")
@pytest.mark.parametrize("primary", list(Side))
def test_stamps_within_the_errors_of_the_clocks_are_a_tie_that_the_primary_system_wins(
    world: WorldMaker, primary: Side
) -> None:
    w, clock = paired(world, HOUR, error_s=2.0, primary=primary)
    clock.move(hours=3)
    truth = clock.now() - HOUR
    edit_both(w, truth, truth + timedelta(seconds=1.9) + HOUR)
    assert outcome(w) == ("from A" if primary is Side.A else "from B", Rule.MOST_RECENT_TIE)
    clock.move(hours=3)
    truth = clock.now() - HOUR
    edit_both(w, truth, truth + timedelta(seconds=2.1) + HOUR)
    assert outcome(w) == ("from B", Rule.MOST_RECENT)


@pytest.mark.scenario("F9")
def test_a_stamp_of_the_future_counts_as_now_and_wins_no_second_time(world: WorldMaker) -> None:
    w, clock = paired(world, timedelta(0))
    clock.move(hours=1)
    edit_both(w, clock.now() + timedelta(days=300), clock.now() - timedelta(minutes=1))
    assert outcome(w) == ("from A", Rule.MOST_RECENT)
    clock.move(hours=1)
    edit_both(w, clock.now() + timedelta(days=300), clock.now() + timedelta(days=1))
    assert outcome(w)[1] is Rule.MOST_RECENT_TIE  # both are now


@pytest.mark.scenario("G5")
@pytest.mark.parametrize("winner", list(Side))
def test_a_preferred_system_wins_also_when_its_clock_is_wrong_and_the_loser_is_kept(
    world: WorldMaker, winner: Side
) -> None:
    rule = ConflictRule.A if winner is Side.A else ConflictRule.B
    w, clock = paired(world, timedelta(days=-900), conflict=rule)
    clock.move(hours=3)
    a, b = clock.now() + timedelta(days=900), clock.now() - timedelta(days=900)
    edit_both(w, a, b)
    assert outcome(w) == ("from A" if winner is Side.A else "from B", Rule.SIDE_WINS)
    conflict = w.app.records.conflicts("Sync", only_open=False)[0]
    assert [(f.a, f.b) for f in conflict.fields if f.label == "City"] == [("from A 1", "from B 1")]


def measured(w: World) -> int:
    return len(w.ledger_rows("clock_sample"))


def test_a_run_measures_the_clock_once_and_a_preview_keeps_nothing(world: WorldMaker) -> None:
    w, _ = paired(world, HOUR)
    assert measured(w) == 1
    before = w.ledger_dump()
    w.app.synchronization.preview("Sync").close()
    assert w.ledger_dump() == before
    w.run(mode=Mode.INCREMENTAL)
    assert measured(w) == 2
    for _ in range(25):
        w.app.endpoints.test(w.app.endpoints.get("Shop"))
    assert measured(w) == 20


@pytest.mark.scenario("F9")
def test_a_clock_that_jumped_is_told_by_the_run_the_test_of_the_connection_and_the_check(world: WorldMaker) -> None:
    w, clock = paired(world, HOUR)
    registry = w.app._registry
    assert isinstance(registry, ForgetfulRegistry)
    said = "The clock of Shop jumped back by 1 h since it was measured before."

    def tells(ahead: timedelta) -> None:
        registry.forgetful.tells_time = lambda: EndpointTime(clock.now() + ahead)

    tells(timedelta(0))
    [note] = w.run().notes
    assert note.startswith(said)
    assert w.run().notes == ()
    tells(HOUR)
    report = w.app.endpoints.test(w.app.endpoints.get("Shop"))
    assert (report.clock_shift_s, report.clock_error_s) == (3600.0, 0.0)
    assert report.notes[-1].startswith("The clock of Shop jumped forward by 1 h")
    tells(timedelta(0))
    findings = [finding for finding in w.app.configurations.check_live(w.configuration) if finding.path == "clock"]
    assert [(finding.level, finding.message.startswith(said)) for finding in findings] == [(Level.WARNING, True)]


def test_stamps_are_looked_at_by_the_clock_that_wrote_them(world: WorldMaker) -> None:
    w, clock = paired(world, HOUR)
    w.edit("b", 1, changed=f"{clock.now() + HOUR:%Y-%m-%d %H:%M:%S}")
    findings = w.app.configurations.check_live(w.configuration)
    assert [finding for finding in findings if finding.path == "entity.modified.b"] == []
    w.edit("b", 1, changed=f"{clock.now() + 2 * HOUR:%Y-%m-%d %H:%M:%S}")
    findings = w.app.configurations.check_live(w.configuration)
    said = [finding.message for finding in findings if finding.path == "entity.modified.b"]
    assert any("1 value lies in the future" in message for message in said)
    assert any("as if local time were written without its time zone" in message for message in said)
    report = w.app.configurations.examine_clock("Shop")
    assert report.sentence.startswith("The clock of Shop is 1 h ahead of that of this machine")
    assert [(stamp.structure, stamp.field, len(stamp.problems)) for stamp in report.stamps] == [
        ("people", "changed", 2)
    ]
    own = w.app.configurations.examine_clock("CRM")
    assert (own.sentence, own.measured) == ("CRM has the clock of this machine.", 0)
