"""Memos from the first record on, and what they were used for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from desktop_sync.engine import sides
from desktop_sync.services.preparation import both_sides, entity_preparation
from desktop_sync.services.session import memo_folder


@contextmanager
def always_remembering() -> Iterator[None]:
    """Inside, complete reads use and leave memos however few records there are."""
    few, least = entity_preparation.FEW, memo_folder.REMEMBERED_FROM
    entity_preparation.FEW, memo_folder.REMEMBERED_FROM = -1, 0
    try:
        yield
    finally:
        entity_preparation.FEW, memo_folder.REMEMBERED_FROM = few, least


@dataclass(slots=True)
class Remembering:
    """`known`: of each read that found a memo, how many of its rows were not measured."""

    monkeypatch: pytest.MonkeyPatch
    known: list[int] = field(default_factory=list)

    def begin(self) -> None:
        """From now on every complete read of records that have peers uses a memo, and leaves one; both
        sides are read at once."""
        self.monkeypatch.setattr(entity_preparation, "FEW", -1)
        self.monkeypatch.setattr(memo_folder, "REMEMBERED_FROM", 0)
        self.monkeypatch.setattr(both_sides, "TOGETHER_FROM", 0)
        load = sides.load_recalled

        def counted(*given: object) -> int:
            self.known.append(load(*given))  # type: ignore[arg-type]
            return self.known[-1]

        self.monkeypatch.setattr(sides, "load_recalled", counted)

    def stop(self) -> None:
        """No memo is used or left any more."""
        self.monkeypatch.setattr(memo_folder, "REMEMBERED_FROM", 1 << 62)

    def go_on(self) -> None:
        self.monkeypatch.setattr(memo_folder, "REMEMBERED_FROM", 0)

    def taken(self) -> list[int]:
        """What was known since this was asked last."""
        found, self.known[:] = list(self.known), []
        return found
