"""What people are told of records that are held, and that they can do it (RELIABILITY 4.3, I7)."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from datetime import timedelta

import pytest

from desktop_sync import cli
from desktop_sync.core.configuration import Side
from desktop_sync.core.held_case import HeldAction, HeldCase, age_text
from desktop_sync.core.ledger_values import HoldReason
from desktop_sync.core.provider_port import Operation
from desktop_sync.core.status import Event
from tests.support.chaos_faults import FaultKind
from tests.support.chaos_fixtures import Make, assert_quiet, die_at
from tests.support.chaos_system import CLASSES
from tests.support.chaos_world import NAME, ChaosWorld, assert_done


def said(world: ChaosWorld, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit code and standard output of a command over the world's application."""

    class Kept:
        """The application of the world, which goes on after the command."""

        def __getattr__(self, name: str) -> object:
            return getattr(world.application, name)

        def close(self) -> None:
            pass

    code = cli.main(list(arguments), build_application=lambda home: Kept())  # type: ignore[arg-type,return-value]
    return code, capsys.readouterr().out


def no_answer(make: Make) -> ChaosWorld:
    world = make(replace(CLASSES["none"], max_in_flight_s=600))
    world.left.put("people", email="n1", name="first")
    world.right.faults.add("create", FaultKind.TIMEOUT_APPLIED)
    world.run()
    return world


def test_a_record_whose_answer_is_outstanding_tells_since_when_why_and_that_the_next_run_looks_again(
    make: Make,
) -> None:
    world = no_answer(make)
    since = world.clock.now()
    world.clock.move(7200)
    (held,) = world.application.records.held(NAME)
    assert (held.entity, held.a_id, held.b_id) == ("people", "1", None)
    assert (held.operation, held.side, held.endpoint) == (Operation.CREATE, Side.B, "Right")
    assert (held.since, held.age) == (since, timedelta(hours=2))
    assert held.reason is HoldReason.NO_ANSWER
    assert held.may_be == ()
    assert held.actions == (HeldAction.WAIT, HeldAction.SET_PREPARED)
    assert held.why == f"Run {held.run_id} was creating it in Right, and no answer came. It may still be carried out."
    assert held.advice.startswith("Nothing need be done: the next run looks again.")
    assert world.application.records.held(NAME, "other") == []
    assert_done(world.run())
    assert world.application.records.held(NAME) == []


def held_as_ambiguous(make: Make) -> tuple[ChaosWorld, HeldCase]:
    world = make("natural-key")
    world.left.put("people", email="n1", name="new")
    die_at(world, "endpoint.right.create.after")
    world.right.put("people", email="n1", name="somebody else's")
    world.run()
    (held,) = world.application.records.held(NAME)
    return world, held


def test_a_record_that_may_have_become_one_of_several_names_them_as_link_takes_them(make: Make) -> None:
    world, held = held_as_ambiguous(make)
    ids = sorted(world.right.records("people"))
    assert held.reason is HoldReason.AMBIGUOUS
    assert held.may_be == tuple(("1", one) for one in ids)
    assert held.actions == (HeldAction.LINK, HeldAction.SET_PREPARED)
    assert f"It may be one of these there now: {', '.join(ids)}." in held.why
    assert held.advice.startswith("Link it to the one that it is.")
    # What is said can be done.
    first, second = world.right.records("people")
    world.right.edit("people", second, email="n2")
    world.application.records.link(NAME, held.entity, *next(pair for pair in held.may_be if pair[1] == first))
    assert_done(world.run())
    assert world.application.records.held(NAME) == []
    assert_quiet(world)


def test_set_as_prepared_ends_the_hold_and_creates_it_again(make: Make) -> None:
    world, held = held_as_ambiguous(make)
    for record in list(world.right.records("people")):
        world.right.delete("people", record)
    assert world.application.records.set_status([held.record_id], Event.SET_PREPARED_BY_USER) == 1
    assert world.application.records.held(NAME) == []
    assert_done(world.run())
    assert world.people(world.right) == {"n1": "new"}


def test_the_command_line_tells_it_in_text_and_as_json(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    world, held = held_as_ambiguous(make)
    world.clock.move(90_000)
    code, text = said(world, capsys, "records", NAME, "--held")
    assert code == 0
    assert "1 day" in text
    assert held.why in text
    assert held.advice in text
    assert shlex.join(["desktop-sync", "link", NAME, held.entity, *held.may_be[0]]) in text
    _, text = said(world, capsys, "records", NAME, "--held", "--json")
    (document,) = json.loads(text)
    assert (document["id"], document["status"]) == (held.record_id, "Review")
    assert document["held"] == {
        "since": held.since.isoformat(),
        "age_s": 90_000,
        "operation": "create",
        "endpoint": "Right",
        "run": held.run_id,
        "reason": "ambiguous",
        "why": held.why,
        "may_be": [{"a_id": a_id, "b_id": b_id} for a_id, b_id in held.may_be],
        "actions": ["link", "set-prepared"],
        "advice": held.advice,
    }
    _, text = said(world, capsys, "records", NAME, "--status", "review", "--json")
    waiting = json.loads(text)
    assert [one["id"] for one in waiting if "held" in one] == [held.record_id]
    assert len(waiting) == 3  # the two that it may have become wait too


def test_with_nothing_held_the_command_line_says_so(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    world = make("natural-key")
    assert said(world, capsys, "records", NAME, "--held") == (0, "No record is held.\n")
    assert said(world, capsys, "records", NAME, "--held", "--json") == (0, "[]\n")


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(hours=23, minutes=59), "23 hours"),
        (timedelta(days=3), "3 days"),
    ],
)
def test_an_age_is_said_in_its_greatest_unit(age: timedelta, text: str) -> None:
    assert age_text(age) == text
