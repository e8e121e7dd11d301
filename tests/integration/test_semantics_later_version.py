"""A later version of the program may compute digests in another way: nothing is taken for an accident or written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from desktop_sync.core.configuration import (
    ConflictRule,
    DeleteRule,
    Direction,
    FieldMapping,
    GuardLimits,
    PerSide,
    Side,
)
from desktop_sync.core.decision import Action
from desktop_sync.core.plan import Mode
from desktop_sync.core.run import Outcome
from desktop_sync.engine import canonical, plan_store, staging
from desktop_sync.engine.canonical import digest_sql
from tests.support.worlds import EMAIL, NAME, World, WorldMaker

MANY = 60


def _later_digest_sql(canonical_values: Sequence[str]) -> str:
    return digest_sql([*canonical_values, "'another form'"])


def test_records_that_agree_get_a_new_baseline_without_a_guard_or_a_write(
    world: WorldMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = world(guards=GuardLimits())
    for number in range(1, MANY + 1):
        w.put("a", Id=number, Email=f"p{number}@x.org", City="Wien")
    w.run()
    before = w.fingerprints()
    monkeypatch.setattr(staging, "digest_sql", _later_digest_sql)
    result = w.run()
    assert result.outcome is Outcome.DONE, result.error
    assert w.actions(result) == {Action.ADOPT: MANY}
    assert w.fingerprints() == before
    w.assert_quiet()
    w.edit("a", 3, City="Graz")
    assert w.actions(w.run()) == {Action.UPDATE_B: 1}


def test_a_real_change_of_everything_is_still_an_accident(world: WorldMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    w = world(guards=GuardLimits())
    for number in range(1, MANY + 1):
        w.put("a", Id=number, Email=f"p{number}@x.org", City="Wien")
    w.run()
    for number in range(1, MANY + 1):
        w.edit("a", number, City="Graz")
    monkeypatch.setattr(staging, "digest_sql", _later_digest_sql)
    result = w.run()
    assert result.outcome is Outcome.GUARD
    assert {finding.side for finding in result.findings} >= {Side.A}


# A later version that says so keeps what is known of each side.


@pytest.fixture
def upgrade(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From then on the program makes digests in another form, and says so."""

    def install() -> None:
        monkeypatch.setattr(staging, "digest_sql", _later_digest_sql)
        monkeypatch.setattr(canonical, "CANONICAL_VERSION", 2)
        monkeypatch.setattr(plan_store, "CANONICAL_VERSION", 2)

    return install


KINDS = {
    "Id": "INTEGER PRIMARY KEY",
    "Email": "TEXT",
    "City": "TEXT",
    "Note": "TEXT",
    "Age": "INTEGER",
    "Paid": "DECIMAL(10,2)",
    "Rate": "REAL",
    "Born": "DATE",
}


@pytest.fixture(params=["csv", "sqlite"])
def typed(request: pytest.FixtureRequest, world: WorldMaker) -> World:
    """People with a value of each type, some of them odd, in agreement."""
    is_table = request.param == "sqlite"
    lower = {name.lower(): kind for name, kind in KINDS.items()}
    w = world(
        guards=GuardLimits(),
        a={"Person": ", ".join(f"{name} {kind}" for name, kind in KINDS.items())},
        b={"people": ", ".join(f"{name} {kind}" for name, kind in lower.items()) if is_table else ", ".join(lower)},
        b_is_table=is_table,
        fields=(EMAIL, *(FieldMapping(name, name.lower()) for name in list(KINDS)[2:])),
        conflict=ConflictRule.ASK,
    )
    for number in range(1, MANY + 1):
        w.put(
            "a",
            Id=number,
            Email=f"p{number}@x.org",
            City=(" Wien ", "", "Graz\u0301", None)[number % 4],
            Note="\x1f\x1e" if number % 5 else None,
            Age=number * 10**12,
            Paid="1234.50",
            Rate=0.1 + number / 3,
            Born="1999-12-31" if number % 3 else None,
        )
    w.run()
    w.assert_quiet()
    return w


def digests(w: World) -> list[tuple[object, ...]]:
    return [row[6:8] for row in w.ledger_rows("sync_record")]


def test_an_upgrade_gives_all_records_new_digests_and_nothing_else(typed: World, upgrade: Callable[[], None]) -> None:
    before, fingerprints = digests(typed), typed.fingerprints()
    upgrade()
    result = typed.run()
    assert (result.outcome, typed.actions(result)) == (Outcome.DONE, {})
    assert all(old != new for old, new in zip(before, digests(typed), strict=True))
    assert typed.fingerprints() == fingerprints
    typed.assert_quiet()


def test_an_edit_on_one_side_before_the_upgrade_is_an_edit_of_that_side_alone(
    typed: World, upgrade: Callable[[], None]
) -> None:
    typed.edit("a", 3, City="Linz")
    typed.edit("b", 4, city="Steyr")
    typed.edit("a", 5, City="here")
    typed.edit("b", 5, city="there")
    typed.edit("a", 6, City="Wels")
    typed.edit("b", 6, city="Wels")
    upgrade()
    result = typed.run()
    expected = {Action.UPDATE_B: 1, Action.UPDATE_A: 1, Action.CONFLICT: 1, Action.ADOPT: 1}
    assert typed.actions(result) == expected
    assert (typed.record("b", 3) or {})["city"] == "Linz"
    assert (typed.record("a", 4) or {})["City"] == "Steyr"


