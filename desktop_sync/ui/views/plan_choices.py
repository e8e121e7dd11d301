"""What a person does with rows of a preview before it runs. Everything here is for workers."""

from __future__ import annotations

from collections import defaultdict

from desktop_sync.core.configuration import Side
from desktop_sync.core.decision import Action
from desktop_sync.core.plan import PlanRow
from desktop_sync.ui.bridge.open_preview import OpenPreview, Tally
from desktop_sync.ui.models.row_ranges import Ranges, read_rows
from desktop_sync.ui.models.source import RowSource
from desktop_sync.ui.views.plan_model import TURNABLE


def numbers_by_entity(rows: list[PlanRow]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for plan_row in rows:
        found[plan_row.entity].append(plan_row.number)
    return found


def exclude(preview: OpenPreview, source: RowSource[PlanRow], ranges: Ranges) -> Tally:
    """The rows are left out, or taken in again where all of them were out; the counts after it."""
    rows = list(read_rows(source, ranges))
    excluded = not all(plan_row.is_excluded for plan_row in rows)
    for entity, numbers in numbers_by_entity(rows).items():
        preview.exclude(entity, numbers, excluded)
    return preview.tally()


def leave_out(preview: OpenPreview, source: RowSource[PlanRow], ranges: Ranges) -> Tally:
    """The rows are left out, also where some of them were; the counts after it."""
    for entity, numbers in numbers_by_entity(list(read_rows(source, ranges))).items():
        preview.exclude(entity, numbers, True)
    return preview.tally()


def leave_out_alike(preview: OpenPreview, entity: str, action: Action, excluded: bool) -> Tally:
    """All rows of the entity to which the same happens are left out, or taken in again; the counts after it."""
    preview.exclude_all(entity, (action,), excluded)
    return preview.tally()


def keep_only(preview: OpenPreview, source: RowSource[PlanRow], ranges: Ranges) -> Tally:
    """All rows but these are left out; the counts after it."""
    wanted = numbers_by_entity(list(read_rows(source, ranges)))
    preview.exclude_all("", (), True)
    for entity, numbers in wanted.items():
        preview.exclude(entity, numbers, False)
    return preview.tally()


def keep_first(preview: OpenPreview, count: int) -> Tally:
    """Of the records that would be written to, all but the first are left out; the counts after it."""
    preview.keep_first(count)
    return preview.tally()


def turn_around(preview: OpenPreview, source: RowSource[PlanRow], ranges: Ranges, winner: Side) -> Tally:
    """The updates and conflicts among the rows take that side's values; the counts after it."""
    rows = [plan_row for plan_row in read_rows(source, ranges) if plan_row.action in TURNABLE]
    for entity, numbers in numbers_by_entity(rows).items():
        preview.turn_around(entity, numbers, winner)
    return preview.tally()
