"""Fixtures of tests in a world of systems in memory: import `template` and `make` where they are used."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.chaos_system import CLASSES, Profile
from tests.support.chaos_world import ChaosWorld, Template, assert_done, make_chaos_world

Make = Callable[..., ChaosWorld]


@pytest.fixture(scope="module")
def template() -> Iterator[Template]:
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="chaos-", dir=shared if shared.is_dir() else None) as folder:
        yield Template(Path(folder))


@pytest.fixture
def make(template: Template, tmp_path: Path) -> Iterator[Make]:
    """Makes worlds whose right side is of a class, or has a profile; rules are those of the entity."""
    worlds: list[ChaosWorld] = []

    def made(right: str | Profile, **rules: object) -> ChaosWorld:
        profile = CLASSES[right] if isinstance(right, str) else right
        world = make_chaos_world(template, tmp_path / f"world {len(worlds)}", right=profile, **rules)
        worlds.append(world)
        return world

    yield made
    for world in worlds:
        world.close()


def agreed(world: ChaosWorld, *emails: str) -> ChaosWorld:
    """Both systems hold these people (c1 if none is named), synchronized."""
    for number, email in enumerate(emails or ("c1",), 1):
        world.left.put("people", id=f"{number}", email=email, name="old")
        world.right.put("people", id=f"{100 + number}", email=email, name="old")
    assert_done(world.run())
    return world


def assert_quiet(world: ChaosWorld) -> None:
    """One more run writes nothing to a system and changes no data in the ledger."""
    writes, ledger = world.left.writes() + world.right.writes(), world.ledger_rows()
    world.run()
    assert world.left.writes() + world.right.writes() == writes
    changed = {name: (ledger[name], rows) for name, rows in world.ledger_rows().items() if rows != ledger[name]}
    assert not changed


def die_at(world: ChaosWorld, step: str) -> None:
    """The next run dies at the first step of that name."""
    numbers: list[int] = []

    def look(name: str) -> None:
        if name == step and not numbers:
            numbers.append(len(world.stepper.names))
            world.stepper.crash_at(numbers[0])

    world.stepper.watch = look
    assert world.try_run() is None, f"the run did not come to {step}"


def created_unheard(world: ChaosWorld, **values: str | None) -> str:
    """The program dies when the right side has a new record and the ledger does not know it; the record's id."""
    world.left.put("people", **({"email": "n1", "name": "new"} | values))
    before = set(world.right.records("people"))
    die_at(world, "endpoint.right.create.after")
    (orphan,) = set(world.right.records("people")) - before
    return orphan