def test_a_preview_after_the_upgrade_shows_what_the_run_does_and_writes_nothing(
    typed: World, upgrade: Callable[[], None]
) -> None:
    typed.edit("a", 3, City="Linz")
    upgrade()
    before = typed.ledger_dump()
    preview = typed.app.synchronization.preview(NAME)
    assert {action: count for action, count in preview.plan.entities[0].counts.items() if count} == {Action.UPDATE_B: 1}
    assert typed.ledger_dump() == before
    assert typed.app.synchronization.run(NAME, preview=preview).outcome is Outcome.DONE
    assert (typed.record("b", 3) or {})["city"] == "Linz"
    typed.assert_quiet()


def test_an_incremental_run_and_single_records_see_the_upgrade_too(typed: World, upgrade: Callable[[], None]) -> None:
    typed.edit("a", 3, City="Linz")
    upgrade()
    typed.app.synchronization.run_records(NAME, [typed.of(a_id=3).id])
    assert (typed.record("b", 3) or {})["city"] == "Linz"
    assert typed.actions(typed.run(mode=Mode.INCREMENTAL)) == {}
    typed.assert_quiet()


def test_a_plan_that_waited_since_before_the_upgrade_is_made_anew(typed: World, upgrade: Callable[[], None]) -> None:
    typed.edit("a", 3, City="Linz")
    typed.app.synchronization.prepare(NAME)
    upgrade()
    assert typed.app.synchronization.waiting_plan(NAME) is None
    result = typed.app.synchronization.process(NAME)
    assert typed.actions(result) == {Action.UPDATE_B: 1}
    typed.assert_quiet()


def test_what_was_deleted_and_ignored_is_not_brought_back_by_the_upgrade(
    world: WorldMaker, upgrade: Callable[[], None]
) -> None:
    w = world(guards=GuardLimits(), delete=PerSide(DeleteRule.IGNORE, DeleteRule.IGNORE))
    for number in (1, 2, 3):
        w.put("a", Id=number, Email=f"p{number}@x.org", City="Wien")
    w.run()
    w.delete("b", 2)
    w.run()
    w.assert_quiet()
    upgrade()
    assert w.actions(w.run()) == {}
    assert len(w.rows("b")) == 2
    w.assert_quiet()


def test_an_edited_mapping_is_compared_as_a_whole_whatever_the_form(
    world: WorldMaker, upgrade: Callable[[], None]
) -> None:
    w = world(guards=GuardLimits())
    for number in (1, 2, 3):
        w.put("a", Id=number, Email=f"p{number}@x.org", City="Wien", Note="n")
    w.run()
    upper = FieldMapping("City", "city", to_b="upper(City)", direction=Direction.A_TO_B)
    entity = w.configuration.entities[0]
    others = tuple(field for field in entity.fields if field.a != "City")
    w.save(replace(entity, fields=(*others, upper)))
    upgrade()
    w.run()
    assert {row[0] for row in w.rows("b", "city")} == {"WIEN"}
    w.assert_quiet()


def test_an_upgrade_that_is_cut_off_is_carried_out_by_the_next_run(
    world: WorldMaker, upgrade: Callable[[], None]
) -> None:
    class Dies(BaseException):
        pass

    names: list[str] = []

    def steps(name: str) -> None:
        names.append(name)
        if name == dies_at[0]:
            raise Dies

    dies_at = [""]
    w = world(guards=GuardLimits(), steps=steps)
    for number in (1, 2, 3):
        w.put("a", Id=number, Email=f"p{number}@x.org", City="Wien")
    w.run()
    w.edit("a", 3, City="Linz")
    upgrade()
    names.clear()
    for step in ("ledger.rebase.before_commit", "ledger.rebase.after_commit"):
        dies_at[0] = step
        with pytest.raises(Dies):
            w.run()
        assert step in names
    dies_at[0] = ""
    assert w.actions(w.run()) == {Action.UPDATE_B: 1}
    w.assert_quiet()


def test_a_second_upgrade_knows_as_much_as_the_first(
    typed: World, upgrade: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade()
    typed.run()
    typed.edit("b", 4, city="Steyr")
    monkeypatch.setattr(staging, "digest_sql", lambda values: digest_sql([*values, "'a third form'"]))
    monkeypatch.setattr(canonical, "CANONICAL_VERSION", 3)
    assert typed.actions(typed.run()) == {Action.UPDATE_A: 1}
    typed.assert_quiet()


def test_what_was_undone_before_the_upgrade_stays_undone(world: WorldMaker, upgrade: Callable[[], None]) -> None:
    w = world(guards=GuardLimits())
    w.put("a", Id=1, Email="p1@x.org", City="Wien")
    w.run()
    w.edit("a", 1, City="Linz")
    undone = w.run()
    assert undone.run_id is not None
    w.app.undo.undo(undone.run_id)
    before = w.fingerprints()
    upgrade()
    assert w.actions(w.run()) == {}
    assert w.fingerprints() == before
    assert (w.rows("a", "City"), w.rows("b", "city")) == ([("Linz",)], [("Wien",)])
    w.edit("a", 1, City="Graz")
    assert w.actions(w.run()) == {Action.UPDATE_B: 1}


def test_where_the_batch_does_not_tell_the_values_records_that_agree_get_a_new_baseline(
    world: WorldMaker, upgrade: Callable[[], None]
) -> None:
    both = FieldMapping("City", "city", to_b="City || coalesce(Note, '')", direction=Direction.A_TO_B)
    w = world(guards=GuardLimits(), fields=(EMAIL, both))
    for number in range(1, MANY + 1):
        w.put("a", Id=number, Email=f"p{number}@x.org", City="Wien", Note="!")
    w.run()
    before = w.fingerprints()
    upgrade()
    result = w.run()
    assert (result.outcome, w.actions(result)) == (Outcome.DONE, {Action.ADOPT: MANY})
    assert w.fingerprints() == before
    w.assert_quiet()
