"""What the semantics tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.chaos_fixtures import make, template
from tests.support.worlds import World, WorldMaker, make_world

__all__ = ["make", "template", "world"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[WorldMaker]:
    """Makes worlds in folders of their own; they are closed at the end."""
    made: list[World] = []

    def made_world(*entities: object, **options: object) -> World:
        made.append(make_world(tmp_path / f"world{len(made)}", *entities, **options))  # type: ignore[arg-type]
        return made[-1]

    yield made_world
    for one in made:
        one.app.close()
