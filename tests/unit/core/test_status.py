"""The closed table of transitions, and the three rules by which a Deleted record comes back."""

from __future__ import annotations

import itertools

import pytest

from desktop_sync.core.status import TRANSITIONS, DeletedIn, Event, Status, after, is_prepared_again

USER = {
    Event.SKIPPED_BY_USER,
    Event.SET_PREPARED_BY_USER,
    Event.SET_PROCESSED_BY_USER,
    Event.SET_DELETED_BY_USER,
    Event.DECIDED,
}
LEADS_TO = {
    Event.OUT_OF_SYNC: {Status.PREPARED},
    Event.IN_SYNC: {Status.PROCESSED},
    Event.WRITTEN: {Status.PROCESSED, Status.DELETED},  # what was written to a Deleted record was its deletion
    Event.REJECTED: {Status.FAILED},
    Event.GAVE_UP: {Status.ABORTED},
    Event.UNUSABLE: {Status.INVALID},
    Event.LEFT_FILTER: {Status.FILTERED},
    Event.GONE: {Status.DELETED},
    Event.BOTH_CHANGED: {Status.CONFLICT},
    Event.AMBIGUOUS: {Status.REVIEW},
    Event.SKIPPED_BY_USER: {Status.SKIPPED},
    Event.SET_PREPARED_BY_USER: {Status.PREPARED},
    Event.SET_PROCESSED_BY_USER: {Status.PROCESSED},
    Event.SET_DELETED_BY_USER: {Status.DELETED},
    Event.DECIDED: {Status.PREPARED},
}


def test_the_table_has_every_status_and_each_event_leads_where_its_name_says() -> None:
    assert set(TRANSITIONS) == set(Status)
    assert set(LEADS_TO) == set(Event)
    for status, row in TRANSITIONS.items():
        for event, next_status in row.items():
            assert next_status in LEADS_TO[event], (status, event)


def test_every_status_can_be_reached_from_a_new_record() -> None:
    reached: set[Status] = {s for e in Event if (s := after(None, e, has_both_ids=True)) is not None}
    while True:
        further = {s for status in reached for e in Event if (s := after(status, e, has_both_ids=True)) is not None}
        if further <= reached:
            break
        reached |= further
    assert reached == set(Status)


def test_every_status_has_a_way_back_to_processed() -> None:
    for start in Status:
        reached = {start}
        for _ in Status:
            reached |= {s for one in reached for e in Event if (s := after(one, e, has_both_ids=True)) is not None}
        assert Status.PROCESSED in reached


def test_a_run_leaves_a_skipped_record_alone() -> None:
    for event in set(Event) - USER - {Event.GONE}:
        assert after(Status.SKIPPED, event, has_both_ids=True) is None
    assert after(Status.SKIPPED, Event.SET_PREPARED_BY_USER, has_both_ids=False) is Status.PREPARED


def test_only_what_waits_for_a_decision_can_be_decided() -> None:
    assert {s for s in Status if after(s, Event.DECIDED, has_both_ids=True)} == {Status.CONFLICT, Status.REVIEW}


def test_an_aborted_record_is_not_written() -> None:
    for event in (Event.WRITTEN, Event.REJECTED, Event.GAVE_UP):
        assert after(Status.ABORTED, event, has_both_ids=True) is None


@pytest.mark.parametrize("status", [None, *Status])
def test_set_as_processed_needs_both_ids(status: Status | None) -> None:
    assert after(status, Event.SET_PROCESSED_BY_USER, has_both_ids=False) is None
    allowed = status not in (None, Status.PROCESSED, Status.DELETED)
    assert (after(status, Event.SET_PROCESSED_BY_USER, has_both_ids=True) is Status.PROCESSED) == allowed


def test_a_person_cannot_act_on_a_record_that_is_not_there() -> None:
    assert all(after(None, event, has_both_ids=True) is None for event in USER)


def test_a_deleted_record_comes_back_by_exactly_the_three_rules() -> None:
    for deleted_in, primary_is_a, in_primary, changed in itertools.product(
        DeletedIn, (True, False), (True, False), (True, False)
    ):
        in_the_primary_or_both = deleted_in in (DeletedIn.BOTH, DeletedIn.A if primary_is_a else DeletedIn.B)
        rule_a = in_the_primary_or_both and in_primary
        rule_b = not in_the_primary_or_both and in_primary and changed
        rule_c = deleted_in is DeletedIn.BY_HAND
        found = is_prepared_again(deleted_in, primary_is_a=primary_is_a, in_primary=in_primary, primary_changed=changed)
        assert found == (rule_a or rule_b or rule_c), (deleted_in, primary_is_a, in_primary, changed)


def test_the_stored_numbers_never_change() -> None:
    assert [(s.name, int(s)) for s in Status] == list(
        zip(
            (
                "PREPARED",
                "PROCESSED",
                "FAILED",
                "ABORTED",
                "SKIPPED",
                "DELETED",
                "INVALID",
                "FILTERED",
                "CONFLICT",
                "REVIEW",
            ),
            range(1, 11),
            strict=True,
        )
    )
    assert [int(d) for d in DeletedIn] == [0, 1, 2, 3, 4]
