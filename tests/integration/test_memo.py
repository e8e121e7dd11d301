"""Rows that a complete read found unchanged are not measured again, and nobody can tell by the result."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import pyarrow as pa
import pytest

from desktop_sync.bootstrap import build_application
from desktop_sync.core.configuration import (
    Direction,
    Entity,
    FieldMapping,
    PerSide,
    PipelineStep,
    Side,
    StepKind,
    UnknownChoice,
)
from desktop_sync.core.errors import CancelledError, RetriableError
from desktop_sync.core.ports import CancelToken, NoProgress
from desktop_sync.core.provider_port import ReadRequest
from desktop_sync.engine import weave
from desktop_sync.engine.layout import Layout
from desktop_sync.services.session import memo_folder
from desktop_sync.services.session.side_stream import SideStream
from desktop_sync.services.session.sync_session import SyncSession
from tests.support.remembering import Remembering
from tests.support.worlds import CITY, EMAIL, NAME, World, WorldMaker, person_entity

WARES = Entity(
    "wares",
    PerSide("Ware", "wares"),
    (
        FieldMapping("Code", "code", identifying=True, normal_form=("trim", "upper")),
        FieldMapping("Name", "name"),
        FieldMapping("Amount", "amount"),
        FieldMapping("Price", "price"),
        FieldMapping("Weight", "weight"),
        FieldMapping("Sold", "sold"),
        FieldMapping("Since", "since"),
        FieldMapping("", "label", to_b="upper(Name) || ' ' || coalesce(Since, DATE '2000-01-01')"),
        FieldMapping("Kind", "kind", value_map=(("s", "small"), ("l", "large")), unknown_choice=UnknownChoice.INVALID),
    ),
    key=PerSide(("Code",), ("code",)),
    modified=PerSide("Changed", "changed"),
    filter=PerSide("Amount IS NULL OR Amount < 90", "name <> 'hidden'"),
)
WARE = (
    "Code TEXT PRIMARY KEY, Name TEXT, Amount INTEGER, Price DECIMAL(10,2), Weight REAL, Sold BOOLEAN, Since DATE, "
    "Kind TEXT, Changed TEXT"
)
NOT_FREE = PipelineStep(
    StepKind.VALIDATE, "no gifts", "wares", Direction.A_TO_B, condition="Price IS NULL OR Price > 0", message="a gift"
)
VALUES: dict[str, tuple[object, ...]] = {
    "Name": ("bolt", "", None, "Müller\x1fx", "nut ", "hidden", "aaaaaaa1bbbbbbb1", "aaaaaaaqbbbbbbbq"),
    "Amount": (1, 7, 95, None, "many", 2.5),
    "Price": (1, 2.5, 0, None, "1.10", "dear"),
    "Weight": (0.0, -0.0, 1e300, 3, None),
    "Sold": (0, 1, None, "yes"),
    "Since": ("2024-02-29", "2024-13-01", None, ""),
    "Kind": ("s", "l", None, "xl"),
    "Changed": ("2026-01-01 10:00:00", "2026-01-02 11:30:00", None),
}
IN_B: dict[str, tuple[object, ...]] = {
    "name": ("bolt", "", "hidden", "aaaaaaa1bbbbbbb1", "aaaaaaaqbbbbbbbq"),
    "amount": ("1", "7", "95", "", "many"),
    "kind": ("small", "large", "", "huge"),
    "price": ("1.00", "2.5", "free", ""),
    "changed": ("2026-01-03 10:00:00", ""),
}


@pytest.fixture
def remembering(monkeypatch: pytest.MonkeyPatch) -> Remembering:
    found = Remembering(monkeypatch)
    found.begin()
    return found


def wares(world: WorldMaker) -> World:
    columns = "code, name, amount, price, weight, sold, since, label, kind, changed"
    w = world(WARES, a={"Ware": WARE}, b={"wares": columns})
    w.save(steps=(NOT_FREE,))
    return w


def paired(world: WorldMaker, count: int = 4) -> World:
    """People on both sides, synchronized, looked at once more so that there is a memo."""
    w = world()
    for n in range(count):
        w.put("a", Id=n, Email=f"p{n}@x.org", City="Wien")
    w.run()
    w.assert_quiet()
    return w


def plan(w: World) -> list[str]:
    """All that a preview says, in an order of its own."""
    preview = w.app.synchronization.preview(NAME)
    try:
        rows = [repr(replace(row, number=0)) for row in preview.rows(limit=1000)]
        counts = [replace(one, notes=()) for one in preview.plan.entities]
        return sorted([*rows, repr(counts), repr(preview.plan.findings)])
    finally:
        preview.close()


def files(w: World) -> list[Path]:
    folder = w.app.home / "memo"
    return sorted(folder.iterdir()) if folder.is_dir() else []


def assert_same_plan(w: World, remembering: Remembering) -> None:
    remembered = plan(w)
    remembering.stop()
    measured = plan(w)
    remembering.go_on()
    assert remembered == measured


def stir(w: World, chance: random.Random) -> None:
    """Some records are edited, made and deleted on both sides."""
    known = {side: [str(row[0]) for row in w.rows(side)] for side in "ab"}
    for _ in range(chance.randrange(4)):
        code = f"c{chance.randrange(12)}"
        if code not in known["a"]:
            w.put("a", Code=code, **{name: chance.choice(values) for name, values in VALUES.items()})
            known["a"].append(code)
    for side, values in (("a", VALUES), ("b", IN_B)):
        for code in chance.sample(known[side], min(len(known[side]), chance.randrange(4))):
            if chance.random() < 0.2:
                w.delete(side, code)
            else:
                name = chance.choice(list(values))
                w.edit(side, code, **{name: chance.choice(values[name])})


@pytest.mark.parametrize("seed", range(4))
def test_a_plan_with_a_memo_is_the_plan_without_it(world: WorldMaker, remembering: Remembering, seed: int) -> None:
    w, chance = wares(world), random.Random(seed)
    for n in range(8):
        w.put("a", Code=f"c{n}", **{name: values[n % 2] for name, values in VALUES.items()})
    w.run()
    for _ in range(5):
        stir(w, chance)
        assert_same_plan(w, remembering)
        if chance.random() < 0.6:
            w.run()
    assert sum(remembering.taken()) > 5


def test_unchanged_rows_are_not_measured_again(world: WorldMaker, remembering: Remembering) -> None:
    w = paired(world)
    remembering.taken()
    w.edit("a", 1, City="Graz")
    plan(w)
    assert sorted(remembering.taken()) == [3, 4]
    w.run()
    plan(w)  # it learns what the run wrote
    remembering.taken()
    plan(w)
    assert remembering.taken() == [4, 4]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("aaaaaaa1bbbbbbb1", "x"), ("aaaaaaaqbbbbbbbq", "x")),  # the same by DuckDB's own hash
        (("ab", "c"), ("a", "bc")),
        (("", "x"), (None, "x")),
        (("a\x1f", "b"), ("a", "\x1fb")),
        ((None, "x"), ("x", None)),
    ],
)
def test_an_edit_that_looks_like_none_is_seen(
    world: WorldMaker, remembering: Remembering, before: tuple[str | None, ...], after: tuple[str | None, ...]
) -> None:
    w = world(
        fields=(EMAIL, FieldMapping("City", "city", normal_form=("empty-is-empty",)), FieldMapping("Note", "remark"))
    )
    w.put("a", Id=1, Email="ann@x.org", City=before[0], Note=before[1])
    w.put("a", Id=2, Email="bob@x.org", City="Linz", Note="")
    w.run()
    w.assert_quiet()
    remembering.taken()
    w.edit("a", 1, City=after[0], Note=after[1])
    plan(w)
    assert sorted(remembering.taken()) == [1, 2]
    assert_same_plan(w, remembering)


def _flip(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


DAMAGES: dict[str, Callable[[Path, Path], object]] = {
    "a flipped bit at the front": lambda one, _: _flip(one, 40),
    "a flipped bit in the middle": lambda one, _: _flip(one, one.stat().st_size // 2),
    "a flipped bit of the checksum": lambda one, _: _flip(one, -1),
    "cut off": lambda one, _: one.write_bytes(one.read_bytes()[:-100]),
    "shorter than a checksum": lambda one, _: one.write_bytes(b"x"),
    "empty": lambda one, _: one.write_bytes(b""),
    "the other side's": lambda one, other: shutil.copy(other, one),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_memo_that_is_not_sound_is_not_used_and_made_anew(
    world: WorldMaker, remembering: Remembering, damage: str
) -> None:
    w = paired(world)
    one, other = files(w)
    kept = one.read_bytes()
    DAMAGES[damage](one, other)
    w.edit("a", 1, City="Graz")
    remembering.taken()
    plan(w)
    assert len(remembering.taken()) == 1
    assert len(one.read_bytes()) > len(kept) // 2
    assert_same_plan(w, remembering)
    assert len(remembering.taken()) == 2


@pytest.mark.parametrize(
    "edited",
    [
        person_entity(EMAIL, replace(CITY, normal_form=("trim", "lower"))),
        person_entity(EMAIL, CITY, FieldMapping("Note", "remark")),
        person_entity(EMAIL, CITY, filter=PerSide("Email <> 'p1@x.org'", "email <> 'p1@x.org'")),
    ],
    ids=["normal form", "mapping", "filter"],
)
def test_an_edit_of_what_is_synchronized_makes_it_anew(
    world: WorldMaker, remembering: Remembering, edited: Entity
) -> None:
    w = paired(world)
    w.save(edited)
    remembering.taken()
    plan(w)
    assert remembering.taken() == []
    assert_same_plan(w, remembering)


def test_a_restored_ledger_is_told_nothing_wrong(world: WorldMaker, remembering: Remembering) -> None:
    w = paired(world)
    ledger = w.app.home / "ledger.sqlite"
    w.app.close()
    shutil.copy(ledger, w.folder / "old.sqlite")
    w.app = build_application(w.app.home)
    w.edit("a", 1, City="Graz")
    w.edit("a", 2, Email="new@x.org")
    w.put("a", Id=9, Email="p9@x.org", City="Rom")
    w.run()
    plan(w)
    w.app.close()
    shutil.copy(w.folder / "old.sqlite", ledger)
    w.app = build_application(w.app.home)
    assert_same_plan(w, remembering)


def test_what_cannot_be_written_is_not_remembered(world: WorldMaker, remembering: Remembering) -> None:
    w = world()
    (w.app.home / "memo").write_text("no folder")
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.run()
    w.assert_quiet()
    w.edit("a", 1, City="Graz")
    w.run()
    assert w.rows("b", "city") == [("Graz",)]
    assert remembering.taken() == []


def test_the_memo_of_an_entity_that_is_gone_is_removed(world: WorldMaker, remembering: Remembering) -> None:
    w = paired(world)
    before = files(w)
    assert len(before) == 2
    w.save(replace(w.configuration.entities[0], name="others"))
    plan(w)
    assert not set(before) & set(files(w))


def test_few_records_leave_no_memo(world: WorldMaker) -> None:
    w = paired(world)
    plan(w)
    assert files(w) == []


def test_only_the_owner_can_read_it(world: WorldMaker, remembering: Remembering) -> None:
    w = paired(world)
    assert [file.stat().st_mode & 0o77 for file in files(w)] == [0, 0]
    assert (w.app.home / "memo").stat().st_mode & 0o77 == 0


@pytest.mark.parametrize("failing", list(Side))
def test_a_side_that_cannot_be_read_stops_the_run_as_ever(
    world: WorldMaker, remembering: Remembering, monkeypatch: pytest.MonkeyPatch, failing: Side
) -> None:
    w = paired(world)
    w.edit("a", 1, City="Graz")
    read = SyncSession.read

    def broken(session: SyncSession, layout: Layout, side: Side, request: ReadRequest) -> SideStream:
        if side is failing:
            raise RetriableError("the line is cut")
        return read(session, layout, side, request)

    monkeypatch.setattr(SyncSession, "read", broken)
    before = w.fingerprints()
    with pytest.raises(RetriableError, match="the line is cut"):
        w.run()
    assert w.fingerprints() == before


def test_a_cancel_between_the_batches_of_both_sides_ends_the_preview(
    world: WorldMaker, remembering: Remembering
) -> None:
    w, token = paired(world), CancelToken()

    class Impatient(NoProgress):
        def advance(self, records: int) -> None:
            token.cancel()

    for _ in range(2):
        with pytest.raises(CancelledError):
            w.app.synchronization.preview(NAME, progress=Impatient(), cancel=token)


def test_records_that_come_and_go_leave_the_others_known(world: WorldMaker, remembering: Remembering) -> None:
    w = paired(world, 12)
    for gone in (2, 3, 7):
        w.delete("a", gone)
    w.put("a", Id=20, Email="p20@x.org", City="Rom")
    remembering.taken()
    plan(w)
    assert sorted(remembering.taken()) == [9, 12]
    assert_same_plan(w, remembering)


def test_rows_that_come_in_another_order_are_remembered_anew(
    world: WorldMaker, remembering: Remembering, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = paired(world, 40)
    fresh = count()

    def lost(batch: pa.RecordBatch, keys: Sequence[int]) -> pa.Array:
        return pa.array([str(next(fresh)) for _ in range(batch.num_rows)])

    monkeypatch.setattr(weave, "_names", lost)  # as where they are too far away
    (file,) = w.folder.rglob("*.csv")
    head, *lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(head + b"".join(reversed(lines)))
    remembering.taken()
    plan(w)
    assert sorted(remembering.taken()) == [0, 40]
    plan(w)
    assert remembering.taken() == [40]  # what was of no use is gone, and the other one made anew
    plan(w)
    assert remembering.taken() == [40, 40]
    assert_same_plan(w, remembering)


def test_what_was_deleted_is_not_kept_for_ever(world: WorldMaker, remembering: Remembering) -> None:
    w = paired(world, 300)
    w.delete("a", 7)
    w.run()
    before = [file.read_bytes() for file in files(w)]
    plan(w)
    assert [file.read_bytes() for file in files(w)] == before  # one in 300 is too few to write it all anew
    for file in files(w):
        os.utime(file, (0, 0))
    remembering.taken()
    plan(w)
    assert remembering.taken() == [299, 299]
    for file, old in zip(files(w), before, strict=True):
        assert file.read_bytes() != old
        assert file.stat().st_mtime > 0


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="nobody tells which files are open")
def test_no_memo_is_replaced_while_it_is_being_read(
    world: WorldMaker, remembering: Remembering, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = paired(world)
    replaced = list[Path]()
    replace_file = os.replace

    def careful(new: Path, old: Path) -> None:
        replaced.append(old)
        assert str(old) not in [os.path.realpath(one) for one in Path("/proc/self/fd").iterdir()]
        replace_file(new, old)

    w.edit("a", 1, City="Graz")
    w.run()
    monkeypatch.setattr(memo_folder.os, "replace", careful)
    plan(w)
    assert sorted(replaced) == files(w)


def test_a_memo_that_would_be_too_large_is_not_kept(
    world: WorldMaker, remembering: Remembering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memo_folder, "MOST_BYTES", 10)
    w = paired(world)
    w.edit("a", 1, City="Graz")
    plan(w)
    assert files(w) == []
    assert remembering.taken() == []
