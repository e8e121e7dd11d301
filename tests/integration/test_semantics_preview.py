"""SPEC §9: a preview writes nothing, what was seen is what runs, and verification proves the agreement."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from desktop_sync.core.configuration import ConflictRule, PerSide, Side
from desktop_sync.core.decision import Action, Rule
from desktop_sync.core.errors import VersionMismatchError
from desktop_sync.core.run import Outcome
from desktop_sync.core.status import Event, Status
from tests.support.worlds import CITY, EMAIL, World, WorldMaker, person_entity


def busy(world: WorldMaker, **rules: object) -> World:
    """Pairs 1 to 6 in sync, then a change of every kind."""
    w = world(conflict=ConflictRule.A, **rules)
    for number in range(1, 7):
        w.put("a", Id=number, Email=f"p{number}@x.org", City="Wien")
    w.run()
    w.edit("a", 1, City="Graz")
    w.edit("b", w.of(2).b_id, city="Linz")
    w.edit("a", 3, City="from a")
    w.edit("b", w.of(3).b_id, city="from b")
    w.delete("a", 4)
    w.put("a", Id=9, Email="new@x.org", City="Rom")
    w.put("b", id="99", email="neu@x.org", city="Bari")
    w.put("a", Id=10, Email=None, City="Rom")
    return w


def test_a_preview_changes_neither_endpoint_nor_the_ledger(world: WorldMaker) -> None:
    w = busy(world)
    before = w.fingerprints(), w.ledger_dump()
    preview = w.app.synchronization.preview("Sync")
    assert preview.count() == 7
    assert len(preview.rows(text="9", sort="a_id", descending=True)) == 2
    preview.exclude("people", [1], True)
    preview.close()
    assert (w.fingerprints(), w.ledger_dump()) == before
    assert list((w.folder / "home" / "work").iterdir()) == []


def test_rows_are_searched_and_sorted_by_what_they_are_called(world: WorldMaker) -> None:
    preview = busy(world).app.synchronization.preview("Sync")
    titles = [row.title for row in preview.rows()]
    assert "neu@x.org" in titles, "also what only B has"
    found = preview.rows(text="E%U@x".replace("%", "")) + preview.rows(text="P3@X.ORG")
    assert [row.title for row in found] == ["neu@x.org", "p3@x.org"]
    assert preview.count(text="%") == 0, "a sign of the query language is a letter like others"
    assert [row.title for row in preview.rows(sort="title", descending=True) if row.title] == sorted(
        (title for title in titles if title), reverse=True
    )
    assert [row.number for row in preview.rows(text="x.org")] == [row.number for row in preview.rows() if row.title]
    preview.close()


def test_rows_are_sorted_as_people_look_for_them(world: WorldMaker) -> None:
    w = world()
    names = ["Zoe", "anna", "Äda", "Bo", "ada", "Østen", "otto", "Straße", "Strassen"]
    for number, name in enumerate(names, 1):
        w.put("a", Id=number, Email=name, City="Wien")
    w.put("a", Id=20, Email=None, City="Rom")
    with closing(w.app.synchronization.preview("Sync")) as preview:
        order = [row.title for row in preview.rows(sort="title") if row.title]
        assert order == ["ada", "Äda", "anna", "Bo", "Østen", "otto", "Straße", "Strassen", "Zoe"]
        assert [row.title for row in preview.rows(sort="title", descending=True) if row.title] == order[::-1]
        same = [row.number for row in preview.rows(sort="detail") if not row.detail]
        assert same == sorted(same), "rows that are alike stay as they stand"
        paged = [row.title for start in range(0, 10, 3) for row in preview.rows(sort="title", offset=start, limit=3)]
        assert [title for title in paged if title] == order


def test_masked_values_are_found_by_nobody(world: WorldMaker) -> None:
    w = world(fields=(replace(EMAIL, masked=True), CITY))
    w.put("a", Id=1, Email="secret@x.org", City="Wien")
    preview = w.app.synchronization.preview("Sync")
    assert [row.title for row in preview.rows()] == [""]
    assert preview.count(text="secret") == 0
    preview.close()


def test_the_first_preview_of_all_changes_nothing_either(world: WorldMaker) -> None:
    w = world()
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    before = w.fingerprints(), w.ledger_dump()
    w.app.synchronization.preview("Sync").close()
    assert (w.fingerprints(), w.ledger_dump()) == before


def test_a_preview_says_what_will_happen_field_by_field(world: WorldMaker) -> None:
    w = busy(world)
    with w.app.synchronization.preview("Sync").session as session:
        assert session.bench is not None
    preview = w.app.synchronization.preview("Sync")
    by_id = {row.a_id or row.b_id: row for row in preview.rows()}
    assert {key: row.action for key, row in by_id.items()} == {
        "1": Action.UPDATE_B,
        "2": Action.UPDATE_A,
        "3": Action.UPDATE_B,
        "4": Action.DELETE_B,
        "9": Action.CREATE_B,
        "99": Action.CREATE_A,
        "10": Action.INVALID,
    }
    city = {key: next(f for f in row.fields if f.label == "City") for key, row in by_id.items()}
    assert (city["1"].before, city["1"].after, city["1"].differs) == ("Wien", "Graz", True)
    assert (city["2"].before, city["2"].after) == ("Wien", "Linz")
    assert (city["9"].before, city["9"].after) == (None, "Rom")
    assert (city["4"].before, city["4"].after) == ("Wien", None)
    assert by_id["3"].rule is Rule.SIDE_WINS
    assert by_id["1"].title == "p1@x.org"
    assert preview.plan.count(Action.UPDATE_B) == 2
    preview.close()


def test_exactly_the_seen_plan_is_carried_out(world: WorldMaker) -> None:
    w = busy(world)
    preview = w.app.synchronization.preview("Sync")
    planned = dict(preview.plan.entities[0].counts)
    w.put("a", Id=11, Email="later@x.org", City="Rom")
    w.edit("a", 6, City="later")
    result = w.run(preview=preview)
    assert w.actions(result) == planned
    assert ("later@x.org",) not in w.rows("b", "email")
    assert ("later",) not in w.rows("b", "city")
    w.run()
    assert ("later@x.org",) in w.rows("b", "email")
    assert ("later",) in w.rows("b", "city")


def test_excluded_rows_are_left_alone_and_found_again(world: WorldMaker) -> None:
    w = busy(world)
    preview = w.app.synchronization.preview("Sync")
    keep = [row.number for row in preview.rows(actions=(Action.DELETE_B, Action.CREATE_B))]
    preview.exclude("people", keep, True)
    assert all(row.is_excluded for row in preview.rows(actions=(Action.DELETE_B,)))
    w.run(preview=preview)
    emails = {row[0] for row in w.rows("b", "email")}
    assert "p4@x.org" in emails
    assert "new@x.org" not in emails
    again = w.app.synchronization.preview("Sync")
    assert {row.action for row in again.rows()} >= {Action.DELETE_B, Action.CREATE_B}
    w.run(preview=again)
    assert "p4@x.org" not in {row[0] for row in w.rows("b", "email")}
    w.assert_quiet()


def test_rows_are_left_out_by_what_happens_to_them_however_many_they_are(world: WorldMaker) -> None:
    w = busy(world)
    preview = w.app.synchronization.preview("Sync")
    (kept,) = [row.number for row in preview.rows(actions=(Action.DELETE_B,))]
    preview.exclude_all("people", (Action.CREATE_B,), True)
    assert preview.count_excluded() == preview.count(actions=(Action.CREATE_B,)) > 0
    preview.exclude_all("", (), True)
    assert preview.count_excluded() == preview.count()
    preview.exclude("people", [kept], False)
    w.run(preview=preview)
    emails = {row[0] for row in w.rows("b", "email")}
    assert "p4@x.org" not in emails
    assert "new@x.org" not in emails
    w.run()
    assert "new@x.org" in {row[0] for row in w.rows("b", "email")}
    w.assert_quiet()


def test_a_row_that_is_turned_around_keeps_the_other_sides_record(world: WorldMaker) -> None:
    w = busy(world)
    preview = w.app.synchronization.preview("Sync")
    numbers = {row.a_id: row.number for row in preview.rows()}
    assert preview.turn_around("people", [numbers["1"], numbers["3"], numbers["4"], numbers["9"]], Side.B) == 2
    w.run(preview=preview)
    assert w.record("a", 1)["City"] == "Wien"  # type: ignore[index]
    assert w.record("a", 3)["City"] == w.record("b", w.of(3).b_id)["city"] == "from b"  # type: ignore[index]
    w.assert_quiet()


def test_a_preview_is_refused_after_another_run(world: WorldMaker) -> None:
    w = busy(world)
    preview = w.app.synchronization.preview("Sync")
    w.run()
    before = w.fingerprints()
    w.edit("a", 1, City="Bonn")
    with pytest.raises(VersionMismatchError):
        w.run(preview=preview)
    assert w.b.fingerprint() == before[1]


def test_a_preview_is_refused_after_the_configuration_was_edited(world: WorldMaker) -> None:
    w = busy(world)
    preview = w.app.synchronization.preview("Sync")
    w.save(person_entity(EMAIL, CITY, conflict=ConflictRule.B))
    before = w.fingerprints()
    with pytest.raises(VersionMismatchError):
        w.run(preview=preview)
    assert w.fingerprints() == before


def test_a_record_that_is_skipped_while_the_preview_is_open_is_left_alone(world: WorldMaker) -> None:
    w = busy(world)
    preview = w.app.synchronization.preview("Sync")
    w.set_status(Event.SKIPPED_BY_USER, 1)
    w.run(preview=preview)
    assert w.of(1).status is Status.SKIPPED
    assert w.record("b", w.of(1).b_id)["city"] == "Wien"  # type: ignore[index]


def test_masked_values_are_nowhere_in_a_preview(world: WorldMaker) -> None:
    w = world(fields=(EMAIL, replace(CITY, masked=True, normal_form=("trim",))))
    w.put("a", Id=1, Email="ann@x.org", City="secret town")
    preview = w.app.synchronization.preview("Sync")
    assert "secret town" not in repr(preview.rows())
    w.run(preview=preview)
    assert w.rows("b", "city") == [("secret town",)]


# Verification.


def test_verification_counts_and_proves_the_agreement(world: WorldMaker) -> None:
    w = busy(world)
    [found] = w.app.verification.verify("Sync").entities
    assert (found.in_sync, found.different, found.missing_a, found.missing_b, found.unverified) == (2, 3, 2, 2, 0)
    w.delete("a", 10)
    w.run()
    before = w.fingerprints(), w.ledger_dump()
    report = w.app.verification.verify("Sync")
    assert report.is_in_sync
    [found] = report.entities
    assert found.in_sync == len(w.rows("a")) == len(w.rows("b"))
    assert (w.fingerprints(), w.ledger_dump()) == before
    assert w.app.verification.verify("Sync").entities == report.entities
    w.edit("b", w.of(1).b_id, city="Bonn")
    [changed] = w.app.verification.verify("Sync").entities
    assert (changed.different, changed.in_sync) == (1, found.in_sync - 1)
    assert changed.digest != found.digest
    w.edit("b", w.of(1).b_id, city="Graz")
    assert w.app.verification.verify("Sync").entities[0].digest == found.digest


def test_equal_agreement_has_one_digest_in_two_places(world: WorldMaker) -> None:
    digests = set()
    for order in ((1, 2, 3), (3, 1, 2)):
        w = world()
        for number in order:
            w.put("a", Id=number, Email=f"p{number}@x.org", City="Wien")
            w.put("b", id=number + 50, email=f"p{number}@x.org", city="Wien")
        w.run()
        digests.add(w.app.verification.verify("Sync").entities[0].digest)
    assert len(digests) == 1


def test_records_outside_the_filter_or_skipped_are_not_counted_as_different(world: WorldMaker) -> None:
    w = world(filter=PerSide("City <> 'Rom'", ""))
    for number in (1, 2, 3):
        w.put("a", Id=number, Email=f"p{number}@x.org", City="Wien")
    assert w.run().outcome is Outcome.DONE
    w.edit("a", 1, City="Rom")
    w.set_status(Event.SKIPPED_BY_USER, 2)
    w.edit("a", 2, City="Bari")
    w.run()
    [found] = w.app.verification.verify("Sync").entities
    assert (found.in_sync, found.different, found.missing_a, found.missing_b) == (1, 0, 0, 0)
