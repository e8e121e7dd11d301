"""Undo of a run (SPEC §9): what is undone, and what becomes of each record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action
from desktop_sync.core.plan import FieldChange
from desktop_sync.core.run import Run


@dataclass(frozen=True, slots=True)
class UndoTarget:
    """What is undone: a run, or one record of it (`record_id`). `travels`: the side that it goes on from at the next
    run, for a conflict's loser. `fields`: of a record that was judged field by field just these, by the side that lost
    them."""

    run: Run
    record_id: int | None = None
    travels: Side | None = None
    fields: Mapping[Side, frozenset[str]] | None = None


@dataclass(frozen=True, slots=True)
class UndoRow:
    """One record of an undo, for the screen. `reason` says why it is not undone, or is empty. Fields have `before`
    (what stands there) and `after` (what will)."""

    number: int
    entity: str
    side: Side | None
    action: Action
    record_id: int
    a_id: str | None
    b_id: str | None
    reason: str
    is_excluded: bool
    fields: tuple[FieldChange, ...] = ()
