"""What the semantics tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.worlds import World, WorldMaker, make_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[WorldMaker]:
    """Makes worlds in folders of their own; they are closed at the end."""
    made: list[World] = []

    def make(*entities: object, **options: object) -> World:
        made.append(make_world(tmp_path / f"world{len(made)}", *entities, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.app.close()
