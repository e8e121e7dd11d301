"""Clocks that are set, and machines that are started anew, while nobody knows of a request whether it arrives."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from desktop_sync.core.provider_port import ConditionalWrite
from tests.support.chaos_fixtures import Make, agreed, assert_quiet, die_at
from tests.support.chaos_fixtures import make as make
from tests.support.chaos_fixtures import template as template
from tests.support.chaos_system import CLASSES
from tests.support.chaos_world import LATE_S, NAME, ChaosWorld, assert_done

TEN_YEARS = timedelta(days=3650)
SET = (timedelta(hours=1), timedelta(hours=-1), TEN_YEARS, -TEN_YEARS)


def dies_while_sending(world: ChaosWorld, method: str) -> None:
    """The request arrives ten seconds later."""
    world.right.late_after_s = LATE_S
    die_at(world, f"endpoint.right.{method}.before")
    assert world.right.late


@pytest.mark.scenario("F9", "A8")
@pytest.mark.parametrize("ahead", SET)
@pytest.mark.parametrize("class_name", CLASSES)
def test_a_create_that_is_under_way_while_the_clock_is_set_makes_one_record(
    make: Make, class_name: str, ahead: timedelta
) -> None:
    world = agreed(make(class_name))
    world.left.put("people", email="n1", name="new")
    dies_while_sending(world, "create")
    world.clock.ahead = ahead
    world.try_run()
    world.clock.move(100)
    assert_done(world.run())
    assert world.people(world.left) == world.people(world.right) == {"c1": "old", "n1": "new"}
    assert not world.ledger.held_records(NAME)
    assert not world.right.violations
    assert_quiet(world)


@pytest.mark.scenario("F9")
@pytest.mark.parametrize("ahead", SET)
def test_it_waits_no_longer_than_requests_live_when_the_machine_was_started_anew(make: Make, ahead: timedelta) -> None:
    world = make("natural-key")
    world.left.put("people", email="n1", name="new")
    dies_while_sending(world, "create")
    world.clock.move(5)
    world.clock.started_s = world.clock.at.timestamp()
    world.clock.ahead = ahead if ahead < timedelta(0) else timedelta(0)
    slept = world.clock.slept_s
    assert_done(world.run())
    assert world.clock.slept_s - slept <= 2 * world.right.profile.max_in_flight_s
    assert world.people(world.right) == {"n1": "new"}


@pytest.mark.scenario("F9")
@pytest.mark.parametrize("ahead", [timedelta(0), *SET])
def test_a_deadline_of_a_machine_that_had_been_on_for_long_is_not_waited_for_when_it_was_started_anew(
    make: Make, ahead: timedelta
) -> None:
    world = make("natural-key")
    world.clock.started_s = world.clock.at.timestamp() - 86_400
    world.left.put("people", email="n1", name="new")
    dies_while_sending(world, "create")
    world.clock.move(5)
    world.clock.started_s = world.clock.at.timestamp()  # its deadline lies a day ahead on the clock that began anew
    world.clock.ahead = ahead
    slept = world.clock.slept_s
    world.try_run()
    assert world.clock.slept_s - slept <= 2 * world.right.profile.max_in_flight_s
    world.clock.move(100)
    assert_done(world.run())
    assert world.people(world.left) == world.people(world.right) == {"n1": "new"}
    assert not world.ledger.held_records(NAME)
    assert_quiet(world)


@pytest.mark.scenario("F9")
@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(hours=-1), -TEN_YEARS])
def test_what_an_earlier_version_sent_is_waited_for_by_the_clock_that_people_set(make: Make, ahead: timedelta) -> None:
    world = make("natural-key")
    world.left.put("people", email="n1", name="new")
    dies_while_sending(world, "create")
    with closing(sqlite3.connect(world.folder / "ledger.sqlite")) as connection, connection:
        connection.execute("UPDATE request SET deadline_boottime = NULL")  # as a migration leaves it
    world.clock.ahead = ahead
    slept = world.clock.slept_s
    assert_done(world.run())
    assert LATE_S < world.clock.slept_s - slept <= 2 * world.right.profile.max_in_flight_s
    assert world.people(world.right) == {"n1": "new"}
    assert not world.ledger.held_records(NAME)
    assert_quiet(world)


@pytest.mark.scenario("F9")
def test_the_age_of_a_key_is_not_believed_where_the_clock_was_set_back(make: Make) -> None:
    world = make(replace(CLASSES["idempotency-key"], key_lives_s=3600))
    world.left.put("people", email="n1", name="new")
    die_at(world, "endpoint.right.create.after")
    world.clock.move(7200)
    world.right.tables["people"].answers.clear()  # they lived for an hour
    world.clock.ahead = -TEN_YEARS
    assert_done(world.run())
    assert world.people(world.right) == {"n1": "new"}


@pytest.mark.scenario("K2")
def test_an_update_that_is_under_way_to_a_system_that_ignores_conditions_is_waited_for(make: Make) -> None:
    liar = replace(CLASSES["marker"], conditional_write=ConditionalWrite.STRONG, ignores_conditions=True)
    world = agreed(make(liar))
    world.ledger.keep_probed("chaos:right", "")
    world.left.edit("people", "1", name="first")
    assert_done(world.run())
    world.left.edit("people", "1", name="second")
    dies_while_sending(world, "update")
    world.left.edit("people", "1", name="third")
    world.run()
    world.clock.move(100)
    assert_done(world.run())
    assert world.people(world.left) == world.people(world.right) == {"c1": "third"}


@pytest.mark.scenario("K2")
def test_an_undo_does_not_overwrite_what_somebody_edits_meanwhile_where_conditions_are_ignored(make: Make) -> None:
    liar = replace(CLASSES["marker"], conditional_write=ConditionalWrite.STRONG, ignores_conditions=True)
    world = agreed(make(liar))
    world.ledger.keep_probed("chaos:right", "")
    world.left.edit("people", "1", name="first")
    run = assert_done(world.run())

    def meanwhile(step: str) -> None:
        if step == "undo.intent_is_durable":
            world.stepper.watch = None
            world.right.edit("people", "101", name="a person's")

    world.stepper.watch = meanwhile
    world.undo(run.run_id)
    assert world.stepper.watch is None
    assert world.people(world.right) == {"c1": "a person's"}
